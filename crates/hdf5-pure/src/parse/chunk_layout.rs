//! Data Layout message, versions 1 to 5 (IV.A.2.i).
use super::primitive::{
    Parsed, Sizes, address, bad, length, narrow, repeat, skip, take, u8, u16, u32, uint, unsupported, version,
};
use crate::object::ChunkIndex;

/// What a layout message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum LayoutMessage {
    /// Data in the message: how many bytes into it they begin, how many there are.
    Compact { skip: usize, len: usize },
    /// Data in one block. From version 3 on, a size follows the address. It is not used: the shape and type of the dataset
    /// give the size, and some writers stored a wrong one.
    Contiguous { address: Option<u64> },
    /// Data in chunks; the last dimension is the size of an element in bytes. The shape of an array
    /// index is also in its header, and is read there.
    Chunked { dims: Vec<u64>, index: ChunkIndex, address: Option<u64>, plain_edges: bool },
    /// Data in other datasets.
    Virtual,
}

/// Layout classes.
const COMPACT: u8 = 0;
const CONTIGUOUS: u8 = 1;
const CHUNKED: u8 = 2;
const VIRTUAL: u8 = 3;

impl LayoutMessage {
    /// Parses a data layout message.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, version) = version(1..=5)(input)?;
            if version < 3 {
                return parse_old(sizes, input.len(), rest);
            }
            let (rest, class) = u8(rest)?;
            match class {
                COMPACT => {
                    let (rest, size) = u16(rest)?;
                    compact(input.len(), rest, usize::from(size))
                }
                CONTIGUOUS => {
                    let (rest, address) = address(sizes)(rest)?;
                    let (rest, _size) = length(sizes)(rest)?;
                    Ok((rest, Self::Contiguous { address }))
                }
                CHUNKED if version == 3 => chunked_3(sizes, rest),
                CHUNKED => chunked_4(sizes, rest),
                VIRTUAL if version > 3 => Ok((rest, Self::Virtual)),
                other => bad(rest, format!("layout class {other} is not known")),
            }
        }
    }
}

/// Versions 1 and 2: dimensionality, class, reserved, address unless compact, 32-bit dimensions.
fn parse_old(sizes: Sizes, whole: usize, input: &[u8]) -> Parsed<'_, LayoutMessage> {
    let (rest, rank) = u8(input)?;
    let (rest, class) = u8(rest)?;
    let (rest, ()) = skip(rest, 5)?;
    if rank == 0 || rank > 33 {
        return bad(rest, format!("{rank} dimensions"));
    }
    let (rest, address) = if class == COMPACT { (rest, None) } else { address(sizes)(rest)? };
    let (rest, dims) = repeat(usize::from(rank), u32)(rest)?;
    match class {
        COMPACT => {
            let (rest, size) = u32(rest)?;
            let (rest, size) = narrow(rest, u64::from(size))?;
            compact(whole, rest, size)
        }
        CONTIGUOUS => Ok((rest, LayoutMessage::Contiguous { address })),
        CHUNKED => chunked(rest, dims.into_iter().map(u64::from).collect(), ChunkIndex::BTree1, address, false),
        other => bad(rest, format!("layout class {other} is not known")),
    }
}

fn compact(whole: usize, input: &[u8], len: usize) -> Parsed<'_, LayoutMessage> {
    let skip = whole - input.len();
    let (rest, _) = take(len)(input)?;
    Ok((rest, LayoutMessage::Compact { skip, len }))
}

fn chunked_3(sizes: Sizes, input: &[u8]) -> Parsed<'_, LayoutMessage> {
    let (rest, rank) = u8(input)?;
    let (rest, address) = address(sizes)(rest)?;
    let (rest, dims) = repeat(usize::from(rank), u32)(rest)?;
    chunked(rest, dims.into_iter().map(u64::from).collect(), ChunkIndex::BTree1, address, false)
}

fn chunked_4(sizes: Sizes, input: &[u8]) -> Parsed<'_, LayoutMessage> {
    let (rest, flags) = u8(input)?;
    let (rest, rank) = u8(rest)?;
    let (rest, width) = u8(rest)?;
    if width == 0 || width > 8 {
        return bad(rest, format!("dimensions of {width} bytes"));
    }
    let (rest, dims) = repeat(usize::from(rank), uint(usize::from(width)))(rest)?;
    let (rest, kind) = u8(rest)?;
    let (rest, index) = match kind {
        // Flag bit 1: the chunk is filtered, its stored size and filter mask follow.
        1 if flags & 0x02 != 0 => {
            let (rest, size) = length(sizes)(rest)?;
            let (rest, mask) = u32(rest)?;
            (rest, ChunkIndex::Single { filtered: Some((size, mask)) })
        }
        1 => (rest, ChunkIndex::Single { filtered: None }),
        2 => (rest, ChunkIndex::Implicit),
        3 => (skip(rest, 1)?.0, ChunkIndex::FixedArray),
        4 => (skip(rest, 5)?.0, ChunkIndex::ExtensibleArray),
        5 => (skip(rest, 6)?.0, ChunkIndex::BTree2),
        other => return unsupported(rest, format!("chunk index type {other}")),
    };
    let (rest, address) = address(sizes)(rest)?;
    // Flag bit 0: partial edge chunks are not filtered.
    chunked(rest, dims, index, address, flags & 0x01 != 0)
}

fn chunked(
    input: &[u8],
    dims: Vec<u64>,
    index: ChunkIndex,
    address: Option<u64>,
    plain_edges: bool,
) -> Parsed<'_, LayoutMessage> {
    if dims.len() < 2 || dims.len() > 33 || dims.contains(&0) {
        return bad(input, format!("chunks of {} with the size of an element", crate::layout::dims(&dims)));
    }
    Ok((input, LayoutMessage::Chunked { dims, index, address, plain_edges }))
}
