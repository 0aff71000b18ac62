//! What can go wrong.
use byte_ranges::{SourceError, SourceErrorKind};
use pipeline::FailureClass;

/// Why a search or a login failed; [`Error::class`] is the class for callers.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A server or a file could not be read or written.
    #[error(transparent)]
    Source(#[from] SourceError),
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

    /// The class: that of the source's error, `Config` for a wrong value, `Corrupt` for a wrong document.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Source(error) => error.kind.into(),
            Self::Usage(_) => FailureClass::Config,
            Self::Format { .. } => FailureClass::Corrupt,
        }
    }
}
