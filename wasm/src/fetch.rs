//! A file by URL, read by range requests through `fetch`.
use crate::batch::{Batch, PATIENCE};
use crate::host::{self, Timer};
use crate::refusal::{Again, Failure};
use crate::version::{header, version};
use byte_ranges::http::{Version, content_range, to_ask, unsatisfied_range};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, SourceErrorKind as Kind, Stamp};
use bytes::Bytes;
use futures_util::future::{Either, select};
use js_sys::{Promise, Uint8Array};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCache, RequestInit, RequestMode, Response};

/// Attempts for one request, the first included.
const ATTEMPTS: u32 = 6;
/// The wait before attempt n + 1 is drawn evenly from 0 to this x 2^(n - 1) milliseconds ("full jitter").
const BACKOFF: f64 = 200.0;
/// No wait of our own is longer, and none that a server asks for is longer than the second, milliseconds.
const MAX_WAIT: [f64; 2] = [10_000.0, 60_000.0];
/// Patience with the question whether a server is there at all.
const PROBE_PATIENCE: f64 = 5_000.0;

/// A file by URL, pinned to the version that the first answer described.
pub(crate) struct FetchSource {
    url: String,
    shown: String,
    signal: AbortSignal,
    version: RefCell<Option<Version>>,
    /// An answer has come: the server allows this page to read.
    reached: Cell<bool>,
    /// Where the server takes several ranges in one request.
    batch: Option<Batch>,
}

impl FetchSource {
    /// `several`: the server is known to take several ranges in one request.
    pub(crate) fn new(url: &str, shown: &str, several: bool, signal: AbortSignal) -> Self {
        Self {
            url: url.to_owned(),
            shown: shown.to_owned(),
            batch: several.then(|| Batch::new(url, signal.clone())),
            signal,
            version: RefCell::default(),
            reached: Cell::new(false),
        }
    }

    async fn attempts(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let mut made = 0;
        loop {
            made += 1;
            let mut failure = match self.once(range).await {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            match failure.again {
                Again::After(asked) if made < ATTEMPTS => {
                    let own = (BACKOFF * f64::from(1_u32 << (made - 1))).min(MAX_WAIT[0]) * js_sys::Math::random();
                    Timer::new(own.max(asked.min(MAX_WAIT[1]))).ring().await;
                }
                _ => {
                    if made > 1 {
                        failure.error.message = format!("{} (after {made} attempts)", failure.error.message);
                    }
                    return Err(failure.error);
                }
            }
        }
    }

    /// One attempt at one range that is not empty.
    async fn once(&self, range: ByteRange) -> Result<Fetched, Failure> {
        let timer = Timer::new(PATIENCE);
        match select(pin!(self.exchange(range)), pin!(timer.ring())).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(Failure::passing(Kind::Timeout, &self.shown, "no answer within five minutes")),
        }
    }

    async fn exchange(&self, range: ByteRange) -> Result<Fetched, Failure> {
        // Servers keep offsets in signed 64 bits; no file is longer.
        let last = range.end().saturating_sub(1).min(i64::MAX.unsigned_abs());
        // One range in this form needs no preflight (Fetch Standard, "CORS-safelisted request-header").
        let init = host::ranged(&format!("bytes={}-{last}", range.start()), &self.signal);
        let init = init.map_err(|_| self.last(Kind::Config, "the range cannot be written"))?;
        let response = match host::fetch(&self.url, &init).await {
            Ok(response) => response,
            Err(thrown) => return Err(self.no_answer(&thrown).await),
        };
        self.reached.set(true);
        match response.status() {
            206 => self.partial(&response, range).await,
            200 => self.whole(&response),
            416 => self.beyond(&response, range),
            status => {
                host::discard(&response);
                let wait = header(&response.headers(), "retry-after").and_then(|text| host::number(text.trim()));
                Err(Failure::of_status(status, wait, &self.shown))
            }
        }
    }

    /// 206: range, version and length are checked.
    async fn partial(&self, response: &Response, asked: ByteRange) -> Result<Fetched, Failure> {
        let Some(text) = header(&response.headers(), "content-range") else {
            host::discard(response);
            return Err(self.last(
                Kind::Config,
                "the server does not let this page see Content-Range (CORS): add Content-Range, Content-Length and ETag \
                 to the headers that it exposes, or download the file and drop it here",
            ));
        };
        let Some((said, size)) = content_range(&text) else {
            return Err(self.last(Kind::BadAnswer, "206 with a Content-Range that cannot be read"));
        };
        self.pin(&version(&response.headers(), size))?;
        let expected_end = asked.end().min(size);
        if said.start() != asked.start() || said.end() != expected_end {
            let message = format!("asked for bytes {asked} of {size}, the answer holds {said}");
            let short = said.start() == asked.start() && said.end() < expected_end;
            let make = if short { Failure::passing } else { Failure::last };
            return Err(make(Kind::BadAnswer, &self.shown, message));
        }
        let broken = |thrown: &JsValue| self.broken_off(thrown);
        let promise: Promise = response.array_buffer().map_err(|thrown| broken(&thrown))?;
        let buffer = JsFuture::from(promise).await.map_err(|thrown| broken(&thrown))?;
        let bytes = Bytes::from(Uint8Array::new(buffer.unchecked_ref()).to_vec());
        if bytes.len() as u64 == said.len() {
            return Ok(Fetched { bytes, file_size: size });
        }
        let message = format!("the answer holds {} of {} bytes", bytes.len(), said.len());
        Err(Failure::passing(Kind::Unavailable, &self.shown, message))
    }

