//! Stores with windows of time, from their making to what people see: validate, merge, overviews, export, plot, series, compare.
use crate::support::{demo_granules, folder, icestream, json, objects, stderr, stdout};
use serde_json::Value;
use std::path::{Path, PathBuf};

const ONE: &str = "-6134114";
const TWO: &str = "-6134112";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A store of some cells of the bundled granules, by month.
fn write(folder: &Path, name: &str, layout: &str, cells: &[&str]) -> PathBuf {
    let (store, granules) = (folder.join(name), demo_granules());
    for cell in cells {
        let what = ["cell", text(&granules), "--cell", cell, "--child-order", "8", "--layout", layout, "-q"];
        let windows = ["--by", "month", "--from-date", "2023-12-01", "--to-date", "2024-04-01"];
        stdout(&[&what[..], &windows, &["--out", text(&store)]].concat(), 0);
    }
    store
}

#[test]
fn stores_of_one_cell_are_merged_window_by_window_and_composed() {
    let folder = folder("windows-merge");
    let sphere = write(&folder, "sphere.zarr", "sphere", &[ONE, TWO]);
    let one = write(&folder, "one.zarr", "cell", &[ONE]);
    let two = write(&folder, "two.zarr", "cell", &[TWO]);
    let merged = folder.join("merged.zarr");
    stdout(&["merge", text(&one), text(&two), "--out", text(&merged)], 0);
    assert!(objects(&sphere) == objects(&merged), "other bytes than when the cells are computed into one store");
    let again = stdout(&["merge", text(&one), text(&two), "--out", text(&merged)], 0);
    assert!(again.contains("0 cells written, 2 there already"), "{again}");
    stdout(&["overviews", text(&merged), "--to", "4"], 0);
    for store in [&sphere, &one, &merged] {
        stdout(&["validate", text(store)], 0);
    }
    let granules = demo_granules();
    let deep = stdout(&["validate", text(&merged), "--deep", "--granules", text(&granules)], 0);
    assert!(deep.contains("2 computed again"), "{deep}");
    assert!(stdout(&["compare", text(&sphere), text(&merged)], 0).contains("; equal"));
    // The sum over windows is what a store without windows has.
    let plain = folder.join("plain.zarr");
    let cell = ["cell", text(&granules), "--cell", ONE, "--child-order", "8", "-q", "--out", text(&plain)];
    stdout(&cell, 0);
    let total = |store: &Path| -> f64 {
        let csv = folder.join("counts.csv");
        stdout(&["export", text(store), "--var", "count", "--to", text(&csv), "--overwrite"], 0);
        let text = std::fs::read_to_string(csv).unwrap();
        text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap()).sum()
    };
    assert_eq!(total(&one), total(&plain));
}

