"""How granules and regions are named, what is refused, and what a second run does."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile

import pyproj
import shapely

import asked
import polygons
from asked import region_words
from together import BOX, catalog

POLYGON = "POLYGON((-51 69.9,-49 69.9,-49 72.1,-51 72.1,-51 69.9))"
# Numbers of systems, how they are written, and a word of the reason.
SYSTEMS = [
    (4267, "WKT1_GDAL", "ellipsoid"), (4267, "WKT2_2019", "ellipsoid"), (4230, "WKT1_ESRI", "ellipsoid"), (4194, "PROJJSON", "ellipsoid"),
    (3857, "WKT1_GDAL", "pseudo-Mercator"), (3857, "WKT1_ESRI", "pseudo-Mercator"), (4807, "WKT2_2019", "Greenwich"),
    (4087, "WKT2_2019", "not known here"), (4978, "WKT2_2019", "neither geographic nor projected"), (3411, "PROJ", "ellipsoid"),
]


class Server:
    """The range server, on a free port, below a folder."""

    def __init__(self, tool, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, tool.shared / "tools/range_server.py", self.port, folder]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.get("/__stats")
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the range server does not answer")

    def get(self, path):
        return json.loads(urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10).read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def copies(tool, name, granules=None):
    """Copies of granules that a test may change."""
    folder = tool.folder / name
    folder.mkdir()
    return [pathlib.Path(shutil.copyfile(path, folder / path.name)) for path in granules or tool.granules]


def places(tool):
    """Every way to name granules gives the same store."""
    deep = tool.folder / "deep"
    for at, path in enumerate(tool.granules):
        folder = deep.joinpath(*"xyz"[:at % 4])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)
    (deep / "notes.txt").write_text("nothing of this is a granule\n")
    (deep / "x" / "other.csv").write_text("a,b\n1,2\n")
    named = sorted(deep.rglob("*.h5"))
    reference = tool.grid(named, BOX)
    listed, commented = tool.folder / "list.txt", "# four of them\n\n" + "\n".join(map(str, named)) + "\n"
    listed.write_text(commented)
    catalogued = tool.folder / "catalog.json"
    tool.call("catalog", "--from", listed, "--out", catalogued, "--quiet")
    for title, granules, more in (
        ("a folder, and those in it", [deep], {}),
        ("globs", [deep / "*.h5", deep / "**/*.h5"], {}),
        ("one glob of all below", [deep / "**" / "ATL06_*.h5"], {}),
        ("a list in a file", [listed], {}),
        ("a list on standard input", ["-"], {"input": commented}),
        ("each twice, the other way round", [*reversed(named), *named], {}),
        ("a folder and its files", [deep, *named], {}),
    ):
        try:
            wrong = asked.differing(reference, tool.grid(granules, BOX, **more))
        except asked.Refused as error:
            wrong = [str(error)]
        yield title, wrong
    # Cells without a granule are not read for; the values are the same.
    store = tool.grid([catalogued], BOX)
    mine, theirs = asked.arrays(store), asked.arrays(reference)
    yield "a catalog", [one for name in theirs for one in asked.equal(name, mine[name], theirs[name])]
    # Dates are a window of time.
    only = tool.grid(named, BOX, "--from-date", "2019-06-01")
    june = tool.grid([path for path in named if "_201906" in path.name], BOX)
    mine, theirs = asked.arrays(only), asked.arrays(june)
    yield "granules of some days, by their names", [
        one for name in theirs for one in asked.equal(name, mine[name] if name == "cell_ids" else mine[name][0], theirs[name])]


def remote(tool):
    """Granules on a server, whole and with faults."""
    root = tool.folder / "served"
    paths = copies(tool, "served")
    local = tool.grid(paths, BOX)
    with Server(tool, root) as server:
        links = [f"http://127.0.0.1:{server.port}/{path.name}" for path in paths]
        for title, fault in (("well", "none"), ("busy at times", "503&every=7"), ("dropping", "drop&every=9"), ("throttling", "429&every=11")):
            server.get("/__reset")
            server.get(f"/__fault?kind={fault}")
            store = tool.grid(links, BOX)
            count = server.get("/__stats")
            server.get("/__fault?kind=none")
            yield f"a server, {title}: {count['requests']} requests, {count['bytes'] / 1e6:.1f} MB", asked.differing(local, store)
        cells = tool.new(".json")
        tool.call("catalog", "--from", *links, "--out", cells, "--quiet")
        mine, theirs = asked.arrays(tool.grid([cells], BOX)), asked.arrays(local)
        yield "a catalog of links", [one for name in theirs for one in asked.equal(name, mine[name], theirs[name])]
        server.get(f"/__fault?kind=404&match={paths[2].name}")
        told = [paths[2].name]
        store = tool.new()
        wrong = tool.refused(["grid", *links, *region_words(BOX), "--out", store, "--attempts", "2"], told, (5,))
        yield "a missing granule", wrong
        done = tool.call("grid", *links, *region_words(BOX), "--out", tool.new(), "--allow-partial", "--json", code=None)
        server.get("/__fault?kind=none")
        good = done.returncode == 3 and json.loads(done.stdout)["granules_failed"] == told
        yield "a missing granule, allowed", [] if good else [f"exit code {done.returncode}: {done.stderr[-300:]}"]
        yield "after that, once it is there", asked.differing(local, tool.grid(links, BOX, out=store))


def broken(tool):
    """Granules that are missing or cut off."""
    paths = copies(tool, "cut")
    whole, ruined = tool.grid(paths, BOX), paths[3]
    length = ruined.stat().st_size
    for share in (0, 300, length // 2):
        bytes_ = tool.granules[3].read_bytes()[:share]
        ruined.write_bytes(bytes_)
        store = tool.new()
        asking = ["grid", *paths, *region_words(BOX), "--out", store]
        wrong = tool.refused(asking, [ruined.name, "--allow-partial"], (5,))
        done = tool.call(*asking[:-1], tool.new(), "--allow-partial", "--json", code=None)
        if done.returncode != 3 or json.loads(done.stdout)["granules_failed"] != [ruined.name]:
            wrong.append(f"--allow-partial: exit code {done.returncode}: {done.stderr[-300:]}")
        # What could not be read may be left out in the next run, or is there in the next.
        again = tool.call(*asking, "--allow-partial", "--quiet", code=None)
        if again.returncode != 3:
            wrong.append(f"then --allow-partial: exit code {again.returncode}: {again.stderr[-300:]}")
        yield f"a granule of {share} bytes of {length}", wrong
    store = tool.new()
    tool.call("grid", *paths, *region_words(BOX), "--out", store, "--allow-partial", "--quiet", code=3)
    first = tool.call("grid", *paths, *region_words(BOX), "--out", store, "--allow-partial", "--quiet", code=None)
    yield "a partial store is partial in the next run too", [] if first.returncode == 3 else [f"exit code {first.returncode}"]
    shutil.copyfile(tool.granules[3], ruined)
    redone = tool.call("grid", *paths, *region_words(BOX), "--out", store, "--overwrite", "--quiet", code=None)
    wrong = asked.differing(whole, store) if redone.returncode == 0 else [f"exit code {redone.returncode}: {redone.stderr[-300:]}"]
    yield "a partial store is made again with --overwrite", wrong
    ghost = ruined.with_name("none.h5")
    yield "a granule that is not there", tool.refused(["grid", *paths, ghost, *region_words(BOX), "--out", tool.new()], [ghost.name], (5,))


def empty(tool):
    """Granules without a row in the region: no file, and none of an earlier region under its name."""
    elsewhere = "0,0,1,1"
    for ending in ("csv", "nc", "parquet", "tif", "fgb", "png"):
        out = tool.new(f".{ending}")
        done = tool.call("grid", *tool.granules, *region_words(elsewhere), "--out", out, code=None)
        left = [path.name for path in tool.folder.glob("*.part.*")]
        good = done.returncode == 0 and not out.exists() and not left and "no rows" in done.stderr
        yield f"no data for .{ending}", [] if good else [f"exit code {done.returncode}, there are {left}: {done.stderr[-200:]}"]
    table = tool.new(".csv")
    tool.call("grid", *tool.granules, *region_words(BOX), "--out", table, "--quiet")
    tool.call("grid", *tool.granules, *region_words(elsewhere), "--out", table, "--overwrite", "--quiet", code=None)
    yield "--overwrite leaves no file of another region", ["it is there"] if table.exists() and table.read_text().count("\n") > 1 else []
    store = tool.new()
    codes = [tool.call("grid", *tool.granules, *region_words(elsewhere), "--out", store, "--out", tool.new(".csv"), "--quiet", code=None).returncode
             for _ in range(2)]
    yield "no data, twice", [] if codes == [0, 0] else [f"exit codes {codes}"]


def in_system(number, notation):
    crs = pyproj.CRS.from_epsg(number)
    return {"PROJJSON": crs.to_json, "PROJ": crs.to_proj4}.get(notation, lambda: crs.to_wkt(notation))()


def refused(tool):
    """What must not be done, and must be said clearly; nothing is written."""
    before = tool.folder / "none"
    names = tool.granules

    def check(title, words, wanted, codes=(2,), **more):
        out = tool.new()
        wrong = tool.refused(["grid", *names, *words, "--out", out], wanted, codes, **more)
        left = [path.name for path in tool.folder.glob(f"{out.stem}*")]
        # How many pixels there are shows when the cells are there: they stay, for another resolution.
        return title, wrong + ([f"left behind: {left}"] if left and title != "too many pixels" else [])

    for number, notation, word in SYSTEMS:
        text = in_system(number, notation)
        yield check(f"EPSG:{number} as {notation}", [f"--region={POLYGON}", "--region-crs", text], ["refused", word])
    for number, notation, word in SYSTEMS:
        if notation in ("WKT1_ESRI", "WKT1_GDAL"):
            stem = tool.folder / f"refused-{number}-{notation}"
            import geopandas

            geopandas.GeoDataFrame(geometry=[shapely.from_wkt(POLYGON)], crs=4326).to_file(f"{stem}.shp")
            pathlib.Path(f"{stem}.prj").write_text(in_system(number, notation))
            yield check(f"a shapefile in EPSG:{number} by {notation}", [f"--region={stem}.shp"], ["refused", word])
            with zipfile.ZipFile(f"{stem}.zip", "w") as archive:
                for ending in ("shp", "shx", "dbf", "prj"):
                    archive.write(f"{stem}.{ending}", f"one.{ending}")
            yield check("the same, zipped", [f"--region={stem}.zip"], ["refused", word])
    yield check("EPSG:4267 by its number", [f"--region={POLYGON}", "--region-crs", "EPSG:4267"], ["refused", "ogr2ogr"])
    package = tool.folder / "basin.gpkg"
    package.write_bytes(b"SQLite format 3\0" + bytes(4096))
    yield check("a GeoPackage", [f"--region={package}"], ["ogr2ogr"], (2, 5))
    plain = tool.folder / "plain.txt"
    plain.write_text("nothing of this is a region")
    yield check("a text", [f"--region={plain}"], [], (2, 5))
    yield check("a file that is not there", ["--region=nowhere.shp"], ["nowhere.shp"], (2, 5))
    yield check("a region of AWS", ["--region", "us-west-2"], ["--aws-region us-west-2"])
    yield check("WKT without a system", [f"--region={POLYGON}"], ["--region-crs"])
    yield check("no region", [], ["--region"])
    yield check("three numbers", ["--region=1,2,3"], ["SOUTH"])
    yield check("a box upside down", ["--region=0,72,1,70"], ["south"])
    yield check("a region smaller than a cell", ["--region=-50,71,-49.9999,71.0001"], ["--clip touch"])
    yield check("another way to clip", [f"--region={BOX}", "--clip", "edge"], ["centre"])
    yield check("children above their parents", [f"--region={BOX}", "--child-order", "5"], ["6"])
    yield check("an order that is none", [f"--region={BOX}", "--child-order", "30"], ["30"])
    yield check("another ending", [f"--region={BOX}", "--out", tool.folder / "a.foo"], [".parquet"])
    yield check("two stores", [f"--region={BOX}", "--out", tool.folder / "b.zarr"], ["one .zarr"])
    # Known before a granule is read; a map of several windows is refused for it.
    for title, words, wanted in (
        ("no such variable", ["--out", tool.folder / "v.nc", "--var", "depth"], ["depth", "h_mean"]),
        ("too many pixels", ["--out", tool.folder / "p.nc", "--resolution", "0.001"], ["coarser"]),
        ("another system", ["--out", tool.folder / "s.nc", "--crs", "EPSG:4267"], ["4267"]),
        ("no resolution", ["--out", tool.folder / "r.tif", "--resolution", "0"], ["positive"]),
        ("many windows in a GeoTIFF", ["--out", tool.folder / "w.tif", "--by", "month"], ["--var"]),
    ):
        yield check(title, [f"--region={BOX}", *words], wanted)
    yield "no granules", tool.refused(["grid", f"--region={BOX}", "--out", before], ["--cycle"], (2,))
    empty = tool.folder / "empty"
    empty.mkdir()
    yield "an empty folder", tool.refused(["grid", empty, f"--region={BOX}", "--out", before], ["no HDF5 file"], (5,))
    yield "no place to write", tool.refused(["grid", *names, f"--region={BOX}"], ["--out"], (2,))


def again(tool):
    """A second run, and one with other words."""
    words = ["grid", *tool.granules, *region_words(BOX)]
    store = tool.new()
    first = json.loads(tool.call(*words, "--out", store, "--json").stdout)
    wrong = [f"{first}"] if first["resumed"] or first["granules"] != 5 or not first["cells_with_data"] or not first["requests"] else []
    held = asked.tree(store)
    second = json.loads(tool.call(*words, "--out", store, "--json").stdout)
    wrong += [f"{second}"] if second["resumed"] != second["parents"] or second["requests"] else []
    yield "the same again reads nothing", wrong + ([] if asked.tree(store) == held else ["the store has changed"])
    fresh = json.loads(tool.call(*words, "--out", store, "--json", "--overwrite").stdout)
    yield "--overwrite makes it anew", [] if not fresh["resumed"] and fresh["requests"] == first["requests"] else [f"{fresh}"]
    for other in (["--by", "month"], ["--clip", "touch"], ["--keep", "none"], ["--latitude", "authalic"], ["--overviews", "10"]):
        yield f"{' '.join(other)} on a store that is there", tool.refused([*words, "--out", store, *other], ["--overwrite"], (2,))
        yield "that store is as it was", [] if asked.tree(store) == held else ["the store has changed"]
    yield "fewer granules", tool.refused(["grid", *tool.granules[1:], *region_words(BOX), "--out", store], ["--overwrite"], (2,))
    yield "another region", tool.refused([*words[:-1], "--region=-51,69.9,-49,72", "--out", store], ["--overwrite"], (2,))
    other = tool.new()
    tool.call(*words, "--out", other, "--by", "month", "--quiet")
    tool.call(*words, "--out", store, "--by", "month", "--overwrite", "--quiet")
    yield "--overwrite with other words", asked.differing(other, store)
    # A store that was copied or renamed.
    moved = tool.new()
    tool.call(*words, "--out", tool.folder / "away.zarr", "--quiet")
    shutil.copytree(tool.folder / "away.zarr", moved)
    yield "fewer granules, where a store was copied to", tool.refused(
        ["grid", *tool.granules[1:], *region_words(BOX), "--out", moved], ["--overwrite"], (2,))
    done = tool.call("grid", *tool.granules, *region_words(BOX), "--by", "month", "--out", moved, "--overwrite", "--quiet", code=None)
    yield "--overwrite where a store was copied to", (
        asked.differing(other, moved) if not done.returncode else [f"exit code {done.returncode}: {done.stderr[-200:]}"])
    cell = tool.new()
    tool.call("cell", *tool.granules, "--cell=4441312", "--out", cell, "--quiet")
    yield "the store of a cell is there", tool.refused([*words, "--out", cell], ["another"], (2,))
    mine = tool.folder / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    for more in ([], ["--overwrite"]):
        yield f"a folder with something else {' '.join(more)}", tool.refused([*words, "--out", mine, *more], ["something else"], (2,))
    yield "that is as it was", [] if [path.name for path in mine.iterdir()] == ["notes.txt"] else ["it has changed"]
    # Files: nothing of the user's is lost.
    table, picture = tool.new(".csv"), tool.folder / "map.png"
    table.write_text("mine")
    yield "a file that is there", tool.refused([*words, "--out", table], ["already there", "--overwrite"], (2,))
    tool.call(*words, "--out", table, "--overwrite", "--quiet")
    yield "--overwrite of a file", [] if table.read_text().startswith("morton") or "cell_ids" in table.read_text()[:200] else [table.read_text()[:99]]
    picture.write_text("mine")
    tool.call(*words, "--out", tool.folder / "map.zarr", code=None)
    yield "a picture that nobody asked for leaves a file alone", [] if picture.read_text(errors="replace") == "mine" else ["it is replaced"]
    dry = tool.new()
    said = json.loads(tool.call(*words, "--out", dry, "--dry-run", "--json").stdout)
    good = said["granules"] == 5 and said["cells"] == first["cells"] and said["parents"] == first["parents"] and said["local_bytes"] == sum(
        path.stat().st_size for path in tool.granules) and said["requests_at_most"] >= first["requests"]
    yield "--dry-run", ([] if good else [str(said)]) + (["something is written"] if dry.exists() else [])
    text = tool.call(*words, "--out", dry, "--dry-run").stdout
    yield "--dry-run in words", [word for word in ("granules", "requests", "bytes", "seconds") if word not in text]
    silent = tool.call(*words, "--out", dry, "--quiet")
    yield "--quiet says nothing", [silent.stdout + silent.stderr] if silent.stdout + silent.stderr else []
    said = tool.call(*words, "--out", tool.new(), "--out", tool.new(".csv"))
    yield "it ends with what to type next", [word for word in ("open_zarr", "wrote", "icestream plot") if word not in said.stdout]
