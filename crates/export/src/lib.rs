//! Tables of cells as GeoParquet, FlatGeobuf, GeoTIFF, NetCDF-4 and CSV, to open in QGIS, geopandas, rasterio or a spreadsheet.
//!
//! * [`geoparquet()`]: one row a cell, as a polygon or its centre (GeoParquet 1.1: WKB, OGC:CRS84).
//! * [`flatgeobuf()`]: the same rows in EPSG:4326, in an order and with an index that find those of a box.
//! * [`geotiff()`]: one band a variable on a regular grid ([`GridOptions`]), each pixel the value of the cell that holds its centre
//!   (a Cloud Optimized GeoTIFF; NaN for no data).
//! * [`netcdf()`]: NetCDF-4 with CF attributes, one row a cell; [`gridded_netcdf()`]: on the grid of a GeoTIFF.
//! * [`csv()`]: one line a cell, with its centre.
//!
//! Where there are windows of time ([`stores::Cube`]), rows are of a window and a cell, a GeoTIFF has a band for each window, and
//! NetCDF a dimension `time`.
//!
//! A [`Format`] is chosen by the ending of a file's name, and selects what goes into it ([`ExportOptions`]).
//!
//! All return the bytes of the file, which the caller writes. Equal tables give equal bytes.
#![forbid(unsafe_code)]

mod crs;
mod csv;
mod error;
mod extent;
mod fields;
mod flatgeobuf;
mod format;
mod geo;
mod geoparquet;
mod geotiff;
mod grid;
mod long;
mod mapping;
mod netcdf;
mod outline;
mod plane;
mod shapes;
mod tiff;
mod tiles;
mod wkb;

pub use crs::GridCrs;
pub use csv::csv;
pub use error::Error;
pub use flatgeobuf::flatgeobuf;
pub use format::{ExportOptions, Format};
pub use geo::GeoColumn;
pub use geoparquet::geoparquet;
pub use geotiff::geotiff;
pub use grid::GridOptions;
pub use netcdf::{gridded_netcdf, netcdf};
pub use outline::rings;

/// What stands for a cell in a vector format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Geometry {
    /// Its outline.
    #[default]
    Polygons,
    /// Its centre.
    Points,
}
