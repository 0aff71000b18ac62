//! Filter 32008, bitshuffle: bit `b` of byte `k` of all elements of a block stored together, then optionally LZ4 or
//! Zstandard per block; also the bit shuffle inside Blosc.

use super::cursor::{Cursor, to_usize};
use super::shuffle::unshuffle_into;
use super::{Fault, lz4, zstd};

/// Bytes per block that the library aims at when no block size is given.
const TARGET_BLOCK_BYTES: usize = 8192;
/// Smallest default block, in elements.
const MIN_BLOCK_ELEMENTS: usize = 128;
/// Blocks hold a multiple of this many elements.
const BLOCK_MULTIPLE: usize = 8;

/// How a block is packed after the shuffle: client data word 4.
#[derive(Clone, Copy)]
enum Codec {
    None,
    Lz4,
    Zstd,
}

/// Undoes the filter. Client data: major and minor version, element size, block size in elements (0: default), codec
/// (absent or 0: none, 2: LZ4, 3: Zstandard).
pub(crate) fn decode(words: &[u32], data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let &[_, _, size, ..] = words else { return Err(Fault::corrupt("too few client data words")) };
    let size = to_usize(size)?;
    if size == 0 {
        return Err(Fault::corrupt("element size is zero"));
    }
    let codec = match words.get(4) {
        None | Some(0) => Codec::None,
        Some(2) => Codec::Lz4,
        Some(3) => Codec::Zstd,
        Some(_) => return Err(Fault::Unsupported("unknown codec")),
    };
    let mut input = Cursor::new(data);
    let (total, block_bytes) = if let Codec::None = codec {
        (data.len(), to_usize(words.get(3).copied().unwrap_or(0))?.saturating_mul(size))
    } else {
        // Big-endian u64 total size in bytes, u32 block size in bytes.
        (to_usize(input.u64_be()?)?, input.len_be()?)
    };
    if total > limit {
        return Err(Fault::TooLarge);
    }
    let block = block_elements(block_bytes, size)?;
    undo_blocks(&mut input, codec, total, block, size)
}

fn block_elements(block_bytes: usize, size: usize) -> Result<usize, Fault> {
    let elements = match block_bytes / size {
        0 => (TARGET_BLOCK_BYTES / size / BLOCK_MULTIPLE * BLOCK_MULTIPLE).max(MIN_BLOCK_ELEMENTS),
        n => n,
    };
    if elements % BLOCK_MULTIPLE == 0 { Ok(elements) } else { Err(Fault::corrupt("block size is not a multiple of 8")) }
}

fn undo_blocks(
    input: &mut Cursor<'_>,
    codec: Codec,
    total: usize,
    block: usize,
    size: usize,
) -> Result<Vec<u8>, Fault> {
    // Elements beyond the last multiple of 8, and bytes beyond the last element, are stored as they are.
    let shuffled = total / size / BLOCK_MULTIPLE * BLOCK_MULTIPLE * size;
    let block_bytes = block.checked_mul(size).ok_or(Fault::corrupt("block size overflows"))?;
    if shuffled.div_ceil(block_bytes).saturating_mul(4) > input.rest().len() && !matches!(codec, Codec::None) {
        return Err(Fault::truncated());
    }
    let mut out = vec![0; total];
    let (body, tail) = out.split_at_mut(shuffled.min(total));
    let mut planes = vec![0; block_bytes.min(body.len())];
    let mut scratch = Vec::new();
    for part in body.chunks_mut(block_bytes) {
        let packed = planes.get_mut(..part.len()).unwrap_or_default();
        match codec {
            Codec::None => packed.copy_from_slice(input.take(part.len())?),
            Codec::Lz4 => lz4::block_exact(sized(input)?, packed)?,
            Codec::Zstd => zstd::decode_exact(sized(input)?, packed)?,
        }
        bit_unshuffle(packed, size, part, &mut scratch);
    }
    tail.copy_from_slice(input.take(tail.len())?);
    Ok(out)
}

/// A block's bytes after its big-endian u32 length.
fn sized<'a>(input: &mut Cursor<'a>) -> Result<&'a [u8], Fault> {
    let n = input.len_be()?;
    input.take(n)
}

/// Undoes the bit transposition of a multiple of 8 elements; `scratch` is working memory for reuse.
pub(crate) fn bit_unshuffle(planes: &[u8], size: usize, out: &mut [u8], scratch: &mut Vec<u8>) {
    let count = planes.len() / size.max(1);
    scratch.clear();
    scratch.resize(planes.len(), 0);
    if count >= BLOCK_MULTIPLE {
        // Eight bit planes of count / 8 bytes make one byte plane of count bytes.
        for (bits, bytes) in planes.chunks_exact(count).zip(scratch.chunks_exact_mut(count)) {
            bits_to_bytes(bits, count / 8, bytes);
        }
    }
    unshuffle_into(scratch, size, out);
}

fn bits_to_bytes(bits: &[u8], row: usize, bytes: &mut [u8]) {
    let mut rows: [&[u8]; 8] = [&[]; 8];
    for (slot, plane) in rows.iter_mut().zip(bits.chunks_exact(row)) {
        *slot = plane;
    }
    let [a, b, c, d, e, f, g, h] = rows;
    let low = a.iter().zip(b).zip(c.iter().zip(d));
    let high = e.iter().zip(f).zip(g.iter().zip(h));
    for ((((a, b), (c, d)), ((e, f), (g, h))), eight) in low.zip(high).zip(bytes.as_chunks_mut::<8>().0) {
        *eight = transpose(u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h])).to_le_bytes();
    }
}

/// Transposes an 8 x 8 bit matrix, bit `j` of byte `i` becoming bit `i` of byte `j`.
const fn transpose(x: u64) -> u64 {
    let t = (x ^ (x >> 7)) & 0x00aa_00aa_00aa_00aa;
    let x = x ^ t ^ (t << 7);
    let t = (x ^ (x >> 14)) & 0x0000_cccc_0000_cccc;
    let x = x ^ t ^ (t << 14);
    let t = (x ^ (x >> 28)) & 0x0000_0000_f0f0_f0f0;
    x ^ t ^ (t << 28)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposes_bits() {
        for bit in 0..64 {
            let (byte, place) = (bit / 8, bit % 8);
            assert_eq!(transpose(1 << bit), 1 << (place * 8 + byte));
        }
    }

    #[test]
    fn undoes_a_plain_bit_shuffle() {
        for (size, count) in [(1, 8), (2, 24), (3, 16), (4, 64), (8, 128)] {
            let data: Vec<u8> = (0..size * count).map(|i| u8::try_from(i * i * 7 % 255).unwrap()).collect();
            let mut planes = vec![0_u8; data.len()];
            for (e, element) in data.chunks(size).enumerate() {
                for bit in 0..size * 8 {
                    planes[bit * count / 8 + e / 8] |= (element[bit / 8] >> (bit % 8) & 1) << (e % 8);
                }
            }
            let mut out = vec![0; data.len()];
            bit_unshuffle(&planes, size, &mut out, &mut Vec::new());
            assert_eq!(out, data, "size {size}");
        }
    }
}
