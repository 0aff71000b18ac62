"""The time axis: windows against the job without, to the bit; coordinates, provenance, ledger; what is refused."""

import datetime
import functools
import itertools
import subprocess
import sys

import h5py
import numpy as np

import granules
import tool as tools
import windows

ORDERS = (12, 11, 9)
OVERVIEWS = ["--overviews", "11,9"]
PERIODS = ("cycle", "month", "quarter", "season", "year")
MODES = ("spherical", "authalic")
LAYOUTS = ("cell", "sphere")


class Jobs:
    """Jobs without windows, each done once."""

    def __init__(self, tool, cell, mode, more=()):
        self.tool, self.cell, self.mode, self.more = tool, cell, mode, more

    @functools.cache
    def of(self, paths):
        """(answer, arrays by order) of a job on these granules; None for the arrays where no cell has data."""
        answer = self.tool.cell(paths, self.cell, "--latitude", self.mode, *OVERVIEWS, *self.more)
        return answer, {order: answer.arrays(order) for order in ORDERS} if answer.store.exists() else None


def coordinates(answer, expected, by):
    """What is wrong with the axis of every order."""
    wrong = []
    days = [[windows.number(day) for day in days] for _, days, _ in expected]
    for order in ORDERS:
        arrays, group = answer.arrays(order), answer.group(order)
        wanted = {"time": [start for start, _ in days], "time_bounds": days}
        if by == "cycle":
            wanted["cycle"] = [int(name) for name, _, _ in expected]
        elif "cycle" in arrays:
            wrong.append(f"order {order}: a coordinate cycle without cycles")
        for name, values in wanted.items():
            kind = "int32" if name == "cycle" else "int64"
            if name not in arrays or arrays[name].tolist() != values or arrays[name].dtype != kind:
                wrong.append(f"order {order}: {name} is {arrays.get(name, np.empty(0))[:3].tolist()}..., not {kind} {values[:3]}...")
                continue
            if name != "cycle" and group[name].attrs.get("units", "days since 1970-01-01") != "days since 1970-01-01":
                wrong.append(f"{name} has the units {group[name].attrs['units']}")
        if group["time"].attrs.get("units") != "days since 1970-01-01" or group["time"].attrs.get("bounds") != "time_bounds":
            wrong.append(f"time has the attributes {dict(group['time'].attrs)}")
        for name in tools.statistics_of(arrays):
            array = group[name]
            if array.metadata.dimension_names != ("time", "cells") or array.shape[0] != len(expected) or array.chunks[0] != 1:
                wrong.append(f"order {order}: {name} has {array.metadata.dimension_names}, {array.shape}, chunks {array.chunks}")
    return wrong


def against_whole(answer, whole, order, arrays):
    """Counts add up to those of the job without windows; extremes are its extremes."""
    wrong = []
    _, tables = whole
    if tables is None:
        return [f"order {order}: counts without any in the job without windows"] if arrays["count"].any() else []
    table = tables[order]
    if not np.array_equal(arrays["count"].sum(0), table["count"]):
        wrong.append(f"order {order}: counts of the windows do not add up")
    for name, extreme in (("h_min", np.fmin), ("h_max", np.fmax)):
        with np.errstate(invalid="ignore"):
            if not tools.equal(extreme.reduce(arrays[name]), table[name]):
                wrong.append(f"order {order}: {name} of the windows is not that of the job without windows")
    return wrong


def against_parts(expected, jobs, order, arrays):
    """Every statistic of a window is that of the job on its granules."""
    wrong = []
    for at, (name, _, paths) in enumerate(expected):
        table = jobs.of(tuple(paths))[1] if paths else None
        names = tools.empty(arrays, at) if table is None else tools.different(arrays, table[order], at)
        if names:
            wrong.append(f"order {order}: window {name} ({len(paths)} granules): {', '.join(names)}")
    return wrong


def ledger(answer, whole, slack=1.05):
    """The same rows as without windows, and hardly more requests and bytes."""
    wrong = []
    ours, theirs = answer.totals, whole[0].totals
    wrong += [f"ledger: {name} is {ours[name]}, not {theirs[name]}" for name in tools.TOTALS if ours[name] != theirs[name]]
    for name in ("requests", "bytes"):
        if ours[name] > slack * theirs[name]:
            wrong.append(f"ledger: {ours[name]} {name}, {theirs[name]} without windows")
    return wrong


