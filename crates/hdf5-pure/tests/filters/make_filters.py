"""Writes the fixtures of ../filters.rs: chunks as h5py (libhdf5) and hdf5plugin store them, with what they decode to;
JPEG-LS and LZO, which these lack, by imagecodecs.

    pip install h5py numpy hdf5plugin imagecodecs
    python make_filters.py [GROUP ...]

Some files per group, little-endian: u32 case count, then per case
    u16 name length, name; u32 element size; u32 filter mask;
    u16 filter count, per filter u16 id, u16 flags, u16 word count, u32 words;
    u32 length, stored bytes; u32 length and u64 FNV-1a hash of the decoded bytes.
"""

import itertools
import os
import struct
import sys
import tempfile
import zlib

import h5py
import hdf5plugin
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = np.random.default_rng(20190416)


def ramp(dtype, shape):
    """Smooth values with some noise: compressible, but every byte plane is in use."""
    n = int(np.prod(shape))
    walk = np.cumsum(RNG.normal(0, 3, n)) + np.arange(n) * 0.25
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        span = min(float(info.max), 2.0**40)
        walk = np.clip(walk * max(1.0, span / 1e5), max(info.min, -(2.0**50)), min(info.max, 2.0**50)) if dtype.itemsize > 1 else walk
        return walk.astype(np.int64).astype(dtype).reshape(shape)
    return walk.astype(dtype).reshape(shape)


def stored(make):
    """Every chunk of a dataset: filters, mask, stored bytes, decoded bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.h5")
        with h5py.File(path, "w") as file:
            make(file)
        with h5py.File(path) as file:
            dataset = file["d"]
            plist = dataset.id.get_create_plist()
            filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
            chunks = []
            kind = h5py.h5t.py_create(dataset.dtype) if dataset.dtype.kind != "V" else dataset.id.get_type()
            for i in range(dataset.id.get_num_chunks()):
                info = dataset.id.get_chunk_info(i)
                mask, raw = dataset.id.read_direct_chunk(info.chunk_offset)
                decoded = whole_chunk(dataset, info.chunk_offset)
                chunks.append((mask, bytes(raw), decoded))
            return dataset.id.get_type().get_size(), filters, chunks


def whole_chunk(dataset, offset):
    """The chunk's bytes in file order, padding included, read through a memory type equal to the file type."""
    shape = dataset.chunks
    # Fixtures use shapes that the chunks divide, so that a chunk is a plain hyperslab.
    assert all(o + c <= s for o, c, s in zip(offset, shape, dataset.shape)), "chunk at the edge"
    space = dataset.id.get_space()
    space.select_hyperslab(tuple(int(o) for o in offset), tuple(shape))
    size = dataset.id.get_type().get_size()
    out = np.empty(int(np.prod(shape)) * size, dtype="u1")
    memory = h5py.h5s.create_simple(tuple(shape))
    view = out.view(f"V{size}").reshape(shape)
    dataset.id.read(memory, space, view, dataset.id.get_type())
    return out.tobytes()


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def write(group, cases):
    out = struct.pack("<I", sum(len(chunks) for _, (_, _, chunks) in cases))
    for name, (size, filters, chunks) in cases:
        for mask, raw, decoded in chunks:
            encoded = name.encode()
            out += struct.pack("<H", len(encoded)) + encoded + struct.pack("<IIH", size, mask, len(filters))
            for code, flags, words, _ in filters:
                out += struct.pack("<HHH", code, flags, len(words)) + struct.pack(f"<{len(words)}I", *words)
            out += struct.pack("<I", len(raw)) + raw + struct.pack("<IQ", len(decoded), fnv1a(decoded))
    path = os.path.join(HERE, f"{group}.bin")
    with open(path, "wb") as file:
        file.write(out)
    print(group, len(cases), "cases", len(out), "bytes")


def simple(dtype, shape, chunks=None, data=None, **options):
    data = ramp(dtype, shape) if data is None else data
    return stored(lambda f: f.create_dataset("d", data=data, chunks=chunks or shape, **options))


