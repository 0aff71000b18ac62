"""Time of each row: ATL11 by its cycles and its delta_time, columns of users' products, files of GEDI by their names."""

import datetime
import itertools
import shutil

import h5py
import numpy as np

import axis
import granules
import tool as tools
import windows

import cases        # of tests/python/products
import cf
import grid
import oracle

EPOCH = datetime.datetime(2018, 1, 1)
ATL06, ATL11 = "gt1l/land_ice_segments/delta_time", "ATL11_078805_0304_02_v002.h5"
STATED = '{ column = "delta_time", epoch = "2018-01-01T00:00:00Z" }'
UNSTATED = '{ column = "delta_time" }'
MIDNIGHT = (datetime.datetime(2019, 5, 1) - EPOCH).total_seconds()
NO_TIME = -2e9      # days of a row whose time is a fill value
EXACT = {"count", "min", "max", "q05", "q25", "q50", "q75", "q95"}


# ---------------------------------------------------------------------------------------------------- rows, as they are
class Rows:
    """All rows of a file that lie in a parent: child, whether they count, value, sigma, weight, days since 1970-01-01, cycle."""

    def __init__(self, parent, mode):
        self.parent, self.mode, self.parts = parent, mode, []

    def add(self, path, product, time, cycle):
        """`time(group)` gives (column, missing) in seconds since 2018, or one number."""
        with h5py.File(path) as file:
            for track in oracle.tracks(path, product):
                group = oracle.track_group(file, product, track.name)
                seconds, missing = time(group)
                seconds = np.where(missing, np.nan, seconds) + np.zeros(len(track.lat))
                child = track.children(self.mode)
                inside = child >> 2 * (oracle.CHILD_ORDER - 6) == self.parent
                days = np.floor(seconds / 86400) + windows.number(EPOCH.date())
                days = np.where(missing, NO_TIME, np.where(np.isfinite(days), days, -1e9))
                columns = (child, track.open, track.value, track.sigma, track.weight, days, np.full(len(child), cycle))
                self.parts.append([column[inside] for column in columns])
        return self

    def table(self, chosen):
        """(rows in the parent, table of the rows that count) where `chosen(days, cycle)` says so."""
        child, good, value, sigma, weight, days, cycle = (np.concatenate(column) for column in zip(*self.parts))
        inside = chosen(days, cycle)
        take = inside & good
        table = {int(number): oracle.statistics(*(column[take & (child == number)] for column in (value, sigma, weight)), True)
                 for number in np.unique(child[take])}
        return int(inside.sum()), table


def read_time(path, index=None):
    """How a column of time is read: fill values and numbers that are none have no time."""
    return lambda group: cf.quantity(group, path if index is None else {"column": path, "index": index})


def atl11_rows(path, parent, mode):
    found = Rows(parent, mode)
    with h5py.File(path) as file:
        numbers = file["pt2/corrected_h/cycle_number"][:].tolist()
    for index, cycle in enumerate(numbers):
        found.add(path, cases.atl11(cycle), read_time("delta_time", index), cycle)
    return found


# ---------------------------------------------------------------------------------------------------------- comparison
def steps(a, b):
    """Distance of f32 in representable numbers."""
    places = [np.asarray(x, np.float32).view(np.int32).astype(np.int64) for x in (a, b)]
    one, other = (np.where(place < 0, -(place & 0x7FFFFFFF), place) for place in places)
    return np.abs(one - other)


