//! Tables of cells as GeoParquet, GeoTIFF, NetCDF-4 and CSV, to open in QGIS, geopandas, rasterio or a spreadsheet.
//!
//! * [`geoparquet()`]: one row a cell, as a polygon or its centre (GeoParquet 1.1: WKB, OGC:CRS84).
//! * [`geotiff()`]: one band a variable, each pixel the value of the cell that holds its centre, in EPSG:3031 or EPSG:3413
//!   (beyond 60 degrees of latitude) or EPSG:4326 (GeoTIFF 1.1; deflate; NaN for no data).
//! * [`netcdf()`]: NetCDF-4 with CF attributes, one row a cell.
//! * [`csv()`]: one line a cell, with its centre.
//!
//! Where there are windows of time ([`stores::Cube`]), rows are of a window and a cell, a GeoTIFF has a band for each window, and
//! NetCDF a dimension `time`.
//!
//! A [`Format`] is chosen by the ending of a file's name, and selects what goes into it ([`ExportOptions`]).
//!
//! All return the bytes of the file, which the caller writes. Equal tables give equal bytes.
#![forbid(unsafe_code)]

mod csv;
mod error;
mod format;
mod geoparquet;
mod geotiff;
mod grid;
mod long;
mod netcdf;
mod outline;
mod wkb;

pub use csv::csv;
pub use error::Error;
pub use format::{ExportOptions, Format};
pub use geoparquet::geoparquet;
pub use geotiff::geotiff;
pub use netcdf::netcdf;
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
