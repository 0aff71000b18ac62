"""What a cell job must give, computed without any code of the engine: h5py, healpy, NumPy; the contract is the product's description.

A product is a dictionary:
    name, prefix         on the command line; of the names of the statistics
    tracks, group        groups of the file; the group inside, or a list of which the first with a latitude is taken
    lat, lon             columns (cf.py says what a column is)
    value                a column, with `minus` (another column) if a difference is meant; {"count": True}: the rows themselves
    uncertainty          a column or None
    weight               "inverse_variance", "none", or a column
    keep                 conditions in order: a column with one of is, not, at_least, at_most, above, below, between, bits_all,
                         bits_none
    limit                of absurd values, or None
    beams, direction     "strong" or "weak", "ascending" or "descending", or None
    min_count            children with fewer rows are left empty
    link                 parents and children (link.py says what a link is), or None
"""

import functools
import math

import h5py
import numpy as np

import cf
import grid
import link

PARENT_ORDER, CHILD_ORDER = 6, 12
AFTER_KEEP = ["fill", "not_finite", "out_of_range", "sigma_not_positive", "weight_not_positive"]
STATISTICS = ["count", "min", "max", "mean", "sigma", "variance", "std", "unweighted_mean", "q05", "q25", "q50", "q75", "q95", "mad",
              "sum"]
USED = "used"


# --------------------------------------------------------------------------------------------------------- tracks, beams
def track_group(file, product, name):
    """The group of the columns of a track, or None where the file does not have the track."""
    track = file.get(name) if name else file
    if not isinstance(track, h5py.Group):
        return None
    alternatives = product["group"] if isinstance(product["group"], (list, tuple)) else [product["group"]]
    for inside in alternatives:
        group = track.get(inside) if inside else track
        there = isinstance(group, h5py.Group) and (len(alternatives) == 1 or cf.find(group, optional(product["lat"])) is not None)
        if there:
            return group
    return None


def optional(column):
    return {**cf.described(column), "optional": True}


