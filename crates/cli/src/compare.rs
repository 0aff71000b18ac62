//! `icestream compare`: two stores, or a store and a table.
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::say;
use crate::{access, json};
use clap::Args as ClapArgs;
use morton::Latitude;
use stores::{Bound, Comparison, Tolerance, Wanted};

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
    #[arg(long, value_name = "[NAME=]SIZE")]
    tolerance: Vec<Bound>,
    /// The same as a part of the larger value: 5e-7, or h_sigma=5e-7.
    #[arg(long, value_name = "[NAME=]PART")]
    relative: Vec<Bound>,
    /// The same in steps of the stored type (f32): 1, or h_mean=1.
    #[arg(long, value_name = "[NAME=]STEPS")]
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

pub(crate) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    let names: Vec<&str> = args.var.iter().map(String::as_str).collect();
    let wanted = Wanted { order: args.order, names: &names, latitude: Latitude::default() };
    let clients = access::clients(&args.access);
    let (a, b) = access::block_on(async { Ok::<_, Failure>(wanted.of_both(&args.a, &args.b, &clients).await?) })?;
    let tolerance = Tolerance {
        absolute: args.tolerance.clone(),
        relative: args.relative.clone(),
        ulps: args.ulps.clone(),
        common: args.common,
    };
    let comparison = stores::compare((&args.a, &a), (&args.b, &b), &tolerance)?;
    if args.json {
        json::print(&comparison)?;
    } else {
        show(&comparison);
    }
    Ok(if comparison.equal { exit::DONE } else { exit::FAILED })
}

fn show(comparison: &Comparison) {
    let width = comparison.variables.iter().map(|variable| variable.name.len()).max().unwrap_or(0).max(12);
    say!(
        "{:<width$} {:>9} {:>9} {:>12} {:>6} {:>12}  where (A, B)",
        "",
        "different",
        "beyond",
        "largest",
        "ulps",
        "typical"
    );
    for variable in &comparison.variables {
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
    for (side, partial) in [("A", &comparison.partial_a), ("B", &comparison.partial_b)] {
        if let Some(partial) = partial {
            say!("{side}: {partial}");
        }
    }
    for (side, only) in [("A", &comparison.only_in_a), ("B", &comparison.only_in_b)] {
        if only.cells > 0 {
            say!("only in {side}: {} cells: {}", only.cells, only.first.join(", "));
        }
    }
    for (side, names) in [("A", &comparison.variables_only_in_a), ("B", &comparison.variables_only_in_b)] {
        if !names.is_empty() {
            say!("only in {side}: {}", names.join(", "));
        }
    }
    let verdict = if comparison.equal { "equal" } else { "not equal" };
    say!("order {}: {} cells with data in both; {verdict}", comparison.order, comparison.cells_in_both);
}
