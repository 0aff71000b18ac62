//! The two doors to the outside: where bytes come from, where objects go.
use crate::{ByteRange, Cost, printable};
use bytes::Bytes;
use std::fmt;
use std::future::Future;

/// What a [`Source`] answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetched {
    /// The bytes of the range, all of them; shorter only where the range reaches past the end of the file.
    pub bytes: Bytes,
    /// Size of the whole file in bytes, which every ranged answer contains.
    pub file_size: u64,
}

/// What distinguishes one version of a file from another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Size in bytes.
    pub size: u64,
    /// A strong entity tag, or a time of change: equal for equal bytes in the same place.
    pub tag: String,
}

/// A file that can be read by ranges. One value stands for one *version* of one file: an implementation pins what it saw
/// first and answers [`SourceErrorKind::Changed`] when the file is another one later.
pub trait Source {
    /// Reads one range. The future is not `Send`: an implementation that has threads spawns its own tasks inside.
    ///
    /// # Errors
    /// [`SourceError`], after the retries that the source itself makes.
    fn fetch(&self, range: ByteRange) -> impl Future<Output = Result<Fetched, SourceError>>;

    /// What asking costs here.
    fn cost(&self) -> Cost;

    /// The version that this value reads, known after its first answer at the latest; `None` while it is not known, and
    /// where nothing distinguishes versions.
    fn stamp(&self) -> Option<Stamp>;
}

impl<S: Source + ?Sized> Source for &S {
    fn fetch(&self, range: ByteRange) -> impl Future<Output = Result<Fetched, SourceError>> {
        (**self).fetch(range)
    }

    fn cost(&self) -> Cost {
        (**self).cost()
    }

    fn stamp(&self) -> Option<Stamp> {
        (**self).stamp()
    }
}

/// A place for whole objects by key. Putting the same object twice leaves one.
pub trait Sink {
    /// Stores `bytes` under `key` (relative, `/`-separated), whole or not at all.
    ///
    /// # Errors
    /// [`SourceError`], after the retries that the sink itself makes.
    fn put(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<(), SourceError>>;
}

/// Why bytes did not come or an object was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceError {
    /// What kind of failure; callers decide by this.
    pub kind: SourceErrorKind,
    /// The file or object, for messages. Never holds a secret.
    pub location: String,
    /// What happened, in words. Never holds a secret.
    pub message: String,
}

/// Kinds of [`SourceError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SourceErrorKind {
    /// There is no such file.
    NotFound,
    /// The credentials at hand do not allow it.
    Denied,
    /// The credentials at hand have expired.
    Expired,
    /// The file is another one than when it was opened (ETag or size differ).
    Changed,
    /// The answer is not what was asked for: no 206, another range, another length.
    BadAnswer,
    /// The file ends before data that it says it has.
    Truncated,
    /// Asked to slow down, or the server failed; retries are used up.
    Unavailable,
    /// No answer in time; retries are used up.
    Timeout,
    /// The request itself makes no sense: a bad URL, an unknown scheme, a missing setting.
    Config,
    /// Cancelled by the caller.
    Cancelled,
    /// Anything else.
    Other,
}

impl SourceErrorKind {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::BadAnswer | Self::Unavailable | Self::Timeout)
    }
}

impl SourceError {
    /// An error of `kind` at `location`. The message may repeat what a server says.
    pub fn new(kind: SourceErrorKind, location: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, location: location.into(), message: printable(&message.into()) }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", printable(&self.location), self.message)
    }
}

impl std::error::Error for SourceError {}
