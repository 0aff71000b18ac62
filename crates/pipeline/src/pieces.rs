//! A column as pieces of consecutive rows, whatever its storage layout.
use crate::GranuleError;
use crate::cf::Decoding;
use byte_ranges::ByteRange;
use hdf5_pure::{Chunk, ChunkMap, Dataset, Outline};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Most pieces of a column; real ones have tens to thousands.
const MAX_PIECES: u64 = 1 << 20;
/// Most rows of a piece that was never written (a stored one is bounded by the reader's limits).
const MAX_UNWRITTEN_ROWS: u64 = 1 << 24;

/// Columns of at most 2 pieces are read at once: there is little to leave out.
const FEW: u64 = 2;

/// Whether a column of this number of pieces is read in part.
pub(crate) const fn is_long(pieces: u64) -> bool {
    pieces > FEW
}

/// The track to read first, by the rows and chunks of each: the first of the longest that can be read in part.
pub(crate) fn leader(tracks: impl Iterator<Item = (u64, u64)>) -> usize {
    let longest = tracks.map(|(rows, chunks)| if is_long(chunks) { rows } else { 0 }).enumerate();
    longest.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(track, _)| track)
}

/// A one-dimensional dataset, cut into pieces that are stored apart.
#[derive(Debug)]
pub(crate) struct Column {
    dataset: Arc<Dataset>,
    /// By row, without gaps.
    pieces: Vec<Piece>,
    /// How its numbers become values.
    decoding: Decoding,
}

/// Consecutive rows that are stored together.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Rows of the track.
    pub(crate) rows: Range<u64>,
    /// Where they are; `None` when they were never written.
    chunk: Option<Chunk>,
}

impl Piece {
    /// Bytes to fetch, if any.
    pub(crate) fn range(&self) -> Option<ByteRange> {
        self.chunk.as_ref().and_then(|chunk| ByteRange::at(chunk.address, chunk.size))
    }
}

/// A column as a sidecar keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct ColumnRecord {
    #[serde(flatten)]
    outline: Outline,
    #[serde(flatten)]
    decoding: Decoding,
    /// Address, stored size and filter mask of each piece; `null` for one that was never written.
    chunks: Vec<Option<(u64, u64, u32)>>,
}

impl Column {
    /// As a sidecar keeps it.
    pub(crate) fn record(&self) -> Result<ColumnRecord, GranuleError> {
        let refuse = |why: &str| GranuleError::product(self.place(), why);
        let outline = self.dataset.outline().ok_or_else(|| refuse("is of a type or layout that cannot be indexed"))?;
        let chunk = |piece: &Piece| piece.chunk.as_ref().map(|chunk| (chunk.address, chunk.size, chunk.filter_mask));
        let chunks = self.pieces.iter().map(chunk).collect();
        Ok(ColumnRecord { outline, decoding: self.decoding.clone(), chunks })
    }

    /// The inverse of [`Column::record`].
    pub(crate) fn from_record(path: &str, record: &ColumnRecord) -> Result<Self, GranuleError> {
        let dataset = Arc::new(record.outline.dataset(path).map_err(GranuleError::at(path))?);
        let chunk_shape = dataset.chunk_shape();
        let step = chunk_shape.first().copied().unwrap_or(0);
        let rows = dataset.shape.first().copied().unwrap_or(0);
        if dataset.shape.len() != 1 || rows.div_ceil(step.max(1)) != record.chunks.len() as u64 {
            return Err(GranuleError::product(path, "has another number of chunks than its shape asks for"));
        }
        let stored = record.chunks.iter().zip(0..).filter_map(|(&chunk, index)| {
            let (address, size, filter_mask) = chunk?;
            Some(Chunk { origin: vec![step.saturating_mul(index)], address, size, filter_mask })
        });
        let map = ChunkMap { chunk_shape, chunks: stored.collect() };
        Self::new(dataset, record.decoding.clone(), map)
    }