def against_rows(answer, spans, rows, counted=True):
    """What is wrong with the windows of a store: `spans` has (name, which rows). `counted`: rows in no window are read, and counted."""
    if not answer.store.exists():
        return [f"there is no store, and rows in window {name}" for name, chosen in spans if rows.table(chosen)[1]]
    arrays, wrong, inside = answer.arrays(), [], 0
    first = answer.span(12).start
    for at, (name, chosen) in enumerate(spans):
        in_window, table = rows.table(chosen)
        inside += in_window
        children = np.array(sorted(table), int) - first
        filled = np.flatnonzero(arrays["count"][at])
        if not np.array_equal(filled, children):
            wrong.append(f"window {name}: {len(filled)} children with rows, not {len(children)}")
            continue
        for statistic in tools.STATISTICS.split(","):
            got = arrays["count" if statistic == "count" else f"h_{statistic}"][at]
            wanted = np.array([table[child + first][statistic] for child in children], np.float32)
            same = steps(got[children].astype("f4"), wanted) <= (statistic not in EXACT)
            if not same.all():
                bad = np.flatnonzero(~same)[0]
                wrong.append(f"window {name}: {statistic} of {(~same).sum()} of {len(children)} children, "
                             f"{got[children][bad]!r} instead of {wanted[bad]!r}")
            elif statistic != "count" and np.isfinite(np.delete(got, children)).any():
                wrong.append(f"window {name}: {statistic} where no row counts")
    total = rows.table(lambda days, cycle: np.ones(len(days), bool))[0] if counted else inside
    if any("/" in name for name, _ in spans):       # by cycle a row needs no time
        missing = rows.table(lambda days, cycle: days == NO_TIME)[0]
        total -= missing
        if answer.totals["fill"] < missing:
            wrong.append(f"ledger: {answer.totals['fill']} fill values, and {missing} rows have no time")
    outside = answer.totals.get("outside_windows", 0)
    if outside != total - inside:
        wrong.append(f"ledger: {outside} rows outside of the windows, not {total - inside}")
    stored = answer.provenance().get("rows", {}).get("outside_windows", 0)
    if answer.provenance().get("windows") and stored != total - inside:
        wrong.append(f"provenance: rows.outside_windows is {stored}, not {total - inside}")
    return wrong


def days_of(spans):
    """Windows of days as `against_rows` wants them."""
    made = []
    for a, b in spans:
        first, after = windows.number(a), windows.number(b)
        made.append((f"{a}/{b}", lambda days, cycle, first=first, after=after: (days >= first) & (days < after)))
    return made


# ---------------------------------------------------------------------------------------------------------------- ATL11
def atl11(tool, shared):
    path = shared / "data/products" / ATL11
    rearranged = published(path, tool.folder / "ATL11_078805_0304_002_01.h5")
    for mode, file in itertools.product(axis.MODES, (path, rearranged)):
        parents = oracle.parents(path, cases.atl11(3), mode)
        for parent, layout in zip(parents, itertools.cycle(axis.LAYOUTS)):
            cell, rows = grid.decimal(6, parent), atl11_rows(path, parent, mode)
            words = ["--product", "ATL11", "--latitude", mode, "--layout", layout]
            answer = tool.cell([file], cell, *words, "--by", "cycle")
            spans = [(str(n), lambda days, cycle, n=n: cycle == n) for n in (3, 4)]
            wrong = against_rows(answer, spans, rows)
            if answer.arrays().get("cycle", np.empty(0)).tolist() != [3, 4]:
                wrong.append("the cycles are not 3 and 4")
            yield f"{file.name} by cycle, {cell}, {mode}, layout {layout}", wrong
            dates = (datetime.date(2019, 3, 29), datetime.date(2019, 9, 30))
            months = windows.calendar("month", *dates)
            answer = tool.cell([file], cell, *words, "--by", "month", "--from-date", dates[0], "--to-date", dates[1])
            yield f"{file.name} by month, {cell}, {mode}, layout {layout}", against_rows(answer, days_of(months), rows)
            answer = tool.cell([file], cell, *words, "--by", "cycle", "--windows", "4")
            # Columns of other cycles are not read.
            yield f"{file.name}, cycle 4 alone, {cell}, {mode}, layout {layout}", against_rows(answer, spans[1:], rows, counted=False)
    yield from differences(tool, path)
    dates = ["--from-date", "2019-03-29", "--to-date", "2019-09-30"]
    cell = grid.decimal(6, oracle.parents(path, cases.atl11(3), "spherical")[0])
    yield "without windows a cycle must be chosen", tool.refused([path], cell, ["--product", "ATL11"], ["--cycle"])
    yield "a cycle that the file does not have is an empty window", absent(tool, path, cell)


def published(path, copy):
    """The columns in the track itself, as published releases have them."""
    with h5py.File(path) as old, h5py.File(copy, "w") as new:
        for name in old:
            if name.startswith("pt"):
                track = new.create_group(name)
                for column in old[name]["corrected_h"]:
                    old.copy(old[name]["corrected_h"][column], track, column)
    return copy


def absent(tool, path, cell):
    answer = tool.cell([path], cell, "--product", "ATL11", "--windows", "4,9")
    arrays = answer.arrays()
    wrong = [f"{name} is not empty" for name in tools.empty(arrays, 1)]
    return wrong + ([] if arrays["count"][0].any() else ["cycle 4 is empty"])


