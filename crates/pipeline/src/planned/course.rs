//! The course of a granule: the orbit that its rows were flown on, and coordinates along and beside it.
//!
//! A satellite moves on a circle in space while the Earth turns below it. Turned back by what the Earth turned since the
//! course's origin, the places below it lie on one great circle, whose pole is inclined as the orbit is; what is left open
//! is the longitude of its node. Every place has one [`Spot`] within half a revolution of the origin.
//!
//! *Lemma.* Let the rows have been flown on one passage, each at most `Orbit::pointing` beside the ground track, and no two
//! of a track farther beside than behind each other ([`SLEW`]). The places that a course was fitted to lie so beside the true
//! course too: the true node lies within [`Course::nodes`], and no row lies where [`Course::may_pass`] says no. Headings of
//! the two differ by at most [`Course::doubt`], as a turn of the node turns no heading by more than itself.
use super::trace::Mark;
use crate::Orbit;
use crate::vector::{EARTH_RADIUS, Vector, angle, cross, distance, dot, scale, sine_cosine, subtract, turn, unit};
use std::f64::consts::{PI, TAU};

/// Turns of the Earth under the orbit plane, radians a second (one a sidereal day).
const EARTH_RATE: f64 = 7.292_115e-5;
/// Kilometres by which a great circle may miss the ground track: geodetic latitudes put on a sphere, the precession of the
/// orbit's plane (2 km each), and half of what the tracks of a granule lie apart.
const INEXACT: f64 = 8.0;
/// Least distance, in kilometres, between two places from which the direction of the rows follows.
const BASELINE: f64 = 0.1;
/// Kilometres sideways for each kilometre flown that the pattern of tracks may move. The mission points off its reference
/// track over land, in scans and in early cycles (Magruder et al. 2021); no slew rate is published, so this is a wide bound.
const SLEW: f64 = 1.0;
/// Kilometres by which rows may lie beside where `SLEW` and `Orbit::spread` allow: noise, and a sphere for an ellipsoid.
pub(crate) const SLACK: f64 = 1.0;
/// Nodes that are tried all around, and after each round how many times finer.
const AROUND: u32 = 256;
const FINER: u32 = 48;
/// Radians to both sides of the fitted node that are searched for its bounds, and into how many steps they are cut.
const SEARCH: f64 = 0.75;
const STEPS: i32 = 64;
/// A course whose heading may be off by more than this, radians, is not used yet.
const MAX_DOUBT: f64 = 0.7;

/// Coordinates of a place, kilometres.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spot {
    /// Along the course from its origin, within half a revolution.
    pub(crate) along: f64,
    /// Beside it, to the left.
    pub(crate) beside: f64,
}

/// An orbit through the places of a granule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    plane: Plane,
    pole: Vector,
    /// Directions of the origin and of a quarter revolution on.
    axes: (Vector, Vector),
    /// The least and the greatest longitude of the node that the places allow, radians.
    nodes: (f64, f64),
    /// The farther of the two from the fitted node, radians.
    doubt: f64,
    /// Kilometres beside the course within which all rows lie.
    width: f64,
}

/// Why there is no course.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoCourse {
    /// The places are too few or too close together.
    Unclear,
    /// No satellite of this orbit passes over all of the places.
    Impossible,
}

impl Course {
    /// The course over `marks` of one track, in row order, and `others` of any track. `onward`: the rows are as they were
    /// flown, not in reverse.
    pub(crate) fn fit(marks: &[Mark], others: &[Mark], onward: bool, orbit: &Orbit) -> Result<Self, NoCourse> {
        let (first, last) = marks.first().zip(marks.last()).ok_or(NoCourse::Unclear)?;
        if distance(first.place, last.place) < BASELINE {
            return Err(NoCourse::Unclear);
        }
        let plane = Plane::of(orbit, onward);
        let turned = plane.turned_by_steps(marks);
        let rough = Self::over(&turned, &turned, plane, orbit)?;
        let turned = |marks: &[Mark]| marks.iter().map(|mark| rough.turned(mark.place).0).collect::<Vec<Vector>>();
        let mut all = turned(marks);
        let ends = all.clone();
        all.extend(turned(others));
        Self::over(&ends, &all, plane, orbit)?.bounded(&ends, &all)
    }

