//! A granule in Google Cloud Storage or Azure Blob Storage, read by ranges.
use crate::Stats;
use crate::cloud_error::failed;
use crate::cloud_place::{CloudPlace, path};
use crate::retry::{Failed, sent};
use crate::shared::Shared;
use byte_ranges::http::{Version, to_ask};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind as Kind, Stamp};
use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use std::sync::{Arc, OnceLock};

/// An object of a cloud, pinned to the version that the first answer described.
pub struct CloudSource {
    shared: Arc<Shared>,
    store: Arc<dyn ObjectStore>,
    path: Path,
    shown: String,
    version: OnceLock<Version>,
    stats: Arc<Stats>,
}

impl CloudSource {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        store: Arc<dyn ObjectStore>,
        stats: Arc<Stats>,
        place: &CloudPlace,
    ) -> Result<Self, SourceError> {
        let shown = place.to_string();
        Ok(Self {
            shared: Arc::clone(shared),
            store,
            path: path(&place.key, &shown)?,
            shown,
            version: OnceLock::new(),
            stats,
        })
    }

    pub(crate) const fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn etag(&self) -> Option<String> {
        self.version.get()?.etag.clone()
    }

    /// One attempt at one range that is not empty. `object_store` checks that the answer is of the range that it asked for; a
    /// shorter one, and one of another version, are found here.
    async fn once(&self, asked: ByteRange) -> Result<Fetched, Failed> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(asked.start()..asked.end().min(i64::MAX.unsigned_abs()))),
            if_match: self.version.get().and_then(Version::if_match).map(str::to_owned),
            ..GetOptions::default()
        };
        let answer = self.store.get_opts(&self.path, options).await.map_err(|error| self.failed(&error))?;
        let (size, range) = (answer.meta.size, answer.range.clone());
        let seen = Version {
            size,
            etag: answer.meta.e_tag.clone(),
            last_modified: Some(answer.meta.last_modified.to_rfc3339()),
        };
        let pinned = self.version.get_or_init(|| seen.clone());
        if let Some(difference) = pinned.difference(&seen) {
            return Err(self.changed(&difference));
        }
        let expected = asked.start()..asked.end().min(size);
        if range != expected {
            return Err(self.bad(&format!("asked for bytes {asked} of {size}, the answer holds {range:?}")));
        }
        let bytes = answer.bytes().await.map_err(|error| self.failed(&error))?;
        if bytes.len() as u64 == expected.end - expected.start {
            return Ok(Fetched { bytes, file_size: size });
        }
        let message = format!("the answer ended after {} of {} bytes", bytes.len(), expected.end - expected.start);
        Err(Failed::passing(SourceError::new(Kind::Unavailable, &self.shown, message)))
    }

    fn failed(&self, error: &object_store::Error) -> Failed {
        match error {
            object_store::Error::Precondition { .. } => self.changed("its entity tag is another one"),
            object_store::Error::NotFound { .. } => {
                Failed::last(SourceError::new(Kind::NotFound, &self.shown, "there is no such object"))
            }
            error => failed(error, &self.shown),
        }
    }

    fn changed(&self, difference: &str) -> Failed {
        let message = format!("the file changed while it was read ({difference}): start again");
        Failed::last(SourceError::new(Kind::Changed, &self.shown, message))
    }

    fn bad(&self, message: &str) -> Failed {
        Failed::last(SourceError::new(Kind::BadAnswer, &self.shown, message))
    }
}

impl Source for CloudSource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let known = self.version.get().map(|version| version.size);
        let asked = match to_ask(range, known) {
            Ok(Some(asked)) => asked,
            Ok(None) => return Ok(Fetched { bytes: Bytes::new(), file_size: known.unwrap_or(0) }),
            Err(message) => return Err(SourceError::new(Kind::BadAnswer, &self.shown, message)),
        };
        let mut fetched = sent(&self.shared.options.retry, &self.stats, || self.once(asked)).await?;
        if range.is_empty() {
            fetched.bytes.clear();
        }
        Ok(fetched)
    }

    fn cost(&self) -> Cost {
        self.shared.options.costs.s3
    }

    fn stamp(&self) -> Option<Stamp> {
        self.version.get().and_then(Version::stamp)
    }
}
