//! Two tables of cells against each other.
use crate::times::misleading;
use crate::{Column, Cube, Error, Table, Window};
use morton::Cell;
use serde::Serialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Cells that are named of those in one table only.
const NAMED: usize = 5;

/// What may differ and still count as equal. Of several bounds of a variable the last counts; its own come before those
/// of all variables.
#[derive(Clone, Default, Debug)]
pub struct Tolerance {
    /// Differences in the unit of the variable.
    pub absolute: Vec<Bound>,
    /// Differences as a part of the larger value.
    pub relative: Vec<Bound>,
    /// Differences in steps of `f32`.
    pub ulps: Vec<Bound>,
    /// Cells and variables that only one table has.
    pub common: bool,
}

/// A bound, of one variable or of all.
#[derive(Clone, PartialEq, Debug)]
pub struct Bound {
    /// The variable; `None` for all.
    pub name: Option<String>,
    /// The largest difference that counts as equal, at least 0.
    pub size: f64,
}

impl FromStr for Bound {
    type Err = String;

    /// As `SIZE` or `NAME=SIZE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, size) = match text.split_once('=') {
            Some((name, size)) => (Some(name.to_owned()), size),
            None => (None, text),
        };
        let size: f64 = size.parse().map_err(|_| format!("`{size}` is not a number"))?;
        if size >= 0.0 { Ok(Self { name, size }) } else { Err(format!("{size} is below 0")) }
    }
}

/// How two tables differ. Where they have windows of time, a cell counts once in each of its windows, and those that both have are
/// compared.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// Nothing differs by more than was allowed.
    pub equal: bool,
    /// Order of the cells.
    pub order: u8,
    /// Cells with data.
    pub cells_a: usize,
    /// The same of the other table.
    pub cells_b: usize,
    /// Cells with data in both.
    pub cells_in_both: usize,
    /// Cells with data in the first only.
    pub only_in_a: CellsInOne,
    /// Cells with data in the other only.
    pub only_in_b: CellsInOne,
    /// Variables that both have.
    pub variables: Vec<Difference>,
    /// Names of the others.
    pub variables_only_in_a: Vec<String>,
    /// The same of the other table.
    pub variables_only_in_b: Vec<String>,
    /// Windows of time that only one has; none where there is no time axis.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows_only_in_a: Vec<String>,
    /// The same of the other table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows_only_in_b: Vec<String>,
    /// Why these differences may mislead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<&'static str>,
    /// What is missing from the values, in words.
    pub partial_a: Option<String>,
    /// The same of the other table.
    pub partial_b: Option<String>,
}

/// Cells with data that the other table does not have.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CellsInOne {
    /// How many.
    pub cells: usize,
    /// Decimal ids of the first few.
    pub first: Vec<String>,
}

/// One variable over the cells that both tables have.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Difference {
    /// Name of the variable.
    pub name: String,
    /// Its unit.
    pub units: String,
    /// Cells whose values are not the same to the bit.
    pub different: usize,
    /// Of these, cells beyond the tolerance.
    pub beyond: usize,
    /// Largest distance; `None` where one of the two is NaN.
    pub largest: Option<f64>,
    /// The same in steps of `f32`.
    pub largest_ulps: Option<u64>,
    /// Where: the decimal id.
    pub at: Option<String>,
    /// The value there.
    pub a: Option<f64>,
    /// The other table's value there.
    pub b: Option<f64>,
    /// Median distance over all cells in both.
    pub typical: f64,
}

