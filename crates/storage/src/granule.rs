//! A granule, wherever it is.
#[cfg(feature = "clouds")]
use crate::CloudSource;
use crate::{Counts, LocalSource, RemoteSource};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, Stamp};
use std::fmt;

/// A file to read by ranges, pinned to one version.
pub enum GranuleSource {
    /// A local file.
    Local(LocalSource),
    /// A file over HTTP or in S3.
    Remote(Box<RemoteSource>),
    /// An object in Google Cloud Storage or Azure Blob Storage.
    #[cfg(feature = "clouds")]
    Cloud(Box<CloudSource>),
}

impl GranuleSource {
    /// What reading it has taken so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        match self {
            Self::Local(source) => source.stats().snapshot(),
            Self::Remote(source) => source.stats().snapshot(),
            #[cfg(feature = "clouds")]
            Self::Cloud(source) => source.stats().snapshot(),
        }
    }
}

impl GranuleSource {
    /// The entity tag that a remote file was given by its server, once an answer has come.
    #[must_use]
    pub fn etag(&self) -> Option<String> {
        match self {
            Self::Local(_) => None,
            Self::Remote(source) => source.etag(),
            #[cfg(feature = "clouds")]
            Self::Cloud(source) => source.etag(),
        }
    }
}

impl Source for GranuleSource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        match self {
            Self::Local(source) => source.fetch(range).await,
            Self::Remote(source) => source.fetch(range).await,
            #[cfg(feature = "clouds")]
            Self::Cloud(source) => source.fetch(range).await,
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::Local(source) => source.cost(),
            Self::Remote(source) => source.cost(),
            #[cfg(feature = "clouds")]
            Self::Cloud(source) => source.cost(),
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Local(source) => source.stamp(),
            Self::Remote(source) => source.stamp(),
            #[cfg(feature = "clouds")]
            Self::Cloud(source) => source.stamp(),
        }
    }
}

impl fmt::Debug for GranuleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(source) => write!(f, "GranuleSource({})", source.shown()),
            Self::Remote(source) => write!(f, "GranuleSource({})", source.location()),
            #[cfg(feature = "clouds")]
            Self::Cloud(source) => write!(f, "GranuleSource({})", source.shown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs with threads move reads from one to another: it compiles only where they can.
    #[test]
    fn reads_can_move_between_threads() {
        fn movable<T: Send>(future: T) -> T {
            future
        }
        fn read(source: &GranuleSource, range: ByteRange) -> impl Future<Output = Result<Fetched, SourceError>> {
            movable(source.fetch(range))
        }
        let _: fn(&'static GranuleSource, ByteRange) -> _ = read;
    }
}
