"""The cells as polygons in geopandas: select, project, measure.

    icestream cell crates/cli/demo --cell=-6134114 --out spherical.zarr
    icestream export spherical.zarr --to cells.parquet
    python examples/geopandas_geoparquet.py
"""

import geopandas

cells = geopandas.read_parquet("cells.parquet")
print(f"{len(cells)} cells, {cells.crs}, columns {', '.join(cells.columns)}")

# In the projection of Antarctic maps, areas in square kilometres.
polar = cells.to_crs(3031)
print(f"area of a cell: {polar.area.min() / 1e6:.3f} to {polar.area.max() / 1e6:.3f} km2 on the map")

high = polar[polar.h_mean > polar.h_mean.quantile(0.99)].sort_values("h_mean", ascending=False)
print("the highest per cent:")
for morton, height, count in zip(high.morton, high.h_mean, high["count"]):
    print(f"  {morton}  {height:8.2f} m from {count} observations")

# What lies within 20 km of a place.
place = geopandas.GeoSeries.from_xy([-65.99], [-64.64], crs=4326).to_crs(3031).iloc[0]
near = polar[polar.distance(place) < 20_000]
print(f"{len(near)} cells within 20 km of 64.64 S, 65.99 W, heights {near.h_min.min():.1f} to {near.h_max.max():.1f} m")
