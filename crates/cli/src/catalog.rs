//! `icestream catalog`: which granules touch which cells.
mod choose;
mod gather;

use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::{note, say};
use crate::{access, files, out, target};
use ::catalog::{Catalog, Choice, Gathered, Grid};
use clap::Args;
use earthdata::LinkKind;
use flags::product::ProductArgs;
use flags::search::SearchArgs;
use footprint::{Area, MARGIN_KM};
use morton::Latitude;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use storage::Location;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  icestream catalog --cycle 22 --orbit-region 10,11,12 --south-of=-60 --out cycle22.json
  icestream catalog --from granules/ --out catalog.json
  icestream catalog --read cycle22.json --polygon basin.geojson --out basin.json --summary")]
pub(crate) struct CatalogArgs {
    /// Make it from granules themselves: folders, files, globs, URLs, s3:// prefixes, a text file that lists some, or `-`
    /// for a list on standard input. Each granule's coordinates are read.
    #[arg(long, value_name = "PLACE", num_args = 1.., conflicts_with = "read")]
    from: Vec<String>,
    /// Folder or bucket prefix of indexes (`icestream index`) that runs of the catalog use.
    #[arg(long, value_name = "DIR")]
    index: Option<String>,
    /// Take a catalog that is there already.
    #[arg(long, value_name = "FILE")]
    read: Option<PathBuf>,
    /// Where to write it; `-` for standard output [default: catalog.json, or nowhere with --read].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is already there.
    #[arg(long)]
    overwrite: bool,
    /// Print how many cells, granules and pairs there are, and how they are distributed.
    #[arg(long)]
    summary: bool,
    /// Print what was done, and the summary, as JSON on standard output.
    #[arg(long)]
    json: bool,
    /// Which links go into the lists: s3 (from us-west-2) or https (from everywhere).
    #[arg(long, value_name = "s3|https", default_value = "s3")]
    links: LinkKind,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    product: ProductArgs,
    #[command(flatten)]
    area: AreaArgs,
    /// Granules that are read at the same time, with --from.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Leave out granules that cannot be read, with --from, and say so, instead of failing.
    #[arg(long)]
    allow_partial: bool,
    #[command(flatten)]
    access: AccessArgs,
    /// No progress; errors and what was asked for only.
    #[arg(long, short)]
    quiet: bool,
}

/// Which cells.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cells")]
struct AreaArgs {
    /// Order of the cells.
    #[arg(long, value_name = "ORDER", default_value_t = 6)]
    order: u8,
    /// What cell ids are computed from.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    latitude: Latitude,
    /// Added around every footprint, km: missing a pair loses data, one too many costs a look.
    #[arg(long, value_name = "KM", default_value_t = MARGIN_KM)]
    margin: f64,
    /// Cells that touch a box, degrees.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<String>,
    /// Cells that touch the polygons of a GeoJSON file.
    #[arg(long, value_name = "FILE")]
    polygon: Option<PathBuf>,
    /// Cells that reach south of a latitude.
    #[arg(long, value_name = "LAT", allow_hyphen_values = true)]
    south_of: Option<f64>,
    /// Cells that reach north of a latitude.
    #[arg(long, value_name = "LAT", allow_hyphen_values = true)]
    north_of: Option<f64>,
    /// These cells: a list in any notation, or a file that holds one (text, JSON, or a catalog).
    #[arg(long, value_name = "LIST|FILE", allow_hyphen_values = true)]
    cells: Option<String>,
}

pub(crate) fn run(args: &CatalogArgs) -> Result<u8, CommandError> {
    let out = args.out.clone().or_else(|| args.read.is_none().then(|| PathBuf::from("catalog.json")));
    if let Some(out) = out.as_deref().filter(|out| !args.overwrite && *out != Path::new("-") && out.exists()) {
        return Err(CommandError::new(exit::USAGE, format!("{} is there already", out.display()))
            .hint("choose another --out, or add --overwrite"));
    }
    if args.json && out.as_deref() == Some(Path::new("-")) {
        return Err(CommandError::usage("--json and --out - both write to standard output"));
    }
    if let Some(index) = &args.index
        && Location::parse(index)?.unsigned() != *index
    {
        return Err(CommandError::usage("--index is a folder or s3://bucket/prefix, without a signature").at(index));
    }
    let (catalog, report) = match choose::grid(&args.area, args.read.as_deref(), &args.access)? {
        (grid, Some(mut catalog)) => {
            grid.limit(&mut catalog);
            (catalog, Gathered::default())
        }
        (grid, None) => access::block_on(gather::gather(args, grid, out.as_deref()))?,
    };
    if let Some(out) = &out {
        write(&catalog, out, &args.access)?;
    }
    show(args, out.as_deref(), &catalog, &report)?;
    Ok(if report.is_whole() { exit::DONE } else { exit::PARTIAL })
}

/// The report, as text or as JSON.
fn show(args: &CatalogArgs, out: Option<&Path>, catalog: &Catalog, report: &Gathered) -> Result<(), CommandError> {
    if args.json {
        return crate::json::print(&report.answer(out, catalog));
    }
    if !args.quiet {
        words::remarks(report).iter().for_each(|line| note!("{line}"));
        words::mixed_cycles(catalog)
            .iter()
            .filter(|_| args.search.cmr.cycle.is_empty())
            .for_each(|line| note!("{line}"));
        if let Some(out) = out.filter(|out| *out != Path::new("-")) {
            note!("wrote {}", out.display());
        }
    }
    if args.summary {
        let text = catalog.summary();
        if out == Some(Path::new("-")) { note!("{text}") } else { say!("{text}") }
    }
    Ok(())
}

/// Reads a catalog.
fn read(path: &Path, access: &AccessArgs) -> Result<Catalog, CommandError> {
    let clients = access::clients(access);
    access::block_on(flags::source::read_catalog(&path.display().to_string(), &clients))
}

/// Writes to a temporary file, then renames it, so that no reader finds half a catalog.
fn write(catalog: &Catalog, out: &Path, access: &AccessArgs) -> Result<(), CommandError> {
    let mut text = Vec::new();
    catalog.write(&mut text)?;
    if out == Path::new("-") {
        out::bytes(&text);
        return Ok(());
    }
    let clients = access::clients(access);
    access::block_on(files::write(&out.display().to_string(), &text, &clients))
}
