//! One request, sent again as long as that may help.
use crate::{Broken, Retry, Stats};
use byte_ranges::{SourceError, SourceErrorKind};
use std::error::Error;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;
use tracing::info;

/// Why one attempt failed, and whether another may succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: SourceError,
    pub(crate) again: Again,
}

/// Whether to send a request again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Again {
    /// The same answer would come.
    Never,
    /// After a wait of our own.
    Backoff,
    /// After at least the wait that the server asked for.
    After(Duration),
}

impl Failure {
    pub(crate) const fn last(error: SourceError) -> Self {
        Self { error, again: Again::Never }
    }

    pub(crate) const fn passing(error: SourceError) -> Self {
        Self { error, again: Again::Backoff }
    }

    /// A request that got no answer, or not all of it. The URL, which may be a signed one, is left out.
    pub(crate) fn of_transport(error: reqwest::Error, location: &str, during: &str) -> Self {
        let error = error.without_url();
        let mut message = format!("{during}: {error}");
        let mut distrusted = false;
        let mut cause = error.source();
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            distrusted |= is_distrust(inner);
            cause = inner.source();
        }
        let kind = match () {
            () if error.is_timeout() => SourceErrorKind::Timeout,
            () if error.is_builder() || distrusted => SourceErrorKind::Config,
            () => SourceErrorKind::Unavailable,
        };
        if distrusted {
            message = format!("{message}; behind a proxy with its own authority, trust the machine's certificates");
        }
        let error = SourceError::new(kind, location, message);
        if kind == SourceErrorKind::Config { Self::last(error) } else { Self::passing(error) }
    }
}

impl Failure {
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

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::last(error)
    }
}

/// A certificate that is not trusted today is not trusted in a second.
fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    // An `io::Error` hands out the source of what it wraps, and not what it wraps; here one wraps another.
    if let Some(wrapped) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        return is_distrust(wrapped);
    }
    matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}

/// Runs `once` until it succeeds, fails for good, or has failed `max_attempts` times.
pub(crate) async fn attempts<T>(
    retry: &Retry,
    stats: &Stats,
    mut once: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, SourceError> {
    let most = retry.max_attempts.max(1);
    let mut made = 0;
    loop {
        made += 1;
        let mut failure = match once().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if failure.again == Again::Never || made >= most {
            if made > 1 {
                failure.error.message = format!("{} (after {made} attempts)", failure.error.message);
            }
            return Err(failure.error);
        }
        stats.add_retry();
        let pause = wait(retry, made, failure.again);
        info!(attempt = made, pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), error = %failure.error, "again");
        tokio::time::sleep(pause).await;
    }
}

/// The wait after attempt `made` failed: full jitter, and at least what the server asked for.
fn wait(retry: &Retry, made: u32, again: Again) -> Duration {
    let doubled = retry.base_backoff.saturating_mul(1_u32.checked_shl(made - 1).unwrap_or(u32::MAX));
    let own = doubled.min(retry.max_backoff).mul_f64(fraction());
    match again {
        Again::After(asked) => own.max(asked.min(retry.max_retry_after)),
        _ => own,
    }
}

/// A random number of 0..1: the standard library seeds its hashers from the operating system.
fn fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
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
}
