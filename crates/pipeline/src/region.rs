//! The parent cell as a region that a track may come near.
use crate::Job;
use crate::orbit::{EARTH_RADIUS, Ray, Vector, distance};
use morton::{Cell, Order};

/// Orders below the parent at which its shape is sampled: 16 parts of 64 points.
const COARSE: u8 = 2;
const FINE: u8 = 5;
/// Side of a square of the area of an order-0 cell, kilometres: sqrt(4 pi / 12) radians.
const SIDE: f64 = 1.023_326_707_946_488_5 * EARTH_RADIUS;
/// A HEALPix cell reaches at most 1.0446 sides from its centre, at every order (healpy's `max_pixrad`).
const REACH: f64 = 1.05;
/// Kilometres that a search along a track advances at least.
const STEP: f64 = 1.0;

/// The parent cell: points all over it, and how far from the nearest of them a place inside can be.
#[derive(Debug)]
pub(crate) struct Region {
    parts: Vec<(Vector, Vec<Vector>)>,
    /// Kilometres from a part's centre, and from a point, within which all that they stand for lies.
    reach: (f64, f64),
    centre: Vector,
    /// Kilometres from the centre within which all of the cell lies.
    radius: f64,
}

/// How far a ray is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    /// Kilometres.
    pub(crate) length: f64,
    /// Where the place at its end is known too: by how many kilometres the ray misses it.
    pub(crate) miss: Option<f64>,
}

impl Region {
    /// The region of a job; `None` at orders too fine to be sampled.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let parent = job.parent();
        let order = |levels| Order::new(parent.order().get() + levels).ok();
        let (coarse, fine) = (order(COARSE)?, order(FINE)?);
        let centre = |cell: Cell| cell.centre_in(job.latitude).unit_vector();
        let centres = |of: Cell, order| -> Option<Vec<Cell>> {
            of.children(order).ok()?.map(|id| Cell::new(order, id).ok()).collect()
        };
        let part = |cell: Cell| Some((centre(cell), centres(cell, fine)?.into_iter().map(centre).collect()));
        let parts: Option<Vec<_>> = centres(parent, coarse)?.into_iter().map(part).collect();
        let reach = |order: Order| REACH * SIDE / f64::from(1_u32 << order.get().min(31));
        let (reach, radius) = ((reach(coarse), reach(fine)), reach(parent.order()));
        Some(Self { parts: parts?, reach, centre: centre(parent), radius })
    }

    /// Whether a place lies within `margin` kilometres of the cell, or may do so.
    pub(crate) fn near(&self, place: Vector, margin: f64) -> bool {
        let within = |point: Vector, reach: f64| distance(place, point) <= reach + margin;
        within(self.centre, self.radius)
            && self.parts.iter().any(|(centre, points)| {
                within(*centre, self.reach.0) && points.iter().any(|&point| within(point, self.reach.1))
            })
    }

    /// First and last kilometre of a ray's first `length` kilometres between which it may be within `margin` of the cell.
    /// `doubt` is what a kilometre flown from the nearest known place adds to the margin.
    pub(crate) fn crossing(&self, ray: &Ray, course: Course, margin: f64, doubt: f64) -> Option<(f64, f64)> {
        let length = course.length;
        let mut found: Option<(f64, f64)> = None;
        let mut flown = 0.0;
        while flown <= length {
            let place = ray.at(flown);
            let backward = course.miss.map_or(f64::INFINITY, |miss| miss + doubt * (length - flown));
            let margin = margin + backward.min(doubt * flown);
            if self.near(place, margin) {
                found = Some((found.map_or(flown, |(first, _)| first), flown));
            }
            // Nothing can happen before the cell's surroundings are reached: the ground passes at most 1.1 times as fast as
            // the satellite flies, and the margin grows meanwhile.
            let far = distance(place, self.centre) - self.radius - margin;
            flown += (far / (1.1 + doubt)).max(STEP);
        }
        found
    }
}
