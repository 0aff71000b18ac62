"""Height change of ATL11 by its own points, cycle 4 less cycle 3, as `icestream points` gives them (a figure of the specification)."""
import pathlib
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq

command, granule, folder = sys.argv[1:]
rows = []
for cycle in ("3", "4"):
    out = pathlib.Path(folder) / f"pairs-{cycle}.parquet"
    words = [command, "points", granule, "--region=-180,-90,180,90", "--parent-order", "2", "--cycle", cycle, "--columns", "h_corr"]
    subprocess.run([*words, "--out", out, "--overwrite", "--quiet"], check=True)
    table = pq.read_table(out).to_pylist()
    rows.append({(row["track"], row["row"]): row["h_corr"] for row in table})
pairs = [rows[1][key] - rows[0][key] for key in rows[0] if key in rows[1]]
found = (len(pairs), round(float(np.median(pairs)), 4))
if found != (1404, -0.8553):
    sys.exit(f"median of pairs: {found}, not (1404, -0.8553)")
print(f"-0.8553 m in the median of {len(pairs)} pairs")
