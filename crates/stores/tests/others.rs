//! Stores that other projects wrote (`fixtures/make_stores.py`, `fixtures/make_hive.py`), and what is wrong with some.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use bytes::Bytes;
use dggs_zarr::Column;
use morton::{Cell, Latitude};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use stores::{Error, Hive, Store, Table, Tolerance, compare};

type Objects = BTreeMap<String, Bytes>;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The objects of a store among the fixtures.
fn fixture(name: &str) -> Objects {
    fn walk(folder: &Path, prefix: &str, objects: &mut Objects) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let key = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{key}/"), objects);
            } else {
                objects.insert(key, std::fs::read(entry.path()).unwrap().into());
            }
        }
    }
    let mut objects = Objects::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name), "", &mut objects);
    objects
}

fn table(objects: &Objects, name: &str, names: &[&str]) -> Result<Table, Error> {
    block_on(async { Store::open(objects, name).await?.table(None, names).await })
}

/// What `values.csv` holds: 64 cells of order 9 in one cell of order 6.
fn expected() -> Table {
    Table::from_csv(include_str!("fixtures/values.csv"), Latitude::Spherical).unwrap()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    let column = &table.column(name).unwrap().1;
    (0..column.len()).map(|row| column.number(row)).collect()
}

/// Whether a table has the cells of `values.csv` with equal values, NaN with NaN.
fn assert_values(store: &str, table: &Table, name: &str, as_in: &str) {
    let expected = expected();
    assert_eq!((table.order, table.latitude), (expected.order, Latitude::Spherical), "{store}");
    assert_eq!(table.ids, expected.ids, "{store}");
    for (row, (value, right)) in numbers(table, name).into_iter().zip(numbers(&expected, as_in)).enumerate() {
        assert!(value == right || value.is_nan() && right.is_nan(), "{store} {name} {row}: {value}, not {right}");
    }
}

/// Changes a JSON document of a store.
fn edit(objects: &mut Objects, key: &str, change: impl FnOnce(&mut Value)) {
    let mut document = serde_json::from_slice(&objects[key]).unwrap();
    change(&mut document);
    objects.insert(key.to_owned(), serde_json::to_vec(&document).unwrap().into());
}

#[test]
fn what_zarr_python_writes_by_default_is_read() {
    let objects = fixture("defaults.zarr");
    let table = table(&objects, "defaults.zarr", &[]).unwrap();
    assert_values("defaults", &table, "count", "count");
    assert_values("defaults", &table, "h_mean", "h_mean");
    let (mean, column) = table.column("h_mean").unwrap();
    assert_eq!((mean.units.as_str(), mean.long_name.as_str()), ("m", "mean height"));
    assert!(matches!(column, Column::F32(_)));
    assert_eq!(table.provenance, Value::Null);
}

#[test]
fn an_array_that_cannot_be_read_keeps_no_other_from_being_read() {
    let objects = fixture("defaults.zarr");
    let store = block_on(Store::open(&objects, "defaults.zarr")).unwrap();
    let names: Vec<String> = store.levels()[0].variables().into_iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["count", "h_mean"]);
    for (name, says) in [("spectrum", "an array of 2 dimensions"), ("phase", "data type `complex64`")] {
        let error = block_on(store.table(None, &[name])).unwrap_err().to_string();
        assert!(error.contains(&format!("9/{name}")) && error.contains(says), "{error}");
    }
}

#[test]
fn shards_of_either_kind_are_read() {
    let table = table(&fixture("sharded.zarr"), "sharded.zarr", &[]).unwrap();
    assert_values("sharded", &table, "h_mean", "h_mean");
    // The first two chunks are fill values only, and not in the shard.
    let counts = numbers(&table, "count");
    assert!(counts[..16].iter().all(|&count| count == 0.0));
    assert_eq!(counts[16..], numbers(&expected(), "count")[16..]);
}

