#!/usr/bin/env python3
"""The small reference tables of tests/fixtures.rs, from healpy and mortie (so a clone without shared data still checks).

usage: make_fixtures.py [neighbours]        (needs numpy, healpy 1.20, mortie 1.0; writes data/*.csv, or that one alone)

points.csv: lon, lat, nested at order 18 and 29 by healpy.ang2pix(nest=True, lonlat=True), authalic latitude by mortie.
Borders are wanted here: a third of the points are corners of cells, moved by at most one unit in the last place.
outlines.csv: order, nested, centre and the 12 points of healpy.boundaries(step=3), as lon, lat in degrees.
neighbours.csv: order, nested and healpy.get_all_neighbours(nest=True): south-west and on clockwise, -1 where there is none. All cells
of orders 0 to 2, and of finer ones the corners of base cells and some others.
"""
import pathlib, sys
import healpy as hp, mortie, numpy as np

OUT = pathlib.Path(__file__).parent / "data"
rng = np.random.default_rng(20240613)


def lonlat(v):
    return np.degrees(np.arctan2(v[1], v[0])), np.degrees(np.arctan2(v[2], np.hypot(v[0], v[1])))


def points():
    lon, lat = [rng.uniform(-180, 360, 80)], [np.degrees(np.arcsin(rng.uniform(-1, 1, 80)))]
    for order in (0, 1, 3, 6, 12, 18):
        side = 1 << order
        for p in rng.integers(0, 12 * side * side, 8):
            x, y = lonlat(hp.boundaries(side, int(p), step=1, nest=True)[:, rng.integers(0, 4)])
            lon.append([np.nextafter(x, rng.choice([x, 1e3, -1e3]))])
            lat.append([np.clip(np.nextafter(y, rng.choice([y, 1e3, -1e3])), -90, 90)])
    fixed = [(x, y) for y in (-90, -89.43, -30, 0, 41.810314895778596, 90) for x in (-360, -180, -45, 0, 45, 180, 360, 540)]
    lon.append([x for x, _ in fixed])
    lat.append([y for _, y in fixed])
    return np.concatenate(lon).astype(float), np.concatenate(lat).astype(float)


def neighbours():
    with open(OUT / "neighbours.csv", "w") as f:
        f.write("order,nested,south_west,west,north_west,north,north_east,east,south_east,south\n")
        for order in (0, 1, 2, 5, 12, 20, 29):
            inside = 4**order
            corners = [0, inside // 3, inside - 1 - inside // 3, inside - 1]       # south, east, west, north
            some = [base * inside + at for base in range(12) for at in {*corners, *map(int, rng.integers(0, inside, 4))}]
            for p in range(12 * inside) if order < 3 else sorted(some):
                row = [order, p, *map(int, hp.get_all_neighbours(1 << order, p, nest=True))]
                f.write(",".join(map(str, row)) + "\n")


def main():
    neighbours()
    if sys.argv[1:] == ["neighbours"]:
        return
    lon, lat = points()
    ids = [hp.ang2pix(1 << o, lon, lat, nest=True, lonlat=True) for o in (18, 29)]
    beta = np.asarray(mortie.geodetic_to_authalic(lat))
    with open(OUT / "points.csv", "w") as f:
        f.write("lon,lat,nested18,nested29,authalic_lat\n")
        for row in zip(lon.tolist(), lat.tolist(), ids[0].tolist(), ids[1].tolist(), beta.tolist()):
            f.write(",".join(map(repr, row)) + "\n")
    with open(OUT / "outlines.csv", "w") as f:
        f.write("order,nested,centre_lon,centre_lat," + ",".join(f"lon{i},lat{i}" for i in range(12)) + "\n")
        for order in (0, 1, 2, 6, 12, 18, 24):
            side = 1 << order
            cells = range(12) if order == 0 else rng.integers(0, 12 * side * side, 8).tolist()
            for p in cells:
                x, y = hp.pix2ang(side, p, nest=True, lonlat=True)
                edge = lonlat(hp.boundaries(side, p, step=3, nest=True))
                values = [order, p, float(x), float(y)] + np.stack(edge, 1).ravel().tolist()
                f.write(",".join(map(repr, values)) + "\n")


if __name__ == "__main__":
    main()
