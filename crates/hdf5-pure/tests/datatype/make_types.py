"""Fixture of datatypes: types.tsv beside this script.

Each line: name, datatype message (hex), raw elements as stored (hex), scalar dataspace (0/1), kind, canonical bytes (hex
of what the rules say about the values that h5py reads), str(dtype) of h5py, values that h5py reads ("-" if not numbers),
global heap objects ("address:index=hex" joined by ";").

Run with h5py 3.16 / HDF5 2.0 or newer: python make_types.py
"""
import os
import struct
import tempfile

import h5py
import numpy as np
from h5py import h5d, h5s, h5t

HERE = os.path.dirname(os.path.abspath(__file__))
lines = []


def packed(dt):
    """Little-endian dtype without gaps."""
    if dt.subdtype:
        return np.dtype((packed(dt.subdtype[0]), dt.subdtype[1]))
    if dt.names is not None:
        return np.dtype([(n, packed(dt.fields[n][0])) for n in dt.names])
    return dt.newbyteorder("<")


def text(b):
    b = b.encode("utf8", "surrogateescape") if isinstance(b, str) else b
    return struct.pack("<I", len(b)) + b


def items(a):
    return np.ascontiguousarray(a).astype(packed(a.dtype)).tobytes()


def canonical(a):
    """(kind, bytes) of what h5py read."""
    if a.dtype.kind in "biufc":
        return "numeric", items(a)
    if a.dtype.kind == "S":
        return "fixed_string", b"".join(text(x) for x in a.ravel().tolist())
    if a.dtype.names is not None:
        return "compound", items(a)
    if a.dtype.kind == "O":
        values = a.ravel().tolist()
        if all(isinstance(v, (bytes, str)) for v in values):
            return "vlen_string", b"".join(text(v) for v in values)
        if all(isinstance(v, np.ndarray) for v in values):
            return "vlen_seq", b"".join(struct.pack("<I", v.size) + items(v) for v in values)
    return "opaque", a.tobytes()


def heap_objects(data, raw, size):
    """Global heap objects that 16-byte elements name (version 1 collections, 8-byte lengths)."""
    found = {}
    for i in range(0, len(raw), size):
        length, address, wanted = struct.unpack_from("<IQI", raw, i)
        if not length:
            continue
        assert data[address : address + 4] == b"GCOL"
        (total,) = struct.unpack_from("<Q", data, address + 8)
        at = address + 16
        while at + 16 <= address + total:
            index, _, _, length = struct.unpack_from("<HHIQ", data, at)
            if index == 0:
                break
            if index == wanted:
                found[address, index] = data[at + 16 : at + 16 + length]
            at += 16 + (length + 7) // 8 * 8
    return found


def emit(name, encoded, raw=b"", scalar=0, kind="-", canon=b"", dtype="-", values="-", heap=None):
    objects = ";".join(f"{a}:{i}={b.hex()}" for (a, i), b in sorted((heap or {}).items()))
    lines.append("\t".join([name, encoded.hex(), raw.hex(), str(scalar), kind, canon.hex(), dtype, values, objects or "-"]))


