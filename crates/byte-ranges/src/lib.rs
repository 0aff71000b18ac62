//! The bottom room: what every other room says about bytes.
//!
//! * [`ByteRange`]: half-open, `u64`, never empty of meaning by accident.
//! * [`ByteMap`]: the sparse map of bytes that have arrived, and what is still missing.
//! * [`Step`]: the answer of every sans-IO machine, `Need(ranges)` or `Done(value)`.
//! * [`Cost`] and [`coalesce`]: how wanted ranges become requests.
//! * [`Source`] and [`Sink`]: the only two doors to the outside. Neither asks for `Send`, so that a browser can
//!   fulfil them; who wants threads spawns at the leaves.
//! * [`unsigned`] and [`file_name`]: what of a path or URL says where a file is.
//! * [`http`]: what header fields say of ranges and versions, for every client.
//!
//! Nothing here performs IO, reads a clock or starts a thread.
#![forbid(unsafe_code)]

mod coalesce;
pub mod http;
mod map;
mod memory;
mod place;
mod printable;
mod range;
mod source;
mod step;
mod storage;

pub use coalesce::{Cost, coalesce};
pub use map::{ByteMap, Lookup};
pub use memory::{MemorySink, MemorySource};
pub use place::{file_name, s3_twin, unsigned};
pub use printable::printable;
pub use range::ByteRange;
pub use source::{Fetched, Sink, Source, SourceError, SourceErrorKind, Stamp};
pub use step::Step;
pub use storage::{PROBE, Storage, Tag};
