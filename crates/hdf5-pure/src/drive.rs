//! The loop that feeds queries from a source.
use crate::{ChunkMap, Error, Metadata};
use byte_ranges::{ByteMap, ByteRange, Cost, Lookup, Source, SourceError, SourceErrorKind, Step, coalesce};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};

/// What reading has cost so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ReadStats {
    /// Requests sent.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Waves of requests: each had to wait for the one before.
    pub rounds: u64,
}

impl ReadStats {
    pub(crate) const fn add(&mut self, more: Self) {
        self.requests += more.requests;
        self.bytes += more.bytes;
        self.rounds += more.rounds;
    }
}

/// Repeats `query` until it is done, bringing what it needs from `source`: merged by the source's [`Cost`], grown to its
/// pages, up to `in_flight` requests at once. The first request of a file reads its head and learns its size.
///
/// # Errors
/// What the query answers, or [`Error::Source`].
pub async fn drive<S: Source, T>(
    file: &mut Metadata,
    source: &S,
    query: impl FnMut(&mut Metadata) -> Result<Step<T>, Error>,
) -> Result<T, Error> {
    drive_counted(file, source, &mut ReadStats::default(), query).await
}

/// [`drive`], adding what it cost to `stats`.
///
/// # Errors
/// As [`drive`].
pub async fn drive_counted<S: Source, T>(
    file: &mut Metadata,
    source: &S,
    stats: &mut ReadStats,
    mut query: impl FnMut(&mut Metadata) -> Result<Step<T>, Error>,
) -> Result<T, Error> {
    let cost = source.cost();
    if file.arrived().file_size().is_none() {
        let head = ByteRange::at(0, cost.head.max(1)).into_iter().collect::<Vec<_>>();
        bring(file, source, stats, &head).await?;
    }
    loop {
        let needed = match query(file)? {
            Step::Done(value) => return Ok(value),
            Step::Need(needed) => needed,
        };
        let requests = requests(file.arrived(), &needed, &cost);
        bring(file, source, stats, &requests).await?;
        let missing = needed.iter().any(|range| matches!(file.arrived().get(*range), Lookup::Missing(_)));
        if missing || needed.is_empty() {
            let why = "a round of requests brought nothing new";
            return Err(SourceError::new(SourceErrorKind::BadAnswer, "file", why).into());
        }
    }
}

/// The stored bytes of the chunks of some maps, fetched together: merged by the source's gap, cut at its largest request.
/// The result holds every chunk; read it with [`ByteMap::get`] and [`crate::Chunk::range`].
///
/// # Errors
/// [`Error::Source`], or [`Error::PastEnd`] when a chunk lies past the end of the file.
pub async fn fetch_chunks<S: Source>(source: &S, stats: &mut ReadStats, maps: &[&ChunkMap]) -> Result<ByteMap, Error> {
    let mut bodies = ByteMap::new();
    let wanted: Vec<ByteRange> = maps.iter().flat_map(|map| map.chunks.iter().map(crate::Chunk::range)).collect();
    let requests = coalesce(&wanted, &source.cost());
    for (range, fetched) in fetch_all(source, stats, &requests).await? {
        bodies.set_file_size(fetched.1);
        bodies.insert(range.start(), &fetched.0);
    }
    for range in wanted {
        let structure = "chunk";
        match bodies.get(range) {
            Lookup::Bytes(_) => {}
            Lookup::PastEnd { file_size } => return Err(Error::PastEnd { structure, range, file_size }),
            Lookup::Missing(_) => {
                return Err(SourceError::new(SourceErrorKind::BadAnswer, "file", "an answer is too short").into());
            }
        }
    }
    Ok(bodies)
}

/// Requests for metadata: pages around what is needed, without the pages that are here, merged.
pub(crate) fn requests(arrived: &ByteMap, needed: &[ByteRange], cost: &Cost) -> Vec<ByteRange> {
    let end = arrived.file_size().unwrap_or(u64::MAX);
    let mut grown: Vec<ByteRange> = needed.iter().filter_map(|range| grow(*range, cost.ahead, end)).collect();
    grown.extend(late(arrived, cost.tail));
    let merged = coalesce(&grown, &Cost { gap: 0, max_request: u64::MAX, ..*cost });
    let missing: Vec<ByteRange> = merged.iter().flat_map(|range| arrived.missing(*range)).collect();
    coalesce(&missing, cost)
}

/// The end of the file, with the first requests that the head does not answer.
fn late(arrived: &ByteMap, tail: u64) -> Option<ByteRange> {
    let end = arrived.file_size()?;
    let late = ByteRange::new(end.saturating_sub(tail), end)?;
    (arrived.missing(late) == [late]).then_some(late)
}

/// A read that brings what is likely to be asked for next: a writer puts structures one after the other. A little before,
/// too: an object's header is written before its heap.
fn grow(range: ByteRange, ahead: u64, end: u64) -> Option<ByteRange> {
    let start = range.start().saturating_sub(ahead / 64);
    let stop = range.end().max(range.start().saturating_add(ahead)).min(end.max(range.end()));
    ByteRange::new(start, stop)
}

async fn bring<S: Source>(
    file: &mut Metadata,
    source: &S,
    stats: &mut ReadStats,
    requests: &[ByteRange],
) -> Result<(), Error> {
    for (range, (bytes, file_size)) in fetch_all(source, stats, requests).await? {
        file.set_file_size(file_size);
        file.insert(range.start(), &bytes);
    }
    Ok(())
}

/// The bytes of a range, and the size of the file.
pub(crate) type Body = (Bytes, u64);

pub(crate) async fn fetch_all<S: Source>(
    source: &S,
    stats: &mut ReadStats,
    requests: &[ByteRange],
) -> Result<Vec<(ByteRange, Body)>, Error> {
    let fetch = |range: ByteRange| async move {
        let fetched = source.fetch(range).await?;
        Ok::<_, SourceError>((range, (fetched.bytes, fetched.file_size)))
    };
    let bodies: Vec<(ByteRange, Body)> = stream::iter(requests.iter().copied().map(fetch))
        .buffered(source.cost().in_flight.max(1))
        .try_collect()
        .await?;
    stats.requests += requests.len() as u64;
    stats.rounds += u64::from(!requests.is_empty());
    stats.bytes += bodies.iter().map(|(_, (bytes, _))| bytes.len() as u64).sum::<u64>();
    Ok(bodies)
}
