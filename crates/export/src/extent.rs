//! Where the centres of a table's cells lie.

use stores::Table;

use crate::crs::GridCrs;

/// Degrees of longitude beyond which no zone suits.
const WIDE: f64 = 6.0;
/// Degrees of latitude beyond which a map around a pole suits.
const POLAR: f64 = 60.0;

/// The shortest stretch of longitudes, and the latitudes, that hold all centres.
pub(crate) struct Extent {
    /// Within -180 to 180 degrees.
    west: f64,
    /// Degrees of longitude from west to east.
    width: f64,
    south: f64,
    north: f64,
}

impl Extent {
    /// `None` where there is no cell.
    pub(crate) fn of(table: &Table) -> Option<Self> {
        let centres: Vec<[f64; 2]> = table
            .cells()
            .map(|cell| cell.centre_in(table.latitude))
            .map(|centre| [(centre.lon() + 180.0).rem_euclid(360.0) - 180.0, centre.lat()])
            .collect();
        let (south, north) = centres.iter().fold((f64::MAX, f64::MIN), |(s, n), c| (s.min(c[1]), n.max(c[1])));
        let mut lons: Vec<f64> = centres.iter().map(|centre| centre[0]).collect();
        lons.sort_by(f64::total_cmp);
        let (first, last) = (*lons.first()?, *lons.last()?);
        // The stretch begins after the widest gap.
        let (mut gap, mut west) = (first + 360.0 - last, first);
        for pair in lons.windows(2) {
            if pair[1] - pair[0] > gap {
                (gap, west) = (pair[1] - pair[0], pair[1]);
            }
        }
        Some(Self { west, width: 360.0 - gap, south, north })
    }

    /// The system that suits ([`crate::GridOptions`] has the rule).
    pub(crate) fn crs(&self) -> GridCrs {
        match self {
            _ if self.south >= POLAR => GridCrs::NORTH,
            _ if self.north <= -POLAR => GridCrs::SOUTH,
            _ if self.width > WIDE => GridCrs::DEGREES,
            _ => GridCrs::utm(self.west + self.width / 2.0, f64::midpoint(self.south, self.north)),
        }
    }

    /// The longitude of a corner, continuous from west to east over the cell's centre, and so perhaps beyond 180.
    pub(crate) fn unwrap(&self, centre: f64, corner: f64) -> f64 {
        // A centre that rounding puts a hair west of west is no turn away.
        let east = (centre - self.west + 1e-9).rem_euclid(360.0) - 1e-9;
        self.west + east + (corner - centre + 180.0).rem_euclid(360.0) - 180.0
    }
}
