//! `icestream merge`: stores of one cell each into a store of the sphere, or of a region.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::note;
use crate::{access, json as answers, out::say};
use clap::Args as ClapArgs;
use serde_json::json;
use stores::Merge;

#[derive(ClapArgs, Debug)]
pub(crate) struct MergeArgs {
    /// Stores of one cell each (or of the sphere), or folders and prefixes that hold them as NAME.zarr. A name that begins with a
    /// hyphen is written ./-6134114.zarr.
    #[arg(value_name = "STORE", required = true)]
    stores: Vec<String>,
    /// The store to make; one of the sphere that is there is added to.
    #[arg(long, value_name = "STORE")]
    out: String,
    /// How it is laid out: `sphere`, or `region`, which has rows of these cells alone.
    #[arg(long, value_name = "sphere|region", default_value_t = pipeline::Layout::Sphere)]
    layout: pipeline::Layout,
    /// Replace cells that are there already with other values; with --layout region, the whole store.
    #[arg(long)]
    overwrite: bool,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &MergeArgs) -> Result<u8, CommandError> {
    let clients = access::clients(&args.access);
    let (done, unfinished) = access::block_on(async {
        let merge = Merge::new(&args.out, args.overwrite, &clients)?;
        let sources = merge.sources(&args.stores).await?;
        for root in &sources.unfinished {
            note!("note: {root} is left out: a writer is at it, or was stopped; run its job again");
        }
        Ok::<_, CommandError>((stores::merge_as(&merge, args.layout, sources.stores).await?, sources.unfinished.len()))
    })?;
    if args.json {
        answers::print(&json!({
            "zarr_path": args.out, "stores": done.stores, "written": done.written, "same": done.same,
            "partial_cells": done.partial, "unfinished": unfinished,
        }))?;
    } else {
        say!("{}: {} cells written, {} there already, from {} stores", args.out, done.written, done.same, done.stores);
        if done.partial > 0 {
            say!("{}: PARTIAL: {} of these cells lack granules", args.out, done.partial);
        }
    }
    Ok(exit::DONE)
}
