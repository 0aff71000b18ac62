//! `icestream run` on this machine: every cell ends once, whatever happens meanwhile.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, icestream, json, objects, stderr, stdout};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A folder with copies of the bundled granules and their catalog of cells of `order`.
fn prepared(test: &str, order: &str) -> (PathBuf, String) {
    let folder = folder(test);
    let granules = folder.join("granules");
    std::fs::create_dir(&granules).unwrap();
    for entry in std::fs::read_dir(demo_granules()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "h5") {
            std::fs::copy(&path, granules.join(path.file_name().unwrap())).unwrap();
        }
    }
    let catalog = text(&folder.join("catalog.json"));
    stdout(&["catalog", "--from", &text(&granules), "--order", order, "--out", &catalog, "--quiet"], 0);
    (folder, catalog)
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The lines of a report that record an end, by cell; each cell once.
fn ends(report: &Path) -> BTreeMap<i64, Value> {
    let text = std::fs::read_to_string(report).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut ends = BTreeMap::new();
    for line in lines.filter(|line| line["line"] == "ended") {
        let before = ends.insert(line["cell"].as_i64().unwrap(), line);
        assert_eq!(before, None, "a cell ended twice");
    }
    ends
}

fn spawn(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
    command.args(args).env_clear().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn every_cell_is_written_as_by_itself_and_never_again() {
    let (folder, catalog) = prepared("run-local", "9");
    let out = text(&folder.join("stores"));
    let run = ["run", "--catalog", &catalog, "--out", &out, "--overviews", "10", "--json"];
    let first = json(&run, 0);
    let totals = &first["totals"];
    let ends = ends(&folder.join("stores.run.jsonl"));
    assert!(ends.len() > 50, "{first}");
    assert_eq!(first["cells"], ends.len());
    assert_eq!(first["each"].as_array().unwrap().len(), ends.len());
    assert_eq!((&totals["failed"], &totals["not_run"]), (&0.into(), &0.into()));
    let observations: u64 = ends.values().map(|end| end["observations"].as_u64().unwrap()).sum();
    assert_eq!(totals["total_obs"], observations);
    let granules: Value = serde_json::from_slice(&std::fs::read(&catalog).unwrap()).unwrap();
    let granules = &granules["catalog"];
    for (cell, end) in ends.iter().filter(|(_, end)| end["state"] == "data").take(3) {
        let alone = folder.join("alone.zarr");
        let cell = cell.to_string();
        let granules: Vec<&str> =
            granules[&cell].as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
        let args = ["cell", "--cell", &cell, "--overviews", "10", "--overwrite", "--quiet", "--out", &text(&alone)];
        stdout(&[&args[..], &granules].concat(), 0);
        assert!(objects(&alone) == objects(Path::new(end["zarr_path"].as_str().unwrap())), "{cell} differs");
    }
    // Nothing is left to do; a store that was taken away is.
    let again = json(&run, 0);
    assert_eq!((&again["this_run"]["cells"], &again["totals"]["finished_earlier"]), (&0.into(), &first["cells"]));
    assert_eq!(again["totals"]["total_obs"], observations);
    let (gone, _) = ends.iter().find(|(_, end)| end["state"] == "data").unwrap();
    std::fs::remove_dir_all(folder.join(format!("stores/{gone}.zarr"))).unwrap();
    assert_eq!(json(&run, 0)["this_run"]["cells"], 1);
    // Other options are another job, and so is another granule under the same name.
    let other = ["run", "--catalog", &catalog, "--out", &out, "--overviews", "11", "--json", "--dry-run"];
    assert_eq!(json(&other, 0)["estimate"]["cells"], first["cells"]);
    let granule = std::fs::read_dir(folder.join("granules")).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&granule).unwrap();
    std::fs::write(&granule, bytes).unwrap();
    let changed = json(&[&run[..], &["--dry-run"]].concat(), 0)["estimate"]["cells"].as_u64().unwrap();
    assert!(changed > 0 && changed < first["cells"].as_u64().unwrap(), "{changed}");
}

