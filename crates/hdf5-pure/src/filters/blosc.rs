//! Filter 32001, Blosc 1: one Blosc buffer per chunk. A 16-byte header, block offsets, and per block one or `typesize`
//! compressed streams; the shuffle is per block.

use super::bitshuffle::bit_unshuffle;
use super::cursor::Cursor;
use super::shuffle::unshuffle_into;
use super::{Fault, blosclz, deflate, lz4, snappy, zstd};

/// Newest buffer format of Blosc 1; Blosc 2 writes higher numbers.
const MAX_VERSION: u8 = 2;

// Header flags.
const BYTE_SHUFFLE: u8 = 0x01;
const STORED: u8 = 0x02;
const BIT_SHUFFLE: u8 = 0x04;
const DONT_SPLIT: u8 = 0x10;

/// Blocks are split into one stream per byte of the type up to this type size,
const MAX_SPLITS: usize = 16;
/// if each stream holds at least this many bytes.
const MIN_SPLIT_BYTES: usize = 128;

struct Header {
    flags: u8,
    type_size: usize,
    total: usize,
    block: usize,
    stored: usize,
}

/// Decodes one Blosc buffer.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Cursor::new(data);
    let header = read_header(&mut input)?;
    if header.total > limit {
        return Err(Fault::TooLarge);
    }
    let data = data.get(..header.stored).ok_or(Fault::truncated())?;
    if header.flags & STORED != 0 {
        return input.take(header.total).map(<[u8]>::to_vec);
    }
    if header.total == 0 {
        return Ok(Vec::new());
    }
    if header.block == 0 || header.type_size == 0 {
        return Err(Fault::corrupt("block or type size is zero"));
    }
    let blocks = header.total.div_ceil(header.block);
    if blocks.saturating_mul(4) > input.rest().len() {
        return Err(Fault::truncated());
    }
    let mut out = vec![0; header.total];
    let mut work = Work { planes: vec![0; header.block.min(header.total)], scratch: Vec::new() };
    for part in out.chunks_mut(header.block) {
        let offset = input.len_le()?;
        let stored = Cursor::new(data.get(offset..).ok_or(Fault::truncated())?);
        decode_block(&header, stored, part, &mut work)?;
    }
    Ok(out)
}

fn read_header(input: &mut Cursor<'_>) -> Result<Header, Fault> {
    let [version, _codec_version, flags, type_size] = input.array()?;
    if version == 0 || version > MAX_VERSION {
        return Err(Fault::Unsupported("a buffer of another Blosc version"));
    }
    let header = Header {
        flags,
        type_size: usize::from(type_size),
        total: input.len_le()?,
        block: input.len_le()?,
        stored: input.len_le()?,
    };
    Ok(header)
}

/// Working memory reused from block to block.
struct Work {
    planes: Vec<u8>,
    scratch: Vec<u8>,
}

fn decode_block(header: &Header, mut stored: Cursor<'_>, out: &mut [u8], work: &mut Work) -> Result<(), Fault> {
    let shuffled = header.flags & BYTE_SHUFFLE != 0 && header.type_size > 1;
    let bit_shuffled = header.flags & BIT_SHUFFLE != 0;
    let planes = work.planes.get_mut(..out.len()).unwrap_or_default();
    let split = header.flags & DONT_SPLIT == 0
        && header.type_size <= MAX_SPLITS
        && header.block / header.type_size >= MIN_SPLIT_BYTES
        && out.len() == header.block;
    let streams = if split { header.type_size } else { 1 };
    if !out.len().is_multiple_of(streams) {
        return Err(Fault::corrupt("a split block is no multiple of the type size"));
    }
    let stream_len = out.len() / streams;
    let target = if shuffled || bit_shuffled { &mut *planes } else { &mut *out };
    for part in target.chunks_mut(stream_len.max(1)) {
        let len = stored.len_le()?;
        let bytes = stored.take(len)?;
        if len == part.len() {
            part.copy_from_slice(bytes);
        } else {
            decode_stream(header.flags >> 5, bytes, part)?;
        }
    }
    if shuffled {
        unshuffle_into(planes, header.type_size, out);
    } else if bit_shuffled {
        undo_bits(planes, header.type_size, out, &mut work.scratch);
    }
    Ok(())
}

/// A block whose element count is no multiple of 8 was left as it is; bytes after the last element always are.
fn undo_bits(planes: &[u8], size: usize, out: &mut [u8], scratch: &mut Vec<u8>) {
    let count = planes.len() / size;
    if !count.is_multiple_of(8) {
        out.copy_from_slice(planes);
        return;
    }
    let (body, tail) = planes.split_at(count * size);
    let (out_body, out_tail) = out.split_at_mut(body.len());
    out_tail.copy_from_slice(tail);
    bit_unshuffle(body, size, out_body, scratch);
}

/// Decompresses one stream that must fill `out` exactly.
pub(super) fn decode_stream(codec: u8, bytes: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    let decoded = match codec {
        0 => blosclz::decode(bytes, out.len())?,
        1 => return lz4::block_exact(bytes, out),
        2 => snappy::decode(bytes, out.len())?,
        3 => deflate::inflate_zlib(bytes, out.len())?,
        4 => return zstd::decode_exact(bytes, out),
        _ => return Err(Fault::Unsupported("unknown codec")),
    };
    if decoded.len() != out.len() {
        return Err(Fault::corrupt("a stream is shorter than declared"));
    }
    out.copy_from_slice(&decoded);
    Ok(())
}
