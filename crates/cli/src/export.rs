//! `icestream export`: stores and tables in the formats of other programs.
use crate::access::AccessArgs;
use crate::exit::{self, Failure};
use crate::out::say;
use crate::tables::{self, Hemisphere, WindowArgs};
use ::export::{Error, ExportOptions, Format, Geometry};
use byte_ranges::{data_size, thousands};
use clap::{Args, ValueEnum};
use morton::Latitude;
use std::path::PathBuf;
use stores::Wanted;

#[derive(Args, Debug)]
#[command(after_help = "Formats, by the ending of FILE:\n  \
    .parquet      GeoParquet 1.1: one row a cell, longitude and latitude (OGC:CRS84)\n  \
    .tif, .tiff   GeoTIFF: one band a variable, EPSG:3031 or EPSG:3413 (EPSG:4326 away from the poles)\n  \
    .nc           NetCDF-4 with CF attributes, one row a cell\n  \
    .csv          one line a cell, with its centre\n\n\
    Of a store with windows of time: one row or line a window and cell with data (column `time`), one band a window of\n\
    the variable of --var, a dimension `time` in NetCDF.")]
pub(crate) struct ExportArgs {
    /// Stores (folders, http(s)://, s3://) or tables (.csv) of cells; several go into one file.
    #[arg(value_name = "STORE|CSV", required = true)]
    pub(crate) inputs: Vec<String>,
    /// The file to write; its ending chooses the format.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Variables [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) var: Vec<String>,
    #[command(flatten)]
    pub(crate) windows: WindowArgs,
    /// The order of the cells [default: the finest in the store].
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<u8>,
    /// What stands for a cell in GeoParquet.
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    pub(crate) geometry: Shape,
    /// Side of a pixel of a GeoTIFF in metres [default: about half a cell].
    #[arg(long, value_name = "METRES")]
    pub(crate) resolution: Option<f64>,
    /// The side to rasterise, where there are cells around both poles (a GeoTIFF has room for one).
    #[arg(long, value_name = "SIDE", value_enum)]
    pub(crate) hemisphere: Option<Hemisphere>,
    /// Cells without observations too (all but GeoTIFF, which has room for them).
    #[arg(long)]
    pub(crate) all: bool,
    /// Replace a file that is already there.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Latitude convention of a .csv, which does not contain it; stores do.
    #[arg(long, value_name = "spherical|authalic", default_value_t)]
    pub(crate) latitude: Latitude,
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Kinds of geometry.
#[derive(ValueEnum, Clone, Copy, Default, Debug)]
pub(crate) enum Shape {
    /// Outlines.
    #[default]
    Polygons,
    /// Centres.
    Points,
}

pub(crate) fn run(args: &ExportArgs) -> Result<u8, Failure> {
    let unknown = || Failure::usage(format!("{}: write .parquet, .tif, .nc or .csv", args.to.display()));
    let format = Format::of_path(&args.to).ok_or_else(unknown)?;
    if args.to.exists() && !args.overwrite {
        let message = format!("{} is already there", args.to.display());
        return Err(Failure::new(exit::USAGE, message).hint("add --overwrite, or choose another name"));
    }
    let options = ExportOptions {
        variables: args.var.clone(),
        all: args.all,
        hemisphere: args.hemisphere.map(Into::into),
        geometry: match args.geometry {
            Shape::Polygons => Geometry::Polygons,
            Shape::Points => Geometry::Points,
        },
        resolution: args.resolution,
    };
    let wanted = Wanted { order: args.order, pick: args.windows.pick(), latitude: args.latitude, ..Wanted::default() };
    let cube = format.select(tables::load(&args.inputs, &wanted, &args.access)?, &options)?;
    let bytes = format.encode(&cube, &options)?;
    storage::write_file(&args.to, &bytes)?;
    let windows = if cube.windows.is_empty() { String::new() } else { format!("{} windows, ", cube.windows.len()) };
    let cells = thousands(cube.cells.ids.len() as u64);
    let what = format!("{windows}{cells} cells, {} variables", cube.names().count());
    let partial = cube.partial().map_or_else(String::new, |partial| format!("; {partial}"));
    say!("wrote {}: {what}, {}{partial}", args.to.display(), data_size(bytes.len() as u64));
    Ok(exit::DONE)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Side(error) => error.into(),
            Error::Variable(error) => error.into(),
            Error::OneVariable(_) => Self::usage(error).hint("choose one with --var"),
            Error::Empty => Self::new(exit::BAD_INPUT, &error).hint("--all exports cells without data too"),
            Error::Resolution(_) | Error::Size { .. } => Self::usage(error),
            error => Self::new(exit::FAILED, error),
        }
    }
}
