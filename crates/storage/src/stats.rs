//! Counters that a source, a sink and a whole run share.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Live counters. Every count also goes to the parent, if there is one: a file counts for itself and for the run.
#[derive(Debug, Default)]
pub struct Stats {
    requests: AtomicU64,
    bytes: AtomicU64,
    retries: AtomicU64,
    parent: Option<Arc<Stats>>,
}

/// What [`Stats`] held at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Requests sent (reads, for a local file), those that failed and the hops of a redirect included.
    pub requests: u64,
    /// Bytes of file or object content that arrived or were put, those of failed attempts included.
    pub bytes: u64,
    /// Attempts beyond the first.
    pub retries: u64,
}

impl Stats {
    /// Counters at zero that also count for `parent`.
    #[must_use]
    pub fn under(parent: &Arc<Self>) -> Self {
        Self { parent: Some(Arc::clone(parent)), ..Self::default() }
    }

    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn add_request(&self) {
        self.add(|s| &s.requests, 1);
    }

    pub(crate) fn add_bytes(&self, count: usize) {
        self.add(|s| &s.bytes, count as u64);
    }

    pub(crate) fn add_retry(&self) {
        self.add(|s| &s.retries, 1);
    }

    fn add(&self, which: impl Fn(&Self) -> &AtomicU64, count: u64) {
        let mut at = Some(self);
        while let Some(stats) = at {
            which(stats).fetch_add(count, Ordering::Relaxed);
            at = stats.parent.as_deref();
        }
    }
}

/// Requests to S3 by their price.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Billed {
    /// GET and HEAD.
    pub gets: u64,
    /// PUT and LIST. DELETE is free.
    pub puts: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_for_itself_and_for_the_run() {
        let run = Arc::new(Stats::default());
        let (a, b) = (Stats::under(&run), Stats::under(&run));
        a.add_request();
        a.add_bytes(10);
        b.add_request();
        b.add_retry();
        assert_eq!(a.snapshot(), Counts { requests: 1, bytes: 10, retries: 0 });
        assert_eq!(run.snapshot(), Counts { requests: 2, bytes: 10, retries: 1 });
    }
}
