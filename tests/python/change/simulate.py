#!/usr/bin/env python3
"""Height change of simulated cells whose trend is known: are the errors honest?

usage: simulate.py --command ESTIMATE [--cells 1000]      (cargo build --release -p change --example estimate)

A cell is 1.6 km across, as of order 12. Its ground is tilted, curved and rough. A satellite with six beams in three pairs (3.3 km
apart, 90 m between the beams of a pair) crosses it in ascending and descending passes of 91-day cycles, in one of two ways:

repeats   each track is flown again and again: within 0.13 m in half of the cells, within 3 m in the others
drift     each pass is off its track by up to 3.3 km to either side, 6.6 km in all

Segments come every 20 m; clouds hide parts of passes, and in some cells the weak beams altogether. Noise is correlated along the track; each overpass has a bias of 4 cm;
2 % of the overpasses are blunders, tens of metres off. Asserted in each way: of the cells with a trend and no flag at least 90 %
are within two standard errors, and the median of error/se is within 0.1. The same of those whose flag is 8 alone (one track), which
are few, is printed, and what differences of window means miss on the same data.
"""

import argparse
import json
import subprocess
import sys

import numpy as np

HALF, PAIRS, BEAMS, SEGMENT = 800.0, 3300.0, 90.0, 20.0          # metres
YEARS, CYCLE = 5.0, 91 / 365.25
BIAS, BLUNDERS = 0.04, 0.02
ACROSS = np.add.outer([-PAIRS, 0.0, PAIRS], [-BEAMS / 2, BEAMS / 2]).ravel()
ALONG = np.arange(-2 * HALF, 2 * HALF, SEGMENT)


class Ground:
    """Tilt, curvature and topography of many wavelengths; metres from metres east and north."""

    def __init__(self, rng):
        self.tilt = rng.normal(0, 0.006, 2) * rng.choice([1, 5], p=[0.8, 0.2])
        self.bend = rng.normal(0, 1e-6, 3)
        waves = 24
        length, heading = 2 * HALF * 10 ** rng.uniform(-1, 0.3, waves), rng.uniform(0, 2 * np.pi, waves)
        self.wave = 2 * np.pi / length * [np.cos(heading), np.sin(heading)]
        self.phase = rng.uniform(0, 2 * np.pi, waves)
        # Rougher where longer; about 0.7 m in all, from 0.2 to 2 m.
        self.height = length / np.sqrt((length**2).sum()) * np.sqrt(2) * 0.7 * 10 ** rng.normal(0, 0.25)

    def __call__(self, e, n):
        smooth = self.tilt[0] * e + self.tilt[1] * n + 0.5 * (self.bend[0] * e * e + self.bend[2] * n * n) + self.bend[1] * e * n
        return smooth + np.cos(np.outer(e, self.wave[0]) + np.outer(n, self.wave[1]) + self.phase) @ self.height


def correlated(rng, count):
    """Noise along a beam: 8 cm that fade over 100 m, and 3 cm that do not."""
    steps, fade = rng.normal(size=count), np.exp(-SEGMENT / 100)
    found = np.empty(count)
    last = rng.normal()
    for i, step in enumerate(steps):
        found[i] = last = fade * last + np.sqrt(1 - fade * fade) * step
    return 0.08 * found + 0.03 * rng.normal(size=count)


def overpass(rng, heading, offset, beams):
    """East, north, across and along of the segments in the cell, beam by beam; half of the passes are hidden in part."""
    across = np.repeat(beams + offset, len(ALONG))
    along = np.tile(ALONG + rng.uniform(0, SEGMENT), len(beams))
    across = across + rng.normal(0, 0.1, len(across))
    e, n = across * np.cos(heading) + along * np.sin(heading), along * np.cos(heading) - across * np.sin(heading)
    seen = (abs(e) <= HALF) & (abs(n) <= HALF)
    if rng.random() < 0.5:
        first, length = rng.uniform(-0.3, 0.7) * 2 * HALF - HALF, rng.uniform(0.4, 1.6) * 2 * HALF
        seen &= (along >= first) & (along < first + length)
    return e[seen], n[seen], across[seen], along[seen]


