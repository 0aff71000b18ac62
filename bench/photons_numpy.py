"""ATL03 by h5coro, NumPy and mortie: what one would write by hand.

Track after track, latitude and longitude are read whole, mortie gives every photon its cell on the sphere, and the other
columns are read from the first to the last photon in the cell. Photons of land-ice confidence 3 or 4 and quality 0 are
sorted by child, and NumPy computes each child's statistics in f64. Takes local files and URLs.
"""
from importlib.metadata import version

import numpy as np
from h5coro import filedriver, h5coro, webdriver
from mortie import clip2order, geo2mort

import peer

TRACKS = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"]
POINT_ORDER, CHILD_ORDER = 18, 12
STATISTICS = ["count", "h_min", "h_max", "h_mean", "h_variance", "h_q25", "h_q50", "h_q75"]


def read_track(granule, track, cell):
    """Child and height of the photons of one track that lie in the cell and are kept, or None."""
    base = f"/{track}/heights/"
    place = granule.readDatasets([base + "lat_ph", base + "lon_ph"])
    latitude, longitude = place[base + "lat_ph"], place[base + "lon_ph"]
    if latitude is None or len(latitude) == 0:
        return None
    morton = geo2mort(np.asarray(latitude), np.asarray(longitude), order=POINT_ORDER)
    rows = np.flatnonzero(clip2order(len(str(abs(cell))) - 1, morton) == cell)
    if len(rows) == 0:
        return None
    start, end = max(int(rows[0]) - 1, 0), int(rows[-1]) + 1  # h5coro drops the chunk of a window that starts on its first row
    window = [(start, end)]
    wanted = [{"dataset": base + name, "hyperslice": window} for name in ("h_ph", "quality_ph")]
    wanted.append({"dataset": base + "signal_conf_ph", "hyperslice": [*window, (0, 5)]})
    data = granule.readDatasets(wanted)
    value, quality, confidence = (np.asarray(data[request["dataset"]]) for request in wanted)
    at = rows - start
    keep = (confidence.reshape(-1, 5)[at, 3] >= 3) & (quality[at] == 0)
    return clip2order(CHILD_ORDER, morton[rows[keep]]), value[at[keep]]


def read_granule(place, cell):
    """What all tracks of one granule have."""
    driver = webdriver.HTTPDriver if "://" in place else filedriver.FileDriver
    granule = h5coro.H5Coro(place, driver, credentials=None, errorChecking=True)
    try:
        groups, _, _ = granule.inspectPath("/", w_attr=False)
        found = [read_track(granule, track, cell) for track in TRACKS if track in groups]
    finally:
        granule.close()
    return [rows for rows in found if rows is not None]


def statistics(value):
    value = value.astype(np.float64)
    q25, q50, q75 = np.quantile(value, [0.25, 0.5, 0.75])
    real = [len(value), value.min(), value.max(), value.mean(), value.var(), q25, q50, q75]
    return dict(zip(STATISTICS, real))


def cell_job(cell, places):
    """The children of the cell that hold photons."""
    found = [rows for place in places for rows in read_granule(place, cell)]
    if not found:
        return [], {"rows": 0}
    child, value = (np.concatenate(column) for column in zip(*found))
    order = np.argsort(child, kind="stable")
    child, value = child[order], value[order]
    numbers, starts = np.unique(child, return_index=True)
    table = [(number, statistics(rows)) for number, rows in zip(numbers, np.split(value, starts[1:]))]
    return table, {"rows": len(value)}


if __name__ == "__main__":
    peer.run(cell_job, {name: version(name) for name in ("h5coro", "mortie", "numpy")}, STATISTICS)
