"""The systems that are compared: how each is called, and what is read off it."""
import json
import shlex
import tempfile
from pathlib import Path
from typing import NamedTuple

from . import answers, process

BENCH = Path(__file__).parents[1]


class System(NamedTuple):
    name: str
    title: str
    convention: str  # spherical or authalic cells
    command: object  # (case, urls, csv, base) -> words
    is_peer: bool  # prints a line of JSON with its own times


def ours(name, binary, flags=""):
    """icestream with further flags, in which {url} and {case} stand for the server and the case."""
    def command(case, urls, csv, base):
        extra = shlex.split(flags.replace("{url}", base).replace("{case}", case.name))
        return [binary, "cell", *urls, "--cell", str(case.cell), "--csv", csv, "--quiet", *extra]

    title = "icestream" + (f" {name}: `{flags}`" if flags else "")
    return System(name, title, "spherical", command, False)


def peer(name, title, convention, python):
    """One of the Python programs beside this folder."""
    def command(case, urls, csv, base):
        return [python, "-W", "ignore", BENCH / f"{name}.py", str(case.cell), csv, *urls]

    return System(name, title, convention, command, True)


def run(system, case, server, latency_ms, granules=None):
    """One run: seconds, memory, what the server saw, and the table that came out."""
    server.prepare(latency_ms)
    urls = [f"{server.url}/{name}" for name in granules or case.granules]
    with tempfile.TemporaryDirectory() as folder:
        csv = str(Path(folder) / "children.csv")
        done = process.measure(system.command(case, urls, csv, server.url))
        table = answers.read_table(csv) if Path(csv).exists() else {}
    stats, log = server.ask("stats"), server.ask("log")
    own = json.loads(done.out.strip().splitlines()[-1]) if system.is_peer else {}
    result = {"wall": own.get("wall", done.wall), "cpu": own.get("cpu", done.cpu), "peak": done.peak,
              "process_wall": done.wall, "process_cpu": done.cpu,
              "requests": stats["requests"], "heads": stats["heads"], "bytes": stats["bytes"],
              "connections": stats["connections"], "max_in_flight": stats["max_in_flight"],
              "versions": own.get("versions", {}), "notes": own.get("notes", {})}
    return result, table, log
