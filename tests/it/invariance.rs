//! The same granules give the same bytes, however they are read.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, json, objects};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CELL: &str = "-6134114";

fn granules() -> Vec<String> {
    let entries =
        std::fs::read_dir(demo_granules()).unwrap().map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let mut granules: Vec<String> = entries.filter(|path| path.ends_with(".h5")).collect();
    granules.sort();
    granules
}

fn store(
    folder: &Path,
    name: &str,
    inputs: &[String],
    more: &[&str],
) -> (BTreeMap<String, Vec<u8>>, serde_json::Value) {
    let out: PathBuf = folder.join(format!("{name}.zarr"));
    let fixed = ["cell", "--cell", CELL, "--json", "--overviews", "11,8,6", "--out", out.to_str().unwrap()];
    let args: Vec<&str> =
        fixed.into_iter().chain(more.iter().copied()).chain(inputs.iter().map(String::as_str)).collect();
    let answer = json(&args, 0);
    (objects(&out), answer)
}

#[test]
fn order_concurrency_memory_and_transport_change_no_byte() {
    let folder = folder("invariance");
    let inputs = granules();
    let (plain, _) = store(&folder, "plain", &inputs, &[]);
    assert!(plain.len() > 40, "{:?}", plain.keys());
    let reversed: Vec<String> = inputs.iter().rev().cloned().collect();
    assert_eq!(store(&folder, "reversed", &reversed, &[]).0, plain);
    assert_eq!(store(&folder, "one", &inputs, &["--tracks-in-flight", "1"]).0, plain);
    assert_eq!(store(&folder, "sixteen", &inputs, &["--tracks-in-flight", "16"]).0, plain);
    assert_eq!(store(&folder, "small", &inputs, &["--memory", "1"]).0, plain);
    let server = Server::start(|asked, _| {
        let bytes = std::fs::read(demo_granules().join(asked.target.trim_start_matches('/'))).unwrap();
        Reply::ranged(&bytes, asked, "\"v1\"")
    });
    let urls =
        inputs.iter().map(|path| server.url(&format!("/{}", path.rsplit('/').next().unwrap()))).collect::<Vec<_>>();
    assert_eq!(store(&folder, "http", &urls, &[]).0, plain);
    assert!(server.log().iter().all(|asked| asked.range().is_some()), "every request is a range");
}

#[test]
fn a_granule_given_twice_counts_once() {
    let folder = folder("twice");
    let mut inputs = granules();
    let (once, _) = store(&folder, "once", &inputs, &[]);
    inputs.push(inputs[0].clone());
    let (twice, answer) = store(&folder, "twice", &inputs, &[]);
    assert_eq!(once, twice);
    assert_eq!(answer["ledger"]["warnings"].as_array().unwrap().len(), 1);
    assert_eq!(answer["granule_count"], 4);
}
