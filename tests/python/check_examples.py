"""Runs every example and compares what it prints with the text beside it.

    check_examples.py ICESTREAM            exits with 0 if all agree
    check_examples.py ICESTREAM --write    writes the texts anew

The commands in an example's docstring make its inputs: they are what is run here, in a new folder, in their order.
"""

import ast
import difflib
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def main():
    icestream, write = os.path.abspath(sys.argv[1]), "--write" in sys.argv
    examples = sorted((ROOT / "examples").glob("*.py"))
    assert len(examples) >= 3, examples
    lines = 0
    for example in examples:
        text = ast.get_docstring(ast.parse(example.read_text()), clean=False)
        commands = [shlex.split(line) for line in text.splitlines() if line.startswith("    ")]
        assert commands[-1] == ["python", f"examples/{example.name}"], commands
        with tempfile.TemporaryDirectory() as folder:
            for command in commands[:-1]:
                assert command[0] == "icestream", command
                # Paths of the project, from anywhere.
                run([icestream, *(str(ROOT / part) if part.startswith("crates/") else part for part in command[1:])], folder)
            found = run([sys.executable, str(example)], folder)
        beside = example.with_suffix(".txt")
        if write:
            beside.write_text(found)
        expected = beside.read_text()
        difference = "".join(difflib.unified_diff(expected.splitlines(True), found.splitlines(True), beside.name, "found"))
        assert not difference, difference
        lines += len(found.splitlines())
    print(f"ok  {len(examples)} examples, {lines} lines as expected")


if __name__ == "__main__":
    main()
