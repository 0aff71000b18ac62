//! Geodetic to authalic latitude on WGS84, and back.
//!
//! beta = phi + sum of F_k sin(2k phi), k = 1..=5 (docs/cells.md; Karney 2022, "On auxiliary latitudes", table A19). The
//! F_k are series in the squared eccentricity e^2 cut after e^10, as in the reference data, evaluated for
//! f = 1/298.257223563 (tests/make_polynomials.py). Cutting there leaves them 3.5e-15 rad, 20 nm on the ground, from the
//! closed form.

use crate::trig::{DEGREE, RADIAN, sin_cos};

/// F_1..F_5 from geodetic to authalic, radians.
const TO_AUTHALIC: [f64; 5] = [
    -0.002_239_209_838_675_227,
    2.130_860_648_573_9e-6,
    -2.559_256_337_208_668_2e-9,
    3.369_773_765_435_435_2e-12,
    -4.588_929_064_620_169e-15,
];
/// F_1..F_5 from authalic to geodetic (table A20), radians.
const TO_GEODETIC: [f64; 5] = [
    0.002_239_208_996_351_212,
    2.883_197_801_645_244_4e-6,
    5.086_218_198_036_566e-9,
    1.020_051_687_316_410_8e-11,
    2.156_402_582_593_562_2e-14,
];

/// The authalic latitude, degrees, of a geodetic WGS84 latitude in degrees.
///
/// Odd, fixed at the equator and the poles; at most 0.1283 degrees nearer the equator between them.
#[must_use]
pub fn geodetic_to_authalic(lat: f64) -> f64 {
    lat + correction(lat, &TO_AUTHALIC)
}

/// The geodetic WGS84 latitude, degrees, of an authalic latitude in degrees: the inverse of [`geodetic_to_authalic`]
/// within two units in the last place (the inverse series, then one step that removes what its cutting left).
#[must_use]
pub fn authalic_to_geodetic(lat: f64) -> f64 {
    let near = lat + correction(lat, &TO_GEODETIC);
    near + (lat - geodetic_to_authalic(near))
}

/// Sum of F_k sin(2k x) in degrees, by Clenshaw's recurrence.
fn correction(lat: f64, series: &[f64; 5]) -> f64 {
    let (sine, cosine) = sin_cos(2.0 * lat * RADIAN);
    let (mut next, mut after) = (0.0, 0.0);
    for f in series.iter().rev() {
        (next, after) = (f + 2.0 * cosine * next - after, next);
    }
    DEGREE * sine * next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_points_and_round_trip() {
        for lat in [0.0, 90.0, -90.0] {
            assert_eq!(geodetic_to_authalic(lat), lat);
            assert_eq!(authalic_to_geodetic(lat), lat);
        }
        let mut largest = 0.0f64;
        for i in -9000..=9000 {
            let lat = f64::from(i) * 0.01;
            assert_eq!(geodetic_to_authalic(-lat), -geodetic_to_authalic(lat));
            largest = largest.max((geodetic_to_authalic(lat) - lat).abs());
            let back = authalic_to_geodetic(geodetic_to_authalic(lat));
            assert!((back - lat).abs() < 2.9e-14, "{lat} {back}");
        }
        assert!((0.1282..0.1284).contains(&largest), "{largest}");
    }
}
