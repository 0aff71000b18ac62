#!/usr/bin/env python3
"""Runs the command on made-up photons with every kind of harm (photons.py), each cell twice: as usual, and with --exhaustive.

usage: hostile.py [--command ICESTREAM] [--seeds N] [--first SEED] [--begins FILE] [--folder DIR] [--jobs N]

Of each seed: one granule, two jobs (conditions, values, weights, directions), a few cells of order 6 to 8 with rows and one beside
them. Both runs and the oracle must agree: statistics, CSV, and in the ledger rows used, dropped and unlinked, and the faults of the
link. A granule with a broken link must be refused with --strict, with the track, and the kinds and counts of its faults; a sound one
must give the same as without.

What cannot be found is run, counted as `limit`, and never fails: photons of the cell whose segment says that it lies elsewhere, by
more than the margin, where no photon that must be read is out of place. Where one is, or all of a track's segments are wrong, all
rows must be found.

--begins: a file with the begins of a real beam (ATL03_indexbegin_start_end_FVs.h5), to make a granule of that size, sound, and with
one begin changed. Without --command the oracle runs alone, and is compared with a second way to find the faults.
Exit code 1 if anything failed.
"""

import argparse
import concurrent.futures
import dataclasses
import functools
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import healpy
import numpy as np

import cases
import grid
import link
import oracle
import photons
import run

# Statistics that differ in how they are made; all are in run.py.
STATISTICS = ("count", "min", "max", "mean", "std", "q50", "q95", "mad")
NONE = {"keep": ["none"]}
JOBS = {
    "default": {},
    "any photon": NONE,
    "ocean": {"keep": ["signal_conf_ph[1] >= 2"]},
    "pointing": {"keep": ["none", "geolocation/podppd_flag = 0"]},
    "sun": {"keep": ["geolocation/solar_elevation >= 0"]},
    "land ice": {"keep": ["none", "quality_ph = 0", "geolocation/surf_type[3] = 1"]},
    "above the geoid": {**NONE, "edit": cases.GEOID},
    "weighed": {**NONE, "edit": cases.WEIGHED},
    "weighed by segment": {**NONE, "edit": {"weight": {"column": "geolocation/sigma_h"}}},
    "weighed by sigma": {**NONE, "edit": cases.WITH_SIGMA},
    "ascending": {**NONE, "direction": "ascending"},
    "descending": {"direction": "descending", "keep": ["signal_conf_ph[0] >= 1"]},
    "count": {"value": cases.COUNT},
    "count of any": {**NONE, "value": cases.COUNT, "min_count": 20},
    "geoid": {**NONE, "value": "geophys_corr/geoid"},
    "strong": {**NONE, "beams": "strong"},
}


def job(path, name, title, order):
    made = cases.case(path, "ATL03", title, order=order, **JOBS[name])
    wanted = ("sigma", *STATISTICS) if made.product["uncertainty"] else STATISTICS
    return dataclasses.replace(made, statistics=tuple(s for s in wanted if s in made.statistics))


# ---------------------------------------------------------------------------------------------------------- what is read
def chunks(path, track):
    """Rows a chunk of the latitudes; 1 where any row can be read alone."""
    with h5py.File(path) as file:
        return (file[f"{track.name}/heights/lat_ph"].chunks or (1,))[0]


