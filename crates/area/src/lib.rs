//! A region of interest: polygons in their coordinate system, and the cells that belong to them.
//!
//! * [`Interest`] reads a region from a text or a file, and finds its cells.
//! * [`Crs`] is a coordinate system, with the refusals that keep a region where it belongs.
//! * [`Clip`] is the choice of the cells that are kept; [`digest`] is their hash, for the provenance.
//!
//! ```
//! use area::{Clip, Interest};
//! use morton::{Latitude, Order};
//!
//! let region = Interest::parse("-51,68.5,-48,69.8", None)?;
//! assert!(region.contains(-50.0, 69.0));
//! let kept = region.kept(Order::new(12)?, Order::new(6)?, Latitude::Spherical, Clip::Centre)?;
//! assert!(kept.iter().map(|range| range.end - range.start).sum::<u64>() > 5_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An edge is straight in the coordinate system that its file states: places are mapped into it and tested there.
//! Cells are told apart from the coarsest orders downwards: what no edge comes near is inside or outside as a whole, so
//! only cells along the outline are tested one by one.
#![forbid(unsafe_code)]

mod clip;
mod crs;
mod error;
mod interest;
mod pieces;
mod read;

pub use clip::{Clip, digest, ranges_of};
pub use crs::Crs;
pub use error::Error;
pub use interest::Interest;
