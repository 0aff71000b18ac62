//! Filter 32004, LZ4 in its HDF5 framing, and the LZ4 block format for the other filters that contain it.

use super::Fault;
use super::cursor::{Cursor, to_usize};

/// LZ4 cannot expand by more than this (a length byte of 255 stands for 255 bytes).
const MAX_RATIO: usize = 256;

/// Decodes the framing: u64 total size, u32 block size, then per block a u32 stored size and its bytes, all
/// big-endian; a block stored at its full size is not compressed.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Cursor::new(data);
    let total = to_usize(input.u64_be()?)?;
    let block = input.len_be()?;
    if total > limit {
        return Err(Fault::TooLarge);
    }
    if total > data.len().saturating_mul(MAX_RATIO) {
        return Err(Fault::truncated());
    }
    if block == 0 && total > 0 {
        return Err(Fault::corrupt("block size is zero"));
    }
    let mut out = vec![0; total];
    for part in out.chunks_mut(block.max(1)) {
        let stored = input.len_be()?;
        let bytes = input.take(stored)?;
        if stored == part.len() {
            part.copy_from_slice(bytes);
        } else {
            block_exact(bytes, part)?;
        }
    }
    Ok(out)
}

/// Decompresses one LZ4 block that must fill `out` exactly.
#[cfg(feature = "lz4")]
pub(crate) fn block_exact(data: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    match lz4_flex::block::decompress_into(data, out) {
        Ok(n) if n == out.len() => Ok(()),
        Ok(_) => Err(Fault::corrupt("an LZ4 block is shorter than declared")),
        Err(e) => Err(Fault::Corrupt(format!("LZ4: {e}").into())),
    }
}

/// Not compiled in.
#[cfg(not(feature = "lz4"))]
pub(crate) const fn block_exact(_data: &[u8], _out: &mut [u8]) -> Result<(), Fault> {
    Err(Fault::Unsupported("which is not compiled in"))
}
