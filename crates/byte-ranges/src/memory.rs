//! A file in memory and a store in memory: for tests, for dropped files, for zips.
use crate::{ByteRange, Cost, Fetched, Sink, Source, SourceError, SourceErrorKind, Stamp, Storage, Tag};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A [`Source`] over bytes at hand. It records every range it was asked for.
#[derive(Clone, Debug)]
pub struct MemorySource {
    bytes: Bytes,
    cost: Cost,
    tag: String,
    asked: RefCell<Vec<ByteRange>>,
}

impl MemorySource {
    /// A source over `bytes`, asked exactly ([`Cost::EXACT`]).
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self::with_cost(bytes, Cost::EXACT)
    }

    /// A source over `bytes` that claims `cost`.
    pub fn with_cost(bytes: impl Into<Bytes>, cost: Cost) -> Self {
        Self { bytes: bytes.into(), cost, tag: "memory".into(), asked: RefCell::default() }
    }

    /// The same with another tag in its [`Stamp`]: another version of the file.
    #[must_use]
    pub fn tagged(self, tag: &str) -> Self {
        Self { tag: tag.into(), ..self }
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

    fn stamp(&self) -> Option<Stamp> {
        Some(Stamp { size: self.bytes.len() as u64, tag: self.tag.clone() })
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

impl Storage for MemorySink {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>, SourceError> {
        Ok(self.objects.borrow().get(key).map(|bytes| (bytes.clone(), Tag::of(bytes))))
    }

    async fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        let held = self.objects.borrow().get(key).map(|bytes| Tag::of(bytes));
        let as_seen = match (&held, seen) {
            (None, None) => true,
            (Some(held), Some(seen)) => seen.holds(held),
            _ => false,
        };
        if as_seen {
            self.put(key, bytes).await?;
        }
        Ok(as_seen)
    }

    async fn delete(&self, key: &str, seen: &Tag) -> Result<(), SourceError> {
        let mut objects = self.objects.borrow_mut();
        if objects.get(key).is_some_and(|bytes| seen.holds(&Tag::of(bytes))) {
            objects.remove(key);
        }
        Ok(())
    }

    async fn list(&self, prefix: &str, most: usize) -> Result<Vec<String>, SourceError> {
        let objects = self.objects.borrow();
        Ok(objects.keys().filter(|key| key.starts_with(prefix)).take(most).cloned().collect())
    }

    async fn settle(&self) -> Result<(), SourceError> {
        Ok(())
    }

    fn shown(&self, key: &str) -> String {
        format!("memory/{key}")
    }
}
