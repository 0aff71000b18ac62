//! The command is killed before and after every change that it makes; run again, it ends as if nothing had happened.
//!
//! `ICESTREAM_KILLS` says how often, for each command, layout and place (`./test full`: 300).
use crate::bucket::{Bucket, Kill, Objects, granules};
use crate::support::{folder, icestream, objects, stdout};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub const CELL: &str = "-6134114";
pub const FIRST: &str = "ATL06_20240123041319_03392212_990_01.h5";

pub fn kills() -> usize {
    std::env::var("ICESTREAM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

fn spawn(args: &[String]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Files below a folder that may not be there.
fn held(out: &Path) -> Objects {
    if out.is_dir() { objects(out) } else { Objects::new() }
}

fn run(args: &[String]) {
    stdout(&args.iter().map(String::as_str).collect::<Vec<_>>(), 0);
}

pub fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Whether a document is whole: no tombstone.
fn opens(document: &[u8]) -> bool {
    let document: Value = serde_json::from_slice(document).unwrap();
    document["zarr_format"] == 3 && document["node_type"] == "group"
}

/// What can be opened of a store of one cell is whole, of the old one or of the new one.
fn nothing_half_made(held: &Objects, old: &Objects, new: &Objects, context: &str) {
    let doors = held.iter().filter(|(key, bytes)| {
        let group = *key == "zarr.json" || key.ends_with("/zarr.json") && key.matches('/').count() == 1;
        group && opens(bytes)
    });
    for (door, document) in doors {
        let of = [old, new].into_iter().find(|store| store.get(door) == Some(document));
        assert!(of.is_some(), "{context}: {door} is of neither");
        let of = of.unwrap();
        let folder = door.trim_end_matches("zarr.json");
        for (key, bytes) in of.iter().filter(|(key, _)| key.starts_with(folder)) {
            assert!(held.get(key) == Some(bytes), "{context}: under {door}, {key}");
        }
    }
}

/// Kills `command` at PUTs and DELETEs of the bucket, over `before`, and runs it again; `look` sees what a kill has left.
fn killed_in_s3(
    bucket: &Bucket,
    command: &[String],
    before: &Objects,
    mut look: impl FnMut(&Objects, &str),
    fresh: impl Fn(),
) {
    fresh();
    bucket.fill("run/", before);
    run(command);
    let (changes, expected) = (bucket.changes(), bucket.below("run/"));
    assert!(changes > 0 || *before == expected, "{} changes nothing", command[0]);
    let wanted = kills().min(2 * changes);
    for kill in 0..wanted {
        let moment = kill * 2 * changes / wanted;
        let (at, after) = (moment / 2, moment % 2 == 1);
        let context = format!("{}, killed {} change {at}", command[0], if after { "after" } else { "before" });
        fresh();
        bucket.fill("run/", before);
        // The process is known only after it has begun; its first change comes much later.
        let mut child = spawn(command);
        bucket.kill(Kill { process: child.id(), at, after });
        let ended = child.wait().unwrap();
        look(&bucket.below("run/"), &context);
        assert!(!ended.success() || at >= bucket.changes(), "{context}: was not killed");
        run(command);
        let found = bucket.below("run/");
        let keys = |objects: &Objects| objects.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&found), keys(&expected), "{context}");
        for (key, bytes) in &found {
            assert!(*bytes == expected[key], "{context}: {key} differs");
        }
    }
}

/// Kills `command` when part of its files below `out` is written; over `before`, which is put there first.
fn killed_on_disk(out: &Path, command: &[String], before: &Objects, look: impl Fn(&Objects, &str), fresh: impl Fn()) {
    let fill = || {
        let _ = std::fs::remove_dir_all(out);
        fresh();
        for (key, bytes) in before {
            let path = out.join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    };
    fill();
    run(command);
    let expected = objects(out);
    let mut stopped = 0;
    for kill in 0..kills() {
        fill();
        let began = held(out);
        let enough = 1 + kill * expected.len() / kills();
        let mut child = spawn(command);
        let mut ended = false;
        while !ended && changed(out, &began) < enough {
            ended = child.try_wait().unwrap().is_some();
        }
        let _ = child.kill();
        let _ = child.wait();
        stopped += usize::from(!ended);
        let context = format!("{}, killed at {enough} files", command[0]);
        let mut left = held(out);
        left.retain(|key, _| !key.ends_with(".tmp"));
        look(&left, &context);
        run(command);
        assert!(objects(out) == expected, "{context}: differs");
    }
    assert!(stopped > 0, "never stopped in the middle");
}

/// Files that are not as they were.
fn changed(out: &Path, began: &Objects) -> usize {
    let mut count = 0;
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                let key = path.strip_prefix(out).unwrap().to_string_lossy().into_owned();
                count += usize::from(!key.ends_with(".tmp") && began.get(&key) != Some(&bytes));
            }
        }
    }
    count
}

