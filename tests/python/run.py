#!/usr/bin/env python3
"""Checks against software that is not ours: Python readers of HDF5, Zarr and HEALPix.

usage: run.py [WORD ...]      only the checks whose names contain one of the words

Run by `./test interop` with the Python of tests/python-env, from the root of the project; ICESTREAM names the binary.
"""
import os, subprocess, sys, tempfile, time

from places import TARGET, shared

PYTHON = sys.executable
ICESTREAM = os.environ.get("ICESTREAM", str(TARGET / "debug/icestream"))
DEMO = "crates/cli/demo"
REWRITTEN = [
    "hdf5/base.h5", "hdf5/c01_ncks_subset.nc", "hdf5/c04_packed.h5", "granules/dataset_fill_nan_attr_3e38.h5",
    "granules/xarray_packed_i4.h5", "granules/xarray_latlon_packed.h5"]
ESTIMATE = os.environ.get("ESTIMATE", str(TARGET / "release/examples/estimate"))
ROWS = os.environ.get("ROWS", str(TARGET / "debug/examples/rows"))
KEPT = os.environ.get("KEPT", str(TARGET / "release/examples/kept"))
DUMP = os.environ.get("DUMP", str(TARGET / "debug/examples/dump"))
# The checks whose tables are shown.
CORPUS = "the HDF5 corpus, against h5py"
READER = "values and strided parts that programs read with hdf5-pure, against h5py"
SIMULATIONS = "height change of simulated cells: how often two errors hold, and what differences of means miss by"


def store(name, granules, cell, latitude):
    """A store that the command writes, opened and compared with the command's own table by software that is not ours."""
    made = [ICESTREAM, "cell", granules, f"--cell={cell}", "--latitude", latitude, "--overviews", "11,8",
            "--out", "{tmp}/cell.zarr", "--csv", "{tmp}/cell.csv"]
    checked = [PYTHON, "tests/python/check_store.py", "{tmp}/cell.zarr", latitude, "--csv", "{tmp}/cell.csv"]
    coarse = [PYTHON, "tests/python/check_store.py", "{tmp}/cell.zarr", latitude, "--group", "8"]
    return f"store of {name}, {latitude}", [made, checked, coarse]


def sphere(name, granules, cells, latitude, more):
    """A store of the sphere, opened and compared with the stores of its cells by software that is not ours."""
    commands = []
    for cell in cells:
        made = [ICESTREAM, "cell", granules, f"--cell={cell}", "--latitude", latitude, "--quiet", *more]
        commands += [[*made, "--out", f"{{tmp}}/cells/{cell}.zarr"],
                     [*made, "--layout", "sphere", "--out", "{tmp}/sphere.zarr"]]
    commands.append([ICESTREAM, "overviews", "{tmp}/sphere.zarr", "--to", "4"])
    stores = [f"{{tmp}}/cells/{cell}.zarr" for cell in cells]
    commands.append([PYTHON, "tests/python/check_sphere.py", "{tmp}/sphere.zarr", latitude, *stores])
    return f"sphere store of {name}, {latitude}", commands


def region(name, granules, cells, latitude, more):
    """The store of a region of several cells, opened and compared with the stores of the cells by software that is not ours."""
    commands = []
    for cell in cells:
        made = [ICESTREAM, "cell", granules, f"--cell={cell}", "--latitude", latitude, "--overviews", "11,8", "--quiet", *more]
        commands.append([*made, "--out", f"{{tmp}}/cells/{cell}.zarr"])
    for layout in ("region", "sphere"):
        commands.append([ICESTREAM, "merge", "{tmp}/cells", "--layout", layout, "--out", f"{{tmp}}/{layout}.zarr"])
    commands += [[ICESTREAM, "merge", "{tmp}/sphere.zarr", "--layout", "region", "--out", "{tmp}/again.zarr"],
                 ["diff", "-r", "{tmp}/region.zarr", "{tmp}/again.zarr"], [ICESTREAM, "validate", "{tmp}/region.zarr"]]
    stores = [f"{{tmp}}/cells/{cell}.zarr" for cell in cells]
    commands.append([PYTHON, "tests/python/check_region.py", "{tmp}/region.zarr", "{tmp}/sphere.zarr", latitude, *stores])
    return f"store of a region of {name}, {latitude} {' '.join(more)}", commands


