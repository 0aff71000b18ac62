//! Windows of time and height change, on the bundled granules and copies of them that are named as of other cycles.
use crate::support::{demo_granules, folder, icestream, json, objects, stderr, stdout};
use pipeline::Day;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CELL: &str = "-6134114";

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Copies of the bundled granules, named as of these cycles; each 91 days after the one before.
fn copies(folder: &Path, cycles: std::ops::Range<u32>) -> PathBuf {
    let granules = folder.join("granules");
    std::fs::create_dir(&granules).unwrap();
    for entry in std::fs::read_dir(demo_granules()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(rest) = name.strip_prefix("ATL06_").filter(|_| name.ends_with(".h5")) else { continue };
        for cycle in cycles.clone() {
            let date = later(rest, 91 * (i64::from(cycle) - 22));
            let copy = format!("ATL06_{date}{}_{}{cycle:02}{}", &rest[8..14], &rest[15..19], &rest[21..]);
            std::fs::copy(&path, granules.join(copy)).unwrap();
        }
    }
    granules
}

/// A date without dashes, so many days later.
fn later(date: &str, days: i64) -> String {
    let day: Day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..8]).parse().unwrap();
    Day::at(day.number() + days).to_string().replace('-', "")
}

/// Rows by window and cell.
type Rows = BTreeMap<(String, String), Vec<f64>>;

/// The names of the columns of a CSV, and its rows.
fn table(csv: &str) -> (Vec<String>, Rows) {
    let mut lines = csv.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let timed = names[0] == "time";
    let rows = lines.map(|line| {
        let mut parts = line.split(',');
        let window = if timed { parts.next().unwrap() } else { "" }.to_owned();
        let cell = parts.next().unwrap().to_owned();
        ((window, cell), parts.skip(1).map(|number| number.parse().unwrap()).collect())
    });
    let skip = if timed { 3 } else { 2 };
    (names[skip..].to_vec(), rows.collect())
}

#[test]
fn windows_sum_up_to_the_whole() {
    let granules = text(&demo_granules());
    let csv =
        |more: &[&str]| stdout(&[&["cell", &granules, "--cell", CELL, "--csv", "-", "--quiet"], more].concat(), 0);
    let (names, whole) = table(&csv(&[]));
    let at = |name: &str| names.iter().position(|own| own == name).unwrap();
    let (count, least, greatest) = (at("count"), at("h_min"), at("h_max"));
    for (more, windows) in [
        (&["--by", "cycle"][..], 1),
        (&["--by", "month"], 2),
        (&["--by", "season"], 1),
        (&["--windows", "2024-01-01/2024-02-08,2024-02-08/2024-02-12,2024-02-12/2024-03-01"], 3),
        (&["--from-date", "2024-01-01", "--to-date", "2025-01-01"], 1),
    ] {
        let (own, rows) = table(&csv(more));
        assert_eq!(own, names, "{more:?}");
        assert_eq!(rows.len(), windows * whole.len(), "{more:?}");
        let mut sums: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
        for ((_, cell), row) in &rows {
            let sum = sums.entry(cell).or_insert([0.0, f64::NAN, f64::NAN]);
            *sum = [sum[0] + row[count], sum[1].min(row[least]), sum[2].max(row[greatest])];
        }
        for ((_, cell), row) in &whole {
            let expected = [row[count], row[least], row[greatest]].map(f64::to_bits);
            assert_eq!(sums[cell.as_str()].map(f64::to_bits), expected, "{more:?}, {cell}");
        }
    }
}

