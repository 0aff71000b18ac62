"""A real granule rewritten as other programs write it, against an oracle that decodes by the CF conventions on its own.

    check_cf.py ICESTREAM CELL GRANULE [OTHER ...]

Every way of writing is read in three ways (planned, by an index, exhaustively); table and ledger must be those that h5py, NumPy
and healpy give for the rewritten file. What CF cannot apply must end with exit code 5 and name the attribute. Other granules are compared as
they are.
"""

import csv
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import healpy
import numpy as np

TRACKS = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"]
COLUMNS = ["latitude", "longitude", "h_li", "h_li_sigma", "atl06_quality_summary"]
VALUES = COLUMNS[2:4]
FLAG = COLUMNS[4]
CHILD_ORDER, CHUNK = 12, 300
REASONS = ["quality", "fill", "not_finite", "out_of_range", "sigma_not_positive"]
MAX_F32 = np.float32(3.4028235e38)
DECODED = ["_FillValue", "missing_value", "scale_factor", "add_offset"]


# ------------------------------------------------------------------------------------------------------------ the oracle
def decode(dataset, own):
    """Values in f64 and whether each is missing. `own`: the dataset's own fill value counts, if chosen and not 0."""
    stored = dataset[:]
    fills = [np.ravel(dataset.attrs[name]) for name in DECODED[:2] if name in dataset.attrs]
    chosen = dataset.id.get_create_plist().fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
    if own and chosen and dataset.fillvalue != 0:
        fills.append(np.array([dataset.fillvalue], dataset.dtype))
    missing = np.zeros(len(stored), bool)
    for fill in (item for array in fills for item in array):
        missing |= stored == fill
        if dataset.dtype.kind in "iu" and float(fill) == np.iinfo(dataset.dtype).max + 1:
            missing |= stored == np.iinfo(dataset.dtype).max          # what a float makes of the largest integer
        if dataset.dtype.kind == "f" and fill.dtype.kind == "f":
            narrow = min(dataset.dtype, fill.dtype, key=lambda dtype: dtype.itemsize)
            with np.errstate(over="ignore"):
                missing |= stored.astype(narrow) == fill.astype(narrow)
            missing |= np.isnan(stored) & np.isnan(fill)
    values = stored.astype(np.float64)
    if own:
        values[unwritten(dataset)] = np.nan
    if "scale_factor" in dataset.attrs:
        values *= np.float64(np.ravel(dataset.attrs["scale_factor"])[0])
    if "add_offset" in dataset.attrs:
        values += np.float64(np.ravel(dataset.attrs["add_offset"])[0])
    return values, missing


def unwritten(dataset):
    """Rows of chunks without bytes."""
    rows = np.zeros(len(dataset), bool)
    for start in range(0, len(dataset), dataset.chunks[0]):
        rows[start:start + dataset.chunks[0]] = dataset.id.get_chunk_info_by_coord((start,)).byte_offset is None
    return rows


def expected(path, parent_order, parent):
    """Counts of the parent's rows by reason, and (value, sigma) of those used by child."""
    counts = dict.fromkeys(["in_parent", *REASONS, "used", "tracks", "tracks_absent"], 0)
    places = {"bad": 0, "unwritten": 0}
    children = {}
    with h5py.File(path) as file:
        for track in TRACKS:
            there = f"{track}/land_ice_segments" in file
            counts["tracks" if there else "tracks_absent"] += 1
            if there:
                one_track(file[track]["land_ice_segments"], (parent_order, parent), (counts, places), children)
    return counts, places, children


def one_track(group, parent, ledger, children):
    counts, places = ledger
    (lat, no_lat), (lon, no_lon) = (decode(group[name], True) for name in COLUMNS[:2])
    (value, no_value), (sigma, no_sigma) = (decode(group[name], True) for name in VALUES)
    flag, no_flag = decode(group[FLAG], False)
    sound = ~no_lat & ~no_lon & np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90) & (np.abs(lon) <= 360)
    places["bad"] += int((~sound).sum())
    places["unwritten"] += int((unwritten(group["latitude"]) | unwritten(group["longitude"])).sum())
    cell = np.full(len(lat), -1)
    cell[sound] = healpy.ang2pix(2**CHILD_ORDER, lon[sound], lat[sound], nest=True, lonlat=True)
    left = sound & (cell >> 2 * (CHILD_ORDER - parent[0]) == parent[1])
    counts["in_parent"] += int(left.sum())
    with np.errstate(invalid="ignore"):
        refused = [no_flag | (flag != 0), no_value | no_sigma, ~np.isfinite(value) | ~np.isfinite(sigma),
                   (np.abs(value) > 1e5) | (np.abs(sigma) > 1e5), ~(sigma > 0)]
    for reason, rows in zip(REASONS, refused):
        counts[reason] += int((left & rows).sum())
        left &= ~rows
    counts["used"] += int(left.sum())
    for i in np.flatnonzero(left):
        children.setdefault(int(cell[i]), []).append((float(value[i]), float(sigma[i])))


