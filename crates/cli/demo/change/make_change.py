#!/usr/bin/env python3
"""Makes granules of ten repeat cycles over ground that sinks in the west and rises in the east; they lie beside this file.

usage: make_change.py [--check]      needs h5py, numpy and healpy

SYNTHETIC: no measured value is in them. They have the shape of ATL06, as those that ../make_demo.py makes (which gives the orbit and
the noise), and the release number 990, which does not exist. Three reference ground tracks, two ascending and one descending, cross
the order-8 cell CELL in cycles 8 to 17, from July 2020 to October 2022; three passes are missing. Passes repeat the tracks to a few
metres. The ground is a slope of 2 % with gentle waves. Its height changes by `trend` metres a year: -1.2 in the west, +0.3 in the
east. Each pass has an error of its own of some centimetres. 2 % of the rows see clouds; most of them are flagged, and one pass takes a
cloud 40 m up for the ground for some kilometres, and does not flag it. `--check` makes everything again and compares it with what is
here.
"""
import datetime, os, sys, tempfile
import h5py, healpy, numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.dirname(HERE))
import make_demo as demo  # noqa: E402

CELL, CELL_ORDER = -613411423, 8
LAUNCH = datetime.datetime(2018, 1, 1)         # what delta_time counts from
EPOCH = datetime.datetime(2020, 1, 1)          # what the surface is of
CYCLE_3, CYCLE = datetime.datetime(2019, 3, 29, 7, 41), datetime.timedelta(days=90.819)
CYCLES = range(8, 18)
TRACKS = [(True, -0.14), (True, 0.13), (False, 0.02)]       # (ascending?, degrees of longitude from the centre)
MISSING = {(10, 1), (13, 0), (15, 2)}          # (cycle, number of the track)
BLUNDER = (12, 0)                              # the pass that takes a cloud for the ground
SPACING = 0.200                                # km between rows


def nested(name):
    digits = str(abs(name))
    number = int(digits[0]) + (5 if name < 0 else -1)
    for digit in digits[1:]:
        number = 4 * number + int(digit) - 1
    return number


CENTRE_LON, CENTRE_LAT = healpy.pix2ang(2**CELL_ORDER, nested(CELL), nest=True, lonlat=True)
CENTRE_LON = (CENTRE_LON + 180) % 360 - 180
_corners = healpy.vec2ang(healpy.boundaries(2**CELL_ORDER, nested(CELL), nest=True).T, lonlat=True)[1]
SOUTH, NORTH = _corners.min() - 0.01, _corners.max() + 0.01


def place(lat, lon):
    """Kilometres east and north of the cell's centre."""
    return (lon - CENTRE_LON) * 111.195 * np.cos(np.radians(CENTRE_LAT)), (lat - CENTRE_LAT) * 111.195


def trend(lat, lon):
    """Metres a year: -1.2 from 9 km west of the centre on, +0.3 from 9 km east on, smooth between."""
    step = np.clip((place(lat, lon)[0] + 9) / 18, 0, 1)
    return -1.2 + 1.5 * step**2 * (3 - 2 * step)


def surface(lat, lon):
    """Metres, at the epoch: a slope of 2 % to the north-east, and waves of 4 m."""
    east, north = place(lat, lon)
    return 900 - 16 * east - 12 * north + 4 * np.sin(0.7 * east) * np.sin(0.6 * north + 1)


