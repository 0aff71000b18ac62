"""A store in xarray, its cells placed by xdggs: both latitude conventions, three lines each.

    icestream cell crates/cli/demo --cell=-6134114 --out spherical.zarr
    icestream cell crates/cli/demo --cell=-6134114 --latitude authalic --out authalic.zarr
    python examples/xarray_xdggs.py
"""

import xarray as xr
import xdggs

for latitude in ("spherical", "authalic"):
    ds = xdggs.decode(xr.open_zarr(f"{latitude}.zarr", group="12"))
    ds = ds.dggs.assign_latlon_coords()
    height = ds.h_mean.dropna("cells")
    print(f"{latitude}: {height.size} of {ds.sizes['cells']} cells have data, grid {ds.dggs.grid_info.to_dict()}")

    # The cell with the most observations, and the one under a place.
    best = ds.isel(cells=int(ds["count"].argmax()))
    print(f"  most observations: {int(best['count'])} at {float(best.latitude):.4f}, {float(best.longitude):.4f}")
    here = ds.dggs.sel_latlon([float(best.latitude)], [float(best.longitude)])
    print(f"  cell {here.cell_ids.item()} there: h_mean {here.h_mean.item():.3f} m, h_sigma {here.h_sigma.item():.4f} m")

    # Weighted by what is behind each cell: the mean of all observations.
    weights = ds.h_sigma**-2
    mean = float((ds.h_mean * weights).sum() / weights.sum())
    print(f"  mean of the whole parent: {mean:.3f} m")
