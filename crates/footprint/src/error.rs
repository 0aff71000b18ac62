//! What can go wrong.

/// Why an area makes no sense.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
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
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn format(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Format { what: what.into(), why: why.to_string() }
    }
}
