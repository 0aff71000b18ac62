//! Which granules touch which cells, and who may read them (lambda.md, "The catalog" and "Earthdata credentials").
//!
//! * [`Search`] asks the CMR for granules by name, page by page, patiently, and goes on where an interrupted search
//!   stopped ([`Resume`]).
//! * [`CellFinder`] tells the cells that a [`Footprint`] touches: polygons with holes, boxes, lines and pieces of orbits,
//!   over the poles and across 180, interiors included, with a margin ([`MARGIN_KM`]); design/0005 has the argument.
//!   [`crossed_cells`] tells those that a granule's own coordinates lie in.
//! * [`select`] turns what people choose ([`Area`]) into cells.
//! * [`assemble`] sorts granules into a [`Catalog`], which reads and writes the seed's JSON.
//! * [`Login`], [`Earthdata`] and [`CredentialProvider`] get S3 credentials and keep them fresh. No `Debug`, error or file
//!   shows a secret.
//!
//! ```
//! use catalog::{CellFinder, Footprint, MARGIN_KM};
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
//! Futures here need a tokio runtime; a current-thread one will do.
#![forbid(unsafe_code)]

mod area;
mod base64;
mod build;
mod cmr;
mod cover;
mod date;
mod earthdata;
mod error;
mod extent;
mod file;
mod footprint;
mod login;
mod name;
mod netrc;
mod orbit;
mod provider;
mod record;
mod region;
mod resume;
mod retry;
mod umm;
mod vector;

pub use area::{Area, select};
pub use build::{CellFinder, MARGIN_KM, Remarks, assemble, usable};
pub use cmr::{CMR_URL, Collection, Found, MOST_PAGE_SIZE, Progress, Query, Search};
pub use date::window_edge;
pub use earthdata::{DATA_URL, Earthdata, Hosts, LOGIN_URL};
pub use error::Error;
pub use extent::{Extent, crossed_cells};
pub use file::{Catalog, Links, Summary};
pub use footprint::Footprint;
pub use login::{Login, Proof};
pub use name::name_patterns;
pub use orbit::{Direction, Orbit};
pub use pipeline::GranuleName;
pub use provider::{CredentialProvider, RENEWAL_MARGIN};
pub use record::{LinkKind, Odd, Record, https_twin, newest};
pub use resume::Resume;
