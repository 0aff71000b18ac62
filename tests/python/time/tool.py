"""Calls the command, reads its stores with zarr-python, and compares them."""

import json
import pathlib
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "products"))
import grid  # noqa: E402

SECONDS = 600
STATISTICS = "count,min,max,mean,sigma,variance,std,unweighted_mean,q05,q25,q50,q75,q95,mad,sum"
COORDINATES = {"cell_ids", "morton", "time", "time_bounds", "cycle"}
TOTALS = ("rows", "in_parent", "quality", "fill", "not_finite", "out_of_range", "sigma_not_positive", "used")


class Refused(Exception):
    """The command gave an exit code that says so."""


class Answer:
    """What a job wrote: its JSON, and its store."""

    def __init__(self, store, said, cell):
        self.store, self.said, self.cell = store, said, cell
        self.ledger = said["ledger"]
        self.totals = self.ledger["totals"]

    def group(self, order=12):
        import zarr     # half a second

        return zarr.open_group(str(self.store), path=str(order), mode="r")

    def span(self, order):
        """Where the children of the cell are in a store of the sphere."""
        parent_order, parent = grid.nested(self.cell)
        shift = 2 * (order - parent_order)
        return slice(parent << shift, (parent + 1) << shift)

    def arrays(self, order=12):
        """All arrays of the cell, by name; those of the sphere are cut to the cell's children."""
        group, found = self.group(order), {}
        for name, array in group.arrays():
            names = array.metadata.dimension_names
            cut = tuple(self.span(order) if name == "cells" and size >= 12 << 2 * order else slice(None)
                        for name, size in zip(names, array.shape))
            found[name] = array[cut] if cut else array[...]
        return found

    def provenance(self, order=12):
        return self.group(order).attrs["icestream"]


class Tool:
    def __init__(self, command, folder):
        self.command, self.folder, self.number = command, pathlib.Path(folder), 0

    def call(self, *words):
        return subprocess.run([self.command, *map(str, words)], capture_output=True, text=True, timeout=SECONDS)

    def cell(self, granules, cell, *words, statistics=STATISTICS, out=None, quiet=True):
        """A job on these granules; Refused where it gives no answer."""
        self.number += 1
        store = out or self.folder / f"{self.number}.zarr"
        chosen = ["--statistics", statistics] if statistics else []
        done = self.call("cell", *granules, f"--cell={cell}", *chosen, *words, "--out", store, "--json", *["--quiet"][:quiet])
        if done.returncode:
            raise Refused(f"exit code {done.returncode}: {done.stderr.strip()}")
        return Answer(store, json.loads(done.stdout), cell)

    def refused(self, granules, cell, words, wanted, codes=(2, 5)):
        """What is wrong with an error that must come: nothing where its code is one of these and it has all words."""
        try:
            self.cell(granules, cell, *words, statistics=None)
        except Refused as error:
            text = str(error)
            missing = [word for word in wanted if word not in text]
            good = not missing and any(text.startswith(f"exit code {code}:") for code in codes)
            return [] if good else [f"{' '.join(map(str, words))}: the error lacks {missing}: {text[:300]}"]
        return [f"{' '.join(map(str, words))}: is not refused"]


def equal(a, b):
    """To the bit, but that one NaN is another."""
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and (a.tobytes() == b.tobytes() or np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def statistics_of(arrays):
    return sorted(set(arrays) - COORDINATES)


def different(arrays, others, at=None):
    """Names of statistics that differ; `at`: the window of the first whose values the second has."""
    wrong = []
    for name in statistics_of(others):
        got = arrays.get(name)
        if got is None or not equal(got if at is None else got[at], others[name]):
            wrong.append(name)
    return wrong


def empty(arrays, at):
    """Names of statistics that are not empty in a window."""
    return [name for name in statistics_of(arrays) if arrays[name].ndim == 2
            and (arrays[name][at].any() if name == "count" else not np.isnan(arrays[name][at]).all())]
