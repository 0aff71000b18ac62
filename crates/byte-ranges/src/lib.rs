//! Byte ranges, the bytes that have arrived, and the traits through which bytes are read and written. All other crates build
//! on this one.
//!
//! * [`ByteRange`]: half-open, `u64`; its start is never after its end.
//! * [`ByteMap`]: the sparse map of bytes that have arrived, and what is still missing.
//! * [`Step`]: the answer of every query without IO, `Need(ranges)` or `Done(value)`.
//! * [`Cost`] and [`coalesce`]: how wanted ranges become requests.
//! * [`Source`] and [`Sink`]: the only two interfaces to the outside. Neither requires `Send`, so that a browser can
//!   implement them; an implementation with threads spawns its own tasks inside.
//! * [`unsigned`] and [`file_name`]: the parts of a path or URL that identify a file.
//! * [`http`]: ranges and versions in HTTP header fields, for every client.
//!
//! Nothing here performs IO, reads a clock or starts a thread.
#![forbid(unsafe_code)]

mod coalesce;
pub mod http;
mod map;
mod memory;
mod numbers;
mod place;
mod printable;
mod range;
mod source;
mod step;
mod storage;

pub use coalesce::{Cost, coalesce};
pub use map::{ByteMap, Lookup};
pub use memory::{MemorySink, MemorySource};
pub use numbers::{data_size, thousands};
pub use place::{file_name, s3_link, unsigned};
pub use printable::printable;
pub use range::ByteRange;
pub use source::{Fetched, Sink, Source, SourceError, SourceErrorKind, Stamp};
pub use step::Step;
pub use storage::{PROBE, Storage, Tag};
