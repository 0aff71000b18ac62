#!/usr/bin/env python3
"""Files of rows against h5py, NumPy and healpy, and in the programs that people open them with.

usage: oracle.py --command ROWS --shared FOLDER       (cargo build -p points --example rows)

Rows of ATL06, ATL08, ATL03 and GEDI L2A are chosen by the same rules with h5py and NumPy: all values of every column, to the bit, and
their order. Every format must hold them as pyarrow, geopandas, DuckDB, polars and GDAL read it. A process that is killed, or has no
room, leaves the file that was there.
"""

import argparse
import json
import re
import resource
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import duckdb
import geopandas
import h5py
import healpy
import numpy as np
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pyogrio
import pyproj

PARENT, ORDER = 6, 12
EPOCH = np.datetime64("2018-01-01T00:00:00", "us")
ICESAT2 = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"]
GEDI = ["BEAM0000", "BEAM0001", "BEAM0010", "BEAM0011", "BEAM0101", "BEAM0110", "BEAM1000", "BEAM1011"]


class Case:
    """What is asked for, and by which rules rows count. Columns are (path as asked, name in the file, index, parents' group)."""

    def __init__(self, product, files, tracks, group, lon, lat, value, sigma, keep, columns, edits=None, latitude="spherical"):
        self.product, self.files, self.tracks, self.group = product, files, tracks, group
        self.lon, self.lat, self.value, self.sigma, self.keep = lon, lat, value, sigma, keep
        self.columns, self.edits, self.latitude = columns, edits or {}, latitude


def cases(shared):
    atl06 = sorted((shared / "data/atl06").glob("*.h5"))
    products = shared / "data/products"
    heights = ("ATL06", atl06, ICESAT2, "land_ice_segments", "longitude", "latitude", "h_li", "h_li_sigma")
    good = [("atl06_quality_summary", lambda flag: flag == 0)]
    columns = [("h_li", "h_li"), ("h_li_sigma", "h_li_sigma"), ("geophysical/tide_ocean", "tide_ocean"), ("dem/dem_h", "dem_h"),
               ("segment_id", "segment_id"), ("delta_time", "delta_time"), ("atl06_quality_summary", "atl06_quality_summary"),
               ("bias_correction/fpb_n_corr", "fpb_n_corr")]
    yield Case(*heights, good, columns)
    edits = {"keep": ["atl06_quality_summary any", "h_li_sigma <= 0.05"], "beams": "gt1l,gt3r"}
    some = list(heights)
    some[2] = ["gt1l", "gt3r"]
    yield Case(*some, [("h_li_sigma", lambda sigma: sigma <= np.float32(0.05))], columns[:2], edits, "authalic")
    atl08 = [products / "ATL08_processed_20200821122613_08730802_004_01.h5"]
    columns = [("terrain/h_te_best_fit", "h_te_best_fit"), ("canopy/h_canopy", "h_canopy"), ("n_te_photons", "n_te_photons"),
               ("segment_landcover", "segment_landcover"), ("latitude", "latitude_2"), ("canopy/canopy_h_metrics[3]", "canopy_h_metrics_3")]
    yield Case("ATL08", atl08, ICESAT2, "land_segments", "longitude", "latitude", "terrain/h_te_best_fit", None, [], columns)
    confident = [("signal_conf_ph[2]", lambda flag: flag >= 3), ("quality_ph", lambda flag: flag == 0)]
    columns = [("h_ph", "h_ph"), ("signal_conf_ph[2]", "signal_conf_ph_2"), ("dist_ph_along", "dist_ph_along"),
               ("pce_mframe_cnt", "pce_mframe_cnt"), ("ph_id_channel", "ph_id_channel")]
    yield Case("ATL03", [products / "ATL03_gt1l.h5"], ICESAT2, "heights", "lon_ph", "lat_ph", "h_ph", None, confident, columns,
               {"keep": ["signal_conf_ph[2] >= 3"]})
    gedi = [products / "GEDI02_A_2019162222610_O02812_04_T01244_02_003_01_V002.h5"]
    columns = [("rh[98]", "rh_98"), ("rh[50]", "rh_50"), ("beam", "beam"), ("delta_time", "delta_time")]
    yield Case("GEDI02_A", gedi, GEDI, "", "lon_lowestmode", "lat_lowestmode", "rh[98]", None, [], columns)


