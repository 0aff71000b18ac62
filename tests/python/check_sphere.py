"""Opens a store of the sphere as a stranger would, and compares it with the stores of its cells.

    check_sphere.py SPHERE spherical|authalic CELL_STORE...

Checked: the three lines of the README open every group (xarray, zarr-python, xdggs, by both names of xdggs' decoder); all
values of every cell equal those of its own store, to the bit; the cell centres that xdggs makes of both are the same; what
was not computed is fill; zarr-python lists the store without a warning and reads every cell's provenance as the attributes
of a group; the levels above the cells hold every observation; opening a group reads one object, reading a cell of a
variable one more. Prints one line that begins with
`ok`; anything else is a failure.
"""

import argparse
import pathlib
import warnings

import numpy as np
import xarray as xr
import xdggs
import zarr

from check_store import Recording


def centres(ds):
    found = ds.dggs.cell_centers()
    return np.stack([found.longitude.values, found.latitude.values])


def check_group(sphere, store, name, latitude):
    """All values of one cell at one order; returns how many rows it has."""
    whole = xdggs.decode(xr.open_zarr(str(sphere), group=name))
    cell = xdggs.decode(xr.open_zarr(str(store), group=name))
    order = int(name)
    for info in (whole.dggs.grid_info, cell.dggs.grid_info):
        assert (info.level, info.indexing_scheme) == (order, "nested"), info
    assert whole.sizes["cells"] == 12 * 4**order
    ids = cell.dggs.coord.values
    part = whole.isel(cells=slice(int(ids[0]), int(ids[-1]) + 1))
    assert np.array_equal(part.dggs.coord.values, ids), "the position is the id"
    names = sorted(set(cell.data_vars) - {"morton"})
    assert names == sorted(part.data_vars), (names, sorted(part.data_vars))
    for variable in names:
        a, b = cell[variable], part[variable]
        assert a.dtype == b.dtype and a.values.tobytes() == b.values.tobytes(), (store.name, name, variable)
        assert a.attrs == b.attrs, (variable, a.attrs, b.attrs)
    assert np.array_equal(centres(part), centres(cell)), "another place of the same cells"
    again = xdggs.decode(xr.open_zarr(str(sphere), group=name), convention="zarr").isel(cells=slice(int(ids[0]), int(ids[-1]) + 1))
    assert np.array_equal(centres(again), centres(cell))
    has_ellipsoid = whole.dggs.grid_info.ellipsoid is not None and str(whole.dggs.grid_info.ellipsoid) != "sphere"
    assert has_ellipsoid == (latitude == "authalic"), whole.dggs.grid_info
    return len(ids)


def check_zarr(sphere, parents):
    """What zarr-python says: members, chunks, fill, provenance."""
    plain = zarr.open_group(str(sphere), mode="r", use_consolidated=False)
    consolidated = zarr.open_group(str(sphere), mode="r")
    groups = sorted(key for key, _ in plain.groups() if key != "cells")
    assert groups == sorted(consolidated.group_keys())
    for name in groups:
        assert sorted(plain[name].array_keys()) == sorted(consolidated[name].array_keys())
        for key, array in plain[name].arrays():
            assert array.metadata == consolidated[name][key].metadata, key
            if int(name) >= parents["order"]:
                assert array.nchunks_initialized >= len(parents["ids"]), (name, key)
            outside = next(i for i in range(12 * 4 ** parents["order"]) if i not in parents["ids"])
            value = array[(outside << 2 * int(name)) >> 2 * parents["order"]] if int(name) > parents["order"] else None
            assert value is None or value == 0 or np.isnan(value), "what was not computed is fill"
    marks = dict(plain["cells"].groups())
    for decimal in parents["decimals"]:
        own = marks[str(decimal)].attrs["icestream"]
        assert own["parent_morton"] == decimal and own["granules"] and own["rows"]["used"] > 0
        assert zarr.open_group(str(sphere), path=f"cells/{decimal}", mode="r").attrs["icestream"] == own
    return groups


def check_coarse(sphere, groups, parents, total):
    """Levels above the parents: xdggs opens them, and no observation is lost."""
    coarse = [name for name in groups if int(name) < parents["order"]]
    for name in coarse:
        ds = xdggs.decode(xr.open_zarr(str(sphere), group=name))
        assert ds.dggs.grid_info.level == int(name) and ds.sizes["cells"] == 12 * 4 ** int(name)
        assert int(ds["count"].sum()) == total, (name, int(ds["count"].sum()), total)
        assert np.array_equal(np.isnan(ds["h_mean"].values), ds["count"].values == 0), name
        for variable in ("h_q25", "h_q50", "h_q75", "h_variance"):
            assert ds[variable].attrs["long_name"].startswith("estimate of"), variable
        inside = np.unique([i >> 2 * (parents["order"] - int(name)) for i in parents["ids"]])
        assert np.array_equal(np.flatnonzero(ds["count"].values), inside), name
    return coarse


def check_requests(sphere, group, first, last):
    """Opening and reading one variable of one cell."""
    Recording.found.clear()
    ds = xr.open_zarr(Recording(sphere, read_only=True), group=group)
    assert Recording.found == ["zarr.json"], Recording.found
    values = ds["h_mean"].isel(cells=slice(first, last + 1)).values
    assert len(values) == last + 1 - first
    chunks = [key for key in Recording.found if key != "zarr.json"]
    assert len(set(chunks)) == 1 and len(Recording.found) <= 3, Recording.found
    return len(set(Recording.found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sphere", type=pathlib.Path)
    parser.add_argument("latitude", choices=["spherical", "authalic"])
    parser.add_argument("stores", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
    rows, total, parents = 0, 0, {"order": None, "ids": set(), "decimals": []}
    for store in arguments.stores:
        names = sorted(zarr.open_group(str(store), mode="r").group_keys(), key=int)
        for name in names:
            rows += check_group(arguments.sphere, store, name, arguments.latitude)
        own = zarr.open_group(str(store), path=names[-1], mode="r")
        about = own.attrs["icestream"]
        parents["order"] = about["parent_order"]
        ids = own["cell_ids"][:]
        parents["ids"].add(int(ids[0]) >> 2 * (int(names[-1]) - about["parent_order"]))
        parents["decimals"].append(about["parent_morton"])
        requests = check_requests(arguments.sphere, names[-1], int(ids[0]), int(ids[-1]))
        total += int(own["count"][:].sum())
    groups = check_zarr(arguments.sphere, parents)
    coarse = check_coarse(arguments.sphere, groups, parents, total)
    print(f"ok {arguments.sphere.name} {arguments.latitude}: groups {' '.join(groups)}, {len(arguments.stores)} cells, "
          f"{rows} rows equal, {total} observations in {' '.join(coarse)} too, {requests} objects read to open and read a cell")


if __name__ == "__main__":
    main()
