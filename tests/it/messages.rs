//! What the command says to people and to programs, word for word: `messages.txt` holds each command, its exit code and its
//! output. `UPDATE_MESSAGES=1 cargo test -p icestream messages` writes the file anew; the difference is then read.
use crate::support::{demo_granules, folder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/messages.txt");

/// Run one after the other in one folder, where `G` holds the bundled granules; `#` begins a comment.
const COMMANDS: &str = "
# one cell
cell
cell G/one.h5
cell --cell=x G/one.h5
cell --cell=-6134114 G/none.h5
cell --cell=-6134114 text.h5
cell --cell=-6134114 empty/
cell --cell=-6134114 G/ --child-order 3
cell --cell=-6134114 G/ --layout sphere
cell --cell=-6134114 G/ --out file.txt/x.zarr
cell --cell=-6134114 G/ --out https://example.org/x.zarr
cell --cell=-6134114 G/ --out s3://bucket/x.zarr
cell --cell=-6134114 G/ --also q101
cell --cell=-6134114 G/ --out a.zarr -q
cell --cell=-6134114 G/ --out a.zarr -q
cell --cell=-6134114 G/ --out a.zarr -q --overwrite --json
cell --cell=-3111111 G/ --out nothing.zarr
cell --cell=-6134114 G/ text.h5 --out part.zarr --allow-partial
cell --cell=-6134114 ftp://host/x.h5
cell --cell=-6134114 s3://bucket/x.h5
cell --cell=-6134114 gs://b/x.h5
cell --cell=-6134114 az://cells/x.h5
cell --event none.json
# many cells
catalog
catalog --from G/ --out cat.json -q
catalog --from G/ --out cat.json -q
catalog --from G/ --out - --json
catalog --read cat.json --cells nonsense
run --catalog none.json --out run
run --catalog cat.json --out run --dry-run --concurrency 2
run --catalog cat.json --out run --dry-run --json --child-order 8
run --catalog cat.json --out run -q --child-order 8
run --catalog cat.json --out https://example.org/run
run --catalog cat.json --out s3://bucket
run --catalog cat.json --out run --max-cost 0.0000001 --function f --on lambda
run --catalog cat.json --out run --credentials-ref x
run --catalog cat.json --out run --failed-of none.jsonl
# stores
merge run --out m.zarr
merge run --out m.zarr
overviews m.zarr --to 3
overviews a.zarr --to 3
overviews m.zarr --to 9
compare a.zarr a.zarr
compare a.zarr part.zarr --json
compare a.zarr none.zarr
# windows of time
cell --cell=-6134114 G/ --by month --from-date 2023-12-01 --to-date 2024-04-01 --child-order 8 --out w.zarr -q
validate w.zarr
export w.zarr --to w.tif
export w.zarr --to w.csv --window 1999
export a.zarr --to w.csv --window last
plot w.zarr --sheet
plot w.zarr --var h_nope
plot a.zarr --animate frames
compare w.zarr a.zarr
series w.zarr --cell=-613411422
series a.zarr --cell=-6134114111111
series w.zarr --cell=-613411411 --out w.txt
validate m.zarr
validate a.zarr --json
validate file.txt
plot a.zarr --out map.gif
plot a.zarr --var nonsense
plot a.zarr --order 3
plot a.zarr --size 3
plot none.zarr
export a.zarr --to a.xls
export a.zarr --to a.csv
export a.zarr --to a.csv
export nothing.zarr --to b.csv
# looking
inspect G/one.h5 --path /gt1l/land_ice_segments --no-cells
inspect G/one.h5 --path /nothing
inspect text.h5
cells --lat -78 --lon 10
cells --cell=-6134114 --json
cells --cell=nested:6/99999999
checksum text.h5
index text.h5 --out idx
login
serve --page none --no-open
demo --nonsense
frobnicate
";

/// Output as it is kept: of JSON the names and the types, of text all but the folder, the version and times.
fn steady(text: &str, scene: &Path) -> String {
    if let Ok(value) = serde_json::from_str::<Value>(text).map(shape) {
        return format!("{value:#}");
    }
    let lines = text.lines().map(|line| match serde_json::from_str::<Value>(line) {
        Ok(value @ Value::Object(_)) => shape(value).to_string(),
        _ => timeless(line.trim_end()),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    text.replace(&*scene.to_string_lossy(), ".").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// A value with types in the place of values, and one element for each array.
fn shape(value: Value) -> Value {
    match value {
        Value::Object(all) => {
            let sorted: BTreeMap<String, Value> = all.into_iter().map(|(name, value)| (name, shape(value))).collect();
            sorted.into_iter().collect()
        }
        Value::Array(all) => all.into_iter().take(1).map(shape).collect(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Null => Value::Null,
    }
}

/// Without the seconds at the end of a line.
fn timeless(line: &str) -> String {
    match line.strip_suffix(" s").and_then(|rest| rest.rsplit_once(' ')) {
        Some((rest, seconds)) if seconds.parse::<f64>().is_ok() => format!("{rest} SECONDS s"),
        _ => line.to_owned(),
    }
}

fn scene() -> PathBuf {
    let scene = folder("messages");
    std::fs::create_dir_all(scene.join("G")).unwrap();
    std::fs::create_dir_all(scene.join("empty")).unwrap();
    for (number, entry) in sorted(&demo_granules()).iter().filter(|path| path.is_file()).enumerate() {
        let name = entry.file_name().unwrap();
        std::fs::copy(entry, scene.join("G").join(name)).unwrap();
        if number == 0 {
            std::fs::copy(entry, scene.join("one.h5")).unwrap();
        }
    }
    std::fs::write(scene.join("text.h5"), "this is no HDF5").unwrap();
    std::fs::write(scene.join("file.txt"), "a file").unwrap();
    scene
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_word_is_as_it_is_kept() {
    let scene = scene();
    let mut said = String::new();
    for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            let _ = writeln!(said, "{line}\n");
            continue;
        }
        let args: Vec<String> = line.split(' ').map(|arg| arg.replace("G/one.h5", "one.h5")).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
        // No instance of a cloud answers here: what is asked there fails at once, as on most machines.
        command.args(&args).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").current_dir(&scene);
        let output = command.output().unwrap();
        let code = output.status.code().unwrap();
        let _ = writeln!(said, "$ icestream {}\nexit {code}", args.join(" "));
        for (name, bytes) in [("out", output.stdout), ("err", output.stderr)] {
            let text = steady(&String::from_utf8(bytes).unwrap(), &scene);
            text.lines().for_each(|line| _ = writeln!(said, "{name}: {line}"));
        }
        said.push('\n');
    }
    if std::env::var_os("UPDATE_MESSAGES").is_some() {
        std::fs::write(KEPT, &said).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap();
    let differs = said.lines().zip(kept.lines()).find(|(said, kept)| said != kept);
    assert!(said == kept, "UPDATE_MESSAGES=1 writes {KEPT} anew; the first difference: {differs:#?}");
}
