"""Runs what the documents show and compares what it prints.

    check_docs.py ICESTREAM [FILE ...]       by default README.md and docs/*.md

Of each document, in one new folder with `granules` (the bundled ones), and the project's `tests` and `../shared` within reach:

* ```console blocks: lines that begin with `$ ` are run in a shell, with this ICESTREAM as `icestream` and this Python as
  `python`; what they print, errors included, must be what follows. `...` in a line stands for any text, a line of `...` for
  any lines.
* ```python blocks are run after those; a ```text block right after one is what it must print.
* everywhere: an option after `icestream COMMAND` must be one that the command's help knows, and a file that a link names
  must be there.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from places import ROOT, SHARED, shared

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)


def matches(expected, found):
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"\n" for line in expected
    )
    return re.fullmatch(pattern, re.sub(r"[ \t]+$", "", found, flags=re.M)) is not None


def run(command, folder, environment, shell):
    return subprocess.run(command, cwd=folder, env=environment, shell=shell, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def console(text, folder, environment):
    """Runs a console block; yields what went wrong."""
    commands = re.split(r"^\$ ", text, flags=re.M)
    assert not commands[0].strip(), f"output before the first command: {commands[0]}"
    for part in commands[1:]:
        command, *expected = part.splitlines()
        # A line that ends with a backslash continues on the next.
        while command.endswith("\\"):
            command = command[:-1] + expected.pop(0).strip()
        if "../shared" in command and not shared("data", command):
            continue
        found = run(command, folder, environment, True)
        found = found if not found or found.endswith("\n") else found + "\n"
        if not matches(expected, found):
            yield f"$ {command}\nexpected:\n" + "\n".join(expected) + f"\nfound:\n{found}"


def options(text, icestream, known):
    """Options that no help knows."""
    for line in text.splitlines():
        call = re.search(r"\bicestream ([a-z]+)\b(.*)", line)
        if not call or call[1] not in known["commands"]:
            continue
        name = call[1]
        if name not in known:
            known[name] = run([icestream, name, "--help"], ROOT, None, False)
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", call[2].split("#")[0]):
            if option not in known[name]:
                yield f"{option} is not an option of `icestream {name}`: {line.strip()}"


def links(path, text):
    """Files that links name and that are not there."""
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", FENCE.sub("", text)):
        if not (path.parent / target).exists():
            yield f"no such file: {target}"


def check(path, icestream, known, counts):
    text = path.read_text()
    wrong = [*options(text, icestream, known), *links(path, text)]
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(ROOT / "crates/cli/demo", f"{folder}/granules")
        os.makedirs(f"{folder}/bin")
        os.symlink(icestream, f"{folder}/bin/icestream")
        os.makedirs(f"{folder}/desk")
        for name in ("tests", "crates", "examples"):
            os.symlink(ROOT / name, f"{folder}/desk/{name}")
        os.symlink(ROOT / "crates/cli/demo", f"{folder}/desk/granules")
        if SHARED.is_dir():
            os.symlink(SHARED.resolve(), f"{folder}/shared")
        environment = {**os.environ, "PATH": f"{folder}/bin:{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
        work = f"{folder}/desk"
        blocks = list(FENCE.finditer(text))
        for block in blocks:
            if block[1] == "console":
                wrong += console(block[2], work, environment)
                counts["console"] += 1
        for at, block in enumerate(blocks):
            body = block[2]
            if block[1] == "python":
                found = run([sys.executable, "-c", body], work, environment, False)
                after = blocks[at + 1] if at + 1 < len(blocks) else None
                beside = after and after[1] == "text" and not text[block.end():after.start()].strip()
                if beside and not matches(after[2].splitlines(), found):
                    wrong.append(f"python:\n{body}expected:\n{after[2]}found:\n{found}")
                elif "Traceback" in found:
                    wrong.append(f"python:\n{body}{found}")
                counts["python"] += 1
    return wrong


def main():
    icestream, files = os.path.abspath(sys.argv[1]), [pathlib.Path(name).resolve() for name in sys.argv[2:]]
    files = files or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    known = {"commands": re.findall(r"^  ([a-z]+) ", run([icestream, "--help"], ROOT, None, False), re.M)}
    counts, failed = {"console": 0, "python": 0}, 0
    for path in files:
        for problem in check(path, icestream, known, counts):
            failed += 1
            print(f"{path.relative_to(ROOT)}: {problem}")
    print(f"{'ok  ' if not failed else ''}{len(files)} documents, {counts['console']} console and {counts['python']} Python blocks")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
