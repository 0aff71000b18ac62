//! `icestream grid` and `icestream points` on the demo granules, and a search in place of granules.
use crate::compose::{item, page, polygon};
use crate::server::{Reply, Server};
use crate::support::{NO_ROLE, demo_granules, folder, json, stderr, stdout};
use serde_json::json;
use std::process::Command;

/// A part of the demo cell, and places around it.
const REGION: &str = "--region=-66.2,-64.6,-65,-63.8";

fn lines(path: &str) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_region_is_filled_once_and_goes_on_where_it_was() {
    let folder = folder("grid");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (store, table, granules) = (path("r.zarr"), path("r.csv"), demo_granules());
    let granules = granules.to_str().unwrap();
    let args = ["grid", granules, REGION, "--out", &store, "--out", &table, "--json"];
    let told = json(&args, 0);
    let (kept, rows) = (told["cells"].as_u64().unwrap(), told["observations"].as_u64().unwrap());
    assert!(kept > 100 && rows > 100 && told["resumed"] == 0, "{told}");
    // Some of them are children of the demo cell, with its values.
    let whole = path("whole.csv");
    stdout(&["cell", granules, "--cell", "-6134114", "--csv", &whole, "--quiet"], 0);
    let id = |line: &String| line.split(',').next().unwrap().to_owned();
    let (found, held) = (lines(&table), lines(&whole).iter().map(id).collect::<Vec<_>>());
    let inside = found.iter().skip(1).filter(|line| held.contains(&id(line))).count();
    assert!(found.len() > 10 && inside > 10, "{} rows, {inside} of the cell", found.len());
    assert!(stdout(&["validate", &store], 0).contains("layout region"));
    // Again: files are there. As after a stop, nothing is left to do; or all is made anew.
    assert!(stderr(&args, 2).contains("r.csv is already there"));
    let note = path("r.zarr.grid");
    std::fs::write(&note, std::fs::read_to_string(&note).unwrap().replace("done", "")).unwrap();
    let again = json(&args, 0);
    assert_eq!((again["resumed"].as_u64(), again["requests"].as_u64()), (told["parents"].as_u64(), Some(0)));
    let anew = json(&[&args[..], &["--overwrite"]].concat(), 0);
    assert_eq!((&anew["resumed"], &anew["observations"]), (&json!(0), &told["observations"]));
    // Another job may not go on with it.
    assert!(stderr(&["grid", granules, REGION, "--out", &store, "--also", "mad"], 2).contains("other options"));
    // The rows are those that the statistics count.
    let points = path("p.csv");
    let args = ["points", granules, REGION, "--columns", "h_li", "--out", &points, "--json"];
    assert_eq!(json(&args, 0)["rows"].as_u64(), Some(rows));
    let points = lines(&points);
    assert_eq!(points.len() as u64, rows + 1);
    assert!(points[0].starts_with("longitude,latitude,time,h_li,"), "{}", points[0]);
}

#[test]
fn what_cannot_be_a_region_is_refused_with_its_reason() {
    let granules = demo_granules();
    for (region, words) in [
        (&["--region", "us-west-2"][..], "--aws-region us-west-2"),
        (&["--region", "1,2,3"], "region"),
        (&[], "--region basin.shp"),
        (&["--region", "0,0,1,1", "--region-crs", "EPSG:27700"], "27700"),
    ] {
        let args = [&["grid", granules.to_str().unwrap()], region, &["--out", "unused.zarr"]].concat();
        let said = stderr(&args, 2);
        assert!(said.contains(words), "{region:?}: {said}");
    }
}

#[test]
fn without_granules_the_catalog_of_nasa_is_searched() {
    let server = Server::start(|_, _| {
        let strip = polygon(&[vec![[-50.0, 68.0], [-49.0, 68.0], [-49.5, 70.5], [-50.5, 70.5]]]);
        let away = polygon(&[vec![[10.0, -75.0], [11.0, -75.0], [11.0, -74.0], [10.0, -74.0]]]);
        let items = [
            item("ATL06_20231219171439_00132203_007_01.h5", &strip),
            item("ATL06_20231220184857_00282211_007_01.h5", &away),
        ];
        Reply::status(200).with("CMR-Hits", "2").body(page(&items))
    });
    let search = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_icestream"));
        command.args(["grid", "--region=-51,68.5,-48,69.8", "--dry-run", "--json"]).args(more);
        command.env_clear().envs(NO_ROLE).env("ICESTREAM_CMR_URL", server.url("")).output().unwrap()
    };
    let found: serde_json::Value = serde_json::from_slice(&search(&["--cycle", "22"]).stdout).unwrap();
    assert_eq!((&found["granules"], found["cells"].as_u64().unwrap() > 6000), (&json!(1), true), "{found}");
    let refused = search(&[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("--cycle 22"), "{said}");
}
