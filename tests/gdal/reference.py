"""reference.py STORE spherical|authalic OUT.npz: what an export of a store has to hold, by zarr-python and healpix-geo."""
import sys

import numpy as np
import xarray as xr
from healpix_geo import nested

store, mode, out = sys.argv[1:]
cells = xr.open_zarr(store, group="12").load()
cells = cells.isel(cells=cells["count"].values > 0)
ids = cells["cell_ids"].values
ellipsoid = "WGS84" if mode == "authalic" else "sphere"
centres = np.stack(nested.healpix_to_lonlat(ids, 12, ellipsoid), axis=-1)
corners = np.stack(nested.vertices(ids, 12, ellipsoid), axis=-1)
columns = {f"column/{name}": array.values for name, array in cells.variables.items()}
np.savez(out, centres=centres, corners=corners, **columns)
