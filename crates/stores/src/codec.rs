//! From the bytes of a chunk to the bytes of its values.

use dggs_zarr::{GzipFault, GzipMember, crc32c};
use serde_json::Value;

use crate::Error;

/// A codec after `bytes`, which turns bytes into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    /// RFC 1952.
    Gzip,
    /// Four bytes at the end (Zarr v3, codec `crc32c`).
    Crc32c,
}

/// Codecs of an array or of the chunks in a shard, in the order of encoding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Chain(Vec<Codec>);

impl Chain {
    /// Reads `codecs` that begin with little-endian `bytes`.
    pub(crate) fn parse(codecs: &[Value], key: &str) -> Result<Self, Error> {
        let mut chain = Vec::new();
        for (at, codec) in codecs.iter().enumerate() {
            match (at, codec["name"].as_str().unwrap_or_default()) {
                (0, "bytes") if codec["configuration"]["endian"].as_str().is_none_or(|endian| endian == "little") => {}
                (1.., "gzip") => chain.push(Codec::Gzip),
                (1.., "crc32c") => chain.push(Codec::Crc32c),
                _ => return Err(Error::unsupported(key, format!("codec {codec}"))),
            }
        }
        Ok(Self(chain))
    }

    /// Decodes a chunk of exactly `size` bytes.
    pub(crate) fn decode(&self, chunk: &[u8], size: usize, key: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = chunk.to_vec();
        for codec in self.0.iter().rev() {
            bytes = match codec {
                Codec::Gzip => {
                    gunzip(&bytes, size.saturating_add(4)).map_err(|why| Error::corrupt(key, why.to_string()))?
                }
                Codec::Crc32c => checked(&bytes).map_err(|why| Error::corrupt(key, why))?,
            };
        }
        if bytes.len() == size {
            Ok(bytes)
        } else {
            Err(Error::corrupt(key, format!("the chunk holds {} bytes, not {size}", bytes.len())))
        }
    }
}

fn checked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (content, stored) = bytes.split_last_chunk::<4>().ok_or("the chunk is shorter than its checksum")?;
    if crc32c(content) == u32::from_le_bytes(*stored) {
        Ok(content.to_vec())
    } else {
        Err("the CRC-32C does not match".to_owned())
    }
}

/// One gzip member of at most `limit` bytes of content.
fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, GzipFault> {
    let member = GzipMember::parse(bytes)?;
    let content = member.inflate(limit)?;
    member.check(&content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Python: `gzip.compress(b"cells", mtime=0)`.
    const CELLS: [u8; 25] =
        [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x4e, 0xcd, 0xc9, 0x29, 6, 0, 0xd8, 0xcb, 0xc1, 0x55, 5, 0, 0, 0];

    #[test]
    fn a_member_and_its_faults() {
        let chain = Chain::parse(&[json!({"name": "bytes"}), json!({"name": "gzip"})], "k").unwrap();
        assert_eq!(chain.decode(&CELLS, 5, "k").unwrap(), b"cells");
        for cut in 0..CELLS.len() {
            assert!(chain.decode(&CELLS[..cut], 5, "k").is_err(), "{cut}");
        }
        for at in [10, 17, 21] {
            let mut broken = CELLS;
            broken[at] ^= 1;
            assert!(chain.decode(&broken, 5, "k").is_err(), "{at}");
        }
        assert!(chain.decode(&CELLS, 4, "k").is_err());
    }

    #[test]
    fn other_codecs_are_refused() {
        for codecs in [json!([{"name": "bytes", "configuration": {"endian": "big"}}]), json!([{"name": "gzip"}])] {
            assert!(matches!(Chain::parse(codecs.as_array().unwrap(), "k"), Err(Error::Unsupported { .. })));
        }
        assert!(Chain::parse(&[json!({"name": "bytes"}), json!({"name": "zstd"})], "k").is_err());
    }
}
