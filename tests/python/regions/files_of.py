"""What else is written of a region, read by xarray, rasterio, geopandas, DuckDB and polars; and how its store is opened."""

import subprocess
import sys

import duckdb
import geopandas
import healpy
import numpy as np
import polars
import shapely
import xarray as xr
import xdggs

import asked
import exports
import polygons
from asked import MODES, ORDER
from together import BOX, catalog

# How much memory and time another process takes to open a store by ranges, and whether the values are right.
RECIPE = """
import resource, sys, time
import numpy as np, xarray as xr, xdggs
ids, began = np.load(sys.argv[2]), time.monotonic()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ds = xdggs.decode(xr.open_zarr(sys.argv[1], group="12", chunks=None), index_options={"index_kind": "moc"})
count = ds.sel(cell_ids=ids)["count"].values
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
np.save(sys.argv[3], count)
print(time.monotonic() - began, (after - before) / 1e6)
"""


def tables(store, files):
    """Rows of .csv, .parquet and .fgb are those of the store that have data."""
    names = [*store.timed, *store.plain]
    frame = geopandas.read_file(files["fgb"])
    parquet = geopandas.read_parquet(files["parquet"])
    assert frame.crs.to_epsg() == 4326 and parquet.crs.equals("OGC:CRS84")
    if store.timed:
        frame["time"] = frame["time"].dt.tz_convert(None)
    for table in (frame, parquet):
        exports.check_rows(store, table, names)
        lon, lat = asked.centres(table["cell_ids"].to_numpy().astype("i8"), store.latitude)
        lon = (lon + 180) % 360 - 180
        assert shapely.contains_xy(table.geometry.to_numpy(), lon, lat).all(), "a centre outside its outline"
    chosen = ", ".join(f'"{name}"' for name in parquet.columns if name != "geometry")
    exports.check_rows(store, duckdb.sql(f"select {chosen} from read_parquet('{files['parquet']}')").df(), names)
    exports.check_rows(store, polars.read_parquet(files["parquet"]).drop("geometry").to_pandas(), names)
    csv = polars.read_csv(files["csv"], schema_overrides={"cell_ids": polars.UInt64}, try_parse_dates=True).to_pandas()
    exports.check_rows(store, csv, names)
    away = duckdb.sql(f"select cell_ids, h_mean from read_csv('{files['csv']}') order by all").df()
    own = csv.sort_values(["cell_ids", "h_mean"])
    assert np.array_equal(away["h_mean"].to_numpy().astype("f4"), own["h_mean"].to_numpy().astype("f4"), equal_nan=True)


def written(tool, region, words, latitude):
    """What is wrong with the files of a region; tables and both grids come from one reading."""
    stem = tool.new("")
    files = {ending: f"{stem}.{ending}" for ending in ("zarr", "csv", "parquet", "fgb", "png", "svg", "nc")}
    every = [word for path in files.values() for word in ("--out", path)]
    tool.call("grid", *tool.granules, *asked.region_words(region), *every, *words, "--quiet")
    level = xr.open_zarr(files["zarr"], group=str(ORDER)).load()
    store = exports.Store(level, ORDER, "sphere" if latitude == "spherical" else "WGS84")
    store.latitude = latitude

    def make(name, *options):
        target = tool.folder / f"{stem.name}-{name}"
        options = [option for option in options if option != "--gridded"]
        tool.call("grid", *tool.granules, *asked.region_words(region), *words, "--out", target, "--quiet", *options)
        return str(target)

    tables(store, files)
    pixels = exports.check_grid(store, make, "default", 3413, [])
    pixels += exports.check_grid(store, make, "other", 4326, ["--crs", "EPSG:4326"])
    pixels += exports.check_grid(store, make, "coarse", 32622, ["--crs", "EPSG:32622", "--resolution", "5000"])
    together, alone = (open(path, "rb").read() for path in (files["nc"], make("default-again.nc")))
    assert together == alone, "one file of several is not the file alone"
    assert open(files["png"], "rb").read(8) == b"\x89PNG\r\n\x1a\n" and open(files["svg"]).read(5) in ("<?xml", "<svg ")
    left = [path.name for path in tool.folder.iterdir() if ".part." in path.name or path.name.startswith(".")]
    return f"{pixels:,} pixels", [f"left behind: {left}"] if left else []


def outputs(tool):
    region = polygons.given(tool, polygons.basin(60e3), polygons.SYSTEM, "outputs")
    for words, latitude in (([], "spherical"), (["--latitude", "authalic", "--clip", "rows"], "authalic")):
        said, wrong = written(tool, region, words, latitude)
        yield f"files {' '.join(words)}: {said}", wrong


def timed(tool):
    region = polygons.given(tool, polygons.basin(60e3), polygons.SYSTEM, "timed")
    said, wrong = written(tool, region, ["--by", "month"], "spherical")
    yield f"files by month: {said}", wrong


def opened(tool):
    for latitude in MODES:
        region = tool.grid(tool.granules, BOX, "--latitude", latitude, "--overviews", "9")
        wrong = []
        for group in ("12", "9"):
            ds = xdggs.decode(xr.open_zarr(str(region), group=group))
            ids = asked.arrays(region, int(group))["cell_ids"]
            wrong += asked.equal("ids", ds.dggs.coord.values, ids)
            places = ds.dggs.cell_centers()
            lon, lat = healpy.pix2ang(1 << int(group), ids.astype("i8"), nest=True, lonlat=True)
            lat = asked.geodetic(lat) if latitude == "authalic" else lat
            off = max(np.abs((places.longitude.values - lon + 180) % 360 - 180).max(), np.abs(places.latitude.values - lat).max())
            wrong += [f"group {group}: centres are {off} degrees off"] if off > 1e-9 else []
        yield f"three lines open the store, {latitude}", wrong
    whole = tool.new()
    tool.call("run", "--catalog", catalog(tool), "--layout", "sphere", "--out", whole, "--quiet")
    region = tool.grid(tool.granules, BOX)
    mine = asked.arrays(region)
    np.save(tool.folder / "ids.npy", mine["cell_ids"])
    command = [sys.executable, "-W", "ignore", "-c", RECIPE, whole, tool.folder / "ids.npy", tool.folder / "count.npy"]
    done = subprocess.run([str(word) for word in command], check=True, text=True, capture_output=True)
    seconds, gigabytes = map(float, done.stdout.splitlines()[-1].split())
    counts = np.load(tool.folder / "count.npy")
    wrong = asked.equal("count", np.maximum(counts, 0), mine["count"])
    yield f"the store of the sphere by ranges of ids: {seconds:.2f} s, {gigabytes:.2f} GB", wrong + (
        [f"{seconds} s, {gigabytes} GB"] if seconds > 20 or gigabytes > 1 else [])
