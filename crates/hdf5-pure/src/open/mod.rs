//! Files as most programs want them: paths in, values out.
//!
//! [`AsyncFile`] is the one reader; [`File`] drives it over bytes that are at hand. Everything about a file that is parsed once
//! stays known; data never pass through that memory, and are decoded chunk by chunk into their place.
mod async_dataset;
mod async_file;
mod at_hand;
mod dataset;
mod file;
mod gather;
mod heap;
#[cfg(feature = "local")]
mod local;
mod output;

pub use async_dataset::AsyncDataset;
pub use async_file::AsyncFile;
pub use at_hand::ReadAt;
pub use dataset::FileDataset;
pub use file::File;
