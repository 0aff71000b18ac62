//! Whole stores: write order, snapshot, and every array read back by the `zarrs` crate.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use dggs_zarr::{Attributes, CellStore, Column, Error, Level, Variable};
use morton::{Latitude, Order};
use serde_json::{Value, json};
use zarrs::array::{Array, ElementOwned};
use zarrs::group::Group;
use zarrs::storage::{ReadableStorageTraits, StoreKey, WritableStorageTraits, store::MemoryStore};

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn variable(name: &str, values: Column, attributes: &Value) -> Variable {
    Variable { name: name.to_owned(), values, attributes: attributes.as_object().unwrap().clone(), timed: false }
}

fn count(values: Column) -> Variable {
    let attributes = json!({
        "long_name": "number of observations of land ice height",
        "units": "1",
        "standard_name": "number_of_observations",
        "cell_methods": "area: time: sum",
    });
    variable("count", values, &attributes)
}

fn mean(values: Column) -> Variable {
    let attributes = json!({
        "long_name": "weighted mean of land ice height",
        "units": "m",
        "standard_name": "height_above_reference_ellipsoid",
        "cell_methods": "area: time: mean (comment: weighted by the inverse square of each sigma)",
        "ancillary_variables": "count",
    });
    variable("h_mean", values, &attributes)
}

/// Order 7 and 6 of cell -6134114: four children and the cell itself.
fn tiny(latitude: Latitude) -> CellStore {
    let fine = Level {
        order: order(7),
        cell_ids: vec![183_052, 183_053, 183_054, 183_055],
        morton: vec![-61_341_141, -61_341_142, -61_341_143, -61_341_144],
        variables: vec![
            count(Column::I32(vec![0, 2, 0, 1])),
            mean(Column::F32(vec![f32::NAN, 3012.5, f32::NAN, -1.25])),
        ],
    };
    let coarse = Level {
        order: order(6),
        cell_ids: vec![45_763],
        morton: vec![-6_134_114],
        variables: vec![count(Column::I32(vec![3]))],
    };
    let provenance = json!({"product": "atl06", "granules": [{"name": "b", "size": 2}], "engine": "0.1.0"});
    CellStore { latitude, levels: vec![fine, coarse], time: None, records: None, provenance }
}

fn keys(store: &CellStore) -> Vec<String> {
    store.encode().unwrap().into_iter().map(|o| o.key).collect()
}

fn memory(store: &CellStore) -> Arc<MemoryStore> {
    let memory = MemoryStore::new();
    for object in store.encode().unwrap() {
        memory.set(&StoreKey::new(object.key).unwrap(), object.bytes).unwrap();
    }
    Arc::new(memory)
}

fn read<T: ElementOwned>(store: &Arc<MemoryStore>, path: &str) -> Vec<T> {
    let array = Array::open(Arc::clone(store), path).unwrap();
    array.retrieve_array_subset::<Vec<T>>(&array.subset_all()).unwrap()
}

#[test]
fn chunks_come_first_and_the_root_last() {
    assert_eq!(
        keys(&tiny(Latitude::Spherical)),
        [
            "7/cell_ids/c/0",
            "7/morton/c/0",
            "7/count/c/0",
            "7/h_mean/c/0",
            "6/cell_ids/c/0",
            "6/morton/c/0",
            "6/count/c/0",
            "7/cell_ids/zarr.json",
            "7/morton/zarr.json",
            "7/count/zarr.json",
            "7/h_mean/zarr.json",
            "6/cell_ids/zarr.json",
            "6/morton/zarr.json",
            "6/count/zarr.json",
            "7/zarr.json",
            "6/zarr.json",
            "zarr.json",
        ]
    );
}

/// The complete text of a store: metadata as it is, chunks in hexadecimal. A change here is a change of the format:
/// look at it, then run with `UPDATE_SNAPSHOTS=1`.
#[test]
fn the_tiny_stores_are_as_recorded() {
    for latitude in [Latitude::Spherical, Latitude::Authalic] {
        let mut text = String::new();
        for object in tiny(latitude).encode().unwrap() {
            let content = if object.key.ends_with("zarr.json") {
                String::from_utf8(object.bytes.to_vec()).unwrap()
            } else {
                object.bytes.iter().map(|b| format!("{b:02x}")).collect()
            };
            text += &format!("{}\n{content}\n", object.key);
        }
        let path = format!("{}/tests/snapshots/tiny_{}.txt", env!("CARGO_MANIFEST_DIR"), latitude);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(text == std::fs::read_to_string(&path).unwrap(), "differs from {path}:\n{text}");
    }
}

