//! Where the data of a dataset lie, and how stored chunks become the elements of a selection.
#![deny(clippy::indexing_slicing)]
mod assemble;
mod btree1;
mod btree2;
mod copy;
mod extensible_array;
mod fixed_array;
mod grid;
mod hyperslab;
mod map;
mod plan;
mod question;
mod selection;

pub(crate) use copy::BoxCopy;
pub(crate) use grid::{dims, slab_shape};
pub use hyperslab::Hyperslab;
pub(crate) use hyperslab::{Overlap, slab_bytes};
pub use map::{Chunk, ChunkMap};
pub(crate) use plan::chunk_map;
pub use selection::Selection;
