//! What a store says of its making.
use super::finding::Findings;
use morton::Cell;
use pipeline::Product;
use serde_json::Value;

/// Why rows in the parent were not used.
const DROPPED: [&str; 4] = ["quality", "fill", "not_finite", "sigma_not_positive"];
/// Reasons that not every store names: where one is absent, it held for no row.
const DROPPED_SINCE: [&str; 5] = ["unlinked", "out_of_range", "weight_not_positive", "outside_windows", "outside_area"];

/// Checks the provenance of one cell; `key` is the document that holds it. Returns the rows that it says were used.
pub(crate) fn check(own: &Value, product: &Product, key: &str, parent: Cell, findings: &mut Findings) -> Option<u64> {
    let mut wrong = |what: String| findings.error("provenance", key, what);
    if !own.is_object() {
        wrong("there is no provenance, so the sources are unknown".into());
        return None;
    }
    check_engine(&own["engine"], &mut wrong);
    check_parent(own, parent, &mut wrong);
    let used = check_used(own, product, &mut wrong);
    if own["partial"] == true {
        findings.warning("partial", key, "granules are missing from the values, as was allowed");
    }
    used
}

/// Checks the provenance of one window, whose name and program are given. Returns the rows that it says were used.
pub(crate) fn check_window(
    own: &Value,
    (engine, name): (&Value, &str),
    product: &Product,
    key: &str,
    findings: &mut Findings,
) -> Option<u64> {
    let mut wrong = |what: String| findings.error("provenance", key, format!("window {name}: {what}"));
    if !own.is_object() {
        wrong("there is no provenance, so the sources are unknown".into());
        return None;
    }
    check_engine(engine, &mut wrong);
    if own["window"].as_str().is_none_or(|window| window.split('/').next() != Some(name)) {
        wrong(format!("window is {}", own["window"]));
    }
    let used = check_used(own, product, &mut wrong);
    if own["partial"] == true {
        findings.warning(
            "partial",
            key,
            format!("window {name}: granules are missing from the values, as was allowed"),
        );
    }
    used
}

/// Checks what is said of a cell with windows; `used` are the rows used in each, where the cell says how many are in all.
pub(crate) fn check_cell(own: &Value, key: &str, parent: Cell, used: Option<&[Option<u64>]>, findings: &mut Findings) {
    let mut wrong = |what: String| findings.error("provenance", key, what);
    if !own.is_object() {
        return wrong("there is no provenance".into());
    }
    check_parent(own, parent, &mut wrong);
    let Some(used) = used else { return };
    let (all, sum) = (balanced(&own["rows"]), used.iter().flatten().sum::<u64>());
    match all {
        None => wrong(format!("rows do not add up: {}", own["rows"])),
        Some(all) if all != sum && used.iter().all(Option::is_some) => {
            wrong(format!("{all} rows were used, but the windows give {sum}"));
        }
        Some(_) => {}
    }
}

fn check_engine(engine: &Value, wrong: &mut impl FnMut(String)) {
    if engine.as_str().is_none_or(|engine| engine.split(' ').count() != 2) {
        wrong(format!("engine is {engine}, must be a name and a version"));
    }
}

fn check_parent(own: &Value, parent: Cell, wrong: &mut impl FnMut(String)) {
    let decimal = parent.decimal().unwrap_or_default();
    if own["parent_morton"] != decimal {
        wrong(format!("parent_morton is {}, but these are the children of {decimal}", own["parent_morton"]));
    }
}

/// Checks rows and granules; returns the rows used.
fn check_used(own: &Value, product: &Product, wrong: &mut impl FnMut(String)) -> Option<u64> {
    let used = balanced(&own["rows"]);
    if used.is_none() {
        wrong(format!("rows do not add up: {}", own["rows"]));
    }
    match own["granules"].as_array() {
        Some(granules) => check_granules(granules, product, used, wrong),
        None => wrong("the granules are not named".into()),
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
