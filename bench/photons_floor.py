"""The referee for photons: what a cell must read of an ATL03 granule at least, and what the right answer is.

usage: photons_floor.py CELL GRANULE        (JSON on standard output)

The floor is the chunks of value, position and condition columns that hold photons of the cell, and the link columns whole.
The answers are the statistics of every child, in f64 from the f32 heights of the photons with `signal_conf_ph[3]` of 3 or
more and `quality_ph` 0; once with geodetic latitude taken as spherical, once converted to authalic latitude. Reads a million
photons at a time.
"""
import json
import sys

import h5py
import numpy as np

import floor

STATISTICS = ["count", "h_min", "h_max", "h_mean", "h_variance", "h_q25", "h_q50", "h_q75"]
COLUMNS = ["lat_ph", "lon_ph", "h_ph", "signal_conf_ph", "quality_ph"]
LINK = ["ph_index_beg", "segment_ph_cnt", "reference_photon_lat", "reference_photon_lon"]
AT_ONCE = 1_000_000


def statistics(value):
    """The statistics of one child's photons, rounded to f32 at the end."""
    v = value.astype(np.float64)
    real = [v.min(), v.max(), v.mean(), v.var(), *np.quantile(v, [0.25, 0.5, 0.75])]
    return [len(v), *(float(np.float32(x)) for x in real)]


def answer(parts):
    """Nested child number -> statistics, from (children, values) of all tracks."""
    child, value = (np.concatenate(column) for column in zip(*parts))
    order = np.argsort(child, kind="stable")
    child, value = child[order], value[order]
    numbers, starts = np.unique(child, return_index=True)
    ends = [*starts[1:], len(child)]
    return {str(n): statistics(value[a:b]) for n, a, b in zip(numbers.tolist(), starts, ends)}


def referee(cell, path):
    """Floor and both answers."""
    order, parent = floor.nested(cell)
    shift = 2 * (floor.CHILD_ORDER - order)
    parts = {"spherical": [(np.zeros(0, int), np.zeros(0, "f4"))], "authalic": [(np.zeros(0, int), np.zeros(0, "f4"))]}
    lower = {"bytes": 0, "chunks": 0, "rows_in_cell": 0, "rows_in_chunks": 0, "rows": 0, "link_bytes": 0, "column_bytes": 0}
    extents = []
    with h5py.File(path) as file:
        for track in filter(file.__contains__, floor.TRACKS):
            columns = [file[f"{track}/heights/{name}"] for name in COLUMNS]
            rows = []
            for start in range(0, len(columns[0]), AT_ONCE):
                latitude, longitude, value, confidence, quality = (column[start : start + AT_ONCE] for column in columns)
                keep = (confidence[:, 3] >= 3) & (quality == 0) & np.isfinite(value)
                for convention in parts:
                    north = latitude if convention == "spherical" else floor.authalic(latitude)
                    child = floor.children_of(north, longitude)
                    inside = child >> shift == parent
                    parts[convention].append((child[inside & keep], value[inside & keep]))
                    if convention == "spherical":
                        rows.append(start + np.flatnonzero(inside))
            rows = np.concatenate(rows)
            link = [extent for name in LINK for extent in floor.chunk_extents(file[f"{track}/geolocation/{name}"], None)]
            chunks = [extent for column in columns for extent in floor.chunk_extents(column, rows)] if len(rows) else []
            length = columns[0].chunks[0]
            extents += chunks
            lower["rows"] += len(columns[0])
            lower["rows_in_cell"] += len(rows)
            lower["rows_in_chunks"] += sum(min(length, len(columns[0]) - int(chunk) * length) for chunk in np.unique(rows // length))
            lower["link_bytes"] += sum(size for _, size in link)
            lower["column_bytes"] += sum(size for column in columns for _, size in floor.chunk_extents(column, None))
    lower["chunks"] = len(extents)
    lower["bytes"] = sum(size for _, size in extents) + lower["link_bytes"]
    return {"floor": lower, **{name: answer(rows) for name, rows in parts.items()}}


if __name__ == "__main__":
    print(json.dumps(referee(int(sys.argv[1]), sys.argv[2])))
