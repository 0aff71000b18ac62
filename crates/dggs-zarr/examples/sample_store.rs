//! Writes a sample store into a folder: `sample_store FOLDER spherical|authalic [TABLE.csv [PARENT_MORTON]]`.
//!
//! The table has the columns `morton,cell_ids,count,h_min,...` and one row a child, ascending by `cell_ids`; without
//! one, the store is cell -6134114 with made-up values. Group `12` holds the table, group `11` every fourth row of it
//! under the parents' ids (values of no meaning, there to have two levels). Prints sizes and the time to encode.
#![expect(clippy::unwrap_used, reason = "a tool for tests: stop at the first surprise")]

use std::{fs, path::Path, time::Instant};

use dggs_zarr::{Attributes, CellStore, Column, Level, Variable};
use morton::{Latitude, Order};
use serde_json::json;

/// Names of the arrays, counts first.
const NAMES: [&str; 9] = ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"];

struct Table {
    cell_ids: Vec<u64>,
    morton: Vec<i64>,
    columns: Vec<Column>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, latitude, rest @ ..] = arguments.as_slice() else {
        eprintln!("sample_store FOLDER spherical|authalic [TABLE.csv]");
        std::process::exit(2);
    };
    let latitude = match latitude.as_str() {
        "authalic" => Latitude::Authalic,
        _ => Latitude::Spherical,
    };
    let fine = rest.first().map_or_else(made_up, |path| read(Path::new(path)));
    let coarse = every_fourth(&fine);
    let store = CellStore {
        latitude,
        levels: vec![level(12, fine), level(11, coarse)],
        time: None,
        records: None,
        provenance: json!({"engine": "sample_store", "product": "atl06", "granules": []}),
    };
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let start = Instant::now();
            store.encode().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    let objects = store.encode().unwrap();
    for object in &objects {
        let path = Path::new(folder).join(&object.key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &object.bytes).unwrap();
    }
    let size = |tail: &str, not: bool| -> usize {
        objects.iter().filter(|o| o.key.ends_with(tail) != not).map(|o| o.bytes.len()).sum()
    };
    let (metadata, chunks) = (size("zarr.json", false), size("zarr.json", true));
    let fine: usize =
        objects.iter().filter(|o| o.key.starts_with("12/") && !o.key.ends_with("json")).map(|o| o.bytes.len()).sum();
    println!(
        "{} objects, chunks {chunks} bytes (order 12: {fine}), metadata {metadata} bytes, encode median {:?} of both levels",
        objects.len(),
        times[10]
    );
}

fn level(order: u8, table: Table) -> Level {
    let variables = NAMES
        .iter()
        .zip(table.columns)
        .map(|(&name, values)| Variable { name: name.to_owned(), values, attributes: Attributes::new(), timed: false })
        .collect();
    Level { order: Order::new(order).unwrap(), cell_ids: table.cell_ids, morton: table.morton, variables }
}

fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let columns = NAMES
        .iter()
        .map(|&name| {
            let at = column(name);
            match name {
                "count" => Column::I32(rows.iter().map(|r| r[at].parse().unwrap()).collect()),
                _ => Column::F32(rows.iter().map(|r| r[at].parse().unwrap()).collect()),
            }
        })
        .collect();
    let (ids, morton) = (column("cell_ids"), column("morton"));
    Table {
        cell_ids: rows.iter().map(|r| r[ids].parse().unwrap()).collect(),
        morton: rows.iter().map(|r| r[morton].parse().unwrap()).collect(),
        columns,
    }
}

/// The 4096 children of cell -6134114, about one in twenty of them occupied.
fn made_up() -> Table {
    let cell_ids: Vec<u64> = (187_445_248..187_449_344).collect();
    let morton = (0..4096)
        .map(|child: i64| (0..6).rev().fold(-6_134_114, |m, level| m * 10 - ((child >> (2 * level)) & 3) - 1))
        .collect();
    let occupied = |child: i32| child % 64 < 3;
    let columns = NAMES
        .iter()
        .map(|&name| match name {
            "count" => Column::I32((0..4096).map(|c| if occupied(c) { c % 7 + 1 } else { 0 }).collect()),
            _ => {
                let value = |c: i32| if occupied(c) { 3000.0 + 0.25 * c as f32 } else { f32::NAN };
                Column::F32((0..4096).map(value).collect())
            }
        })
        .collect();
    Table { cell_ids, morton, columns }
}

fn every_fourth(fine: &Table) -> Table {
    fn pick<T: Copy>(values: &[T]) -> Vec<T> {
        values.iter().copied().step_by(4).collect()
    }
    let columns = fine
        .columns
        .iter()
        .map(|values| match values {
            Column::I32(v) => Column::I32(pick(v)),
            Column::F32(v) => Column::F32(pick(v)),
            other => other.clone(),
        })
        .collect();
    Table {
        cell_ids: fine.cell_ids.iter().step_by(4).map(|id| id >> 2).collect(),
        morton: fine.morton.iter().step_by(4).map(|m| m / 10).collect(),
        columns,
    }
}
