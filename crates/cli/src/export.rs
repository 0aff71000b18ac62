//! `icestream export`: stores and tables in the formats of other programs.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::out::say;
use crate::tables::{self, Side, WindowArgs};
use crate::{access, files};
use ::export::{ExportOptions, Format, Geometry, GridCrs, GridOptions};
use byte_ranges::{data_size, thousands};
use clap::{Args, ValueEnum};
use flags::region::RegionArgs;
use morton::Latitude;
use std::path::Path;
use stores::Wanted;

#[derive(Args, Debug)]
#[command(after_help = "Formats, by the ending of FILE:\n  \
    .parquet      GeoParquet 1.1: one row a cell, longitude and latitude (OGC:CRS84)\n  \
    .fgb          FlatGeobuf: the same rows with an index, EPSG:4326\n  \
    .tif, .tiff   Cloud Optimized GeoTIFF on a regular grid: one band a variable\n  \
    .nc           NetCDF-4 with CF attributes: one row a cell, or with --gridded a regular grid\n  \
    .csv          one line a cell, with its centre\n\n\
    Of a store with windows of time: one row or line a window and cell with data (column `time`), one band a window of\n\
    the variable of --var, a dimension `time` in NetCDF.")]
pub(crate) struct ExportArgs {
    /// Stores (folders, http(s)://, s3://) or tables (.csv) of cells; several go into one file.
    #[arg(value_name = "STORE|CSV", required = true)]
    pub(crate) inputs: Vec<String>,
    /// The file to write, a path or a place in a bucket; its ending chooses the format.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: String,
    /// Variables [default: all].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) var: Vec<String>,
    #[command(flatten)]
    pub(crate) windows: WindowArgs,
    #[command(flatten)]
    pub(crate) region: RegionArgs,
    /// The order of the cells [default: the finest in the store].
    #[arg(long, value_name = "ORDER")]
    pub(crate) order: Option<u8>,
    /// What stands for a cell in GeoParquet and FlatGeobuf.
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    pub(crate) geometry: Shape,
    /// NetCDF on a regular grid, as --crs and --resolution ask for too; a GeoTIFF has one in any case.
    #[arg(long)]
    pub(crate) gridded: bool,
    /// System of the grid [default: EPSG:3413 north of 60 N, 3031 south of 60 S, else UTM, 4326 if wider than 6 degrees].
    #[arg(long, value_name = "EPSG:N")]
    pub(crate) crs: Option<GridCrs>,
    /// Side of a pixel in metres [default: at most a cell's, as 1, 2 or 5 times a power of ten].
    #[arg(long, value_name = "METRES")]
    pub(crate) resolution: Option<f64>,
    /// The side to rasterise, where there are cells around both poles (a grid has room for one).
    #[arg(long, value_name = "SIDE", value_enum)]
    pub(crate) hemisphere: Option<Side>,
    /// Cells without observations too (a grid has them in any case).
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

pub(crate) fn run(args: &ExportArgs) -> Result<u8, CommandError> {
    let unknown = || CommandError::usage(format!("{}: write .parquet, .fgb, .tif, .nc or .csv", args.to));
    let format = Format::of_path(Path::new(&args.to)).ok_or_else(unknown)?;
    if !args.to.contains("://") && Path::new(&args.to).exists() && !args.overwrite {
        let message = format!("{} is already there", args.to);
        return Err(CommandError::new(exit::USAGE, message).hint("add --overwrite, or choose another name"));
    }
    let grid = GridOptions { crs: args.crs, resolution: args.resolution };
    let options = ExportOptions {
        variables: args.var.clone(),
        all: args.all,
        hemisphere: args.hemisphere.map(Into::into),
        geometry: if matches!(args.geometry, Shape::Points) { Geometry::Points } else { Geometry::Polygons },
        gridded: (args.gridded || grid != GridOptions::default()).then_some(grid),
    };
    let wanted = Wanted { order: args.order, pick: args.windows.pick(), latitude: args.latitude, ..Wanted::default() };
    let cube = format.select(args.region.cut(tables::load(&args.inputs, &wanted, &args.access)?)?, &options)?;
    let bytes = format.encode(&cube, &options)?;
    access::block_on(files::write(&args.to, &bytes, &access::clients(&args.access)))?;
    let windows = if cube.windows.is_empty() { String::new() } else { format!("{} windows, ", cube.windows.len()) };
    let cells = thousands(cube.cells.ids.len() as u64);
    let what = format!("{windows}{cells} cells, {} variables", cube.names().count());
    let partial = cube.partial().map_or_else(String::new, |partial| format!("; {partial}"));
    say!("wrote {}: {what}, {}{partial}", args.to, data_size(bytes.len() as u64));
    Ok(exit::DONE)
}