def marks(answer, layout, order=12):
    """{window: what the store says of it}, and what is wrong with how it is said."""
    about, wrong = answer.provenance(order), []
    if layout == "cell":
        if about.get("granules") != []:
            wrong.append("granules are listed outside their windows")
        return {mark["window"]: mark for mark in about["windows"]}, wrong
    folder = answer.store / str(order) / "cells" / str(answer.cell)
    if not folder.exists():
        folder = answer.store / "cells" / str(answer.cell)
    import zarr

    static = zarr.open_group(str(folder), mode="r").attrs["icestream"]
    if set(static) & {"granules", "rows"}:
        wrong.append(f"the cell's own mark holds {sorted(static)}")
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            mark = dict(zarr.open_group(str(path), mode="r").attrs["icestream"])
            found[mark.get("window", path.name)] = mark
    return found, wrong


def provenance(answer, expected, by, layout, table):
    """Granules and rows of every window, as the store tells them."""
    found, wrong = marks(answer, layout)
    time = answer.provenance()["time"]
    if time != {"by": by, "windows": [name for name, _, _ in expected]} and by:
        wrong.append(f"the provenance has time {str(time)[:200]}")
    names = [name for name, _, _ in expected]
    if sorted(found) != sorted(names):
        return [*wrong, f"windows with a mark: {sorted(found)}, not {sorted(names)}"]
    for at, (name, _, paths) in enumerate(expected):
        listed = sorted(one["name"] for one in found[name]["granules"])
        if listed != sorted(path.name for path in paths):
            wrong.append(f"window {name}: granules {listed}")
        used = [found[name]["rows"]["used"], sum(one["rows"]["used"] for one in found[name]["granules"]), int(table["count"][at].sum())]
        if len(set(used)) != 1:
            wrong.append(f"window {name}: used {used[0]} by the window, {used[1]} by its granules, {used[2]} in the array")
        if found[name]["partial"]:
            wrong.append(f"window {name} is partial")
    return wrong


def compare(answer, expected, by, layout, jobs):
    """All that can be wrong with a store that has an axis."""
    wrong = coordinates(answer, expected, by)
    inside = tuple(sorted(itertools.chain(*(paths for _, _, paths in expected))))
    whole = jobs.of(inside)
    for order in ORDERS:
        arrays = answer.arrays(order)
        wrong += against_whole(answer, whole, order, arrays) + against_parts(expected, jobs, order, arrays)
    return wrong + ledger(answer, whole) + provenance(answer, expected, by, layout, answer.arrays(12))


def by_periods(tool, shared, paths, cell, mode):
    """(title, what is wrong) for each period and layout."""
    jobs = Jobs(tool, cell, mode)
    for by, layout in itertools.product(PERIODS, LAYOUTS):
        answer = tool.cell(paths, cell, "--latitude", mode, *OVERVIEWS, "--by", by, "--layout", layout)
        expected = windows.spread(by, paths)
        yield f"by {by}, {len(expected)} windows, {mode}, layout {layout}", compare(answer, expected, by, layout, jobs)


def real(tool, shared):
    for cell, mode in ((granules.CELL, "spherical"), (granules.OTHER, "authalic")):
        yield from by_periods(tool, shared, granules.real(shared), cell, mode)


def scattered(tool, shared):
    paths = granules.scattered(shared, tool.folder / "scattered")
    for mode in MODES:
        yield from by_periods(tool, shared, paths, granules.CELL, mode)


