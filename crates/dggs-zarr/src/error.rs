//! What can be wrong with a store before it is written.

use crate::DataType;
use morton::Order;

/// A store that cannot be encoded. All of these are faults of the caller's values (class: config), never of a
/// medium: this crate does no IO.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A level or chunk without rows.
    #[error("{what}: no rows")]
    Empty {
        /// The level or array.
        what: String,
    },
    /// A value array whose length is not the number of cells (or, for a chunk, exceeds the chunk shape).
    #[error("{array}: {found} values where {expected} are due")]
    Length {
        /// Path of the array.
        array: String,
        /// Values that the shape asks for.
        expected: u64,
        /// Values given.
        found: u64,
    },
    /// An array or group name that Zarr v3 does not allow, or that would collide with another.
    #[error("name {name:?}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why it cannot be used.
        reason: &'static str,
    },
    /// A refinement level given twice, or in a place where it cannot be.
    #[error("order {order}: {reason}")]
    Order {
        /// The order.
        order: Order,
        /// Why it cannot be used.
        reason: &'static str,
    },
    /// A nested id beyond the last cell of its order, or ids that do not ascend strictly.
    #[error("order {order}: cell id {id} at row {row} {reason}")]
    CellId {
        /// The order.
        order: Order,
        /// The offending id.
        id: u64,
        /// Its row.
        row: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A cell without the decimal id that is its name.
    #[error(transparent)]
    Cell(#[from] morton::Error),
    /// A fill value that the data type cannot hold.
    #[error("fill value {fill} does not fit {data_type:?}")]
    Fill {
        /// The fill value as written in JSON.
        fill: String,
        /// The data type of the array.
        data_type: DataType,
    },
    /// A time axis that is none.
    #[error("the time axis {0}")]
    Time(&'static str),
    /// A shard that does not hold whole chunks.
    #[error("a shard of {shard} rows does not hold whole chunks of {chunk}")]
    Shard {
        /// Rows of the shard.
        shard: u64,
        /// Rows of a chunk.
        chunk: u64,
    },
    /// Values of another type than the array's metadata declares.
    #[error("values are {found:?}, the array is {expected:?}")]
    Type {
        /// Declared type.
        expected: DataType,
        /// Type of the values.
        found: DataType,
    },
    /// An object that cannot be the encoding of an array's values.
    #[error("{0}")]
    Object(&'static str),
    /// Provenance that is no JSON object, or that names another latitude convention than the store.
    #[error("provenance: {0}")]
    Provenance(&'static str),
    /// The deflate encoder stopped before its end (never seen; kept so that nothing has to panic).
    #[error("deflate stopped early")]
    Deflate,
    /// A document that cannot be serialised.
    #[error("metadata: {0}")]
    Json(#[from] serde_json::Error),
}
