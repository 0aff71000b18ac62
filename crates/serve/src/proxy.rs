//! Reading from hosts that refuse pages of other sites: ranges pass through, with this machine's token.
use crate::answer::{Answer, Part, frames, part, set, sized, streamed, words};
use byte_ranges::{ByteRange, Fetched, Source, SourceError, SourceErrorKind as Kind};
use bytes::Bytes;
use futures_util::future::try_join_all;
use hyper::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use storage::{Clients, GranuleSource, Location, Options};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that are remembered, each pinned to the version that was seen first.
const MAX_FILES: usize = 4096;
/// Largest range that is passed through.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of all answers under way, in KiB.
const MAX_KIB: usize = 128 << 10;

pub(crate) struct Proxy {
    hosts: Vec<String>,
    clients: Clients,
    /// KiB that may still be read.
    room: Arc<Semaphore>,
    files: RefCell<BTreeMap<String, Rc<GranuleSource>>>,
}

impl Proxy {
    /// Reads from `hosts`, and follows redirects to them and to `beyond` alone.
    pub(crate) fn new(hosts: Vec<String>, beyond: &[&str], options: Options) -> Self {
        let hosts: Vec<String> = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        let beyond = beyond.iter().map(|host| (*host).to_owned());
        let redirect_hosts = Some(hosts.iter().cloned().chain(beyond).collect());
        let clients = Clients::new(Options { redirect_hosts, ..options });
        Self { hosts, clients, room: Arc::new(Semaphore::new(MAX_KIB)), files: RefCell::default() }
    }

    /// Hosts that it reads from.
    pub(crate) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// One range of `url`.
    pub(crate) async fn answer(&self, url: &str, range: Option<&str>, head: bool) -> Answer {
        if !self.takes(url) {
            let hosts = self.hosts.join(", ");
            return words(403, format!("this proxy reads from {hosts} alone; --proxy-host names others"));
        }
        let source = match self.open(url) {
            Ok(source) => source,
            Err(error) => return refused(&error),
        };
        if let Some(nothing) = ByteRange::at(0, 0).filter(|_| head) {
            return match source.fetch(nothing).await {
                Ok(fetched) => described(sized(200, TYPE, streamed(std::iter::empty()), fetched.file_size), &source),
                Err(error) => self.refused(url, &error),
            };
        }
        // The size is not known yet; what lies beyond it is cut by the source.
        let asked = match part(range, u64::MAX) {
            Part::Range(start, end) => vec![(start, end)],
            Part::Several(ranges) => ranges,
            _ => return words(400, "this proxy passes ranges through: ask with `Range: bytes=FIRST-LAST`"),
        };
        let sum = asked.iter().fold(0_u64, |sum, (start, end)| sum.saturating_add(end - start));
        if sum > MAX_BYTES {
            return words(400, format!("at most {MAX_BYTES} bytes at once"));
        }
        let kib = u32::try_from(sum.div_ceil(1024)).unwrap_or(u32::MAX);
        // Cannot fail: the semaphore is never closed.
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(kib).await else { return words(503, "it is closed") };
        let fetches = asked.iter().filter_map(|&(start, end)| ByteRange::new(start, end)).map(|r| source.fetch(r));
        match try_join_all(fetches).await {
            Ok(fetched) => described(passed(&asked, fetched, room), &source),
            Err(error) => self.refused(url, &error),
        }
    }

    fn refused(&self, url: &str, error: &SourceError) -> Answer {
        if error.kind == Kind::Changed {
            self.files.borrow_mut().remove(url);
        }
        refused(error)
    }

    /// Whether the host is on the list, and the way there private.
    fn takes(&self, url: &str) -> bool {
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'));
        let local = ["127.0.0.1", "localhost"].contains(&host.split(':').next().unwrap_or_default());
        let private = scheme == "https" || scheme == "http" && local;
        plain && private && self.hosts.iter().any(|h| if h.starts_with('.') { host.ends_with(h) } else { host == *h })
    }

    fn open(&self, url: &str) -> Result<Rc<GranuleSource>, SourceError> {
        if let Some(source) = self.files.borrow().get(url) {
            return Ok(Rc::clone(source));
        }
        let source = Rc::new(self.clients.open(&Location::parse(url)?)?);
        let mut files = self.files.borrow_mut();
        if files.len() >= MAX_FILES {
            files.clear();
        }
        files.insert(url.to_owned(), Rc::clone(&source));
        Ok(source)
    }
}

const TYPE: &str = "application/x-hdf5";

/// One range, or several, as they came. The room that they take is free again when they have been sent.
fn passed(asked: &[(u64, u64)], fetched: Vec<Fetched>, room: OwnedSemaphorePermit) -> Answer {
    let size = fetched.first().map_or(0, |fetched| fetched.file_size);
    let starts = asked.iter().map(|(start, _)| *start);
    let parts = starts.zip(fetched.into_iter().map(|fetched| fetched.bytes)).filter(|(_, bytes)| !bytes.is_empty());
    let (starts, parts): (Vec<u64>, Vec<Bytes>) = parts.unzip();
    let ranges: Vec<(u64, u64)> =
        starts.iter().zip(&parts).map(|(&start, part)| (start, start + part.len() as u64)).collect();
    let held = |segments: Vec<Bytes>| {
        streamed(segments.into_iter().map(move |segment| {
            let _ = &room;
            Ok(segment)
        }))
    };
    match ranges.as_slice() {
        [] => {
            let mut answer = words(416, "the file ends before that");
            set(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            answer
        }
        &[(start, end)] => {
            let mut answer = sized(206, TYPE, held(parts), end - start);
            set(&mut answer, CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
            answer
        }
        several => {
            let frames = frames(several, size, TYPE);
            let segments =
                frames.heads.into_iter().zip(parts).flat_map(|(head, part)| [head, part]).chain([frames.tail]);
            sized(206, &frames.kind, held(segments.collect()), frames.length)
        }
    }
}

/// With the origin's own entity tag, where it has one.
fn described(mut answer: Answer, source: &GranuleSource) -> Answer {
    set(&mut answer, ACCEPT_RANGES, "bytes");
    if let Some(tag) = source.etag() {
        set(&mut answer, ETAG, &tag);
    }
    answer
}

fn refused(error: &SourceError) -> Answer {
    let status = match error.kind {
        Kind::NotFound => 404,
        Kind::Denied => 403,
        Kind::Expired => 401,
        Kind::Changed => 412,
        Kind::Config => 400,
        Kind::Unavailable => 503,
        Kind::Timeout => 504,
        _ => 502,
    };
    words(status, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hosts_on_the_list_are_read() {
        let hosts = ["Data.example", ".cloud.example", "127.0.0.1:9"].map(str::to_owned);
        let proxy = Proxy::new(hosts.to_vec(), &[], Options::default());
        for url in ["https://data.example/a.h5?x=1", "https://a.cloud.example/b", "http://127.0.0.1:9/c"] {
            assert!(proxy.takes(url), "{url}");
        }
        for url in [
            "http://data.example/a.h5",
            "https://data.example.evil.example/a",
            "https://evil.example/?data.example",
            "https://user@data.example/a",
            "https://evil.example\\@data.example/",
            "https://cloud.example.evil/",
            "file:///etc/passwd",
            "http://127.0.0.1:10/",
            "data.example/a",
        ] {
            assert!(!proxy.takes(url), "{url}");
        }
    }
}