    /// The course that lies nearest to `all`, from the first of `ends` towards the last. All are turned back already.
    fn over(ends: &[Vector], all: &[Vector], plane: Plane, orbit: &Orbit) -> Result<Self, NoCourse> {
        let (&first, &last) = ends.first().zip(ends.last()).ok_or(NoCourse::Unclear)?;
        let heading = orbit.pointing / EARTH_RADIUS;
        let pole = plane.pole(plane.best_node(first, last, &Sums::of(all, heading)).ok_or(NoCourse::Impossible)?);
        Self::with_pole(plane, pole, first, orbit.pointing + INEXACT)
    }

    fn with_pole(plane: Plane, pole: Vector, origin: Vector, width: f64) -> Result<Self, NoCourse> {
        let ahead = unit(subtract(origin, scale(pole, dot(origin, pole)))).ok_or(NoCourse::Impossible)?;
        Ok(Self { plane, pole, axes: (ahead, cross(pole, ahead)), nodes: (0.0, 0.0), doubt: 0.0, width })
    }

    /// The same with the bounds of its node; a course that is too far from a place moves to where it is not. `ends` are of
    /// one track.
    fn bounded(self, ends: &[Vector], all: &[Vector]) -> Result<Self, NoCourse> {
        let (&first, &last) = ends.first().zip(ends.last()).ok_or(NoCourse::Unclear)?;
        let limit = sine_cosine(self.width / EARTH_RADIUS).0;
        let node = self.plane.node(self.pole);
        let fits = |off: f64| {
            let pole = self.plane.pole(node + off);
            let way = subtract(last, first);
            let (onward, aside) = (dot(way, cross(pole, first)), dot(way, pole).abs());
            aside <= SLEW * onward + SLACK / EARTH_RADIUS && all.iter().all(|&place| dot(place, pole).abs() <= limit)
        };
        let step = SEARCH / f64::from(STEPS);
        let fitting: Vec<f64> = (-STEPS..=STEPS).map(|k| f64::from(k) * step).filter(|&off| fits(off)).collect();
        let (&least, &most) = fitting.first().zip(fitting.last()).ok_or(NoCourse::Impossible)?;
        let edge = |inside: f64, side: f64| {
            let (mut inside, mut outside) = (inside, inside + side * step);
            for _ in 0..6 {
                let middle = 0.5 * (inside + outside);
                if fits(middle) { inside = middle } else { outside = middle }
            }
            node + outside
        };
        let moved = fitting.iter().copied().min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        let nodes = (edge(least, -1.0), edge(most, 1.0));
        let doubt = (nodes.1 - node - moved).max(node + moved - nodes.0);
        if doubt > MAX_DOUBT {
            return Err(NoCourse::Unclear);
        }
        let pole = self.plane.pole(node + moved);
        Ok(Self { nodes, doubt, ..Self::with_pole(self.plane, pole, self.axes.0, self.width)? })
    }

    /// Coordinates of a place.
    pub(crate) fn spot(&self, place: Vector) -> Spot {
        let (turned, along) = self.turned(place);
        let sine = dot(turned, self.pole);
        Spot { along: along * EARTH_RADIUS, beside: angle(sine, (1.0 - sine * sine).max(0.0).sqrt()) * EARTH_RADIUS }
    }

    /// The place turned back to where it was when the origin was passed, and radians along the course.
    fn turned(&self, place: Vector) -> (Vector, f64) {
        let along = |turned: Vector| angle(dot(turned, self.axes.1), dot(turned, self.axes.0));
        let mut turned = place;
        // The Earth turns a fifteenth as fast as the satellite flies, and nearly across its course.
        for _ in 0..3 {
            turned = turn(place, self.plane.drift * along(turned));
        }
        let along = along(turned);
        (turned, along)
    }

    /// Kilometres beside this course for each kilometre along it that the pattern of tracks may move: on the true course at
    /// most [`SLEW`], and its heading may be another.
    pub(crate) fn slew(&self) -> f64 {
        let (sine, cosine) = sine_cosine(angle(SLEW, 1.0) + self.doubt);
        sine / cosine
    }

