"""The cells as a raster in polar stereographic coordinates: bands, units, values at places.

    icestream cell crates/cli/demo --cell=-6134114 --out spherical.zarr
    icestream export spherical.zarr --to cells.tif --resolution 500
    python examples/rasterio_geotiff.py
"""

import numpy as np
import rasterio
from rasterio.warp import transform

with rasterio.open("cells.tif") as raster:
    print(f"{raster.width} x {raster.height} pixels of {raster.res[0]:.0f} m, EPSG:{raster.crs.to_epsg()}")
    for band, (name, unit) in enumerate(zip(raster.descriptions, raster.units), 1):
        values = raster.read(band, masked=True)
        print(f"  band {band} {name:<10} [{unit:>2}] {values.count():6d} pixels, {values.min():.4f} to {values.max():.4f}")

    # Heights at places given in degrees.
    mean = raster.descriptions.index("h_mean") + 1
    row, column = np.argwhere(np.isfinite(raster.read(mean)))[0]
    x, y = raster.xy(row, column)
    lon, lat = transform(raster.crs, "EPSG:4326", [x], [y])
    height = next(raster.sample([(x, y)], indexes=mean))[0]
    print(f"first pixel with data: {lat[0]:.4f}, {lon[0]:.4f}: {height:.3f} m")
