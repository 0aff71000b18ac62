//! Where the chunks of a shard are (Zarr v3, codec `sharding_indexed`).
//!
//! The chunks go through `zarrs` one by one. Its own codec for shards adds offset and length without a check, and panics on
//! an index that lies; it also fills what a shard leaves out, where a store of the whole sphere means "not computed".

use serde_json::Value;
use std::borrow::Cow;
use std::num::NonZeroU64;
use std::ops::Range;
use zarrs::array::{ArrayToBytesCodecTraits as _, BytesRepresentation, CodecChain, CodecOptions, FillValue, data_type};

use crate::Error;
use crate::chain::{chain, shape};

/// Chunks of a shard beyond which it is taken for broken.
const MAX_CHUNKS: u64 = 1 << 20;

/// The index of a shard.
#[derive(Debug)]
pub(crate) struct ShardIndex {
    /// Two numbers a chunk.
    shape: Vec<NonZeroU64>,
    codecs: CodecChain,
    /// Bytes that it takes in the object.
    length: usize,
    at_start: bool,
}

impl ShardIndex {
    /// From the configuration of `sharding_indexed` for shards of the shape `object`: the index, and shape and codecs of a chunk.
    pub(crate) fn parse(
        configuration: &Value,
        object: &[NonZeroU64],
        key: &str,
    ) -> Result<(Option<Self>, Vec<NonZeroU64>, CodecChain), Error> {
        let list = |name: &str| {
            let codecs = configuration[name].as_array();
            codecs.map(Vec::as_slice).ok_or_else(|| Error::corrupt(key, format!("sharding without {name}")))
        };
        let chunk = shape(&configuration["chunk_shape"]).filter(|chunk| chunk.len() == object.len());
        let chunk = chunk.ok_or_else(|| Error::corrupt(key, "a shard must be a whole number of chunks"))?;
        let counts = object.iter().zip(&chunk).map(|(object, chunk)| {
            let count = object.get() / chunk.get();
            object.get().is_multiple_of(chunk.get()).then(|| NonZeroU64::new(count)).flatten()
        });
        let counts = counts.collect::<Option<Vec<NonZeroU64>>>();
        let few = |counts: &Vec<NonZeroU64>| {
            counts.iter().fold(1_u64, |all, count| all.saturating_mul(count.get())) <= MAX_CHUNKS
        };
        let counts = counts.filter(few);
        let mut shape = counts.ok_or_else(|| Error::corrupt(key, "a shard must be a whole number of chunks"))?;
        shape.push(NonZeroU64::MIN.saturating_add(1));
        let codecs = chain(list("index_codecs")?, key)?;
        let length = match codecs.encoded_representation(&shape, &data_type::uint64(), &FillValue::from(u64::MAX)) {
            Ok(BytesRepresentation::FixedSize(length)) => usize::try_from(length).ok(),
            _ => None,
        };
        let length = length.ok_or_else(|| Error::unsupported(key, "an index without a fixed length"))?;
        let index = Self { shape, codecs, length, at_start: configuration["index_location"] == "start" };
        Ok((Some(index), chunk, chain(list("codecs")?, key)?))
    }

    /// The chunks that are in an object: their number, and their place in its bytes.
    pub(crate) fn places(&self, object: &[u8]) -> Result<Vec<(u64, Range<usize>)>, String> {
        let cut = || "the shard is cut off".to_owned();
        let split = object.len().checked_sub(self.length).ok_or_else(cut)?;
        let encoded = if self.at_start { object.get(..self.length) } else { object.get(split..) };
        let encoded = Cow::Borrowed(encoded.ok_or_else(cut)?);
        let (kind, fill) = (data_type::uint64(), FillValue::from(u64::MAX));
        let decoded = self.codecs.decode(encoded, &self.shape, &kind, &fill, &CodecOptions::default());
        let index = decoded.and_then(|bytes| Ok(bytes.into_fixed()?)).map_err(|error| error.to_string())?;
        let (mut places, mut held) = (Vec::new(), 0_usize);
        for (number, entry) in (0u64..).zip(index.as_chunks::<16>().0) {
            let (offset, length) = entry.split_at(8);
            let number_of = |bytes: &[u8]| bytes.first_chunk().map_or(u64::MAX, |bytes| u64::from_ne_bytes(*bytes));
            let (offset, length) = (number_of(offset), number_of(length));
            if (offset, length) == (u64::MAX, u64::MAX) {
                continue;
            }
            let end = offset.checked_add(length).and_then(|end| usize::try_from(end).ok());
            let end = end.filter(|&end| end <= object.len()).ok_or_else(cut)?;
            let start = usize::try_from(offset).map_err(|_| cut())?;
            // Chunks that share bytes would decode to far more than the object holds.
            held = held.saturating_add(end - start);
            if held > object.len() {
                return Err("chunks of the shard share their bytes".to_owned());
            }
            places.push((number, start..end));
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn index(location: &str) -> ShardIndex {
        let little = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let configuration = json!({
            "chunk_shape": [2], "codecs": [little], "index_codecs": [little, {"name": "crc32c"}],
            "index_location": location,
        });
        let (index, rows, _) = ShardIndex::parse(&configuration, &[NonZeroU64::new(6).unwrap()], "k").unwrap();
        assert_eq!(rows, [NonZeroU64::new(2).unwrap()]);
        index.unwrap()
    }

    /// A shard of three chunks of two bytes with these entries in its index.
    fn shard(at_start: bool, entries: [u64; 6]) -> Vec<u8> {
        let index: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
        let crc = crc32c(&index).to_le_bytes();
        let index = [&index[..], &crc].concat();
        let data = vec![1, 2, 5, 6];
        if at_start { [index, data].concat() } else { [data, index].concat() }
    }

    /// Bit by bit, from the definition (RFC 3720, B.4).
    fn crc32c(bytes: &[u8]) -> u32 {
        let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
    }

    #[test]
    fn the_index_stands_at_either_end() {
        for (location, at_start, base) in [("start", true, 52), ("end", false, 0)] {
            let shard = shard(at_start, [base, 2, u64::MAX, u64::MAX, base + 2, 2]);
            let places = index(location).places(&shard).unwrap();
            let held: Vec<_> = places.iter().map(|(number, place)| (*number, &shard[place.clone()])).collect();
            assert_eq!(held, [(0, &[1, 2][..]), (2, &[5, 6][..])]);
        }
    }

    #[test]
    fn broken_shards_are_errors() {
        let whole = shard(false, [0, 2, u64::MAX, u64::MAX, 2, 2]);
        for cut in 0..whole.len() {
            assert!(index("end").places(&whole[..cut]).is_err(), "{cut}");
        }
        let mut flipped = whole;
        flipped[5] ^= 1;
        assert!(index("end").places(&flipped).is_err());
        for lie in [(0, 56), (u64::MAX, 1), (u64::MAX - 1, 3), (0, u64::MAX), (57, 0), (1 << 62, 1 << 62)] {
            let lying = shard(false, [lie.0, lie.1, u64::MAX, u64::MAX, 2, 2]);
            assert!(index("end").places(&lying).is_err(), "{lie:?}");
        }
        let object = &[NonZeroU64::new(6).unwrap()];
        assert!(ShardIndex::parse(&json!({"chunk_shape": [4]}), object, "k").is_err());
        assert!(ShardIndex::parse(&json!({"chunk_shape": [0]}), object, "k").is_err());
    }
}
