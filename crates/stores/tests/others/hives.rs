//! Hives, and their leaves.
use super::*;

fn hive(objects: &Objects) -> Result<Table, Error> {
    block_on(async { Hive::open(objects, "hive").await?.unwrap().table(None, &[]).await })
}

#[test]
fn a_hive_is_read_as_one_table() {
    let objects = fixture("hive");
    let table = hive(&objects).unwrap();
    assert_eq!((table.order.get(), table.latitude, table.ids.len()), (9, Latitude::Authalic, 128));
    let parents: Vec<String> = table.parents().iter().map(ToString::to_string).collect();
    assert_eq!(parents, ["-6134112", "-6134114"]);
    assert_eq!(numbers(&table, "count").iter().sum::<f64>(), 276.0);
    assert_eq!(table.provenance[0]["engine"], "zagg (morton-hive/1)");
    assert!(block_on(Hive::open(&fixture("defaults.zarr"), "x")).unwrap().is_none());
    let error = block_on(async { Hive::open(&objects, "hive").await?.unwrap().table(Some(8), &[]).await });
    assert!(matches!(error, Err(Error::NoOrder { order: 8, held }) if held == "9"));
}

const LEAF: &str = "-6/1/3/4/1/1/4/-6134114.zarr/";

/// One leaf of the hive as a store of its own.
fn leaf(objects: &Objects) -> Objects {
    let below = |(key, bytes): (&String, &Bytes)| Some((key.strip_prefix(LEAF)?.to_owned(), bytes.clone()));
    objects.iter().filter_map(below).collect()
}

#[test]
fn a_leaf_is_the_run_that_its_stamp_names() {
    let whole = leaf(&fixture("hive"));
    let right = table(&whole, "-6134114.zarr", &[]).unwrap();
    assert_eq!(right.parents(), [Cell::from_decimal(-6_134_114).unwrap()]);
    // A run that is being written beside it changes nothing.
    let mut objects = whole.clone();
    for (key, bytes) in &whole {
        if let Some(rest) = key.strip_prefix("run-demo-1/") {
            objects.insert(format!("run-next-1/{rest}"), bytes.slice(..bytes.len() / 2));
        }
    }
    let again = table(&objects, "-6134114.zarr", &[]).unwrap();
    assert_eq!(format!("{again:?}"), format!("{right:?}"));
    for (key, name) in [("zarr.json", "morton_hive_commit"), ("run-demo-1/zarr.json", "morton_hive_commit")] {
        let mut objects = whole.clone();
        edit(&mut objects, key, |root| _ = root["attributes"].as_object_mut().unwrap().remove(name));
        assert!(matches!(table(&objects, "-6134114.zarr", &[]), Err(Error::Unfinished(_))), "{key} without a stamp");
    }
    for run in [json!("run-gone"), json!("../run-demo-1"), json!("run-a/b"), json!(7)] {
        let mut objects = whole.clone();
        edit(&mut objects, "zarr.json", |root| root["attributes"]["morton_hive_commit"]["current"] = run.clone());
        assert!(table(&objects, "-6134114.zarr", &[]).is_err(), "{run}");
    }
}

