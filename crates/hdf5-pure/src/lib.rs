//! A reader of HDF5 files without IO.
//!
//! [`File`] is the memory of one file: the bytes that have arrived and the structures parsed from them. Every query is an
//! idempotent function that answers [`byte_ranges::Step`]: call it, bring the bytes of `Need`, call it again, until
//! `Done`. What was parsed once is never parsed again; needs of siblings go out together, so the depth of the tree and
//! not the number of its nodes sets the number of rounds.
//!
//! * `parse`: one nom parser per on-disk structure; a pure function of a slice that never follows an address.
//! * `walk`: machines that follow addresses, and look into bytes only through `parse`.
//! * [`ChunkMap`], [`Selection`], [`Dataset::assemble`]: where the bytes of a hyperslab lie, and how they become it.
//! * [`filters`], [`datatype`]: stored bytes to raw elements, raw elements to values.
//! * [`drive()`], [`AsyncFile`]: the loop that feeds queries from any [`byte_ranges::Source`]; no runtime, no `Send`.
//! * [`listing`]: the tree of a file and attributes as text, for people. The feature `checksum` adds hashes of all values.
//!
//! Structures are named as in the HDF5 File Format Specification; section numbers in comments are those of its version 3.
//!
//! The crate's README has examples: a local file, HTTP, memory, a browser; many windows at once; chunk maps that are kept.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

#[cfg(feature = "checksum")]
pub mod checksum;
pub mod datatype;
mod drive;
mod error;
mod file;
pub mod filters;
mod layout;
mod limits;
pub mod listing;
mod object;
mod outline;
mod parse;
mod walk;

pub use drive::{AsyncFile, ReadStats, drive, drive_counted, fetch_chunks};
pub use error::{Error, ErrorClass};
pub use file::{File, StepResult};
pub use layout::{Chunk, ChunkMap, Selection};
pub use limits::Limits;
pub use object::{
    Attribute, ChunkIndex, Chunked, CommittedDatatype, DataLayout, Dataset, Group, HeapId, Link, LinkTarget, Object,
    Space,
};
pub use outline::Outline;

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
