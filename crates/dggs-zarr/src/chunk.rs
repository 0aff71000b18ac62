//! Values to the bytes of one chunk.

use std::ops::Range;

use bytes::Bytes;

use crate::{ArrayMeta, Column, Error, PutStep, StoreObject, gzip::Gzip, shard::pack};

/// Encodes chunks; keeps the encoder's buffers between them. The bytes of a chunk depend on its values only.
pub struct ChunkEncoder {
    gzip: Gzip,
    raw: Vec<u8>,
}

impl Default for ChunkEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkEncoder {
    /// An encoder with buffers of its own (some 0.4 MB).
    #[must_use]
    pub fn new() -> Self {
        Self { gzip: Gzip::new(), raw: Vec::new() }
    }

    /// The object that holds `rows` of `values`: a chunk, or a shard where the array has shards. Every chunk of a shard
    /// is there, also one of fill values only.
    ///
    /// # Errors
    /// As [`ChunkEncoder::encode`]; [`Error::Length`] also for rows that are not one whole shard.
    pub fn encode_object(&mut self, values: &Column, rows: Range<usize>, meta: &ArrayMeta) -> Result<Bytes, Error> {
        let Some(shard) = meta.shard_shape else { return self.encode(values, rows, meta) };
        if rows.len() as u64 != shard {
            return Err(Error::Length { array: "shard".to_owned(), expected: shard, found: rows.len() as u64 });
        }
        let step = usize::try_from(meta.chunk_shape).unwrap_or(usize::MAX).max(1);
        let chunks = rows.clone().step_by(step).map(|start| {
            let end = start.saturating_add(step).min(rows.end);
            self.encode(values, start..end, meta)
        });
        Ok(pack(&chunks.collect::<Result<Vec<_>, _>>()?))
    }

    /// The chunk that holds `rows` of `values`. Fewer rows than the chunk shape are filled up: every chunk of a
    /// regular grid has full size (Zarr v3 core, "regular grids").
    ///
    /// A chunk of fill values only is encoded like any other: a reader can distinguish an empty cell (a chunk is
    /// there) from a cell that was not computed (no chunk).
    ///
    /// # Errors
    /// [`Error::Type`], [`Error::Fill`], [`Error::Empty`] for no rows, [`Error::Length`] for rows that lie outside
    /// the values or exceed the chunk.
    pub fn encode(&mut self, values: &Column, rows: Range<usize>, meta: &ArrayMeta) -> Result<Bytes, Error> {
        if values.data_type() != meta.data_type {
            return Err(Error::Type { expected: meta.data_type, found: values.data_type() });
        }
        if rows.is_empty() {
            return Err(Error::Empty { what: "chunk".to_owned() });
        }
        let length =
            || Error::Length { array: "chunk".to_owned(), expected: meta.chunk_values(), found: rows.len() as u64 };
        let size = usize::try_from(meta.chunk_values()).map_err(|_| length())?;
        let missing = size.checked_sub(rows.len()).ok_or_else(length)?;
        self.raw.clear();
        if !values.append_le(rows.clone(), &mut self.raw) {
            return Err(length());
        }
        if missing > 0 {
            let fill = meta.fill_value.bytes(meta.data_type)?;
            self.raw.extend(std::iter::repeat_n(fill, missing).flatten());
        }
        Ok(self.gzip.encode(&self.raw)?.into())
    }
}

/// Appends every chunk of the array at `path`, window by window.
pub(crate) fn append_chunks(
    path: &str,
    values: &Column,
    meta: &ArrayMeta,
    encoder: &mut ChunkEncoder,
    objects: &mut Vec<StoreObject>,
) -> Result<(), Error> {
    let lengths = meta.steps.map_or((1, 1), |steps| (steps.length, steps.chunk));
    let length = || {
        let expected = meta.shape.saturating_mul(lengths.0);
        Error::Length { array: path.to_owned(), expected, found: values.len() as u64 }
    };
    if meta.shape.checked_mul(lengths.0) != Some(values.len() as u64) {
        return Err(length());
    }
    let size = |rows: u64| usize::try_from(rows).map_err(|_| length());
    // Of several windows in a chunk, the chunk holds all that the array has of them.
    let (row, step) = (size(meta.shape * lengths.1)?, size(meta.chunk_shape * lengths.1)?);
    let rows = (0..values.len()).step_by(row.max(1)).map(|start| start..values.len().min(start + row));
    let starts = rows.flat_map(|rows| (rows.start..rows.end).step_by(step.max(1)).map(move |start| (start, rows.end)));
    for (index, (start, end)) in (0..).zip(starts) {
        let bytes = encoder.encode(values, start..end.min(start + step), meta)?;
        objects.push(StoreObject { key: meta.key(path, index), bytes, step: PutStep::Chunk });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attributes, DataType};

    #[test]
    fn short_chunks_are_filled_up() {
        let mut meta = ArrayMeta::new(5, DataType::F32, Attributes::new());
        meta.chunk_shape = 4;
        let mut encoder = ChunkEncoder::new();
        let short = encoder.encode(&Column::F32(vec![0., 1., 2., 3., 4.]), 4..5, &meta).unwrap();
        let long = encoder.encode(&Column::F32(vec![4., f32::NAN, f32::NAN, f32::NAN]), 0..4, &meta).unwrap();
        assert_eq!(short, long);
    }

    #[test]
    fn wrong_rows_and_types_are_errors() {
        let meta = ArrayMeta::new(4, DataType::I32, Attributes::new());
        let mut encoder = ChunkEncoder::new();
        let values = Column::I32(vec![0; 6]);
        assert!(matches!(encoder.encode(&values, 0..5, &meta), Err(Error::Length { expected: 4, found: 5, .. })));
        assert!(matches!(encoder.encode(&values, 4..8, &meta), Err(Error::Length { .. })));
        assert!(matches!(encoder.encode(&values, 2..2, &meta), Err(Error::Empty { .. })));
        assert!(matches!(encoder.encode(&Column::F32(vec![0.]), 0..1, &meta), Err(Error::Type { .. })));
    }
}
