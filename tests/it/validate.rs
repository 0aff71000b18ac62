//! `icestream validate` finds what is wrong: each fault is planted in a fresh copy of a good store.
#![expect(clippy::panic, reason = "a fault that cannot be planted fails its test")]
use crate::stores::{CELLS, sphere, write};
use crate::support::{demo_granules, folder, json, objects, stderr, stdout};
use dggs_zarr::{ArrayMeta, Attributes, ChunkEncoder, Column, DataType};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What is done to a store, and the kind of finding that it must lead to.
type Fault = (&'static str, &'static str, fn(&Path));

/// Changes a document.
fn edit(path: PathBuf, change: impl Fn(&mut Value)) {
    let mut document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut document);
    std::fs::write(path, document.to_string()).unwrap();
}

/// Changes a document and its copies, as a writer with that fault would.
fn edit_all(store: &Path, path: &str, change: impl Fn(&mut Value)) {
    edit(store.join(path).join("zarr.json"), &change);
    edit(store.join("zarr.json"), |root| change(&mut root["consolidated_metadata"]["metadata"][path]));
    if let Some((group, name)) = path.split_once('/') {
        edit(store.join(group).join("zarr.json"), |root| change(&mut root["consolidated_metadata"]["metadata"][name]));
    }
}

fn values(path: &Path, data_type: DataType, change: impl Fn(&mut Column)) {
    let meta = ArrayMeta::new(4096, data_type, Attributes::new());
    let mut values = meta.decode(&std::fs::read(path).unwrap()).unwrap();
    change(&mut values);
    std::fs::write(path, ChunkEncoder::new().encode(&values, 0..4096, &meta).unwrap()).unwrap();
}

/// Changes one value of a float array where there are rows.
fn float(store: &Path, key: &str, change: fn(f32) -> f32) {
    values(&store.join(key), DataType::F32, |values| {
        let Column::F32(values) = values else { panic!("{key}") };
        let row = values.iter().position(|value| !value.is_nan()).unwrap();
        values[row] = change(values[row]);
    });
}

fn ids(store: &Path, change: impl Fn(&mut Vec<u64>)) {
    values(&store.join("12/cell_ids/c/0"), DataType::U64, |values| {
        let Column::U64(ids) = values else { panic!("no ids") };
        change(ids);
    });
}

fn counts(store: &Path, key: &str, change: impl Fn(&mut Vec<i32>)) {
    values(&store.join(key), DataType::I32, |values| {
        let Column::I32(counts) = values else { panic!("{key}") };
        change(counts);
    });
}

fn remove(path: PathBuf) {
    std::fs::remove_file(path).unwrap();
}

