//! A dataset of a file whose bytes are at hand.
use super::async_dataset::AsyncDataset;
use super::at_hand::AtHand;
use crate::datatype::Sample;
use crate::values::{NamedValues, Values};
use crate::{Dataset, Error, Hyperslab};
use futures_util::FutureExt as _;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

/// A dataset of a [`crate::File`]: what [`Dataset`] says of it, and its data.
#[derive(Debug)]
pub struct FileDataset<'f> {
    inner: AsyncDataset<'f, AtHand>,
}

impl<'f> FileDataset<'f> {
    pub(super) const fn new(inner: AsyncDataset<'f, AtHand>) -> Self {
        Self { inner }
    }

    /// What is known of it without its data, to keep.
    #[must_use]
    pub fn description(&self) -> Arc<Dataset> {
        self.inner.description()
    }

    /// All elements as numbers, in C order, if `T` holds each of them exactly.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::read`].
    pub fn read<T: Sample>(&self) -> Result<Vec<T>, Error> {
        ready(self.inner.read())
    }

    /// A part of the elements as numbers, in C order.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::read`].
    pub fn read_part<T: Sample>(&self, part: &Hyperslab) -> Result<Vec<T>, Error> {
        ready(self.inner.read_part(part))
    }

    /// All elements as values of their type.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::read_many`].
    pub fn values(&self) -> Result<Values, Error> {
        ready(self.inner.values())
    }

    /// A part of the elements as values of their type.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::read_many`].
    pub fn part(&self, part: &Hyperslab) -> Result<Values, Error> {
        ready(self.inner.part(part))
    }

    /// All elements as text.
    ///
    /// # Errors
    /// As [`AsyncDataset::strings`].
    pub fn strings(&self) -> Result<Vec<String>, Error> {
        ready(self.inner.strings())
    }

    /// Names and values of all attributes, by name; a value that cannot be read is an error of its own.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::attributes`].
    pub fn attributes(&self) -> Result<NamedValues, Error> {
        ready(self.inner.attributes())
    }

    /// The value of one attribute; `None` when there is no such attribute.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::attribute`].
    pub fn attribute(&self, name: &str) -> Result<Option<Values>, Error> {
        ready(self.inner.attribute(name))
    }

    /// The text of one attribute; `None` when there is no such attribute.
    ///
    /// # Errors
    /// As [`crate::AsyncFile::text_attribute`].
    pub fn text_attribute(&self, name: &str) -> Result<Option<String>, Error> {
        ready(self.inner.text_attribute(name))
    }
}

impl Deref for FileDataset<'_> {
    type Target = Dataset;

    fn deref(&self) -> &Dataset {
        &self.inner
    }
}

/// The answer of a future that waits for nothing.
pub(super) fn ready<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    future.now_or_never().unwrap_or_else(|| {
        Err(Error::Usage("bytes that are at hand did not come at once: use AsyncFile for a source that waits".into()))
    })
}
