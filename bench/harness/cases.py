"""The cells that are compared, their granules, and what the referee says of them."""
import hashlib
import json
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
    generator = shared / "tools" / "make_granules.py"
    listed = re.search(r"^CASES = (\{.*?^\})", generator.read_text(), re.M | re.S)
    cases = json.loads(listed.group(1))
    case = Case(name, cases["cells"][name], target / "granules", cases[name])
    if any(not Path(path).exists() for path in case.paths()):
        print(f"making the granules of {name} in {case.folder.name}/ (about 10 s each)", file=sys.stderr, flush=True)
        subprocess.run([python, generator, shared / "data" / "atl06", case.folder, name], check=True, stdout=sys.stderr)
    return case


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
