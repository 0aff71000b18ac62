//! Asking a server again, politely.
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::Response;
use reqwest::header::RETRY_AFTER;
use std::error::Error as _;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use storage::{Broken, Paced, Retry};

/// Characters of a server's own words that go into a message.
const MAX_WORDS: usize = 300;

/// For the words of an error.
const PATIENCE_WITH_WORDS: Duration = Duration::from_secs(10);

/// Why an attempt failed, and the least wait before another one; `None` when the same answer would come.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: SourceError,
    pub(crate) again: Option<Duration>,
}

impl Failed {
    pub(crate) fn last(kind: SourceErrorKind, at: &str, message: impl Into<String>) -> Self {
        Self { error: SourceError::new(kind, at, message.into()), again: None }
    }

    pub(crate) fn passing(kind: SourceErrorKind, at: &str, message: impl Into<String>) -> Self {
        Self { error: SourceError::new(kind, at, message.into()), again: Some(Duration::ZERO) }
    }

    /// No answer, or not all of it. The URL is left out: it may hold a code.
    pub(crate) fn transport(error: reqwest::Error, at: &str) -> Self {
        let error = error.without_url();
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        match () {
            () if error.is_builder() => Self::last(SourceErrorKind::Config, at, message),
            () if error.is_timeout() => Self::passing(SourceErrorKind::Timeout, at, message),
            () => Self::passing(SourceErrorKind::Unavailable, at, message),
        }
    }

    /// An answer of an error status that is not about credentials.
    pub(crate) async fn status(response: Response, at: &str) -> Self {
        let status = response.status().as_u16();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let words = body(response, 64 << 10, at, PATIENCE_WITH_WORDS).await.unwrap_or_default();
        let words: String = String::from_utf8_lossy(&words).chars().take(MAX_WORDS).collect();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = format!("the server answered {status}{}{words}", if words.is_empty() { "" } else { ": " });
        if matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504) {
            let error = SourceError::new(SourceErrorKind::Unavailable, at, message);
            return Self { error, again: Some(Duration::from_secs(asked.unwrap_or(0))) };
        }
        let kind = match status {
            401 | 403 => SourceErrorKind::Denied,
            404 | 410 => SourceErrorKind::NotFound,
            400 | 422 => SourceErrorKind::Config,
            _ => SourceErrorKind::BadAnswer,
        };
        Self::last(kind, at, message)
    }
}

/// All of an answer's body, up to `most` bytes.
pub(crate) async fn body(response: Response, most: usize, at: &str, patience: Duration) -> Result<Vec<u8>, Failed> {
    let (mut body, mut paced) = (Vec::new(), Paced::new(response, patience));
    let broken = |broken| match broken {
        Broken::Transport(error) => Failed::transport(error, at),
        slow => Failed::passing(SourceErrorKind::Timeout, at, slow.to_string()),
    };
    while let Some(piece) = paced.next().await.map_err(broken)? {
        body.extend_from_slice(&piece);
        if body.len() > most {
            return Err(Failed::last(SourceErrorKind::BadAnswer, at, format!("the answer exceeds {most} bytes")));
        }
    }
    Ok(body)
}

/// Runs `once` until it succeeds, fails for good, or has failed as often as allowed; tells `waits` before each wait.
pub(crate) async fn patiently<T>(
    retry: &Retry,
    waits: &dyn Fn(&SourceError, Duration),
    mut once: impl AsyncFnMut() -> Result<T, Failed>,
) -> Result<T, SourceError> {
    let mut made = 0;
    loop {
        made += 1;
        let Failed { mut error, again } = match once().await {
            Ok(value) => return Ok(value),
            Err(failed) => failed,
        };
        let Some(least) = again.filter(|_| made < retry.max_attempts) else {
            if made > 1 {
                error.message = format!("{} (after {made} attempts)", error.message);
            }
            return Err(error);
        };
        let doubled = retry.base_backoff.saturating_mul(1_u32.checked_shl(made - 1).unwrap_or(u32::MAX));
        let own = doubled.min(retry.max_backoff).mul_f64(fraction());
        let wait = own.max(least.min(retry.max_retry_after));
        waits(&error, wait);
        tokio::time::sleep(wait).await;
    }
}

/// A random number of 0..1: the standard library seeds its hashers from the operating system.
fn fraction() -> f64 {
    let bits = RandomState::new().hash_one(0) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}
