//! Chunks from a source to their places: one plan for many parts of many datasets.
//!
//! Every stored byte is asked for once and every chunk is decoded once, however many parts need it. Requests are answered in the
//! order of the file, and what a request brings is decoded and released before memory holds many more.
use super::output::Output;
use crate::layout::slab_bytes;
use crate::{Chunk, ChunkMap, DataLayout, Dataset, Error, ReadStats};
use byte_ranges::{ByteMap, ByteRange, Cost, Lookup, Source, SourceError, SourceErrorKind, coalesce};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::borrow::Cow;

/// Bytes that may be under way at once, beside those that were read.
const UNDER_WAY: u64 = 64 << 20;

/// A stored chunk that a part needs.
struct Piece {
    /// Which output needs it.
    output: usize,
    chunk: Chunk,
    /// What of it is needed: all of it, where it has to be decoded.
    range: ByteRange,
}

/// What a gathering works on.
pub(super) struct Gathering<'o, 'a, U: Copy + Default + 'static> {
    outputs: &'o mut [Result<Output<'a, U>, Error>],
    pieces: Vec<Piece>,
    stats: ReadStats,
}

impl<'o, 'a, U: Copy + Default + 'static> Gathering<'o, 'a, U> {
    /// Plans what the outputs need; `maps` has the chunk map of each that is sound, in their order. One that cannot be read gets
    /// its error.
    pub(super) fn plan(
        outputs: &'o mut [Result<Output<'a, U>, Error>],
        maps: Vec<Result<ChunkMap, Error>>,
        file_size: u64,
    ) -> Self {
        let mut pieces = Vec::new();
        let mut maps = maps.into_iter();
        for (number, slot) in outputs.iter_mut().enumerate() {
            let Ok(output) = slot else { continue };
            let map = maps.next().unwrap_or_else(|| Err(Error::Usage("a chunk map is missing".into())));
            if let Err(error) = map.and_then(|map| add(&mut pieces, (number, output), map, file_size)) {
                *slot = Err(error);
            }
        }
        pieces.retain(|piece| outputs.get(piece.output).is_some_and(Result::is_ok));
        let key = |piece: &Piece| (piece.range.start(), piece.chunk.address, piece.output);
        pieces.sort_unstable_by_key(key);
        Self { outputs, pieces, stats: ReadStats::default() }
    }

    /// Reads what is planned, except for what is `at_hand`. An output whose chunk cannot be decoded gets its error.
    ///
    /// # Errors
    /// When the bytes do not come.
    pub(super) async fn run<S: Source>(mut self, source: &S, at_hand: &ByteMap) -> Result<ReadStats, Error> {
        let is_here = |piece: &Piece| matches!(at_hand.get(piece.range), Lookup::Bytes(_));
        let (here, missing): (Vec<Piece>, Vec<Piece>) = std::mem::take(&mut self.pieces).into_iter().partition(is_here);
        self.decode(&here, at_hand)?;
        let cost = source.cost();
        let requests = coalesce(&missing.iter().map(|piece| piece.range).collect::<Vec<_>>(), &cost);
        self.stats.requests += requests.len() as u64;
        self.stats.rounds += u64::from(!requests.is_empty());
        let at_once = at_once(&requests, &cost);
        let fetch = |range: ByteRange| async move { Ok::<_, SourceError>((range, source.fetch(range).await?)) };
        let mut bodies = stream::iter(requests.into_iter().map(fetch)).buffered(at_once);
        let mut arrived = ByteMap::new();
        let mut rest = missing.as_slice();
        while let Some((range, fetched)) = bodies.try_next().await? {
            self.stats.bytes += fetched.bytes.len() as u64;
            arrived.set_file_size(fetched.file_size);
            arrived.insert(range.start(), &fetched.bytes);
            let whole = rest.iter().take_while(|piece| piece.range.end() <= range.end()).count();
            let (ready, later) = rest.split_at(whole);
            self.decode(ready, &arrived)?;
            rest = later;
            let done = rest.first().map_or(range.end(), |piece| piece.range.start());
            if let Some(done) = ByteRange::new(0, done) {
                arrived.forget(done);
            }
        }
        Ok(self.stats)
    }

    /// Decodes pieces whose bytes are in `bytes`. Neighbours of the same chunk are decoded once.
    fn decode(&mut self, pieces: &[Piece], bytes: &ByteMap) -> Result<(), Error> {
        let mut rest = pieces;
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|piece| self.is_same(first, piece)).count().max(1);
            let (group, later) = rest.split_at(same);
            rest = later;
            let raw = match bytes.get(first.range) {
                Lookup::Bytes(raw) => raw,
                Lookup::PastEnd { file_size } => {
                    return Err(Error::PastEnd { structure: "chunk", range: first.range, file_size });
                }
                Lookup::Missing(_) => {
                    return Err(SourceError::new(SourceErrorKind::BadAnswer, "file", "an answer is too short").into());
                }
            };
            let mut decoded: Option<Result<Cow<'_, [u8]>, Error>> = None;
            for piece in group {
                let Some(slot) = self.outputs.get_mut(piece.output) else { continue };
                let Ok(output) = slot else { continue };
                let dataset = output.dataset;
                let decoded = decoded.get_or_insert_with(|| decode(dataset, &first.chunk, &raw));
                let skip = piece.range.start() - piece.chunk.address;
                let placed = match decoded {
                    Ok(decoded) => output.place(&piece.chunk.origin, decoded, skip),
                    Err(error) => Err(error.clone()),
                };
                if let Err(error) = placed {
                    *slot = Err(error);
                }
            }
        }
        Ok(())
    }

    /// Whether two pieces are of the same chunk of the same dataset.
    fn is_same(&self, one: &Piece, other: &Piece) -> bool {
        let address = |piece: &Piece| match self.outputs.get(piece.output) {
            Some(Ok(output)) => Some(output.dataset.address),
            _ => None,
        };
        one.range == other.range && one.chunk == other.chunk && address(one) == address(other)
    }
}

