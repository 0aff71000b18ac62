"""More planted files: sea ice, GEDI, cycles, and every type of number. `plant.make` makes them; importing this adds the recipes."""

import numpy as np

import cases
from plant import MAX_F32, cycle, groups, planted, put, recipe


# ----------------------------------------------------------------------------------------------------------------- ATL10
def freeboards(file):
    """Freeboards as they look, with some of everything that drops a row."""
    for number, group in groups(file, "freeboard_segment"):
        rows = len(group["latitude"])
        random = np.random.default_rng(10 + number)
        height = random.lognormal(-1.3, 0.6, rows).astype(np.float32)
        height[random.random(rows) < 0.1] = MAX_F32
        # Whole stretches without an uncertainty: children there have no sigma, the others have.
        unc = random.uniform(0.01, 0.09, rows).astype(np.float32)
        unc[np.arange(rows) // 400 % 4 == 3] = MAX_F32
        unc[np.arange(rows) // 150 % 9 == 7] *= -1
        length = group["heights/height_segment_length_seg"][:]
        length[5::97], length[6::97], length[7::97], length[8::97] = MAX_F32, 0, -3, np.nan
        put(group, "beam_fb_height", height, {"_FillValue": MAX_F32, "units": "meters"}, fill=MAX_F32, chunks=(1000,))
        put(group, "beam_fb_unc", unc, {"_FillValue": MAX_F32, "units": "meters"}, fill=MAX_F32, chunks=(1000,))
        put(group, "heights/height_segment_length_seg", length, {"_FillValue": MAX_F32}, fill=MAX_F32, chunks=(900,))
        put(group, "beam_fb_quality_flag", cycle([1, 1, 2, 3, -1, 4, 1, 5, 0], rows, np.int8), chunks=(1000,))


@recipe("ATL10", "freeboards", "ATL10-01_processed_20220103")
def sea_ice(file):
    freeboards(file)
    return [{}, {"keep": ["beam_fb_quality_flag = 1"]}, {"keep": ["beam_fb_quality_flag in 2,3", "beam_fb_unc < 0.05"], "title": "small"},
            *({"beams": beams, "title": beams, "once": True} for beams in ("strong", "weak")),
            *({"direction": way, "title": way, "once": True} for way in ("ascending", "descending")),
            {"min_count": 40, "title": "40 rows", "once": True}]


@recipe("ATL10", "few freeboards", "ATL10-01_processed_20220106")
def little_sea_ice(file):
    freeboards(file)
    return [{}, {"keep": ["none"]}]


@recipe("ATL10", "a spacecraft that turns", "ATL10-01_processed_20220103")
def in_transition(file):
    freeboards(file)
    file["orbit_info/sc_orient"][...] = 2
    return [{"beams": beams, "title": beams, "once": True} for beams in ("strong", "weak")]


@recipe("ATL10", "beams by their own word", "ATL10-01_processed_20220103")
def own_word(file):
    freeboards(file)
    del file["orbit_info/sc_orient"]
    return [{"beams": beams, "title": beams, "once": True} for beams in ("strong", "weak")]


# ------------------------------------------------------------------------------------------------------------------ GEDI
# Whole numbers of 0 to 119 become these, near the ends of each type: (first, step).
SPREAD = {"i1": (-60, 1), "u1": (100, 1), "i2": (-20000, 100), "u2": (40000, 100), "i4": (-2**30, 2**20), "u4": (2**31, 2**20),
          "i8": (-2**62, 2**33), "u8": (2**63, 2**33)}


def biomass(group, number, kind="f4", fill=-9999):
    """Biomass of one beam; a fifth is missing."""
    random = np.random.default_rng(40 + number)
    rows = len(group["lat_lowestmode"])
    found = random.gamma(1.5, 40, rows)
    kind = np.dtype(kind)
    if kind.kind in "iu":
        first, step = SPREAD[f"{kind.kind}{kind.itemsize}"]
        found = np.array([first + step * (round(x) % 120) for x in found], kind)
    found = found.astype(kind)
    found[random.random(rows) < 0.2] = fill
    return found, random.uniform(0.5, 12, rows).astype(np.float32), random.integers(0, 2, rows)


@recipe("GEDI04_A", "biomass with everything")
def all_of_it(file):
    for number, group in groups(file):
        value, error, flag = biomass(group, number)
        # As in the product: where the value is missing its error is too.
        put(group, "agbd_se", np.where(value == -9999, np.float32(-9999), error))
        put(group, "agbd", value)
        put(group, "l4_quality_flag", flag.astype(np.uint8), chunks=(300,))
    edit = {"edit": {"value": {"column": "agbd", "fill": [-9999, 0.25]}}, "title": "two fills of the description"}
    return [{}, {"keep": ["l4_quality_flag any", "agbd_se <= 8"]}, {"keep": ["none"], "title": "no condition", "once": True},
            {"min_count": 8, "title": "8 rows", "once": True}, edit]


@recipe("GEDI04_A", "biomass alone")
def no_error(file):
    for number, group in groups(file):
        put(group, "agbd", biomass(group, number)[0])
    return [{}, {"keep": ["beam in 5,6,8,11"]}]


@recipe("GEDI04_A", "biomass without errors")
def flag_only(file):
    for number, group in groups(file):
        value, _, flag = biomass(group, number)
        put(group, "agbd", value)
        put(group, "l4_quality_flag", flag.astype(np.int16), {"_FillValue": np.int16(-9999)})
    return [{}]


@recipe("GEDI04_A", "biomass without flags, errors that are none")
def bad_errors(file):
    for number, group in groups(file):
        value, error, _ = biomass(group, number)
        value[::9], value[4::31] = [1e6 + number], np.nan       # no limit: absurd values count, NaN doesn't
        put(group, "agbd", value)
        put(group, "agbd_se", planted(error, [0, -1, np.nan, np.inf, 3, 4, 5], number), fill=-7 if number % 2 else None)
    return [{}]


KINDS = ["i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", ">i2", ">u4", ">i8", ">f4", ">f8"]


def of_kind(value_kind, flag_kind):
    """A file with values of one type and flags of another."""
    value_dtype, flag_dtype = np.dtype(value_kind), np.dtype(flag_kind)
    missing = -9999 if value_dtype.itemsize > 1 and value_dtype.kind != "u" else np.iinfo(value_dtype).max
    flag_missing = -32768 if flag_dtype.kind == "f" else np.iinfo(flag_dtype).max

    def change(file):
        for number, group in groups(file):
            value, _, flag = biomass(group, number, value_dtype, missing)
            said = {} if missing == -9999 else {"_FillValue": value_dtype.type(missing)}
            put(group, "agbd", value, said, chunks=(170,))
            flag = flag.astype(flag_dtype)
            flag[::10] = flag_missing
            put(group, "l4_quality_flag", flag, {"_FillValue": flag_dtype.type(flag_missing)}, chunks=(250,))
        return [{}, {"keep": ["l4_quality_flag = 0"]}]

    recipe("GEDI04_A", f"values {value_kind}, flags {flag_kind}")(change)


for value_kind, flag_kind in zip(KINDS, KINDS[5:] + KINDS[:5]):
    of_kind(value_kind, flag_kind)


@recipe("GEDI04_A", "bits")
def bits(file):
    """Masks of every width: the top bit is the sign of a signed type."""
    for number, group in groups(file):
        rows = len(group["lat_lowestmode"])
        random = np.random.default_rng(number)
        put(group, "agbd", biomass(group, number)[0])
        put(group, "mask8", random.integers(-128, 128, rows).astype(np.int8))
        put(group, "mask64", (random.integers(0, 2**20, rows).astype(np.uint64) << np.uint64(42)) | np.uint64(1))
    masks = [("mask8", "bits_all", 5), ("mask8", "bits_none", 128), ("mask64", "bits_all", 2**60), ("mask64", "bits_none", 2**45 + 2**50)]
    return [{"edit": {"keep": [{"column": column, operator: mask}]}, "title": f"{operator} {mask} of {column}", "once": True}
            for column, operator, mask in masks]


@recipe("GEDI04_A", "packed biomass")
def packed_biomass(file):
    for number, group in groups(file):
        value, error, _ = biomass(group, number)
        stored = np.where(value == -9999, -9999, np.round((np.minimum(value, 300) - 50) / 0.0625)).astype(np.int16)
        # The fill of the description is a stored number: -9999 of these unpacks to -574.9.
        put(group, "agbd", stored, {"scale_factor": 0.0625, "add_offset": 50.0}, chunks=(333,))
        put(group, "agbd_se", np.round(error / 0.1).astype("u1"), {"scale_factor": 0.1})
    return [{}, {"keep": ["agbd >= 20", "agbd_se < 8"]}]


def waveforms(file, flag):
    for number, group in groups(file):
        rows = len(group["lat_lowestmode"])
        random = np.random.default_rng(20 + number)
        heights = np.sort(random.normal(8, 7, (rows, 101)).astype(np.float32), axis=1)
        # Chunks split the second axis: rh[98] lies in the last but one of each row of chunks. Some were never written.
        width = (7, 13, 101, 1)[number % 4]
        across = -(-101 // width)
        skip = {98 // width, 3 * across + 98 // width, across + 2}
        put(group, "rh", heights, chunks=(137, width), skip=skip, fill=-9999 if number % 3 == 0 else None)
        put(group, flag, random.integers(0, 2, rows).astype(np.uint8))
        put(group, "degrade_flag", cycle([0, 0, 3, 0, 0, 80], rows, np.int8 if number % 2 else np.uint8))
        elevation = random.normal(120, 15, rows).astype(np.float32)
        elevation[::15], elevation[1::15] = 3.4e38, -999999
        put(group, "elev_lowestmode", elevation)


@recipe("GEDI02_A", "waveform heights in chunks")
def l2a(file):
    waveforms(file, "quality_flag")
    elevation = {"value": "elev_lowestmode", "limit": cases.ABSURD}
    return [{}, {"keep": ["rh[100] < 25", "degrade_flag any"]}, {"keep": ["quality_flag any"], "title": "any quality", "once": True},
            {"value": {"column": "rh", "index": 50}, "title": "rh[50]"}, {"title": "elevation", **elevation},
            {"title": "elevation, no condition", "keep": ["none"], "once": True, **elevation}]


@recipe("GEDI02_A", "names of version 3")
def l2a_new(file):
    waveforms(file, "l2a_quality_flag_rel3")
    for number, group in groups(file):
        if number % 2:
            put(group, "quality_flag", np.zeros(len(group["lat_lowestmode"]), np.uint8))
    return [{}]


@recipe("GEDI02_B", "flags and fills")
def l2b(file):
    for number, group in groups(file):
        rows = len(group["cover"])
        put(group, "rh100", planted(group["rh100"][:], [-32768, 500, 600, 12], number, np.int16), {"_FillValue": np.int16(-32768)}, chunks=(9,))
        put(group, "l2b_quality_flag", cycle([1, 0, 1, 1, 255], rows, np.uint8), {"missing_value": np.uint8(255)})
        put(group, "pai", planted(group["pai"][:], [np.nan, 0.5, np.inf, -1], number))
        cover = group["cover"][:].astype(">f8")
        cover[2::7] = -9999     # no attribute says what it is
        put(group, "cover", cover, chunks=(10,), skip=(1,))
    return [{}, {"keep": ["l2b_quality_flag = 0"]}, {"title": "rh100", **cases.RH100}, {"title": "pai", **cases.PAI}, {"beams": "strong", "title": "full power", "once": True}]


# ----------------------------------------------------------------------------------------------------------------- ATL11
def cycles(group, chunk, kind):
    """Seven cycles made of two: each another whole number of metres away."""
    rows = len(group["h_corr"])
    found = {}
    for name in ("h_corr", "h_corr_sigma"):
        pair = group[name][:]
        found[name] = np.stack([pair[:, number % 2] + (number if name == "h_corr" else 0) for number in range(7)], axis=1).astype(kind)
    found["h_corr"][::7, 2], found["h_corr"][3::9, 6] = MAX_F32, np.nan
    found["h_corr_sigma"][5::11, 2], found["h_corr_sigma"][6::13, 6] = 0, MAX_F32
    quality = np.stack([cycle([0, 0, number % 3, 1, 0, 6], rows, np.int32) for number in range(7)], axis=1)
    for name, values in found.items():
        skip = {2 // chunk[1], 9 * -(-7 // chunk[1]) + 6 // chunk[1]} if name == "h_corr" else ()
        put(group, name, values, {"_FillValue": np.float64(MAX_F32)}, chunks=chunk, skip=skip)
    return quality


@recipe("ATL11", "seven cycles, chunks across them")
def seven(file):
    group = file["pt2/corrected_h"]
    quality = cycles(group, (100, 3), np.float64)
    put(group, "quality_summary", quality, chunks=(64, 2))
    put(group, "cycle_number", np.arange(1, 8, dtype=">i4"))
    return [{"cycle": 3}, {"cycle": 7}, {"cycle": 7, "keep": ["quality_summary any"], "title": "any quality"},
            {"cycle": 3, "keep": ["quality_summary[4] <= 1", "h_corr_sigma[2] < 0.25"], "title": "conditions of other cycles"},
            {"cycle": 9, "refused": ["1", "7"], "title": "cycle 9"}]


@recipe("ATL11", "no group inside")
def flat(file):
    group = file["pt2/corrected_h"]
    quality = cycles(group, (128, 1), np.float32)
    put(group, "quality_summary", np.where(quality == 6, 127, quality).astype(np.int8), {"_FillValue": np.int8(127)}, chunks=(99, 7))
    put(group, "cycle_number", np.array([3, 4, 5, 6, 7, 9, 10], np.int8))
    for name in list(group):
        file.move(f"pt2/corrected_h/{name}", f"pt2/{name}")
    del file["pt2/corrected_h"]
    file.copy("pt2", "pt1")
    file["pt1/longitude"][...] += 0.05
    return [{"cycle": 5}, {"cycle": 10, "direction": "descending", "title": "descending"}, {"cycle": 8, "refused": ["9"], "title": "cycle 8"}]


@recipe("GEDI02_B", "places and names of version 3")
def l2b_new(file):
    for number, group in groups(file):
        for name in ("lat_lowestmode", "lon_lowestmode"):
            file.move(f"{group.name}/geolocation/{name}", f"{group.name}/{name}")
        file.move(f"{group.name}/l2b_quality_flag", f"{group.name}/l2b_quality_flag_rel3")
        group["l2b_quality_flag_rel3"][number::3] = 0
    return [{}, {"keep": ["l2b_quality_flag any"]}]


@recipe("GEDI04_A", "names of version 3")
def l4a_new(file):
    for number, group in groups(file):
        value, error, flag = biomass(group, number)
        put(group, "agbd", value)
        put(group, "agbd_se", error)
        put(group, "l4a_quality_flag_rel3", flag.astype(np.uint8))
        put(group, "l4_quality_flag", 1 - flag.astype(np.uint8))
    return [{}, {"keep": ["l4a_quality_flag_rel3 = 0"]}]
