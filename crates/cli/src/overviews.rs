//! `icestream overviews`: levels above the parents of a store of the sphere.
use crate::args::AccessArgs;
use crate::exit::{self, Failure};
use crate::stored::Stored;
use crate::{access, json as answers, out::say, target};
use byte_ranges::Storage as _;
use clap::Args as ClapArgs;
use futures_util::stream::{self, StreamExt as _};
use morton::Order;
use pipeline::Overviews;
use serde_json::json;
use storage::{Clients, Location, StoreSink};

/// Cells that are read at the same time, each by all its arrays.
const CELLS_AT_ONCE: usize = 8;

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

/// What was done.
struct Done {
    parents: usize,
    orders: Vec<u8>,
    chunks: usize,
    /// Of these cells, so many lack granules.
    partial: usize,
}

pub(crate) fn run(args: &OverviewsArgs) -> Result<u8, Failure> {
    let done = access::block_on(overviews(args, &access::clients(&args.access)))?;
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

/// The coarsest order that has a group, `known` or beyond: an attempt that was killed leaves groups that the root does not name.
async fn coarsest_there(sink: &StoreSink, known: Order) -> Result<Order, Failure> {
    for order in 0..known.get() {
        let group = sink.get(&format!("{order}/zarr.json")).await?;
        if group.is_some_and(|(document, _)| !dggs_zarr::is_removed(&document)) {
            return target::order(order);
        }
    }
    Ok(known)
}

async fn overviews(args: &OverviewsArgs, clients: &Clients) -> Result<Done, Failure> {
    let store = Stored::open(&args.store, clients).await?;
    let usage = |what: String| Failure::new(exit::USAGE, what).at(&args.store);
    if store.recipe.parent.is_some() {
        let failure = usage("this is a store of one cell: it has nothing above its cell".into());
        return Err(failure.hint("`icestream merge` joins stores of cells into one of the sphere"));
    }
    let parents = store.cells().await?;
    let first = *parents.first().ok_or_else(|| usage("there is no cell yet".into()))?;
    let job = store.recipe.job(first).map_err(usage)?;
    let finest = job.child_order();
    // Said here already, so that nothing that is there hides it.
    Overviews::new(&job, target::order(args.to)?).map_err(Failure::usage)?;
    // Coarser levels that are there already would be out of date otherwise.
    let coarsest = store.recipe.above.iter().copied().chain([target::order(args.to)?]).min();
    let sink = clients.sink(&Location::parse(&args.store)?)?;
    let coarsest = coarsest_there(&sink, coarsest.unwrap_or(finest)).await?;
    let mut levels = Overviews::new(&job, coarsest).map_err(Failure::usage)?;
    let reads = parents.iter().map(|&parent| store.level(parent, finest));
    let mut children = stream::iter(reads).buffered(CELLS_AT_ONCE);
    let provenance = parents.iter().map(|&parent| store.provenance(parent));
    let mut provenance = stream::iter(provenance).buffered(CELLS_AT_ONCE);
    let mut partial = 0;
    for &parent in &parents {
        let Some(children) = children.next().await.transpose()? else { break };
        let provenance = provenance.next().await.transpose()?;
        partial += usize::from(provenance.is_some_and(|own| own["partial"] == true));
        levels.add(parent, &children).map_err(|error| Failure::new(exit::BAD_INPUT, error))?;
    }
    drop((children, provenance));
    let root = pipeline::sphere_root(&sink).await?.unwrap_or_default();
    pipeline::sphere_accepts(&job, &root).map_err(usage)?;
    let chunks = pipeline::write_overviews(levels, &sink).await.map_err(Failure::of_write)?;
    let orders = (coarsest.get()..store.recipe.parent_order.get()).rev().collect();
    Ok(Done { parents: parents.len(), orders, chunks, partial })
}
