#!/usr/bin/env python3
"""What the page must show of each built-in product, by the oracle of tests/python/products: oracle.py SHARED FOLDER

Prints a list of cases as JSON: the shared files, and of each product one copy with planted values, which are kept in FOLDER. Of each
the parent with most rows, and every child with rows.
"""

import json
import math
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python/products"))

import cases        # noqa: E402
import grid         # noqa: E402
import oracle       # noqa: E402
import plant        # noqa: E402
import plant_more   # noqa: E402, F401: it adds recipes

OFFERED = {"--product", "--keep", "--cycle"}


def on_the_page(case):
    """Whether the page has a control for each word of the case."""
    return not case.edit and all(word in OFFERED for word in case.words[::2])


def planted(folder, shared):
    """The cases of the first recipe of each product."""
    first = {recipe[0]: recipe for recipe in reversed(plant.RECIPES)}
    plant.RECIPES[:] = first.values()
    shutil.rmtree(folder, ignore_errors=True)
    return plant.make(folder, shared)


def described(case, number):
    words = list(zip(case.words[::2], case.words[1::2]))
    mode = ("spherical", "authalic")[number % 2]
    found = {
        "title": case.title, "product": case.name, "path": case.path, "mode": mode, "prefix": case.product["prefix"],
        "keep": [value for word, value in words if word == "--keep"],
        "cycle": next((value for word, value in words if word == "--cycle"), ""),
        "refused": list(case.refused),
    }
    if case.refused:
        return found | {"cell": "-6134114", "table": {}}
    parent = oracle.parents(case.path, case.product, mode, 1, 0)[0]
    first = parent << 2 * (oracle.CHILD_ORDER - oracle.PARENT_ORDER)
    table = {
        int(child) - first: {name: None if math.isnan(x) else float(x) for name, x in statistics.items()}
        for child, statistics in oracle.Result(case.path, case.product, parent, mode).table.items()
    }
    return found | {"cell": grid.decimal(oracle.PARENT_ORDER, parent), "table": table}


def main():
    shared, folder = map(pathlib.Path, sys.argv[1:])
    products = shared / "data/products"
    found = [case for case in cases.shared(products) + planted(folder, products) if on_the_page(case)]
    json.dump([described(case, number) for number, case in enumerate(found)], sys.stdout)


if __name__ == "__main__":
    main()
