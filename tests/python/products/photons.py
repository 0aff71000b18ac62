"""Synthetic granules like ATL03 for hostile.py: photons in segments of 20 m along a straight ground track, and what is wrong with them.

A seed makes the same file each time. `Beam.harm` is a list of functions; each spoils one thing and is named in what the test prints.
"""

import math

import h5py
import numpy as np

import cases

RADIUS = 6371.0         # km
SEGMENT = 0.02          # km
HUGE = np.float32(3.4028235e38)


# ---------------------------------------------------------------------------------------------------------------- ground
class Course:
    """A great circle: places by kilometres along and to the left of it."""

    def __init__(self, lat, lon, bearing):
        lat, lon, bearing = map(math.radians, (lat, lon, bearing))
        north = np.array([-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)])
        east = np.array([-math.sin(lon), math.cos(lon), 0])
        self.start = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        self.forward = math.cos(bearing) * north + math.sin(bearing) * east
        self.left = np.cross(self.start, self.forward)

    def at(self, along, left):
        """(latitude, longitude), degrees."""
        along, left = (np.asarray(km, float)[..., None] / RADIUS for km in (along, left))
        x, y, z = np.moveaxis(np.cos(left) * (np.cos(along) * self.start + np.sin(along) * self.forward) + np.sin(left) * self.left, -1, 0)
        return np.degrees(np.arcsin(np.clip(z, -1, 1))), np.degrees(np.arctan2(y, x))


def course(random):
    """(what it is, course): where the mission flies, and where it never does."""
    kind = random.choice(["flown", "flown", "flown", "date line", "pole", "north", "east"])
    if kind == "pole":
        lat, bearing = random.choice([-1, 1]) * random.uniform(89.2, 89.6), random.uniform(-40, 40) + 180 * random.integers(2)
        return kind, Course(lat, random.uniform(-180, 180), bearing)
    lat = random.uniform(-84, 84)
    if kind == "flown":
        azimuth = math.degrees(math.asin(math.cos(math.radians(92)) / math.cos(math.radians(lat))))
        return kind, Course(lat, random.uniform(-180, 180), azimuth if random.integers(2) else 180 - azimuth)
    if kind == "date line":
        # It crosses after 100 km.
        return kind, Course(lat, 180 - 0.9 / math.cos(math.radians(lat)), random.uniform(70, 110))
    return kind, Course(lat, random.uniform(-180, 180), random.uniform(-5, 5) if kind == "north" else random.uniform(85, 95))


