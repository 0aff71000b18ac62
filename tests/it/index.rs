//! Indexes beside granules: the same bytes out with fewer requests, and never a wrong answer.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, json, objects, stderr, stdout};
use pipeline::Sidecar;
use serde_json::Value;
use std::path::{Path, PathBuf};

const CELL: &str = "-6134114";

/// A copy of the bundled granules, and an empty folder beside it.
fn copies(test: &str) -> (PathBuf, PathBuf) {
    let (granules, indexes) = (folder(&format!("{test}/granules")), folder(&format!("{test}/indexes")));
    for entry in std::fs::read_dir(demo_granules()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "h5") {
            std::fs::copy(&path, granules.join(path.file_name().unwrap())).unwrap();
        }
    }
    (granules, indexes)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Table and answer of a cell.
fn cell(granules: &str, more: &[&str]) -> (String, Value) {
    let args = [&["cell", granules, "--csv", "-", "--quiet"], more].concat();
    let args = if more.contains(&"--cell") { args } else { [&args[..], &["--cell", CELL]].concat() };
    let table = stdout(&args, 0);
    let args: Vec<&str> = args.into_iter().filter(|flag| !["--csv", "-"].contains(flag)).chain(["--json"]).collect();
    (table, json(&args, 0))
}

fn index_use(answer: &Value) -> Vec<&str> {
    answer["ledger"]["granules"].as_array().unwrap().iter().map(|g| g["index"].as_str().unwrap()).collect()
}

#[test]
fn an_index_saves_requests_and_changes_no_byte() {
    let (granules, indexes) = copies("index-same");
    let at = text(&indexes);
    stdout(&["index", text(&granules), "--out", at], 0);
    for more in [
        &["--cell", CELL][..],
        &["--cell", CELL, "--latitude", "authalic"],
        &["--cell", "nested:4/2860"],
        &["--cell", "nested:9/2928840"],
        &["--cell", "nested:10/11715361", "--latitude", "authalic"],
        &["--cell", "nested:6/0"],
    ] {
        let (table, plain) = cell(text(&granules), more);
        let (same, indexed) = cell(text(&granules), &[more, &["--index", at]].concat());
        assert!(table == same, "another table: {more:?}");
        assert_eq!(index_use(&indexed), ["used"; 4], "{more:?}");
        assert_eq!(plain["ledger"]["totals"]["used"], indexed["ledger"]["totals"]["used"]);
        let bytes = |answer: &Value| answer["bytes_read"].as_u64().unwrap();
        assert!(bytes(&indexed) < bytes(&plain), "{more:?}: {} and {}", bytes(&indexed), bytes(&plain));
    }
    let (one, other) = (folder("index-same/one"), folder("index-same/other"));
    let store = |out: &Path, more: &[&str]| {
        let fixed = ["cell", text(&granules), "--cell", CELL, "--quiet", "--out", out.to_str().unwrap()];
        stdout(&[&fixed[..], more].concat(), 0);
    };
    store(&one.join("a.zarr"), &[]);
    store(&other.join("a.zarr"), &["--index", at]);
    assert!(objects(&one) == objects(&other), "the store does not know how it was read");
}

#[test]
fn over_http_a_granule_takes_two_rounds_at_most() {
    let (granules, indexes) = copies("index-http");
    let (folder_of_granules, folder_of_indexes) = (granules.clone(), indexes.clone());
    let server = Server::start(move |asked, _| {
        let name = asked.target.trim_start_matches('/');
        let folder = if name.ends_with(".icx") { &folder_of_indexes } else { &folder_of_granules };
        match std::fs::read(folder.join(name)) {
            Ok(bytes) => Reply::ranged(&bytes, asked, "\"v1\""),
            Err(_) => Reply::status(404),
        }
    });
    let mut names: Vec<String> =
        std::fs::read_dir(&granules).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let urls: Vec<String> = names.iter().map(|name| server.url(&format!("/{name}"))).collect();
    let list: Vec<&str> = urls.iter().map(String::as_str).collect();
    stdout(&[&["index"], &list[..], &["--out", text(&indexes)]].concat(), 0);
    let base = server.url("/");
    let before = server.log().len();
    let answer = json(&[&["cell"], &list[..], &["--cell", CELL, "--json", "--index", &base]].concat(), 0);
    assert_eq!(index_use(&answer), ["used"; 4]);
    // One request for the index; then all chunks, which lie side by side in granules this small.
    let asked = server.log().len() - before;
    assert_eq!(asked as u64, answer["requests"].as_u64().unwrap());
    assert!(asked <= 4 * 3, "{asked} requests");
}

