"""The shared range server on a port of the loopback, and what its log says."""
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import time
import urllib.request


class Server:
    """A running server of one folder."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path):
        with urllib.request.urlopen(f"{self.url}/__{path}", timeout=10) as answer:
            return json.load(answer)

    def prepare(self, latency_ms):
        """Counters to zero, and this latency from now on."""
        self.ask("reset")
        self.ask(f"latency?ms={latency_ms}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def serving(program, folder):
    """The range server `program` over `folder`, until the block ends."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(program), str(port), str(folder)])
    try:
        server = Server(port)
        for _ in range(100):
            with contextlib.suppress(OSError):
                server.ask("stats")
                break
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait()


def dependent_rounds(times, latency):
    """Dependent rounds in the start times (seconds) of one granule's or one job's requests, all answered `latency` late.

    A request that starts before the first answer of a round can have arrived belongs to that round; the first that starts
    later opens the next one. Requests that wait for a free connection count as dependent, as they do for the reader.
    """
    count, end = 0, -1.0
    for began in sorted(times):
        if began >= end:
            count, end = count + 1, began + latency
    return count


def rounds_per_granule(log, heads, latency_ms):
    """Median over the granules of the log; a HEAD is not in the log, and comes before everything else."""
    starts = {}
    for name, _, _, began in log:
        starts.setdefault(name, []).append(began)
    if not starts:
        return 0
    return statistics.median(dependent_rounds(times, latency_ms / 1e3) for times in starts.values()) + heads / len(starts)