def kilometres(lat, lon, lat2, lon2):
    """Distance on the sphere."""
    lat, lon, lat2, lon2 = (np.radians(x) for x in (lat, lon, lat2, lon2))
    half = np.sin((lat2 - lat) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


# ------------------------------------------------------------------------------------------------------------------ beam
class Beam:
    """The columns of one track. Begins and counts are f64 with NaN where there is none, until they are written."""

    def __init__(self, random, where, beside):
        self.random, self.said = random, []
        segments = int(random.integers(5500, 7500))
        self.along = random.uniform(0, 70) + SEGMENT * np.arange(segments)
        counts = random.poisson(random.uniform(1.5, 4.5), segments)
        # Stretches of segments with no photon or one.
        for _ in range(random.integers(0, 12)):
            start = random.integers(segments)
            counts[start:start + random.integers(1, 250)] = random.integers(2)
        self.counts = counts.astype(float)
        rows = int(counts.sum())
        owner = np.repeat(np.arange(segments), counts)
        along = self.along[owner] + np.sort(random.uniform(0, SEGMENT, rows))
        order = np.lexsort((along, owner))
        back = np.where(random.integers(3, size=rows) == 0, random.uniform(0, 0.0013, rows), 0)
        self.place = along[order]
        self.lat, self.lon = where.at(self.place - back, beside + random.normal(0, 0.004, rows))
        self.begins = np.where(counts > 0, np.cumsum(counts) - counts + 1, 0).astype(float)
        # The reference of an empty segment lies on the reference ground track.
        apart = np.where(counts > 0, random.uniform(-0.009, 0.009, segments), random.choice([3.3, -6.4]))
        self.where, self.beside = where, beside
        self.reflat, self.reflon = where.at(self.along + SEGMENT / 2, beside + apart)
        self.height = (1000 + 30 * np.sin(along / 7) + random.normal(0, 2, rows)).astype(np.float32)
        self.height[random.integers(rows, size=5)] = HUGE
        self.confidence = random.choice(np.array([-2, -1, 0, 1, 2, 3, 4], np.int8), (rows, 5))
        self.quality = random.choice(np.array([0, 0, 0, 0, 1, 2], np.int8), rows)
        self.weight = random.integers(0, 256, rows).astype(random.choice([np.uint8, np.uint16]))
        blocks = np.arange(segments) // random.integers(30, 600)
        self.pointing = (blocks % 2).astype(np.int8)
        self.sun = (20 * np.sin(np.arange(segments) / 900)).astype(np.float32)
        self.surface = random.integers(0, 2, (segments, 5)).astype(np.int8)
        self.sigma = random.uniform(0.05, 0.5, segments).astype(np.float32)
        self.geoid = (-30 + np.arange(segments) / 1000).astype(np.float32)
        for column, part in ((self.sigma, 0.02), (self.geoid, 0.02), (self.sun, 0.01)):
            column[random.random(segments) < part] = HUGE

    @property
    def rows(self):
        return len(self.lat)

    @property
    def peopled(self):
        return np.flatnonzero(self.counts > 0)

    def some(self, most=6):
        """A few segments with photons."""
        return self.random.choice(self.peopled, min(int(self.random.integers(1, most)), len(self.peopled)), replace=False)

    def many(self):
        """Segments with photons: some of all, a stretch, a few, or all of them."""
        people, kind = self.peopled, self.random.integers(4)
        if kind == 0:
            return people[self.random.random(len(people)) < self.random.uniform(0.05, 0.6)]
        if kind == 1:
            start = self.random.integers(len(people))
            return people[start:start + self.random.integers(1, 2500)]
        return people if kind == 2 else self.some(20)

    # ------------------------------------------------------------------------------------ what leaves a link sound
    def empty_begins_are_anything(self):
        empty = self.counts == 0
        self.begins[empty] = self.random.choice([np.nan, 0, -3, 1, self.rows + 5, self.rows + 1e6], int(empty.sum()))

    def empty_counts_are_anything(self):
        empty = self.counts == 0
        self.counts[empty] = self.random.choice([np.nan, 0, -1, -300], int(empty.sum()))

    def empty_references_are_anything(self):
        empty = np.flatnonzero(~(self.counts > 0))
        self.reflat[empty], self.reflon[empty] = self.random.uniform(-90, 90, len(empty)), self.random.uniform(-180, 180, len(empty))
        self.reflat[empty[::3]] = np.nan
        self.reflat[empty[1::5]], self.reflon[empty[1::5]] = 0, 0

    def references_at_the_margin(self):
        chosen = self.many()
        turn = self.random.uniform(0, 2 * np.pi, len(chosen))
        self.reflat[chosen], self.reflon[chosen] = self.where.at(self.along[chosen] + SEGMENT / 2 + 0.9 * np.cos(turn),
                                                                 self.beside + 0.9 * np.sin(turn))

    def references_without_a_number(self):
        chosen = self.many()
        (self.reflat if self.random.integers(2) else self.reflon)[chosen] = self.random.choice([np.nan, HUGE, 95.0, np.inf])

    def references_east_of_greenwich(self):
        self.reflon = np.where(self.reflon < 0, self.reflon + 360, self.reflon)

    def photons_without_a_place(self):
        chosen = self.random.integers(self.rows, size=self.random.integers(1, 200))
        self.lat[chosen] = self.random.choice([np.nan, HUGE, 91.0])

    def photons_step_back(self):
        """Neighbours change places, up to 50 m."""
        first = np.flatnonzero(np.diff(self.place) < 0.05)[::2]
        first = first[np.diff(first, prepend=-2) > 1]
        for column in (self.lat, self.lon):
            column[first], column[first + 1] = column[first + 1].copy(), column[first].copy()

    # ------------------------------------------------------------------------------------------------- far references
    def references_far(self):
        chosen, distance = self.many(), self.random.choice([3, -3, 300, -300])
        ahead = bool(self.random.integers(2))
        self.reflat[chosen], self.reflon[chosen] = self.where.at(self.along[chosen] + (distance if ahead else 0),
                                                                 self.beside + (0 if ahead else distance))
        self.said.append(f"{len(chosen)} of {len(self.peopled)} by {distance} km")

    def references_at_zero(self):
        chosen = self.many()
        self.reflat[chosen], self.reflon[chosen] = 0, 0

    # --------------------------------------------------------------------------------------------- what breaks a link
    def gap(self):
        for segment in self.some():
            lost = self.random.integers(1, self.counts[segment] + 1)
            self.counts[segment] -= lost
            if self.random.integers(2):
                self.begins[segment] += lost

    def overlap(self):
        self.counts[self.some()] += self.random.integers(1, 400)

    def begin_is_none(self):
        self.begins[self.some(60)] = self.random.choice([np.nan, 0, -1])

    def beyond_the_last(self):
        if self.random.integers(2):
            self.counts[self.peopled[-1]] += self.random.integers(1, 3000)
        else:
            chosen = self.some()
            self.begins[chosen] = self.rows + self.random.integers(1, 10**6, len(chosen))

    def out_of_order(self):
        chosen = self.some()
        other = self.random.permutation(chosen)
        self.begins[chosen], self.counts[chosen] = self.begins[other], self.counts[other]
        if self.random.integers(5) == 0:
            self.begins, self.counts = self.begins[::-1].copy(), self.counts[::-1].copy()

    def count_is_none(self):
        self.counts[self.some(60)] = self.random.choice([np.nan, -7, 0])

    def off_by_one(self):
        """As in the real clip: from the second segment on."""
        self.begins[self.peopled[1:]] -= 1

    # ------------------------------------------------------------------------------------------------ tracks that lack
    def no_photons(self):
        for name in ("lat", "lon", "height", "confidence", "quality", "weight"):
            setattr(self, name, getattr(self, name)[:0])
        if self.random.integers(2):
            self.counts[:], self.begins[:] = 0, 0

    def no_segments(self):
        for name in ("begins", "counts", "reflat", "reflon", "pointing", "sun", "surface", "sigma", "geoid"):
            setattr(self, name, getattr(self, name)[:0])


MILD = [Beam.empty_begins_are_anything, Beam.empty_counts_are_anything, Beam.empty_references_are_anything, Beam.references_at_the_margin,
        Beam.references_without_a_number, Beam.references_east_of_greenwich, Beam.photons_without_a_place, Beam.photons_step_back]
FAR = [Beam.references_far, Beam.references_far, Beam.references_at_zero]
BREAKING = [Beam.gap, Beam.overlap, Beam.begin_is_none, Beam.beyond_the_last, Beam.out_of_order, Beam.count_is_none, Beam.off_by_one]
LACKING = [Beam.no_photons, Beam.no_segments]


# --------------------------------------------------------------------------------------------------------------- writing
def put(random, group, path, values, kind, fill=None, skip=0.0):
    """A dataset of any layout; NaN becomes the fill value, which an attribute or the dataset names."""
    stored = values
    # A float may also say it by NaN.
    if values.dtype.kind == "f" and fill is not None and (np.dtype(kind).kind in "iu" or random.integers(2)):
        stored = np.where(np.isnan(values), fill, values)
    stored = stored.astype(kind)
    options = {}
    layout = random.choice(["chunks", "chunks", "chunks", "growing", "contiguous"])
    if layout != "contiguous":
        rows = int(random.choice([97, 300, 500, 701, 1000, 4096]))
        options["chunks"] = (rows, *stored.shape[1:])
        # Chunks larger than the data need room to grow.
        if layout == "growing" or rows > len(stored):
            options["maxshape"] = (None, *stored.shape[1:])
        if random.integers(2):
            options |= {"compression": "gzip", "compression_opts": 1, "shuffle": bool(random.integers(2))}
    own = fill is not None and random.integers(3) == 0 and fill != 0
    dataset = group.create_dataset(path, stored.shape, kind, **options, **({"fillvalue": fill} if own else {}))
    if fill is not None and not own:
        dataset.attrs["_FillValue"] = np.array(fill, kind)
    step = options.get("chunks", (max(len(stored), 1),))[0]
    for start in range(0, len(stored), step):
        if layout == "contiguous" or random.random() >= skip:
            dataset[start:start + step] = stored[start:start + step]
    return dataset


def write(random, track, beam, heights):
    """All columns of a beam. `heights`: whether it has the group of photons."""
    skip = 0.03 if random.integers(12) == 0 else 0.0
    if skip:
        beam.said.append("link chunks never written")
    begins = random.choice(["i4", "i8", "f8", "u4"] if np.nanmin(beam.begins, initial=0) >= 0 else ["i4", "i8", "f8"])
    counts = random.choice(["i4", "i8", "i2", "f4"])
    # A fill that is no count and no begin; 0 as in the product.
    fill = {"u": 2**32 - 1, "f": np.float64(-1e9)}
    put(random, track, "geolocation/ph_index_beg", beam.begins, begins, random.choice([0, fill.get(np.dtype(begins).kind, -99)]), skip)
    put(random, track, "geolocation/segment_ph_cnt", beam.counts, counts, random.choice([0, -9]), skip)
    for name, values in (("reference_photon_lat", beam.reflat), ("reference_photon_lon", beam.reflon)):
        put(random, track, f"geolocation/{name}", values, "f8", float(HUGE))
    put(random, track, "geolocation/podppd_flag", beam.pointing, "i1")
    put(random, track, "geolocation/solar_elevation", beam.sun, "f4", HUGE)
    put(random, track, "geolocation/surf_type", beam.surface, "i1")
    put(random, track, "geolocation/sigma_h", beam.sigma, "f4", HUGE)
    put(random, track, "geophys_corr/geoid", beam.geoid, "f4", HUGE)
    if heights:
        put(random, track, "heights/lat_ph", beam.lat, "f8", float(HUGE))
        put(random, track, "heights/lon_ph", beam.lon, "f8")
        put(random, track, "heights/h_ph", beam.height, "f4", HUGE)
        put(random, track, "heights/signal_conf_ph", beam.confidence, "i1")
        put(random, track, "heights/quality_ph", beam.quality, "i1")
        put(random, track, "heights/weight_ph", beam.weight, beam.weight.dtype)


def identify(file):
    file.attrs["short_name"] = np.bytes_(b"ATL03")
    file.attrs["identifier_product_type"] = np.bytes_(b"ATL03")


def make(path, seed):
    """Writes the granule of a seed; returns what is wrong with it, in words."""
    random = np.random.default_rng(seed)
    kind, where = course(random)
    said = [kind]
    names = sorted(random.choice(cases.BEAMS, int(random.integers(1, 4)), replace=False))
    with h5py.File(path, "w", libver=str(random.choice(["earliest", "latest"]))) as file:
        identify(file)
        file["orbit_info/sc_orient"] = np.array([random.integers(2)], np.int8)
        for number, name in enumerate(names):
            beam = Beam(random, where, 3.3 * number + random.uniform(-0.1, 0.1))
            chosen = [harm for harm in MILD if random.integers(4) == 0]
            if random.integers(3) == 0:
                chosen.append(FAR[random.integers(len(FAR))])
            if random.integers(3) == 0:
                chosen += [BREAKING[i] for i in random.choice(len(BREAKING), random.integers(1, 3), replace=False)]
            if random.integers(10) == 0:
                chosen.append(LACKING[random.integers(2)])
            for harm in chosen:
                harm(beam)
            heights = random.integers(12) > 0
            write(random, file.create_group(str(name)), beam, heights)
            words = [harm.__name__.replace("_", " ") for harm in chosen] + beam.said + ([] if heights else ["no heights"])
            said.append(f"{name}: {', '.join(words) or 'sound'}")
    return "; ".join(said)


# ---------------------------------------------------------------------------------------------------------- a real beam
def real_beam(path, begins, last=7):
    """A granule of one beam with real begins (0: none), counts that follow from them, and made-up photons along one course."""
    random = np.random.default_rng(3)
    segments = np.flatnonzero(begins)
    counts = np.zeros(len(begins), int)
    counts[segments] = np.diff(begins[segments], append=begins[segments[-1]] + last)
    rows = int(counts.sum())
    owner = np.repeat(np.arange(len(begins)), counts)
    place = (np.arange(rows) - (begins[owner] - 1) + 0.5) / counts[owner]
    where = Course(-20, 40, -2.1)
    lat, lon = where.at(SEGMENT * (owner + place), 0.004 * np.sin(np.arange(rows)))
    reflat, reflon = where.at(SEGMENT * (np.arange(len(begins)) + 0.5), np.where(counts > 0, 0.003, 3.3))
    with h5py.File(path, "w") as file:
        identify(file)
        track = file.create_group("gt1l")

        def column(name, values, fill=None, chunk=10000):
            dataset = track.create_dataset(name, data=values, chunks=(chunk, *values.shape[1:]), compression="gzip", compression_opts=1,
                                           shuffle=True, maxshape=(None, *values.shape[1:]))
            if fill is not None:
                dataset.attrs["_FillValue"] = np.array(fill, values.dtype)

        column("geolocation/ph_index_beg", begins.astype(np.int64), 0)
        column("geolocation/segment_ph_cnt", counts.astype(np.int32), 0)
        column("geolocation/reference_photon_lat", reflat)
        column("geolocation/reference_photon_lon", reflon)
        column("geolocation/podppd_flag", (np.arange(len(begins)) // 5000 % 2).astype(np.int8))
        column("heights/lat_ph", lat, chunk=100000)
        column("heights/lon_ph", lon, chunk=100000)
        column("heights/h_ph", (500 + random.normal(0, 3, rows)).astype(np.float32), chunk=100000)
        column("heights/signal_conf_ph", np.repeat(random.integers(-1, 5, (rows, 1)).astype(np.int8), 5, axis=1), chunk=100000)
        column("heights/quality_ph", random.choice(np.array([0, 0, 0, 1], np.int8), rows), chunk=100000)
    return counts
