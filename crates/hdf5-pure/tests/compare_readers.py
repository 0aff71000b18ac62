#!/usr/bin/env python3
"""What other readers make of the numeric datasets of the HDF5 corpus; writes compare_readers.json beside this file.

usage: compare_readers.py          in an environment with h5py and h5coro (pip install h5py h5coro), from anywhere

Each file is read by a process of its own, so that a crash or a hang counts for that file and no other. The published wheel
of h5py holds libhdf5 with deflate, szip's decoder and LZF, and no plugins.
"""
import collections, hashlib, importlib.metadata, json, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(f"{HERE}/../../..")
sys.path.insert(0, f"{ROOT}/tests/python")
os.chdir(ROOT)
import conformance  # noqa: E402

SECONDS = 20


def canonical(values):
    """SHA-256 of numbers in C order, little-endian."""
    import numpy
    values = numpy.ascontiguousarray(values)
    return hashlib.sha256(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()).hexdigest()


def read_h5py(path, names):
    import h5py
    with h5py.File(path, "r") as file:
        for name in names:
            yield name, lambda: file[name][()]


def read_h5coro(path, names):
    import logging
    from h5coro import h5coro, filedriver
    logging.disable(logging.CRITICAL)
    for name in names:
        def values():
            file = h5coro.H5Coro(path, filedriver.FileDriver, errorChecking=True, verbose=False)
            promise = file.readDatasets([name.lstrip("/")], block=True)
            got = promise[name.lstrip("/")]
            if got is None:
                raise ValueError("nothing read")
            return got
        yield name, values


READERS = {"h5py": read_h5py, "h5coro": read_h5coro}


def child(reader, path, names):
    """Prints a line a dataset: its hash or what went wrong."""
    for name, values in READERS[reader](path, names):
        try:
            line = {"name": name, "sha256": canonical(values())}
        except BaseException as error:
            line = {"name": name, "error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(line), flush=True)


def verdicts(reader, line, datasets):
    names = [dataset["name"] for dataset in datasets]
    command = [sys.executable, __file__, "--child", reader, f"{conformance.CORPUS}/{line['file']}", json.dumps(names)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        said = done.stdout
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode()
    got = {}
    for text in said.splitlines():
        if text.startswith('{"name"'):
            answer = json.loads(text)
            got[answer["name"]] = answer.get("sha256")
    for dataset in datasets:
        hash_ = got.get(dataset["name"])
        yield dataset, "error" if hash_ is None else "identical" if hash_ == dataset["sha256"] else "wrong"


def main():
    results = {}
    for reader in READERS:
        total, by_feature = collections.Counter(), collections.defaultdict(collections.Counter)
        for line in conformance.expectations():
            datasets = [d for d in line.get("datasets", []) if conformance.comparable(d) and d["kind"] == "numeric"]
            for dataset, verdict in verdicts(reader, line, datasets) if datasets else ():
                total[verdict] += 1
                for feature in conformance.features(line, dataset):
                    by_feature[feature][verdict] += 1
        print(reader, dict(total), flush=True)
        results[reader] = {"version": importlib.metadata.version(reader), "total": total, "features": by_feature}
    with open(f"{HERE}/compare_readers.json", "w") as file:
        json.dump(results, file, indent=1, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
    else:
        main()
