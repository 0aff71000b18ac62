//! Ground tracks of ICESat-2 from the `Orbit` records of the CMR.
//!
//! The satellite moves on an ellipse with its perigee over the north, inclined by 92 degrees, which the Earth turns under:
//! 1387 revolutions end on the first track again after 91 turns of the Earth below the orbit's plane. The track is where
//! the satellite is in the zenith of the ellipsoid. Against an integrated orbit, rows of real granules and 59 real
//! footprints that lie on their reference tracks, this is off by at most 0.4 km (design/0005).
use crate::vector::{EARTH_KM, Vector, cross, lon_lat, of_degrees, unit};
use serde::{Deserialize, Serialize};
use std::f64::consts::{PI, TAU};

/// Inclination, radians: 92 degrees, and what the Earth's flattening adds to the track on either side of the equator.
const INCLINATION: f64 = 92.003 * PI / 180.0;
/// Eccentricity. The perigee of a frozen orbit stays over the north: the satellite is early there and late in the south.
const ECCENTRICITY: f64 = 0.0012;
/// Degrees that the Earth turns below the orbit's plane in one revolution.
const SHIFT: f64 = 360.0 * 91.0 / 1387.0;
/// Seconds of one revolution, to distinguish one from the next.
const PERIOD: f64 = 5655.0;
/// Distance of the satellite from the Earth's centre and its height, km.
const RADIUS: f64 = 6867.0;
const HEIGHT: f64 = 496.0;
/// WGS84: semi-major axis, km, and squared eccentricity.
const MAJOR: f64 = 6378.137;
const E2: f64 = 0.006_694_379_990_14;
/// Step along the orbit, radians: some 17 km.
const STEP: f64 = TAU / 2400.0;

/// The outer beams are this far from the track, km.
const BEAMS_KM: f64 = 3.35;
/// Added everywhere, km: 0.4 for the formula and 0.75 for pointing that misses the reference track.
const SLACK_KM: f64 = 1.15;
/// Over land outside the polar regions it points beside the track, up to the middle between two tracks, at the equator,
/// km: "operational off-nadir pointing over land areas to generate a dense grid" (icesat-2.gsfc.nasa.gov/science/specs).
const HALF_SPACING_KM: f64 = 14.45;
/// Arcs of the track in one ring: 60 degrees, for a ring is smaller than a hemisphere.
const MAX_RING: usize = 400;

/// Up or down.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Direction {
    /// Northwards.
    #[serde(rename = "A")]
    Ascending,
    /// Southwards.
    #[serde(rename = "D")]
    Descending,
}

/// A part of an orbit, as UMM-G's `Orbit` gives it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrbitArc {
    /// Longitude at which the orbit crosses the equator northwards, degrees.
    pub ascending_crossing: f64,
    /// Geodetic latitude at the start, degrees.
    pub start_latitude: f64,
    /// Direction there.
    pub start_direction: Direction,
    /// Geodetic latitude at the end, degrees.
    pub end_latitude: f64,
    /// Direction there.
    pub end_direction: Direction,
}

impl OrbitArc {
    /// The ground track, longitude and geodetic latitude in degrees, every 17 km or nearer. `after_crossing` is the time
    /// from the equator crossing to the start, seconds, where it is known: it decides whether the arc belongs to the
    /// revolution that begins with the crossing, as those of ICESat-2 do, or to the one that ends with it.
    #[must_use]
    pub fn track(&self, after_crossing: Option<f64>) -> Vec<[f64; 2]> {
        let (from, length) = self.span(after_crossing);
        self.points(from, length)
    }

    /// Where the beams may be: rings around arcs of the track, longitude and geodetic latitude in degrees.
    /// `after_crossing` as for [`OrbitArc::track`].
    #[must_use]
    pub fn swath(&self, after_crossing: Option<f64>) -> Vec<Vec<[f64; 2]>> {
        let (from, length) = self.span(after_crossing);
        let slack = SLACK_KM / EARTH_KM;
        let track = self.points(from - slack, length + 2.0 * slack);
        // Each begins with the last point of the one before.
        let arcs =
            (0..track.len() - 1).step_by(MAX_RING).filter_map(|at| track.get(at..track.len().min(at + MAX_RING + 1)));
        arcs.map(strip).collect()
    }

    /// The angle along the orbit from the crossing to the start, and from there to the end.
    fn span(&self, after_crossing: Option<f64>) -> (f64, f64) {
        let mut from = phase(self.start_latitude, self.start_direction);
        let expected = after_crossing.map(|seconds| seconds / PERIOD * TAU);
        if let Some(turns) = expected.map(|expected| ((expected - from) / TAU).round()) {
            from += turns * TAU;
        }
        let to = phase(self.end_latitude, self.end_direction);
        // Half a step of slack: a start a rounding error before the end is no whole revolution.
        (from, (to - from + STEP / 2.0).rem_euclid(TAU) - STEP / 2.0)
    }

