#!/usr/bin/env python3
"""Makes fixtures/footprints.json: footprints, and the HEALPix cells that each touches by an exhaustive interior test.

usage: make_footprints.py PARQUET      cat_serc_atl03_007.parquet of the shared data; needs numpy, healpy, pyarrow

The 59 polygons of the parquet file are real (release 007 of ATL03, whose footprints ATL06 shares). No answer of the CMR
with polygons near the pole, with holes, with boxes or across 180 was to be had, so those after them are composed here.

The test knows nothing of cells' outlines. A cell is touched when a point of the footprint lies in it, and the points are
  - the outline, every 100 m, along great circles (or parallels and meridians for a box);
  - the centres of all cells of order 12 (1.6 km apart) that lie inside, by crossing number in the gnomonic projection,
    where great circles are straight lines.
A point's cell is healpy's. Pieces of orbits are in make_orbits.py.
"""
import json, struct, sys
import healpy, numpy, pyarrow.parquet

ORDER, FINE, EARTH_KM = 6, 12, 6371.007
E2 = 0.00669437999014


def vec(lon, lat):
    lon, lat = numpy.radians(lon), numpy.radians(lat)
    return numpy.stack([numpy.cos(lat) * numpy.cos(lon), numpy.cos(lat) * numpy.sin(lon), numpy.sin(lat)], -1)


def authalic(lat):
    """Closed form; degrees."""
    e = numpy.sqrt(E2)
    s = numpy.sin(numpy.radians(lat))
    q = lambda s: (1 - E2) * (s / (1 - E2 * s * s) - numpy.log((1 - e * s) / (1 + e * s)) / (2 * e))
    return numpy.degrees(numpy.arcsin(numpy.clip(q(s) / q(1.0), -1, 1)))


def geodetic(beta):
    """Inverse, by fixed-point steps."""
    lat = beta
    for _ in range(12):
        lat = numpy.clip(lat + (beta - authalic(lat)), -90, 90)
    return lat


def lonlat(v):
    return numpy.degrees(numpy.arctan2(v[..., 1], v[..., 0])), numpy.degrees(numpy.arctan2(v[..., 2], numpy.hypot(v[..., 0], v[..., 1])))


def cells(lon, lat, convention):
    on_sphere = authalic(lat) if convention == "authalic" else lat
    return set(healpy.ang2pix(2**ORDER, lon, on_sphere, nest=True, lonlat=True).tolist())


def great_circle(a, b, step_km=0.1):
    a, b = vec(*a), vec(*b)
    angle = numpy.arctan2(numpy.linalg.norm(numpy.cross(a, b)), a @ b)
    t = numpy.linspace(0, 1, max(2, int(angle * EARTH_KM / step_km) + 1))[:, None]
    return (numpy.sin((1 - t) * angle) * a + numpy.sin(t * angle) * b) / numpy.sin(angle) if angle > 0 else a[None]


def fine_centres(near, convention):
    """Centres of the cells of order 12 in the cells of order 6 around some: geodetic positions."""
    wide = set(near)
    for _ in range(2):
        wide |= {int(n) for n in healpy.get_all_neighbours(2**ORDER, list(wide), nest=True).ravel() if n >= 0}
    shift = 2 * (FINE - ORDER)
    ids = (numpy.array(sorted(wide))[:, None] << shift | numpy.arange(1 << shift)).ravel()
    lon, lat = healpy.pix2ang(2**FINE, ids, nest=True, lonlat=True)
    return ids >> shift, lon, geodetic(lat) if convention == "authalic" else lat


def inside_ring(points, ring):
    """Crossing number in the gnomonic plane around the middle of the ring."""
    middle = ring.mean(0) / numpy.linalg.norm(ring.mean(0))
    east = numpy.cross([0.3, 0.5, 0.8], middle)
    east /= numpy.linalg.norm(east)
    north = numpy.cross(middle, east)
    depth = points @ middle
    seen = depth > 1e-6
    x, y = (points @ east)[seen] / depth[seen], (points @ north)[seen] / depth[seen]
    rx, ry = ring @ east / (ring @ middle), ring @ north / (ring @ middle)
    odd = numpy.zeros(len(x), bool)
    for i in range(len(ring)):
        x1, y1, x2, y2 = rx[i - 1], ry[i - 1], rx[i], ry[i]
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    result = numpy.zeros(len(points), bool)
    result[seen] = odd
    return result


def of_polygon(rings, convention):
    """All cells of order 6 whose fine centres are tested come from flooding outwards of those with the outline."""
    open_rings = [ring[:-1] if ring[0] == ring[-1] else ring for ring in rings]
    outline = numpy.concatenate([great_circle(a, b) for ring in open_rings for a, b in zip(ring, ring[1:] + ring[:1])])
    touched = cells(*lonlat(outline), convention)
    tested, frontier = set(), set(touched)
    while frontier:
        parents, lon, lat = fine_centres(frontier, convention)
        fresh = ~numpy.isin(parents, list(tested))
        parents, points = parents[fresh], vec(lon[fresh], lat[fresh])
        tested |= set(parents.tolist())
        inner = inside_ring(points, numpy.array([vec(*p) for p in open_rings[0]]))
        for hole in open_rings[1:]:
            inner &= ~inside_ring(points, numpy.array([vec(*p) for p in hole]))
        found = set(parents[inner].tolist())
        frontier = found - touched if found - touched else set()
        touched |= found
    return sorted(touched)


