"""Copies of the shared files with planted values: every kind of fill, type, packing, layout, flag and beam that the contract names.

A recipe changes a copy and returns the cases that read it, as arguments of `cases.case`. Every number comes from a seeded generator
or a cycle, so a recipe makes the same file each time.
"""

import shutil

import h5py
import numpy as np

import cases

MAX_F32 = np.float32(3.4028235e38)
ANY = "atl06_quality_summary any"
RECIPES = []


def recipe(product, title, source=None):
    """`source` begins the name of the shared file that is copied, where it isn't the product's name."""
    def add(change):
        RECIPES.append((product, title, source or product, change))
        return change
    return add


def put(group, path, data, attributes=None, *, fill=None, chunks=None, skip=()):
    """Puts a dataset in the place of another. `fill`: the dataset's own; `skip`: numbers of chunks that are never written."""
    if path in group:
        del group[path]
    options = {} if fill is None else {"fillvalue": fill}
    if chunks is not None:
        options |= {"chunks": chunks, "maxshape": (None,) * data.ndim, "compression": "gzip", "shuffle": True}
    dataset = group.create_dataset(path, data.shape, data.dtype, **options)
    corners = [()] if chunks is None else np.ndindex(*(-(-size // chunk) for size, chunk in zip(data.shape, chunks)))
    for number, corner in enumerate(corners):
        if number not in skip:
            place = tuple(slice(c * n, (c + 1) * n) for c, n in zip(corner, chunks or ()))
            dataset[place] = data[place]
    for name, value in (attributes or {}).items():
        dataset.attrs[name] = value
    return dataset


def groups(file, inside=""):
    """(number, group) of the tracks that have the group."""
    names = [name for name in (*cases.BEAMS, *cases.SHOTS, "pt1", "pt2", "pt3") if f"{name}/{inside}".rstrip("/") in file]
    return [(number, file[f"{name}/{inside}".rstrip("/")]) for number, name in enumerate(names)]


def cycle(values, rows, kind=np.float32):
    """The values in turn. A NaN among integers is not possible, and not asked for."""
    return np.resize(np.array(values, np.float64), rows).astype(kind)


def planted(good, kinds, start=0, kind=np.float32):
    """Good numbers, every second one replaced by one of the kinds in turn."""
    found = np.array(good, np.float64)
    found[start % 2::2] = np.resize(np.array(kinds, np.float64), len(found[start % 2::2]))
    return found.astype(kind)


def heights(number, rows):
    """Heights of a slope with noise, and sigmas, the same each time."""
    random = np.random.default_rng(1000 + number)
    return 1000 + np.linspace(0, 40, rows) + random.normal(0, 0.3, rows), random.uniform(0.02, 0.8, rows)


def make(folder, shared):
    """Writes all planted files below the folder; returns their cases."""
    found = []
    for number, (product, title, source, change) in enumerate(RECIPES):
        (original,) = [path for path in sorted(shared.glob("*.h5")) if path.name.startswith(source)][:1]
        # The name says what a granule is, so it stays; folders keep the copies apart.
        name = original.name if product != "ATL13" else original.name.replace("_gt1l", "")
        copy = folder / f"{number:02d}" / name
        copy.parent.mkdir(parents=True)
        shutil.copyfile(original, copy)
        copy.chmod(0o644)
        with h5py.File(copy, "a") as file:
            wanted = change(file)
        for arguments in wanted:
            arguments = dict(arguments)
            said = arguments.pop("title", "")
            found.append(cases.case(copy, product, f"planted: {title}{', ' if said else ''}{said}", **arguments))
    return found


# ----------------------------------------------------------------------------------------------------------------- ATL06
def land_ice(file):
    return [(number, group, len(group["h_li"])) for number, group in groups(file, "land_ice_segments")]


@recipe("ATL06", "fills of every kind")
def fills(file):
    for number, group, rows in land_ice(file):
        height, sigma = heights(number, rows)
        kinds = [-8888, -7777, -7776, -6666, np.nan, np.inf, -np.inf, 3.4e38, MAX_F32, 100000, -100000, 100000.0078125, -123456]
        put(group, "h_li", planted(height, kinds), fill=-6666, attributes={
            "_FillValue": np.float32(-8888), "missing_value": np.array([-7777, -7776], np.float32)})
        kinds = [3.4028235e38, 9.969209968386869e36, np.nan, np.inf, 0, -0.0, -0.25, 1e6, 1e-3, 1e-30]
        put(group, "h_li_sigma", planted(sigma, kinds, 1), {"_FillValue": np.float64(3.4028235e38)}, fill=9.969209968386869e36)
    return [{"keep": [ANY]}, {}, {"keep": [ANY], "edit": {"weight": "none"}, "title": "no weight"},
            {"keep": [ANY, "h_li_sigma > 0"], "title": "with a condition on the uncertainty"}]


@recipe("ATL06", "fills by the dataset or missing_value only")
def quiet_fills(file):
    for number, group, rows in land_ice(file):
        height, sigma = heights(number, rows)
        put(group, "h_li", planted(height, [-9999, 0]), fill=-9999, chunks=(64,))
        put(group, "h_li_sigma", planted(sigma, [np.nan, 0.5], 1), fill=np.nan, chunks=(77,))
        latitude, longitude = group["latitude"][:], group["longitude"][:]
        latitude[3::11], longitude[5::13] = -12.5, 9.969209968386869e36
        latitude[7::17], latitude[8::19], longitude[9::23] = np.nan, 91.0, 360.5
        put(group, "latitude", latitude, fill=-12.5)
        put(group, "longitude", longitude, {"missing_value": np.float32(9.969209968386869e36)})
    return [{"keep": [ANY]}]


@recipe("ATL06", "zeros are data")
def zeros(file):
    for number, group, rows in land_ice(file):
        put(group, "h_li", planted(heights(number, rows)[0], [0, -0.0, 1]), {"units": "meters"}, fill=0, chunks=(100,))
        put(group, "h_li_sigma", heights(number, rows)[1].astype(np.float32), {"units": "meters"})
    return [{"keep": [ANY]}]


@recipe("ATL06", "packed flags with fills")
def flags(file):
    for number, group, rows in land_ice(file):
        height, sigma = heights(number, rows)
        put(group, "h_li", height.astype(np.float32))
        sigma[::4] = 0.3    # as f32 it is more than 0.3, and still passes <= 0.3
        put(group, "h_li_sigma", sigma.astype(np.float32))
        # Stored -5 is the good flag 0, and the dataset's own fill value, which is no reason to drop it.
        put(group, "atl06_quality_summary", cycle([-5, -4, -5, -99, -5, -3, 7, -5], rows, np.int16), fill=-5, attributes={
            "add_offset": 5.0, "_FillValue": np.int16(-99), "missing_value": np.int16(7)})
    return [{}, {"keep": ["atl06_quality_summary in 0,2"]}, {"keep": ["atl06_quality_summary != 0"]},
            {"keep": ["h_li_sigma <= 0.3"], "title": "at the precision of f32"},
            {"keep": ["atl06_quality_summary >= 1", "h_li_sigma <= 0.5"], "title": "two conditions"}]


@recipe("ATL06", "a flag 0 that the attribute calls missing")
def zero_flag(file):
    for number, group, rows in land_ice(file):
        put(group, "h_li", heights(number, rows)[0].astype(np.float32))
        put(group, "h_li_sigma", heights(number, rows)[1].astype(np.float32))
        put(group, "atl06_quality_summary", cycle([0, 1, 0, 2], rows, np.int8), {"_FillValue": np.int8(0)})
    return [{}, {"keep": ["atl06_quality_summary <= 1"]}]


@recipe("ATL06", "big-endian, packed places")
def big_endian(file):
    for number, group, rows in land_ice(file):
        height, sigma = heights(number, rows)
        put(group, "h_li", planted(height, [-9999, 5, 6], kind=">f4"), {"_FillValue": np.int32(-9999)}, chunks=(50,))
        put(group, "h_li_sigma", sigma.astype(">f8"), chunks=(50,))
        put(group, "atl06_quality_summary", cycle([0, 0, 1], rows, ">i4"), chunks=(50,))
        for name in ("latitude", "longitude"):
            stored = np.round(group[name][:] * 1e7).astype(">i4")
            stored[::12] = -(2**31)
            put(group, name, stored, {"_FillValue": np.int32(-(2**31)), "scale_factor": 1e-7}, chunks=(50,))
    return [{}, {"keep": [ANY]}]


@recipe("ATL06", "packed heights")
def packed(file):
    for number, group, rows in land_ice(file):
        height, sigma = heights(number, rows)
        stored = np.round((height - 1000) / 0.001)
        stored[::6] = 2**31 - 1
        # The attribute is the largest integer as f32 holds it, which is one more.
        put(group, "h_li", stored.astype(np.int32), {"scale_factor": 0.001, "add_offset": 1000.0, "_FillValue": np.float32(2**31)})
        put(group, "h_li_sigma", np.round(sigma * 100).astype(np.uint16), {"scale_factor": np.float32(0.01), "missing_value": np.uint16(13)})
    return [{"keep": [ANY]}, {"keep": [ANY, "h_li >= 1010.5", "h_li_sigma < 0.5"], "title": "packed conditions"}]


@recipe("ATL06", "chunks never written")
def holes(file):
    for number, group, rows in land_ice(file):
        height, sigma = heights(number, rows)
        put(group, "h_li", height.astype(np.float32), chunks=(30,), skip=(1,), fill=-9999 if number % 2 else None)
        put(group, "h_li_sigma", sigma.astype(np.float32), {"_FillValue": MAX_F32}, chunks=(20,), skip=(4,))
        # A flag that was never written is what the dataset's fill value says: 0 is good, 1 is not.
        put(group, "atl06_quality_summary", cycle([0, 0, 0, 1], rows, np.int8), chunks=(25,), skip=(0,), fill=number % 2)
        latitude = group["latitude"][:]
        put(group, "latitude", latitude, chunks=(40,), skip=(3,), fill=latitude[10] if number % 3 else None)
        put(group, "longitude", group["longitude"][:], chunks=(35,), skip=(4,))
    return [{}, {"keep": [ANY]}]


@recipe("ATL06", "datasets without storage, absent tracks and groups")
def absent(file):
    for number, group, rows in land_ice(file):
        put(group, "h_li_sigma", heights(number, rows)[1].astype(np.float32))
        put(group, "h_li", heights(number, rows)[0].astype(np.float32), skip=(0,) if number == 1 else ())
    del file["gt1l/land_ice_segments"], file["gt3r"]
    return [{"keep": [ANY]}]


@recipe("ATL06", "tracks that turn")
def turning(file):
    for number, group, rows in land_ice(file):
        half = rows // 2
        latitude, longitude = group["latitude"][:], group["longitude"][:]
        latitude[half:] = latitude[:rows - half][::-1] + 1e-4 * (number % 2)
        latitude[10 + number::40] = latitude[9 + number:-1:40]      # two rows in one place go as the next that moves
        latitude[20::37] = np.nan
        latitude[-1] = np.nan if number % 3 == 1 else latitude[-1]
        put(group, "latitude", latitude, chunks=(60,))
        put(group, "longitude", longitude, chunks=(60,))
        put(group, "h_li", heights(number, rows)[0].astype(np.float32), chunks=(60,))
        put(group, "h_li_sigma", heights(number, rows)[1].astype(np.float32), chunks=(60,))
    return [{"keep": [ANY], "direction": way, "title": way} for way in ("ascending", "descending")] + [
        {"direction": "descending", "beams": "strong", "min_count": 2, "title": "descending, strong, two rows"}]


# ----------------------------------------------------------------------------------------------------------- ATL08, ATL13
@recipe("ATL08", "land cover", "ATL08_nsidc")
def land_cover(file):
    for number, group in groups(file, "land_segments"):
        rows = len(group["latitude"])
        put(group, "segment_landcover", cycle([1, 2, 4, 5, 7, 16, 255, 111, 126], rows, np.int16), {"_FillValue": np.int32(255)})
        put(group, "cloud_flag", cycle([0, 1, 2, 3, 127, -1, -128], rows, np.int8), {"_FillValue": np.int8(127)})
        put(group, "rate", cycle([0.5, np.nan, 1.5, 2, np.inf, -1, 3], rows, np.float64))
        latitude = group["latitude"][:]
        latitude[::14] = np.nan
        put(group, "latitude", latitude, {"_FillValue": np.float32(np.nan)})
    conditions = {
        "not": {"column": "segment_landcover", "not": [5, 7]}, "between": {"column": "rate", "between": [0.5, 2]},
        "bits all": {"column": "cloud_flag", "bits_all": 1}, "bits none": {"column": "cloud_flag", "bits_none": 2},
        "not, of NaN": {"column": "rate", "not": [2]}, "fill of a condition": {"column": "rate", "fill": [3], "at_least": 1},
        "bits of floats": {"column": "rate", "bits_all": 1}, "optional": {"column": "nothing", "is": [1], "optional": True}}
    both = [{"column": "segment_landcover", "is": [1, 5, 16]}, {"column": "cloud_flag", "at_most": 2}, {"column": "rate", "at_least": 1}]
    return [{"keep": ["segment_landcover in 111,112,113,126"]}, {"keep": ["segment_landcover != 4", "rate >= 1"], "title": "two conditions"},
            *({"edit": {"keep": [item]}, "title": name, "once": True} for name, item in conditions.items()),
            {"edit": {"keep": both}, "title": "three in order"}, {"edit": {"keep": both[::-1]}, "title": "three in the other order"}]


@recipe("ATL08", "uncertainties that nothing needs, differences, weights", "ATL08_nsidc")
def needless(file):
    for number, group in groups(file, "land_segments"):
        rows = len(group["latitude"])
        height, sigma = heights(number, rows)
        put(group, "terrain/h_te_best_fit", planted(height, [MAX_F32, 2e5, 900, 901, 902]), {"_FillValue": MAX_F32})
        sigmas = planted(sigma, [MAX_F32, np.nan, 0, -1, 3e38, 0.5, 0.25], 1)
        # Most children keep all their uncertainties: without them there is no sigma to compare.
        put(group, "terrain/h_te_uncertainty", np.where(np.arange(rows) % 50 < 14, sigmas, sigma.astype(np.float32)), {"_FillValue": MAX_F32})
        put(group, "ground", planted(np.full(rows, 1000), [MAX_F32, -9999, np.nan, 999.5, 3e38], 1), {"_FillValue": np.float32(-9999)})
        put(group, "length", planted(np.linspace(10, 100, rows), [0, -5, 12, MAX_F32, np.nan, 30, np.inf, 2e5]), {"missing_value": MAX_F32})
    column = "terrain/h_te_best_fit"
    return [{}, {"edit": {"value": {"column": column, "minus": "ground"}}, "title": "minus"},
            {"edit": {"weight": {"column": "length"}}, "title": "weights of a column"},
            {"edit": {"weight": "inverse_variance"}, "title": "inverse variance"},
            {"edit": {"value": {"count": True}, "uncertainty": None, "statistics": ["count"]}, "title": "count"}]


@recipe("ATL08-canopy", "canopy in other types", "ATL08_processed")
def canopy(file):
    for number, group in groups(file, "land_segments"):
        rows = len(group["latitude"])
        put(group, "canopy/h_canopy", planted(np.linspace(2, 30, rows), [-9999, 4, 5], 1, np.float64), {"missing_value": np.int16(-9999)})
        put(group, "canopy/h_canopy_uncertainty", np.linspace(0.5, 3, rows).astype(np.float16))
    return [{}, {"keep": ["segment_landcover != 5"]}]


@recipe("ATL13", "columns of the native layout")
def inland_water(file):
    latitude, longitude, depth = (file[name][:] for name in ("lat", "lon", "depths"))
    for name in list(file):
        del file[name]
    file.attrs["short_name"] = np.bytes_("ATL13")
    file.create_dataset("orbit_info/sc_orient", data=np.array([1], np.int8))
    for number, name in enumerate(cases.BEAMS):
        group, rows = file.create_group(name), len(latitude) - 40 * number
        group.attrs["atlas_beam_type"] = np.bytes_("strong" if name.endswith("r") else "weak")
        surface = planted(40 - 0.01 * depth[:rows], [MAX_F32, 39.5, 39.75, 40.125], number)
        sigma = np.where(np.arange(rows) % 40 < 4, MAX_F32, np.linspace(0.01, 0.4, rows).astype(np.float32))
        put(group, "segment_lat", latitude[:rows] + 1e-3 * number, chunks=(1000,))
        put(group, "segment_lon", longitude[:rows] + 0.04 * number, chunks=(1000,))
        put(group, "ht_ortho", surface, {"_FillValue": MAX_F32, "units": "meters"}, fill=MAX_F32, chunks=(1000,))
        put(group, "err_ht_water_surf", sigma, {"_FillValue": MAX_F32, "units": "meters"}, fill=MAX_F32, chunks=(1000,))
    return [{}, {"keep": ["err_ht_water_surf <= 0.25"]}, {"beams": "strong", "title": "strong", "once": True},
            {"direction": "ascending", "title": "ascending", "once": True}, {"min_count": 20, "title": "20 rows", "once": True}]
