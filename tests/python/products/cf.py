"""Columns of an HDF5 track as the CF conventions mean them: f64 values, and which of them are missing. h5py and NumPy only.

A column is a plain dictionary (or just its path):
    column    path below the track's group, or a list of paths of which the first that exists is taken
    index     which column of a dataset of two dimensions
    axis      [path, wanted]: the column whose entry in that coordinate dataset is `wanted`
    fill      more stored numbers that stand for "no value"
    optional  a file may lack it
"""

import h5py
import numpy as np

FILL_ATTRIBUTES = ("_FillValue", "missing_value")


class Lacking(Exception):
    """A column that the product needs and the file does not have."""


def described(column):
    """The long form of a column."""
    return {"column": column} if isinstance(column, str) else column


def find(group, column):
    """The dataset of a column, or None where it is optional and absent."""
    column = described(column)
    paths = [column["column"]] if isinstance(column["column"], str) else column["column"]
    for path in paths:
        if isinstance(group.get(path), h5py.Dataset):
            return group[path]
    if column.get("optional"):
        return None
    raise Lacking(f"{group.name}: none of {paths}")


def chosen_index(group, column):
    """Which column of a dataset of two dimensions is meant; None: the dataset has one dimension."""
    if "axis" in column:
        path, wanted = column["axis"]
        (found,) = np.nonzero(group[path][:] == wanted)
        if len(found) == 0:
            raise Lacking(f"{group.name}/{path} has no {wanted}, only {group[path][:].tolist()}")
        return int(found[0])
    return column.get("index")


def stands_for(stored, fill):
    """Where stored numbers are one fill value.

    Programs write the attribute in another type than the data, so both are compared in the coarser of two floating types, and a
    float beside integers may be the largest integer plus one: what rounding to a float makes of the largest.
    """
    fill = np.asarray(fill)[()]
    if stored.dtype.kind == "f":
        if np.isnan(fill):
            return np.isnan(stored)
        kind = stored.dtype
        if fill.dtype.kind == "f" and fill.dtype.itemsize < kind.itemsize:
            kind = fill.dtype
        with np.errstate(over="ignore"):
            return stored.astype(kind) == fill.astype(kind)
    limits = np.iinfo(stored.dtype)
    if not np.isfinite(fill) or fill != np.trunc(fill):
        return np.zeros(stored.shape, bool)
    number = int(fill)
    if fill.dtype.kind == "f" and number == limits.max + 1:
        number = limits.max
    if not limits.min <= number <= limits.max:
        return np.zeros(stored.shape, bool)
    return stored == stored.dtype.type(number)


def own_fill(dataset):
    """The fill value that was chosen for the dataset, unless it is 0, which programs set without meaning anything."""
    chosen = dataset.id.get_create_plist().fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
    return dataset.fillvalue if chosen and dataset.fillvalue != 0 else None


def fills_of(dataset, quantity, more):
    """All numbers that stand for "no value". For conditions the dataset's own is none: flags that were never written are data."""
    fills = [fill for name in FILL_ATTRIBUTES if name in dataset.attrs for fill in np.ravel(dataset.attrs[name])]
    if quantity:
        own = own_fill(dataset)
        fills += [] if own is None else [np.asarray(own, dataset.dtype)]
    # A description's number is one as the column stores it: f32 rounds it.
    return fills + [np.float32(number) if dataset.dtype == np.float32 else np.float64(number) for number in more]


def never_written(dataset, index):
    """Rows whose element lies in a chunk without bytes."""
    rows = np.zeros(len(dataset), bool)
    if dataset.chunks is None:
        # A contiguous dataset has storage once anything was written to it, a compact one always has.
        layout = dataset.id.get_create_plist().get_layout()
        rows[:] = layout == h5py.h5d.CONTIGUOUS and dataset.id.get_storage_size() == 0
        return rows
    grid = [-(-size // chunk) for size, chunk in zip(dataset.shape, dataset.chunks)]
    if dataset.id.get_num_chunks() == np.prod(grid):
        return rows
    for start in range(0, len(dataset), dataset.chunks[0]):
        corner = (start,) if index is None else (start, index // dataset.chunks[1] * dataset.chunks[1])
        rows[start:start + dataset.chunks[0]] = dataset.id.get_chunk_info_by_coord(corner).byte_offset is None
    return rows


def stored_numbers(group, column, dataset):
    """The numbers of the file, one a row, and the index on the second axis."""
    index = chosen_index(group, column)
    if (index is None) != (dataset.ndim == 1):
        raise Lacking(f"{dataset.name} has the shape {dataset.shape}, and the index is {index}")
    if index is not None and index >= dataset.shape[1]:
        raise Lacking(f"{dataset.name} has {dataset.shape[1]} columns, not {index + 1}")
    stored = dataset[:] if index is None else dataset[:, index]
    return stored.astype(stored.dtype.newbyteorder("=")), index


def packing(dataset):
    """`scale_factor` and `add_offset`, or None for each that is not there."""
    return [np.float64(np.ravel(dataset.attrs[name])[0]) if name in dataset.attrs else None for name in ("scale_factor", "add_offset")]


def unpack(stored, dataset):
    scale, offset = packing(dataset)
    values = stored.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        values = values if scale is None else values * scale
        return values if offset is None else values + offset


def numbers(group, column, is_quantity):
    """(dataset, stored numbers, index, missing) of a column; None where it is optional and absent."""
    column = described(column)
    dataset = find(group, column)
    if dataset is None:
        return None
    stored, index = stored_numbers(group, column, dataset)
    missing = np.zeros(len(stored), bool)
    for fill in fills_of(dataset, is_quantity, column.get("fill", ())):
        missing |= stands_for(stored, fill)
    return dataset, stored, index, missing


def quantity(group, column):
    """(values, missing) of a coordinate, value, uncertainty or weight; None where it is optional and absent.

    A number that was never written is none: NaN, unless the fill value that it reads as says that it is missing.
    """
    read = numbers(group, column, True)
    if read is None:
        return None
    dataset, stored, index, missing = read
    values = unpack(stored, dataset)
    values[never_written(dataset, index)] = np.nan
    return values, missing


def flags(group, column):
    """(values, missing) of the column of a condition. Numbers that are not packed keep their type: integers are exact beyond 2^53,
    and what an f32 is compared with is rounded to f32."""
    read = numbers(group, column, False)
    if read is None:
        return None
    dataset, stored, _, missing = read
    plain = (stored.dtype.kind in "iu" or stored.dtype == np.float32) and packing(dataset) == [None, None]
    return (stored if plain else unpack(stored, dataset)), missing
