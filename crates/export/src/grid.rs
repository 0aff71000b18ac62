//! The pixels of a regular grid over a table's cells.

use morton::{Cell, LonLat};
use stores::Table;

use crate::Error;
use crate::crs::GridCrs;
use crate::extent::Extent;
use crate::plane::Plane;

/// Length of a degree of latitude in metres, for resolutions of a grid in degrees.
const DEGREE: f64 = 111_195.0;
/// Radius of the sphere whose surface the cells share, metres.
const RADIUS: f64 = 6_371_007.2;
/// Most pixels: which cell each of them shows is kept in memory, four bytes each.
const MOST: u64 = 1 << 29;

/// How a regular grid is laid over cells.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct GridOptions {
    /// The system; `None` for the one that suits the cells by their centres: EPSG:3413 where all are north of 60 N, EPSG:3031 where
    /// all are south of 60 S, else EPSG:4326 where they are more than 6 degrees of longitude apart, else the UTM zone of their middle.
    pub crs: Option<GridCrs>,
    /// Side of a pixel in metres (of a grid in degrees, that length along a meridian); `None` for the greatest of 1, 2, 5 times a
    /// power of ten, of metres or degrees, that is no more than the side of a cell.
    pub resolution: Option<f64>,
}

/// A north-up grid; its borders are multiples of the pixel size.
pub(crate) struct Grid {
    pub(crate) crs: GridCrs,
    plane: Plane,
    /// Side of a pixel, metres or degrees.
    pub(crate) pixel: f64,
    /// Left and top border.
    pub(crate) origin: [f64; 2],
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// For each pixel, row by row from the top, the row of the table whose cell holds its centre, or [`NONE`].
pub(crate) type Rows = Vec<u32>;
/// No cell.
pub(crate) const NONE: u32 = u32::MAX;

impl Grid {
    /// Around all cells of a table.
    pub(crate) fn around(table: &Table, options: GridOptions) -> Result<Self, Error> {
        let extent = Extent::of(table).ok_or(Error::Empty)?;
        let crs = options.crs.unwrap_or_else(|| extent.crs());
        let plane = Plane::of(crs)?;
        let pixel = pixel(table, crs, options.resolution)?;
        let [low, high] = bounds(table, &plane, &extent, crs)?;
        let low = low.map(|x| (x / pixel).floor());
        let high = high.map(|x| (x / pixel).ceil());
        let [width, height] = [0, 1].map(|axis| pixels(high[axis] - low[axis]));
        let grid = |width, height| Self { crs, plane, pixel, origin: [low[0] * pixel, high[1] * pixel], width, height };
        match (u32::try_from(width), u32::try_from(height), u32::try_from(table.ids.len())) {
            (Ok(columns), Ok(rows), Ok(_)) if width.saturating_mul(height) <= MOST => Ok(grid(columns, rows)),
            _ => Err(Error::Size { width, height, bands: table.columns.len() }),
        }
    }

    /// Checks that the bytes of all bands are within a limit.
    ///
    /// # Errors
    /// [`Error::Size`] where they are not.
    pub(crate) fn fits(&self, bands: usize, bytes: u64, most: u64) -> Result<(), Error> {
        if bytes <= most {
            return Ok(());
        }
        Err(Error::Size { width: self.width.into(), height: self.height.into(), bands })
    }

    pub(crate) fn rows(&self, table: &Table) -> Rows {
        let xs = self.xs();
        let mut rows = Vec::with_capacity(xs.len() * self.height as usize);
        for y in self.ys() {
            rows.extend(xs.iter().map(|&x| self.row(table, x, y).unwrap_or(NONE)));
        }
        rows
    }

    fn row(&self, table: &Table, x: f64, y: f64) -> Option<u32> {
        let [lon, lat] = self.plane.inverse(x, y)?;
        let cell = Cell::at(LonLat::degrees(lon, lat).ok()?, table.order, table.latitude).ok()?;
        table.ids.binary_search(&cell.nested()).ok().and_then(|row| u32::try_from(row).ok())
    }

