//! A store under a prefix in S3.
use crate::exchange::Ask;
use crate::key::check_key;
use crate::refusal::Refusal;
use crate::retry::{Failed, attempts};
use crate::s3::S3;
use crate::s3_list::{Listing, list};
use crate::shared::Shared;
use crate::stats::Billed;
use crate::{Counts, Paced, Stats};
use byte_ranges::{PROBE, Sink, SourceError, SourceErrorKind, Storage, Tag};
use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Largest object that is read: chunks are some 100 KB, shards some MB.
const MAX_OBJECT: usize = 1 << 30;

/// How often deleting an object may conflict with others.
const MAX_CONFLICTS: usize = 10;

/// A store under a prefix in S3. A PUT is atomic there, and can be made on a condition (Amazon S3 User Guide, "Conditional
/// writes").
pub struct S3Sink {
    shared: Arc<Shared>,
    s3: Arc<S3>,
    bucket: String,
    /// Without slashes at its ends.
    prefix: String,
    stats: Arc<Stats>,
    gets: AtomicU64,
    puts: AtomicU64,
    /// The service does not know conditions: what they ask for is looked at first.
    unconditional: AtomicBool,
    /// Objects can be put.
    writable: AtomicBool,
}

/// What an answer to a conditional request means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Done,
    /// What is there is not what was seen.
    Otherwise,
    /// Another request changed the object at the same moment.
    Conflict,
    /// The service does not know this condition.
    Unknown,
}

