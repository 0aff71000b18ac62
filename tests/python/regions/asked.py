"""Asks the command for regions, and what the answers are compared with: rows by h5py, cells by healpy, borders by shapely."""

import functools
import hashlib
import importlib.util
import json
import pathlib
import subprocess

import h5py
import healpy
import numpy as np
import pyproj
import shapely

from cells import centres, geodetic

HERE = pathlib.Path(__file__).resolve().parent
BEAMS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
MODES = ("spherical", "authalic")
ORDER, PARENT = 12, 6
SECONDS = 600


def _places():
    """products/grid.py; its name is also that of the program here."""
    spec = importlib.util.spec_from_file_location("places_of_cells", HERE.parent / "products/grid.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLACES = _places()


class Refused(Exception):
    """The command ended with another exit code than was expected."""


class Tool:
    """`thorough`: 0 for a quick look, 2 for what takes hours; then `full` may be a folder of full-size granules."""

    def __init__(self, command, folder, shared, thorough, full):
        self.command, self.folder, self.shared = command, pathlib.Path(folder), pathlib.Path(shared)
        self.thorough, self.full = thorough, full
        self.granules = sorted((self.shared / "data/atl06").glob("ATL06_*.h5"))
        self.number = 0

    def call(self, *words, code=0, **more):
        """What a command said; Refused where it ends with another code."""
        command = [self.command, *map(str, words)]
        done = subprocess.run(command, text=True, capture_output=True, timeout=SECONDS, **more)
        if code is not None and done.returncode != code:
            raise Refused(f"{' '.join(command)[:400]}: exit code {done.returncode}, not {code}: {done.stderr.strip()[-600:]}")
        return done

    def new(self, ending=".zarr"):
        self.number += 1
        return self.folder / f"{self.number}{ending}"

    def grid(self, granules, region, *words, out=None, code=0, **more):
        """The store of a region."""
        store = out or self.new()
        self.call("grid", *granules, *region_words(region), "--out", store, "--quiet", *words, code=code, **more)
        return store

    def refused(self, words, wanted, codes=(2, 5), **more):
        """What is wrong with an error that must come, with a code and all of some words."""
        done = self.call(*words, code=None, **more)
        missing = [word for word in wanted if word not in done.stderr]
        told = f"exit code {done.returncode}: {done.stderr.strip()[-300:]}"
        bad = done.returncode not in codes or missing or "panicked" in done.stderr
        return [f"{' '.join(map(str, words[2:]))[-200:]}: lacks {missing}: {told}"] if bad else []


def region_words(region):
    """A region as `files` of cells.py says it, or the text of one."""
    if not isinstance(region, dict):
        return [f"--region={region}"]
    words = [f"--region={region.get('file', region.get('region'))}"]
    return [*words, *(["--region-crs", region["crs"]] if "crs" in region else [])]


def tree(folder):
    """The bytes of every file below a folder, as digests by name."""
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def differing(one, other):
    """Names of files that are not the same in two folders."""
    a, b = tree(one), tree(other)
    found = sorted(name for name in {*a, *b} if a.get(name) != b.get(name))
    return [f"{pathlib.Path(other).name}: {len(found)} of {len(a)} files differ: {found[:4]}"] if found or not a else []


def arrays(store, order=ORDER):
    """All arrays of a group, by name."""
    import zarr     # half a second

    return {name: array[...] for name, array in zarr.open_group(str(store), path=str(order), mode="r").arrays()}


def provenance(store, order=ORDER):
    return json.loads((pathlib.Path(store) / str(order) / "zarr.json").read_text())["attributes"]["icestream"]


def equal(name, found, expected):
    """What is wrong with an array: to the bit, but that one NaN is another."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return [f"{name}: {found.dtype} {found.shape}, not {expected.dtype} {expected.shape}"]
    if np.array_equal(found, expected, equal_nan=found.dtype.kind == "f"):
        return []
    off = np.flatnonzero(~((found == expected) | ((found != found) & (expected != expected))).ravel())
    return [f"{name}: {len(off)} of {found.size} differ: {found.ravel()[off[:2]]}, not {expected.ravel()[off[:2]]}"]


# --- the oracle


@functools.cache
def rows_of(paths):
    """Longitudes, latitudes, heights and sigmas of the rows that count, as f64."""
    parts = []
    for path in paths:
        with h5py.File(path) as file:
            for beam in BEAMS:
                if f"{beam}/land_ice_segments/h_li" not in file:
                    continue
                group = file[f"{beam}/land_ice_segments"]
                names = ("longitude", "latitude", "h_li", "h_li_sigma")
                columns = np.stack([group[name][:].astype("f8") for name in names])
                lon, lat, height, sigma = columns
                good = (group["atl06_quality_summary"][:] == 0) & np.isfinite(columns).all(axis=0)
                good &= (np.abs(height) <= 1e5) & (sigma <= 1e5) & (sigma > 0) & (np.abs(lat) <= 90)
                parts.append(columns[:, good])
    return np.concatenate(parts, axis=1)


def cells_of(rows, latitude, order):
    return PLACES.cells(order, rows[1], rows[0], latitude)


def statistics(rows, cells, ids):
    """The product's statistics of these cells; rows of other cells do not count."""
    at = np.searchsorted(ids, cells).clip(max=len(ids) - 1)
    held = ids[at] == cells
    at, height, sigma = at[held], rows[2][held], rows[3][held]
    order = np.argsort(at, kind="stable")
    at, height, sigma = at[order], height[order], sigma[order]
    found = {"count": np.bincount(at, minlength=len(ids)).astype("i4")}
    for name in ("min", "max", "mean", "sigma", "variance", "q25", "q50", "q75"):
        found[f"h_{name}"] = np.full(len(ids), np.nan, "f4")
    for cell in np.unique(at):
        part = slice(*np.searchsorted(at, [cell, cell + 1]))
        h, weight = height[part], sigma[part] ** -2
        values = (h.min(), h.max(), (h * weight).sum() / weight.sum(), weight.sum() ** -0.5, h.var(), *np.quantile(h, [0.25, 0.5, 0.75]))
        for name, value in zip(("min", "max", "mean", "sigma", "variance", "q25", "q50", "q75"), values):
            found[f"h_{name}"][cell] = value
    return found


def against(found, expected):
    """What is wrong with statistics: mean, sigma and variance may be one unit of f32 off."""
    wrong = []
    for name, values in expected.items():
        mine = found[name]
        if name.split("_")[-1] not in ("mean", "sigma", "variance"):
            wrong += equal(name, mine, values)
        elif not np.array_equal(np.isnan(mine), np.isnan(values)):
            wrong.append(f"{name}: {np.isnan(mine).sum()} NaN, not {np.isnan(values).sum()}")
        elif (np.abs(mine - values) > np.spacing(np.abs(values)) * 1.01 + 1e-30).any():
            wrong.append(f"{name}: {np.nanmax(np.abs(mine - values))} off")
    return wrong


def inside(shape, crs, lon, lat):
    lon = (lon + 180) % 360 - 180
    if crs != 4326:
        lon, lat = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(lon, lat)
    shapely.prepare(shape)
    return shapely.contains_xy(shape, lon, lat)


def kept_of(shape, crs, ids, latitude):
    """Cells whose centre is in a shape."""
    return ids[inside(shape, crs, *centres(ids, latitude))]


def outlines(ids, latitude, crs, order):
    """Cells as polygons of a system; their edges have 16 pieces each."""
    places = np.moveaxis(healpy.boundaries(1 << order, ids, step=16, nest=True), 1, 2)
    lon, lat = healpy.vec2ang(places.reshape(-1, 3), lonlat=True)
    lat = geodetic(lat) if latitude == "authalic" else lat
    x, y = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(lon, lat)
    return shapely.polygons(np.stack([x, y], axis=1).reshape(*places.shape[:2], 2))


def touching(shape, crs, ids, latitude, order=ORDER):
    """(cells that touch a shape surely, cells that may): 30 metres of the outline decide nothing."""
    near, found = outlines(ids, latitude, crs, order), []
    for by in (-30.0, 30.0):
        grown = shape.buffer(by)
        shapely.prepare(grown)
        found.append(ids[shapely.intersects(grown, near)])
    return found
