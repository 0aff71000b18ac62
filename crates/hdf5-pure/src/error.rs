//! What can go wrong.
use crate::datatype::DatatypeError;
use crate::filters::FilterError;
use byte_ranges::{ByteRange, SourceError};

/// Why a query failed. Lacking bytes is not an error but [`byte_ranges::Step::Need`].
#[non_exhaustive]
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Error {
    /// The bytes contradict the format.
    #[error("{structure} at {offset}: {why}")]
    Corrupt {
        /// Structure as the specification names it.
        structure: &'static str,
        /// Where in the file, in bytes from its beginning.
        offset: u64,
        /// What is wrong.
        why: String,
    },
    /// The format allows it, this reader does not know it.
    #[error("not supported: {feature}")]
    Unsupported {
        /// What is not known, with the names that help a person.
        feature: String,
        /// Where in the file, where that is known.
        offset: Option<u64>,
    },
    /// A bound of [`crate::Limits`] was hit.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What was too much.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// The bytes did not come.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A soft link on the way leads to a path that does not exist.
    #[error("the link {link} leads to {target}, which does not exist (on the way to {path})")]
    Dangling {
        /// Name of the link.
        link: String,
        /// The path that it holds.
        target: String,
        /// The path that was asked for.
        path: String,
    },
    /// No superblock signature at any of the offsets where the format allows it.
    #[error("not an HDF5 file")]
    NotHdf5,
    /// A structure reaches past the end of the file: truncated, or a wrong address.
    #[error("{structure} at {range} lies past the end of the file ({file_size} bytes)")]
    PastEnd {
        /// Structure as the specification names it.
        structure: &'static str,
        /// Where it should be.
        range: ByteRange,
        /// Size of the file in bytes.
        file_size: u64,
    },
    /// A chunk could not be decoded.
    #[error("chunk at {offset}: {error}")]
    Filter {
        /// Where the chunk lies in the file.
        offset: u64,
        /// What the pipeline said.
        error: FilterError,
    },
    /// A datatype could not be understood or its values not converted.
    #[error(transparent)]
    Datatype(#[from] DatatypeError),
    /// The question does not fit the object: a selection outside of the dataset, a chunk map of another one.
    #[error("{0}")]
    Usage(String),
}

/// What kind of failure; callers decide by this.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorClass {
    /// The file is broken.
    Corrupt,
    /// The file is fine, as far as one can see, but not for this reader.
    Unsupported,
    /// A bound was hit.
    Limit,
    /// The bytes did not come; the error inside says whether trying again may help.
    Source,
    /// The question was wrong.
    Usage,
}

impl std::fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Source => "source",
            Self::Usage => "usage",
        })
    }
}

impl Error {
    /// The kind of failure.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Corrupt { .. } | Self::Dangling { .. } | Self::NotHdf5 | Self::PastEnd { .. } => ErrorClass::Corrupt,
            Self::Unsupported { .. } => ErrorClass::Unsupported,
            Self::Limit { .. } => ErrorClass::Limit,
            Self::Source(_) => ErrorClass::Source,
            // What decodes to too much decodes to more than the chunk's own size.
            Self::Filter { error: FilterError::Unsupported { .. } | FilterError::NotCompiledIn { .. }, .. } => {
                ErrorClass::Unsupported
            }
            Self::Filter { .. } => ErrorClass::Corrupt,
            Self::Datatype(error) => datatype_class(error),
            Self::Usage(_) => ErrorClass::Usage,
        }
    }

    pub(crate) fn corrupt(structure: &'static str, offset: u64, why: impl Into<String>) -> Self {
        Self::Corrupt { structure, offset, why: why.into() }
    }

    pub(crate) fn unsupported(feature: impl Into<String>, offset: u64) -> Self {
        Self::Unsupported { feature: feature.into(), offset: Some(offset) }
    }
}

fn datatype_class(error: &DatatypeError) -> ErrorClass {
    match error {
        DatatypeError::UnknownFeature { .. } | DatatypeError::Unconvertible { .. } => ErrorClass::Unsupported,
        DatatypeError::TooDeep { .. } | DatatypeError::HeapLimit { .. } => ErrorClass::Limit,
        DatatypeError::WrongClass { .. } | DatatypeError::Inexact { .. } => ErrorClass::Usage,
        _ => ErrorClass::Corrupt,
    }
}
