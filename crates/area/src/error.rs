//! What can go wrong.

/// Why a region cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that the caller chose makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A file or a text is not what it should be.
    #[error("{what}: {why}")]
    Format {
        /// The file or the kind of text.
        what: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A coordinate system cannot be used soundly.
    #[error("the coordinate system `{name}` is refused: {why}")]
    Crs {
        /// What it calls itself.
        name: String,
        /// The reason, and what to do.
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

    pub(crate) fn crs(name: &str, why: impl std::fmt::Display) -> Self {
        Self::Crs { name: short(name), why: why.to_string() }
    }
}

/// A foreign text for a message: printable, and not longer than a line.
pub(crate) fn short(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    let more = if cut.len() < text.len() { "..." } else { "" };
    format!("{}{more}", byte_ranges::printable(&cut))
}
