//! HEALPix cells on the Earth, in nested numbering: coordinates to cells, ancestors and children, and the two labels
//! used for cells in files (docs/cells.md).
//!
//! Inside the engine a cell is an [`Order`] and a nested number (`u64`); the decimal morton id and the packed word are
//! labels at the edges ([`Cell::decimal`], [`Cell::packed`]). Longitudes and latitudes are degrees, east and north
//! positive.
//!
//! Two conventions of latitude exist and give different cells for the same place, so every conversion names one
//! ([`Latitude`]).
//!
//! The same input gives the same cell on every machine: the trigonometry is this crate's own ([`nested_of_exact`] is
//! the definition), and the vector kernel behind [`nested_of`] hands every point near a border to that definition.
//!
//! ```
//! use morton::{Cell, Latitude, LonLat, Order};
//!
//! let shard: Cell = "-6134114".parse()?;
//! assert_eq!((shard.order().get(), shard.nested()), (6, 45763));
//! assert_eq!(shard.children(Order::new(12)?)?, 187_445_248..187_449_344);
//!
//! let centre = shard.centre();
//! assert_eq!(Cell::at(centre, shard.order(), Latitude::Spherical)?, shard);
//! # Ok::<(), morton::Error>(())
//! ```
#![deny(unsafe_code)]

mod authalic;
mod cap;
mod cell;
mod decimal;
mod error;
mod filter;
mod healpix;
mod instruction_set;
mod kernel;
mod latitude;
mod lonlat;
mod order;
mod packed;
mod points;
mod ring;
mod trig;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use authalic::{authalic_to_geodetic, geodetic_to_authalic};
pub use cap::Cap;
pub use cell::Cell;
pub use error::Error;
pub use filter::{BAD, OUTSIDE, children_of};
pub use instruction_set::InstructionSet;
pub use kernel::INVALID;
pub use latitude::Latitude;
pub use lonlat::LonLat;
pub use order::Order;
pub use points::{nested_of, nested_of_at, nested_of_exact};
