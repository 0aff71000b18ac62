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
    /// A grid too large for the format or for memory.
    #[error(
        "{width} x {height} pixels in {bands} bands are too many for a file that is made in memory: choose a coarser resolution, fewer \
         variables or windows, or a smaller area"
    )]
    Size {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
        /// Variables.
        bands: usize,
    },
    /// Rows that are too many for memory.
    #[error(
        "{rows} rows of {columns} columns, about {size}, are too many for a file that is made in memory: choose fewer variables or windows, \
         a coarser order, or a smaller area"
    )]
    Rows {
        /// Cells, or windows and cells.
        rows: u64,
        /// Columns with the geometry.
        columns: usize,
        /// The bytes that they would take, in words.
        size: String,
    },
    /// A coordinate reference system in which no grid is written.
    #[error(
        "{0:?} is none of the coordinate reference systems of grids: EPSG:4326, 3031, 3413, 3976, 3995, 3996, 5041, 5042, 5938, 3408, \
         3409, 6931, 6932, or UTM on WGS 84 (EPSG:32601 to 32660, 32701 to 32760)"
    )]
    Crs(String),
    /// The library of projections refused a system.
    #[error("EPSG:{0}: {1}")]
    Projection(u16, String),
    /// Cells where a system does not hold.
    #[error(
        "EPSG:{code} does not reach the cells around longitude {lon:.4}, latitude {lat:.4}: choose another coordinate reference system"
    )]
    Outside {
        /// The system.
        code: u16,
        /// Degrees east.
        lon: f64,
        /// Degrees north.
        lat: f64,
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
    /// A GeoTIFF beyond what its offsets and counts can say.
    #[error(
        "the GeoTIFF is larger than 4 GB, or has more than 65,535 bands: choose a coarser resolution, or fewer variables or windows"
    )]
    Tiff,
    /// The encoder refused.
    #[error("FlatGeobuf: {0}")]
    FlatGeobuf(#[from] flatgeobuf::Error),
    /// The encoder refused a shape or its values.
    #[error("FlatGeobuf: {0}")]
    Shape(#[from] flatgeobuf::geozero::error::GeozeroError),
    /// No side is chosen for cells around both poles.
    #[error(transparent)]
    Side(#[from] plot::Error),
    /// The table has no such variable.
    #[error(transparent)]
    Variable(#[from] stores::Error),
}

impl Error {
    /// Whether the same cells can be exported with other options.
    #[must_use]
    pub fn is_of_request(&self) -> bool {
        matches!(
            self,
            Self::Resolution(_)
                | Self::Size { .. }
                | Self::Rows { .. }
                | Self::Crs(_)
                | Self::Outside { .. }
                | Self::Tiff
        )
    }
}
