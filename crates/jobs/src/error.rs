//! Why a call failed: a type for machines, words for people.
use byte_ranges::{SourceError, SourceErrorKind as Kind};
use pipeline::{FailureClass, GranuleError, Ledger};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Types of failure. The name is the `errorType` of a function error and `error_type` of an answer.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ErrorType {
    /// The event makes no sense; the same event never succeeds.
    BadEvent,
    /// The credentials for reading have expired.
    CredentialsExpired,
    /// The credentials for reading are not accepted.
    CredentialsRefused,
    /// A granule is missing, broken or not of the product.
    GranuleUnreadable,
    /// The store of the granules did not answer, or asked to slow down for too long.
    SourceUnavailable,
    /// The function's own role may not write there.
    OutputDenied,
    /// The output was not taken for another reason.
    OutputFailed,
    /// The time limit came near.
    Timeout,
    /// The memory limit came near, or the job cannot fit.
    OutOfBudget,
    /// A bug of ours.
    #[serde(other)]
    Internal,
}

impl ErrorType {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BadEvent,
        Self::CredentialsExpired,
        Self::CredentialsRefused,
        Self::GranuleUnreadable,
        Self::SourceUnavailable,
        Self::OutputDenied,
        Self::OutputFailed,
        Self::Timeout,
        Self::OutOfBudget,
        Self::Internal,
    ];

    /// The name in answers and function errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadEvent => "BadEvent",
            Self::CredentialsExpired => "CredentialsExpired",
            Self::CredentialsRefused => "CredentialsRefused",
            Self::GranuleUnreadable => "GranuleUnreadable",
            Self::SourceUnavailable => "SourceUnavailable",
            Self::OutputDenied => "OutputDenied",
            Self::OutputFailed => "OutputFailed",
            Self::Timeout => "Timeout",
            Self::OutOfBudget => "OutOfBudget",
            Self::Internal => "Internal",
        }
    }

    /// The type of a function error's `errorType`: one of ours, or one that Lambda gives itself when it ends a function.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "Sandbox.Timedout" | "States.Timeout" => Self::Timeout,
            "Runtime.OutOfMemory" => Self::OutOfBudget,
            _ => Self::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(Self::Internal),
        }
    }

    /// HTTP-like status of the answer: the caller's fault or ours.
    #[must_use]
    pub const fn status_code(self) -> u16 {
        if matches!(self, Self::BadEvent) { 400 } else { 500 }
    }

    /// Whether the same event may succeed later, with nothing changed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::SourceUnavailable | Self::OutputFailed | Self::Internal)
    }

    /// The class of a failure of this type, where nothing more is known.
    const fn class(self) -> FailureClass {
        match self {
            Self::BadEvent => FailureClass::Config,
            Self::CredentialsExpired => FailureClass::Expired,
            Self::CredentialsRefused | Self::OutputDenied => FailureClass::Denied,
            Self::GranuleUnreadable => FailureClass::Corrupt,
            Self::SourceUnavailable => FailureClass::Unavailable,
            Self::Timeout => FailureClass::Timeout,
            Self::OutOfBudget => FailureClass::Limit,
            Self::OutputFailed | Self::Internal => FailureClass::Other,
        }
    }

    /// The type of the class of a granule's failure.
    const fn of_granule(class: FailureClass) -> Self {
        match class {
            FailureClass::Expired => Self::CredentialsExpired,
            FailureClass::Denied => Self::CredentialsRefused,
            FailureClass::Unavailable | FailureClass::Timeout => Self::SourceUnavailable,
            FailureClass::Config => Self::BadEvent,
            FailureClass::NotFound
            | FailureClass::Changed
            | FailureClass::BadAnswer
            | FailureClass::Truncated
            | FailureClass::Cancelled
            | FailureClass::Corrupt
            | FailureClass::Unsupported
            | FailureClass::Limit
            | FailureClass::Usage
            | FailureClass::Product
            | FailureClass::Attribute
            | FailureClass::Exists
            | FailureClass::Foreign
            | FailureClass::NotRead
            | FailureClass::Other => Self::GranuleUnreadable,
        }
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A failed call. Holds no secret.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of failure, as the function's contract has it; callers decide by this.
    pub kind: ErrorType,
    /// Its class: exit codes and next steps follow from it.
    pub class: FailureClass,
    /// What a storage said, where it was one.
    pub cause: Option<SourceError>,
    /// What happened, in words.
    pub message: String,
    /// What had been read by then, where something had.
    pub ledger: Option<Box<Ledger>>,
}

