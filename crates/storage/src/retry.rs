//! Retries, for every server: which failures are transient, and how long to wait.
use crate::{Broken, Retry, Stats};
use byte_ranges::{SourceError, SourceErrorKind};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use tracing::info;

/// Why one attempt failed, and whether another may succeed.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: SourceError,
    /// Whether to send again.
    pub again: Again,
}

/// Whether to send a request again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// The same answer would come.
    Never,
    /// After a wait of our own.
    Backoff,
    /// After at least the wait that the server asked for.
    After(Duration),
}

impl Again {
    /// After the wait that the headers of an answer ask for, else after one of our own.
    #[must_use]
    pub fn asked(headers: &HeaderMap) -> Self {
        retry_after(headers).map_or(Self::Backoff, Self::After)
    }
}

/// Why a request got no answer, or not all of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransportFault {
    /// It took too long.
    Timeout,
    /// The request itself cannot be sent.
    Request,
    /// The server's certificate is not trusted.
    Distrust,
    /// The connection failed.
    Connection,
}

impl TransportFault {
    /// The fault of an error, and the error with all its causes in words. The URL, which may be a signed one, is left out.
    #[must_use]
    pub fn of(error: reqwest::Error) -> (Self, String) {
        let error = error.without_url();
        let fault = match () {
            () if error.is_timeout() => Self::Timeout,
            () if error.is_builder() => Self::Request,
            () if causes(&error).any(is_distrust) => Self::Distrust,
            () => Self::Connection,
        };
        let words = causes(&error).fold(error.to_string(), |words, cause| format!("{words}: {cause}"));
        (fault, words)
    }
}

impl Failed {
    /// Another attempt would fail too.
    #[must_use]
    pub const fn last(error: SourceError) -> Self {
        Self { error, again: Again::Never }
    }

    /// Another attempt may succeed.
    #[must_use]
    pub const fn passing(error: SourceError) -> Self {
        Self { error, again: Again::Backoff }
    }

    pub(crate) fn of_transport(error: reqwest::Error, location: &str, during: &str) -> Self {
        let (fault, words) = TransportFault::of(error);
        let error = |kind, advice| SourceError::new(kind, location, format!("{during}: {words}{advice}"));
        match fault {
            TransportFault::Timeout => Self::passing(error(SourceErrorKind::Timeout, "")),
            TransportFault::Connection => Self::passing(error(SourceErrorKind::Unavailable, "")),
            TransportFault::Request => Self::last(error(SourceErrorKind::Config, "")),
            TransportFault::Distrust => {
                let advice = "; behind a proxy with its own authority, trust the machine's certificates";
                Self::last(error(SourceErrorKind::Config, advice))
            }
        }
    }

    /// An answer that did not come to its end.
    pub(crate) fn of_broken(broken: Broken, location: &str, during: &str) -> Self {
        match broken {
            Broken::Transport(error) => Self::of_transport(error, location, during),
            slow @ Broken::Slow { .. } => {
                Self::passing(SourceError::new(SourceErrorKind::Timeout, location, format!("{during}: {slow}")))
            }
        }
    }
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self::last(error)
    }
}

/// The causes of an error, outermost first, without the error itself.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'a (dyn Error + 'static)| (*cause).source())
}

/// A certificate that is not trusted today is not trusted in a second.
fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    // An `io::Error` hands out the source of what it wraps, and not what it wraps; here one wraps another.
    if let Some(wrapped) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        return is_distrust(wrapped);
    }
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Runs `once` until it succeeds, fails for good, or has failed [`Retry::max_attempts`] times. Calls `waits` with the error
/// and the wait before each wait.
///
/// # Errors
/// The last error; its message says how many attempts were made, where it was more than one.
pub async fn attempts<T>(
    retry: &Retry,
    waits: impl Fn(&SourceError, Duration),
    mut once: impl AsyncFnMut() -> Result<T, Failed>,
) -> Result<T, SourceError> {
    let mut tries = Tries::new(retry);
    loop {
        match once().await {
            Ok(value) => return Ok(value),
            Err(failed) => tries.wait_after(failed, &waits).await?,
        }
    }
}