#[test]
fn types_byte_orders_codecs_and_keys_of_all_kinds_are_read() {
    let table = table(&fixture("mixed.zarr"), "mixed.zarr", &[]).unwrap();
    assert_values("mixed", &table, "count", "count");
    for name in ["h_mean", "h_max", "h_min"] {
        assert_values("mixed", &table, name, "h_mean");
    }
    assert_eq!(numbers(&table, "flag")[..6], [-2.0, -1.0, 0.0, 1.0, 2.0, -2.0]);
    assert_eq!(numbers(&table, "seen")[..4], [0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn ring_numbers_in_any_order_and_packed_heights_are_read() {
    let table = table(&fixture("xarray.zarr"), "xarray.zarr", &[]).unwrap();
    assert_values("xarray", &table, "count", "count");
    assert_values("xarray", &table, "h_mean", "h_mean");
}

#[test]
fn a_sphere_without_ids_has_the_cells_of_the_chunks_that_exist() {
    let table = table(&fixture("sphere.zarr"), "sphere.zarr", &[]).unwrap();
    assert_eq!(table.ids, (32..48).chain(160..176).collect::<Vec<u64>>());
    assert_eq!(numbers(&table, "h_mean")[16..18], [0.0, 1.0]);
    assert_eq!(table.parents().len(), 2);
}

#[test]
fn what_a_store_lacks_is_said() {
    let error = table(&fixture("lacking.zarr"), "lacking.zarr", &[]).unwrap_err().to_string();
    assert!(
        error.contains("9/zarr.json") && error.contains("no `indexing_scheme` (nested, ring or zuniq): add"),
        "{error}"
    );
    let whole = fixture("defaults.zarr");
    let mut objects = whole.clone();
    objects.retain(|key, _| !key.starts_with("9/cell_ids/"));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("the array of ids `cell_ids` is missing"), "{error}");
    let mut objects = whole.clone();
    edit(&mut objects, "9/zarr.json", |group| group["attributes"] = json!({"title": "heights"}));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("no group has the attribute `dggs`"), "{error}");
    let mut objects = whole.clone();
    objects.insert("zarr.json".into(), whole["9/count/zarr.json"].clone());
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("name the group"), "{error}");
    let mut objects = whole;
    edit(&mut objects, "9/zarr.json", |group| group["attributes"]["dggs"]["refinement_level"] = json!(6));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("row 0 is no cell of order 6"), "{error}");
}

#[test]
fn a_cell_in_two_rows_is_an_error() {
    let mut objects = fixture("lacking.zarr");
    edit(&mut objects, "9/zarr.json", |group| group["attributes"]["dggs"]["indexing_scheme"] = json!("nested"));
    edit(&mut objects, "9/cell_ids/zarr.json", |ids| {
        ids["codecs"] = json!([{"name": "bytes", "configuration": {"endian": "big"}}]);
    });
    objects.insert("9/cell_ids/c/0".into(), [7_u64; 64].map(u64::to_be_bytes).concat().into());
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("is there twice"), "{error}");
}

#[test]
fn hostile_metadata_is_an_error_and_allocates_nothing() {
    let whole = fixture("sharded.zarr");
    let sharding = "/codecs/0/configuration";
    for (pointer, value) in [
        ("/shape", json!([u64::MAX])),
        ("/shape", json!([1_u64 << 36])),
        ("/shape", json!([-1])),
        ("/chunk_grid/configuration/chunk_shape", json!([0])),
        ("/chunk_grid/configuration/chunk_shape", json!([u64::MAX])),
        ("/chunk_grid/configuration/chunk_shape", json!([1_u64 << 40])),
        (&format!("{sharding}/chunk_shape"), json!([0])),
        (&format!("{sharding}/chunk_shape"), json!([3])),
        (&format!("{sharding}/index_codecs"), json!([])),
        (&format!("{sharding}/index_codecs"), json!([{"name": "bytes"}, {"name": "gzip"}])),
        (&format!("{sharding}/codecs"), json!([{"name": "transpose", "configuration": {"order": [7, 7]}}])),
        (
            &format!("{sharding}/codecs"),
            json!([{"name": "transpose", "configuration": {"order": [3]}}, {"name": "bytes"}]),
        ),
        ("/codecs", json!([{"name": "vlen-bytes"}])),
        ("/codecs", json!(7)),
        ("/codecs", json!([{"name": "crc32c"}])),
        ("/data_type", json!({"name": "numpy.datetime64", "configuration": {"unit": "s", "scale_factor": 0}})),
        ("/data_type", json!("string")),
        ("/fill_value", json!("many")),
        ("/chunk_key_encoding", json!({"name": "hilbert"})),
        ("/zarr_format", json!(2)),
        ("/zarr_format", json!("3")),
        ("/codecs", json!([{"name": "zstd"}, {"name": "bytes", "configuration": {"endian": "little"}}])),
    ] {
        let mut objects = whole.clone();
        edit(&mut objects, "9/count/zarr.json", |array| *array.pointer_mut(pointer).unwrap() = value.clone());
        assert!(table(&objects, "x.zarr", &["count"]).is_err(), "{pointer} {value}");
        assert!(table(&objects, "x.zarr", &["h_mean"]).is_ok(), "{pointer} {value}: another variable");
    }
}

