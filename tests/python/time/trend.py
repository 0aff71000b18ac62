"""Height change: every array against fits of the rows by numpy.linalg.lstsq, and what must come of granules that sink."""

import datetime
import importlib.util
import itertools
import math
import shutil
import sys

import h5py
import healpy
import numpy as np

import append
import axis
import column
import granules
import tool as tools
import windows

import cases        # of tests/python/products
import grid
import oracle

# The oracle of the estimator, from rows; its file has the name of another.
_spec = importlib.util.spec_from_file_location("change_oracle", tools.HERE.parent / "change/oracle.py")
rows_oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rows_oracle)

CELLS = (4441312, 4441311, 4441314, 4441321, 4441323, 4441133, 4441134)    # all that data/atl06 has rows of good quality in
COPIES = 7
YEAR = 365.25 * 86400
EPOCH = datetime.datetime(2020, 1, 1)
NAMES = {"dhdt": "dhdt", "dhdt_se": "dhdt_se", "h_ref": "h_ref", "h_ref_se": "h_ref_se", "slope_east": "slope_east",
         "slope_north": "slope_north", "change_rmse": "rmse", "change_span": "span"}
COUNTS = {"change_overpasses": "overpasses", "change_edited": "edited", "change_flag": "flag"}
TIMED = {"h_window": "h_window", "h_window_se": "h_window_se"}
ALL = {*NAMES, *COUNTS, *TIMED}


# ------------------------------------------------------------------------------------------------------------- the rows
def centre(order, child, mode):
    """Geodetic longitude and latitude of a cell's centre."""
    lon, lat = healpy.pix2ang(2**order, child, nest=True, lonlat=True)
    if mode == "authalic":
        wanted = lat
        for _ in range(20):
            lat = lat + wanted - grid.authalic(lat)
    return lon, lat


def rows_of(paths, mode, seconds=None, epoch=EPOCH):
    """Rows that count: (children of order 12, matrix with columns as the oracle of the estimator wants them, days, cycle)."""
    product, parts = cases.BUILT_IN["ATL06"], []
    for path in paths:
        moment, cycle, rgt = windows.told(path)
        start = (moment - datetime.datetime(1970, 1, 1)).total_seconds()
        with h5py.File(path) as file:
            for track in oracle.tracks(path, product):
                child = track.children(mode)
                good = (child >= 0) & track.open
                at = np.full(len(child), start)
                if seconds:
                    at = file[f"{track.name}/land_ice_segments/{seconds}"][:] + windows.number(column.EPOCH.date()) * 86400
                rows = np.zeros((len(child), 9))
                rows[:, rows_oracle.OVERPASS] = cycle * 10_000 + rgt
                rows[:, rows_oracle.LON], rows[:, rows_oracle.LAT] = track.lon, track.lat
                rows[:, rows_oracle.T] = (at - (epoch - datetime.datetime(1970, 1, 1)).total_seconds()) / YEAR
                rows[:, rows_oracle.H] = track.value
                parts.append([array[good] for array in (child, rows, np.floor(at / 86400), np.full(len(child), cycle))])
    return [np.concatenate(part) for part in zip(*parts)]


def expected(rows, cell, order, mode, spans, **rules):
    """{child: what the oracle says} of the children of a cell at an order; `spans`: which rows are in each window, None without."""
    child, matrix, days, cycle = rows
    parent_order, parent = grid.nested(cell)
    inside = child >> 2 * (12 - parent_order) == parent
    window = np.zeros(len(child)) if spans is None else np.full(len(child), -1.0)
    for at, chosen in enumerate(spans or ()):
        window[chosen(days, cycle)] = at
    inside &= window >= 0
    matrix = matrix.copy()
    matrix[:, rows_oracle.WINDOW] = window
    found, cells = {}, child >> 2 * (12 - order)
    for number in np.unique(cells[inside]):
        mine = matrix[inside & (cells == number)]
        mine[:, [rows_oracle.CENTRE_LON, rows_oracle.CENTRE_LAT]] = centre(order, int(number), mode)
        found[int(number)] = rows_oracle.oracle(mine, windows=len(spans or ()), **rules)
    return found


