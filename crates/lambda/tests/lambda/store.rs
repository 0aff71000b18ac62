//! The store: the same bytes as the command writes, also after being killed.
use crate::function::{CELL, Function, event, free_of_secrets};
use crate::s3::{demo, granules, s3};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// A cell that the granule of ATL08 crosses.
const ATL08_CELL: &str = "4334232";

/// The command, of `ICESTREAM` or built now with the profile of the tests.
pub(crate) fn icestream() -> &'static Path {
    static ICESTREAM: OnceLock<PathBuf> = OnceLock::new();
    ICESTREAM.get_or_init(|| {
        if let Ok(path) = std::env::var("ICESTREAM") {
            return path.into();
        }
        let args = ["build", "--quiet", "--profile", "test", "--package", "icestream", "--bin", "icestream"];
        let built = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(built.success());
        Path::new(env!("CARGO_BIN_EXE_bootstrap")).with_file_name("icestream")
    })
}

/// What `icestream cell` writes for the same granules, by key.
fn expected() -> &'static BTreeMap<String, Vec<u8>> {
    static EXPECTED: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lambda-cell-{}.zarr", std::process::id()));
        let inputs = granules().into_iter().map(|name| demo().join(name));
        let done = Command::new(icestream())
            .args(["cell", "--quiet", "--overwrite", "--cell", &CELL.to_string(), "--overviews", "9", "--out"])
            .arg(&out)
            .args(inputs)
            .env_clear()
            .status()
            .unwrap();
        assert!(done.success());
        objects(&out)
    })
}

/// Every object under a folder by key.
pub(crate) fn objects(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut objects = BTreeMap::new();
    let mut folders = vec![store.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(store).unwrap().to_string_lossy().into_owned();
                objects.insert(key, std::fs::read(path).unwrap());
            }
        }
    }
    objects
}

fn same(prefix: &str) {
    let (found, wanted) = (objects(&s3().bucket("out").join(format!("{prefix}/{CELL}.zarr"))), expected());
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (key, bytes) in &found {
        assert!(bytes == &wanted[key], "{key} differs");
        free_of_secrets(&String::from_utf8_lossy(bytes));
    }
}

fn asked(prefix: &str) -> serde_json::Value {
    let mut event = event(prefix);
    event["overviews"] = serde_json::json!([9]);
    event
}

#[test]
fn equal_to_that_of_the_command_also_when_written_over_another() {
    let mut function = Function::start();
    let mut other = asked("store/equal");
    other["overviews"] = serde_json::json!([10]);
    assert_eq!(function.answer(&other)["statusCode"], 200);
    assert_eq!(function.answer(&asked("store/equal"))["statusCode"], 200);
    same("store/equal");
}

#[test]
fn killed_at_any_moment_a_rerun_leaves_the_same_store() {
    let store = s3().bucket("out").join(format!("store/killed/{CELL}.zarr"));
    let mut unfinished = 0;
    for milliseconds in [5, 15, 30, 45, 60, 80, 100, 130, 160, 200] {
        let mut function = Function::start();
        function.send(&asked("store/killed"), None);
        std::thread::sleep(Duration::from_millis(milliseconds));
        function.kill();
        unfinished += usize::from(!store.join("zarr.json").exists());
    }
    println!("killed before the end: {unfinished} of 10");
    let mut function = Function::start();
    assert_eq!(function.answer(&asked("store/killed"))["statusCode"], 200);
    same("store/killed");
}

/// A product that is named, and one that the granule names, with edits.
#[test]
fn events_of_other_products_write_what_the_command_writes() {
    let test = "events_of_other_products_write_what_the_command_writes";
    let Some(folder) = testing::shared("data/products", test) else { return };
    let name = "ATL08_processed_20200821122613_08730802_004_01.h5";
    std::fs::copy(folder.join(name), s3().bucket("granules").join(name)).unwrap();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lambda-atl08-{}.zarr", std::process::id()));
    let flags =
        ["--product", "ATL08", "--keep", "segment_landcover in 1,5", "--also", "mad", "--cell", ATL08_CELL, "--out"];
    let mut command = Command::new(icestream());
    let done =
        command.args(["cell", "--quiet", "--overwrite"]).args(flags).arg(&out).arg(folder.join(name)).env_clear();
    assert!(done.status().unwrap().success());
    let wanted = objects(&out);
    let mut function = Function::start();
    for (product, prefix) in [("ATL08", "store/atl08"), ("auto", "store/auto")] {
        let mut asked = event(prefix);
        for (key, value) in [
            ("parent_morton", serde_json::json!(ATL08_CELL.parse::<i64>().unwrap())),
            ("granule_urls", serde_json::json!([format!("s3://granules/{name}")])),
            ("product", product.into()),
            ("keep", serde_json::json!(["segment_landcover in 1,5"])),
            ("also", serde_json::json!(["mad"])),
        ] {
            asked[key] = value;
        }
        let answer = function.answer(&asked);
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let found = objects(&s3().bucket("out").join(format!("{prefix}/{ATL08_CELL}.zarr")));
        assert!(found == wanted && found.keys().any(|key| key.starts_with("12/h_mad/")), "{product}");
    }
}

/// Windows of time and height change, into a store of the cell and into one of the sphere.
#[test]
fn events_with_windows_write_what_the_command_writes() {
    let mut function = Function::start();
    for (layout, prefix) in [("cell", "store/months"), ("sphere", "store/months-of-the-sphere")] {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lambda-months-{layout}-{}", std::process::id()));
        let flags = ["--by", "month", "--change", "--min-overpasses", "2", "--moments", "--layout", layout, "--out"];
        let mut command = Command::new(icestream());
        command.args(["cell", "--quiet", "--overwrite", "--overviews", "9", "--cell", &CELL.to_string()]).args(flags);
        let inputs = granules().into_iter().map(|name| demo().join(name));
        assert!(command.arg(&out).args(inputs).env_clear().status().unwrap().success());
        let mut asked = asked(prefix);
        asked["layout"] = layout.into();
        asked["by"] = "month".into();
        asked["change"] = serde_json::json!({"min_overpasses": 2, "moments": true});
        let answer = function.answer(&asked);
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let bucket = s3().bucket("out").join(prefix);
        let found = objects(&if layout == "cell" { bucket.join(format!("{CELL}.zarr")) } else { bucket });
        assert!(found == objects(&out) && found.keys().any(|key| key.starts_with("12/h_window/c/1/")), "{layout}");
    }
}