#[test]
fn killed_at_any_moment_a_rerun_leaves_the_same_stores() {
    let (folder, catalog) = prepared("run-killed", "9");
    let (whole, killed) = (text(&folder.join("whole")), text(&folder.join("killed")));
    stdout(&["run", "--catalog", &catalog, "--out", &whole, "--quiet"], 0);
    let report = folder.join("killed.run.jsonl");
    let args = ["run", "--catalog", &catalog, "--out", &killed, "--quiet", "--concurrency", "2"];
    let (mut rounds, mut grew, mut before) = (0, 0, 0);
    let ended = || std::fs::read_to_string(&report).map_or(0, |text| text.matches("\"line\":\"ended\"").count());
    for milliseconds in [3, 8, 13, 21, 34, 55, 70, 90, 1, 4, 9, 15, 21, 30] {
        let mut child = spawn(&args);
        // The later ones come after some progress, however fast the machine is.
        while rounds >= 8 && ended() <= before + rounds / 4 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        rounds += 1;
        let Ok(text) = std::fs::read_to_string(&report) else { continue };
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let told = whole.lines().filter(|line| serde_json::from_str::<Value>(line).unwrap()["line"] == "ended").count();
        assert!(told >= before, "an end was forgotten");
        grew += usize::from(told > before);
        before = told;
    }
    println!("{rounds} kills, {grew} of them with progress, {before} cells ended before the last run");
    assert!(grew > 1);
    stdout(&args, 0);
    assert_eq!(ends(&report).len(), ends(&folder.join("whole.run.jsonl")).len());
    assert!(objects(Path::new(&whole)) == objects(Path::new(&killed)), "the stores differ");
}

#[cfg(unix)]
#[test]
fn ctrl_c_lets_cells_end_and_a_rerun_goes_on() {
    let (folder, catalog) = prepared("run-interrupted", "10");
    let out = text(&folder.join("stores"));
    let report = folder.join("stores.run.jsonl");
    let args = ["run", "--catalog", &catalog, "--out", &out, "--quiet", "--concurrency", "1", "--cells-per-call", "1"];
    let mut child = spawn(&args);
    while !std::fs::read_to_string(&report).is_ok_and(|text| text.lines().count() > 5) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let first = ends(&report);
    assert!(!std::fs::read_to_string(&report).unwrap().contains("begun"), "what began has ended");
    let last = json(&[&args[..], &["--json"]].concat(), 0);
    assert!(first.len() < 200, "{}", first.len());
    assert_eq!(last["totals"]["finished_earlier"], first.len());
    assert_eq!(last["cells"], ends(&report).len());
}

#[test]
fn failed_cells_are_run_again_alone() {
    let (folder, catalog) = prepared("run-failed", "9");
    let out = text(&folder.join("stores"));
    let granule = folder.join("granules/ATL06_20240123041319_03392212_990_01.h5");
    let bytes = std::fs::read(&granule).unwrap();
    std::fs::write(&granule, &bytes[..bytes.len() / 2]).unwrap();
    let run = ["run", "--catalog", &catalog, "--out", &out];
    let first = json(&[&run[..], &["--json"]].concat(), 3);
    let report = text(&folder.join("stores.run.jsonl"));
    let failed: Vec<i64> = ends(Path::new(&report))
        .into_iter()
        .filter(|(_, end)| end["state"] == "failed" && end["error_type"] == "GranuleUnreadable" && end["attempts"] == 1)
        .map(|(cell, _)| cell)
        .collect();
    assert_eq!(first["totals"]["failed"], failed.len());
    assert!(!failed.is_empty() && !Path::new(&out).join(format!("{}.zarr", failed[0])).exists());
    std::fs::write(&granule, &bytes).unwrap();
    let again = json(&[&run[..], &["--json", "--failed-of", &report]].concat(), 0);
    assert_eq!((&again["cells"], &again["totals"]["failed"]), (&failed.len().into(), &0.into()));
    assert!(ends(Path::new(&report)).values().all(|end| end["state"] != "failed"));
    // One cell by name, and one that the catalog has not.
    let cell = format!("{}", failed[0]);
    assert_eq!(json(&[&run[..], &["--json", "--fresh", "--cells", &cell]].concat(), 0)["this_run"]["cells"], 1);
    assert_eq!(json(&[&run[..], &["--json", "--cells", "4441321"]].concat(), 0)["cells"], 0);
    assert_eq!(json(&[&run[..], &["--json", "--fresh", "--max-cells", "2"]].concat(), 0)["this_run"]["cells"], 2);
    assert!(stderr(&[&run[..], &["--failed-of", "gone.jsonl"]].concat(), 5).contains("gone.jsonl"));
}

