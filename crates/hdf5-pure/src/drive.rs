//! The loop that feeds queries from a source.
use crate::datatype::Numbers;
use crate::{ChunkMap, DataLayout, Dataset, Error, File, Limits, Object, Selection};
use byte_ranges::{ByteMap, ByteRange, Cost, Lookup, Source, SourceError, SourceErrorKind, Step, coalesce};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::sync::Arc;

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

/// Repeats `query` until it is done, bringing what it needs from `source`: merged by the source's [`Cost`], grown to its
/// pages, up to `in_flight` requests at once. The first request of a file reads its head and learns its size.
///
/// # Errors
/// What the query answers, or [`Error::Source`].
pub async fn drive<S: Source, T>(
    file: &mut File,
    source: &S,
    query: impl FnMut(&mut File) -> Result<Step<T>, Error>,
) -> Result<T, Error> {
    drive_counted(file, source, &mut ReadStats::default(), query).await
}

/// [`drive`], adding what it cost to `stats`.
///
/// # Errors
/// As [`drive`].
pub async fn drive_counted<S: Source, T>(
    file: &mut File,
    source: &S,
    stats: &mut ReadStats,
    mut query: impl FnMut(&mut File) -> Result<Step<T>, Error>,
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
    fetch_missing(source, stats, maps, &ByteMap::new()).await
}

