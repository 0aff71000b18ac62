//! Vectors on the unit sphere. Distances are chords: they grow with the angle, obey the triangle inequality in space
//! and need no trigonometry.
use morton::{Latitude, LonLat};

/// A point of the unit sphere: x towards (0, 0), y towards 90 E, z north.
pub(crate) type Vector = [f64; 3];

/// Radius of the sphere that has the Earth's surface, km.
pub(crate) const EARTH_KM: f64 = 6371.007;
const DEGREE: f64 = 180.0 / std::f64::consts::PI;

pub(crate) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Square of the chord.
pub(crate) fn chord2(a: Vector, b: Vector) -> f64 {
    let d = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    dot(d, d)
}

/// The point in the direction of `v`; `None` where there is no direction.
pub(crate) fn unit(v: Vector) -> Option<Vector> {
    let length = dot(v, v).sqrt();
    (length > 1e-12).then(|| [v[0] / length, v[1] / length, v[2] / length])
}

/// The chord of a distance on the ground, km.
pub(crate) fn chord_of_km(km: f64) -> f64 {
    2.0 * libm::sin((km / EARTH_KM).clamp(0.0, std::f64::consts::PI) / 2.0)
}

/// Longitude and latitude on the sphere, degrees.
pub(crate) fn lon_lat(v: Vector) -> (f64, f64) {
    (libm::atan2(v[1], v[0]) * DEGREE, libm::atan2(v[2], libm::hypot(v[0], v[1])) * DEGREE)
}

/// A geodetic position taken as one on a sphere.
pub(crate) fn of_degrees(lon: f64, lat: f64) -> Option<Vector> {
    LonLat::degrees(lon, lat).ok().map(LonLat::unit_vector)
}

/// From the sphere on which geodetic latitude is taken as it is, to the sphere of the cells.
pub(crate) fn to_cells(v: Vector, latitude: Latitude) -> Vector {
    match latitude {
        Latitude::Spherical => v,
        Latitude::Authalic => {
            let (lon, lat) = lon_lat(v);
            of_degrees(lon, latitude.to_sphere(lat)).unwrap_or(v)
        }
    }
}

/// A piece of a great circle, much shorter than a quarter of it, with a ball in space that holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    pub(crate) a: Vector,
    pub(crate) b: Vector,
    middle: Vector,
    half: f64,
}

impl Arc {
    /// From `a` to `b`.
    pub(crate) fn new(a: Vector, b: Vector) -> Self {
        let middle = unit([a[0] + b[0], a[1] + b[1], a[2] + b[2]]).unwrap_or(a);
        // A little more than the chord to either end, for rounding.
        Self { a, b, middle, half: chord2(middle, a).max(chord2(middle, b)).sqrt() + 1e-15 }
    }

    /// Whether some point of it may be within the chord `reach` of `centre`.
    pub(crate) fn may_reach(&self, centre: Vector, reach: f64) -> bool {
        let most = reach + self.half;
        chord2(self.middle, centre) <= most * most
    }

    /// Whether the two come within the chord `reach` of each other, or cross.
    pub(crate) fn reaches(&self, other: &Self, reach: f64) -> bool {
        if !self.may_reach(other.middle, reach + other.half) {
            return false;
        }
        let square = reach * reach;
        self.distance2(other.a) <= square
            || self.distance2(other.b) <= square
            || other.distance2(self.a) <= square
            || other.distance2(self.b) <= square
            || self.crosses(other)
    }

    /// Square of the chord from `p` to the nearest point of the arc.
    pub(crate) fn distance2(&self, p: Vector) -> f64 {
        let ends = chord2(p, self.a).min(chord2(p, self.b));
        let normal = cross(self.a, self.b);
        // Beside the arc, and not beyond one of its ends: the foot of the perpendicular is nearest.
        let beside = dot(cross(normal, self.a), p) > 0.0 && dot(cross(self.b, normal), p) > 0.0;
        let Some(normal) = unit(normal).filter(|_| beside) else { return ends };
        // With h the sine of the angle, its chord squared is 2 - 2 cos = h^2 * 2 / (1 + cos).
        let h2 = dot(normal, p) * dot(normal, p);
        ends.min(2.0 * h2 / (1.0 + (1.0 - h2).max(0.0).sqrt()))
    }

    fn crosses(&self, other: &Self) -> bool {
        let (n, m) = (cross(self.a, self.b), cross(other.a, other.b));
        let opposite = |x: f64, y: f64| (x > 0.0) != (y > 0.0);
        opposite(dot(n, other.a), dot(n, other.b)) && opposite(dot(m, self.a), dot(m, self.b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> Vector {
        of_degrees(lon, lat).unwrap()
    }

    #[test]
    fn distances_to_an_arc() {
        let arc = Arc::new(at(10.0, 0.0), at(12.0, 0.0));
        let km = |p: Vector| 2.0 * EARTH_KM * libm::asin(arc.distance2(p).sqrt() / 2.0);
        let degree = EARTH_KM * std::f64::consts::PI / 180.0;
        for (point, expected) in [
            (at(11.0, 1.0), degree),
            (at(11.3, -0.25), 0.25 * degree),
            (at(9.0, 0.0), degree),
            (at(12.5, 0.0), 0.5 * degree),
            (at(11.7, 0.0), 0.0),
        ] {
            assert!((km(point) - expected).abs() < 1e-6, "{} {expected}", km(point));
        }
        assert!((chord_of_km(degree) - chord2(at(0.0, 0.0), at(1.0, 0.0)).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn arcs_reach_each_other_when_they_cross_or_are_near() {
        let arc = Arc::new(at(179.0, 80.0), at(-179.0, 80.0));
        let across = Arc::new(at(180.0, 79.0), at(180.0, 81.0));
        let beside = Arc::new(at(180.0, 80.2), at(180.0, 81.0));
        let km = chord_of_km;
        assert!(arc.reaches(&across, km(0.001)) && across.reaches(&arc, 0.0));
        // The arc bulges 0.17 km polewards of the parallel: 22.2 - 0.2 km are between.
        assert!(!arc.reaches(&beside, km(21.5)) && arc.reaches(&beside, km(22.5)));
        assert!(arc.may_reach(at(180.0, 80.0), 0.0));
    }

    #[test]
    fn authalic_positions_are_those_of_the_cells() {
        let v = to_cells(at(-72.5, -81.25), Latitude::Authalic);
        let (lon, lat) = lon_lat(v);
        assert!((lon + 72.5).abs() < 1e-12);
        assert!((lat - Latitude::Authalic.to_sphere(-81.25)).abs() < 1e-12);
    }
}
