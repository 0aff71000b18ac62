#!/usr/bin/env python3
"""Takes every clause out of the planner's certificate, one at a time: a test must fail each time. Standard library only.

usage: mutants.py [NAME ...]        from the root of the project; NAME: only these

Works in a copy of the tracked files under the target directory, so the tree is left alone.
"""
import os, shutil, subprocess, sys, tempfile

PLANNED = "crates/pipeline/src/planned/"
# Name, file, text in it, replacement.
MUTANTS = [
    ("rows may only lie where known rows point", "certificate.rs", "<= slew * flown + spread", "<= 0.0 * flown + spread"),
    ("siblings lie on one line", "certificate.rs", "slew * flown + spread + SLACK", "slew * flown + 0.0 * spread + SLACK"),
    ("the pattern is never pointed aside", "course.rs", "self.width + reach + bend", "reach"),
    ("the node is known exactly", "course.rs", "let nodes = (edge(least, -1.0), edge(most, 1.0));", "let nodes = (node + moved, node + moved);"),
    ("a cell is a few points", "certificate.rs", "around(self.reach + OVERLAP)", "around(0.0)"),
    ("a cell is met once", "certificate.rs", "        stretches\n    }", "        stretches.truncate(1);\n        stretches\n    }"),
    ("nothing lies before the first known row", "bracket.rs", "close(next, chunk, from, Some(end(first)));", "if from.is_some() { close(next, chunk, from, Some(end(first))); }"),
    ("nothing lies behind the last known row", "bracket.rs", "        close(next, self.chunks.len(), from, None);\n", "        if from.is_none() { close(next, self.chunks.len(), from, None); }\n"),
    ("an unread track is done", "bracket.rs", "        close(next, self.chunks.len(), from, None);\n", "        if from.is_some() { close(next, self.chunks.len(), from, None); }\n"),
    ("nothing lies between known rows", "bracket.rs", "close(next, chunk, from, Some(end(first)));", "if from.is_none() { close(next, chunk, from, Some(end(first))); }"),
    ("rows of a chunk need not advance", "trace.rs", "onward.then(||", "(onward || true).then(||"),
    ("chunks need not follow each other", "premise.rs", "if flown < -SLACK {", "if flown < -SLACK && false {"),
    ("any number of rows fits", "premise.rs", "if count(row - from) >", "if false && count(row - from) >"),
    ("a track may jump aside", "premise.rs", "if (spot.beside - last.beside).abs() >", "if false && (spot.beside - last.beside).abs() >"),
    ("siblings may lie anywhere", "premise.rs", "if own.iter().any(apart) {", "if false && own.iter().any(apart) {"),
    ("the last chunk is not looked at", "mod.rs", "next.extend(last.filter(", "next.extend(last.filter(|_| false).filter("),
    ("rows in reverse are not thought of", "mod.rs", ".chain(reverse)", ".chain(reverse.filter(|_| false))"),
    ("a row off the orbit fits any orbit", "course.rs", "all.iter().all(|&place| dot(place, pole).abs() <= limit)", "(true || all.iter().all(|&place| dot(place, pole).abs() <= limit))"),
]


def copy(target):
    """The tracked files, as they are now; links to crates that tests include need the whole tree."""
    tree = os.path.join(target, "mutants", "tree")
    shutil.rmtree(tree, ignore_errors=True)
    for name in subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and os.path.exists(name):
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            shutil.copy2(name, os.path.join(tree, name))
    return tree


def survives(tree, target, log):
    command = ["cargo", "test", "--quiet", "--package", "pipeline", "--lib", "planned"]
    environment = {**os.environ, "CARGO_TARGET_DIR": os.path.join(target, "mutants", "target"), "PLANNER_CASES": "300",
                   "RUSTFLAGS": "-Awarnings", "PROPTEST_MAX_SHRINK_ITERS": "0"}
    done = subprocess.run(command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT)
    return done.returncode == 0


def main(names):
    target = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", "target"))
    tree = copy(target)
    alive, tried = [], 0
    with open(os.path.join(target, "mutants", "log"), "w") as log:
        if not survives(tree, target, log):
            sys.exit(f"the tests fail without any change: see {log.name}")
        for name, file, old, new in MUTANTS:
            if names and name not in names:
                continue
            path = os.path.join(tree, PLANNED, file)
            with open(path) as source:
                text = source.read()
            if text.count(old) != 1:
                sys.exit(f"{name}: `{old}` occurs {text.count(old)} times in {file}")
            with open(path, "w") as source:
                source.write(text.replace(old, new))
            lives = survives(tree, target, log)
            alive += [name] * lives
            tried += 1
            print(f"{'SURVIVES' if lives else 'found':<9} {name}", flush=True)
            with open(path, "w") as source:
                source.write(text)
    print(f"{tried - len(alive)} passed, {len(alive)} failed")
    sys.exit(bool(alive))


if __name__ == "__main__":
    main(sys.argv[1:])
