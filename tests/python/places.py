"""Where things are: the project, what is compiled, the shared data. Standard library only; bench/harness links here."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
# The environment variable SHARED names another folder than the one beside the project, or hides it: SHARED=none.
SHARED = ROOT / os.environ.get("SHARED", "../shared")


def shared(path, wanted_by):
    """A file or folder of the shared data, or None after printing what is skipped without it."""
    found = SHARED / path
    if SHARED.name != "none" and found.exists():
        return found
    print(f"skipped: no shared data ({wanted_by})", flush=True)
    return None