#[test]
fn a_leaf_of_a_window_has_no_ids() {
    let whole = leaf(&fixture("hive"));
    let right = table(&whole, "-6134114.zarr", &[]).unwrap();
    let mut objects = whole;
    objects.retain(|key, _| !key.contains("/morton/"));
    let window = table(&objects, "-6134114_2019.zarr", &[]).unwrap();
    assert_eq!(window.parents(), right.parents());
    for (cell, count) in window.ids.iter().zip(numbers(&window, "count")) {
        let row = right.ids.binary_search(cell).unwrap();
        assert_eq!(count, numbers(&right, "count")[row]);
    }
    assert_eq!(numbers(&window, "count").iter().sum::<f64>(), 141.0);
    let error = table(&objects, "renamed.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("the array of ids `morton` is missing"), "{error}");
}

#[test]
fn what_of_a_hive_is_not_whole_is_left_out() {
    let whole = fixture("hive");
    let mut objects = whole.clone();
    objects.remove(&format!("{LEAF}run-demo-1/zarr.json"));
    assert_eq!(hive(&objects).unwrap().parents().len(), 1);
    // Overviews and others' folders are no leaves.
    let mut objects = whole.clone();
    for (key, bytes) in &whole {
        if let Some(rest) = key.strip_prefix(LEAF) {
            objects.insert(format!("-6/1/3/4/1/1/4/all.pyramid.zarr/{rest}"), bytes.clone());
            objects.insert(format!("elsewhere/-6134114.zarr/{rest}"), bytes.clone());
        }
    }
    assert_eq!(hive(&objects).unwrap().ids.len(), 128);
    let mut objects = whole.clone();
    for (key, bytes) in &whole {
        if let Some(rest) = key.strip_prefix(LEAF) {
            objects.insert(format!("-6/1/3/4/1/1/4/-6134114_2019.zarr/{rest}"), bytes.clone());
        }
    }
    let error = hive(&objects).unwrap_err().to_string();
    assert!(error.contains("-6134114_2019.zarr") && error.contains("one time"), "{error}");
    let mut objects = whole;
    objects.retain(|key, _| key == "morton_hive.json");
    assert!(matches!(hive(&objects), Err(Error::Unfinished(_))));
    edit(&mut objects, "morton_hive.json", |manifest| manifest["spec"] = json!("beehive/1"));
    assert!(hive(&objects).unwrap_err().to_string().contains("beehive/1"));
}

#[test]
fn all_leaves_that_are_left_out_are_named() {
    let whole = fixture("hive");
    let left_out = |objects: &Objects| {
        let hive = block_on(Hive::open(objects, "hive")).unwrap().unwrap();
        assert!(block_on(hive.table(None, &[])).is_ok());
        hive.left_out().join("; ")
    };
    assert_eq!(left_out(&whole), "");
    let mut objects = whole.clone();
    objects.remove(&format!("{LEAF}zarr.json"));
    assert_eq!(left_out(&objects), format!("the leaf {LEAF} is not whole (its run did not end)"));
    for key in ["zarr.json", "run-demo-1/zarr.json"] {
        let mut objects = whole.clone();
        edit(&mut objects, &format!("{LEAF}{key}"), |root| {
            root["attributes"]["morton_hive_commit"]["complete"] = json!(false);
        });
        assert!(left_out(&objects).contains("is not whole"), "{key}");
        assert!(matches!(table(&leaf(&objects), "-6134114.zarr", &[]), Err(Error::Unfinished(_))), "{key}");
    }
    for (folder, says) in [
        ("-6/1/3/4/1/1/3/-6134114.zarr/", "is not in the folder of its id -6134114"),
        ("-6134114.zarr/", "is not in the folder"),
        ("-6/1/3/4/1/1/-613411.zarr/", "is of order 5, where morton_hive.json says 6"),
    ] {
        let mut objects = whole.clone();
        for (key, bytes) in &whole {
            if let Some(rest) = key.strip_prefix(LEAF) {
                objects.remove(key);
                objects.insert(format!("{folder}{rest}"), bytes.clone());
            }
        }
        let left_out = left_out(&objects);
        assert!(left_out.contains(&format!("the leaf {folder} ")) && left_out.contains(says), "{left_out}");
    }
}

#[test]
fn what_is_wrong_with_a_hive_is_named() {
    let whole = fixture("hive");
    let mut objects = whole.clone();
    edit(&mut objects, "morton_hive.json", |manifest| manifest["shard_order"] = json!(5));
    let error = hive(&objects).unwrap_err().to_string();
    assert!(error.contains("morton_hive.json: no leaf is where") && error.contains("is of order 6"), "{error}");
    // Its metadata, its groups, its chunks.
    for (key, bytes) in [
        ("run-demo-1/zarr.json", "{"),
        ("zarr.json", "[]]"),
        ("run-demo-1/9/count/c/0", "no chunk"),
        ("run-demo-1/9/morton/c/0", "no chunk"),
    ] {
        let mut objects = whole.clone();
        let key = format!("{LEAF}{key}");
        assert!(objects.insert(key.clone(), Bytes::from_static(bytes.as_bytes())).is_some(), "{key}");
        let error = hive(&objects).unwrap_err().to_string();
        assert!(error.starts_with("-6134114.zarr: "), "{error}");
    }
    // Leaves that are too large together.
    let mut objects = whole;
    for (key, bytes) in &objects.clone() {
        if key.ends_with("/zarr.json") && key.contains("run-demo-1/9/") && !bytes.is_empty() {
            edit(&mut objects, key, |array| array["shape"] = json!([1 << 25]));
        }
        if key.ends_with("run-demo-1/zarr.json") {
            edit(&mut objects, key, |root| _ = root.as_object_mut().unwrap().remove("consolidated_metadata"));
        }
    }
    let error = hive(&objects).unwrap_err().to_string();
    assert!(error.starts_with("hive: the table would take") && error.contains("--var"), "{error}");
}
