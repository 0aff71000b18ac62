//! Exit codes, and errors that say what to do next.
use byte_ranges::{SourceError, SourceErrorKind, printable};
use pipeline::FailureClass;
use std::fmt;
use storage::redacted;

pub use terminal::code::{BAD_INPUT, CREDENTIALS, DONE, FAILED, INTERRUPTED, PARTIAL, USAGE};

/// Why the command stops, and what the user can do about it.
#[derive(Debug)]
pub struct CommandError {
    /// The exit code.
    pub code: u8,
    message: String,
    hint: Option<String>,
}

impl CommandError {
    /// A failure with an exit code, in words.
    #[must_use]
    pub fn new(code: u8, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string(), hint: None }
    }

    /// Says what it is about.
    pub fn at(mut self, what: &str) -> Self {
        let what = redacted(what);
        if !self.message.contains(&what) {
            self.message = format!("{what}: {}", self.message);
        }
        self
    }

    /// Adds the next step.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The command line makes no sense.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(USAGE, message).hint("see `icestream --help`")
    }

    /// The words, without the next step.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", printable(&self.message))?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  next: {}", printable(hint)))
    }
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> Self {
        let class = error.kind.into();
        let is_listing = error.kind == SourceErrorKind::BadAnswer && error.message.contains("listing");
        let says = |words: &str| error.message.contains(words);
        let hint = match error.kind {
            SourceErrorKind::Denied if says("No space") => Some("make room, or write elsewhere"),
            SourceErrorKind::Denied if says("agree in a browser") => {
                Some("agree there, and run the same command again")
            }
            SourceErrorKind::Denied => words::denied(&error.location),
            SourceErrorKind::Expired if says("URL") => Some("get a new URL, and run the same command again"),
            SourceErrorKind::BadAnswer if says("redirect") => Some("check the URL: its server sends elsewhere"),
            _ if is_listing => Some("check --endpoint-url, and that the service lists as S3 does"),
            _ => words::next_of(class),
        };
        Self { code: code_of(class), hint: hint.map(Into::into), message: error.to_string() }
    }
}

impl From<pipeline::GranuleError> for CommandError {
    fn from(error: pipeline::GranuleError) -> Self {
        Self::of_class(error.failure().class, error.to_string())
    }
}

impl CommandError {
    /// A failure of a class of the ledger, with its exit code and next step.
    pub fn of_class(class: FailureClass, message: String) -> Self {
        Self { code: code_of(class), hint: words::next_of(class).map(Into::into), message }
    }

    /// A store was not written.
    pub fn of_write(error: pipeline::Error) -> Self {
        let message = error.to_string();
        match error {
            pipeline::Error::Write(error) if error.kind == SourceErrorKind::Changed => {
                let hint = "another writer is at this place: run the same command again when it has ended";
                Self { code: FAILED, hint: Some(hint.to_owned()), message }
            }
            pipeline::Error::Write(error) => Self { message, ..Self::from(error) },
            pipeline::Error::Config(_) => Self::new(USAGE, message),
            _ => Self::new(FAILED, message),
        }
    }
}

impl From<jobs::Error> for CommandError {
    fn from(error: jobs::Error) -> Self {
        match error.cause {
            Some(cause) => Self { message: error.message, ..Self::from(cause) },
            None => Self::of_class(error.class, error.message),
        }
    }
}

impl From<hdf5_pure::Error> for CommandError {
    fn from(error: hdf5_pure::Error) -> Self {
        match error {
            hdf5_pure::Error::Source(error) => error.into(),
            error => Self::new(BAD_INPUT, error),
        }
    }
}

/// The exit code of a class.
pub const fn code_of(class: FailureClass) -> u8 {
    match class {
        FailureClass::Denied | FailureClass::Expired => CREDENTIALS,
        FailureClass::NotFound
        | FailureClass::Truncated
        | FailureClass::Changed
        | FailureClass::Corrupt
        | FailureClass::Unsupported
        | FailureClass::Limit
        | FailureClass::Product
        | FailureClass::Attribute => BAD_INPUT,
        FailureClass::Config | FailureClass::Exists | FailureClass::Foreign => USAGE,
        FailureClass::BadAnswer
        | FailureClass::Unavailable
        | FailureClass::Timeout
        | FailureClass::Cancelled
        | FailureClass::Usage
        | FailureClass::NotRead
        | FailureClass::Other => FAILED,
    }
}
