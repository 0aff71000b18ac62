//! Symbol Table message (IV.A.2.r), symbol table nodes (III.B) and entries (III.C), local heaps (III.D).
use super::primitive::{Parsed, Sizes, address, defined, length, repeat, signature, skip, take, u16, u32, version};

/// Where the links of an old-style group are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SymbolTable {
    /// Version 1 B-tree over names.
    pub(crate) btree: u64,
    /// Local heap with the names.
    pub(crate) heap: u64,
}

/// One entry of a symbol table node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SnodEntry {
    /// Offset of the name in the local heap.
    pub(crate) name: u64,
    /// Object header; `None` for soft links.
    pub(crate) header: Option<u64>,
    /// Offset of the link value in the local heap, for soft links.
    pub(crate) soft: Option<u32>,
}

/// A symbol table node: entries sorted by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Snod {
    pub(crate) entries: Vec<SnodEntry>,
}

/// Where the names of a local heap are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LocalHeap {
    pub(crate) size: u64,
    pub(crate) address: u64,
}

impl SymbolTable {
    /// Parses a symbol table message.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, btree) = defined(sizes)(input)?;
            let (rest, heap) = defined(sizes)(rest)?;
            Ok((rest, Self { btree, heap }))
        }
    }
}

impl Snod {
    /// Length of the prefix that contains the number of entries.
    pub(crate) const PREFIX: u64 = 8;

    /// Size in bytes of a node whose first [`Self::PREFIX`] bytes are `prefix`.
    pub(crate) fn total(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, u64> {
        move |input| {
            let (rest, count) = snod_prefix(input)?;
            Ok((rest, Self::PREFIX + u64::from(count) * Self::entry_len(sizes)))
        }
    }

    /// Size of an entry in bytes.
    pub(crate) fn entry_len(sizes: Sizes) -> u64 {
        u64::from(sizes.length) + u64::from(sizes.offset) + 24
    }

    /// Parses a node.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, count) = snod_prefix(input)?;
            let (rest, entries) = repeat(usize::from(count), entry(sizes))(rest)?;
            Ok((rest, Self { entries }))
        }
    }
}

impl LocalHeap {
    /// Size of the header in bytes.
    pub(crate) fn len(sizes: Sizes) -> u64 {
        8 + 2 * u64::from(sizes.length) + u64::from(sizes.offset)
    }

    /// Parses a header.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, ()) = signature(b"HEAP")(input)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, ()) = skip(rest, 3)?;
            let (rest, size) = length(sizes)(rest)?;
            // The head of the free list may be "undefined" written with the width of a length.
            let (rest, _free) = take(usize::from(sizes.length))(rest)?;
            let (rest, address) = defined(sizes)(rest)?;
            Ok((rest, Self { size, address }))
        }
    }
}

fn snod_prefix(input: &[u8]) -> Parsed<'_, u16> {
    let (rest, ()) = signature(b"SNOD")(input)?;
    let (rest, _) = version(1..=1)(rest)?;
    let (rest, ()) = skip(rest, 1)?;
    u16(rest)
}

fn entry(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, SnodEntry> {
    /// Cache type of a soft link.
    const SOFT: u32 = 2;
    move |input| {
        let (rest, name) = length(sizes)(input)?;
        let (rest, header) = address(sizes)(rest)?;
        let (rest, cache) = u32(rest)?;
        let (rest, ()) = skip(rest, 4)?;
        let (rest, scratch) = take(16)(rest)?;
        let (_, value) = u32(scratch)?;
        Ok((rest, SnodEntry { name, header, soft: (cache == SOFT).then_some(value) }))
    }
}
