//! An HTTP/1.1 server on the loopback interface whose answers each test defines.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "helpers of tests fail like tests"
)]
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived; header names in lower case.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET`, `PUT`...
    pub method: String,
    /// Path and query.
    pub target: String,
    /// By name.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// First and last byte of the `Range` header.
    pub fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self.header("range").strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// An answer. `Content-Length` is that of the body unless a header says otherwise.
#[derive(Clone, Default)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Beside `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Send this number of bytes of the body, then close.
    pub cut: Option<usize>,
    /// Send nothing at all.
    pub hang: bool,
    /// Send the body a byte at a time, with this pause before each.
    pub trickle: Option<Duration>,
}

impl Reply {
    /// An answer of this status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// What a right server answers to a request for a range of `content`.
    pub fn ranged(content: &[u8], asked: &Asked, etag: &str) -> Self {
        let size = content.len();
        match asked.range() {
            Some((first, _)) if first >= size => Self::status(416).with("Content-Range", format!("bytes */{size}")),
            Some((first, last)) => {
                let end = size.min(last.saturating_add(1));
                Self::status(206)
                    .with("Content-Range", format!("bytes {first}-{}/{size}", end - 1))
                    .with("ETag", etag)
                    .body(&content[first..end])
            }
            None => Self::status(200).with("ETag", etag).body(content),
        }
    }
}

type Answer = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// The server; it lives as long as the process.
pub struct Server {
    port: u16,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `answer` gets every request and its number, from 0.
    pub fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (shared, answer): (_, Arc<Answer>) = (Arc::clone(&log), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { port, log }
    }

    /// The URL of a path on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All requests so far.
    pub fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Asked>>, answer: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(asked) = read(&mut reader) {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(asked.clone());
            log.len() - 1
        };
        let reply = answer(&asked, number);
        if reply.hang {
            std::thread::sleep(Duration::from_secs(5));
            return;
        }
        if write(&mut writer, &asked, &reply).is_err() || reply.cut.is_some() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, target, headers, body })
}

fn write(writer: &mut impl Write, asked: &Asked, reply: &Reply) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Whatever\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !reply.headers.iter().any(|(name, _)| *name == "Content-Length") {
        head += &format!("Content-Length: {}\r\n", reply.body.len());
    }
    writer.write_all(head.as_bytes())?;
    writer.write_all(b"\r\n")?;
    if let Some(pause) = reply.trickle {
        for byte in &reply.body {
            writer.write_all(&[*byte])?;
            std::thread::sleep(pause);
        }
    } else if asked.method != "HEAD" {
        writer.write_all(&reply.body[..reply.cut.unwrap_or(reply.body.len())])?;
    }
    writer.flush()
}