# ---------------------------------------------------------------------------------------------------------- comparison
def close(got, wanted, name):
    """Within 1e-6 of the number. Below 0.1 m (of rmse 50 m) the heights count, of which 1e-10 and, squared, 1e-15 are lost."""
    wanted = math.nan if wanted is None else wanted
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    if name == "h_window_se" and wanted > 1000:
        return abs(got / wanted - 1) <= 1e-3        # a plane that hangs on one overpass: the number says only that it is useless
    return abs(got - wanted) <= 1e-6 * max(abs(wanted), 50 if name == "change_rmse" else 0.1 if name.endswith("_se") else 1e-3)


def against_rows(answer, order, wanted, timed):
    """What is wrong with the arrays of change of one order."""
    arrays, wrong = answer.arrays(order), []
    first = answer.span(order).start
    names = ALL - (set() if timed else set(TIMED))
    lacking = names - set(arrays)
    if lacking:
        return [f"order {order}: no array {sorted(lacking)}"]
    wrong += [f"order {order}: an array {name} without an axis" for name in set(TIMED) & set(arrays) if not timed]
    for name in sorted(names):
        array, key = arrays[name], {**NAMES, **COUNTS, **TIMED}[name]
        bad = []
        for child, one in wanted.items():
            got = array[..., child - first]
            pairs = zip(got, one[key]) if name in TIMED else [(got, one[key])]
            for a, b in pairs:
                if not (a == b if name in COUNTS else close(float(a), b, name)):
                    bad.append((child, one["flag"], a, b))
        if bad:
            wrong.append(f"order {order}: {name} of {len(bad)} of {len(wanted)} cells, of {bad[0][0]} (flag {bad[0][1]}): "
                         f"{bad[0][2]} instead of {bad[0][3]}")
        others = np.setdiff1d(np.arange(array.shape[-1]), np.array(list(wanted), int) - first)
        if name not in COUNTS and np.isfinite(array[..., others]).any():
            wrong.append(f"order {order}: {name} where there are no rows")
    return wrong


def unchanged(answer, plain):
    """Statistics are what they are without --change."""
    return [f"order {order}: {', '.join(names)}, with and without --change" for order in axis.ORDERS
            if (names := tools.different(answer.arrays(order), plain.arrays(order)))]


def spans_of(axis_of):
    """Which rows are in each window: of days, or of cycles."""
    found = []
    for name, (a, b), _ in axis_of:
        first, after = windows.number(a), windows.number(b)
        if name.isdigit():
            found.append(lambda days, cycle, n=int(name): cycle == n)
        else:
            found.append(lambda days, cycle, first=first, after=after: (days >= first) & (days < after))
    return found


def sinking(tool, shared):
    """Copies that sink by 1 m a year."""
    paths = granules.sinking(shared, tool.folder / "sinking", COPIES)
    rows = {mode: rows_of(paths, mode) for mode in axis.MODES}
    yield from recovered(tool, paths)
    for (mode, layout), by in itertools.product((("spherical", "cell"), ("authalic", "sphere")), (None, "cycle", "quarter")):
        spans = spans_of(windows.spread(by, paths)) if by else None
        more = ["--latitude", mode, "--layout", layout, *axis.OVERVIEWS, *(["--by", by] if by else [])]
        answer = tool.cell(paths, CELLS[0], *more, "--change")
        wrong = unchanged(answer, tool.cell(paths, CELLS[0], *more))
        flags = {}
        for order in axis.ORDERS:
            wanted = expected(rows[mode], CELLS[0], order, mode, spans)
            wrong += against_rows(answer, order, wanted, by is not None)
            flags[order] = [sum(one["flag"] == flag for one in wanted.values()) for flag in (0, 8)]
        yield f"sinking granules, by {by}, {mode}, layout {layout}, flags 0 and 8 by order: {flags}", wrong
    yield from rules(tool, paths, rows["spherical"])
    yield from columns(tool, paths)