#[test]
fn a_window_is_as_a_job_of_its_granules_and_costs_no_more() {
    let granules = text(&demo_granules());
    let run = |more: &[&str]| json(&[&["cell", &granules, "--cell", CELL, "--json"], more].concat(), 0);
    let (plain, january) = (run(&[]), run(&["--from-date", "2024-01-01", "--to-date", "2024-02-01"]));
    let months = run(&["--by", "month", "--change"]);
    let totals = |answer: &serde_json::Value, name: &str| answer["ledger"]["totals"][name].as_u64().unwrap();
    for name in ["requests", "bytes"] {
        assert_eq!(totals(&plain, name), totals(&months, name));
        assert!(totals(&january, name) < totals(&plain, name));
    }
    let outside = january["ledger"]["granules"].as_array().unwrap().iter();
    assert_eq!(outside.filter(|granule| granule["outside_windows"] == true).count(), 3);
    let january_alone = format!("{granules}/ATL06_20240123041319_03392212_990_01.h5");
    let csv = |granules: &str, more: &[&str]| {
        stdout(&[&["cell", granules, "--cell", CELL, "--csv", "-", "--quiet"], more].concat(), 0)
    };
    let alone = csv(&january_alone, &[]);
    let window = csv(&granules, &["--from-date", "2024-01-01", "--to-date", "2024-02-01"]);
    let untimed: String = window.lines().map(|line| line.split_once(',').unwrap().1.to_owned() + "\n").collect();
    assert_eq!(untimed, alone);
}

#[test]
fn memory_and_order_change_nothing() {
    let folder = folder("time-memory");
    let granules = copies(&folder, 20..25);
    let store = |name: &str, more: &[&str]| {
        let out = folder.join(name);
        let (granules, out_text) = (text(&granules), text(&out));
        let args =
            ["cell", &granules, "--cell", CELL, "--by", "cycle", "--change", "--moments", "--overviews", "9", "-q"];
        stdout(&[&args[..], &["--out", &out_text], more].concat(), 0);
        objects(&out)
    };
    let usual = store("usual.zarr", &[]);
    assert!(usual.contains_key("12/h_window/c/4/0") && usual.contains_key("moments/moments/c/0/0"));
    for (name, more) in
        [("a.zarr", &["--memory", "1"][..]), ("b.zarr", &["--tracks-in-flight", "1"]), ("c.zarr", &["--exhaustive"])]
    {
        assert_eq!(store(name, more), usual, "{more:?}");
    }
}

