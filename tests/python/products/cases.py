"""The built-in products as the oracle reads them, the words of the command line that change them, and what is run on the shared files."""

import dataclasses
import re

import cf
import oracle

BEAMS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
SHOTS = ("BEAM0000", "BEAM0001", "BEAM0010", "BEAM0011", "BEAM0101", "BEAM0110", "BEAM1000", "BEAM1011")
ABSURD = 1e5        # metres


def product(name, prefix, tracks, group, value, uncertainty=None, weight="none", keep=(), limit=ABSURD, lat="latitude", lon="longitude"):
    return {"name": name, "prefix": prefix, "tracks": tracks, "group": group, "lat": lat, "lon": lon, "value": value,
            "uncertainty": uncertainty, "weight": weight, "keep": list(keep), "limit": limit}


def gedi(name, prefix, value, keep, places=("",), **more):
    lat, lon = ({"column": [f"{place}{axis}_lowestmode" for place in places]} for axis in ("lat", "lon"))
    return product(name, prefix, SHOTS, "", value, keep=keep, lat=lat, lon=lon, **more)


def good(column, wanted, operator="is", **more):
    return {**(column if isinstance(column, dict) else {"column": column}), operator: [wanted] if operator == "is" else wanted, **more}


def atl11(cycle):
    """The columns of one cycle. Without a number the job must be refused, so there is no product."""
    columns = [{"column": name, "axis": ["cycle_number", cycle]} for name in ("h_corr", "h_corr_sigma", "quality_summary")]
    return product("ATL11", "h", ("pt1", "pt2", "pt3"), ["corrected_h", ""], columns[0], columns[1], "inverse_variance",
                   [{**columns[2], "is": [0]}])


LINK = {"begin": "geolocation/ph_index_beg", "count": "geolocation/segment_ph_cnt", "base": 1, "margin": 1.0,
        "latitude": "geolocation/reference_photon_lat", "longitude": "geolocation/reference_photon_lon",
        "groups": ["geolocation", "geophys_corr"]}

BUILT_IN = {
    "ATL03": product("ATL03", "h", BEAMS, "heights", "h_ph", lat="lat_ph", lon="lon_ph",
                     keep=[good({"column": "signal_conf_ph", "index": 3}, 3, "at_least"), good("quality_ph", 0)]) | {"link": LINK},
    "ATL06": product("ATL06", "h", BEAMS, "land_ice_segments", "h_li", "h_li_sigma", "inverse_variance",
                     [good("atl06_quality_summary", 0)]),
    "ATL08": product("ATL08", "h", BEAMS, "land_segments", "terrain/h_te_best_fit", "terrain/h_te_uncertainty"),
    "ATL08-canopy": product("ATL08-canopy", "h_canopy", BEAMS, "land_segments", "canopy/h_canopy", "canopy/h_canopy_uncertainty"),
    "ATL10": product("ATL10", "freeboard", BEAMS, "freeboard_segment", "beam_fb_height", "beam_fb_unc",
                     {"column": "heights/height_segment_length_seg"}, [good("beam_fb_quality_flag", 1, "at_least")]),
    "ATL13": product("ATL13", "h", BEAMS, "", "ht_ortho", "err_ht_water_surf", lat="segment_lat", lon="segment_lon"),
    "GEDI02_A": gedi("GEDI02_A", "rh98", {"column": "rh", "index": 98},
                     [good(["l2a_quality_flag_rel3", "quality_flag"], 1, optional=True), good("degrade_flag", 0, optional=True)]),
    "GEDI02_B": gedi("GEDI02_B", "cover", {"column": "cover", "fill": [-9999]}, [good(["l2b_quality_flag_rel3", "l2b_quality_flag"], 1, optional=True)],
                     ("geolocation/", ""), limit=None),
    "GEDI04_A": gedi("GEDI04_A", "agbd", {"column": "agbd", "fill": [-9999]}, [good(["l4a_quality_flag_rel3", "l4_quality_flag"], 1, optional=True)],
                     uncertainty={"column": "agbd_se", "fill": [-9999], "optional": True}, weight="inverse_variance", limit=None),
}

# The value that ATL03 names beside heights: the rows themselves, and so only their number.
COUNT = {"count": True}

# The other values that GEDI02_B names.
PAI, RH100 = ({"value": {"column": name, "fill": [-9999]}, "limit": None} for name in ("pai", "rh100"))

