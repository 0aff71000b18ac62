"""Synthetic ATL03 granules of full size: millions of photons along one pass over Antarctica (region 11).

usage: make_photons.py OUT [--photons 50e6 | --photons gt1l=30e6,gt1r=8e6] [--release 006|007] [--seed N] [--beams gt1l,gt1r]
                           [--cell -4113311]

OUT is a file, or a folder in which the granule gets the name that it would have. The pass is that of the 1387 ground
tracks that is longest in the cell. One seed gives the same numbers in both releases; the layouts differ:

    006   chunks of 10,000 rows, columns interleaved chunk by chunk, `weight_ph` u1
    007   chunks of 100,000 rows, pages of 8 MiB, column after column as h5repack leaves them, `weight_ph` u2

Names, types, filters (deflate 6, shuffle for integers only) and fill values are those of a real granule of release 006,
of which it has all columns of `heights` and the more useful half of the others.
The sphere stands for the ellipsoid. A segment is 20 m of track and 28 pulses; 18 % of them are without photons, in
gaps, and then their reference lies on the ground track and not under the beam. A photon is moved by its height above
the surface, 2.6 mm per metre along and 1 mm per metre across, so rows step back by up to 1.3 m: a third to a half of
them, where a pulse has several. Heights are not rounded: at 3,000 m, f32 leaves steps of 0.24 mm. Stored bytes per raw
byte, here (a strong beam of 30 million photons, 006) and in two real clips:

    lat_ph 0.54 (0.55, 0.60)   lon_ph 0.44 (0.64, 0.65)   h_ph 0.68 (0.83, 0.81)   delta_time 0.04 (0.18, 0.08)
    dist_ph_along 0.78 (0.72, 0.90)   dist_ph_across 0.35 (0.39, 0.59)   weight_ph 0.84 (0.62, 0.84)

50 million photons take three minutes of one core, 0.3 GB of memory, and 1 GB of disk (007: twice that while it is made).
Needs numpy, h5py and healpy (`bench/python-env photons`).
"""
import argparse
import collections
import datetime
import os
import resource
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import healpy
import numpy as np

import floor

RADIUS = 6371007.2
INCLINATION = np.radians(92.0)
TRACKS, DAYS = 1387, 91  # ground tracks of a cycle
PERIOD = DAYS * 86400 / TRACKS
TURN = 2 * np.pi * DAYS / TRACKS  # westward turn of the node from one track to the next
EDGE = np.radians(79.0)  # region 11 is what lies south of this
SEGMENT, PULSES = 20.0, 28
BEAMS = {"gt1l": 3345.0, "gt1r": 3255.0, "gt2l": 45.0, "gt2r": -45.0, "gt3l": -3255.0, "gt3r": -3345.0}  # metres to the left
CYCLE, CYCLE_START = 3, datetime.datetime(2019, 3, 29)
EPOCH = datetime.datetime(2018, 1, 1)
F32_FILL, F64_FILL = np.finfo(np.float32).max, np.finfo(np.float64).max
BLOCK = 400_000  # photons that are made at a time
LAYOUTS = {"006": {"chunk": 10_000, "weight": np.uint8}, "007": {"chunk": 100_000, "weight": np.uint16}}
FILES = {
    "006": {"libver": ("v108", "v108")},
    "007": {"libver": ("earliest", "v110"), "fs_strategy": "page", "fs_page_size": 8 << 20},
}


# ---------------------------------------------------------------- the orbit

def place(track, angle, left):
    """Degrees of latitude and longitude, `angle` radians after the ascending node and `left` metres beside the ground track."""
    turn = left / RADIUS
    ahead, up = np.cos(angle), np.sin(angle)
    x = ahead
    y = up * np.cos(INCLINATION) - turn * np.sin(INCLINATION)
    z = up * np.sin(INCLINATION) + turn * np.cos(INCLINATION)
    longitude = np.arctan2(y, x) - TURN * (track - 1) - TURN * angle / (2 * np.pi)
    latitude = np.degrees(np.arcsin(np.clip(z / np.sqrt(1 + turn * turn), -1, 1)))
    return latitude, (np.degrees(longitude) + 180) % 360 - 180


