#!/usr/bin/env python3
"""Makes fixtures/orbits.json: pieces of orbits as `Orbit` records, and the HEALPix cells that the six beams cross.

usage: make_orbits.py      needs numpy and healpy

The satellite is integrated (Runge-Kutta, 2 s) around a flattened Earth (the J2 term) that turns by sidereal time; a point
below it is the foot of the normal of WGS84, by Bowring's method. Nothing of this is in the crate, which has a formula.
The orbit is frozen, as that of ICESat-2 is (perigee over the north, eccentricity 0.0013); its size is searched for until
1387 revolutions take 91 turns of the Earth below its plane. The beams are 3.345, 3.255 and 0.045 km on either side of the
track, and a cell is crossed when a point of a beam, every 50 m, lies in it: of the rows of a whole granule none is left out.

The first two pieces are those of earthaccess_atl06_umm.json and earthaccess_atl03_umm.json, whose longitudes are real. The
last ones are pointed beside their track, as the mission does over land: to the middle between it and the next one.
"""
import json
import healpy, numpy as np
from make_footprints import authalic, vec

MU, J2, RE, TURN = 398600.4418, 1.08262668e-3, 6378.137, 7.2921159e-5
FLAT = 1 / 298.257223563
BEAMS = (-3.345, -3.255, -0.045, 0.045, 3.255, 3.345)
SHIFT = 360 * 91 / 1387
# Latitude and direction at start and end, by the number in the granule's name (ATL06's users' guide).
PIECES = {2: (27.0, "A", 59.5, "A"), 6: (59.5, "D", 27.0, "D"), 3: (59.5, "A", 80.0, "A"), 4: (80.0, "A", 80.0, "D"), 5: (80.0, "D", 59.5, "D"), 10: (-50.0, "D", -79.0, "D"),
          11: (-79.0, "D", -79.0, "A"), 12: (-79.0, "A", -50.0, "A")}


def pull(s):
    r, v = s[:3], s[3:]
    d = np.linalg.norm(r)
    k, z = 1.5 * J2 * (RE / d) ** 2, 5 * (r[2] / d) ** 2
    return np.r_[v, -MU / d**3 * r * (1 + k * (np.array([1, 1, 3]) - z))]


def fly(axis, eccentricity=0.0013, tilt=np.radians(92.0), step=2.0, seconds=5700.0):
    """From the ascending node: times and places in space."""
    along = np.pi / 2 - np.pi  # the node is a quarter before perigee: true anomaly -90 degrees
    p = axis * (1 - eccentricity**2)
    speed, out = np.sqrt(MU / p), p / (1 + eccentricity * np.cos(along))
    node, up = np.array([1.0, 0, 0]), np.array([0, np.cos(tilt), np.sin(tilt)])
    s = np.r_[out * node, speed * (eccentricity * np.sin(along) * node + (1 + eccentricity * np.cos(along)) * up)]
    states = [s]
    for _ in range(int(seconds / step)):
        a = pull(s); b = pull(s + step / 2 * a); c = pull(s + step / 2 * b); d = pull(s + step * c)
        s = s + step / 6 * (a + 2 * b + 2 * c + d)
        states.append(s)
    return np.arange(len(states)) * step, np.array(states)[:, :3]


def below(times, places):
    """Longitude after the crossing of longitude 0, and geodetic latitude, in degrees."""
    x, y, z = places.T
    rho, b = np.hypot(x, y), RE * (1 - FLAT)
    e2 = 1 - (1 - FLAT) ** 2
    beta = np.arctan2(z * RE, rho * b)
    lat = np.arctan2(z + e2 / (1 - e2) * b * np.sin(beta) ** 3, rho - e2 * RE * np.cos(beta) ** 3)
    return np.degrees(np.unwrap(np.arctan2(y, x)) - TURN * times), np.degrees(lat)


def revolution():
    """The ground track of one revolution, finely, with the size that makes the ground track repeat."""
    def shift(axis):
        times, places = fly(axis)
        at = next(i for i in range(len(times) // 2, len(times) - 1) if places[i, 2] < 0 <= places[i + 1, 2])
        part = -places[at, 2] / (places[at + 1, 2] - places[at, 2])
        lon = below(times, places)[0]
        return -(lon[at] + part * (lon[at + 1] - lon[at])) % 360
    low, high = 6830.0, 6920.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if shift(middle) < SHIFT else (low, middle)
    times, places = fly((low + high) / 2)
    fine = np.arange(0, times[-1], 0.007)
    return below(fine, np.stack([cubic(fine, times, place) for place in places.T], -1))


def cubic(x, times, y):
    """Catmull-Rom through evenly spaced samples: better than a metre here."""
    h = times[1]
    i = np.clip((x / h).astype(int), 1, len(y) - 3)
    t = x / h - i
    p, a, b, q = y[i - 1], y[i], y[i + 1], y[i + 2]
    return a + 0.5 * t * (b - p + t * (2 * p - 5 * a + 4 * b - q + t * (3 * (a - b) + q - p)))


def piece(lon, lat, start, start_way, end, end_way):
    rising = np.r_[np.diff(lat) > 0, True]
    at = lambda value, way: int(np.where(rising == (way == "A"), abs(lat - value), 1e9).argmin())
    first, last = at(start, start_way), at(end, end_way)
    return lon[first:last], lat[first:last]


def crossed(lon, lat, convention):
    v = vec(lon, lat)
    side = np.cross(v[:-1], v[1:])
    side /= np.linalg.norm(side, axis=1)[:, None]
    v, found = v[:-1], set()
    for km in BEAMS:
        p = v * np.cos(km / 6371.007) + side * np.sin(km / 6371.007)
        lat = np.degrees(np.arcsin(np.clip(p[:, 2], -1, 1)))
        lon = np.degrees(np.arctan2(p[:, 1], p[:, 0]))
        found |= set(healpy.ang2pix(64, lon, authalic(lat) if convention == "authalic" else lat, nest=True, lonlat=True).tolist())
    return sorted(found)


def main():
    lon, lat = revolution()
    picks = [(3, -40.35812957405553, 0.0), (5, 31.016154306216443, 0.0)]
    random = np.random.default_rng(13)
    polar = [number for number in PIECES if number not in (2, 6)]
    picks += [(number, round(float(crossing), 4), 0.0) for number in polar for crossing in random.uniform(-180, 180, 12)]
    beside = 360 / 1387 / 2
    picks += [(number, float(crossing), shift) for number in (2, 6) for crossing in (-70, 40) for shift in (-beside, beside)]
    with open(__file__.rsplit("/", 1)[0] + "/fixtures/orbits.json", "w") as out:
        out.write("[\n")
        for at, pick in enumerate(picks):
            number, crossing, beside = pick
            piece_lon, piece_lat = piece(lon, lat, *PIECES[number])
            start, start_way, end, end_way = PIECES[number]
            orbit = {"AscendingCrossing": crossing, "StartLatitude": start, "StartDirection": start_way, "EndLatitude": end, "EndDirection": end_way}
            line = {"name": f"region {number} from {crossing}", "beside": beside != 0, "orbit": orbit}
            line |= {way: crossed(piece_lon + crossing + beside, piece_lat, way) for way in ("spherical", "authalic")}
            out.write(json.dumps(line, separators=(",", ":")) + (",\n" if at + 1 < len(picks) else "\n"))
        out.write("]\n")


if __name__ == "__main__":
    main()
