//! Ids, inspection, checksums, events, exit codes.
use crate::support::{demo_granules, folder, icestream, json, objects, stderr, stdout};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

fn granule() -> String {
    demo_granules().join("ATL06_20240207154957_05752210_990_01.h5").to_str().unwrap().to_owned()
}

#[test]
fn a_cell_has_many_names() {
    let names: [&[&str]; 4] =
        [&["--cell", "-6134114"], &["--cell=-6134114"], &["--cell", "nested:6/45763"], &["--cell", "-64.2,-65.57"]];
    for name in names {
        let answer = json(&[&["cells", "--json"], name].concat(), 0);
        assert_eq!(answer["nested"], 45763, "{name:?}");
        assert_eq!(answer["morton"], -6134114);
        assert_eq!(answer["children"]["first"], 187_445_248);
        assert_eq!(answer["children"]["last"], 187_449_343);
    }
    assert!(stdout(&["cells", "--lat", "-64.2", "--lon", "-65.57"], 0).contains("-6134114"));
    assert_eq!(json(&["cells", "--cell", "-6134114", "--order", "5", "--json"], 0)["nested"], 45763 >> 2);
}

#[test]
fn wrong_usage_ends_with_2_and_names_the_value() {
    assert!(stderr(&["cells", "--cell", "-6934114"], 2).contains("-6934114"));
    assert!(stderr(&["cells", "--lat", "91", "--lon", "0"], 2).contains("91"));
    assert!(stderr(&["cell", &granule(), "--cell", "-6134114", "--child-order", "5"], 2).contains("child order 5"));
    assert_eq!(icestream(&["cell"]).status.code(), Some(2));
    assert_eq!(icestream(&["--help"]).status.code(), Some(0));
}

#[test]
fn inspect_shows_the_tree_and_the_cells() {
    let text = stdout(&["inspect", &granule(), "--attributes"], 0);
    for part in ["gt1l/", "land_ice_segments/", "h_li ", "float32", "deflate", "@_FillValue", "-6134114"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let answer = json(&["inspect", &granule(), "--path", "/gt1l", "--no-cells", "--json"], 0);
    assert!(
        answer["objects"]
            .as_array()
            .unwrap()
            .iter()
            .all(|object| object["path"].as_str().unwrap().starts_with("/gt1l/"))
    );
    assert_eq!(answer["crossed_cells"], Value::Null);
    let shown = answer["bytes_read"].as_u64().unwrap();
    assert!(shown < std::fs::metadata(granule()).unwrap().len(), "only what is shown is read");
}

#[test]
fn checksums_are_lines_of_json_and_errors_are_not_hidden() {
    let lines = stdout(&["checksum", &granule()], 0);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 30);
    assert!(lines.iter().all(|line| line["sha256"].as_str().unwrap().len() == 64));
    let folder = folder("checksum");
    let bytes = std::fs::read(granule()).unwrap();
    let cut = folder.join("cut.h5");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    assert!(stderr(&["checksum", cut.to_str().unwrap()], 5).contains("past the end"));
    assert!(stderr(&["checksum", "no-such-file.h5"], 5).contains("no-such-file.h5"));
}

