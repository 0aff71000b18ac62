//! Whether two tables hold heights of different times, whose difference looks like change and is not.
use crate::{Cube, Table, Window};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is said then.
const WHY: &str = "these are heights of different times: where the ground tilts, differences of cell means are not height change but \
                   off by decimetres to metres, since each time samples other places of a cell; use --change";

/// Why differences of two tables mislead: both hold heights in metres, and their windows or granules are of different times.
#[must_use]
pub fn misleading(a: &Cube, b: &Cube) -> Option<&'static str> {
    let has_heights = |cube: &Cube| {
        let mut variables = cube.variables();
        variables
            .any(|variable| variable.units == "m" && ["_mean", "_q50"].iter().any(|end| variable.name.ends_with(end)))
    };
    let heights = has_heights(a) && has_heights(b);
    // Windows of one name are compared with each other: they are of one time.
    let windows = !a.windows.is_empty() && !b.windows.is_empty();
    let (of_a, of_b) = if windows { (windows_of(a), windows_of(b)) } else { (times(&a.cells), times(&b.cells)) };
    let differ = if windows { of_a.is_disjoint(&of_b) } else { of_a != of_b };
    (heights && differ && !of_a.is_empty() && !of_b.is_empty()).then_some(WHY)
}

fn windows_of(cube: &Cube) -> BTreeSet<String> {
    cube.windows.iter().map(Window::name).collect()
}

/// The times of the granules of a table: the digits in their names that are one, or else the names.
fn times(table: &Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    gather(&table.provenance, &mut found);
    found
}

/// Granules of one cell, of several, or of windows.
fn gather(own: &Value, found: &mut BTreeSet<String>) {
    if let Value::Array(parts) = own {
        parts.iter().for_each(|part| gather(part, found));
        return;
    }
    let list = |key: &str| own[key].as_array().into_iter().flatten();
    let read = list("granules").filter(|granule| granule["failed"] != true);
    found.extend(read.filter_map(|granule| Some(time_of(granule["name"].as_str()?).to_owned())));
    list("windows").for_each(|window| gather(window, found));
}

/// `20190416093911` of `ATL06_20190416093911_02770303_002_01.h5`.
fn time_of(name: &str) -> &str {
    let is_time =
        |part: &&str| part.len() >= 8 && part.starts_with(['1', '2']) && part.bytes().all(|b| b.is_ascii_digit());
    name.split(|mark: char| !mark.is_alphanumeric()).find(is_time).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, VariableInfo};
    use morton::{Latitude, Order};
    use serde_json::json;

    fn cube(provenance: Value, starts: &[i64]) -> Cube {
        let window = |&start: &i64| Window { start, end: None, cycle: None };
        let mut cube = Cube::from(Table {
            order: Order::new(6).unwrap(),
            latitude: Latitude::Spherical,
            parent: None,
            ids: vec![7],
            columns: vec![(VariableInfo::guessed("h_mean"), Column::F32(vec![1.0]))],
            provenance,
            partial: None,
        });
        if !starts.is_empty() {
            cube.windows = starts.iter().map(window).collect();
        }
        cube
    }

    #[test]
    fn heights_of_other_times_mislead() {
        let of =
            |names: &[&str]| json!({"granules": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()});
        let april = "ATL06_20190416093911_02770303_002_01.h5";
        let again = "ATL06_20190416093911_02770303_006_01.h5";
        let june = "ATL06_20190613065109_11610303_002_01.h5";
        let one = cube(of(&[april]), &[]);
        assert!(misleading(&one, &cube(of(&[june]), &[])).is_some());
        assert!(misleading(&one, &cube(json!([{}, of(&[april, june])]), &[])).is_some());
        assert_eq!(misleading(&one, &cube(of(&[again]), &[])), None);
        assert_eq!(misleading(&one, &cube(Value::Null, &[])), None);
        let mut counts = cube(of(&[june]), &[]);
        counts.cells.columns[0].0 = VariableInfo::guessed("count");
        assert_eq!(misleading(&one, &counts), None);
        let windows = json!({"windows": [of(&[june])], "granules": []});
        assert!(misleading(&one, &cube(windows, &[])).is_some());
        let windows = |starts: &[i64]| cube(Value::Null, starts);
        assert!(misleading(&windows(&[0]), &windows(&[1])).is_some());
        assert_eq!(misleading(&windows(&[0, 1]), &windows(&[1])), None);
    }
}
