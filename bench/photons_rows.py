"""Nine exact statistics of many rows in 4,096 groups, on one thread: DuckDB, polars, NumPy.

usage: photons_rows.py make FOLDER ROWS
       photons_rows.py duckdb|polars|numpy memory|parquet FOLDER mixed|runs

A row is a child (u32), a value (f32) and its sigma (f32). `mixed` has the children in random order, `runs` has them in runs
of 500 rows, as photons along a track come. `make` writes both as parquet, not compressed, and as the raw columns one after
another (`mixed.rows`: all children, all values, all sigmas; little-endian). Statistics: count, min, max, mean weighted by 1/sigma²,
its sigma, variance (of the population), quartiles by linear interpolation. Sums are in f64; DuckDB and polars interpolate
quartiles in f32, which costs them less and is exact here. The clock starts when rows are in memory, or when the parquet file
is opened. Prints one JSON line; the answer is compared with NumPy in f64 afterwards.
"""
import json
import os
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np  # noqa: E402  (after the number of threads is set)

GROUPS, RUN = 4096, 500
EXACT, ROUNDED = ["count", "min", "max", "q25", "q50", "q75"], ["mean", "sigma", "variance"]
SQL = """
    SELECT child, count(*) AS count, min(value) AS min, max(value) AS max,
           sum(value::DOUBLE / (sigma::DOUBLE * sigma)) / sum(1 / (sigma::DOUBLE * sigma)) AS mean,
           1 / sqrt(sum(1 / (sigma::DOUBLE * sigma))) AS sigma, var_pop(value::DOUBLE) AS variance,
           quantile_cont(value, [0.25, 0.5, 0.75]) AS quartiles
    FROM {source} GROUP BY child ORDER BY child
"""


def make(folder, count):
    """Both orders of rows; every child has about the same number."""
    import polars

    dice = np.random.default_rng(8)
    for order in ("mixed", "runs"):
        child = dice.integers(0, GROUPS, count if order == "mixed" else -(-count // RUN), dtype=np.uint32)
        child = child if order == "mixed" else np.repeat(child, RUN)[:count]
        value = (2900 + child * 0.05 + dice.normal(0, 2, count)).astype(np.float32)
        sigma = dice.uniform(0.01, 0.3, count).astype(np.float32)
        rows = polars.DataFrame({"child": child, "value": value, "sigma": sigma})
        rows.write_parquet(folder / f"{order}.parquet", compression="uncompressed")
        with open(folder / f"{order}.rows", "wb") as out:
            for column in (child, value, sigma):
                column.tofile(out)


def raw(folder, order):
    columns = np.fromfile(folder / f"{order}.rows", "u4").reshape(3, -1)
    return columns[0], columns[1].view("f4"), columns[2].view("f4")


def duckdb_job(source, folder, order):
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    file = f"'{folder}/{order}.parquet'"
    if source == "memory":
        connection.execute(f"CREATE TABLE rows_ AS SELECT * FROM {file}")
    query = SQL.format(source="rows_" if source == "memory" else file)

    def work():
        found = connection.execute(query).fetchnumpy()
        quartiles = np.stack(found.pop("quartiles"))
        return found | dict(zip(("q25", "q50", "q75"), quartiles.T))

    return work


def polars_job(source, folder, order):
    import polars
    from polars import col

    assert polars.thread_pool_size() == 1
    file = folder / f"{order}.parquet"
    rows = polars.read_parquet(file).lazy() if source == "memory" else polars.scan_parquet(file)
    value, sigma = col("value").cast(polars.Float64), col("sigma").cast(polars.Float64)
    weight = 1 / (sigma * sigma)
    quantiles = [col("value").quantile(q, "linear").alias(name) for name, q in (("q25", 0.25), ("q50", 0.5), ("q75", 0.75))]
    query = rows.group_by("child").agg(
        polars.len().alias("count"), col("value").min().alias("min"), col("value").max().alias("max"),
        ((value * weight).sum() / weight.sum()).alias("mean"), (1 / weight.sum().sqrt()).alias("sigma"),
        value.var(ddof=0).alias("variance"), *quantiles,
    )

    def work():
        found = query.collect().sort("child")
        return {name: found[name].to_numpy() for name in found.columns}

    return work


def numpy_job(source, folder, order):
    """Rows sorted by child and value; also what the others are compared with."""
    if source != "memory":
        raise SystemExit("photons_rows: NumPy reads no parquet")
    child, value, sigma = raw(folder, order)

    def work():
        by = np.lexsort((value, child))
        c, v, s = child[by], value[by].astype("f8"), sigma[by].astype("f8")
        groups, starts, counts = np.unique(c, return_index=True, return_counts=True)
        weight = 1 / (s * s)
        total = np.add.reduceat(weight, starts)
        plain = np.add.reduceat(v, starts) / counts
        found = {"child": groups, "count": counts, "min": v[starts], "max": v[starts + counts - 1],
                 "mean": np.add.reduceat(v * weight, starts) / total, "sigma": 1 / np.sqrt(total),
                 "variance": np.add.reduceat((v - np.repeat(plain, counts)) ** 2, starts) / counts}
        for name, q in (("q25", 0.25), ("q50", 0.5), ("q75", 0.75)):
            place = q * (counts - 1)
            low = np.floor(place).astype(int)
            a, b = v[starts + low], v[starts + np.minimum(low + 1, counts - 1)]
            found[name] = a + (b - a) * (place - low)
        return found

    return work


def differences(found, truth):
    """Groups where an exact statistic is not that of the truth as f32, and the largest relative error of the others."""
    f32 = lambda values: np.asarray(values, np.float64).astype(np.float32)
    wrong = int(sum((f32(found[name]) != f32(truth[name])).sum() for name in EXACT))
    return {"wrong": wrong, "relative": max(float(np.max(np.abs(found[name] / truth[name] - 1))) for name in ROUNDED)}


def main(system, source, folder, order):
    folder = Path(folder)
    work = {"duckdb": duckdb_job, "polars": polars_job, "numpy": numpy_job}[system](source, folder, order)
    used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    cpu, wall = used(), time.perf_counter()
    found = work()
    cpu, wall = used() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rows = int(found["count"].sum())
    report = {"cpu": cpu, "wall": wall, "cpu_ns": cpu / rows * 1e9, "wall_ns": wall / rows * 1e9, "peak": peak, "rows": rows}
    report["version"] = version(system)
    print(json.dumps(report | differences(found, numpy_job("memory", folder, order)())))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(float(sys.argv[3])))
    else:
        main(*sys.argv[1:])