def segments_of_region():
    """Numbers of the segments of region 11, counted from the ascending node."""
    turn = np.arcsin(np.sin(EDGE) / np.sin(INCLINATION))
    first, last = np.array([np.pi + turn, 2 * np.pi - turn]) * RADIUS / SEGMENT
    return np.arange(int(first) + 1, int(last))


def longest_track(cell):
    """The ground track that is longest in the cell."""
    order, number = floor.nested(cell)
    angle = segments_of_region()[::50] * SEGMENT / RADIUS
    best = (0, 0)
    for track in range(1, TRACKS + 1):
        latitude, longitude = place(track, angle, 0.0)
        inside = healpy.ang2pix(2**order, longitude, latitude, nest=True, lonlat=True) == number
        best = max(best, (int(inside.sum()), -track))
    if best[0] == 0:
        raise SystemExit(f"make_photons: no track of region 11 crosses the cell {cell}")
    return -best[1]


def seconds(track, angle):
    """Seconds since 2018-01-01 at which the spacecraft passes."""
    start = (CYCLE_START - EPOCH).total_seconds() + (track - 1) * PERIOD
    return start + angle / (2 * np.pi) * PERIOD


def granule_name(track, release):
    when = EPOCH + datetime.timedelta(seconds=float(seconds(track, segments_of_region()[0] * SEGMENT / RADIUS)))
    return f"ATL03_{when:%Y%m%d%H%M%S}_{track:04}{CYCLE:02}11_{release}_01.h5"


def surface(latitude, longitude):
    """Height of the ice: a dome with waves of 1 to 60 km."""
    colatitude = np.radians(90 + latitude) * RADIUS
    x, y = colatitude * np.sin(np.radians(longitude)), colatitude * np.cos(np.radians(longitude))
    height = 3100 - 4e-10 * ((x - 2e5) ** 2 + (y + 1e5) ** 2)
    dice = np.random.default_rng(20)
    for length in np.geomspace(1e3, 60e3, 16):
        heading, phase = dice.uniform(0, 2 * np.pi, 2)
        wave = (x * np.cos(heading) + y * np.sin(heading)) * 2 * np.pi / length + phase
        height += 2e-4 * length**0.95 * np.sin(wave)
    return height


# ---------------------------------------------------------------- one beam

