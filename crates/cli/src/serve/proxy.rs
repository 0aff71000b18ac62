//! Reading from hosts that refuse pages of other sites: ranges pass through, with this machine's token.
use super::answer::{Answer, Part, answer, part, set, several, words};
use byte_ranges::{ByteRange, Fetched, Source, SourceError, SourceErrorKind as Kind};
use bytes::Bytes;
use futures_util::future::try_join_all;
use hyper::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG};
use sources::{Clients, GranuleSource, Location, Options};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Files that are remembered, each pinned to the version that was seen first.
const MOST_FILES: usize = 4096;
/// Largest range that is passed through.
const MOST_BYTES: u64 = 64 << 20;

pub(super) struct Proxy {
    hosts: Vec<String>,
    clients: Clients,
    files: RefCell<BTreeMap<String, Rc<GranuleSource>>>,
}

impl Proxy {
    pub(super) fn new(hosts: Vec<String>) -> Self {
        let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { hosts, clients: Clients::new(Options::from_env()), files: RefCell::default() }
    }

    /// Hosts that it reads from.
    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// One range of `url`.
    pub(super) async fn answer(&self, url: &str, range: Option<&str>, head: bool) -> Answer {
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
                Ok(fetched) => described(answer(200, TYPE, Vec::new()), fetched.file_size, Some(fetched.file_size)),
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
        if sum > MOST_BYTES {
            return words(400, format!("at most {MOST_BYTES} bytes at once"));
        }
        let fetches = asked.iter().filter_map(|&(start, end)| ByteRange::new(start, end)).map(|r| source.fetch(r));
        match try_join_all(fetches).await {
            Ok(fetched) => passed(&asked, fetched),
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
        if files.len() >= MOST_FILES {
            files.clear();
        }
        files.insert(url.to_owned(), Rc::clone(&source));
        Ok(source)
    }
}

const TYPE: &str = "application/x-hdf5";

/// One range, or several, as they came.
fn passed(asked: &[(u64, u64)], fetched: Vec<Fetched>) -> Answer {
    let size = fetched.first().map_or(0, |fetched| fetched.file_size);
    let starts = asked.iter().map(|(start, _)| *start);
    let parts = starts.zip(fetched.into_iter().map(|fetched| fetched.bytes));
    let mut parts: Vec<(u64, Bytes)> = parts.filter(|(_, bytes)| !bytes.is_empty()).collect();
    match (parts.len(), parts.pop()) {
        (_, None) => {
            let mut answer = words(416, "the file ends before that");
            set(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            answer
        }
        (1, Some((start, bytes))) => {
            let length = bytes.len() as u64;
            let mut answer = described(answer(206, TYPE, bytes), size, Some(length));
            set(&mut answer, CONTENT_RANGE, &format!("bytes {start}-{}/{size}", start + length - 1));
            answer
        }
        (_, Some(last)) => {
            parts.push(last);
            described(several(&parts, size, TYPE), size, None)
        }
    }
}

fn described(mut answer: Answer, size: u64, length: Option<u64>) -> Answer {
    set(&mut answer, ACCEPT_RANGES, "bytes");
    if let Some(length) = length {
        set(&mut answer, CONTENT_LENGTH, &length.to_string());
    }
    // The source behind it is pinned: a change is answered by 412.
    set(&mut answer, ETAG, &format!("\"pinned-{size}\""));
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
        let proxy = Proxy::new(vec!["Data.example".to_owned(), ".cloud.example".to_owned(), "127.0.0.1:9".to_owned()]);
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