#[test]
fn a_stale_damaged_foreign_or_missing_index_is_noticed() {
    let (granules, indexes) = copies("index-stale");
    let (at, whole) = (text(&indexes), text(&granules));
    let (table, _) = cell(whole, &[]);
    let (same, answer) = cell(whole, &["--index", at]);
    assert_eq!(index_use(&answer), ["not used: there is none"; 4]);
    assert!(same == table, "no index, another table");

    stdout(&["index", whole, "--out", at], 0);
    let kept = stdout(&["index", whole, "--out", at], 0);
    assert_eq!(kept.matches("fits, kept").count(), 4, "{kept}");

    // A newer file of the same size under the same name.
    let mut names: Vec<_> = std::fs::read_dir(&granules).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let first = granules.join(&names[0]);
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, &bytes).unwrap();
    // Another granule's index with this one's size and tag.
    let index = |name: &std::ffi::OsString| indexes.join(Sidecar::name_for(name.to_str().unwrap()));
    let read = |name| Sidecar::decode(&std::fs::read(index(name)).unwrap()).unwrap();
    let mut foreign = read(&names[2]);
    let own = read(&names[1]);
    (foreign.size, foreign.tag) = (own.size, own.tag);
    std::fs::write(index(&names[1]), foreign.encode().unwrap()).unwrap();
    // Cut off.
    let cut = std::fs::read(index(&names[2])).unwrap();
    std::fs::write(index(&names[2]), &cut[..cut.len() / 2]).unwrap();
    let (same, answer) = cell(whole, &["--index", at]);
    assert!(same == table, "bad indexes, another table");
    let index_use = index_use(&answer);
    assert_eq!(index_use[0], "not used: it is of another version of the granule");
    assert_eq!(index_use[1], "not used: it is of another granule");
    assert_eq!(index_use[2..], ["not used: it is damaged or no index", "used"]);

    // Any flipped bit: noticed, or harmless.
    let sound = std::fs::read(index(&names[3])).unwrap();
    let (alone, _) = cell(text(&granules.join(&names[3])), &[]);
    for at_byte in (0..sound.len()).step_by(97) {
        let mut damaged = sound.clone();
        damaged[at_byte] ^= 0x10;
        std::fs::write(index(&names[3]), &damaged).unwrap();
        assert!(cell(text(&granules.join(&names[3])), &["--index", at]).0 == alone, "byte {at_byte}");
    }
    let kept = stdout(&["index", whole, "--out", at], 0);
    assert_eq!(kept.matches("fits, kept").count(), 1, "{kept}");
}

#[test]
fn what_cannot_be_indexed_is_named_and_the_rest_is_made() {
    let (granules, indexes) = copies("index-broken");
    std::fs::write(granules.join("broken.h5"), b"no granule").unwrap();
    let error = stderr(&["index", text(&granules), "--out", text(&indexes)], 5);
    assert!(error.contains("broken.h5") && error.contains("1 of 5 granules"), "{error}");
    assert_eq!(std::fs::read_dir(&indexes).unwrap().count(), 4);
}

#[test]
fn a_catalog_names_its_indexes_and_a_run_uses_them() {
    let (granules, indexes) = copies("index-run");
    stdout(&["index", text(&granules), "--out", text(&indexes)], 0);
    let folder = folder("index-run/out");
    let (catalog, out) = (folder.join("catalog.json"), folder.join("stores"));
    let named = ["--index", text(&indexes), "--out", text(&catalog), "--quiet"];
    stdout(&[&["catalog", "--from", text(&granules)], &named[..]].concat(), 0);
    let run = ["run", "--catalog", text(&catalog), "--cells", CELL, "--json"];
    let with = json(&[&run[..], &["--out", text(&out)]].concat(), 0);
    let without = json(&[&run[..], &["--out", text(&folder.join("plain")), "--index", "nowhere"]].concat(), 0);
    let spent = |report: &Value| report["totals"]["bytes_read"].as_u64().unwrap();
    assert!(spent(&with) < spent(&without), "{with}\n{without}");
    assert!(objects(&out.join("-6134114.zarr")) == objects(&folder.join("plain/-6134114.zarr")));
}