/// [`fetch_chunks`], except for what is at hand already.
async fn fetch_missing<S: Source>(
    source: &S,
    stats: &mut ReadStats,
    maps: &[&ChunkMap],
    at_hand: &ByteMap,
) -> Result<ByteMap, Error> {
    let mut bodies = ByteMap::new();
    let wanted: Vec<ByteRange> = maps.iter().flat_map(|map| map.chunks.iter().map(crate::Chunk::range)).collect();
    let mut missing = Vec::new();
    for range in &wanted {
        match at_hand.get(*range) {
            Lookup::Bytes(bytes) => bodies.insert(range.start(), &bytes),
            _ => missing.push(*range),
        }
    }
    if let Some(file_size) = at_hand.file_size() {
        bodies.set_file_size(file_size);
    }
    let requests = coalesce(&missing, &source.cost());
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

/// A file and where its bytes come from: queries as plain `async` calls.
#[derive(Debug)]
pub struct AsyncFile<S> {
    file: File,
    source: S,
    stats: ReadStats,
}

impl<S: Source> AsyncFile<S> {
    /// Opens a file: reads its head and checks that it is HDF5.
    ///
    /// # Errors
    /// [`Error::NotHdf5`], [`Error::Source`].
    pub async fn open(source: S) -> Result<Self, Error> {
        Self::with_limits(source, Limits::default()).await
    }

    /// [`AsyncFile::open`] with limits of your own.
    ///
    /// # Errors
    /// As [`AsyncFile::open`].
    pub async fn with_limits(source: S, limits: Limits) -> Result<Self, Error> {
        let mut opened = Self { file: File::new(limits), source, stats: ReadStats::default() };
        opened.query(File::root).await?;
        Ok(opened)
    }

    /// Any query of [`File`].
    ///
    /// # Errors
    /// As [`drive`].
    pub async fn query<T>(&mut self, query: impl FnMut(&mut File) -> Result<Step<T>, Error>) -> Result<T, Error> {
        drive_counted(&mut self.file, &self.source, &mut self.stats, query).await
    }

    /// [`File::find`] for one path.
    ///
    /// # Errors
    /// As the query.
    pub async fn find(&mut self, path: &str) -> Result<Option<Object>, Error> {
        self.query(|file| file.find(&[path])).await?.pop().unwrap_or(Ok(None))
    }

    /// The dataset at a path.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is none.
    pub async fn dataset(&mut self, path: &str) -> Result<Arc<Dataset>, Error> {
        match self.find(path).await? {
            Some(Object::Dataset(dataset)) => Ok(dataset),
            _ => Err(Error::Usage(format!("there is no dataset {path}"))),
        }
    }

    /// The elements of a selection as stored, in C order.
    ///
    /// # Errors
    /// As [`File::chunk_maps`] and [`Dataset::assemble`].
    pub async fn read(&mut self, dataset: &Dataset, selection: &Selection) -> Result<Vec<u8>, Error> {
        self.read_many(&[(dataset, selection)]).await?.pop().unwrap_or_else(|| Err(Error::Usage("no answer".into())))
    }

    /// [`AsyncFile::read`] for many selections of many datasets: planned together, fetched together, one answer each.
    ///
    /// # Errors
    /// When the bytes do not come; one bad dataset does not fail the others.
    pub async fn read_many(&mut self, wants: &[(&Dataset, &Selection)]) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        let sound: Vec<_> = wants.iter().copied().filter(|(dataset, s)| dataset.output_len(s).is_ok()).collect();
        let mut maps = self.query(|file| file.chunk_maps(&sound)).await?.into_iter();
        let maps: Vec<Result<ChunkMap, Error>> = wants
            .iter()
            .map(|(dataset, selection)| {
                dataset.output_len(selection)?;
                self.within(maps.next().unwrap_or_else(|| Err(Error::Usage("no chunk map".into())))?)
            })
            .collect();
        // Compact data came with the header.
        let stored =
            wants.iter().zip(&maps).filter(|((dataset, _), _)| !matches!(dataset.layout, DataLayout::Compact { .. }));
        let bodies = self.fetch(&stored.filter_map(|(_, map)| map.as_ref().ok()).collect::<Vec<_>>()).await?;
        let read = |((dataset, selection), map): (&(&Dataset, &Selection), Result<ChunkMap, Error>)| {
            dataset.assemble(selection, &map?, |chunk| match bodies.get(chunk.range()) {
                Lookup::Bytes(bytes) => Ok(bytes),
                _ => Err(Error::Usage("a chunk was not fetched".into())),
            })
        };
        Ok(wants.iter().zip(maps).map(read).collect())
    }

    /// [`AsyncFile::read`], as native numbers.
    ///
    /// # Errors
    /// As [`AsyncFile::read`] and [`crate::datatype::Datatype::decode_column`].
    pub async fn read_column(&mut self, dataset: &Dataset, selection: &Selection) -> Result<Numbers, Error> {
        Ok(dataset.datatype.decode_column(&self.read(dataset, selection).await?)?)
    }

    /// [`AsyncFile::read_many`], as native numbers.
    ///
    /// # Errors
    /// As [`AsyncFile::read_many`].
    pub async fn read_columns(
        &mut self,
        wants: &[(&Dataset, &Selection)],
    ) -> Result<Vec<Result<Numbers, Error>>, Error> {
        let read = self.read_many(wants).await?;
        let column = |((dataset, _), raw): (&(&Dataset, &Selection), Result<Vec<u8>, Error>)| {
            Ok(dataset.datatype.decode_column(&raw?)?)
        };
        Ok(wants.iter().zip(read).map(column).collect())
    }

    /// The map, unless one of its chunks lies past the end of the file.
    fn within(&self, map: ChunkMap) -> Result<ChunkMap, Error> {
        let file_size = self.file.arrived().file_size().unwrap_or(u64::MAX);
        match map.chunks.iter().map(crate::Chunk::range).find(|range| range.end() > file_size) {
            Some(range) => Err(Error::PastEnd { structure: "chunk", range, file_size }),
            None => Ok(map),
        }
    }

    /// The stored bytes of the chunks of some maps, as [`fetch_chunks`] brings them, but nothing twice that came with the
    /// metadata (a small file comes whole with its head).
    ///
    /// # Errors
    /// As [`fetch_chunks`].
    pub async fn fetch(&mut self, maps: &[&ChunkMap]) -> Result<ByteMap, Error> {
        fetch_missing(&self.source, &mut self.stats, maps, self.file.arrived()).await
    }

    /// The memory of the file.
    pub const fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Where its bytes come from.
    pub const fn source(&self) -> &S {
        &self.source
    }

    /// What reading has cost so far.
    pub const fn stats(&self) -> ReadStats {
        self.stats
    }
}

/// Requests for metadata: pages around what is needed, without the pages that are here, merged.
fn requests(arrived: &ByteMap, needed: &[ByteRange], cost: &Cost) -> Vec<ByteRange> {
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
    file: &mut File,
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

type Body = (Bytes, u64);

async fn fetch_all<S: Source>(
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
