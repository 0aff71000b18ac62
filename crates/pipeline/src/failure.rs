//! Classes of failure: what a caller, a command and a person decide by.
use byte_ranges::SourceErrorKind;
use hdf5_pure::ErrorClass;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The class of a failure. Ledgers, answers and logs hold its name; exit codes, types of function errors and next steps
/// follow from it by exhaustive matches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// There is no such file or object.
    NotFound,
    /// The credentials do not allow it.
    Denied,
    /// The credentials have expired.
    Expired,
    /// The file was replaced while it was read.
    Changed,
    /// A server's answer is not what was asked for.
    BadAnswer,
    /// The file ends before data that it says it has.
    Truncated,
    /// The server failed, or asked to slow down; retries are used up.
    Unavailable,
    /// No answer in time; retries are used up.
    Timeout,
    /// The request makes no sense.
    Config,
    /// Cancelled by the caller.
    Cancelled,
    /// The file is broken.
    Corrupt,
    /// The file uses a feature that the reader does not have.
    Unsupported,
    /// A limit of the reader was met.
    Limit,
    /// The reader was asked for something that makes no sense.
    Usage,
    /// The file is not of the product.
    Product,
    /// An attribute cannot be applied to the stored numbers.
    Attribute,
    /// The output is there already.
    Exists,
    /// Something else is in the place of the output.
    Foreign,
    /// Another granule had failed before this one was read.
    NotRead,
    /// Anything else, also a class of a later version.
    #[serde(other)]
    Other,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::NotFound,
        Self::Denied,
        Self::Expired,
        Self::Changed,
        Self::BadAnswer,
        Self::Truncated,
        Self::Unavailable,
        Self::Timeout,
        Self::Config,
        Self::Cancelled,
        Self::Corrupt,
        Self::Unsupported,
        Self::Limit,
        Self::Usage,
        Self::Product,
        Self::Attribute,
        Self::Exists,
        Self::Foreign,
        Self::NotRead,
        Self::Other,
    ];

    /// The name in ledgers, answers and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Changed => "changed",
            Self::BadAnswer => "bad_answer",
            Self::Truncated => "truncated",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Config => "config",
            Self::Cancelled => "cancelled",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Usage => "usage",
            Self::Product => "product",
            Self::Attribute => "attribute",
            Self::Exists => "exists",
            Self::Foreign => "foreign",
            Self::NotRead => "not_read",
            Self::Other => "other",
        }
    }
}

impl From<SourceErrorKind> for FailureClass {
    fn from(kind: SourceErrorKind) -> Self {
        match kind {
            SourceErrorKind::NotFound => Self::NotFound,
            SourceErrorKind::Denied => Self::Denied,
            SourceErrorKind::Expired => Self::Expired,
            SourceErrorKind::Changed => Self::Changed,
            SourceErrorKind::BadAnswer => Self::BadAnswer,
            SourceErrorKind::Truncated => Self::Truncated,
            SourceErrorKind::Unavailable => Self::Unavailable,
            SourceErrorKind::Timeout => Self::Timeout,
            SourceErrorKind::Config => Self::Config,
            SourceErrorKind::Cancelled => Self::Cancelled,
            SourceErrorKind::Other => Self::Other,
        }
    }
}

impl From<&hdf5_pure::Error> for FailureClass {
    fn from(error: &hdf5_pure::Error) -> Self {
        match error.class() {
            ErrorClass::Corrupt => Self::Corrupt,
            ErrorClass::Unsupported => Self::Unsupported,
            ErrorClass::Limit => Self::Limit,
            ErrorClass::Usage => Self::Usage,
            ErrorClass::Source => match error {
                hdf5_pure::Error::Source(error) => error.kind.into(),
                _ => Self::Other,
            },
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_written_by_its_name_and_a_later_one_is_another() {
        for class in FailureClass::ALL {
            let written = serde_json::to_value(class).unwrap();
            assert_eq!(written, class.name());
            assert_eq!(serde_json::from_value::<FailureClass>(written).unwrap(), class);
        }
        assert_eq!(serde_json::from_str::<FailureClass>("\"of_tomorrow\"").unwrap(), FailureClass::Other);
    }
}
