//! Collections of global heap objects that were read lately.
use crate::Error;
use crate::parse::GlobalHeap;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of collections that are kept. They are data: a file may have more of them than memory holds, and reading goes from
/// one to the next.
const KEPT: u64 = 64 << 20;
/// About what it takes to keep an empty one.
const ENTRY: u64 = 256;

/// Collections read lately, by address.
#[derive(Default)]
pub(crate) struct Collections {
    known: BTreeMap<u64, Result<Arc<Collection>, Error>>,
    bytes: u64,
}

/// A collection with its bytes, which its objects share.
pub(super) struct Collection {
    pub(super) bytes: Bytes,
    pub(super) heap: GlobalHeap,
}

impl Collections {
    pub(super) fn get(&self, address: u64) -> Option<&Result<Arc<Collection>, Error>> {
        self.known.get(&address)
    }

    pub(super) fn keep(&mut self, address: u64, collection: Result<Arc<Collection>, Error>) {
        let bytes = ENTRY + collection.as_ref().map_or(0, |collection| collection.bytes.len() as u64);
        if self.bytes.saturating_add(bytes) > KEPT {
            *self = Self::default();
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.known.insert(address, collection);
    }
}
