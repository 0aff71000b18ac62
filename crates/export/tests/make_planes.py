"""Writes planes.txt: places in every coordinate reference system of grids, by PROJ.

    python crates/export/tests/make_planes.py > crates/export/tests/planes.txt
"""

import pyproj

print("# make_planes.py made this: system, longitude, latitude, x, y")
NORTH, SOUTH = [3408, 3413, 3995, 3996, 5041, 5938, 6931], [3031, 3409, 3976, 5042, 6932]
PLACES = [(0, 90), (0, 71), (-45, 70), (-40.25, 72.5), (100, 88), (179, 60), (-179.999, 65.1), (12.3456789, 89.9999), (33, 50)]
ZONES = [(0, 0.001), (-2.9, 40), (2.9, 63.2), (0.1, 79), (-3.4, 12)]
cases = [(code, lon, lat) for code in NORTH for lon, lat in PLACES]
cases += [(code, lon, -lat) for code in SOUTH for lon, lat in PLACES]
for zone in (1, 7, 33, 60):
    cases += [(32600 + zone, 6 * zone - 183 + lon, lat) for lon, lat in ZONES]
    cases += [(32700 + zone, 6 * zone - 183 + lon, -lat) for lon, lat in ZONES]
for code, lon, lat in cases:
    x, y = pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(lon, lat)
    print(f"EPSG:{code} {lon!r} {lat!r} {x:.7f} {y:.7f}")
