//! Which files are one granule, which of them counts, and which are of another product.
use crate::server::{Reply, Server};
use crate::support::{demo_granules, folder, icestream, json, objects, shared, stderr};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const CELL: &str = "-6134114";
const STEM: &str = "ATL06_20240123041319_03392212_990_01";

fn whole() -> PathBuf {
    demo_granules().join(format!("{STEM}.h5"))
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn copy(from: &Path, folder: &Path, name: &str) -> String {
    let to = folder.join(name);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, &to).unwrap();
    text(&to)
}

/// A part of the granule, see `fixtures/make_subsets.py`.
fn part(which: &str, folder: &Path, name: &str) -> String {
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/fixtures"));
    copy(&fixtures.join(format!("{which}.h5")), folder, name)
}

/// Computes the cell from some granules: the store's objects, and the warnings.
fn cell(folder: &Path, name: &str, inputs: &[&str]) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let out = folder.join(format!("{name}.zarr"));
    let mut args = vec!["cell", "--cell", CELL, "--json", "--overwrite", "--out", out.to_str().unwrap()];
    args.extend(inputs);
    let answer = json(&args, 0);
    let warnings = answer["ledger"]["warnings"].as_array().unwrap();
    (objects(&out), warnings.iter().map(|warning| warning.as_str().unwrap().to_owned()).collect())
}

#[test]
fn five_other_names_of_a_granule_change_nothing_but_a_warning() {
    let folder = folder("identity-names");
    let plain = text(&whole());
    let (expected, warnings) = cell(&folder, "plain", &[&plain]);
    assert!(expected.len() > 10 && warnings.is_empty(), "{warnings:?}");
    let names = [
        format!("processed_{STEM}.h5"),
        format!("{STEM}_subsetted.h5"),
        format!("{STEM} (1).h5"),
        format!("{STEM}-1.HDF5"),
        format!("my#{STEM}_clipped.nc4"),
    ];
    let copies: Vec<String> = names.iter().map(|name| copy(&whole(), &folder, name)).collect();
    for (at, name) in copies.iter().enumerate() {
        let (alone, warnings) = cell(&folder, &format!("alone-{at}"), &[name]);
        assert!(alone == expected && warnings.is_empty(), "{name}: {warnings:?}");
        let (both, warnings) = cell(&folder, &format!("both-{at}"), &[name, &plain]);
        assert!(both == expected, "{name}");
        assert!(warnings.len() == 1 && warnings[0].starts_with(&format!("{name} is left out")), "{warnings:?}");
    }
    let mut all: Vec<&str> = copies.iter().map(String::as_str).collect();
    all.insert(2, &plain);
    let (together, warnings) = cell(&folder, "together", &all);
    assert!(together == expected);
    assert_eq!(warnings.len(), 5, "{warnings:?}");
}

#[test]
fn the_newest_version_counts_and_the_others_are_named() {
    let folder = folder("identity-versions");
    let plain = text(&whole());
    let (expected, _) = cell(&folder, "plain", &[&plain]);
    let older = copy(
        &demo_granules().join("ATL06_20240207154957_05752210_990_01.h5"),
        &folder,
        &format!("processed_{}.h5", STEM.replace("_990_01", "_989_02")),
    );
    let (found, warnings) = cell(&folder, "both", &[&older, &plain]);
    assert!(found == expected);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("_989_02.h5 is left out") && warnings[0].contains("newer"), "{warnings:?}");
}

