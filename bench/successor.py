"""zagg from PyPI on one cell: a thin driver of its own entry point, `process_shard`.

The configuration is the ATL06 one that the package ships, with the carrier (arrow), index backend (`inline`: the compiled
h5coro-hidefix reader) and widths (4 granules, 8 reads) that it takes by default. Its driver `https` reads any URL that
requests can read, so plain http:// works; no token is sent. Its cells are those of authalic latitude.
"""
import logging
from importlib.metadata import version

import h5coro_hidefix  # noqa: F401  (zagg imports its compiled reader when it first reads: not part of the work)
import numpy as np
from h5coro import webdriver  # noqa: F401  (imported late by zagg, as above)
from mortie import decimal_to_word
from zagg import HealpixGrid, default_config, process_shard
from zagg.config import get_handoff

import peer

logging.getLogger("zagg").setLevel(logging.ERROR)


def cell_job(cell, urls):
    """All children of the cell, in morton order."""
    config = default_config("atl06")
    grid = HealpixGrid(parent_order=len(str(abs(cell))) - 1, child_order=12, config=config)
    shard = int(decimal_to_word(str(cell)))
    frame, notes = process_shard(
        grid, shard, urls, s3_credentials={"edl_token": None}, config=config, driver="https", handoff=get_handoff(config)
    )
    if notes.get("error") == "No data after filtering":  # it says more where a read failed
        return [], {"rows": 0}
    if notes.get("error"):
        raise SystemExit(f"zagg: {notes['error']}")
    children = [grid.shard_label(int(word)) for word in grid.children(shard)]
    columns = {name: np.asarray(frame[name]) for name in peer.STATISTICS}
    table = [(child, {name: column[row] for name, column in columns.items()}) for row, child in enumerate(children)]
    return table, {"rows": int(notes["total_obs"]), "read_errors": notes.get("read_errors", 0)}


if __name__ == "__main__":
    peer.run(cell_job, {name: version(name) for name in ("zagg", "h5coro-hidefix", "h5coro", "mortie", "numpy")})
