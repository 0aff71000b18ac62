//! A file over HTTP or in S3, read by ranges.
use crate::exchange::Ask;
use crate::refusal::Refusal;
use crate::retry::{Failed, sent};
use crate::s3::S3;
use crate::shared::Shared;
use crate::version::{check_range, content_range, unsatisfied_range, version};
use crate::{Location, Paced, Stats};
use byte_ranges::http::{Version, to_ask};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind as Kind, Stamp};
use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MATCH, RANGE,
};
use reqwest::{Response, Url};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Memory set aside before a body arrives is at most this; a larger one grows as it comes.
const MAX_RESERVED: u64 = 16 << 20;

/// A file over HTTP or in S3, pinned to the version that the first answer described.
pub struct RemoteSource {
    shared: Arc<Shared>,
    s3: Option<Arc<S3>>,
    location: Location,
    shown: String,
    url: Url,
    /// Where redirects led last: a signed URL that lasts minutes, and saves a hop for every range until it expires.
    resolved: Mutex<Option<Url>>,
    version: OnceLock<Version>,
    stats: Arc<Stats>,
    cost: Cost,
}

impl RemoteSource {
    pub(crate) fn new(shared: &Arc<Shared>, s3: Option<Arc<S3>>, location: &Location, url: Url) -> Self {
        let costs = &shared.options.costs;
        Self {
            cost: if s3.is_some() { costs.s3 } else { costs.http },
            shared: Arc::clone(shared),
            s3,
            location: location.clone(),
            shown: location.to_string(),
            url,
            resolved: Mutex::new(None),
            version: OnceLock::new(),
            stats: Arc::new(Stats::under(&shared.stats)),
        }
    }

    pub(crate) const fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    pub(crate) const fn location(&self) -> &Location {
        &self.location
    }

    pub(crate) fn etag(&self) -> Option<String> {
        self.version.get()?.etag.clone()
    }

    /// One attempt at one range that is not empty.
    async fn once(&self, range: ByteRange) -> Result<Fetched, Failed> {
        let _permit = self.shared.permit().await;
        let response = self.ask(range).await?;
        match response.status().as_u16() {
            206 => self.partial(response, range).await,
            200 => self.whole(&response),
            416 => self.beyond(response, range).await,
            _ => Err(self.refusal(response).await.into_failure(&self.shown)),
        }
    }

    async fn refusal(&self, response: Response) -> Refusal {
        Refusal::read(response, self.shared.options.retry.patience).await
    }

