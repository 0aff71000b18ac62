#!/usr/bin/env python3
"""Every file of the HDF5 corpus through `icestream checksum`, against what h5py says of it.

usage: conformance.py [--write] [--list]

Fails when one dataset is wrong, fewer than 97 % of the numeric ones are identical, a malformed file costs more than 2 s or
256 MB or ends by a signal or a panic, or the matrix in the reader's README is not the one of this run. --write updates that
matrix, --list names every dataset that is not identical. Standard library only.
"""
import collections, concurrent.futures, json, os, re, resource, subprocess, sys, threading

from places import SHARED, TARGET, shared

ICESTREAM = os.path.abspath(os.environ.get("ICESTREAM", TARGET / "debug/icestream"))
CORPUS = SHARED / "data/hdf5"
README = "crates/hdf5-pure/README.md"
OTHERS = "crates/hdf5-pure/tests/compare_readers.json"      # made by compare_readers.py beside it
KINDS = ["numeric", "compound", "fixed_string", "vlen_string", "vlen_seq"]      # the kinds with a hash by value
SECONDS, MEMORY = 2, 256 << 20
# Address space beyond the memory: the binary with its debug information, and stacks that are reserved but not used.
RESERVED = 192 << 20

FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "n-bit", 6: "scale-offset", 305: "LZO", 307: "bzip2",
           32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32013: "ZFP", 32015: "Zstandard",
           32018: "JPEG-LS", 32026: "Blosc2"}
INDEXES = ["chunk idx btree v1", "chunk idx single", "chunk idx implicit", "chunk idx fixed array",
           "chunk idx extensible array", "chunk idx btree v2"]
FILE_FEATURES = ["superblock v0", "superblock v1", "superblock v2", "superblock v3", "userblock", "ohdr v1", "ohdr v2",
                 "ohdr continuation", "group symbol table", "link msg", "dense links", "dense attrs", "SOHM table",
                 "layout msg v1", "layout msg v2", "layout msg v3", "layout msg v4"]
CLASSES = {"int": "integers", "float": "floats", "enum": "enumerations", "bitfield": "bit fields", "string": "strings",
           "vlen": "variable-length", "compound": "compound", "array": "arrays", "class11": "complex"}


def expectations():
    with open(f"{CORPUS}/expected.jsonl") as lines:
        return [json.loads(line) for line in lines]


def comparable(dataset):
    """Whether the expectations hold a hash of this dataset's values."""
    return "sha256" in dataset and dataset.get("kind") in KINDS and not dataset.get("undefined_fill")


def features(line, dataset):
    """What a reader must know for this dataset, in the words of the matrix."""
    has = line["features"]
    found = [name for name in FILE_FEATURES if name in has]
    found.append("layout " + dataset["layout"])
    if dataset["layout"] == "chunked":
        found += [name for name in INDEXES if name in has]
    found += ["filter " + FILTERS.get(f[0], str(f[0])) for f in dataset["filters"]]
    kind = dataset["type"].get("class")
    found.append("type " + CLASSES.get(kind, kind))
    if dataset["type"].get("order") == "be":
        found.append("type big-endian")
    return sorted(set(found))


def restrict():
    """In the child: a malformed file may not cost more."""
    for kind, limit in [(resource.RLIMIT_AS, MEMORY + RESERVED), (resource.RLIMIT_CPU, 2 * SECONDS)]:
        resource.setrlimit(kind, (limit, limit))