#[test]
fn somebody_elses_folder_and_report_are_left_alone() {
    let (folder, catalog) = prepared("run-foreign", "6");
    let out = folder.join("stores");
    std::fs::create_dir_all(out.join("-6134114.zarr")).unwrap();
    std::fs::write(out.join("-6134114.zarr/thesis.tex"), "mine").unwrap();
    let run = ["run", "--catalog", &catalog, "--out", &text(&out), "--json", "--cells", "-6134114"];
    let told = json(&run, 1);
    assert_eq!(told["each"][0]["error_type"], "OutputDenied", "{told}");
    assert_eq!(std::fs::read_to_string(out.join("-6134114.zarr/thesis.tex")).unwrap(), "mine");
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let notes = text(&folder.join("notes.txt"));
    assert!(stderr(&[&run[..], &["--report", &notes]].concat(), 5).contains("not the report of a run"));
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");
    let elsewhere = ["run", "--catalog", &catalog, "--out", "x", "--report", &text(&folder.join("stores.run.jsonl"))];
    assert!(stderr(&elsewhere, 2).contains("the report of a run to"));
}

#[test]
fn what_makes_no_sense_is_told_before_anything_runs() {
    let (folder, catalog) = prepared("run-usage", "6");
    let out = text(&folder.join("stores"));
    let run = |more: &[&str], code| stderr(&[&["run", "--catalog", &catalog, "--out", &out], more].concat(), code);
    assert!(run(&["--on", "lambda"], 2).contains("--function"));
    assert!(run(&["--on", "lambda", "--function", "f"], 2).contains("s3://bucket/prefix"));
    assert!(run(&["--latitude", "authalic"], 2).contains("the catalog is of spherical latitude"));
    assert!(run(&["--child-order", "5"], 2).contains("child order 5"));
    assert!(run(&["--credentials-ref", "x"], 2).contains("--on lambda"));
    let s3 = [
        "run",
        "--catalog",
        &catalog,
        "--out",
        "s3://bucket/p",
        "--on",
        "lambda",
        "--function",
        "f",
        "--cells",
        "-6134114",
    ];
    let report = text(&folder.join("r.jsonl"));
    let more = [&s3[..], &["--report", &report]].concat();
    assert!(stderr(&[&more[..], &["--max-cost", "0.00001"]].concat(), 2).contains("--max-cost is $0.00"));
    assert!(stderr(&more, 4).contains("--credentials-ref names a secret"));
    assert!(!icestream(&[&more[..], &["--dry-run"]].concat()).stdout.is_empty());
    let dry = json(&[&more[..], &["--dry-run", "--json", "--max-cost", "0.00001"]].concat(), 0);
    assert_eq!((&dry["estimate"]["cells"], &dry["within_max_cost"]), (&1.into(), &false.into()));
    assert_eq!(dry["estimate"]["requests"], 4 * 44);
    assert!(!Path::new(&out).exists());
}

