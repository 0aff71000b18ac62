#!/usr/bin/env python3
"""Makes the demonstration granules and what a correct job says about them; both stand beside this file.

usage: make_demo.py [--check]      needs h5py, numpy and healpy

The granules are synthetic: no measured value is in them. They have the shape of ATL06 (groups, dataset names, types,
filters, interleaved chunks), every twelfth segment only, and the release number 990, which does not exist. All of them
cross the order-6 cell -6134114. Positions, heights and sigmas are rounded to binary fractions: deflate then works, and
the last bit of a machine's sine does not show. `--check` makes everything again and compares it with what stands here.
"""
import csv, datetime, json, math, os, sys, tempfile, zlib
import h5py, healpy, numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CELL, PARENT, PARENT_ORDER, CHILD_ORDER = -6134114, 45763, 6, 12
CENTRE_LAT, CENTRE_LON = -64.19874590253252, -65.57142857142857
SOUTH, NORTH = -65.12, -63.28                  # latitudes where the granules end, a little outside the cell

# ---------------------------------------------------------------------------------------------------- where the rows lie
EARTH = 6371.0072                              # km, mean radius
TILT = math.radians(92.0)                      # inclination of the orbit
TRACKS_A_CYCLE, CYCLE_DAYS = 1387, 91
PERIOD = CYCLE_DAYS * 86400.0 / TRACKS_A_CYCLE # s, one revolution
NODE_STEP = 2 * math.pi * CYCLE_DAYS / TRACKS_A_CYCLE
FIRST_NODE = math.radians(12.5)                # longitude where track 1 crosses the equator northwards; ours, not NASA's
ACROSS = {"gt1l": -3.345, "gt1r": -3.255, "gt2l": -0.045, "gt2r": 0.045, "gt3l": 3.255, "gt3r": 3.345}  # km
SPACING, STRIDE = 0.240, 12                    # km between rows, in 20 m segments

# (ascending?, degrees of longitude from the centre where the track should pass, tracks that are absent)
PASSES = [(True, -0.50, ()), (True, 0.45, ("gt3l", "gt3r")), (False, -0.30, ()), (False, 0.35, ())]


def ground(track, u, across):
    """Degrees of latitude and longitude at the argument of latitude `u`, `across` km beside the ground track."""
    along = np.stack([np.cos(u), np.sin(u) * math.cos(TILT), np.sin(u) * math.sin(TILT)])
    normal = np.array([0.0, -math.sin(TILT), math.cos(TILT)])[:, None]
    x, y, z = along * np.cos(across / EARTH) - normal * np.sin(across / EARTH)
    node = FIRST_NODE - NODE_STEP * (track - 1) - NODE_STEP * u / (2 * math.pi)
    lon = np.degrees(np.arctan2(y, x) + node)
    return np.degrees(np.arcsin(z)), (lon + 180.0) % 360.0 - 180.0


def argument(latitude, ascending):
    """The argument of latitude at which the orbit passes a southern latitude."""
    turn = math.asin(math.sin(math.radians(latitude)) / math.sin(TILT))
    return 2 * math.pi + turn if ascending else math.pi - turn


def nearest_track(ascending, offset):
    """The reference track that passes the latitude of the cell's centre nearest to `offset` degrees east of it."""
    u = np.array([argument(CENTRE_LAT, ascending)])
    miss = lambda t: abs((ground(t, u, 0.0)[1][0] - CENTRE_LON - offset + 180) % 360 - 180)
    return min(range(1, TRACKS_A_CYCLE + 1), key=miss)


