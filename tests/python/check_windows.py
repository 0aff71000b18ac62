"""Exports of a store with windows of time against the store, read by pyarrow, geopandas, xarray and rasterio.

    check_windows.py ICESTREAM STORE FOLDER [--order 12]

Makes the exports in FOLDER, and checks that every value of every window is that of the store, bit for bit; that rows, bands and the
dimension `time` are its windows, all of them or one.

Prints one line that begins with `ok`; anything else is a failure.
"""

import argparse
import pathlib
import subprocess

import geopandas
import numpy as np
import pandas
import rasterio
import xarray as xr


def same(name, found, expected):
    assert np.array_equal(np.asarray(found), np.asarray(expected), equal_nan=np.asarray(expected).dtype.kind == "f"), name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icestream")
    parser.add_argument("store", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--order", type=int, default=12)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)

    def make(name, *options):
        target = given.folder / name
        command = [given.icestream, "export", given.store, "--to", target, "--order", str(given.order), "--overwrite", *options]
        done = subprocess.run([str(part) for part in command], text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return target

    store = xr.open_zarr(given.store, group=str(given.order)).load()
    cells = np.flatnonzero((store["count"] > 0).any("time"))
    timed = [name for name in store.data_vars if store[name].dims == ("time", "cells")]
    plain = [name for name in store.data_vars if store[name].dims == ("cells",) and name not in ("cell_ids", "morton")]

    netcdf = xr.open_dataset(make("all.nc"), engine="h5netcdf").load()
    held = np.flatnonzero(np.isin(store.cell_ids, netcdf.cell_ids))
    assert np.isin(cells, held).all()
    same("time", netcdf.time, store.time)
    same("time_bounds", netcdf.time_bounds, store.time_bounds)
    for name in (*timed, *plain):
        assert netcdf[name].dims == store[name].dims, name
        same(name, netcdf[name], store[name].isel(cells=held))

    window, row = np.nonzero(store["count"].values > 0)
    for frame in (geopandas.read_parquet(make("all.parquet")), pandas.read_csv(make("all.csv"), comment="#")):
        assert len(frame) == len(row), (len(frame), len(row))
        same("time of rows", pandas.to_datetime(frame["time"]).to_numpy().astype("M8[ns]"), store.time.values[window].astype("M8[ns]"))
        same("cells of rows", frame["cell_ids"], store.cell_ids.values[row].astype("i8"))
        for name in timed:
            same(name, frame[name].to_numpy().astype(store[name].dtype), store[name].values[window, row])
        for name in plain:
            same(name, frame[name].to_numpy().astype(store[name].dtype), store[name].values[row])
        if "cycle" in store.coords:
            same("cycle", frame["cycle"], store.cycle.values[window])

    names = [str(cycle) for cycle in store.cycle.values] if "cycle" in store.coords else [str(t)[:10] for t in store.time.values]
    with rasterio.open(make("mean.tif", "--var", "h_mean")) as raster:
        assert list(raster.descriptions) == names, raster.descriptions
        for band, window_of_band in zip(raster.read(), store.h_mean.values):
            values = np.unique(band[np.isfinite(band)])
            assert np.isin(values, window_of_band).all()
    with rasterio.open(make("last.tif", "--window", "last")) as raster:
        assert raster.descriptions[0] == "count", raster.descriptions
    one = xr.open_dataset(make("last.nc", "--window", "last"), engine="h5netcdf")
    assert one.sizes["time"] == 1 and one.time.values[0] == store.time.values[-1]
    print(f"ok  {len(names)} windows, {len(row)} rows, {len(timed)} variables of windows, {len(plain)} of cells")


if __name__ == "__main__":
    main()