def with_plist(dtype, shape, data, setup, file_type=None):
    """A dataset whose creation property list needs calls that h5py's high-level interface lacks."""

    def make(file):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(shape)
        setup(plist)
        kind = file_type or h5py.h5t.py_create(np.dtype(dtype))
        dataset = h5py.h5d.create(file.id, b"d", kind, h5py.h5s.create_simple(shape), plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(data))

    return stored(make)


def core():
    cases = []
    for dtype in ("u1", "<i2", "<i4", "<f8", "c16"):
        for n in (1, 7, 64, 301):
            cases.append((f"deflate+shuffle {dtype} {n}", simple(dtype, (n,), data=ramp("f8" if dtype == "c16" else dtype, (n,)).astype(dtype), compression="gzip", shuffle=True)))
    for level in (0, 1, 9):
        cases.append((f"deflate level {level}", simple("<f4", (500,), compression="gzip", compression_opts=level)))
    odd = np.dtype([("a", "u1"), ("b", "<i2")])
    packed = np.zeros(101, odd)
    packed["a"], packed["b"] = ramp("u1", (101,)), ramp("<i2", (101,))
    cases.append(("shuffle of 3-byte elements", simple(odd, (101,), data=packed, shuffle=True)))
    for dtype, n in (("u1", 1), ("u1", 33), ("<i2", 1000), ("<f8", 700)):
        cases.append((f"fletcher32 {dtype} {n}", simple(dtype, (n,), fletcher32=True)))
    cases.append(("shuffle, deflate, fletcher32", simple("<i4", (400,), compression="gzip", shuffle=True, fletcher32=True)))

    def twice(plist):
        plist.set_deflate(1)
        plist.set_shuffle()
        plist.set_fletcher32()
        plist.set_deflate(9)

    cases.append(("deflate twice", with_plist("<i4", (300,), ramp("<i4", (300,)), twice)))

    def masked(file):
        dataset = file.create_dataset("d", (300,), "<i4", chunks=(300,), compression="gzip", shuffle=True)
        dataset.id.write_direct_chunk((0,), ramp("<i4", (300,)).tobytes(), filter_mask=3)

    cases.append(("all skipped by the mask", stored(masked)))

    def half_masked(file):
        dataset = file.create_dataset("d", (300,), "<i4", chunks=(300,), compression="gzip", shuffle=True)
        planes = ramp("<i4", (300,)).view("u1").reshape(300, 4).T.copy().tobytes()
        dataset.id.write_direct_chunk((0,), planes, filter_mask=2)

    cases.append(("deflate skipped by the mask", stored(half_masked)))
    noise = RNG.integers(0, 256, 600, dtype="u1")
    for name, n, data in (("walk", 500, ramp("<i2", (500,))), ("zeros", 5000, np.zeros(5000, "u1")), ("noise", 600, noise), ("short", 3, noise[:3])):
        cases.append((f"lzf {name}", simple(None, (n,), data=data, compression="lzf")))
    cases.append(("lzf long matches", simple(None, (20000,), data=np.tile(RNG.integers(0, 256, 5000, dtype="u1"), 4), compression="lzf")))
    cases.append(("lzf+shuffle 2-d", simple("<f4", (30, 40), chunks=(15, 20), compression="lzf", shuffle=True)))
    return cases