def text(attribute):
    value = np.ravel(attribute)[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def beam_of(file, name):
    """`strong`, `weak`, or None where nothing says so or the spacecraft turns."""
    if "orbit_info/sc_orient" in file and name[:2] == "gt":
        strong = {0: "l", 1: "r"}.get(int(np.ravel(file["orbit_info/sc_orient"][()])[0]))
        return None if strong is None else "strong" if name.endswith(strong) else "weak"
    attributes = file[name].attrs
    if "atlas_beam_type" in attributes:
        return text(attributes["atlas_beam_type"]).lower()
    if "description" in attributes:
        words = text(attributes["description"]).lower()
        return "strong" if "full power" in words else "weak" if "coverage" in words else None
    return None


def directions(latitude, sound):
    """1 where the next sound row at another latitude lies further north, -1 further south; where none follows, the one before says it.
    0 where all are at one latitude."""
    found = np.zeros(len(latitude), int)
    rows = np.flatnonzero(sound)
    steps = np.sign(np.diff(latitude[rows])).astype(int)
    moving = np.flatnonzero(steps)
    if len(moving):
        # The step that leaves each row, or the next one that moves, or the last.
        after = np.searchsorted(moving, np.arange(len(rows)))
        found[rows] = steps[moving[np.minimum(after, len(moving) - 1)]]
    return found


# ----------------------------------------------------------------------------------------------------------- conditions
def compare(values, operator, wanted):
    """Where a condition holds, for numbers that are not missing. NaN passes none. An f32 is compared with what f32 makes of a number."""
    if values.dtype == np.float32 and not operator.startswith("bits"):
        wanted = np.float32(wanted)
    if operator in ("bits_all", "bits_none"):
        if values.dtype.kind == "f":
            whole = np.isfinite(values) & (values == np.trunc(values)) & (np.abs(values) < 2.0**63)
            bits = np.where(whole, values, 0).astype(np.float64).astype(np.int64)
        else:
            whole, bits = np.ones(len(values), bool), values
        kept = bits.astype(np.uint64) & np.uint64(wanted)
        return whole & (kept == (np.uint64(wanted) if operator == "bits_all" else np.uint64(0)))
    if operator in ("is", "not"):
        among = np.zeros(len(values), bool)
        for number in wanted:
            among |= values == number
        return among if operator == "is" else ~among & (values == values)
    if operator == "between":
        return (values >= wanted[0]) & (values <= wanted[1])
    tests = {"at_least": np.greater_equal, "at_most": np.less_equal, "above": np.greater, "below": np.less}
    return tests[operator](values, wanted)


def condition_of(item):
    """(operator, operand) of an entry of `keep`."""
    (found,) = [(key, value) for key, value in item.items() if key not in ("column", "index", "axis", "fill", "optional")]
    return found


# --------------------------------------------------------------------------------------------------------------- a track
class Track:
    """All rows of a track: where they are, what they hold, and what becomes of them if they lie in the parent."""

    def __init__(self, name, track, group, product):
        self.name = name
        (self.lat, no_lat), (self.lon, no_lon) = (cf.quantity(group, product[key]) for key in ("lat", "lon"))
        rows = len(self.lat)
        self.sound = link.on_earth(self.lat, self.lon) & ~no_lat & ~no_lon
        columns = link.Columns(track, group, product.get("link"), rows)
        self.link = columns.link
        self.reasons, self.untested = [], []
        self.reason = np.full(rows, -1)                # a number in `reasons`, -1: the row counts
        self.open = np.ones(rows, bool)
        if self.link and (product.get("direction") or any(map(columns.of_parents, link.columns_of(product)))):
            self.refuse("unlinked", self.link.owner < 0)
        if product.get("direction"):
            wanted = {"ascending": 1, "descending": -1}[product["direction"]]
            if self.link:
                found = directions(self.link.lat, self.link.placed & self.link.peopled)
                found = self.link.spread(found, 0)
            else:
                found = directions(self.lat, self.sound)
            self.refuse("direction", found != wanted)
        for number, item in enumerate(product["keep"]):
            found = columns.flags(item)
            if found is None:
                self.untested.append(number)
            else:
                self.refuse(("keep", number), found[1] | ~compare(found[0], *condition_of(item)))
        self.observe(columns, product, rows)
        for name in (self.lat, self.value, self.sigma, self.weight):
            assert name is None or len(name) == rows, f"{group.name}: columns of different lengths"

    def refuse(self, reason, rows):
        self.reason[self.open & rows] = len(self.reasons)
        self.reasons.append(reason)
        self.open &= ~rows

    def observe(self, columns, product, rows):
        """Value, uncertainty and weight, and the reasons that they give to drop a row."""
        operands = []       # what a row cannot do without
        if product["value"] == {"count": True}:
            self.value = np.zeros(rows)
        else:
            self.value, missing = columns.quantity(product["value"])
            operands = [(self.value, missing)]
            if "minus" in cf.described(product["value"]):
                operands.append(columns.quantity(product["value"]["minus"]))
                with np.errstate(invalid="ignore"):
                    self.value = self.value - operands[1][0]
        weight = product["weight"]
        self.sigma = self.weight = None
        sigma = None if product["uncertainty"] is None else columns.quantity(product["uncertainty"])
        if sigma is None and weight == "inverse_variance":
            weight = "none"
        limit = math.inf if product["limit"] is None else product["limit"]
        # Only what the result cannot do without makes a row bad; only a weight must be positive.
        limited, positive = [self.value], []
        if weight != "none":
            column = sigma if weight == "inverse_variance" else columns.quantity(weight)
            operands.append(column)
            positive.append(column[0])
            limited += positive if weight == "inverse_variance" else []
        with np.errstate(invalid="ignore", over="ignore"):
            self.refuse("fill", any_of(rows, (missing for _, missing in operands)))
            self.refuse("not_finite", any_of(rows, (~np.isfinite(values) for values in [self.value, *positive])))
            self.refuse("out_of_range", any_of(rows, (np.abs(values) > limit for values in limited)))
            # What an f32 cannot hold has no place in the output: beyond the limit of a product without one, and weights of nearly 0.
            self.refuse("not_finite", any_of(rows, (~np.isfinite(np.float32(values)) for values in [self.value, *positive])))
            reason = "sigma_not_positive" if weight == "inverse_variance" else "weight_not_positive"
            self.refuse(reason, any_of(rows, (~(np.float32(values) > 0) for values in positive)))
            if sigma is not None:
                lacking = sigma[1] | ~np.isfinite(sigma[0]) | (np.abs(sigma[0]) > limit)
                self.sigma = np.where(lacking, np.nan, sigma[0])
        with np.errstate(divide="ignore", over="ignore"):
            self.weight = np.ones(rows) if weight == "none" else 1 / self.sigma**2 if weight == "inverse_variance" else column[0]

    @functools.lru_cache(maxsize=4)
    def children(self, mode):
        """The child of every row, -1 where it has no place."""
        found = np.full(len(self.lat), -1, np.int64)
        found[self.sound] = grid.cells(CHILD_ORDER, self.lat[self.sound], self.lon[self.sound], mode)
        return found


def any_of(rows, masks):
    """Rows for which one of the masks says so."""
    found = np.zeros(rows, bool)
    for mask in masks:
        found |= mask
    return found


@functools.lru_cache(maxsize=64)
def _tracks(path, key):
    product = _products[key]
    found = []
    with h5py.File(path) as file:
        for name in product["tracks"]:
            group = track_group(file, product, name)
            if group is not None and (not product.get("beams") or beam_of(file, name) == product["beams"]):
                found.append(Track(name, file[name] if name else file, group, product))
    return found


_products = {}


def tracks(path, product):
    """The tracks that the file has and the product asks for. A process reads a file once for each product."""
    key = repr(product)
    _products[key] = product
    return _tracks(str(path), key)


# ------------------------------------------------------------------------------------------------------------ statistics
def statistics(value, sigma, weight, inverse):
    """All statistics of one child, f64. `sigma` is None where there is no uncertainty, `inverse`: weights are 1/sigma^2."""
    count = len(value)
    total = math.fsum(weight)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = math.fsum(value) / count
        # The second term is what rounding the mean did to the first.
        variance = math.fsum((value - mean) ** 2) / count - (math.fsum(value - mean) / count) ** 2
        found = {"count": count, "min": value.min(), "max": value.max(), "mean": math.fsum(weight * value) / total}
        if sigma is None or np.isnan(sigma).any():
            found["sigma"] = math.nan
        elif inverse:
            found["sigma"] = 1 / math.sqrt(total)
        else:
            found["sigma"] = math.sqrt(math.fsum((weight * sigma) ** 2)) / total
        quantiles = np.quantile(value, [0.05, 0.25, 0.5, 0.75, 0.95])
        found |= dict(zip(("q05", "q25", "q50", "q75", "q95"), quantiles.tolist()))
        found |= {"variance": variance, "std": math.sqrt(variance), "unweighted_mean": mean, "sum": math.fsum(value)}
        found["mad"] = float(np.median(np.abs(value - np.median(value))))
    return found


class Result:
    """What one job must give: `table` (child: statistics rounded to f32, count as it is), `ledger` (one entry a track)."""

    def __init__(self, path, product, parent, mode, order=PARENT_ORDER):
        self.table, self.ledger = {}, []
        self.below_min_count = {"cells": 0, "rows": 0}
        parts, has_sigma = [], False
        for track in tracks(path, product):
            child = track.children(mode)
            inside = child >> 2 * (CHILD_ORDER - order) == parent
            entry = {"track": track.name, "rows": len(child), "in_parent": int(inside.sum())}
            counts = np.bincount(track.reason[inside] + 1, minlength=len(track.reasons) + 1)
            for reason, rows in zip([USED, *track.reasons], counts.tolist()):
                entry[reason] = entry.get(reason, 0) + rows
            entry["untested"] = list(track.untested)
            entry["link"] = track.link.faults if track.link else {}
            self.ledger.append(entry)
            good = inside & track.open
            has_sigma |= track.sigma is not None
            blank = np.full(len(child), np.nan)
            parts.append([child[good], track.value[good], (blank if track.sigma is None else track.sigma)[good], track.weight[good]])
        if parts:
            self.reduce([np.concatenate(column) for column in zip(*parts)], has_sigma, product)

    def reduce(self, columns, has_sigma, product):
        order = np.argsort(columns[0], kind="stable")
        child, value, sigma, weight = (column[order] for column in columns)
        numbers, starts = np.unique(child, return_index=True)
        # Weights of 1/sigma^2 are those of all rows or of none: a file has the uncertainty in every track, or in none.
        inverse = product["weight"] == "inverse_variance" and has_sigma
        for number, start, end in zip(numbers.tolist(), starts, [*starts[1:], len(child)]):
            if end - start < product.get("min_count", 1):
                self.below_min_count["cells"] += 1
                self.below_min_count["rows"] += int(end - start)
                continue
            span = slice(start, end)
            exact = statistics(value[span], sigma[span] if has_sigma else None, weight[span], inverse)
            with np.errstate(over="ignore"):
                self.table[number] = {name: x if name == "count" else np.float32(x) for name, x in exact.items()}


def parents(path, product, mode, most=3, few=1, order=PARENT_ORDER):
    """Parents that the file touches: those with most rows, and those with fewest, as nested ids."""
    counts = {}
    for track in tracks(path, product):
        child = track.children(mode)
        for parent, rows in zip(*np.unique(child[child >= 0] >> 2 * (CHILD_ORDER - order), return_counts=True)):
            counts[int(parent)] = counts.get(int(parent), 0) + int(rows)
    ranked = sorted(counts, key=lambda parent: (-counts[parent], parent))
    return ranked[:most] + ranked[most:][-few:] if few else ranked[:most]


def kept(path, product):
    """Rows of the whole file that count, wherever they lie."""
    return sum(int((track.sound & track.open).sum()) for track in tracks(path, product))