# ------------------------------------------------------------------------------------------- words of the command line
OPERATORS = {"=": "is", "!=": "not", ">=": "at_least", "<=": "at_most", ">": "above", "<": "below", "in": "is"}
WORDS = re.compile(r"(?P<path>[^\s\[]+)(\[(?P<index>\d+)\])?\s+(?P<op>!=|>=|<=|=|>|<|in|any)(\s+(?P<value>.+))?$")


def number(text):
    return float(text) if re.search("[.e]", text) else int(text)


def condition(text):
    """(path, condition or None for `any`) of a `--keep`."""
    found = WORDS.match(text)
    item = {"column": found["path"]}
    if found["index"]:
        item["index"] = int(found["index"])
    if found["op"] == "any":
        return found["path"], None
    numbers = [number(part) for part in found["value"].split(",")]
    operator = OPERATORS[found["op"]]
    item[operator] = numbers if operator in ("is", "not") else numbers[0]
    return found["path"], item


def with_keep(defaults, texts):
    """The conditions that are left of the defaults, and those that `--keep` puts in their places or appends."""
    if "none" in texts:
        defaults, texts = [], [text for text in texts if text != "none"]
    wanted = {}
    for text in texts:
        path, item = condition(text)
        wanted.setdefault(path, []).extend([] if item is None else [item])
    kept = []
    for item in defaults:
        paths = cf.described(item)["column"]
        replaced = [path for path in wanted if path in ([paths] if isinstance(paths, str) else paths)]
        if not replaced:
            kept.append(item)
        for path in replaced:
            kept += wanted[path]
            wanted[path] = []
    return kept + [item for items in wanted.values() for item in items]