def szip():
    cases = []
    H = h5py.h5z
    for mask_name, mask in (("nn", H.SZIP_NN_OPTION_MASK), ("ec", H.SZIP_EC_OPTION_MASK)):
        for dtype in ("u1", "i1", "<i2", ">i2", "<i4", ">i4", "<f4", "<f8", ">f8", "<i8"):
            for shape, block in (((64,), 8), ((90,), 16), ((9, 10), 4), ((2, 45), 32), ((3, 30), 10)):
                data = ramp(dtype, shape)
                name = f"szip {mask_name} {dtype} {shape} {block}"
                cases.append((name, with_plist(dtype, shape, data, lambda p: p.set_szip(mask, block))))
    for name, data in (
        ("zeros", np.zeros(3000, "<i2")),
        ("steps", (np.arange(1000) // 97).astype("<u2")),
        ("noise", RNG.integers(0, 65536, 300, dtype="<u2")),
        ("extremes", np.where(np.arange(300) % 3 == 0, 65535, 0).astype("<u2")),
        ("sparse", (RNG.random(4000) > 0.97).astype("u1")),
    ):
        for mask in (H.SZIP_NN_OPTION_MASK, H.SZIP_EC_OPTION_MASK):
            cases.append((f"szip {name}", with_plist(data.dtype, data.shape, data, lambda p: p.set_szip(mask, 8))))

    def precise(bits):
        kind = h5py.h5t.STD_U16LE.copy() if bits <= 16 else h5py.h5t.STD_U32LE.copy()
        kind.set_precision(bits)
        return kind

    for bits in (9, 11, 17, 20, 24):
        dtype = "<u2" if bits <= 16 else "<u4"
        data = (np.abs(ramp("<i4", (200,))) % (1 << bits)).astype(dtype)
        cases.append((f"szip precision {bits}", with_plist(dtype, (200,), data, lambda p: p.set_szip(H.SZIP_NN_OPTION_MASK, 8), precise(bits))))
    return cases


def nbit():
    cases = []
    nbit_filter = lambda p: p.set_filter(h5py.h5z.FILTER_NBIT, 0, ())

    def integer(base, precision, offset):
        kind = base.copy()
        kind.set_precision(precision)
        kind.set_offset(offset)
        return kind

    t = h5py.h5t
    for name, base, memory, precision, offset in (
        ("i32le", t.STD_I32LE, "<i4", 17, 3),
        ("i32be", t.STD_I32BE, "<i4", 17, 3),
        ("u8", t.STD_U8LE, "u1", 5, 2),
        ("i16le", t.STD_I16LE, "<i2", 16, 0),
        ("i16be", t.STD_I16BE, "<i2", 11, 5),
        ("u64le", t.STD_U64LE, "<u8", 59, 4),
        ("u64be", t.STD_U64BE, "<u8", 33, 0),
        ("i8", t.STD_I8LE, "i1", 4, 4),
    ):
        for n in (1, 5, 100):
            data = RNG.integers(0, 1 << min(precision - 1, 50) if precision > 1 else 1, n).astype(memory)
            cases.append((f"nbit {name} {n}", with_plist(memory, (n,), data, nbit_filter, integer(base, precision, offset))))
    for name, base in (("le", t.IEEE_F32LE), ("be", t.IEEE_F32BE)):
        kind = base.copy()
        kind.set_fields(26, 20, 6, 7, 13)
        kind.set_offset(7)
        kind.set_precision(20)
        kind.set_ebias(31)
        cases.append((f"nbit float {name}", with_plist("<f4", (50,), ramp("<f4", (50,)) / 100, nbit_filter, kind)))
    text = t.C_S1.copy()
    text.set_size(5)
    inner = t.create(t.COMPOUND, 6)
    inner.insert(b"x", 0, integer(t.STD_I16LE, 9, 2))
    inner.insert(b"y", 2, t.IEEE_F32LE)
    number, small = integer(t.STD_I32LE, 17, 1), t.array_create(integer(t.STD_I16BE, 9, 0), (3,))
    # libhdf5 2.0 cannot read back more than one member beside an array of compounds.
    for members in (
        (number, text),
        (number, t.array_create(inner, (2,))),
        (number, text, small, inner, t.STD_U8LE),
        (t.IEEE_F64BE, t.array_create(text, (2,)), integer(t.STD_U64BE, 60, 2)),
    ):
        size = sum(member.get_size() for member in members)
        kind, offset = t.create(t.COMPOUND, size + 3), 1
        for i, member in enumerate(members):
            kind.insert(b"abcde"[i : i + 1], offset, member)
            offset += member.get_size()
        data = RNG.integers(0, 256, (size + 3) * 21, dtype="u1").view(f"V{size + 3}")

        def make(file):
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk((21,))
            nbit_filter(plist)
            dataset = h5py.h5d.create(file.id, b"d", kind, h5py.h5s.create_simple((21,)), plist)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data, kind)

        cases.append((f"nbit compound of {len(members)}", stored(make)))
    cases.append(("nbit with nothing to save", with_plist("<i4", (10,), ramp("<i4", (10,)), nbit_filter)))
    return cases


def scaleoffset():
    cases = []
    for dtype in ("u1", "i1", "<i2", ">i2", "<u4", ">i4", "<i8", ">u8"):
        n = 77
        info = np.iinfo(dtype)
        small = RNG.integers(3, 60, n).astype(dtype)
        cases.append((f"scaleoffset {dtype} small", simple(dtype, (n,), data=small, scaleoffset=0)))
        cases.append((f"scaleoffset {dtype} equal", simple(dtype, (n,), data=np.full(n, 42, dtype), scaleoffset=0)))
        wide = RNG.integers(info.min, info.max, n, dtype=np.dtype(dtype).newbyteorder("="), endpoint=True).astype(dtype)
        wide[:2] = info.min, info.max
        cases.append((f"scaleoffset {dtype} full range", simple(dtype, (n,), data=wide, scaleoffset=0)))
        cases.append((f"scaleoffset {dtype} given bits", simple(dtype, (n,), data=small, scaleoffset=7)))
        cases.append((f"scaleoffset {dtype} all bits", simple(dtype, (n,), data=wide, scaleoffset=np.dtype(dtype).itemsize * 8)))
        filled = small.copy()
        filled[::5] = 99
        cases.append((f"scaleoffset {dtype} fill value", simple(dtype, (n,), data=filled, scaleoffset=0, fillvalue=np.array(99, dtype)[()])))
        cases.append((f"scaleoffset {dtype} only fill", simple(dtype, (n,), data=np.full(n, 99, dtype), scaleoffset=0, fillvalue=np.array(99, dtype)[()])))
    for dtype in ("<f4", ">f4", "<f8", ">f8"):
        data = ramp(dtype.replace(">", "<"), (91,)).astype(dtype)
        for digits in (0, 2, 5, -1):
            if digits < 0:
                continue
            cases.append((f"scaleoffset {dtype} {digits} digits", simple(dtype, (91,), data=data, scaleoffset=digits)))
        cases.append((f"scaleoffset {dtype} equal", simple(dtype, (91,), data=np.full(91, -7.125, dtype), scaleoffset=3)))
        filled = data.copy()
        filled[::4] = -9999
        cases.append((f"scaleoffset {dtype} fill value", simple(dtype, (91,), data=filled, scaleoffset=2, fillvalue=-9999.0)))
    return cases


def blosc():
    cases = []
    P = hdf5plugin
    for codec in ("blosclz", "lz4", "lz4hc", "zlib", "zstd", "snappy"):
        for shuffle in (P.Blosc.NOSHUFFLE, P.Blosc.SHUFFLE, P.Blosc.BITSHUFFLE):
            for dtype, shape in (("<f8", (300,)), ("<i2", (333,)), ("u1", (400,)), ("<i4", (7, 11))):
                try:
                    options = P.Blosc(cname=codec, clevel=5, shuffle=shuffle)
                    cases.append((f"blosc {codec} {shuffle} {dtype} {shape}", simple(dtype, shape, **options)))
                except Exception as error:  # a codec this build lacks
                    print("no", codec, error)
                    break
    big = np.tile(RNG.integers(0, 50, 350).astype("<i4"), 80)
    for codec in ("blosclz", "lz4", "zstd"):
        for shuffle in (P.Blosc.SHUFFLE, P.Blosc.BITSHUFFLE, P.Blosc.NOSHUFFLE):
            made = simple(None, big.shape, data=big, **P.Blosc(cname=codec, clevel=9, shuffle=shuffle))
            cases.append((f"blosc {codec} {shuffle} many blocks", made))
    noise = RNG.integers(0, 256, 900, dtype="u1")
    cases.append(("blosc noise", simple(None, (900,), data=noise, **P.Blosc(cname="lz4", clevel=1, shuffle=0))))
    cases.append(("blosc level 0", simple(None, (900,), data=noise, **P.Blosc(cname="lz4", clevel=0, shuffle=1))))
    return cases


def blosc2():
    cases = []
    P = hdf5plugin
    shapes = (("<f8", (300,)), ("<i2", (333,)), ("u1", (1000,)), ("<i4", (7, 11)), ("<f4", (40, 50)), ("<i2", (5, 30, 33)))
    for codec in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for filters in (P.Blosc2.NOFILTER, P.Blosc2.SHUFFLE, P.Blosc2.BITSHUFFLE):
            for dtype, shape in shapes:
                if codec in ("lz4hc", "zlib") and len(shape) == 3:
                    continue
                options = P.Blosc2(cname=codec, clevel=5, filters=filters)
                cases.append((f"blosc2 {codec} {filters} {dtype} {shape}", simple(dtype, shape, **options)))
    tiled = np.tile(RNG.integers(0, 50, 350).astype("<i4"), 80)
    for codec in ("blosclz", "lz4", "zstd"):
        for shape in ((28_000,), (140, 200), (20, 35, 40)):
            made = simple(None, shape, data=tiled.reshape(shape), **P.Blosc2(cname=codec, clevel=9, filters=P.Blosc2.SHUFFLE))
            cases.append((f"blosc2 {codec} {shape} larger", made))
    for name, data in (("zeros", np.zeros((50, 60), "<f4")), ("same", np.full((50, 60), 7.25, "<f4")), ("noise", RNG.integers(0, 256, 900, dtype="u1")), ("few", np.eye(60, dtype="<i8"))):
        cases.append((f"blosc2 {name}", simple(None, data.shape, data=data, **P.Blosc2(cname="lz4"))))
    return cases


def write_split(group, cases, budget=98_000):
    """Keeps each file below 100 KB."""
    part, size, number = [], 0, 0
    for case in cases:
        weight = sum(len(raw) + 200 for _, raw, decoded in case[1][2])
        if part and size + weight > budget:
            write(f"{group}-{number}", part)
            part, size, number = [], 0, number + 1
        part.append(case)
        size += weight
    write(f"{group}-{number}", part)


def plugins():
    cases = []
    P = hdf5plugin
    for dtype, shape in (("<f8", (1000,)), ("<i2", (333,)), ("u1", (701,)), ("<i4", (7, 11)), ("<f4", (3,)), ("c16", (100,))):
        data = ramp("f8" if dtype == "c16" else dtype, shape).astype(dtype)
        for name, options in (
            ("bitshuffle none", P.Bitshuffle(cname="none")),
            ("bitshuffle lz4", P.Bitshuffle(cname="lz4")),
            ("bitshuffle zstd", P.Bitshuffle(cname="zstd")),
            ("bitshuffle lz4 blocks of 64", P.Bitshuffle(nelems=64, cname="lz4")),
            ("lz4", P.LZ4()),
            ("lz4 blocks", P.LZ4(nbytes=512)),
            ("zstd", P.Zstd()),
            ("zstd 19", P.Zstd(clevel=19)),
            ("bzip2", P.BZip2(blocksize=1)),
        ):
            cases.append((f"{name} {dtype} {shape}", simple(dtype, shape, data=data, **options)))
    for name, data in (("zeros", np.zeros(30_000, "u1")), ("text", np.frombuffer(b"the quick brown fox " * 200, "u1")), ("noise", RNG.integers(0, 256, 5000, dtype="u1"))):
        for filter_name, options in (("bzip2", P.BZip2()), ("zstd", P.Zstd()), ("lz4", P.LZ4()), ("bitshuffle", P.Bitshuffle(cname="lz4"))):
            cases.append((f"{filter_name} {name}", simple(None, data.shape, data=data, **options)))
    runs = np.repeat(RNG.integers(0, 5, 400, dtype="u1"), RNG.integers(1, 40, 400))
    cases.append(("bzip2 runs", simple(None, runs.shape, data=runs, **P.BZip2())))
    return cases


def zfp():
    cases = []
    P = hdf5plugin
    for dtype in ("<f4", "<f8", "<i4", "<i8"):
        for shape in ((13,), (64,), (5, 7), (4, 5, 6), (3, 4, 5, 6)):
            n = int(np.prod(shape))
            data = ramp("<f8", shape)
            data = (data * 1000).astype(dtype) if "i" in dtype else data.astype(dtype)
            for name, options in (
                ("rate", P.Zfp(rate=12)),
                ("precision", P.Zfp(precision=17)),
                ("accuracy", P.Zfp(accuracy=0.05)),
                ("reversible", P.Zfp(reversible=True)),
                ("expert", P.Zfp(minbits=1, maxbits=4000, maxprec=40, minexp=-20)),
            ):
                if "i" in dtype and name == "accuracy":
                    continue
                cases.append((f"zfp {name} {dtype} {shape}", simple(dtype, shape, data=data, **options)))
    special = np.array([0.0, -0.0, np.inf, 1e-310, -5e300, np.nan, 1.5, 2.25] * 2)
    cases.append(("zfp reversible special", simple("<f8", (16,), data=special, **P.Zfp(reversible=True))))
    cases.append(("zfp reversible mixed", simple("<f4", (64,), data=np.where(np.arange(64) < 32, 0, RNG.normal(0, 1, 64) * 10.0 ** RNG.integers(-30, 30, 64)).astype("<f4"), **P.Zfp(reversible=True))))
    cases.append(("zfp rate zeros", simple("<f4", (8, 8), data=np.zeros((8, 8), "<f4"), **P.Zfp(rate=8))))
    return cases


def lzo_tokens(rounds):
    """A valid LZO1X stream of random tokens of every class, and the length it decodes to."""

    def long(value, bits):
        if 0 < value < 1 << bits:
            return value, b""
        value -= (1 << bits) - 1
        zeros, last = divmod(value - 1, 255)
        return 0, b"\0" * zeros + bytes([last + 1])

    def pick(low, high):
        return int(RNG.integers(low, high + 1))

    length = pick(4, 238)
    out = bytes([length + 17]) + RNG.bytes(length)
    state = 4
    for _ in range(rounds):
        literals = pick(0, 3)
        kinds = ["mid", "long"] + (["near"] if 0 < state < 4 else []) + (["far3"] if state == 4 and length > 2049 else [])
        kinds += (["far"] if length > 16_400 else []) + (["run"] if state == 0 else [])
        kind = kinds[pick(0, len(kinds) - 1)]
        if kind == "run":
            count = pick(4, 18) if RNG.random() < 0.7 else pick(19, 2000)
            field, extra = long(count - 3, 4)
            out += bytes([field]) + extra + RNG.bytes(count)
            length, state = length + count, 4
            continue
        if kind == "near":
            distance, size = pick(1, min(length, 1024)), 2
            out += bytes([(distance - 1 & 3) << 2 | literals, distance - 1 >> 2])
        elif kind == "far3":
            distance, size = pick(2049, min(length, 3072)), 3
            out += bytes([(distance - 2049 & 3) << 2 | literals, distance - 2049 >> 2])
        elif kind == "mid":
            distance, size = pick(1, min(length, 2048)), pick(3, 8)
            out += bytes([(size - 1) << 5 | (distance - 1 & 7) << 2 | literals, distance - 1 >> 3])
        elif kind == "long":
            distance, size = pick(1, min(length, 16_384)), pick(3, 33) if RNG.random() < 0.7 else pick(34, 900)
            field, extra = long(size - 2, 5)
            out += bytes([32 | field]) + extra + struct.pack("<H", distance - 1 << 2 | literals)
        else:
            distance, size = pick(16_385, min(length, 49_151)), pick(3, 400)
            field, extra = long(size - 2, 3)
            rest = distance - 16_384
            out += bytes([16 | (rest >> 14) << 3 | field]) + extra + struct.pack("<H", (rest & 0x3FFF) << 2 | literals)
        out += RNG.bytes(literals)
        length, state = length + size + literals, literals
    return out + b"\x11\0\0", length


def other():
    import imagecodecs

    cases = []
    for bits, dtype in ((8, "u1"), (12, "<u2"), (16, "<u2"), (5, "u1")):
        for height, width in ((1, 1), (7, 13), (40, 33), (3, 200)):
            top = (1 << bits) - 1
            walk = np.cumsum(RNG.normal(0, top / 60, (height, width)), axis=1) + top / 2
            for name, image in (
                ("walk", np.clip(walk, 0, top)),
                ("noise", RNG.integers(0, top + 1, (height, width))),
                ("flat", (np.add.outer(np.arange(height), np.arange(width)) // 17 % 3) * (top // 3)),
            ):
                image = image.astype(dtype)
                # The encoder takes the precision from the largest sample.
                image.flat[0] = top
                for near in (0, 2):
                    raw = imagecodecs.jpegls_encode(image, level=near)
                    words = (image.itemsize, 1, height, width, image.itemsize * 8, 1, 0, 0, 0, 0, 0, 0, 0)
                    decoded = imagecodecs.jpegls_decode(raw).astype(dtype).tobytes()
                    assert near or decoded == image.tobytes()
                    chunk = (0, bytes(raw), decoded)
                    label = f"jpeg-ls {bits} bits {height}x{width} {name} near {near}"
                    cases.append((label, (image.itemsize, [(32018, 1, words, b"")], [chunk])))
    for number, rounds in enumerate((1, 3, 20, 20, 60, 200, 200)):
        raw, length = lzo_tokens(rounds)
        data = bytes(imagecodecs.lzo_decode(raw, header=False, out=length))
        assert len(data) == length
        trailer = struct.pack("<II", zlib.adler32(data), len(data))
        cases.append((f"lzo {number}", (1, [(305, 1, (1, 23, 0), b"")], [(0, raw + trailer, data)])))
        cases.append((f"lzo {number}, old", (1, [(305, 1, (1, 10, 0), b"")], [(0, raw, data)])))
    return cases


def delta():
    """Blosc2's delta, in one block and in several, of elements of every width."""
    cases = []
    P = hdf5plugin
    record = np.dtype([("a", "<f8"), ("b", "<f8"), ("c", "<f8")])
    odd = np.dtype([("a", "u1"), ("b", "<i2")])
    shapes = [("<f8", (300,)), ("<i2", (333,)), ("u1", (1001,)), ("<i4", (7, 11)), ("<f4", (40, 50)), (record, (50,)), (odd, (201,))]
    for codec in ("blosclz", "lz4", "zlib", "zstd"):
        for dtype, shape in shapes:
            data = ramp("<i2" if np.dtype(dtype).names else dtype, shape)
            if np.dtype(dtype).names:
                data = np.array([tuple([n % 200] * len(dtype.names)) for n in data], dtype)
            options = P.Blosc2(cname=codec, clevel=5, filters=P.Blosc2.DELTA)
            cases.append((f"blosc2 delta {codec} {dtype} {shape}", simple(dtype, shape, data=data, **options)))
    tiled = np.tile(RNG.integers(0, 50, 350).astype("<i4"), 80)
    for dtype in ("u1", "<i2", "<i4", "<f8"):
        for shape in ((28_000,), (140, 200), (20, 35, 40)):
            made = simple(None, shape, data=tiled.astype(dtype).reshape(shape), **P.Blosc2(cname="zstd", clevel=9, filters=P.Blosc2.DELTA))
            cases.append((f"blosc2 delta {dtype} {shape} larger", made))
    big = np.tile(RNG.integers(0, 50, 350).astype("<u2"), 1000)
    cases.append(("blosc2 delta many blocks", simple(None, big.shape, data=big, **P.Blosc2(cname="zstd", clevel=1, filters=P.Blosc2.DELTA))))
    cases.append(("blosc2 delta zeros", simple(None, (3000,), data=np.zeros(3000, "<f4"), **P.Blosc2(cname="lz4", filters=P.Blosc2.DELTA))))
    return cases


def rounded():
    """Values that a filter rounded before deflate; reading undoes nothing. No plugin of these is at hand: the rounding is
    done here, as by their definition (the last bits of the mantissa are zero)."""
    cases = []
    for code in (32022, 32023, 32032):
        for dtype, word, bits in (("<f4", "<u4", 12), ("<f8", "<u8", 30)):
            values = ramp(dtype, (200,)).view(word)
            values = (values >> bits << bits).tobytes()
            words = (3, np.dtype(dtype).itemsize, 0, 0, 0)
            filters = [(code, 1, words, b""), (1, 1, (6,), b"")]
            cases.append((f"rounded {code} {dtype}", (np.dtype(dtype).itemsize, filters, [(0, zlib.compress(values, 6), values)])))
    return cases


if __name__ == "__main__":
    groups = (core, szip, nbit, scaleoffset, blosc, blosc2, plugins, zfp, other, delta, rounded)
    for group in groups:
        if not sys.argv[1:] or group.__name__ in sys.argv[1:]:
            write_split(group.__name__, group())
