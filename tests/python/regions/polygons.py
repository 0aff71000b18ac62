"""Polygons in every format and system: identical stores, the oracle's cells and values; ways to clip, windows, coarser orders."""

import hashlib
import json
import pathlib
import subprocess
import sys

import numpy as np
import pyproj
import shapely

import asked
from asked import MODES, ORDER, PARENT
from cells import around, files, moved, ring

SYSTEM = 3413
PLACE = (-49.9, 71.1)


def basin(size=90e3):
    """A drainage basin over the tracks, with a hole that a track crosses, and an island off its coast."""
    x, y = pyproj.Transformer.from_crs(4326, SYSTEM, always_xy=True).transform(*PLACE)
    hole, island = ring(x + 2e3, y + 30e3, size / 10, 3), ring(x - 1.45 * size, y, size / 12, 2)
    return shapely.MultiPolygon([shapely.Polygon(ring(x, y, size, 5), [hole]), shapely.Polygon(island)])


def given(tool, shape, crs, name, latitude="spherical"):
    """One way to ask for a region: GeoJSON in its system."""
    folder = tool.folder / "asked"
    folder.mkdir(exist_ok=True)
    document = {"type": "Polygon" if shape.geom_type == "Polygon" else "MultiPolygon"}
    document["coordinates"] = shapely.geometry.mapping(shape)["coordinates"]
    document["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
    path = folder / f"{name}.geojson"
    path.write_text(json.dumps(document))
    return {"file": path}


def store_of(tool, store, ids, clip, rows, latitude, orders=(ORDER,)):
    """What is wrong with a store: its ids, what its provenance says of them, and its statistics; rows outside do not count."""
    wrong = []
    finest = asked.cells_of(rows, latitude, ORDER)
    counted = rows[:, np.isin(finest, ids)]
    for order in orders:
        found = asked.arrays(store, order)
        mine = np.unique(ids >> 2 * (ORDER - order)).astype("u8")
        extra, missing = (np.setdiff1d(*pair).size for pair in ((found["cell_ids"], mine), (mine, found["cell_ids"])))
        if extra or missing:
            wrong.append(f"order {order}: {extra} cells too many, {missing} missing")
            continue
        expected = asked.statistics(counted, asked.cells_of(counted, latitude, order), mine)
        wrong += [f"order {order}: {one}" for one in asked.against(found, expected)]
    said = {"clip": clip, "cells": len(ids), "sha256": hashlib.sha256(ids.astype("<u8").tobytes()).hexdigest()}
    if asked.provenance(store)["kept"] != said:
        wrong.append(f"the provenance has {asked.provenance(store)['kept']}, not {said}")
    text = (store / "zarr.json").read_text() + (store / str(ORDER) / "zarr.json").read_text()
    wrong += [f"the store holds {word!r}" for word in ("geojson", "basin", "POLYGON", str(tool.folder)) if word in text]
    valid = tool.call("validate", store, code=None)
    return wrong + ([] if valid.returncode == 0 else [valid.stdout[:300]])


def compared(tool, shape, home, systems, granules, near, name, *words):
    """One region in every system and format. Yields what is wrong in each system, and the first store."""
    folder = tool.folder / name
    folder.mkdir(exist_ok=True)
    first = None
    for crs in systems:
        there, wrong, seen = shape if crs == home else moved(shape, home, crs), [], 0
        for what, ask in files(there, crs, folder, name):
            if len(ask.get("region", "")) > 100_000:
                continue        # too long for an argument
            store = tool.grid(granules, ask, *words)
            if first is None:
                first = store
                ids = asked.kept_of(shape, home, near, "authalic" if "authalic" in words else "spherical")
                yield f"{len(ids):,} cells of {name} and their values", store_of(
                    tool, store, ids, "centre", asked.rows_of(tuple(granules)), "authalic" if "authalic" in words else "spherical")
            else:
                wrong += [f"{what}: {one}" for one in asked.differing(first, store)]
            seen += 1
        yield f"{name} in {seen} formats in EPSG:{crs} {' '.join(words)}", wrong


def formats(tool):
    yield from compared(tool, basin(), SYSTEM, (SYSTEM, 4326), tool.granules, around(*PLACE, 350), "basin")


def systems(tool):
    """In one format each, in the other mode; and in other systems."""
    shape, near, latitude = basin(), around(*PLACE, 350), "authalic"
    ids = asked.kept_of(shape, SYSTEM, near, latitude)
    stores = []
    for crs in (SYSTEM, 4326, 5938, 32622, 6931, 3995):
        there = shape if crs == SYSTEM else moved(shape, SYSTEM, crs)
        stores.append(tool.grid(tool.granules, given(tool, there, crs, f"basin-{crs}"), "--latitude", latitude))
    wrong = store_of(tool, stores[0], ids, "centre", asked.rows_of(tuple(tool.granules)), latitude)
    yield f"{len(ids):,} cells of a basin, {latitude}", wrong
    yield f"the same in {len(stores)} systems, {latitude}", [one for store in stores[1:] for one in asked.differing(stores[0], store)]


def pole(tool):
    """Around the south pole, where the small granules have no rows."""
    cap = shapely.Polygon(ring(30e3, -20e3, 120e3, 4, 200.0), [ring(0, 0, 40e3, 3, 200.0)])
    near = around(0.0, -90.0, 250)
    for latitude in MODES:
        ids = asked.kept_of(cap, 3031, near, latitude)
        stores = []
        for crs in (3031, 4326):
            there = cap if crs == 3031 else moved(cap, 3031, crs)
            stores.append(tool.grid(tool.granules, given(tool, there, crs, f"cap-{crs}"), "--latitude", latitude))
        wrong = store_of(tool, stores[0], ids, "centre", asked.rows_of(tuple(tool.granules)), latitude)
        yield f"{len(ids):,} cells around the south pole, {latitude}", wrong + asked.differing(*stores)


def full_pole(tool):
    """The same with rows: full-size granules, in all formats; memory that does not hold the rows; groups of cells."""
    made = tool.folder / "made"
    maker = tool.shared / "tools/make_granules.py"
    granules = sorted(pathlib.Path(tool.full).glob("ATL06_*.h5")) if tool.full is not True else []
    if not granules:
        subprocess.run([sys.executable, maker, tool.shared / "data/atl06", made, "4"], check=True, stdout=subprocess.PIPE)
        granules = sorted(made.glob("ATL06_*.h5"))
    cap = shapely.Polygon(ring(30e3, -20e3, 450e3, 4, 200.0), [ring(0, 0, 60e3, 3, 200.0)])
    near = around(0.0, -90.0, 800)
    yield from compared(tool, cap, 3031, (3031, 4326), granules, near, "cap")
    region = given(tool, cap, 3031, "cap")
    stores = [tool.grid(granules, region, "--latitude", "authalic", "--overviews", "11,8", *words)
              for words in ([], ["--memory", "16"], ["--cells-per-call", "7"], ["--request-weight", "256"])]
    ids = asked.kept_of(cap, 3031, near, "authalic")
    wrong = store_of(tool, stores[0], ids, "centre", asked.rows_of(tuple(granules)), "authalic", (ORDER, 11, 8))
    yield f"{len(ids):,} cells of full-size granules, authalic, overviews", wrong
    yield "less memory, groups of cells, another weight", [one for store in stores[1:] for one in asked.differing(stores[0], store)]


def clips(tool):
    shape, near = basin(35e3), around(*PLACE, 130)
    region = given(tool, shape, SYSTEM, "small")
    rows = asked.rows_of(tuple(tool.granules))
    within = rows[:, asked.inside(shape, SYSTEM, rows[0], rows[1])]
    for latitude in MODES:
        stores = {clip: tool.grid(tool.granules, region, "--clip", clip, "--latitude", latitude, "--overviews", "11,9,7")
                  for clip in ("centre", "touch", "none", "rows")}
        found = {clip: asked.arrays(store)["cell_ids"] for clip, store in stores.items()}
        surely, perhaps = asked.touching(shape, SYSTEM, near, latitude)
        parents = np.unique(near >> 2 * (ORDER - PARENT))
        sure, may = asked.touching(shape, SYSTEM, parents, latitude, PARENT)
        edge = {"touch": (surely, perhaps), "rows": (surely, perhaps), "none": [np.concatenate(
            [np.arange(one << 12, one + 1 << 12) for one in which]) for which in (sure, may)]}
        edge["centre"] = [asked.kept_of(shape, SYSTEM, near, latitude)] * 2
        for clip, store in stores.items():
            ids = found[clip].astype("i8")
            wrong = [f"{np.setdiff1d(edge[clip][0], ids).size} cells missing"] if not np.isin(edge[clip][0], ids).all() else []
            wrong += [f"{np.setdiff1d(ids, edge[clip][1]).size} cells too many"] if not np.isin(ids, edge[clip][1]).all() else []
            wrong += store_of(tool, store, ids, clip, within if clip == "rows" else rows, latitude, (ORDER, 11, 9, 7))
            yield f"--clip {clip}, {latitude}: {len(ids):,} cells, {np.nansum(asked.arrays(store)['count']):,} rows", wrong
        yield f"ways to clip differ, {latitude}", [] if len({len(ids) for ids in found.values()}) == 3 else [str(found)]


def windows(tool):
    """Each window is the store of its granules alone, and so are windows of change."""
    region = given(tool, basin(60e3), SYSTEM, "windows")
    for words in ([], ["--latitude", "authalic", "--clip", "rows", "--overviews", "10"]):
        store = tool.grid(tool.granules, region, "--by", "month", *words)
        orders = (ORDER, 10) if "--overviews" in words else (ORDER,)
        wrong = []
        for at, month in enumerate(("201904", "201905", "201906")):
            own = [path for path in tool.granules if path.name.startswith(f"ATL06_{month}")]
            alone = tool.grid(own, region, *words) if own else None
            for order in orders:
                found = asked.arrays(store, order)
                timed = {name: values for name, values in found.items() if values.ndim == 2 and name != "time_bounds"}
                expected = asked.arrays(alone, order) if own else {
                    name: np.full(values.shape[1:], 0 if name == "count" else np.nan, values.dtype) for name, values in timed.items()}
                for name, values in expected.items():
                    mine = found[name] if name == "cell_ids" else found[name][at]
                    wrong += [f"{month}, order {order}: {one}" for one in asked.equal(name, mine, values)]
        yield f"--by month {' '.join(words)}", wrong
    one = tool.grid(tool.granules, region, "--by", "cycle", "--change", "--moments", "--cells-per-call", "1")
    other = tool.grid(tool.granules, region, "--by", "cycle", "--change", "--moments")
    yield "change in groups of one cell", asked.differing(one, other)


def products(tool):
    """Other products and edits: the region's values are those of the whole cell."""
    atl08 = tool.shared / "data/products/ATL08_processed_20200821122613_08730802_004_01.h5"
    for title, granules, cell, words in (
        ("ATL08", [atl08], 4334232, []),
        ("other statistics of ATL06", tool.granules, 4441321, [
            "--statistics", "count,mean,mad,std,q05,sum", "--keep", "h_li_sigma <= 0.2", "--min-count", "5"]),
        ("strong beams, ascending", tool.granules, 4441321, ["--beams", "strong", "--direction", "ascending"]),
    ):
        alone = tool.new()
        tool.call("cell", *granules, f"--cell={cell}", "--product", "auto", "--out", alone, "--quiet", *words)
        expected = asked.arrays(alone)
        lon, lat = asked.centres(expected["cell_ids"].astype("i8"), "spherical")
        lon = (lon + 180) % 360 - 180
        (west, east), (south, north) = np.percentile(lon, [10, 90]), np.percentile(lat, [10, 90])
        found = asked.arrays(tool.grid(granules, f"{west},{south},{east},{north}", *words))
        places = np.searchsorted(found["cell_ids"], expected["cell_ids"]).clip(max=len(found["cell_ids"]) - 1)
        held = found["cell_ids"][places] == expected["cell_ids"]
        wrong = [] if held.any() and expected["count"][held].any() else ["no cell with data"]
        for name in sorted(set(expected) - {"cell_ids", "morton"}):
            wrong += asked.equal(name, found[name][places[held]], expected[name][held])
        yield f"{title}: {held.sum():,} cells of {cell}, {expected['count'][held].sum():,} rows", wrong
