"""Exports of a store against the store, read by pyarrow, geopandas and GDAL (rasterio), with healpix-geo for the cells.

    check_export.py ICESTREAM STORE spherical|authalic FOLDER [--order 12]

Makes the exports in FOLDER, and checks:

* GeoParquet, polygons and points: one row for each cell with observations, every value equal to the store's bit for bit
  (null for NaN); CRS OGC:CRS84; polygons valid, with healpix-geo's vertices to 1e-9 degrees; points at its centres.
* GeoTIFF, at the default resolution and at a coarse one: for every pixel of every band, GDAL's value equals the store's
  in the cell that healpix-geo finds at the pixel's centre (PROJ's inverse), so that no position is off by as much as
  half a pixel; the raster read at each cell's centre gives the cell's value wherever a pixel's centre lies in the cell.
* NetCDF-4, read by h5netcdf: every value equal bit for bit, centres as healpix-geo's.
* CSV: every value reads back bit for bit.

Prints one line that begins with `ok`; anything else is a failure.
"""

import argparse
import json
import pathlib
import subprocess

import geopandas
import numpy as np
import pandas
import pyarrow.parquet
import pyproj
import rasterio
import shapely
import xarray as xr
from healpix_geo import nested

DEGREES = 1e-9
RAD = np.pi / 180


def export(icestream, store, target, *options):
    done = subprocess.run([icestream, "export", str(store), "--to", str(target), *options], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return target


def same(name, found, expected):
    """Equal bit for bit, NaN with NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind == "f":
        found = found.astype(expected.dtype)
        equal = (found == expected) | (np.isnan(found) & np.isnan(expected))
    else:
        equal = found == expected
    assert found.shape == expected.shape and equal.all(), (name, np.flatnonzero(~equal)[:5])


def turn(degrees):
    """Brought into -180 to 180."""
    return (degrees + 180) % 360 - 180


def check_parquet(frame, path, cells, variables, points, order, ellipsoid):
    assert str(frame.crs) == "OGC:CRS84", frame.crs
    schema = pyarrow.parquet.read_schema(path)
    assert str(schema.field("cell_ids").type) == "int64", "GDAL makes floats of unsigned ones"
    about = json.loads(schema.metadata[b"geo"])["columns"]["geometry"]
    assert about["geometry_types"] == sorted(set(frame.geom_type)), about
    ids = frame.cell_ids.to_numpy()
    same("cell_ids", ids, cells.cell_ids.values)
    same("morton", frame.morton.to_numpy(), cells.morton.values)
    for name in variables:
        same(name, frame[name].to_numpy(), cells[name].values)
    assert frame.is_valid.all()
    if points:
        lon, lat = nested.healpix_to_lonlat(ids, order, ellipsoid)
        assert np.abs(turn(frame.geometry.x - lon)).max() < DEGREES and np.abs(frame.geometry.y - lat).max() < DEGREES
        return
    lon, lat = nested.vertices(ids, order, ellipsoid)
    coordinates = shapely.get_coordinates(frame.geometry).reshape(len(ids), -1, 2)[:, :-1]
    assert coordinates.shape[1] == 4, "more corners than four: these cells are no test"
    for row in range(len(ids)):
        # Corner by corner, whichever comes first.
        off = [np.abs(np.stack([turn(coordinates[row, :, 0] - a), coordinates[row, :, 1] - b])).max(axis=0).min()
               for a, b in zip(lon[row], lat[row])]
        assert max(off) < DEGREES, (ids[row], off)


def check_raster(path, store, variables, order, ellipsoid):
    """Returns the number of pixels compared, and of cells found at their centres."""
    with rasterio.open(path) as raster:
        bands, transform, crs = raster.read(), raster.transform, raster.crs
        assert list(raster.descriptions) == variables and np.isnan(raster.nodata), raster.descriptions
        assert raster.tags()["AREA_OR_POINT"] == "Area"
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    rows, columns = np.mgrid[: bands.shape[1], : bands.shape[2]]
    x, y = transform * (columns.ravel() + 0.5, rows.ravel() + 0.5)
    lon, lat = to_degrees.transform(x, y)
    ids = nested.lonlat_to_healpix(lon, lat, order, ellipsoid)
    all_ids = store.cell_ids.values
    at = np.searchsorted(all_ids, ids).clip(max=len(all_ids) - 1)
    held = all_ids[at] == ids
    for band, name in enumerate(variables):
        expected = np.where(held, store[name].values[at].astype(np.float32), np.float32(np.nan))
        same(name, bands[band].ravel(), expected)
    # The other way round: from the centre of a cell to the pixel over it.
    lon, lat = nested.healpix_to_lonlat(all_ids, order, ellipsoid)
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    column, row = (np.floor(v).astype(int) for v in ~transform * (x, y))
    hit = ids.reshape(rows.shape)[row, column] == all_ids
    for band, name in enumerate(variables):
        same(name, bands[band][row, column][hit], store[name].values[hit].astype(np.float32))
    return held.sum() * len(variables), hit.sum()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icestream")
    parser.add_argument("store")
    parser.add_argument("latitude", choices=["spherical", "authalic"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--order", type=int, default=12)
    args = parser.parse_args()
    ellipsoid = "sphere" if args.latitude == "spherical" else "WGS84"
    order = args.order
    store = xr.open_zarr(args.store, group=str(order)).load()
    args.folder.mkdir(exist_ok=True)

    def make(name, *options):
        return export(args.icestream, args.store, args.folder / name, "--order", str(order), *options)

    observed = store.isel(cells=np.flatnonzero(store["count"].values > 0))
    polygons = make("polygons.parquet")
    frame = geopandas.read_parquet(polygons)
    variables = [c for c in frame.columns if c not in ("cell_ids", "morton", "geometry")]
    assert sorted(variables) == sorted(n for n in store.data_vars if n not in ("cell_ids", "morton")), variables
    check_parquet(frame, polygons, observed, variables, False, order, ellipsoid)
    points = make("points.parquet", "--geometry", "points", "--all")
    check_parquet(geopandas.read_parquet(points), points, store, variables, True, order, ellipsoid)

    pixels = []
    for name, options in (("fine.tif", []), ("coarse.tif", ["--resolution", "1900"])):
        pixels.append(check_raster(make(name, *options), store, variables, order, ellipsoid))
    assert pixels[0][1] > 0.99 * store.sizes["cells"], pixels

    netcdf = xr.open_dataset(make("table.nc", "--all"), engine="h5netcdf").load()
    for name in ("cell_ids", "morton", *variables):
        assert netcdf[name].dtype == store[name].dtype, (name, netcdf[name].dtype)
        same(name, netcdf[name].values, store[name].values)
    assert netcdf[variables[-1]].attrs["units"] == store[variables[-1]].attrs["units"]
    lon, lat = nested.healpix_to_lonlat(store.cell_ids.values, order, ellipsoid)
    assert max(np.abs(turn(netcdf.lon - lon)).max(), np.abs(netcdf.lat - lat).max()) < DEGREES

    table = pandas.read_csv(make("table.csv", "--all"))
    for name in ("cell_ids", "morton", *variables):
        same(name, table[name].to_numpy().astype(store[name].dtype), store[name].values)
    print(f"ok  {len(frame)} polygons, {store.sizes['cells']} points, rows and lines, {sum(p[0] for p in pixels)} pixel values")


if __name__ == "__main__":
    main()
