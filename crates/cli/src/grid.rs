//! `icestream grid`: a region in one command.
mod outputs;

use crate::access::{self, AccessArgs};
use crate::exit::{self, CommandError};
use crate::out::{note, say};
use crate::time::TimeArgs;
use crate::{json, target};
use ::grid::{Chosen, Filled, Gatherable, GridJob, Together};
use byte_ranges::{data_size, thousands};
use clap::Args;
use export::GridCrs;
use flags::region::RegionArgs;
use flags::source::{Sought, SourceArgs};
use morton::{Latitude, Order};
use outputs::Outputs;
use pipeline::{JobSpec, Tuning};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use storage::{Clients, Location};
use terminal::GridProgress;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  icestream grid granules/ --region basin.shp --out basin.zarr --out basin.nc
  icestream grid s3://bucket/ATL06/ --region=-51,68.5,-48,69.8 --by cycle --out jakobshavn.nc
  icestream grid --cycle 22 --region greenland --out greenland.zarr      (searches; login as in `icestream login`)")]
pub(crate) struct GridArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) region: RegionArgs,
    /// What to write, by its ending: .zarr (a store), .nc, .tif (on a regular grid), .parquet, .fgb, .csv, .png, .svg; several are made
    /// from one reading. A folder, a file, or a place in a bucket.
    #[arg(long, short, value_name = "PLACE", required_unless_present = "dry_run")]
    pub(crate) out: Vec<String>,
    #[command(flatten)]
    pub(crate) cells: CellsOfRegionArgs,
    #[command(flatten)]
    pub(crate) time: TimeArgs,
    /// Variables of .nc, .tif, .parquet, .fgb, .csv and pictures [default: all; of pictures the mean].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) var: Vec<String>,
    /// Coordinate system of .nc and .tif: EPSG:n [default: polar stereographic beyond 60 degrees, else UTM or degrees].
    #[arg(long, value_name = "EPSG:n")]
    pub(crate) crs: Option<GridCrs>,
    /// Side of a pixel of .nc and .tif, metres [default: about a cell].
    #[arg(long, value_name = "METRES")]
    pub(crate) resolution: Option<f64>,
    #[command(flatten)]
    pub(crate) how: ReadArgs,
    /// Replace what is there.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Tell what it would take, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no summary; errors only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Which cells a region is made of.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cells")]
pub(crate) struct CellsOfRegionArgs {
    /// Order of the cells: 12 is about 1.6 km.
    #[arg(long, value_name = "ORDER", default_value_t = 12)]
    pub(crate) child_order: u8,
    /// Order of the parent cells, by which granules are read.
    #[arg(long, value_name = "ORDER", default_value_t = 6)]
    pub(crate) parent_order: u8,
    /// Coarser orders that are written too, exact from the rows.
    #[arg(long, value_name = "ORDERS", value_delimiter = ',')]
    pub(crate) overviews: Vec<u8>,
    /// What cell ids are computed from.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    pub(crate) latitude: Latitude,
}

/// How granules are read for many cells.
#[derive(Args, Debug)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadArgs {
    /// Leave out granules that cannot be read, and say so, instead of failing.
    #[arg(long)]
    pub(crate) allow_partial: bool,
    /// Refuse granules whose rows do not hang on their parents (photons on segments) as they should.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Folder or bucket prefix of indexes (`icestream index`).
    #[arg(long, value_name = "DIR")]
    pub(crate) index: Option<String>,
    /// MiB of rows and data under way; what goes beyond is put aside in a temporary file.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(16..=1_048_576))]
    pub(crate) memory: u64,
    /// Parent cells that are read for together. An interrupted run goes on after the last group.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) cells_per_call: u16,
}

impl ReadArgs {
    pub(crate) fn together(&self, reading: &Clients) -> Together {
        let tuning = Tuning { memory: self.memory << 20, ..Tuning::default() };
        Together { reading: reading.clone(), index: self.index.clone(), tuning, cells: self.cells_per_call.into() }
    }
}