def of_box(west, south, east, north, convention):
    width = 360.0 if east - west >= 360 else (east - west) % 360
    lons, lats = west + numpy.linspace(0, width, 40_000), numpy.linspace(south, north, 40_000)
    outline = cells(numpy.r_[lons, lons], numpy.r_[lons * 0 + south, lons * 0 + north], convention)
    if width < 360:
        outline |= cells(numpy.r_[lats * 0 + west, lats * 0 + west + width], numpy.r_[lats, lats], convention)
    grid_lon, grid_lat = numpy.meshgrid(numpy.linspace(west, west + width, 4_000), numpy.linspace(south, north, 2_000))
    return sorted(outline | cells(grid_lon.ravel(), grid_lat.ravel(), convention))


def track(crossing, start, end):
    """Ground track of a circular orbit, between angles from the ascending node in degrees."""
    u = numpy.radians(numpy.linspace(start, end, 40_001))
    i, r = numpy.radians(92.0), 6867.0
    z = r * numpy.sin(i) * numpy.sin(u)
    axis = numpy.sqrt(r * r - z * z)
    lat = numpy.arctan2(z, axis)
    for _ in range(30):
        lat = numpy.arctan2(z + E2 * 6378.137 / numpy.sqrt(1 - E2 * numpy.sin(lat) ** 2) * numpy.sin(lat), axis)
    lon = crossing + numpy.degrees(numpy.arctan2(numpy.cos(i) * numpy.sin(u), numpy.cos(u))) - 360 * 91 / 1387 * u / (2 * numpy.pi)
    return (lon + 180) % 360 - 180, numpy.degrees(lat)


def ring(lat, lons):
    return [[float(lon), lat] for lon in lons]


def strip(crossing, start, end, half_km, corners):
    """A footprint as NSIDC draws them: a few corners on either side of a track."""
    lon, lat = track(crossing, start, end)
    at = numpy.linspace(0, len(lon) - 2, corners).astype(int)
    here, ahead = vec(lon[at], lat[at]), vec(lon[at + 1], lat[at + 1])
    side = numpy.cross(here, ahead)
    side = side / numpy.linalg.norm(side, axis=1)[:, None] * half_km / EARTH_KM
    left, right = (lonlat(here + side), lonlat(here - side))
    outline = [*zip(*left)] + [*zip(*right)][::-1]
    return [[round(float(a), 5), round(float(b), 5)] for a, b in outline]


def composed():
    yield "over the south pole", {"polygons": [[strip(30.0, 259.0, 281.0, 6.2, 12)]]}
    yield "over the north pole", {"polygons": [[strip(-120.0, 79.0, 101.0, 6.2, 12)]]}
    yield "across 180", {"polygons": [[strip(-155.0, 200.0, 229.0, 6.2, 11)]]}
    yield "around the pole", {"polygons": [[ring(-80.0, range(0, 360, 15))]]}
    yield "around the pole with a hole", {"polygons": [[ring(-78.0, range(0, 360, 10)), ring(-86.0, range(0, 360, 20))]]}
    yield "wide, with a hole that holds cells", {"polygons": [[[[-60.0, 62.0], [-20.0, 62.0], [-15.0, 82.0], [-65.0, 82.0]],
                                                               [[-45.0, 68.0], [-35.0, 68.0], [-35.0, 76.0], [-45.0, 76.0]]]]}
    yield "inside one cell", {"polygons": [[[[101.02, -72.0], [101.05, -72.0], [101.05, -72.01], [101.02, -72.01]]]]}
    yield "two pieces", {"polygons": [[[[179.0, -75.0], [-179.0, -75.0], [-179.0, -76.0], [179.0, -76.0]]],
                                      [[[0.0, 1.0], [1.0, 1.0], [1.0, -1.0], [0.0, -1.0]]]]}
    yield "a box across 180", {"boxes": [[170.0, -77.0, -172.0, -70.0]]}
    yield "a box around the pole", {"boxes": [[-180.0, -90.0, 180.0, -83.0]]}
    yield "a box at the equator", {"boxes": [[-3.0, -2.0, 9.0, 5.0]]}


def of_wkb(raw):
    assert struct.unpack_from("<BI", raw) == (1, 3), "a little-endian polygon"
    (rings,), at, found = struct.unpack_from("<I", raw, 5), 9, []
    for _ in range(rings):
        (count,) = struct.unpack_from("<I", raw, at)
        flat = struct.unpack_from(f"<{2 * count}d", raw, at + 4)
        found.append([list(pair) for pair in zip(flat[::2], flat[1::2])])
        at += 4 + 16 * count
    return found


def expected(footprint, convention):
    found = set()
    for rings in footprint.get("polygons", []):
        found |= set(of_polygon(rings, convention))
    for box in footprint.get("boxes", []):
        found |= set(of_box(*box, convention))
    return sorted(found)


def main(parquet):
    rows = pyarrow.parquet.read_table(parquet, columns=["id", "geometry"]).to_pylist()
    named = [(row["id"], {"polygons": [of_wkb(row["geometry"])]}) for row in rows] + list(composed())
    with open(__file__.rsplit("/", 1)[0] + "/fixtures/footprints.json", "w") as out:
        out.write("[\n")
        for at, (name, footprint) in enumerate(named):
            line = {"name": name, **footprint}
            for convention in ("spherical", "authalic"):
                line[convention] = expected(footprint, convention)
            print(name, len(line["spherical"]), len(line["authalic"]), flush=True)
            out.write(json.dumps(line, separators=(",", ":")) + (",\n" if at + 1 < len(named) else "\n"))
        out.write("]\n")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 2 else sys.exit(__doc__)
