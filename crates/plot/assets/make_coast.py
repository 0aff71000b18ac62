#!/usr/bin/env python3
"""Makes coast.bin, the coastline of the maps, from Natural Earth (public domain).

usage: make_coast.py land-50m.json      that file is in world-atlas 2.0.2 of the npm registry: `npm pack world-atlas@2.0.2`

Natural Earth's 1:50m land boundaries, version 4.1.0, as world-atlas redistributes them in TopoJSON: without the cuts along
the antimeridian, and without floating ice shelves, as Natural Earth has it. Rings are simplified (Douglas and Peucker),
closely poleward of 55 degrees and coarsely elsewhere, where small islands are left out too.

Format, one ring after another: the number of points, then longitude and latitude of each, as differences from the point
before (the first: from 0, 0) in units of 0.002 degrees; each number a zigzag LEB128. A ring is closed by its first point.
Differences of longitude go the shorter way, so longitudes are continuous and may leave -180..180.
"""
import json
import math
import os
import sys

UNIT = 0.002
POLAR = 55.0                         # degrees of latitude
CLOSE, COARSE = 0.01, 0.08           # tolerances, degrees of arc
LEAST = 0.25                         # extent of the least island outside the polar regions, degrees


def rings(topology):
    """Rings as lists of (lon, lat)."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"]:
            for ring in polygon:
                points = []
                for arc in ring:
                    run = arcs[arc] if arc >= 0 else arcs[~arc][::-1]
                    points += run[1:] if points else run
                yield points[:-1]


def continuous(ring):
    """The ring with longitudes that do not jump."""
    out = [ring[0]]
    for lon, lat in ring[1:]:
        lon -= 360 * round((lon - out[-1][0]) / 360)
        out.append((lon, lat))
    return out


def simplified(points):
    """Douglas-Peucker, distances in degrees of arc, tolerance by the latitude of the point that would go."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        worst, at = 0.0, None
        (ax, ay), (bx, by) = points[first], points[last]
        for i in range(first + 1, last):
            x, y = points[i]
            narrow = max(math.cos(math.radians(y)), 0.05)
            dx, dy, px, py = (bx - ax) * narrow, by - ay, (x - ax) * narrow, y - ay
            length = dx * dx + dy * dy
            t = max(0.0, min(1.0, (px * dx + py * dy) / length)) if length else 0.0
            off = math.hypot(px - t * dx, py - t * dy) / (CLOSE if abs(y) > POLAR else COARSE)
            if off > worst:
                worst, at = off, i
        if worst > 1:
            keep.add(at)
            spans += [(first, at), (at, last)]
    return [points[i] for i in sorted(keep)]


def worth_it(ring):
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    if max(abs(lat) for lat in lats) > 89.99:
        return False                 # the cut at the pole, no land
    polar = max(abs(min(lats)), abs(max(lats))) > POLAR
    return polar or max(max(lons) - min(lons), max(lats) - min(lats)) >= LEAST


def number(value):
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def main():
    with open(sys.argv[1]) as file:
        topology = json.load(file)
    out, count = bytearray(), 0
    for ring in sorted((r for r in rings(topology) if worth_it(r)), key=len, reverse=True):
        # Closed by its first point, so that both ends of every stretch are kept.
        half = len(ring) // 2
        ring = continuous(ring + ring[:1])
        ring = simplified(ring[:half + 1])[:-1] + simplified(ring[half:])[:-1]
        cells = [(round(lon / UNIT), round(lat / UNIT)) for lon, lat in ring]
        cells = [c for i, c in enumerate(cells) if i == 0 or c != cells[i - 1]]
        if len(cells) < 3:
            continue
        count += len(cells)
        out += number(len(cells))
        x = y = 0
        for lon, lat in cells:
            out += number(lon - x) + number(lat - y)
            x, y = lon, lat
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coast.bin")
    with open(path, "wb") as file:
        file.write(out)
    print(f"{count} points, {len(out)} bytes")


if __name__ == "__main__":
    main()