def checksum(name, malformed=False):
    """Runs the binary over a file: (exit code, CPU seconds, peak bytes, lines by path, what it said)."""
    command = [ICESTREAM, "checksum", f"{CORPUS}/{name}"]
    environment = {**os.environ, "TOKIO_WORKER_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                             preexec_fn=restrict if malformed else None)
    # One that waits for ever uses no CPU time, which is what is bounded: the clock of a loaded machine says little.
    late = threading.Timer(60, child.kill)
    late.start()
    said = child.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(child.pid, 0)
    late.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    lines = {}
    for text in said.splitlines():
        if text.startswith("{"):
            line = json.loads(text)
            lines[line["path"]] = line
    return child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, lines, said


class Tally:
    """Verdicts on the datasets of one kind or feature."""

    def __init__(self):
        self.count = collections.Counter()

    def add(self, verdict):
        self.count[verdict] += 1
        self.count["datasets"] += 1


def judge(line, got):
    """Verdicts of one file: (dataset, verdict, why)."""
    _, _, _, lines, said = got
    for dataset in line["datasets"]:
        if not comparable(dataset):
            continue
        is_ = lines.get(dataset["name"])
        if is_ is None:
            yield dataset, "error", said.strip().splitlines()[-1] if said.strip() else "nothing said"
        elif "error" in is_:
            yield dataset, "unsupported" if is_["class"] == "unsupported" else "error", is_["error"]
        elif is_["sha256"] == dataset["sha256"]:
            yield dataset, "identical", ""
        else:
            yield dataset, "wrong", f"{is_['kind']} {is_['sha256'][:8]}, should be {dataset['kind']} {dataset['sha256'][:8]}"


def reason(text):
    """An error without the numbers of its file."""
    text = re.sub(r"^chunk at \d+: | \(/[^)]*\)$", "", text)
    return re.sub(r"\d{3,}|0x[0-9a-f]+|[0-9a-f]{8}", "N", text) if "filter" not in text else text


def judge_all(lines):
    """Runs the well-formed files; answers tallies by kind, of the numeric datasets by feature, and what is not identical."""
    kinds, by_feature, failures = collections.defaultdict(Tally), collections.defaultdict(Tally), []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line, got in zip(lines, pool.map(lambda line: checksum(line["file"]), lines)):
            if got[0] < 0 or "panicked" in got[4]:
                failures.append((line["file"], "wrong", f"exit {got[0]}: {got[4][-300:]}"))
                kinds["all"].add("wrong")
            for dataset, verdict, why in judge(line, got):
                kinds[dataset["kind"]].add(verdict)
                for feature in ["all", *features(line, dataset)] if dataset["kind"] == "numeric" else ():
                    by_feature[feature].add(verdict)
                if verdict != "identical":
                    failures.append((line["file"] + dataset["name"], verdict, why))
    return kinds, by_feature, failures


def judge_malformed(lines):
    """Runs the malformed files; answers a tally of endings and what broke a rule."""
    endings, broken, worst = collections.Counter(), [], [0.0, 0]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line, got in zip(lines, pool.map(lambda line: checksum(line["file"], True), lines)):
            code, seconds, peak, _, said = got
            worst = [max(worst[0], seconds), max(worst[1], peak)]
            endings["read" if code == 0 else "error"] += 1
            if code < 0 or code == 101 or "panicked" in said or seconds > SECONDS or peak > MEMORY:
                broken.append(f"{line['file']}: exit {code}, {seconds:.2f} s, {peak >> 20} MB: {said[-200:]}")
    return endings, broken, worst


def table(kinds, files):
    """Rows of the first table."""
    columns = ["identical", "unsupported", "error", "wrong"]
    yield ["kind", "datasets", "readable", *columns]
    total = collections.Counter()
    for kind in KINDS:
        total += kinds[kind].count
    for name, count in [*((kind, kinds[kind].count) for kind in KINDS), (f"all, in {files} files", total)]:
        yield [name, count["datasets"], count["identical"] + count["wrong"], *(count[c] for c in columns)]


def markdown(rows):
    rows = [[str(cell) for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def order(feature):
    """Features in the order of the file format, from the outside in."""
    known = FILE_FEATURES + ["layout compact", "layout contiguous", "layout chunked", *INDEXES, "layout virtual"]
    if feature == "all":
        return (0, -1, "")
    return (0, known.index(feature), "") if feature in known else (1, 0, feature)


def matrix(by_feature):
    """Rows of the support matrix: identical datasets of all of that feature, reader by reader."""
    with open(OTHERS) as file:
        others = json.load(file)
    yield ["needs", "numeric datasets", "hdf5-pure", *(f"{name} {r['version']}" for name, r in others.items())]
    for feature in sorted(by_feature, key=order):
        count = by_feature[feature].count
        cells = [r["total"] if feature == "all" else r["features"].get(feature, {}) for r in others.values()]
        shown = [f"{c.get('identical', 0)}" + (f", {c['wrong']} wrong" if c.get("wrong") else "") for c in cells]
        yield [feature, count["datasets"], count["identical"], *shown]


def section(kinds, by_feature, failures, malformed, files):
    """The text between the markers of the README."""
    endings, _, _ = malformed
    why = collections.Counter((verdict, reason(text)) for _, verdict, text in failures)
    listed = "\n".join(f"- {n} {verdict}: {text}" for (verdict, text), n in sorted(why.items()))
    return (f"{markdown(table(kinds, files))}\n\nNot identical:\n\n{listed}\n\n"
            f"{sum(endings.values())} malformed files: {endings['error']} end in an error, {endings['read']} are read; each "
            f"within {SECONDS} s and {MEMORY >> 20} MB, none by a panic or a signal.\n\n{markdown(matrix(by_feature))}")


def keep(new, write):
    """Compares the README's matrix with the run's, or replaces it; answers what is amiss."""
    begin, end = "<!-- conformance: begin -->", "<!-- conformance: end -->"
    with open(README) as file:
        text = file.read()
    head, rest = text.split(begin)
    old, tail = rest.split(end)
    if old.strip() == new.strip():
        return []
    if write:
        with open(README, "w") as file:
            file.write(f"{head}{begin}\n{new}\n{end}{tail}")
        return []
    return [f"the matrix in {README} is not the one of this run: tests/python/conformance.py --write"]


def main(arguments):
    if not shared("data/hdf5", "conformance"):
        return 0
    lines = expectations()
    good = [line for line in lines if line.get("class") != "malformed"]
    bad = [line for line in lines if line.get("class") == "malformed"]
    kinds, by_feature, failures = judge_all(good)
    malformed = judge_malformed(bad)
    print("\n".join(" ".join(f"{cell!s:>13}" for cell in row) for row in table(kinds, len(good))))
    _, broken, (seconds, peak) = malformed
    print(f"malformed: {dict(malformed[0])}; at most {seconds:.2f} s, {peak >> 20} MB")
    if "--list" in arguments:
        print("\n".join(f"{verdict}: {name}: {why}" for name, verdict, why in failures))
    numeric = kinds["numeric"].count
    amiss = [f"wrong: {name}: {why}" for name, verdict, why in failures if verdict == "wrong"] + broken
    if not numeric["datasets"] or numeric["identical"] < 0.97 * numeric["datasets"]:
        amiss.append(f"only {numeric['identical']} of {numeric['datasets']} numeric datasets are identical")
    amiss += keep(section(kinds, by_feature, failures, malformed, len(good)), "--write" in arguments)
    print("\n".join(amiss), end="\n" if amiss else "")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
