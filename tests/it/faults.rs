//! Granules that cannot be read: the job fails and says why, or is partial and the rest is right.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, json, objects, stderr};
use byte_ranges::MemorySource;
use hdf5_pure::{AsyncFile, Selection};
use serde_json::Value;
use std::path::{Path, PathBuf};

const CELL: &str = "-6134114";
/// The granule that is spoilt; the others stay as they are.
const VICTIM: &str = "ATL06_20240207154957_05752210_990_01.h5";

/// A folder with the bundled granules, one of them changed.
fn spoilt(test: &str, spoil: impl Fn(&mut Vec<u8>)) -> PathBuf {
    let folder = folder(test).join("granules");
    std::fs::create_dir_all(&folder).unwrap();
    for name in names() {
        let mut bytes = std::fs::read(demo_granules().join(&name)).unwrap();
        if name == VICTIM {
            spoil(&mut bytes);
        }
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    folder
}

fn names() -> Vec<String> {
    let entries =
        std::fs::read_dir(demo_granules()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name.ends_with(".h5")).collect();
    names.sort();
    assert_eq!(names.len(), 4);
    names
}

/// Runs the job strictly and with `--allow-partial`, checks what both must do, and returns the strict answer.
fn check(test: &str, inputs: &[String], code: i32, extra: &[&str]) -> Value {
    let folder = folder(&format!("faults-{test}"));
    let out = folder.join("out.zarr");
    let rest = folder.join("rest.zarr");
    let with = |inputs: &[String], out: &Path, more: &[&str]| -> Vec<String> {
        let fixed = ["cell", "--cell", CELL, "--json", "--out", out.to_str().unwrap()];
        fixed.iter().chain(more).chain(extra).map(|arg| (*arg).to_owned()).chain(inputs.iter().cloned()).collect()
    };
    let run = |args: Vec<String>, code| json(&args.iter().map(String::as_str).collect::<Vec<_>>(), code);
    let strict = run(with(inputs, &out, &[]), code);
    assert!(!out.exists(), "something is left at the output");
    assert_eq!(strict["zarr_path"], Value::Null);
    let failed =
        strict["ledger"]["granules"].as_array().unwrap().iter().find(|entry| entry["granule"] == VICTIM).unwrap();
    assert!(!failed["error"]["message"].as_str().unwrap().is_empty());
    assert!(strict["error"].as_str().unwrap().contains(VICTIM), "{}", strict["error"]);

    let partial = run(with(inputs, &out, &["--allow-partial"]), 3);
    assert_eq!(partial["partial"], true);
    assert_eq!(partial["files_failed"], 1);
    let others: Vec<String> = names().into_iter().filter(|name| name != VICTIM).collect();
    let others: Vec<String> =
        others.iter().map(|name| demo_granules().join(name).to_str().unwrap().to_owned()).collect();
    run(with(&others, &rest, &[]), 0);
    let (partial, rest) = (objects(&out), objects(&rest));
    let chunks = |store: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<(String, Vec<u8>)> {
        store
            .iter()
            .filter(|(key, _)| !key.ends_with("zarr.json"))
            .map(|(key, bytes)| (key.clone(), bytes.clone()))
            .collect()
    };
    assert_eq!(chunks(&partial), chunks(&rest), "the rest is not right");
    assert!(String::from_utf8_lossy(&partial["12/zarr.json"]).contains(VICTIM), "the store hides what is missing");
    failed["error"].clone()
}

#[test]
fn truncated() {
    let folder = spoilt("truncated", |bytes| bytes.truncate(bytes.len() * 3 / 5));
    let error = check("truncated", &[folder.to_str().unwrap().to_owned()], 5, &[]);
    assert!(error["message"].as_str().unwrap().contains("end"), "{error}");
}

#[test]
fn one_chunk_corrupted() {
    let track = "/gt2l/land_ice_segments/h_li";
    let folder = spoilt("corrupted", |bytes| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let range = runtime.block_on(async {
            let file = AsyncFile::open(MemorySource::new(bytes.clone())).await.unwrap();
            let dataset = file.dataset(track).await.unwrap();
            let all = Selection::all(&dataset);
            let maps = file.query(|file| file.chunk_maps(&[(&dataset, &all)])).await.unwrap();
            let chunks = maps[0].as_ref().unwrap().chunks.clone();
            chunks[chunks.len() / 2].range()
        });
        let middle = usize::try_from(range.start() + range.len() / 2).unwrap();
        bytes[middle] ^= 0x10;
    });
    let error =
        check("one_chunk_corrupted", &[folder.to_str().unwrap().to_owned(), "--attempts".into(), "1".into()], 5, &[]);
    assert_eq!(error["place"], track, "{error}");
}

#[test]
fn missing() {
    let mut inputs: Vec<String> =
        names().iter().map(|name| demo_granules().join(name).to_str().unwrap().to_owned()).collect();
    let gone = folder("missing").join(VICTIM);
    inputs.retain(|input| !input.ends_with(VICTIM));
    inputs.push(gone.to_str().unwrap().to_owned());
    inputs.push("--quiet".into());
    let error = check("missing", &inputs, 5, &[]);
    assert_eq!(error["class"], "not_found", "{error}");
}

/// A server of the bundled granules that answers `reply` for the victim.
fn server(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Vec<String> {
    let server = Server::start(move |asked, _| {
        let name = asked.target.trim_start_matches('/');
        if name == VICTIM {
            return reply();
        }
        let bytes = std::fs::read(demo_granules().join(name)).unwrap();
        Reply::ranged(&bytes, asked, "\"v1\"")
    });
    names().iter().map(|name| server.url(&format!("/{name}"))).collect()
}

#[test]
fn refused() {
    let error = check("refused", &server(|| Reply::status(403)), 4, &["--quiet"]);
    assert_eq!(error["class"], "denied", "{error}");
}

#[test]
fn overloaded() {
    let mut inputs = server(|| Reply::status(503).with("Retry-After", "0"));
    inputs.push("--quiet".into());
    let error = check("overloaded", &inputs, 1, &["--attempts", "2"]);
    assert_eq!(error["class"], "unavailable", "{error}");
}

#[test]
fn range_ignored() {
    let mut inputs = server(|| Reply::status(200).body(std::fs::read(demo_granules().join(VICTIM)).unwrap()));
    inputs.push("--quiet".into());
    inputs.push("--json".into());
    let args: Vec<&str> =
        ["cell", "--cell", CELL, "--attempts", "1"].into_iter().chain(inputs.iter().map(String::as_str)).collect();
    let answer = json(&args, 1);
    assert!(answer["error"].as_str().unwrap().contains("ange"), "{}", answer["error"]);
}

#[test]
fn a_person_is_told_granule_cause_and_next_step() {
    let folder = spoilt("told", |bytes| bytes.truncate(100));
    let inputs = folder.to_str().unwrap();
    let text = stderr(&["cell", inputs, "--cell", CELL, "--out", folder.join("x.zarr").to_str().unwrap()], 5);
    assert!(text.contains(VICTIM) && text.contains("next:"), "{text}");
}

#[test]
fn a_server_that_never_answers_is_a_timeout() {
    let mut inputs = server(|| Reply { hang: true, ..Reply::default() });
    inputs.push("--quiet".into());
    let error = check("a_server_that_never_answers_is_a_timeout", &inputs, 1, &["--attempts", "1", "--timeout", "1"]);
    assert_eq!(error["class"], "timeout", "{error}");
}