# --- the oracle


def numbers(group, path):
    """A column and where it has no value."""
    path, index = re.fullmatch(r"([^\[]*)(?:\[(\d+)\])?", path).groups()
    dataset = group[path] if path in group else group[f"terrain/{path}"]
    values = dataset[:, int(index)] if index else dataset[:]
    missing = np.zeros(len(values), bool)
    for name in ("_FillValue", "missing_value"):
        if name in dataset.attrs:
            missing |= values == np.ravel(dataset.attrs[name])[0]
    return values, missing


def sphere(latitude, convention):
    """Authalic latitudes by Snyder's equations 3-11 and 3-12, where cells are computed from these."""
    if convention == "spherical":
        return latitude
    e = np.sqrt((2 - 1 / 298.257223563) / 298.257223563)
    q = lambda sine: (1 - e * e) * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    return np.degrees(np.arcsin(np.clip(q(np.sin(np.radians(latitude))) / q(1.0), -1, 1)))


def expected(case):
    """The rows of each cell in their order, as {name: [values, missing]}, and the cells that have some."""
    parts = []
    for number, path in enumerate(case.files):
        with h5py.File(path) as file:
            for place, track in enumerate(case.tracks):
                group = file.get(f"{track}/{case.group}".rstrip("/"))
                if group is not None and case.lat in group:
                    parts.append((number, place, *rows(case, path, track, group)))
    order = np.concatenate([np.stack([rows["cell"][0] >> 2 * (ORDER - PARENT), np.full(count, number), np.full(count, place),
                                      rows["row"][0].astype(np.int64)]) for number, place, count, rows in parts], axis=1)
    order = np.lexsort(order[::-1])
    joined = {name: [np.concatenate([rows[name][part] for *_, rows in parts])[order] for part in (0, 1)] for name in parts[0][3]}
    return joined


def rows(case, path, track, group):
    """The rows of a track that count."""
    (lon, _), (lat, _), (value, missing) = (numbers(group, name) for name in (case.lon, case.lat, case.value))
    count = np.isfinite(lon) & np.isfinite(lat) & ~missing & np.isfinite(value)
    if case.product != "GEDI02_A":
        count &= np.abs(np.where(count, value, 0)) <= 1e5
    if case.sigma:
        sigma, missing = numbers(group, case.sigma)
        count &= ~missing & np.isfinite(sigma) & (sigma > 0) & (sigma <= 1e5)
    for name, test in case.keep:
        flag, missing = numbers(group, name)
        count &= ~missing & test(flag)
    row = np.flatnonzero(count)
    lon, lat = lon[row].astype(float), lat[row].astype(float)
    on_sphere = sphere(lat, case.latitude)
    cell = healpy.ang2pix(1 << ORDER, lon, on_sphere, nest=True, lonlat=True)
    name = re.search(r"(ATL\d\d_\d{14}_(\d{4})(\d\d)\d\d_\d{3}_\d\d)|(GEDI.*)", path.name)
    of_name = [int(part) if part else None for part in name.groups()[1:3]] if name else [None, None]
    granule = f"{name[1]}.h5" if name and name[1] else path.name
    same = lambda value: [np.full(len(row), value, object), np.full(len(row), value is None)]
    all_there = lambda values: [values, np.zeros(len(row), bool)]
    seconds, _ = numbers(group, "delta_time")
    knows_time = b"2018" in np.bytes_(str(group["delta_time"].attrs.get("units", b"")))
    times = EPOCH + np.round(seconds[row] * 1e6).astype("timedelta64[us]")
    found = {"longitude": all_there(lon), "latitude": all_there(lat), "time": [times, np.full(len(row), not knows_time)]}
    for asked, column in case.columns:
        values, missing = numbers(group, asked)
        nothing = np.isnan(values[row]) if values.dtype.kind == "f" else False
        found[column] = [values[row], missing[row] | nothing]
    found |= {"cell": all_there(cell), "granule": same(granule), "track": same(track), "rgt": same(of_name[0]),
              "cycle": same(of_name[1]), "row": all_there(row.astype(np.uint64))}
    return len(row), found