/// What is asked for, before anything is read of granules.
pub(crate) struct Asked {
    pub(crate) spec: JobSpec,
    pub(crate) chosen: Chosen,
    pub(crate) granules: Gatherable,
}

/// What the flags of `grid` and `points` ask for.
pub(crate) struct Asking<'a> {
    pub(crate) source: &'a SourceArgs,
    pub(crate) region: &'a RegionArgs,
    pub(crate) cells: &'a CellsOfRegionArgs,
    pub(crate) time: &'a TimeArgs,
    pub(crate) how: &'a ReadArgs,
    pub(crate) quiet: bool,
}

impl Asking<'_> {
    /// Finds the cells and the granules.
    pub(crate) async fn asked(&self, clients: &Clients) -> Result<Asked, CommandError> {
        let interest = self.region.interest()?.ok_or_else(|| {
            CommandError::usage("which region: --region basin.shp, --region W,S,E,N, or --region antarctica")
        })?;
        let child = target::order(self.cells.child_order)?;
        let (mut parent, mut latitude) = (target::order(self.cells.parent_order)?, self.cells.latitude);
        let sought = self.source.sought(self.time, clients).await?;
        if let Sought::Catalog(catalog) = &sought {
            parent = catalog.order().unwrap_or(parent);
            latitude = catalog.latitude().map_err(CommandError::usage)?.unwrap_or(latitude);
        }
        let overviews: Vec<Order> =
            self.cells.overviews.iter().map(|&order| target::order(order)).collect::<Result<_, _>>()?;
        if let Some(order) = overviews.iter().find(|order| !(parent..child).contains(*order)) {
            let message =
                format!("--overviews {order}: between the cells and their parents are {parent} to {}", child.get() - 1);
            return Err(CommandError::usage(message));
        }
        let product = self.source.product(&sought, clients, self.quiet).await?;
        let chosen = Chosen::of(&interest, (child, parent), latitude, self.region.clip)?;
        let granules = self.source.gather(sought, &product, (self.time, &chosen), clients, (latitude, self.quiet));
        let granules = granules.await?;
        let mut spec = JobSpec {
            overviews,
            latitude,
            allow_partial: self.how.allow_partial,
            strict: self.how.strict,
            ..JobSpec::new(product, Vec::new(), child)
        };
        let names: Vec<String> = granules.granules.iter().map(Location::name).collect();
        self.time.put(&mut spec, &self.time.choice(None), names.iter().map(String::as_str))?;
        Ok(Asked { spec, chosen, granules })
    }
}

pub(crate) fn run(args: &GridArgs) -> Result<u8, CommandError> {
    let began = Instant::now();
    let clients = access::clients(&args.access);
    let outputs = Outputs::of(args)?;
    let GridArgs { source, region, cells, time, how, quiet, .. } = args;
    let asking = Asking { source, region, cells, time, how, quiet: *quiet };
    let asked = access::block_on(asking.asked(&clients))?;
    if args.dry_run {
        return estimate(args, &asked);
    }
    let job = GridJob {
        spec: asked.spec,
        chosen: asked.chosen,
        granules: asked.granules,
        store: outputs.store.clone(),
        writing: clients.clone(),
        together: args.how.together(&clients),
        // What is made on the way to files is nobody's: that of another command gives way.
        overwrite: args.overwrite || !outputs.is_kept(),
    };
    outputs.foresee(args, &job.spec)?;
    let (mut state, before) = job.begin()?;
    outputs.check(args, before)?;
    access::end_on_interrupt("cells that are done stay; run the same command again to go on", None);
    let progress = GridProgress::new(args.quiet);
    let filled = access::block_on(async { Ok::<_, CommandError>(job.run(&mut state, &progress).await?) });
    progress.finish();
    let filled = filled?;
    let is_empty = filled.observations == 0 && filled.resumed == 0;
    let written = outputs.write(args, &clients, is_empty)?;
    if is_empty && !args.quiet {
        note!("no rows of these granules lie in the region: only the store is written, if one is asked for");
    }
    state.end()?;
    if !outputs.is_kept() {
        outputs.forget(state)?;
    }
    tell(args, &job, &filled, &written, began)
}

