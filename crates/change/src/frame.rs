//! Coordinates in which a surface is fitted: linear in the earth-fixed position, so moments project exactly.

use crate::ellipsoid::{east_and_north, on_ellipsoid};
use crate::joint::{Joint, Scatter, squares};
use crate::{Moments, fit::Used};
use morton::LonLat;

/// Least spread of positions, metres, of a coordinate along which a slope is fitted (flag 8).
const MIN_SPREAD: f64 = 1.0;

/// Two coordinates u and v of a place, metres from the cell's centre: those of its touching plane, or one along a line on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    origin: [f64; 3],
    /// Unit vectors; zero where the coordinate is not used.
    u: [f64; 3],
    v: [f64; 3],
    pub(crate) surface: Surface,
}

/// What is fitted beside the trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Surface {
    /// a + b u + c v, with u east and v north.
    Plane,
    /// a + b u, with u along the rows; 0 at the projection of the centre.
    Line,
    /// a alone: all rows are in one place.
    Place,
}

impl Frame {
    /// East and north of a centre.
    pub(crate) fn plane(centre: LonLat) -> Self {
        let [u, v] = east_and_north(centre);
        Self { origin: on_ellipsoid(centre), u, v, surface: Surface::Plane }
    }

    /// The frame for rows with these moments in this one: itself, or a line, or a place, where they spread too little.
    pub(crate) fn for_spread(&self, rows: &Joint) -> Self {
        let [uu, uv, _, _, vv, ..] = rows.scatter.map(|sum| sum / rows.count);
        let half = 0.5 * (uu - vv);
        let root = (half * half + uv * uv).sqrt();
        let (greater, smaller) = (0.5 * (uu + vv) + root, 0.5 * (uu + vv) - root);
        let least = MIN_SPREAD * MIN_SPREAD;
        if smaller >= least {
            return *self;
        }
        let none = [0.0; 3];
        if greater < least || rows.count == 0.0 {
            return Self { u: none, v: none, surface: Surface::Place, ..*self };
        }
        // An eigenvector of the greater eigenvalue, from the row of the matrix that does not cancel.
        let (east, north) = if half >= 0.0 { (half + root, uv) } else { (uv, root - half) };
        let length = (east * east + north * north).sqrt();
        let along = |(u, v): (f64, f64)| (east * u + north * v) / length;
        let mut line = none;
        line.iter_mut().zip(self.u.into_iter().zip(self.v)).for_each(|(part, pair)| *part = along(pair));
        Self { u: line, v: none, surface: Surface::Line, ..*self }
    }

    /// Which coefficients are fitted, with or without a trend.
    pub(crate) fn used(&self, trend: bool) -> Used {
        Used { u: self.surface != Surface::Place, v: self.surface == Surface::Plane, t: trend }
    }

    /// Moments in these coordinates.
    pub(crate) fn project(&self, moments: &Moments) -> Joint {
        let [x, y, z, t, h] = moments.mean;
        let [x0, y0, z0] = self.origin;
        let place = [x - x0, y - y0, z - z0];
        let [xx, xy, xz, xt, xh, yy, yz, yt, yh, zz, zt, zh, tt, th, hh] = moments.scatter;
        let rows = [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]];
        let (with_u, with_v) = (rows.map(|row| dot(row, self.u)), rows.map(|row| dot(row, self.v)));
        let (times, heights) = ([xt, yt, zt], [xh, yh, zh]);
        let scatter: Scatter = [
            squares(dot(with_u, self.u)),
            dot(with_u, self.v),
            dot(times, self.u),
            dot(heights, self.u),
            squares(dot(with_v, self.v)),
            dot(times, self.v),
            dot(heights, self.v),
            tt,
            th,
            hh,
        ];
        Joint { count: moments.count, mean: [dot(place, self.u), dot(place, self.v), t, h], scatter }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    let ([a0, a1, a2], [b0, b1, b2]) = (a, b);
    a0 * b0 + a1 * b1 + a2 * b2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MomentSums;

    fn centre() -> LonLat {
        LonLat::degrees(-49.5, 69.25).unwrap()
    }

    /// Rows at these metres east and north of the centre, in the frame of the plane.
    fn rows(places: &[[f64; 2]]) -> (Frame, Joint) {
        let frame = Frame::plane(centre());
        let mut sums = MomentSums::default();
        for [e, n] in places {
            let mut place = frame.origin;
            place.iter_mut().zip(frame.u.iter().zip(frame.v)).for_each(|(x, (u, v))| *x += u * e + v * n);
            sums.add(place, 0.0, *e);
        }
        let joint = frame.project(&sums.finish());
        (frame, joint)
    }

    #[test]
    fn a_projection_gives_metres_east_and_north() {
        let (_, joint) = rows(&[[100.0, 0.0], [300.0, 40.0], [200.0, -10.0]]);
        for (found, expected) in joint.mean.into_iter().zip([200.0, 10.0, 0.0, 200.0]) {
            assert!((found - expected).abs() < 1e-8, "{joint:?}");
        }
        let expected = [20_000.0, 4_000.0, 0.0, 20_000.0, 1_400.0, 0.0, 4_000.0, 0.0, 0.0, 20_000.0];
        for (found, expected) in joint.scatter.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{joint:?}");
        }
    }

    #[test]
    fn the_surface_follows_the_spread() {
        let spread = |places: &[[f64; 2]]| {
            let (frame, joint) = rows(places);
            frame.for_spread(&joint)
        };
        assert_eq!(spread(&[[0.0, 0.0], [500.0, 0.0], [250.0, 4.0]]).surface, Surface::Plane);
        assert_eq!(spread(&[[0.0, 0.0], [0.9, 0.0], [0.0, 0.9]]).surface, Surface::Place);
        let (frame, _) = rows(&[]);
        assert_eq!(frame.for_spread(&Joint::default()).surface, Surface::Place);
        for (e, n) in [
            (1.0, 0.0),
            (0.0, 1.0),
            (0.6, 0.8),
            (0.8, -0.6),
            (-0.6, 0.8),
            (std::f64::consts::FRAC_1_SQRT_2, 0.5_f64.sqrt()),
        ] {
            let places: Vec<[f64; 2]> = (0..5).map(|i| f64::from(i) * 100.0).map(|l| [l * e, l * n]).collect();
            let line = spread(&places);
            assert_eq!(line.surface, Surface::Line);
            let cosine = dot(line.u, frame.u) * e + dot(line.u, frame.v) * n;
            assert!((cosine.abs() - 1.0).abs() < 1e-12 && (dot(line.u, line.u) - 1.0).abs() < 1e-12, "{e} {n}");
        }
    }
}
