//! Results as JavaScript values: typed arrays, text, and the objects of the store.
use crate::host;
use aggregate::{Statistic, StatisticTable};
use dggs_zarr::{Column, StoreObject, Variable};
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
        Some(column(&job.product().array_name(statistic), unit(job, statistic), values, false))
    });
    columns.collect()
}

/// `{ columns, ledger, csv, objects, emptyBecause, rows, cells, windows }`; a column of a window each has the values of one window
/// after the other. Like the command, a result without data has no store.
pub(crate) fn done(result: &CellResult) -> Result<JsValue, JsValue> {
    let objects = match result.empty_because() {
        None => pipeline::to_objects(result).map_err(host::error)?,
        Some(_) => Vec::new(),
    };
    let level = result.children();
    let columns: Array = level
        .into_iter()
        .flat_map(|level| &level.variables)
        .filter_map(|variable| {
            let values: JsValue = match &variable.values {
                Column::I32(counts) => Int32Array::from(counts.as_slice()).into(),
                Column::F32(values) => Float32Array::from(values.as_slice()).into(),
                _ => return None,
            };
            let product = result.job.product();
            let statistic =
                product.statistics.iter().find(|statistic| product.array_name(**statistic) == variable.name);
            let unit = statistic.map_or_else(|| plain_unit(variable), |statistic| unit(&result.job, *statistic));
            Some(column(&variable.name, unit, values, variable.timed))
        })
        .collect();
    let windows = result.job.steps();
    Ok(host::object([
        ("columns", columns.into()),
        ("ledger", ledger(&result.ledger)),
        (
            "csv",
            level.map_or_else(String::new, |level| pipeline::to_csv(level, result.job.spec().time.as_ref())).into(),
        ),
        ("objects", objects.iter().map(object).collect::<Array>().into()),
        ("emptyBecause", result.empty_because().map_or(JsValue::NULL, Into::into)),
        ("cells", result.cells_with_data().into()),
        ("windows", windows.iter().map(|(_, window)| JsValue::from(window.name())).collect::<Array>().into()),
    ])
    .into())
}

/// The ledger as JSON.
pub(crate) fn ledger(ledger: &Ledger) -> JsValue {
    serde_json::to_string(ledger).unwrap_or_default().into()
}

fn unit(job: &Job, statistic: Statistic) -> String {
    // Of a plain number, `1` in CF, there is nothing to write.
    let units = job.product().output.units.as_str();
    match statistic {
        _ if units == "1" || units.is_empty() || statistic == Statistic::Count => String::new(),
        Statistic::Variance if units.contains(' ') => format!("({units})²"),
        Statistic::Variance => format!("{units}²"),
        _ => units.to_owned(),
    }
}

/// Of an array of change, as people write it.
fn plain_unit(variable: &Variable) -> String {
    let units = variable.attributes.get("units").and_then(|units| units.as_str()).unwrap_or_default();
    if units == "1" { String::new() } else { units.replace(" year-1", "/yr") }
}

fn column(name: &str, unit: String, values: JsValue, timed: bool) -> JsValue {
    host::object([("name", name.into()), ("unit", unit.into()), ("values", values), ("timed", timed.into())]).into()
}

/// `[key, bytes]`.
fn object(object: &StoreObject) -> JsValue {
    Array::of2(&JsString::from(object.key.as_str()), &Uint8Array::from(&object.bytes[..])).into()
}