/// Faults of a store of one cell.
const OF_A_CELL: [Fault; 40] = [
    ("wrong ids", "ids", |store| ids(store, |ids| ids.iter_mut().for_each(|id| *id += 4096))),
    ("two ids swapped", "ids", |store| ids(store, |ids| ids.swap(1, 2))),
    ("fill as id", "fill-as-id", |store| ids(store, |ids| ids[7] = 0)),
    ("the declared fill as id", "fill-as-id", |store| ids(store, |ids| ids[7] = 1 << 63)),
    ("wrong decimal ids", "morton", |store| {
        values(&store.join("12/morton/c/0"), DataType::I64, |values| {
            let Column::I64(ids) = values else { panic!("no ids") };
            ids.reverse();
        });
    }),
    ("missing chunk", "chunk-missing", |store| remove(store.join("12/h_mean/c/0"))),
    ("truncated chunk", "chunk-damaged", |store| {
        let path = store.join("12/h_max/c/0");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 100]).unwrap();
    }),
    ("a flipped bit", "chunk-damaged", |store| {
        let path = store.join("12/h_max/c/0");
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        std::fs::write(path, bytes).unwrap();
    }),
    ("empty chunk", "chunk-damaged", |store| std::fs::write(store.join("11/count/c/0"), b"").unwrap()),
    ("chunk of another order", "chunk-damaged", |store| {
        std::fs::copy(store.join("11/h_min/c/0"), store.join("12/h_min/c/0")).map(drop).unwrap();
    }),
    ("shifted values", "no-data", |store| {
        values(&store.join("12/h_mean/c/0"), DataType::F32, |values| {
            let Column::F32(values) = values else { panic!("no floats") };
            values.rotate_right(1);
        });
    }),
    ("chunk of another variable", "extremes", |store| {
        std::fs::copy(store.join("12/h_max/c/0"), store.join("12/keep")).unwrap();
        std::fs::copy(store.join("12/h_min/c/0"), store.join("12/h_max/c/0")).unwrap();
        std::fs::rename(store.join("12/keep"), store.join("12/h_min/c/0")).unwrap();
    }),
    ("ellipsoid with spherical ids", "ellipsoid", |store| {
        edit_all(store, "12", |group| {
            group["attributes"]["dggs"]["ellipsoid"] =
                json!({"name": "WGS84", "semimajor_axis": 6378137.0, "inverse_flattening": 298.257223563});
        });
    }),
    ("ellipsoid on the ids", "ellipsoid", |store| {
        edit_all(store, "12/cell_ids", |array| array["attributes"]["ellipsoid"] = json!({"name": "WGS84"}));
    }),
    ("units on the ids", "ids-attributes", |store| {
        edit_all(store, "12/cell_ids", |array| array["attributes"]["units"] = json!("1"));
    }),
    ("extra key in the dggs block", "dggs-key", |store| {
        edit_all(store, "12", |group| group["attributes"]["dggs"]["epoch"] = json!(2024));
    }),
    ("ring scheme", "dggs", |store| {
        edit_all(store, "12", |group| group["attributes"]["dggs"]["indexing_scheme"] = json!("ring"));
    }),
    ("wrong refinement level", "dggs", |store| {
        edit_all(store, "11", |group| group["attributes"]["dggs"]["refinement_level"] = json!(12));
    }),
    ("no convention entry", "convention", |store| {
        edit_all(store, "12", |group| group["attributes"]["zarr_conventions"] = json!([]));
    }),
    ("another convention", "convention", |store| {
        edit_all(store, "12", |group| group["attributes"]["zarr_conventions"][0]["uuid"] = json!("0"));
    }),
    ("stale consolidated metadata", "consolidated", |store| {
        edit(store.join("zarr.json"), |root| {
            root["consolidated_metadata"]["metadata"]["12/h_min"]["attributes"]["units"] = json!("km");
        });
    }),
    ("no consolidated metadata", "consolidated", |store| {
        edit(store.join("12/zarr.json"), |group| drop(group.as_object_mut().unwrap().remove("consolidated_metadata")));
    }),
    ("an array not in the consolidated metadata", "consolidated", |store| {
        edit(store.join("zarr.json"), |root| {
            root["consolidated_metadata"]["metadata"].as_object_mut().unwrap().remove("12/h_q50");
        });
    }),
    ("wrong data type", "data-type", |store| edit_all(store, "12/h_min", |array| array["data_type"] = json!("int32"))),
    ("wrong chunk shape", "chunk-shape", |store| {
        edit_all(store, "12/h_min", |array| array["chunk_grid"]["configuration"]["chunk_shape"] = json!([1024]));
    }),
    ("wrong shape", "shape", |store| edit_all(store, "12/h_min", |array| array["shape"] = json!([4095]))),
    ("wrong fill of ids", "fill-value", |store| edit_all(store, "12/cell_ids", |array| array["fill_value"] = json!(0))),
    ("wrong fill of values", "fill-value", |store| {
        edit_all(store, "12/h_min", |array| array["fill_value"] = json!(0.0));
    }),
    ("no units", "units", |store| {
        edit_all(store, "12/h_sigma", |array| drop(array["attributes"].as_object_mut().unwrap().remove("units")));
    }),
    ("wrong standard name", "attributes", |store| {
        edit_all(store, "12/h_sigma", |array| array["attributes"]["standard_name"] = json!("altitude"));
    }),
    ("missing group", "group-missing", |store| std::fs::remove_dir_all(store.join("8")).unwrap()),
    ("missing array document", "metadata-missing", |store| remove(store.join("12/h_q25/zarr.json"))),
    ("bad JSON", "json", |store| std::fs::write(store.join("12/h_q25/zarr.json"), b"{\"zarr_format\": 3,").unwrap()),
    ("no provenance", "provenance", |store| {
        edit_all(store, "12", |group| drop(group["attributes"].as_object_mut().unwrap().remove("icestream")));
    }),
    ("rows that do not add up", "provenance", |store| {
        edit_all(store, "12", |group| group["attributes"]["icestream"]["rows"]["used"] = json!(1));
    }),
    ("wrong count", "rows", |store| {
        counts(store, "12/count/c/0", |counts| *counts.iter_mut().find(|count| **count > 0).unwrap() += 1);
    }),
    ("count without value", "no-data", |store| {
        counts(store, "12/count/c/0", |counts| *counts.iter_mut().find(|count| **count == 0).unwrap() = 1);
    }),
    ("negative count", "count", |store| counts(store, "12/count/c/0", |counts| counts[0] = -1)),
    ("an overview of other values", "levels", |store| {
        counts(store, "12/count/c/0", |counts| {
            let filled: Vec<usize> = (0..4096).filter(|&row| counts[row] > 1).collect();
            counts[filled[0]] -= 1;
            counts[*filled.last().unwrap()] += 1;
        });
    }),
    ("a foreign object", "unknown-object", |store| std::fs::write(store.join("12/notes.txt"), b"?").unwrap()),
];

