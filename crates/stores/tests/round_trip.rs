//! Stores that `dggs-zarr` writes, read back.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use bytes::Bytes;
use dggs_zarr::{
    ArrayMeta, Attributes, CellStore, ChunkEncoder, Column, Coordinate, DataType, GroupMeta, Level, Node, Variable,
    chunk_key, group_attributes,
};
use morton::{Cell, Latitude, Order};
use serde_json::json;
use std::collections::BTreeMap;
use stores::{Error, Store, Table};

type Objects = BTreeMap<String, Bytes>;

const PARENT: i64 = -6_134_114;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn level(order: u8) -> Level {
    let order_ = Order::new(order).unwrap();
    let cell_ids: Vec<u64> = Cell::from_decimal(PARENT).unwrap().children(order_).unwrap().collect();
    let mean = Attributes::from_iter([
        ("long_name".to_owned(), json!("weighted mean of height")),
        ("units".to_owned(), json!("m")),
    ]);
    let value = |i: usize| if i.is_multiple_of(3) { f32::NAN } else { 700.5 + i as f32 };
    Level {
        order: order_,
        morton: cell_ids.iter().map(|&id| Cell::new(order_, id).unwrap().decimal().unwrap()).collect(),
        variables: vec![
            Variable {
                name: "h_mean".into(),
                values: Column::F32((0..cell_ids.len()).map(value).collect()),
                attributes: mean,
            },
            Variable {
                name: "count".into(),
                values: Column::I32((0..cell_ids.len()).map(|i| i32::try_from(i % 3).unwrap()).collect()),
                attributes: Attributes::new(),
            },
        ],
        cell_ids,
    }
}

fn cell_store() -> Objects {
    let store = CellStore {
        latitude: Latitude::Authalic,
        levels: vec![level(12), level(9)],
        provenance: json!({"engine": "test", "parent_order": 6}),
    };
    store.encode().unwrap().into_iter().map(|object| (object.key, object.bytes)).collect()
}

fn open(objects: &Objects) -> Store<Objects> {
    block_on(Store::open(objects.clone(), "test.zarr")).unwrap()
}

#[test]
fn layout_cell_comes_back() {
    let store = open(&cell_store());
    let orders: Vec<u8> = store.levels().iter().map(|level| level.order.get()).collect();
    assert_eq!(orders, [12, 9]);
    for order in [12, 9] {
        let expected = level(order);
        let table = block_on(store.table(Some(order), &[])).unwrap();
        assert_eq!((table.order.get(), table.latitude), (order, Latitude::Authalic));
        assert_eq!(table.ids, expected.cell_ids);
        assert_eq!(table.parents(), [Cell::from_decimal(PARENT).unwrap()]);
        assert_eq!(table.provenance["engine"], "test");
        let names: Vec<&str> = table.columns.iter().map(|(variable, _)| variable.name.as_str()).collect();
        assert_eq!(names, ["count", "h_mean"]);
        let (mean, Column::F32(values)) = table.column("h_mean").unwrap() else { panic!("not f32") };
        assert_eq!((mean.units.as_str(), mean.long_name.as_str()), ("m", "weighted mean of height"));
        let Column::F32(written) = &expected.variables[0].values else { panic!("not f32") };
        assert!(values.iter().zip(written).all(|(a, b)| a.to_bits() == b.to_bits()));
        let rows = table.ids.len();
        assert_eq!(table.observed().len(), (0..rows).filter(|i| i % 3 != 0).count());
    }
    assert_eq!(block_on(store.table(None, &["h_mean"])).unwrap().columns.len(), 1);
    assert!(matches!(block_on(store.table(Some(10), &[])), Err(Error::NoOrder { order: 10, .. })));
    assert!(matches!(block_on(store.table(None, &["h_max"])), Err(Error::NoVariable { .. })));
}

