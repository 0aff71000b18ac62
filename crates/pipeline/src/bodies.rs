//! The stored bytes of one granule's chunks: those that came along with other reads, and those fetched for their own sake.
use crate::{GranuleError, fetch};
use byte_ranges::{ByteMap, ByteRange, Lookup, Source};
use bytes::Bytes;

/// Where chunks are read from.
pub(crate) struct Bodies<'a, S> {
    source: &'a S,
    arrived: ByteMap,
}

impl<'a, S: Source> Bodies<'a, S> {
    /// `arrived`: bytes of the file that are at hand already.
    pub(crate) const fn new(source: &'a S, arrived: ByteMap) -> Self {
        Self { source, arrived }
    }

    /// Fetches what is missing of `wants` and keeps it.
    pub(crate) async fn prefetch(&mut self, wants: &[ByteRange]) -> Result<(), GranuleError> {
        let missing: Vec<ByteRange> = wants.iter().copied().filter(|&want| self.at_hand(want).is_none()).collect();
        let arrived = &mut self.arrived;
        fetch::each(self.source, &missing, |index, bytes| {
            if let Some(want) = missing.get(index) {
                arrived.insert(want.start(), &bytes);
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
        let mut missing = Vec::new();
        let mut owners = Vec::new();
        for (index, &want) in wants.iter().enumerate() {
            if let Some(bytes) = self.at_hand(want) {
                take(index, bytes)?;
            } else {
                missing.push(want);
                owners.push(index);
            }
        }
        fetch::each(self.source, &missing, |index, bytes| owners.get(index).map_or(Ok(()), |&owner| take(owner, bytes)))
            .await
    }

    fn at_hand(&self, want: ByteRange) -> Option<Bytes> {
        match self.arrived.get(want) {
            Lookup::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}