pub struct Scene {
    pub folder: PathBuf,
    pub granules: String,
    catalog: String,
    /// Of one of the granules: what a run with it leaves is to be replaced.
    pub older: String,
}

pub fn scene(test: &str) -> Scene {
    let folder = folder(test);
    let granules = granules(&folder, 2).to_str().unwrap().to_owned();
    let catalog = folder.join("catalog.json").to_str().unwrap().to_owned();
    let older = folder.join("older.json").to_str().unwrap().to_owned();
    run(&words(&format!("catalog --from {granules} --order 6 --out {catalog} --quiet")));
    run(&words(&format!("catalog --from {granules}/{FIRST} --order 6 --out {older} --quiet")));
    Scene { folder, granules, catalog, older }
}

impl Scene {
    pub fn cell(&self, layout: &str, out: &str, more: &str) -> Vec<String> {
        let Self { granules, .. } = self;
        words(&format!(
            "cell {granules} --cell={CELL} --child-order 9 --layout {layout} --quiet --overwrite --out {out}{more}"
        ))
    }

    pub fn run(&self, layout: &str, out: &str) -> Vec<String> {
        self.run_of(&self.catalog, layout, out)
    }

    pub fn run_of(&self, catalog: &str, layout: &str, out: &str) -> Vec<String> {
        let report = self.report();
        words(&format!(
            "run --catalog {catalog} --child-order 8 --layout {layout} --quiet --concurrency 2 --overwrite --out {out} --report {}",
            report.display()
        ))
    }

    fn report(&self) -> PathBuf {
        self.folder.join("report.jsonl")
    }

    /// A run begins without a report.
    pub fn forget(&self) {
        let _ = std::fs::remove_file(self.report());
    }
}

pub fn in_bucket(mut command: Vec<String>, bucket: &Bucket) -> Vec<String> {
    command.extend(bucket.access());
    command
}

#[test]
fn cell_killed_in_a_bucket() {
    let (scene, bucket) = (scene("kill-cell-s3"), Bucket::start());
    let write = |more: &str| in_bucket(scene.cell("cell", "s3://bucket/run/a.zarr", more), &bucket);
    bucket.fill("run/", &Objects::new());
    run(&write(" --overviews 8,7"));
    let old = bucket.below("run/");
    let strip = |objects: &Objects| -> Objects {
        objects.iter().map(|(key, bytes)| (key.trim_start_matches("a.zarr/").to_owned(), bytes.clone())).collect()
    };
    bucket.fill("run/", &Objects::new());
    run(&write(" --overviews 8,6"));
    let new = bucket.below("run/");
    for before in [Objects::new(), old.clone(), new.clone()] {
        let look = |held: &Objects, context: &str| nothing_half_made(&strip(held), &strip(&old), &strip(&new), context);
        killed_in_s3(&bucket, &write(" --overviews 8,6"), &before, look, || {});
    }
    assert!(bucket.below("run/") == new);
}

#[test]
fn cell_of_a_sphere_killed_in_a_bucket() {
    let (scene, bucket) = (scene("kill-sphere-s3"), Bucket::start());
    let write = |more: &str| in_bucket(scene.cell("sphere", "s3://bucket/run/s.zarr", more), &bucket);
    let first = format!("{}/{FIRST}", scene.granules);
    let mut other = write("");
    other[1] = first;
    bucket.fill("run/", &Objects::new());
    run(&other);
    let old = bucket.below("run/");
    for before in [Objects::new(), old] {
        let mark = format!("s.zarr/cells/{CELL}/zarr.json");
        let whole = {
            bucket.fill("run/", &before);
            run(&write(""));
            bucket.below("run/")
        };
        let look = |held: &Objects, context: &str| {
            // With its mark, the cell is the old one or the new one.
            let Some(document) = held.get(&mark).filter(|document| opens(document)) else { return };
            let of = if *document == whole[&mark] { &whole } else { &before };
            let chunks = of.iter().filter(|(key, _)| key.contains("/c/"));
            chunks.for_each(|(key, bytes)| assert!(held.get(key) == Some(bytes), "{context}: {key}"));
        };
        killed_in_s3(&bucket, &write(""), &before, look, || {});
    }
}

