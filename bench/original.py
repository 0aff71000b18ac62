"""The original's way to compute one cell, written for this bench after the project's description of it (not its code).

h5coro opens each granule over HTTP; granule after granule and track after track, latitude and longitude are read whole,
mortie gives every row its cell on the sphere, and the other datasets are read from the first to the last row that lies
in the cell. Rows of quality 0 go into pandas frames; at the end the frame of all rows is scanned once for each of the
4096 children and reduced in f32. It is meant to be a plain and fair copy of that way: what the original got wrong and
would make the answers differ (a window that starts on a chunk boundary loses its track) is put right here.
"""
from importlib.metadata import version

import numpy as np
import pandas as pd
from h5coro import h5coro, webdriver
from mortie import clip2order, generate_morton_children, geo2mort

import peer

TRACKS = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"]
POINT_ORDER, CHILD_ORDER = 18, 12


def parent_order(cell):
    """The order of a decimal morton id: its digits after the base cell."""
    return len(str(abs(cell))) - 1


def read_track(granule, track, cell):
    """The rows of one track that lie in the cell and pass the quality flag, or None."""
    base = f"/{track}/land_ice_segments/"
    place = granule.readDatasets([base + "latitude", base + "longitude"])
    latitude, longitude = place[base + "latitude"], place[base + "longitude"]
    if latitude is None or len(latitude) == 0:
        return None
    morton = geo2mort(np.asarray(latitude), np.asarray(longitude), order=POINT_ORDER)
    inside = clip2order(parent_order(cell), morton) == cell
    if not inside.any():
        return None
    rows = np.flatnonzero(inside)
    first, end = int(rows[0]), int(rows[-1]) + 1
    start = max(first - 1, 0)  # h5coro drops the chunk of a window that starts on its first row
    names = [base + "h_li", base + "h_li_sigma", base + "atl06_quality_summary"]
    data = granule.readDatasets([{"dataset": name, "hyperslice": [(start, end)]} for name in names])
    value, sigma, quality = (np.asarray(data[name])[first - start :] for name in names)
    keep = inside[first:end] & (quality == 0)
    return pd.DataFrame({"h_li": value[keep], "s_li": sigma[keep], "morton": morton[first:end][keep]})


def read_granule(url, cell):
    """The frames of all tracks of one granule."""
    granule = h5coro.H5Coro(url, webdriver.HTTPDriver, credentials=None, errorChecking=True)
    try:
        frames = [read_track(granule, track, cell) for track in TRACKS]
    finally:
        granule.close()
    return [frame for frame in frames if frame is not None and len(frame)]


def statistics(rows):
    """The statistics of the rows of one child, in the f32 of the data."""
    value, sigma = rows["h_li"].to_numpy(), rows["s_li"].to_numpy()
    if len(value) == 0:
        return {name: 0 if name == "count" else np.nan for name in peer.STATISTICS}
    weight = 1.0 / sigma**2
    q25, q50, q75 = np.quantile(value, [0.25, 0.5, 0.75])
    return {
        "count": len(value), "h_min": value.min(), "h_max": value.max(),
        "h_mean": np.average(value, weights=weight), "h_sigma": 1.0 / np.sqrt(weight.sum()),
        "h_variance": value.var(), "h_q25": q25, "h_q50": q50, "h_q75": q75,
    }


def cell_job(cell, urls):
    """All children of the cell, in morton order."""
    frames = [frame for url in urls for frame in read_granule(url, cell)]
    children = generate_morton_children(cell, CHILD_ORDER)
    if not frames:
        return [(child, statistics(pd.DataFrame({"h_li": [], "s_li": []}))) for child in children], {"rows": 0}
    rows = pd.concat(frames, ignore_index=True)
    rows["child"] = clip2order(CHILD_ORDER, rows["morton"].to_numpy())
    table = [(child, statistics(rows[rows["child"] == child])) for child in children]
    return table, {"rows": len(rows)}


if __name__ == "__main__":
    peer.run(cell_job, {name: version(name) for name in ("h5coro", "mortie", "pandas", "numpy")})
