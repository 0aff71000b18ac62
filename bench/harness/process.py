"""One measured run of a program."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

LAUNCHER = Path(__file__).with_name("launch.py")


class Run(NamedTuple):
    wall: float  # seconds from start to end
    cpu: float  # user + system seconds
    peak: int  # bytes resident at most
    out: str  # standard output


def measure(command, timeout=1200):
    """Runs the command to its end. RuntimeError with the end of its errors where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report")
        line = [sys.executable, "-I", "-S", str(LAUNCHER), report, *map(str, command)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=timeout)
        wall, cpu, peak, code = Path(report).read_text().split() if done.returncode == 0 else (0, 0, 0, 1)
    if int(code):
        raise RuntimeError(f"{command[0]} failed ({code}):\n{done.stderr[-2000:]}")
    return Run(float(wall), float(cpu), int(peak), done.stdout)
