//! The command line.
use crate::access::AccessArgs;
use crate::time::TimeArgs;
use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;
use flags::product::{EditedProductArgs, ProductArgs};
use morton::Latitude;
use std::path::PathBuf;

/// Cloud HDF5 point granules in, gridded multi-resolution Zarr out.
#[derive(Parser, Debug)]
#[command(name = "icestream", version, about, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done (also: no data), 1 failed, 2 usage, 3 partial, 4 credentials, 5 bad input, 130 interrupted."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Show on standard error what happens: each granule and each request that is sent again; twice, every request.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Log", display_order = 1000)]
    pub(crate) verbose: u8,
    /// How lines on standard error are written.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "text|json",
        default_value_t,
        hide_possible_values = true,
        help_heading = "Log",
        display_order = 1001
    )]
    pub(crate) log_format: crate::log::LogFormat,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Turn granules into the cells of a region: a store, maps, files for GIS, each granule read once.
    Grid(Box<crate::grid::GridArgs>),
    /// Write the rows of granules in a region themselves, with chosen columns, to open in geopandas, DuckDB, polars or QGIS.
    Points(Box<crate::points::PointsArgs>),
    /// Reduce granules to the statistics of one cell's children and write them as Zarr.
    Cell(Box<CellArgs>),
    /// Show what is in a granule: groups, datasets, attributes, and the cells that its tracks cross.
    Inspect(InspectArgs),
    /// Print the ids of a place or a cell in every notation, with its centre, bounds and children.
    Cells(CellsArgs),
    /// Find which granules touch which cells: a search, or granules themselves, into a catalog.
    Catalog(Box<crate::catalog::CatalogArgs>),
    /// Run the cells of a catalog, on this machine or on Lambda, and report how each ended.
    Run(Box<crate::run::RunArgs>),
    /// List and print descriptions of products, and check one against a granule.
    Product(crate::product::ProductCommandArgs),
    /// Make small indexes of granules, with which cells are read in two rounds and a third of the requests.
    Index(crate::index::IndexArgs),
    /// Check the Earthdata login: which user, and until when.
    Login(crate::login::LoginArgs),
    /// Print a SHA-256 of the values of every dataset, one JSON object a line.
    Checksum(ChecksumArgs),
    /// Draw maps of stores or tables, as PNG or SVG.
    Plot(Box<crate::plot::PlotArgs>),
    /// Show one cell of a store over its windows of time: a table, a picture with error bars and the trend, a CSV.
    Series(Box<crate::series::SeriesArgs>),
    /// Write stores or tables as GeoParquet, FlatGeobuf, GeoTIFF, NetCDF-4 or CSV.
    Export(Box<crate::export::ExportArgs>),
    /// Write the reference, man pages and shell completions.
    Docs(DocsArgs),
    /// Run the whole job on bundled synthetic granules: a store, a map, and the lines that open them.
    Demo(DemoArgs),
    /// Join stores of one cell each into one store of the sphere.
    Merge(crate::merge::MergeArgs),
    /// Add coarser levels to a store of the sphere, composed from its cells.
    Overviews(crate::overviews::OverviewsArgs),
    /// Add windows of time to a store of the sphere, for `run` to compute.
    Extend(crate::append::ExtendArgs),
    /// Compute height change of a store of the sphere again, from its stored moments.
    Change(crate::append::ChangeArgs),
    /// Compare two stores, or a store and a table: how far apart, and where.
    Compare(crate::compare::CompareArgs),
    /// Check a store of either layout: metadata, every chunk, values, provenance; list all that is wrong.
    Validate(crate::validate::ValidateArgs),
    /// Serve the page, the sample and a folder of granules on this machine, and open a browser.
    Serve(crate::serve::ServeArgs),
}

