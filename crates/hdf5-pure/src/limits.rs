//! What a file may cost.

/// Bounds on what reading one file may cost, whatever its bytes say. Beyond one of them a query answers
/// [`crate::Error::Limit`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Chunks of one object header: the first and its continuations.
    pub header_chunks: usize,
    /// Links of one group, attributes of one object, records of one index that is read whole.
    pub links: usize,
    /// Soft links followed to resolve one path.
    pub depth: usize,
    /// Groups within groups, where a whole file is listed: the length of paths grows with it.
    pub nesting: usize,
    /// Decoded size of one chunk, and of one element, in bytes.
    pub chunk_bytes: u64,
    /// Size of one metadata structure, of all that were parsed from one file, and of the names and values in one answer, in
    /// bytes. Values in the global heap are data: they count by themselves, not together.
    pub metadata_bytes: u64,
    /// Chunks in one answer of `chunk_maps`, per dataset.
    pub chunks: u64,
    /// Size in bytes of one selection read whole.
    pub selection_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_chunks: 4096,
            links: 1 << 20,
            depth: 32,
            nesting: 1024,
            chunk_bytes: 512 << 20,
            metadata_bytes: 256 << 20,
            chunks: 4 << 20,
            selection_bytes: 2 << 30,
        }
    }
}
