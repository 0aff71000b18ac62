"""Opens a store as a stranger would and checks all of it against independent software.

    check_store.py STORE spherical|authalic [--group 12] [--csv TABLE.csv] [--http]

Checked: the three lines of the README open it (xarray, zarr-python, xdggs), with both of xdggs' decoders; every
cell centre agrees with healpy to 1e-6 degrees (authalic: with the geodetic latitude of healpy's authalic one);
zarr-python reads every array, with and without consolidated metadata, and finds every chunk of every array;
ids are ascending children of one parent and agree with their decimals; opening a group reads one
metadata object; with --csv, every column equals the table bit for bit as float32; with --http, the same over a local
server, whose requests are counted. Prints one line that begins with `ok`; anything else is a failure.
"""

import argparse
import csv
import functools
import http.server
import importlib.util
import json
import pathlib
import threading
import warnings

import healpy
import numpy as np
import xarray as xr
import xdggs
import zarr

SEMIMAJOR, INVERSE_FLATTENING = 6378137.0, 298.257223563
DEGREES_TOLERANCE = 1e-6


def authalic_sine(phi):
    """sin of the authalic latitude of geodetic latitude phi (radians), from the closed form (Snyder 3-11, 3-12)."""
    f = 1 / INVERSE_FLATTENING
    e2 = f * (2 - f)
    e = np.sqrt(e2)

    def q(s):
        return (1 - e2) * (s / (1 - e2 * s * s) - np.log((1 - e * s) / (1 + e * s)) / (2 * e))

    return q(np.sin(phi)) / q(1.0)


