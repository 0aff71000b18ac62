//! The browser page has the built-in products as data: `wasm/page/products.js`.
#![expect(clippy::unwrap_used, reason = "a test")]

use pipeline::{Axis, ColumnSpec, Keep, Product, Second, TimeOf, Value, Weight};
use serde_json::{Map, Value as Json, json};

const HEAD: &str = "// The built-in products, made from crates/products/built-in by\n\
    // WRITE_PAGE=1 cargo test --package products --test page\n\
    // Every column is a table and every list a list, for an engine that reads no other form.\n\
    export const PRODUCTS = [\n";

/// `WRITE_PAGE` writes it anew.
#[test]
fn the_page_has_the_built_in_products() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wasm/page/products.js");
    let mut text = HEAD.to_owned();
    let mut all = Vec::new();
    for (name, _) in products::list() {
        let product = products::built_in(name).unwrap().deciding();
        let written = Json::Object(written(&product));
        assert_eq!(serde_json::from_value::<Product>(written.clone()).unwrap(), product, "{name}");
        text.push_str(&format!("  {written},\n"));
        all.push(written);
    }
    text.push_str("];\n");
    if std::env::var_os("WRITE_PAGE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    // By value: the order of keys depends on what else is built.
    let line = |line: &str| serde_json::from_str::<Json>(line.trim().trim_end_matches(',')).unwrap();
    let held: Vec<Json> = held.lines().filter(|line| line.starts_with("  {")).map(line).collect();
    assert_eq!(held, all, "wasm/page/products.js is not as the descriptions are: its first lines say what to run");
}

/// A product with columns as tables, in the order of a description's keys.
fn written(product: &Product) -> Map<String, Json> {
    let mut table = serde_json::to_value(product).unwrap().as_object().unwrap().clone();
    table.insert("group".into(), json!(product.group));
    table.insert("latitude".into(), column(&product.latitude));
    table.insert("longitude".into(), column(&product.longitude));
    if let Value::Column { column: own, minus } = &product.value {
        let mut value = column(own);
        if let Some(minus) = minus {
            value["minus"] = column(minus);
        }
        table.insert("value".into(), value);
    }
    if let Some(uncertainty) = &product.uncertainty {
        table.insert("uncertainty".into(), column(uncertainty));
    }
    if let Weight::Column(weight) = &product.weight {
        table.insert("weight".into(), column(weight));
    }
    if let TimeOf::Column { column: own, epoch } = &product.time {
        let mut time = column(own);
        time["epoch"] = json!(epoch);
        table.insert("time".into(), time);
    }
    if let Some(link) = &product.link {
        let places = [("latitude", link.latitude.as_ref()), ("longitude", link.longitude.as_ref())];
        let columns = [("begin", Some(&link.begin)), ("count", Some(&link.count))].into_iter().chain(places);
        columns.for_each(|(key, own)| own.into_iter().for_each(|own| table["link"][key] = column(own)));
    }
    table.insert("keep".into(), product.keep.iter().map(condition).collect());
    table
}

fn condition(keep: &Keep) -> Json {
    let mut table = serde_json::to_value(keep).unwrap();
    let column = column(&keep.column).as_object().unwrap().clone();
    table.as_object_mut().unwrap().extend(column);
    table
}

fn column(column: &ColumnSpec) -> Json {
    let mut table = json!({ "column": column.column });
    match &column.second {
        Second::None => {}
        Second::Index(index) => table["index"] = json!(index),
        Second::Axis(Axis { column, value: None }) => table["axis"] = json!({ "column": column }),
        Second::Axis(axis) => table["axis"] = json!(axis),
    }
    if !column.fill.is_empty() {
        table["fill"] = json!(column.fill);
    }
    if column.optional {
        table["optional"] = json!(true);
    }
    table
}
