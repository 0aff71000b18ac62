"""Opens the store of a region as a stranger would, and compares it with the stores of its cells.

    check_region.py REGION SPHERE spherical|authalic CELL_STORE...

Checked: the three lines of the README open every group, with all ids of all cells in ascending order, whole or by ranges
(`index_kind: moc`); values equal those of the stores of the cells, to the bit; places are the centres of the cells, by healpy; the
SHA-256 of the ids is that of the provenance; the store of the sphere gives the same values where it is opened by its ids. Prints one
line that begins with `ok`; anything else is a failure.
"""

import argparse
import hashlib
import pathlib
import sys
import warnings

import healpy
import numpy as np
import xarray as xr
import xdggs
import zarr

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE / "products"))
import grid  # noqa: E402


def geodetic(latitude, mode):
    """Geodetic latitudes of those that the ids are computed from."""
    if mode == "spherical":
        return latitude
    found = latitude.copy()
    for _ in range(20):
        found = found + latitude - np.array([grid.authalic(one) for one in found])
    return found


def check_group(region, sphere, stores, name, mode):
    """One order; returns how many rows it has."""
    ds = xdggs.decode(xr.open_zarr(str(region), group=name))
    info, ids = ds.dggs.grid_info, ds.dggs.coord.values
    assert (info.level, info.indexing_scheme) == (int(name), "nested"), info
    cells = [xdggs.decode(xr.open_zarr(str(store), group=name)) for store in stores]
    cells.sort(key=lambda cell: int(cell.dggs.coord.values[0]))
    assert np.array_equal(ids, np.concatenate([cell.dggs.coord.values for cell in cells])), "ids of all cells, ascending"
    names = sorted(set(cells[0].data_vars) - {"morton"})
    assert names == sorted(ds.data_vars), (names, sorted(ds.data_vars))
    for variable in names:
        values, axis = ds[variable].values, ds[variable].dims.index("cells")
        wanted = np.concatenate([cell[variable].values for cell in cells], axis=axis)
        assert values.dtype == wanted.dtype and values.tobytes() == wanted.tobytes(), (name, variable)
        assert ds[variable].attrs == cells[0][variable].attrs, variable
    lon, lat = healpy.pix2ang(2 ** int(name), ids.astype(np.int64), nest=True, lonlat=True)
    places = ds.dggs.cell_centers()
    some = slice(None, None, max(1, len(ids) // 500))
    far = np.abs((places.longitude.values - lon + 180) % 360 - 180).max()
    assert far < 1e-9, far
    assert np.abs(places.latitude.values[some] - geodetic(lat[some], mode)).max() < 1e-7
    # By ranges of ids: without an array of them in memory.
    moc = xdggs.decode(xr.open_zarr(str(region), group=name, chunks=None), index_options={"index_kind": "moc"})
    picked = moc.sel(cell_ids=ids[5:9])
    assert np.array_equal(picked["count"].values, ds["count"].isel(cells=slice(5, 9)).values)
    whole = xdggs.decode(xr.open_zarr(str(sphere), group=name, chunks=None), index_options={"index_kind": "moc"})
    for variable in names[:4]:
        assert np.array_equal(whole.sel(cell_ids=ids)[variable].values, ds[variable].values, equal_nan=True), variable
    return len(ids)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("region", type=pathlib.Path)
    parser.add_argument("sphere", type=pathlib.Path)
    parser.add_argument("latitude", choices=["spherical", "authalic"])
    parser.add_argument("stores", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
    root = zarr.open_group(str(arguments.region), mode="r")
    names = sorted(root.group_keys(), key=int, reverse=True)
    rows = sum(check_group(arguments.region, arguments.sphere, arguments.stores, name, arguments.latitude) for name in names)
    finest = root[names[0]]
    kept, ids = finest.attrs["icestream"]["kept"], finest["cell_ids"][:]
    digest = hashlib.sha256(ids.astype("<u8").tobytes()).hexdigest()
    assert kept == {"clip": "none", "cells": len(ids), "sha256": digest}, kept
    assert finest["count"].fill_value == -1 and np.isnan(finest["h_mean"].fill_value)
    marks = dict(zarr.open_group(str(arguments.region), mode="r", use_consolidated=False)["cells"].groups())
    assert len(marks) == len(arguments.stores), sorted(marks)
    print(f"ok {arguments.region.name} {arguments.latitude}: groups {' '.join(names)}, {len(marks)} cells, {rows} rows equal")


if __name__ == "__main__":
    main()