def rules(tool, paths, rows):
    """What the words change."""
    day = datetime.date.fromisoformat
    part = lambda days, cycle: (days >= windows.number(day("2019-06-01"))) & (days < windows.number(day("2021-06-01")))
    cases_of = [
        (["--no-edit"], {"edit": False}, None, EPOCH),
        (["--min-overpasses", "12"], {"min_overpasses": 12}, None, EPOCH),
        (["--min-overpasses", "1", "--min-span", "0"], {"min_overpasses": 1, "min_span": 0}, None, EPOCH),
        (["--min-span", "3.1"], {"min_span": 3.1}, None, EPOCH),
        (["--max-rmse", "0.3"], {"max_rmse": 0.3}, None, EPOCH),
        (["--epoch", "2009-07-01"], {}, None, datetime.datetime(2009, 7, 1)),
        (["--windows", "2019-06-01/2021-06-01"], {}, [part], EPOCH),
        (["--moments"], {}, None, EPOCH),
    ]
    for words, rule, spans, epoch in cases_of:
        moved = [array.copy() for array in rows]
        moved[1][:, rows_oracle.T] += (EPOCH - epoch).total_seconds() / YEAR
        answer = tool.cell(paths, CELLS[0], *axis.OVERVIEWS, "--change", *words)
        wrong = []
        for order in axis.ORDERS:
            wrong += against_rows(answer, order, expected(moved, CELLS[0], order, "spherical", spans, **rule), spans is not None)
        yield f"sinking granules, {' '.join(words)}", wrong


def columns(tool, paths):
    """Times of rows, from a column."""
    stated = granules.description(tool, "ATL06", tool.folder, column.STATED, "stated")
    rows = rows_of(paths, "spherical", "delta_time")
    spans = spans_of(windows.spread("quarter", paths))
    answer = tool.cell(paths, CELLS[0], *axis.OVERVIEWS, "--change", "--product", stated, "--by", "quarter")
    wrong = []
    for order in axis.ORDERS:
        wrong += against_rows(answer, order, expected(rows, CELLS[0], order, "spherical", spans), True)
    yield "sinking granules, times from a column", wrong


def ragged(tool, shared):
    """Copies that differ, in windows that cut overpasses in two."""
    paths = granules.ragged(shared, tool.folder / "ragged")
    stated = granules.description(tool, "ATL06", tool.folder, column.STATED, "stated")
    cuts = [windows.told(path)[0].date() + datetime.timedelta(days=1) for path in paths if "_0277" in path.name][2:5]
    first, last = datetime.date(2019, 1, 1), datetime.date(2024, 1, 1)
    pairs = list(itertools.pairwise([first, *cuts, last]))
    by_hand = ["--product", stated, "--windows", ",".join(f"{a}/{b}" for a, b in pairs)]
    ways = {"by cycle": (["--by", "cycle"], windows.spread("cycle", paths), None),
            "windows that cut overpasses": (by_hand, [(f"{a}/{b}", (a, b), []) for a, b in pairs], "delta_time")}
    for (mode, layout), cell in itertools.product((("spherical", "cell"), ("authalic", "sphere")), (CELLS[0], CELLS[3])):
        for title, (words, of, seconds) in ways.items():
            rows, spans = rows_of(paths, mode, seconds), spans_of(of)
            answer = tool.cell(paths, cell, "--latitude", mode, "--layout", layout, *axis.OVERVIEWS, *words, "--change")
            wrong, cut = [], 0
            for order in axis.ORDERS:
                wrong += against_rows(answer, order, expected(rows, cell, order, mode, spans), True)
            overpasses = rows[1][:, rows_oracle.OVERPASS]
            held = [set(overpasses[chosen(rows[2], rows[3])]) for chosen in spans]
            cut = sum(bool(a & b) for a, b in itertools.pairwise(held))
            yield f"ragged granules, {title} ({cut} times), {cell}, {mode}, layout {layout}", wrong


