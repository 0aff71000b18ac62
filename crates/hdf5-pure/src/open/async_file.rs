//! A file over any source.
use super::gather::Gathering;
use super::heap::{Stored, resolved};
use super::output::Output;
use crate::datatype::Sample;
use crate::drive::{fetch_all, requests};
use crate::values::{NamedValues, Values, of_attribute, shape};
use crate::{ChunkMap, Dataset, Error, Hyperslab, Limits, Link, Metadata, Object, ReadStats, Selection, StepResult};
use byte_ranges::{ByteRange, Lookup, Source, SourceError, SourceErrorKind, Step};
use std::ops::RangeBounds;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An HDF5 file over any [`Source`] of bytes: the network, a browser, memory.
///
/// All methods take `&self`: several reads may be under way at once, on one thread or on many. What was parsed once stays
/// known. A lock guards that memory for as long as a query computes, never while bytes are on their way, and data do not pass
/// through it. Two reads that begin at once and need the same metadata may each ask for them; one call for many datasets, such as
/// [`AsyncFile::read_many`], asks once.
///
/// The futures are `Send` where those of the source are. Chunks are decoded on the thread that polls.
///
/// ```
/// # use byte_ranges::MemorySource;
/// # async fn read() -> Result<(), Box<dyn std::error::Error>> {
/// # let source = MemorySource::new(std::fs::read("tests/fixtures/btree1.h5")?);
/// let file = hdf5_pure::AsyncFile::open(source).await?;
/// let dataset = file.dataset("/filtered").await?;
/// let all: Vec<f64> = dataset.read().await?;
/// # Ok(())
/// # }
/// # futures_util::FutureExt::now_or_never(read()).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct AsyncFile<S> {
    source: S,
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    metadata: Metadata,
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
        let state = State { metadata: Metadata::new(limits), stats: ReadStats::default() };
        let opened = Self { source, limits, state: Mutex::new(state) };
        opened.query(Metadata::root).await?;
        Ok(opened)
    }

    /// Any query of [`Metadata`], repeated until it is done, with the bytes that it needs.
    ///
    /// # Errors
    /// What the query returns, or [`Error::Source`].
    pub async fn query<T>(&self, mut query: impl FnMut(&mut Metadata) -> StepResult<T>) -> Result<T, Error> {
        let cost = self.source.cost();
        if self.file_size().is_none() {
            self.bring(&ByteRange::at(0, cost.head.max(1)).into_iter().collect::<Vec<_>>()).await?;
        }
        loop {
            let (needed, requests) = {
                let metadata = &mut self.lock().metadata;
                match query(metadata)? {
                    Step::Done(value) => return Ok(value),
                    Step::Need(needed) => {
                        let requests = requests(metadata.arrived(), &needed, &cost);
                        (needed, requests)
                    }
                }
            };
            self.bring(&requests).await?;
            let state = self.lock();
            let missing = needed.iter().any(|range| matches!(state.metadata.arrived().get(*range), Lookup::Missing(_)));
            if missing || needed.is_empty() {
                let why = "a round of requests brought nothing new";
                return Err(SourceError::new(SourceErrorKind::BadAnswer, "file", why).into());
            }
        }
    }

    /// What a path leads to, through hard and soft links; `None` when there is no such link.
    ///
    /// # Errors
    /// As [`Metadata::find`].
    pub async fn find(&self, path: &str) -> Result<Option<Object>, Error> {
        if path.trim_matches('/').is_empty() {
            return self.query(Metadata::root).await.map(|group| Some(Object::Group(group)));
        }
        self.query(|file| file.find(&[path])).await?.pop().unwrap_or(Ok(None))
    }

    /// The links of the group at a path, by name.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is no group, and as [`Metadata::links`].
    pub async fn links(&self, path: &str) -> Result<Vec<Link>, Error> {
        match self.find(path).await? {
            Some(Object::Group(group)) => self.query(|file| file.links(&group)).await,
            _ => Err(Error::Usage(format!("there is no group {path}"))),
        }
    }

    /// Every object of the file, each once under its first path, or why it cannot be read; as [`Metadata::tree`].
    ///
    /// # Errors
    /// When the root group cannot be read.
    pub async fn tree(&self) -> Result<Vec<(String, Result<Object, Error>)>, Error> {
        self.query(Metadata::tree).await
    }

    /// Names and values of all attributes of the object at a path, by name; a value that cannot be read is an error of its own.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is no object, and as [`Metadata::attributes`].
    pub async fn attributes(&self, path: &str) -> Result<NamedValues, Error> {
        let object = self.existing(path).await?;
        self.attributes_of(&object, None).await
    }

    /// The value of one attribute of the object at a path; `None` when it has no such attribute.
    ///
    /// # Errors
    /// As [`AsyncFile::attributes`].
    pub async fn attribute(&self, path: &str, name: &str) -> Result<Option<Values>, Error> {
        let object = self.existing(path).await?;
        self.attributes_of(&object, Some(&[name])).await?.pop().map(|(_, values)| values).transpose()
    }

    /// The text of one attribute of the object at a path, of fixed or variable length; `None` when it has no such attribute.
    ///
    /// # Errors
    /// As [`AsyncFile::attribute`], and [`Values::text`] where the value is not one text.
    pub async fn text_attribute(&self, path: &str, name: &str) -> Result<Option<String>, Error> {
        self.attribute(path, name).await?.map(|values| values.text()).transpose()
    }

    /// Names and values of attributes of an object, by name; only those in `names` where given.
    ///
    /// # Errors
    /// As [`AsyncFile::attributes`].
    pub async fn attributes_of(&self, object: &Object, names: Option<&[&str]>) -> Result<NamedValues, Error> {
        let found = self.query(|file| file.attributes(object, names)).await?;
        let stored = found.iter().map(|attribute| {
            let (shape, raw) = of_attribute(attribute);
            Stored { datatype: &attribute.datatype, shape, raw: raw.into() }
        });
        let values = self.resolve(stored.collect()).await?;
        Ok(found.iter().map(|attribute| attribute.name.clone()).zip(values).collect())
    }

    /// A part of a dataset as numbers, each exactly a `T`; of elements that are arrays or complex, all of them one after the
    /// other. Memory holds the numbers and the chunks that are being decoded, not the part twice.
    ///
    /// # Errors
    /// [`Error::Datatype`] where the elements are no numbers or one is not exactly a `T`, [`Error::Usage`] where the part does
    /// not lie inside of the dataset, and whatever keeps bytes from coming or a chunk from being decoded.
    pub async fn read<T: Sample>(&self, dataset: &Dataset, part: &Hyperslab) -> Result<Vec<T>, Error> {
        let mut outputs = vec![Output::numbers(dataset, part)];
        self.gather(&mut outputs).await?;
        Ok(outputs.remove(0)?.items)
    }

    /// Parts of datasets as values of their types, planned together: ranges of all of them are merged to requests, and a chunk that
    /// several parts need is fetched and decoded once. One answer each.
    ///
    /// # Errors
    /// When the bytes do not come; one bad dataset does not fail the others.
    pub async fn read_many(&self, wants: &[(&Dataset, &Hyperslab)]) -> Result<Vec<Result<Values, Error>>, Error> {
        let mut outputs: Vec<_> = wants.iter().map(|(dataset, part)| Output::values(dataset, part)).collect();
        self.gather(&mut outputs).await?;
        // What is in the heap is asked for together, too.
        let of_heap = |output: &Output<'_, u8>| output.dataset.datatype.uses_heap();
        let stored = outputs.iter_mut().flatten().filter(|output| of_heap(output)).map(|output| Stored {
            datatype: &output.dataset.datatype,
            shape: shape(output.dataset, &output.part.count),
            raw: std::mem::take(&mut output.items).into(),
        });
        let mut resolved = self.resolve(stored.collect()).await?.into_iter();
        let mut finish = |output: Output<'_, u8>| {
            if of_heap(&output) {
                return resolved.next().unwrap_or_else(|| Err(Error::Usage("values are missing".into())));
            }
            let shape = shape(output.dataset, &output.part.count);
            Ok(Values::in_memory(&output.dataset.datatype, shape, output.items))
        };
        Ok(outputs.into_iter().map(|output| output.and_then(&mut finish)).collect())
    }

    /// The same rows of the datasets at paths, as [`AsyncFile::read_many`] reads them; the columns of a table, say.
    ///
    /// # Errors
    /// The first of any dataset.
    pub async fn read_columns(
        &self,
        paths: &[&str],
        rows: impl RangeBounds<u64> + Clone,
    ) -> Result<Vec<Values>, Error> {
        let datasets = self.datasets(paths).await?;
        let parts: Vec<_> = datasets.iter().map(|dataset| Hyperslab::rows(dataset, rows.clone())).collect();
        let wants: Vec<(&Dataset, &Hyperslab)> =
            datasets.iter().zip(&parts).map(|(dataset, part)| (&**dataset, part)).collect();
        self.read_many(&wants).await?.into_iter().collect()
    }

    /// Parts of datasets as stored, without filters but in the byte order of the file; planned as [`AsyncFile::read_many`] does.
    ///
    /// # Errors
    /// As [`AsyncFile::read_many`].
    pub async fn read_raw(&self, wants: &[(&Dataset, &Hyperslab)]) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        let mut outputs: Vec<_> = wants.iter().map(|(dataset, part)| Output::raw(dataset, part)).collect();
        self.gather(&mut outputs).await?;
        Ok(outputs.into_iter().map(|output| output.map(|output| output.items)).collect())
    }

    /// Where the chunks of a dataset lie in the file.
    ///
    /// # Errors
    /// As [`Metadata::chunk_maps`].
    pub async fn chunk_map(&self, dataset: &Dataset) -> Result<ChunkMap, Error> {
        let all = Selection::all(dataset);
        let mut maps = self.query(|file| file.chunk_maps(&[(dataset, &all)])).await?;
        maps.pop().unwrap_or_else(|| Err(Error::Usage("a chunk map is missing".into())))
    }

    /// Size of the file in bytes; known once it is open.
    pub fn file_size(&self) -> Option<u64> {
        self.lock().metadata.arrived().file_size()
    }

    /// Where its bytes come from.
    pub const fn source(&self) -> &S {
        &self.source
    }

    /// What reading has cost so far.
    pub fn stats(&self) -> ReadStats {
        self.lock().stats
    }

    /// Forgets the bytes of metadata that have arrived if they are more than `kept`; what was parsed from them stays known. No
    /// query may be under way.
    #[cfg(feature = "checksum")]
    pub(crate) fn release_above(&self, kept: u64) {
        let mut state = self.lock();
        if state.metadata.arrived().held() > kept {
            state.metadata.release();
        }
    }

    async fn existing(&self, path: &str) -> Result<Object, Error> {
        self.find(path).await?.ok_or_else(|| Error::Usage(format!("there is no object {path}")))
    }

    /// Values from elements as stored, with a memory of the file of their own: heap objects are data, and may be many.
    async fn resolve(&self, stored: Vec<Stored<'_>>) -> Result<Vec<Result<Values, Error>>, Error> {
        let mut stats = ReadStats::default();
        let values = resolved(|| self.lock().metadata.fork(), &self.source, &mut stats, stored, self.limits).await;
        self.lock().stats.add(stats);
        values
    }

    async fn gather<U: Copy + Default + 'static>(
        &self,
        outputs: &mut [Result<Output<'_, U>, Error>],
    ) -> Result<(), Error> {
        let sound = outputs.iter().filter_map(|output| output.as_ref().ok());
        let hulls: Vec<_> = sound.map(|output| (output.dataset, output.part.hull())).collect();
        let wants: Vec<_> = hulls.iter().map(|(dataset, hull)| (*dataset, hull)).collect();
        let maps = self.query(|file| file.chunk_maps(&wants)).await?;
        let at_hand = self.lock().metadata.arrived().clone();
        let gathering = Gathering::plan(outputs, maps, at_hand.file_size().unwrap_or(u64::MAX));
        let stats = gathering.run(&self.source, &at_hand).await?;
        self.lock().stats.add(stats);
        Ok(())
    }

    async fn bring(&self, requests: &[ByteRange]) -> Result<(), Error> {
        let mut stats = ReadStats::default();
        let bodies = fetch_all(&self.source, &mut stats, requests).await?;
        let mut state = self.lock();
        state.stats.add(stats);
        for (range, (bytes, file_size)) in bodies {
            state.metadata.set_file_size(file_size);
            state.metadata.insert(range.start(), &bytes);
        }
        Ok(())
    }

    /// A panic elsewhere leaves nothing half done that matters: structures are added to the memory whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