def geodetic_from_authalic(beta):
    """Inverse of `authalic_sine` by bisection: slow, and without any series that could be mistyped."""
    target = np.sin(beta)
    low, high = np.full_like(beta, -np.pi / 2), np.full_like(beta, np.pi / 2)
    for _ in range(60):
        middle = (low + high) / 2
        below = authalic_sine(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def expected_centres(order, ids, latitude):
    theta, phi = healpy.pix2ang(2**order, ids.astype(np.int64), nest=True)
    beta = np.pi / 2 - theta
    if latitude == "authalic":
        beta = geodetic_from_authalic(beta)
    return np.degrees(phi), np.degrees(beta)


def decimal(order, ids):
    """The decimal morton id, digit by digit."""
    base = (ids >> np.uint64(2 * order)).astype(np.int64)
    lead, sign = np.where(base < 6, base + 1, base - 5), np.where(base < 6, 1, -1)
    for level in range(order - 1, -1, -1):
        lead = lead * 10 + ((ids >> np.uint64(2 * level)) & np.uint64(3)).astype(np.int64) + 1
    return sign * lead


def check_centres(ds, order, ids, latitude, label):
    info = ds.dggs.grid_info
    assert info.level == order, (label, info)
    assert info.indexing_scheme == "nested", (label, info)
    assert (info.ellipsoid is not None) == (latitude == "authalic") or str(info.ellipsoid) == "sphere", (label, info)
    assert np.array_equal(ds.dggs.coord.values, ids), label
    centres = ds.dggs.cell_centers()
    lon, lat = expected_centres(order, ids, latitude)
    off_lon = np.abs((centres.longitude.values - lon + 180) % 360 - 180) * np.cos(np.radians(lat))
    off_lat = np.abs(centres.latitude.values - lat)
    worst = max(off_lon.max(), off_lat.max())
    assert worst < DEGREES_TOLERANCE, f"{label}: a centre is {worst} degrees off"
    return worst


def check_convention(attributes, cell_ids, order, latitude):
    ellipsoid = {"name": "WGS84", "semimajor_axis": SEMIMAJOR, "inverse_flattening": INVERSE_FLATTENING}
    shared = {"ellipsoid": ellipsoid} if latitude == "authalic" else {}
    dggs = {"name": "healpix", "refinement_level": order, "indexing_scheme": "nested", "spatial_dimension": "cells"}
    assert attributes["dggs"] == dggs | {"coordinate": "cell_ids", "compression": "none"} | shared
    assert [c["uuid"] for c in attributes["zarr_conventions"]] == ["7b255807-140c-42ca-97f6-7a1cfecdbc38"]
    assert attributes["icestream"]["latitude_convention"] == latitude
    assert dict(cell_ids) == {"grid_name": "healpix", "level": order, "indexing_scheme": "nested"} | shared


def check_arrays(store, name):
    """Every array, consolidated and not; every chunk is an object, none is left to the fill value."""
    consolidated = zarr.open_group(store, path=name, mode="r", use_consolidated=True)
    plain = zarr.open_group(store, path=name, mode="r", use_consolidated=False)
    assert sorted(consolidated.array_keys()) == sorted(plain.array_keys())
    values = {}
    for key in sorted(plain.array_keys()):
        a, b = consolidated[key], plain[key]
        assert a.metadata == b.metadata, key
        assert a.nchunks_initialized == a.nchunks, f"{key}: chunks are missing"
        values[key] = a[:]
        assert values[key].tobytes() == b[:].tobytes(), key
        assert a.metadata.dimension_names == ("cells",), key
    through_root = zarr.open_group(store, mode="r", use_consolidated=True)
    assert sorted(through_root[name].array_keys()) == sorted(values)
    assert all(through_root[name][key].metadata == plain[key].metadata for key in values)
    return values


def check_table(values, path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for key in rows[0]:
        got = values[key]
        if got.dtype.kind == "f":
            want = np.array([float(row[key]) for row in rows]).astype(got.dtype)
            assert got.shape == want.shape and np.array_equal(got, want, equal_nan=True), key
        else:
            want = np.array([int(row[key]) for row in rows])
            assert np.array_equal(got.astype(np.int64), want), key
    return len(rows)


class Counting(http.server.SimpleHTTPRequestHandler):
    """A file server that lists what was asked of it, and with which status it answered."""

    asked = []

    def log_request(self, code="-", size="-"):
        Counting.asked.append((self.path, int(code)))

    def log_message(self, *_):
        pass


def check_http(store, name, order, ids, latitude):
    """Opens over HTTP. Without a word about the format zarr-python asks for version 2's files too, in the same
    round; one request is answered. With `zarr_format=3` there is one request."""
    if importlib.util.find_spec("fsspec") is None or importlib.util.find_spec("aiohttp") is None:
        return "http skipped: no fsspec"
    handler = functools.partial(Counting, directory=str(store.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/{store.name}"
        answers = []
        for options in ({}, {"zarr_format": 3}):
            Counting.asked.clear()
            ds = xr.open_zarr(url, group=name, **options)
            found = [path for path, code in Counting.asked if code == 200]
            assert found == [f"/{store.name}/zarr.json"], Counting.asked
            answers.append(len(Counting.asked))
            check_centres(xdggs.decode(ds), order, ids, latitude, "http")
        assert answers[1] == 1, answers
        return f"http open: {answers[0]} GET (1 answered), {answers[1]} GET with zarr_format=3"
    finally:
        server.shutdown()
        server.server_close()


class Recording(zarr.storage.LocalStore):
    """A store that lists the objects that were found in it."""

    found = []

    async def get(self, key, *args, **kwargs):
        value = await super().get(key, *args, **kwargs)
        if value is not None:
            Recording.found.append(key)
        return value


def check_metadata_reads(store, name):
    """Opening a group finds one object: xarray the root's document, zarr-python the group's own."""
    Recording.found.clear()
    xr.open_zarr(Recording(store, read_only=True), group=name)
    assert Recording.found == ["zarr.json"], Recording.found
    Recording.found.clear()
    group = zarr.open_group(Recording(store, read_only=True), path=name, mode="r")
    assert len([array.shape for _, array in group.arrays()]) > 2
    assert Recording.found == [f"{name}/zarr.json"], Recording.found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=pathlib.Path)
    parser.add_argument("latitude", choices=["spherical", "authalic"])
    parser.add_argument("--group", default="12")
    parser.add_argument("--csv", type=pathlib.Path)
    parser.add_argument("--http", action="store_true")
    arguments = parser.parse_args()
    store, name, latitude = arguments.store.resolve(), arguments.group, arguments.latitude
    order = int(name)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")

    ds = xdggs.decode(xr.open_zarr(str(arguments.store), group=name))
    values = check_arrays(str(store), name)
    ids = values["cell_ids"]
    assert ids.dtype == np.uint64 and values["morton"].dtype == np.int64
    assert np.all(np.diff(ids.astype(np.int64)) > 0)
    assert np.array_equal(values["morton"], decimal(order, ids))
    worst = check_centres(ds, order, ids, latitude, "default decode")
    raw = xr.open_zarr(str(store), group=name)
    worst = max(worst, check_centres(xdggs.decode(raw, convention="zarr"), order, ids, latitude, "zarr decode"))
    document = json.loads((store / name / "zarr.json").read_text())
    inline = document["consolidated_metadata"]["metadata"]
    check_convention(document["attributes"], inline["cell_ids"]["attributes"], order, latitude)
    for key, value in values.items():
        if value.dtype.kind == "f":
            assert np.array_equal(np.isnan(value), values["count"] == 0) or "count" not in values, key
            assert {"units", "long_name"} <= set(raw[key].attrs), key
    check_metadata_reads(store, name)

    notes = [f"{len(ids)} cells", f"{len(values)} arrays", f"centres within {worst:.1e} deg", "1 metadata object to open"]
    if arguments.csv:
        notes.append(f"{check_table(values, arguments.csv)} table rows equal")
    if arguments.http:
        notes.append(check_http(store, name, order, ids, latitude))
    print("ok", store.name, f"group {name}", latitude + ":", ", ".join(notes))


if __name__ == "__main__":
    main()