def exports(name, granules, cell, latitude):
    """Exports of a store that the command writes, compared with the store by software that is not ours."""
    made = [ICESTREAM, "cell", granules, f"--cell={cell}", "--latitude", latitude, "--out", "{tmp}/cell.zarr", "--quiet"]
    checked = [PYTHON, "tests/python/check_export.py", ICESTREAM, "{tmp}/cell.zarr", latitude, "{tmp}/exports"]
    return f"exports of {name}, {latitude}", [made, checked]


def windows(name, granules, cell, more):
    """Exports of a store with windows of time, compared with the store by software that is not ours."""
    made = [ICESTREAM, "cell", granules, f"--cell={cell}", "--out", "{tmp}/cell.zarr", "--quiet", *more]
    checked = [PYTHON, "tests/python/check_windows.py", ICESTREAM, "{tmp}/cell.zarr", "{tmp}/exports"]
    return f"exports of windows of {name}, {' '.join(more)}", [made, checked]


def grids(name, granules, cell, more, systems):
    """Grids and tables of a store that the command writes, compared with the store by software that is not ours."""
    made = [ICESTREAM, "cell", granules, f"--cell={cell}", "--latitude", "authalic", "--out", "{tmp}/cell.zarr", "--quiet", *more]
    checked = [PYTHON, "tests/python/regions/exports.py", ICESTREAM, "{tmp}/cell.zarr", "authalic", "{tmp}/exports", *systems]
    return " ".join(["grids and tables of", name, *more]), [made, checked]


MODES = ["spherical", "authalic"]

# (name, [command, ...]): the commands of a check run one after another, each must exit with 0, and `{tmp}` in an
# argument is a new folder of the check's own. A check asserts in its last command; one that only runs is no check.
CHECKS = [
    ("demo granules are what their generator makes", [[PYTHON, f"{DEMO}/make_demo.py", "--check"]]),
    ("demo granules with time are what their generator makes", [[PYTHON, f"{DEMO}/change/make_change.py", "--check"]]),
    *(store("the demo granules", DEMO, -6134114, mode) for mode in MODES),
    *(sphere("the demo granules", DEMO, [-6134114, -6134112, -6134111], mode, ["--overviews", "11,8"]) for mode in MODES),
    *(region("the demo granules", DEMO, [-6134114, -6134112, -6134111], mode, []) for mode in MODES),
    region("the demo granules with time", f"{DEMO}/change", [-613411423, -613411424], "spherical", ["--by", "cycle", "--change", "--moments"]),
    # 4^9 children are four chunks in one shard.
    sphere("the demo granules in shards", DEMO, [-6134114], "spherical", ["--child-order", "15", "--overviews", "14,12"]),
    *(exports("the demo granules", DEMO, -6134114, mode) for mode in MODES),
    windows("the demo granules", DEMO, -6134114, ["--by", "month"]),
    windows("the demo granules with time", f"{DEMO}/change", -613411423, ["--by", "cycle", "--change"]),
    grids("the demo granules", DEMO, -6134114, [], ["--crs", "EPSG:6932"]),
    grids("the demo granules", DEMO, -6134114, ["--by", "month"], []),
    ("grids around the Earth", [[PYTHON, "tests/python/regions/grids.py", ICESTREAM, "{tmp}"]]),
    ("examples", [[PYTHON, "tests/python/check_examples.py", ICESTREAM]]),
    ("documents", [[PYTHON, "tests/python/check_docs.py", ICESTREAM]]),
    (READER, [[PYTHON, "tests/python/check_reader.py", DUMP]]),
]
CHECKS += [("height change against refits of the rows and statsmodels", [[PYTHON, "tests/python/change/oracle.py", "--command", ESTIMATE]]),
           (SIMULATIONS, [[PYTHON, "tests/python/change/simulate.py", "--command", ESTIMATE]])]
