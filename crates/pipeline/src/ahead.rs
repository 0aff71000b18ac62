//! How far metadata are read ahead.
use byte_ranges::{ByteRange, Cost, Fetched, Source, SourceError, Stamp};

/// Bytes from the last header of a track's datasets to the attributes that they got when the granule was done (design note 0006).
const LATE_ATTRIBUTES: u64 = 10 << 10 | 512;

/// The same source, with another idea of how far to read ahead.
pub(crate) struct Ahead<'a, S> {
    source: &'a S,
    bytes: u64,
}

impl<'a, S: Source> Ahead<'a, S> {
    /// For headers: the usual, and [`LATE_ATTRIBUTES`] further, so that attributes which were written late are included.
    pub(crate) fn headers(source: &'a S) -> Self {
        let usual = source.cost().ahead;
        Self { source, bytes: if usual > 0 { usual + LATE_ATTRIBUTES } else { 0 } }
    }

    /// For reads that lead nowhere further: chunk indexes are leaves, what follows them is data.
    pub(crate) const fn leaves(source: &'a S) -> Self {
        Self { source, bytes: 0 }
    }
}

impl<S: Source> Source for Ahead<'_, S> {
    fn fetch(&self, range: ByteRange) -> impl Future<Output = Result<Fetched, SourceError>> {
        self.source.fetch(range)
    }

    fn cost(&self) -> Cost {
        Cost { ahead: self.bytes, ..self.source.cost() }
    }

    fn stamp(&self) -> Option<Stamp> {
        self.source.stamp()
    }
}