def differences(tool, path):
    """Means of cycle 4 less those of cycle 3: the median of 108 children is -0.8434 m."""
    found = []
    for parent in oracle.parents(path, cases.atl11(3), "spherical", 99, 0):
        answer = tool.cell([path], grid.decimal(6, parent), "--product", "ATL11", "--by", "cycle")
        if answer.store.exists():
            means = answer.arrays()["h_unweighted_mean"].astype("f8")
            found.append((means[1] - means[0])[np.isfinite(means).all(0)])
    found = np.concatenate(found)
    wrong = [] if len(found) == 108 and abs(np.median(found) + 0.8434) < 5e-5 else [f"{len(found)} children, median {np.median(found):.4f} m"]
    yield "ATL11, cycle 4 - 3: -0.8434 m in the median of 108 children", wrong


# ------------------------------------------------------------------------------------------------- columns of users' products
def straddling(file):
    """Rows of each beam are taken from 3 s before a midnight to 3 s after; one of them at midnight itself, one a microsecond before."""
    for number, beam in enumerate(granules.BEAMS):
        times = file[f"{beam}/land_ice_segments/delta_time"]
        values = MIDNIGHT + np.linspace(-3, 3, len(times)) * (-1 if number % 2 else 1)
        middle = len(times) // 2
        values[middle - 1:middle + 2] = [MIDNIGHT, MIDNIGHT - 1e-6, MIDNIGHT]
        times[:] = values


def without_time(file):
    """Rows that straddle, of which some have no time: fill values and numbers that are none."""
    straddling(file)
    for beam in granules.BEAMS:
        times = file[f"{beam}/land_ice_segments/delta_time"]
        fill = np.finfo("f8").max
        times.attrs["_FillValue"] = fill
        for step, value in ((7, fill), (11, np.nan), (13, np.inf), (17, -np.inf), (19, 1e300)):
            times[::step] = value


def units(text):
    def change(file):
        for beam in granules.BEAMS:
            attributes = file[f"{beam}/land_ice_segments/delta_time"].attrs
            if text is None:
                del attributes["units"]
            else:
                attributes["units"] = np.bytes_(text)
    return change


def atl06_rows(paths, mode):
    found = Rows(grid.nested(granules.CELL)[1], mode)
    for path in paths:
        found.add(path, cases.BUILT_IN["ATL06"], read_time("delta_time"), windows.told(path)[1])
    return found


def users(tool, shared):
    real = granules.real(shared)
    stated = granules.description(tool, "ATL06", tool.folder, STATED, "stated")
    unstated = granules.description(tool, "ATL06", tool.folder, UNSTATED, "unstated")
    spring = windows.calendar("month", datetime.date(2019, 4, 1), datetime.date(2019, 6, 30))
    halves = [(datetime.date(2019, 4, 30), datetime.date(2019, 5, 1)), (datetime.date(2019, 5, 2), datetime.date(2019, 6, 1))]
    words = ["--by", "month", "--from-date", "2019-04-01", "--to-date", "2019-06-30"]
    made = {"as it is": real}
    for title, change in (("rows straddle a midnight", straddling), ("rows without a time", without_time)):
        folder = tool.folder / change.__name__
        made[title] = [granules.edited(path, folder, path.name, change) for path in real]
    for (title, paths), mode, layout, product in itertools.product(made.items(), axis.MODES, axis.LAYOUTS, (stated, unstated)):
        rows = atl06_rows(paths, mode)
        more = ["--product", product, "--latitude", mode, "--layout", layout]
        name = f"{title}, {mode}, layout {layout}, epoch {product.stem}"
        yield f"{name}, by month", against_rows(tool.cell(paths, granules.CELL, *more, *words), days_of(spring), rows)
        if product == stated:
            chosen = ["--windows", ",".join(f"{a}/{b}" for a, b in halves)]
            yield f"{name}, --windows", against_rows(tool.cell(paths, granules.CELL, *more, *chosen), days_of(halves), rows)
            spans = [("3", lambda days, cycle: cycle == 3)]
            yield f"{name}, by cycle", against_rows(tool.cell(paths, granules.CELL, *more, "--by", "cycle"), spans, rows)
    yield "a column of time gives what names give", [
        f"order {order}: {', '.join(names)}" for order in axis.ORDERS
        if (names := tools.different(*(tool.cell(real, granules.CELL, *axis.OVERVIEWS, *words, "--product", product).arrays(order)
                                       for product in (stated, "ATL06"))))]
    yield from stating(tool, real[0], stated, unstated, words)


