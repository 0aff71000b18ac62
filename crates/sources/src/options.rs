//! Everything that can be chosen, as plain values.
use crate::{Bearer, S3Options};
use byte_ranges::Cost;
use std::time::Duration;

/// What asking costs, by kind of place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Costs {
    /// Local files; [`Cost::LOCAL`].
    pub local: Cost,
    /// `http://` and `https://`; [`Cost::HTTP`].
    pub http: Cost,
    /// `s3://`; [`Cost::HTTP`].
    pub s3: Cost,
}

impl Default for Costs {
    fn default() -> Self {
        Self { local: Cost::LOCAL, http: Cost::HTTP, s3: Cost::HTTP }
    }
}

/// How often and how patiently a failed request is sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Attempts in all, the first included. At least 1 is used.
    pub max_attempts: u32,
    /// The wait before attempt n + 1 is drawn evenly from 0 to `base_backoff` x 2^(n - 1) ("full jitter").
    pub base_backoff: Duration,
    /// No wait of our own is longer.
    pub max_backoff: Duration,
    /// A server's `Retry-After` is waited for, but no longer than this.
    pub max_retry_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            base_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

/// How long an answer may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// Without a single byte: before the answer begins, and between its pieces.
    pub idle: Duration,
    /// For one whole attempt, body included.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(30), request: Duration::from_secs(300) }
    }
}

/// Whose certificates are trusted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TlsRoots {
    /// Mozilla's list, compiled in: no file is read.
    #[default]
    WebPki,
    /// The machine's own, for networks with an authority of their own.
    Platform,
}

/// All options of [`Clients`](crate::Clients). `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Where S3 is and how it is asked.
    pub s3: S3Options,
    /// A token for some HTTPS hosts.
    pub bearer: Option<Bearer>,
    /// Sending again.
    pub retry: Retry,
    /// Patience.
    pub timeouts: Timeouts,
    /// Trust.
    pub roots: TlsRoots,
    /// Hints for planners.
    pub costs: Costs,
    /// Requests under way at once over all files: bounds sockets and file descriptors. At least 1 is used.
    pub max_in_flight: usize,
    /// Never HTTP/2, even where the server offers it.
    pub http1_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            s3: S3Options::default(),
            bearer: None,
            retry: Retry::default(),
            timeouts: Timeouts::default(),
            roots: TlsRoots::default(),
            costs: Costs::default(),
            max_in_flight: 64,
            http1_only: false,
        }
    }
}

impl Options {
    /// The defaults with what the environment says: [`S3Options::from_env`], and `EARTHDATA_TOKEN` as
    /// [`Bearer::earthdata`].
    #[must_use]
    pub fn from_env() -> Self {
        let token = std::env::var("EARTHDATA_TOKEN").ok().filter(|token| !token.is_empty());
        Self { s3: S3Options::from_env(), bearer: token.map(Bearer::earthdata), ..Self::default() }
    }
}