def value_words(column):
    """A column as `--value` writes it, or the word for the rows themselves."""
    if column == COUNT:
        return "count"
    path = cf.described(column)["column"]
    return f"{path}[{column['index']}]" if "index" in cf.described(column) else path


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to call the command on one file, and what the oracle is to compute for it."""

    title: str
    path: str
    product: dict
    words: tuple
    statistics: tuple
    edit: dict = None       # keys of the product's own file that are replaced
    once: bool = False      # one latitude mode is enough
    refused: tuple = ()     # words that the error must say; then nothing is computed
    kept: int = None        # rows of the whole file that the oracle must count
    order: int = oracle.PARENT_ORDER

    @property
    def name(self):
        return self.product["name"]


def case(path, name, title="default", *, keep=(), value=None, limit=ABSURD, edit=None, cycle=None, once=False, refused=(), kept=None,
         order=oracle.PARENT_ORDER, flags=(), **options):
    """`value` and `limit`: another column by `--value`, which has neither uncertainty nor weight. `options`: beams, direction, min_count.
    `flags`: words that change nothing in what must come out."""
    described = atl11(cycle or 3) if name == "ATL11" else BUILT_IN[name]
    described = {**described, "keep": with_keep(described["keep"], keep), **options, **(edit or {})}
    words = ["--product", name] + (["--cycle", str(cycle)] if cycle else [])
    for text in keep:
        words += ["--keep", text]
    if value is not None:
        prefix = described["prefix"] if value == COUNT else None
        described |= {"value": value, "limit": limit, "uncertainty": None, "prefix": prefix, "weight": "none"}
        words += ["--value", value_words(value)]
    for option, chosen in options.items():
        words += ["--" + option.replace("_", "-"), str(chosen)]
    wanted = [s for s in oracle.STATISTICS if s != "sigma" or described["uncertainty"] is not None]
    if described["value"] == COUNT:
        wanted = ["count"]
    return Case(title, str(path), described, (*words, *flags), tuple(wanted), edit, once, tuple(refused), kept, order)


# ------------------------------------------------------------------------------------------------------- the shared files
def shared(folder):
    """Cases of the files as they are. The second of every product was chosen by looking: it leaves some rows and drops some."""
    files = {path.name.split("_2019")[0].split("_2018")[0]: path for path in sorted(folder.glob("*.h5"))}
    atl06, atl11 = files["ATL06"], files["ATL11_078805_0304_02_v002.h5"]
    atl08 = files["ATL08_processed_20200821122613_08730802_004_01.h5"]
    atl10 = [path for name, path in files.items() if name.startswith("ATL10")]
    found = [
        case(atl06, "ATL06"),
        case(atl06, "ATL06", "any quality, small sigma", keep=["atl06_quality_summary any", "h_li_sigma <= 0.5"]),
        case(atl06, "ATL06", "no condition, strong", keep=["none"], beams="strong", once=True),
        case(atl06, "ATL06", "any quality, weak", keep=["atl06_quality_summary any"], beams="weak", once=True),
        case(atl06, "ATL06", "ascending", keep=["none"], direction="ascending", once=True),
        case(atl06, "ATL06", "descending", keep=["none"], direction="descending", once=True),
        case(atl06, "ATL06", "three rows at least", keep=["none"], min_count=3, once=True),
    ]
    nsidc = files["ATL08_nsidc_icesat2gis.h5"]
    for name in ("ATL08", "ATL08-canopy"):
        found += [case(nsidc, name), case(nsidc, name, "photon rate", keep=["terrain/photon_rate_te >= 1", "terrain/terrain_slope < 0.25"]),
                  case(atl08, name), case(atl08, name, "land cover 5", keep=["segment_landcover = 5"]),
                  case(atl08, name, "land cover 1 and many photons", keep=["segment_landcover in 1,2", "n_seg_ph > 100"], once=True)]
    found += [case(nsidc, "ATL08", "canopy by --value", value="canopy/h_canopy", once=True),
              case(nsidc, "ATL08", "descending", direction="descending", once=True)]
    for path in atl10:
        confidence = {"value": "beam_fb_confidence", "limit": None}
        found += [case(path, "ATL10"), case(path, "ATL10", "confidence", **confidence),
                  case(path, "ATL10", "best confidence", keep=["beam_fb_quality_flag = 1"], **confidence)]
    found += [case(atl10[0], "ATL10", f"confidence, {beams}", beams=beams, once=True, **confidence) for beams in ("strong", "weak")]
    for cycle in (3, 4):
        found += [case(atl11, "ATL11", f"cycle {cycle}", cycle=cycle),
                  case(atl11, "ATL11", f"cycle {cycle}, small sigma of cycle 4", cycle=cycle, keep=["h_corr_sigma[1] <= 0.03125"])]
    found += [case(atl11, "ATL11", "without a cycle", refused=["3", "4"]), case(atl11, "ATL11", "cycle 7", cycle=7, refused=["3", "4"])]
    l2a, l2b, l4a = (files[name] for name in ("GEDI02_A", "GEDI02_B", "GEDI04_A"))
    found += [
        case(l2a, "GEDI02_A"), case(l2a, "GEDI02_A", "tall", keep=["rh[100] >= 1"]),
        case(l2a, "GEDI02_A", "rh[50] of some beams", value={"column": "rh", "index": 50}, keep=["beam in 5,6,8,11", "rh[50] != 0"], once=True),
        case(l2b, "GEDI02_B"), case(l2b, "GEDI02_B", "sensitive", keep=["sensitivity >= 0.9625"]),
        case(l2b, "GEDI02_B", "pai", **PAI), case(l2b, "GEDI02_B", "rh100", **RH100),
        case(l2b, "GEDI02_B", "tall", **RH100, keep=["rh100 > 600", "l2b_quality_flag any"], once=True),
        case(l2b, "GEDI02_B", "full power", beams="strong", once=True), case(l2b, "GEDI02_B", "coverage", beams="weak", once=True),
        case(l4a, "GEDI04_A"), case(l4a, "GEDI04_A", "strong beams", keep=["beam in 5,6,8,11"]),
    ]
    found += photons(files["ATL03_gt1l.h5"], files["ATL03_icesat2vegr_clip.h5"])
    wrong = [(files["ATL24_variable_subset.h5"], "ATL06", "ATL24"), (files["ATL03_gt1l.h5"], "ATL06", "ATL03"), (atl06, "ATL08", "ATL06"),
             (files["ATL13"], "ATL06", "ATL13"), (atl06, "ATL03", "ATL06")]
    return found + [case(path, name, f"wrong: {said}", refused=[said, name]) for path, name, said in wrong]


# Edits of ATL03 that read columns of the segments, or weigh.
GEOID = {"value": {"column": "h_ph", "minus": "geophys_corr/geoid"}}
WEIGHED = {"weight": {"column": "weight_ph"}}
WEIGHED_BY_SEGMENT = {"weight": {"column": "geolocation/tx_pulse_energy"}}
WITH_SIGMA = {"uncertainty": "geolocation/sigma_h", "weight": "inverse_variance"}
SIGMA_ONLY = {"uncertainty": "geolocation/sigma_h", **WEIGHED}
TIDE = {"value": {"column": "h_ph", "minus": "geophys_corr/tide_ocean"}}


def photons(sound, broken):
    """ATL03: a file whose link is sound (ocean, sea ice), and one whose link is not (land)."""
    ocean, land = ["signal_conf_ph[1] >= 3"], ["signal_conf_ph[0] >= 2"]
    elevation, pointing = "geolocation/solar_elevation < -7.2725", "geolocation/podppd_flag"
    found = [
        case(sound, "ATL03", kept=0), case(sound, "ATL03", "ocean", keep=ocean, kept=2676),
        case(sound, "ATL03", "sea ice", keep=["signal_conf_ph[2] >= 3"], kept=2678, once=True),
        case(sound, "ATL03", "no condition", keep=["none"], kept=2909, once=True),
        case(broken, "ATL03", kept=0, once=True), case(broken, "ATL03", "land", keep=["signal_conf_ph[0] >= 3"], kept=54),
        case(broken, "ATL03", "no condition", keep=["none"], kept=6809),
        # A column of the segments is used: the photon in two segments and the one in none are dropped first.
        case(broken, "ATL03", "pointing", keep=["none", f"{pointing} = 0"], kept=6807),
        case(broken, "ATL03", "no land ice", keep=["none", "geolocation/surf_type[3] = 0"], kept=6807, once=True),
        case(broken, "ATL03", "above the geoid", keep=["none"], edit=GEOID, kept=6807),
        case(broken, "ATL03", "descending", keep=["none"], direction="descending", kept=6807, once=True),
        case(broken, "ATL03", "ascending", keep=["none"], direction="ascending", kept=0, once=True),
        # Fills that only the dataset names.
        case(broken, "ATL03", "ocean tide", keep=["none"], edit=TIDE, kept=0, once=True),
        case(broken, "ATL03", "tide as value", keep=["none"], value="geophys_corr/tide_ocean", kept=0, once=True),
        case(broken, "ATL03", "sun", keep=[*land, "geolocation/solar_elevation >= 33.5359"], once=True),
    ]
    for path, keep in ((sound, ocean), (broken, land)):
        found += [
            case(path, "ATL03", "photons", keep=keep, value=COUNT),
            case(path, "ATL03", "photons of any kind", keep=["none"], value=COUNT, min_count=40, once=True),
            case(path, "ATL03", "photons that point", keep=[*keep, f"{pointing} = 0"], value=COUNT, once=True),
            case(path, "ATL03", "weighed", keep=keep, edit=WEIGHED),
            case(path, "ATL03", "weighed by segment", keep=keep, edit=WEIGHED_BY_SEGMENT, once=True),
            case(path, "ATL03", "weighed by sigma", keep=keep, edit=WITH_SIGMA, once=True),
            case(path, "ATL03", "weighed, with sigma", keep=keep, edit=SIGMA_ONLY, once=True),
            case(path, "ATL03", "strong", keep=["none"], beams="strong", kept=0 if path == sound else None, once=True),
            case(path, "ATL03", "weak", keep=keep, beams="weak", once=True),
            case(path, "ATL03", "geoid as value", keep=keep, value="geophys_corr/geoid"),
            case(path, "ATL03", "no such column", keep=["geolocation/no_such >= 1"], refused=["no_such"]),
        ]
    return found + [
        case(sound, "ATL03", "strict", keep=[*ocean, f"{pointing} = 0"], flags=["--strict"], once=True),
        case(broken, "ATL03", "strict", keep=["none"], flags=["--strict"], refused=["gt1r", "in no parent", "several"]),
        case(sound, "ATL03", "exhaustively", keep=ocean, edit=GEOID, flags=["--exhaustive"], once=True),
        case(broken, "ATL03", "exhaustively", keep=land, edit=GEOID, flags=["--exhaustive"], once=True),
        case(sound, "ATL03", "sun", keep=[*ocean, elevation]),
        case(sound, "ATL03", "pointing", keep=[*ocean, f"{pointing} = 0"], kept=2676, once=True),
        case(sound, "ATL03", "land ice only", keep=[*ocean, "geolocation/surf_type[3] = 1"], kept=0, once=True),
        case(sound, "ATL03", "sea ice beside", keep=[*ocean, "geolocation/surf_type[2] = 1"], kept=2676, once=True),
        case(sound, "ATL03", "above the geoid", keep=ocean, edit=GEOID, kept=2676),
        case(sound, "ATL03", "without the tide", keep=ocean, edit=TIDE, once=True),
        case(sound, "ATL03", "saturation", once=True,
             keep=[*ocean, "geolocation/full_sat_fract <= 0.0714285714", "geophys_corr/dem_flag = 3"]),
        case(sound, "ATL03", "ascending", keep=ocean, direction="ascending", once=True),
        case(sound, "ATL03", "descending", keep=ocean, direction="descending", once=True),
        case(sound, "ATL03", "ascending, any", keep=["none"], direction="ascending", once=True),
    ]
