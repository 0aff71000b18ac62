//! From the bytes of an object back to its values: the exact inverse of the encoder, and no general reader. What it
//! accepts is what this crate writes; anything else is named.

use crate::gzip::HEADER;
use crate::shard::unpack;
use crate::{ArrayMeta, Column, Error, GzipFault, GzipMember};

impl ArrayMeta {
    /// The values of one object, a chunk or a shard: [`ArrayMeta::object_rows`] of each of its windows, those beyond the end of the array
    /// included.
    ///
    /// # Errors
    /// [`Error::Object`] for bytes that the encoder of this array cannot have made: cut off, another length, a checksum
    /// that does not match.
    pub fn decode(&self, object: &[u8]) -> Result<Column, Error> {
        let size = |rows: u64| usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(self.data_type.size()));
        let chunk = size(self.chunk_values()).ok_or(Error::Object("so large a chunk does not fit in memory"))?;
        let raw = match self.shard_shape {
            None => gunzip(object, chunk)?,
            Some(shard) => {
                let chunks = usize::try_from(shard.checked_div(self.chunk_shape).unwrap_or(0));
                let mut raw = Vec::new();
                for part in unpack(object, chunks.map_err(|_| Error::Object("too many chunks in a shard"))?)? {
                    raw.extend(gunzip(part, chunk)?);
                }
                raw
            }
        };
        Ok(Column::from_le(&raw, self.data_type))
    }
}

/// One gzip member as [`crate::gzip`] writes it, of exactly `size` bytes of content.
fn gunzip(member: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let head = member.first_chunk::<10>().ok_or(Error::Object("cut off within the gzip header"))?;
    // Bytes 4 to 9 (time, flags of the deflater, system) say nothing of the content.
    if head[..4] != HEADER[..4] {
        return Err(Error::Object("no plain gzip member"));
    }
    let member = GzipMember::parse(member).map_err(|_| Error::Object("cut off after the gzip header"))?;
    let content = member
        .inflate(size.saturating_add(1))
        .map_err(|_| Error::Object("cut off or damaged: it cannot be inflated to the size of the chunk"))?;
    if content.len() != size {
        return Err(Error::Object("another length than the chunk shape asks for"));
    }
    member.check(&content).map_err(|fault| match fault {
        GzipFault::Checksum => Error::Object("damaged: the CRC-32 does not match"),
        _ => Error::Object("damaged: the length at its end does not match"),
    })?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attributes, ChunkEncoder, DataType};

    fn sharded() -> ArrayMeta {
        let mut meta = ArrayMeta::new(36, DataType::I32, Attributes::new());
        (meta.chunk_shape, meta.shard_shape) = (4, Some(12));
        meta
    }

    #[test]
    fn every_type_comes_back_from_chunks_and_shards() {
        let arrays = [
            Column::U64((0..12).map(|x| x << 50).collect()),
            Column::I64((-6..6).collect()),
            Column::I32((-6..6).collect()),
            Column::F32((0..12u8).map(|x| f32::from(x) - 0.5).collect()),
            Column::F64((0..12u8).map(|x| f64::from(x) - 0.5).collect()),
        ];
        for values in arrays {
            for shard in [None, Some(12)] {
                let mut meta = ArrayMeta::new(24, values.data_type(), Attributes::new());
                (meta.chunk_shape, meta.shard_shape) = (if shard.is_some() { 3 } else { 12 }, shard);
                let object = ChunkEncoder::new().encode_object(&values, 0..12, &meta).unwrap();
                assert_eq!(meta.decode(&object).unwrap(), values);
            }
        }
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_an_error() {
        let plain = ArrayMeta { shard_shape: None, chunk_shape: 12, ..sharded() };
        for meta in [plain, sharded()] {
            let values = Column::I32((0..12).map(|x| x * x * 1001).collect());
            let object = ChunkEncoder::new().encode_object(&values, 0..12, &meta).unwrap();
            for cut in 0..object.len() {
                assert!(meta.decode(&object[..cut]).is_err(), "{cut}");
            }
            for at in 0..object.len() {
                let mut broken = object.to_vec();
                broken[at] ^= 0x10;
                // Only what says nothing of the content may differ: time and system in the headers.
                let same = meta.decode(&broken).is_ok_and(|found| found == values);
                assert!(same || meta.decode(&broken).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        let values = Column::I32((0..12).collect());
        let meta = ArrayMeta { shard_shape: None, chunk_shape: 12, ..sharded() };
        let object = ChunkEncoder::new().encode(&values, 0..12, &meta).unwrap();
        for rows in [11, 13] {
            assert!(ArrayMeta { chunk_shape: rows, ..meta.clone() }.decode(&object).is_err(), "{rows}");
        }
        assert!(sharded().decode(&object).is_err());
    }
}
