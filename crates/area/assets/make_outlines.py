#!/usr/bin/env python3
"""Makes outlines.bin, the outlines of Antarctica and Greenland, from Natural Earth (public domain).

usage: make_outlines.py countries-50m.json   that file is in world-atlas 2.0.2 of the npm registry: `npm pack world-atlas@2.0.2`

Natural Earth's 1:50m countries, version 4.1.0, as world-atlas redistributes them in TopoJSON: islands included, floating ice
shelves not, without the cut along the antimeridian.

Format, numbers unsigned of 16 bits, little-endian: for Antarctica, then for Greenland, the number of rings; for each ring the
number of its points; for each point longitude and latitude, from 0 for -180 (-90) to 65,535 for 180 (90) degrees. That is
within 310 m; the source is at 1:50,000,000. A ring is closed by its first point. None has a hole.
"""
import json
import os
import struct
import sys

NAMES = ["Antarctica", "Greenland"]


def rings(topology, name):
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    (shape,) = [g for g in topology["objects"]["countries"]["geometries"] if g["properties"]["name"] == name]
    for polygon in shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]:
        outer, *holes = polygon
        assert not holes or name == "Antarctica", holes
        for ring in polygon:
            points = []
            for arc in ring:
                run = arcs[arc] if arc >= 0 else arcs[~arc][::-1]
                points += run[1:] if points else run
            # The cut at the pole is no land's end.
            if max(abs(lat) for _, lat in points) < 89.99:
                yield points[:-1]


def main():
    with open(sys.argv[1]) as file:
        topology = json.load(file)
    out = b""
    for name in NAMES:
        shapes = []
        for ring in rings(topology, name):
            cells = [(round((lon / 360 + 0.5) * 65535), round((lat / 180 + 0.5) * 65535)) for lon, lat in ring]
            cells = [c for i, c in enumerate(cells) if c != cells[i - 1]]
            if len(cells) >= 3:
                shapes.append(cells)
        out += struct.pack("<H", len(shapes))
        for shape in shapes:
            out += struct.pack("<H", len(shape)) + b"".join(struct.pack("<HH", *cell) for cell in shape)
        print(name, len(shapes), "rings,", sum(map(len, shapes)), "points")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "outlines.bin"), "wb") as file:
        file.write(out)
    print(len(out), "bytes")


if __name__ == "__main__":
    main()
