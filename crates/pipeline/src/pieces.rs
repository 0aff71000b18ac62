//! A column as pieces of consecutive rows, whatever its storage layout.
use crate::bodies::Bodies;
use crate::cf::Decoding;
use crate::{GranuleError, PointKind};
use byte_ranges::{ByteRange, Source};
use bytes::Bytes;
use hdf5_pure::datatype::Datatype;
use hdf5_pure::{Chunk, ChunkMap, DataLayout, Dataset, Outline};
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

/// A dataset of one dimension, or one column of a dataset of two, cut into pieces that are stored apart.
#[derive(Debug)]
pub(crate) struct Column {
    dataset: Arc<Dataset>,
    /// Index on the second axis, where there is one.
    second: Option<u64>,
    /// Which element of each row of a chunk is the column's, and the number of elements that such a row has.
    within: (usize, usize),
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
    held: Held,
}

/// Where the rows of a piece are.
#[derive(Debug)]
enum Held {
    /// Nowhere: they were never written.
    Nowhere,
    /// In the dataset's header (a compact layout).
    Header(Bytes),
    /// In a chunk.
    Chunk(Chunk),
}

impl Piece {
    /// Bytes to fetch, if any.
    pub(crate) fn range(&self) -> Option<ByteRange> {
        match &self.held {
            Held::Chunk(chunk) => ByteRange::at(chunk.address, chunk.size),
            Held::Nowhere | Held::Header(_) => None,
        }
    }

    /// Whether its rows were never written.
    pub(crate) const fn is_unwritten(&self) -> bool {
        matches!(self.held, Held::Nowhere)
    }
}