def rows_of(cycle, number, track, ascending, name, start):
    """All columns of one ground track, as they go into the file."""
    ends = sorted(demo.argument(lat, ascending) for lat in (SOUTH, NORTH))
    total = int((ends[1] - ends[0]) * demo.EARTH / SPACING)
    step, key = np.arange(total), (cycle, number, name)
    u = ends[0] + step * SPACING / demo.EARTH
    beside, height_off = demo.noise(cycle, number, "pass", n=2)
    lat, lon = demo.ground(track, u, demo.ACROSS[name] + 0.006 * beside)
    seconds = (start - LAUNCH).total_seconds() + (u - ends[0]) / (2 * np.pi) * demo.PERIOD
    years = (seconds - (EPOCH - LAUNCH).total_seconds()) / (365.25 * 86400)
    # What a pass is off, by orbit and air: a few centimetres that change along it.
    off = 0.03 * height_off + 0.05 * np.sin(step * SPACING / 2.5 + 40 * beside)
    height = surface(lat, lon) + trend(lat, lon) * years + off + 0.1 * demo.noise(*key, "height", n=total)
    sigma = 0.015 + 0.012 * np.abs(demo.noise(*key, "sigma", n=total))
    # A fifth of the tracks of a pass meet a cloud over a tenth of their length.
    cloud = np.zeros(total, bool)
    first, chance = demo.noise(*key, "cloud", n=2)
    if chance < -0.6:
        at = int((first + 1) / 2 * total * 0.9)
        cloud[at:at + total // 10] = True
    height = height + cloud * (25 + 10 * demo.noise(*key, "top", n=total))
    east, north = place(lat, lon)
    wrong = (abs(north - 5) < 3) & ((cycle, number) == BLUNDER)
    height = height + 40.0 * wrong
    column = {
        "latitude": demo.grid(lat, 2**17),
        "longitude": demo.grid(lon, 2**17),
        "h_li": demo.grid(height, 64).astype("f4"),
        "h_li_sigma": demo.grid(sigma, 1024).astype("f4"),
        "atl06_quality_summary": (cloud & ~wrong).astype("i1"),
        "delta_time": demo.grid(seconds, 1024),
        "segment_id": (700_000 + 10 * step).astype("i4"),
    }
    return column


def nearest_track(ascending, offset):
    """The reference track that passes the latitude of the cell's centre nearest to `offset` degrees east of it."""
    u = np.array([demo.argument(CENTRE_LAT, ascending)])
    miss = lambda t: abs((demo.ground(t, u, 0.0)[1][0] - CENTRE_LON - offset + 180) % 360 - 180)
    return min(range(1, demo.TRACKS_A_CYCLE + 1), key=miss)


def plan():
    """(file name, cycle, number of the track, reference track, ascending?, start) of every granule."""
    out = []
    for number, (ascending, offset) in enumerate(TRACKS):
        track = nearest_track(ascending, offset)
        for cycle in CYCLES:
            start = CYCLE_3 + (cycle - 3) * CYCLE + datetime.timedelta(seconds=(track - 1) * demo.PERIOD)
            start = start.replace(microsecond=0)
            region = 12 if ascending else 10
            if (cycle, number) not in MISSING:
                out.append((f"ATL06_{start:%Y%m%d%H%M%S}_{track:04}{cycle:02}{region}_990_01.h5", cycle, number, track, ascending, start))
    return sorted(out)


def write(path, cycle, number, track, ascending, start):
    with h5py.File(path, "w", libver=("v110", "v110"), track_order=True) as f:
        about = dict(title="SYNTHETIC granule of a demonstration", summary="SYNTHETIC: invented heights in the shape of ATL06; no measurement",
                     short_name="ATL06", source="make_change.py", license="as the program it comes with")
        f.attrs.update({k: np.bytes_(v) for k, v in about.items()})
        ancillary = f.create_group("ancillary_data", track_order=True)
        ancillary["release"], ancillary["data_start_utc"] = np.bytes_("990"), np.bytes_(f"{start:%Y-%m-%dT%H:%M:%S}.000000Z")
        f.create_group("orbit_info", track_order=True)["rgt"] = np.array([track], "i2")
        for name in demo.ACROSS:
            columns = rows_of(cycle, number, track, ascending, name, start)
            beam = f.create_group(name, track_order=True)
            beam.attrs["atlas_beam_type"] = np.bytes_("strong" if name.endswith("l") else "weak")
            segments = beam.create_group("land_ice_segments", track_order=True)
            for column, (kind, shuffle, fill, units, long_name) in demo.COLUMNS.items():
                values = columns[column]
                shuffle = shuffle or column in ("latitude", "longitude", "delta_time", "h_li")
                d = segments.create_dataset(column, shape=values.shape, dtype=kind, chunks=values.shape, compression="gzip", compression_opts=9,
                                            shuffle=shuffle, fillvalue=fill, track_order=True)
                if fill is not None:
                    d.attrs["_FillValue"] = fill
                d.attrs["units"] = np.bytes_(units)
                d.id.write_direct_chunk((0,), demo.deflate(values, shuffle))


def make(folder):
    for name, *rest in plan():
        write(os.path.join(folder, name), *rest)


def check():
    """Makes all granules again in a temporary folder; returns the names of those that differ from the files here."""
    with tempfile.TemporaryDirectory() as again:
        make(again)
        names = [name for name, *_ in plan()]
        here = [name for name in os.listdir(HERE) if name.endswith(".h5")]
        bad = [name for name in names if name not in here
               or demo.contents(os.path.join(HERE, name)) != demo.contents(os.path.join(again, name))]
    return bad + [name for name in here if name not in names]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        differing = check()
        sys.exit(f"differs from make_change.py: {', '.join(differing)}" if differing else 0)
    make(HERE)
    sizes = [os.path.getsize(os.path.join(HERE, name)) for name, *_ in plan()]
    print(f"{len(sizes)} granules, {sum(sizes)} bytes, of {min(sizes)} to {max(sizes)}")