#[test]
fn equal_stores_have_equal_bytes_whatever_the_key_order() {
    let store = tiny(Latitude::Spherical);
    let mut other = store.clone();
    let mut backwards = Attributes::new();
    for (key, value) in store.provenance.as_object().unwrap().iter().rev() {
        backwards.insert(key.clone(), value.clone());
    }
    other.provenance = Value::Object(backwards);
    assert_eq!(store.encode().unwrap(), other.encode().unwrap());
}

#[test]
fn zarrs_reads_every_array() {
    let store = memory(&tiny(Latitude::Authalic));
    assert_eq!(read::<u64>(&store, "/7/cell_ids"), [183_052, 183_053, 183_054, 183_055]);
    assert_eq!(read::<i64>(&store, "/7/morton"), [-61_341_141, -61_341_142, -61_341_143, -61_341_144]);
    assert_eq!(read::<i32>(&store, "/7/count"), [0, 2, 0, 1]);
    let bits: Vec<u32> = read::<f32>(&store, "/7/h_mean").iter().map(|x| x.to_bits()).collect();
    assert_eq!(bits, [0x7fc0_0000, 3012.5f32.to_bits(), 0x7fc0_0000, (-1.25f32).to_bits()]);
    assert_eq!(read::<u64>(&store, "/6/cell_ids"), [45_763]);
    assert_eq!(read::<i32>(&store, "/6/count"), [3]);
    let group = Group::open(Arc::clone(&store), "/7").unwrap();
    assert_eq!(group.attributes()["icestream"]["product"], "atl06");
    assert_eq!(group.consolidated_metadata().unwrap().metadata.len(), 4);
    let root = Group::open(Arc::clone(&store), "/").unwrap();
    assert_eq!(root.consolidated_metadata().unwrap().metadata.len(), 9);
}

/// The same, without an own decoder: an array of more than one chunk, the last of them partly filled.
#[test]
fn long_arrays_are_split_and_read_back() {
    let rows = 150_000u64;
    let noise = |x: u64| (x.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64;
    let values: Vec<f64> = (0..rows).map(noise).collect();
    let level = Level {
        order: order(12),
        cell_ids: (7..rows + 7).collect(),
        morton: (0..150_000).collect(),
        variables: vec![Variable {
            name: "noise".to_owned(),
            values: Column::F64(values.clone()),
            attributes: Attributes::new(),
            timed: false,
        }],
    };
    let store = CellStore {
        latitude: Latitude::Spherical,
        levels: vec![level],
        time: None,
        records: None,
        provenance: Value::Null,
    };
    let chunks = keys(&store).iter().filter(|k| k.starts_with("12/noise/c/")).count();
    assert_eq!(chunks, 3);
    let store = memory(&store);
    assert_eq!(read::<f64>(&store, "/12/noise"), values);
    assert_eq!(read::<u64>(&store, "/12/cell_ids"), (7..rows + 7).collect::<Vec<u64>>());
    assert!(store.get(&StoreKey::new("12/noise/c/3").unwrap()).unwrap().is_none());
}

#[test]
fn stores_that_cannot_be_right_are_refused() {
    let broken = |change: fn(&mut CellStore)| {
        let mut store = tiny(Latitude::Spherical);
        change(&mut store);
        store.encode().unwrap_err()
    };
    assert!(matches!(broken(|s| s.levels.clear()), Error::Empty { .. }));
    assert!(matches!(broken(|s| s.levels[1].order = order(7)), Error::CellId { .. } | Error::Order { .. }));
    assert!(matches!(broken(|s| s.levels[0].cell_ids.swap(0, 1)), Error::CellId { row: 1, .. }));
    assert!(matches!(broken(|s| s.levels[0].cell_ids[3] = 12 << 14), Error::CellId { row: 3, .. }));
    assert!(matches!(broken(|s| s.levels[0].morton.truncate(3)), Error::Length { expected: 4, found: 3, .. }));
    assert!(matches!(broken(|s| s.levels[0].variables[1].name = "morton".into()), Error::Name { .. }));
    assert!(matches!(broken(|s| s.levels[0].variables[1].values = Column::F32(vec![])), Error::Length { .. }));
    assert!(matches!(broken(|s| s.provenance = json!(1)), Error::Provenance(_)));
}
