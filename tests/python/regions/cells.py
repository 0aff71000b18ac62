#!/usr/bin/env python3
"""Cells of regions against shapely, pyproj and healpy.

usage: cells.py --command KEPT       (cargo build --release -p area --example kept)

Basins with corners a kilometre apart at most are written in every format and several coordinate systems by geopandas, pyogrio
and shapely; all must have the same cells, and exactly those whose centre shapely finds inside. Coordinate systems are mapped
beside pyproj, in every notation, and those that must be refused are.
"""

import argparse
import json
import math
import re
import subprocess
import tempfile
import warnings
import zipfile
from pathlib import Path

import geopandas
import healpy
import numpy as np
import pyproj
import shapely

warnings.simplefilter("ignore")              # pyproj says that a notation loses the name of an ensemble
ORDER, PARENT = 12, 6
E2 = (2 - 1 / 298.257223563) / 298.257223563
METRE = 1e-6                                 # how far a mapped place may be from pyproj's
MODES = ("spherical", "authalic")


class Kept:
    """The example `kept`, a line for each question."""

    def __init__(self, command):
        self.process = subprocess.Popen([command], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, **ask):
        self.process.stdin.write(json.dumps(ask) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def cells(self, **ask):
        answer = self(**ask)
        assert "kept" in answer, answer
        return np.concatenate([np.arange(*run) for run in answer["kept"]] or [np.zeros(0, int)]), answer["digest"]


# --- the oracle


def geodetic(authalic):
    """Geodetic latitudes of authalic ones, degrees, by Newton's method on Snyder's equations 3-11 and 3-12."""
    e = math.sqrt(E2)

    def q(sine):
        return (1 - E2) * (sine / (1 - E2 * sine**2) + np.arctanh(e * sine) / e)

    wanted, lat = np.sin(np.radians(authalic)) * q(np.float64(1)), np.radians(authalic)
    for _ in range(6):
        sine = np.sin(lat)
        step = (wanted - q(sine)) * (1 - E2 * sine**2) ** 2 / (2 * (1 - E2) * np.cos(lat))
        lat = lat + np.where(np.cos(lat) > 1e-9, step, 0)
    return np.degrees(lat)


def centres(ids, latitude, order=ORDER):
    lon, lat = healpy.pix2ang(1 << order, ids, nest=True, lonlat=True)
    return lon, geodetic(lat) if latitude == "authalic" else lat


def around(lon, lat, km, order=ORDER):
    """All cells whose centre is within some kilometres of a place."""
    middle = healpy.ang2vec(lon, lat, lonlat=True)
    return np.sort(healpy.query_disc(1 << order, middle, km / 6371, nest=True))


def inside(shape, crs, ids, latitude):
    """Those whose centre is inside, in a coordinate system."""
    lon, lat = centres(ids, latitude)
    lon = (lon + 180) % 360 - 180
    if crs != 4326:
        lon, lat = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(lon, lat)
    shapely.prepare(shape)
    return ids[shapely.contains_xy(shape, lon, lat)]


# --- regions


def ring(x, y, size, wiggles, step=900.0):
    """A closed line of pieces that are `step` long at most."""
    turns = np.linspace(0, 2 * np.pi, 721)
    radius = size * (1 + 0.25 * np.sin(wiggles * turns) + 0.05 * np.cos(31 * turns))
    line = shapely.LinearRing(np.c_[x + radius * np.cos(turns), y + radius * np.sin(turns)][:-1])
    return shapely.segmentize(line, step)


def moved(shape, crs, to):
    """All corners in another coordinate system."""
    transformer = pyproj.Transformer.from_crs(crs, to, always_xy=True)
    return shapely.transform(shape, lambda points: np.c_[transformer.transform(points[:, 0], points[:, 1])])


def files(shape, crs, folder, name):
    """The region in every format: (the format, how to ask for it)."""
    frame = geopandas.GeoDataFrame({"name": ["basin"]}, geometry=[shape], crs=crs if crs != 4326 else "OGC:CRS84")
    stem = folder / f"{name}-{crs}"
    document = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)}]}
    if crs != 4326:
        document["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
    stem.with_suffix(".geojson").write_text(json.dumps(document))
    yield "GeoJSON", {"file": f"{stem}.geojson"}
    frame.to_file(f"{stem}.shp")
    yield "shapefile", {"file": f"{stem}.shp"}
    with zipfile.ZipFile(f"{stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for ending in ("shp", "shx", "dbf", "prj"):
            archive.write(f"{stem}.{ending}", f"folder/{stem.name}.{ending}")
    yield "zipped shapefile", {"file": f"{stem}.zip"}
    frame.to_file(f"{stem}.fgb", spatial_index=True)
    yield "FlatGeobuf", {"file": f"{stem}.fgb"}
    frame.to_file(f"{stem}-plain.fgb", spatial_index=False)
    yield "FlatGeobuf without an index", {"file": f"{stem}-plain.fgb"}
    frame.to_parquet(f"{stem}.parquet", write_covering_bbox=True)
    yield "GeoParquet", {"file": f"{stem}.parquet"}
    stem.with_suffix(".wkt").write_text(shape.wkt)
    yield "WKT", {"file": f"{stem}.wkt", "crs": f"EPSG:{crs}"}
    yield "WKT as a text", {"region": shapely.to_wkt(shape, rounding_precision=-1), "crs": f"EPSG:{crs}"}


def basins(kept, folder):
    """The same cells in every format and system, and exactly the oracle's."""
    # A drainage basin with a nunatak in it, and an island off its coast, across two systems; longitudes are continuous.
    x, y = pyproj.Transformer.from_crs(4326, 3413, always_xy=True).transform(-45.0, 69.5)
    basin = shapely.MultiPolygon([
        shapely.Polygon(ring(x, y, 150e3, 5), [ring(x + 20e3, y, 15e3, 3)]), shapely.Polygon(ring(x - 230e3, y, 12e3, 2))])
    seen = 0
    for latitude in MODES:
        expected = inside(basin, 3413, around(-45.0, 69.5, 400), latitude)
        digests = set()
        for crs in (3413, 4326, 5938, 32623):
            shape = basin if crs == 3413 else moved(basin, 3413, crs)
            for what, ask in files(shape, crs, folder, "basin"):
                cells, digest = kept.cells(latitude=latitude, **ask)
                assert np.array_equal(cells, expected), (what, crs, latitude, len(cells), len(expected))
                digests.add(digest)
                seen += 1
        assert len(digests) == 1
    print(f"basin: {len(expected):,} cells in {seen} files, formats, systems and modes")

    # Around the south pole. In degrees the ring goes once around the globe. Its corners are nearer to each other: what is
    # straight in degrees bends on the ground, 900 m by 0.5 m at 225 km from the pole, and by 2.5 m at the hole.
    cap = shapely.Polygon(ring(30e3, -20e3, 300e3, 4, 200.0), [ring(0, 0, 40e3, 3, 200.0)])
    for latitude in MODES:
        expected = inside(cap, 3031, around(0.0, -90.0, 500), latitude)
        for crs in (3031, 3976, 6932, 5042, 4326):
            shape = cap if crs == 3031 else moved(cap, 3031, crs)
            for what, ask in files(shape, crs, folder, "cap"):
                cells, _ = kept.cells(latitude=latitude, **ask)
                assert np.array_equal(cells, expected), (what, crs, latitude, len(cells), len(expected))
    print(f"around the south pole: {len(expected):,} cells in each system and format")

    # Across 180, and cut there, as RFC 7946 wants it.
    lon, lat = np.array([170.0, -170, -170, 170]), np.array([-80.0, -80, -76, -76])
    across = json.dumps({"type": "Polygon", "coordinates": [np.c_[lon, lat].tolist()]})
    halves = shapely.MultiPolygon([shapely.box(170, -80, 180, -76), shapely.box(-180, -80, -170, -76)])
    ids = around(180.0, -78.0, 500)
    for latitude in MODES:
        lon, lat = centres(ids, latitude)
        expected = ids[(lon >= 170) & (lon < 190) & (lat > -80) & (lat < -76)]
        asks = [{"region": across}, {"region": json.dumps(shapely.geometry.mapping(halves))}, {"region": "170,-80,-170,-76"}]
        for ask in asks:
            assert np.array_equal(kept.cells(latitude=latitude, **ask)[0], expected), ask
    print(f"across 180: {len(expected):,} cells")

    # An edge is straight where its file says: a box with four corners is not the same in both systems.
    # (Meridians of whole degrees run through centres, which healpy has 1e-13 degrees beside them.)
    box = shapely.box(-51.001, 68.5, -48.001, 69.8)
    plane = moved(box, 4326, 3413)
    ids = around(-49.5, 69.2, 200)
    here, there = inside(box, 4326, ids, "spherical"), inside(plane, 3413, ids, "spherical")
    assert np.array_equal(kept.cells(region=box.wkt, crs="EPSG:4326")[0], here)
    assert np.array_equal(kept.cells(region=shapely.to_wkt(plane, rounding_precision=-1), crs="EPSG:3413")[0], there)
    print(f"a box of {len(here):,} cells in degrees has {len(np.setxor1d(here, there))} others in EPSG:3413")


# --- coordinate systems

POLAR = {3031: -1, 3976: -1, 5042: -1, 6932: -1, 3409: -1, 3413: 1, 3995: 1, 3996: 1, 5041: 1, 5938: 1, 6931: 1, 3408: 1}
KNOWN = [4326, *POLAR, 3857, 32601, 32623, 32660, 32733]
# Read from their text alone; longitudes and latitudes of places.
WRITTEN = {3035: (10, 52), 5070: (-96, 38), 2154: (3, 46), 3395: (0, 10), 2193: (173, -41), 3067: (27, 65), 2230: (-117, 33),
           3347: (-91, 60)}
NOTATIONS = ["WKT1_GDAL", "WKT1_ESRI", "WKT2_2019", "WKT2_2019_SIMPLIFIED", "WKT2_2015", "PROJJSON", "PROJ"]
# Refused, and a word of the reason.
REFUSED = {
    "EPSG:4267": "known by their number", "NAD27": "ellipsoid", "ED50": "ellipsoid", "Qornoq 1927": "ellipsoid",
    "Pulkovo 1942": "ellipsoid", "OSGB36 / British National Grid": "ellipsoid", "NSIDC Sea Ice Polar Stereographic North": "ellipsoid",
    "NTF (Paris)": "Greenwich", "S-JTSK / Krovak": "", "WGS 84 / World Equidistant Cylindrical": "not known here",
    "WGS 84 (geocentric)": "neither geographic nor projected", "WGS 84 / Pseudo-Mercator": "pseudo-Mercator",
}
CODES = {"NAD27": 4267, "ED50": 4230, "Qornoq 1927": 4194, "Pulkovo 1942": 4284, "OSGB36 / British National Grid": 27700,
         "NSIDC Sea Ice Polar Stereographic North": 3411, "NTF (Paris)": 4807, "S-JTSK / Krovak": 2065,
         "WGS 84 / World Equidistant Cylindrical": 4087, "WGS 84 (geocentric)": 4978, "WGS 84 / Pseudo-Mercator": 3857}


def notation(crs, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {"PROJJSON": crs.to_json, "PROJ": crs.to_proj4}.get(name, lambda: crs.to_wkt(name))() or None
        except pyproj.exceptions.CRSError:
            return None                      # the notation cannot state it


def places(number, rng):
    if number in POLAR:
        return np.c_[rng.uniform(-180, 180, 50), POLAR[number] * rng.uniform(50, 89.99, 50)].tolist() + [[10, 90 * POLAR[number]]]
    if number in (4326, 3857):
        return np.c_[rng.uniform(-180, 180, 50), rng.uniform(-85, 85, 50)].tolist()
    if number in WRITTEN:
        lon, lat = WRITTEN[number]
    else:
        lon, lat = 6 * (number % 100) - 183, 40 if number < 32700 else -40
    return np.c_[rng.uniform(lon - 3, lon + 3, 50), rng.uniform(lat - 8, lat + 8, 50)].tolist()


def compare(kept, text, number, points, expected):
    answer = kept(crs=text, points=points)
    assert "there" in answer, (number, text[:80], answer)
    off = np.abs(np.array(answer["there"]) - expected).max() * (1 if number != 4326 else 1e5)
    back = np.array(answer["back"]) - points
    back[:, 0] = ((back[:, 0] + 180) % 360 - 180) * np.cos(np.radians(np.array(points)[:, 1]))
    assert off < METRE and np.abs(back).max() < 1e-10, (number, text[:80], off, np.abs(back).max())
    return answer, off


def systems(kept):
    rng = np.random.default_rng(3)
    worst, seen = 0.0, 0
    for number in [*KNOWN, *WRITTEN]:
        crs = pyproj.CRS.from_epsg(number)
        points = places(number, rng)
        # On the ellipsoid of the system itself: NAD83 and ETRS89 are taken as WGS 84.
        geographic = pyproj.CRS.from_json_dict({**crs.geodetic_crs.to_json_dict()})
        transformer = pyproj.Transformer.from_crs(geographic, crs, always_xy=True)
        expected = np.c_[transformer.transform(*np.array(points).T)]
        if number == 4326:
            expected = np.array(points)
        texts = [f"EPSG:{number}"] if number in KNOWN else []
        old = number == 3857
        texts += [notation(crs, name) for name in NOTATIONS if not (old and name.startswith("WKT1"))]
        # ESRI has no name for the scale of EPSG:5938.
        for text in filter(None, texts):
            answer, off = compare(kept, text, number, points, expected)
            worst, seen = max(worst, off), seen + 1
            if number in KNOWN:
                assert answer["epsg"] == number, (number, text[:80], answer["epsg"])
            for mine in (pyproj.CRS.from_wkt(answer["wkt"]), *([pyproj.CRS.from_cf(
                    {k: v for k, v in answer["cf"].items() if k != "crs_wkt"})] if number not in (3857, 2230) else [])):
                transformer = pyproj.Transformer.from_crs(mine.geodetic_crs, mine, always_xy=True)
                again = np.c_[transformer.transform(*np.array(points).T)]
                assert np.abs(again - expected).max() < METRE, (number, mine)
        if number in KNOWN and number not in (3408, 3409):     # these are on a sphere of another name
            assert pyproj.CRS.from_wkt(kept(crs=f"EPSG:{number}", points=[])["wkt"]).equals(crs, ignore_axis_order=True), number
    print(f"{seen} notations of {len(KNOWN) + len(WRITTEN)} systems: {worst:.1e} m from pyproj at most")

    # A datum with a stated shift.
    shifted = "+proj=utm +zone=32 +ellps=intl +towgs84=-87,-98,-121,0.1,0.2,0.5,1 +units=m +no_defs +type=crs"
    points = np.c_[rng.uniform(6, 12, 50), rng.uniform(40, 60, 50)].tolist()
    expected = np.c_[pyproj.Transformer.from_crs("OGC:CRS84", shifted, always_xy=True).transform(*np.array(points).T)]
    for text in filter(None, (shifted, *(notation(pyproj.CRS(shifted), name) for name in NOTATIONS if name != "WKT1_ESRI"))):
        answer = kept(crs=text, points=points)
        assert "there" in answer, (text, answer)
        assert np.abs(np.array(answer["there"]) - expected).max() < 1e-4, text

    for name, word in REFUSED.items():
        if name.startswith("EPSG:"):
            texts = [name]
        else:
            crs = pyproj.CRS.from_epsg(CODES[name])
            texts = [notation(crs, one) for one in NOTATIONS if not (CODES[name] == 3857 and not one.startswith("WKT1"))]
            texts = [text for text in texts if text and "towgs84" not in text.lower()]
        for text in filter(None, texts):
            if text.startswith("+") and name != "NSIDC Sea Ice Polar Stereographic North":
                continue                     # PROJ's notation loses what is refused
            said = kept(region="POLYGON((0 0,1 0,1 1,0 0))", crs=text).get("error", "accepted")
            assert re.search("refused", said) and word in said, (name, text[:80], said)
    print(f"{len(REFUSED)} systems are refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--command", required=True, help="the example `kept` of the crate area")
    kept = Kept(parser.parse_args().command)
    systems(kept)
    with tempfile.TemporaryDirectory() as folder:
        basins(kept, Path(folder))


if __name__ == "__main__":
    main()