def recovered(tool, paths):
    """1 m a year in all cells with ten rows a copy."""
    found = {name: [] for name in ("dhdt", "dhdt_se", "change_flag", "change_edited", "slope_east", "h_ref")}
    for cell in CELLS:
        answer = tool.cell(paths, cell, "--change")
        if answer.store.exists():
            arrays = answer.arrays()
            for name, values in found.items():
                values.append(arrays[name][arrays["count"] >= 10 * COPIES])
    found = {name: np.concatenate(values) for name, values in found.items()}
    flag, error = found["change_flag"], found["dhdt"].astype("f8") + 1
    fitted = (flag & 7) == 0
    lines, planes = int((flag == 8).sum()), int((flag == 0).sum())
    inside = (abs(error) <= 2 * found["dhdt_se"] + 1e-4)[fitted]
    wrong = []
    if abs(np.median(error[fitted])) > 0.005 or inside.mean() < 0.9:
        wrong.append(f"the error is {np.median(error[fitted]):.4f} m/yr in the median, within 2 dhdt_se in {inside.mean():.0%}")
    if np.isfinite(found["slope_east"][flag != 0]).any() or not np.isfinite(found["slope_east"][flag == 0]).all():
        wrong.append("slopes where they cannot be, or none where they can")
    if (lines, planes) != (19, 147):
        wrong.append(f"{lines} cells have flag 8, {planes} have flag 0")
    if not found["change_edited"].any():
        wrong.append("the blunder is not edited")
    yield (f"1 m a year: {len(flag)} cells, flag 0 {planes}, 8 {lines}, others {len(flag) - lines - planes}; error in the median "
           f"{np.median(abs(error[fitted])):.4f} m/yr, within 2 dhdt_se in {inside.mean():.0%}", wrong)


def moments_of(rows, spans, cell):
    """{(child, overpass, window): count, means, second moments} of the rows of a cell, in extended precision."""
    child, matrix, days, cycle = rows
    order, parent = grid.nested(cell)
    window = np.full(len(child), -1 if spans else 0)
    for at, chosen in enumerate(spans or ()):
        window[chosen(days, cycle)] = at
    inside = (child >> 2 * (12 - order) == parent) & (window >= 0)
    keys = np.column_stack([child, matrix[:, rows_oracle.OVERPASS].astype(int), window])[inside]
    places = rows_oracle.ecef(matrix[inside, rows_oracle.LON], matrix[inside, rows_oracle.LAT])
    numbers = np.column_stack([places, matrix[inside][:, [rows_oracle.T, rows_oracle.H]].astype(np.longdouble)])
    found = {}
    for key, mine in zip(*split(keys, numbers)):
        mean = mine.mean(0)
        second = (mine - mean).T @ (mine - mean)
        found[key] = np.concatenate([[len(mine)], mean, second[np.triu_indices(5)]])
    return found


def split(keys, numbers):
    unique, which = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    return [tuple(map(int, key)) for key in unique], np.split(numbers[order], np.cumsum(np.bincount(which.ravel()))[:-1])


def stored_moments(answer, layout):
    """Keys and numbers as the store has them, in its order."""
    import zarr

    places = [answer.store / "moments"]
    if layout == "sphere":
        places = sorted(path for path in (answer.store / "cells" / str(answer.cell)).iterdir() if (path / "moments").exists())
    keys, numbers = [], []
    for place in places:
        group = zarr.open_group(str(place), mode="r")
        keys.append(np.column_stack([group[name][:].astype(int) for name in ("child", "overpass", "window")]))
        numbers.append(group["moments"][:])
    return keys, numbers