    fn points(&self, from: f64, length: f64) -> Vec<[f64; 2]> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1..=2402")]
        let steps = (length / STEP).ceil().max(1.0) as u32;
        (0..=steps).map(|at| self.nadir(from + length * f64::from(at) / f64::from(steps))).collect()
    }

    /// Whether the numbers are those of an orbit.
    pub(crate) fn is_possible(&self) -> bool {
        let latitudes = [self.start_latitude, self.end_latitude];
        self.ascending_crossing.abs() <= 360.0 && latitudes.iter().all(|latitude| latitude.abs() <= 90.0)
    }

    /// The point below the satellite at an angle along the orbit from the crossing.
    fn nadir(&self, along: f64) -> [f64; 2] {
        let (sin, cos) = (libm::sin(along), libm::cos(along));
        let z = RADIUS * libm::sin(INCLINATION) * sin;
        let axis = (RADIUS * RADIUS - z * z).sqrt();
        // The latitude of the normal that leads to the satellite: each turn gains two digits.
        let mut latitude = libm::atan2(z, axis);
        for _ in 0..8 {
            let sin = libm::sin(latitude);
            latitude = libm::atan2(z + E2 * MAJOR / (1.0 - E2 * sin * sin).sqrt() * sin, axis);
        }
        let east = libm::atan2(libm::cos(INCLINATION) * sin, cos).to_degrees();
        // Kepler's equation to the first order: the time of a revolution that has passed, as an angle.
        let passed = along + 2.0 * ECCENTRICITY * (cos - 1.0);
        let longitude = self.ascending_crossing + east - SHIFT * passed / TAU;
        [(longitude + 180.0).rem_euclid(360.0) - 180.0, latitude.to_degrees().clamp(-90.0, 90.0)]
    }
}

/// The ring that is as wide as the swath on either side of a track.
fn strip(track: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let vectors: Vec<Vector> = track.iter().filter_map(|&[lon, lat]| of_degrees(lon, lat)).collect();
    let beside = |at: usize, sign: f64| {
        let here = *vectors.get(at)?;
        let ahead = *vectors.get(at + 1).unwrap_or(&here);
        let left = unit(cross(*vectors.get(at.saturating_sub(1))?, ahead))?;
        let angle = half_width(*track.get(at)?) / EARTH_KM;
        let (sin, cos) = (sign * libm::sin(angle), libm::cos(angle));
        let (lon, lat) = lon_lat(std::array::from_fn(|axis| cos * here[axis] + sin * left[axis]));
        Some([lon, lat])
    };
    let left = (0..vectors.len()).filter_map(|at| beside(at, 1.0));
    left.chain((0..vectors.len()).rev().filter_map(|at| beside(at, -1.0))).collect()
}

/// Half the width of the swath around a point of the track, km (design/0005). The instrument points at the track north of
/// 64 N and south of 50 S, where the only land but Antarctica is the tip of South America and the islands beside it.
fn half_width([longitude, latitude]: [f64; 2]) -> f64 {
    let beside_patagonia = latitude > -56.0 && (-77.0..-34.0).contains(&longitude);
    // Granules end at 50 S: the slack at their ends is not beside land.
    let beside_land = latitude < 64.0 && (latitude > -49.9 || beside_patagonia);
    let pointing = if beside_land { HALF_SPACING_KM * libm::cos(latitude.to_radians()) } else { 0.0 };
    BEAMS_KM + SLACK_KM + pointing
}

/// Angle along the orbit, 0..2 pi from the ascending node, at a geodetic latitude; the turning point beyond those that
/// are reached.
fn phase(latitude: f64, direction: Direction) -> f64 {
    let latitude = latitude.to_radians();
    let sin = libm::sin(latitude);
    let normal = MAJOR / (1.0 - E2 * sin * sin).sqrt();
    let z = (normal * (1.0 - E2) + HEIGHT) * sin;
    let axis = (normal + HEIGHT) * libm::cos(latitude);
    let up = libm::asin((libm::sin(libm::atan2(z, axis)) / libm::sin(INCLINATION)).clamp(-1.0, 1.0));
    match direction {
        Direction::Ascending => up.rem_euclid(TAU),
        Direction::Descending => PI - up,
    }
}

#[cfg(test)]
mod tests {
    use super::Direction::{Ascending, Descending};
    use super::*;

    fn orbit(start: (f64, Direction), end: (f64, Direction)) -> OrbitArc {
        OrbitArc {
            ascending_crossing: -40.0,
            start_latitude: start.0,
            start_direction: start.1,
            end_latitude: end.0,
            end_direction: end.1,
        }
    }

    #[test]
    fn a_arc_begins_and_ends_where_it_says() {
        for (start, end, count) in [
            ((59.5, Ascending), (80.0, Ascending), 130..150),
            ((80.0, Ascending), (80.0, Descending), 130..140),
            ((-79.0, Descending), (-79.0, Ascending), 145..155),
            ((-27.0, Ascending), (0.0, Ascending), 175..185),
            ((0.0, Ascending), (27.0, Ascending), 175..185),
        ] {
            let track = orbit(start, end).track(None);
            assert!(count.contains(&track.len()), "{start:?} {}", track.len());
            assert!((track[0][1] - start.0).abs() < 2e-3, "{start:?}: {:?}", track[0]);
            assert!((track[track.len() - 1][1] - end.0).abs() < 2e-3, "{end:?}");
        }
        let south = orbit((-79.0, Descending), (-79.0, Ascending)).track(None);
        let turn = south.iter().map(|point| point[1]).fold(0.0, f64::min);
        // 92 degrees of inclination turn at 88 geocentric.
        assert!((-88.05..-88.0).contains(&turn), "{turn}");
    }

    #[test]
    fn the_next_revolution_lies_where_the_earth_has_turned_to() {
        let arc = orbit((-79.0, Ascending), (-50.0, Ascending));
        let own = arc.track(Some(5000.0));
        let before = arc.track(Some(5000.0 - PERIOD));
        let shift = (before[0][0] - own[0][0]).rem_euclid(360.0);
        assert!((shift - SHIFT).abs() < 1e-9, "{shift}");
        assert_eq!(arc.track(None), own);
    }
}