def statistics(rows):
    """The statistics of one child, f64 throughout and rounded to f32 at the end."""
    v, s = map(np.array, zip(*rows))
    weight = 1.0 / s**2
    total, mean = math.fsum(weight), math.fsum(v) / len(v)
    numbers = [v.min(), v.max(), math.fsum(v * weight) / total, 1.0 / math.sqrt(total), math.fsum((v - mean) ** 2) / len(v),
               *np.quantile(v, [0.25, 0.5, 0.75])]
    return np.array(numbers, np.float32)


# ----------------------------------------------------------------------------------------------------- ways of writing
def rewrite(group, name, stored, attributes=(), **options):
    """Puts another dataset in the place of one, in chunks small enough that some of them need not be read."""
    kept = {key: value for key, value in group[name].attrs.items() if key not in ("DIMENSION_LIST", *DECODED)}
    del group[name]
    never, skip = options.pop("never", False), options.pop("skip", 0)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((CHUNK,))
    plist.set_deflate(4)
    if "fillvalue" in options:
        plist.set_fill_value(np.array(options["fillvalue"], stored.dtype))
    if never:
        plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    kind = h5py.h5t.py_create(stored.dtype, logical=True)
    space = h5py.h5s.create_simple(stored.shape, (h5py.h5s.UNLIMITED,))
    dataset = h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, space, plist))
    dataset[skip * CHUNK:] = stored[skip * CHUNK:]
    for key, value in [*kept.items(), *dict(attributes).items()]:
        dataset.attrs[key] = value


def columns_of(group, with_holes=True):
    """Heights and sigmas in f64, NaN where missing, and every seventh height missing beside."""
    found = []
    for name in VALUES:
        values, missing = decode(group[name], True)
        found.append(np.where(missing, np.nan, values))
    if with_holes:
        found[0][::7] = np.nan
    return found


def packed(group, scale, offset, kind, fill, attributes=("_FillValue",)):
    """Heights as integers."""
    height = columns_of(group)[0]
    stored = np.where(np.isnan(height), fill, np.round((height - offset) / scale)).astype(kind)
    said = {"scale_factor": scale, **({"add_offset": offset} if offset else {})}
    rewrite(group, "h_li", stored, {**said, **{name: np.dtype(kind).type(fill) for name in attributes}})


def filled(group, stored_fill, attributes, kind=np.float32, names=VALUES, **options):
    """Heights and sigmas with a fill value: the values of missing rows, what attributes say, what the dataset was made with."""
    for name, values in zip(VALUES, columns_of(group)):
        if name in names:
            rewrite(group, name, np.where(np.isnan(values), stored_fill, values).astype(kind), attributes, **options)


def two_kinds(group):
    """Some rows hold `_FillValue`, others one of two values of `missing_value`."""
    for name, values in zip(VALUES, columns_of(group)):
        kinds = np.resize(np.array([-9999.0, -8888.0, -7777.0]), len(values))
        stored = np.where(np.isnan(values), kinds, values).astype(np.float32)
        said = {"_FillValue": np.float32(-9999), "missing_value": np.array([-8888, -7777], np.float32)}
        rewrite(group, name, stored, said)


def packed_places(group):
    """Coordinates as integers of 1e-7 degrees; every eleventh is missing."""
    for name in COLUMNS[:2]:
        stored = np.round(group[name][:] * 1e7).astype(np.int32)
        stored[::11] = -(2**31)
        rewrite(group, name, stored, {"_FillValue": np.int32(-(2**31)), "scale_factor": 1e-7})


