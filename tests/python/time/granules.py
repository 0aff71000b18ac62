"""Copies of real granules: with other names, and with other numbers in them."""

import datetime
import os
import pathlib
import shutil

import h5py
import numpy as np

import windows

CELL, OTHER = 4441312, 4441314      # the cells of data/atl06 with most rows
BEAMS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
CYCLE = datetime.timedelta(days=91)


def real(shared):
    return sorted((shared / "data/atl06").glob("ATL06_*.h5"))


def renamed(path, folder, moment, cycle):
    """The same file under the name of another moment and cycle. A name costs nothing: it is a link where the disk has links."""
    folder.mkdir(exist_ok=True)
    tail = path.name.split("_", 2)[2]
    copy = folder / f"ATL06_{moment:%Y%m%d%H%M%S}_{tail[:4]}{cycle:02}{tail[6:]}"
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy(path, copy)
    return copy


def later(path, folder, cycles):
    """The same file under its name some cycles later."""
    moment, cycle, _ = windows.told(path)
    return renamed(path, folder, moment + cycles * CYCLE, cycle + cycles)


def scattered(shared, folder, cycles=8):
    """Copies in eight cycles: granule k is in a cycle where bit k of the cycle's pattern is set, so no two windows hold the same; one
    cycle has none. The name alone decides: one copy has a date far from what its cycle means."""
    patterns = [0b11111, 0b10110, 0b01001, 0b00000, 0b11100, 0b00011, 0b10101, 0b01110][:cycles]
    found = [later(path, folder, n) for n, pattern in enumerate(patterns) for k, path in enumerate(real(shared)) if pattern >> k & 1]
    found.append(renamed(real(shared)[0], folder, datetime.datetime(2020, 2, 29, 23, 59, 59), 4))
    return sorted(found)


def sinking(shared, folder, copies=7, stride=2, rate=-1.0, blunder=3, off=40.0):
    """Copies in every second cycle whose heights change by `rate` metres a year; all of one granule are `off` metres wrong in one cycle,
    as if a cloud had been taken for the ground. delta_time is moved with the name."""
    folder.mkdir(exist_ok=True)
    first = windows.told(real(shared)[0])[0]
    found = []
    for k, path in enumerate(real(shared)):
        for n in range(copies):
            copy = folder / later(path, folder / "names", n * stride).name
            shutil.copy(path, copy)
            years = (windows.told(copy)[0] - first).total_seconds() / (365.25 * 86400)
            with h5py.File(copy, "r+") as file:
                for beam in BEAMS:
                    segments = file[f"{beam}/land_ice_segments"]
                    heights = segments["h_li"][:]
                    shift = np.float32(rate * years + (off if n == blunder and k == 0 else 0))
                    segments["h_li"][:] = np.where(heights > 1e38, heights, heights + shift)
                    segments["delta_time"][:] += n * stride * CYCLE.total_seconds()
            found.append(copy)
    return sorted(found)


def ragged(shared, folder, copies=7, stride=2):
    """Sinking copies that are no copies of each other: each is some centimetres off, lacks half of its rows, and is taken across a
    midnight."""
    found = sinking(shared, folder, copies, stride)
    rng = np.random.default_rng(11)
    for path in found:
        with h5py.File(path, "r+") as file:
            off = np.float32(rng.normal(0, 0.1))
            middle = np.median(file["gt1l/land_ice_segments/delta_time"][:])
            for beam in BEAMS:
                segments = file[f"{beam}/land_ice_segments"]
                heights, quality = segments["h_li"][:], segments["atl06_quality_summary"][:]
                noise = (off + rng.normal(0, 0.1, len(heights))).astype("f4")
                segments["h_li"][:] = np.where(heights > 1e38, heights, heights + noise)
                segments["atl06_quality_summary"][:] = np.where(rng.random(len(quality)) < 0.5, 1, quality)
                segments["delta_time"][:] += np.ceil(middle / 86400) * 86400 - middle
    return found


def edited(path, folder, name, change):
    """A copy in which `change(group of a beam's segments, which beam)` was done."""
    folder.mkdir(exist_ok=True)
    copy = folder / name
    shutil.copy(path, copy)
    with h5py.File(copy, "r+") as file:
        change(file)
    return copy


def description(tool, name, folder, time, rename=None):
    """A file of the user's: a built-in product with another `time`."""
    lines = [line for line in tool.call("product", "show", name).stdout.splitlines() if not line.startswith("time =")]
    at = next(i for i, line in enumerate(lines) if line.startswith("latitude ="))
    lines[at:at] = [f"time = {time}"]
    path = pathlib.Path(folder) / f"{rename or 'mine'}.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def renamed_plainly(path, copy):
    """The same file under a name that tells nothing."""
    shutil.copy(path, copy)
    return copy


def start_utc(path):
    with h5py.File(path) as file:
        return np.ravel(file["ancillary_data/data_start_utc"][()])[0].decode()
