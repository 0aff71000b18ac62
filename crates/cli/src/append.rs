//! `icestream extend` and `icestream change`: stores of the sphere whose time axis grows.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::{access, json as answers, out::say};
use clap::Args as ClapArgs;
use pipeline::Day;
use serde_json::json;

#[derive(ClapArgs, Debug)]
pub(crate) struct ExtendArgs {
    /// A store of the sphere with a time axis by cycle, month, quarter, season or year.
    #[arg(value_name = "SPHERE", allow_hyphen_values = true)]
    store: String,
    /// The day after the last that the windows shall have.
    #[arg(long, value_name = "DATE")]
    to_date: Day,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct ChangeArgs {
    /// A store of the sphere that was computed with --change --moments.
    #[arg(value_name = "SPHERE", allow_hyphen_values = true)]
    store: String,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn extend(args: &ExtendArgs) -> Result<u8, CommandError> {
    let clients = access::clients(&args.access);
    let done =
        access::block_on(async { Ok::<_, CommandError>(stores::extend(&args.store, args.to_date, &clients).await?) })?;
    let new = done.windows.get(done.before..).unwrap_or_default();
    let names: Vec<String> = new.iter().map(ToString::to_string).collect();
    if args.json {
        let windows = done.windows.len();
        answers::print(&json!({"zarr_path": args.store, "windows": windows, "new_windows": names}))?;
    } else if names.is_empty() {
        say!("{}: its {} windows reach there already", args.store, done.before);
    } else {
        say!("{}: {} new windows: {}", args.store, names.len(), names.join(", "));
        say!("  next: `icestream run` computes them, then `icestream change` the change of all");
    }
    Ok(exit::DONE)
}

pub(crate) fn change(args: &ChangeArgs) -> Result<u8, CommandError> {
    let clients = access::clients(&args.access);
    let done = access::block_on(async { Ok::<_, CommandError>(stores::rechange(&args.store, &clients).await?) })?;
    if args.json {
        answers::print(&json!({
            "zarr_path": args.store, "cells": done.cells, "records": done.records, "incomplete_cells": done.incomplete,
        }))?;
        return Ok(exit::DONE);
    }
    say!("{}: change of {} cells from {} records", args.store, done.cells, done.records);
    if done.incomplete > 0 {
        say!("  {} of these cells lack windows: `icestream run` computes those, then run this again", done.incomplete);
    }
    Ok(exit::DONE)
}