#[test]
fn a_whole_granule_beats_its_part_in_cell_run_and_catalog() {
    let folder = folder("identity-part");
    let plain = copy(&whole(), &folder, &format!("granules/{STEM}.h5"));
    let (expected, _) = cell(&folder, "plain", &[&plain]);
    // One under a name that comes first, one under the same name.
    let other = part("early", &folder, &format!("granules/ATL06_{STEM}.h5"));
    let same = part("late", &folder, &format!("granules/sub/{STEM}.h5"));
    for (at, inputs) in [[&plain, &other], [&other, &plain], [&same, &plain]].iter().enumerate() {
        let (found, warnings) = cell(&folder, &at.to_string(), &inputs.map(String::as_str));
        assert!(found == expected, "{inputs:?}");
        assert!(warnings.len() == 1 && warnings[0].contains(&format!("{plain} is the same granule")), "{warnings:?}");
    }
    let listed = folder.join("catalog.json");
    let out = listed.to_str().unwrap();
    let answer = json(&["catalog", "--from", &other, &plain, &same, "--out", out, "--json", "--cells", CELL], 0);
    let parts = answer["parts"].as_array().unwrap();
    assert!(parts.len() == 2 && parts.iter().all(|pair| pair[1] == json!(plain)), "{parts:?}");
    let catalog: Value = serde_json::from_slice(&std::fs::read(&listed).unwrap()).unwrap();
    assert_eq!(catalog["catalog"][CELL], json!([plain]));

    // A catalog that lists all of them.
    std::fs::write(&listed, json!({ "catalog": { CELL: [other, same, plain] } }).to_string()).unwrap();
    let stores = folder.join("stores");
    let answer = json(&["run", "--catalog", out, "--out", stores.to_str().unwrap(), "--json"], 0);
    assert!(objects(&stores.join(format!("{CELL}.zarr"))) == expected);
    assert_eq!(answer["each"][0]["warnings"].as_array().unwrap().len(), 2, "{answer}");
}

#[test]
fn different_parts_of_a_granule_are_refused_with_both_named() {
    let folder = folder("identity-parts");
    let early = part("early", &folder, &format!("a/{STEM}.h5"));
    let late = part("late", &folder, &format!("b/processed_{STEM}.h5"));
    for args in [
        vec!["cell", "--cell", CELL, "--out", "none.zarr", &early, &late],
        vec!["catalog", "--from", &late, &early, "--out", "none.json"],
    ] {
        let error = stderr(&args, 5);
        assert!(error.contains(&early) && error.contains(&late) && error.contains("different parts"), "{error}");
        assert!(error.contains("give the whole granule"), "{error}");
    }
}

#[test]
fn urls_that_differ_in_their_query_are_different_and_in_their_signature_are_not() {
    let folder = folder("identity-urls");
    let names: Vec<String> = std::fs::read_dir(demo_granules())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".h5"))
        .collect();
    let paths: Vec<String> = names.iter().map(|name| text(&demo_granules().join(name))).collect();
    let answer = |inputs: &[String]| {
        let mut args = vec!["cell", "--cell", CELL, "--json", "--csv", "-"];
        args[3] = "--quiet";
        args.extend(inputs.iter().map(String::as_str));
        String::from_utf8(icestream(&args).stdout).unwrap()
    };
    let expected = answer(&paths);
    assert!(expected.lines().count() > 10);
    let served = paths.clone();
    let server = Server::start(move |asked, _| {
        let name = asked.target.split(['=', '&']).nth(1).unwrap();
        let bytes = std::fs::read(served.iter().find(|path| path.ends_with(name)).unwrap()).unwrap();
        Reply::ranged(&bytes, asked, "\"v1\"")
    });
    let urls: Vec<String> = names.iter().map(|name| server.url(&format!("/get?file={name}&Signature=1"))).collect();
    assert_eq!(answer(&urls), expected);
    let again: Vec<String> = urls.iter().map(|url| url.replace("Signature=1", "Signature=2")).collect();
    let both: Vec<&str> = urls.iter().chain(&again).map(String::as_str).collect();
    let (_, warnings) = cell(&folder, "both", &both);
    assert_eq!(warnings.len(), names.len(), "{warnings:?}");
    assert!(
        warnings.iter().all(|warning| warning.contains("2 times") && !warning.contains("Signature")),
        "{warnings:?}"
    );
}

#[test]
fn cycles_in_one_folder_are_told() {
    let folder = folder("identity-cycles");
    copy(&whole(), &folder, &format!("granules/{STEM}.h5"));
    copy(&whole(), &folder, &format!("granules/{}.h5", STEM.replace("033922", "033921")));
    let granules = text(&folder.join("granules"));
    let (_, warnings) = cell(&folder, "mixed", &[&granules]);
    assert!(warnings.len() == 1 && warnings[0].contains("2 cycles (21, 22)"), "{warnings:?}");
    let out = folder.join("catalog.json");
    let told = stderr(&["catalog", "--from", &granules, "--out", out.to_str().unwrap()], 0);
    assert!(told.contains("2 cycles (21, 22)"), "{told}");
}

