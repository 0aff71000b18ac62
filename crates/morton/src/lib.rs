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
//! The same input gives the same cell on every machine: the trigonometry is this crate's own, one function in plain
//! arithmetic is the definition (`nested_of_exact`), and the vector kernel behind [`cells_of`] hands every point near a border
//! to it.
//!
//! | you want | you use |
//! |---|---|
//! | the cell of a place | [`Cell::at`]; of many places [`cells_of`] |
//! | which child of a cell points fall into | [`Cell::locate`] |
//! | the cells around a cell | [`Cell::neighbours`], [`Cell::neighbour`] |
//! | coarser and finer cells | [`Cell::parent`], [`Cell::ancestors`], [`Cell::children`], [`Cell::descendants`] |
//! | every cell | [`Order::all_cells`] |
//! | centre, outline, a circle around it | [`Cell::centre_in`], [`Cell::boundary`], [`Cell::bounding_cap`] |
//! | ids of other notations | [`Cell::from_ring`], [`Cell::from_zuniq`], [`Cell::from_packed`], [`Cell::from_decimal`] |
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
//! assert!(shard.neighbours().all(|cell| cell != shard && cell.order() == shard.order()));
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
mod neighbours;
mod order;
mod packed;
mod places;
mod points;
mod ring;
mod trig;
mod walk;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use authalic::{authalic_to_geodetic, geodetic_to_authalic};
pub use cap::Cap;
pub use cell::Cell;
pub use error::Error;
pub use latitude::Latitude;
pub use lonlat::LonLat;
pub use neighbours::Compass;
pub use order::Order;
pub use places::{Inside, cells_of};

// For the engine, which passes every row through these: they fill slices of the caller, and reserved numbers mark the points
// that have no cell. Programs have `cells_of` and `Cell::locate`.
#[doc(hidden)]
pub use filter::{BAD, OUTSIDE, children_of};
#[doc(hidden)]
pub use instruction_set::InstructionSet;
#[doc(hidden)]
pub use kernel::INVALID;
#[doc(hidden)]
pub use points::{nested_of, nested_of_at, nested_of_exact};
