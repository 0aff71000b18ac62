//! Zarr v3 stores in the DGGS convention: values in, `(key, bytes)` objects out.
//!
//! Nothing here opens a file, a socket or a clock. A caller hands over the values of one parent cell
//! ([`CellStore`]) and receives the complete list of [`StoreObject`]s in the order in which they may become visible:
//! chunks, array metadata, group metadata, and last the root. Equal input gives equal bytes on every platform.
//!
//! Three lines open the result:
//!
//! ```python
//! import xarray as xr, xdggs
//! ds = xdggs.decode(xr.open_zarr("-6134114.zarr", group="12"))
//! ```
//!
//! Layout `cell` is [`CellStore`], layout `sphere` is [`Sphere`] (the template) and [`SphereCell`] (what one writer adds), layout
//! `region` is [`Region`] (the template, with its [`KeptCells`]) and [`RegionCell`] (what is added of one parent). All are assembled from the same parts: [`ArrayMeta`] and [`GroupMeta`] describe arrays and groups, [`ChunkEncoder`] and
//! [`ArrayMeta::key`] make one object, and [`ArrayMeta::decode`] reads it back, strictly. Readers of other writers' stores take
//! [`GzipMember`] and [`Column`].
//!
//! Sources: the Zarr v3 core specification (zarr.json documents, `bytes` and `gzip` codecs, default chunk keys);
//! the Zarr DGGS convention v1; zarr-python 3.4 for inline consolidated metadata; design notes 0003 and 0007.
#![forbid(unsafe_code)]

mod array;
mod chunk;
mod column;
mod convention;
mod decode;
mod error;
mod group;
mod gzip;
mod kept;
mod object;
mod records;
mod region;
mod shard;
mod sphere;
mod store;
mod time;
mod tombstone;

pub use array::{ArrayMeta, FillValue, MAX_CHUNK, Steps, TIME, TemplateVariable};
pub use chunk::ChunkEncoder;
pub use column::{Column, DataType};
pub use convention::{Coordinate, DIMENSION, group_attributes};
pub use error::Error;
pub use group::{GroupMeta, Node};
pub use gzip::{GZIP_LEVEL, GzipFault, GzipMember};
pub use kept::KeptCells;
pub use object::{PutStep, StoreObject};
pub use records::RecordTable;
pub use region::{Region, RegionCell, RegionLevel, RegionPatch};
pub use sphere::{CELLS, CHANGE, CellWindow, Sphere, SphereCell, SphereLevel, mark_key, window_key};
pub use store::{CellStore, Level, RECORDS, Variable, cell_group};
pub use time::TimeCoordinate;
pub use tombstone::{Tombstone, is_marked_root, is_removed, is_tombstone, removed};

/// JSON attributes of an array or group. Key order does not matter: documents are written with sorted keys.
pub type Attributes = serde_json::Map<String, serde_json::Value>;
