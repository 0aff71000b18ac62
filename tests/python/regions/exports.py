"""Grids and tables of a store against the store, read by xarray, rasterio, rio-cogeo, geopandas, DuckDB and polars.

    exports.py ICESTREAM STORE spherical|authalic FOLDER [--order 12] [--crs EPSG:N ...]

Makes the exports in FOLDER, of a store with or without windows of time, and checks:

* GeoTIFF and gridded NetCDF, in the default system and in those of --crs: every pixel has the value of the cell that healpix-geo finds at
  its centre (PROJ's inverse), in every variable and window, as GDAL and xarray read it; both have the same pixels; the system is the
  EPSG code for PROJ, from the WKT and from the attributes of CF.
* GeoTIFF: rio-cogeo finds neither errors nor warnings; a pixel of an overview repeats one of the four below it, and has data where
  one of them has; bands say their window.
* FlatGeobuf: every value equal to the store's (null for NaN), shapes equal to those of the GeoParquet, a box finds its rows.
* GeoParquet: DuckDB and polars read every value.

Prints one line that begins with `ok`; anything else is a failure.
"""

import argparse
import pathlib
import subprocess

import duckdb
import geopandas
import numpy as np
import polars
import pyproj
import rasterio
import shapely
import xarray as xr
from healpix_geo import nested
from rio_cogeo import cog_validate

IDS = ("cell_ids", "morton")