    /// Whether a row can lie within `reach` kilometres of a place, by the orbit alone.
    pub(crate) fn may_pass(&self, place: Vector, along: f64, reach: f64) -> bool {
        let (least, most) = self.nodes;
        let turned = turn(place, self.plane.drift * along / EARTH_RADIUS);
        let beside = |node: f64| {
            let sine = dot(turned, self.plane.pole(node));
            angle(sine, (1.0 - sine * sine).max(0.0).sqrt()) * EARTH_RADIUS
        };
        let (a, b) = (beside(least), beside(most));
        // Between the two it may bend by this amount (the second derivative of a sine of that amplitude).
        let level = (turned[0] * turned[0] + turned[1] * turned[1]).sqrt();
        let bend = EARTH_RADIUS * level * (most - least) * (most - least) / 8.0;
        a * b <= 0.0 || a.abs().min(b.abs()) <= self.width + reach + bend
    }
}

/// The family of the orbit's planes, one for each longitude of the node.
#[derive(Clone, Copy, Debug)]
struct Plane {
    /// Sine and cosine of the angle between the pole and the Earth's axis.
    tilt: (f64, f64),
    /// Radians that the Earth turns for each radian along the course.
    drift: f64,
}

impl Plane {
    fn of(orbit: &Orbit, onward: bool) -> Self {
        let (sine, cosine) = sine_cosine(orbit.inclination.to_radians());
        let rate = EARTH_RATE * orbit.period / TAU;
        let sign = if onward { 1.0 } else { -1.0 };
        Self { tilt: (sine, sign * cosine), drift: sign * rate }
    }

    fn pole(&self, node: f64) -> Vector {
        let (sine, cosine) = sine_cosine(node);
        [self.tilt.0 * sine, -self.tilt.0 * cosine, self.tilt.1]
    }

    fn node(&self, pole: Vector) -> f64 {
        angle(pole[0], -pole[1])
    }

    /// Places turned back by the way from one to the next: good enough to begin with.
    fn turned_by_steps(&self, marks: &[Mark]) -> Vec<Vector> {
        let mut along = 0.0;
        let mut before = marks.first().map(|mark| mark.place);
        let turned = marks.iter().map(|mark| {
            along += before.map_or(0.0, |before| distance(before, mark.place)) / EARTH_RADIUS;
            before = Some(mark.place);
            turn(mark.place, self.drift * along)
        });
        turned.collect()
    }

    /// The node of the plane that fits best, among those that lead from `first` to `last`.
    fn best_node(&self, first: Vector, last: Vector, sums: &Sums) -> Option<f64> {
        let leads = |node: f64| dot(cross(self.pole(node), first), last) > 0.0;
        let nearest = |nodes: &mut dyn Iterator<Item = f64>| {
            let scored = nodes.map(|node| (sums.misfit(self.pole(node)), node));
            scored.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, node)| node)
        };
        let mut step = TAU / f64::from(AROUND);
        let mut node = nearest(&mut (0..AROUND).map(|k| f64::from(k) * step - PI).filter(|&node| leads(node)))?;
        for _ in 0..4 {
            step /= f64::from(FINER / 2);
            let start = node - f64::from(FINER / 2) * step;
            node = nearest(&mut (0..=FINER).map(|k| start + f64::from(k) * step))?;
        }
        Some(node)
    }
}

/// Sums over places, by which the misfit of any plane is known.
struct Sums {
    mean: Vector,
    /// Means of x x, y y, z z, x y, x z and y z, less those of the mean.
    spread: [f64; 6],
    /// What a place beside the others counts for more than all beside the plane together: over a short way the heading says
    /// more than the places, which may be pointed aside.
    heading: f64,
}