#[test]
fn run_killed_in_a_bucket() {
    let (scene, bucket) = (scene("kill-run-s3"), Bucket::start());
    for layout in ["cell", "sphere"] {
        let command = in_bucket(scene.run(layout, "s3://bucket/run/stores"), &bucket);
        scene.forget();
        bucket.fill("run/", &Objects::new());
        run(&in_bucket(scene.run_of(&scene.older, layout, "s3://bucket/run/stores"), &bucket));
        let old = bucket.below("run/");
        for before in [Objects::new(), old] {
            killed_in_s3(&bucket, &command, &before, |_, _| {}, || scene.forget());
        }
    }
}

#[test]
fn merge_and_overviews_killed_in_a_bucket() {
    let (scene, bucket) = (scene("kill-merge-s3"), Bucket::start());
    let cells = scene.folder.join("cells");
    for cell in ["-6134114", "-6134112"] {
        let mut command = scene.cell("cell", cells.join(format!("{cell}.zarr")).to_str().unwrap(), "");
        command[2] = format!("--cell={cell}");
        run(&command);
    }
    let merge = words(&format!("merge {} --overwrite --out s3://bucket/run/m.zarr", cells.display()));
    let merge = in_bucket(merge, &bucket);
    killed_in_s3(&bucket, &merge, &Objects::new(), |_, _| {}, || {});
    let merged = bucket.below("run/");
    let overviews = in_bucket(words("overviews s3://bucket/run/m.zarr --to 4"), &bucket);
    let valid = in_bucket(words("validate s3://bucket/run/m.zarr"), &bucket);
    killed_in_s3(&bucket, &overviews, &merged, |_, _| {}, || {});
    run(&valid);
    // Over levels of other cells.
    let composed = bucket.below("run/");
    let mut other = scene.cell("sphere", "s3://bucket/run/m.zarr", "");
    other[2] = "--cell=-6134132".into();
    run(&in_bucket(other, &bucket));
    let later = bucket.below("run/");
    assert!(later.len() > composed.len());
    killed_in_s3(&bucket, &overviews, &later, |_, _| {}, || {});
    run(&valid);
    // Over levels that are coarser than those asked for.
    bucket.fill("run/", &later);
    run(&in_bucket(words("overviews s3://bucket/run/m.zarr --to 3"), &bucket));
    let coarser = bucket.below("run/");
    let mut another = scene.cell("sphere", "s3://bucket/run/m.zarr", "");
    another[2] = "--cell=-6134123".into();
    run(&in_bucket(another, &bucket));
    let before = bucket.below("run/");
    assert!(before.len() > coarser.len());
    killed_in_s3(&bucket, &overviews, &before, |_, _| {}, || {});
    assert!(bucket.below("run/").contains_key("m.zarr/3/zarr.json"));
}

#[test]
fn cell_killed_on_disk() {
    let scene = scene("kill-cell-disk");
    let out = scene.folder.join("a.zarr");
    let write = |more: &str| scene.cell("cell", out.to_str().unwrap(), more);
    run(&write(" --overviews 8,7"));
    let old = objects(&out);
    run(&write(" --overviews 8,6"));
    let new = objects(&out);
    assert!(!new.keys().any(|key| key.starts_with("7/")), "an old level stays");
    for before in [Objects::new(), old.clone()] {
        killed_on_disk(
            &out,
            &write(" --overviews 8,6"),
            &before,
            |held, context| nothing_half_made(held, &old, &new, context),
            || {},
        );
    }
}

#[test]
fn run_merge_and_overviews_killed_on_disk() {
    let scene = scene("kill-run-disk");
    let out = scene.folder.join("stores");
    for layout in ["cell", "sphere"] {
        let command = scene.run(layout, out.to_str().unwrap());
        killed_on_disk(&out, &command, &Objects::new(), |_, _| {}, || scene.forget());
        scene.forget();
        std::fs::remove_dir_all(&out).unwrap();
        run(&scene.run_of(&scene.older, layout, out.to_str().unwrap()));
        let old = objects(&out);
        killed_on_disk(&out, &command, &old, |_, _| {}, || scene.forget());
    }
    let sphere = objects(&out);
    let cells = scene.folder.join("merged.zarr");
    let merge = words(&format!("merge {} --overwrite --out {}", out.display(), cells.display()));
    killed_on_disk(&cells, &merge, &Objects::new(), |_, _| {}, || {});
    assert!(objects(&cells) == sphere);
    let overviews = words(&format!("overviews {} --to 4", cells.display()));
    killed_on_disk(&cells, &overviews, &sphere, |_, _| {}, || {});
    run(&words(&format!("validate {}", cells.display())));
}