    async fn ask(&self, range: ByteRange) -> Result<Response, Failed> {
        let mut headers = HeaderMap::new();
        // Servers keep offsets in signed 64 bits; no file is longer.
        let last = range.end().saturating_sub(1).min(i64::MAX.unsigned_abs());
        let asked = format!("bytes={}-{last}", range.start());
        headers.insert(RANGE, HeaderValue::try_from(asked).map_err(|_| self.bad("the range cannot be written"))?);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let etag = self.version.get().and_then(Version::if_match);
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(IF_MATCH, etag);
        }
        if let Some(s3) = &self.s3 {
            let ask = Ask::get(self.url.clone(), headers);
            return self.shared.send_s3(s3, &ask, &self.shown, &self.stats).await;
        }
        let resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(url) = resolved {
            let ask = Ask::get(url, headers.clone());
            match self.shared.send_http(&ask, &self.location, &self.stats).await {
                Ok((response, _)) if !matches!(response.status().as_u16(), 400 | 401 | 403 | 404 | 410) => {
                    return Ok(response);
                }
                // The signed URL has ended, or its host does not answer any more: ask the file's own URL for another.
                _ => self.stats.add_retry(),
            }
        }
        let ask = Ask::get(self.url.clone(), headers);
        let (response, via) = self.shared.send_http(&ask, &self.location, &self.stats).await?;
        *self.resolved.lock().unwrap_or_else(PoisonError::into_inner) =
            via.filter(|_| response.status().as_u16() == 206);
        Ok(response)
    }

    /// 206: the range, the version and the length are checked before and while the body is read.
    async fn partial(&self, response: Response, asked: ByteRange) -> Result<Fetched, Failed> {
        let Some((said, size)) = content_range(response.headers()) else {
            return Err(self.bad("206 without a Content-Range that gives range and size"));
        };
        if response.headers().get(CONTENT_ENCODING).is_some_and(|coding| !is_plain(coding)) {
            return Err(self.bad("the server compresses ranges although it was asked not to"));
        }
        self.pin(&version(&response, size))?;
        check_range(asked, said, size, &self.shown)?;
        let bytes = self.body(response, said.len()).await?;
        Ok(Fetched { bytes, file_size: size })
    }

    /// 200: the server ignores ranges. Dropping the answer closes the connection, so that the file is not downloaded.
    /// An empty file has no range to give, and this is how servers say it.
    fn whole(&self, response: &Response) -> Result<Fetched, Failed> {
        let length: Option<u64> =
            response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length == Some(0) {
            self.pin(&version(response, 0))?;
            return Ok(Fetched { bytes: Bytes::new(), file_size: 0 });
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.trim_start().to_ascii_lowercase().starts_with("text/html") {
            let message = "a page came in place of the file, as of a login: the server does not know the caller";
            return Err(Failed::last(SourceError::new(Kind::Denied, &self.shown, message)));
        }
        Err(self.bad(
            "the server ignores Range and sends the whole file (200): download the file, or ask a server that serves ranges",
        ))
    }

    /// 416: the range begins at the end or beyond.
    async fn beyond(&self, response: Response, asked: ByteRange) -> Result<Fetched, Failed> {
        let told = unsatisfied_range(response.headers());
        let headers_only = told.map(|size| version(&response, size));
        let size = match told {
            Some(size) => Some(size),
            // S3 gives the size in the body.
            None => self.refusal(response).await.field("ActualObjectSize").and_then(|text| text.parse().ok()),
        };
        let Some(size) = size else {
            return Err(self.bad(&format!("the server has no bytes {asked} (416) and does not give the size")));
        };
        if let Some(pinned) = self.version.get().filter(|pinned| pinned.size != size) {
            return Err(self.changed(&format!("{size} bytes, was {}", pinned.size)));
        }
        if asked.start() > size {
            return Err(self.bad(&format!("range {asked} lies past the end ({size} bytes)")));
        }
        if asked.start() < size {
            return Err(self.bad(&format!("the server refuses bytes {asked} of {size} (416)")));
        }
        if let Some(version) = headers_only {
            // A 416 carries no entity tag in general: pin only what a later answer can be compared with.
            _ = self.version.get_or_init(|| version);
        }
        Ok(Fetched { bytes: Bytes::new(), file_size: size })
    }

    async fn body(&self, response: Response, length: u64) -> Result<Bytes, Failed> {
        let reserved = usize::try_from(length.min(MAX_RESERVED)).unwrap_or(0);
        let mut body = BytesMut::with_capacity(reserved);
        let mut paced = Paced::new(response, self.shared.options.retry.patience);
        loop {
            let broken = |error| {
                let during = format!("the answer broke off after {} of {length} bytes", body.len());
                Failed::of_broken(error, &self.shown, &during)
            };
            let part = paced.next().await.map_err(broken)?;
            let Some(part) = part else { break };
            self.stats.add_bytes(part.len());
            body.extend_from_slice(&part);
            if body.len() as u64 > length {
                return Err(self.bad(&format!("the body is longer than the {length} bytes that Content-Range gives")));
            }
        }
        if body.len() as u64 == length {
            return Ok(body.freeze());
        }
        let message = format!("the answer ended after {} of {length} bytes", body.len());
        Err(Failed::passing(SourceError::new(Kind::Unavailable, &self.shown, message)))
    }

    /// The first answer pins the version; every later one must be about the same.
    fn pin(&self, seen: &Version) -> Result<(), Failed> {
        let pinned = self.version.get_or_init(|| seen.clone());
        pinned.difference(seen).map_or(Ok(()), |difference| Err(self.changed(&difference)))
    }

    fn changed(&self, difference: &str) -> Failed {
        let message = format!("the file changed while it was read ({difference}): start again");
        Failed::last(SourceError::new(Kind::Changed, &self.shown, message))
    }

    fn bad(&self, message: &str) -> Failed {
        Failed::last(SourceError::new(Kind::BadAnswer, &self.shown, message))
    }
}

/// Whether a body is the file's own bytes. `aws-chunked` says how an object was sent to S3, which may keep it in every
/// later answer.
fn is_plain(coding: &HeaderValue) -> bool {
    let codings = coding.to_str().unwrap_or("?").split(',').map(str::trim);
    codings
        .into_iter()
        .all(|coding| ["", "identity", "aws-chunked"].iter().any(|plain| coding.eq_ignore_ascii_case(plain)))
}

impl Source for RemoteSource {
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
        self.cost
    }

    fn stamp(&self) -> Option<Stamp> {
        self.version.get().and_then(Version::stamp)
    }
}