#[test]
fn faults_of_windows_are_found_and_a_window_that_nobody_computed_is_none() {
    let folder = folder("windows-faults");
    let good = write(&folder, "good.zarr", "sphere", &[ONE]);
    let window = |store: &Path| store.join(format!("cells/{ONE}/2024-01-01"));
    let codes = |plant: &dyn Fn(&Path)| -> Vec<String> {
        let store = folder.join("bad.zarr");
        let _ = std::fs::remove_dir_all(&store);
        for (key, bytes) in objects(&good) {
            let path = store.join(key.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        plant(&store);
        let report: Value = serde_json::from_slice(&icestream(&["validate", text(&store), "--json"]).stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    };
    let chunks = |store: &Path| -> Vec<PathBuf> {
        let arrays = std::fs::read_dir(store.join("8")).unwrap().map(|entry| entry.unwrap().path());
        arrays.map(|array| array.join("c/1")).filter(|chunks| chunks.is_dir()).collect()
    };
    assert!(codes(&|_| {}).is_empty());
    // The whole window is missing.
    let unmade = |store: &Path| {
        std::fs::remove_dir_all(window(store)).unwrap();
        chunks(store).iter().for_each(|chunks| std::fs::remove_dir_all(chunks).unwrap());
    };
    assert!(codes(&unmade).is_empty());
    assert_eq!(codes(&|store| std::fs::remove_dir_all(window(store)).unwrap()), ["cell-unfinished"]);
    assert!(codes(&|store| std::fs::remove_dir_all(&chunks(store)[0]).unwrap()).contains(&"chunk-missing".to_owned()));
    let times = |store: &Path| {
        let times = store.join("8/time/c/0");
        std::fs::copy(store.join("8/time_bounds/c/0/0"), times).unwrap();
    };
    assert_eq!(codes(&times), ["time-axis"]);
    let provenance = |store: &Path| {
        let key = window(store).join("zarr.json");
        let document = std::fs::read_to_string(&key).unwrap();
        std::fs::write(key, document.replace("\"used\":", "\"used\":1")).unwrap();
    };
    assert!(codes(&provenance).iter().all(|code| code == "provenance" || code == "rows"));
    let stray = |store: &Path| {
        std::fs::create_dir_all(window(store).join("x")).unwrap();
        std::fs::write(window(store).join("x/y"), "").unwrap();
    };
    assert_eq!(codes(&stray), ["unknown-object"]);
}

#[test]
fn windows_are_exported_drawn_and_shown_as_a_series() {
    let folder = folder("windows-shown");
    let store = write(&folder, "store.zarr", "cell", &[ONE]);
    let at = |name: &str| text(&folder.join(name)).to_owned();
    let csv = at("all.csv");
    stdout(&["export", text(&store), "--to", &csv], 0);
    let rows = std::fs::read_to_string(&csv).unwrap();
    assert!(rows.starts_with("time,morton,cell_ids,lon,lat,count,"), "{rows}");
    let row: Vec<&str> = rows.lines().nth(1).unwrap().split(',').collect();
    let (time, cell) = (row[0], row[1]);
    assert!(time.starts_with("202"), "{time}");
    for name in ["all.nc", "all.parquet"] {
        stdout(&["export", text(&store), "--to", &at(name)], 0);
    }
    let refused = stderr(&["export", text(&store), "--to", &at("all.tif")], 2);
    assert!(refused.contains("a band for each window of time of one variable"), "{refused}");
    stdout(&["export", text(&store), "--to", &at("mean.tif"), "--var", "h_mean"], 0);
    let refused = stderr(&["export", text(&store), "--to", &at("x.nc"), "--window", "1999"], 2);
    assert!(refused.contains("there is no window `1999`") && refused.contains("--window"), "{refused}");

    stdout(&["plot", text(&store), "--out", &at("windows.svg")], 0);
    stdout(&["plot", text(&store), "--window", time, "--out", &at("one.svg")], 0);
    let one = std::fs::read_to_string(at("one.svg")).unwrap();
    assert!(one.contains(&format!("{time} to ")), "the window is in the title");
    stdout(&["plot", text(&store), "--animate", &at("frames")], 0);
    assert!(std::fs::read_dir(at("frames")).unwrap().count() >= 1);
    let refused = stderr(&["plot", text(&store), "--sheet", "--out", &at("sheet.png")], 2);
    assert!(refused.contains("several windows of time") && refused.contains("--window"), "{refused}");

    let lines = stdout(&["series", text(&store), "--cell", cell], 0);
    assert!(lines.contains("h_mean (m)") && lines.lines().count() >= 3, "{lines}");
    let answer = json(&["series", text(&store), "--cell", cell, "--json"], 0);
    assert!(answer["note"].as_str().unwrap().contains("not height change"), "{answer}");
    assert_eq!(answer["windows"][0]["start"], "2023-12-01");
    for name in ["s.png", "s.svg", "s.csv"] {
        stdout(&["series", text(&store), "--cell", cell, "--out", &at(name)], 0);
    }
    assert!(std::fs::read_to_string(at("s.csv")).unwrap().contains("window,start,end,cycle,count,h_mean,h_sigma"));
    let refused = stderr(&["series", text(&store), "--cell", "44", "--out", &at("s.png")], 2);
    assert!(refused.contains("no order 1"), "{refused}");
}

#[test]
fn heights_of_other_times_are_compared_with_a_warning() {
    let folder = folder("windows-compare");
    let granules = demo_granules();
    let names = std::fs::read_dir(&granules).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<PathBuf> = names.filter(|path| path.extension().is_some_and(|end| end == "h5")).collect();
    names.sort();
    let write = |name: &str, granules: &[PathBuf]| {
        let store = folder.join(name);
        let mut args: Vec<&str> = vec!["cell"];
        args.extend(granules.iter().map(|path| text(path)));
        stdout(&[&args[..], &["--cell", ONE, "--child-order", "8", "-q", "--out", text(&store)]].concat(), 0);
        store
    };
    let (all, some) = (write("all.zarr", &names), write("some.zarr", &names[..2]));
    let answer: Value =
        serde_json::from_slice(&icestream(&["compare", text(&all), text(&some), "--json"]).stdout).unwrap();
    assert!(answer["warning"].as_str().unwrap().contains("--change"), "{answer}");
    assert_eq!(json(&["compare", text(&all), text(&all), "--json"], 0)["warning"], Value::Null);
    let picture = folder.join("difference.svg");
    let output = icestream(&["plot", "--compare", text(&all), text(&some), "--out", text(&picture)]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("heights of different times"));
}