def moments(tool, shared):
    """The sums that --moments stores, against the rows; they add up to what was counted."""
    paths = granules.ragged(shared, tool.folder / "moments", copies=5)
    for mode, layout in (("spherical", "cell"), ("authalic", "sphere")):
        for by in ("cycle", "month"):
            spans = spans_of(windows.spread(by, paths))
            answer = tool.cell(paths, CELLS[0], "--latitude", mode, "--layout", layout, "--by", by, "--change", "--moments")
            keys, numbers = stored_moments(answer, layout)
            wanted = moments_of(rows_of(paths, mode), spans, CELLS[0])
            wrong = [] if keys else ["there are no moments"]
            for part in keys:
                if not all(tuple(a) < tuple(b) for a, b in itertools.pairwise(part)):
                    wrong.append("records are not in the order of children, overpasses, windows")
            keys, numbers = np.concatenate(keys), np.concatenate(numbers)
            if sorted(map(tuple, keys.tolist())) != sorted(wanted):
                wrong.append(f"{len(keys)} records, not {len(wanted)}")
                yield f"moments by {by}, {mode}, layout {layout}", wrong
                continue
            right = np.array([wanted[tuple(key)] for key in keys.tolist()])
            if not np.array_equal(numbers[:, 0], right[:, 0].astype("f8")):
                wrong.append("counts differ")
            mean = abs(numbers[:, 1:6] - right[:, 1:6]).max(0)
            if (mean > [1e-8, 1e-8, 1e-8, 1e-12, 1e-9]).any():
                wrong.append(f"means are off by {mean}")
            # Of a second moment the scale is that of the two numbers; 1e-9 m is what a place is rounded to.
            i, j = np.triu_indices(5)
            spread = np.sqrt(np.array([[row[6 + np.flatnonzero((i == k) & (j == k))[0]] for k in range(5)] for row in right.astype("f8")]))
            floor = np.sqrt(right[:, :1].astype("f8")) * [2e-9, 2e-9, 2e-9, 1e-12, 1e-9]
            allowed = 1e-9 * spread[:, i] * spread[:, j] + floor[:, i] * spread[:, j] + spread[:, i] * floor[:, j] + floor[:, i] * floor[:, j]
            bad = abs(numbers[:, 6:] - right[:, 6:]) > allowed
            if bad.any():
                at = np.argwhere(bad)[0]
                wrong.append(f"{bad.any(1).sum()} of {len(keys)} records: number {6 + at[1]} of {keys[at[0]].tolist()} is {numbers[at[0], 6 + at[1]]!r}, "
                             f"not {right[at[0], 6 + at[1]]!r}")
            count = np.zeros_like(answer.arrays()["count"])
            np.add.at(count, (keys[:, 2], keys[:, 0] - answer.span(12).start), numbers[:, 0].astype(int))
            if not np.array_equal(count, answer.arrays()["count"]):
                wrong.append("the records do not add up to count")
            yield f"moments by {by}, {len(keys)} records, {mode}, layout {layout}", wrong


def neighbours(tool, shared):
    """Two granules of one track and cycle are one overpass."""
    paths = granules.ragged(shared, tool.folder / "neighbours", copies=5)
    for path in paths[::3]:
        moment, cycle, rgt = windows.told(path)
        later = moment + datetime.timedelta(minutes=5)
        paths.append(granules.renamed_plainly(path, path.with_name(f"ATL06_{later:%Y%m%d%H%M%S}_{rgt:04}{cycle:02}04_002_01.h5")))
    paths.sort()
    rows, spans = rows_of(paths, "spherical"), spans_of(windows.spread("cycle", paths))
    answer = tool.cell(paths, CELLS[0], *axis.OVERVIEWS, "--by", "cycle", "--change")
    wrong = [finding for order in axis.ORDERS
             for finding in against_rows(answer, order, expected(rows, CELLS[0], order, "spherical", spans), True)]
    yield f"{len(paths)} granules of {len(np.unique(rows[1][:, rows_oracle.OVERPASS]))} overpasses", wrong


