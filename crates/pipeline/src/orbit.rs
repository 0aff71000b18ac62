//! Where a satellite's ground track goes from a place that is known: enough of an orbit to plan reads, never to place rows.
use serde::{Deserialize, Serialize};

/// Turns of the Earth under the orbit plane, radians a second (one a sidereal day).
const EARTH_RATE: f64 = 7.292_115e-5;
/// Mean radius of the Earth, kilometres: distances here are kilometres on that sphere.
pub(crate) const EARTH_RADIUS: f64 = 6371.0072;

/// How far the plane of a course may be tilted from that of the orbit, radians: pointing, and geodetic latitudes on a sphere.
const TILTED: f64 = 0.02;

/// A vector in an Earth-fixed frame.
pub(crate) type Vector = [f64; 3];

/// What a product's tracks have in common.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Orbit {
    /// Seconds a revolution.
    pub period: f64,
    /// Degrees between the orbit's plane and the equator's; beyond 90 against the turning Earth.
    pub inclination: f64,
    /// Kilometres between consecutive rows without gaps.
    pub spacing: f64,
    /// Kilometres that tracks of a granule run apart at most.
    pub spread: f64,
}

impl Orbit {
    /// ICESat-2: 1387 revolutions in 91 days; ATL06 segments every 20 m; outer beams 6.6 km apart and pointing errors.
    pub const ICESAT2_ATL06: Self =
        Self { period: 91.0 * 86_400.0 / 1387.0, inclination: 92.0, spacing: 0.02, spread: 8.0 };
}

/// The ground track through a place in a direction: a circle in space, turned by the Earth below it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ray {
    position: Vector,
    /// Inertial direction of flight, a unit vector across `position`; towards earlier rows for a backward ray.
    direction: Vector,
    /// Radians that the Earth turns for each radian flown; negative backwards in time.
    turn: f64,
}

impl Ray {
    /// The track through `position` towards `ahead` (both unit vectors, some kilometres apart). `forward`: rows in that
    /// direction were flown later. `None` where no satellite of that inclination flies so: the rows are not what they
    /// seem, or stand in another order.
    pub(crate) fn through(position: Vector, ahead: Vector, forward: bool, orbit: &Orbit) -> Option<Self> {
        let along = unit(subtract(ahead, scale(position, dot(position, ahead))))?;
        let rate = 2.0 * std::f64::consts::PI / orbit.period;
        let turn = if forward { EARTH_RATE / rate } else { -EARTH_RATE / rate };
        // The ground below moves east at `east` (in units of the flight): the inertial direction has that added.
        let east = [-turn * position[1], turn * position[0], 0.0];
        let across = dot(along, east);
        let speed = (across * across + 1.0 - dot(east, east)).max(0.0).sqrt() - across;
        let direction = unit(add(scale(along, speed), east))?;
        let (_, tilt) = sine_cosine(orbit.inclination.to_radians());
        let expected = if forward { tilt } else { -tilt };
        let momentum = position[0] * direction[1] - position[1] * direction[0];
        ((momentum - expected).abs() <= TILTED).then_some(Self { position, direction, turn })
    }

    /// The place below the satellite after `distance` kilometres of flight.
    pub(crate) fn at(&self, distance: f64) -> Vector {
        let angle = distance / EARTH_RADIUS;
        let (sine, cosine) = sine_cosine(angle);
        let [x, y, z] = add(scale(self.position, cosine), scale(self.direction, sine));
        let (sine, cosine) = sine_cosine(self.turn * angle);
        [cosine * x + sine * y, cosine * y - sine * x, z]
    }
}

/// Kilometres between two places, straight through the Earth: never more than over ground.
pub(crate) fn distance(a: Vector, b: Vector) -> f64 {
    let between = subtract(a, b);
    dot(between, between).sqrt() * EARTH_RADIUS
}

pub(crate) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn subtract(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn scale(a: Vector, by: f64) -> Vector {
    [a[0] * by, a[1] * by, a[2] * by]
}

fn unit(a: Vector) -> Option<Vector> {
    let length = dot(a, a).sqrt();
    (length > 1e-9).then(|| scale(a, 1.0 / length))
}

/// Sine and cosine to about 1e-10 for a few turns at most: a Taylor series of a sixteenth of the angle, doubled four times.
fn sine_cosine(angle: f64) -> (f64, f64) {
    let x = angle / 16.0;
    let x2 = x * x;
    let mut sine = x * (1.0 - x2 / 6.0 * (1.0 - x2 / 20.0 * (1.0 - x2 / 42.0 * (1.0 - x2 / 72.0))));
    let mut cosine = 1.0 - x2 / 2.0 * (1.0 - x2 / 12.0 * (1.0 - x2 / 30.0 * (1.0 - x2 / 56.0)));
    for _ in 0..4 {
        (sine, cosine) = (2.0 * sine * cosine, cosine * cosine - sine * sine);
    }
    (sine, cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::LonLat;

    fn place(lon: f64, lat: f64) -> Vector {
        LonLat::degrees(lon, lat).unwrap().unit_vector()
    }

    #[test]
    fn sines_are_good_enough_to_plan_with() {
        for step in -400..400 {
            let angle = f64::from(step) * 0.02;
            let (sine, cosine) = sine_cosine(angle);
            assert!((sine - angle.sin()).abs() < 1e-8 && (cosine - angle.cos()).abs() < 1e-8, "{angle}");
        }
    }

    /// Two revolutions of a circular orbit, with the formulas of an ephemeris instead of a ray.
    fn satellite(time: f64) -> Vector {
        let (orbit, tilt) = (Orbit::ICESAT2_ATL06, 92_f64.to_radians());
        let u = std::f64::consts::TAU * time / orbit.period;
        let node = 0.3 - EARTH_RATE * time;
        let [x, y, z] = [u.cos(), u.sin() * tilt.cos(), u.sin() * tilt.sin()];
        [x * node.cos() - y * node.sin(), x * node.sin() + y * node.cos(), z]
    }

    #[test]
    fn a_ray_follows_the_orbit_in_both_directions() {
        let orbit = Orbit::ICESAT2_ATL06;
        for start in [0.0, 700.0, 1400.0, 4000.0] {
            for forward in [true, false] {
                let sign = if forward { 1.0 } else { -1.0 };
                let ray = Ray::through(satellite(start), satellite(start + sign), forward, &orbit).unwrap();
                let backwards = Ray::through(satellite(start), satellite(start + sign), !forward, &orbit);
                assert!(backwards.is_none(), "rows in reverse order are no course");
                let seconds = 300.0;
                let flown = seconds / orbit.period * std::f64::consts::TAU * EARTH_RADIUS;
                let off = distance(ray.at(flown), satellite(start + sign * seconds));
                assert!(off < 5.0, "{off} km off after {flown} km from {start} s, forward {forward}");
            }
        }
    }

    #[test]
    fn no_direction_is_no_ray() {
        let through = |a, b| Ray::through(a, b, true, &Orbit::ICESAT2_ATL06);
        assert!(through(place(10.0, 20.0), place(10.0, 20.0)).is_none());
        assert!(through(place(10.0, 20.0), place(10.1, 20.0)).is_none(), "nothing flies east there");
    }
}
