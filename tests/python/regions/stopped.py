"""Stops a run at any moment: what has its final name is whole, and the same command finishes the work, to the byte."""

import os
import random
import resource
import shutil
import signal
import subprocess
import time

import numpy as np

import asked
import asking
from together import BOX

FILES = ("nc", "tif", "parquet", "fgb", "csv")


def reference(tool, words):
    """(folder of everything that a run writes, seconds that it takes)."""
    folder = tool.folder / "reference"
    folder.mkdir()
    began = time.monotonic()
    tool.call(*command(tool, folder, words))
    return folder, time.monotonic() - began


def command(tool, folder, words):
    outs = [word for ending in ("zarr", *FILES) for word in ("--out", folder / f"basin.{ending}")]
    return ["grid", *tool.granules, f"--region={BOX}", "--quiet", "--cells-per-call", "2", *outs, *words]


def whole(folder, expected):
    """What is half-made under a final name: files must be those of a whole run; a parent with a mark must have its rows, and the
    chunks of a store must be readable."""
    wrong = []
    for ending in FILES:
        path = folder / f"basin.{ending}"
        if path.exists() and path.read_bytes() != (expected / path.name).read_bytes():
            wrong.append(f"{path.name} is half-made")
    store, truth = folder / "basin.zarr", expected / "basin.zarr"
    if not (store / "12/zarr.json").exists():
        return wrong
    marks = [path.parent.name for path in store.glob("cells/*/zarr.json")]
    if marks:
        mine, theirs = asked.arrays(store), asked.arrays(truth)
        parents = theirs["cell_ids"] >> np.uint64(12)
        done = np.isin(parents, [asked.PLACES.nested(int(name))[1] for name in marks])
        for name, values in theirs.items():
            if name != "cell_ids":
                wrong += [f"with a mark, {one}" for one in asked.equal(name, mine[name][..., done], values[..., done])]
    return wrong


def finished(tool, folder, expected, words):
    """What is wrong after the same command has been given again."""
    done = tool.call(*command(tool, folder, words), code=None)
    # The one that was stopped may have been at its end: what is there is whole then, and refused.
    if done.returncode and not (done.returncode == 2 and "is already there" in done.stderr):
        return [f"again: exit code {done.returncode}: {done.stderr.strip()[-300:]}"]
    return asked.differing(expected, folder)


