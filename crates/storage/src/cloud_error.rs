//! What a failure of `object_store` means: our own, which it carries, or one of its own.
use crate::retry::{Failed, causes};
use byte_ranges::{SourceError, SourceErrorKind as Kind, printable};
use std::fmt;
use std::sync::Mutex;

/// Characters of the library's own words that go into a message: they may repeat a server's.
const MAX_WORDS: usize = 300;

/// A failed attempt on its way through `object_store`, which knows it as an error of the connection.
pub(crate) struct Carried(Mutex<Option<Failed>>);

impl Carried {
    pub(crate) fn new(failed: Failed) -> Self {
        Self(Mutex::new(Some(failed)))
    }

    fn take(&self) -> Option<Failed> {
        self.0.lock().ok()?.take()
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request failed")
    }
}

impl std::error::Error for Carried {}

/// The failed attempt at `place`.
pub(crate) fn failed(error: &object_store::Error, place: &str) -> Failed {
    if let Some(carried) = causes(error).find_map(|cause| cause.downcast_ref::<Carried>()?.take()) {
        return carried;
    }
    let kind = match error {
        object_store::Error::NotFound { .. } => Kind::NotFound,
        object_store::Error::Precondition { .. } | object_store::Error::NotModified { .. } => Kind::Changed,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => Kind::Denied,
        object_store::Error::InvalidPath { .. }
        | object_store::Error::UnknownConfigurationKey { .. }
        | object_store::Error::NotSupported { .. }
        | object_store::Error::NotImplemented { .. } => Kind::Config,
        _ => Kind::BadAnswer,
    };
    let words = match error {
        object_store::Error::Generic { source, .. } => source.to_string(),
        error => error.to_string(),
    };
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect();
    Failed::last(SourceError::new(kind, place, printable(&words)))
}