def case(name, tid, raw=None, data=None, libver="earliest", scalar=False, kind=None, big_vlen=False):
    """Store elements as `raw` bytes of the type, or as `data`, and see what h5py makes of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "f.h5")
        with h5py.File(path, "w", libver=libver) as f:
            if raw is not None:
                count = len(raw) // tid.get_size()
                space = h5s.create(h5s.SCALAR) if scalar else h5s.create_simple((count,))
                d = h5d.create(f.id, b"d", tid, space)
                d.write(h5s.ALL, h5s.ALL, np.frombuffer(raw, "V%d" % tid.get_size()).copy(), mtype=tid)
            else:
                space = h5s.create(h5s.SCALAR) if scalar else h5s.create_simple((len(data),))
                h5d.create(f.id, b"d", tid, space)
                f["d"][...] = data
        with open(path, "rb") as g:
            bytes_ = g.read()
        with h5py.File(path, "r") as f:
            d = f["d"]
            encoded = d.id.get_type().encode()[2:]
            offset, size = d.id.get_offset(), d.id.get_storage_size() // d.size
            if d.dtype == object:  # the library returns the size in memory; the message in the file has the size in the file
                encoded = encoded[:4] + struct.pack("<I", size) + encoded[8:]
                assert encoded in bytes_
            stored = bytes_[offset : offset + size * d.size]
            value = np.asarray(d[()])
            if big_vlen:  # h5py 3.16 forgets to swap the items: what was written is the reference
                value = data
            found, canon = canonical(value)
            heap = heap_objects(bytes_, stored, size) if value.dtype == object or d.dtype == object else None
            numbers = "-"
            if value.dtype.kind in "biuf" and d.dtype != object and value.dtype.itemsize <= 8:
                numbers = " ".join(repr(v) for v in value.ravel().tolist())
            emit(name, encoded, stored, int(scalar), kind or found, canon, str(d.dtype), numbers, heap)


def integer(base, precision, offset):
    t = base.copy()
    t.set_precision(precision)
    t.set_offset(offset)
    return t


def floating(size, sign, epos, esize, mpos, msize, bias, order=h5t.ORDER_LE, offset=0, precision=None):
    t = h5t.IEEE_F64LE.copy()
    t.set_fields(sign, epos, esize, mpos, msize)
    t.set_offset(offset)
    t.set_precision(precision or size * 8 - offset)
    t.set_size(size)
    t.set_ebias(bias)
    t.set_order(order)
    return t


def string(size, padding, cset=0):
    t = h5t.C_S1.copy()
    t.set_size(size)
    t.set_strpad(padding)
    t.set_cset(cset)
    return t


def logical(dtype):
    return h5t.py_create(np.dtype(dtype), logical=True)


def decoded(hexes):
    return h5t.decode(b"\x03\x00" + bytes.fromhex(hexes))


noise = bytes((i * 89 + 7) % 251 for i in range(64))
for code in "i1 u1 <i2 >i2 <u2 >u2 <i4 >i4 <u4 >u4 <i8 >i8 <u8 >u8".split():
    case("int " + code, logical(code), noise[:16] + b"\xff" * 8)
for base, precision, offset in (
    (h5t.STD_I32LE, 17, 5),
    (h5t.STD_I32BE, 17, 5),
    (h5t.STD_U32LE, 17, 0),
    (h5t.STD_I16LE, 12, 4),
    (h5t.STD_U16BE, 3, 13),
    (h5t.STD_I64BE, 40, 9),
):
    case(f"int {precision}@{offset}", integer(base, precision, offset), noise[:48])
special = [0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan, 6e-8, 65504.0]
for code in "<f2 >f2 <f4 >f4 <f8 >f8".split():
    case("float " + code, logical(code), np.array(special, code).tobytes())
case("float bf16", floating(2, 15, 7, 8, 0, 7, 127), noise[:32] + bytes.fromhex("c07f80ff807fc1ff010000800180"))
case("float bf16 be", floating(2, 15, 7, 8, 0, 7, 127, h5t.ORDER_BE), noise[:32])
case("float e4m3", floating(1, 7, 3, 4, 0, 3, 7), bytes(range(256)))
case("float e5m2", floating(1, 7, 2, 5, 0, 2, 15), bytes(range(256)))
case("float 24", floating(3, 23, 16, 7, 0, 16, 63), noise[:60])
case("float 20@7", floating(4, 26, 20, 6, 7, 13, 31, offset=7, precision=20), noise)
case("float 20@7 be", floating(4, 26, 20, 6, 7, 13, 31, h5t.ORDER_BE, offset=7, precision=20), noise)
case("float e9m22", floating(4, 31, 22, 9, 0, 22, 255), noise)
case("float bias 10", floating(2, 15, 10, 5, 0, 10, 10), noise)
# 10 bytes and 6 of padding, which NumPy leaves undefined.
case("float x87", h5t.NATIVE_LDOUBLE, b"".join(v.tobytes()[:10] + bytes(6) for v in np.array(special, np.longdouble)))
for code in ("<c8", ">c8", "<c16"):
    case("complex record " + code, logical(code), noise[:32])
case("complex <c8", h5t.COMPLEX_IEEE_F32LE, noise[:32], libver="latest")
case("complex >c16", h5t.COMPLEX_IEEE_F64BE, noise[:32], libver="latest")
case("bool", logical("?"), bytes([0, 1, 1, 0]))
case("bool i4", decoded("1802000004000000" + "100800000400000000002000" + b"FALSE\0\0\0TRUE\0\0\0\0".hex() + "0000000001000000"), bytes([0, 0, 0, 0, 1, 0, 0, 0]))
case("enum >i2", h5t.py_create(h5py.enum_dtype({"SOLID": -1, "LIQUID": 1, "GAS of a long name": 300}, ">i2"), logical=True), bytes.fromhex("ffff0001012c"))
case("enum >i2 v3", h5t.py_create(h5py.enum_dtype({"SOLID": -1, "LIQUID": 1, "GAS of a long name": 300}, ">i2"), logical=True), bytes.fromhex("ffff0001012c"), libver="latest")
case("bits <u1", h5t.STD_B8LE, noise[:8])
case("bits >u2", h5t.STD_B16BE, noise[:8])
case("bits <u8", h5t.STD_B64LE, noise[:16])
padded = b"ab\0cd\0ef" b"abcdefgh" b"ab      " b"a b \0 c " b"\0xyz    " b"        "
for padding in (0, 1, 2):
    case(f"string pad {padding}", string(8, padding), padded)
case("string utf8", string(8, 0, 1), "ab\u00e9\u6f22\0".encode().ljust(8, b"\0"))
case("string scalar", string(5, 2), b"ab   ", scalar=True)
case("opaque", logical(h5py.opaque_dtype("V7")), noise[:21])
mixed = [("a", "<f4"), ("bb", ">i2"), ("long member name", "<u8"), ("d", "<i4", (2, 3))]
aligned = np.dtype({"names": ["x", "y", "z"], "formats": ["i1", "<f8", ">u2"], "offsets": [0, 8, 16], "itemsize": 24})
backward = np.dtype({"names": ["x", "y"], "formats": ["<i4", "<i4"], "offsets": [4, 0], "itemsize": 8})
nested = np.dtype([("p", np.dtype([("q", ">f4"), ("c", "<c8")])), ("b", "?"), ("m", np.dtype([("k", "<i2")]), (2,))])
wide = np.dtype({"names": ["x", "y"], "formats": ["<i4", ">i2"], "offsets": [0, 300], "itemsize": 304})
for libver in ("earliest", "latest"):
    for name, dtype in (("mixed", np.dtype(mixed)), ("aligned", aligned), ("backward", backward), ("nested", nested), ("wide", wide)):
        raw = (noise * 20)[: 3 * dtype.itemsize]
        if name == "nested":
            raw = b"".join(raw[i : i + 12] + b"\1" + raw[i + 13 : i + dtype.itemsize] for i in range(0, len(raw), dtype.itemsize))
        case(f"record {name} {libver}", logical(dtype), raw, libver=libver)
    case(f"array {libver}", logical(np.dtype((">i2", (2, 3)))), noise[:24], libver=libver)
    case(f"array array {libver}", logical(np.dtype((np.dtype(("<i4", (3, 1))), (2,)))), noise[:48], libver=libver)
    case(f"array string {libver}", logical(np.dtype(("S5", (2, 2)))), b"abc\0\0abcde\0\0\0\0\0x\0y\0\0", libver=libver)
    strings = ["", "abc", "\u6f22\u5b57 caf\u00e9", "x" * 40]
    case(f"vlen str {libver}", logical(h5py.string_dtype()), data=strings, libver=libver)
    case(f"vlen ascii {libver}", logical(h5py.string_dtype("ascii")), data=[s for s in strings if s.isascii()], libver=libver)
    case(f"vlen str scalar {libver}", logical(h5py.string_dtype()), data="scalar", scalar=True, libver=libver, kind="vlen_string")
    for code in "<i4", ">i4":
        sequences = np.empty(3, object)
        sequences[:] = [np.array([1, -2, 3], code), np.array([], code), np.arange(10).astype(code)]
        dtype = h5py.vlen_dtype(np.dtype(code))
        case(f"vlen {code} {libver}", logical(dtype), data=sequences, libver=libver, big_vlen=code == ">i4")
    case(f"vlen scalar {libver}", logical(h5py.vlen_dtype(np.dtype("<f8"))), data=np.array([1.5, 2.5]), scalar=True, libver=libver)
# What h5py encodes but does not read.
emit("time", h5t.UNIX_D32LE.encode()[2:])
emit("time be", h5t.UNIX_D64BE.encode()[2:])
emit("ref object", h5t.STD_REF_OBJ.encode()[2:], dtype="object")
emit("ref region", h5t.STD_REF_DSETREG.encode()[2:], dtype="object")
emit("opaque tag", logical(h5py.opaque_dtype("M8[s]")).encode()[2:], dtype="<M8[s]")
with open(os.path.join(HERE, "types.tsv"), "w") as out:
    out.write("".join(line + "\n" for line in lines))
print(len(lines), "types")
