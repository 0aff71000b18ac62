//! S3 credentials for a long run: fetched once, renewed before they end.
use crate::{Earthdata, Error, Hosts, Login};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use storage::{Clients, Credentials};
use tokio::sync::Mutex;

/// Renewal this long before the end: longer than one granule takes.
pub const RENEWAL_MARGIN: Duration = Duration::from_secs(600);

/// Gives credentials that last: the same ones until they come within a margin of their end, then new ones. Any number of
/// tasks may ask at once; one of them fetches and the others wait.
#[derive(Debug)]
pub struct CredentialProvider {
    earthdata: Earthdata,
    margin: Duration,
    held: Mutex<Option<Held>>,
    fetched: AtomicU64,
}

#[derive(Debug)]
struct Held {
    credentials: Credentials,
    /// Renewal from here on.
    renew_at: Option<SystemTime>,
}

impl CredentialProvider {
    /// Renews `margin` before the end ([`RENEWAL_MARGIN`]), or halfway through where they last less than twice that.
    #[must_use]
    pub fn new(earthdata: Earthdata, margin: Duration) -> Self {
        Self { earthdata, margin, held: Mutex::new(None), fetched: AtomicU64::new(0) }
    }

    /// Credentials that last through a run, of the login that the environment or the netrc holds ([`Login::from_env`]), at
    /// the hosts of [`Hosts::from_env`].
    ///
    /// # Errors
    /// As [`Login::from_env`], [`Hosts::from_env`] and [`storage::http_client`].
    pub fn from_env(clients: &Clients) -> Result<Self, Error> {
        let login = Login::from_env()?;
        let earthdata = Earthdata::new(clients.http()?, clients.options().retry, Hosts::from_env()?, login);
        Ok(Self::new(earthdata, RENEWAL_MARGIN))
    }

    /// Credentials that are good now. When a renewal fails while the old ones still last, these are given, and the next
    /// call tries again.
    ///
    /// # Errors
    /// As [`Earthdata::s3_credentials`].
    pub async fn credentials(&self) -> Result<Credentials, Error> {
        self.credentials_at(SystemTime::now()).await
    }

    /// [`CredentialProvider::credentials`] that are good at a moment.
    ///
    /// # Errors
    /// As [`Earthdata::s3_credentials`].
    pub async fn credentials_at(&self, now: SystemTime) -> Result<Credentials, Error> {
        Ok(self.current(now).await?.0)
    }

    /// Puts fresh credentials into clients if theirs are due; returns whether it did. Call it before every cell.
    ///
    /// # Errors
    /// As [`Earthdata::s3_credentials`].
    pub async fn refresh(&self, clients: &Clients) -> Result<bool, Error> {
        let (credentials, new) = self.current(SystemTime::now()).await?;
        if new {
            clients.renew(credentials);
        }
        Ok(new)
    }

    /// Other credentials than `stale`, which a server has called expired even if their own time says otherwise (a clock may
    /// be wrong). Fetches new ones, unless another task has done so already.
    ///
    /// # Errors
    /// As [`Earthdata::s3_credentials`].
    pub async fn instead_of(&self, stale: &Credentials) -> Result<Credentials, Error> {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.credentials == *stale) {
            *held = None;
        }
        drop(held);
        self.credentials().await
    }

    /// Logins made so far.
    #[must_use]
    pub fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    /// The login and the hosts.
    #[must_use]
    pub fn earthdata(&self) -> &Earthdata {
        &self.earthdata
    }

    async fn current(&self, now: SystemTime) -> Result<(Credentials, bool), Error> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.renew_at.is_none_or(|at| now < at)) {
            return Ok((held.credentials.clone(), false));
        }
        match self.earthdata.s3_credentials().await {
            Ok(credentials) => {
                self.fetched.fetch_add(1, Ordering::Relaxed);
                let renew_at = credentials.expiration.map(|end| {
                    let lasts = end.duration_since(now).unwrap_or_default();
                    end - self.margin.min(lasts / 2)
                });
                *held = Some(Held { credentials: credentials.clone(), renew_at });
                Ok((credentials, true))
            }
            Err(error) => match held.as_ref().filter(|held| !held.credentials.is_expired(now)) {
                Some(held) => Ok((held.credentials.clone(), false)),
                None => Err(error),
            },
        }
    }
}
