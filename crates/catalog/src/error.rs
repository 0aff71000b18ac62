//! What can go wrong.
use byte_ranges::{SourceError, SourceErrorKind};

/// Why a search, a catalog or a login failed; [`Error::class`] tells what kind of thing it was.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A server or a file could not be read or written.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A granule that is no readable HDF5 file.
    #[error("{granule}: {error}")]
    Granule {
        /// Its name.
        granule: String,
        /// What the reader met.
        error: String,
        /// Class of the reader's error, as in a ledger.
        class: &'static str,
    },
    /// A value that somebody asked for makes no sense.
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
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn format(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Format { what: what.into(), why: why.to_string() }
    }

    pub(crate) fn source(kind: SourceErrorKind, location: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Source(SourceError::new(kind, location.into(), message.into()))
    }

    /// The class, in the words of a ledger: that of the source's error, `config` for a wrong value, `corrupt` for a
    /// wrong document.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Source(error) => error.kind.name(),
            Self::Granule { class, .. } => class,
            Self::Usage(_) => SourceErrorKind::Config.name(),
            Self::Format { .. } => "corrupt",
        }
    }
}
