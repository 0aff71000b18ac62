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
}

/// JSON as this crate writes it: compact, keys sorted at every depth.
///
/// Sorting here makes the bytes independent of serde_json's `preserve_order` feature, which any other crate in
/// the build may switch on.
pub(crate) fn canonical_json(mut value: Value) -> Result<Bytes, Error> {
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?.into())
}
