//! Credentials that are found when they are needed, kept, and found again before they end.
use crate::{Credentials, moment};
use byte_ranges::{SourceError, SourceErrorKind};
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Mutex;

/// New credentials are found this long before the old ones end.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// A failure is the answer to every request for this long: each would run the same command and wait for the same server.
const FAILURE_LASTS: Duration = Duration::from_secs(5);

/// Credentials and where they were found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundCredentials {
    /// The credentials.
    pub credentials: Credentials,
    /// Where they were found, in words.
    pub found_in: String,
}

/// What finds S3 credentials, each time anew.
pub trait FindCredentials: Send + Sync {
    /// Finds credentials.
    fn find(&self) -> BoxFuture<'_, Result<FoundCredentials, SourceError>>;

    /// The region that the configuration of the credentials names.
    ///
    /// # Errors
    /// [`SourceError`] for a configuration that cannot be read.
    fn region(&self) -> Result<Option<String>, SourceError>;
}

/// Credentials that are found when the first request needs them, and kept until five minutes before their end. Any number
/// of tasks may ask at once: one of them finds, the others wait. Clones share what was found.
#[derive(Clone)]
pub struct CredentialSource(Arc<Shared>);

struct Shared {
    finder: Box<dyn FindCredentials>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    found: Option<FoundCredentials>,
    /// Others are found from here on.
    renew_at: Option<SystemTime>,
    failed: Option<(Instant, SourceError)>,
}

impl CredentialSource {
    /// Nothing is looked up yet.
    #[must_use]
    pub fn new(finder: impl FindCredentials + 'static) -> Self {
        Self(Arc::new(Shared { finder: Box::new(finder), held: Mutex::default() }))
    }

    /// Credentials that are good now. When finding others fails while the old ones last, these are given.
    ///
    /// # Errors
    /// That of [`FindCredentials::find`]; [`SourceErrorKind::Expired`] where it finds credentials that have ended.
    pub async fn credentials(&self) -> Result<Credentials, SourceError> {
        Ok(self.found().await?.credentials)
    }

    /// [`CredentialSource::credentials`] with where they were found.
    ///
    /// # Errors
    /// As [`CredentialSource::credentials`].
    pub async fn found(&self) -> Result<FoundCredentials, SourceError> {
        let asked = Instant::now();
        let mut held = self.0.held.lock().await;
        let now = SystemTime::now();
        if let Some(found) = held.found.as_ref().filter(|_| held.renew_at.is_none_or(|at| now < at)) {
            return Ok(found.clone());
        }
        let old = held.found.clone().filter(|old| !old.credentials.is_expired(now));
        let lasts = |at: Instant| asked.saturating_duration_since(at) < FAILURE_LASTS;
        if let Some((_, error)) = held.failed.as_ref().filter(|(at, _)| lasts(*at)) {
            return old.ok_or_else(|| error.clone());
        }
        match self.0.finder.find().await.and_then(unexpired) {
            Ok(found) => {
                let now = SystemTime::now();
                let renew_at = found.credentials.expiration.map(|end| {
                    let lasts = end.duration_since(now).unwrap_or_default();
                    end - MARGIN.min(lasts / 2)
                });
                *held = Held { found: Some(found.clone()), renew_at, failed: None };
                Ok(found)
            }
            Err(error) => {
                held.failed = Some((Instant::now(), error.clone()));
                old.ok_or(error)
            }
        }
    }

    /// Forgets `stale`, which a server has called expired whatever their own end says; what another task has found
    /// meanwhile is kept.
    pub async fn forget(&self, stale: &Credentials) {
        let mut held = self.0.held.lock().await;
        if held.found.as_ref().is_some_and(|found| found.credentials == *stale) {
            *held = Held::default();
        }
    }

    /// The region that the configuration of the credentials names.
    ///
    /// # Errors
    /// As [`FindCredentials::region`].
    pub fn region(&self) -> Result<Option<String>, SourceError> {
        self.0.finder.region()
    }
}

fn unexpired(found: FoundCredentials) -> Result<FoundCredentials, SourceError> {
    if !found.credentials.is_expired(SystemTime::now()) {
        return Ok(found);
    }
    let end = found.credentials.expiration.map(moment::extended).unwrap_or_default();
    let message = format!("they ended at {end}: fetch new ones, or set this machine's clock");
    Err(SourceError::new(SourceErrorKind::Expired, format!("S3 credentials of {}", found.found_in), message))
}

impl PartialEq for CredentialSource {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for CredentialSource {}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialSource")
    }
}