# ---------------------------------------------------------------------------------------------------------- what they see
def noise(*key, n):
    """`n` numbers in [-1, 1), the same for the same key on any machine and any version of NumPy (splitmix64)."""
    seed = zlib.crc32(repr(key).encode())
    z = (np.arange(n, dtype=np.uint64) + np.uint64(seed << 20)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**52 - 1.0


def surface(lat, lon):
    """An ice cap in metres: a dome with ridges, a band of crevasse-like steps, and a flat lake."""
    north = (lat - CENTRE_LAT) * 111.195
    east = (lon - CENTRE_LON) * 111.195 * math.cos(math.radians(CENTRE_LAT))
    away = np.hypot(east - 12, north + 8)
    h = 1650.0 - 0.11 * away**2
    h = h + 38.0 * np.sin(0.31 * (east + 0.6 * north)) + 9.0 * np.sin(1.1 * (north - 0.4 * east))
    band = np.abs(north - 0.5 * east + 28.0) < 6.0
    h = np.where(band, h - 14.0 * ((0.9 * north) % 1.0 > 0.5), h)
    return np.where(np.hypot(east + 20, north - 25) < 9.0, 1321.5, h)


def grid(values, step):
    return np.round(np.asarray(values) * step) / step


def rows_of(number, track, ascending, name):
    """All columns of one ground track, as they go into the file."""
    ends = sorted(argument(lat, ascending) for lat in (SOUTH, NORTH))
    total = int((ends[1] - ends[0]) * EARTH / SPACING)
    step, key = np.arange(total), (number, name)
    u = ends[0] + step * SPACING / EARTH
    lat, lon = ground(track, u, ACROSS[name] + 0.02 * np.sin(step / 130.0 + number))
    cloud = np.sin(step / 47.0 + 5 * noise(number, "cloud", n=1)[0]) + 0.35 * noise(*key, "cloud", n=total)
    sigma = 0.015 + 0.012 * np.abs(noise(*key, "sigma", n=total)) + 0.05 * (cloud > 0.8)
    height = surface(lat, lon) + 0.12 * noise(*key, "height", n=total)
    lost = cloud > 1.18                        # the algorithm found no surface
    column = {
        "latitude": grid(lat, 2**16),
        "longitude": grid(lon, 2**16),
        "h_li": np.where(lost, FILL, grid(height, 64)).astype("f4"),
        "h_li_sigma": np.where(lost, FILL, grid(sigma, 1024)).astype("f4"),
        "atl06_quality_summary": ((cloud > 0.9) & (noise(*key, "flag", n=total) > -0.8)).astype("i1"),
        "delta_time": grid(1.893e8 + number * 2.1e5 + (u - ends[0]) / (2 * math.pi) * PERIOD, 1024),
        "segment_id": (700_000 + number * 31 + STRIDE * step).astype("i4"),
    }
    gap = np.sin(step / 61.0 + 9 * noise(*key, "gap", n=1)[0]) > 0.97     # no photons: the segments are not in the file
    gap &= ~blemish(number, name, column)
    return {k: v[~gap] for k, v in column.items()}


def blemish(number, name, column):
    """A few rows at the middle of the cell that must be refused, each for its own reason; returns where they are."""
    wrong = {
        (0, "gt1l"): [("h_li", 0, np.nan), ("h_li_sigma", 3, 0.0)],
        (1, "gt2r"): [("latitude", 0, np.nan), ("longitude", 2, np.inf), ("h_li_sigma", 5, FILL)],
        (2, "gt3l"): [("latitude", 1, -91.25), ("h_li", 4, np.inf), ("h_li_sigma", 6, -0.25)],
        (3, "gt2l"): [("h_li", 0, FILL), ("h_li_sigma", 2, np.nan), ("longitude", 4, 512.0)],
    }
    middle = int(np.argmin(np.hypot(column["latitude"] - CENTRE_LAT, 0.4 * (column["longitude"] - CENTRE_LON))))
    for what, offset, value in wrong.get((number, name), ()):
        at = middle + offset
        column["atl06_quality_summary"][at] = 0
        column[what][at] = value
    return np.abs(np.arange(len(column["h_li"])) - middle) < 10            # rows that must stay in the file


# ------------------------------------------------------------------------------------------------------------- the files
FILL, CHUNK = np.float32(3.4028235e38), 150
COLUMNS = {  # name: (type, shuffle, fill value, units, long name)
    "delta_time": ("f8", False, None, "seconds since 2018-01-01", "Elapsed seconds"),
    "latitude": ("f8", False, None, "degrees_north", "Latitude"),
    "longitude": ("f8", False, None, "degrees_east", "Longitude"),
    "h_li": ("f4", False, FILL, "meters", "Height of the segment"),
    "h_li_sigma": ("f4", False, FILL, "meters", "Expected error of the height"),
    "atl06_quality_summary": ("i1", True, None, "1", "Zero where no test found a problem"),
    "segment_id": ("i4", True, None, "1", "Segment number along the track"),
}
SUBGROUPS = ("bias_correction", "dem", "fit_statistics", "geophysical", "ground_track")


def plan():
    """(file name, reference track, ascending?, ground tracks present) of every granule."""
    out = []
    for number, (ascending, offset, absent) in enumerate(PASSES):
        track = nearest_track(ascending, offset)
        day, second = divmod(int((track - 1) * PERIOD), 86400)
        date = datetime.date(2024, 1, 1) + datetime.timedelta(days=day)
        clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}"
        region = 12 if ascending else 10
        name = f"ATL06_{date:%Y%m%d}{clock}_{track:04}22{region}_990_01.h5"
        out.append((name, track, ascending, [g for g in ACROSS if g not in absent]))
    return out


