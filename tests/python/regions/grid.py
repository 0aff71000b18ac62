#!/usr/bin/env python3
"""Runs `icestream grid` on real granules, and compares what it writes with oracles of h5py, NumPy, healpy, shapely and pyproj.

usage: grid.py --command ICESTREAM --shared DIR [--only WORD] [--quick | --full [GRANULES]]

Granules are those of DIR/data. Prints a line a case and how many failed; exit code 1 if any did.

--only: groups of which the name contains the word. --folder keeps what is made. --quick: without the groups that take longest, and
with fewer moments at which the command is killed. --full: with full-size granules too, those of the folder GRANULES or else some made
by DIR/tools/make_granules.py (gigabytes).
"""

import argparse
import concurrent.futures
import importlib
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time
import traceback

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

# Each group is a function; modules are imported by who runs it, some of them take seconds.
GROUPS = {
    "killed": "stopped.killed",
    "interrupted": "stopped.interrupted",
    "at once": "stopped.at_once",
    "overwritten": "stopped.overwritten",
    "room": "stopped.room",
    "formats": "polygons.formats",
    "systems": "polygons.systems",
    "pole": "polygons.pole",
    "clips": "polygons.clips",
    "windows": "polygons.windows",
    "products": "polygons.products",
    "union": "together.union",
    "sphere": "together.sphere",
    "outputs": "files_of.outputs",
    "timed": "files_of.timed",
    "opened": "files_of.opened",
    "places": "asking.places",
    "remote": "asking.remote",
    "broken": "asking.broken",
    "empty": "asking.empty",
    "refused": "asking.refused",
    "again": "asking.again",
}
FULL = {"full pole": "polygons.full_pole"}
# Half of the time, for what the others show in part.
SLOW = {"systems"}


def run(name, *given):
    """(line, failed) of every case of a group, and seconds."""
    command, folder, *more = given
    folder = pathlib.Path(folder) / name.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    found, began = [], time.monotonic()
    try:
        module, function = {**GROUPS, **FULL}[name].split(".")
        cases = getattr(importlib.import_module(module), function)
        for title, wrong in cases(importlib.import_module("asked").Tool(command, folder, *more)):
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
    parser.add_argument("--full", nargs="?", const=True, default=False)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    shared = arguments.shared.resolve()
    chosen = [name for name in {**GROUPS, **(FULL if arguments.full else {})} if not (arguments.quick and name in SLOW)]
    cases = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        context = multiprocessing.get_context("spawn")      # zarr has threads
        with concurrent.futures.ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
            thorough = 2 if arguments.full else 0 if arguments.quick else 1
            words = (arguments.command, arguments.folder or temporary, shared, thorough, arguments.full)
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
