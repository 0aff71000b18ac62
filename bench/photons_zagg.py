"""zagg's ATL03 on one cell: a driver of its own entry point, `process_shard`, with the ATL03 configuration that it ships.

usage: photons_zagg.py shipped|same CELL CSV URL

`shipped` is `default_config("atl03")` as it is: all photons but transmit echoes, six statistics, reads planned by segments.
Its own grid is of 0.0001 degrees; here it gets the HEALPix grid of its ATL06. `same` asks what the others are asked: photons
of land-ice confidence 3 or 4 and quality 0, and quartiles in place of the median.
"""
import copy
import logging
import sys
from importlib.metadata import version

import h5coro_hidefix  # noqa: F401  (zagg imports its compiled reader when it first reads: not part of the work)
import numpy as np
from h5coro import webdriver  # noqa: F401  (imported late by zagg, as above)
from mortie import decimal_to_word
from zagg import HealpixGrid, default_config, process_shard
from zagg.config import get_handoff

import peer

logging.getLogger("zagg").setLevel(logging.ERROR)
SHIPPED = ["count", "h_min", "h_max", "h_mean", "h_variance", "h_median"]
SAME = ["count", "h_min", "h_max", "h_mean", "h_variance", "h_q25", "h_q50", "h_q75"]


def configuration(mode):
    config = copy.deepcopy(default_config("atl03"))
    config.output["grid"] = copy.deepcopy(default_config("atl06").output["grid"])
    if mode == "same":
        heights = "/{group}/heights/"
        config.data_source["filters"] = [
            {"dataset": heights + "signal_conf_ph", "column": 3, "op": "ge", "value": 3},
            {"dataset": heights + "quality_ph", "op": "eq", "value": 0},
        ]
        variables = config.aggregation["variables"]
        del variables["h_median"]
        for name, q in (("h_q25", 0.25), ("h_q50", 0.5), ("h_q75", 0.75)):
            variables[name] = {"function": "quantile", "source": "h_ph", "params": {"q": q}, "dtype": "float32"}
    return config


def job(mode, names):
    config = configuration(mode)

    def cell_job(cell, urls):
        grid = HealpixGrid(parent_order=len(str(abs(cell))) - 1, child_order=12, config=config)
        shard = int(decimal_to_word(str(cell)))
        frame, notes = process_shard(
            grid, shard, urls, s3_credentials={"edl_token": None}, config=config, driver="https", handoff=get_handoff(config)
        )
        if notes.get("error"):
            raise SystemExit(f"zagg: {notes['error']}")
        children = [grid.shard_label(int(word)) for word in grid.children(shard)]
        columns = {name: np.asarray(frame[name]) for name in names}
        table = [(child, {name: column[row] for name, column in columns.items()}) for row, child in enumerate(children)]
        return table, {"rows": int(notes["total_obs"]), "read_errors": notes.get("read_errors", 0), "rows_read": notes.get("total_obs_read")}

    return cell_job


if __name__ == "__main__":
    mode = sys.argv.pop(1)
    names = SAME if mode == "same" else SHIPPED
    peer.run(job(mode, names), {name: version(name) for name in ("zagg", "h5coro-hidefix", "h5coro", "mortie", "numpy")}, names)
