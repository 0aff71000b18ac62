//! A store under a prefix in S3.
use crate::attempt::{Failure, attempts};
use crate::clients::Shared;
use crate::exchange::Ask;
use crate::refusal::Refusal;
use crate::s3::S3;
use crate::s3_list::{Listing, list};
use crate::sink::{StoreState, ZARR_MARKS, check_key};
use crate::{Clients, Counts, Stats};
use byte_ranges::{Sink, SourceError};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Deletions under way at once.
const DELETES_IN_FLIGHT: usize = 16;

/// A store under a prefix in S3. A PUT is atomic there.
pub struct S3Sink {
    shared: Arc<Shared>,
    s3: Arc<S3>,
    bucket: String,
    /// Without slashes at its ends.
    prefix: String,
    stats: Arc<Stats>,
    written: Mutex<BTreeSet<String>>,
}

impl S3Sink {
    pub(crate) fn new(clients: &Clients, bucket: &str, prefix: &str) -> Self {
        Self {
            shared: Arc::clone(&clients.shared),
            s3: Arc::clone(&clients.s3),
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            stats: Arc::new(Stats::under(&clients.shared.stats)),
            written: Mutex::default(),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.stats.snapshot()
    }

    pub(crate) fn shown(&self, key: &str) -> String {
        format!("s3://{}/{}/{key}", self.bucket, self.prefix)
    }

    pub(crate) async fn exists(&self, key: &str) -> Result<bool, SourceError> {
        check_key(key, &self.shown(""))?;
        let status = self.request(Method::HEAD, key, None, &[200, 404]).await?;
        Ok(status == 200)
    }

    pub(crate) async fn state(&self) -> Result<StoreState, SourceError> {
        // The usual case costs one request.
        if self.list(1).await?.is_empty() {
            return Ok(StoreState::Empty);
        }
        for mark in ZARR_MARKS {
            if self.exists(mark).await? {
                return Ok(StoreState::Zarr);
            }
        }
        Ok(StoreState::Other)
    }

    pub(crate) async fn remove_tree(&self) -> Result<(), SourceError> {
        // The marks go first: what is left by an interruption is no store any more.
        self.remove(ZARR_MARKS.map(str::to_owned)).await?;
        let skip = self.prefix.len() + 1;
        let keys = self.list(usize::MAX).await?;
        self.remove(keys.into_iter().filter_map(|key| key.get(skip..).map(str::to_owned))).await
    }

    pub(crate) async fn remove_written(&self) -> Result<(), SourceError> {
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        self.remove(written).await
    }

    async fn list(&self, most: usize) -> Result<Vec<String>, SourceError> {
        let prefix = format!("{}/", self.prefix);
        let listing = Listing { bucket: &self.bucket, prefix: &prefix, most };
        list(&self.shared, &self.s3, &self.stats, listing).await
    }

    async fn remove(&self, keys: impl IntoIterator<Item = String>) -> Result<(), SourceError> {
        let deletions = keys.into_iter().map(|key| async move {
            // An object that is gone already answers 204 too; some stores say 404.
            self.request(Method::DELETE, &key, None, &[200, 204, 404]).await
        });
        let outcomes: Vec<_> = stream::iter(deletions).buffer_unordered(DELETES_IN_FLIGHT).collect().await;
        outcomes.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }

    /// Sends until one of the `good` statuses comes, and answers with it.
    async fn request(&self, method: Method, key: &str, body: Option<Bytes>, good: &[u16]) -> Result<u16, SourceError> {
        let shown = self.shown(key);
        let url = self.s3.url(&self.bucket, &format!("{}/{key}", self.prefix))?;
        let mut headers = HeaderMap::new();
        if key.ends_with(".json") && body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let ask = Ask { method, url, headers, body };
        let once = async || {
            let _permit = self.shared.permit().await;
            let response = self.shared.send_s3(&self.s3, &ask, &shown, &self.stats).await?;
            accept(response, good, &shown, self.shared.options.retry.patience).await
        };
        attempts(&self.shared.options.retry, &self.stats, once).await
    }
}

impl Sink for S3Sink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        check_key(key, &self.shown(""))?;
        let length = bytes.len();
        // Noted before it is sent: a PUT whose answer was lost may have arrived.
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        self.request(Method::PUT, key, Some(bytes), &[200, 201, 204]).await?;
        self.stats.add_bytes(length);
        Ok(())
    }
}

async fn accept(response: Response, good: &[u16], shown: &str, patience: Duration) -> Result<u16, Failure> {
    let status = response.status().as_u16();
    if good.contains(&status) {
        return Ok(status);
    }
    Err(Refusal::read(response, patience).await.into_failure(shown))
}