class Beam:
    """The segments of one beam, and its photons block by block."""

    def __init__(self, name, track, photons, seed):
        self.name, self.track, self.seed = name, track, [seed, list(BEAMS).index(name)]
        self.strong = name[3] == "l"  # flown backward: sc_orient 0
        self.ids = segments_of_region()
        self.angle = (self.ids + 0.5) * SEGMENT / RADIUS
        dice = np.random.default_rng([*self.seed, 0])
        n = len(self.ids)
        self.left = BEAMS[name] + 20 * np.sin(np.arange(n) / n * 17 + track) + np.cumsum(dice.normal(0, 0.01, n))
        self.seen = ~gaps(n, dice)
        self.signal = np.clip(0.63 + 0.2 * wander(n, 600, dice), 0.25, 0.95)  # share of photons that come off the surface
        self.counts = shares(photons, self.seen, np.exp(0.5 * wander(n, 900, dice)), dice)
        self.begins = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        latitude, longitude = place(track, self.angle, self.left)
        self.height = surface(latitude, longitude)
        nadir = place(track, self.angle, 0.0)
        self.reference = [np.where(self.seen, a, b) for a, b in zip((latitude, longitude), nadir)]
        self.times = seconds(track, self.angle)

    def blocks(self):
        """(first, last) of the segments of each block."""
        ends = np.searchsorted(np.cumsum(self.counts), np.arange(BLOCK, self.counts.sum() + BLOCK, BLOCK))
        ends = np.unique(np.append(np.minimum(ends + 1, len(self.ids))[:-1], len(self.ids)))
        return zip([0, *ends[:-1]], ends)

    def photons(self, first, end):
        """Columns of the photons of these segments; sets the reference of each segment."""
        dice = np.random.default_rng([*self.seed, 1, first])
        counts = self.counts[first:end]
        n = int(counts.sum())
        segment = np.repeat(np.arange(first, end), counts)
        middle = (np.cumsum(counts) - counts + (counts - 1) // 2)[counts > 0]
        pulse = np.sort(segment.astype(np.int32) * PULSES + dice.integers(0, PULSES, n, dtype=np.int32))
        signal = dice.random(n, dtype=np.float32) < self.signal[segment]
        signal[middle] = True
        # above the surface: a sharp return with a tail below, or anywhere in the window
        above = dice.standard_normal(n, dtype=np.float32) * 0.12 - 0.1 * dice.standard_exponential(n, dtype=np.float32)
        noise = ~signal
        above[noise] = dice.random(int(noise.sum()), dtype=np.float32) * 499 - 249.5
        along = (pulse + 0.5) * (SEGMENT / PULSES)  # metres after the first segment begins
        ground = np.interp(along, (np.arange(len(self.ids)) + 0.5) * SEGMENT, self.height)
        left = np.interp(along, (np.arange(len(self.ids)) + 0.5) * SEGMENT, self.left) + 0.001 * above
        moved = along + 0.0026 * above
        latitude, longitude = place(self.track, self.ids[0] * SEGMENT / RADIUS + moved / RADIUS, left)
        for column, values in zip(self.reference, (latitude, longitude)):
            column[first:end][counts > 0] = values[middle]
        confidence = confidences(signal, above, dice)
        passed = self.ids[0] * PULSES + pulse.astype(np.int64)
        channels = np.r_[1:17, 61:77] if self.strong else np.r_[57:61, 117:121]
        scatter = [scale * dice.standard_exponential(n, dtype=np.float32) for scale in (0.06, 0.12)]
        weight = np.where(signal, 1 - scatter[0], scatter[1])
        return {
            "delta_time": seconds(self.track, passed * (SEGMENT / PULSES / RADIUS)),
            "lat_ph": latitude, "lon_ph": longitude, "h_ph": (ground + above).astype(np.float32),
            "signal_conf_ph": confidence,
            "quality_ph": np.searchsorted([0.991, 0.996, 0.9995], dice.random(n, dtype=np.float32)).astype(np.int8),
            "weight_ph": np.clip(weight, 0, 1),
            "dist_ph_along": (moved - segment * SEGMENT).astype(np.float32), "dist_ph_across": left.astype(np.float32),
            "pce_mframe_cnt": (passed // 200).astype(np.uint32), "ph_id_pulse": (passed % 200 + 1).astype(np.uint8),
            "ph_id_channel": channels[dice.integers(0, len(channels), n)].astype(np.uint8),
            "ph_id_count": 1 + (dice.random(n, dtype=np.float32) < 0.06).astype(np.uint8),
        }

    def geolocation(self):
        """Columns with a row for each segment; after the photons."""
        n, full = len(self.ids), self.counts > 0
        dice = np.random.default_rng([*self.seed, 2])
        elevation = -8 + 14 * np.cos(self.angle - self.angle[0] + 0.4)
        f32 = lambda values: np.asarray(values, np.float32)
        filled = lambda values: np.where(full, f32(values), F32_FILL).astype(np.float32)
        around = np.zeros(n, np.int8)
        around[n // 3 : n // 3 + n // 200] = 4  # a turn for calibration
        surfaces = np.zeros((n, 5), np.int8)
        surfaces[:, [0, 3]] = 1
        return {
            "delta_time": self.times,
            "ph_index_beg": np.where(full, self.begins + 1, 0).astype(np.int64),
            "segment_ph_cnt": self.counts.astype(np.int32),
            "reference_photon_index": np.where(full, (self.counts - 1) // 2 + 1, 0).astype(np.int32),
            "reference_photon_lat": self.reference[0], "reference_photon_lon": self.reference[1],
            "segment_id": self.ids.astype(np.int32), "segment_dist_x": self.ids * SEGMENT, "segment_length": np.full(n, SEGMENT),
            "podppd_flag": around, "surf_type": surfaces,
            "solar_elevation": f32(elevation), "solar_azimuth": f32(150 + np.degrees(self.angle - self.angle[0])),
            "altitude_sc": 496e3 + 5e3 * np.sin(self.angle),
            "ref_azimuth": f32(np.sin(self.angle)), "ref_elev": filled(np.full(n, 1.5649)),
            "sigma_h": filled(0.14 + 0.02 * np.abs(wander(n, 400, dice))),
            "sigma_along": filled(np.full(n, 5)), "sigma_across": filled(np.full(n, 5)),
            "full_sat_fract": filled(np.round(28 * dice.beta(1, 20, n)) / 28),
            "tx_pulse_energy": filled(1e-4 + 1e-6 * dice.normal(0, 1, n)),
        }

    def corrections(self):
        n = len(self.ids)
        f32 = lambda values: np.asarray(values, np.float32)
        return {
            "delta_time": self.times, "geoid": f32(-28 + 6 * np.sin(9 * self.angle) + 2 * np.sin(31 * self.angle)),
            "geoid_free2mean": f32(np.full(n, -0.0612)), "dem_h": f32(self.height + 3 * np.sin(700 * self.angle)),
            "dem_flag": np.full(n, 2, np.int8), "tide_earth": f32(0.08 * np.sin(self.angle)),
            "tide_load": f32(0.001 * np.cos(5 * self.angle)), "tide_pole": f32(0.004 * np.sin(2 * self.angle)),
        }

    def background(self):
        """One row for 50 pulses."""
        pulses = np.arange(0, len(self.ids) * PULSES, 50)
        dice = np.random.default_rng([*self.seed, 3])
        counts = dice.poisson(self.counts[pulses // PULSES] / PULSES * 20 + 3)
        return {
            "delta_time": seconds(self.track, (self.ids[0] * PULSES + pulses) * (SEGMENT / PULSES / RADIUS)),
            "bckgrd_counts": counts.astype(np.int32), "bckgrd_rate": (counts * 6000.0).astype(np.float32),
            "pce_mframe_cnt": (self.ids[0] * PULSES + pulses) // 200,
        }


def gaps(n, dice):
    """Which segments are without photons: both ends, and clouds, 18 % in all."""
    empty = np.zeros(n, bool)
    empty[:40], empty[-25:] = True, True
    while empty.mean() < 0.18:
        start, length = int(dice.integers(0, n)), int(dice.exponential(120)) + 1
        empty[start : start + min(length, int(0.18 * n) + 1 - int(empty.sum()))] = True
    return empty


def wander(n, length, dice):
    """A slow random function, about -2 to 2."""
    knots = dice.normal(0, 1, n // length + 3)
    return np.interp(np.arange(n) / length, np.arange(len(knots)), knots)


def shares(total, seen, rate, dice):
    """Counts that sum to `total`, one at least in each segment that is seen."""
    weight = np.where(seen, rate * dice.gamma(60, 1 / 60, len(seen)), 0.0)
    if total < seen.sum():
        raise SystemExit(f"make_photons: {int(seen.sum())} segments want a photon each, and there are {total}")
    ends = np.round(np.cumsum(weight) / weight.sum() * (total - int(seen.sum()))).astype(np.int64)
    return np.diff(ends, prepend=0) + seen


def confidences(signal, above, dice):
    """Land and land ice alike but for a few rows; the other surfaces were not considered."""
    chance = dice.random(len(signal), dtype=np.float32)
    near = np.abs(above) < 15
    found = np.where(chance < 0.88, 4, np.where(chance < 0.96, 3, 2))
    missed = np.where(near & (chance < 0.7), 1, np.where(near & (chance < 0.8), 2, 0))
    ice = np.where(signal, found, missed).astype(np.int8)
    out = np.full((len(signal), 5), -1, np.int8)
    out[:, 3] = ice
    out[:, 0] = np.where((chance * 64) % 1 < 0.97, ice, np.minimum(ice, 1))
    return out


# ---------------------------------------------------------------- what the file says

class Column(collections.namedtuple("Column", "type fill attributes")):
    """Type, fill value and attributes of a dataset."""


def column(kind, units, title, fill=0, **attributes):
    said = {} if fill == 0 and "_FillValue" not in attributes else {"_FillValue": np.dtype(kind).type(fill)}
    text = {"units": units, "long_name": title, "source": "synthetic", **attributes}
    return Column(np.dtype(kind), fill, text | said)


def flags(kind, title, values, meanings, **attributes):
    return column(kind, "1", title, flag_values=np.array(values, kind), flag_meanings=meanings, **attributes)


def heights_columns(weight):
    at = {"coordinates": "delta_time lat_ph lon_ph"}
    return {
        "delta_time": column("f8", "seconds since 2018-01-01", "Elapsed GPS seconds", standard_name="time", coordinates="lat_ph lon_ph"),
        "lat_ph": column("f8", "degrees_north", "Latitude", standard_name="latitude", valid_min=-90.0, valid_max=90.0,
                         coordinates="delta_time lon_ph"),
        "lon_ph": column("f8", "degrees_east", "Longitude", standard_name="longitude", valid_min=-180.0, valid_max=180.0,
                         coordinates="delta_time lat_ph"),
        "h_ph": column("f4", "meters", "Photon WGS84 Height", standard_name="height", **at),
        "signal_conf_ph": flags("i1", "Photon Signal Confidence", range(-2, 5), "possible_tep not_considered noise buffer low medium high",
                                valid_min=np.int8(-2), valid_max=np.int8(4), **at),
        "quality_ph": flags("i1", "Photon Quality", range(4), "nominal possible_afterpulse possible_impulse_response_effect possible_tep",
                            valid_min=np.int8(0), valid_max=np.int8(3), **at),
        "weight_ph": column(weight, "1", "Photon weight", valid_min=weight(0), valid_max=np.iinfo(weight).max, **at),
        "dist_ph_along": column("f4", "meters", "Distance from equator crossing.", **at),
        "dist_ph_across": column("f4", "meters", "Distance off RGT.", **at),
        "pce_mframe_cnt": column("u4", "counts", "PCE Major frame counter", **at),
        "ph_id_pulse": column("u1", "counts", "laser pulse counter", **at),
        "ph_id_channel": column("u1", "1", "Receive channel id", valid_min=np.uint8(1), valid_max=np.uint8(120), **at),
        "ph_id_count": column("u1", "counts", "photon event counter", **at),
    }


def geolocation_columns():
    at = {"coordinates": "delta_time reference_photon_lat reference_photon_lon"}
    real = lambda units, title: column("f4", units, title, F32_FILL, **at)
    return {
        "delta_time": column("f8", "seconds since 2018-01-01", "Elapsed GPS seconds", standard_name="time"),
        "ph_index_beg": column("i8", "counts", "Photon Index Begin", _FillValue=0, **at),
        "segment_ph_cnt": column("i4", "counts", "Number of photons", _FillValue=0, **at),
        "reference_photon_index": column("i4", "counts", "Reference Photon", _FillValue=0, **at),
        "reference_photon_lat": column("f8", "degrees_north", "Segment latitude", valid_min=-90.0, valid_max=90.0, coordinates="delta_time"),
        "reference_photon_lon": column("f8", "degrees_east", "Segment longitude", valid_min=-180.0, valid_max=180.0, coordinates="delta_time"),
        "segment_id": column("i4", "1", "Along-track segment ID number", **at),
        "segment_dist_x": column("f8", "meters", "Along track distance from equator crossing", **at),
        "segment_length": column("f8", "meters", "Along track segment length", **at),
        "podppd_flag": flags("i1", "POD_PPD Flag", range(8), "NOMINAL POD_DEGRADE PPD_DEGRADE PODPPD_DEGRADE CAL_NOMINAL CAL_POD_DEGRADE "
                             "CAL_PPD_DEGRADE CAL_PODPPD_DEGRADE", **at),
        "surf_type": flags("i1", "surface type", range(2), "not_type is_type", **at),
        "solar_elevation": real("degrees", "Solar elevation"), "solar_azimuth": real("degrees_east", "Solar azimuth"),
        "altitude_sc": column("f8", "meters", "Altitude", F64_FILL, **at),
        "ref_azimuth": real("radians", "Azimuth"), "ref_elev": real("radians", "Elevation"), "sigma_h": real("meters", "height uncertainty"),
        "sigma_along": real("meters", "along-track geolocation uncertainty"), "sigma_across": real("meters", "across-track geolocation uncertainty"),
        "full_sat_fract": real("1", "Full Saturation fraction"), "tx_pulse_energy": real("Joules", "Transmit Energy"),
    }


def correction_columns():
    names = {"geoid": "Geoid", "geoid_free2mean": "Geoid free to mean", "dem_h": "DEM Height", "tide_earth": "Earth Tide",
             "tide_load": "Load Tide", "tide_pole": "Solid Earth Pole Tide"}
    real = {name: column("f4", "meters", title, F32_FILL, coordinates="delta_time") for name, title in names.items()}
    time_ = column("f8", "seconds since 2018-01-01", "Elapsed GPS seconds", standard_name="time")
    return {"delta_time": time_, **real, "dem_flag": column("i1", "1", "dem source flag", 127, coordinates="delta_time")}


def background_columns():
    return {"delta_time": column("f8", "seconds since 2018-01-01", "Elapsed GPS seconds", standard_name="time"),
            "bckgrd_counts": column("i4", "counts", "bckgrd_counts"), "bckgrd_rate": column("f4", "counts / second", "bckgrd_rate"),
            "pce_mframe_cnt": column("i8", "counts", "PCE Major frame counter")}


# ---------------------------------------------------------------- the file

def packed(values, shuffle):
    """A chunk as HDF5 stores it: shuffled where asked, deflated."""
    raw = np.ascontiguousarray(values)
    if shuffle and raw.itemsize > 1:
        raw = np.ascontiguousarray(raw.reshape(-1).view(np.uint8).reshape(-1, raw.itemsize).T)
    return zlib.compress(raw, 6)


class Writer:
    """Packs chunks on all cores; writes them as they come (006), or column after column at the end (007)."""

    def __init__(self, pool, scratch):
        self.pool, self.scratch = pool, scratch
        self.waiting, self.kept = collections.deque(), {}

    def put(self, dataset, row, values):
        if len(values) < dataset.chunks[0]:
            rest = np.full((dataset.chunks[0] - len(values), *values.shape[1:]), dataset.fillvalue, values.dtype)
            values = np.concatenate([values, rest])
        self.waiting.append((dataset, (row, *[0] * (values.ndim - 1)), self.pool.submit(packed, values, dataset.shuffle)))
        while len(self.waiting) > 48:
            self.store()

    def store(self):
        dataset, at, chunk = self.waiting.popleft()
        if self.scratch is None:
            dataset.id.write_direct_chunk(at, chunk.result())
            return
        data = chunk.result()
        self.kept.setdefault(dataset.name, (dataset, []))[1].append((at, self.scratch.tell(), len(data)))
        self.scratch.write(data)

    def finish(self):
        while self.waiting:
            self.store()
        for dataset, chunks in self.kept.values():
            for at, offset, size in chunks:
                self.scratch.seek(offset)
                dataset.id.write_direct_chunk(at, self.scratch.read(size))


class Table:
    """The datasets of one group, which grow together by whole chunks."""

    def __init__(self, group, columns, rows, chunk):
        self.chunk, self.row, self.rest = chunk, 0, {}
        self.datasets = {}
        for name, about in columns.items():
            tail = (5,) if name in ("signal_conf_ph", "surf_type") else ()
            self.datasets[name] = group.create_dataset(
                name, (rows, *tail), about.type, chunks=(chunk, *tail), maxshape=(None, *tail), fillvalue=about.fill,
                compression="gzip", compression_opts=6, shuffle=about.type.kind in "iu")
            describe(self.datasets[name], about.attributes)
        self.datasets["delta_time"].make_scale("delta_time")
        for name, dataset in self.datasets.items():
            if name != "delta_time":
                dataset.dims[0].attach_scale(self.datasets["delta_time"])

    def add(self, writer, values, last):
        if self.rest:
            values = {name: np.concatenate([self.rest[name], new]) for name, new in values.items()}
        rows = len(values["delta_time"])
        whole = rows if last else rows - rows % self.chunk
        for start in range(0, whole, self.chunk):
            for name, dataset in self.datasets.items():
                writer.put(dataset, self.row + start, values[name][start : min(start + self.chunk, whole)].astype(dataset.dtype, copy=False))
        self.row += whole
        self.rest = {name: new[whole:].copy() for name, new in values.items()}


def describe(target, attributes):
    for name, value in attributes.items():
        target.attrs[name] = np.bytes_(value) if isinstance(value, str) else value


def small(group, name, value, **attributes):
    """A dataset of one or a few numbers, or of text."""
    values = np.array([value]).astype("S") if isinstance(value, str) else np.atleast_1d(value)
    describe(group.create_dataset(name, data=values), attributes)


def whole_granule(file, track, release, name, beams):
    """Root attributes, orbit and ancillary data."""
    start, end = (EPOCH + datetime.timedelta(seconds=float(beams[0].times[i])) for i in (0, -1))
    instant = lambda when: f"{when:%Y-%m-%dT%H:%M:%S.%f}Z"
    latitude = np.concatenate([beam.reference[0] for beam in beams])
    describe(file, {
        "Conventions": "CF-1.6", "short_name": "ATL03", "identifier_product_type": "ATL03", "granule_type": "ATL03", "title": "SET_BY_META",
        "description": "Synthetic photons in the layout of ATL03, for benches. Not data of ICESat-2.", "level": "L2",
        "processing_level": "2A", "project": "ICESat-2 > Ice, Cloud, and land Elevation Satellite-2", "source": "Spacecraft",
        "platform": "ICESat-2 > Ice, Cloud, and land Elevation Satellite-2", "instrument": "ATLAS > Advanced Topographic Laser Altimeter System",
        "identifier_product_doi": f"doi:10.5067/ATLAS/ATL03.{release}", "featureType": "trajectory", "date_type": "UTC", "time_type": "CCSDS UTC-A",
        "time_coverage_start": instant(start), "time_coverage_end": instant(end), "time_coverage_duration": (end - start).total_seconds(),
        "geospatial_lat_min": latitude.min(), "geospatial_lat_max": latitude.max(), "geospatial_lon_min": -180.0, "geospatial_lon_max": 180.0,
        "history": "made by bench/make_photons.py",
    })
    about = file.create_group("METADATA/DatasetIdentification")
    describe(about, {"shortName": "ATL03", "VersionID": release, "fileName": name})
    orbit = file.create_group("orbit_info")
    small(orbit, "sc_orient", np.int8(0), long_name="Spacecraft Orientation", units="1", flag_values=np.array([0, 1, 2], "i1"),
          flag_meanings="backward forward transition")
    small(orbit, "sc_orient_time", beams[0].times[0], units="seconds since 2018-01-01")
    small(orbit, "rgt", np.int16(track), units="counts")
    small(orbit, "cycle_number", np.int8(CYCLE), units="counts")
    small(orbit, "orbit_number", np.uint16(TRACKS * (CYCLE - 1) + track), units="1")
    small(orbit, "lan", (180 - np.degrees(TURN) * (track - 1)) % 360 - 180, units="degrees_east")
    small(orbit, "crossing_time", float(seconds(track, 0.0)), units="seconds since 2018-01-01")
    ancillary = file.create_group("ancillary_data")
    small(ancillary, "atlas_sdp_gps_epoch", 1198800018.0, units="seconds since 1980-01-06T00:00:00.000000Z")
    for key, value in {"release": release, "version": "01", "data_start_utc": instant(start), "data_end_utc": instant(end)}.items():
        small(ancillary, key, value)
    for key, value in {"start_rgt": track, "end_rgt": track, "start_cycle": CYCLE, "end_cycle": CYCLE, "start_region": 11, "end_region": 11}.items():
        small(ancillary, key, np.int32(value))


def beam_tables(file, beam, release):
    """The group of the beam with its empty datasets."""
    layout = LAYOUTS[release]
    group = file.create_group(beam.name)
    spot = list(BEAMS).index(beam.name) + 1
    describe(group, {"groundtrack_id": beam.name, "atlas_beam_type": "strong" if beam.strong else "weak", "atlas_spot_number": str(spot),
                     "atlas_pce": f"pce{(spot + 1) // 2}", "sc_orientation": "Backward"})
    segments = len(beam.ids)
    tables = {
        "heights": (heights_columns(layout["weight"]), int(beam.counts.sum())), "geolocation": (geolocation_columns(), segments),
        "geophys_corr": (correction_columns(), segments), "bckgrd_atlas": (background_columns(), -(-segments * PULSES // 50)),
    }
    return {name: Table(group.create_group(name), columns, rows, layout["chunk"]) for name, (columns, rows) in tables.items()}


def write_beam(beam, tables, writer, weight):
    for first, end in beam.blocks():
        values = beam.photons(first, end)
        values["weight_ph"] = np.round(values["weight_ph"] * np.iinfo(weight).max)
        tables["heights"].add(writer, values, end == len(beam.ids))
    for name, values in (("geolocation", beam.geolocation()), ("geophys_corr", beam.corrections()), ("bckgrd_atlas", beam.background())):
        tables[name].add(writer, values, True)


def granule(path, track, release, numbers, seed, name):
    """Writes the file beside its place and moves it there."""
    beams = [Beam(beam, track, photons, seed) for beam, photons in numbers.items()]
    partial = path.with_name(path.name + ".partial")
    with ThreadPoolExecutor(os.cpu_count()) as pool, tempfile.TemporaryFile(dir=path.parent) as scratch:
        writer = Writer(pool, scratch if release == "007" else None)
        with h5py.File(partial, "w", **FILES[release]) as file:
            whole_granule(file, track, release, name, beams)
            tables = [beam_tables(file, beam, release) for beam in beams]
            for beam, of_beam in zip(beams, tables):
                write_beam(beam, of_beam, writer, LAYOUTS[release]["weight"])
            writer.finish()
    partial.replace(path)


def numbers_of(text, beams):
    """Photons of each beam: as given, or a total of which weak beams get a quarter of what strong ones get."""
    if "=" in text:
        given = dict(part.split("=") for part in text.split(","))
        return {beam: int(float(given[beam])) for beam in BEAMS if beam in given}
    weights = {beam: 4 if beam[3] == "l" else 1 for beam in BEAMS if beam in beams}
    return {beam: int(float(text) * weight / sum(weights.values())) for beam, weight in weights.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photons", default="50e6", help="of all beams, or of each: gt1l=30e6,gt1r=8e6")
    parser.add_argument("--release", choices=LAYOUTS, default="007")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--beams", type=lambda text: text.split(","), default=list(BEAMS))
    parser.add_argument("--cell", type=int, default=-4113311, help="decimal morton id of the cell that the pass crosses")
    options = parser.parse_args()
    numbers = numbers_of(options.photons, options.beams)
    if not numbers or {*options.beams} - {*BEAMS}:
        parser.error(f"the beams are {', '.join(BEAMS)}")
    began = time.perf_counter()
    track = longest_track(options.cell)
    name = granule_name(track, options.release)
    path = options.out if options.out.suffix == ".h5" else options.out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    granule(path, track, options.release, numbers, options.seed, name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size, took = path.stat().st_size / 1e6, time.perf_counter() - began
    print(f"{path}: {sum(numbers.values()):,} photons, {size:,.0f} MB, {took:.0f} s, {peak:.0f} MiB of memory")


if __name__ == "__main__":
    main()
