//! The crate against a small HTTP server that misbehaves on demand, and against the file system.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod cloud;
mod http;
mod identity;
mod local;
mod s3;
mod secure;

use testing::server;

use byte_ranges::{ByteRange, Source, SourceError, SourceErrorKind};
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;
use storage::{Bearer, Clients, Credentials, Location, Options, Retry, S3Access, S3Options, Timeouts};

pub(crate) const SECRET: &str = "hush-secret-access-key";
pub(crate) const TOKEN: &str = "hush-session-token";

/// Runs on a current-thread runtime, as a Lambda or a command without threads would.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Quick retries; S3 at `endpoint` with credentials that must never be shown.
pub(crate) fn options(endpoint: &str) -> Options {
    let keys = Credentials::new("AKIDEXAMPLE", SECRET).with_session_token(TOKEN);
    Options {
        s3: S3Options { access: S3Access::Keys(keys), endpoint_url: Some(endpoint.to_owned()), ..S3Options::default() },
        retry: Retry { max_attempts: 3, base_backoff: Duration::from_millis(1), ..Retry::default() },
        bearer: Some(Bearer { token: "hush-bearer".into(), hosts: vec!["nowhere.example".to_owned()] }),
        ..Options::default()
    }
}

pub(crate) fn impatient(endpoint: &str) -> Options {
    let timeouts = Timeouts { idle: Duration::from_millis(60), ..Timeouts::default() };
    Options { timeouts, ..options(endpoint) }
}

pub(crate) fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

/// 1000 bytes, each different from its neighbours.
pub(crate) fn content() -> Vec<u8> {
    (0..1000_u32).map(|i| (i * 7 % 251) as u8).collect()
}

/// The error of one range read from `url`, checked to be of `kind`, to show no secret and to name the place.
pub(crate) fn refused(options: Options, url: &str, kind: SourceErrorKind) -> SourceError {
    let clients = Clients::new(options);
    let source = clients.open(&Location::parse(url).unwrap()).unwrap();
    let error = run(source.fetch(range(10, 20))).unwrap_err();
    let all = format!("{error} {error:?} {:?} {source:?}", clients.options());
    assert!(!all.contains("hush"), "a secret is shown: {all}");
    assert_eq!(error.kind, kind, "{error}");
    assert_eq!(error.location, url);
    error
}

/// A directory of its own for one test, gone at the end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sources-{name}-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}
