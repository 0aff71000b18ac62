//! Objects that can be seen, replaced on a condition, and taken away: what replacing a whole store needs.
use crate::{Sink, SourceError};
use bytes::Bytes;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Key of the small object by which a writer finds out whether it may write. It belongs to no store, and may stay where
/// deleting is refused.
pub const PROBE: &str = ".icestream-probe";

/// Identifies one content of an object among others under the same key: an entity tag. `None` where the storage
/// gives none; such a tag fits every content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag(pub Option<String>);

impl Tag {
    /// The tag of a content, for storages that have none of their own. It is compared within one process only.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self(Some(format!("{:016x}-{}", hasher.finish(), bytes.len())))
    }

    /// Whether a content with this other tag may be the one that was seen.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.0.is_none() || other.0.is_none() || self == other
    }
}

/// A place of whole objects by key, as one writer among several sees it. Every operation happens whole or not at all, and
/// an operation that has returned is seen by all that begin later.
pub trait Storage: Sink {
    /// The object `key` and its tag; `None` when there is none.
    ///
    /// # Errors
    /// [`SourceError`] when that cannot be found out.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<(Bytes, Tag)>, SourceError>>;

    /// Stores `bytes` under `key` if what is there still has the tag `seen`, or if nothing is there for `None`. `false`: it is
    /// otherwise, and nothing was stored.
    ///
    /// # Errors
    /// [`SourceError`], after the retries that the storage itself makes.
    fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> impl Future<Output = Result<bool, SourceError>>;

    /// Takes the object `key` away if it still has the tag `seen`; a storage without such a condition takes it away in any case.
    /// An object that is gone already is no error.
    ///
    /// # Errors
    /// [`SourceError`], after the retries that the storage itself makes.
    fn delete(&self, key: &str, seen: &Tag) -> impl Future<Output = Result<(), SourceError>>;

    /// The keys that begin with `prefix`, at most `most` of them.
    ///
    /// # Errors
    /// [`SourceError`] when they cannot be listed.
    fn list(&self, prefix: &str, most: usize) -> impl Future<Output = Result<Vec<String>, SourceError>>;

    /// Returns when everything that was stored survives a loss of power.
    ///
    /// # Errors
    /// [`SourceError`] when the storage cannot promise that.
    fn settle(&self) -> impl Future<Output = Result<(), SourceError>>;

    /// An object's name for messages, without secrets.
    fn shown(&self, key: &str) -> String;
}
