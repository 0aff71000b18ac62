//! Layout `sphere`: the template, the objects of a cell, and both read back by the `zarrs` crate.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use dggs_zarr::{
    Attributes, Column, DataType, Error, Level, Sphere, SphereCell, SphereLevel, TemplateVariable, Variable,
};
use morton::{Cell, Latitude, Order};
use serde_json::{Value, json};
use zarrs::array::Array;
use zarrs::group::Group;
use zarrs::storage::{StoreKey, WritableStorageTraits, store::MemoryStore};

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn sphere() -> Sphere {
    let variable = |name: &str, data_type| TemplateVariable {
        name: name.into(),
        data_type,
        attributes: Attributes::new(),
        timed: false,
        together: false,
    };
    let level = |level| SphereLevel {
        order: order(level),
        variables: vec![variable("count", DataType::I32), variable("h_mean", DataType::F32)],
        provenance: json!({"product": "atl06"}),
    };
    Sphere {
        latitude: Latitude::Spherical,
        parent_order: order(6),
        levels: vec![level(7), level(6), level(3)],
        time: None,
    }
}

fn cell(nested: u64, counts: [i32; 4]) -> SphereCell {
    let level = |level: u8, ids: Vec<u64>, counts: Vec<i32>| Level {
        order: order(level),
        morton: vec![0; ids.len()],
        cell_ids: ids,
        variables: vec![
            Variable {
                name: "h_mean".into(),
                values: Column::F32(counts.iter().map(|&n| if n > 0 { 1.5 } else { f32::NAN }).collect()),
                attributes: Attributes::new(),
                timed: false,
            },
            Variable { name: "count".into(), values: Column::I32(counts), attributes: Attributes::new(), timed: false },
        ],
    };
    let fine = level(7, (4 * nested..4 * nested + 4).collect(), counts.to_vec());
    let coarse = level(6, vec![nested], vec![counts.iter().sum()]);
    SphereCell {
        parent: Cell::new(order(6), nested).unwrap(),
        levels: vec![fine, coarse],
        provenance: json!({"rows": {"used": 3}}),
        records: None,
        windows: Vec::new(),
        change: None,
    }
}

#[test]
fn the_template_comes_from_fine_to_the_root_and_holds_no_chunk() {
    let objects = sphere().template().unwrap();
    let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
    let arrays = ["7/count", "7/h_mean", "6/count", "6/h_mean", "3/count", "3/h_mean"];
    let mut expected: Vec<String> = arrays.iter().map(|array| format!("{array}/zarr.json")).collect();
    expected.extend(["cells/zarr.json", "7/zarr.json", "6/zarr.json", "3/zarr.json", "zarr.json"].map(String::from));
    assert_eq!(keys, expected);
    let root: Value = serde_json::from_slice(&objects.last().unwrap().bytes).unwrap();
    let inline = &root["consolidated_metadata"]["metadata"];
    let shape = |array: &str| {
        (inline[array]["shape"][0].clone(), inline[array]["chunk_grid"]["configuration"]["chunk_shape"][0].clone())
    };
    assert_eq!(shape("7/count"), (json!(12 << 14), json!(4)));
    assert_eq!(shape("6/h_mean"), (json!(49_152), json!(1)));
    assert_eq!(shape("3/count"), (json!(768), json!(768)), "above the parents: few objects");
    assert_eq!(inline.get("cells"), None);
    assert_eq!(inline["7"]["attributes"]["dggs"].get("coordinate"), None);
}

#[test]
fn a_cell_ends_with_its_mark_and_shares_no_key() {
    let keys = |cell: &SphereCell| -> Vec<String> {
        sphere().cell(cell).unwrap().concat().into_iter().map(|object| object.key).collect()
    };
    let one = keys(&cell(45_763, [0, 2, 0, 1]));
    assert_eq!(
        one,
        ["7/count/c/45763", "7/h_mean/c/45763", "6/count/c/45763", "6/h_mean/c/45763", "cells/-6134114/zarr.json"]
    );
    let other = keys(&cell(45_761, [1; 4]));
    assert!(one.iter().all(|key| !other.contains(key)));
}

#[test]
fn zarrs_reads_what_is_there_and_fills_the_rest() {
    let store = MemoryStore::new();
    let sphere = sphere();
    let objects =
        sphere.template().unwrap().into_iter().chain(sphere.cell(&cell(45_763, [0, 2, 0, 1])).unwrap().concat());
    for object in objects {
        store.set(&StoreKey::new(object.key).unwrap(), object.bytes).unwrap();
    }
    let store = Arc::new(store);
    let counts = Array::open(Arc::clone(&store), "/7/count").unwrap();
    let rows = 183_048..183_060u64;
    let found: Vec<i32> = counts.retrieve_array_subset(&[rows]).unwrap();
    assert_eq!(found, [0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0]);
    let mark = Group::open(store, "/cells/-6134114").unwrap();
    assert_eq!(mark.attributes()["icestream"], json!({"rows": {"used": 3}, "latitude_convention": "spherical"}));
}

#[test]
fn cells_that_do_not_fit_the_template_are_errors() {
    let good = cell(45_763, [1; 4]);
    let broken = |change: &dyn Fn(&mut SphereCell)| {
        let mut cell = good.clone();
        change(&mut cell);
        sphere().cell(&cell).unwrap_err()
    };
    assert!(matches!(broken(&|cell| cell.levels[0].cell_ids[2] += 1), Error::CellId { row: 2, .. }));
    assert!(matches!(broken(&|cell| cell.parent = Cell::new(order(6), 45_764).unwrap()), Error::CellId { row: 0, .. }));
    assert!(matches!(broken(&|cell| cell.parent = Cell::new(order(7), 45_763).unwrap()), Error::Order { .. }));
    for wrong in [order(8), order(3)] {
        assert!(matches!(broken(&|cell| cell.levels[0].order = wrong), Error::Order { order, .. } if order == wrong));
    }
    assert!(matches!(broken(&|cell| cell.levels[0].variables.truncate(1)), Error::Name { .. }));
    assert!(matches!(broken(&|cell| cell.levels[0].cell_ids.truncate(3)), Error::Length { .. }));
}