#[derive(ClapArgs, Debug)]
pub(crate) struct CellArgs {
    /// Granules: files, folders, globs, http(s):// or s3:// URLs; `-` reads a list from standard input.
    #[arg(value_name = "GRANULE", required_unless_present = "event")]
    pub(crate) granules: Vec<String>,
    /// The cell: a decimal morton id (-6134114), nested:ORDER/ID (nested:6/45763), packed:WORD, or LAT,LON.
    #[arg(long, value_name = "CELL", allow_hyphen_values = true, required_unless_present = "event")]
    pub(crate) cell: Option<String>,
    /// Order of a cell that is given as LAT,LON.
    #[arg(long, value_name = "ORDER", default_value_t = 6)]
    pub(crate) order: u8,
    /// Order of the children [default: 12].
    #[arg(long, value_name = "ORDER")]
    pub(crate) child_order: Option<u8>,
    /// What cell ids are computed from: geodetic latitude taken as it is, or converted to authalic latitude [default:
    /// spherical].
    #[arg(long, value_name = "spherical|authalic")]
    pub(crate) latitude: Option<Latitude>,
    /// Orders between cell and children that are written too, exact from the observations: 11,10,9
    #[arg(long, value_name = "ORDERS", value_delimiter = ',')]
    pub(crate) overviews: Vec<u8>,
    #[command(flatten)]
    pub(crate) what: EditedProductArgs,
    #[command(flatten)]
    pub(crate) time: TimeArgs,
    /// Where to write the store: a folder, or s3://bucket/prefix, gs://bucket/prefix, az://container/prefix [default: ./CELL.zarr, unless --csv or --json is given].
    #[arg(long, value_name = "STORE")]
    pub(crate) out: Option<String>,
    /// How it is laid out: a store of this cell, or a store of the whole sphere that many cells are written into
    /// [default: cell].
    #[arg(long, value_name = "cell|sphere")]
    pub(crate) layout: Option<pipeline::Layout>,
    /// Replace a store that is already there; with --layout sphere, the cell in it.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Write the table of children as CSV (`-`: standard output).
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Print the answer and the ledger as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Leave out granules that cannot be read, and say so, instead of failing.
    #[arg(long)]
    pub(crate) allow_partial: bool,
    /// Refuse granules whose rows do not hang on their parents (photons on segments) as they should, instead of warning.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Folder or bucket prefix with indexes that `icestream index` made; a granule whose index is missing or stale is read
    /// without.
    #[arg(long, value_name = "DIR")]
    pub(crate) index: Option<String>,
    /// Take granules, cell, output and credentials from a Lambda event; flags given beside it win.
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// Tracks that are read at the same time, over all granules.
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) tracks_in_flight: u16,
    /// Memory for data and rows, in MiB; rows that it has no room for go to a temporary file (in TMPDIR).
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65536))]
    pub(crate) memory: u64,
    /// Read all coordinates, also where rows cannot lie in the cell: to check that nothing is missed.
    #[arg(long)]
    pub(crate) exhaustive: bool,
    /// Compute the cell both ways, as usual and from all coordinates, and fail (exit code 1) unless both give the same bytes.
    #[arg(long, conflicts_with = "exhaustive")]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    /// No progress bar and no table; errors only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct InspectArgs {
    /// A granule: file or URL.
    #[arg(value_name = "GRANULE")]
    pub(crate) granule: String,
    /// Show only what lies below this path.
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(crate) path: String,
    /// Show attributes too.
    #[arg(long, short)]
    pub(crate) attributes: bool,
    /// Do not read the tracks for the cells that they cross.
    #[arg(long)]
    pub(crate) no_cells: bool,
    #[command(flatten)]
    pub(crate) product: ProductArgs,
    /// Order of those cells.
    #[arg(long, value_name = "ORDER", default_value_t = 6)]
    pub(crate) order: u8,
    /// What cell ids are computed from.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    pub(crate) latitude: Latitude,
    /// Print JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct CellsArgs {
    /// Latitude in degrees.
    #[arg(
        long,
        allow_hyphen_values = true,
        requires = "lon",
        required_unless_present = "cell",
        conflicts_with = "cell"
    )]
    pub(crate) lat: Option<f64>,
    /// Longitude in degrees.
    #[arg(long, allow_hyphen_values = true, requires = "lat")]
    pub(crate) lon: Option<f64>,
    /// A cell: -6134114, nested:6/45763, packed:WORD, or LAT,LON.
    #[arg(long, value_name = "CELL", allow_hyphen_values = true)]
    pub(crate) cell: Option<String>,
    /// Order of the cell at a place; of a given cell, the order of the ancestor or of the children to count.
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<u8>,
    /// What cell ids are computed from.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    pub(crate) latitude: Latitude,
    /// Print JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct ChecksumArgs {
    /// A granule: file or URL.
    #[arg(value_name = "GRANULE")]
    pub(crate) granule: String,
    /// Attributes too.
    #[arg(long, short)]
    pub(crate) attributes: bool,
    /// Kept for symmetry: the output is JSON lines in any case.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

#[derive(ClapArgs, Debug)]
pub(crate) struct DemoArgs {
    /// Folder for the store, the map and the table.
    #[arg(long, value_name = "DIR", default_value = "icestream-demo")]
    pub(crate) out: PathBuf,
}

#[derive(ClapArgs, Debug)]
#[command(after_help = "Completions for the shell at hand, without a folder:\n  \
    icestream docs --completions bash > ~/.local/share/bash-completion/completions/icestream")]
pub(crate) struct DocsArgs {
    /// Folder for `cli.md`, `man/*.1` and `completions/`.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["markdown", "completions"])]
    pub(crate) out: Option<PathBuf>,
    /// Print the reference as Markdown on standard output.
    #[arg(long, conflicts_with = "out")]
    pub(crate) markdown: bool,
    /// Print the completions of a shell on standard output.
    #[arg(long, value_name = "SHELL", value_enum, conflicts_with_all = ["out", "markdown"])]
    pub(crate) completions: Option<Shell>,
}
