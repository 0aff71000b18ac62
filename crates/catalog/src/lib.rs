//! Which granules touch which cells (lambda.md, "The catalog").
//!
//! * [`assemble`] sorts granules into a [`Catalog`], which reads and writes the seed's JSON.
//! * [`crossed_cells`] finds the cells that a granule's own coordinates lie in.
#![forbid(unsafe_code)]

mod build;
mod error;
mod extent;
mod file;

pub use build::{Remarks, assemble, usable};
pub use error::Error;
pub use extent::{Extent, crossed_cells};
pub use file::{Catalog, Links, Summary};