# --- the comparison


def column(table, name):
    """Values and where there are none, of a column of a pyarrow table."""
    held = table[name].combine_chunks()
    if pa.types.is_dictionary(held.type):
        held = held.dictionary_decode()
    missing = held.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_null(held.type):
        return np.zeros(len(held)), missing
    if pa.types.is_timestamp(held.type):
        return pc.fill_null(held.cast(pa.timestamp("us", held.type.tz)).cast(pa.int64()), 0).to_numpy(), missing
    if pa.types.is_string(held.type) or pa.types.is_large_string(held.type):
        return held.to_numpy(zero_copy_only=False), missing
    return pc.fill_null(held, 0).to_numpy(), missing


def compare(table, wanted, what, exact_times=True):
    """All columns of a table, in order."""
    missing_columns = [name for name in wanted if name not in table.column_names]
    assert not missing_columns, f"{what}: no {missing_columns}"
    for name, (values, missing) in wanted.items():
        found, nothing = column(table, name)
        assert len(found) == len(values), f"{what}, {name}: {len(found)} rows, not {len(values)}"
        assert np.array_equal(nothing, missing), f"{what}, {name}: {nothing.sum()} without a value, not {missing.sum()}"
        values = values[~missing]
        if values.dtype.kind == "M":
            # Two roundings of half a microsecond.
            off = np.abs(found[~missing] - values.astype("datetime64[us]").astype(np.int64))
            assert off.size == 0 or off.max() <= (1 if exact_times else 1000), f"{what}, {name}: {off.max()} us apart"
        elif values.dtype.kind == "f":
            same = found[~missing].astype(values.dtype)
            assert np.array_equal(same.view(f"u{same.itemsize}"), values.view(f"u{values.itemsize}")), f"{what}, {name} differs"
        else:
            assert (found[~missing] == values).all(), f"{what}, {name} differs"


def as_sorted(table, wanted):
    """Both by cell of the parents, granule, track and row: FlatGeobuf has an order of its own."""
    keys = [column(table, name)[0].astype(str if name in ("granule", "track") else np.int64) for name in ("row", "track", "granule")]
    table = table.take(np.lexsort(keys))
    keys = [wanted[name][0].astype(str if name in ("granule", "track") else np.int64) for name in ("row", "track", "granule")]
    order = np.lexsort(keys)
    return table, {name: [values[order], missing[order]] for name, (values, missing) in wanted.items()}


def shapes(frame, wanted, what):
    """Geometries of a GeoDataFrame."""
    assert pyproj.CRS(frame.crs).equals(pyproj.CRS("OGC:CRS84")), f"{what}: {frame.crs}"
    assert np.array_equal(frame.geometry.x, wanted["longitude"][0]) and np.array_equal(frame.geometry.y, wanted["latitude"][0]), what


