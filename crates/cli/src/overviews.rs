//! `icestream overviews`: levels above the parents of a store of the sphere.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::{access, json as answers, out::say};
use clap::Args as ClapArgs;
use serde_json::json;

#[derive(ClapArgs, Debug)]
pub(crate) struct OverviewsArgs {
    /// A store of the sphere, with all the cells that it shall have.
    #[arg(value_name = "SPHERE", allow_hyphen_values = true)]
    store: String,
    /// The coarsest order; all between it and the parents' are written.
    #[arg(long, value_name = "ORDER")]
    to: u8,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &OverviewsArgs) -> Result<u8, CommandError> {
    let clients = access::clients(&args.access);
    let done = access::block_on(async {
        Ok::<_, CommandError>(stores::write_overviews(&args.store, args.to, &clients).await?)
    })?;
    if args.json {
        answers::print(&json!({
            "zarr_path": args.store, "cells": done.parents, "orders": done.orders, "chunks": done.chunks,
            "partial_cells": done.partial,
        }))?;
    } else {
        let orders: Vec<String> = done.orders.iter().map(ToString::to_string).collect();
        say!("{}: orders {} from {} cells, {} chunks", args.store, orders.join(", "), done.parents, done.chunks);
        if done.partial > 0 {
            say!("{}: PARTIAL: {} of these cells lack granules", args.store, done.partial);
        }
    }
    Ok(exit::DONE)
}