def same(name, found, expected):
    """Equal bit for bit, NaN with NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, (name, found.shape, expected.shape)
    is_float = expected.dtype.kind == "f"
    assert np.array_equal(found.astype(expected.dtype), expected, equal_nan=is_float), name


class Store:
    """A level of a store, with the variables of exports."""

    def __init__(self, level, order, ellipsoid):
        self.level, self.order, self.ellipsoid = level, order, ellipsoid
        self.ids = self.level.cell_ids.values
        names = [name for name in self.level.data_vars if name not in IDS]
        self.timed = [name for name in names if self.level[name].dims == ("time", "cells")]
        self.plain = [name for name in names if self.level[name].dims == ("cells",)]

    def rows_at(self, crs, x, y):
        """For each place of a system the row of the cell that holds it, or -1."""
        lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
        ids = nested.lonlat_to_healpix(lon, lat, self.order, self.ellipsoid)
        at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, -1)

    def pixels(self, name, rows):
        """The values of a variable over pixels as floats, windows first where there are some."""
        values = self.level[name].values.astype("f8")
        return np.where(rows >= 0, values[..., rows], np.nan)


def suited(store):
    """The default system, by the rule of the documentation."""
    lon, lat = nested.healpix_to_lonlat(store.ids, store.order, store.ellipsoid)
    if lat.min() >= 60 or lat.max() <= -60:
        return 3413 if lat.min() >= 60 else 3031
    around = np.sort(lon % 360)
    gaps = np.diff(np.append(around, around[0] + 360))
    if 360 - gaps.max() > 6:
        return 4326
    west = around[(gaps.argmax() + 1) % len(around)]
    middle = (west + (360 - gaps.max()) / 2 + 180) % 360
    return (32700 if (lat.min() + lat.max()) / 2 < 0 else 32600) + int(middle // 6) + 1


def check_grid(store, make, stem, crs, options):
    netcdf, plain = make(f"{stem}.nc", "--gridded", *options), store.timed[-1:] or store.plain
    grid = xr.open_dataset(netcdf, engine="h5netcdf", decode_coords="all").load()
    ways = grid.crs.attrs
    assert pyproj.CRS.from_wkt(ways["crs_wkt"]).to_epsg() == crs, ways["crs_wkt"]
    assert pyproj.CRS.from_wkt(ways["crs_wkt"]).equals(pyproj.CRS.from_epsg(crs), ignore_axis_order=True)
    from_attributes = pyproj.CRS.from_cf({name: value for name, value in ways.items() if "wkt" not in name and name != "spatial_ref"})
    y, x = ("lat", "lon") if crs == 4326 else ("y", "x")
    assert grid[x].attrs["axis"] == "X" and grid[y].attrs["standard_name"].endswith("latitude" if crs == 4326 else "y_coordinate")
    mesh = [axis.ravel() for axis in np.meshgrid(grid[x].values, grid[y].values)]
    rows = store.rows_at(crs, *mesh).reshape(grid.sizes[y], grid.sizes[x])
    there = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(mesh[0][:50], mesh[1][:50])
    again = pyproj.Transformer.from_crs(4326, from_attributes, always_xy=True).transform(*there)
    assert np.abs(np.subtract(again, [mesh[0][:50], mesh[1][:50]])).max() < 1e-5, "the attributes of CF are another system"
    for name in (*store.timed, *store.plain):
        assert grid[name].dims == (("time",) if name in store.timed else ()) + (y, x), name
        same(name, grid[name].values.astype("f8"), store.pixels(name, rows))
        assert grid[name].attrs.get("units") == store.level[name].attrs.get("units"), name
    if store.timed:
        for name in ("time", "time_bounds", *(["cycle"] if "cycle" in store.level.coords else [])):
            same(name, grid[name].values, store.level[name].values)
    with rasterio.open(f"netcdf:{netcdf}:{plain[-1]}") as gdal:
        assert gdal.crs.to_epsg() == crs, gdal.crs
        transform = gdal.transform
    tif = make(f"{stem}.tif", *options, *(["--var", ",".join(plain)] if store.timed else []))
    valid, errors, warnings = cog_validate(tif, strict=True, quiet=True)
    assert valid and not errors and not warnings, (errors, warnings)
    with rasterio.open(tif) as raster:
        assert raster.crs.to_epsg() == crs and np.isnan(raster.nodata)
        assert np.allclose(raster.transform, transform, rtol=1e-12)
        if not store.timed:
            assert sorted(raster.descriptions) == sorted(plain), raster.descriptions
            plain = raster.descriptions
            assert [store.level[name].attrs.get("units") for name in plain] == list(raster.units)
        expected = [store.pixels(name, rows) for name in plain]
        expected = np.concatenate([values.reshape(-1, *rows.shape) for values in expected])
        same("bands", raster.read().astype("f8"), expected)
        check_times(store, raster)
        overviews = raster.overviews(1)
        assert overviews == [2 ** (at + 1) for at in range(len(overviews))]
    below = expected
    for at in range(len(overviews)):
        with rasterio.open(tif, overview_level=at) as raster:
            below = check_overview(below, raster.read().astype("f8"))
    assert max(below.shape[1:]) <= 512
    return expected.size


def check_times(store, raster):
    if not store.timed:
        return
    starts = [np.datetime64(raster.tags(band)["TIME_START"]) for band in raster.indexes]
    same("time of bands", np.array(starts, "M8[s]"), store.level.time.values.astype("M8[s]"))
    ends = [np.datetime64(raster.tags(band)["TIME_END"]) for band in raster.indexes]
    same("end of bands", np.array(ends, "M8[s]"), store.level.time_bounds.values[:, 1].astype("M8[s]"))


def check_overview(below, overview):
    bands, height, width = below.shape
    padded = np.full((bands, height + height % 2, width + width % 2), np.nan)
    padded[:, :height, :width] = below
    four = np.stack([padded[:, down::2, across::2] for down in (0, 1) for across in (0, 1)])
    assert overview.shape == four.shape[1:], (overview.shape, below.shape)
    assert ((four == overview) | (np.isnan(four) & np.isnan(overview))).any(axis=0).all(), "a value is made up"
    assert np.array_equal(np.isnan(overview), np.isnan(four).all(axis=0)), "data are lost"
    return overview


def check_rows(store, frame, names):
    """A table with a row a cell, or a window and a cell, in whatever order."""
    at = np.searchsorted(store.ids, frame["cell_ids"].to_numpy().astype("u8"))
    same("cell_ids", frame["cell_ids"], store.ids[at])
    if store.timed:
        times = store.level.time.values.astype("M8[us]")
        found = frame["time"].to_numpy().astype("M8[us]")
        window = np.searchsorted(times, found)
        same("time", found, times[window])
        expected = np.flatnonzero((store.level["count"].values > 0).ravel())
        same("rows", np.sort(window * len(store.ids) + at), expected)
    else:
        same("rows", np.sort(at), np.flatnonzero(store.level["count"].values > 0))
    for name in names:
        values = store.level[name].values
        same(name, frame[name].to_numpy(), values[window, at] if name in store.timed else values[at])


def check_tables(store, make):
    names = [*store.timed, *store.plain]
    for kind in ("polygons", "points"):
        parquet, fgb = (make(f"{kind}.{ending}", "--geometry", kind) for ending in ("parquet", "fgb"))
        frame, other = geopandas.read_file(fgb), geopandas.read_parquet(parquet)
        assert frame.crs.to_epsg() == 4326
        keys = ["cell_ids", "time"] if store.timed else ["cell_ids"]
        frame["time"] = frame["time"].dt.tz_convert(None) if store.timed else None
        check_rows(store, frame, names)
        order, other_order = (np.lexsort([table[key].to_numpy().astype("M8[us]" if key == "time" else "i8") for key in keys])
                              for table in (frame, other))
        shapes, others = frame.geometry.iloc[order].to_numpy(), other.geometry.iloc[other_order].to_numpy()
        assert shapely.equals_exact(shapes, others, 0.0).all(), "shapes differ"
        west, south, east, north = frame.total_bounds
        box = (west, south, (west + east) / 2, (south + north) / 2)
        found = geopandas.read_file(fgb, bbox=box)
        bounds = frame.bounds
        hit = (bounds.minx <= box[2]) & (bounds.maxx >= box[0]) & (bounds.miny <= box[3]) & (bounds.maxy >= box[1])
        assert set(frame.cell_ids[frame.intersects(shapely.box(*box))]) <= set(found.cell_ids) <= set(frame.cell_ids[hit])
        assert 0 < len(found) < len(frame)
        chosen = ", ".join(f'"{name}"' for name in other.columns if name != "geometry")
        ducks = duckdb.sql(f"select {chosen} from read_parquet('{parquet}')").df()
        check_rows(store, ducks, names)
        check_rows(store, polars.read_parquet(parquet).drop("geometry").to_pandas(), names)
    return len(frame)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icestream")
    parser.add_argument("store")
    parser.add_argument("latitude", choices=["spherical", "authalic"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--order", type=int, default=12)
    parser.add_argument("--crs", nargs="*", default=[])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    level = xr.open_zarr(given.store, group=str(given.order)).load()
    store = Store(level, given.order, "sphere" if given.latitude == "spherical" else "WGS84")

    def make(name, *options):
        target = given.folder / name
        command = [given.icestream, "export", given.store, "--to", target, "--order", str(given.order), *options]
        done = subprocess.run([str(part) for part in command], text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return str(target)

    pixels = check_grid(store, make, "default", suited(store), [])
    # Fine enough for several tiles and an overview.
    pixels += check_grid(store, make, "fine", suited(store), ["--resolution", "170"])
    for crs in given.crs:
        code = int(crs.removeprefix("EPSG:"))
        pixels += check_grid(store, make, f"grid{code}", code, ["--crs", crs])
    rows = check_tables(store, make)
    print(f"ok  {pixels} pixels in {2 + len(given.crs)} grids, {rows} rows, {len(store.timed)} variables of windows, {len(store.plain)} of cells")


if __name__ == "__main__":
    main()
