#!/usr/bin/env python3
"""Runs the command on files of every built-in product and compares its stores and ledgers with the oracle.

usage: run.py --command ICESTREAM --shared DIR [--only WORD]

Every case is one file, one product with its words, and one parent cell in one latitude mode: the three parents with most rows, and the
one with fewest. Files are those of DIR/data/products, and copies of them with planted values. Counts, extremes and quantiles must be
equal to the bit, other statistics within one step of f32. Prints a line a case and how many failed; exit code 1 if any did.

--only: cases whose product or title contains the word. --quick: of each case the first parent in one mode. Without --command only the
oracle runs. --folder keeps the planted files. --jobs: how many run at once.
"""

import argparse
import concurrent.futures
import functools
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import numpy as np

import cases
import grid
import oracle
import plant
import plant_more  # noqa: F401: it adds recipes

GROUP = str(oracle.CHILD_ORDER)
EXACT = {"count", "min", "max", "q05", "q25", "q50", "q75", "q95"}
SECONDS = 120
HERE = pathlib.Path(__file__).resolve().parent


# ------------------------------------------------------------------------------------------------- what the command gives
def read_store(path):
    """Arrays of the children, by zarr-python."""
    import zarr     # half a second, and only the workers need it

    group = zarr.open_group(str(path), path=GROUP, mode="r")
    return {name: array[:] for name, array in group.arrays()}


def toml(value):
    """One value as TOML writes it, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value) if isinstance(value, str) else repr(value)


@functools.lru_cache
def shown(binary, name):
    """(description of a product, words that choose it): as the command has it, or the file beside this one where it has none."""
    done = subprocess.run([binary, "product", "show", name], capture_output=True, text=True, timeout=SECONDS)
    ours = HERE / f"{name}.toml"
    if done.returncode == 0:
        return done.stdout, ["--product", name]
    if ours.exists():
        return ours.read_text(), ["--product", str(ours)]
    raise AssertionError(f"product show: exit code {done.returncode}: {done.stderr.strip()}")


def edited(binary, case, folder):
    """The built-in product as a file of the user's, with some keys replaced."""
    described = tomllib.loads(shown(binary, case.name)[0])
    for key, value in case.edit.items():
        described.pop(key, None)
        if value is not None:
            described[key] = value
    path = folder / "edited.toml"
    path.write_text("".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in described.items()))
    return ["--product", str(path), *case.words[2:]]


def words_of(binary, case, folder):
    """The product of a case, and its edits."""
    return edited(binary, case, folder) if case.edit else [*shown(binary, case.name)[1], *case.words[2:]]


