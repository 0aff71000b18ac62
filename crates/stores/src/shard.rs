//! Objects that hold one chunk, or many behind an index (Zarr v3, codec `sharding_indexed`).

use dggs_zarr::shard_entries;
use serde_json::Value;

use crate::{Error, codec::Chain};

/// How an object is divided into chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shards {
    /// Rows of a chunk.
    pub(crate) rows: u64,
    /// Codecs of a chunk.
    chain: Chain,
    /// `None`: the object is the chunk.
    index: Option<Index>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Index {
    /// Chunks of a shard.
    chunks: usize,
    chain: Chain,
    /// Bytes that the index takes, its checksum included.
    length: usize,
    at_start: bool,
}

/// Chunks of a shard beyond which it is taken for broken.
const MAX_CHUNKS: u64 = 1 << 20;

impl Shards {
    /// One chunk of `rows` an object.
    pub(crate) fn plain(rows: u64, chain: Chain) -> Self {
        Self { rows, chain, index: None }
    }

    /// From the configuration of `sharding_indexed` for shards of `object` rows.
    pub(crate) fn parse(configuration: &Value, object: u64, key: &str) -> Result<Self, Error> {
        let list = |name: &str| {
            let codecs = configuration[name].as_array();
            codecs.map(Vec::as_slice).ok_or_else(|| Error::corrupt(key, format!("sharding without {name}")))
        };
        let rows = match list("chunk_shape")? {
            [rows] => {
                rows.as_u64().filter(|&rows| rows > 0 && object.is_multiple_of(rows) && object / rows <= MAX_CHUNKS)
            }
            _ => None,
        };
        let rows = rows.ok_or_else(|| Error::corrupt(key, "a shard must be a whole number of chunks"))?;
        let chain = Chain::parse(list("codecs")?, key)?;
        let index_codecs = list("index_codecs")?;
        let checked = match index_codecs {
            [_] => 0,
            [_, crc] if crc["name"] == "crc32c" => 4,
            _ => return Err(Error::unsupported(key, "another index codec than `crc32c`")),
        };
        let chunks = usize::try_from(object / rows).map_err(|_| Error::unsupported(key, "so large a shard"))?;
        let index = Index {
            chunks,
            chain: Chain::parse(index_codecs, key)?,
            length: chunks * 16 + checked,
            at_start: configuration["index_location"] == "start",
        };
        Ok(Self { rows, chain, index: Some(index) })
    }

    /// The chunks that are there: offset in rows from the object's first, and decoded bytes.
    pub(crate) fn decode(&self, object: &[u8], size: usize, key: &str) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        let rows = usize::try_from(self.rows).map_err(|_| Error::unsupported(key, "so large a chunk"))?;
        let Some(index) = &self.index else {
            return Ok(vec![(0, self.chain.decode(object, rows * size, key)?)]);
        };
        let cut = || Error::corrupt(key, "the shard is cut off");
        let split = object.len().checked_sub(index.length).ok_or_else(cut)?;
        let encoded = if index.at_start { &object[..index.length] } else { &object[split..] };
        let entries = index.chain.decode(encoded, index.chunks * 16, key)?;
        let mut chunks = Vec::new();
        for (at, entry) in (0u64..).zip(shard_entries(&entries)) {
            let Some((offset, length)) = entry else { continue };
            let place =
                usize::try_from(offset).ok().zip(offset.checked_add(length).and_then(|end| end.try_into().ok()));
            let chunk = place.and_then(|(start, end): (usize, usize)| object.get(start..end)).ok_or_else(cut)?;
            chunks.push((at * self.rows, self.chain.decode(chunk, rows * size, key)?));
        }
        Ok(chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shards(location: &str) -> Shards {
        let configuration = json!({
            "chunk_shape": [2], "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "index_location": location,
        });
        Shards::parse(&configuration, 6, "k").unwrap()
    }

    /// A shard of three chunks of two bytes, the middle one absent.
    fn shard(at_start: bool) -> Vec<u8> {
        let base = if at_start { 52 } else { 0 };
        let index: Vec<u8> =
            [base, 2, u64::MAX, u64::MAX, base + 2, 2].iter().flat_map(|entry: &u64| entry.to_le_bytes()).collect();
        let crc = dggs_zarr::crc32c(&index).to_le_bytes();
        let index = [&index[..], &crc].concat();
        let data = vec![1, 2, 5, 6];
        if at_start { [index, data].concat() } else { [data, index].concat() }
    }

    #[test]
    fn the_index_stands_at_either_end() {
        for (location, at_start) in [("start", true), ("end", false)] {
            let chunks = shards(location).decode(&shard(at_start), 1, "k").unwrap();
            assert_eq!(chunks, [(0, vec![1, 2]), (4, vec![5, 6])]);
        }
    }

    #[test]
    fn broken_shards_are_errors() {
        let whole = shard(false);
        for cut in 0..whole.len() {
            assert!(shards("end").decode(&whole[..cut], 1, "k").is_err(), "{cut}");
        }
        let mut flipped = whole;
        flipped[5] ^= 1;
        assert!(shards("end").decode(&flipped, 1, "k").is_err());
        assert!(Shards::parse(&json!({"chunk_shape": [4]}), 6, "k").is_err());
    }
}
