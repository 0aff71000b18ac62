#!/usr/bin/env python3
"""Height change of hostile cells against NumPy and statsmodels, from the rows themselves.

usage: oracle.py --command ESTIMATE       (cargo build --release -p change --example estimate)

The command sees the rows of each cell and reduces them to moments. Here every number comes from the rows: fits by
numpy.linalg.lstsq, the jackknife by fitting again without the rows of an overpass, editing by residuals of rows, windows by
one column for each, the clustered covariance by statsmodels. Numbers agree within 1e-9: coefficients, heights and errors
relative to themselves, a covariance to the two variances it belongs to.

Two things are lost when moments are stored in f64, and allowed for. Means are rounded, positions to 1e-9 m and heights to
1.2e-10 m at a million metres: that shows where the ground is steep or the heights are great (ROUNDED). And of the sum of
squared heights 1e-15 are lost, which limits the rmse where it is less than a thousandth of the spread of the heights.
"""

import argparse
import json
import math
import subprocess
import sys

import numpy as np
import statsmodels.api as sm

TOLERANCE = 1e-9
ROUNDED = {"two overpasses", "steep ground", "a cliff", "heights a million metres up", "heights a million metres down",
           "rows 3 m beside a line", "no noise at all"}
CELL, CENTRE_LON, CENTRE_LAT, OVERPASS, WINDOW, LON, LAT, T, H = range(9)
MIN_PIVOT, MIN_METRES, MIN_YEARS = 1e-12, 1e-6, 1e-5      # what determines a coefficient, as the crate says
PI = np.longdouble("3.14159265358979323846264338327950288")


# --- the oracle


def ecef(lon, lat):
    """Earth-fixed metres on WGS84, in extended precision: the rounding that is compared is the command's."""
    lon, lat = (np.asarray(x, np.longdouble) * PI / 180 for x in (lon, lat))
    f = 1 / np.longdouble("298.257223563")
    e2 = f * (2 - f)
    n = np.longdouble(6378137) / np.sqrt(1 - e2 * np.sin(lat) ** 2)
    return np.stack([n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (1 - e2) * np.sin(lat)], -1)


