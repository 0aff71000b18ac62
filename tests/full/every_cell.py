#!/usr/bin/env python3
"""Every cell of order 6 that granules cross: planned, indexed and exhaustive reading against the exact answer.

usage: every_cell.py ICESTREAM [--granules DIR] [--latitude MODE] [--cells N]

The oracle is h5py, healpy and NumPy in f64, for all cells at once; it reads with bench/floor.py and shares nothing with
the engine. Of each cell and latitude mode

* the three readings write the same table and the same store, byte for byte (except for the provenance of the store's root);
* counts, extremes and quantiles equal the oracle's to the bit; mean, sigma and variance within one unit of f32;
* the ledger's rows in the cell and rows used are the oracle's, and it says how each granule was read.

Every granule is given to every cell, also to those that it misses.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import floor  # noqa: E402
from harness import cases, places  # noqa: E402

MODES = ["spherical", "authalic"]
ORDER = 6
SHIFT = 2 * (floor.CHILD_ORDER - ORDER)
EXACT = ["h_min", "h_max", "h_q25", "h_q50", "h_q75"]
WITHIN_ONE_ULP = ["h_mean", "h_sigma", "h_variance"]
HEADER = "morton,cell_ids,count,h_min,h_max,h_mean,h_sigma,h_variance,h_q25,h_q50,h_q75"
READINGS = ["planned", "indexed", "exhaustive"]


class Truth(NamedTuple):
    """What the granules hold in one latitude mode."""

    in_cell: dict  # cell -> rows in it, usable or not
    children: np.ndarray  # those that hold usable rows, ascending
    statistics: dict  # name -> one value a child


# ------------------------------------------------------------------------------------------------ the oracle


def rows_of(path):
    """Of one granule: mode -> (rows in each cell, children, values and sigmas of the usable rows)."""
    found = {mode: (collections.Counter(), [], [], []) for mode in MODES}
    for datasets in floor.read_tracks(path):
        latitude, longitude, value, sigma, quality = (dataset[:] for dataset in datasets)
        good = floor.usable(value, sigma, quality, [floor.fill(datasets[2]), floor.fill(datasets[3])])
        for mode, (cells, *columns) in found.items():
            child = floor.children_of(latitude if mode == "spherical" else floor.authalic(latitude), longitude)
            numbers, counts = np.unique(child[child >= 0] >> SHIFT, return_counts=True)
            cells.update(dict(zip(numbers.tolist(), counts.tolist())))
            keep = good & (child >= 0)
            for column, values in zip(columns, (child, value, sigma)):
                column.append(values[keep])
    return {mode: (cells, *map(np.concatenate, columns)) for mode, (cells, *columns) in found.items()}


def quantile(values, starts, counts, q):
    """NumPy's default quantile (linear, type 7) of each run of ascending values, by NumPy's own arithmetic."""
    place = (counts - 1) * q
    below = np.floor(place).astype(np.int64)
    low, high = values[starts + below], values[starts + np.minimum(below + 1, counts - 1)]
    t, step = place - below, high - low
    return np.where(t >= 0.5, high - step * (1 - t), low + step * t)


def reduced(child, value, sigma):
    """Children and their statistics, as f32 rounded once from f64."""
    order = np.lexsort((value, child))
    child, v, weight = child[order], value[order].astype(np.float64), 1.0 / sigma[order].astype(np.float64) ** 2
    children, starts, counts = np.unique(child, return_index=True, return_counts=True)
    total = lambda column: np.add.reduceat(column, starts)
    weights, mean = total(weight), total(v) / counts
    real = {
        "h_min": v[starts], "h_max": v[starts + counts - 1],
        "h_mean": total(v * weight) / weights, "h_sigma": 1 / np.sqrt(weights),
        "h_variance": total((v - np.repeat(mean, counts)) ** 2) / counts,
        **{name: quantile(v, starts, counts, q) for name, q in (("h_q25", 0.25), ("h_q50", 0.5), ("h_q75", 0.75))},
    }
    return children, {"count": counts, **{name: column.astype(np.float32) for name, column in real.items()}}


def oracle(paths):
    """Mode -> Truth, from all rows of all granules."""
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        granules = list(pool.map(rows_of, paths))
    truth = {}
    for mode in MODES:
        cells = sum((granule[mode][0] for granule in granules), collections.Counter())
        columns = (np.concatenate([granule[mode][i] for granule in granules]) for i in (1, 2, 3))
        truth[mode] = Truth(cells, *reduced(*columns))
    return truth


# ------------------------------------------------------------------------------------------------ the engine


class Answer(NamedTuple):
    table: str
    objects: dict  # key -> SHA-256, the root's provenance left out
    totals: dict
    readings: set


def run(options, mode, cell, reading):
    """One cell, read in one way."""
    folder = options.scratch / f"{mode}-{cell}-{reading}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    more = {"planned": [], "indexed": ["--index", options.scratch / "index"], "exhaustive": ["--exhaustive"]}[reading]
    command = [options.icestream, "cell", options.granules, f"--cell=nested:{ORDER}/{cell}", "--latitude", mode, "--json",
               "--quiet", "--csv", folder / "table.csv", "--out", folder / "store.zarr", *more]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{reading}: exit {done.returncode}: {done.stderr[-500:]}")
    ledger = json.loads(done.stdout)["ledger"]
    answer = Answer((folder / "table.csv").read_text(), objects(folder / "store.zarr"), ledger["totals"],
                    {granule.get("reading", "not said") for granule in ledger["granules"]})
    shutil.rmtree(folder)
    return answer


def objects(store):
    """Key -> SHA-256 of every object of a store."""
    found = {}
    for path in sorted(path for path in store.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path == store / "zarr.json":
            root = json.loads(content)
            root["attributes"].pop("icestream", None)
            content = json.dumps(root).encode()
        found[str(path.relative_to(store))] = hashlib.sha256(content).hexdigest()
    return found


# ------------------------------------------------------------------------------------------------ the comparison


def ordered(column):
    """f32 as integers that are one apart where neighbours are; NaN is one number."""
    bits = np.where(np.isnan(column), np.float32(np.nan), column).astype(np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFF_FFFF), bits)


def expected(truth, cell):
    """The whole table of a cell: name -> one value for each of its children, empty ones included."""
    first = cell << SHIFT
    a, b = np.searchsorted(truth.children, [first, first + (1 << SHIFT)])
    at = truth.children[a:b] - first
    columns = {"cell_ids": np.arange(first, first + (1 << SHIFT))}
    for name, values in truth.statistics.items():
        columns[name] = np.full(1 << SHIFT, 0 if name == "count" else np.nan, values.dtype)
        columns[name][at] = values[a:b]
    return columns


def against_oracle(answer, truth, cell):
    """Yields how an answer differs from the truth."""
    lines = answer.table.splitlines()
    if lines[0] != HEADER:
        yield f"the table's columns are {lines[0]}"
        return
    got = dict(zip(HEADER.split(","), zip(*(line.split(",") for line in lines[1:]))))
    want = expected(truth, cell)
    for name in ["cell_ids", "count"]:
        if not np.array_equal(np.array(got[name], np.int64), want[name]):
            yield f"{name} differ"
    for name in EXACT + WITHIN_ONE_ULP:
        apart = np.abs(ordered(np.array(got[name], np.float64)) - ordered(want[name]))
        if (apart > (name in WITHIN_ONE_ULP)).any():
            yield f"{name}: {np.count_nonzero(apart)} children differ, by up to {apart.max()} units of f32"
    for name, rows in [("in_parent", truth.in_cell[cell]), ("used", int(want["count"].sum()))]:
        if answer.totals[name] != rows:
            yield f"{name}: {answer.totals[name]} in the ledger, {rows} in truth"


def check(options, truth, mode, cell, tally):
    """Yields all that is wrong with one cell."""
    try:
        answers = {reading: run(options, mode, cell, reading) for reading in READINGS}
    except RuntimeError as error:
        yield str(error)
        return
    exhaustive = answers["exhaustive"]
    yield from against_oracle(exhaustive, truth[mode], cell)
    for reading, answer in answers.items():
        tally["bytes", reading] += answer.totals["bytes"]
        tally["requests", reading] += answer.totals["requests"]
        if answer.table != exhaustive.table:
            yield f"{reading}: another table, which differs from the truth so: {list(against_oracle(answer, truth[mode], cell))}"
        if answer.objects != exhaustive.objects:
            keys = sorted(set(answer.objects.items()) ^ set(exhaustive.objects.items()))
            yield f"{reading}: other objects: {sorted({key for key, _ in keys})[:5]}"
        for said in answer.readings:
            tally["said", f"{reading}: {said}"] += 1
            if not re.match(f"not said|{reading}", said):
                yield f"{reading}: the ledger says {said}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("icestream", type=Path)
    parser.add_argument("--granules", type=Path, help="[default: all that make_granules.py of the shared data makes]")
    parser.add_argument("--latitude", choices=MODES, help="[default: both]")
    parser.add_argument("--cells", type=int, help="number of cells for each mode [default: all]")
    options = parser.parse_args()
    options.icestream, options.scratch = options.icestream.resolve(), places.TARGET / "every-cell"
    options.granules = options.granules or cases.full_size("all", places.SHARED, places.TARGET, sys.executable)
    return options


def main():
    options, began = arguments(), time.monotonic()
    paths = sorted(options.granules.glob("*.h5"))
    truth = oracle(paths)
    print(f"oracle of {len(paths)} granules: {time.monotonic() - began:.0f} s", flush=True)
    subprocess.run([options.icestream, "index", *paths, "--out", options.scratch / "index"], check=True, stdout=subprocess.DEVNULL)
    jobs = []
    for mode in [options.latitude] if options.latitude else MODES:
        cells = sorted(truth[mode].in_cell)
        print(f"{mode}: {len(cells)} cells, {sum(truth[mode].in_cell.values()):,} rows, {len(truth[mode].children):,} children")
        jobs += [(mode, cells[i]) for i in np.linspace(0, len(cells) - 1, options.cells or len(cells)).astype(int)]
    tally, wrong = collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = pool.map(lambda job: list(check(options, truth, *job, tally)), jobs)
        for number, ((mode, cell), problems) in enumerate(zip(jobs, checks), 1):
            wrong += bool(problems)
            if number % 20 == 0:
                print(f"{number} of {len(jobs)} cells, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            print("".join(f"DIFFERENT nested:{ORDER}/{cell} {mode}: {problem}\n" for problem in problems), end="", flush=True)
    for reading in READINGS:
        print(f"{reading}: {tally['requests', reading]:,} requests, {tally['bytes', reading]:,} bytes")
    print("; ".join(f"{said} ({n})" for (kind, said), n in sorted(tally.items()) if kind == "said"))
    print(f"{len(jobs)} cells in {len(READINGS)} readings, {wrong} different, {time.monotonic() - began:.0f} s")
    return 1 if wrong or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
