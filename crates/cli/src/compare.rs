//! `icestream compare`: two stores, or a store and a table.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::{note, say};
use crate::tables::WindowArgs;
use crate::{access, json};
use clap::Args as ClapArgs;
use stores::{Bound, Tolerance, Wanted};

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
    #[command(flatten)]
    windows: WindowArgs,
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

pub(crate) fn run(args: &CompareArgs) -> Result<u8, CommandError> {
    let names: Vec<&str> = args.var.iter().map(String::as_str).collect();
    let wanted = Wanted { order: args.order, names: &names, pick: args.windows.pick(), ..Wanted::default() };
    let clients = access::clients(&args.access);
    let (a, b) = access::block_on(async { Ok::<_, CommandError>(wanted.of_both(&args.a, &args.b, &clients).await?) })?;
    let tolerance = Tolerance {
        absolute: args.tolerance.clone(),
        relative: args.relative.clone(),
        ulps: args.ulps.clone(),
        common: args.common,
    };
    let comparison = stores::compare((&args.a, &a), (&args.b, &b), &tolerance)?;
    if let Some(why) = comparison.warning {
        note!("warning: {why}");
    }
    if args.json {
        json::print(&comparison)?;
    } else {
        words::comparison(&comparison).iter().for_each(|line| say!("{line}"));
    }
    Ok(if comparison.equal { exit::DONE } else { exit::FAILED })
}
