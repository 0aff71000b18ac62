//! Maps of gridded cells: a [`Map`] of polygons with values becomes SVG, or PNG through a bundled font, so that a picture
//! does not depend on what is installed.
//!
//! A map has a title, land and water, the cells coloured by value, outlines of their parents, a graticule with labels, a
//! scale bar, a colour bar with unit, a small map that shows the location, and a footer for provenance. Cells without a
//! value are hatched. Colours are ordered by lightness, so they are readable with any colour vision and in print. A [`Sheet`]
//! shows several maps at once.
//!
//! Cells come as plain polygons of longitude and latitude, of any grid. A [`Picture`] is made from a table of HEALPix cells
//! ([`stores::Table`]): one variable, all of them, or the difference of two tables, with subject and provenance in words.
//!
//! ```
//! use plot::{Map, Patch, Size};
//!
//! let square = vec![[10.0, -80.0], [11.0, -80.0], [11.0, -79.8], [10.0, -79.8]];
//! let map = Map::new("Surface height", "Weighted mean height", "m", vec![Patch { polygon: square, value: 3500.0 }]);
//! let png = map.to_png(Size::new(800, 600)?)?;
//! assert!(png.starts_with(b"\x89PNG"));
//! # Ok::<(), plot::Error>(())
//! ```
#![forbid(unsafe_code)]

mod advances;
mod chart;
mod clip;
mod coast;
mod colour;
mod colour_bar;
mod error;
mod graticule;
mod layout;
mod locator;
mod map;
mod picture;
mod projection;
mod raster;
mod scale;
mod scale_bar;
mod sheet;
mod svg;
mod table;
mod text;
mod ticks;
mod view;

pub use chart::Chart;
pub use colour::{Colour, ColourMap};
pub use error::Error;
pub use layout::Size;
pub use map::{Map, Patch};
pub use picture::{Picture, PictureFormat, PictureOptions};
pub use projection::Projection;
pub use raster::rasterise;
pub use scale::{Scale, ValueRange};
pub use sheet::Sheet;
pub use table::{Hemisphere, on_one_side, rows_on_one_side};
