//! A store under a prefix in Google Cloud Storage or Azure Blob Storage.
use crate::cloud_error::failed;
use crate::cloud_http::Conditions;
use crate::cloud_list::{CloudListing, list_cloud};
use crate::cloud_place::{CloudPlace, path};
use crate::key::check_key;
use crate::retry::{Failed, attempts};
use crate::shared::Shared;
use crate::stats::Billed;
use crate::{Counts, Stats};
use byte_ranges::{PROBE, Sink, SourceError, SourceErrorKind, Storage, Tag};
use bytes::Bytes;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A store under a prefix in a cloud. A put is atomic there, and can be made on a condition. What is deleted is looked at
/// first; in Google's cloud the deletion then has the condition that nothing has changed, in Azure it has none.
pub struct CloudSink {
    shared: Arc<Shared>,
    store: Arc<dyn ObjectStore>,
    conditions: Arc<Conditions>,
    /// The bucket as text, with a slash at its end.
    root: String,
    /// Without slashes at its ends.
    prefix: String,
    stats: Arc<Stats>,
    gets: AtomicU64,
    puts: AtomicU64,
}

impl CloudSink {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        store: Arc<dyn ObjectStore>,
        (stats, conditions): (Arc<Stats>, Arc<Conditions>),
        place: &CloudPlace,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            store,
            conditions,
            root: place.root(),
            prefix: place.key.trim_matches('/').to_owned(),
            stats,
            gets: AtomicU64::new(0),
            puts: AtomicU64::new(0),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.stats.snapshot()
    }

    pub(crate) fn billed(&self) -> Billed {
        Billed { gets: self.gets.load(Ordering::Relaxed), puts: self.puts.load(Ordering::Relaxed) }
    }

    pub(crate) async fn probe(&self) -> Result<(), SourceError> {
        self.put(PROBE, Bytes::new()).await?;
        match self.remove(PROBE).await {
            Err(error) if error.kind == SourceErrorKind::Denied => Ok(()),
            outcome => outcome,
        }
    }

    /// Takes away what a probe has left that was killed; not being allowed to is no failure.
    pub(crate) async fn forget_probe(&self) {
        let _ = self.remove(PROBE).await;
    }

    /// Sends until an answer comes that is one. `None`: the object is not there, or not as the condition of the request says.
    /// `otherwise` says which errors mean the latter; others of that kind come from a lease, or from a bucket that is being deleted.
    async fn request<T>(
        &self,
        (counter, otherwise): (Option<&AtomicU64>, fn(&Error) -> bool),
        key: &str,
        mut send: impl AsyncFnMut() -> Result<T, Error>,
    ) -> Result<Option<T>, SourceError> {
        let shown = Storage::shown(self, key);
        let once = async || {
            if let Some(counter) = counter {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            match send().await {
                Ok(answer) => Ok(Some(answer)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) if otherwise(&error) => Ok(None),
                Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
                    let message = "the cloud refuses this because of a lease, or of another request at the same moment";
                    Err(Failed::passing(SourceError::new(SourceErrorKind::Unavailable, &shown, message)))
                }
                Err(error) => Err(failed(&error, &shown)),
            }
        };
        attempts(&self.shared.options.retry, |_, _| self.stats.add_retry(), once).await
    }

    fn path(&self, key: &str) -> Result<object_store::path::Path, SourceError> {
        let shown = Storage::shown(self, key);
        check_key(key, &shown)?;
        path(&format!("{}/{key}", self.prefix), &shown)
    }

    async fn send_put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<bool, SourceError> {
        let (path, length) = (self.path(key)?, bytes.len());
        let send = async || {
            let options = PutOptions { mode: mode.clone(), ..PutOptions::default() };
            self.store.put_opts(&path, bytes.clone().into(), options).await
        };
        let otherwise = if matches!(mode, PutMode::Overwrite) { never } else { is_otherwise };
        let stored = self.request((Some(&self.puts), otherwise), key, send).await?.is_some();
        if stored {
            self.stats.add_bytes(length);
        }
        Ok(stored)
    }

    async fn remove(&self, key: &str) -> Result<(), SourceError> {
        let path = self.path(key)?;
        self.request((None, is_changed), key, async || self.store.delete(&path).await).await.map(drop)
    }

    fn missing(&self, key: &str) -> SourceError {
        let message = "there is no such bucket or container: make it first";
        SourceError::new(SourceErrorKind::NotFound, Storage::shown(self, key), message)
    }
}

impl Sink for CloudSink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        if self.send_put(key, bytes, PutMode::Overwrite).await? { Ok(()) } else { Err(self.missing(key)) }
    }
}

impl Storage for CloudSink {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>, SourceError> {
        let path = self.path(key)?;
        let send = async || {
            let answer = self.store.get(&path).await?;
            let tag = tag(&answer.meta);
            Ok((answer.bytes().await?, tag))
        };
        self.request((Some(&self.gets), never), key, send).await
    }

    async fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        let mode = match seen {
            None => PutMode::Create,
            // A generation of Google is a number, an entity tag of Azure is quoted: each takes its own.
            Some(Tag(Some(tag))) => {
                PutMode::Update(UpdateVersion { e_tag: Some(tag.clone()), version: Some(tag.clone()) })
            }
            Some(Tag(None)) => PutMode::Overwrite,
        };
        self.send_put(key, bytes, mode).await
    }

    async fn delete(&self, key: &str, seen: &Tag) -> Result<(), SourceError> {
        match self.get(key).await? {
            Some((_, held)) if seen.holds(&held) => match held.0.filter(|_| self.root.starts_with("gs://")) {
                Some(generation) => {
                    let path = format!("{}/{key}", self.prefix);
                    self.conditions.while_deleting(&path, &generation, self.remove(key)).await
                }
                None => self.remove(key).await,
            },
            _ => Ok(()),
        }
    }

    async fn list(&self, prefix: &str, most: usize) -> Result<Vec<String>, SourceError> {
        let (below, before) = (format!("{}/", self.prefix), self.stats.snapshot().requests);
        let prefix = format!("{below}{prefix}");
        let listing = CloudListing { store: &*self.store, root: &self.root, prefix: &prefix, most };
        let keys = list_cloud(&self.shared, &self.stats, listing).await;
        self.puts.fetch_add(self.stats.snapshot().requests - before, Ordering::Relaxed);
        Ok(keys?.iter().filter_map(|key| key.strip_prefix(&below).map(str::to_owned)).collect())
    }

    async fn settle(&self) -> Result<(), SourceError> {
        Ok(())
    }

    fn shown(&self, key: &str) -> String {
        format!("{}{}/{key}", self.root, self.prefix)
    }
}

/// No error says that an object is not as it was seen.
const fn never(_: &Error) -> bool {
    false
}

/// The object that was to be deleted is another one.
const fn is_changed(error: &Error) -> bool {
    matches!(error, Error::Precondition { .. })
}

/// The object that was to be put is there already, or the one that was to be replaced is another one.
const fn is_otherwise(error: &Error) -> bool {
    matches!(error, Error::Precondition { .. } | Error::AlreadyExists { .. })
}

/// The tag of one content of an object: Google's generation, else the entity tag.
fn tag(meta: &ObjectMeta) -> Tag {
    Tag(meta.version.clone().or_else(|| meta.e_tag.clone()))
}