/// Faults in the values of one cell, found by what they contradict.
const OF_VALUES: [Fault; 8] = [
    ("minimum above the maximum", "extremes", |store| float(store, "12/h_min/c/0", |h| h + 5000.0)),
    ("mean above the maximum", "mean", |store| float(store, "12/h_mean/c/0", |h| h + 5000.0)),
    ("negative variance", "variance", |store| float(store, "12/h_variance/c/0", |_| -1.0)),
    ("variance in another unit", "variance", |store| float(store, "12/h_variance/c/0", |_| 1e7)),
    ("sigma of 0", "sigma", |store| float(store, "12/h_sigma/c/0", |_| 0.0)),
    ("quantiles out of order", "quantiles", |store| float(store, "12/h_q25/c/0", |h| h + 5000.0)),
    ("infinite height", "not-finite", |store| float(store, "12/h_max/c/0", |_| f32::INFINITY)),
    ("a height lost", "no-data", |store| float(store, "12/h_q75/c/0", |_| f32::NAN)),
];

/// Faults of a store of the sphere.
const OF_A_SPHERE: [Fault; 14] = [
    ("shifted chunk", "chunk-missing", |store| {
        std::fs::rename(store.join("12/h_mean/c/45763"), store.join("12/h_mean/c/45764")).unwrap();
    }),
    ("shifted chunk, seen from the other side", "cell-unfinished", |store| {
        std::fs::rename(store.join("12/h_mean/c/45763"), store.join("12/h_mean/c/45764")).unwrap();
    }),
    ("chunks of two cells swapped", "rows", |store| {
        for array in ["count", "h_min"] {
            let at = |name: &str| store.join(format!("12/{array}/c/{name}"));
            std::fs::rename(at("45763"), at("keep")).unwrap();
            std::fs::rename(at("45761"), at("45763")).unwrap();
            std::fs::rename(at("keep"), at("45761")).unwrap();
        }
    }),
    ("a writer that died", "cell-unfinished", |store| std::fs::remove_dir_all(store.join("cells/-6134112")).unwrap()),
    ("provenance of another cell", "provenance", |store| {
        std::fs::copy(store.join("cells/-6134112/zarr.json"), store.join("cells/-6134114/zarr.json"))
            .map(drop)
            .unwrap();
    }),
    ("provenance that is no JSON", "json", |store| {
        std::fs::write(store.join("cells/-6134112/zarr.json"), b"{").unwrap();
    }),
    ("provenance of no cell", "unknown-object", |store| {
        std::fs::create_dir(store.join("cells/north")).unwrap();
        std::fs::write(store.join("cells/north/zarr.json"), b"{}").unwrap();
    }),
    ("an ellipsoid", "ellipsoid", |store| {
        edit_all(store, "12", |group| group["attributes"]["dggs"]["ellipsoid"] = json!({"name": "WGS84"}));
    }),
    ("a coordinate that is not there", "dggs-key", |store| {
        edit_all(store, "12", |group| group["attributes"]["dggs"]["coordinate"] = json!("cell_ids"));
    }),
    ("fill 0", "fill-value", |store| edit_all(store, "12/h_mean", |array| array["fill_value"] = json!(0.0))),
    ("no group of the cells", "metadata-missing", |store| remove(store.join("cells/zarr.json"))),
    ("a level above the cells that is damaged", "overview", |store| {
        let path = store.join("5/h_mean/c/0");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 9]).unwrap();
    }),
    ("a level above the cells without a chunk", "chunk-missing", |store| remove(store.join("4/count/c/0"))),
    ("a level above the cells without a word on its estimates", "attributes", |store| {
        edit_all(store, "5/h_q50", |array| drop(array["attributes"].as_object_mut().unwrap().remove("comment")));
    }),
];

fn plant(good: &Path, faults: &[Fault]) {
    let fresh = objects(good);
    let store = good.with_extension("broken");
    for (name, code, fault) in faults {
        let _ = std::fs::remove_dir_all(&store);
        for (key, bytes) in &fresh {
            let path = store.join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        fault(&store);
        let report = json(&["validate", store.to_str().unwrap(), "--json"], 1);
        let errors: Vec<&Value> =
            report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "error").collect();
        assert!(errors.iter().any(|finding| finding["code"] == *code), "{name}: no {code} in {errors:#?}");
        assert_eq!(report["valid"], false);
        assert!(errors.iter().all(|finding| !finding["what"].as_str().unwrap().is_empty()));
    }
}

