//! Jobs that are run again: over what is there, without data, without a report, partial.
use crate::bucket::{Bucket, Objects};
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, icestream, json, objects, stderr, stdout};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A cell that one of the bundled granules has rows in, and another one does not.
const CELL: &str = "-6134111";
const WITH: &str = "ATL06_20240211155304_06362210_990_01.h5";
const WITHOUT: &str = "ATL06_20240123041319_03392212_990_01.h5";

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn cell(granule: &str, layout: &str, out: &str, more: &[&str]) -> Vec<String> {
    let granule = text(&demo_granules().join(granule));
    let args = ["cell", &granule, "--cell", CELL, "--child-order", "9", "--layout", layout, "--quiet", "--out", out];
    args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
}

fn run(args: &[String]) {
    stdout(&args.iter().map(String::as_str).collect::<Vec<_>>(), 0);
}

#[test]
fn a_rerun_without_data_takes_away_what_was_there() {
    let folder = folder("rerun-empty");
    let out = folder.join("a.zarr");
    run(&cell(WITH, "cell", &text(&out), &[]));
    assert!(out.join("zarr.json").is_file());
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    run(&cell(WITHOUT, "cell", &text(&out), &["--overwrite"]));
    assert_eq!(objects(&out).keys().collect::<Vec<_>>(), ["notes.txt"], "only what is not of the store stays");
    std::fs::remove_file(out.join("notes.txt")).unwrap();
    run(&cell(WITH, "cell", &text(&out), &[]));
    run(&cell(WITHOUT, "cell", &text(&out), &["--overwrite"]));
    assert!(!out.exists());
    // Behind a link to a folder that is not there.
    #[cfg(unix)]
    {
        let link = folder.join("link.zarr");
        std::os::unix::fs::symlink("a.zarr", &link).unwrap();
        run(&cell(WITH, "cell", &text(&link), &[]));
        assert!(link.is_symlink() && out.join("zarr.json").is_file());
    }
    // Of a sphere, the cell and nothing else.
    let sphere = folder.join("s.zarr");
    let mut other = cell(WITH, "sphere", &text(&sphere), &[]);
    other[3] = "-6134113".into();
    run(&other);
    let before = objects(&sphere);
    run(&cell(WITH, "sphere", &text(&sphere), &[]));
    assert!(objects(&sphere).len() > before.len());
    run(&cell(WITHOUT, "sphere", &text(&sphere), &["--overwrite"]));
    assert!(objects(&sphere) == before);
}

#[test]
fn where_deleting_is_refused_an_emptied_cell_is_overwritten_and_nobody_sees_it() {
    let bucket = Bucket::start();
    let access = bucket.access();
    let access: Vec<&str> = access.iter().map(String::as_str).collect();
    let call = |args: &[&str], code| stdout(&[args, &access].concat(), code);
    for layout in ["cell", "sphere"] {
        bucket.fill("run/", &Objects::new());
        let place = if layout == "cell" { "s3://bucket/run/a.zarr" } else { "s3://bucket/run/s.zarr" };
        let mut other = cell(WITH, layout, if layout == "cell" { "s3://bucket/run/b.zarr" } else { place }, &access);
        other[3] = "-6134113".into();
        run(&other);
        run(&cell(WITH, layout, place, &access));
        bucket.fill("run/", &bucket.below("run/"));
        bucket.refuse("DELETE", 0, 403, "AccessDenied");
        run(&cell(WITHOUT, layout, place, &[&["--overwrite"][..], &access].concat()));
        bucket.fill("run/", &bucket.below("run/"));
        let merge = [
            "merge",
            if layout == "cell" { "s3://bucket/run" } else { place },
            "--out",
            "s3://bucket/m.zarr",
            "--json",
        ];
        let merged: Value = serde_json::from_str(&call(&merge, 0)).unwrap();
        assert_eq!((&merged["written"], &merged["unfinished"]), (&1.into(), &0.into()), "{layout}: {merged}");
        bucket.fill("m.zarr/", &Objects::new());
        let export = folder(&format!("rerun-refused-{layout}")).join("a.csv");
        if layout == "cell" {
            assert!(stderr(&[&["validate", place], &access[..]].concat(), 1).is_empty());
            assert!(
                stderr(&[&["export", place, "--to", &text(&export)], &access[..]].concat(), 5)
                    .contains("no Zarr store")
            );
        } else {
            call(&["export", place, "--to", &text(&export), "--all"], 0);
            assert_eq!(std::fs::read_to_string(&export).unwrap().lines().count(), 1 + 64, "one cell");
        }
        // A later job writes there as if nothing had been.
        run(&cell(WITH, layout, place, &access));
        call(&["validate", place], 0);
    }
}

