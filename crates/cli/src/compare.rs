//! `icestream compare`: two stores, or a store and a table.
use crate::args::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::say;
use crate::tables::{self, Wanted};
use crate::{access, json};
use clap::Args as ClapArgs;
use morton::{Cell, Latitude};
use serde::Serialize;
use std::collections::BTreeMap;
use storage::Clients;
use stores::{Column, Table};

/// Cells that are named of those in one input only.
const NAMED: usize = 5;

#[derive(ClapArgs, Debug)]
pub(crate) struct CompareArgs {
    /// A store of either layout, or a CSV of `icestream cell`.
    #[arg(value_name = "A", allow_hyphen_values = true)]
    a: String,
    /// The other.
    #[arg(value_name = "B", allow_hyphen_values = true)]
    b: String,
    /// The order to compare; the finest of A if not given.
    #[arg(long, value_name = "ORDER")]
    order: Option<u8>,
    /// Only these variables.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    var: Vec<String>,
    /// Differences that count as equal, in the unit of the variable: 0.001, or h_mean=0.001 for one variable.
    #[arg(long, value_name = "[NAME=]SIZE", value_parser = bound)]
    tolerance: Vec<Bound>,
    /// The same as a part of the larger value: 5e-7, or h_sigma=5e-7.
    #[arg(long, value_name = "[NAME=]PART", value_parser = bound)]
    relative: Vec<Bound>,
    /// The same in steps of the stored type (f32): 1, or h_mean=1.
    #[arg(long, value_name = "[NAME=]STEPS", value_parser = bound)]
    ulps: Vec<Bound>,
    /// Do not mind cells that only A or only B has.
    #[arg(long)]
    common: bool,
    /// Print JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

/// A bound, of one variable or of all.
#[derive(Clone, Debug)]
struct Bound {
    name: Option<String>,
    size: f64,
}

/// What was found.
#[derive(Serialize)]
struct Report {
    equal: bool,
    order: u8,
    cells_a: usize,
    cells_b: usize,
    cells_in_both: usize,
    only_in_a: Only,
    only_in_b: Only,
    variables: Vec<Difference>,
    variables_only_in_a: Vec<String>,
    variables_only_in_b: Vec<String>,
    /// What is missing from the values, in words.
    partial_a: Option<String>,
    partial_b: Option<String>,
}

/// Cells with data that the other does not have.
#[derive(Serialize)]
struct Only {
    cells: usize,
    first: Vec<String>,
}

/// One variable over the cells that both have.
#[derive(Serialize)]
struct Difference {
    name: String,
    units: String,
    /// Cells whose values are not the same to the bit.
    different: usize,
    /// Of these, cells beyond the tolerance.
    beyond: usize,
    /// Largest distance; null where one of the two is NaN.
    largest: Option<f64>,
    largest_ulps: Option<u64>,
    /// Where: the decimal id.
    at: Option<String>,
    a: Option<f64>,
    b: Option<f64>,
    /// Median distance over all cells in both.
    typical: f64,
}

pub(crate) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    let (a, b) = access::block_on(read(args, &access::clients(&args.access)))?;
    if a.latitude != b.latitude {
        let what =
            format!("{} has {} ids, {} has {} ids: these are other cells", args.a, a.latitude, args.b, b.latitude);
        return Err(Failure::new(exit::USAGE, what));
    }
    let report = report(args, &a, &b);
    if args.json {
        json::print(&report)?;
    } else {
        show(&report);
    }
    Ok(if report.equal { exit::DONE } else { exit::FAILED })
}

/// A CSV does not tell its latitude convention: it is taken to have the other's.
async fn read(args: &CompareArgs, clients: &Clients) -> Result<(Table, Table), Failure> {
    let names: Vec<&str> = args.var.iter().map(String::as_str).collect();
    let wanted = |order, latitude| Wanted { order, names: &names, latitude };
    let any = Latitude::default();
    if args.a.to_ascii_lowercase().ends_with(".csv") {
        let b = tables::read(&args.b, &wanted(args.order, any), clients).await?;
        let a = tables::read(&args.a, &wanted(Some(b.order.get()), b.latitude), clients).await?;
        return Ok((a, b));
    }
    let a = tables::read(&args.a, &wanted(args.order, any), clients).await?;
    let b = tables::read(&args.b, &wanted(Some(a.order.get()), a.latitude), clients).await?;
    Ok((a, b))
}

fn report(args: &CompareArgs, a: &Table, b: &Table) -> Report {
    let rows = |table: &Table| -> BTreeMap<u64, usize> {
        table.observed().into_iter().filter_map(|row| Some((*table.ids.get(row)?, row))).collect()
    };
    let (rows_a, rows_b) = (rows(a), rows(b));
    let only = |these: &BTreeMap<u64, usize>, others: &BTreeMap<u64, usize>| {
        let ids: Vec<u64> = these.keys().filter(|id| !others.contains_key(id)).copied().collect();
        Only { cells: ids.len(), first: ids.iter().take(NAMED).map(|&id| name(a, id)).collect() }
    };
    let both: Vec<(u64, usize, usize)> =
        rows_a.iter().filter_map(|(&id, &row)| Some((id, row, *rows_b.get(&id)?))).collect();
    let (only_in_a, only_in_b) = (only(&rows_a, &rows_b), only(&rows_b, &rows_a));
    let missing = |these: &Table, others: &Table| -> Vec<String> {
        let names = these.columns.iter().map(|(variable, _)| variable.name.clone());
        names.filter(|name| others.column(name).is_err()).collect()
    };
    let variables: Vec<Difference> = a
        .columns
        .iter()
        .filter_map(|(variable, column)| {
            let (_, other) = b.column(&variable.name).ok()?;
            let mut difference = difference(args, &variable.name, (a, &both), (column, other));
            difference.units.clone_from(&variable.units);
            Some(difference)
        })
        .collect();
    let (variables_only_in_a, variables_only_in_b) = (missing(a, b), missing(b, a));
    let all_there =
        only_in_a.cells + only_in_b.cells == 0 && variables_only_in_a.len() + variables_only_in_b.len() == 0;
    Report {
        equal: (all_there || args.common) && variables.iter().all(|variable| variable.beyond == 0),
        order: a.order.get(),
        cells_a: rows_a.len(),
        cells_b: rows_b.len(),
        cells_in_both: both.len(),
        only_in_a,
        only_in_b,
        variables,
        variables_only_in_a,
        variables_only_in_b,
        partial_a: a.partial.as_ref().map(ToString::to_string),
        partial_b: b.partial.as_ref().map(ToString::to_string),
    }
}

