//! The stored bytes of one granule's chunks: those that came along with other reads, and those fetched for their own sake.
use crate::{GranuleError, fetch};
use byte_ranges::{ByteMap, ByteRange, Lookup, Source};
use bytes::Bytes;

/// Where chunks are read from. A copy shares what is at hand, and keeps what it fetches for itself.
pub(crate) struct Bodies<'a, S> {
    source: &'a S,
    arrived: ByteMap,
}

impl<S> Clone for Bodies<'_, S> {
    fn clone(&self) -> Self {
        Self { source: self.source, arrived: self.arrived.clone() }
    }
}

impl<'a, S: Source> Bodies<'a, S> {
    /// `arrived`: bytes of the file that are at hand already.
    pub(crate) const fn new(source: &'a S, arrived: ByteMap) -> Self {
        Self { source, arrived }
    }

    /// Fetches what is missing of `wants` and keeps it.
    pub(crate) async fn prefetch(&mut self, wants: &[ByteRange]) -> Result<(), GranuleError> {
        let missing: Vec<ByteRange> = wants.iter().flat_map(|&want| self.arrived.missing(want)).collect();
        let arrived = &mut self.arrived;
        fetch::each(self.source, &missing, |index, bytes| {
            if let Some(hole) = missing.get(index) {
                arrived.insert(hole.start(), &bytes);
            }
            Ok(())
        })
        .await
    }

    /// Calls `take` once for each of `wants` with its index and bytes: at once for those at hand, the others as they arrive,
    /// without keeping them.
    pub(crate) async fn each(
        &self,
        wants: &[ByteRange],
        mut take: impl FnMut(usize, Bytes) -> Result<(), GranuleError>,
    ) -> Result<(), GranuleError> {
        let mut missing: Vec<ByteRange> = Vec::new();
        let mut owners: Vec<(usize, ByteRange)> = Vec::new();
        for (index, &want) in wants.iter().enumerate() {
            if let Lookup::Bytes(bytes) = self.arrived.get(want) {
                take(index, bytes)?;
            } else {
                missing.extend(self.arrived.missing(want));
                owners.resize(missing.len(), (index, want));
            }
        }
        // Parts of wants whose other parts came along earlier.
        let mut joined = self.arrived.clone();
        fetch::each(self.source, &missing, |index, bytes| {
            let Some((&hole, &(owner, want))) = missing.get(index).zip(owners.get(index)) else { return Ok(()) };
            if hole == want {
                return take(owner, bytes);
            }
            joined.insert(hole.start(), &bytes);
            match joined.get(want) {
                Lookup::Bytes(bytes) => take(owner, bytes),
                _ => Ok(()),
            }
        })
        .await
    }
}
