//! Global heap objects (III.E).
use super::collections::Collection;
use super::memo::{Stop, Walk, Walked};
use crate::parse::{GlobalHeap, run};
use crate::{Error, HeapId};
use bytes::Bytes;
use std::sync::Arc;

const NAME: &str = "global heap";
/// Collections of the library have at least this size.
const GUESS: u64 = 4096;

/// The bytes of one object.
pub(crate) fn heap_object(walk: &mut Walk<'_>, id: HeapId) -> Walked<Bytes> {
    if id.index == 0 || id.collection == 0 {
        return Ok(Bytes::new());
    }
    let offset = walk.offset(NAME, id.collection)?;
    let collection = match walk.memo.collections.get(id.collection) {
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
