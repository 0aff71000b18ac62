//! A circle on the sphere around a cell, to rule out work far from it.

use crate::{Cell, Latitude, LonLat, cell::outline, healpix::Square, trig::asin};

/// Samples of each edge of the cell.
const PER_EDGE: usize = 8;
/// No path along a grid line of the HEALPix plane is longer on the unit sphere than this many times its length in
/// base-cell sides. In the equatorial zone the factor is at most (1/2) sqrt((4/3)^2 / (1 - 4/9) + (pi/2)^2) = 1.19, in
/// the polar caps at most sqrt(0.895^2 + 1.283^2) = 1.565 (meridian and parallel components at their largest).
const STRETCH: f64 = 1.57;
/// Added for rounding: unit vectors and chords are good to a few 1e-16.
const ROUNDING: f64 = 1e-14;

/// A spherical cap that contains a cell: no point of the cell is farther from the centre than the radius.
///
/// The radius is the largest distance to 32 points of the outline, plus the longest an edge can run between
/// a sample and the middle to the next (about a tenth of the cell's side), plus 1e-14 rad. A cap that contains the
/// outline contains the cell, since the rest of the sphere is connected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cap {
    centre: [f64; 3],
    radius: f64,
    latitude: Latitude,
}

impl Cell {
    /// A circle on the sphere that contains the whole cell ([`Cap`] states how tightly).
    #[must_use]
    pub fn bounding_cap(self, latitude: Latitude) -> Cap {
        Cap::around(self, latitude)
    }

    /// A circle that contains the whole cell too, up to two and a half times as wide, in a small part of the time: from the centre along one
    /// family of grid lines and then along the other, no point is farther than half a side and half a side.
    #[must_use]
    pub fn loose_cap(self, latitude: Latitude) -> Cap {
        let square = Square::of(self.order(), self.nested());
        let (lon, lat) = square.position(0.5, 0.5);
        let centre = LonLat::known(lon, lat).unit_vector();
        Cap { centre, radius: STRETCH * square.side() + ROUNDING, latitude }
    }
}

impl Cap {
    fn around(cell: Cell, latitude: Latitude) -> Self {
        let square = Square::of(cell.order(), cell.nested());
        let at = |u, v| {
            let (lon, lat) = square.position(u, v);
            LonLat::known(lon, lat).unit_vector()
        };
        let centre = at(0.5, 0.5);
        let reach = outline(PER_EDGE).map(|(u, v)| angle(centre, at(u, v))).fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "8")]
        let gap = STRETCH * square.side() / (2.0 * PER_EDGE as f64);
        Self { centre, radius: reach + gap + ROUNDING, latitude }
    }

    /// Unit vector of the centre on the sphere: x towards (0, 0), y towards 90 E, z north.
    #[must_use]
    pub const fn centre(&self) -> [f64; 3] {
        self.centre
    }

    /// Angular radius, radians.
    #[must_use]
    pub const fn radius(&self) -> f64 {
        self.radius
    }

    /// Angle in radians on the sphere from the centre to a geodetic position, which is put on the sphere by the
    /// convention the cap was made with. Beyond [`Cap::radius`] the position is outside the cell.
    #[must_use]
    pub fn distance_to(&self, at: LonLat) -> f64 {
        angle(self.centre, LonLat::known(at.lon(), self.latitude.to_sphere(at.lat())).unit_vector())
    }
}

/// Angle between unit vectors by their chord, accurate for near ones.
fn angle(a: [f64; 3], b: [f64; 3]) -> f64 {
    let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    2.0 * asin((0.5 * (x * x + y * y + z * z).sqrt()).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Order;

    #[test]
    fn caps_hold_their_cells_and_are_not_much_larger() {
        let mut cells = 0;
        for order in [0u8, 1, 2, 3, 7, 18, 29] {
            let order = Order::new(order).unwrap();
            let step = usize::try_from((order.cells() / 199).max(1)).unwrap();
            for nested in (0..order.cells()).step_by(step) {
                let cell = Cell::new(order, nested).unwrap();
                let cap = cell.bounding_cap(Latitude::Authalic);
                let farthest =
                    cell.boundary(37, Latitude::Authalic).iter().map(|p| cap.distance_to(*p)).fold(0.0, f64::max);
                let loose = cell.loose_cap(Latitude::Authalic);
                assert!(farthest <= cap.radius() && farthest <= loose.radius(), "{cell}");
                assert!(loose.centre() == cap.centre() && loose.radius() < 2.7 * farthest + 2.0 * ROUNDING, "{cell}");
                assert!(cap.radius() < 1.25 * farthest + 2.0 * ROUNDING, "{cell} {} {farthest}", cap.radius());
                cells += 1;
            }
        }
        assert!(cells > 1000, "{cells}");
    }

    #[test]
    fn distances() {
        let cap = Cell::from_decimal(-6_134_114).unwrap().bounding_cap(Latitude::Spherical);
        let [x, y, z] = cap.centre();
        assert!((x * x + y * y + z * z - 1.0).abs() < 1e-15);
        let pole = cap.distance_to(LonLat::degrees(0.0, 90.0).unwrap());
        let other = cap.distance_to(LonLat::degrees(77.0, -90.0).unwrap());
        assert!((pole + other - std::f64::consts::PI).abs() < 1e-14);
    }
}
