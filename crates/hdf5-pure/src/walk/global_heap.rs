//! Global heap objects (III.E).
use super::memo::{Stop, Walk, Walked};
use crate::parse::{GlobalHeap, run};
use crate::{Error, HeapId};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

const NAME: &str = "global heap";
/// Collections of the library have at least this size.
const GUESS: u64 = 4096;

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
struct Collection {
    bytes: Bytes,
    heap: GlobalHeap,
}

impl Collections {
    fn keep(&mut self, address: u64, collection: Result<Arc<Collection>, Error>) {
        let bytes = ENTRY + collection.as_ref().map_or(0, |collection| collection.bytes.len() as u64);
        if self.bytes.saturating_add(bytes) > KEPT {
            *self = Self::default();
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.known.insert(address, collection);
    }
}

/// The bytes of one object.
pub(crate) fn heap_object(walk: &mut Walk<'_>, id: HeapId) -> Walked<Bytes> {
    if id.index == 0 || id.collection == 0 {
        return Ok(Bytes::new());
    }
    let offset = walk.offset(NAME, id.collection)?;
    let collection = match walk.memo.collections.known.get(&id.collection) {
        Some(known) => known.clone()?,
        None => {
            let read = match collection(walk, id.collection, offset) {
                Err(Stop::Missing) => return Err(Stop::Missing),
                Err(Stop::Failed(error)) => Err(error),
                Ok(collection) => Ok(Arc::new(collection)),
            };
            walk.memo.collections.keep(id.collection, read.clone());
            read?
        }
    };
    let found = u16::try_from(id.index).ok().and_then(|index| collection.heap.objects.get(&index)).cloned();
    match found.filter(|range| range.end <= collection.bytes.len()) {
        Some(range) => Ok(collection.bytes.slice(range)),
        None => Err(Error::corrupt(NAME, offset, format!("there is no object {}", id.index)).into()),
    }
}

fn collection(walk: &mut Walk<'_>, address: u64, offset: u64) -> Walked<Collection> {
    let sizes = walk.format()?.sizes;
    let bytes = walk.growing(NAME, address, (GlobalHeap::prefix(sizes), GUESS), |head| {
        run(NAME, offset, head, GlobalHeap::total(sizes))
    })?;
    let heap = run(NAME, offset, &bytes, GlobalHeap::parse(sizes))?;
    Ok(Collection { bytes, heap })
}
