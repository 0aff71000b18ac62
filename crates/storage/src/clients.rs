//! Connections and credentials of a run, and what they open.
#[cfg(feature = "clouds")]
use crate::cloud::Clouds;
use crate::location::Place;
use crate::remote::RemoteSource;
use crate::s3::S3;
use crate::shared::Shared;
use crate::sink::StoreSink;
use crate::sink_local::LocalSink;
use crate::sink_s3::S3Sink;
use crate::{Credentials, GranuleSource, LocalSource, Location, Options, S3Options, Stats};
use byte_ranges::{SourceError, SourceErrorKind};
use std::sync::Arc;

/// Connections, credentials, patience and counters: built once, cloned freely, shared by every file of a run. Needs a
/// tokio runtime of either kind when it is used, and none when it is built.
#[derive(Clone)]
pub struct Clients {
    pub(crate) shared: Arc<Shared>,
    pub(crate) s3: Arc<S3>,
    #[cfg(feature = "clouds")]
    pub(crate) clouds: Arc<Clouds>,
}

impl Clients {
    /// Nothing is opened or sent yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let s3 = Arc::new(S3::new(&options.s3));
        Self {
            shared: Arc::new(Shared::new(options)),
            s3,
            #[cfg(feature = "clouds")]
            clouds: Arc::default(),
        }
    }

    /// The same connections and counters with other eyes for S3: granules are read with the credentials of an event and
    /// the store is written with those of the machine.
    #[must_use]
    pub fn with_s3(&self, options: &S3Options) -> Self {
        Self { s3: Arc::new(S3::new(options)), ..self.clone() }
    }

    /// Replaces the S3 credentials: requests from now on, of sources and sinks already open too, are signed with these.
    pub fn renew(&self, credentials: Credentials) {
        self.s3.renew(credentials);
    }

    /// A granule to read. A local file is opened; a remote one is not asked before its first range.
    ///
    /// # Errors
    /// [`SourceErrorKind::NotFound`] or [`SourceErrorKind::Denied`] for a local file, [`SourceErrorKind::Config`] for a
    /// place that cannot be a file.
    pub fn open(&self, location: &Location) -> Result<GranuleSource, SourceError> {
        let config = |message: &str| SourceError::new(SourceErrorKind::Config, location.to_string(), message);
        match &location.0 {
            Place::Local(path) => {
                let stats = Arc::new(Stats::under(&self.shared.stats));
                LocalSource::open(path, stats, self.shared.options.costs.local).map(GranuleSource::Local)
            }
            Place::Http(url) => {
                Ok(GranuleSource::Remote(Box::new(RemoteSource::new(&self.shared, None, location, url.clone()))))
            }
            Place::S3 { key, .. } if key.is_empty() || key.ends_with('/') => {
                Err(config("this names a prefix, not an object: list it first, or add the object's key"))
            }
            #[cfg(feature = "clouds")]
            Place::Cloud(place) => self.open_cloud(place),
            Place::S3 { bucket, key } => {
                let url = self.s3.url(bucket, key)?;
                let s3 = Some(Arc::clone(&self.s3));
                Ok(GranuleSource::Remote(Box::new(RemoteSource::new(&self.shared, s3, location, url))))
            }
        }
    }

    /// A store to write: a local directory, made when the first object comes, or a prefix in a cloud.
    ///
    /// # Errors
    /// [`SourceErrorKind::Config`] for a place that takes no objects.
    pub fn sink(&self, location: &Location) -> Result<StoreSink, SourceError> {
        let config = |message: &str| SourceError::new(SourceErrorKind::Config, location.to_string(), message);
        match &location.0 {
            Place::Local(path) => {
                Ok(StoreSink::Local(LocalSink::new(path, Arc::new(Stats::under(&self.shared.stats)))))
            }
            Place::S3 { key, .. } if key.trim_matches('/').is_empty() => {
                Err(config("a store needs a prefix: write s3://bucket/store.zarr"))
            }
            Place::S3 { bucket, key } => Ok(StoreSink::S3(S3Sink::new(&self.shared, &self.s3, bucket, key))),
            #[cfg(feature = "clouds")]
            Place::Cloud(place) => self.sink_cloud(place),
            Place::Http(_) => Err(config(
                "a store cannot be written over HTTP: name a directory, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            )),
        }
    }

    /// Counters of the whole run, over all sources and sinks.
    #[must_use]
    pub fn stats(&self) -> &Arc<Stats> {
        &self.shared.stats
    }

    /// The options it was built with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The HTTP client underneath, for other requests with the same connections and trust.
    ///
    /// # Errors
    /// As [`http_client`](crate::http_client).
    pub fn http(&self) -> Result<reqwest::Client, SourceError> {
        self.shared.http().cloned()
    }
}