#[test]
fn broken_chunks_are_errors() {
    for (store, key) in [
        ("defaults.zarr", "9/h_mean/c/0"),
        ("defaults.zarr", "9/cell_ids/c/0"),
        ("sharded.zarr", "9/h_mean/c/0"),
        ("sharded.zarr", "9/count/c/1"),
        ("mixed.zarr", "9/h_mean/c/0"),
        ("mixed.zarr", "9/h_max/0"),
        ("mixed.zarr", "9/h_min/c.0"),
    ] {
        let whole = fixture(store);
        for length in 0..whole[key].len() {
            let mut objects = whole.clone();
            objects.insert(key.to_owned(), whole[key].slice(..length));
            assert!(table(&objects, store, &[]).is_err(), "{store} {key} {length}");
        }
        // Any byte may be wrong: nothing panics.
        for at in 0..whole[key].len() {
            let mut bytes = whole[key].to_vec();
            bytes[at] ^= 1 << (at % 8);
            let mut objects = whole.clone();
            objects.insert(key.to_owned(), bytes.into());
            let _ = table(&objects, store, &[]);
        }
    }
}

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
fn stores_of_different_writers_compare() {
    let read = |name: &str| table(&fixture(name), name, &["count", "h_mean"]).unwrap();
    let (a, b) = (read("defaults.zarr"), read("xarray.zarr"));
    let comparison = compare(("a", &a), ("b", &b), &Tolerance::default()).unwrap();
    assert!(comparison.equal, "{comparison:?}");
    assert_eq!((comparison.cells_in_both, comparison.variables.len()), (42, 2));
}

/// A store of order `order` with these arrays of its one group `0`, without chunks.
fn bare(order: u8, arrays: &[(&str, Value)]) -> Objects {
    let dggs = json!({"name": "healpix", "refinement_level": order, "indexing_scheme": "nested", "coordinate": "id"});
    let group = |attributes: Value| json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
    let mut objects = Objects::new();
    objects.insert("zarr.json".into(), serde_json::to_vec(&group(json!({}))).unwrap().into());
    objects.insert("0/zarr.json".into(), serde_json::to_vec(&group(json!({"dggs": dggs}))).unwrap().into());
    for (name, array) in arrays {
        objects.insert(format!("0/{name}/zarr.json"), serde_json::to_vec(array).unwrap().into());
    }
    objects
}

/// An array of uncompressed chunks.
fn plain(data_type: &str, rows: u64, chunk: u64, fill: &Value, attributes: &Value) -> Value {
    json!({
        "zarr_format": 3, "node_type": "array", "shape": [rows], "data_type": data_type, "fill_value": fill,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [chunk]}},
        "chunk_key_encoding": {"name": "default"}, "attributes": attributes,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    })
}

