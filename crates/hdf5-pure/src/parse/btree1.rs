//! Version 1 B-trees (III.A.1).
use super::primitive::{Parsed, Sizes, address, bad, defined, repeat, signature, u8, u16, u32, u64};

/// The beginning of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BTree1Prefix {
    /// 0: group, 1: chunks.
    pub(crate) kind: u8,
    /// 0: leaf.
    pub(crate) level: u8,
    /// Children in use.
    pub(crate) entries: u16,
}

/// A node: child `i` lies between key `i` and key `i + 1`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BTree1Node<K> {
    pub(crate) level: u8,
    pub(crate) keys: Vec<K>,
    pub(crate) children: Vec<u64>,
}

/// Key of a chunk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ChunkKey {
    /// Stored size in bytes.
    pub(crate) size: u32,
    pub(crate) filter_mask: u32,
    /// First element in each dimension.
    pub(crate) origin: Vec<u64>,
    /// Offset in bytes within an element: 0, except in the key behind the last chunk.
    pub(crate) within: u64,
}

impl BTree1Prefix {
    /// Size in bytes, siblings included.
    pub(crate) fn len(sizes: Sizes) -> u64 {
        8 + 2 * u64::from(sizes.offset)
    }

    /// Size in bytes of a node with `entries` children and keys of `key` bytes.
    pub(crate) fn node_len(sizes: Sizes, entries: u64, key: u64) -> u64 {
        Self::len(sizes) + entries * (key + u64::from(sizes.offset)) + key
    }

    /// Parses the beginning of a node.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, ()) = signature(b"TREE")(input)?;
            let (rest, kind) = u8(rest)?;
            let (rest, level) = u8(rest)?;
            let (rest, entries) = u16(rest)?;
            let (rest, _left) = address(sizes)(rest)?;
            let (rest, _right) = address(sizes)(rest)?;
            Ok((rest, Self { kind, level, entries }))
        }
    }
}

impl<K> BTree1Node<K> {
    /// Parses a node of type `kind` with keys that `key` parses.
    pub(crate) fn parse<'a>(
        sizes: Sizes,
        kind: u8,
        key: impl Fn(&'a [u8]) -> Parsed<'a, K>,
    ) -> impl FnOnce(&'a [u8]) -> Parsed<'a, Self> {
        move |input| {
            let (mut rest, prefix) = BTree1Prefix::parse(sizes)(input)?;
            if prefix.kind != kind {
                return bad(input, format!("node type {} where {kind} should be", prefix.kind));
            }
            let (mut keys, mut children) = (Vec::new(), Vec::new());
            for _ in 0..prefix.entries {
                let (next, left) = key(rest)?;
                let (next, child) = defined(sizes)(next)?;
                keys.push(left);
                children.push(child);
                rest = next;
            }
            let (rest, last) = key(rest)?;
            keys.push(last);
            Ok((rest, Self { level: prefix.level, keys, children }))
        }
    }
}

impl ChunkKey {
    /// Size in bytes for a dataset of `rank` dimensions.
    pub(crate) fn len(rank: usize) -> u64 {
        8 + 8 * (rank as u64 + 1)
    }

    /// Parses a key of a dataset of `rank` dimensions.
    pub(crate) fn parse(rank: usize) -> impl Fn(&[u8]) -> Parsed<'_, Self> + Copy {
        move |input| {
            let (rest, size) = u32(input)?;
            let (rest, filter_mask) = u32(rest)?;
            let (rest, origin) = repeat(rank, u64)(rest)?;
            let (rest, within) = u64(rest)?;
            Ok((rest, Self { size, filter_mask, origin, within }))
        }
    }

    /// What keys are sorted by.
    pub(crate) fn place(&self) -> (&[u64], u64) {
        (&self.origin, self.within)
    }
}
