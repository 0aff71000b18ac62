//! What can go wrong.
use pipeline::FailureClass;

/// Why a catalog failed; [`Error::class`] is the class for callers.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    pub(crate) fn format(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Format { what: what.into(), why: why.to_string() }
    }

    /// The class: `Corrupt` for a wrong document.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Format { .. } => FailureClass::Corrupt,
        }
    }
}
