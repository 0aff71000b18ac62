//! Where bytes come from here: one type for both ways, because all granules of a job share one.
use crate::fetch::FetchSource;
use crate::file::FileSource;
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

// The numbers of `sources`, which cannot be a dependency here (it brings a runtime): equal ones make equal requests. A
// test below holds them together.

/// What a request over HTTP costs.
pub(crate) const HTTP_COST: Cost =
    Cost { gap: 33 * KIB, max_request: 8 * MIB, in_flight: 32, ahead: 48 * KIB, head: 24 * KIB, tail: 168 * KIB };

/// What a read of a local file costs.
pub(crate) const LOCAL_COST: Cost =
    Cost { gap: 64 * KIB, max_request: 16 * MIB, in_flight: 4, ahead: 16 * KIB, head: 64 * KIB, tail: 0 };

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

    fn cost(&self) -> Cost {
        match self {
            Self::Fetch(source) => source.cost(),
            Self::File(source) => source.cost(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_as_the_command_does() {
        assert_eq!(HTTP_COST, sources::HTTP_COST);
        assert_eq!(LOCAL_COST, sources::LOCAL_COST);
    }
}
