//! A file whose bytes are at hand.
use super::async_file::AsyncFile;
use super::at_hand::{AtHand, ReadAt};
use super::dataset::{FileDataset, ready};
use crate::datatype::Sample;
use crate::values::{NamedValues, Values};
use crate::{ChunkMap, Dataset, Error, Hyperslab, Limits, Link, Metadata, Object, ReadStats, StepResult};
use bytes::Bytes;
use std::ops::RangeBounds;

/// An HDF5 file whose bytes are at hand: a local file, memory, or anything that can [`ReadAt`].
///
/// All methods take `&self`, and several threads may read at once: share it by reference or in an `Arc`. For files on a network
/// there is [`AsyncFile`], which has the same methods.
///
/// ```
/// use hdf5_pure::{File, Hyperslab};
///
/// let file = File::open("tests/fixtures/btree1.h5")?;
/// for link in file.links("/")? {
///     println!("{}", link.name);
/// }
/// let dataset = file.dataset("/filtered")?;
/// println!("{:?} {}", dataset.shape, dataset.datatype.name());
/// let numbers: Vec<f64> = dataset.read()?;
/// let every_tenth: Vec<f64> = dataset.read_part(&Hyperslab::all(&dataset).every(0, 10))?;
/// # assert_eq!(every_tenth.len(), numbers.len().div_ceil(10));
/// # Ok::<(), hdf5_pure::Error>(())
/// ```
#[derive(Debug)]
pub struct File {
    inner: AsyncFile<AtHand>,
}

impl File {
    /// Opens a file in memory. Nothing of it is copied but what is asked for.
    ///
    /// # Errors
    /// [`Error::NotHdf5`].
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self, Error> {
        Self::over(bytes.into())
    }

    /// Opens a file over any bytes that can be read without waiting.
    ///
    /// # Errors
    /// [`Error::NotHdf5`], [`Error::Source`].
    pub fn over(bytes: impl ReadAt + 'static) -> Result<Self, Error> {
        Self::with_limits(bytes, Limits::default())
    }

    /// [`File::over`] with limits of your own.
    ///
    /// # Errors
    /// As [`File::over`].
    pub fn with_limits(bytes: impl ReadAt + 'static, limits: Limits) -> Result<Self, Error> {
        let inner = ready(AsyncFile::with_limits(AtHand(Box::new(bytes)), limits))?;
        Ok(Self { inner })
    }

    /// As [`AsyncFile::query`].
    ///
    /// # Errors
    /// As there.
    pub fn query<T>(&self, query: impl FnMut(&mut Metadata) -> StepResult<T>) -> Result<T, Error> {
        ready(self.inner.query(query))
    }

    /// What a path leads to, through hard and soft links; `None` when there is no such link.
    ///
    /// # Errors
    /// As [`AsyncFile::find`].
    pub fn find(&self, path: &str) -> Result<Option<Object>, Error> {
        ready(self.inner.find(path))
    }

    /// The dataset at a path.
    ///
    /// # Errors
    /// As [`AsyncFile::dataset`].
    pub fn dataset(&self, path: &str) -> Result<FileDataset<'_>, Error> {
        ready(self.inner.dataset(path)).map(FileDataset::new)
    }

    /// The links of the group at a path, by name.
    ///
    /// # Errors
    /// As [`AsyncFile::links`].
    pub fn links(&self, path: &str) -> Result<impl Iterator<Item = Link> + use<>, Error> {
        Ok(ready(self.inner.links(path))?.into_iter())
    }

    /// Every object of the file, each once under its first path, or why it cannot be read.
    ///
    /// # Errors
    /// As [`AsyncFile::tree`].
    pub fn tree(&self) -> Result<impl Iterator<Item = (String, Result<Object, Error>)> + use<>, Error> {
        Ok(ready(self.inner.tree())?.into_iter())
    }

    /// Names and values of all attributes of the object at a path, by name; a value that cannot be read is an error of its own.
    ///
    /// # Errors
    /// As [`AsyncFile::attributes`].
    pub fn attributes(&self, path: &str) -> Result<NamedValues, Error> {
        ready(self.inner.attributes(path))
    }

    /// The value of one attribute of the object at a path; `None` when it has no such attribute.
    ///
    /// # Errors
    /// As [`AsyncFile::attribute`].
    pub fn attribute(&self, path: &str, name: &str) -> Result<Option<Values>, Error> {
        ready(self.inner.attribute(path, name))
    }

    /// The text of one attribute of the object at a path; `None` when it has no such attribute.
    ///
    /// # Errors
    /// As [`AsyncFile::text_attribute`].
    pub fn text_attribute(&self, path: &str, name: &str) -> Result<Option<String>, Error> {
        ready(self.inner.text_attribute(path, name))
    }

    /// As [`AsyncFile::read`].
    ///
    /// # Errors
    /// As there.
    pub fn read<T: Sample>(&self, dataset: &Dataset, part: &Hyperslab) -> Result<Vec<T>, Error> {
        ready(self.inner.read(dataset, part))
    }

    /// As [`AsyncFile::read_many`].
    ///
    /// # Errors
    /// As there.
    pub fn read_many(&self, wants: &[(&Dataset, &Hyperslab)]) -> Result<Vec<Result<Values, Error>>, Error> {
        ready(self.inner.read_many(wants))
    }

    /// The same rows of the datasets at paths, read together.
    ///
    /// # Errors
    /// As [`AsyncFile::read_columns`].
    pub fn read_columns(&self, paths: &[&str], rows: impl RangeBounds<u64> + Clone) -> Result<Vec<Values>, Error> {
        ready(self.inner.read_columns(paths, rows))
    }

    /// As [`AsyncFile::read_raw`].
    ///
    /// # Errors
    /// As there.
    pub fn read_raw(&self, wants: &[(&Dataset, &Hyperslab)]) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        ready(self.inner.read_raw(wants))
    }

    /// Where the chunks of a dataset lie in the file.
    ///
    /// # Errors
    /// As [`AsyncFile::chunk_map`].
    pub fn chunk_map(&self, dataset: &Dataset) -> Result<ChunkMap, Error> {
        ready(self.inner.chunk_map(dataset))
    }

    /// What reading has cost so far.
    #[must_use]
    pub fn stats(&self) -> ReadStats {
        self.inner.stats()
    }
}
