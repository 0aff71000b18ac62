//! Stores of other projects: drawn, exported, compared with ours (`crates/stores/tests/fixtures`).
use crate::bucket::Bucket;
use crate::support::{folder, icestream, json, objects, stderr, stdout};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../stores/tests/fixtures").join(name)
}

#[test]
fn stores_of_zarr_python_and_xarray_are_drawn_exported_and_compared() {
    let folder = folder("others");
    let values = fixture("values.csv");
    for (name, cells) in
        [("defaults", "42 cells"), ("mixed", "42 cells"), ("xarray", "42 cells"), ("sharded", "32 cells")]
    {
        let store = fixture(&format!("{name}.zarr"));
        let store = store.to_str().unwrap();
        let picture = folder.join(format!("{name}.svg"));
        stdout(&["plot", store, "--out", picture.to_str().unwrap()], 0);
        assert!(std::fs::read_to_string(picture).unwrap().contains("HEALPix order 9"), "{name}");
        for ending in ["csv", "parquet", "nc", "tif"] {
            let to = folder.join(format!("{name}.{ending}"));
            let said = stdout(&["export", store, "--to", to.to_str().unwrap()], 0);
            assert!(ending == "tif" || said.contains(cells), "{name}: {said}");
        }
        // A chunk of `count` is not in sharded.zarr.
        let common: &[&str] = if name == "sharded" { &["--var", "h_mean"] } else { &["--var", "count,h_mean"] };
        let args = [&["compare", store, values.to_str().unwrap(), "--json"], common].concat();
        let compared = json(&args, 0);
        assert_eq!((&compared["equal"], &compared["variables"][0]["different"]), (&true.into(), &0.into()), "{name}");
    }
}

#[test]
fn a_hive_of_zagg_is_drawn_exported_and_agrees_with_ours() {
    let folder = folder("hive");
    let hive = fixture("hive");
    let hive = hive.to_str().unwrap();
    let granule = fixture("ATL06_20240123041319_03392212_990_01.h5");
    let ours = folder.join("ours.zarr");
    for cell in ["-6134114", "-6134112"] {
        let shape = ["--child-order", "9", "--latitude", "authalic", "--layout", "sphere", "--quiet"];
        let args = ["cell", granule.to_str().unwrap(), "--cell", cell, "--out", ours.to_str().unwrap()];
        stdout(&[&args[..], &shape].concat(), 0);
    }
    // zagg sums in another order, which shows in the last digits of f32.
    let args = ["compare", hive, ours.to_str().unwrap(), "--ulps", "4", "--json"];
    let compared = json(&args, 0);
    assert_eq!(compared["cells_in_both"], 20);
    let names: Vec<&str> =
        compared["variables"].as_array().unwrap().iter().filter_map(|v| v["name"].as_str()).collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for variable in compared["variables"].as_array().unwrap() {
        if !matches!(variable["name"].as_str().unwrap(), "h_mean" | "h_sigma" | "h_variance") {
            assert_eq!(variable["different"], 0, "{variable}");
        }
    }
    let picture = folder.join("hive.svg");
    stdout(&["plot", hive, "--out", picture.to_str().unwrap()], 0);
    let picture = std::fs::read_to_string(picture).unwrap();
    assert!(picture.contains("2 cells of order 6") && picture.contains("zagg (morton-hive/1)"));
    let difference = folder.join("difference.png");
    stdout(&["plot", "--compare", hive, ours.to_str().unwrap(), "--out", difference.to_str().unwrap()], 0);
    let said = stdout(&["export", hive, "--to", folder.join("hive.parquet").to_str().unwrap()], 0);
    assert!(said.contains("20 cells, 9 variables"), "{said}");
}

#[test]
fn what_a_store_lacks_and_what_is_not_read_is_said() {
    let folder = folder("lacks");
    let to = folder.join("x.csv");
    let export = |name: &str, code| {
        stderr(&["export", fixture(name).to_str().unwrap(), "--overwrite", "--to", to.to_str().unwrap()], code)
    };
    let said = export("defaults.zarr", 0);
    assert!(said.contains("`9/spectrum` is not read: an array of 2 dimensions"), "{said}");
    for (name, says) in [
        ("lacking.zarr", "9/zarr.json: `dggs` has no `indexing_scheme` (nested, ring or zuniq): add what is missing"),
        ("version2.zarr", "a store of Zarr v2, and only v3 is read; `zarr migrate v3`"),
        ("morton_hive_is_none", "no Zarr store here"),
    ] {
        let said = export(name, 5);
        assert!(said.contains(says), "{name}: {said}");
    }
    let picture = folder.join("sphere.png");
    let sphere = fixture("sphere.zarr");
    let args = ["plot", sphere.to_str().unwrap(), "--hemisphere", "north", "--out", picture.to_str().unwrap()];
    assert_eq!(icestream(&args).status.code(), Some(0));
}

#[test]
fn a_hive_in_a_bucket_is_listed_and_plain_http_is_told_what_it_needs() {
    let folder = folder("hive-s3");
    let bucket = Bucket::start();
    bucket.fill("hive/", &objects(&fixture("hive")));
    bucket.fill("defaults.zarr/", &objects(&fixture("defaults.zarr")));
    let [near, far] = ["near.csv", "far.csv"].map(|name| folder.join(name));
    stdout(&["export", fixture("hive").to_str().unwrap(), "--to", near.to_str().unwrap()], 0);
    let access = bucket.access();
    let access: Vec<&str> = access.iter().map(String::as_str).collect();
    stdout(&[&["export", "s3://bucket/hive", "--to", far.to_str().unwrap()], &access[..]].concat(), 0);
    assert_eq!(std::fs::read(near).unwrap(), std::fs::read(&far).unwrap());
    stdout(
        &[&["plot", "s3://bucket/defaults.zarr", "--out", folder.join("x.png").to_str().unwrap()], &access[..]]
            .concat(),
        0,
    );
    let http = bucket.server.url("/bucket/defaults.zarr");
    let said = stderr(&["export", &http, "--overwrite", "--to", far.to_str().unwrap()], 5);
    assert!(said.contains("no consolidated metadata") && said.contains("zarr.consolidate_metadata"), "{said}");
}
