//! Stores that `dggs-zarr` writes, read back.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use bytes::Bytes;
use dggs_zarr::{
    ArrayMeta, Attributes, CellStore, CellWindow, ChunkEncoder, Column, Coordinate, DataType, GroupMeta, Level, Node,
    Sphere, SphereCell, SphereLevel, TemplateVariable, TimeCoordinate, Variable, group_attributes,
};
use morton::{Cell, Latitude, Order};
use serde_json::json;
use std::collections::BTreeMap;
use stores::{Cube, Error, Pick, Store, Table};

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
                timed: false,
            },
            Variable {
                name: "count".into(),
                values: Column::I32((0..cell_ids.len()).map(|i| i32::try_from(i % 3).unwrap()).collect()),
                attributes: Attributes::new(),
                timed: false,
            },
        ],
        cell_ids,
    }
}

fn cell_store() -> Objects {
    let store = CellStore {
        latitude: Latitude::Authalic,
        time: None,
        records: None,
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
        objects.insert(meta.key(&format!("8/{name}"), index), bytes);
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

/// Two windows of one level: counts and heights of each, and a trend of both.
fn timed_level() -> Level {
    let plain = level(9);
    let rows = plain.cell_ids.len();
    let height = |i: usize| if i.is_multiple_of(3) { f32::NAN } else { 700.5 + i as f32 };
    let timed = |name: &str, values: Column| Variable {
        name: name.into(),
        values,
        attributes: Attributes::from_iter([("units".to_owned(), json!("m"))]),
        timed: true,
    };
    let trend = Variable {
        name: "dhdt".into(),
        values: Column::F32((0..rows).map(|i| i as f32 / 64.0).collect()),
        attributes: Attributes::new(),
        timed: false,
    };
    let counts = (0..2 * rows).map(|i| i32::from(i % 3 != 0) * i32::try_from(i).unwrap()).collect();
    let heights = Column::F32((0..2 * rows).map(height).collect());
    Level { variables: vec![timed("count", Column::I32(counts)), timed("h_mean", heights), trend], ..plain }
}

fn axis() -> TimeCoordinate {
    TimeCoordinate { bounds: vec![[17_984, 18_075], [18_075, 18_166]], cycles: Some(vec![3, 4]) }
}

fn cube(objects: &Objects, names: &[&str], windows: &[&str], cell: Option<Cell>) -> Result<Cube, Error> {
    let windows: Vec<String> = windows.iter().map(|&name| name.to_owned()).collect();
    block_on(open(objects).cube(None, names, &Pick { windows: &windows, cell }))
}

#[test]
fn a_time_axis_comes_back_window_by_window() {
    let granule = json!([{"name": "g", "failed": true}]);
    let provenance = json!({"parent_order": 6, "partial": true, "granules": [], "windows": [
        {"window": "3", "partial": false, "granules": []}, {"window": "4", "partial": true, "granules": granule}]});
    let store = CellStore {
        latitude: Latitude::Authalic,
        time: Some(axis()),
        records: None,
        levels: vec![timed_level()],
        provenance,
    };
    let mut objects: Objects = store.encode().unwrap().into_iter().map(|o| (o.key, o.bytes)).collect();
    let whole = cube(&objects, &[], &[], None).unwrap();
    let names: Vec<String> = whole.windows.iter().map(stores::Window::name).collect();
    assert_eq!(names, ["3", "4"]);
    assert_eq!((whole.windows[1].start, whole.windows[1].end), (18_075 * 86_400, Some(18_166 * 86_400)));
    assert_eq!(whole.names().collect::<Vec<_>>(), ["count", "h_mean", "dhdt"]);
    let rows = whole.cells.ids.len();
    let second = whole.window(1);
    assert_eq!(second.column("h_mean").unwrap().1.number(1), 700.5 + (rows + 1) as f64);
    assert_eq!(second.column("dhdt").unwrap().1.number(32), 0.5);
    let id = whole.cells.ids[1];
    assert_eq!(whole.series("h_mean", id).unwrap(), [701.5, 700.5 + (rows + 1) as f64]);
    assert_eq!(whole.partial().unwrap().granules.len(), 1);
    // A window, a cell.
    let first = cube(&objects, &[], &["first"], None).unwrap();
    assert_eq!((first.windows.len(), first.partial()), (1, None));
    assert_eq!(first.into_table().unwrap().column("count").unwrap().1.number(1), 1.0);
    let cell = Cell::new(Order::new(9).unwrap(), id).unwrap();
    let one = cube(&objects, &["h_mean"], &[], Some(cell)).unwrap();
    assert_eq!((one.cells.ids.as_slice(), one.columns[0].1.len()), (&[id][..], 2));
    assert!(matches!(cube(&objects, &[], &["5"], None), Err(Error::NoWindow { .. })));
    assert!(matches!(block_on(open(&objects).table(None, &[])), Err(Error::Windows(_))));
    assert_eq!(block_on(open(&objects).table(None, &["dhdt"])).unwrap().columns.len(), 1);
    // A window that nobody computed.
    for name in ["count", "h_mean"] {
        objects.remove(&format!("9/{name}/c/1/0")).unwrap();
    }
    let half = cube(&objects, &[], &[], None).unwrap();
    assert!(half.series("h_mean", id).unwrap()[1].is_nan());
    assert_eq!(half.series("count", id).unwrap(), [1.0, 0.0]);
    objects.remove("9/dhdt/c/0").unwrap();
    assert!(cube(&objects, &[], &[], None).unwrap_err().to_string().contains("9/dhdt/c/0"));
}

#[test]
fn windows_of_the_sphere_count_once_they_are_marked() {
    let level = timed_level();
    let template = |variable: &Variable| TemplateVariable {
        name: variable.name.clone(),
        data_type: variable.values.data_type(),
        attributes: variable.attributes.clone(),
        timed: variable.timed,
        together: false,
    };
    let variables = level.variables.iter().map(template).collect();
    let parent_order = Order::new(6).unwrap();
    let levels = vec![SphereLevel { order: level.order, variables, provenance: json!({"cells": "cells"}) }];
    let sphere = Sphere { latitude: Latitude::Spherical, parent_order, levels, time: Some(axis()) };
    let window = |step, name: &str| CellWindow {
        step,
        name: name.into(),
        records: None,
        provenance: json!({"window": name, "partial": name == "4"}),
    };
    let parent = Cell::from_decimal(PARENT).unwrap();
    let windows = vec![window(0, "3"), window(1, "4")];
    let cell = SphereCell {
        parent,
        levels: vec![level],
        provenance: json!({}),
        records: None,
        windows,
        change: Some(json!({})),
    };
    let parts = sphere.cell(&cell).unwrap().concat();
    let objects = sphere.template().unwrap().into_iter().chain(parts);
    let mut objects: Objects = objects.map(|object| (object.key, object.bytes)).collect();
    let whole = cube(&objects, &[], &[], None).unwrap();
    assert_eq!((whole.windows.len(), whole.cells.ids.len()), (2, 64));
    assert_eq!(whole.window(1).column("dhdt").unwrap().1.number(32), 0.5);
    assert_eq!(whole.partial().unwrap().cells, 1);
    let cell = Cell::new(Order::new(9).unwrap(), whole.cells.ids[1]).unwrap();
    assert_eq!(cube(&objects, &[], &["4"], Some(cell)).unwrap().series("h_mean", cell.nested()).unwrap(), [765.5]);
    let other = Cell::new(Order::new(9).unwrap(), 0).unwrap();
    assert_eq!(cube(&objects, &[], &[], Some(other)).unwrap().cells.ids.len(), 0);
    objects.insert(format!("cells/{PARENT}/4/zarr.json"), dggs_zarr::removed());
    objects.remove(&format!("cells/{PARENT}/change/zarr.json")).unwrap();
    let half = cube(&objects, &[], &[], None).unwrap();
    assert!(half.series("h_mean", cell.nested()).unwrap()[1].is_nan());
    assert!(half.window(0).column("dhdt").unwrap().1.number(32).is_nan());
    assert_eq!(half.partial(), None);
}

#[test]
fn cubes_join_over_cells_and_windows() {
    let store = |step: std::ops::Range<usize>| {
        let bounds = axis().bounds[step.clone()].to_vec();
        let mut level = timed_level();
        let rows = level.cell_ids.len();
        let keep: Vec<usize> = (step.start * rows..step.end * rows).collect();
        for variable in level.variables.iter_mut().filter(|variable| variable.timed) {
            variable.values = variable.values.select(&keep);
        }
        let time = Some(TimeCoordinate { bounds, cycles: None });
        let store =
            CellStore { latitude: Latitude::Authalic, time, records: None, levels: vec![level], provenance: json!({}) };
        store.encode().unwrap().into_iter().map(|o| (o.key, o.bytes)).collect::<Objects>()
    };
    let read = |step| cube(&store(step), &[], &[], None).unwrap();
    let (both, first, second) = (read(0..2), read(0..1), read(1..2));
    let (left, right) = (first.select(&[0, 5]), second.select(&[1, 2]));
    let joined = Cube::join(vec![right, left]).unwrap();
    assert_eq!(joined.cells.ids, [0, 1, 2, 5].map(|row| both.cells.ids[row]));
    let count = |row: usize| joined.series("count", both.cells.ids[row]).unwrap();
    assert_eq!((count(5), count(1)), (vec![5.0, 0.0], vec![0.0, 65.0]));
    assert_eq!(Cube::join(vec![both.clone()]).unwrap().windows, both.windows);
    assert_eq!(both.observed().len(), 64);
    assert_eq!(joined.choose(&["dhdt"]).unwrap().windows.len(), 0);
}
