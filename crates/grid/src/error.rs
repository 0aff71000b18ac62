//! What can go wrong.
use byte_ranges::SourceError;

/// Why a region could not be filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The region makes no sense, or its coordinate system is refused.
    #[error(transparent)]
    Area(#[from] area::Error),
    /// A cell failed.
    #[error(transparent)]
    Job(#[from] jobs::Error),
    /// The store was not taken, or is another's.
    #[error(transparent)]
    Store(#[from] stores::Error),
    /// A place makes no sense, or does not answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A value that the caller chose makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The store was made of other granules or options.
    #[error("{0}: this store was made of other granules or with other options")]
    Other(String),
    /// Another run fills the store.
    #[error("{0}: another run is filling this store")]
    InUse(String),
    /// The file that says what the store was asked for cannot be written.
    #[error("{0}")]
    State(String),
    /// No cell of the region has a child in it.
    #[error("the region is smaller than a cell: no cell's centre is inside")]
    Nothing,
    /// What takes the rows failed.
    #[error("{0}")]
    Rows(String),
}

impl From<pipeline::Error> for Error {
    fn from(error: pipeline::Error) -> Self {
        Self::Job(error.into())
    }
}