def write(path, number, track, ascending, present):
    """One granule. Even ones have superblock 0, as the mission's own files do; odd ones superblock 2, as subsets have."""
    bounds = ("earliest", "v108") if number % 2 == 0 else ("v108", "v108")
    with h5py.File(path, "w", libver=bounds, track_order=True) as f:
        about = dict(title="Synthetic demonstration granule", summary="Invented heights in the shape of ATL06; no measurement",
                     short_name="ATL06", level="L3A", institution="none", source="make_demo.py", history="none",
                     license="as the program it comes with", featureType="trajectory", time_type="invented")
        f.attrs.update({k: np.bytes_(v) for k, v in about.items()})
        orbit = f.create_group("orbit_info", track_order=True)
        orbit["rgt"] = np.array([track], "i2")
        f.create_group("ancillary_data", track_order=True)["release"] = np.bytes_("990")
        f.create_group("quality_assessment", track_order=True)
        work = [made for name in present for made in declare(f, name, rows_of(number, track, ascending, name))]
        longest = max(len(values) for _, values in work)
        for start in range(0, longest, CHUNK):         # chunk by chunk across all variables: they interleave
            for dataset, values in work:
                if start < len(values):
                    part = np.zeros(CHUNK, values.dtype)
                    part[: len(values[start : start + CHUNK])] = values[start : start + CHUNK]
                    dataset.id.write_direct_chunk((start,), deflate(part, dataset.shuffle))


def declare(file, name, columns):
    """The groups and the still empty datasets of one ground track, with the values they are to hold."""
    beam = file.create_group(name, track_order=True)
    beam.attrs["atlas_beam_type"] = np.bytes_("strong" if name.endswith("l") else "weak")
    segments = beam.create_group("land_ice_segments", track_order=True)
    made = []
    for column, (kind, shuffle, fill, units, long_name) in COLUMNS.items():
        d = segments.create_dataset(column, shape=(len(columns[column]),), maxshape=(None,), dtype=kind, chunks=(CHUNK,),
                                    compression="gzip", compression_opts=6, shuffle=shuffle, fillvalue=fill, track_order=True)
        if fill is not None:
            d.attrs["_FillValue"] = fill
        d.attrs["units"], d.attrs["long_name"] = np.bytes_(units), np.bytes_(long_name)
        made.append((d, columns[column]))
    for group in SUBGROUPS:                            # with these the group has more than eight links: dense storage
        segments.create_group(group, track_order=True)
    return made


def deflate(values, shuffle):
    raw = values.view("u1").reshape(len(values), -1)
    return zlib.compress(np.ascontiguousarray(raw.T if shuffle else raw).tobytes(), 6)


# -------------------------------------------------------------------------------------------------- what is to come of it
def expected(folder):
    """Table and totals of the cell, from the files alone, by healpy and exact sums: nothing here is the engine's."""
    totals = dict.fromkeys(("granules", "tracks", "rows", "bad_coordinate", "outside", "in_parent", "quality", "fill",
                            "not_finite", "out_of_range", "sigma_not_positive", "used", "cells_with_data"), 0)
    children = {}
    for name, *_ in plan():
        with h5py.File(os.path.join(folder, name)) as f:
            totals["granules"] += 1
            for beam in ACROSS:
                if beam in f:
                    totals["tracks"] += 1
                    count_track({k: f[beam]["land_ice_segments"][k][:] for k in COLUMNS}, totals, children)
    totals["cells_with_data"] = len(children)
    return [row_of(child, *map(np.array, zip(*children[child]))) for child in sorted(children)], totals


