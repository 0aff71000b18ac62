//! Places on the WGS84 ellipsoid, and the plane that touches it.

use morton::LonLat;

/// Semi-major axis of WGS84, metres (NIMA TR8350.2, table 3.1).
const SEMI_MAJOR: f64 = 6_378_137.0;
/// Flattening of WGS84 (same table).
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// Square of the first eccentricity.
const ECCENTRICITY_2: f64 = FLATTENING * (2.0 - FLATTENING);

/// The place at a geodetic position and height 0 on the WGS84 ellipsoid: earth-fixed x, y, z in metres.
#[must_use]
pub fn on_ellipsoid(at: LonLat) -> [f64; 3] {
    let [x, y, z] = at.unit_vector();
    let curvature = SEMI_MAJOR / (1.0 - ECCENTRICITY_2 * (z * z)).sqrt();
    [curvature * x, curvature * y, curvature * (1.0 - ECCENTRICITY_2) * z]
}

/// Unit vectors towards east and north at a geodetic position. The longitude decides at the poles too.
pub(crate) fn east_and_north(at: LonLat) -> [[f64; 3]; 2] {
    let [x, y, sin_lat] = at.unit_vector();
    // On the equator of the same meridian, cos and sin of the longitude alone.
    let [cos_lon, sin_lon, _] = LonLat::degrees(at.lon(), 0.0).map_or([1.0, 0.0, 0.0], LonLat::unit_vector);
    let cos_lat = x * cos_lon + y * sin_lon;
    [[-sin_lon, cos_lon, 0.0], [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::degrees(lon, lat).unwrap()
    }

    /// Reference: pyproj 3.8, EPSG:4979 to EPSG:4978.
    #[test]
    fn places_are_those_of_proj() {
        for (lon, lat, place) in [
            (0.0, 0.0, [6_378_137.0, 0.0, 0.0]),
            (-49.5, 69.25, [1_471_883.241_501_485_2, -1_723_353.854_680_331_7, 5_941_910.142_194_279]),
            (0.0, -90.0, [0.0, 0.0, -6_356_752.314_245_179]),
        ] {
            let found = on_ellipsoid(at(lon, lat));
            assert!(found.iter().zip(place).all(|(a, b)| (a - b).abs() < 3e-9), "{found:?}");
        }
    }

    #[test]
    fn east_and_north_touch_the_ellipsoid() {
        for (lon, lat) in [(0.0, 0.0), (-49.5, 69.25), (179.0, -88.0), (-540.0, 12.0), (30.0, 90.0), (-100.0, -90.0)] {
            let [east, north] = east_and_north(at(lon, lat));
            let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let up = at(lon, lat).unit_vector();
            for (product, wanted) in [
                (dot(east, east), 1.0),
                (dot(north, north), 1.0),
                (dot(east, north), 0.0),
                (dot(east, up), 0.0),
                (dot(north, up), 0.0),
            ] {
                assert!((product - wanted).abs() < 1e-15, "{lon} {lat}");
            }
            if lat < 89.0 {
                let (here, there) = (on_ellipsoid(at(lon, lat)), on_ellipsoid(at(lon, lat + 1e-5)));
                let step = [there[0] - here[0], there[1] - here[1], there[2] - here[2]];
                assert!(dot(step, north) > 1.0 && dot(step, east).abs() < 1e-8);
            }
        }
    }
}