def passes(rng, way):
    """(time, e, n, along) of each overpass of a cell, 5 to 40."""
    wanted = rng.integers(5, 41)
    tracks = []
    for track in range(max(-(-int(wanted) // 18), int(rng.integers(1, 4)))):
        heading = np.radians(20.0) * (1 if track % 2 else -1) + rng.normal(0, 0.01)
        tracks.append((heading, rng.choice(ACROSS) - rng.uniform(-HALF, HALF), rng.uniform(0, CYCLE)))
    jitter, beams = rng.choice([0.13, 3.0]), ACROSS if rng.random() < 0.7 else ACROSS[::2]
    found, tries = [], [(track, cycle) for track in range(len(tracks) * (1 if way == "repeats" else 3)) for cycle in range(20)]
    for i in rng.permutation(len(tries)):
        track, cycle = tries[i]
        heading, offset, start = tracks[track % len(tracks)]
        # A third of the tracks of a drift are others, at other times of the cycle.
        time = cycle * CYCLE + (start + track // len(tracks) * CYCLE / 3) % CYCLE
        off = rng.normal(0, jitter) if way == "repeats" else rng.uniform(-PAIRS, PAIRS)
        e, n, across, along = overpass(rng, heading, off - offset, beams)
        if len(e) >= 5 and time < YEARS:
            found.append((time, e, n, across, along))
        if len(found) == wanted:
            break
    return sorted(found, key=lambda one: one[0])


def cell(number, way):
    """Rows for the command, the trend, and which of the rows are blunders."""
    while True:
        rng = np.random.default_rng([number, way == "drift"])
        flown = passes(rng, way)
        if len(flown) >= 5:
            break
        number += 1_000_000
    ground, trend = Ground(rng), rng.uniform(-2, 2)
    lon, lat = rng.uniform(-180, 180), rng.uniform(-80, 80)
    parts, blunders = [], []
    for i, (time, e, n, across, along) in enumerate(flown):
        rows = np.zeros((len(e), 9))
        t = time + along / 7000 / 3.15576e7
        h = 2000 + ground(e, n) + trend * t + BIAS * rng.normal()
        beam = np.round((across - across.min()) / BEAMS)
        for one in np.unique(beam):
            h[beam == one] += correlated(rng, (beam == one).sum())
        blunder = rng.random() < BLUNDERS
        h += blunder * rng.choice([-1, 1]) * rng.uniform(10, 100)
        rows[:, 3:5] = i, int(time)
        rows[:, 5:7] = degrees(lon, lat, e, n)
        rows[:, 7], rows[:, 8] = t, h
        parts.append(rows)
        blunders.append(np.full(len(e), blunder))
    rows = np.concatenate(parts)
    rows[:, :3] = number, lon, lat
    return rows, trend, np.concatenate(blunders)


def degrees(lon, lat, e, n):
    """Longitude and latitude of places near a centre."""
    e2 = 2 / 298.257223563 - 1 / 298.257223563**2
    root = 1 - e2 * np.sin(np.radians(lat)) ** 2
    to = lat + np.degrees(n * root**1.5 / (6378137 * (1 - e2)))
    return np.stack([lon + np.degrees(e * np.sqrt(root) / (6378137 * np.cos(np.radians(to)))), to], 1)


def differences(rows, trend, heights=None):
    """By how much the change between the first and the last window misses the true one, metres."""
    windows = np.unique(rows[:, 4]).astype(int)
    first, last = (rows[rows[:, 4] == window] for window in (windows[0], windows[-1]))
    elapsed = last[:, 7].mean() - first[:, 7].mean()
    found = heights[windows[-1]] - heights[windows[0]] if heights else last[:, 8].mean() - first[:, 8].mean()
    return abs(found - trend * elapsed)


def spread(name, values):
    values = np.array(values)
    return f"{name} {np.median(values):.2f} m (90th percentile {np.quantile(values, 0.9):.2f} m)"


def covered(answers, trends):
    """Part within two standard errors, median of error/se."""
    ratio = np.array([(answer["dhdt"] - trend) / answer["dhdt_se"] for answer, trend in zip(answers, trends)])
    return (abs(ratio) <= 2).mean(), np.median(ratio)


def check(command, way, count):
    cells = [cell(number, way) for number in range(count)]
    rows = np.concatenate([rows for rows, _, _ in cells]).astype("<f8")
    done = subprocess.run([command, "--binary", "--windows", "5"], input=rows.tobytes(), check=True, stdout=subprocess.PIPE)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == count
    trends = [trend for _, trend, _ in cells]
    problems = []
    print(f"{way}: {len(rows):,} rows, {sum(answer['overpasses'] for answer in answers):,.0f} overpasses kept, "
          f"{sum(answer['edited'] for answer in answers):.0f} edited; cells by flag: "
          + ", ".join(f"{flag:.0f}: {sum(answer['flag'] == flag for answer in answers)}" for flag in sorted({answer["flag"] for answer in answers})))
    for name, flags in (("no flag", {0}), ("flag 8 alone", {8})):
        some = [(answer, trend) for answer, trend in zip(answers, trends) if answer["flag"] in flags]
        if not some:
            continue
        part, middle = covered(*zip(*some))
        error = np.median([abs(answer["dhdt"] - trend) for answer, trend in some])
        print(f"  {name}, {len(some)} cells: {part:.1%} within two standard errors, median of error/se {middle:+.3f}, "
              f"median error {error:.4f} m/yr, median se {np.median([answer['dhdt_se'] for answer, _ in some]):.4f}, "
              f"median rmse {np.median([answer['rmse'] for answer, _ in some]):.2f} m")
        if flags == {0} and not (part >= 0.9 and abs(middle) < 0.1 and len(some) > count / 2):
            problems.append(f"{way}: {part:.1%} of {len(some)} cells, median {middle:+.3f}")
    print("  " + spread("differences of window means miss by", [differences(rows, trend) for rows, trend, _ in cells])
          + "; " + spread("without the blunders", [differences(rows[~bad], trend) for rows, trend, bad in cells if not bad.all()]))
    given = [(answer, rows[~bad], trend) for answer, (rows, trend, bad) in zip(answers, cells)
             if answer["flag"] in (0, 8) and not bad.all()]
    missed = [differences(rows, trend, answer["h_window"]) for answer, rows, trend in given
              if all(answer["h_window"][int(window)] is not None for window in np.unique(rows[:, 4]))]
    print("  " + spread(f"differences of h_window ({len(missed)} cells)", missed))
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, help="the example `estimate` of the crate change")
    parser.add_argument("--cells", type=int, default=1000, help="cells in each of the two ways")
    options = parser.parse_args()
    problems = [problem for way in ("repeats", "drift") for problem in check(options.command, way, options.cells)]
    print("\n".join(problems) if problems else "the errors are honest")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