#[test]
fn an_event_is_taken_verbatim() {
    let folder = folder("event");
    let event = json!({
        "parent_morton": -6134114, "parent_order": 6, "child_order": 12, "granule_urls": [granule()],
        "s3_bucket": "bucket", "s3_prefix": "atl06/production",
        "s3_credentials": { "accessKeyId": "ID", "secretAccessKey": "SECRET", "sessionToken": "TOKEN" },
    });
    let path = folder.join("event.json");
    std::fs::write(&path, event.to_string()).unwrap();
    let out = folder.join("out.zarr");
    let answer = json(&["cell", "--event", path.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"], 0);
    assert_eq!(answer["granule_count"], 1);
    assert!(out.join("zarr.json").is_file());
    let mut more = event.clone();
    for (name, value) in [("latitude", json!("authalic")), ("overviews", json!([11])), ("also", json!(["q05"]))] {
        more[name] = value;
    }
    std::fs::write(&path, more.to_string()).unwrap();
    let other = folder.join("flags.zarr");
    let flags = ["--child-order", "9", "--latitude", "spherical", "--overviews", "8", "--also", "q95", "--quiet"];
    let event_and_out = ["cell", "--event", path.to_str().unwrap(), "--out", other.to_str().unwrap()];
    assert_eq!(icestream(&[&event_and_out[..], &flags].concat()).status.code(), Some(0));
    let there = |key: &str| other.join(key).exists();
    assert!(there("9/h_q95") && there("8/h_q95") && !there("9/h_q05") && !there("11") && !there("12"));
    let root = std::fs::read_to_string(other.join("zarr.json")).unwrap();
    assert!(root.contains("spherical") && !root.contains("authalic"), "{root}");
    // An event and flags write the same store of the sphere.
    let sphere = |name: &str| folder.join(name);
    let mut of_sphere = event.clone();
    of_sphere["layout"] = "sphere".into();
    std::fs::write(&path, of_sphere.to_string()).unwrap();
    stdout(&["cell", "--event", path.to_str().unwrap(), "--out", sphere("e.zarr").to_str().unwrap(), "--quiet"], 0);
    let granule = granule();
    let flags = ["cell", &granule, "--cell=-6134114", "--layout", "sphere", "--quiet", "--out"];
    stdout(&[&flags[..], &[sphere("f.zarr").to_str().unwrap()]].concat(), 0);
    assert!(objects(&sphere("e.zarr")).contains_key("cells/-6134114/zarr.json"));
    assert_eq!(objects(&sphere("e.zarr")), objects(&sphere("f.zarr")));
    let mut wrong = event;
    wrong["parent_order"] = json!(5);
    std::fs::write(&path, wrong.to_string()).unwrap();
    let text = stderr(&["cell", "--event", path.to_str().unwrap()], 2);
    assert!(text.contains("parent_order") && !text.contains("SECRET"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_closed_is_no_error_and_a_full_one_is() {
    let folder = folder("closed");
    let granule = granule();
    let place = folder.join("index");
    for command in [
        vec!["inspect", &granule],
        vec!["checksum", &granule],
        vec!["cells", "--cell=-6134114", "--json"],
        vec!["docs", "--markdown"],
        vec!["catalog", "--from", &granule, "--out", "-", "--quiet"],
        vec!["cell", &granule, "--cell=-6134114", "--json"],
        vec!["cell", &granule, "--cell=-6134114", "--quiet", "--csv", "-"],
        vec!["index", &granule, "--out", place.to_str().unwrap(), "--json"],
    ] {
        let run = |out: Stdio| {
            let mut all = Command::new(env!("CARGO_BIN_EXE_icestream"));
            all.args(&command).env_clear().stdout(out).stderr(Stdio::piped());
            all.spawn().unwrap()
        };
        let mut closed = run(Stdio::piped());
        drop(closed.stdout.take());
        let closed = closed.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&closed.stderr);
        assert!(closed.status.code() == Some(0) && !said.contains("error"), "{command:?}: {said}");
        let full = run(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into());
        let full = full.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&full.stderr);
        assert!(full.status.code() == Some(4) && said.contains("standard output: No space"), "{command:?}: {said}");
    }
}

#[test]
fn a_store_is_not_replaced_unless_asked_and_no_data_is_no_error() {
    let folder = folder("replace");
    let out = folder.join("out.zarr");
    let args = ["cell", &granule(), "--cell", "-6134114", "--out", out.to_str().unwrap(), "--quiet"];
    assert_eq!(icestream(&args).status.code(), Some(0));
    assert!(stderr(&args, 2).contains("--overwrite"));
    assert_eq!(icestream(&[&args[..], &["--overwrite"]].concat()).status.code(), Some(0));
    let empty = json(&["cell", &granule(), "--cell", "4441321", "--json"], 0);
    assert_eq!(empty["error"], "No data after filtering");
    assert_eq!(empty["cells_with_data"], 0);
    let event = json!({ "parent_morton": 4441321, "parent_order": 6, "child_order": 12, "granule_urls": [] });
    let path = folder.join("event.json");
    std::fs::write(&path, event.to_string()).unwrap();
    let nothing = json(&["cell", "--event", path.to_str().unwrap(), "--json"], 0);
    assert_eq!(nothing["error"], "No granules found");
}