    /// Centres of the pixels of a row, from the left.
    pub(crate) fn xs(&self) -> Vec<f64> {
        (0..self.width).map(|across| self.origin[0] + (f64::from(across) + 0.5) * self.pixel).collect()
    }

    /// Centres of the pixels of a column, from the top.
    pub(crate) fn ys(&self) -> Vec<f64> {
        (0..self.height).map(|down| self.origin[1] - (f64::from(down) + 0.5) * self.pixel).collect()
    }
}

/// Side of a pixel, metres or degrees.
fn pixel(table: &Table, crs: GridCrs, resolution: Option<f64>) -> Result<f64, Error> {
    let unit = if crs.is_degrees() { DEGREE } else { 1.0 };
    match resolution {
        None => Ok(round(side(table) / unit)),
        Some(metres) if metres.is_finite() && metres > 0.0 => Ok(metres / unit),
        Some(metres) => Err(Error::Resolution(metres)),
    }
}

/// The lowest and the highest coordinates of the cells' outlines.
fn bounds(table: &Table, plane: &Plane, extent: &Extent, crs: GridCrs) -> Result<[[f64; 2]; 2], Error> {
    // Edges of large cells are bent.
    let per_edge = if table.order.get() < 10 { 16 } else { 2 };
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    let mut add = |axis: usize, value: f64| {
        low[axis] = low[axis].min(value);
        high[axis] = high[axis].max(value);
    };
    for cell in table.cells() {
        let centre = cell.centre_in(table.latitude);
        plane.check(centre.lon(), centre.lat())?;
        for corner in cell.boundary(per_edge, table.latitude) {
            let (lon, lat) = (extent.unwrap(centre.lon(), corner.lon()), corner.lat());
            let [x, y] = plane.forward(lon, lat)?;
            // The longitude of a pole is any.
            if !crs.is_degrees() || lat.abs() < 90.0 - 1e-9 {
                add(0, x);
            }
            add(1, y);
        }
    }
    if crs.is_degrees() && high[0] - low[0] > 360.0 {
        (low[0], high[0]) = (-180.0, 180.0);
    }
    Ok([low, high])
}

/// Side of a square of a cell's area, metres.
fn side(table: &Table) -> f64 {
    RADIUS * (std::f64::consts::PI / 3.0).sqrt() / 2_f64.powi(i32::from(table.order.get()))
}

/// The greatest of 1, 2, 5 times a power of ten that is no more than a length.
fn round(length: f64) -> f64 {
    let power = length.log10().floor();
    let mantissa = length / 10_f64.powf(power);
    let leading = [5.0, 2.0].into_iter().find(|&leading| mantissa >= leading).unwrap_or(1.0);
    // Divided, because powers of a tenth are not exact.
    if power < 0.0 { leading / 10_f64.powf(-power) } else { leading * 10_f64.powf(power) }
}

fn pixels(count: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
    let pixels = if count.is_finite() { count.max(1.0) as u64 } else { u64::MAX };
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::{Latitude, Order};
    use stores::{Column, VariableInfo};

    fn at(places: &[(f64, f64)], order: u8) -> Table {
        let order = Order::new(order).unwrap();
        let cell = |&(lon, lat)| Cell::at(LonLat::degrees(lon, lat).unwrap(), order, Latitude::Authalic).unwrap();
        let mut ids: Vec<u64> = places.iter().map(|place| cell(place).nested()).collect();
        ids.sort_unstable();
        ids.dedup();
        let counts = Column::I64(vec![1; ids.len()]);
        let columns = vec![(VariableInfo::guessed("count"), counts)];
        let (parent, provenance, partial) = (None, serde_json::Value::Null, None);
        Table { order, latitude: Latitude::Authalic, parent, ids, columns, provenance, partial }
    }

    fn grid(places: &[(f64, f64)], order: u8, options: GridOptions) -> Grid {
        Grid::around(&at(places, order), options).unwrap()
    }

    #[test]
    fn the_cells_choose_the_system() {
        for (places, code) in [
            (&[(-50.0, 61.0), (120.0, 80.0)][..], 3413),
            (&[(-50.0, -61.0), (120.0, -89.0)], 3031),
            (&[(15.2, 59.0), (16.0, 61.0)], 32_633),
            (&[(15.2, -59.0), (16.0, -61.0)], 32_733),
            (&[(10.0, 45.0), (17.0, 46.0)], 4326),
            // Across the antimeridian: 3 degrees, not 357.
            (&[(178.0, 20.0), (-179.0, 20.0)], 32_660),
            (&[(174.0, 20.0), (-179.0, 20.0)], 4326),
        ] {
            assert_eq!(grid(places, 9, GridOptions::default()).crs.code(), code, "{places:?}");
        }
    }

    #[test]
    fn every_cell_is_found_in_its_grid_in_every_system() {
        let near = |lon: f64, lat: f64| [(lon, lat), (lon + 0.3, lat + 0.2), (lon - 0.4, lat - 0.1)];
        for (code, lon, lat) in [
            (3031, 10.0, -75.0),
            (3413, -48.0, 70.0),
            (6931, 179.9, 85.0),
            (6932, 0.0, -80.0),
            (3408, 5.0, 66.0),
            (5042, 60.0, -85.0),
            (5938, -33.0, 72.0),
            (32_633, 15.0, 48.0),
            (32_701, 179.9, -17.0),
            (4326, 179.9, 0.0),
            (4326, -70.0, 89.7),
        ] {
            let table = at(&near(lon, lat), 10);
            let options = GridOptions { crs: Some(GridCrs::new(code).unwrap()), resolution: Some(1_000.0) };
            let grid = Grid::around(&table, options).unwrap();
            let rows = grid.rows(&table);
            for row in 0..3 {
                assert!(rows.contains(&row), "EPSG:{code}: {row}");
            }
            let border = |side: &[u32]| side.iter().all(|&row| row == NONE);
            assert!(code == 4326 || border(&rows[..3]), "the corner is empty");
            assert!((grid.origin[0] / grid.pixel).fract().abs() < 1e-6);
        }
    }

    #[test]
    fn cells_all_around_fill_the_map_of_degrees_once() {
        let places: Vec<(f64, f64)> =
            (-8..=8).flat_map(|lat| (0..36).map(move |lon| (f64::from(lon) * 10.0, f64::from(lat) * 10.0))).collect();
        let grid = grid(&places, 2, GridOptions { resolution: Some(111_195.0), ..GridOptions::default() });
        assert_eq!((grid.crs.code(), grid.width, grid.origin[0]), (4326, 360, -180.0));
    }

    #[test]
    fn a_pixel_is_as_large_as_a_cell_in_round_numbers() {
        for (order, metres) in [(12, 1_000.0), (10, 5_000.0), (13, 500.0), (20, 5.0)] {
            assert_eq!(grid(&[(0.0, -70.0)], order, GridOptions::default()).pixel, metres);
        }
        let degrees = GridOptions { crs: Some(GridCrs::DEGREES), resolution: None };
        assert_eq!(grid(&[(0.0, -70.0)], 12, degrees).pixel, 0.01);
    }

    #[test]
    fn cells_beyond_a_projection_are_an_error() {
        let polar = |code| GridOptions { crs: Some(GridCrs::new(code).unwrap()), resolution: None };
        for (code, lon, lat) in [(6931, 0.0, -89.99), (3413, 0.0, -89.99), (32_633, 110.0, 5.0)] {
            let error = Grid::around(&at(&[(lon, lat)], 6), polar(code)).err();
            assert!(matches!(error, Some(Error::Outside { .. } | Error::Size { .. })), "{code}: {error:?}");
        }
        assert!(matches!(Grid::around(&at(&[], 6), polar(3413)), Err(Error::Empty)));
    }
}