/// The decoded elements of a chunk; data that are not in chunks are as they are.
fn decode<'b>(dataset: &Dataset, chunk: &Chunk, raw: &'b [u8]) -> Result<Cow<'b, [u8]>, Error> {
    match dataset.layout {
        DataLayout::Chunked(_) => dataset.decoded(chunk, raw),
        _ => Ok(Cow::Borrowed(raw)),
    }
}

/// Adds the chunks of a map that the output needs. Compact data are placed now.
fn add<U: Copy + Default + 'static>(
    pieces: &mut Vec<Piece>,
    (number, output): (usize, &mut Output<'_, U>),
    map: ChunkMap,
    file_size: u64,
) -> Result<(), Error> {
    if let DataLayout::Compact { data, .. } = &output.dataset.layout {
        return output.place(&vec![0; output.dataset.shape.len()], data, 0);
    }
    let is_chunked = matches!(output.dataset.layout, DataLayout::Chunked(_));
    for chunk in map.chunks {
        let Some(overlap) = output.part.overlap(&chunk.origin, &map.chunk_shape) else { continue };
        let whole = chunk.range();
        if whole.end() > file_size {
            return Err(Error::PastEnd { structure: "chunk", range: whole, file_size });
        }
        let element = output.dataset.element_size();
        let range = if is_chunked {
            whole
        } else {
            slab_bytes(&map.chunk_shape, &overlap, &output.part.stride, element)
                .and_then(|(first, end)| {
                    ByteRange::new(whole.start().checked_add(first)?, whole.start().checked_add(end)?)
                })
                .and_then(|needed| needed.intersect(whole))
                .unwrap_or(whole)
        };
        pieces.push(Piece { output: number, chunk, range });
    }
    Ok(())
}

/// How many of the requests may be under way at once.
fn at_once(requests: &[ByteRange], cost: &Cost) -> usize {
    let largest = requests.iter().map(|request| request.len()).max().unwrap_or(0).max(1);
    usize::try_from(UNDER_WAY / largest).unwrap_or(usize::MAX).clamp(1, cost.in_flight.max(1))
}