/// A column as a sidecar keeps it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct ColumnRecord {
    #[serde(flatten)]
    outline: Outline,
    /// Index on the second axis; the chunks are those that hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second: Option<u64>,
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
        let chunk = |piece: &Piece| match &piece.held {
            Held::Chunk(chunk) => Some((chunk.address, chunk.size, chunk.filter_mask)),
            Held::Nowhere | Held::Header(_) => None,
        };
        let chunks = self.pieces.iter().map(chunk).collect();
        Ok(ColumnRecord { outline, second: self.second, decoding: self.decoding.clone(), chunks })
    }

    /// The inverse of [`Column::record`].
    pub(crate) fn from_record(path: &str, record: &ColumnRecord) -> Result<Self, GranuleError> {
        let dataset = Arc::new(record.outline.dataset(path).map_err(GranuleError::at(path))?);
        let chunk_shape = dataset.chunk_shape();
        let step = chunk_shape.first().copied().unwrap_or(0);
        let rows = dataset.shape.first().copied().unwrap_or(0);
        if rows.div_ceil(step.max(1)) != record.chunks.len() as u64 {
            return Err(GranuleError::product(path, "has another number of chunks than its shape asks for"));
        }
        let width = chunk_shape.get(1).copied().unwrap_or(1).max(1);
        let block = record.second.map(|second| second / width * width);
        let stored = record.chunks.iter().zip(0..).filter_map(|(&chunk, index)| {
            let (address, size, filter_mask) = chunk?;
            let origin = std::iter::once(step.saturating_mul(index)).chain(block).collect();
            Some(Chunk { origin, address, size, filter_mask })
        });
        let map = ChunkMap { chunk_shape, chunks: stored.collect() };
        Self::new(dataset, record.second, record.decoding.clone(), map)
    }

    /// The column of a dataset with its whole chunk map; `second` is the index on its second axis, where it has one.
    pub(crate) fn new(
        dataset: Arc<Dataset>,
        second: Option<u64>,
        decoding: Decoding,
        map: ChunkMap,
    ) -> Result<Self, GranuleError> {
        let rows = dataset.shape.first().copied().unwrap_or(0);
        let step = map.chunk_shape.first().copied().unwrap_or(rows).max(1);
        let count = rows.div_ceil(step);
        if count > MAX_PIECES {
            return Err(GranuleError::product(&dataset.path, format!("has {count} chunks, more than {MAX_PIECES}")));
        }
        let (block, within) = second_axis(&dataset, second, &map)?;
        let rows_of = |k: u64| k * step..rows.min((k + 1).saturating_mul(step));
        let mut pieces: Vec<Piece> = (0..count).map(|k| Piece { rows: rows_of(k), held: Held::Nowhere }).collect();
        if let (DataLayout::Compact { data, .. }, Some(piece)) = (&dataset.layout, pieces.first_mut()) {
            piece.held = Held::Header(data.clone());
        }
        for chunk in map.chunks {
            if chunk.origin.get(1).is_some_and(|&from| from != block) {
                continue;
            }
            let index = chunk.origin.first().map_or(0, |row| row / step);
            if let Some(piece) = usize::try_from(index).ok().and_then(|index| pieces.get_mut(index)) {
                piece.held = Held::Chunk(chunk);
            }
        }
        Ok(Self { dataset, second, within, pieces, decoding })
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

    /// Whether one piece ends and the next begins at a row.
    pub(crate) fn is_cut_at(&self, row: u64) -> bool {
        let before = self.pieces.partition_point(|piece| piece.rows.end <= row);
        self.pieces.get(before).is_none_or(|piece| piece.rows.start >= row)
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
        let raw = match &piece.held {
            Held::Nowhere if rows > MAX_UNWRITTEN_ROWS => {
                return Err(GranuleError::product(self.place(), format!("has {rows} rows that were never written")));
            }
            Held::Nowhere => return Ok(vec![self.decoding.unwritten.0; index(rows)]),
            Held::Header(data) => data.to_vec(),
            Held::Chunk(chunk) => self.dataset.decode_chunk(chunk, stored).map_err(GranuleError::at(self.place()))?,
        };
        let raw = self.own(raw);
        let numbers = self.dataset.datatype.decode_rounded(&raw);
        let mut values = numbers.map_err(|error| GranuleError::at(self.place())(error.into()))?;
        values.truncate(index(rows));
        if values.len() as u64 == rows {
            return Ok(values);
        }
        let first = piece.rows.start;
        Err(GranuleError::product(self.place(), format!("chunk of row {first} holds {} of {rows} rows", values.len())))
    }

    /// The column's own elements of those of a chunk.
    fn own(&self, raw: Vec<u8>) -> Vec<u8> {
        let (at, width) = self.within;
        if width == 1 {
            return raw;
        }
        let size = self.dataset.datatype.size();
        let rows = raw.chunks_exact(size.saturating_mul(width));
        rows.filter_map(|row| row.get(at * size..(at + 1) * size)).flatten().copied().collect()
    }

    /// Whether its numbers are `f32` as they are stored.
    pub(crate) fn is_f32(&self) -> bool {
        self.decoding.is_plain() && matches!(&self.dataset.datatype, Datatype::FloatingPoint(float) if float.size == 4)
    }

    /// What kind of numbers its values are.
    pub(crate) fn kind(&self) -> PointKind {
        match &self.dataset.datatype {
            _ if !self.decoding.is_plain() => PointKind::Double,
            Datatype::FloatingPoint(float) if float.size <= 4 => PointKind::Single,
            Datatype::FixedPoint(_) | Datatype::Enumeration { .. } => PointKind::Whole,
            _ => PointKind::Double,
        }
    }

    /// All numbers of the column, decoded, NaN for "no value": for short ones.
    pub(crate) async fn all<S: Source>(&self, bodies: &Bodies<'_, S>) -> Result<Vec<f64>, GranuleError> {
        let mut numbers = self.stored(bodies).await?;
        self.decoding.values(&mut numbers);
        Ok(numbers)
    }

    /// All numbers of the column as they are stored: for short ones.
    pub(crate) async fn stored<S: Source>(&self, bodies: &Bodies<'_, S>) -> Result<Vec<f64>, GranuleError> {
        let ranges: Vec<ByteRange> = self.pieces.iter().filter_map(Piece::range).collect();
        let mut arrived = vec![Bytes::new(); ranges.len()];
        let keep = |index: usize, bytes| {
            arrived.get_mut(index).into_iter().for_each(|place| *place = Bytes::clone(&bytes));
            Ok(())
        };
        bodies.each(&ranges, keep).await?;
        let mut arrived = arrived.into_iter();
        let mut numbers = Vec::new();
        for piece in &self.pieces {
            let bytes = piece.range().and_then(|_| arrived.next()).unwrap_or_default();
            numbers.extend(self.decode(piece, &bytes)?);
        }
        Ok(numbers)
    }
}

/// Where an index on the second axis is: the first column of the chunks that hold it; and which element of a chunk's row it
/// is, of how many.
fn second_axis(dataset: &Dataset, second: Option<u64>, map: &ChunkMap) -> Result<(u64, (usize, usize)), GranuleError> {
    let refuse = |why: String| Err(GranuleError::product(&dataset.path, why));
    match (dataset.shape.as_slice(), second) {
        ([_], None) => Ok((0, (0, 1))),
        ([_, columns], Some(second)) if second < *columns => {
            let width = map.chunk_shape.get(1).copied().unwrap_or(*columns).max(1);
            let block = second / width * width;
            // Chunks are whole also at the edge; contiguous data end there.
            let chunked = matches!(dataset.layout, DataLayout::Chunked(_));
            let held = if chunked { width } else { width.min(columns - block) };
            Ok((block, (index(second - block), index(held))))
        }
        ([_, columns], Some(second)) => refuse(format!(
            "has {columns} numbers a row, no [{second}]: write one from 0 to {}",
            columns.saturating_sub(1)
        )),
        ([_, columns], None) => {
            let name = dataset.path.rsplit('/').next().unwrap_or_default();
            refuse(format!("has {columns} numbers a row where a column has one: choose one, like {name}[0]"))
        }
        ([_], Some(second)) => refuse(format!("has one number a row, no [{second}]: leave the index out")),
        (shape, _) => refuse(format!("has {} dimensions where a column has one", shape.len())),
    }
}

/// Row numbers within a piece fit in memory, and so in `usize`.
fn index(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
