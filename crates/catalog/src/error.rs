//! What can go wrong.
use byte_ranges::SourceError;
use pipeline::{FailureClass, GranuleError};

/// Why a catalog failed; [`Error::class`] is the class for callers.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that the caller chose makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A document is not what it should be.
    #[error("{what}: {why}")]
    Format {
        /// The document.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The places of granules could not be listed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A granule could not be opened.
    #[error("{name}: {error}")]
    Open {
        /// Name of the granule.
        name: String,
        /// Why not.
        error: SourceError,
    },
    /// A granule could not be read.
    #[error("{name}: {error}")]
    Granule {
        /// Name of the granule.
        name: String,
        /// Why not.
        error: GranuleError,
    },
    /// Files of one granule, each with rows that the other lacks.
    #[error("{0}")]
    Parts(String),
    /// No file is of the product.
    #[error("none of the {files} files is {expected}: {found}")]
    OtherProducts {
        /// Files that were read.
        files: usize,
        /// Short name of the product.
        expected: String,
        /// The products found, with the number of files of each.
        found: String,
    },
}

impl Error {
    pub(crate) fn format(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Format { what: what.into(), why: why.to_string() }
    }

    /// The class: that of the error below where there is one, `Config` for a wrong value, `Corrupt` for a wrong document or
    /// granule, `Product` where no file is of the product.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Usage(_) => FailureClass::Config,
            Self::Format { .. } | Self::Parts(_) => FailureClass::Corrupt,
            Self::Source(error) | Self::Open { error, .. } => error.kind.into(),
            Self::Granule { error, .. } => error.failure().class,
            Self::OtherProducts { .. } => FailureClass::Product,
        }
    }
}

impl From<footprint::Error> for Error {
    fn from(error: footprint::Error) -> Self {
        match error {
            footprint::Error::Format { what, why } => Self::Format { what, why },
            error => Self::Usage(error.to_string()),
        }
    }
}
