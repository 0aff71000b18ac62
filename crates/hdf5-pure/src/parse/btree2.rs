//! Version 2 B-trees (III.A.2) and the records that are read here.
use super::checksum::verify;
use super::primitive::{
    Parsed, Sizes, address, bad, bytes_for, defined, length, narrow, repeat, signature, skip, take, u8, u16, u32, u64,
    uint, version,
};
use bytes::Bytes;

/// A header, with what follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BTree2Header {
    pub(crate) kind: u8,
    pub(crate) record_size: u16,
    pub(crate) depth: u16,
    pub(crate) root: Option<u64>,
    pub(crate) root_records: u16,
    pub(crate) total: u64,
    /// Bytes of a child's number of records.
    count_width: usize,
    /// Bytes of the number of records of a whole subtree, by the level of its root; 0 for leaves, where it is left out.
    total_width: Vec<usize>,
}

/// A node: records as bytes, children between them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BTree2Node {
    record_size: usize,
    records: Bytes,
    /// Address and number of records of each child; empty for leaves.
    pub(crate) children: Vec<(u64, u16)>,
}

/// Bytes of a node that are neither records nor children: signature, version, type, checksum.
const OVERHEAD: u64 = 10;
/// Deeper trees than this would hold more records than fit in 64 bits.
const MAX_DEPTH: u16 = 64;

impl BTree2Header {
    /// Size in bytes.
    pub(crate) fn len(sizes: Sizes) -> u64 {
        22 + u64::from(sizes.offset) + u64::from(sizes.length)
    }

    /// Parses a header.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = signature(b"BTHD")(body)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, kind) = u8(rest)?;
            let (rest, node_size) = u32(rest)?;
            let (rest, record_size) = u16(rest)?;
            let (rest, depth) = u16(rest)?;
            let (rest, _split_merge) = u16(rest)?;
            let (rest, root) = address(sizes)(rest)?;
            let (rest, root_records) = u16(rest)?;
            let (rest, total) = length(sizes)(rest)?;
            let Some((count_width, total_width)) = widths(sizes, u64::from(node_size), u64::from(record_size), depth)
            else {
                return bad(rest, format!("{depth} levels of nodes of {node_size} bytes, records of {record_size}"));
            };
            Ok((rest, Self { kind, record_size, depth, root, root_records, total, count_width, total_width }))
        }
    }

    /// Size in bytes of a node at `level` (0: leaf) with `records` records, checksum included.
    pub(crate) fn node_len(&self, sizes: Sizes, level: u16, records: u16) -> u64 {
        let children = if level == 0 { 0 } else { u64::from(records) + 1 };
        OVERHEAD + u64::from(records) * u64::from(self.record_size) + children * self.child_len(sizes, level)
    }

    fn child_len(&self, sizes: Sizes, level: u16) -> u64 {
        u64::from(sizes.offset) + (self.count_width + self.total_width(level)) as u64
    }

    /// Width of the total number of records that a node at `level` keeps for each child.
    fn total_width(&self, level: u16) -> usize {
        level.checked_sub(1).and_then(|child| self.total_width.get(usize::from(child)).copied()).unwrap_or(0)
    }
}

/// Widths of the counts in child pointers: they follow from how many records fit.
fn widths(sizes: Sizes, node_size: u64, record_size: u64, depth: u16) -> Option<(usize, Vec<usize>)> {
    if depth > MAX_DEPTH || record_size == 0 {
        return None;
    }
    let leaf = node_size.checked_sub(OVERHEAD)? / record_size;
    let count_width = bytes_for(leaf);
    let (mut most, mut total_width) = (leaf, vec![0]);
    for _ in 0..depth {
        let child = u64::from(sizes.offset) + (count_width + total_width.last()?) as u64;
        let records = node_size.checked_sub(OVERHEAD + child)? / (record_size + child);
        most = (records + 1).saturating_mul(most).saturating_add(records);
        total_width.push(bytes_for(most));
    }
    Some((count_width, total_width))
}