/// Copies of the bundled granules, and their catalog of cells of order 6.
fn prepared(test: &str) -> (PathBuf, String) {
    let folder = folder(test);
    let granules = crate::bucket::granules(&folder, 9);
    let catalog = text(&folder.join("catalog.json"));
    stdout(&["catalog", "--from", &text(&granules), "--order", "6", "--out", &catalog, "--quiet"], 0);
    (folder, catalog)
}

#[test]
fn without_a_report_what_is_there_is_finished_or_asked_about() {
    let (folder, catalog) = prepared("rerun-unreported");
    let bucket = Bucket::start();
    let access = bucket.access();
    for (layout, out) in [("cell", text(&folder.join("stores"))), ("sphere", "s3://bucket/run/s.zarr".into())] {
        let report = text(&folder.join(format!("{layout}.jsonl")));
        let fixed = ["run", "--catalog", &catalog, "--child-order", "8", "--layout", layout, "--out", &out, "--json"];
        let access: Vec<&str> = access.iter().map(String::as_str).collect();
        let fixed = [&fixed[..], &["--report", &report], &access[..]].concat();
        let first = json(&fixed, 0);
        // Each object once, and the probe: put, and taken away.
        let objects = bucket.below("run/").len();
        assert_eq!(bucket.changes(), if objects > 0 { objects + 2 } else { 0 }, "{layout}");
        std::fs::remove_file(&report).unwrap();
        let again = json(&fixed, 0);
        let data = first["totals"]["with_data"].as_u64().unwrap();
        assert_eq!(
            again["this_run"]["cells"],
            first["cells"].as_u64().unwrap() - data,
            "only empty cells are run again"
        );
        for key in ["with_data", "total_obs"] {
            assert_eq!(again["totals"][key], first["totals"][key], "{key}");
        }
        let told = |report: &Value, what: &str| -> Vec<Value> {
            report["each"].as_array().unwrap().iter().map(|end| end[what].clone()).collect()
        };
        for what in ["parent_morton", "state", "cells_with_data", "total_obs", "zarr_path", "key"] {
            assert_eq!(told(&again, what), told(&first, what), "{what}");
        }
        // With nothing left to do, what a killed probe has left goes too.
        let left = folder.join("stores/.icestream-probe.tmp");
        std::fs::write(&left, "").unwrap();
        let mut with_probe = bucket.below("run/");
        with_probe.insert("s.zarr/.icestream-probe".into(), Vec::new());
        let whole = bucket.below("run/");
        bucket.fill("run/", &with_probe);
        assert_eq!(json(&fixed, 0)["this_run"]["cells"], 0);
        assert!(if layout == "cell" { !left.exists() } else { bucket.below("run/") == whole }, "{layout}");
        bucket.fill("run/", &whole);
        // Other granules are another job: the question has no terminal to be asked on.
        std::fs::remove_file(&report).unwrap();
        let old = (bucket.below("run/"), objects_or_none(Path::new(&out)));
        let fewer: Value = serde_json::from_slice(&std::fs::read(&catalog).unwrap()).unwrap();
        let mut fewer = fewer;
        fewer["catalog"]["-6134114"].as_array_mut().unwrap().pop();
        let other = text(&folder.join("fewer.json"));
        std::fs::write(&other, fewer.to_string()).unwrap();
        let changed: Vec<&str> = fixed.iter().map(|arg| if *arg == catalog { other.as_str() } else { arg }).collect();
        let refused = stderr(&changed, 2);
        assert!(refused.contains("1 cells are there") && refused.contains("--overwrite"), "{refused}");
        assert!((bucket.below("run/"), objects_or_none(Path::new(&out))) == old);
        let replaced = json(&[&changed[..], &["--overwrite"]].concat(), 0);
        assert!(replaced["totals"]["total_obs"].as_u64() < first["totals"]["total_obs"].as_u64());
        // With the report, it is known to be ours.
        assert_eq!(json(&fixed, 0)["totals"]["total_obs"], first["totals"]["total_obs"]);
    }
}

