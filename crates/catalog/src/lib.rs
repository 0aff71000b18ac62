//! Which granules touch which cells (docs/lambda.md, "The catalog").
//!
//! * [`Choice`] makes a [`Catalog`] from the result of a search, or by reading granules ([`Places`]), and reports what was
//!   left out and why ([`Gathered`]).
//! * [`Grid`] chooses the cells of the catalog, [`NameFilter`] the granules.
//! * [`Catalog`] reads and writes the JSON of the reference system.
//! * [`crossed_cells`] finds the cells that a granule's own coordinates lie in.
//!
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod answer;
mod build;
mod choice;
mod error;
mod extent;
mod file;
mod gather;
mod gathered;
mod grid;
mod names;
mod places;

pub use build::Remarks;
pub use choice::{Choice, SearchNotes};
pub use error::Error;
pub use extent::{Extent, crossed_cells};
pub use file::{Catalog, Links, Summary};
pub use gathered::{Gathered, LeftOut};
pub use grid::Grid;
pub use names::NameFilter;
pub use places::{Places, ReadOptions, is_hdf5};