/// [`attempts`] with a closure that makes futures: what it returns can move from one thread to another, which the compiler does not see
/// through an async closure.
pub(crate) async fn sent<T, F: Future<Output = Result<T, Failed>>>(
    retry: &Retry,
    stats: &Stats,
    mut once: impl FnMut() -> F,
) -> Result<T, SourceError> {
    let mut tries = Tries::new(retry);
    loop {
        match once().await {
            Ok(value) => return Ok(value),
            Err(failed) => tries.wait_after(failed, |_, _| stats.add_retry()).await?,
        }
    }
}

/// The attempts at one request, for callers with a loop of their own.
pub(crate) struct Tries<'a> {
    retry: &'a Retry,
    made: u32,
}

impl<'a> Tries<'a> {
    pub(crate) const fn new(retry: &'a Retry) -> Self {
        Self { retry, made: 0 }
    }

    /// Waits until another attempt is due after one has failed; the error where none is.
    pub(crate) async fn wait_after(
        &mut self,
        failed: Failed,
        waits: impl Fn(&SourceError, Duration),
    ) -> Result<(), SourceError> {
        let Failed { mut error, again } = failed;
        self.made += 1;
        let attempt = self.made;
        if again == Again::Never || attempt >= self.retry.max_attempts.max(1) {
            if attempt > 1 {
                error.message = format!("{} (after {attempt} attempts)", error.message);
            }
            return Err(error);
        }
        let wait = wait(self.retry, attempt, again);
        let pause_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        info!(attempt, pause_ms, %error, "again");
        waits(&error, wait);
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// The wait after attempt `made` failed: full jitter, and at least what the server asked for.
fn wait(retry: &Retry, made: u32, again: Again) -> Duration {
    let own = backoff(retry.base_backoff, retry.max_backoff, made);
    match again {
        Again::After(asked) => own.max(asked.min(retry.max_retry_after)),
        _ => own,
    }
}

/// A wait after attempt `made` (1 is the first) failed: drawn evenly below a bound that begins at `base` and doubles up to
/// `longest` ("full jitter").
#[must_use]
pub fn backoff(base: Duration, longest: Duration, made: u32) -> Duration {
    let doubled = base.saturating_mul(1_u32.checked_shl(made.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(longest).mul_f64(fraction())
}

/// The wait that an answer asks for (RFC 9110, 10.2.3), where it is given in seconds.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A random number of 0..1: the standard library seeds its hashers from the operating system.
fn fraction() -> f64 {
    let bits = RandomState::new().hash_one(0) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn distrust_is_found_however_it_is_wrapped() {
        let distrust = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert!(is_distrust(&distrust()));
        assert!(is_distrust(&io::Error::other(io::Error::other(distrust()))));
        assert!(!is_distrust(&io::Error::from(io::ErrorKind::ConnectionReset)));
        assert!(!is_distrust(&io::Error::other(rustls::Error::HandshakeNotComplete)));
    }

    #[test]
    fn waits_are_jittered_bounded_and_never_shorter_than_asked() {
        let retry = Retry { max_backoff: Duration::from_secs(3), ..Retry::default() };
        let waits: Vec<_> = (0..200).map(|_| wait(&retry, 4, Again::Backoff)).collect();
        assert!(waits.iter().all(|w| *w < Duration::from_millis(1600)));
        assert!(
            waits.iter().any(|w| *w < Duration::from_millis(800))
                && waits.iter().any(|w| *w > Duration::from_millis(800))
        );
        assert!((0..200).all(|_| wait(&retry, 40, Again::Backoff) <= Duration::from_secs(3)));
        let asked = Again::After(Duration::from_secs(5));
        assert_eq!(wait(&retry, 1, asked), Duration::from_secs(5));
        assert_eq!(wait(&retry, 1, Again::After(Duration::from_secs(9_999))), retry.max_retry_after);
    }

    #[test]
    fn back_off_doubles_up_to_its_bound() {
        let (base, longest) = (Duration::from_millis(100), Duration::from_secs(60));
        assert!((0..200).all(|_| backoff(base, longest, 3) <= base * 4));
        assert!((0..200).any(|_| backoff(base, longest, 3) > base * 2));
        assert!((0..20).all(|_| backoff(base, longest, 0) <= base && backoff(base, longest, 60) <= longest));
    }
}