fn valid(store: &Path) {
    let report = json(&["validate", store.to_str().unwrap(), "--json"], 0);
    assert_eq!((&report["valid"], &report["warnings"]), (&Value::Bool(true), &Value::from(0)), "{report:#}");
}

#[test]
fn every_planted_fault_of_a_cell_is_found() {
    let store = folder("faults_cell").join("good.zarr");
    write("-6134114", "cell", &store, &[]);
    valid(&store);
    plant(&store, &OF_A_CELL);
    plant(&store, &OF_VALUES);
}

#[test]
fn every_planted_fault_of_a_sphere_is_found() {
    let store = folder("faults_sphere").join("good.zarr");
    sphere(&store, &CELLS[..3]);
    stdout(&["overviews", store.to_str().unwrap(), "--to", "4"], 0);
    valid(&store);
    plant(&store, &OF_A_SPHERE);
}

#[test]
fn an_authalic_store_is_valid_and_must_declare_its_ellipsoid() {
    let store = folder("faults_authalic").join("good.zarr");
    write("-6134114", "cell", &store, &["--latitude", "authalic"]);
    valid(&store);
    let drop_it = |value: &mut Value, name: &str| drop(value.as_object_mut().unwrap().remove(name));
    edit_all(&store, "12", |group| drop_it(&mut group["attributes"]["dggs"], "ellipsoid"));
    let report = json(&["validate", store.to_str().unwrap(), "--json"], 1);
    assert_eq!(report["errors"], 1, "{report:#}");
    assert_eq!(report["findings"][0]["code"], "ellipsoid");
}

#[test]
fn all_is_told_at_once_and_leftovers_are_no_fault() {
    let store = folder("faults_many").join("good.zarr");
    sphere(&store, &CELLS[..1]);
    std::fs::write(store.join("12/count/c/.45763.4711-0.tmp"), b"half").unwrap();
    let report = json(&["validate", store.to_str().unwrap(), "--json"], 0);
    assert_eq!((&report["errors"], &report["warnings"]), (&Value::from(0), &Value::from(1)));
    for (_, _, fault) in &OF_A_SPHERE[7..11] {
        fault(&store);
    }
    float(&store, "12/h_min/c/45763", |h| h + 5000.0);
    let report = json(&["validate", store.to_str().unwrap(), "--json"], 1);
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    for code in ["ellipsoid", "dggs-key", "fill-value", "metadata-missing", "extremes", "leftover"] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    let text = stdout(&["validate", store.to_str().unwrap()], 1);
    assert!(text.contains("NOT valid") && text.contains("kilometres"), "{text}");
    assert!(stderr(&["validate", "no-such.zarr"], 5).contains("no-such.zarr"));
}

#[test]
fn stores_may_be_named_as_the_command_names_them() {
    let folder = folder("hyphen");
    write("-6134114", "cell", &folder.join("-6134114.zarr"), &[]);
    for args in [
        &["validate", "-6134114.zarr", "--json"][..],
        &["compare", "-6134114.zarr", "--json", "-6134114.zarr"],
        &["merge", "--json", "./-6134114.zarr", "--out", "sphere.zarr"],
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_icestream"));
        let output = command.args(args).current_dir(&folder).env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "{args:?}: --json is still a flag");
    }
}

#[test]
fn only_a_rerun_finds_a_plausible_lie() {
    let folder = folder("faults_deep");
    let granules = demo_granules();
    let granules = granules.to_str().unwrap();
    for layout in ["cell", "sphere"] {
        let store = folder.join(format!("{layout}.zarr"));
        write("-6134114", layout, &store, &[]);
        let deep = ["validate", store.to_str().unwrap(), "--deep", "--json", "--granules", granules];
        assert_eq!(json(&deep, 0)["recomputed"], 1);
        let key = if layout == "cell" { "12/h_sigma/c/0" } else { "12/h_sigma/c/45763" };
        float(&store, key, |sigma| sigma * 1.5);
        valid(&store);
        let report = json(&deep, 1);
        assert_eq!(report["findings"][0]["code"], "rerun", "{report:#}");
        let elsewhere = ["validate", store.to_str().unwrap(), "--deep", "--json", "--granules"];
        let one = demo_granules().join("ATL06_20240207154957_05752210_990_01.h5");
        let report = json(&[&elsewhere[..], &[one.to_str().unwrap()]].concat(), 1);
        assert_eq!(report["findings"][0]["code"], "granule-missing");
    }
}