impl Sums {
    /// `aside`: radians by which all places may be pointed aside.
    fn of(places: &[Vector], aside: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "places are thousands at the most")]
        let share = 1.0 / (places.len().max(1) as f64);
        let mean = places
            .iter()
            .fold([0.0; 3], |sum: Vector, place| std::array::from_fn(|axis| sum[axis] + share * place[axis]));
        let spread = places.iter().fold([0.0; 6], |sums: [f64; 6], &place| {
            let [x, y, z] = subtract(place, mean);
            let terms = [x * x, y * y, z * z, x * y, x * z, y * z];
            std::array::from_fn(|term| sums[term] + share * terms[term])
        });
        let [xx, yy, zz, ..] = spread;
        Self { mean, spread, heading: 1.0 + aside * aside / (xx + yy + zz).max(1e-14) }
    }

    /// Mean squared distance from the plane of a pole, as a sine; differences weighted as headings.
    fn misfit(&self, pole: Vector) -> f64 {
        let [a, b, c] = pole;
        let [xx, yy, zz, xy, xz, yz] = self.spread;
        let differences = a * a * xx + b * b * yy + c * c * zz + 2.0 * (a * b * xy + a * c * xz + b * c * yz);
        let all = dot(pole, self.mean);
        all * all + self.heading * differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORBIT: Orbit = crate::orbit::ICESAT2;

    /// Where an orbit passes, with the formulas of an ephemeris: argument of latitude, kilometres beside, node.
    fn flown(u: f64, beside: f64, node: f64) -> Vector {
        let tilt = 92_f64.to_radians();
        let (u_, b) = (u, beside / EARTH_RADIUS);
        let along = [u_.cos(), u_.sin() * tilt.cos(), u_.sin() * tilt.sin()];
        let normal = [0.0, -tilt.sin(), tilt.cos()];
        let place: Vector = std::array::from_fn(|axis| along[axis] * b.cos() + normal[axis] * b.sin());
        turn(place, node - EARTH_RATE * u * ORBIT.period / TAU)
    }

    fn marks(from: f64, to: f64, beside: impl Fn(f64) -> f64) -> Vec<Mark> {
        let places = (0..40).map(|k| from + (to - from) * f64::from(k) / 39.0);
        places.zip(0..).map(|(u, row)| Mark { row, place: flown(u, beside(u), 0.3) }).collect()
    }

    #[test]
    fn places_along_an_orbit_have_their_kilometres() {
        for start in [0.0, 1.2, 2.0, 3.0, 4.5, 5.9] {
            let course = Course::fit(&marks(start, start + 0.03, |_| 0.0), &[], true, &ORBIT).unwrap();
            for step in -150..150 {
                let (along, beside) = (f64::from(step) * 0.02, f64::from(step % 7) * 5.0);
                let spot = course.spot(flown(start + along, beside, 0.3));
                assert!((spot.along - along * EARTH_RADIUS).abs() < 0.5, "{start} {along}: {spot:?}");
                assert!((spot.beside - beside).abs() < 0.5, "{start} {along}: {spot:?}");
            }
        }
    }

    #[test]
    fn the_true_course_is_within_the_bounds_of_a_pointed_one() {
        for start in [0.2, 1.3, 1.5, 1.6, 2.9, 4.6] {
            for (length, shift) in [(0.01, 44.0), (0.03, -44.0), (0.05, 30.0), (0.3, 44.0), (0.3, 0.0)] {
                let pointed =
                    marks(start, start + length, |u| if u > start + 0.4 * length { shift } else { 0.3 * shift });
                let course = Course::fit(&pointed, &[], true, &ORBIT).unwrap();
                for step in -100..100 {
                    let u = start + f64::from(step) * 0.01;
                    for beside in [-ORBIT.pointing, 0.0, ORBIT.pointing] {
                        let place = flown(u, beside, 0.3);
                        assert!(course.may_pass(place, course.spot(place).along, 0.0), "{start} {length} {shift} {u}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_against_the_flight_or_off_the_orbit_have_no_course_once_they_are_long() {
        let fit = |marks: &[Mark], onward| Course::fit(marks, &[], onward, &ORBIT).err();
        for start in [0.1, 1.1, 2.8, 4.0] {
            let flown = marks(start, start + 0.4, |_| 0.0);
            let reversed: Vec<Mark> = flown.iter().rev().copied().collect();
            assert_eq!((fit(&flown, true), fit(&reversed, false)), (None, None));
            assert_eq!(fit(&reversed, true), Some(NoCourse::Impossible), "{start}");
            assert_eq!(fit(&flown, false), Some(NoCourse::Impossible), "{start}");
        }
        let one = marks(0.0, 0.0, |_| 0.0);
        assert_eq!(fit(&one, true), Some(NoCourse::Unclear));
        let east: Vec<Mark> = (0..20).map(|k| Mark { row: k, place: crate::vector::place(k as f64, 10.0) }).collect();
        assert_eq!(fit(&east, true), Some(NoCourse::Impossible));
    }
}