def call(binary, case, parent, mode, folder):
    """Exit code, answer (None where there is none), arrays (None), what the command said, and the command."""
    words = words_of(binary, case, folder)
    store = folder / "cell.zarr"
    command = [binary, "cell", f"--cell={grid.decimal(case.order, parent)}", *words, "--statistics", ",".join(case.statistics),
               "--latitude", mode, "--out", str(store), "--json", case.path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    answer = json.loads(done.stdout) if done.stdout.startswith("{") else None
    return done.returncode, answer, read_store(store) if store.exists() else None, done.stderr + done.stdout, command


# ------------------------------------------------------------------------------------------------------------ comparison
def steps(a, b):
    """Distance of two f32 in representable numbers."""
    places = [np.int64(np.float32(x).view(np.int32)) for x in (a, b)]
    places = [place if place >= 0 else -(place & 0x7FFFFFFF) for place in places]
    return abs(int(places[0] - places[1]))


def same(name, got, want):
    if np.isnan(want) or np.isnan(got):
        return bool(np.isnan(want) and np.isnan(got))
    return got == want or (name not in EXACT and np.isfinite(got) and np.isfinite(want) and steps(got, want) <= 1)


def compare_table(arrays, case, expected, parent):
    """What is wrong with the arrays; the first few findings."""
    shift = 2 * (oracle.CHILD_ORDER - case.order)
    first, children = parent << shift, 1 << shift
    if not np.array_equal(arrays["cell_ids"], np.arange(first, first + children, dtype=np.uint64)):
        return ["cell_ids are not the children"]
    prefixes = {name.removesuffix("_min") for name in arrays if name.endswith("_min")}
    prefix = case.product["prefix"] or (prefixes.pop() if len(prefixes) == 1 else "?")
    wrong = []
    for name in case.statistics:
        array = arrays.get("count" if name == "count" else f"{prefix}_{name}")
        if array is None:
            # Without any uncertainty there is no sigma, and perhaps no array of it.
            if name != "sigma" or not all(np.isnan(child["sigma"]) for child in expected.table.values()):
                wrong.append(f"no array {prefix}_{name} among {sorted(arrays)}")
            continue
        if len(array) != children:
            wrong.append(f"{name} has {len(array)} rows")
            continue
        other = [first + i for i in np.flatnonzero(array != 0 if name == "count" else ~np.isnan(array)) if first + i not in expected.table]
        wrong += [f"{name} of {child}: {array[child - first]!r} where no row counts" for child in other[:1]]
        different = [child for child, wanted in expected.table.items() if not same(name, array[child - first], wanted[name])]
        wrong += [f"{name} of {child}: {array[child - first]!r}, not {expected.table[child][name]!r} ({len(different)} children)"
                  for child in different[:1]]
    extra = set(arrays) - {"cell_ids", "morton", "count"} - {f"{prefix}_{name}" for name in case.statistics}
    return wrong + ([f"arrays beside those asked for: {sorted(extra)}"] if extra else [])


def compare_ledger(answer, case, expected):
    """What is wrong with the counts of the tracks, and with the totals."""
    (granule,) = answer["ledger"]["granules"]
    found = {entry["track"].strip("/"): entry for entry in granule["tracks"]}
    wrong = []
    for entry in expected.ledger:
        got = found.pop(entry["track"], None)
        if got is None:
            if entry["in_parent"]:
                wrong.append(f"{entry['track']} is not in the ledger")
            continue
        # The direction, then the conditions in their order; the ledger leaves out those that dropped nothing.
        failed = [entry.get(reason, 0) for reason in ("direction", *(("keep", n) for n in range(len(case.product["keep"]))))]
        names = ("rows", "in_parent", "unlinked", *oracle.AFTER_KEEP, oracle.USED)
        pairs = [(name, got.get(name, 0), entry.get(name, 0)) for name in names]
        pairs.append(("link", got.get("link", {}), entry["link"]))
        pairs.append(("has unlinked", "unlinked" in got, entry.get("unlinked", 0) > 0))
        pairs.append(("quality", got["quality"], sum(failed)))
        pairs.append(("conditions", [item["rows"] for item in got.get("conditions", [])], [rows for rows in failed if rows]))
        wrong += [f"{entry['track']} {name}: {a}, not {b}" for name, a, b in pairs if a != b]
    wrong += [f"{name} is read" for name, got in found.items() if got[oracle.USED]]
    sparse = answer["ledger"].get("sparse_cells", 0)
    if sparse != expected.below_min_count["cells"]:
        wrong.append(f"sparse_cells: {sparse}, not {expected.below_min_count['cells']}")
    if answer["cells_with_data"] != len(expected.table):
        wrong.append(f"cells_with_data: {answer['cells_with_data']}, not {len(expected.table)}")
    used = sum(entry[oracle.USED] for entry in expected.ledger)
    if answer["total_obs"] not in (used, used - expected.below_min_count["rows"]):
        wrong.append(f"total_obs: {answer['total_obs']}, not {used}")
    return wrong


def check(binary, case, parent, mode):
    """One run: (what is wrong, what was compared)."""
    expected = None if case.refused else oracle.Result(case.path, case.product, parent, mode, case.order)
    compared = "refused"
    if expected:
        rows, used = (sum(entry[name] for entry in expected.ledger) for name in ("in_parent", oracle.USED))
        compared = f"{used} of {rows} rows, {len(expected.table)} children"
    if not binary:
        return [], compared
    with tempfile.TemporaryDirectory() as folder:
        try:
            code, answer, arrays, said, command = call(binary, case, parent, mode, pathlib.Path(folder))
        except (AssertionError, subprocess.TimeoutExpired) as error:
            return [str(error)], compared
    if case.refused:
        missing = [word for word in case.refused if word not in said]
        good = code in (2, 5) and not missing
        return [] if good else [f"exit code {code}, the error lacks {missing}: {said.strip()[:400]}", " ".join(command)], compared
    if code or answer is None:
        return [f"exit code {code}: {said.strip()[:400]}", " ".join(command)], compared
    wrong = compare_ledger(answer, case, expected)
    if arrays is not None:
        wrong += compare_table(arrays, case, expected, parent)
    elif expected.table:
        wrong.append("there is no store")
    return wrong + ([" ".join(command)] if wrong else []), compared


def check_case(binary, case, modes, quick):
    """All runs of one case: (line, failed) of each."""
    found = []
    if case.kept is not None and oracle.kept(case.path, case.product) != case.kept:
        found.append((f"FAIL {case.name} ({case.title}): the oracle keeps {oracle.kept(case.path, case.product)} rows, not {case.kept}", True))
    for mode in modes:
        if case.refused:
            # A broken link is refused where its photons are; anything else before any cell matters.
            chosen = oracle.parents(case.path, case.product, mode, 1, 0) if "--strict" in case.words else [0]
        else:
            # Where beams or direction leave nothing, the parents are those that the whole file touches.
            anywhere = {**case.product, "beams": None, "direction": None}
            chosen = oracle.parents(case.path, case.product, mode) or oracle.parents(case.path, anywhere, mode)
        for parent in chosen[:1] if quick else chosen:
            wrong, compared = check(binary, case, parent, mode)
            place = f"{pathlib.Path(case.path).name} {grid.decimal(oracle.PARENT_ORDER, parent)} {mode}"
            line = f"{'FAIL' if wrong else 'ok  ' if binary else 'dry '} {case.name} ({case.title}) {place}: {compared}"
            found.append(("\n     ".join([line, *wrong]), bool(wrong)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=os.path.abspath)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    products = arguments.shared / "data/products"
    with tempfile.TemporaryDirectory() as temporary:
        found = cases.shared(products) + plant.make(arguments.folder or pathlib.Path(temporary), products)
        found = [case for case in found if arguments.only.lower() in f"{case.name} {case.title}".lower()]
        runs = failed = 0
        context = multiprocessing.get_context("spawn")      # zarr has threads
        with concurrent.futures.ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
            waiting = []
            for number, case in enumerate(found):
                modes = ("spherical", "authalic")
                if arguments.quick or case.once or case.refused:
                    modes = modes[number % 2:][:1]
                waiting.append(pool.submit(check_case, arguments.command, case, modes, arguments.quick))
            for answer in waiting:
                for line, wrong in answer.result():
                    print(line, flush=True)
                    runs, failed = runs + 1, failed + wrong
    print(f"{len(found)} cases, {runs} runs, " + (f"{failed} failed" if arguments.command else "nothing compared: no --command"))
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
