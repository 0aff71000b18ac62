//! Granules as a caller hands them in: where they are, and how they are opened.
use byte_ranges::{Source, SourceError};

/// Opens a granule, or the index of one, without any IO of its own. A closure that returns a source is one.
pub trait Open {
    /// What is opened.
    type Source: Source;

    /// Opens it.
    ///
    /// # Errors
    /// [`SourceError`] when the place makes no sense; whether the file exists shows when it is read.
    fn open(&self) -> Result<Self::Source, SourceError>;
}

impl<S: Source, F: Fn() -> Result<S, SourceError>> Open for F {
    type Source = S;

    fn open(&self) -> Result<S, SourceError> {
        self()
    }
}

/// A file to read.
#[derive(Clone, Debug)]
pub struct Granule<O> {
    /// Path or URL. The last component is its name.
    pub location: String,
    /// Opens it.
    pub opener: O,
    /// Opens its index, see [`crate::Sidecar`].
    pub index: Option<O>,
}

impl<O> Granule<O> {
    /// A granule at a path or URL. Its name is its identity where it is a NASA granule name ([`crate::GranuleName`]): the same
    /// granule in two places is one granule. Any other file is identified by its whole location, without what signs it.
    pub fn new(location: impl Into<String>, opener: O) -> Self {
        Self { location: location.into(), opener, index: None }
    }
}