def wide(group):
    """f64 with the fill value of f32: as f32 holds it, and as it is written in decimals."""
    for name, values in zip(VALUES, columns_of(group)):
        stored = np.where(np.isnan(values), np.float64(MAX_F32), values)
        stored[np.isnan(values) & (np.arange(len(values)) % 2 == 0)] = 3.4028235e38
        rewrite(group, name, stored, {"_FillValue": MAX_F32})


def wide_places(group):
    """f64 coordinates whose missing rows hold a fill value that only the dataset knows, and one only an attribute knows."""
    for name, fill in zip(COLUMNS[:2], (-999.0, 9.969209968386869e36)):
        stored = group[name][:]
        stored[3::13] = fill
        said = {"missing_value": np.float32(fill)} if fill > 0 else {}
        rewrite(group, name, stored, said, **({} if said else {"fillvalue": fill}))


def flags(group):
    """Flags as i16 with an offset and a missing value; the dataset's own fill value is that of good rows."""
    stored = group[FLAG][:].astype(np.int16) - 5
    stored[::5] = -32767
    rewrite(group, FLAG, stored, {"add_offset": 5.0, "_FillValue": np.int16(-32767)}, fillvalue=-5)


def zero_is_fill(group):
    """An attribute makes the flag 0 a missing one."""
    rewrite(group, FLAG, group[FLAG][:], {"_FillValue": np.int8(0)})


def absurd(group):
    """Heights and sigmas beyond 100 km that nothing says are missing."""
    height, sigma = (group[name][:] for name in VALUES)
    height[::3], height[1::9], sigma[2::9] = 9.969209968386869e36, -123456.0, 1e6
    rewrite(group, "h_li", height, {"_FillValue": MAX_F32})
    rewrite(group, "h_li_sigma", sigma, {"_FillValue": MAX_F32})


def holes(group):
    """Chunks that were never written: of both coordinates, one with a fill value that is a place in the cell, and of heights."""
    latitude = group["latitude"][:]
    rewrite(group, "latitude", latitude, skip=2, fillvalue=latitude[700])
    rewrite(group, "longitude", group["longitude"][:], skip=3)
    rewrite(group, "h_li", group["h_li"][:], {"_FillValue": MAX_F32}, skip=4)


def without_group(group):
    """One track lacks the group of its columns; the whole of another is not there."""
    file, track = group.file, group.parent.name
    if track == "/gt1r":
        del file["gt1r/land_ice_segments"]
    if track == "/gt3r":
        del file["gt3r"]


NCO = np.float32(9.969209968386869e36)
WAYS = {
    "packed i32": lambda g: packed(g, 0.001, 0.0, np.int32, -(2**31)),
    "packed i16 with an offset": lambda g: packed(g, 0.125, 2000.0, np.int16, -32768),
    "packed i32, fill of the largest integer as f32": lambda g: (
        packed(g, 0.001, 0.0, np.int32, 2**31 - 1, ()), g["h_li"].attrs.create("_FillValue", np.float32(2**31))),
    "dataset 9.97e36, attribute 3.4e38": lambda g: filled(g, MAX_F32, {"_FillValue": MAX_F32}, fillvalue=NCO),
    "dataset NaN, attribute 3.4e38": lambda g: filled(g, MAX_F32, {"_FillValue": MAX_F32}, fillvalue=np.nan),
    "dataset alone": lambda g: filled(g, -9999, {}, fillvalue=-9999),
    "dataset alone, never written": lambda g: filled(g, -9999, {}, fillvalue=-9999, never=True),
    "missing_value alone": lambda g: filled(g, -9999, {"missing_value": np.array([-1, -9999], np.float32)}),
    "NaN": lambda g: filled(g, np.nan, {"_FillValue": np.float32(np.nan)}),
    "attribute f64 beside f32": lambda g: filled(g, MAX_F32, {"_FillValue": 3.4028235e38}),
    "attribute i32 beside big-endian f32": lambda g: filled(g, -9999, {"_FillValue": np.int32(-9999)}, np.dtype(">f4")),
    "both kinds": two_kinds,
    "packed coordinates": packed_places,
    "coordinates of two fills": wide_places,
    "f64 of f32": wide,
    "packed flags": flags,
    "the flag 0 is missing": zero_is_fill,
    "beyond 100 km": absurd,
    "chunks never written": holes,
    "tracks without the group": without_group,
}

