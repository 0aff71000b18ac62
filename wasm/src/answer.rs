//! Results as JavaScript values: typed arrays, text, and the objects of the store.
use crate::host;
use aggregate::{Statistic, StatisticTable};
use dggs_zarr::{Column, StoreObject};
use js_sys::{Array, Float32Array, Int32Array, JsString, Uint8Array};
use pipeline::{CellResult, Job, Ledger};
use wasm_bindgen::JsValue;

/// The columns of a table: `[{ name, unit, values }]` in the product's order.
pub(crate) fn columns_of(job: &Job, table: &StatisticTable) -> Array {
    let columns = job.product().statistics.iter().filter_map(|&statistic| {
        let values: JsValue = match statistic {
            Statistic::Count => Int32Array::from(table.counts()).into(),
            _ => Float32Array::from(table.column(statistic)?).into(),
        };
        Some(column(job, statistic, values))
    });
    columns.collect()
}

/// `{ columns, ledger, csv, objects, emptyBecause, rows, cells }`. Like the command, a result without data has no store.
pub(crate) fn done(result: &CellResult) -> Result<JsValue, JsValue> {
    let objects = match result.empty_because() {
        None => pipeline::to_objects(result).map_err(host::error)?,
        Some(_) => Vec::new(),
    };
    let level = result.children();
    let pairs = level.into_iter().flat_map(|level| level.variables.iter().zip(&result.job.product().statistics));
    let columns: Array = pairs
        .filter_map(|(variable, &statistic)| {
            let values: JsValue = match &variable.values {
                Column::I32(counts) => Int32Array::from(counts.as_slice()).into(),
                Column::F32(values) => Float32Array::from(values.as_slice()).into(),
                _ => return None,
            };
            Some(column(&result.job, statistic, values))
        })
        .collect();
    Ok(host::object([
        ("columns", columns.into()),
        ("ledger", ledger(&result.ledger)),
        ("csv", level.map_or_else(String::new, pipeline::to_csv).into()),
        ("objects", objects.iter().map(object).collect::<Array>().into()),
        ("emptyBecause", result.empty_because().map_or(JsValue::NULL, Into::into)),
        ("cells", result.cells_with_data().into()),
    ])
    .into())
}

/// The ledger as JSON.
pub(crate) fn ledger(ledger: &Ledger) -> JsValue {
    serde_json::to_string(ledger).unwrap_or_default().into()
}

fn column(job: &Job, statistic: Statistic, values: JsValue) -> JsValue {
    // Of a plain number, `1` in CF, there is nothing to write.
    let units = job.product().output.units.as_str();
    let unit = match statistic {
        _ if units == "1" || units.is_empty() || statistic == Statistic::Count => String::new(),
        Statistic::Variance if units.contains(' ') => format!("({units})²"),
        Statistic::Variance => format!("{units}²"),
        _ => units.to_owned(),
    };
    host::object([("name", job.product().array_name(statistic).into()), ("unit", unit.into()), ("values", values)])
        .into()
}

/// `[key, bytes]`.
fn object(object: &StoreObject) -> JsValue {
    Array::of2(&JsString::from(object.key.as_str()), &Uint8Array::from(&object.bytes[..])).into()
}
