use byte_ranges::SourceError;

/// Why a store or a table could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes did not come.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no Zarr group here.
    #[error("{0}: no Zarr store here (there is no zarr.json)")]
    NoStore(String),
    /// A writer is at the store, or was stopped.
    #[error("{0}: the store is not whole: a writer is at it, or was stopped")]
    Unfinished(String),
    /// A document, a chunk or a line is not what it must be.
    #[error("{key}: {why}")]
    Corrupt {
        /// Key of the object, or the place in a CSV.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A codec, grid or type that no store of this project has.
    #[error("{key}: {what} is not supported")]
    Unsupported {
        /// Key of the object.
        key: String,
        /// What it uses.
        what: String,
    },
    /// The store has no such order.
    #[error("the store has no order {order}; it has {held}")]
    NoOrder {
        /// The order that was asked for.
        order: u8,
        /// Those there are.
        held: String,
    },
    /// The level has no such variable.
    #[error("there is no variable `{name}`; there are {held}")]
    NoVariable {
        /// The name that was asked for.
        name: String,
        /// Those there are.
        held: String,
    },
}

impl Error {
    pub(crate) fn corrupt(key: &str, why: impl Into<String>) -> Self {
        Self::Corrupt { key: key.to_owned(), why: why.into() }
    }

    pub(crate) fn unsupported(key: &str, what: impl Into<String>) -> Self {
        Self::Unsupported { key: key.to_owned(), what: what.into() }
    }
}