fn objects_or_none(folder: &Path) -> Objects {
    if folder.is_dir() { objects(folder) } else { Objects::new() }
}

#[test]
fn a_finished_cell_whose_store_is_gone_from_the_bucket_is_run_again() {
    let (folder, catalog) = prepared("rerun-gone");
    let bucket = Bucket::start();
    let access = bucket.access();
    let access: Vec<&str> = access.iter().map(String::as_str).collect();
    let report = text(&folder.join("r.jsonl"));
    let fixed = ["run", "--catalog", &catalog, "--child-order", "8", "--out", "s3://bucket/run", "--json"];
    let fixed = [&fixed[..], &["--report", &report], &access[..]].concat();
    json(&fixed, 0);
    let whole = bucket.below("run/");
    assert_eq!(json(&fixed, 0)["this_run"]["cells"], 0);
    let mut held = whole.clone();
    held.retain(|key, _| !key.starts_with("-6134112.zarr/"));
    let tombstone =
        br#"{"icestream":{"store":"being replaced","job":"1","groups":[]},"node_type":"tombstone","zarr_format":0}"#;
    held.insert("-6134114.zarr/zarr.json".into(), tombstone.to_vec());
    bucket.fill("run/", &held);
    assert_eq!(json(&fixed, 0)["this_run"]["cells"], 2);
    assert!(bucket.below("run/") == whole);
}

#[test]
fn partial_says_every_picture_table_and_export_and_partial_of_runs_those_again() {
    let (folder, catalog) = prepared("rerun-partial");
    let granule = folder.join("granules").join(WITH);
    let bytes = std::fs::read(&granule).unwrap();
    std::fs::write(&granule, &bytes[..bytes.len() / 2]).unwrap();
    let out = text(&folder.join("stores"));
    let report = text(&folder.join("stores.run.jsonl"));
    let fixed = ["run", "--catalog", &catalog, "--child-order", "9", "--out", &out];
    let first = icestream(&[&fixed[..], &["--allow-partial"]].concat());
    let told = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(first.status.code() == Some(3) && told.contains("PARTIAL") && told.contains("--partial-of"), "{told}");
    let store = text(&folder.join("stores/-6134114.zarr"));
    let file = |name: &str| text(&folder.join(name));
    let says =
        |path: &str| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains("PARTIAL: 1 granule is missing");
    for name in ["a.parquet", "a.tif", "a.nc", "a.csv"] {
        assert!(stdout(&["export", &store, "--to", &file(name)], 0).contains("PARTIAL"), "{name}");
        assert!(says(&file(name)), "{name}");
    }
    stdout(&["plot", &store, "--out", &file("a.svg")], 0);
    stdout(&["plot", &store, "--sheet", "--out", &file("b.svg")], 0);
    stdout(&["plot", "--compare", &store, &store, "--out", &file("c.svg")], 0);
    for name in ["a.svg", "b.svg", "c.svg"] {
        assert!(std::fs::read_to_string(file(name)).unwrap().contains("PARTIAL"), "{name}");
    }
    let granules = text(&folder.join("granules"));
    let cell =
        ["cell", &granules, "--cell", "-6134114", "--child-order", "9", "--allow-partial", "--csv", &file("d.csv")];
    assert!(stderr(&cell, 3).contains("PARTIAL: 1 granule is missing"));
    assert!(std::fs::read_to_string(file("d.csv")).unwrap().starts_with("# PARTIAL: 1 granule is missing\nmorton,"));
    assert!(stdout(&["compare", &store, &file("d.csv")], 0).contains("B: PARTIAL"));
    assert!(stdout(&["validate", &store], 0).contains("PARTIAL"));
    let merged = file("m.zarr");
    assert!(stdout(&["merge", &out, "--out", &merged], 0).contains("PARTIAL"));
    assert!(stdout(&["overviews", &merged, "--to", "5"], 0).contains("PARTIAL"));
    assert_eq!(json(&["overviews", &merged, "--to", "5", "--json"], 0)["partial_cells"], 3);
    for order in ["9", "5"] {
        stdout(&["plot", &merged, "--order", order, "--var", "count", "--out", &file("e.svg")], 0);
        assert!(std::fs::read_to_string(file("e.svg")).unwrap().contains("PARTIAL"), "order {order}");
    }
    // The granule is whole again: those cells are run again, and only those.
    std::fs::write(&granule, &bytes).unwrap();
    let partial = first_partial(&report);
    let again = json(&[&fixed[..], &["--json", "--partial-of", &report]].concat(), 0);
    assert!(partial > 1 && again["this_run"]["cells"] == partial && again["totals"]["partial_cells"] == 0, "{again}");
    assert!(!stdout(&["validate", &store], 0).contains("PARTIAL"));
    assert_eq!(first_partial(&report), 0);
}

