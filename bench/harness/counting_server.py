"""A range server for the baseline: files of one folder, counted; standard library, loopback, a thread a connection."""
import contextlib
import http.server
import re
import threading
import time
from pathlib import Path


class Counter:
    """Requests, bytes and start times, as the server saw them; `latency` in seconds."""

    def __init__(self, folder):
        self.folder, self.lock = Path(folder), threading.Lock()
        self.reset()

    def reset(self, latency=0.0):
        with self.lock:
            self.latency, self.requests, self.bytes, self.log = latency, 0, 0, []

    def note(self, name, size):
        with self.lock:
            self.requests += 1
            self.bytes += size
            self.log.append((name, time.monotonic()))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.answer(True)

    def do_HEAD(self):
        self.answer(False)

    def answer(self, with_body):
        """One range, or the whole file, with the headers by which a reader pins a version."""
        counter, name = self.server.counter, Path(self.path).name
        path = counter.folder / name
        if not path.is_file():
            return self.send_error(404)
        size = path.stat().st_size
        start, end = self.wanted(size)
        counter.note(name, end - start if with_body else 0)
        time.sleep(counter.latency)
        partial = "Range" in self.headers
        self.send_response(206 if partial else 200)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{name}-{size}"')
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()
        if with_body:
            with open(path, "rb") as file:
                file.seek(start)
                self.wfile.write(file.read(end - start))

    def wanted(self, size):
        """First byte and the one after the last."""
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not match:
            return 0, size
        first, last = match.groups()
        if not first:
            return max(0, size - int(last)), size
        return int(first), min(int(last) + 1, size) if last else size

    def log_message(self, *_):
        """Silent: what happened is in the counter."""


@contextlib.contextmanager
def serving(folder):
    """A counter and the URL of the server that feeds it, until the block ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.counter = True, Counter(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.counter, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
