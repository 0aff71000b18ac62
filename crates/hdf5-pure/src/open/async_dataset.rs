//! A dataset of a file over any source.
use super::async_file::AsyncFile;
use crate::datatype::Sample;
use crate::values::{NamedValues, Values};
use crate::{Dataset, Error, Hyperslab, Object};
use byte_ranges::Source;
use std::ops::Deref;
use std::sync::Arc;

/// A dataset of an [`AsyncFile`]: what [`Dataset`] says of it, and its data.
#[derive(Debug)]
pub struct AsyncDataset<'f, S> {
    file: &'f AsyncFile<S>,
    described: Arc<Dataset>,
}

impl<S: Source> AsyncFile<S> {
    /// The dataset at a path.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is none, and as [`AsyncFile::find`].
    pub async fn dataset(&self, path: &str) -> Result<AsyncDataset<'_, S>, Error> {
        let mut all = self.datasets(&[path]).await?;
        all.pop().ok_or_else(|| Error::Usage(format!("there is no dataset {path}")))
    }

    /// The datasets at paths, looked up together: the depth of the paths and not their number sets the round trips.
    ///
    /// # Errors
    /// As [`AsyncFile::dataset`], for the first that is none.
    pub async fn datasets(&self, paths: &[&str]) -> Result<Vec<AsyncDataset<'_, S>>, Error> {
        let found = self.query(|file| file.find(paths)).await?;
        let dataset = |(path, object): (&&str, Result<Option<Object>, Error>)| match object? {
            Some(Object::Dataset(dataset)) => Ok(AsyncDataset::new(self, dataset)),
            Some(_) => Err(Error::Usage(format!("{path} is no dataset: a group or a datatype is there"))),
            None => Err(Error::Usage(format!("there is no dataset {path}"))),
        };
        paths.iter().zip(found).map(dataset).collect()
    }
}

impl<'f, S: Source> AsyncDataset<'f, S> {
    pub(super) const fn new(file: &'f AsyncFile<S>, described: Arc<Dataset>) -> Self {
        Self { file, described }
    }

    /// What is known of it without its data, to keep.
    #[must_use]
    pub fn description(&self) -> Arc<Dataset> {
        Arc::clone(&self.described)
    }

    /// All elements as numbers, in C order.
    ///
    /// # Errors
    /// As [`AsyncFile::read`].
    pub async fn read<T: Sample>(&self) -> Result<Vec<T>, Error> {
        self.read_part(&Hyperslab::all(self)).await
    }

    /// A part of the elements as numbers, in C order.
    ///
    /// # Errors
    /// As [`AsyncFile::read`].
    pub async fn read_part<T: Sample>(&self, part: &Hyperslab) -> Result<Vec<T>, Error> {
        self.file.read(self, part).await
    }

    /// All elements as values of their type.
    ///
    /// # Errors
    /// As [`AsyncFile::read_many`].
    pub async fn values(&self) -> Result<Values, Error> {
        self.part(&Hyperslab::all(self)).await
    }

    /// A part of the elements as values of their type.
    ///
    /// # Errors
    /// As [`AsyncFile::read_many`].
    pub async fn part(&self, part: &Hyperslab) -> Result<Values, Error> {
        let mut all = self.file.read_many(&[(self, part)]).await?;
        all.pop().unwrap_or_else(|| Err(Error::Usage("values are missing".into())))
    }

    /// All elements as text.
    ///
    /// # Errors
    /// As [`AsyncDataset::values`] and [`Values::strings`].
    pub async fn strings(&self) -> Result<Vec<String>, Error> {
        self.values().await?.strings()
    }

    /// Names and values of all attributes, by name; a value that cannot be read is an error of its own.
    ///
    /// # Errors
    /// As [`AsyncFile::attributes`].
    pub async fn attributes(&self) -> Result<NamedValues, Error> {
        self.file.attributes_of(&Object::Dataset(self.description()), None).await
    }

    /// The value of one attribute; `None` when there is no such attribute.
    ///
    /// # Errors
    /// As [`AsyncFile::attribute`].
    pub async fn attribute(&self, name: &str) -> Result<Option<Values>, Error> {
        let object = Object::Dataset(self.description());
        self.file.attributes_of(&object, Some(&[name])).await?.pop().map(|(_, values)| values).transpose()
    }

    /// The text of one attribute, of fixed or variable length; `None` when there is no such attribute.
    ///
    /// # Errors
    /// As [`AsyncFile::text_attribute`].
    pub async fn text_attribute(&self, name: &str) -> Result<Option<String>, Error> {
        self.attribute(name).await?.map(|values| values.text()).transpose()
    }
}

impl<S> Deref for AsyncDataset<'_, S> {
    type Target = Dataset;

    fn deref(&self) -> &Dataset {
        &self.described
    }
}
