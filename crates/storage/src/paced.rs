//! Bodies of answers with a limit on the whole time: a limit on each part alone would let a server send a byte a second.
use bytes::Bytes;
use reqwest::Response;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Bytes that buy a second beyond the patience.
const MIN_BYTES_PER_SECOND: u32 = 1024;

/// An answer that is read part by part, and fails when it is slower than 1 KiB a second for longer than the patience.
#[derive(Debug)]
pub struct Paced {
    response: Response,
    began: Instant,
    patience: Duration,
    received: u64,
}

/// Why the rest of an answer does not come.
#[derive(Debug)]
pub enum Broken {
    /// The connection failed.
    Transport(reqwest::Error),
    /// It comes too slowly.
    Slow {
        /// Bytes that have come.
        received: u64,
    },
}

impl Paced {
    /// The time counts from now on.
    #[must_use]
    pub fn new(response: Response, patience: Duration) -> Self {
        Self { response, began: Instant::now(), patience, received: 0 }
    }

    /// The next part; `None` after the last.
    ///
    /// # Errors
    /// [`Broken`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        let bought = Duration::from_secs(self.received) / MIN_BYTES_PER_SECOND;
        // What came fast does not buy time to stall.
        let until = (self.began + self.patience + bought).min(Instant::now() + self.patience);
        let part = timeout_at(until, self.response.chunk()).await;
        let part = part.map_err(|_| Broken::Slow { received: self.received })?.map_err(Broken::Transport)?;
        if let Some(part) = &part {
            self.received += part.len() as u64;
        }
        Ok(part)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::Slow { received } => write!(f, "the answer comes too slowly ({received} bytes so far)"),
        }
    }
}
