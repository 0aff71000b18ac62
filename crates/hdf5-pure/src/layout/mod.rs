//! Where the data of a dataset lie, and how stored chunks become the elements of a selection.
#![deny(clippy::indexing_slicing)]
mod assemble;
mod btree1;
mod btree2;
mod extensible_array;
mod fixed_array;
mod grid;
mod map;
mod plan;
mod question;
mod selection;

pub(crate) use grid::{dims, slab_shape};
pub use map::{Chunk, ChunkMap};
pub(crate) use plan::chunk_map;
pub use selection::Selection;
