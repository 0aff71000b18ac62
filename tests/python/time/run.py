#!/usr/bin/env python3
"""Runs the command with windows of time, and compares its stores with jobs without windows and with oracles of NumPy.

usage: run.py --command ICESTREAM --shared DIR [--only WORD] [--quick | --full]

Granules are those of DIR/data, and copies of them with other names or other numbers. Prints a line a case and how many failed; exit
code 1 if any did.

--only: cases of which the group or the title contains the word. --folder keeps what is made. --quick: without the
groups that take longest. --full: full-size granules too, made by DIR/tools/make_granules.py (gigabytes).
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time
import traceback

import append
import axis
import column
import raised
import tool as tools
import trend

GROUPS = {
    "real": axis.real,
    "scattered": axis.scattered,
    "chosen": axis.chosen,
    "flags": axis.flags,
    "refused": axis.refused,
    "above": axis.above,
    "nameless": axis.nameless,
    "opened": axis.opened,
    "atl11": column.atl11,
    "users": column.users,
    "gedi": column.gedi,
    "sinking": trend.sinking,
    "ragged": trend.ragged,
    "moments": trend.moments,
    "appended": append.appended,
    "raised": raised.raised,
    "grown": raised.grown,
    "same": trend.same,
    "neighbours": trend.neighbours,
    "cycles": trend.many_cycles,
    "demo": trend.demo,
    "trends": trend.atl11,
}
FULL = {"full": axis.full}
# Half of the time, for what the others show in part.
SLOW = {"scattered", "flags", "ragged", "same"}


def run(name, command, shared, folder):
    """(line, failed) of every case of a group."""
    folder = pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    tool, found, began = tools.Tool(command, folder), [], time.monotonic()
    try:
        for title, wrong in {**GROUPS, **FULL}[name](tool, shared):
            shown = [*wrong[:8], *([f"... and {len(wrong) - 8} more"] if len(wrong) > 8 else [])]
            found.append(("\n     ".join([f"{'FAIL' if wrong else 'ok  '} {name}: {title}", *shown]), bool(wrong)))
    except Exception:       # a group that breaks must not hide the others
        found.append((f"FAIL {name}: {traceback.format_exc(limit=-3)}", True))
    return found, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=os.path.abspath, required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    shared = arguments.shared.resolve()
    chosen = [name for name in {**GROUPS, **(FULL if arguments.full else {})} if not (arguments.quick and name in SLOW)]
    cases = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        context = multiprocessing.get_context("spawn")      # zarr has threads
        with concurrent.futures.ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
            words = (arguments.command, shared, arguments.folder or temporary)
            waiting = [pool.submit(run, name, *words) for name in chosen if arguments.only in name]
            for done in concurrent.futures.as_completed(waiting):
                found, seconds = done.result()
                for line, wrong in found:
                    print(line, flush=True)
                    cases, failed = cases + 1, failed + wrong
                print(f"     {seconds:.0f} s", flush=True)
    print(f"{cases} cases, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
