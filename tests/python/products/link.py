"""Parents and children of a linked product, by the rule of its description: h5py and NumPy only.

A link is a dictionary:
    begin, count         columns of the track, a row each parent: its first child, and how many it has
    base                 the number of the first child
    latitude, longitude  where each parent lies
    margin               kilometres that a child lies from there at most (no result depends on it)
    groups               groups of the track whose columns have a row each parent
"""

import numpy as np

import cf

FAULTS = ("rows_in_none", "rows_in_several", "beyond_last", "without_begin", "out_of_order")


def whole(track, column):
    """The numbers of a column, None where there is none."""
    dataset, stored, index, missing = cf.numbers(track, column, True)
    missing |= cf.never_written(dataset, index)
    numbers = stored if cf.packing(dataset) == [None, None] else cf.unpack(stored, dataset)
    return [None if lacking or number != number else number for number, lacking in zip(numbers.tolist(), missing)]


class Link:
    """`owner`: the parent of each child row, -1 where none or several hold it; `faults`: how often each rule is broken."""

    def __init__(self, track, described, rows):
        begins, counts = whole(track, described["begin"]), whole(track, described["count"])
        assert len(begins) == len(counts), f"{track.name}: {len(begins)} begins, {len(counts)} counts"
        self.parents = len(begins)
        self.peopled = np.zeros(self.parents, bool)     # parents that have children
        self.owner = np.full(rows, -1)
        held = np.zeros(rows, int)
        self.counts = dict.fromkeys(FAULTS, 0)
        before = None
        for parent, (begin, count) in enumerate(zip(begins, counts)):
            if count is None or count <= 0:
                continue
            self.peopled[parent] = True
            if begin is None or begin < described["base"]:
                self.counts["without_begin"] += 1
                continue
            self.counts["out_of_order"] += before is not None and begin < before
            before = begin
            start = begin - described["base"]
            self.counts["beyond_last"] += start + count > rows
            if start < rows:
                span = slice(int(start), int(min(start + count, rows)))
                held[span] += 1
                self.owner[span] = parent
        self.owner[held != 1] = -1
        self.counts["rows_in_none"] = int((held == 0).sum())
        self.counts["rows_in_several"] = int((held > 1).sum())
        (self.lat, no_lat), (self.lon, no_lon) = (cf.quantity(track, described[key]) for key in ("latitude", "longitude"))
        self.placed = on_earth(self.lat, self.lon) & ~no_lat & ~no_lon

    @property
    def faults(self):
        return {kind: rows for kind, rows in self.counts.items() if rows}

    def spread(self, values, blank):
        """What each child takes of its parent; `blank` where it has none."""
        assert len(values) == self.parents, f"{len(values)} numbers for {self.parents} parents"
        found = np.full(len(self.owner), blank, values.dtype)
        linked = self.owner >= 0
        found[linked] = values[self.owner[linked]]
        return found


def on_earth(lat, lon):
    with np.errstate(invalid="ignore"):
        return np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90) & (np.abs(lon) <= 360)


class Columns:
    """Reads the columns of a track, one number a row: also those that have a row each parent."""

    def __init__(self, track, group, described, rows):
        self.track, self.group = track, group
        self.link = None if described is None else Link(track, described, rows)
        self.groups = () if described is None else described["groups"]

    def place(self, column):
        """(group, column with one path, whether it has a row each parent): of the first path that exists, or of the first."""
        column = cf.described(column)
        paths = [column["column"]] if isinstance(column["column"], str) else column["column"]
        choices = []
        for path in paths:
            of_parents = path.split("/")[0] in self.groups and "/" in path
            group = self.track if of_parents else self.group
            choices.append((group, {**column, "column": path}, of_parents))
            if cf.find(group, {"column": path, "optional": True}) is not None:
                return choices[-1]
        return choices[0]

    def of_parents(self, column):
        """Whether the column is there and has a row each parent."""
        group, column, found = self.place(column)
        return found and cf.find(group, {**column, "optional": True}) is not None

    def read(self, how, column):
        """(values, missing), None where the column is optional and absent; `how` is `cf.quantity` or `cf.flags`."""
        group, column, of_parents = self.place(column)
        found = how(group, column)
        if found is None or not of_parents:
            return found
        return self.link.spread(found[0], 0), self.link.spread(found[1], True)

    def quantity(self, column):
        return self.read(cf.quantity, column)

    def flags(self, column):
        return self.read(cf.flags, column)


def columns_of(product):
    """All columns that a job reads beside places."""
    found = list(product["keep"])
    if product["value"] != {"count": True}:
        found.append({key: item for key, item in cf.described(product["value"]).items() if key != "minus"})
        found += [cf.described(product["value"])[key] for key in ("minus",) if key in cf.described(product["value"])]
    if product["uncertainty"] is not None:
        found.append(product["uncertainty"])
    if product["weight"] not in ("none", "inverse_variance"):
        found.append(product["weight"])
    return found