def chosen(tool, shared):
    """Windows one by one, and dates."""
    paths = granules.scattered(shared, tool.folder / "chosen")
    days = lambda *texts: [tuple(map(datetime.date.fromisoformat, text.split("/"))) for text in texts]

    def inside(spans):
        return [(f"{a}/{b}", (a, b), [path for path in paths if a <= windows.told(path)[0].date() < b]) for a, b in spans]

    one_by_one = ("2019-04-16/2019-04-25", "2019-06-21/2019-06-22", "2020-01-01/2020-03-01", "2020-03-01/2021-01-01")
    months = windows.calendar("month", datetime.date(2019, 6, 1), datetime.date(2019, 11, 1))
    from_season = windows.calendar("season", datetime.date(2020, 3, 1), max(windows.told(path)[0].date() for path in paths))
    cases = [
        ("--windows, out of order and with gaps", ["--windows", ",".join(reversed(one_by_one))], None, inside(days(*one_by_one))),
        ("--windows of 1 day at a granule's midnight", ["--windows", "2020-02-29/2020-03-01"], None, inside(days("2020-02-29/2020-03-01"))),
        ("--from-date and --to-date without windows", ["--from-date", "2019-06-21", "--to-date", "2020-02-29"], None,
         inside(days("2019-06-21/2020-02-29"))),
        ("by month with dates in the middle of months", ["--by", "month", "--from-date", "2019-06-20", "--to-date", "2019-11-02"], "month",
         inside(months)),
        ("by season from a date", ["--by", "season", "--from-date", "2020-04-30"], "season", inside(from_season)),
        ("by cycle with dates", ["--by", "cycle", "--from-date", "2019-07-01", "--to-date", "2019-12-31"], "cycle",
         [one for one in windows.spread("cycle", paths) if one[0] in ("4", "5", "6")]),
        ("--windows of cycles", ["--windows", "9,4"], "cycle", [one for one in windows.spread("cycle", paths) if one[0] in ("4", "9")]),
    ]
    for mode, layout in (("spherical", "cell"), ("authalic", "sphere")):
        jobs = Jobs(tool, granules.CELL, mode)
        for title, words, by, expected in cases:
            answer = tool.cell(paths, granules.CELL, "--latitude", mode, *OVERVIEWS, *words, "--layout", layout)
            wrong = compare(answer, expected, by, layout, jobs)
            out = {path.name for path in paths} - {path.name for _, _, found in expected for path in found}
            listed = {one["granule"] for one in answer.ledger["granules"] if one.get("outside_windows") is True}
            if listed != out:
                wrong.append(f"granules outside of the windows: {sorted(listed)}, not {sorted(out)}")
            wrong += [f"{one['granule']} is outside of the windows, and {one['bytes']} bytes of it were read"
                      for one in answer.ledger["granules"] if one.get("outside_windows") and (one["bytes"] or one["requests"])]
            yield f"{title}, {mode}, layout {layout}", wrong


def flags(tool, shared):
    """Windows of jobs with other rows, children and layouts."""
    paths = granules.scattered(shared, tool.folder / "flags", 5)
    expected = windows.spread("cycle", paths)
    for layout, more in itertools.product(LAYOUTS, (
            ["--min-count", "5"], ["--beams", "strong"], ["--direction", "ascending"], ["--keep", "atl06_quality_summary any"],
            ["--keep", "none", "--value", "dem/dem_h", "--statistics", "count,min,max,mean,q50"], ["--memory", "1"], ["--exhaustive"])):
        statistics = None if "--statistics" in more else tools.STATISTICS
        answer = tool.cell(paths, granules.CELL, *OVERVIEWS, "--by", "cycle", "--layout", layout, *more, statistics=statistics)
        wrong = []
        for at, (name, _, few) in enumerate(expected):
            part = few and tool.cell(few, granules.CELL, *OVERVIEWS, *more, statistics=statistics)
            for order in ORDERS:
                arrays = answer.arrays(order)
                names = tools.different(arrays, part.arrays(order), at) if few and part.store.exists() else tools.empty(arrays, at)
                wrong += [f"order {order}: window {name}: {', '.join(names)}"] * bool(names)
        yield f"{' '.join(more)}, {answer.totals['used']} rows, layout {layout}", wrong