impl BTree2Node {
    /// Parses a node at `level` (0: leaf) with `records` records.
    pub(crate) fn parse(
        sizes: Sizes,
        header: &BTree2Header,
        level: u16,
        records: u16,
    ) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = signature(if level == 0 { b"BTLF" } else { b"BTIN" })(body)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, kind) = u8(rest)?;
            if kind != header.kind {
                return bad(rest, format!("node type {kind} in a tree of type {}", header.kind));
            }
            let record_size = usize::from(header.record_size);
            let (rest, bytes) = take(record_size * usize::from(records))(rest)?;
            let child = |input| {
                let (rest, at) = defined(sizes)(input)?;
                let (rest, count) = uint(header.count_width)(rest)?;
                let (rest, ()) = skip(rest, header.total_width(level))?;
                match u16::try_from(count) {
                    Ok(count) => Ok((rest, (at, count))),
                    Err(_) => bad(rest, format!("{count} records in a child")),
                }
            };
            let count = if level == 0 { 0 } else { usize::from(records) + 1 };
            let (rest, children) = repeat(count, child)(rest)?;
            Ok((rest, Self { record_size, records: Bytes::copy_from_slice(bytes), children }))
        }
    }

    /// The records as bytes.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.records.chunks_exact(self.record_size.max(1))
    }
}

/// Record of the name index of dense links (type 5) or dense attributes (type 8).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DenseRecord {
    /// Hash of the name.
    pub(crate) hash: u32,
    /// Heap id of the link or attribute.
    pub(crate) id: Vec<u8>,
    /// Attributes: message flags; bit 1: the id is one of the heap of shared messages.
    pub(crate) shared: bool,
}

impl DenseRecord {
    /// Link name index.
    pub(crate) const LINK_NAMES: u8 = 5;
    /// Attribute name index.
    pub(crate) const ATTRIBUTE_NAMES: u8 = 8;

    /// Parses a record of type 5 or 8.
    pub(crate) fn parse(kind: u8) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            if kind == Self::LINK_NAMES {
                let (rest, hash) = u32(input)?;
                let (rest, id) = take(rest.len())(rest)?;
                return Ok((rest, Self { hash, id: id.to_vec(), shared: false }));
            }
            // Heap id of eight bytes, message flags, creation order, hash.
            let (rest, id) = take(8)(input)?;
            let (rest, flags) = u8(rest)?;
            let (rest, _order) = u32(rest)?;
            let (rest, hash) = u32(rest)?;
            Ok((rest, Self { hash, id: id.to_vec(), shared: flags & 0x02 != 0 }))
        }
    }
}

/// Record of an indirectly accessed, unfiltered huge object of a fractal heap (type 1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HugeRecord {
    pub(crate) address: u64,
    pub(crate) len: u64,
    pub(crate) id: u64,
}

impl HugeRecord {
    pub(crate) const KIND: u8 = 1;

    /// Parses a record of type 1.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, address) = defined(sizes)(input)?;
            let (rest, len) = length(sizes)(rest)?;
            let (rest, id) = length(sizes)(rest)?;
            Ok((rest, Self { address, len, id }))
        }
    }
}

/// Record of a chunk (types 10 and 11).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ChunkRecord {
    pub(crate) address: Option<u64>,
    /// Stored size and filter mask; `None` without filters.
    pub(crate) filtered: Option<(u64, u32)>,
    /// Coordinates of the chunk in chunks.
    pub(crate) scaled: Vec<u64>,
}

impl ChunkRecord {
    pub(crate) const PLAIN: u8 = 10;
    pub(crate) const FILTERED: u8 = 11;

    /// Parses a record of type 10 or 11 for a dataset of `rank` dimensions.
    pub(crate) fn parse(sizes: Sizes, kind: u8, rank: usize) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let whole = input.len();
            let (rest, address) = address(sizes)(input)?;
            let (rest, filtered) = if kind == Self::FILTERED {
                // The width of the stored size is what the other fields leave of the record.
                let others = usize::from(sizes.offset) + 4 + 8 * rank;
                let (rest, width) = narrow(rest, whole.saturating_sub(others) as u64)?;
                let (rest, size) = uint(width)(rest)?;
                let (rest, mask) = u32(rest)?;
                (rest, Some((size, mask)))
            } else {
                (rest, None)
            };
            let (rest, scaled) = repeat(rank, u64)(rest)?;
            Ok((rest, Self { address, filtered, scaled }))
        }
    }
}