/// What it would take, as far as that is known before granules are opened.
fn estimate(args: &GridArgs, asked: &Asked) -> Result<u8, CommandError> {
    let Asked { chosen, granules, .. } = asked;
    let sizes = granules.granules.iter().filter_map(|place| std::fs::metadata(place.as_path()?).ok());
    let bytes: u64 = sizes.map(|file| file.len()).sum();
    let groups = chosen.parents.len().div_ceil(usize::from(args.how.cells_per_call)).max(1);
    let pairs = granules.of_cells.as_ref().map(|cells| cells.values().map(Vec::len).sum::<usize>());
    // Measured: 20 requests tell that a granule has no row in the cells, and a cell that it crosses takes 5 (docs/regions.md).
    let opened = (granules.granules.len() * groups) as u64;
    let requests = pairs.map_or(190 * opened, |pairs| 20 * opened + 5 * pairs as u64);
    if args.json {
        let told = json!({
            "granules": granules.granules.len(), "parents": chosen.parents.len(), "cells": chosen.area.kept.cells,
            "groups": groups, "pairs": pairs, "local_bytes": bytes, "requests_at_most": requests,
        });
        json::print(&told)?;
        return Ok(exit::DONE);
    }
    say!("granules       {:>12}", thousands(granules.granules.len() as u64));
    say!("cells          {:>12}  in {} parent cells", thousands(chosen.area.kept.cells), chosen.parents.len());
    say!("requests       {:>12}  at the most", thousands(requests));
    if bytes > 0 {
        say!("bytes          {:>12}  of local files at the most", data_size(bytes));
    }
    let seconds = 1 + requests / 500 + bytes / 100_000_000;
    say!("seconds        {:>12}  about, near the granules", thousands(seconds));
    Ok(exit::DONE)
}

fn tell(
    args: &GridArgs,
    job: &GridJob,
    filled: &Filled,
    written: &[PathBuf],
    began: Instant,
) -> Result<u8, CommandError> {
    let failed = &filled.read.failed;
    let code = if failed.is_empty() { exit::DONE } else { exit::PARTIAL };
    if args.json {
        let told = json!({
            "parents": filled.parents, "resumed": filled.resumed, "cells": job.chosen.area.kept.cells,
            "cells_with_data": filled.cells_with_data, "observations": filled.observations,
            "granules": job.granules.granules.len(), "granules_failed": failed.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "requests": filled.read.requests, "bytes": filled.read.bytes, "written": written,
            "seconds": began.elapsed().as_secs_f64(),
        });
        json::print(&told)?;
        return Ok(code);
    }
    failed.iter().for_each(|(name, why)| note!("left out: {name}: {why}"));
    if args.quiet {
        return Ok(code);
    }
    let resumed = if filled.resumed > 0 { format!(", {} of them before", filled.resumed) } else { String::new() };
    say!("cells          {:>12}  in {} parent cells{resumed}", thousands(job.chosen.area.kept.cells), filled.parents);
    let of_run = if filled.resumed > 0 { "  of this run" } else { "" };
    say!("with data      {:>12}{of_run}", thousands(filled.cells_with_data));
    say!("rows used      {:>12}{of_run}", thousands(filled.observations));
    say!("granules       {:>12}", thousands(job.granules.granules.len() as u64));
    let took = words::time(began.elapsed().as_secs_f64());
    say!(
        "read           {:>12}  in {} requests, {took}",
        data_size(filled.read.bytes),
        thousands(filled.read.requests)
    );
    written.iter().for_each(|path| say!("wrote          {}", path.display()));
    outputs::next_lines(written, args.cells.child_order).iter().for_each(|line| say!("{line}"));
    Ok(code)
}
