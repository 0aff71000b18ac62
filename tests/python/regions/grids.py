"""Grids of cells around the Earth, made up with smooth heights, by the checks of exports.py.

    grids.py ICESTREAM FOLDER

Around the poles, across the antimeridian, all around the Earth, in and between UTM zones, in the system that the rule chooses and in others.
Prints one line that begins with `ok`; anything else is a failure.
"""

import pathlib
import subprocess
import sys

import numpy as np
import rasterio
import xarray as xr
from healpix_geo import nested

sys.path.append(str(pathlib.Path(__file__).parent.parent))

from check_store import decimal
from exports import Store, check_grid, check_tables, suited

# Name, order, west, south, east, north of the centres of cells, system of the rule, other systems.
PLACES = [
    ("zone", 10, 12.1, 44.0, 17.9, 50.0, 32633, [4326, 32632]),
    ("south", 9, -72.8, -48.0, -71.0, -46.0, 32719, [4326]),
    ("antimeridian", 9, 178.5, -18.0, 181.5, -16.0, 32701, [4326, 32760]),
    ("wide", 7, 172.0, 30.0, 188.0, 38.0, 4326, []),
    ("round", 4, 0.0, -40.0, 360.0, 40.0, 4326, []),
    ("arctic", 7, 0.0, 84.0, 360.0, 90.0, 3413, [3995, 3996, 5041, 5938, 6931, 3408, 4326]),
    ("greenland", 7, -55.0, 66.0, -40.0, 78.0, 3413, [5938, 6931]),
    ("antarctica", 6, 0.0, -90.0, 360.0, -70.0, 3031, [3976, 5042, 6932, 3409]),
]


def made(order, west, south, east, north):
    """All cells with their centres in a box, but for every fiftieth; of the others some without data."""
    ids = np.arange(12 * 4**order, dtype="u8")
    lon, lat = nested.healpix_to_lonlat(ids, order, "WGS84")
    held = ((lon - west) % 360 <= east - west) & (lat >= south) & (lat <= north)
    ids, lon, lat = ids[held], lon[held], lat[held]
    few = np.arange(len(ids)) % 50 != 7
    ids, lon, lat = ids[few], lon[few], lat[few]
    count = (np.arange(len(ids)) * 7 % 11).astype("i8")
    heights = (1000 + 300 * np.sin(np.radians(lon)) * np.cos(np.radians(lat)) + lat).astype("f4")
    heights[count == 0] = np.nan
    variables = {"count": ("cells", count, {"units": "1"}), "h_mean": ("cells", heights, {"units": "m"})}
    return xr.Dataset({**variables, "cell_ids": ("cells", ids)})


def check_prediction(store, make, rule):
    """Heights alone, as coarse as cells: neighbours differ by little, and so differences are what is written."""
    check_grid(store, make, "coarse", rule, ["--resolution", "7000"])
    smooth = make("smooth.tif", "--resolution", "7000", "--var", "h_mean")
    with rasterio.open(smooth) as one, rasterio.open(smooth.replace("smooth", "coarse")) as both:
        assert one.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "3"
        assert np.array_equal(one.read(1), both.read(1 + both.descriptions.index("h_mean")), equal_nan=True)


def main():
    icestream, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    pixels = 0
    for name, order, west, south, east, north, rule, others in PLACES:
        level = made(order, west, south, east, north)
        table = folder / f"{name}.csv"
        columns = (decimal(order, level.cell_ids.values), level["count"].values, level.h_mean.values)
        table.write_text("morton,count,h_mean\n" + "".join(f"{m},{n},{h!s}\n" for m, n, h in zip(*columns)))
        store = Store(level, order, "WGS84")
        assert suited(store) == rule, (name, suited(store))

        def make(file, *options):
            target = folder / f"{name}-{file}"
            command = [icestream, "export", table, "--latitude", "authalic", "--to", target, *options]
            done = subprocess.run([str(part) for part in command], text=True, capture_output=True)
            assert done.returncode == 0, (name, options, done.stderr)
            return str(target)

        pixels += check_grid(store, make, "rule", rule, [])
        for code in others:
            pixels += check_grid(store, make, str(code), code, ["--crs", f"EPSG:{code}"])
        if name == "zone":
            check_prediction(store, make, rule)
        if name in ("antimeridian", "arctic"):
            check_tables(store, make)
    print(f"ok  {pixels} pixels in {sum(1 + len(place[-1]) for place in PLACES)} grids")


if __name__ == "__main__":
    main()