#[test]
fn layout_sphere_has_the_cells_of_the_chunks_that_exist() {
    let order = Order::new(8).unwrap();
    let mut meta = ArrayMeta::new(12 << 16, DataType::F32, Attributes::new());
    meta.chunk_shape = 16;
    let attributes =
        group_attributes(order, Latitude::Spherical, Coordinate::FullDomain, &json!({"cells": "cells"})).unwrap();
    let names = ["h_max", "h_min"];
    let members = names.map(|name| (name.to_owned(), Node::Array(meta.clone()))).to_vec();
    let root = GroupMeta {
        attributes: Attributes::new(),
        members: vec![("8".into(), Node::Group(GroupMeta { attributes, members }))],
    };
    let mut objects: Objects = root.objects().unwrap().into_iter().map(|o| (o.key, o.bytes)).collect();
    let mut encoder = ChunkEncoder::new();
    for (name, index) in [("h_max", 45_763), ("h_max", 3), ("h_min", 3)] {
        let values = Column::F32((0u8..16).map(|i| index as f32 + f32::from(i) / 16.0).collect());
        let bytes = encoder.encode(&values, 0..16, &meta).unwrap();
        objects.insert(chunk_key(&format!("8/{name}"), index), bytes);
    }
    let cell = |nested| Cell::new(Order::new(6).unwrap(), nested).unwrap();
    let mark = br#"{"attributes": {"icestream": {"rows": {"used": 7}}}}"#;
    objects.insert(format!("cells/{}/zarr.json", cell(3)), Bytes::from_static(mark));
    // Chunks without a mark, or with a tombstone in its place, are not of whole cells.
    let read = |objects: &Objects| block_on(open(objects).table(None, &["h_max", "h_min"])).unwrap();
    assert_eq!(read(&objects).ids, (48..64).collect::<Vec<u64>>());
    let second = format!("cells/{}/zarr.json", cell(45_763));
    objects.insert(second.clone(), dggs_zarr::removed());
    assert_eq!(read(&objects).ids.len(), 16);
    let partial = br#"{"attributes": {"icestream": {"partial": true, "granules": [{"name": "g", "failed": true}]}}}"#;
    objects.insert(second, Bytes::from_static(partial));
    let store = open(&objects);
    let table = block_on(store.table(None, &["h_max", "h_min"])).unwrap();
    assert_eq!(table.partial.as_ref().unwrap().to_string(), "PARTIAL: 1 granule is missing");
    assert_eq!(table.latitude, Latitude::Spherical);
    assert_eq!(table.ids, (48..64).chain(732_208..732_224).collect::<Vec<u64>>());
    assert_eq!(table.parents().iter().map(|cell| cell.nested()).collect::<Vec<_>>(), [3, 45_763]);
    let number = |name: &str, row| table.column(name).unwrap().1.number(row);
    assert_eq!((number("h_max", 1), number("h_max", 17)), (3.0625, 45_763.062_5));
    assert_eq!(number("h_min", 1), 3.0625);
    assert!(number("h_min", 17).is_nan());
    let told = store.parents_provenance(&table);
    assert_eq!(told[0], json!({"rows": {"used": 7}}));
}

#[test]
fn a_store_that_is_being_replaced_does_not_open() {
    let mut objects = cell_store();
    let tombstone = dggs_zarr::Tombstone { job: "1".into(), groups: ["12".into()].into() };
    for (document, says) in [(tombstone.document(), "not whole"), (dggs_zarr::removed(), "no Zarr store")] {
        objects.insert("zarr.json".into(), document);
        let error = block_on(Store::open(objects.clone(), "x.zarr")).unwrap_err().to_string();
        assert!(error.contains("x.zarr") && error.contains(says), "{error}");
    }
}

#[test]
fn faults_are_named() {
    let whole = cell_store();
    let read = |objects: &Objects| block_on(async { Store::open(objects.clone(), "x").await?.table(None, &[]).await });
    let error = block_on(Store::open(Objects::new(), "x.zarr")).unwrap_err().to_string();
    assert!(error.contains("x.zarr") && error.contains("zarr.json"), "{error}");
    for (key, says) in [("12/h_mean/c/0", "missing"), ("12/cell_ids/c/0", "missing")] {
        let mut objects = whole.clone();
        objects.remove(key);
        let error = read(&objects).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(says), "{error}");
        let bytes = whole[key].slice(..whole[key].len() / 2);
        objects.insert(key.to_owned(), bytes);
        assert!(read(&objects).is_err());
    }
    let mut objects = whole.clone();
    objects.insert("12/cell_ids/c/0".into(), whole["12/morton/c/0"].clone());
    assert!(read(&objects).unwrap_err().to_string().contains("ascend"));
}

#[test]
fn tables_join_in_the_order_of_ids() {
    let store = open(&cell_store());
    let table = block_on(store.table(Some(9), &[])).unwrap();
    let (left, right) = (table.select(&[0, 1, 5]), table.select(&[2, 9]));
    let joined = Table::join(vec![right.clone(), left]).unwrap();
    assert_eq!(joined.ids, [0, 1, 2, 5, 9].map(|row| table.ids[row]));
    // As text: NaN is not equal to itself.
    assert_eq!(format!("{:?}", joined.columns), format!("{:?}", table.select(&[0, 1, 2, 5, 9]).columns));
    assert!(Table::join(vec![right.clone(), right]).is_err());
}