REFUSED = {
    "_FillValue": ("h_li", "3.4028235e38"),
    "missing_value": ("h_li_sigma", np.bytes_("-9999")),
    "scale_factor": ("latitude", "0.001"),
    "add_offset": ("atl06_quality_summary", "0"),
    "scale_factor ": ("h_li", 0.0),
    "scale_factor  ": ("h_li", np.nan),
    "scale_factor   ": ("h_li", np.array([1.0, 2.0])),
    "add_offset ": ("longitude", np.inf),
    "_Unsigned": ("atl06_quality_summary", "true"),
}


# ------------------------------------------------------------------------------------------------------------- checks
def run(icestream, *words, code=0):
    done = subprocess.run([icestream, *words], text=True, capture_output=True)
    assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stderr}"
    return done


def compare(icestream, granule, cell, wanted, more):
    """One way of reading: the ledger's counts and the table."""
    counts, places, children = wanted
    answer = json.loads(run(icestream, "cell", granule, f"--cell={cell}", "--quiet", "--json", *more).stdout)
    totals = answer["ledger"]["totals"]
    found = {name: totals[name] for name in counts}
    assert found == counts, f"{more}: {found}, not {counts}"
    bad = totals["bad_coordinate"]
    least = places["bad"] if "--exhaustive" in more else places["unwritten"]
    assert least <= bad <= places["bad"], f"{more}: {bad} bad coordinates, not {places}"
    table = run(icestream, "cell", granule, f"--cell={cell}", "--quiet", "--csv", "-", *more).stdout
    seen = 0
    for line in csv.reader(table.splitlines()[1:]):
        rows = children.get(int(line[1]), [])
        assert int(line[2]) == len(rows), f"{more}: {line}, not {len(rows)} rows"
        if rows:
            seen += 1
            ours = np.array(line[3:11], np.float32)
            ulps = np.abs(ours.view(np.int32) - statistics(rows).view(np.int32))
            assert (ulps <= [0, 0, 1, 1, 1, 0, 0, 0]).all(), f"{more}: {line}, not {statistics(rows)}"
    assert seen == len(children), f"{more}: {seen} children, not {len(children)}"
    if "--index" in more:
        assert answer["ledger"]["granules"][0]["index"] == "used", answer["ledger"]["granules"][0]


def parent_of(cell):
    """Order and nested number of a decimal morton id."""
    digits = str(abs(cell))
    number = int(digits[0]) - 1 + (6 if cell < 0 else 0)
    for digit in digits[1:]:
        number = 4 * number + int(digit) - 1
    return len(digits) - 1, number


def check(name, icestream, granule, cell, indexes):
    """Reads one file in all three ways."""
    wanted = expected(granule, *parent_of(cell))
    if wanted[0]["in_parent"] == 0:
        sys.exit(f"{name}: the cell is empty")
    run(icestream, "index", granule, "--out", indexes)
    try:
        for more in ((), ("--exhaustive",), ("--index", indexes)):
            compare(icestream, granule, cell, wanted, more)
    except AssertionError as error:
        sys.exit(f"{name}: {error}")
    print(f"{name}: {wanted[0]}")


def main():
    icestream, cell, granule, *others = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        copy, indexes = os.path.join(folder, os.path.basename(granule)), os.path.join(folder, "indexes")
        for name, way in WAYS.items():
            shutil.copyfile(granule, copy)
            with h5py.File(copy, "a") as file:
                for track in TRACKS:
                    group = file[track]["land_ice_segments"]
                    for column in COLUMNS[:2]:
                        rewrite(group, column, group[column][:])
                    way(group)
            check(name, icestream, copy, cell, indexes)
        for other in others:
            check(os.path.basename(other), icestream, other, cell, indexes)
        for name, (column, value) in REFUSED.items():
            shutil.copyfile(granule, copy)
            with h5py.File(copy, "a") as file:
                file[f"gt2r/land_ice_segments/{column}"].attrs[name.strip()] = value
            said = run(icestream, "cell", copy, f"--cell={cell}", code=5).stderr
            assert name.strip() in said and f"gt2r/land_ice_segments/{column}" in said, f"{name}: {said}"
    print(f"ok: {len(WAYS)} ways of writing, {len(others)} other granules, {len(REFUSED)} refusals")


if __name__ == "__main__":
    main()