/// A presigned URL is opened with its query, and shown and remembered without it.
#[test]
fn presigned_links_keep_their_query_and_it_comes_out_nowhere() {
    let (folder, catalog) = prepared("run-presigned", "9");
    let granules = folder.join("granules");
    let server = Server::start(move |asked, _| match asked.target.split_once("?X-Amz-Signature=") {
        Some((path, "hush")) => {
            let bytes = std::fs::read(granules.join(path.trim_start_matches('/'))).unwrap();
            Reply::ranged(&bytes, asked, "\"1\"")
        }
        _ => Reply::status(403),
    });
    let mut signed: Value = serde_json::from_slice(&std::fs::read(&catalog).unwrap()).unwrap();
    signed.as_object_mut().unwrap().remove("granules");
    for links in signed["catalog"].as_object_mut().unwrap().values_mut() {
        for link in links.as_array_mut().unwrap() {
            let name = link.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            *link = server.url(&format!("/{name}?X-Amz-Signature=hush")).into();
        }
    }
    let (plain, with) = (text(&folder.join("plain")), text(&folder.join("signed")));
    let other = text(&folder.join("signed.json"));
    std::fs::write(&other, signed.to_string()).unwrap();
    let four = |catalog: &str, out: &str| {
        stdout(&["run", "--catalog", catalog, "--out", out, "--max-cells", "4", "--json"], 0)
    };
    four(&catalog, &plain);
    let told = four(&other, &with) + &std::fs::read_to_string(folder.join("signed.run.jsonl")).unwrap();
    assert!(!told.contains("hush"), "{told}");
    assert!(objects(Path::new(&plain)) == objects(Path::new(&with)), "the stores differ");
    let cell = signed["catalog"].as_object().unwrap().iter().next().unwrap();
    let links: Vec<&str> = cell.1.as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
    let alone = [&["cell", "--cell", cell.0, "--csv", "-"], &links[..]].concat();
    assert!(stdout(&alone, 0).lines().count() > 1);
}

#[test]
fn a_store_of_the_sphere_is_filled_by_many_and_equals_one_filled_in_turn() {
    let (folder, catalog) = prepared("run-sphere", "8");
    let (together, in_turn) = (text(&folder.join("together.zarr")), text(&folder.join("in-turn.zarr")));
    let layout = ["--layout", "sphere", "--overviews", "9"];
    let run = [&["run", "--catalog", &catalog, "--json", "--out", &together], &layout[..]].concat();
    for milliseconds in [20, 60, 90] {
        let mut child = spawn(&run);
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let told = json(&[&run[..], &["--concurrency", "3"]].concat(), 0);
    assert!(told["totals"]["with_data"].as_u64().unwrap() > 5, "{told}");
    let granules: Value = serde_json::from_slice(&std::fs::read(&catalog).unwrap()).unwrap();
    for (cell, links) in granules["catalog"].as_object().unwrap() {
        let links: Vec<&str> = links.as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
        stdout(&[&["cell", "--quiet", "--cell", cell, "--out", &in_turn], &layout[..], &links[..]].concat(), 0);
    }
    // What a killed process had half written under another name is no object of the store.
    let whole = |store: &str| {
        let mut objects = objects(Path::new(store));
        objects.retain(|key, _| !key.ends_with(".tmp"));
        objects
    };
    assert!(whole(&together) == whole(&in_turn), "the stores differ");
    let (gone, _) =
        ends(&folder.join("together.zarr.run.jsonl")).into_iter().find(|(_, end)| end["state"] == "data").unwrap();
    std::fs::remove_dir_all(folder.join(format!("together.zarr/cells/{gone}"))).unwrap();
    assert_eq!(json(&run, 0)["this_run"]["cells"], 1);
    assert!(whole(&together) == whole(&in_turn), "the stores differ");
    let other = ["run", "--catalog", &catalog, "--out", &together, "--layout", "sphere"];
    assert!(stderr(&other, 2).contains("order 9"));
}