class Rows:
    """The example `rows`."""

    def __init__(self, command):
        self.command = command

    def words(self, case, cells, out, **more):
        ask = {"product": case.product, "granules": [str(path) for path in reversed(case.files)], "cells": cells, "out": str(out),
               "columns": [path for path, _ in case.columns], "edits": case.edits, "latitude": case.latitude, **more}
        return [str(self.command), json.dumps(ask)]

    def __call__(self, *args, **more):
        done = subprocess.run(self.words(*args, **more), text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def formats(rows, case, folder):
    """All formats of a case, in all programs."""
    wanted = expected(case)
    parents = np.unique(wanted["cell"][0] >> 2 * (ORDER - PARENT))
    cells = [f"nested:{PARENT}/{parent}" for parent in parents[::-1]]
    paths = {ending: folder / f"rows.{ending}" for ending in ("parquet", "arrow", "csv", "fgb")}
    for path in paths.values():
        answer = rows(case, cells, path)
        assert answer["rows"] == answer["used"] == len(wanted["row"][0]), answer
    # GeoParquet
    table = pq.read_table(paths["parquet"])
    compare(table, wanted, "Parquet by pyarrow")
    groups = pq.read_metadata(paths["parquet"])
    assert all(groups.row_group(number).num_rows <= 65_536 for number in range(groups.num_row_groups))
    shapes(geopandas.read_parquet(paths["parquet"]), wanted, "Parquet by geopandas")
    shapes(geopandas.GeoDataFrame.from_arrow(table), wanted, "Parquet by pyarrow, then geopandas")
    west, east = np.quantile(wanted["longitude"][0], [0.2, 0.7])
    part = geopandas.read_parquet(paths["parquet"], bbox=(west, -90, east, 90))
    assert len(part) == ((wanted["longitude"][0] >= west) & (wanted["longitude"][0] <= east)).sum(), "the boxes of rows"
    compare(polars.read_parquet(paths["parquet"]).to_arrow(), wanted, "Parquet by polars")
    own = json.loads(table.schema.metadata[b"icestream"])
    assert (own["product"]["name"], own["latitude_convention"]) == (case.product, case.latitude)
    names = ", ".join(f'"{name}"' for name in wanted)
    found = duckdb.sql(f"select {names} from '{paths['parquet']}'").arrow()
    compare(found if isinstance(found, pa.Table) else found.read_all(), wanted, "Parquet by DuckDB")
    # Arrow
    table = pa.ipc.open_file(paths["arrow"]).read_all()
    compare(table, wanted, "Arrow by pyarrow")
    shapes(geopandas.GeoDataFrame.from_arrow(table), wanted, "Arrow by geopandas")
    compare(polars.read_ipc(paths["arrow"]).to_arrow(), wanted, "Arrow by polars")
    # CSV
    types = {name: "float32" if values.dtype == np.float32 else None for name, (values, _) in wanted.items()}
    text = pyarrow.csv.read_csv(paths["csv"], convert_options=pyarrow.csv.ConvertOptions(
        column_types={name: pa.float32() for name, kind in types.items() if kind} | {"granule": pa.string(), "track": pa.string()}))
    compare(text.set_column(text.column_names.index("time"), "time", text["time"].cast(pa.timestamp("us", "UTC"))), wanted, "CSV by pyarrow")
    points = pyogrio.read_dataframe(paths["csv"], X_POSSIBLE_NAMES="longitude", Y_POSSIBLE_NAMES="latitude", AUTODETECT_TYPE="YES",
                                    KEEP_GEOM_COLUMNS="YES")
    assert np.array_equal(points.geometry.x, wanted["longitude"][0]), "CSV by GDAL"
    # FlatGeobuf
    _, table = pyogrio.read_arrow(paths["fgb"])
    shuffled, ordered = as_sorted(table, wanted)
    compare(shuffled, ordered, "FlatGeobuf by GDAL", exact_times=False)
    assert pyogrio.read_info(paths["fgb"])["crs"] == "EPSG:4326"
    x, y = wanted["longitude"][0][0], wanted["latitude"][0][0]
    there = pyogrio.read_dataframe(paths["fgb"], bbox=(x - 1e-9, y - 1e-9, x + 1e-9, y + 1e-9))
    assert len(there) and (there.geometry.x == there.longitude).all(), "the index of a FlatGeobuf"
    without = sum(int(missing.sum()) for _, missing in wanted.values())
    print(f"{case.product}, {case.latitude}: {len(cells)} cells, {len(wanted['row'][0])} rows, {len(wanted)} columns, {without} without a value")
    return wanted, cells


def memory_changes_nothing(rows, case, cells, folder):
    """Rows that are put aside come back the same."""
    rows(case, cells, folder / "rows.parquet")
    rows(case, cells, folder / "spilt.parquet", memory_mib=1)
    assert (folder / "rows.parquet").read_bytes() == (folder / "spilt.parquet").read_bytes(), "less memory, other bytes"


def a_part_of_a_cell(rows, case, wanted, cells, folder):
    """Rows outside of the children that are kept do not come out; provenance names what was kept."""
    ids = np.unique(wanted["cell"][0])
    low, high = int(ids[len(ids) // 3]), int(ids[2 * len(ids) // 3])
    area = {"clip": "centre", "cells": high - low, "sha256": "0" * 64, "ranges": [[low, high]]}
    rows(case, cells, folder / "part.parquet", area=area)
    table = pq.read_table(folder / "part.parquet")
    inside = (wanted["cell"][0] >= low) & (wanted["cell"][0] < high)
    compare(table, {name: [values[inside], missing[inside]] for name, (values, missing) in wanted.items()}, "a part of the cells")
    kept = json.loads(table.schema.metadata[b"icestream"])["kept"]
    assert kept == {"clip": "centre", "cells": high - low, "sha256": "0" * 64}, kept


def exact_or_refused(rows, folder, shared):
    """Whole numbers that are not read exactly are refused."""
    case = [case for case in cases(shared) if case.product == "GEDI02_A"][0]
    case.columns = [("shot_number", "shot_number")]
    done = subprocess.run(rows.words(case, ["nested:6/30036"], folder / "shots.parquet"), text=True, capture_output=True)
    assert done.returncode and "shot_number" in done.stderr and not list(folder.glob("*shots*")), done.stderr


def whole_or_not_there(rows, case, cells, folder):
    """Killed at any moment, or without room: what was there stays, and the next run gives the same bytes."""
    for ending in ("parquet", "arrow", "csv", "fgb"):
        place, whole = folder / f"kept.{ending}", folder / f"whole.{ending}"
        began = time.monotonic()
        rows(case, cells, whole)
        took, halves = time.monotonic() - began, 0
        for part in np.linspace(0.05, 1.0, 12):
            place.write_text("old")
            process = subprocess.Popen(rows.words(case, cells, place), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(part * took)
            process.kill()
            process.wait()
            held = place.read_bytes()
            halves += held == b"old"
            assert held == b"old" or held == whole.read_bytes(), f"half of a .{ending}"
        assert halves, "no process was killed in time"
        for limit in (1000, whole.stat().st_size // 2, whole.stat().st_size - 1):
            def no_room(limit=limit):
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            place.write_text("old")
            done = subprocess.run(rows.words(case, cells, place), preexec_fn=no_room, capture_output=True)
            assert done.returncode > 0 and place.read_text() == "old", f"{limit} bytes of a .{ending}: {done}"
        rows(case, cells, place)
        assert place.read_bytes() == whole.read_bytes(), f"another .{ending} after a kill"
        left = [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
        assert not left, left
    print("killed 48 times and without room 12 times: the old file or the whole one")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=Path, required=True)
    parser.add_argument("--shared", type=Path, required=True)
    options = parser.parse_args()
    rows = Rows(options.command.resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        done = [(case, *formats(rows, case, folder)) for case in cases(options.shared)]
        case, wanted, cells = done[0]
        memory_changes_nothing(rows, case, cells, folder)
        a_part_of_a_cell(rows, case, wanted, cells, folder)
        exact_or_refused(rows, folder, options.shared)
        whole_or_not_there(rows, case, cells, folder)


if __name__ == "__main__":
    main()
