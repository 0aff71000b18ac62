"""Many cells read together: the same bytes as cell by cell, and the same values as in the store of a region."""

import numpy as np

import asked
from asked import MODES

BOX = "-51,69.9,-49,72.1"


def catalog(tool, *words):
    path = tool.new(".json")
    tool.call("catalog", "--from", *tool.granules, "--out", path, "--quiet", *words)
    return path


def union(tool):
    """`run` with cells read one by one, a few together, and all together."""
    for title, words in (
        ("stores of cells", []),
        ("store of the sphere", ["--layout", "sphere"]),
        ("windows, change, moments and overviews", ["--by", "cycle", "--change", "--moments", "--overviews", "11,9"]),
        ("the same in the store of the sphere", ["--by", "cycle", "--change", "--moments", "--overviews", "11,9", "--layout", "sphere"]),
        ("months, authalic", ["--by", "month"]),
    ):
        cells = catalog(tool, *(["--latitude", "authalic"] if "authalic" in title else []))
        stores = []
        for count in (1, 3, 64):
            stores.append(tool.new("" if "sphere" not in words else ".zarr"))
            tool.call("run", "--catalog", cells, "--out", stores[-1], "--cells-per-call", count, "--quiet", *words)
        yield title, [one for other in stores[1:] for one in asked.differing(stores[0], other)]
    once = tool.call("run", "--catalog", catalog(tool), "--out", tool.new(""), "--json", "--quiet", "--cells-per-call", 64, code=0)
    yield "a run says what it did", [] if '"requests"' in once.stdout else [once.stdout[:200]]


def sphere(tool):
    """The store of a region has the values of the store of the sphere."""
    for latitude in MODES:
        words = ["--by", "cycle", "--overviews", "10"]
        whole = tool.new()
        tool.call("run", "--catalog", catalog(tool, "--latitude", latitude), "--layout", "sphere", "--out", whole, "--quiet", *words)
        for clip in ("none", "centre"):
            region = tool.grid(tool.granules, BOX, "--clip", clip, "--latitude", latitude, *words)
            wrong = []
            for order in (12, 10):
                mine = asked.arrays(region, order)
                ids = mine.pop("cell_ids")
                if clip == "centre" and order == 10:
                    continue        # there, cells on the border lack children
                import zarr

                group = zarr.open_group(str(whole), path=str(order), mode="r")
                span = slice(int(ids[0]), int(ids[-1]) + 1)
                if set(mine) - {"morton"} != {name for name, _ in group.arrays()} - {"morton", "cell_ids"}:
                    wrong.append(f"order {order}: arrays {sorted(mine)}")
                for name, values in mine.items():
                    timed = group[name].metadata.dimension_names == ("time", "cells")
                    theirs = group[name][:, span][:, ids - ids[0]] if timed else group[name][...]
                    # Nothing was read for cells that no granule crosses, which the catalog does not name.
                    if name == "count":
                        theirs = np.where(theirs < 0, 0, theirs)
                    wrong += [f"order {order}: {one}" for one in asked.equal(name, values, theirs)]
            yield f"--clip {clip}, {latitude}: {len(ids):,} cells", wrong
