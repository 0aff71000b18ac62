//! Superblock, versions 0 to 3 (II.A), and the messages of its extension.
use super::checksum::verify;
use super::primitive::{Parsed, Sizes, address, bad, defined, skip, u8, u16, u32, version};

/// Format signature (II.A).
pub(crate) const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// The first 16 bytes of the superblock, which give its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SuperblockPrefix {
    version: u8,
    sizes: Sizes,
}

/// A superblock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Superblock {
    pub(crate) sizes: Sizes,
    /// Ranks of B-trees: group leaves, group nodes, chunk nodes. Halves of what a node holds.
    pub(crate) k: [u16; 3],
    /// Object header of the superblock extension.
    pub(crate) extension: Option<u64>,
    /// Object header of the root group.
    pub(crate) root: u64,
}

/// Ranks where the file does not say otherwise.
const DEFAULT_K: [u16; 3] = [4, 16, 32];

impl SuperblockPrefix {
    /// Bytes a prefix takes.
    pub(crate) const LEN: u64 = 16;

    /// Parses the first [`Self::LEN`] bytes, signature included.
    pub(crate) fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, ()) = skip(input, SIGNATURE.len())?;
        let (rest, version) = version(0..=3)(rest)?;
        let (rest, ()) = skip(rest, if version < 2 { 4 } else { 0 })?;
        let (rest, offset) = u8(rest)?;
        let (rest, length) = u8(rest)?;
        let known = |size: u8| matches!(size, 2 | 4 | 8 | 16);
        if !known(offset) || !known(length) {
            return bad(rest, format!("sizes of {offset} and {length} bytes are not known"));
        }
        Ok((rest, Self { version, sizes: Sizes { offset, length } }))
    }

    /// Size of the whole superblock in bytes.
    pub(crate) fn len(self) -> u64 {
        let offset = u64::from(self.sizes.offset);
        match self.version {
            // Root symbol table entry: name offset, header address, cache type, reserved, scratch pad (III.C).
            0 => 24 + 4 * offset + u64::from(self.sizes.length) + offset + 24,
            1 => 28 + 4 * offset + u64::from(self.sizes.length) + offset + 24,
            _ => 16 + 4 * offset,
        }
    }
}

impl Superblock {
    /// Parses a whole superblock.
    pub(crate) fn parse(input: &[u8]) -> Parsed<'_, Self> {
        let (_, prefix) = SuperblockPrefix::parse(input)?;
        if prefix.version < 2 { Self::parse_old(input, prefix) } else { Self::parse_new(input, prefix) }
    }

    fn parse_old(input: &[u8], prefix: SuperblockPrefix) -> Parsed<'_, Self> {
        let sizes = prefix.sizes;
        let (rest, ()) = skip(input, 16)?;
        let (rest, leaf) = u16(rest)?;
        let (rest, node) = u16(rest)?;
        let (rest, _consistency) = u32(rest)?;
        let (rest, chunk) = if prefix.version == 1 {
            let (rest, chunk) = u16(rest)?;
            (skip(rest, 2)?.0, chunk)
        } else {
            (rest, DEFAULT_K[2])
        };
        let (rest, _base) = address(sizes)(rest)?;
        let (rest, _free_space) = address(sizes)(rest)?;
        let (rest, _end) = address(sizes)(rest)?;
        let (rest, _driver) = address(sizes)(rest)?;
        let (rest, ()) = skip(rest, usize::from(sizes.length))?;
        let (rest, root) = defined(sizes)(rest)?;
        Ok((rest, Self { sizes, k: [leaf, node, chunk], extension: None, root }))
    }

    fn parse_new(input: &[u8], prefix: SuperblockPrefix) -> Parsed<'_, Self> {
        let sizes = prefix.sizes;
        let (_, body) = verify(input)?;
        let (rest, ()) = skip(body, 12)?;
        let (rest, _base) = address(sizes)(rest)?;
        let (rest, extension) = address(sizes)(rest)?;
        let (rest, _end) = address(sizes)(rest)?;
        let (rest, root) = defined(sizes)(rest)?;
        Ok((rest, Self { sizes, k: DEFAULT_K, extension, root }))
    }
}

/// Shared Message Table message (IV.A.2.p): address of the table, number of indexes.
pub(crate) fn shared_table(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, (u64, u8)> {
    move |input| {
        let (rest, _) = version(0..=0)(input)?;
        let (rest, table) = defined(sizes)(rest)?;
        let (rest, indexes) = u8(rest)?;
        Ok((rest, (table, indexes)))
    }
}