fn first_partial(report: &str) -> usize {
    let text = std::fs::read_to_string(report).unwrap();
    text.lines().filter(|line| line.contains("\"partial\":true")).count()
}

#[test]
fn what_cannot_be_written_is_found_out_before_anything_is_read() {
    let (folder, bucket) = (folder("rerun-refused"), Bucket::start());
    let granules = Server::start(|_, _| Reply::status(404));
    let link = granules.url(&format!("/{WITH}"));
    let catalog = folder.join("catalog.json");
    let metadata = serde_json::json!({"parent_order": 6, "latitude": "spherical", "product": "ATL06"});
    let cells = serde_json::json!({CELL: [&link], "-6134113": [&link], "-6134114": [&link]});
    std::fs::write(&catalog, serde_json::json!({"metadata": metadata, "catalog": cells}).to_string()).unwrap();
    std::fs::write(folder.join("file"), "").unwrap();
    let catalog = text(&catalog);
    for (status, code, ends) in [(403, "AccessDenied", 4), (404, "NoSuchBucket", 5)] {
        let out = "s3://bucket/run";
        bucket.fill("run/", &Objects::new());
        bucket.refuse("PUT", 0, status, code);
        let access = bucket.access();
        let access = access.iter().map(String::as_str);
        let report = text(&folder.join("report.jsonl"));
        let run = ["run", "--catalog", &catalog, "--child-order", "8", "--quiet", "--out", out, "--report", &report];
        let place = format!("{out}/a.zarr");
        let cell = ["cell", &link, "--cell", CELL, "--child-order", "8", "--quiet", "--out", &place];
        for command in [run.to_vec(), cell.to_vec()] {
            let all: Vec<&str> = command.into_iter().chain(access.clone()).collect();
            let said = icestream(&all);
            assert_eq!(said.status.code(), Some(ends), "{all:?}: {}", String::from_utf8_lossy(&said.stderr));
            assert!(granules.log().is_empty(), "{all:?} has read");
        }
        let _ = std::fs::remove_file(&report);
    }
    let place = text(&folder.join("file").join("a.zarr"));
    let said = stderr(&["cell", &link, "--cell", CELL, "--quiet", "--out", &place], 2);
    assert!(said.contains("file") && granules.log().is_empty(), "{said}");
}

#[test]
fn what_cannot_be_read_takes_nothing_away() {
    let folder = folder("rerun-outage");
    for layout in ["cell", "sphere"] {
        let out = folder.join(format!("{layout}.zarr"));
        run(&cell(WITH, layout, &text(&out), &[]));
        let before = objects(&out);
        let missing = ["--overwrite", "--allow-partial"];
        let command = cell("ATL06_20240301154957_05752210_990_01.h5", layout, &text(&out), &missing);
        stdout(&command.iter().map(String::as_str).collect::<Vec<_>>(), 3);
        assert!(objects(&out) == before, "{layout}");
    }
}

#[test]
fn levels_above_the_parents_leave_the_cells_alone_where_listing_is_refused() {
    let bucket = Bucket::start();
    let access = bucket.access();
    let call = |args: &[&str]| {
        stdout(&[args, &access.iter().map(String::as_str).collect::<Vec<_>>()].concat(), 0);
    };
    let store = "s3://bucket/run/s.zarr";
    bucket.fill("run/", &Objects::new());
    let write = cell(WITH, "sphere", store, &[]);
    call(&write.iter().map(String::as_str).collect::<Vec<_>>());
    let before = bucket.below("run/");
    bucket.refuse("LIST", 0, 403, "AccessDenied");
    let _ = icestream(
        &[&["overviews", store, "--to", "4"][..], &access.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
    );
    let after = bucket.below("run/");
    for (key, bytes) in before.iter().filter(|(key, _)| *key != "s.zarr/zarr.json") {
        assert!(after.get(key) == Some(bytes), "{key}");
    }
}
