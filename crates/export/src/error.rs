/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table has no rows.
    #[error("there are no cells with data to export")]
    Empty,
    /// A pixel size that is not a positive number.
    #[error("a resolution of {0} m: it must be a positive number")]
    Resolution(f64),
    /// A picture too large for the format or for memory.
    #[error("{width} x {height} pixels in {bands} bands are too many: choose a coarser resolution or fewer variables")]
    Size {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
        /// Variables.
        bands: usize,
    },
    /// Several variables with windows of time, where a band is a window of one.
    #[error("a GeoTIFF has a band for each window of time of one variable; there are {0}")]
    OneVariable(String),
    /// The encoder refused.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The encoder refused.
    #[error("NetCDF: {0}")]
    NetCdf(#[from] netcdf_writer::Error),
    /// The encoder refused.
    #[error("TIFF: {0}")]
    Tiff(#[from] tiff::TiffError),
    /// No side is chosen for cells around both poles.
    #[error(transparent)]
    Side(#[from] plot::Error),
    /// The table has no such variable.
    #[error(transparent)]
    Variable(#[from] stores::Error),
}
