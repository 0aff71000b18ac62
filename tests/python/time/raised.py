"""Levels above the parents from moments: against jobs whose parent is the coarser cell, and in a store that grows."""

import json

import numpy as np

import append
import granules
import tool as tools
import trend
import windows

import grid

# Composed from the rows' moments: equal to the job's but for the last bit of float32.
EXACT = ("h_unweighted_mean", "h_variance", "h_std", "h_sum")
# To the bit.
EQUAL = ("count", "h_min", "h_max")


def pieces(cell, order):
    """The cells of an order in a cell."""
    parent_order, parent = grid.nested(cell)
    shift = 2 * (order - parent_order)
    return [grid.decimal(order, parent << shift | k) for k in range(1 << shift)]


def apart(got, wanted, names, steps):
    """Names of arrays that differ by more than so many steps of float32."""
    wrong = []
    for name in names:
        a, b = got.get(name), wanted[name]
        if a is None or a.shape != b.shape or a.dtype != b.dtype:
            wrong.append(f"{name}: {'no array' if a is None else (a.shape, a.dtype)}")
        elif steps == 0 and not tools.equal(a, b):
            wrong.append(f"{name}: {int((~((a == b) | (a != a) & (b != b))).sum())} values differ")
        elif steps:
            near = (np.isnan(a) & np.isnan(b)) | (abs(a - b) <= steps * np.spacing(abs(b)))
            if not near.all():
                wrong.append(f"{name}: {int((~near).sum())} values differ")
    return wrong


def raised(tool, shared):
    """Stores of many small parents, composed, against jobs with one large parent."""
    paths = granules.ragged(shared, tool.folder / "raised")
    cell = trend.CELLS[0]
    cases = [("spherical", ["--by", "cycle"]), ("authalic", []),
             ("spherical", ["--by", "year", "--min-count", "40", "--no-edit", "--epoch", "2010-01-01"])]
    for number, (mode, more) in enumerate(cases):
        words = ["--latitude", mode, "--layout", "sphere", "--change", "--moments", *more]
        dates = ["--from-date", "2019-04-01", "--to-date", "2022-07-01"] if "--by" in more else []
        whole = tool.cell(paths, cell, *words, *dates, "--overviews", "7,6")
        store = tool.folder / f"small-{number}.zarr"
        for piece in pieces(cell, 8):
            tool.cell(paths, piece, *words, *dates, out=store)
        done = tool.call("overviews", store, "--to", "5")
        if done.returncode:
            yield f"composed from parents of order 8, {mode}, {' '.join(more)}", [done.stderr]
            continue
        answer = tools.Answer(store, whole.said, cell)
        wrong, flags, steps = [], set(), []
        for order in (7, 6):
            got, wanted = answer.arrays(order), whole.arrays(order)
            # Where no parent has rows none is written, and nothing says that it was computed.
            empty = got["change_overpasses"] == 0
            wanted["change_flag"] = np.where(empty & (got["change_flag"] == 0), 0, wanted["change_flag"])
            steps += [np.nanmax(abs(got[name] - wanted[name]) / np.spacing(abs(wanted[name]))) for name in EXACT if name in got]
            names = [name for name in tools.statistics_of(wanted) if name not in (*EXACT, *EQUAL) and not name.startswith("h_")
                     or name in trend.ALL]
            missing = trend.ALL - set(names) - (set() if dates else set(trend.TIMED))
            lacking = "--min-count" in more
            wrong += [f"order {order}: {line}" for line in [
                *(f"no array {name}" for name in missing), *apart(got, wanted, names, 0),
                *apart(got, wanted, EQUAL[:1] if lacking else EQUAL, 0), *apart(got, wanted, EXACT, 1)]]
            flags |= set(got["change_flag"].ravel().tolist())
        wrong += [] if 0 in flags else ["no cell has a good estimate"]
        checked = tool.call("validate", store)
        wrong += [] if checked.returncode == 0 else [f"validate: {checked.stdout[:300]}"]
        yield (f"composed from parents of order 8, {mode}, {' '.join(more)}, flags {sorted(flags)}, "
               f"{max(steps):.0f} ulp", wrong)


def grown(tool, shared):
    """A store with levels above its parents grows window by window, and ends as one that is composed at the end."""
    paths = granules.ragged(shared, tool.folder / "granules")
    catalog = tool.folder / "catalog.json"
    made = tool.call("catalog", "--from", tool.folder / "granules", "--out", catalog)
    if made.returncode:
        yield "a catalog of the granules", [made.stderr]
        return
    last = max(windows.told(path)[0].date() for path in paths)
    for by, moments in (("quarter", True), ("cycle", False)):
        words = ["--by", by, "--from-date", "2019-04-01", *(["--change", "--moments"] if moments else [])]
        once = append.Sphere(tool, tool.folder / f"once-{by}-{moments}.zarr", catalog, words)
        once.run("--to-date", last)
        whole = once.call("overviews", once.store, "--to", "4")
        store = append.Sphere(tool, tool.folder / f"grown-{by}-{moments}.zarr", catalog, words)
        store.run("--to-date", "2020-02-01")
        store.call("overviews", store.store, "--to", "4")
        longer = store.call("extend", store.store, "--to-date", last)
        wrong = [f"extend a second time: {line}" for line in append.apart(longer, store.call("extend", store.store, "--to-date", last))]
        checked = tool.call("validate", store.store)
        wrong += [] if checked.returncode == 0 else [f"after extend: {checked.stdout[:300]}"]
        store.run("--to-date", last)
        checked = tool.call("validate", store.store, "--json")
        codes = {finding["code"] for finding in json.loads(checked.stdout)["findings"] if finding["severity"] == "error"}
        wrong += [] if {"overview"} <= codes <= {"overview", "chunk-missing"} or not moments and codes == {"chunk-missing"} else [f"levels that are older than the cells: {codes}"]
        regions = [tool.folder / f"region-{by}-{name}.zarr" for name in ("once", "grown")]
        if moments:
            early = tool.call("merge", store.store, "--layout", "region", "--out", regions[1])
            wrong += [] if early.returncode and "icestream change" in early.stderr else ["a region takes change that is older than its windows"]
        end = store.call(*(["change", store.store] if moments else ["overviews", store.store, "--to", "4"]))
        yield f"levels above parents grow, by {by}, moments {moments}", [*once.failed, *store.failed, *wrong, *append.apart(whole, end)]
        for whole_store, region in zip((once.store, store.store), regions):
            tool.call("merge", whole_store, "--layout", "region", "--out", region)
        checked = [tool.call("validate", regions[1]), tool.call("compare", regions[1], store.store)]
        wrong = [f"the region of it: {done.stdout[-300:]}{done.stderr[-300:]}" for done in checked if done.returncode]
        yield f"the region of a store that has grown, by {by}, moments {moments}", [*wrong, *append.apart(*map(append.tree, regions))]
        checked = tool.call("validate", store.store)
        wrong = [] if checked.returncode == 0 else [f"after all: {checked.stdout[:300]}"]
        name = "dhdt" if moments else "h_max"
        mine, other = (next(path for path in sorted((store.store / order / name / "c").rglob("*")) if path.is_file()) for order in "45")
        mine.write_bytes(other.read_bytes())
        checked = tool.call("validate", store.store)
        wrong += [] if checked.returncode == 1 and f"4/{name}" in checked.stdout else ["another chunk is not found"]
        yield f"validate looks at levels above the parents, by {by}, moments {moments}", wrong