    /// 200: the server ignores ranges. The body is given up, so that the file is not downloaded.
    fn whole(&self, response: &Response) -> Result<Fetched, Failure> {
        host::discard(response);
        if header(&response.headers(), "content-length").as_deref() == Some("0") {
            self.pin(&version(&response.headers(), 0))?;
            return Ok(Fetched { bytes: Bytes::new(), file_size: 0 });
        }
        Err(self.last(
            Kind::BadAnswer,
            "the server ignores Range and sends the whole file (200): download the file and drop it here, or use a \
             server that serves ranges",
        ))
    }

    /// 416: the range begins at the end or beyond.
    fn beyond(&self, response: &Response, asked: ByteRange) -> Result<Fetched, Failure> {
        host::discard(response);
        let told = header(&response.headers(), "content-range").and_then(|text| unsatisfied_range(&text));
        match told {
            Some(size) if asked.start() == size => Ok(Fetched { bytes: Bytes::new(), file_size: size }),
            Some(size) => Err(self.last(Kind::BadAnswer, format!("range {asked} lies past the end ({size} bytes)"))),
            None => Err(self.last(Kind::BadAnswer, format!("the server has no bytes {asked} (416)"))),
        }
    }

    /// The first answer pins the version; every later one must be about the same.
    fn pin(&self, seen: &Version) -> Result<(), Failure> {
        let difference = self.version.borrow_mut().get_or_insert_with(|| seen.clone()).difference(seen);
        difference.map_or(Ok(()), |difference| {
            let message = format!("the file changed while it was read ({difference}): start again");
            Err(self.last(Kind::Changed, message))
        })
    }

    /// `fetch` gives a page no reason for a failure. A request that needs no permission distinguishes a server that refuses
    /// this page from one that does not answer.
    async fn no_answer(&self, thrown: &JsValue) -> Failure {
        if host::error_name(thrown) == "AbortError" {
            return self.cancelled();
        }
        if self.reached.get() || !self.answers_anyone().await {
            if self.signal.aborted() {
                return self.cancelled();
            }
            let message =
                "no answer: the network is lost or the server is down; check the connection, then run it again";
            return Failure::passing(Kind::Unavailable, &self.shown, message);
        }
        self.last(
            Kind::Denied,
            "the server answers, but does not allow this page to read (CORS): download the file and drop it here, put it \
             in a bucket of your own with the CORS rules below, or read it through `icestream serve --allow-origin`",
        )
    }

    async fn answers_anyone(&self) -> bool {
        let init = RequestInit::new();
        init.set_method("HEAD");
        init.set_mode(RequestMode::NoCors);
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&self.signal));
        let timer = Timer::new(PROBE_PATIENCE);
        match select(pin!(host::fetch(&self.url, &init)), pin!(timer.ring())).await {
            Either::Left((answer, _)) => answer.is_ok(),
            Either::Right(_) => false,
        }
    }

    fn broken_off(&self, thrown: &JsValue) -> Failure {
        if host::error_name(thrown) == "AbortError" {
            return self.cancelled();
        }
        let message =
            "the answer broke off: the network is lost or the server closed; check the connection, then run it again";
        Failure::passing(Kind::Unavailable, &self.shown, message)
    }

    fn cancelled(&self) -> Failure {
        self.last(Kind::Cancelled, "cancelled")
    }

    fn last(&self, kind: Kind, message: impl Into<String>) -> Failure {
        Failure::last(kind, &self.shown, message)
    }
}

impl Source for FetchSource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        let known = self.version.borrow().as_ref().map(|version| version.size);
        let asked = match to_ask(range, known) {
            Ok(Some(asked)) => asked,
            Ok(None) => return Ok(Fetched { bytes: Bytes::new(), file_size: known.unwrap_or(0) }),
            Err(message) => return Err(SourceError::new(Kind::BadAnswer, &self.shown, message)),
        };
        // An empty wish is rare, and a file of unknown size has its first range alone.
        if let (Some(batch), Some(size), false) = (&self.batch, known, range.is_empty())
            && let Some((version, bytes)) = batch.fetch(asked).await
        {
            self.pin(&version).map_err(|failure| failure.error)?;
            return Ok(Fetched { bytes, file_size: size });
        }
        let mut fetched = self.attempts(asked).await?;
        if range.is_empty() {
            fetched.bytes.clear();
        }
        Ok(fetched)
    }

    /// The page reads no indexes, which alone ask for it.
    fn stamp(&self) -> Option<Stamp> {
        None
    }

    fn cost(&self) -> Cost {
        Cost::HTTP
    }
}
