"""The cells that are compared, their granules, and what the referee says of them."""
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    name: str
    cell: int
    folder: Path
    granules: list  # names of files in the folder

    def paths(self):
        return [str(self.folder / name) for name in self.granules]


def find(name, shared, target, python):
    """The case of this name; synthetic granules are made where they are not there."""
    if name == "real":
        folder = shared / "data" / "atl06"
        return Case(name, 4441321, folder, sorted(path.name for path in folder.glob("*.h5")))
    known = full_size_cases(shared)
    return Case(name, known["cells"][name], full_size(name, shared, target, python), known[name])


def full_size(name, shared, target, python):
    """The folder of the granules of `typical`, `dense` or `all`: GRANULES, or one under the target of what this generator makes."""
    generator, known = shared / "tools" / "make_granules.py", full_size_cases(shared)
    version = hashlib.sha256(generator.read_bytes()).hexdigest()[:8]
    folder = Path(os.environ.get("GRANULES") or target / "granules" / version)
    wanted = known.get(name) or {*known["typical"], *known["dense"]}
    if any(not (folder / granule).exists() for granule in wanted):
        print(f"making the granules of {name} in {folder} (about 10 s each)", file=sys.stderr, flush=True)
        subprocess.run([python, generator, shared / "data" / "atl06", folder, name], check=True, stdout=sys.stderr)
    return folder


def full_size_cases(shared):
    """Cells and names of granules, as the generator lists them."""
    listed = re.search(r"^CASES = (\{.*?^\})", (shared / "tools" / "make_granules.py").read_text(), re.M | re.S)
    return json.loads(listed.group(1))


def referee(case, target, python):
    """Floor and answers from floor.py, kept in target/bench-referee while program and granules stay as they are."""
    program = Path(__file__).parents[1] / "floor.py"
    sizes = [(path, Path(path).stat().st_size, Path(path).stat().st_mtime_ns) for path in case.paths()]
    key = hashlib.sha256(program.read_bytes() + repr(sizes).encode()).hexdigest()
    kept = target / "bench-referee" / f"{case.name}.json"
    if kept.exists() and (known := json.loads(kept.read_text()))["key"] == key:
        return known
    out = subprocess.run([python, program, str(case.cell), *case.paths()], check=True, capture_output=True, text=True).stdout
    known = {"key": key, **json.loads(out)}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(known))
    return known