CHECKS.append(("cells of regions in every format and coordinate system, against shapely, pyproj and healpy",
               [[PYTHON, "tests/python/regions/cells.py", "--command", KEPT]]))
if shared("data/hdf5", "conformance"):
    CHECKS.append((CORPUS, [[PYTHON, "tests/python/conformance.py"]]))
if real := shared("data/atl06", "stores of real granules, and rewritten ones"):
    granule = str(real / "ATL06_20190613065109_11610303_002_01.h5")
    rewritten = [str(real.parent / "cases" / name) for name in REWRITTEN]
    CHECKS.append(("a real granule as other programs write it",
                   [[PYTHON, "tests/python/check_cf.py", ICESTREAM, "4441321", granule, *rewritten]]))
    CHECKS += [check("real granules", str(real), 4441321, mode) for check in (store, exports) for mode in MODES]
if products := shared("data/products", "rows as files"):
    CHECKS.append(("rows as files, against h5py and in the programs that open them",
                   [[PYTHON, "tests/python/points/oracle.py", "--command", ROWS, "--shared", str(products.parent.parent)]]))
    CHECKS.append(("height change of ATL11 by pairs of its own points",
                   [[PYTHON, "tests/python/points/pairs.py", ICESTREAM, str(products / "ATL11_078805_0304_02_v002.h5"), "{tmp}"]]))
HOSTILE = [PYTHON, "tests/python/products/hostile.py", "--command", ICESTREAM]
CHECKS.append(("photons on broken segments, three ways of reading", [[*HOSTILE, "--seeds", "20"]]))
if products := shared("data/products", "stores of every built-in product"):
    begins = products / "ATL03_indexbegin_start_end_FVs.h5"
    CHECKS.append(("photons on the segments of a real beam", [[*HOSTILE, "--seeds", "0", "--begins", str(begins)]]))
    CHECKS.append(("stores of every built-in product, against h5py, healpy and NumPy",
                   [[PYTHON, "tests/python/products/run.py", "--command", ICESTREAM, "--shared", str(products.parent.parent), "--quick"]]))
    CHECKS.append(("regions in one command, against h5py, healpy, NumPy, shapely, rasterio, geopandas and DuckDB",
                   [[PYTHON, "tests/python/regions/grid.py", "--command", ICESTREAM, "--shared", str(products.parent.parent), "--quick"]]))
    CHECKS.append(("windows of time and height change, against jobs without windows and NumPy",
                   [[PYTHON, "tests/python/time/run.py", "--command", ICESTREAM, "--shared", str(products.parent.parent), "--quick"]]))


def run(commands):
    """Runs the commands of one check; returns what failed and said so, or None, and what the last one said."""
    with tempfile.TemporaryDirectory() as tmp:
        for command in commands:
            command = [part.replace("{tmp}", tmp) for part in command]
            done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                return f"{' '.join(command)}\nexit code {done.returncode}\n{done.stdout}", ""
    return None, done.stdout


def main(words):
    checks = [c for c in CHECKS if not words or any(word in c[0] for word in words)]
    failed = 0
    for name, commands in checks:
        start = time.monotonic()
        said, table = run(commands)
        print(f"{'FAIL' if said else 'ok  '} {name} ({time.monotonic() - start:.1f} s)", flush=True)
        if said:
            failed += 1
            print("     " + said.rstrip().replace("\n", "\n     "))
        elif name in (CORPUS, READER, SIMULATIONS):
            print("     " + table.rstrip().replace("\n", "\n     "))
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
