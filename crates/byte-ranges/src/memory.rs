//! A file in memory and a store in memory: for tests, for dropped files, for zips.
use crate::{ByteRange, Cost, Fetched, Sink, Source, SourceError, SourceErrorKind};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A [`Source`] over bytes at hand. It records every range it was asked for.
#[derive(Clone, Debug)]
pub struct MemorySource {
    bytes: Bytes,
    cost: Cost,
    asked: RefCell<Vec<ByteRange>>,
}

impl MemorySource {
    /// A source over `bytes`, asked exactly ([`Cost::EXACT`]).
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self::with_cost(bytes, Cost::EXACT)
    }

    /// A source over `bytes` that claims `cost`.
    pub fn with_cost(bytes: impl Into<Bytes>, cost: Cost) -> Self {
        Self { bytes: bytes.into(), cost, asked: RefCell::default() }
    }

    /// Every range asked for so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<ByteRange> {
        self.asked.borrow().clone()
    }
}

impl Source for MemorySource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        self.asked.borrow_mut().push(range);
        let file_size = self.bytes.len() as u64;
        if range.start() > file_size {
            let message = format!("range {range} lies past the end ({file_size} bytes)");
            return Err(SourceError::new(SourceErrorKind::BadAnswer, "memory", message));
        }
        let from = usize::try_from(range.start()).unwrap_or(usize::MAX);
        let to = usize::try_from(range.end().min(file_size)).unwrap_or(usize::MAX);
        Ok(Fetched { bytes: self.bytes.slice(from..to), file_size })
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}

/// A [`Sink`] into memory. It records the order in which keys were put.
#[derive(Clone, Default, Debug)]
pub struct MemorySink {
    objects: RefCell<BTreeMap<String, Bytes>>,
    order: RefCell<Vec<String>>,
}

impl MemorySink {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every object by key.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.objects.borrow().clone()
    }

    /// Keys in the order of their putting.
    #[must_use]
    pub fn order(&self) -> Vec<String> {
        self.order.borrow().clone()
    }
}

impl Sink for MemorySink {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        self.order.borrow_mut().push(key.to_owned());
        self.objects.borrow_mut().insert(key.to_owned(), bytes);
        Ok(())
    }
}
