//! Objects of fractal heaps (III.G).
use super::btree2::{Place, records};
use super::memo::{Walk, Walked};
use crate::Error;
use crate::parse::{DirectBlock, HeapHeader, HugeRecord, IndirectBlock, ManagedId, ObjectId, run};
use bytes::Bytes;
use std::sync::Arc;

const NAME: &str = "fractal heap";
/// Levels of indirect blocks: each spans at least twice the bytes of the one below.
const MAX_DEPTH: usize = 64;

impl Walk<'_> {
    /// The header of the heap at an address.
    pub(crate) fn heap(&mut self, address: u64) -> Walked<Arc<HeapHeader>> {
        let sizes = self.format()?.sizes;
        self.once(address, |walk| {
            let bytes = walk.bytes(NAME, address, HeapHeader::len(sizes))?;
            let offset = walk.offset(NAME, address)?;
            Ok(run(NAME, offset, &bytes, HeapHeader::parse(sizes))?)
        })
    }

    /// The object with an id in the heap at an address.
    pub(crate) fn heap_bytes(&mut self, address: u64, id: &[u8]) -> Walked<Bytes> {
        let sizes = self.format()?.sizes;
        let heap = self.heap(address)?;
        let offset = self.offset(NAME, address)?;
        match run("fractal heap id", offset, id, heap.object(sizes))? {
            ObjectId::Tiny(bytes) => Ok(bytes.into()),
            ObjectId::Huge { address, len } => self.bytes("huge object", address, len),
            ObjectId::HugeIndexed(number) => self.huge(offset, &heap, number),
            ObjectId::Managed(id) => self.managed(offset, &heap, id),
        }
    }

    /// The root block of the heap at an address, to have it asked for beside other things.
    pub(crate) fn heap_root(&mut self, address: u64) -> Walked<()> {
        let heap = self.heap(address)?;
        match (heap.root, heap.root_rows) {
            (None, _) => Ok(()),
            (Some(root), 0) => self.direct(&heap, root, heap.root_direct_len()).map(|_| ()),
            (Some(root), rows) => self.indirect(&heap, root, rows).map(|_| ()),
        }
    }

    /// What the direct blocks of the heap at an address hold, in the order of their offsets; `None` for a heap of several
    /// levels.
    pub(crate) fn heap_contents(&mut self, address: u64) -> Walked<Option<Vec<Bytes>>> {
        let sizes = self.format()?.sizes;
        let heap = self.heap(address)?;
        let places = match (heap.root, heap.root_rows) {
            (None, _) => Some(Vec::new()),
            (Some(root), 0) => Some(vec![(root, heap.root_direct_len())]),
            (Some(root), rows) => {
                let block = self.indirect(&heap, root, rows)?;
                let there = block.children.iter().enumerate().filter_map(|(index, child)| Some((index, (*child)?)));
                there.map(|(index, child)| Some((child, heap.direct_len(index)?))).collect()
            }
        };
        let Some(places) = places else { return Ok(None) };
        let blocks = self.all(&places, |walk, &(place, size)| walk.direct(&heap, place, size))?;
        let content = |block: &Arc<DirectBlock>| block.bytes.slice(heap.direct_prefix(sizes).min(block.bytes.len())..);
        Ok(Some(blocks.iter().map(content).collect()))
    }

    fn managed(&mut self, heap_at: u64, heap: &HeapHeader, id: ManagedId) -> Walked<Bytes> {
        let outside = || Error::corrupt(NAME, heap_at, format!("no block holds the object at {}", id.offset));
        let mut address = heap.root.ok_or_else(outside)?;
        let mut offset = id.offset;
        let mut rows = (heap.root_rows > 0).then_some(heap.root_rows);
        let mut size = heap.root_direct_len();
        for _ in 0..MAX_DEPTH {
            let Some(some_rows) = rows else {
                let block = self.direct(heap, address, size)?;
                let begin = usize::try_from(offset).ok();
                let end = offset.checked_add(id.len).and_then(|end| usize::try_from(end).ok());
                let (Some(begin), Some(end)) = (begin, end) else { return Err(outside().into()) };
                return match block.bytes.get(begin..end) {
                    Some(_) => Ok(block.bytes.slice(begin..end)),
                    None => Err(outside().into()),
                };
            };
            let block = self.indirect(heap, address, some_rows)?;
            let child = heap.child(some_rows, offset).ok_or_else(outside)?;
            address = block.children.get(child.index).copied().flatten().ok_or_else(outside)?;
            offset = offset.saturating_sub(child.offset);
            size = child.size;
            if child.rows.is_none() && child.size > heap.max_direct_len() {
                return Err(outside().into());
            }
            rows = child.rows;
        }
        Err(outside().into())
    }

    fn direct(&mut self, heap: &HeapHeader, address: u64, size: u64) -> Walked<Arc<DirectBlock>> {
        const NAME: &str = "fractal heap direct block";
        let sizes = self.format()?.sizes;
        self.once(address, |walk| {
            let bytes = walk.bytes(NAME, address, size)?;
            let offset = walk.offset(NAME, address)?;
            Ok(run(NAME, offset, &bytes, heap.direct(sizes))?)
        })
    }

    fn indirect(&mut self, heap: &HeapHeader, address: u64, rows: u16) -> Walked<Arc<IndirectBlock>> {
        const NAME: &str = "fractal heap indirect block";
        let sizes = self.format()?.sizes;
        self.once(address, |walk| {
            let bytes = walk.bytes(NAME, address, heap.indirect_len(sizes, rows))?;
            let offset = walk.offset(NAME, address)?;
            Ok(run(NAME, offset, &bytes, heap.indirect(sizes, rows))?)
        })
    }

    /// A huge object by its number in the heap's B-tree.
    fn huge(&mut self, heap_at: u64, heap: &HeapHeader, number: u64) -> Walked<Bytes> {
        let missing = || Error::corrupt(NAME, heap_at, format!("huge object {number} is not in the B-tree"));
        let tree = heap.huge.ok_or_else(missing)?;
        let sizes = self.format()?.sizes;
        let found = records(self, tree, HugeRecord::KIND, |at, record| {
            let record = run("huge object record", at, record, HugeRecord::parse(sizes))?;
            Ok((Place::of(&record.id, &(number..=number)), record))
        })?;
        let record = found.first().ok_or_else(missing)?;
        self.bytes("huge object", record.address, record.len)
    }
}