def limits(path, case, parent, mode):
    """(photons of the cell that lie far from where their segment says, whether that must be noticed), of the worst track."""
    hidden, noticed = 0, True
    for track in oracle.tracks(path, case.product):
        joined = track.link
        if joined.faults or not joined.peopled.any():
            continue
        linked = track.sound & (joined.owner >= 0)
        owner = joined.owner
        linked[linked] = joined.placed[owner[linked]]
        far = np.zeros(len(owner), bool)
        far[linked] = photons.kilometres(track.lat[linked], track.lon[linked], joined.lat[owner[linked]], joined.lon[owner[linked]]) > 1.0
        inside = track.children(mode) >> 2 * (oracle.CHILD_ORDER - case.order) == parent
        lost = int((far & inside).sum())
        if not lost:
            continue
        people = joined.peopled & joined.placed
        here = np.zeros(joined.parents, bool)
        here[people] = grid.cells(case.order, joined.lat[people], joined.lon[people], mode) == parent
        # Segments without a place hide nothing: their photons are read in any case.
        here |= joined.peopled & ~joined.placed
        read = np.zeros(len(owner), bool)
        held = owner >= 0
        read[held] = here[owner[held]]
        rows = chunks(path, track)
        read = np.isin(np.arange(len(owner)) // rows, np.unique(np.flatnonzero(read) // rows))
        everywhere = far[linked].all()
        hidden += lost
        noticed &= bool((far & read).any() or everywhere)
    return hidden, noticed


# --------------------------------------------------------------------------------------------------------- a second way
def again(path, name):
    """Faults of a track by sorting the ends of the segments, not by marking photons."""
    with h5py.File(path) as file:
        begins, counts = (np.array([np.nan if x is None else x for x in link.whole(file[name], cases.LINK[key])], float)
                          for key in ("begin", "count"))
        rows = len(file[f"{name}/heights/lat_ph"])
    people = counts > 0
    begun = people & (begins >= 1)
    start, count = begins[begun] - 1, counts[begun]
    edges = np.concatenate([np.minimum(start, rows), np.minimum(start + count, rows), [0, rows]])
    steps = np.concatenate([np.ones(len(start)), -np.ones(len(start)), [0, 0]])
    order = np.argsort(edges, kind="stable")
    depth, width = np.cumsum(steps[order])[:-1], np.diff(edges[order])
    found = {"rows_in_none": width[depth == 0].sum(), "rows_in_several": width[depth > 1].sum(),
             "beyond_last": (start + count > rows).sum(), "without_begin": (people & ~begun).sum(),
             "out_of_order": (np.diff(start) < 0).sum()}
    return {kind: int(number) for kind, number in found.items() if number}


def check_oracle(path, product):
    """What the two ways differ in."""
    return [f"oracle: {track.name} has the faults {track.link.faults}, the second way finds {again(path, track.name)}"
            for track in oracle.tracks(path, product) if track.link.faults != again(path, track.name)]


# ------------------------------------------------------------------------------------------------------------------ runs
def without_reading(answer):
    """What both ways of reading must share: of each track its faults, and rows in the cell, used and dropped."""
    (granule,) = answer["ledger"]["granules"]
    wanted = ("rows", "in_parent", "unlinked", "quality", *oracle.AFTER_KEEP, oracle.USED, "conditions", "link")
    return {entry["track"]: {key: entry[key] for key in wanted if key in entry} for entry in granule["tracks"]}


def read_rows(answer):
    (granule,) = answer["ledger"]["granules"]
    return sum(entry["rows_read"] for entry in granule["tracks"]), sum(entry["rows"] for entry in granule["tracks"])


def same_arrays(one, other):
    """Names of arrays that differ in any bit."""
    if one is None or other is None:
        return [] if one is other else ["all: one has no store"]
    return sorted(name for name in {*one, *other} if name not in one or name not in other or one[name].tobytes() != other[name].tobytes())


def indexed(binary, case, folder):
    """Makes the index of the file of a case; what is wrong with that."""
    words = run.words_of(binary, case, folder)
    done = subprocess.run([binary, "index", *words, "--out", str(folder), case.path], capture_output=True, text=True, timeout=run.SECONDS)
    return [f"index: exit code {done.returncode}: {done.stderr.strip()[:400]}"] if done.returncode else []


def both(binary, case, parent, mode, index):
    """A cell as usual, exhaustively in little memory, and by its index: (what is wrong, rows left unread)."""
    answers, arrays, tables, wrong = [], [], [], []
    expected = oracle.Result(case.path, case.product, parent, mode, case.order)
    for words in ((), ("--exhaustive", "--memory", "1"), ("--index", str(index))):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            table = folder / "cell.csv"
            chosen = dataclasses.replace(case, words=(*case.words, *words, "--csv", str(table)))
            code, answer, found, said, command = run.call(binary, chosen, parent, mode, folder)
            if code or answer is None:
                return [f"exit code {code}: {said.strip()[:400]}", " ".join(command)], 0
            problems = run.compare_ledger(answer, case, expected)
            if found is not None:
                problems += run.compare_table(found, case, expected, parent)
            elif expected.table:
                problems.append("there is no store")
            if problems:
                wrong += [f"{' '.join(words) or 'as usual'}: {problem}" for problem in problems] + [" ".join(command)]
            answers.append(answer)
            arrays.append(found)
            tables.append(table.read_bytes() if table.exists() else b"")
    shared = [without_reading(answer) for answer in answers]
    for other, way in ((1, "exhaustively"), (2, "by index")):
        wrong += [f"both ways: {track}: {shared[0].get(track)}, {way} {shared[other].get(track)}"
                  for track in sorted({*shared[0], *shared[other]}) if shared[0].get(track) != shared[other].get(track)]
        wrong += [f"both ways: {way} arrays differ: {name}" for name in same_arrays(arrays[0], arrays[other])]
        wrong += [f"both ways: {way} the CSV differs"] if tables[0] != tables[other] else []
    used = answers[2]["ledger"]["granules"][0].get("index")
    wrong += [f"the index is {used}"] if used != "used" else []
    (some, _), (every, rows) = map(read_rows, answers[:2])
    if every != rows:
        wrong.append(f"exhaustively {every} of {rows} rows are read")
    return wrong, rows - some


WORDS = {
    "rows_in_none": ("row is in no parent", "rows are in no parent"),
    "rows_in_several": ("row is in several parents", "rows are in several parents"),
    "beyond_last": ("parent ends beyond the last row", "parents end beyond the last row"),
    "without_begin": ("parent has rows and no begin", "parents have rows and no begin"),
    "out_of_order": ("parent is out of order", "parents are out of order"),
}


def strict(binary, case, parent, mode):
    """What is wrong with a run with --strict."""
    broken = {track.name: track.link.faults for track in oracle.tracks(case.path, case.product) if track.link.faults}
    expected = oracle.Result(case.path, case.product, parent, mode, case.order)
    with tempfile.TemporaryDirectory() as folder:
        chosen = dataclasses.replace(case, words=(*case.words, "--strict"))
        code, answer, found, said, command = run.call(binary, chosen, parent, mode, pathlib.Path(folder))
    if broken:
        # It may stop at the first track.
        named = [track for track, faults in broken.items() if track in said and all(
            f"{rows} {WORDS[kind][rows != 1]}" in said for kind, rows in faults.items())]
        good = code not in (0, 2, 101) and code > 0 and named
        return [] if good else [f"--strict: exit code {code}, not refused for {broken}: {said.strip()[:400]}", " ".join(command)]
    if code or answer is None:
        return [f"--strict: exit code {code} for a sound link: {said.strip()[:400]}", " ".join(command)]
    wrong = run.compare_ledger(answer, case, expected) + (run.compare_table(found, case, expected, parent) if found is not None else [])
    return [f"--strict: {problem}" for problem in wrong] + ([" ".join(command)] if wrong else [])


def chosen_cells(random, case, mode):
    """The cell with most rows, the two with fewest, one of the others, and a neighbour without rows."""
    anywhere = {**case.product, "beams": None, "direction": None}
    ranked = oracle.parents(case.path, anywhere, mode, 10**6, 0, case.order)
    found = [ranked[:1], ranked[-2:], [ranked[random.integers(len(ranked))]] if ranked else []]
    neighbours = {int(n) for cell in ranked for n in healpy.get_all_neighbours(2**case.order, cell, nest=True)} - {-1, *ranked}
    found.append(sorted(neighbours)[:1] if neighbours else [int(random.integers(12 * 4**case.order))])
    return list(dict.fromkeys(int(cell) for cells in found for cell in cells))


def verdict(binary, wrong):
    return "FAIL" if wrong else "ok  " if binary else "dry "


def seed(binary, number, folder):
    """All runs of a seed: (line, failed, runs, runs that left rows unread, limits that hid something, limits in all)."""
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(folder or temporary) / f"{number:05d}"
        place.mkdir(parents=True, exist_ok=True)
        path = place / "ATL03_20190613065109_11610303_006_01.h5"
        said = photons.make(path, number)
        random = np.random.default_rng([number, 1])
        wrong, runs, pruned, hid, beyond = [], 0, 0, 0, 0
        names = random.choice(list(JOBS), 2, replace=False)
        for name in names:
            mode = str(random.choice(["spherical", "authalic"]))
            case = job(path, name, name, int(random.integers(6, 9)))
            if not wrong:
                wrong += check_oracle(path, case.product)
            index = place / name.replace(" ", "-")
            index.mkdir(exist_ok=True)
            if binary:
                wrong += indexed(binary, case, index)
            for parent in chosen_cells(random, case, mode):
                lost, noticed = limits(path, case, parent, mode)
                runs += 1
                beyond += bool(lost) and not noticed
                if not binary:
                    oracle.Result(case.path, case.product, parent, mode, case.order)
                    continue
                problems, unread = both(binary, case, parent, mode, index)
                pruned += unread > 0
                if problems and lost and not noticed:
                    hid += 1
                elif problems:
                    # Kinds of harm that the contract finds hard are named.
                    hint = f", {lost} photons of the cell are far from their segments" if lost else ""
                    wrong += [f"{name}, cell {grid.decimal(case.order, parent)} {mode}{hint}", *problems]
        if binary:
            case = job(path, "any photon", "strict", 6)
            parent = chosen_cells(random, case, "spherical")[0]
            lost, noticed = limits(path, case, parent, "spherical")
            if not lost or noticed:
                wrong += strict(binary, case, parent, "spherical")
        broken = sum(bool(track.link.faults) for track in oracle.tracks(path, case.product))
        oracle._tracks.cache_clear()
    line = f"{verdict(binary, wrong)} seed {number} ({said}) {', '.join(names)}: {runs} cells, {pruned} pruned, {broken} broken links"
    return "\n     ".join([line, *wrong]), bool(wrong), runs, pruned, hid, beyond


# ---------------------------------------------------------------------------------------------------------- a real beam
def changes(begins, counts):
    """(what, number of a segment, its new begin, the faults that follow by arithmetic)."""
    people = np.flatnonzero(counts)
    full = [(a, b) for a, b in zip(people, people[1:]) if counts[a] > 3 and counts[b] > 3]
    one, two, three = (full[len(full) * part // 4][0] for part in (1, 2, 3))
    yield "two later", one, begins[one] + 2, {"rows_in_none": 2, "rows_in_several": 2}
    yield "none", two, 0, {"rows_in_none": int(counts[two]), "without_begin": 1}
    yield "far back", three, 1, {"rows_in_none": int(counts[three]), "rows_in_several": int(counts[three]), "out_of_order": 1}
    yield "beyond", three, int(counts.sum()) + 1, {"rows_in_none": int(counts[three]), "beyond_last": 1, "out_of_order": 1}


def real_beam(binary, source, folder):
    """Lines and failures of the granule with a real beam's begins."""
    with h5py.File(source) as file:
        begins = file["ph_index_beg"][:]
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(folder or temporary) / "ATL03_20211121012724_09101307_006_01.h5"
        counts = photons.real_beam(path, begins)

        def judge(title, names, want, cells):
            oracle._tracks.cache_clear()
            wrong = []
            for name in names:
                case = job(path, name, title, 6)
                (track,) = oracle.tracks(path, case.product)
                if track.link.faults != want or again(path, track.name) != want:
                    wrong.append(f"oracle: {track.link.faults} and {again(path, track.name)}, not {want}")
                ranked = oracle.parents(path, case.product, "authalic", 10**6, 0)
                pruned = 0
                if binary:
                    wrong += indexed(binary, case, path.parent)
                for parent in (ranked[0], ranked[-1])[:cells] if binary else ():
                    problems, unread = both(binary, case, parent, "authalic", path.parent)
                    wrong += problems
                    pruned += unread > 0
                if binary and not want and not pruned:
                    wrong.append("every row is read although the link is sound")
                if binary and name == names[0]:
                    wrong += strict(binary, case, ranked[-1], "authalic")
            text = f"{verdict(binary, wrong)} real begins, {title}: {len(begins)} segments, {counts.sum()} photons, faults {want}"
            return "\n     ".join([text, *wrong]), bool(wrong)

        line, wrong = judge("sound", ["default", "pointing", "count of any", "ascending"], {}, 2)
        empty = int((~oracle.tracks(path, job(path, "default", "", 6).product)[0].link.peopled).sum())
        if (len(begins), empty) != (149697, 26574):
            line, wrong = f"{line}\nFAIL {len(begins)} segments, {empty} without photons", True
        yield line, wrong
        for title, segment, begin, want in changes(begins, counts):
            with h5py.File(path, "r+") as file:
                file["gt1l/geolocation/ph_index_beg"][segment] = begin
            yield judge(f"one begin {title}", ["any photon", "pointing"], want, 1)
            with h5py.File(path, "r+") as file:
                file["gt1l/geolocation/ph_index_beg"][segment] = begins[segment]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=os.path.abspath)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--begins", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    totals = np.zeros(4, int)
    context = multiprocessing.get_context("spawn")      # zarr has threads
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool:
        numbers = range(arguments.first, arguments.first + arguments.seeds)
        for line, wrong, *counts in pool.map(functools.partial(seed, arguments.command, folder=arguments.folder), numbers):
            print(line, flush=True)
            failed += wrong
            totals += counts
    if arguments.begins:
        for line, wrong in real_beam(arguments.command, arguments.begins, arguments.folder):
            print(line, flush=True)
            failed += wrong
    runs, pruned, hid, beyond = totals.tolist()
    print(f"{arguments.seeds} seeds, {runs} cells, {pruned} pruned; beyond the limit {beyond}, rows lost there {hid}; {failed} failed"
          + ("" if arguments.command else "; no --command"))
    if arguments.command and arguments.seeds > 20 and not pruned:
        print("FAIL no run left a row unread: nothing is proved")
        failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
