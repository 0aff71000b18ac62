//! `icestream merge`: stores of one cell each into a store of the sphere.
use crate::args::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::note;
use crate::sphere_out::SphereOut;
use crate::stored::Stored;
use crate::{access, json as answers, out::say};
use clap::Args as ClapArgs;
use dggs_zarr::SphereCell;
use morton::Cell;
use serde_json::json;
use std::path::Path;
use storage::{Clients, Location};
use stores::{Objects as _, Place};

#[derive(ClapArgs, Debug)]
pub(crate) struct MergeArgs {
    /// Stores of one cell each (or of the sphere), or folders and prefixes that hold them as NAME.zarr. A name that begins with a
    /// hyphen is written ./-6134114.zarr.
    #[arg(value_name = "STORE", required = true)]
    stores: Vec<String>,
    /// The store of the sphere: made if it is not there, else added to.
    #[arg(long, value_name = "STORE")]
    out: String,
    /// Replace cells that are there already with other values.
    #[arg(long)]
    overwrite: bool,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

/// What was done.
#[derive(Default)]
struct Done {
    stores: usize,
    written: usize,
    same: usize,
    /// Of the cells, those that lack granules.
    partial: usize,
    /// Stores that a writer is at, or was stopped at: left out.
    unfinished: usize,
}

pub(crate) fn run(args: &MergeArgs) -> Result<u8, Failure> {
    let done = access::block_on(merge(args, &access::clients(&args.access)))?;
    if args.json {
        answers::print(&json!({
            "zarr_path": args.out, "stores": done.stores, "written": done.written, "same": done.same,
            "partial_cells": done.partial, "unfinished": done.unfinished,
        }))?;
    } else {
        say!("{}: {} cells written, {} there already, from {} stores", args.out, done.written, done.same, done.stores);
        if done.partial > 0 {
            say!("{}: PARTIAL: {} of these cells lack granules", args.out, done.partial);
        }
    }
    Ok(exit::DONE)
}

async fn merge(args: &MergeArgs, clients: &Clients) -> Result<Done, Failure> {
    let mut done = Done::default();
    let mut seen: Vec<(Cell, String)> = Vec::new();
    let target = Place::new(&args.out, clients.clone())?;
    let (roots, unfinished) = stores(&args.stores, clients).await?;
    for root in &unfinished {
        note!("note: {root} is left out: a writer is at it, or was stopped; run its job again");
    }
    done.unfinished = unfinished.len();
    for root in roots {
        let store = Stored::open(&root, clients).await?;
        done.stores += 1;
        for cell in store.cells().await? {
            if let Some((_, other)) = seen.iter().find(|(held, _)| *held == cell) {
                let failure = Failure::new(exit::USAGE, format!("{root}: cell {cell} is in {other} too"));
                return Err(failure.hint("name only one of the two"));
            }
            seen.push((cell, root.clone()));
            done.partial += usize::from(store.provenance(cell).await?["partial"] == true);
            if add(&store, cell, (&target, args, clients)).await? {
                done.written += 1;
            } else {
                done.same += 1;
            }
        }
    }
    Ok(done)
}

/// Adds one cell; `false`: it is there with the same bytes.
async fn add(
    store: &Stored,
    cell: Cell,
    (target, args, clients): (&Place, &MergeArgs, &Clients),
) -> Result<bool, Failure> {
    let refuse = |why: String| Failure::new(exit::BAD_INPUT, format!("{}: {why}", store.shown));
    let job = store.recipe.job(cell).map_err(refuse)?;
    let out = SphereOut::open(&args.out, &job, clients).await?;
    out.probe().await?;
    let objects = objects(store, cell).await?;
    if out.holds(&job).await? {
        let mut same = true;
        for object in &objects {
            same &= target.get(&object.key).await?.is_some_and(|held| held == object.bytes);
        }
        if same {
            return Ok(false);
        }
        if !args.overwrite {
            let what = format!("{}: cell {cell} is there with other values than in {}", args.out, store.shown);
            return Err(Failure::new(exit::USAGE, what).hint("--overwrite replaces it"));
        }
    }
    out.put(&job, objects).await.map_err(Failure::of_write)?;
    Ok(true)
}

/// The objects that a cell has in a store of the sphere.
async fn objects(store: &Stored, cell: Cell) -> Result<Vec<dggs_zarr::Object>, Failure> {
    let refuse = |why: String| Failure::new(exit::BAD_INPUT, format!("{}: {why}", store.shown));
    let mut levels = Vec::new();
    for &order in &store.recipe.orders {
        levels.push(store.level(cell, order).await?);
    }
    let provenance = store.provenance(cell).await?;
    let decimal = cell.decimal().map_err(|error| refuse(error.to_string()))?;
    let sphere = store.recipe.sphere().map_err(refuse)?;
    let part = SphereCell { nested: cell.nested(), decimal, levels, provenance };
    sphere.cell(&part).map_err(|error| refuse(error.to_string()))
}

/// Stores themselves, and those right below folders and prefixes, by name; and of these the ones that are not whole.
async fn stores(inputs: &[String], clients: &Clients) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (mut stores, mut unfinished) = (Vec::new(), Vec::new());
    for input in inputs {
        let place = Place::new(input, clients.clone())?;
        if place.get("zarr.json").await?.is_some() {
            stores.push(input.clone());
            continue;
        }
        let mut below = below(input.trim_end_matches('/'), clients).await?;
        if below.is_empty() {
            let failure = Failure::new(exit::BAD_INPUT, format!("{input}: neither a store nor a folder of NAME.zarr"));
            return Err(failure.hint("check the path"));
        }
        below.sort();
        for root in below {
            match Place::new(&root, clients.clone())?.get("zarr.json").await? {
                Some(document) if dggs_zarr::is_removed(&document) => {}
                Some(document) if dggs_zarr::is_tombstone(&document) => unfinished.push(root),
                _ => stores.push(root),
            }
        }
    }
    Ok((stores, unfinished))
}

async fn below(root: &str, clients: &Clients) -> Result<Vec<String>, Failure> {
    let location = Location::parse(root)?;
    if let Some(path) = location.as_path() {
        let is_store = |path: &Path| path.join("zarr.json").is_file();
        let entries =
            std::fs::read_dir(path).map_err(|error| Failure::new(exit::BAD_INPUT, format!("{root}: {error}")))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_store(path));
        return Ok(paths.map(|path| path.to_string_lossy().into_owned()).collect());
    }
    let found = clients.expand(&format!("{root}/*/zarr.json")).await?;
    let roots = found.iter().map(|key| key.to_string().trim_end_matches("/zarr.json").to_owned());
    Ok(roots.collect())
}