#[test]
fn export_plot_and_table_killed_leave_the_old_file_or_the_new_one() {
    let scene = scene("kill-export");
    let store = scene.folder.join("a.zarr");
    run(&scene.cell("cell", store.to_str().unwrap(), ""));
    let place = scene.folder.join("files");
    std::fs::create_dir(&place).unwrap();
    for name in ["a.parquet", "a.nc", "a.svg", "a.csv"] {
        let file = place.join(name);
        let command = match name {
            "a.svg" => format!("plot {} --out {}", store.display(), file.display()),
            "a.csv" => {
                format!("cell {} --cell={CELL} --child-order 9 --quiet --csv {}", scene.granules, file.display())
            }
            _ => format!("export {} --overwrite --to {}", store.display(), file.display()),
        };
        run(&words(&command));
        let whole = std::fs::read(&file).unwrap();
        for kill in 0..kills().div_ceil(4) {
            std::fs::write(&file, "old").unwrap();
            let mut child = spawn(&words(&command));
            let left = place.join(format!(".{name}.tmp"));
            while !left.exists() && child.try_wait().unwrap().is_none() {
                std::hint::spin_loop();
            }
            std::thread::sleep(std::time::Duration::from_micros(kill as u64 * 50));
            let _ = child.kill();
            let _ = child.wait();
            let found = std::fs::read(&file).unwrap();
            assert!(found == whole || found == b"old", "{name}: half a file");
            run(&words(&command));
            assert!(std::fs::read(&file).unwrap() == whole, "{name}");
            assert!(!left.exists(), "{name}: something is left");
        }
    }
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 4);
}

#[test]
fn overlapping_commands_make_one_whole_store() {
    let (scene, bucket) = (scene("overlap"), Bucket::start());
    let write = in_bucket(scene.cell("cell", "s3://bucket/run/a.zarr", " --overviews 8,6"), &bucket);
    let disk = scene.folder.join("d.zarr");
    let local = scene.cell("cell", disk.to_str().unwrap(), " --overviews 8,6");
    bucket.fill("run/", &Objects::new());
    run(&write);
    let new = bucket.below("run/");
    let mut other = write.clone();
    *other.iter_mut().find(|word| *word == "8,6").unwrap() = "8,7".into();
    run(&other);
    let old = bucket.below("run/");
    for round in 0..kills().div_ceil(3) {
        bucket.fill("run/", if round % 2 == 0 { &old } else { &new });
        let all: Vec<Child> = (0..3).flat_map(|_| [spawn(&write), spawn(&local)]).collect();
        for mut child in all {
            assert!(child.wait().unwrap().success(), "round {round}");
        }
        assert!(bucket.below("run/") == new, "round {round}");
        let keyed: Objects = objects(&disk).into_iter().map(|(key, bytes)| (format!("a.zarr/{key}"), bytes)).collect();
        assert!(keyed == new, "round {round}");
        if round % 3 == 0 {
            std::fs::remove_dir_all(&disk).unwrap();
        }
    }
}

#[test]
fn refused_puts_leave_the_old_store_and_refused_deletes_harm_nothing() {
    let (scene, bucket) = (scene("refused-s3"), Bucket::start());
    let write = |more: &str| in_bucket(scene.cell("cell", "s3://bucket/run/a.zarr", more), &bucket);
    bucket.fill("run/", &Objects::new());
    run(&write(" --overviews 8,7"));
    let old = bucket.below("run/");
    bucket.fill("run/", &Objects::new());
    run(&write(" --overviews 8,6"));
    let new = bucket.below("run/");
    let again = write(" --overviews 8,6");
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    bucket.fill("run/", &old);
    bucket.refuse("PUT", 0, 403, "AccessDenied");
    assert_eq!(icestream(&again).status.code(), Some(4));
    assert!(bucket.below("run/") == old, "a store that could not be replaced is not what it was");
    bucket.fill("run/", &old);
    bucket.refuse("DELETE", 0, 403, "AccessDenied");
    assert_eq!(icestream(&again).status.code(), Some(0));
    let held = bucket.below("run/");
    assert!(new.iter().all(|(key, bytes)| held.get(key) == Some(bytes)));
    assert!(
        held.iter()
            .filter(|(key, _)| key.starts_with("a.zarr/7/") && key.ends_with("zarr.json"))
            .all(|(_, bytes)| !opens(bytes))
    );
    // Where deleting is allowed again, the next run leaves nothing of it.
    bucket.fill("run/", &held);
    run(&write(" --overviews 8,6"));
    assert!(bucket.below("run/") == new);
    // Without the right to list.
    bucket.fill("run/", &Objects::new());
    bucket.refuse("LIST", 0, 403, "AccessDenied");
    assert_eq!(icestream(&again).status.code(), Some(0));
    assert!(bucket.below("run/") == new);
}