def count_track(c, totals, children):
    """Sorts the rows of one track into the children, or into the first reason to refuse them."""
    lat, lon = c["latitude"], c["longitude"]
    sound = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90) & (np.abs(lon) <= 360)
    cell = np.full(len(lat), -1)
    cell[sound] = healpy.ang2pix(2**CHILD_ORDER, lon[sound], lat[sound], nest=True, lonlat=True)
    inside = sound & (cell >> 2 * (CHILD_ORDER - PARENT_ORDER) == PARENT)
    left = inside.copy()
    totals["rows"] += len(lat)
    totals["bad_coordinate"] += int((~sound).sum())
    totals["outside"] += int((sound & ~inside).sum())
    totals["in_parent"] += int(inside.sum())
    v, s = c["h_li"], c["h_li_sigma"]
    for reason, refused in (("quality", c["atl06_quality_summary"] != 0), ("fill", (v == FILL) | (s == FILL)),
                            ("not_finite", ~(np.isfinite(v) & np.isfinite(s))),
                            ("out_of_range", (np.abs(v) > 1e5) | (np.abs(s) > 1e5)), ("sigma_not_positive", ~(s > 0))):
        totals[reason] += int((left & refused).sum())
        left &= ~refused
    totals["used"] += int(left.sum())
    for i in np.flatnonzero(left):
        children.setdefault(int(cell[i]), []).append((float(v[i]), float(s[i])))


def row_of(child, v, s):
    """One line of the table: f64 throughout, rounded to f32 at the end."""
    weight = 1.0 / s**2
    total, mean = math.fsum(weight), math.fsum(v) / len(v)
    values = [v.min(), v.max(), math.fsum(v * weight) / total, 1.0 / math.sqrt(total),
              math.fsum((v - mean) ** 2) / len(v), *np.quantile(v, [0.25, 0.5, 0.75])]
    return [decimal(child, CHILD_ORDER), child, len(v), *(str(np.float32(x)) for x in values)]


def decimal(nested, order):
    """The decimal morton id of a nested HEALPix id."""
    base = nested >> 2 * order
    digits = "".join(str((nested >> 2 * level & 3) + 1) for level in reversed(range(order)))
    return int(f"{base + 1 if base < 6 else base - 5}{digits}") * (1 if base < 6 else -1)


TABLE, TOTALS = f"expected_{CELL}.csv", f"expected_{CELL}.json"
HEADER = "morton cell_ids count h_min h_max h_mean h_sigma h_variance h_q25 h_q50 h_q75".split()


def make(folder):
    for number, (name, *rest) in enumerate(plan()):
        write(os.path.join(folder, name), number, *rest)
    rows, totals = expected(folder)
    with open(os.path.join(folder, TABLE), "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([HEADER, *rows])
    with open(os.path.join(folder, TOTALS), "w") as out:
        out.write(json.dumps(totals, indent=1) + "\n")
    return totals


def contents(path):
    """Everything a reader can see of a granule; compressed bytes may differ between zlib libraries."""
    seen = {}
    with h5py.File(path) as f:
        visit = lambda name, o: seen.update({name: ({k: str(v) for k, v in o.attrs.items()},
                                                    (o.dtype.str, o.chunks, o[()].tobytes()) if isinstance(o, h5py.Dataset) else None)})
        f.visititems(visit)
        visit("/", f)
    return seen


def check():
    """Makes all files again in a temporary folder; returns the names of those that differ from the files here."""
    read = lambda folder, name: open(os.path.join(folder, name)).read()
    with tempfile.TemporaryDirectory() as again:
        make(again)
        bad = [name for name in (TABLE, TOTALS) if read(HERE, name) != read(again, name)]
        names = [name for name, *_ in plan()]
        bad += [name for name in names if contents(os.path.join(HERE, name)) != contents(os.path.join(again, name))]
    return bad + [name for name in os.listdir(HERE) if name.endswith(".h5") and name not in names]


if __name__ == "__main__":
    assert decimal(PARENT, PARENT_ORDER) == CELL
    if sys.argv[1:] == ["--check"]:
        differing = check()
        sys.exit(f"differs from make_demo.py: {', '.join(differing)}" if differing else 0)
    print(json.dumps(make(HERE)))
    for name, *_ in plan():
        print(name, os.path.getsize(os.path.join(HERE, name)), "bytes")
