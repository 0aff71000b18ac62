//! A cell in every notation.
use morton::{Cell, Error, Latitude, Order};
use serde::Serialize;

/// Points along each edge of a cell, between which it is straight.
const PER_EDGE: usize = 16;

/// A cell in every notation, and where it is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CellDescription {
    /// Order of the cell.
    pub order: u8,
    /// Decimal morton id; `None` above order 18, where decimals end.
    pub morton: Option<i64>,
    /// Nested id.
    pub nested: u64,
    /// Packed word as text: it exceeds 2^53.
    pub packed: String,
    /// Latitude convention of the ids: `spherical` or `authalic`.
    pub latitude: String,
    /// Degrees, longitude first, as in GeoJSON.
    pub centre: [f64; 2],
    /// West, south, east, north in degrees; east beyond 180 where the cell crosses the date line.
    pub bounds: [f64; 4],
    /// The cell of the order above it.
    pub parent: Option<String>,
    /// Its children of one order; `None` where that order is not finer.
    pub children: Option<CellChildren>,
}

/// The children of a cell: nested ids without gaps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CellChildren {
    /// Their order.
    pub order: u8,
    /// Nested id of the first.
    pub first: u64,
    /// Nested id of the last.
    pub last: u64,
    /// How many there are.
    pub count: u64,
}

impl CellDescription {
    /// Describes a cell whose ids are of a latitude convention, with its children of an order.
    ///
    /// # Errors
    /// None for a cell and an order that exist; those of `morton` are passed on.
    pub fn new(cell: Cell, latitude: Latitude, child_order: Order) -> Result<Self, Error> {
        let order = cell.order().get();
        let centre = cell.centre_in(latitude);
        let parent = order.checked_sub(1).map(|above| cell.parent(Order::new(above)?)).transpose()?;
        let children = if child_order > cell.order() {
            let ids = cell.children(child_order)?;
            let count = ids.end - ids.start;
            Some(CellChildren { order: child_order.get(), first: ids.start, last: ids.end - 1, count })
        } else {
            None
        };
        Ok(Self {
            order,
            morton: cell.decimal().ok(),
            nested: cell.nested(),
            packed: cell.packed().to_string(),
            latitude: latitude.to_string(),
            centre: [centre.lon(), centre.lat()],
            bounds: bounds(cell, latitude),
            parent: parent.map(|parent| parent.to_string()),
            children,
        })
    }
}

fn bounds(cell: Cell, latitude: Latitude) -> [f64; 4] {
    let centre = cell.centre_in(latitude).lon();
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for corner in cell.boundary(PER_EDGE, latitude) {
        // Longitudes within half a turn of the centre, so that the date line does not tear the cell.
        let lon = centre + (corner.lon() - centre + 540.0).rem_euclid(360.0) - 180.0;
        bounds = [bounds[0].min(lon), bounds[1].min(corner.lat()), bounds[2].max(lon), bounds[3].max(corner.lat())];
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_on_the_date_line_has_bounds_beyond_180() {
        let cell = Cell::from_decimal(-1_411_111).unwrap();
        let description = CellDescription::new(cell, Latitude::Spherical, Order::new(8).unwrap()).unwrap();
        let [west, south, east, north] = description.bounds;
        let [lon, lat] = description.centre;
        assert!(west < lon && lon < east && south < lat && lat < north && east - west < 3.0, "{description:?}");
        assert_eq!(description.children.unwrap().count, 16);
        assert_eq!(description.parent.unwrap(), "-141111");
        assert!(CellDescription::new(cell, Latitude::Spherical, cell.order()).unwrap().children.is_none());
    }
}