fn words(ids: &[u64]) -> Bytes {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

#[test]
fn a_missing_chunk_of_ids_holds_the_fill_value() {
    let ids = |rows, chunk, fill: u64| plain("uint64", rows, chunk, &json!(fill), &json!({}));
    let values = |rows, chunk| plain("int16", rows, chunk, &json!(5), &json!({}));
    let read = |objects: &Objects| table(objects, "x.zarr", &[]);
    let of_one = read(&bare(0, &[("id", ids(1, 1, 0)), ("v", values(1, 1))])).unwrap();
    assert_eq!((of_one.ids.clone(), numbers(&of_one, "v")), (vec![0], vec![5.0]));
    // One row between others.
    let mut objects = bare(1, &[("id", ids(3, 1, 7)), ("v", values(3, 1))]);
    objects.insert("0/id/c/0".into(), words(&[3]));
    objects.insert("0/id/c/2".into(), words(&[9]));
    assert_eq!(read(&objects).unwrap().ids, [3, 7, 9]);
    objects.insert("0/id/c/2".into(), words(&[7]));
    let error = read(&objects).unwrap_err().to_string();
    assert!(error.contains("0/id") && error.contains("is there twice"), "{error}");
    // Several rows, all of one cell: at the end, in the middle, at the beginning, and everywhere.
    for held in [&[0_u64][..], &[0, 2], &[2], &[]] {
        let mut objects = bare(1, &[("id", ids(6, 2, 7)), ("v", values(6, 2))]);
        for &chunk in held {
            objects.insert(format!("0/id/c/{chunk}"), words(&[chunk * 2, chunk * 2 + 1]));
        }
        let error = read(&objects).unwrap_err().to_string();
        assert!(error.contains("0/id: the chunks of the rows") && error.contains("copy the store"), "{error}");
    }
    // A fill value that is no cell: rows without a cell.
    let mut objects = bare(1, &[("id", ids(6, 2, u64::MAX)), ("v", values(6, 2))]);
    let error = read(&objects).unwrap_err().to_string();
    assert!(error.contains("0/id") && error.contains("none of its chunks"), "{error}");
    objects.insert("0/id/c/1".into(), words(&[2, 3]));
    assert_eq!(read(&objects).unwrap().ids, [2, 3]);
}

#[test]
fn a_missing_chunk_of_ids_in_a_shard_holds_the_fill_value() {
    let mut ids = plain("uint64", 4, 4, &json!(7), &json!({}));
    let bytes = ids["codecs"].clone();
    ids["codecs"] = json!([{"name": "sharding_indexed", "configuration":
        {"chunk_shape": [1], "codecs": bytes, "index_codecs": bytes, "index_location": "start"}}]);
    let mut objects = bare(1, &[("id", ids), ("v", plain("int16", 4, 4, &json!(5), &json!({})))]);
    let none = u64::MAX;
    objects.insert("0/id/c/0".into(), words(&[64, 8, none, none, 72, 8, 80, 8, 1, 2, 3]));
    assert_eq!(table(&objects, "x.zarr", &[]).unwrap().ids, [1, 2, 3, 7]);
    objects.insert("0/id/c/0".into(), words(&[64, 8, none, none, none, none, 72, 8, 1, 3]));
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("rows 1 to 2 are missing"), "{error}");
}