def stating(tool, path, stated, unstated, words):
    """Units that state an epoch, and units that do not."""
    wanted = tool.cell([path], granules.CELL, "--product", stated, *words).arrays()
    for n, text in enumerate(("seconds since 2018-01-01", "seconds since 2018-01-01T00:00:00Z", "seconds since 2018-01-01 00:00:00",
                              "seconds since 2018-01-01 00:00:00.000000 UTC", "seconds since 2018-01-01T00:00:00.000000Z")):
        file = granules.edited(path, tool.folder / f"units {n}", path.name, units(text))
        wrong = tools.different(tool.cell([file], granules.CELL, "--product", unstated, *words).arrays(), wanted)
        yield f"units {text}", wrong
    for n, text in enumerate(("seconds", None, "days since 2018-01-01", "seconds since launch", "")):
        file = granules.edited(path, tool.folder / f"no epoch {n}", path.name, units(text))
        yield f"units {text}: no epoch", tool.refused([file], granules.CELL, ["--product", unstated, *words], ["delta_time", "epoch"])
    # What the description says of the epoch says nothing of days, hours and minutes.
    for text in ("days since 2018-01-01", "hours since 2018-01-01", "milliseconds"):
        file = granules.edited(path, tool.folder / text.split()[0], path.name, units(text))
        yield f"units {text}: no seconds", tool.refused([file], granules.CELL, ["--product", stated, *words], ["delta_time", "seconds"])
    absent = granules.description(tool, "ATL06", tool.folder, '{ column = "when", epoch = "2018-01-01" }', "absent")
    yield "a column that is not there", tool.refused([path], granules.CELL, ["--product", absent, *words], ["when"])
    for title, time in (("an epoch that is no moment", '{ column = "delta_time", epoch = "yesterday" }'), ("a time that is no time", '"now"')):
        wrong = granules.description(tool, "ATL06", tool.folder, time, "wrong")
        yield title, tool.refused([path], granules.CELL, ["--product", wrong, *words], ["time"])
    later = granules.description(tool, "ATL06", tool.folder, '{ column = "delta_time", epoch = "2019-01-01T00:00:00Z" }', "later")
    moved = tool.cell([path], granules.CELL, "--product", later, "--by", "month", "--from-date", "2020-04-01", "--to-date", "2020-05-01").arrays()
    yield "an epoch a year later", [] if np.array_equal(moved["count"][0], wanted["count"][0]) else ["the rows are not a year later"]


# ----------------------------------------------------------------------------------------------------------------- GEDI
def gedi(tool, shared):
    """Files of GEDI by month, by the year and day of the year in their names."""
    for pattern, product in (("GEDI02_A_*.h5", "GEDI02_A"), ("GEDI02_B_*.h5", "GEDI02_B")):
        (path,) = (shared / "data/products").glob(pattern)
        described = cases.BUILT_IN[product]
        cell = grid.decimal(6, oracle.parents(path, described, "spherical")[0])
        folder = tool.folder / product
        folder.mkdir()
        tail = path.name.split("_", 3)[3]
        copies = []
        for day in (datetime.date(2019, 12, 31), datetime.date(2020, 2, 29), datetime.date(2020, 3, 1), datetime.date(2020, 12, 31)):
            copies.append((day, folder / f"{product}_{day:%Y%j}235959_{tail}"))
            shutil.copy(path, copies[-1][1])
        files = [copy for _, copy in copies]
        months = windows.calendar("month", copies[0][0], copies[-1][0])
        one = tool.cell(files[:1], cell, "--product", product, statistics=None).arrays()
        for by, words in (("month", []), ("--windows", ["--windows", "2020-02-29/2020-03-01,2020-12-31/2021-01-01"])):
            words = words or ["--by", by]
            spans = months if by == "month" else [(datetime.date(2020, 2, 29), datetime.date(2020, 3, 1)), (datetime.date(2020, 12, 31), datetime.date(2021, 1, 1))]
            arrays = tool.cell(files, cell, "--product", product, *words, statistics=None).arrays()
            wrong = [] if arrays["count"].shape[0] == len(spans) else [f"{arrays['count'].shape[0]} windows, not {len(spans)}"]
            for at, (a, b) in enumerate(spans[:arrays["count"].shape[0]]):
                names = tools.different(arrays, one, at) if any(a <= day < b for day, _ in copies) else tools.empty(arrays, at)
                wrong += [f"window {a}/{b}: {', '.join(names)}"] * bool(names)
            yield f"{product}, {by}, {int(one['count'].sum())} rows a copy", wrong
