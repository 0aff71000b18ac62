//! Where bytes come from here: one type for both ways, because all granules of a job share one.
use crate::fetch::FetchSource;
use crate::file::FileSource;
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, Stamp};

/// A granule by URL or as a dropped file.
pub(crate) enum PageSource {
    Fetch(FetchSource),
    File(FileSource),
}

impl Source for PageSource {
    async fn fetch(&self, range: ByteRange) -> Result<Fetched, SourceError> {
        match self {
            Self::Fetch(source) => source.fetch(range).await,
            Self::File(source) => source.fetch(range).await,
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Fetch(source) => source.stamp(),
            Self::File(source) => source.stamp(),
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Self::Fetch(source) => source.cost(),
            Self::File(source) => source.cost(),
        }
    }
}