fn name(table: &Table, id: u64) -> String {
    Cell::new(table.order, id).map_or_else(|_| id.to_string(), |cell| cell.to_string())
}

fn difference(
    args: &CompareArgs,
    variable: &str,
    (table, both): (&Table, &[(u64, usize, usize)]),
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
    for &(id, row_a, row_b) in both {
        let (x, y) = (a.number(row_a), b.number(row_b));
        let distance = if x.is_nan() && y.is_nan() { 0.0 } else { (x - y).abs() };
        distances.push(distance);
        if distance == 0.0 {
            continue;
        }
        found.different += 1;
        found.beyond += usize::from(!args.within(variable, x, y));
        // A NaN on one side is further than any number.
        if found.largest.is_some_and(|largest| distance.is_nan() || distance > largest) {
            let finite = |value: f64| value.is_finite().then_some(value);
            found.largest = finite(distance);
            found.largest_ulps = finite(distance).map(|_| steps(x, y));
            (found.at, found.a, found.b) = (Some(name(table, id)), finite(x), finite(y));
        }
    }
    distances.sort_by(f64::total_cmp);
    found.typical = distances.get(distances.len() / 2).copied().unwrap_or(0.0);
    found
}

impl CompareArgs {
    fn within(&self, variable: &str, x: f64, y: f64) -> bool {
        let bound = |bounds: &[Bound]| {
            let own = bounds.iter().rev().find(|bound| bound.name.as_deref() == Some(variable));
            own.or_else(|| bounds.iter().rev().find(|bound| bound.name.is_none())).map(|bound| bound.size)
        };
        let distance = (x - y).abs();
        #[expect(clippy::cast_precision_loss, reason = "compared with a small number")]
        let steps = steps(x, y) as f64;
        bound(&self.tolerance).is_some_and(|most| distance <= most)
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

fn show(report: &Report) {
    let width = report.variables.iter().map(|variable| variable.name.len()).max().unwrap_or(0).max(12);
    say!(
        "{:<width$} {:>9} {:>9} {:>12} {:>6} {:>12}  where (A, B)",
        "",
        "different",
        "beyond",
        "largest",
        "ulps",
        "typical"
    );
    for variable in &report.variables {
        let number = |value: Option<f64>| value.map_or_else(|| "NaN".to_owned(), |value| format!("{value}"));
        let place = variable.at.as_ref().map_or_else(String::new, |at| {
            format!("{at} ({}, {}) {}", number(variable.a), number(variable.b), variable.units)
        });
        let largest = variable.largest.map_or_else(|| "NaN".to_owned(), |largest| format!("{largest:.3e}"));
        let ulps = variable.largest_ulps.map_or_else(|| "-".to_owned(), |ulps| ulps.to_string());
        let line = format!(
            "{:<width$} {:>9} {:>9} {largest:>12} {ulps:>6} {:>12.3e}  {place}",
            variable.name, variable.different, variable.beyond, variable.typical
        );
        say!("{}", line.trim_end());
    }
    for (side, partial) in [("A", &report.partial_a), ("B", &report.partial_b)] {
        if let Some(partial) = partial {
            say!("{side}: {partial}");
        }
    }
    for (side, only) in [("A", &report.only_in_a), ("B", &report.only_in_b)] {
        if only.cells > 0 {
            say!("only in {side}: {} cells: {}", only.cells, only.first.join(", "));
        }
    }
    for (side, names) in [("A", &report.variables_only_in_a), ("B", &report.variables_only_in_b)] {
        if !names.is_empty() {
            say!("only in {side}: {}", names.join(", "));
        }
    }
    let verdict = if report.equal { "equal" } else { "not equal" };
    say!("order {}: {} cells with data in both; {verdict}", report.order, report.cells_in_both);
}

fn bound(text: &str) -> Result<Bound, String> {
    let (name, size) = match text.split_once('=') {
        Some((name, size)) => (Some(name.to_owned()), size),
        None => (None, text),
    };
    let size: f64 = size.parse().map_err(|_| format!("`{size}` is not a number"))?;
    if size >= 0.0 { Ok(Bound { name, size }) } else { Err(format!("{size} is below 0")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_through_zero() {
        assert_eq!(steps(1.0, f64::from(f32::from_bits(1.0_f32.to_bits() + 3))), 3);
        assert_eq!(steps(-0.0, 0.0), 0);
        assert_eq!(steps(f64::from(-f32::from_bits(2)), f64::from(f32::from_bits(1))), 3);
    }

    #[test]
    fn bounds_are_read() {
        let one = bound("h_mean=1e-3").unwrap();
        assert_eq!((one.name.as_deref(), one.size), (Some("h_mean"), 1e-3));
        assert!(bound("5").unwrap().name.is_none());
        assert!(bound("-1").is_err() && bound("x=y").is_err() && bound("nan").is_err());
    }
}
