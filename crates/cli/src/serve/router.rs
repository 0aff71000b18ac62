//! Which request gets what.
use super::answer::{Answer, Part, answer, part, set, several, words};
use super::guard::{Asker, Guard};
use super::proxy::Proxy;
use byte_ranges::{ByteRange, Source as _, SourceError};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName, RANGE,
    VARY,
};
use hyper::{Method, Request};
use serde_json::json;
use sources::{Clients, Location, Options};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Sent by browsers before a public page asks a private address (Private Network Access).
const ALLOW_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

pub(super) struct Router {
    pub(super) guard: Guard,
    pub(super) proxy: Proxy,
    pub(super) page: PathBuf,
    pub(super) folder: Option<PathBuf>,
}

impl Router {
    pub(super) async fn answer(&self, request: &Request<Incoming>) -> Answer {
        let asker = self.guard.asker(request.headers());
        let mut answer = match (&asker, request.method()) {
            (Asker::Stranger, _) => words(403, "this server answers its own page, and those of --allow-origin"),
            (_, &Method::OPTIONS) => preflight(),
            (_, &Method::GET | &Method::HEAD) => self.read(request).await,
            _ => words(405, "this server is for reading"),
        };
        if let Asker::Allowed(origin) = &asker {
            set(&mut answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            set(&mut answer, ACCESS_CONTROL_EXPOSE_HEADERS, "Content-Range, Content-Length, Accept-Ranges, ETag");
        }
        set(&mut answer, VARY, "Origin");
        answer
    }

    async fn read(&self, request: &Request<Incoming>) -> Answer {
        let whole = request.uri().path_and_query().map_or("/", |both| both.as_str());
        let range = request.headers().get(RANGE).and_then(|value| value.to_str().ok());
        let head = request.method() == Method::HEAD;
        if let Some(url) = whole.strip_prefix("/proxy/") {
            return self.proxy.answer(url, range, head).await;
        }
        let path = decode(request.uri().path());
        match (path.as_str(), path.strip_prefix("/granules/")) {
            ("/serve.json", _) => self.offer(),
            (_, Some(name)) => match self.folder.as_deref().and_then(|folder| below(folder, name)) {
                Some(file) => send(&file, range, head).await,
                None => words(404, "there is no such granule in the folder"),
            },
            (path, None) => {
                let name = path.trim_start_matches('/');
                match below(&self.page, if name.is_empty() { "index.html" } else { name }) {
                    Some(file) => send(&file, range, head).await,
                    None => words(404, "there is no such page"),
                }
            }
        }
    }

    /// What a page finds here: granules of the folder, hosts of the proxy, and that requests may ask for several ranges.
    fn offer(&self) -> Answer {
        let entries = self.folder.as_deref().and_then(|folder| fs::read_dir(folder).ok());
        let files = entries.into_iter().flatten().flatten().filter(|entry| entry.path().is_file());
        let mut granules: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        granules.retain(|name| kind(Path::new(name)) == HDF5);
        granules.sort_unstable();
        answer(
            200,
            "application/json",
            json!({ "granules": granules, "hosts": self.proxy.hosts(), "several": true }).to_string(),
        )
    }
}

fn preflight() -> Answer {
    let mut answer = words(204, "");
    set(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD");
    set(&mut answer, ACCESS_CONTROL_ALLOW_HEADERS, "Range");
    set(&mut answer, ACCESS_CONTROL_MAX_AGE, "3600");
    set(&mut answer, ALLOW_PRIVATE, "true");
    answer
}

/// A file of a folder by a name that leads nowhere else.
fn below(folder: &Path, name: &str) -> Option<PathBuf> {
    let plain = name
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0', ':']));
    let path = folder.join(name);
    (plain && path.is_file()).then_some(path)
}

/// A file, or a part of it.
async fn send(path: &Path, range: Option<&str>, head: bool) -> Answer {
    let Ok(metadata) = fs::metadata(path) else { return words(404, "there is no such file") };
    let size = metadata.len();
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let (status, ranges) = match part(range, size) {
        Part::Whole => (200, vec![(0, size)]),
        Part::Range(start, end) => (206, vec![(start, end)]),
        Part::Several(ranges) => (206, ranges),
        Part::Unsatisfiable => {
            let mut answer = words(416, "the file ends before that");
            set(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            return answer;
        }
    };
    let Ok(mut parts) = read(path, &ranges, head).await else { return words(500, "the file cannot be read") };
    let mut answer = match (ranges.as_slice(), parts.pop()) {
        (&[(start, end)], Some((_, bytes))) => {
            let mut answer = answer(status, kind(path), bytes);
            set(&mut answer, CONTENT_LENGTH, &(end - start).to_string());
            if status == 206 {
                set(&mut answer, CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
            }
            answer
        }
        (_, last) => {
            parts.extend(last);
            several(&parts, size, kind(path))
        }
    };
    set(&mut answer, ACCEPT_RANGES, "bytes");
    set(&mut answer, ETAG, &format!("\"{size:x}-{:x}\"", changed.map_or(0, |since| since.as_nanos())));
    answer
}

/// The bytes of ranges, each with its start; none for a question about the headers.
async fn read(path: &Path, ranges: &[(u64, u64)], head: bool) -> Result<Vec<(u64, Bytes)>, SourceError> {
    let source = Clients::new(Options::default()).open(&Location::from(path.to_path_buf()))?;
    let mut parts = Vec::with_capacity(ranges.len());
    for &(start, end) in ranges {
        let Some(asked) = ByteRange::new(start, if head { start } else { end }) else { continue };
        parts.push((start, source.fetch(asked).await?.bytes));
    }
    Ok(parts)
}

const HDF5: &str = "application/x-hdf5";

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "h5" | "hdf5" | "he5" => HDF5,
        _ => "application/octet-stream",
    }
}

/// Percent-decoding of a path; what is no escape stays as it is.
fn decode(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_out_of_the_folder() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(below(here, "Cargo.toml").is_some() && below(here, "src/main.rs").is_some());
        for name in ["../cli/Cargo.toml", "src/../Cargo.toml", "/etc/passwd", "src//main.rs", "./Cargo.toml", "src"] {
            assert!(below(here, name).is_none(), "{name}");
        }
        assert_eq!(decode("/a%20b%2Fc%zz%"), "/a b/c%zz%");
    }
}