def stopped(tool, folder, words, how, after):
    """Begins a run, sends it a signal after some seconds; returns its exit code and what it said."""
    process = subprocess.Popen([tool.command, *map(str, command(tool, folder, words))], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(after)
    process.send_signal(how)
    said, error = process.communicate(timeout=asked.SECONDS)
    return process.returncode, said + error


def at_moments(tool, how, count, words=()):
    """(how often it was stopped, what is wrong): some runs are stopped several times before they may end."""
    expected, seconds = reference(tool, words)
    chance, wrong, times = random.Random(7), [], 0
    for number in range(count):
        folder = tool.folder / f"{how.name}-{number}"
        folder.mkdir()
        for _ in range(1 + number % 3):
            code, said = stopped(tool, folder, words, how, chance.uniform(0.02, 1.05) * seconds)
            times += code != 0
            if how == signal.SIGINT and code not in (0, 130, -signal.SIGINT) or "panicked" in said:
                wrong.append(f"exit code {code}: {said[-200:]}")
            wrong += whole(folder, expected)
        wrong += finished(tool, folder, expected, words)
        shutil.rmtree(folder)
    return times, wrong


def killed(tool):
    count = (10, 20, 200)[tool.thorough]
    times, wrong = at_moments(tool, signal.SIGKILL, count)
    yield f"killed {times} times in {count} runs", wrong


def interrupted(tool):
    count = (4, 10, 60)[tool.thorough]
    times, wrong = at_moments(tool, signal.SIGINT, count, ["--overviews", "10"])
    yield f"interrupted {times} times in {count} runs", wrong
    # Ctrl-C in the middle of reading ends in good order, and says how to go on.
    paths = asking.copies(tool, "served")
    with asking.Server(tool, tool.folder / "served") as server:
        server.get("/__latency?ms=200")
        links = [f"http://127.0.0.1:{server.port}/{path.name}" for path in paths]
        # So many cells of files that reading takes seconds.
        for title, granules, more in (("files are", tool.granules, ["--parent-order", "10"]), ("a server is", links, [])):
            words = [tool.command, "grid", *granules, f"--region={BOX}", "--out", tool.new(), "--cells-per-call", "16", *more]
            process = subprocess.Popen([str(word) for word in words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            said = "".join(process.communicate(timeout=asked.SECONDS))
            good = process.returncode == 130 and "run the same command again" in said
            yield f"Ctrl-C while {title} read", [] if good else [f"exit code {process.returncode}: {said.strip()[-200:]}"]


def at_once(tool):
    """The same command twice at once: one of the two may say so and fail; the store is whole after the next run."""
    expected, wrong = tool.grid(tool.granules, BOX), []
    for number in range((12, 25, 100)[tool.thorough]):
        store = tool.new()
        words = [tool.command, "grid", *tool.granules, f"--region={BOX}", "--quiet", "--cells-per-call", 1 + 255 * (number % 2), "--out", store]
        both = [subprocess.Popen([str(word) for word in words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        said = ["".join(one.communicate(timeout=asked.SECONDS)) for one in both]
        for one, text in zip(both, said):
            if one.returncode and "another" not in text or "panicked" in text:
                wrong.append(f"exit code {one.returncode}: {text.strip()[-200:]}")
        tool.grid(tool.granules, BOX, out=store)
        wrong += asked.differing(expected, store)
    yield "twice at once", wrong


def overwritten(tool):
    """Killed while it takes away the store of an earlier run: that command makes its store again, and so does the new one."""
    first = ["grid", *tool.granules, f"--region={BOX}", "--quiet", "--out"]
    second = ["grid", *tool.granules[1:], *first[-3:]]
    stores = [tool.folder / "first.zarr", tool.folder / "second.zarr"]
    for command, store in zip((first, second), stores):
        tool.call(*command, store)
    wrong, count = [], (6, 12, 40)[tool.thorough]
    for number in range(count):
        store = tool.new()
        shutil.copytree(stores[0], store)
        shutil.copyfile(f"{stores[0]}.grid", f"{store}.grid")
        few = len(asked.tree(store)) - number % 8
        process = subprocess.Popen([tool.command, *map(str, second), store, "--overwrite"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and sum(len(files) for _, _, files in os.walk(store)) >= few:
            pass
        process.kill()
        process.wait()
        at = number % 2
        done = tool.call(*[first, second][at], store, "--overwrite", code=None)
        wrong += asked.differing(stores[at], store) if not done.returncode else [f"exit code {done.returncode}: {done.stderr[-200:]}"]
    yield f"killed {count} times while a store is replaced", wrong


def limited(tool, folder, size, ignored):
    """A run whose files may have a size; the signal for that ends it, or is ignored, and then writing fails."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignored else signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    words = [tool.command, *map(str, command(tool, folder, []))]
    return subprocess.run(words, text=True, capture_output=True, preexec_fn=limit, timeout=asked.SECONDS)


def room(tool):
    """No room: files limited in size, and a full disk."""
    expected, _ = reference(tool, [])
    for size in ((0, 3000, 25_000, 60_000) if not tool.thorough else (0, 100, 1000, 3000, 10_000, 25_000, 40_000, 60_000)):
        for ignored in (True, False):
            folder = tool.folder / f"limit-{size}-{ignored}"
            folder.mkdir()
            done = limited(tool, folder, size, ignored)
            wrong = whole(folder, expected)
            if ignored and (done.returncode not in (1, 4) or "cannot be written" not in done.stderr) or "panicked" in done.stderr:
                wrong.append(f"exit code {done.returncode}: {done.stderr.strip()[-300:]}")
            left = [str(path.relative_to(folder)) for path in folder.rglob("*") if "tmp" in path.name]
            wrong += [f"left behind: {left[:3]}"] if ignored and left else []
            yield f"files of {size} bytes, {'an error' if ignored else 'a signal'}", wrong + finished(tool, folder, expected, [])
    probe = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", make(tool.folder / "probe")]
    if os.geteuid() or subprocess.run(probe, capture_output=True).returncode:
        return
    subprocess.run(["umount", tool.folder / "probe"], check=True)
    for size in ((40, 160, 320) if not tool.thorough else (8, 40, 100, 160, 240, 320, 360)):
        folder = tool.folder / f"disk-{size}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", make(folder)], check=True)
        try:
            done = tool.call(*command(tool, folder, []), code=None)
            wrong = whole(folder, expected)
            if done.returncode and (done.returncode != 4 or "room" not in done.stderr):
                wrong.append(f"exit code {done.returncode}: {done.stderr.strip()[-300:]}")
            subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
            yield f"a disk of {size} KiB", wrong + finished(tool, folder, expected, [])
        finally:
            subprocess.run(["umount", folder], check=True)


def make(folder):
    folder.mkdir()
    return folder
