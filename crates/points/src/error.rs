//! Why there is no file of rows.
use arrow_schema::ArrowError;
use byte_ranges::SourceError;
use flatgeobuf::geozero::error::GeozeroError;
use parquet::errors::ParquetError;
use std::io;
use std::path::Path;

/// Why there is no file of rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name whose ending is that of no format.
    #[error(
        "{0:?} ends like no format of rows: write a name that ends with .parquet (GeoParquet), .arrow (Arrow IPC), .csv or .fgb \
         (FlatGeobuf)"
    )]
    Ending(String),
    /// The job asks for statistics.
    #[error("the product asks for no rows: call Product::ask_for_points before the job is made")]
    NoPoints,
    /// A granule or a track that the file was not begun with.
    #[error(
        "rows of {0:?} came, which is no granule or track of this job: begin the file with the names of all granules"
    )]
    Unknown(String),
    /// A cell without children of the job's order.
    #[error("cell {cell} has no child {child} of order {order}")]
    Child {
        /// The cell.
        cell: String,
        /// The child's number inside of it.
        child: u32,
        /// The order of children.
        order: u8,
    },
    /// Whole numbers that were rounded on their way.
    #[error(
        "{column}, granule {granule}: {value} is beyond the whole numbers that are read exactly (up to 9,007,199,254,740,991): leave \
         this column out"
    )]
    Rounded {
        /// The column.
        column: String,
        /// The granule.
        granule: String,
        /// The number, rounded.
        value: f64,
    },
    /// Too many rows for FlatGeobuf.
    #[error(
        "more than {most} rows, and the index of a FlatGeobuf is made in memory: write GeoParquet (a name that ends with .parquet), or \
         ask for fewer cells"
    )]
    TooMany {
        /// Rows that there is memory for.
        most: u64,
    },
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] SourceError),
    /// The encoder refused.
    #[error("{format}: {why}")]
    Encoder {
        /// The format.
        format: &'static str,
        /// In the words of the encoder.
        why: String,
    },
    /// Rows could not be read.
    #[error(transparent)]
    Reading(#[from] pipeline::Error),
}

/// An error of an encoder, which may be one of the file that it writes to.
pub(crate) trait OfEncoder: std::fmt::Display {
    const FORMAT: &'static str;

    fn of_file(&self) -> Option<&io::Error>;
}

impl Error {
    /// What an encoder reports while it writes `path`.
    pub(crate) fn at<E: OfEncoder>(path: &Path) -> impl Fn(E) -> Self {
        |error: E| match error.of_file() {
            Some(of_file) => Self::File(storage::write_error(path, of_file)),
            None => Self::Encoder { format: E::FORMAT, why: error.to_string() },
        }
    }
}

impl OfEncoder for io::Error {
    const FORMAT: &'static str = "file";

    fn of_file(&self) -> Option<&io::Error> {
        Some(self)
    }
}

impl OfEncoder for ParquetError {
    const FORMAT: &'static str = "Parquet";

    fn of_file(&self) -> Option<&io::Error> {
        if let Self::External(error) = self { error.downcast_ref() } else { None }
    }
}

impl OfEncoder for ArrowError {
    const FORMAT: &'static str = "Arrow";

    fn of_file(&self) -> Option<&io::Error> {
        if let Self::IoError(_, error) = self { Some(error) } else { None }
    }
}

impl OfEncoder for flatgeobuf::Error {
    const FORMAT: &'static str = "FlatGeobuf";

    fn of_file(&self) -> Option<&io::Error> {
        if let Self::IO(error) = self { Some(error) } else { None }
    }
}

impl OfEncoder for GeozeroError {
    const FORMAT: &'static str = "FlatGeobuf";

    fn of_file(&self) -> Option<&io::Error> {
        if let Self::IoError(error) = self { Some(error) } else { None }
    }
}
