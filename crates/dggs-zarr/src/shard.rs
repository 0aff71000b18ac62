//! The `sharding_indexed` codec: several chunks in one object, with an index at its end.

use bytes::Bytes;
use crc::{CRC_32_ISCSI, Crc, NoTable};
use serde_json::{Value, json};

use crate::Error;

/// The codec's metadata (Zarr v3 codec specification `sharding_indexed`, version 1.0).
pub(crate) fn shard_codec(chunk_shape: &[u64], codecs: &Value) -> Value {
    json!([{
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": chunk_shape,
            "codecs": codecs,
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "index_location": "end",
        },
    }])
}

/// One shard: the chunks in order, then offset and length of each as `uint64`, then the CRC-32C of that index.
pub(crate) fn pack(chunks: &[Bytes]) -> Bytes {
    let content: usize = chunks.iter().map(Bytes::len).sum();
    let mut shard = Vec::with_capacity(content + 16 * chunks.len() + 4);
    let mut index = Vec::with_capacity(16 * chunks.len());
    for chunk in chunks {
        index.extend((shard.len() as u64).to_le_bytes());
        index.extend((chunk.len() as u64).to_le_bytes());
        shard.extend_from_slice(chunk);
    }
    shard.extend_from_slice(&index);
    shard.extend(crc32c(&index).to_le_bytes());
    shard.into()
}

/// The chunks of a shard that [`pack`] made.
pub(crate) fn unpack(shard: &[u8], chunks: usize) -> Result<Vec<&[u8]>, Error> {
    let cut = Error::Object("the shard is cut off");
    let Some((index, crc)) = shard.split_last_chunk::<4>() else { return Err(cut) };
    let start = chunks.checked_mul(16).and_then(|length| index.len().checked_sub(length));
    let Some((content, index)) = start.and_then(|start| index.split_at_checked(start)) else { return Err(cut) };
    if crc32c(index) != u32::from_le_bytes(*crc) {
        return Err(Error::Object("damaged: the CRC-32C of the shard's index does not match"));
    }
    let mut parts = Vec::with_capacity(chunks);
    let mut rest = content;
    // The chunks follow each other without gaps: the offsets add nothing.
    for entry in shard_entries(index) {
        let (offset, length) = entry.ok_or(Error::Object(OTHER))?;
        let length = usize::try_from(length).ok();
        let (part, after) = length.and_then(|length| rest.split_at_checked(length)).ok_or(Error::Object(OTHER))?;
        if offset != (content.len() - rest.len()) as u64 {
            return Err(Error::Object(OTHER));
        }
        parts.push(part);
        rest = after;
    }
    Ok(parts)
}

const OTHER: &str = "the chunks of the shard do not follow each other";

/// The entries of a decoded shard index: offset and length in bytes of each chunk, `None` for one that is absent (both
/// numbers 2^64 - 1).
pub(crate) fn shard_entries(index: &[u8]) -> impl Iterator<Item = Option<(u64, u64)>> {
    let numbers = index.as_chunks::<8>().0.as_chunks::<2>().0;
    let entries = numbers.iter().map(|&[offset, length]| (u64::from_le_bytes(offset), u64::from_le_bytes(length)));
    entries.map(|entry| (entry != (u64::MAX, u64::MAX)).then_some(entry))
}

/// CRC-32C (RFC 3720, section 12.1), without a table: an index has 16 bytes a chunk.
pub(crate) fn crc32c(data: &[u8]) -> u32 {
    const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISCSI);
    CRC.checksum(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4.
    #[test]
    fn crc_check_values() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
    }

    #[test]
    fn the_index_tells_where_chunks_are() {
        let shard = pack(&[Bytes::from_static(b"abc"), Bytes::from_static(b"de")]);
        assert_eq!(shard[..5], *b"abcde");
        let numbers: Vec<u8> = [0u64, 3, 3, 2].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(shard[5..37], numbers);
        assert_eq!(shard.len(), 41);
        assert_eq!(unpack(&shard, 2).unwrap(), [&b"abc"[..], b"de"]);
        assert!(unpack(&shard, 3).is_err());
    }
}
