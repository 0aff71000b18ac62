//! A source that counts.
use crate::{JobEvent, Observer};
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, Stamp};
use std::cell::Cell;

/// Counts the requests and bytes of one granule and informs the observer.
pub(crate) struct Metered<'a, S> {
    source: S,
    observer: &'a dyn Observer,
    granule: &'a str,
    requests: Cell<u64>,
    bytes: Cell<u64>,
    file_size: Cell<Option<u64>>,
}

impl<'a, S> Metered<'a, S> {
    pub(crate) const fn new(source: S, granule: &'a str, observer: &'a dyn Observer) -> Self {
        Self { source, observer, granule, requests: Cell::new(0), bytes: Cell::new(0), file_size: Cell::new(None) }
    }

    pub(crate) const fn requests(&self) -> u64 {
        self.requests.get()
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Size of the file, once an answer has given it.
    pub(crate) const fn file_size(&self) -> Option<u64> {
        self.file_size.get()
    }
}

impl<S: Source> Source for Metered<'_, S> {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        self.requests.set(self.requests.get() + 1);
        let fetched = self.source.fetch(range).await?;
        let bytes = fetched.bytes.len() as u64;
        self.bytes.set(self.bytes.get() + bytes);
        self.file_size.set(Some(fetched.file_size));
        self.observer.event(JobEvent::Received { granule: self.granule, bytes });
        Ok(fetched)
    }

    fn cost(&self) -> Cost {
        self.source.cost()
    }

    fn stamp(&self) -> Option<Stamp> {
        self.source.stamp()
    }
}
