//! What a store says of its making.
use super::finding::Findings;
use morton::Cell;
use pipeline::Product;
use serde_json::Value;

/// Why rows in the parent were not used.
const DROPPED: [&str; 4] = ["quality", "fill", "not_finite", "sigma_not_positive"];
/// Reasons that not every store names: where one is absent, it held for no row.
const DROPPED_SINCE: [&str; 3] = ["unlinked", "out_of_range", "weight_not_positive"];

/// Checks the provenance of one cell; `key` is the document that holds it. Returns the rows that it says were used.
pub(crate) fn check(own: &Value, product: &Product, key: &str, parent: Cell, findings: &mut Findings) -> Option<u64> {
    let mut wrong = |what: String| findings.error("provenance", key, what);
    if !own.is_object() {
        wrong("there is no provenance, so the sources are unknown".into());
        return None;
    }
    if own["engine"].as_str().is_none_or(|engine| engine.split(' ').count() != 2) {
        wrong(format!("engine is {}, must be a name and a version", own["engine"]));
    }
    let decimal = parent.decimal().unwrap_or_default();
    if own["parent_morton"] != decimal {
        wrong(format!("parent_morton is {}, but these are the children of {decimal}", own["parent_morton"]));
    }
    let rows = &own["rows"];
    let used = balanced(rows);
    if used.is_none() {
        wrong(format!("rows do not add up: {rows}"));
    }
    match own["granules"].as_array() {
        Some(granules) => check_granules(granules, product, used, &mut wrong),
        None => wrong("the granules are not named".into()),
    }
    if own["partial"] == true {
        findings.warning("partial", key, "granules are missing from the values, as was allowed");
    }
    used
}

fn check_granules(granules: &[Value], product: &Product, used: Option<u64>, wrong: &mut impl FnMut(String)) {
    let mut names: Vec<&str> = Vec::new();
    let mut sum = 0;
    for granule in granules {
        let Some(name) = granule["name"].as_str().filter(|name| !name.is_empty()) else {
            wrong(format!("a granule without a name: {granule}"));
            continue;
        };
        names.push(name);
        if granule["failed"] == true {
            continue;
        }
        match balanced(&granule["rows"]) {
            Some(rows) => sum += rows,
            None => wrong(format!("rows of {name} do not add up: {}", granule["rows"])),
        }
        if granule["size"].as_u64().is_none_or(|size| size == 0) {
            wrong(format!("{name} has no size"));
        }
    }
    if used.is_some_and(|used| used != sum) {
        wrong(format!("{} rows were used, but the granules give {sum}", used.unwrap_or_default()));
    }
    // Files of one name in several places are one granule only where that is a granule's name.
    let out_of_order = |pair: &[&str]| pair[0] > pair[1] || pair[0] == pair[1] && product.named(pair[0]).is_some();
    if names.windows(2).any(out_of_order) {
        wrong("granules are not in ascending order of their names, each once".into());
    }
}

/// Rows used, where used and dropped rows add up to those in the parent.
fn balanced(rows: &Value) -> Option<u64> {
    let number = |name: &str| rows[name].as_u64();
    let dropped = DROPPED.iter().map(|name| number(name)).sum::<Option<u64>>()?;
    let later = DROPPED_SINCE.iter().map(|name| rows.get(name).map_or(Some(0), Value::as_u64)).sum::<Option<u64>>()?;
    let used = number("used")?;
    (number("in_parent")? == used + dropped + later).then_some(used)
}
