//! A store to write: whole objects by key, in a local directory or under a prefix in a cloud.
#[cfg(feature = "clouds")]
use crate::CloudSink;
use crate::{Billed, Counts, LocalSink, S3Sink};
use byte_ranges::{Sink, SourceError, Storage, Tag};
use bytes::Bytes;

/// A store to write. Putting is atomic by object: a reader sees the object before or after, never a part.
pub enum StoreSink {
    /// A directory.
    Local(LocalSink),
    /// A prefix in S3.
    S3(S3Sink),
    /// A prefix in Google Cloud Storage or Azure Blob Storage.
    #[cfg(feature = "clouds")]
    Cloud(Box<CloudSink>),
}

impl StoreSink {
    /// Finds out whether objects can be put there, by putting a small one and taking it away again. Where that may not be
    /// done, it stays.
    ///
    /// # Errors
    /// Why they cannot.
    pub async fn probe(&self) -> Result<(), SourceError> {
        match self {
            Self::Local(sink) => sink.probe(),
            Self::S3(sink) => sink.probe().await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.probe().await,
        }
    }

    /// Takes away what a probe has left that was killed; not being allowed to is no failure.
    pub async fn forget_probe(&self) {
        match self {
            Self::Local(sink) => sink.forget_probe(),
            Self::S3(sink) => sink.forget_probe().await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.forget_probe().await,
        }
    }

    /// What writing has taken so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        match self {
            Self::Local(sink) => sink.stats.snapshot(),
            Self::S3(sink) => sink.counts(),
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.counts(),
        }
    }

    /// The requests to S3 so far.
    #[must_use]
    pub fn billed(&self) -> Billed {
        match self {
            Self::Local(_) => Billed::default(),
            Self::S3(sink) => sink.billed(),
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.billed(),
        }
    }
}

impl Sink for StoreSink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        match self {
            Self::Local(sink) => sink.put(key, bytes).await,
            Self::S3(sink) => sink.put(key, bytes).await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.put(key, bytes).await,
        }
    }
}

impl Storage for StoreSink {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>, SourceError> {
        match self {
            Self::Local(sink) => sink.get(key).await,
            Self::S3(sink) => sink.get(key).await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.get(key).await,
        }
    }

    async fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        match self {
            Self::Local(sink) => sink.put_if(key, bytes, seen).await,
            Self::S3(sink) => sink.put_if(key, bytes, seen).await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.put_if(key, bytes, seen).await,
        }
    }

    async fn delete(&self, key: &str, seen: &Tag) -> Result<(), SourceError> {
        match self {
            Self::Local(sink) => sink.delete(key, seen).await,
            Self::S3(sink) => sink.delete(key, seen).await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.delete(key, seen).await,
        }
    }

    async fn list(&self, prefix: &str, most: usize) -> Result<Vec<String>, SourceError> {
        match self {
            Self::Local(sink) => sink.list(prefix, most).await,
            Self::S3(sink) => sink.list(prefix, most).await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.list(prefix, most).await,
        }
    }

    async fn settle(&self) -> Result<(), SourceError> {
        match self {
            Self::Local(sink) => sink.settle().await,
            Self::S3(sink) => sink.settle().await,
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.settle().await,
        }
    }

    fn shown(&self, key: &str) -> String {
        match self {
            Self::Local(sink) => sink.shown(key),
            Self::S3(sink) => Storage::shown(sink, key),
            #[cfg(feature = "clouds")]
            Self::Cloud(sink) => sink.shown(key),
        }
    }
}