#[test]
fn what_is_appended_is_as_at_once() {
    let folder = folder("time-append");
    let granules = copies(&folder, 20..26);
    let catalog = text(&folder.join("catalog.json"));
    stdout(&["catalog", "--from", &text(&granules), "--out", &catalog, "--quiet"], 0);
    let run = |out: &str, more: &[&str]| {
        let out = text(&folder.join(out));
        let args = ["run", "--catalog", &catalog, "--layout", "sphere", "--by", "cycle", "--change", "--moments", "-q"];
        icestream(&[&args[..], &["--overviews", "9", "--out", &out], more].concat())
    };
    let sound = |output: std::process::Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    sound(run("once", &[]));
    let once = objects(&folder.join("once"));
    let appended = text(&folder.join("appended"));
    sound(run("appended", &["--to-date", "2024-03-01"]));
    let first = objects(Path::new(&appended));
    for _ in 0..2 {
        let done = json(&["extend", &appended, "--to-date", "2024-12-01", "--json"], 0);
        assert_eq!(done["windows"], 6);
    }
    // What was there is there, but for documents and the axis.
    let extended = objects(Path::new(&appended));
    let kept = |key: &str| !key.ends_with("zarr.json") && !key.contains("/time") && !key.contains("/cycle/");
    assert!(first.iter().filter(|(key, _)| kept(key)).all(|(key, bytes)| extended.get(key) == Some(bytes)));
    assert_eq!(extended.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
    for _ in 0..2 {
        sound(run("appended", &[]));
    }
    let filled = objects(Path::new(&appended));
    assert_ne!(filled, once, "change is of the windows that were there");
    let done = json(&["change", &appended, "--json"], 0);
    assert_eq!((&done["cells"], &done["incomplete_cells"]), (&7.into(), &0.into()));
    for _ in 0..2 {
        assert!(objects(Path::new(&appended)) == once);
        stdout(&["change", &appended], 0);
    }
}

#[test]
fn what_cannot_be_is_said_with_the_next_step() {
    let folder = folder("time-errors");
    let granules = text(&demo_granules());
    let cell = |more: &[&str]| stderr(&[&["cell", &granules, "--cell", CELL, "--quiet"], more].concat(), 2);
    let overlap = cell(&["--windows", "2024-01-01/2024-02-01,2024-01-15/2024-03-01"]);
    assert!(overlap.contains("--windows: ") && overlap.contains("overlap"), "{overlap}");
    assert!(cell(&["--by", "week"]).contains("write cycle, month, quarter, season or year"));
    assert!(cell(&["--from-date", "2024-13-01"]).contains("write 2019-04-01"));
    assert!(cell(&["--by", "cycle", "--product", "GEDI02_A"]).contains("--by: GEDI02_A has no repeat cycles"));
    assert!(cell(&["--min-span", "1"]).contains("--change"));
    let store = text(&folder.join("cell.zarr"));
    stdout(&["cell", &granules, "--cell", CELL, "--by", "month", "--out", &store, "--quiet"], 0);
    assert!(stderr(&["extend", &store, "--to-date", "2025-01-01"], 2).contains("store of one cell"));
    let sphere = text(&folder.join("sphere"));
    stdout(&["cell", &granules, "--cell", CELL, "--layout", "sphere", "--out", &sphere, "--quiet"], 0);
    assert!(stderr(&["extend", &sphere, "--to-date", "2025-01-01"], 2).contains("no time axis"));
    assert!(stderr(&["change", &sphere], 2).contains("no time axis"));
}

#[test]
fn a_store_that_grows_takes_no_other_job_and_says_what_is_old() {
    let folder = folder("time-other");
    let granules = copies(&folder, 20..24);
    let catalog = text(&folder.join("catalog.json"));
    stdout(&["catalog", "--from", &text(&granules), "--out", &catalog, "--quiet"], 0);
    let run = |catalog: &str, out: &str, more: &[&str]| {
        let out = text(&folder.join(out));
        let args = ["run", "--catalog", catalog, "--layout", "sphere", "--by", "cycle", "-q", "--out", &out];
        icestream(&[&args[..], more].concat())
    };
    let moments = ["--change", "--moments"];
    let kept = ["--change", "--moments", "--to-date", "2023-12-01"];
    assert!(run(&catalog, "sphere", &kept).status.success());
    for other in [
        &["--change"][..],
        &["--change", "--moments", "--epoch", "2021-01-01"],
        &["--change", "--moments", "--also", "std"],
    ] {
        let refused = run(&catalog, "sphere", other);
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && why.contains("otherwise"), "{other:?}: {why}");
    }
    let sphere = text(&folder.join("sphere"));
    stdout(&["extend", &sphere, "--to-date", "2024-03-01"], 0);
    let deep = ["validate", &sphere, "--deep", "--granules", &text(&granules)];
    assert!(stdout(&deep, 0).contains("0 errors, 0 warnings"));
    assert!(run(&catalog, "sphere", &moments).status.success());
    assert!(stdout(&["validate", &sphere], 0).contains("change-older"));
    stdout(&["change", &sphere], 0);
    assert!(stdout(&deep, 0).contains("0 errors, 0 warnings"));
    // A window that loses all its granules loses what was seen in them too.
    for entry in std::fs::read_dir(&granules).unwrap() {
        let path = entry.unwrap().path();
        let name = text(&path);
        if ["2110_990", "2111_990", "2112_990"].iter().any(|cycle_21| name.contains(cycle_21)) {
            std::fs::remove_file(path).unwrap();
        }
    }
    let fewer = text(&folder.join("fewer.json"));
    stdout(&["catalog", "--from", &text(&granules), "--out", &fewer, "--quiet"], 0);
    assert!(run(&fewer, "sphere", &["--change", "--moments", "--fresh", "--overwrite"]).status.success());
    stdout(&["change", &sphere], 0);
    let whole = ["--change", "--moments", "--to-date", "2024-03-01"];
    assert!(run(&fewer, "fewer", &whole).status.success());
    assert!(objects(Path::new(&sphere)) == objects(&folder.join("fewer")));
    // Without moments there is nothing to compute change of more windows from.
    assert!(run(&fewer, "plain", &["--change"]).status.success());
    let plain = text(&folder.join("plain"));
    assert!(stderr(&["extend", &plain, "--to-date", "2025-03-01"], 2).contains("--moments"));
    let cell =
        |more: &[&str]| stderr(&[&["cell", &text(&granules), "--cell", CELL, "--change", "-q"], more].concat(), 2);
    for (flag, number) in [("--min-span", "nan"), ("--max-rmse", "inf"), ("--min-overpasses", "0")] {
        assert!(cell(&[flag, number]).contains(&flag[2..].replace('-', "_")), "{flag}");
    }
}
