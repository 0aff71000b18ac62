//! Global heap objects (III.E).
use super::memo::{Walk, Walked};
use crate::parse::{GlobalHeap, run};
use crate::{Error, HeapId};
use bytes::Bytes;

const NAME: &str = "global heap";
/// Collections of the library have at least this size.
const GUESS: u64 = 4096;

/// The bytes of one object.
pub(crate) fn heap_object(walk: &mut Walk<'_>, id: HeapId) -> Walked<Bytes> {
    if id.index == 0 || id.collection == 0 {
        return Ok(Bytes::new());
    }
    let sizes = walk.format()?.sizes;
    let address = id.collection;
    let offset = walk.offset(NAME, address)?;
    let heap = walk.once(address, |walk| {
        let bytes = walk.growing(NAME, address, (GlobalHeap::prefix(sizes), GUESS), |head| {
            run(NAME, offset, head, GlobalHeap::total(sizes))
        })?;
        Ok(run(NAME, offset, &bytes, GlobalHeap::parse(sizes))?)
    })?;
    let found = u16::try_from(id.index).ok().and_then(|index| heap.objects.get(&index));
    found.cloned().ok_or_else(|| Error::corrupt(NAME, offset, format!("there is no object {}", id.index)).into())
}
