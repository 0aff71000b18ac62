//! Stores with a time axis: an array for all windows, chunks for each.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use dggs_zarr::{
    Attributes, CellStore, CellWindow, Column, DataType, Level, PutStep, Sphere, SphereCell, SphereLevel, StoreObject,
    TemplateVariable, TimeCoordinate, Variable,
};
use morton::{Cell, Latitude, Order};
use serde_json::{Value, json};

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn time() -> TimeCoordinate {
    TimeCoordinate { bounds: vec![[17_984, 18_075], [18_075, 18_166], [18_166, 18_257]], cycles: Some(vec![3, 4, 5]) }
}

fn level(counts: Vec<i32>, trend: Vec<f32>) -> Level {
    let variable =
        |name: &str, values, timed| Variable { name: name.into(), values, attributes: Attributes::new(), timed };
    Level {
        order: order(7),
        cell_ids: vec![4, 5, 6, 7],
        morton: vec![1, 2, 3, 4],
        variables: vec![
            variable("count", Column::I32(counts), true),
            variable("dhdt", Column::F32(trend), false),
            variable("h_window", Column::F32(vec![0.25; 12]), true),
        ],
    }
}

fn document(objects: &[StoreObject], key: &str) -> Value {
    serde_json::from_slice(&objects.iter().find(|object| object.key == key).unwrap().bytes).unwrap()
}

#[test]
fn a_store_of_one_cell_has_chunks_for_each_window() {
    let levels = vec![level((0..12).collect(), vec![0.5; 4])];
    let store =
        CellStore { latitude: Latitude::Spherical, levels, time: Some(time()), records: None, provenance: Value::Null };
    let objects = store.encode().unwrap();
    let chunks: Vec<&str> = objects.iter().filter(|o| o.step == PutStep::Chunk).map(|o| o.key.as_str()).collect();
    let expected = [
        "7/cell_ids/c/0",
        "7/morton/c/0",
        "7/time/c/0",
        "7/time_bounds/c/0/0",
        "7/cycle/c/0",
        "7/count/c/0/0",
        "7/count/c/1/0",
        "7/count/c/2/0",
        "7/dhdt/c/0",
        "7/h_window/c/0/0",
        "7/h_window/c/1/0",
        "7/h_window/c/2/0",
    ];
    assert_eq!(chunks, expected);
    let count = document(&objects, "7/count/zarr.json");
    assert_eq!((&count["shape"], &count["dimension_names"]), (&json!([3, 4]), &json!(["time", "cells"])));
    assert_eq!(count["chunk_grid"]["configuration"]["chunk_shape"], json!([1, 4]));
    let bounds = document(&objects, "7/time_bounds/zarr.json");
    assert_eq!((&bounds["shape"], &bounds["dimension_names"]), (&json!([3, 2]), &json!(["time", "bounds"])));
    assert_eq!(document(&objects, "7/zarr.json")["attributes"]["coordinates"], "cycle time_bounds");
    let wrong = CellStore { levels: vec![level(vec![0; 8], vec![0.5; 4])], ..store };
    assert!(wrong.encode().unwrap_err().to_string().contains("7/count: 8 values where 12 are due"));
}

#[test]
fn a_window_of_a_cell_is_whole_by_itself_and_an_axis_that_grows_keeps_its_chunks() {
    let template = |name: &str, data_type, timed| TemplateVariable {
        name: name.into(),
        data_type,
        attributes: Attributes::new(),
        timed,
        together: name == "h_window",
    };
    let variables = vec![
        template("count", DataType::I32, true),
        template("dhdt", DataType::F32, false),
        template("h_window", DataType::F32, true),
    ];
    let levels = vec![SphereLevel { order: order(7), variables, provenance: Value::Null }];
    let sphere = Sphere { latitude: Latitude::Spherical, parent_order: order(6), levels, time: Some(time()) };
    let window =
        |step: u64| CellWindow { step, name: (step + 3).to_string(), provenance: json!({"rows": step}), records: None };
    let cell = |steps: &[u64], change| {
        let counts = steps.iter().flat_map(|step| vec![i32::try_from(*step).unwrap(); 4]).collect();
        let (windows, levels) = (steps.iter().map(|step| window(*step)).collect(), vec![level(counts, vec![0.5; 4])]);
        SphereCell {
            parent: Cell::new(order(6), 1).unwrap(),
            levels,
            provenance: Value::Null,
            records: None,
            windows,
            change,
        }
    };
    let all = sphere.cell(&cell(&[0, 1, 2], Some(json!({"windows": 3})))).unwrap();
    let keys = |objects: &[StoreObject]| objects.iter().map(|object| object.key.clone()).collect::<Vec<_>>();
    let mark = Cell::new(order(6), 1).unwrap().decimal().unwrap();
    assert_eq!(
        keys(&all[2]),
        ["7/count/c/1/1".into(), format!("cells/{mark}/zarr.json"), format!("cells/{mark}/4/zarr.json")]
    );
    let of_all = ["7/dhdt/c/1", "7/h_window/c/0/1", "7/h_window/c/1/1", "7/h_window/c/2/1"].map(String::from);
    assert_eq!(keys(&all[0]), [&of_all[..], &[format!("cells/{mark}/change/zarr.json")]].concat());
    let later = sphere.cell(&cell(&[2], None)).unwrap();
    assert_eq!(later, [all[3].clone()], "alone as with the others");
    let bounds = time().bounds[..2].to_vec();
    let shorter = Sphere { time: Some(TimeCoordinate { bounds, cycles: Some(vec![3, 4]) }), ..sphere.clone() };
    assert_eq!(shorter.cell(&cell(&[1], None)).unwrap(), [all[2].clone()]);
    assert!(sphere.cell(&SphereCell { levels: vec![level(vec![0; 8], vec![0.5; 4])], ..cell(&[0], None) }).is_err());
    let template = sphere.template().unwrap();
    assert_eq!(keys(&template)[..3], ["7/time/c/0", "7/time_bounds/c/0/0", "7/cycle/c/0"]);
    assert!(template.is_sorted_by_key(|object| object.step));
}
