"""A store of the sphere whose axis grows: window after window gives the bytes of all at once."""

import hashlib
import json

import granules
import windows


def tree(store):
    """{name of an object: hash of its bytes}."""
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(store.rglob("*")) if path.is_file()}


def apart(one, other):
    """Objects that differ between two trees, or that only one has."""
    names = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    return [f"{len(names)} objects differ, among them {', '.join(names[:6])}"] if names else []


class Sphere:
    """A store, and the commands that make it."""

    def __init__(self, tool, store, catalog, words):
        self.tool, self.store, self.words = tool, store, ["--catalog", catalog, "--layout", "sphere", "--out", store, *words]
        self.failed = []

    def call(self, *words):
        done = self.tool.call(*words)
        if done.returncode:
            self.failed.append(f"{words[0]}: exit code {done.returncode}: {done.stderr.strip()[:300]}")
        return tree(self.store)

    def run(self, *words):
        return self.call("run", *self.words, "--quiet", *words)


def appended(tool, shared):
    if "  extend " not in tool.call("--help").stdout:
        yield "the command does not extend stores", ["there is no `icestream extend`"]
        return
    paths = granules.ragged(shared, tool.folder / "granules")
    catalogs = {mode: tool.folder / f"{mode}.json" for mode in ("spherical", "authalic")}
    for mode, catalog in catalogs.items():
        made = tool.call("catalog", "--from", tool.folder / "granules", "--latitude", mode, "--out", catalog)
        if made.returncode:
            yield "a catalog of the granules", [made.stderr]
            return
    last = max(windows.told(path)[0].date() for path in paths)
    for by, mode in (("quarter", "spherical"), ("cycle", "authalic")):
        words = ["--by", by, "--from-date", "2019-04-01", "--latitude", mode, "--overviews", "11,9", "--change", "--moments"]
        once = Sphere(tool, tool.folder / f"once-{by}.zarr", catalogs[mode], words)
        whole = once.run("--to-date", last)
        again = once.run("--to-date", last)
        yield f"run twice by {by}, {len(whole)} objects, {mode}", [*once.failed, *apart(whole, again)]
        grown = Sphere(tool, tool.folder / f"grown-{by}.zarr", catalogs[mode], words)
        wrong, before = [], grown.run("--to-date", "2020-02-01")
        for date in ("2020-12-01", last):
            longer = grown.call("extend", grown.store, "--to-date", date)
            wrong += [f"extend a second time: {line}" for line in apart(longer, grown.call("extend", grown.store, "--to-date", date))]
            lost = [name for name in before if name not in longer]
            wrong += [f"extend deletes {lost[:3]}"] if lost else []
            before = grown.run("--to-date", date)
            wrong += [f"run a second time: {line}" for line in apart(before, grown.run("--to-date", date))]
        changed = grown.call("change", grown.store)
        wrong += [f"change a second time: {line}" for line in apart(changed, grown.call("change", grown.store))]
        yield f"three times a part, by {by}, {mode}", [*grown.failed, *wrong, *apart(whole, changed)]
        other = Sphere(tool, tool.folder / f"other-{by}.zarr", catalogs[mode], words)
        other.run("--to-date", last)
        yield f"change of what is whole, by {by}, {mode}", [*apart(whole, other.call("change", other.store)), *other.failed]
    yield from impossible(tool, catalogs["spherical"])


def impossible(tool, catalog):
    """What cannot grow, and says so without a change to the store."""
    base = ["--from-date", "2019-04-01", "--to-date", "2020-02-01"]
    stores = {
        "windows one by one": ["--windows", "2019-04-01/2019-07-01,2020-01-01/2020-02-01", "--change", "--moments"],
        "without an axis": ["--change", "--moments"],
        "change without moments": ["--by", "quarter", *base, "--change"],
        "an axis without change": ["--by", "quarter", *base],
    }
    verbs = {"windows one by one": ["extend"], "without an axis": ["extend"], "change without moments": ["change"],
             "an axis without change": ["change"]}
    for n, (title, words) in enumerate(stores.items()):
        store = Sphere(tool, tool.folder / f"no-{n}.zarr", catalog, words)
        before = store.run()
        for verb in verbs[title]:
            done = tool.call(verb, store.store, *(["--to-date", "2021-01-01"] if verb == "extend" else []))
            wrong = [*store.failed, *apart(before, tree(store.store))]
            if done.returncode not in (2, 5):
                wrong.append(f"exit code {done.returncode}: {done.stderr.strip()[:200]}{done.stdout.strip()[:200]}")
            yield f"{verb}: {title}", wrong
    store = Sphere(tool, tool.folder / "short.zarr", catalog, ["--by", "quarter", "--change", "--moments"])
    before = store.run(*base)
    after = store.call("extend", store.store, "--to-date", "2020-03-31")
    yield "extend to a day that is there", [*store.failed, *apart(before, after)]
    yield "extend to a day before the last", [] if tool.call("extend", store.store, "--to-date", "2019-05-01").returncode == 2 else ["is not refused"]
    store.call("extend", store.store, "--to-date", "2021-01-01")
    done = tool.call("change", store.store, "--json")
    wrong = [*store.failed]
    if done.returncode:
        wrong.append(f"exit code {done.returncode}: {done.stderr[:200]}")
    elif not json.loads(done.stdout)["incomplete_cells"]:
        wrong.append("no cell lacks windows")
    yield "change before run says which cells lack windows", wrong
    other = ["--by", "month", *base, "--change", "--moments"]
    done = tool.call("run", "--catalog", catalog, "--layout", "sphere", "--out", store.store, *other, "--quiet")
    good = done.returncode in (1, 2, 5)
    yield "run with another axis is refused", [] if good else [f"exit code {done.returncode}: {done.stderr[:200]}"]