def east_north(rows):
    """Metres from the centre on the plane that touches the ellipsoid there."""
    lon, lat = (np.longdouble(x) * PI / 180 for x in rows[0, [CENTRE_LON, CENTRE_LAT]])
    step = ecef(rows[:, LON], rows[:, LAT]) - ecef(*rows[0, [CENTRE_LON, CENTRE_LAT]])
    east = np.array([-np.sin(lon), np.cos(lon), 0])
    north = np.array([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    return (step @ np.stack([east, north], -1)).astype("f8")


def place(rows):
    """Coordinates of the fit: e and n, one along the line where rows lie on one, none where they are in one place."""
    both = east_north(rows)
    values, vectors = np.linalg.eigh(np.cov(both.T, bias=True).reshape(2, 2))
    if values[0] >= 1:
        return both
    return both @ vectors[:, 1:] if values[1] >= 1 else both[:, :0]


def determined(columns, base, least):
    """Whether each column is more than a combination of the base and the columns before it."""
    for i, floor in enumerate(least):
        column = columns[:, i] - columns[:, i].mean()
        before = np.column_stack([base, columns[:, :i]])
        before = before / np.maximum(np.sqrt((before**2).mean(0)), 1e-300)
        rest = column - before @ np.linalg.lstsq(before, column)[0]
        if not (rest @ rest >= MIN_PIVOT * (column @ column) and rest @ rest >= floor**2 * len(rest)):
            return False
    return True


def fit(base, columns, h, least):
    """Coefficients of the base and the columns, and residuals; None where they are not determined."""
    if not len(h) or not determined(columns, base, least):
        return None
    middle = h[len(h) // 2]
    centre = columns.mean(0)
    scale = np.maximum(columns.std(0), 1e-300)
    design = np.column_stack([base, (columns - centre) / scale])
    found = np.linalg.lstsq(design, h - middle, rcond=None)[0]
    residuals = h - middle - design @ found
    slopes = found[base.shape[1]:] / scale
    return np.concatenate([found[: base.shape[1]] + (middle - slopes @ centre), slopes]), residuals


def trend(rows, where):
    columns = np.column_stack([where, rows[:, T]])
    return fit(np.ones((len(rows), 1)), columns, rows[:, H], [MIN_METRES] * where.shape[1] + [MIN_YEARS])


def means(values, overpass):
    return np.array([values[overpass == g].mean() for g in np.unique(overpass)])


def edited(rows):
    """Rows of the overpasses that editing keeps."""
    for _ in range(10):
        found = trend(rows, place(rows))
        if found is None:
            break
        overpass = np.unique(rows[:, OVERPASS])
        residuals = means(found[1], rows[:, OVERPASS])
        off = abs(residuals - np.median(residuals))
        bad = overpass[off > max(5 * 1.48 * np.median(off), 0.5)]
        rest = rows[~np.isin(rows[:, OVERPASS], bad)]
        if not len(bad) or trend(rest, place(rest)) is None:
            break
        rows = rest
    return rows


def jackknife(differences):
    d = np.array(differences)
    return (len(d) - 1) / len(d) * d.T @ d


def window_fit(rows, where, windows):
    """{window: height at the origin}, slopes."""
    inside = rows[:, WINDOW] < windows
    rows, where = rows[inside], where[inside]
    seen = np.unique(rows[:, WINDOW])
    if not len(seen):
        return None
    base = (rows[:, WINDOW][:, None] == seen).astype("f8")
    # About the means of the windows: what all their columns leave of a coordinate.
    about = where - base @ np.linalg.lstsq(base, where, rcond=None)[0]
    if not determined(about, np.ones((len(rows), 1)), [MIN_METRES] * where.shape[1]):
        return None
    found = fit(base, where, rows[:, H], [])
    return dict(zip(seen.astype(int), found[0])), found[0][len(seen):]


def window_heights(rows, where, windows, residuals):
    nothing = [None] * windows, [None] * windows
    whole = window_fit(rows, where, windows)
    if whole is None:
        return nothing
    inside = rows[rows[:, WINDOW] < windows]
    others = [window_fit(rows[rows[:, OVERPASS] != g], where[rows[:, OVERPASS] != g], windows) for g in np.unique(inside[:, OVERPASS])]
    of_overpasses = means(residuals, rows[:, OVERPASS])
    free = len(of_overpasses) - 2
    heights, errors = nothing
    for window, height in whole[0].items():
        mine = rows[:, WINDOW] == window
        heights[window] = height
        if None not in others and free > 0:
            g = where[mine].mean(0)
            covariance = jackknife([other[1] - whole[1] for other in others])
            variance = of_overpasses @ of_overpasses / free / len(np.unique(rows[mine, OVERPASS])) + g @ covariance @ g
            errors[window] = math.sqrt(variance)
    return heights, errors


def oracle(rows, windows=0, edit=True, min_overpasses=5, min_span=0.5, max_rmse=None):
    answer = dict.fromkeys(["dhdt", "dhdt_se", "h_ref", "h_ref_se", "slope_east", "slope_north", "rmse"])
    answer |= {"h_window": [None] * windows, "h_window_se": [None] * windows}
    all_overpasses = len(np.unique(rows[:, OVERPASS]))
    rows = edited(rows) if edit else rows
    where = place(rows)
    overpass = rows[:, OVERPASS]
    times = means(rows[:, T], overpass)
    answer |= {"span": times.max() - times.min(), "overpasses": len(times), "edited": all_overpasses - len(times)}
    found = trend(rows, where)
    others = [trend(rows[overpass != g], where[overpass != g]) for g in np.unique(overpass)] if found else [None]
    hangs = any(other is None for other in others)
    if found:
        answer["rmse"] = math.sqrt((found[1] ** 2).mean())
    flag = 1 * (len(times) < min_overpasses) + 2 * (answer["span"] < min_span or hangs)
    flag += 4 * (max_rmse is not None and found is not None and answer["rmse"] > max_rmse) + 8 * (where.shape[1] < 2)
    answer["flag"] = int(flag)
    if answer["flag"] & 7:
        return answer
    coefficients = found[0]
    errors = np.sqrt(np.diag(jackknife([other[0] - coefficients for other in others])))
    answer |= {"dhdt": coefficients[-1], "dhdt_se": errors[-1]}
    if not flag:
        answer |= dict(zip(["h_ref", "slope_east", "slope_north"], coefficients)) | {"h_ref_se": errors[0]}
    if windows:
        answer["h_window"], answer["h_window_se"] = window_heights(rows, where, windows, found[1])
    return answer


def clustered(rows):
    """Coefficients and their covariance with errors clustered by overpass."""
    where = place(rows)
    if where.shape[1] < 2 or trend(rows, where) is None or len(np.unique(rows[:, OVERPASS])) < 2 or len(rows) < 5:
        return None
    middle = rows[0, H]
    design = sm.add_constant(np.column_stack([where, rows[:, T]]), has_constant="add")
    scale = np.sqrt((design**2).mean(0))
    model = sm.OLS(rows[:, H] - middle, design / scale)
    found = model.fit(cov_type="cluster", cov_kwds={"groups": np.unique(rows[:, OVERPASS], return_inverse=True)[1]})
    return found.params / scale + [middle, 0, 0, 0], found.cov_params() / np.outer(scale, scale)


# --- the cells


class Made:
    """Rows of made-up cells, each from a generator with a seed of its own."""

    def __init__(self):
        self.cells = {}

    def cell(self, name, *, passes=12, rows=40, lon=-49.5, lat=69.25, size=800.0, tracks=(0.0, 90.0), across=0.1, slope=(0.02, -0.03),
             years=4.0, windows=4, noise=0.1, bias=0.04, top=1500.0, change=None):
        rng = np.random.default_rng(len(self.cells))
        parts = []
        for i in range(passes):
            n = rows(i) if callable(rows) else rows
            along = np.sort(rng.uniform(-size, size, n))
            side = rng.choice(tracks, n) + rng.normal(0, across, n) + 0.0 * along
            heading = 0.2 if i % 2 else -0.2
            e, north = side + heading * along, along
            t = years * (i + 0.3 * rng.random()) / passes + along / 7000 / 3.15576e7
            h = top + slope[0] * e + slope[1] * north - 0.8 * t + noise * rng.normal(size=n) + bias * rng.normal()
            part = np.zeros((n, 9))
            part[:, [OVERPASS, WINDOW]] = i * 3 - 7, i * windows // passes
            part[:, T], part[:, H] = t, h
            part[:, LON], part[:, LAT] = lon + e / (111_320 * math.cos(math.radians(lat))), lat + north / 111_320
            parts.append(change(i, part) if change else part)
        table = np.concatenate(parts)
        table[:, CELL], table[:, CENTRE_LON], table[:, CENTRE_LAT] = len(self.cells), lon, lat
        self.cells[name] = rng.permutation(table)


def line(i, part):
    """Rows on one line, whatever the heading of their pass."""
    part[:, LON] = -49.5 + 0.3 * (part[:, LAT] - 69.25)
    return part


def beside(i, part):
    """Two lines, 3 m apart."""
    part = line(i, part)
    part[:, LON] += 7.7e-5 * (i % 3 == 0)
    return part


def set_column(column, value, when=lambda i: True):
    def change(i, part):
        if when(i):
            part[:, column] = value(i, part) if callable(value) else value
        return part
    return change


def later(i, part):
    """All at one time but for two blunders on either side."""
    part[:, T] = 3.0 if i in (3, 8) else 0.5
    part[:, H] += {3: 50.0, 8: -50.0}.get(i, 0.0)
    return part


def in_place(i, part):
    part[:, LON], part[:, LAT] = -49.499, 69.251
    return part


def cells():
    made = Made()
    made.cell("a plain cell")
    made.cell("thirty overpasses", passes=30, windows=6)
    made.cell("all rows in one place", change=in_place)
    made.cell("rows on one line", change=line)
    made.cell("rows 3 m beside a line", change=beside)
    made.cell("one overpass", passes=1)
    made.cell("two overpasses", passes=2)
    made.cell("three overpasses", passes=3)
    made.cell("equal times", change=set_column(T, 1.25))
    made.cell("a trend that hangs on one overpass", change=set_column(T, 1.25, lambda i: i != 11))
    made.cell("steep ground", slope=(1.7, -0.9))
    made.cell("a cliff", slope=(-12.0, 9.0), noise=2.0)
    made.cell("one blunder", passes=20, change=lambda i, part: part + 40.0 * np.eye(9)[H] * (i == 3))
    made.cell("blunders on both sides", passes=40, change=lambda i, part: part + np.eye(9)[H] * {4: 35.0, 11: -20.0, 30: 1e5}.get(i, 0))
    made.cell("blunders of many sizes", passes=40, change=lambda i, part: part + np.eye(9)[H] * {4: 3e4, 9: 300.0, 20: 8.0, 33: 1.5}.get(i, 0))
    made.cell("half of them blunders", passes=12, change=lambda i, part: part + np.eye(9)[H] * 50.0 * (i % 2))
    made.cell("a blunder among three", passes=3, change=lambda i, part: part + np.eye(9)[H] * 500.0 * (i == 1))
    made.cell("what editing would leave has one time", noise=0.02, change=later)
    made.cell("a blunder of 60 cm", passes=30, noise=0.02, bias=0.01, change=lambda i, part: part + np.eye(9)[H] * 0.6 * (i == 12))
    made.cell("blunders of all sizes", passes=150, rows=6, change=lambda i, part: part + np.eye(9)[H] * ((i * 37 % 150 - 75) / 60) ** 5)
    made.cell("heights a million metres up", top=1e6)
    made.cell("heights a million metres down", top=-1e6, slope=(0.5, 0.5))
    made.cell("overpasses in two windows", change=lambda i, part: part + np.eye(9)[WINDOW] * (np.arange(len(part)) % 2)[:, None])
    made.cell("rows in no window", change=set_column(WINDOW, 99, lambda i: i in (2, 11)))
    made.cell("empty windows", change=set_column(WINDOW, 3, lambda i: i > 2))
    made.cell("a window of one overpass", change=set_column(WINDOW, lambda i, part: 0 if i == 5 else 1))
    made.cell("each window a line", passes=8, windows=4, tracks=(0.0,), across=0.3)
    made.cell("one row an overpass", passes=25, rows=1)
    made.cell("three rows in all", passes=3, rows=1)
    made.cell("one overpass of most rows", rows=lambda i: 3000 if i == 4 else 6)
    made.cell("a large cell", size=60_000.0, tracks=(-40_000.0, 0.0, 25_000.0), slope=(0.002, 0.004), noise=3.0)
    made.cell("at the date line", lon=179.99, lat=-78.0)
    made.cell("near the pole", lon=-120.0, lat=-89.2)
    made.cell("at the equator", lon=0.0, lat=0.0)
    made.cell("a short span", years=0.3)
    made.cell("far from the epoch", change=lambda i, part: part + 80.0 * np.eye(9)[T])
    made.cell("no noise at all", noise=0.0, bias=0.0)
    return made.cells


OPTIONS = [
    ({}, []),
    ({"windows": 4}, ["--windows", "4"]),
    ({"windows": 7, "edit": False}, ["--windows", "7", "--no-edit"]),
    ({"windows": 4, "min_overpasses": 1, "min_span": 0.0}, ["--windows", "4", "--min-overpasses", "1", "--min-span", "0"]),
    ({"max_rmse": 1.0}, ["--max-rmse", "1"]),
]


# --- the comparison


class Compared:
    def __init__(self):
        self.numbers, self.worst, self.wrong = 0, (0.0, "nothing"), []

    def number(self, name, found, expected, scale=None, allowed=0.0):
        """Within the tolerance of a scale (of the number itself), and what is allowed beside."""
        self.numbers += 1
        if (found is None) != (expected is None):
            self.wrong.append(f"{name}: {found}, not {expected}")
        elif expected is not None:
            scale = scale or max(abs(expected), 1e-300)
            error = max(abs(found - expected) - allowed, 0.0) / scale
            self.worst = max(self.worst, (error, name))
            if not error <= TOLERANCE:
                self.wrong.append(f"{name}: {found!r}, not {float(expected)!r} (off by {abs(found - expected) / scale:.1e})")


def roundings(name, rows):
    """What the rounding of means is worth: in metres, metres a year and metres a metre."""
    if name not in ROUNDED:
        return 0.0, 0.0, 0.0
    slope = np.linalg.lstsq(np.column_stack([np.ones(len(rows)), east_north(rows)]), rows[:, H], rcond=None)[0][1:]
    metres = 1e-9 * np.linalg.norm(slope) + 2.0**-53 * abs(rows[:, H]).max()
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(east_north(rows).T, bias=True))[0])
    return metres, metres / rows[:, T].std(), metres / spread


def compare(compared, name, rows, answer, expected, rounded):
    metres, rate, slope = rounded
    for key, value in expected.items():
        label = f"{name}, {key}"
        if isinstance(value, list):
            if len(value) != len(answer[key]):
                compared.wrong.append(f"{label}: {len(answer[key])} values")
            for i, (found, one) in enumerate(zip(answer[key], value)):
                compared.number(f"{label} {i}", found, one, allowed=metres)
        elif key in ("flag", "overpasses", "edited"):
            compared.number(label, answer[key], value, 1e-300)
        elif key == "rmse" and None not in (value, answer[key]):
            compared.number(label, answer[key] ** 2, value**2, 2 * value**2, 1e-15 * rows[:, H].var())
        else:
            compared.number(label, answer[key], value, allowed={"dh": rate, "h_": metres, "sl": slope}.get(key[:2], 0.0))


def compare_sandwich(compared, name, rows, found, expected, rounded):
    if (expected is None) != (not found):
        compared.wrong.append(f"{name}: sandwich {found}, not {expected}")
    if expected is None or not found:
        return
    metres, rate, slope = rounded
    allowed = [metres, slope, slope, rate]
    deviations = np.sqrt(np.diag(expected[1]))
    for i in range(4):
        compared.number(f"{name}, coefficient {i}", found[i], expected[0][i], allowed=allowed[i])
        for j in range(4):
            more = allowed[i] * deviations[j] + allowed[j] * deviations[i]
            compared.number(f"{name}, covariance {i} {j}", found[4 + 4 * i + j], expected[1][i, j], deviations[i] * deviations[j], more)


def run(command, options, cells):
    rows = "".join(",".join(repr(float(x)) if j != OVERPASS and j != WINDOW else str(int(x)) for j, x in enumerate(row)) + "\n"
                   for table in cells.values() for row in table)
    done = subprocess.run([command, *options], input=rows, text=True, check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, help="the example `estimate` of the crate change")
    command = parser.parse_args().command
    table, compared, flags = cells(), Compared(), {}
    for keys, options in OPTIONS:
        answers = run(command, options, table)
        assert len(answers) == len(table)
        for (name, rows), answer in zip(table.items(), answers):
            expected, rounded = oracle(rows, **keys), roundings(name, rows)
            flags[expected["flag"]] = flags.get(expected["flag"], 0) + 1
            compare(compared, f"{name} {' '.join(options)}".strip(), rows, answer, expected, rounded)
            if not keys:
                compare_sandwich(compared, name, rows, answer["sandwich"], clustered(rows), rounded)
    for problem in compared.wrong[:60]:
        print(problem)
    print(f"{len(table)} cells, {len(OPTIONS)} sets of options, {compared.numbers} numbers; flags {dict(sorted(flags.items()))}")
    print(f"worst: {compared.worst[0]:.1e} ({compared.worst[1]}); wrong: {len(compared.wrong)}")
    return 1 if compared.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