/// Compares two tables, each with the name that errors call it.
///
/// # Errors
/// [`Error::OtherCells`] where their latitude conventions differ, [`Error::Windows`] where only one has several windows of time.
pub fn compare(
    (a_name, a): (&str, &Cube),
    (b_name, b): (&str, &Cube),
    tolerance: &Tolerance,
) -> Result<Comparison, Error> {
    if a.cells.latitude != b.cells.latitude {
        return Err(Error::OtherCells {
            a: a_name.to_owned(),
            latitude_a: a.cells.latitude,
            b: b_name.to_owned(),
            latitude_b: b.cells.latitude,
        });
    }
    if a.columns.is_empty() != b.columns.is_empty() {
        let table = |cube: &Cube| cube.clone().into_table().map(Cube::from);
        return compare((a_name, &table(a)?), (b_name, &table(b)?), tolerance);
    }
    let (rows_a, rows_b) = (rows(a), rows(b));
    let (windows_a, windows_b) = (window_names(a), window_names(b));
    let only = |these: &Rows, others: &Rows, windows: &[String]| {
        let is_alone =
            |key: &&(String, u64)| !others.contains_key(*key) && (key.0.is_empty() || windows.contains(&key.0));
        let keys: Vec<&(String, u64)> = these.keys().filter(is_alone).collect();
        CellsInOne { cells: keys.len(), first: keys.iter().take(NAMED).map(|key| place(&a.cells, key)).collect() }
    };
    let both = pairs(&rows_a, &rows_b);
    let (only_in_a, only_in_b) = (only(&rows_a, &rows_b, &windows_b), only(&rows_b, &rows_a, &windows_a));
    let missing = |these: &Cube, others: &Cube| -> Vec<String> {
        these.names().filter(|name| others.names().all(|other| other != *name)).map(str::to_owned).collect()
    };
    // What is of all windows is compared cell by cell.
    let cells = pairs(&of_table(&a.cells, ""), &of_table(&b.cells, ""));
    let differences = |a_columns: &Columns, b_columns: &Columns, both: &Pairs| -> Vec<Difference> {
        let of = |(variable, column): &(crate::VariableInfo, Column)| {
            let (_, other) = b_columns.iter().find(|(held, _)| held.name == variable.name)?;
            let mut difference = difference(tolerance, &variable.name, (&a.cells, both), (column, other));
            difference.units.clone_from(&variable.units);
            Some(difference)
        };
        a_columns.iter().filter_map(of).collect()
    };
    let mut variables = differences(&a.columns, &b.columns, &both);
    variables.extend(differences(
        &a.cells.columns,
        &b.cells.columns,
        if a.columns.is_empty() { &both } else { &cells },
    ));
    let (variables_only_in_a, variables_only_in_b) = (missing(a, b), missing(b, a));
    let without = |these: &[String], others: &[String]| -> Vec<String> {
        these.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let (windows_only_in_a, windows_only_in_b) = (without(&windows_a, &windows_b), without(&windows_b, &windows_a));
    let all_there = only_in_a.cells + only_in_b.cells == 0
        && variables_only_in_a.len() + variables_only_in_b.len() == 0
        && windows_only_in_a.len() + windows_only_in_b.len() == 0;
    Ok(Comparison {
        equal: (all_there || tolerance.common) && variables.iter().all(|variable| variable.beyond == 0),
        order: a.cells.order.get(),
        cells_a: rows_a.len(),
        cells_b: rows_b.len(),
        cells_in_both: both.len(),
        only_in_a,
        only_in_b,
        variables,
        variables_only_in_a,
        variables_only_in_b,
        windows_only_in_a,
        windows_only_in_b,
        warning: misleading(a, b),
        partial_a: a.partial().map(ToString::to_string),
        partial_b: b.partial().map(ToString::to_string),
    })
}

/// Rows of the columns by window (no name where there is no time axis) and cell.
type Rows = BTreeMap<(String, u64), usize>;
/// The same key in two tables, and the row of each.
type Pairs = Vec<((String, u64), usize, usize)>;
type Columns = Vec<(crate::VariableInfo, Column)>;

/// Rows with data.
fn rows(cube: &Cube) -> Rows {
    if cube.columns.is_empty() {
        return of_table(&cube.cells, "");
    }
    let cells = cube.cells.ids.len();
    let of_window = |(at, window): (usize, &Window)| {
        of_table(&cube.timed(at), &window.name()).into_iter().map(move |(key, row)| (key, at * cells + row))
    };
    cube.windows.iter().enumerate().flat_map(of_window).collect()
}

fn of_table(table: &Table, window: &str) -> Rows {
    let key = |row: usize| Some(((window.to_owned(), *table.ids.get(row)?), row));
    table.observed().into_iter().filter_map(key).collect()
}

fn pairs(a: &Rows, b: &Rows) -> Pairs {
    a.iter().filter_map(|(key, &row)| Some((key.clone(), row, *b.get(key)?))).collect()
}

fn window_names(cube: &Cube) -> Vec<String> {
    cube.windows.iter().map(Window::name).collect()
}

/// A cell by its decimal id, with its window.
fn place(table: &Table, (window, id): &(String, u64)) -> String {
    let cell = Cell::new(table.order, *id).map_or_else(|_| id.to_string(), |cell| cell.to_string());
    if window.is_empty() { cell } else { format!("{cell} in {window}") }
}

fn difference(
    tolerance: &Tolerance,
    variable: &str,
    (table, both): (&Table, &Pairs),
    (a, b): (&Column, &Column),
) -> Difference {
    let mut found = Difference {
        name: variable.to_owned(),
        units: String::new(),
        different: 0,
        beyond: 0,
        largest: Some(0.0),
        largest_ulps: Some(0),
        at: None,
        a: None,
        b: None,
        typical: 0.0,
    };
    let mut distances = Vec::with_capacity(both.len());
    for (key, row_a, row_b) in both {
        let (x, y) = (a.number(*row_a), b.number(*row_b));
        let distance = if x.is_nan() && y.is_nan() { 0.0 } else { (x - y).abs() };
        distances.push(distance);
        if distance == 0.0 {
            continue;
        }
        found.different += 1;
        found.beyond += usize::from(!tolerance.within(variable, x, y));
        // A NaN on one side is further than any number.
        if found.largest.is_some_and(|largest| distance.is_nan() || distance > largest) {
            let finite = |value: f64| value.is_finite().then_some(value);
            found.largest = finite(distance);
            found.largest_ulps = finite(distance).map(|_| steps(x, y));
            (found.at, found.a, found.b) = (Some(place(table, key)), finite(x), finite(y));
        }
    }
    distances.sort_by(f64::total_cmp);
    found.typical = distances.get(distances.len() / 2).copied().unwrap_or(0.0);
    found
}

impl Tolerance {
    fn within(&self, variable: &str, x: f64, y: f64) -> bool {
        let bound = |bounds: &[Bound]| {
            let own = bounds.iter().rev().find(|bound| bound.name.as_deref() == Some(variable));
            own.or_else(|| bounds.iter().rev().find(|bound| bound.name.is_none())).map(|bound| bound.size)
        };
        let distance = (x - y).abs();
        #[expect(clippy::cast_precision_loss, reason = "compared with a small number")]
        let steps = steps(x, y) as f64;
        bound(&self.absolute).is_some_and(|most| distance <= most)
            || bound(&self.relative).is_some_and(|most| distance <= most * x.abs().max(y.abs()))
            || bound(&self.ulps).is_some_and(|most| distance.is_finite() && steps <= most)
    }
}

/// How many `f32` lie between two values that are stored as such.
#[expect(clippy::cast_possible_truncation, reason = "f32 is what is stored")]
fn steps(x: f64, y: f64) -> u64 {
    // Negative numbers count downwards from -0.
    let place = |value: f64| {
        let bits = i64::from((value as f32).to_bits());
        if bits >= 1 << 31 { (1 << 31) - bits } else { bits }
    };
    place(x).abs_diff(place(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_for_one_variable_or_for_all() {
        let bound = |text: &str| text.parse::<Bound>();
        let one = bound("h_mean=1e-3").unwrap();
        assert_eq!((one.name.as_deref(), one.size), (Some("h_mean"), 1e-3));
        assert!(bound("5").unwrap().name.is_none());
        assert!(bound("-1").is_err() && bound("x=y").is_err() && bound("nan").is_err());
    }

    #[test]
    fn steps_count_through_zero() {
        assert_eq!(steps(1.0, f64::from(f32::from_bits(1.0_f32.to_bits() + 3))), 3);
        assert_eq!(steps(-0.0, 0.0), 0);
        assert_eq!(steps(f64::from(-f32::from_bits(2)), f64::from(f32::from_bits(1))), 3);
    }
}