#[test]
fn other_products_are_named_wherever_they_are_given() {
    let folder = folder("identity-products");
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../pipeline/tests/fixtures"));
    let place = |name: &str, to: &str| copy(&fixtures.join(name), &folder, to);
    place("labelled_gedi02_b.h5", "others/a.h5");
    place("grouped_atl08.h5", "others/b.h5");
    let named = place("placeholder.h5", "others/ATL03_20240123041319_03392212_990_01.h5");
    named_in_errors(&folder, &named, "ATL03");
    let others = text(&folder.join("others"));
    let error = stderr(&["catalog", "--from", &others, "--out", &text(&folder.join("c.json"))], 5);
    assert!(error.contains("none of the 3 files is ATL06: 1 ATL03, 1 ATL08, 1 GEDI02_B"), "{error}");
    assert!(error.contains("give granules of ATL06"), "{error}");
    // Among granules of the product they are left out and reported.
    copy(&whole(), &folder, &format!("others/{STEM}.h5"));
    let out = text(&folder.join("mixed.json"));
    let answer = json(&["catalog", "--from", &others, "--out", &out, "--json"], 3);
    assert_eq!(answer["other_products"].as_array().unwrap().len(), 3);
    assert_eq!(answer["metadata"]["total_granules"], 1);
}

/// `cell`, `index` and `run` say what a file is.
fn named_in_errors(folder: &Path, file: &str, product: &str) {
    let says = format!("the file is {product}, the job reads ATL06");
    let error = stderr(&["cell", "--cell", CELL, "--out", &text(&folder.join("none.zarr")), file], 5);
    assert!(error.contains(&says), "{error}");
    let error = stderr(&["index", file, "--out", &text(&folder.join("indexes"))], 5);
    assert!(error.contains(&says), "{error}");
    let catalog = folder.join("others.json");
    std::fs::write(&catalog, json!({ "catalog": { CELL: [file] } }).to_string()).unwrap();
    let stores = text(&folder.join("stores"));
    let answer = json(&["run", "--catalog", catalog.to_str().unwrap(), "--out", &stores, "--json", "--fresh"], 1);
    assert!(answer["each"][0]["error"].as_str().unwrap().contains(&says), "{answer}");
}

#[test]
fn real_files_of_other_products_are_named_in_errors() {
    let Some(data) = shared("real_files_of_other_products_are_named_in_errors") else { return };
    let folder = folder("identity-real-products");
    for (file, product) in [
        ("ATL03_gt1l.h5", "ATL03"),
        ("ATL08_nsidc_icesat2gis.h5", "ATL08"),
        ("ATL10-01_processed_20220106202428_02381401_006_01.h5", "ATL10"),
        ("ATL11_078805_0304_02_v002.h5", "ATL11"),
        ("ATL13_20181230014249_00250201_003_01_gt1l.h5", "ATL13"),
        ("GEDI04_A_2019117051430_O02102_01_T04603_02_002_02_V002.h5", "GEDI04_A"),
    ] {
        named_in_errors(&folder, &text(&data.join("products").join(file)), product);
    }
}

#[test]
fn packed_coordinates_are_decoded_for_the_catalog() {
    let Some(data) = shared("packed_coordinates_are_decoded_for_the_catalog") else { return };
    let folder = folder("identity-packed");
    let cells = |file: &str| {
        let out = folder.join("catalog.json");
        let place = text(&data.join("cases/granules").join(file));
        let area = ["--cells", "4441312,4441314,4441321,4441323", "--overwrite", "--quiet"];
        json(&[&["catalog", "--from", &place, "--out", out.to_str().unwrap(), "--json"][..], &area].concat(), 0);
        let catalog: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
        catalog["catalog"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let plain = cells("dataset_fill_nan_attr_3e38.h5");
    assert!(plain.contains(&"4441321".to_owned()), "{plain:?}");
    assert_eq!(cells("xarray_latlon_packed.h5"), plain);
}

#[test]
fn one_file_by_two_paths_counts_once() {
    let folder = folder("identity-paths");
    let file = folder.join("g.h5");
    std::fs::copy(demo_granules().join("ATL06_20240207154957_05752210_990_01.h5"), &file).unwrap();
    let alone = json(&["cell", &text(&file), "--cell=-6134114", "--json"], 0);
    let spelt = text(&folder.join(".").join("g.h5"));
    let twice = json(&["cell", &text(&file), &spelt, &text(&folder), "--cell=-6134114", "--json"], 0);
    assert_eq!(twice["total_obs"], alone["total_obs"]);
    assert!(twice["ledger"]["warnings"][0].as_str().unwrap().contains("given 3 times"), "{twice}");
}
