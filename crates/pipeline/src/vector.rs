//! Unit vectors of places, and the trigonometry to plan reads with: good to centimetres on the ground, the same on every
//! machine. Which cell a row lies in is never decided here (`morton` does that). All of it is inlined: loops over rows call it.

/// Mean radius of the Earth, kilometres: distances in this crate are kilometres on that sphere.
pub(crate) const EARTH_RADIUS: f64 = 6371.0072;

/// A vector in an Earth-fixed frame: x towards (0, 0), y towards 90 E, z north.
pub(crate) type Vector = [f64; 3];

/// The unit vector of a place in degrees; NaN where there is no place on Earth.
#[inline]
pub(crate) fn place(longitude: f64, latitude: f64) -> Vector {
    let (sin_lon, cos_lon) = (sine_of_degrees(longitude), sine_of_degrees(longitude + 90.0));
    let (sin_lat, cos_lat) = (sine_of_degrees(latitude), sine_of_degrees(latitude + 90.0));
    // A latitude beyond the poles would turn up on the other side.
    let valid = if latitude.abs() <= 90.0 && longitude.abs() <= 360.0 { 1.0 } else { f64::NAN };
    [valid * cos_lat * cos_lon, valid * cos_lat * sin_lon, valid * sin_lat]
}

/// Whether a vector of [`place`] stands for a place.
#[inline]
pub(crate) fn is_place(vector: Vector) -> bool {
    !vector[2].is_nan()
}

/// The square of the straight distance between two places, square kilometres.
#[inline]
pub(crate) fn chord2(a: Vector, b: Vector) -> f64 {
    let between = subtract(a, b);
    dot(between, between) * (EARTH_RADIUS * EARTH_RADIUS)
}

/// Kilometres between two places, straight through the Earth: never more than over ground.
#[inline]
pub(crate) fn distance(a: Vector, b: Vector) -> f64 {
    chord2(a, b).sqrt()
}

#[inline]
pub(crate) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
pub(crate) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[inline]
pub(crate) fn subtract(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

#[inline]
pub(crate) fn scale(a: Vector, by: f64) -> Vector {
    [a[0] * by, a[1] * by, a[2] * by]
}

/// The vector of length 1 in the direction of `a`; `None` where it has none.
#[inline]
pub(crate) fn unit(a: Vector) -> Option<Vector> {
    let length = dot(a, a).sqrt();
    (length > 1e-9).then(|| scale(a, 1.0 / length))
}

/// Turns a vector about the Earth's axis by `angle` radians, eastwards.
#[inline]
pub(crate) fn turn(a: Vector, angle: f64) -> Vector {
    let (sine, cosine) = sine_cosine(angle);
    [cosine * a[0] - sine * a[1], sine * a[0] + cosine * a[1], a[2]]
}

/// Sine and cosine of an angle in radians.
#[inline]
pub(crate) fn sine_cosine(angle: f64) -> (f64, f64) {
    let degrees = angle.to_degrees();
    (sine_of_degrees(degrees), sine_of_degrees(degrees + 90.0))
}

/// Sine of degrees, to 1e-9: a Taylor series of the rest of a half turn.
#[inline]
fn sine_of_degrees(degrees: f64) -> f64 {
    /// Adding and taking away rounds to a whole number, to the nearest even of two.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let halves = degrees / 180.0;
    let whole = (halves + WHOLE) - WHOLE;
    let odd = whole - 2.0 * ((0.5 * whole + WHOLE) - WHOLE);
    let x = (halves - whole) * std::f64::consts::PI;
    let x2 = x * x;
    let series = x
        * (1.0
            - x2 / 6.0
                * (1.0 - x2 / 20.0 * (1.0 - x2 / 42.0 * (1.0 - x2 / 72.0 * (1.0 - x2 / 110.0 * (1.0 - x2 / 156.0))))));
    series * (1.0 - 2.0 * odd * odd)
}

/// The angle of the direction (x, y) from the x axis, radians in -pi..=pi, to 1e-8.
#[inline]
pub(crate) fn angle(y: f64, x: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    let (low, high) = if y.abs() < x.abs() { (y.abs(), x.abs()) } else { (x.abs(), y.abs()) };
    let ratio = if high > 0.0 { low / high } else { 0.0 };
    // Half of the eighth turn is enough for a short series: tan(pi / 8) = 0.414.
    let (base, t) = if ratio > 0.4143 { (FRAC_PI_4, (ratio - 1.0) / (ratio + 1.0)) } else { (0.0, ratio) };
    let t2 = t * t;
    let series = [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0].iter().fold(1.0 / 17.0, |sum, odd| 1.0 / odd - t2 * sum);
    let within = base + t * series;
    let first = if y.abs() < x.abs() { within } else { FRAC_PI_2 - within };
    let upper = if x < 0.0 { PI - first } else { first };
    if y < 0.0 { -upper } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::LonLat;

    #[test]
    fn sines_and_angles_are_good_enough_to_plan_with() {
        for step in -4000..4000 {
            let x = f64::from(step) * 0.002;
            let (sine, cosine) = sine_cosine(x);
            assert!((sine - x.sin()).abs() < 2e-9 && (cosine - x.cos()).abs() < 2e-9, "{x}");
            let back = angle(x.sin(), x.cos());
            assert!((back - x.sin().atan2(x.cos())).abs() < 1e-8, "{x}: {back}");
        }
    }

    #[test]
    fn places_are_those_of_the_cells_and_others_are_none() {
        for (lon, lat) in [(0.0, 0.0), (12.5, -80.0), (-179.99, 88.0), (359.0, 45.0), (20.0, 90.0), (-90.0, -90.0)] {
            let (ours, exact) = (place(lon, lat), LonLat::degrees(lon, lat).unwrap().unit_vector());
            assert!(distance(ours, exact) < 1e-4, "{lon} {lat}");
        }
        for (lon, lat) in [(f64::NAN, 0.0), (0.0, f64::NAN), (0.0, 90.1), (f64::INFINITY, 0.0), (361.0, 0.0)] {
            assert!(!is_place(place(lon, lat)), "{lon} {lat}");
        }
    }
}