impl Error {
    /// A failure without a ledger.
    pub fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, class: kind.class(), cause: None, message: message.into(), ledger: None }
    }

    /// A parameter of the event that makes no sense.
    pub(crate) fn bad_event(message: impl Into<String>) -> Self {
        Self::new(ErrorType::BadEvent, message)
    }

    /// The same with what had been read.
    pub(crate) fn with_ledger(self, ledger: Ledger) -> Self {
        Self { ledger: Some(Box::new(ledger)), ..self }
    }

    /// The output was not taken.
    pub(crate) fn of_output(error: SourceError) -> Self {
        let kind = match error.kind {
            Kind::Denied | Kind::Expired => ErrorType::OutputDenied,
            _ => ErrorType::OutputFailed,
        };
        Self {
            class: error.kind.into(),
            message: format!("Failed to write zarr: {error}"),
            cause: Some(error),
            ..Self::new(kind, "")
        }
    }

    /// The place of the output cannot be looked at, or be written.
    pub(crate) fn of_place(error: SourceError) -> Self {
        Self { message: error.to_string(), ..Self::of_output(error) }
    }
}

impl From<GranuleError> for Error {
    fn from(error: GranuleError) -> Self {
        let (message, class) = (error.to_string(), error.failure().class);
        let cause = if let GranuleError::Source(cause) = error { Some(cause) } else { None };
        Self { class, cause, ..Self::new(ErrorType::of_granule(class), message) }
    }
}

impl From<pipeline::Error> for Error {
    fn from(error: pipeline::Error) -> Self {
        let (message, class) = (error.to_string(), error.class());
        match error {
            pipeline::Error::Unreadable { ledger } => {
                let kind = ErrorType::of_granule(class);
                Self { class, ledger: Some(ledger), ..Self::new(kind, message) }
            }
            pipeline::Error::Write(error) => Self::of_output(error),
            pipeline::Error::Config(_) => Self::bad_event(message),
            pipeline::Error::NoRoom { .. } | pipeline::Error::Scratch(_) => {
                Self { class, ..Self::new(ErrorType::OutOfBudget, message) }
            }
            _ => Self { class, ..Self::new(ErrorType::Internal, message) },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::{Failure, GranuleEntry};

    #[test]
    fn names_are_read_again_and_unknown_ones_are_internal() {
        for kind in ErrorType::ALL {
            assert_eq!(ErrorType::from_name(kind.name()), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(serde_json::from_value::<ErrorType>(kind.name().into()).unwrap(), kind);
        }
        assert_eq!(ErrorType::from_name("Sandbox.Timedout"), ErrorType::Timeout);
        assert_eq!(ErrorType::from_name("Runtime.ExitError"), ErrorType::Internal);
        assert_eq!(serde_json::from_value::<ErrorType>("NewOne".into()).unwrap(), ErrorType::Internal);
    }

    #[test]
    fn rows_without_room_are_a_matter_of_the_budget() {
        let no_room = pipeline::Error::NoRoom { rows: 12_000_000, read: 3, granules: 12, memory: 128 << 20 };
        let error = Error::from(no_room);
        assert_eq!((error.kind, error.class), (ErrorType::OutOfBudget, FailureClass::Limit));
        assert!(error.message.contains("48000000 are to be expected"), "{}", error.message);
        assert_eq!(Error::from(pipeline::Error::Scratch("full".into())).kind, ErrorType::OutOfBudget);
    }

    #[test]
    fn the_cause_is_the_granule_that_failed_first_and_not_those_left_unread() {
        let entry = |class: FailureClass| GranuleEntry {
            granule: format!("{class}.h5"),
            error: Some(Failure { class, place: None, message: format!("it is {class}") }),
            ..GranuleEntry::default()
        };
        for (class, kind) in [
            (FailureClass::Expired, ErrorType::CredentialsExpired),
            (FailureClass::Denied, ErrorType::CredentialsRefused),
            (FailureClass::Timeout, ErrorType::SourceUnavailable),
            (FailureClass::Corrupt, ErrorType::GranuleUnreadable),
            (FailureClass::NotFound, ErrorType::GranuleUnreadable),
        ] {
            let ledger = Box::new(Ledger::new(vec![entry(FailureClass::NotRead), entry(class)], Vec::new()));
            let error = Error::from(pipeline::Error::Unreadable { ledger });
            assert_eq!(error.kind, kind);
        }
    }
}