def full(tool, shared):
    """Full-size granules, of which only parts are read: four of them, in eight cycles. Their times from a column, too."""
    made = tool.folder / "made"
    subprocess.run([sys.executable, shared / "tools/make_granules.py", shared / "data/atl06", made, "4"], check=True, stdout=subprocess.PIPE)
    real, cell = sorted(made.glob("ATL06_*.h5")), -4113311
    patterns = [0b1111, 0b0110, 0b1001, 0b0000, 0b1100, 0b0011, 0b0101, 0b1110]
    paths = sorted(granules.later(path, tool.folder / "later", n) for n, pattern in enumerate(patterns)
                   for k, path in enumerate(real) if pattern >> k & 1)
    for mode, layout in (("spherical", "cell"), ("authalic", "sphere")):
        jobs = Jobs(tool, cell, mode)
        for by in ("cycle", "quarter"):
            answer = tool.cell(paths, cell, "--latitude", mode, *OVERVIEWS, "--by", by, "--layout", layout)
            expected = windows.spread(by, paths)
            read = {name: f"{answer.totals[name] / jobs.of(tuple(paths))[0].totals[name]:.3f}" for name in ("requests", "bytes")}
            yield (f"full-size granules by {by}, {len(expected)} windows, {mode}, layout {layout}, {answer.totals['used']:,} rows, times "
                   f"what is read without windows: {read}", compare(answer, expected, by, layout, jobs))
    # All copies of a granule have its own times.
    product = granules.description(tool, "ATL06", tool.folder, '{ column = "delta_time", epoch = "2018-01-01T00:00:00Z" }')
    few = tuple(real)
    with h5py.File(few[0]) as file:
        first = file["gt1l/land_ice_segments/delta_time"][0]
    day = datetime.date(2018, 1, 1) + datetime.timedelta(days=int(first // 86400))
    whole = Jobs(tool, cell, "spherical").of(few)
    answer = tool.cell(few, cell, *OVERVIEWS, "--product", product, "--by", "year", "--from-date", day - datetime.timedelta(days=400),
                       "--to-date", day + datetime.timedelta(days=400))
    wrong = [finding for order in ORDERS for finding in against_whole(answer, whole, order, answer.arrays(order))]
    yield f"full-size granules, times from a column, {answer.totals['used']:,} rows", wrong


def refused(tool, shared):
    """What must not be done, and must be said clearly."""
    paths = granules.real(shared)
    gedi = sorted((shared / "data/products").glob("GEDI02_A_*.h5"))
    nameless = granules.renamed_plainly(paths[0], tool.folder / "nameless.h5")
    silent = granules.edited(paths[0], tool.folder / "silent", "silent.h5", lambda file: file["ancillary_data"].pop("data_start_utc"))
    dates = ["--from-date", "2019-04-01", "--to-date", "2019-05-01"]
    cases = [
        ("overlapping windows", paths, ["--windows", "2019-04-01/2019-05-01,2019-04-30/2019-06-01"], ["overlap"]),
        ("one window twice", paths, ["--windows", "2019-04-01/2019-05-01,2019-04-01/2019-05-01"], ["overlap"]),
        ("one cycle twice", paths, ["--windows", "3,3"], ["overlap"]),
        ("a window that ends before it begins", paths, ["--windows", "2019-05-01/2019-04-01"], ["2019-05-01/2019-04-01"]),
        ("an empty window", paths, ["--windows", "2019-05-01/2019-05-01"], ["2019-05-01/2019-05-01"]),
        ("a day that does not exist", paths, ["--windows", "2019-02-29/2019-04-01"], ["2019-02-29"]),
        ("a thirteenth month", paths, ["--by", "month", "--from-date", "2019-13-01"], ["2019-13-01"]),
        ("windows and dates", paths, ["--windows", "2019-04-01/2019-05-01", *dates], ["from_date"]),
        ("windows that are no months", paths, ["--by", "month", "--windows", "2019-04-02/2019-05-01"], ["month"]),
        ("no time at all", paths, ["--by", "month", "--from-date", "2019-05-01", "--to-date", "2019-05-01"], ["2019-05-01"]),
        ("too many windows", paths, ["--by", "month", "--from-date", "1900-01-01"], ["1000"]),
        ("cycles of a product without", gedi, ["--product", "GEDI02_A", "--by", "cycle"], ["GEDI02_A", "cycle"]),
        ("cycles by --windows of a product without", gedi, ["--product", "GEDI02_A", "--windows", "3"], ["GEDI02_A", "cycle"]),
        ("names that tell nothing, by cycle", [nameless], ["--by", "cycle"], ["name", "cycle"]),
        ("names that tell nothing, by cycle with dates", [nameless], ["--by", "cycle", *dates], ["name", "cycle"]),
        ("names that tell nothing, by month without dates", [nameless], ["--by", "month"], ["name", "from_date"]),
        ("no name and no data_start_utc", [silent], ["--by", "month", *dates], ["data_start_utc", "silent.h5"]),
    ]
    for title, files, words, wanted in cases:
        yield title, tool.refused(files, granules.CELL, words, wanted)


def above(tool, shared):
    """Levels above the parents have the axis too, or the command says that it does not make them."""
    paths = granules.scattered(shared, tool.folder / "above", 5)
    for more in ([], ["--change", "--moments"]):
        answer = tool.cell(paths, granules.CELL, "--by", "cycle", "--layout", "sphere", *more)
        done = tool.call("overviews", answer.store, "--to", "4")
        if done.returncode:
            wrong = [] if done.returncode in (2, 5) else [f"exit code {done.returncode}: {done.stderr[:200]}"]
        else:
            ours, theirs = (answer.group(order)["count"] for order in (12, 4))
            wrong = [] if ours.ndim == theirs.ndim else [f"count of order 4 has the shape {theirs.shape}, of order 12 {ours.shape}"]
            if not wrong and not np.array_equal(theirs[...].sum(1), answer.arrays()["count"].sum(1)):
                wrong.append("counts of the windows are not those of order 12")
        yield f"overviews above the parents {' '.join(more)}", wrong


def nameless(tool, shared):
    """Granules whose names tell nothing are in the window of their data_start_utc."""
    folder = tool.folder / "plain"
    folder.mkdir(exist_ok=True)
    real = granules.real(shared)
    paths = [granules.renamed_plainly(path, folder / f"granule_{n}.h5") for n, path in enumerate(real)]
    days = [datetime.date.fromisoformat(granules.start_utc(path)[:10]) for path in paths]
    each = {path: tool.cell([path], granules.CELL).totals for path in paths}
    for layout, (first, after) in itertools.product(LAYOUTS, (("2019-03-01", "2019-08-01"), ("2019-04-20", "2019-05-01"))):
        spans = windows.calendar("month", *(datetime.date.fromisoformat(text) for text in (first, after)))
        spans = [span for span in spans if span[0] < datetime.date.fromisoformat(after)]
        expected = [(f"{a}/{b}", (a, b), [path for path, day in zip(paths, days) if a <= day < b]) for a, b in spans]
        answer = tool.cell(paths, granules.CELL, *OVERVIEWS, "--by", "month", "--from-date", first, "--to-date", after, "--layout", layout)
        jobs = Jobs(tool, granules.CELL, "spherical")
        inside = tuple(path for _, _, found in expected for path in found)
        arrays = answer.arrays(12)
        wrong = against_whole(answer, jobs.of(inside), 12, arrays) + against_parts(expected, jobs, 12, arrays)
        # Their rows are read before their time is known, and counted.
        out = sum(granule["in_parent"] for path, granule in each.items() if path not in inside)
        counted = [answer.totals.get("outside_windows", 0)]
        if layout == "cell":
            counted.append(answer.provenance()["rows"].get("outside_windows", 0))
        if set(counted) != {out}:
            wrong.append(f"rows outside of the windows: {counted}, not {out}")
        yield f"time of data_start_utc, {first} to {after}, layout {layout}", wrong


def opened(tool, shared):
    """The three lines of the README, and what people do next."""
    import xarray as xr
    import xdggs

    paths = granules.scattered(shared, tool.folder / "opened")
    for layout in LAYOUTS:
        answers = {by: tool.cell(paths, granules.CELL, "--by", by, "--layout", layout) for by in ("month", "cycle")}
        stores = {by: answer.store for by, answer in answers.items()}
        wrong = []
        ds = xdggs.decode(xr.open_zarr(str(stores["month"]), group="12"))
        april = ds.sel(time="2019-04")
        if april.sizes["time"] != 1 or str(april.time.values[0])[:10] != "2019-04-01":
            wrong.append(f"sel(time='2019-04') gives {april.time.values}")
        if "time_bounds" not in ds.coords:
            wrong.append("time_bounds is no coordinate")
        ds = xdggs.decode(xr.open_zarr(str(stores["cycle"]), group="12"))
        if "cycle" not in ds.coords:
            wrong.append("cycle is no coordinate")
        by_cycle = ds.swap_dims(time="cycle").sel(cycle=5)
        in_cycle = ds.sel(time="2019-10-31", method="ffill")
        cells = {"cells": slice(answers["cycle"].span(12).start, answers["cycle"].span(12).stop) if layout == "sphere" else slice(None)}
        for name, one in (("swap_dims(time='cycle').sel(cycle=5)", by_cycle), ("sel(time='2019-10-31', method='ffill')", in_cycle)):
            if not np.array_equal(one["count"].isel(cells).values, ds["count"].isel(time=2, **cells).values):
                wrong.append(f"{name} is not the third window")
        if layout == "cell":
            centres = ds.dggs.cell_centers()
            if centres.latitude.shape != ds.cell_ids.shape:
                wrong.append("cell_centers() has another shape")
        yield f"the three lines, sel, swap_dims, ffill, layout {layout}", wrong
