"""The referee: what a cell must read at least, and what the right answer is. From local files, with h5py and healpy.

usage: floor.py CELL GRANULE...        (JSON on standard output)

The floor is the chunks, of all five datasets of all tracks, that hold a row of the cell: their number, their bytes, and the
exact ranges that they merge into where they touch in the file. The answers are the statistics of every child, in f64 from the
f32 values, once with geodetic latitude taken as spherical and once converted to authalic latitude.
"""
import json
import sys

import h5py
import healpy
import numpy as np

TRACKS = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"]
NAMES = ["latitude", "longitude", "h_li", "h_li_sigma", "atl06_quality_summary"]
CHILD_ORDER = 12
ECCENTRICITY_SQUARED = 2 / 298.257223563 - (1 / 298.257223563) ** 2  # WGS 84


def nested(morton):
    """Order and nested number of a decimal morton id: sign and first digit name the base cell, a digit 1..4 each child."""
    digits = str(abs(morton))
    number = int(digits[0]) - 1 + (6 if morton < 0 else 0)
    for digit in digits[1:]:
        number = 4 * number + int(digit) - 1
    return len(digits) - 1, number


def authalic(latitude):
    """Authalic latitude of geodetic latitude, degrees (closed form)."""
    e = np.sqrt(ECCENTRICITY_SQUARED)
    q = lambda s: (1 - e * e) * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e)
    return np.degrees(np.arcsin(np.clip(q(np.sin(np.radians(latitude))) / q(1.0), -1, 1)))


def children_of(latitude, longitude):
    """Nested number of every row's child, -1 where the place is not one."""
    good = np.isfinite(latitude) & np.isfinite(longitude) & (np.abs(latitude) <= 90) & (np.abs(longitude) <= 360)
    cells = np.full(len(latitude), -1)
    cells[good] = healpy.ang2pix(2**CHILD_ORDER, longitude[good], latitude[good], nest=True, lonlat=True)
    return cells


def chunk_extents(dataset, rows):
    """(offset, bytes) of the stored chunks of a dataset that hold these rows (first axis); all chunks for None."""
    if dataset.chunks is None:
        return [(dataset.id.get_offset(), dataset.id.get_storage_size())]
    length = dataset.chunks[0]
    wanted = range(-(-len(dataset) // length)) if rows is None else np.unique(rows // length)
    rest = (0,) * (dataset.ndim - 1)
    infos = (dataset.id.get_chunk_info_by_coord((int(chunk) * length, *rest)) for chunk in wanted)
    return [(info.byte_offset, info.size) for info in infos if info.byte_offset is not None]


def merged(extents):
    """How many ranges the extents of one file make when those that touch are one."""
    ranges, end = 0, -1
    for offset, size in sorted(extents):
        ranges += offset != end
        end = offset + size
    return ranges


def usable(value, sigma, quality, fills):
    """Which rows count (docs/accuracy.md, "Which rows count")."""
    with np.errstate(invalid="ignore"):
        good = (quality == 0) & np.isfinite(value) & np.isfinite(sigma) & (sigma > 0)
    return good & (value != fills[0]) & (sigma != fills[1])


def fill(dataset):
    """`_FillValue` if the dataset has one, else its HDF5 fill value."""
    return np.ravel(dataset.attrs.get("_FillValue", dataset.fillvalue))[0]


def statistics(value, sigma):
    """The statistics of one child's rows, rounded to f32 at the end."""
    v, weight = value.astype(np.float64), 1.0 / sigma.astype(np.float64) ** 2
    quantiles = np.quantile(v, [0.25, 0.5, 0.75])
    real = [v.min(), v.max(), (v * weight).sum() / weight.sum(), 1 / np.sqrt(weight.sum()), v.var(), *quantiles]
    return [len(v), *(float(np.float32(x)) for x in real)]


def answer(parts):
    """Nested child number -> statistics, from (children, value, sigma) of all tracks."""
    if not parts:
        return {}
    child, value, sigma = (np.concatenate(column) for column in zip(*parts))
    order = np.argsort(child, kind="stable")
    child, value, sigma = child[order], value[order], sigma[order]
    numbers, starts = np.unique(child, return_index=True)
    ends = [*starts[1:], len(child)]
    return {str(n): statistics(value[a:b], sigma[a:b]) for n, a, b in zip(numbers.tolist(), starts, ends)}


def read_tracks(path):
    """(latitude, longitude, value, sigma, quality) as datasets, for every track that the granule has."""
    with h5py.File(path) as file:
        for track in TRACKS:
            group = f"{track}/land_ice_segments"
            if group in file:
                yield [file[f"{group}/{name}"] for name in NAMES]


def referee(cell, paths):
    """Floor and both answers."""
    order, parent = nested(cell)
    shift = 2 * (CHILD_ORDER - order)
    parts = {"spherical": [], "authalic": []}
    floor = {"chunks": 0, "bytes": 0, "ranges": 0, "rows_in_cell": 0, "coordinate_chunks": 0, "coordinate_bytes": 0}
    for path in paths:
        extents = []
        for datasets in read_tracks(path):
            latitude, longitude, value, sigma, quality = (dataset[:] for dataset in datasets)
            good = usable(value, sigma, quality, [fill(datasets[2]), fill(datasets[3])])
            for convention in parts:
                north = latitude if convention == "spherical" else authalic(latitude)
                child = children_of(north, longitude)
                inside = child >> shift == parent
                keep = inside & good
                parts[convention].append((child[keep], value[keep], sigma[keep]))
                if convention == "spherical" and inside.any():
                    rows = np.flatnonzero(inside)
                    floor["rows_in_cell"] += len(rows)
                    extents += [extent for dataset in datasets for extent in chunk_extents(dataset, rows)]
            coordinates = [extent for dataset in datasets[:2] for extent in chunk_extents(dataset, None)]
            floor["coordinate_chunks"] += len(coordinates)
            floor["coordinate_bytes"] += sum(size for _, size in coordinates)
        floor["chunks"] += len(extents)
        floor["bytes"] += sum(size for _, size in extents)
        floor["ranges"] += merged(extents)
    return {"floor": floor, **{name: answer(rows) for name, rows in parts.items()}}


if __name__ == "__main__":
    print(json.dumps(referee(int(sys.argv[1]), sys.argv[2:])))
