"""Values that h5py reads, in one byte form, to compare readers by hashes. Needs h5py and NumPy.

Numbers are little-endian; booleans one byte, enumerations their integer; text is a u32 length and its bytes without padding;
sequences of variable length a u32 count and their items; records their members one after the other. A scalar that is a sequence
of numbers is its items. References are left out: None.
"""
import hashlib

import h5py
import numpy as np


class NotCompared(Exception):
    """A type whose values have no bytes of their own."""


def sha256(data, dtype):
    """The hash of what h5py read of a dataset or attribute of the type `dtype`; None where values cannot be compared."""
    if dtype.kind == "O" and isinstance(data, np.ndarray) and data.dtype.kind != "O":
        dtype = data.dtype
    try:
        raw = elements(data if isinstance(data, np.ndarray) else boxed(data, dtype), dtype)
    except NotCompared:
        return None
    return hashlib.sha256(raw).hexdigest()


def elements(array, dtype):
    if dtype.subdtype:
        return elements(array, dtype.subdtype[0])
    if h5py.check_ref_dtype(dtype):
        raise NotCompared
    if h5py.check_string_dtype(dtype) and dtype.kind == "O":
        return b"".join(counted(item) for item in array.ravel())
    if dtype.kind == "O":
        base = h5py.check_vlen_dtype(dtype)
        if base is None:
            raise NotCompared
        return b"".join(sequence(item, base) for item in array.ravel())
    if dtype.kind == "S":
        return b"".join(counted(item) for item in array.ravel())
    if dtype.names:
        plain = all(is_plain(dtype[name]) for name in dtype.names)
        if plain:
            packed = np.empty(array.shape, [(name, little(dtype[name])) for name in dtype.names])
            for name in dtype.names:
                packed[name] = array[name]
            return packed.tobytes()
        return b"".join(b"".join(elements(boxed(item[name], dtype[name]), dtype[name]) for name in dtype.names) for item in array.ravel())
    return np.ascontiguousarray(array.astype(little(dtype), copy=False)).tobytes()


def is_plain(dtype):
    base = dtype.subdtype[0] if dtype.subdtype else dtype
    return base.kind in "iufbcV" and not base.names and not base.hasobject


def little(dtype):
    return np.dtype((little(dtype.subdtype[0]), dtype.subdtype[1])) if dtype.subdtype else dtype.newbyteorder("<")


def counted(text):
    text = text.encode() if isinstance(text, str) else bytes(text or b"")
    return len(text).to_bytes(4, "little") + text


def sequence(items, base):
    items = [] if items is None else items
    array = np.empty(len(items), base)
    array[:] = list(items) if base.kind == "O" else items
    return len(items).to_bytes(4, "little") + elements(array, base)


def boxed(value, dtype):
    """One value as an array without dimensions, also where it is an array itself."""
    if dtype.kind != "O":
        return np.asarray(value)
    box = np.empty((), object)
    box[()] = value
    return box
