//! Which granules touch which cells (lambda.md, "The catalog").
//!
//! * [`Choice`] makes a [`Catalog`] of what a search found, or of granules where they lie ([`Places`]), and reports what
//!   happened on the way ([`Gathered`]).
//! * [`Grid`] is the cells that it is made for, [`NameFilter`] the granules.
//! * [`Catalog`] reads and writes the seed's JSON.
//! * [`crossed_cells`] finds the cells that a granule's own coordinates lie in.
//!
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod build;
mod error;
mod extent;
mod file;
mod gather;
mod grid;
mod names;
mod places;

pub use build::Remarks;
pub use error::Error;
pub use extent::{Extent, crossed_cells};
pub use file::{Catalog, Links, Summary};
pub use gather::{Choice, Gathered, SearchNotes};
pub use grid::Grid;
pub use names::NameFilter;
pub use places::{Places, ReadOptions};
