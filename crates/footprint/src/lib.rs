//! Finds the cells that a footprint, a box, a polygon or a part of an orbit touches. Pure geometry on the sphere: no IO.
//!
//! * [`CellFinder`] finds the cells that a [`Footprint`] touches: polygons with holes, boxes, lines and orbits, over the
//!   poles and across 180, interiors included, with a margin ([`MARGIN_KM`]); design/0005 has the proof.
//! * [`select`] turns the user's choice ([`Area`]) into cells.
//! * [`Rings`] are polygons on a map with a test of points; [`Border::cells`] finds the cells that belong to an area.
//! * [`CellDescription`] is one cell in every notation, with its bounds.
//! * [`OrbitArc`] is a part of an orbit of ICESat-2, as the CMR records it: its ground track and its swath.
//!
//! ```
//! use footprint::{CellFinder, Footprint, MARGIN_KM};
//! use morton::{Cell, Latitude, LonLat, Order};
//!
//! let strip = vec![[166.0, -78.0], [166.5, -78.0], [170.0, -84.0], [169.0, -84.0]];
//! let footprint = Footprint { polygons: vec![vec![strip]], ..Footprint::default() };
//! let mut finder = CellFinder::new(Order::new(6)?, Latitude::Spherical, MARGIN_KM, None);
//! let (cells, known) = finder.cells(&footprint);
//! let inside = Cell::at(LonLat::degrees(167.9, -81.0)?, Order::new(6)?, Latitude::Spherical)?;
//! assert!(known && cells.contains(&inside));
//! # Ok::<(), morton::Error>(())
//! ```
//!
//! Positions are longitude and latitude in degrees, latitude geodetic (WGS84). Sines come from `libm`, so that every
//! machine finds the same cells.
#![forbid(unsafe_code)]

mod area;
mod border;
mod cover;
mod description;
mod error;
mod finder;
mod footprint;
mod notation;
mod orbit;
mod region;
mod rings;
mod vector;

pub use area::{Area, select};
pub use border::{Border, Membership};
pub use description::{CellChildren, CellDescription};
pub use error::Error;
pub use finder::{CellFinder, MARGIN_KM};
pub use footprint::Footprint;
pub use notation::{cell_at, parse_cell};
pub use orbit::{Direction, OrbitArc};
pub use rings::Rings;
