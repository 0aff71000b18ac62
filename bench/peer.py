"""What the Python systems share: their command line, their clock, and the table that they leave.

A peer is called as `PEER.py CELL CSV URL...`, works, writes the children as CSV, and prints one JSON line with the wall
and CPU seconds of the work. Interpreter start, imports and writing the CSV are outside of that section.
"""
import json
import resource
import sys
import time

STATISTICS = ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"]


def cpu_seconds():
    """User and system time of this process and its children so far."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def run(work, versions, names=STATISTICS):
    """Runs `work(cell, urls)`, which gives rows of (decimal morton id, statistics by name) and a dictionary of notes."""
    cell, csv, *urls = sys.argv[1:]
    cpu, wall = cpu_seconds(), time.perf_counter()
    rows, notes = work(int(cell), urls)
    report = {"wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu, "notes": notes, "versions": versions}
    with open(csv, "w") as out:
        print("morton", *names, sep=",", file=out)
        for morton, values in rows:
            print(morton, *(values[name] for name in names), sep=",", file=out)
    print(json.dumps(report))