#[test]
fn ids_that_claim_to_be_longer_than_their_chunks_are_an_error_soon() {
    let begun = std::time::Instant::now();
    for (rows, fill, says) in [
        (1_u64 << 28, u64::MAX, "--var"),
        (1 << 28, 0, "--var"),
        (1 << 26, 0, "rows 1 to 67108863 are missing"),
        (1 << 26, u64::MAX, "none of its chunks"),
    ] {
        let ids = plain("uint64", rows, 1, &json!(fill), &json!({}));
        let mut objects = bare(13, &[("id", ids), ("v", plain("int16", rows, 1, &json!(5), &json!({})))]);
        if fill == 0 {
            objects.insert("0/id/c/0".into(), words(&[3]));
        }
        let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[test]
fn a_table_that_does_not_fit_is_refused_before_it_is_decoded() {
    // Chunks of 2^26 rows each, which are no chunks: who decodes them fails in another way.
    let rows = 12_u64 << 26;
    let mut arrays = vec![];
    for name in ["a", "b", "c"] {
        arrays.push((name, plain("int8", rows, 1 << 26, &json!(0), &json!({}))));
    }
    let mut objects = bare(13, &arrays);
    edit(&mut objects, "0/zarr.json", |group| {
        group["attributes"]["dggs"].as_object_mut().unwrap().remove("coordinate");
    });
    for chunk in 0..12 {
        objects.insert(format!("0/a/c/{chunk}"), Bytes::from_static(b"bomb"));
    }
    let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
    assert!(error.contains("x.zarr: the table would take") && error.contains("--var"), "{error}");
    objects.retain(|key, _| !key.starts_with("0/a/c/") || key.ends_with("/7"));
    let error = table(&objects, "x.zarr", &["a"]).unwrap_err().to_string();
    assert!(error.starts_with("0/a/c/7: "), "{error}");
}

#[test]
fn children_in_more_chunks_than_there_are_are_not_asked_for_one_by_one() {
    let leaf = Cell::from_decimal(-6_134_114).unwrap();
    let rows = 1_u64 << 32;
    let mut objects = bare(22, &[("v", plain("int16", rows, 1, &json!(5), &json!({})))]);
    edit(&mut objects, "0/zarr.json", |group| group["attributes"]["dggs"]["name"] = json!("morton"));
    edit(&mut objects, "zarr.json", |root| root["attributes"]["morton_hive_commit"] = json!({"complete": true}));
    objects.insert("0/v/c/9".into(), Bytes::from_static(&[7, 0]));
    let table = table(&objects, "-6134114.zarr", &[]).unwrap();
    let first = leaf.children(table.order).unwrap().start;
    assert_eq!((table.ids.clone(), numbers(&table, "v")), (vec![first + 9], vec![7.0]));
}

#[test]
fn an_array_whose_packing_cannot_be_read_is_not_read() {
    let packed = json!({"scale_factor": "half"});
    // Ids are never packed.
    let mut objects = bare(
        1,
        &[
            ("id", plain("uint64", 2, 2, &json!(7), &packed)),
            ("v", plain("int16", 2, 2, &json!(5), &packed)),
            ("w", plain("int16", 2, 2, &json!(5), &json!({"scale_factor": [0.5], "_Unsigned": "true"}))),
        ],
    );
    objects.insert("0/id/c/0".into(), words(&[2, 3]));
    objects.insert("0/w/c/0".into(), Bytes::from_static(&[2, 0, 0xff, 0xff]));
    let all = table(&objects, "x.zarr", &[]).unwrap();
    assert_eq!((all.ids.clone(), all.columns.len(), numbers(&all, "w")), (vec![2, 3], 1, vec![1.0, 32767.5]));
    let error = table(&objects, "x.zarr", &["v"]).unwrap_err().to_string();
    assert!(error.contains("0/v: its attribute `scale_factor` is \"half\", which cannot be read"), "{error}");
}

#[test]
fn consolidated_metadata_names_nothing_outside_the_store() {
    let whole = fixture("defaults.zarr");
    for path in ["/tmp/x", "../x", "9/../../x", "9//x", "%2e%2e/x", "9\\..\\x"] {
        let mut objects = whole.clone();
        let array: Value = serde_json::from_slice(&whole["9/count/zarr.json"]).unwrap();
        edit(&mut objects, "zarr.json", |root| root["consolidated_metadata"]["metadata"] = json!({path: array}));
        let error = table(&objects, "x.zarr", &[]).unwrap_err().to_string();
        assert!(error.contains(&format!("`{path}`")) && error.contains("not below the store"), "{error}");
    }
}

#[test]
fn two_groups_of_one_order_are_not_mixed_up() {
    let mut objects = fixture("defaults.zarr");
    let copy: Vec<_> =
        objects.iter().filter(|(key, _)| key.starts_with("9/")).map(|(k, b)| (k.clone(), b.clone())).collect();
    for (key, bytes) in copy {
        objects.insert(key.replacen("9/", "other/", 1), bytes);
    }
    edit(&mut objects, "zarr.json", |root| _ = root.as_object_mut().unwrap().remove("consolidated_metadata"));
    for order in [None, Some(9)] {
        let store = block_on(Store::open(&objects, "x.zarr")).unwrap();
        let error = block_on(store.table(order, &[])).unwrap_err().to_string();
        assert!(error.contains("`/9` and `/other` are all of order 9: name the folder"), "{error}");
    }
    // As the error says.
    let one = objects.iter().filter_map(|(key, bytes)| Some((key.strip_prefix("other/")?.to_owned(), bytes.clone())));
    assert_eq!(table(&one.collect(), "other", &["count"]).unwrap().ids, expected().ids);
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
