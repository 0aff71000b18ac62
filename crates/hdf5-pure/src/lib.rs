//! HDF5 files in pure Rust: read from a disk, from memory, over HTTP, from S3, or in a browser.
//!
//! ```
//! use hdf5_pure::{File, Hyperslab};
//!
//! # let path = "tests/fixtures/values.h5";
//! let file = File::open(path)?; // or File::from_bytes(...)
//! for link in file.links("/numbers")? {
//!     println!("{}", link.name);
//! }
//! let dataset = file.dataset("/numbers/big f4")?;
//! println!("{:?} {}", dataset.shape, dataset.datatype.name()); // [7, 5] >f4
//! let all: Vec<f64> = dataset.read()?; // each number exactly, or an error
//!
//! // A part: rows 2, 4 and 6 of two columns.
//! let part = Hyperslab::all(&dataset).along(0, 2..7).every(0, 2).along(1, 1..3);
//! assert_eq!(dataset.read_part::<f64>(&part)?.len(), 3 * 2);
//!
//! let units = file.text_attribute("/numbers", "units")?;
//! assert_eq!(units.as_deref(), Some("metres"));
//! # Ok::<(), hdf5_pure::Error>(())
//! ```
//!
//! # Where to begin
//!
//! | you have | you use |
//! |---|---|
//! | a local file, bytes in memory, anything that can be read without waiting | [`File`] |
//! | a file behind a network, or in a browser | [`AsyncFile`] over a `byte_ranges::Source`: one function that brings a range |
//! | many datasets, or columns of a table | [`AsyncFile::read_many`], [`AsyncFile::read_columns`]: one plan, few requests, each chunk once |
//! | a part of a dataset | [`Hyperslab`], with strides |
//! | text, records, sequences, any other type | [`Values`]; the table of types is in [`values`] |
//! | an event loop of your own | [`Metadata`]: every query without IO, as [`byte_ranges::Step`] |
//! | chunk addresses to keep | [`ChunkMap`], by [`AsyncFile::chunk_map`] |
//!
//! The folder `examples` has a program for each of: a local file, HTTP, a browser, a chunk map.
//!
//! # What to expect
//!
//! * **Threads**: methods take `&self`; several reads may be under way at once, on one thread or many. Futures are `Send` where
//!   those of the source are. No runtime is needed or started.
//! * **Memory**: a read holds its result, the chunk that is being decoded, and at most 64 MiB of requests under way (a single
//!   request may be larger where the source says so). Values with an odd layout or in another byte order are converted chunk by
//!   chunk.
//! * **Hostile files**: no `unsafe`, no panic; [`Limits`] bounds what a file may cost. One broken object does not affect the others.
//! * **What is not supported** is an error that names it: virtual datasets, external data files, filters that exist only in C,
//!   VAX floats. Writing is not here.
//!
//! # Features
//!
//! All are chosen by default but `checksum`. Without the feature of a filter, reading a chunk that went through it is an
//! error that names the feature.
//!
//! | feature | what it adds |
//! |---|---|
//! | `local` | [`File::open`]; without it the crate performs no IO at all |
//! | `deflate` | the filter that most files use; shuffle and fletcher32 are always there |
//! | `codecs` | all of `bitshuffle`, `blosc`, `blosc2`, `bzip2`, `jpeg-ls`, `lz4`, `lzf`, `lzo`, `nbit`, `scaleoffset`, `szip`, `zfp`, `zstd`, which can be chosen one by one |
//! | `checksum` | hashes of the values of every dataset |
//!
//! # How it is built
//!
//! [`Metadata`] is the memory of one file: the bytes that have arrived and the structures parsed from them. Every query is an
//! idempotent function that returns [`byte_ranges::Step`]: call it, bring the bytes of `Need`, call it again, until
//! `Done`. What was parsed once is never parsed again; needs of siblings go out together, so the depth of the tree and
//! not the number of its nodes sets the number of rounds.
//!
//! * `parse`: one nom parser per on-disk structure; a pure function of a slice that never follows an address.
//! * `walk`: machines that follow addresses, and look into bytes only through `parse`.
//! * [`ChunkMap`], [`Selection`], [`Dataset::assemble`]: where the bytes of a part lie, and how they become it.
//! * [`filters`], [`datatype`], [`values`]: stored bytes to raw elements, raw elements to values.
//! * `open`: [`File`] and [`AsyncFile`], which plan, fetch and decode; [`drive()`] is the loop that feeds queries alone.
//! * [`listing`]: the tree of a file and attributes as text, for people.
//!
//! Structures are named as in the HDF5 File Format Specification; section numbers in comments are those of its version 3.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

#[cfg(feature = "checksum")]
pub mod checksum;
pub mod datatype;
mod drive;
mod error;
pub mod filters;
mod layout;
mod limits;
pub mod listing;
mod metadata;
mod object;
mod open;
mod outline;
mod parse;
pub mod values;
mod walk;

pub use drive::{ReadStats, drive, drive_counted, fetch_chunks};
pub use error::{Error, ErrorClass};
pub use layout::{Chunk, ChunkMap, Hyperslab, Selection};
pub use limits::Limits;
pub use metadata::{Metadata, StepResult};
pub use object::{
    Attribute, ChunkIndex, Chunked, CommittedDatatype, DataLayout, Dataset, Group, HeapId, Link, LinkTarget, Object,
    Space,
};
pub use open::{AsyncDataset, AsyncFile, File, FileDataset, ReadAt};
pub use outline::Outline;
pub use values::{Elements, NamedValues, Values};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