def longer(path, copy, cycles, rate=-1.0):
    """ATL11 with more cycles than the sample has: its own two in turn, sinking, each some centimetres off."""
    rng = np.random.default_rng(5)
    shutil.copy(path, copy)
    with h5py.File(copy, "r+") as file:
        group = file["pt2/corrected_h"]
        own = {name: dataset[:] for name, dataset in group.items() if dataset.ndim == 2}
        for name, values in own.items():
            made = np.stack([values[:, n % 2] for n in range(len(cycles))], 1)
            years = (np.arange(len(cycles)) // 2) * 182 / 365.25
            if name == "delta_time":
                made = made + years * YEAR
            if name == "h_corr":
                made = made + rate * years + rng.normal(0, 0.05, len(cycles))
            del group[name]
            group[name] = made
        del group["cycle_number"]
        group["cycle_number"] = np.array(cycles)
    return copy


def many_cycles(tool, shared):
    """ATL11: an overpass is a cycle of the column."""
    cycles = list(range(3, 12))
    path = longer(shared / "data/products" / column.ATL11, tool.folder / "ATL11_078805_0311_002_01.h5", cycles)
    for mode, layout in (("spherical", "cell"), ("authalic", "sphere")):
        parts = []
        with h5py.File(path) as file:
            for at, cycle in enumerate(cycles):
                for track in oracle.tracks(path, cases.atl11(cycle)):
                    child = track.children(mode)
                    seconds = file[f"{track.name}/corrected_h/delta_time"][:, at] + windows.number(column.EPOCH.date()) * 86400
                    good = (child >= 0) & track.open
                    rows = np.zeros((len(child), 9))
                    rows[:, rows_oracle.OVERPASS] = cycle * 10_000 + 788
                    rows[:, rows_oracle.LON], rows[:, rows_oracle.LAT] = track.lon, track.lat
                    rows[:, rows_oracle.T] = (seconds - (EPOCH - datetime.datetime(1970, 1, 1)).total_seconds()) / YEAR
                    rows[:, rows_oracle.H] = track.value
                    parts.append([array[good] for array in (child, rows, np.floor(seconds / 86400), np.full(len(child), cycle))])
        rows = [np.concatenate(part) for part in zip(*parts)]
        for parent in oracle.parents(path, cases.atl11(3), mode, 2, 0):
            cell = grid.decimal(6, parent)
            for words, spans in ((["--by", "cycle"], [lambda days, cycle, n=n: cycle == n for n in cycles]),
                                 (["--by", "year", "--from-date", "2019-01-01", "--to-date", "2022-01-01"],
                                  spans_of([("", span, []) for span in windows.calendar("year", datetime.date(2019, 1, 1), datetime.date(2021, 12, 31))]))):
                answer = tool.cell([path], cell, "--latitude", mode, "--layout", layout, *axis.OVERVIEWS, "--product", "ATL11", "--change", *words)
                wrong = []
                for order in axis.ORDERS:
                    wanted = expected(rows, cell, order, mode, spans)
                    wrong += against_rows(answer, order, wanted, True)
                yield f"ATL11 of {len(cycles)} cycles, {' '.join(words[:2])}, {cell}, {mode}, layout {layout}, {len(wanted)} cells of order 9", wrong


def atl11(tool, shared):
    """Two cycles are too few for a trend, and say so; and what is not in metres has other names."""
    path = shared / "data/products" / column.ATL11
    cell = grid.decimal(6, oracle.parents(path, cases.atl11(3), "spherical")[0])
    arrays = tool.cell([path], cell, "--product", "ATL11", "--by", "cycle", "--change").arrays()
    filled = arrays["count"].sum(0) > 0
    wrong = []
    if not ((arrays["change_flag"][filled] & 3) == 3).all():
        wrong.append(f"flags {np.unique(arrays['change_flag'][filled]).tolist()} for two overpasses")
    if np.isfinite(arrays["dhdt"]).any() or arrays["change_overpasses"].max() != 2:
        wrong.append(f"{arrays['change_overpasses'].max()} overpasses, and a trend of them: {np.isfinite(arrays['dhdt']).any()}")
    both = (arrays["count"] > 0).all(0)
    if not (abs(arrays["change_span"][both] - 91 / 365.25) < 0.02).all():
        wrong.append(f"spans are {np.unique(arrays['change_span'][both])[:3]}")
    yield "ATL11: two cycles are no trend", wrong
    try:
        arrays = tool.cell([path], cell, "--product", "ATL11", "--cycle", "3", "--change").arrays()
        wrong = [] if arrays["change_overpasses"].max() == 1 else [f"{arrays['change_overpasses'].max()} overpasses"]
    except tools.Refused as error:
        wrong = [str(error)[:300]]
    yield "ATL11: one cycle is one overpass", wrong
    (path,) = (shared / "data/products").glob("GEDI02_B_*.h5")
    cell = grid.decimal(6, oracle.parents(path, cases.BUILT_IN["GEDI02_B"], "spherical")[0])
    names = set(tool.cell([path], cell, "--product", "GEDI02_B", "--by", "month", "--change", statistics="count,mean").arrays())
    wanted = {f"cover_{name}" for name in ("trend", "trend_se", "ref", "ref_se", "window", "window_se")}
    yield "what is not a height in metres has a trend of its name", [f"no array {wanted - names}"] * bool(wanted - names) + [
        f"an array {name}" for name in ("dhdt", "h_ref", "h_window") if name in names]


def same(tool, shared):
    """The bytes of a store do not depend on how its rows come."""
    paths = granules.ragged(shared, tool.folder / "same", copies=5)
    stated = granules.description(tool, "ATL06", tool.folder, column.STATED, "stated")
    for layout, product in itertools.product(axis.LAYOUTS, ("ATL06", stated)):
        words = ["--by", "month", "--from-date", "2019-04-01", "--to-date", "2021-07-01", "--change", "--moments", "--layout", layout,
                 "--product", product, *axis.OVERVIEWS]
        first = append.tree(tool.cell(paths, CELLS[3], *words).store)
        for title, more, order in (("granules in another order", [], reversed), ("1 MiB of memory", ["--memory", "1"], list),
                                   ("one track at a time", ["--tracks-in-flight", "1"], list), ("all coordinates", ["--exhaustive"], list),
                                   ("both ways", ["--verify"], list)):
            other = append.tree(tool.cell(list(order(paths)), CELLS[3], *words, *more).store)
            yield f"{title}, {len(first)} objects, layout {layout}, {getattr(product, 'stem', product)}", append.apart(first, other)


def demo(tool, shared):
    """The synthetic granules that come with the program: their trend is known."""
    folder = tools.HERE.parents[2] / "crates/cli/demo/change"
    sys.path.append(str(folder))
    import make_change

    yield "the granules of the demo are what their generator makes", make_change.check()
    paths = sorted(folder.glob("*.h5"))
    rows = rows_of(paths, "spherical")
    answer = tool.cell(paths, make_change.CELL, "--by", "cycle", "--change", "--overviews", "11,9")
    spans, wrong = spans_of(windows.spread("cycle", paths)), []
    for order in axis.ORDERS:
        wrong += against_rows(answer, order, expected(rows, make_change.CELL, order, "spherical", spans), True)
    yield "the demo against its rows", wrong
    arrays, child = answer.arrays(), rows[0]
    fitted = np.isfinite(arrays["dhdt"])
    ids = arrays["cell_ids"].astype(int)
    # A trend is that of the ground where the rows are.
    true = np.array([make_change.trend(mine[:, rows_oracle.LAT], mine[:, rows_oracle.LON]).mean()
                     for mine in (rows[1][child == one] for one in ids[fitted])])
    error = arrays["dhdt"][fitted] - true
    inside = (abs(error) <= 2 * arrays["dhdt_se"][fitted]).mean()
    lon, lat = healpy.pix2ang(2**12, ids[fitted], nest=True, lonlat=True)
    past = make_change.trend(lat, (lon + 180) % 360 - 180)
    span = (make_change.CYCLES[-1] - make_change.CYCLES[0]) * 90.819 / 365.25
    naive = (arrays["h_mean"][-1] - arrays["h_mean"][0])[fitted] / span - past
    naive = naive[np.isfinite(naive)]
    wrong = [] if inside >= 0.85 and abs(np.median(error)) < 0.02 else ["the trend is not recovered"]
    if fitted.sum() < 120 or not (arrays["change_edited"] > 0).any() or not (arrays["change_flag"] == 8).any():
        wrong.append("the demo shows no editing, or no line")
    yield (f"the demo's trend: {fitted.sum()} cells from {arrays['dhdt'][fitted].min():.2f} to {arrays['dhdt'][fitted].max():.2f} m/yr, error "
           f"{np.median(abs(error)):.3f} m/yr in the median, within 2 dhdt_se in {inside:.0%}; by the difference of means {np.median(abs(naive)):.2f}, "
           f"{np.percentile(abs(naive), 90):.2f} at the 90th percentile", wrong)
