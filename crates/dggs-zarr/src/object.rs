//! One object of a store.

use bytes::Bytes;
use serde_json::Value;

use crate::Error;

/// One whole object: what a `PUT` or a file write needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreObject {
    /// Key relative to the root of the store: `/`-separated, without a leading slash.
    pub key: String,
    /// The complete content.
    pub bytes: Bytes,
    /// When it is put.
    pub step: PutStep,
}

/// The steps in which objects are put. Those of one step may be put in any order; each step waits for the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PutStep {
    /// Chunks and shards.
    Chunk,
    /// Metadata of arrays.
    Array,
    /// Metadata of groups.
    Group,
    /// The completion marker: the root's metadata, or a cell's provenance. Once it is there, the rest is whole.
    Marker,
}

/// JSON as this crate writes it: compact, keys sorted at every depth.
///
/// Sorting here makes the bytes independent of serde_json's `preserve_order` feature, which any other crate in
/// the build may switch on.
pub(crate) fn canonical_json(mut value: Value) -> Result<Bytes, Error> {
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?.into())
}
