//! What stands for a cell: its outline or its centre, and what a file says of all of them.

use morton::Cell;
use stores::Table;

use crate::{Geometry, rings};

/// The outlines of one cell, or a place.
pub(crate) type Rings = Vec<Vec<[f64; 2]>>;

/// All geometries of a file are of one kind, since tools make layers of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Point,
    Polygon,
    /// Some cell is cut by the antimeridian.
    MultiPolygon,
}

/// The shapes of a table's cells, made one by one.
pub(crate) struct Shapes {
    pub(crate) kind: Kind,
    /// West, south, east, north, degrees.
    pub(crate) bounds: [f64; 4],
}

impl Shapes {
    /// Looks at all cells.
    pub(crate) fn of(table: &Table, geometry: Geometry) -> Self {
        let is_point = geometry == Geometry::Points;
        let mut shapes = Self {
            kind: if is_point { Kind::Point } else { Kind::Polygon },
            bounds: [f64::MAX, f64::MAX, f64::MIN, f64::MIN],
        };
        for cell in table.cells() {
            let rings = shapes.rings(table, cell);
            for [lon, lat] in rings.iter().flatten() {
                let [west, south, east, north] = shapes.bounds;
                shapes.bounds = [west.min(*lon), south.min(*lat), east.max(*lon), north.max(*lat)];
            }
            if rings.len() > 1 {
                shapes.kind = Kind::MultiPolygon;
            }
        }
        shapes
    }

    /// Closed rings, or one place.
    pub(crate) fn rings(&self, table: &Table, cell: Cell) -> Rings {
        if self.kind == Kind::Point {
            let centre = cell.centre_in(table.latitude);
            return vec![vec![[centre.lon(), centre.lat()]]];
        }
        rings(cell, table.latitude)
    }
}
