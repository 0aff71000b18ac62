//! Maps a request to its answer.
use crate::answer::{Answer, Body, Part, answer, frames, part, set, sized, streamed, words};
use crate::guard::{Asker, Guard};
use crate::proxy::Proxy;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_RANGE, ETAG, HeaderName, RANGE, VARY,
};
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Sent by browsers before a public page asks a private address (Private Network Access).
const ALLOW_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

pub(crate) struct Router {
    pub(crate) guard: Guard,
    pub(crate) proxy: Proxy,
    pub(crate) page: PathBuf,
    pub(crate) folder: Option<PathBuf>,
}

impl Router {
    pub(crate) async fn answer(&self, request: &Request<Incoming>) -> Answer {
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
                Some(file) => send(&file, range, head),
                None => words(404, "there is no such granule in the folder"),
            },
            (path, None) => {
                let name = path.trim_start_matches('/');
                match below(&self.page, if name.is_empty() { "index.html" } else { name }) {
                    Some(file) => send(&file, range, head),
                    None => words(404, "there is no such page"),
                }
            }
        }
    }

    /// What a page finds here: granules of the folder, hosts of the proxy, and that requests may ask for several ranges.
    fn offer(&self) -> Answer {
        let entries = self.folder.as_deref().and_then(|folder| fs::read_dir(folder).ok());
        let entries = entries.into_iter().flatten().flatten();
        let mut granules: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let served = |name: &str| self.folder.as_deref().is_some_and(|folder| below(folder, name).is_some());
        granules.retain(|name| kind(Path::new(name)) == HDF5 && served(name));
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

/// The path of a file inside `folder`; `None` for a hidden file, and for a name or a link that leads out of it.
fn below(folder: &Path, name: &str) -> Option<PathBuf> {
    let plain =
        name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', ':']));
    let path = plain.then(|| folder.join(name).canonicalize().ok()).flatten()?;
    let inner = path.strip_prefix(folder.canonicalize().ok()?).ok()?;
    let is_hidden = inner.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    (path.is_file() && !is_hidden).then_some(path)
}

/// A file, or a part of it.
fn send(path: &Path, range: Option<&str>, head: bool) -> Answer {
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let Ok((file, metadata)) = opened else { return words(500, "the file cannot be read") };
    let size = metadata.len();
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let kind = kind(path);
    let mut answer = match part(range, size) {
        Part::Whole => sized(200, kind, body(file, vec![Segment::File(0, size)], head), size),
        Part::Range(start, end) => {
            let mut answer = sized(206, kind, body(file, vec![Segment::File(start, end)], head), end - start);
            set(&mut answer, CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
            answer
        }
        Part::Several(ranges) => {
            let frames = frames(&ranges, size, kind);
            let parts = frames.heads.into_iter().zip(ranges);
            let parts = parts.flat_map(|(head, (start, end))| [Segment::Text(head), Segment::File(start, end)]);
            let segments = parts.chain([Segment::Text(frames.tail)]).collect();
            sized(206, &frames.kind, body(file, segments, head), frames.length)
        }
        Part::Unsatisfiable => {
            let mut answer = words(416, "the file ends before that");
            set(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            answer
        }
    };
    set(&mut answer, ACCEPT_RANGES, "bytes");
    set(&mut answer, ETAG, &format!("\"{size:x}-{:x}\"", changed.map_or(0, |since| since.as_nanos())));
    answer
}

/// A segment of a body.
enum Segment {
    Text(Bytes),
    /// From and to, in the file.
    File(u64, u64),
}

/// Bytes of a file that are in memory at once.
const BLOCK: u64 = 256 << 10;

/// Segments of a file, read block by block while they are sent; nothing for a question about the headers.
fn body(mut file: File, segments: Vec<Segment>, head: bool) -> Body {
    let segments = if head { Vec::new() } else { segments };
    let blocks = segments.into_iter().flat_map(|segment| -> Box<dyn Iterator<Item = Segment> + Send> {
        match segment {
            Segment::File(start, end) => {
                let count = (end - start).div_ceil(BLOCK);
                Box::new((0..count).map(move |at| Segment::File(start + at * BLOCK, end.min(start + (at + 1) * BLOCK))))
            }
            text @ Segment::Text(_) => Box::new(std::iter::once(text)),
        }
    });
    streamed(blocks.map(move |segment| match segment {
        Segment::Text(text) => Ok(text),
        Segment::File(start, end) => read(&mut file, start, end),
    }))
}

fn read(file: &mut File, start: u64, end: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
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
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_out_of_the_folder() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(below(here, "Cargo.toml").is_some() && below(here, "src/lib.rs").is_some());
        for name in ["../serve/Cargo.toml", "src/../Cargo.toml", "/etc/passwd", "src//lib.rs", "./Cargo.toml", "src"] {
            assert!(below(here, name).is_none(), "{name}");
        }
        assert_eq!(decode("/a%20b%2Fc%zz%"), "/a b/c%zz%");
    }

    #[cfg(unix)]
    #[test]
    fn hidden_files_and_links_out_of_the_folder_are_not_served() {
        use std::os::unix::fs::symlink;
        let folder = std::env::temp_dir().join(format!("icestream-serve-{}", std::process::id()));
        let granules = folder.join("granules");
        fs::create_dir_all(granules.join(".git")).unwrap();
        for name in ["secret.h5", "granules/a.h5", "granules/.netrc", "granules/.git/config"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        symlink(folder.join("secret.h5"), granules.join("out.h5")).unwrap();
        symlink(&folder, granules.join("up")).unwrap();
        symlink(granules.join("a.h5"), granules.join("same.h5")).unwrap();
        let served = |name: &str| below(&granules, name).is_some();
        assert!(served("a.h5") && served("same.h5"));
        for name in [".netrc", ".git/config", "out.h5", "up/secret.h5"] {
            assert!(!served(name), "{name}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
