#!/usr/bin/env python3
"""Values that hdf5-pure reads, whole and in strided parts, against h5py.

usage: check_reader.py DUMP        DUMP is the compiled example `dump` of hdf5-pure

Reads every dataset and attribute of the shared products, granules and HDF5 corpus, and of files made here of every type; then
twenty random parts of each of up to forty datasets a file, all of a file in one plan. Fails on the first difference of a file, or when reading
256 MB takes more than 1.3 times as much memory. Needs h5py and NumPy.
"""
import json, os, random, subprocess, sys, tempfile, warnings

import h5py
import numpy as np

import canonical
from places import ROOT, shared

OWN = ROOT / "crates/hdf5-pure/tests/fixtures"
CORPUS_KINDS = {"numeric", "compound", "fixed_string", "vlen_string", "vlen_seq"}
PARTS, DATASETS, BIG = 20, 40, 256 << 20
# Runs a command; prints what it prints, then the most memory that it took, in KiB.
MEASURE = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)"""
chance = random.Random(11)


def dump(command, *arguments):
    """What the example prints, a dictionary a line."""
    done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"dump {' '.join(map(str, arguments))}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def hashed(read, dtype):
    """The hash of what `read` returns; None where h5py cannot read it, or where it is not compared."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data, kind = read(), dtype()
    except (OSError, TypeError, ValueError, RuntimeError, KeyError, NotImplementedError):
        return None
    if isinstance(data, h5py.Empty) or big_sequences(kind):
        return None
    return canonical.sha256(data, kind)


def big_sequences(dtype):
    """h5py 3.16 reads big-endian items of variable-length sequences with their bytes in the wrong order."""
    base = h5py.check_vlen_dtype(dtype)
    if isinstance(base, np.dtype):
        return base.byteorder == ">" or bool(base.names) or big_sequences(base)
    return bool(dtype.names) and any(big_sequences(dtype[name]) for name in dtype.names)


def whole(command, path, count):
    """Everything in a file that h5py can read."""
    with h5py.File(path, "r") as file:
        for line in dump(command, path):
            try:
                found = file[line["path"]]
            except (KeyError, OSError, RuntimeError):
                continue
            if isinstance(found, h5py.Dataset):
                expected = hashed(lambda: found[()], lambda: found.dtype)
                compare(count, expected, line, f"{path}{line['path']}")
            for name, value in (line["attributes"] if "error" not in line["attributes"] else {}).items():
                expected = hashed(lambda: found.attrs[name], lambda: found.attrs.get_id(name).dtype)
                compare(count, expected, value, f"{path}{line['path']}@{name}")


def compare(count, expected, line, where):
    if expected is None:
        count["not compared"] += 1
    elif line.get("sha256") == expected:
        count["equal"] += 1
    else:
        raise SystemExit(f"{where}: {line}, h5py reads {expected}")


def parts(command, path, count, folder):
    """Random parts with strides, all of a file in one plan."""
    wants = []
    with h5py.File(path, "r") as file:
        names = []
        file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) and found.shape and found.size else None)
        for name in chance.sample(names, min(len(names), DATASETS)):
            found = file[name]
            for _ in range(PARTS):
                part = [strided(n) for n in found.shape]
                slices = tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in part)
                expected = hashed(lambda: found[slices], lambda: found.dtype)
                if expected is None:
                    break
                wants.append(("/" + name, part, expected))
    listed = os.path.join(folder, "parts")
    with open(listed, "w") as out:
        for name, part, _ in wants:
            out.write("\t".join([name, *(":".join(map(str, dim)) for dim in part)]) + "\n")
    for (name, part, expected), line in zip(wants, dump(command, path, listed), strict=True):
        compare(count, expected, line, f"{path}{name} {part}")


def strided(n):
    stride = chance.choice([1, 1, 2, 3, 7])
    start = chance.randrange(n)
    return start, chance.randint(1, (n - 1 - start) // stride + 1), stride


def corpus(command, folder, count):
    """The corpus, whose hashes h5py has made already."""
    with open(folder / "expected.jsonl") as lines:
        files = [json.loads(line) for line in lines]
    for file in files:
        if not file["file"].startswith("files/"):
            continue
        done = subprocess.run([command, folder / file["file"]], capture_output=True, text=True)
        found = {line["path"]: line for line in map(json.loads, done.stdout.splitlines())}
        for dataset in file["datasets"]:
            line = found.get(dataset["name"])
            if line is None or "sha256" not in line or dataset.get("kind") not in CORPUS_KINDS or dataset.get("undefined_fill"):
                count["not compared"] += 1
            else:
                compare(count, dataset.get("sha256"), line, file["file"] + dataset["name"])


def memory(command, folder):
    """What reading a large dataset takes beyond the dataset."""
    shown = []
    path = os.path.join(folder, "big.h5")
    numbers = np.arange(BIG // 4, dtype="<f4") % 1000
    expected = canonical.sha256(numbers, numbers.dtype)
    for options in ({}, {"chunks": (1 << 18,), "compression": 1}, {"dtype": ">f4", "chunks": (1 << 18,)}):
        with h5py.File(path, "w") as file:
            file.create_dataset("big", data=numbers, **options)
        listed = os.path.join(folder, "parts")
        with open(listed, "w") as out:
            out.write(f"/big\t0:{len(numbers)}:1\n")
        # In a process of its own: one that is forked counts the memory of its parent.
        done = subprocess.run([sys.executable, "-c", MEASURE, command, path, listed], capture_output=True, text=True)
        line, used = done.stdout.splitlines() if done.returncode == 0 else ("{}", "0")
        if json.loads(line).get("sha256") != expected:
            raise SystemExit(f"{options}: {line} {done.stderr}")
        shown.append(int(used) * 1024 / BIG)
        if shown[-1] > 1.3:
            raise SystemExit(f"{options}: {shown[-1]:.2f} times the size of the dataset in memory")
    print(f"memory for {BIG >> 20} MiB of f4, contiguous, deflated, big-endian: " + ", ".join(f"{times:.2f}" for times in shown) + " times as much")


def main(command):
    with tempfile.TemporaryDirectory() as folder:
        memory(command, folder)
        files = [OWN / "values.h5", OWN / "btree1.h5", OWN / "btree2.h5", OWN / "user_block.h5"]
        for name in ("data/products", "data/atl06"):
            if found := shared(name, "values of real files"):
                files += sorted(found.glob("*.h5"))
        count = {"equal": 0, "not compared": 0}
        for path in files:
            whole(command, path, count)
        print(f"{len(files)} files, datasets and attributes: {count}")
        count = {"equal": 0, "not compared": 0}
        for path in files:
            parts(command, path, count, folder)
        print(f"{len(files)} files, strided parts: {count}")
    if found := shared("data/hdf5", "values of the corpus"):
        count = {"equal": 0, "not compared": 0}
        corpus(command, found, count)
        print(f"corpus: {count}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
