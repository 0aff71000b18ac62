//! Addresses of chunks.
use byte_ranges::ByteRange;
use serde::{Deserialize, Serialize};

/// Where the chunks of a dataset lie, as far as a selection needs them. Chunks that are not in it were never allocated
/// and hold the fill value. Contiguous data are described as chunks too, see [`crate::Dataset::chunk_shape`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChunkMap {
    /// Dimensions of a chunk in elements.
    pub chunk_shape: Vec<u64>,
    /// Chunks sorted by origin, slowest dimension first.
    pub chunks: Vec<Chunk>,
}

/// One stored chunk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Chunk {
    /// First element in each dimension.
    pub origin: Vec<u64>,
    /// Absolute file offset in bytes.
    pub address: u64,
    /// Stored size in bytes.
    pub size: u64,
    /// Bit i set: filter i of the pipeline was skipped when writing.
    pub filter_mask: u32,
}

impl Chunk {
    /// The bytes of the file that hold the chunk; empty when its end does not fit in 64 bits.
    #[must_use]
    pub fn range(&self) -> ByteRange {
        ByteRange::at(self.address, self.size).or(ByteRange::at(self.address, 0)).unwrap_or(EMPTY)
    }
}

const EMPTY: ByteRange = match ByteRange::new(0, 0) {
    Some(range) => range,
    None => unreachable!(),
};
