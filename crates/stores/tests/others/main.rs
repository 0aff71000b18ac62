//! Stores that other projects wrote (`fixtures/make_stores.py`, `fixtures/make_hive.py`), and what is wrong with some.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod hives;
mod hostile;

use bytes::Bytes;
use dggs_zarr::Column;
use morton::{Cell, Latitude};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use stores::{Error, Hive, Pick, Store, Table, Tolerance, compare};

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
    Table::from_csv(include_str!("../fixtures/values.csv"), Latitude::Spherical).unwrap()
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
fn stores_of_different_writers_compare() {
    let read = |name: &str| table(&fixture(name), name, &["count", "h_mean"]).unwrap();
    let (a, b) = (read("defaults.zarr"), read("xarray.zarr"));
    let comparison = compare(("a", &a.into()), ("b", &b.into()), &Tolerance::default()).unwrap();
    assert!(comparison.equal, "{comparison:?}");
    assert_eq!((comparison.cells_in_both, comparison.variables.len()), (42, 2));
}

#[test]
fn windows_of_other_projects_are_read() {
    let objects = fixture("windows.zarr");
    let store = block_on(Store::open(&objects, "windows.zarr")).unwrap();
    let cube = block_on(store.cube(None, &[], &Pick::default())).unwrap();
    let names: Vec<String> = cube.windows.iter().map(stores::Window::name).collect();
    assert_eq!(names, ["2019-04-01", "2019-05-01", "2020-04-01T06:00:00"]);
    assert_eq!(cube.names().collect::<Vec<_>>(), ["h_max", "h_mean", "h_ref"]);
    for name in ["h_mean", "h_max"] {
        assert_values(name, &cube.window(0), name, "h_mean");
        assert_eq!(
            cube.window(1).column(name).unwrap().1.number(5),
            expected().column("h_mean").unwrap().1.number(5) + 1.0
        );
        assert!(numbers(&cube.window(2), name).iter().all(|value| value.is_nan()));
    }
    assert_values("h_ref", &cube.cells, "h_ref", "h_mean");
    let windows = ["2019-05".to_owned()];
    let pick = Pick { windows: &windows, cell: None };
    let one = block_on(store.cube(None, &["h_max"], &pick)).unwrap().into_table().unwrap();
    assert_eq!(one.columns[0].1.number(5), cube.window(1).column("h_max").unwrap().1.number(5));
    let error = block_on(store.table(None, &["spectrum"])).unwrap_err().to_string();
    assert!(error.contains("an array of 2 dimensions, first `band`"), "{error}");
}

#[test]
fn a_time_that_is_not_understood_is_named() {
    for (change, says) in [
        (("units", "fortnights since 2019-01-01"), "units `fortnights"),
        (("calendar", "360_day"), "calendar `360_day`"),
        (("units", "hours"), "an array of 2 dimensions"),
    ] {
        let mut objects = fixture("windows.zarr");
        edit(&mut objects, "zarr.json", |root| {
            root["consolidated_metadata"]["metadata"]["time"]["attributes"][change.0] = change.1.into();
        });
        let read =
            block_on(async { Store::open(&objects, "w").await?.cube(None, &["h_mean"], &Pick::default()).await });
        let error = read.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
