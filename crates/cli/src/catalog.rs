//! `icestream catalog`: which granules touch which cells.
mod choose;
mod gather;

use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::{note, say};
use crate::product::ProductArgs;
use crate::{access, out, target};
use ::catalog::{Catalog, Choice, Gathered, Grid, NameFilter};
use clap::Args;
use earthdata::LinkKind;
use footprint::{Area, MARGIN_KM};
use morton::Latitude;
use pipeline::FailureClass;
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

/// Which granules.
#[derive(Args, Debug)]
#[command(next_help_heading = "Granules")]
struct SearchArgs {
    /// Repeat cycles, by the granules' names.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=99))]
    cycle: Vec<u8>,
    /// Pieces of the orbit, 1 to 14, by the granules' names: 10, 11 and 12 hold Antarctica, 3, 4 and 5 Greenland.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=14))]
    orbit_region: Vec<u8>,
    /// First day: 2023-12-19.
    #[arg(long, value_name = "DATE")]
    from_date: Option<String>,
    /// Last day.
    #[arg(long, value_name = "DATE")]
    to_date: Option<String>,
    #[command(flatten)]
    product: ProductArgs,
    /// Release of the product [default: as its description says; of ATL06 007].
    #[arg(long, value_name = "RRR")]
    release: Option<String>,
    /// Who archives it [default: as the product's description says; of ATL06 NSIDC_CPRD].
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The collection by its concept id, in place of product, release and provider.
    #[arg(long, value_name = "ID")]
    collection: Option<String>,
    /// Where an interrupted search is kept, to go on from [default: beside the output].
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Granules asked for at once.
    #[arg(long, value_name = "N", hide = true, default_value_t = earthdata::MAX_PAGE_SIZE)]
    page_size: u16,
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

pub(crate) fn run(args: &CatalogArgs) -> Result<u8, Failure> {
    let out = args.out.clone().or_else(|| args.read.is_none().then(|| PathBuf::from("catalog.json")));
    if let Some(out) = out.as_deref().filter(|out| !args.overwrite && *out != Path::new("-") && out.exists()) {
        return Err(Failure::new(exit::USAGE, format!("{} is there already", out.display()))
            .hint("choose another --out, or add --overwrite"));
    }
    if args.json && out.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("--json and --out - both write to standard output"));
    }
    if let Some(index) = &args.index
        && Location::parse(index)?.unsigned() != *index
    {
        return Err(Failure::usage("--index is a folder or s3://bucket/prefix, without a signature").at(index));
    }
    let (catalog, report) = match choose::grid(&args.area, args.read.as_deref())? {
        (grid, Some(mut catalog)) => {
            grid.limit(&mut catalog);
            (catalog, Gathered::default())
        }
        (grid, None) => access::block_on(gather::gather(args, grid, out.as_deref()))?,
    };
    if let Some(out) = &out {
        write(&catalog, out)?;
    }
    show(args, out.as_deref(), &catalog, &report)?;
    Ok(if report.is_whole() { exit::DONE } else { exit::PARTIAL })
}

/// The report, as text or as JSON.
fn show(args: &CatalogArgs, out: Option<&Path>, catalog: &Catalog, report: &Gathered) -> Result<(), Failure> {
    if args.json {
        return crate::json::print(&report.answer(out, catalog));
    }
    if !args.quiet {
        words::remarks(report).iter().for_each(|line| note!("{line}"));
        words::mixed_cycles(catalog).iter().filter(|_| args.search.cycle.is_empty()).for_each(|line| note!("{line}"));
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
pub(crate) fn read(path: &Path) -> Result<Catalog, Failure> {
    let shown = path.display().to_string();
    let text = storage::read_file(path).map_err(|error| Failure::new(exit::BAD_INPUT, format!("{shown}: {error}")))?;
    Ok(Catalog::parse(&text, &shown)?)
}

/// Writes to a temporary file, then renames it, so that no reader finds half a catalog.
fn write(catalog: &Catalog, out: &Path) -> Result<(), Failure> {
    let mut text = Vec::new();
    catalog.write(&mut text)?;
    if out == Path::new("-") {
        out::bytes(&text);
        return Ok(());
    }
    Ok(storage::write_file(out, &text)?)
}

impl From<footprint::Error> for Failure {
    fn from(error: footprint::Error) -> Self {
        match error {
            footprint::Error::Usage(message) => Self::usage(message),
            error => Self::new(exit::code_of(FailureClass::Corrupt), error),
        }
    }
}

impl From<::catalog::Error> for Failure {
    fn from(error: ::catalog::Error) -> Self {
        use ::catalog::Error;
        let code = exit::code_of(error.class());
        match error {
            Error::Usage(message) => Self::usage(message),
            Error::Source(error) => error.into(),
            Error::Open { name, error } => Self::from(error).at(&name),
            Error::Granule { name, error } => Self::from(error).at(&name),
            Error::Parts(message) => {
                Self::new(code, message).hint("give the whole granule, or one of them; --allow-partial leaves them out")
            }
            Error::OtherProducts { ref expected, .. } => {
                Self::new(code, &error).hint(format!("give granules of {expected}"))
            }
            error => Self::new(code, error),
        }
    }
}

impl From<earthdata::Error> for Failure {
    fn from(error: earthdata::Error) -> Self {
        use earthdata::Error;
        match error {
            Error::Source(error) => {
                // The server of a search or a login serves no granules: what to do about those is no advice.
                let class = error.kind.into();
                let failure = Self::new(exit::code_of(class), &error);
                let hint = match class {
                    FailureClass::BadAnswer => Some("run the same command again later"),
                    FailureClass::NotFound => Some("check the product, the release and the address of the server"),
                    FailureClass::Denied => None,
                    class => words::next_of(class),
                };
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            Error::Usage(message) => Self::usage(message),
            error => Self::new(exit::code_of(error.class()), &error),
        }
    }
}
