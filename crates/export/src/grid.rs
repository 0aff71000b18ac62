//! The pixels of a raster over a table's cells.

use morton::{Cell, LonLat};
use plot::Projection;
use stores::Table;

use crate::Error;

/// Length of a degree of latitude in metres, for resolutions of a raster in degrees.
const DEGREE: f64 = 111_195.0;
/// Radius of the sphere whose surface the cells share, metres.
const RADIUS: f64 = 6_371_007.2;
/// Pixels times bands beyond which a classic TIFF could pass 4 GB.
const MOST: u64 = 900_000_000;

/// A north-up grid; its borders are multiples of the pixel size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    projection: Projection,
    /// Side of a pixel, metres or degrees.
    pub(crate) pixel: f64,
    /// Left and top border.
    pub(crate) origin: [f64; 2],
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Code of the coordinate reference system.
    pub(crate) epsg: u16,
}

impl Grid {
    /// Around all cells of a table, with pixels of `resolution` metres, or of about half a cell's side.
    pub(crate) fn around(table: &Table, resolution: Option<f64>) -> Result<Self, Error> {
        let first = table.cells().next().ok_or(Error::Empty)?.centre_in(table.latitude);
        let projection = Projection::for_point(first.lon(), first.lat());
        let metres = resolution.unwrap_or_else(|| half_a_cell(table));
        if !(metres.is_finite() && metres > 0.0) {
            return Err(Error::Resolution(metres));
        }
        let (epsg, pixel) = match projection {
            Projection::PolarSouth => (3031, metres),
            Projection::PolarNorth => (3413, metres),
            _ => (4326, metres / DEGREE),
        };
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for cell in table.cells() {
            for corner in cell.boundary(if cell.order().get() < 10 { 16 } else { 2 }, table.latitude) {
                let place = place(projection, first.lon(), corner.lon(), corner.lat());
                for axis in 0..2 {
                    low[axis] = low[axis].min(place[axis]);
                    high[axis] = high[axis].max(place[axis]);
                }
            }
        }
        let low = low.map(|x| (x / pixel).floor());
        let high = high.map(|x| (x / pixel).ceil());
        let [width, height] = [0, 1].map(|axis| pixels(high[axis] - low[axis]));
        let bands = table.columns.len();
        match (u32::try_from(width), u32::try_from(height)) {
            (Ok(columns), Ok(rows)) if width.saturating_mul(height).saturating_mul(bands as u64) <= MOST => {
                let origin = [low[0] * pixel, high[1] * pixel];
                Ok(Self { projection, pixel, origin, width: columns, height: rows, epsg })
            }
            _ => Err(Error::Size { width, height, bands }),
        }
    }

    /// For each pixel, row by row from the top, the row of the table whose cell holds its centre.
    pub(crate) fn rows(&self, table: &Table) -> Vec<Option<u32>> {
        let mut rows = Vec::with_capacity(self.width as usize * self.height as usize);
        for down in 0..self.height {
            for across in 0..self.width {
                let x = self.origin[0] + (f64::from(across) + 0.5) * self.pixel;
                let y = self.origin[1] - (f64::from(down) + 0.5) * self.pixel;
                rows.push(self.row(table, x, y));
            }
        }
        rows
    }

    fn row(&self, table: &Table, x: f64, y: f64) -> Option<u32> {
        let [lon, lat] = match self.projection {
            Projection::Plain { .. } => [x, y],
            polar => polar.inverse(x, y),
        };
        let cell = Cell::at(LonLat::degrees(lon, lat).ok()?, table.order, table.latitude).ok()?;
        table.ids.binary_search(&cell.nested()).ok().and_then(|row| u32::try_from(row).ok())
    }
}

/// Coordinates of a place in the grid's system; in degrees, within half a turn of a longitude.
fn place(projection: Projection, around: f64, lon: f64, lat: f64) -> [f64; 2] {
    match projection {
        Projection::Plain { .. } => [around + (lon - around + 180.0).rem_euclid(360.0) - 180.0, lat],
        polar => polar.forward(lon, lat),
    }
}

/// The greatest of 1, 2, 5 times a power of ten that is no more than half the side of a cell, metres.
fn half_a_cell(table: &Table) -> f64 {
    let side = RADIUS * (std::f64::consts::PI / 3.0).sqrt() / 2_f64.powi(i32::from(table.order.get()));
    let unit = 10_f64.powf((side / 2.0).log10().floor());
    let mantissa = side / 2.0 / unit;
    unit * if mantissa >= 5.0 {
        5.0
    } else if mantissa >= 2.0 {
        2.0
    } else {
        1.0
    }
}

fn pixels(count: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
    let pixels = count.max(1.0) as u64;
    pixels
}