    /// The column of a dataset of one dimension, with its whole chunk map.
    pub(crate) fn new(dataset: Arc<Dataset>, decoding: Decoding, map: ChunkMap) -> Result<Self, GranuleError> {
        let rows = dataset.shape.first().copied().unwrap_or(0);
        let step = map.chunk_shape.first().copied().unwrap_or(rows).max(1);
        let count = rows.div_ceil(step);
        if count > MAX_PIECES {
            return Err(GranuleError::product(&dataset.path, format!("has {count} chunks, more than {MAX_PIECES}")));
        }
        let mut pieces: Vec<Piece> =
            (0..count).map(|k| Piece { rows: k * step..rows.min((k + 1).saturating_mul(step)), chunk: None }).collect();
        for chunk in map.chunks {
            let index = chunk.origin.first().map_or(0, |row| row / step);
            if let Some(piece) = usize::try_from(index).ok().and_then(|index| pieces.get_mut(index)) {
                piece.chunk = Some(chunk);
            }
        }
        Ok(Self { dataset, pieces, decoding })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.dataset.shape.first().copied().unwrap_or(0)
    }

    /// Path of the dataset.
    pub(crate) fn place(&self) -> &str {
        &self.dataset.path
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The pieces that hold some of `rows`, with their indices.
    pub(crate) fn overlapping<'a>(&'a self, rows: &Range<u64>) -> impl Iterator<Item = (usize, &'a Piece)> {
        let first = self.pieces.partition_point(|piece| piece.rows.end <= rows.start);
        let end = rows.end;
        self.pieces.iter().enumerate().skip(first).take_while(move |(_, piece)| piece.rows.start < end)
    }

    /// The value of a stored number; `None` where it stands for "no value".
    pub(crate) fn value(&self, stored: f64) -> Option<f64> {
        self.decoding.value(stored)
    }

    /// Coordinates of those of `rows` that the piece holds: degrees, NaN where there is none.
    pub(crate) fn coordinates(&self, piece: usize, stored: &[u8], rows: &Range<u64>) -> Result<Vec<f64>, GranuleError> {
        let Some(held) = self.pieces.get(piece) else { return Ok(Vec::new()) };
        let mut values = self.decode(held, stored)?;
        let skip = rows.start.saturating_sub(held.rows.start);
        let keep = rows.end.min(held.rows.end).saturating_sub(held.rows.start.max(rows.start));
        values.drain(..index(skip).min(values.len()));
        values.truncate(index(keep));
        self.decoding.values(&mut values);
        Ok(values)
    }

    /// Puts the stored numbers of `rows`, all held by the piece, into `target`, one a row.
    pub(crate) fn pick(
        &self,
        piece: usize,
        stored: &[u8],
        rows: &[u64],
        target: &mut [f64],
    ) -> Result<(), GranuleError> {
        let Some(held) = self.pieces.get(piece) else { return Ok(()) };
        let values = self.decode(held, stored)?;
        for (target, row) in target.iter_mut().zip(rows) {
            if let Some(value) = values.get(index(row - held.rows.start)) {
                *target = *value;
            }
        }
        Ok(())
    }

    /// All stored numbers of a piece from its bytes.
    fn decode(&self, piece: &Piece, stored: &[u8]) -> Result<Vec<f64>, GranuleError> {
        let rows = piece.rows.end - piece.rows.start;
        let Some(chunk) = &piece.chunk else {
            if rows > MAX_UNWRITTEN_ROWS {
                return Err(GranuleError::product(self.place(), format!("has {rows} rows that were never written")));
            }
            return Ok(vec![self.decoding.unwritten.0; index(rows)]);
        };
        let raw = self.dataset.decode_chunk(chunk, stored).map_err(GranuleError::at(self.place()))?;
        let numbers = self.dataset.datatype.decode_rounded(&raw);
        let mut values = numbers.map_err(|error| GranuleError::at(self.place())(error.into()))?;
        values.truncate(index(rows));
        if values.len() as u64 == rows {
            return Ok(values);
        }
        Err(GranuleError::product(
            self.place(),
            format!("chunk at {} holds {} of {rows} rows", chunk.address, values.len()),
        ))
    }
}

/// Row numbers within a piece fit in memory, and so in `usize`.
fn index(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