impl S3Sink {
    pub(crate) fn new(shared: &Arc<Shared>, s3: &Arc<S3>, bucket: &str, prefix: &str) -> Self {
        Self {
            shared: Arc::clone(shared),
            s3: Arc::clone(s3),
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            stats: Arc::new(Stats::under(&shared.stats)),
            gets: AtomicU64::new(0),
            puts: AtomicU64::new(0),
            unconditional: AtomicBool::new(false),
            writable: AtomicBool::new(false),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.stats.snapshot()
    }

    pub(crate) fn billed(&self) -> Billed {
        Billed { gets: self.gets.load(Ordering::Relaxed), puts: self.puts.load(Ordering::Relaxed) }
    }

    fn shown(&self, key: &str) -> String {
        format!("s3://{}/{}/{key}", self.bucket, self.prefix)
    }

    pub(crate) async fn probe(&self) -> Result<(), SourceError> {
        self.put(PROBE, Bytes::new()).await?;
        self.writable.store(true, Ordering::Relaxed);
        match self.delete(PROBE, &Tag(None)).await {
            Err(error) if error.kind == SourceErrorKind::Denied => Ok(()),
            outcome => outcome,
        }
    }

    /// Takes away what a probe has left that was killed; not being allowed to is no failure.
    pub(crate) async fn forget_probe(&self) {
        let _ = self.delete(PROBE, &Tag(None)).await;
    }

    /// Sends until an answer is what `judge` takes.
    async fn request<T>(
        &self,
        (method, key): (Method, &str),
        headers: HeaderMap,
        body: Option<Bytes>,
        judge: impl AsyncFn(Response) -> Result<T, Failed>,
    ) -> Result<T, SourceError> {
        let shown = self.shown(key);
        check_key(key, &shown)?;
        let url = self.s3.url(&self.bucket, &format!("{}/{key}", self.prefix))?;
        let counter = match method {
            Method::PUT => Some(&self.puts),
            Method::GET => Some(&self.gets),
            _ => None,
        };
        let ask = Ask { method, url, headers, body };
        let once = async || {
            let _permit = self.shared.permit().await;
            if let Some(counter) = counter {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            judge(self.shared.send_s3(&self.s3, &ask, &shown, &self.stats).await?).await
        };
        attempts(&self.shared.options.retry, |_, _| self.stats.add_retry(), once).await
    }

    async fn send_put(&self, key: &str, bytes: Bytes, seen: Option<Option<&Tag>>) -> Result<Verdict, SourceError> {
        let mut headers = HeaderMap::new();
        if key.ends_with(".json") {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        match seen {
            Some(None) => _ = headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*")),
            Some(Some(tag)) => require(&mut headers, tag),
            None => {}
        }
        let (length, shown, patience) = (bytes.len(), self.shown(key), self.shared.options.retry.patience);
        let conditional = seen.is_some();
        let judge = async |answer| judge(answer, conditional, &shown, patience).await;
        let verdict = self.request((Method::PUT, key), headers, Some(bytes), judge).await?;
        if verdict == Verdict::Done {
            self.stats.add_bytes(length);
        }
        Ok(verdict)
    }

    /// Looks, and then puts: for services without conditional requests.
    async fn look_and_put(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        let as_seen = match (self.get(key).await?, seen) {
            (None, None) => true,
            (Some((_, held)), Some(seen)) => seen.holds(&held),
            _ => false,
        };
        if as_seen {
            self.put(key, bytes).await?;
        }
        Ok(as_seen)
    }
}

impl Sink for S3Sink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        self.send_put(key, bytes, None).await.map(drop)
    }
}

impl Storage for S3Sink {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>, SourceError> {
        let (shown, patience) = (self.shown(key), self.shared.options.retry.patience);
        let answer = self.request((Method::GET, key), HeaderMap::new(), None, async |answer| {
            content(answer, &shown, patience).await
        });
        match answer.await {
            Err(error) if error.kind == SourceErrorKind::NotFound && !error.message.contains("no such bucket") => {
                Ok(None)
            }
            // Without the right to list, S3 says of an absent object that it is forbidden.
            Err(error) if error.kind == SourceErrorKind::Denied => {
                if !self.writable.load(Ordering::Relaxed) {
                    self.probe().await?;
                }
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    async fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        if !self.unconditional.load(Ordering::Relaxed) {
            match self.send_put(key, bytes.clone(), Some(seen)).await? {
                Verdict::Done => return Ok(true),
                Verdict::Otherwise | Verdict::Conflict => return Ok(false),
                Verdict::Unknown => self.unconditional.store(true, Ordering::Relaxed),
            }
        }
        self.look_and_put(key, bytes, seen).await
    }

    async fn delete(&self, key: &str, seen: &Tag) -> Result<(), SourceError> {
        let (shown, patience) = (self.shown(key), self.shared.options.retry.patience);
        let send = async |headers| {
            self.request((Method::DELETE, key), headers, None, async |answer| {
                judge(answer, true, &shown, patience).await
            })
            .await
        };
        let mut headers = HeaderMap::new();
        if !self.unconditional.load(Ordering::Relaxed) {
            require(&mut headers, seen);
        }
        for _ in 0..MAX_CONFLICTS {
            match send(headers.clone()).await? {
                Verdict::Done => return Ok(()),
                Verdict::Unknown => return send(HeaderMap::new()).await.map(drop),
                // It is another one, or gone.
                Verdict::Otherwise => return Ok(()),
                Verdict::Conflict => match Box::pin(self.get(key)).await? {
                    Some((_, held)) if seen.holds(&held) => {}
                    _ => return Ok(()),
                },
            }
        }
        Err(SourceError::new(SourceErrorKind::Unavailable, shown, "the object is changed by others all the time"))
    }

    async fn list(&self, prefix: &str, most: usize) -> Result<Vec<String>, SourceError> {
        let root = format!("{}/", self.prefix);
        let listing = Listing { bucket: &self.bucket, prefix: &format!("{root}{prefix}"), most };
        let before = self.stats.snapshot().requests;
        let keys = list(&self.shared, &self.s3, &self.stats, listing).await;
        self.puts.fetch_add(self.stats.snapshot().requests - before, Ordering::Relaxed);
        Ok(keys?.into_iter().filter_map(|key| key.strip_prefix(&root).map(str::to_owned)).collect())
    }

    async fn settle(&self) -> Result<(), SourceError> {
        Ok(())
    }

    fn shown(&self, key: &str) -> String {
        Self::shown(self, key)
    }
}

/// Asks for the content that was seen.
fn require(headers: &mut HeaderMap, seen: &Tag) {
    if let Some(tag) = seen.0.as_ref().and_then(|tag| HeaderValue::from_str(tag).ok()) {
        headers.insert(IF_MATCH, tag);
    }
}

/// A whole object and its tag. A weak tag is ignored.
async fn content(answer: Response, shown: &str, patience: Duration) -> Result<(Bytes, Tag), Failed> {
    if answer.status().as_u16() != 200 {
        return Err(Refusal::read(answer, patience).await.into_failure(shown));
    }
    let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/"));
    let tag = Tag(tag.map(str::to_owned));
    let (mut bytes, mut paced) = (BytesMut::new(), Paced::new(answer, patience));
    while let Some(part) = paced.next().await.map_err(|e| Failed::of_broken(e, shown, "the answer broke off"))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_OBJECT {
            let message = format!("the object is larger than {MAX_OBJECT} bytes: no object of a store is");
            return Err(Failed::last(SourceError::new(SourceErrorKind::BadAnswer, shown, message)));
        }
    }
    Ok((bytes.freeze(), tag))
}

/// Of a PUT or DELETE. An object that is gone is not the one that was seen, and need not be deleted.
async fn judge(answer: Response, conditional: bool, shown: &str, patience: Duration) -> Result<Verdict, Failed> {
    let status = answer.status().as_u16();
    if matches!(status, 200 | 201 | 204) {
        return Ok(Verdict::Done);
    }
    let refusal = Refusal::read(answer, patience).await;
    let code = refusal.field("Code").unwrap_or_default();
    match (status, code.as_str()) {
        _ if !conditional => Err(refusal.into_failure(shown)),
        (409, "" | "ConditionalRequestConflict") => Ok(Verdict::Conflict),
        (412, _) | (404, "" | "NoSuchKey") => Ok(Verdict::Otherwise),
        (501, _) => Ok(Verdict::Unknown),
        _ => Err(refusal.into_failure(shown)),
    }
}
