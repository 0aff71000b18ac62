//! What every source and sink of a run shares.
use crate::session::Session;
use crate::{Options, Stats, tls};
use byte_ranges::SourceError;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Options, counters, the session of a login, and the HTTP client.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) stats: Arc<Stats>,
    pub(crate) session: Session,
    http: OnceLock<Result<reqwest::Client, SourceError>>,
    permits: Semaphore,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let permits = Semaphore::new(options.max_in_flight.clamp(1, Semaphore::MAX_PERMITS));
        let session = Session::new(options.password.clone());
        Self { options, stats: Arc::default(), session, http: OnceLock::new(), permits }
    }

    /// The HTTP client, made at its first use: local work never touches TLS.
    pub(crate) fn http(&self) -> Result<&reqwest::Client, SourceError> {
        self.http.get_or_init(|| tls::http_client(&self.options)).as_ref().map_err(Clone::clone)
    }

    /// Waits until fewer than `max_in_flight` requests are under way. `None` cannot occur: the semaphore is never closed.
    pub(crate) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }
}
