//! The parent cells as points that a track may come near.
use crate::Job;
use crate::vector::{EARTH_RADIUS, Vector, chord2, place};
use morton::{Cell, Order};
use std::ops::Range;
use std::rc::Rc;

/// Orders below a cell at which its shape is sampled: 16 parts, of 64 points where there is one cell.
const COARSE: u8 = 2;
const FINE: u8 = 5;
/// Of this number of cells each has fewer points, as tracks cross many and few of them end there.
const SOME: usize = 2;
const MANY: usize = 9;
/// Side of a square of the area of an order-0 cell, kilometres: sqrt(4 pi / 12) radians.
const SIDE: f64 = 1.023_326_707_946_488_5 * EARTH_RADIUS;
/// A HEALPix cell reaches at most 1.0446 sides from its centre, at every order (healpy's `max_pixrad`); geodetic latitudes
/// stretch it by less than another 0.5 %.
const REACH: f64 = 1.05;
const TO_RADIANS: f64 = std::f64::consts::PI / 180.0;

/// Cells: points all over them, and how far from the nearest of them a place inside can be.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    shapes: Vec<Rc<Shape>>,
    reach: f64,
}

/// One cell.
#[derive(Debug)]
struct Shape {
    parts: Vec<Part>,
    /// Degrees of the latitudes of all points.
    latitudes: Range<f64>,
}

/// A sixteenth of a cell.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) centre: Vector,
    /// Kilometres from the centre within which all of the part lies.
    pub(crate) reach: f64,
    pub(crate) points: Vec<Vector>,
}

impl Region {
    /// The region of each of some jobs of one order, and with each the points that suit so many; `None` at orders too fine to
    /// be sampled.
    pub(crate) fn each_of<'a>(jobs: impl ExactSizeIterator<Item = &'a Job>) -> Option<Vec<Self>> {
        let fewer = u8::from(jobs.len() >= SOME) + u8::from(jobs.len() >= MANY);
        jobs.map(|job| Self::of(job, FINE - fewer)).collect()
    }

    fn of(job: &Job, fine: u8) -> Option<Self> {
        let parent = job.parent();
        let order = |levels| Order::new(parent.order().get() + levels).ok();
        let (coarse, fine) = (order(COARSE)?, order(fine)?);
        let mut latitudes = 90.0..-90.0;
        let mut centre = |cell: Cell| {
            let centre = cell.centre_in(job.latitude());
            latitudes = centre.lat().min(latitudes.start)..centre.lat().max(latitudes.end);
            centre.unit_vector()
        };
        let cells = |of: Cell, order| -> Option<Vec<Cell>> {
            of.children(order).ok()?.map(|id| Cell::new(order, id).ok()).collect()
        };
        let part = |cell: Cell| {
            let points = cells(cell, fine)?.into_iter().map(&mut centre).collect();
            Some(Part { centre: centre(cell), reach: reach(coarse), points })
        };
        let parts: Option<Vec<Part>> = cells(parent, coarse)?.into_iter().map(part).collect();
        let parts = parts?;
        Some(Self { shapes: vec![Rc::new(Shape { parts, latitudes })], reach: reach(fine) })
    }

    /// All of some regions of one call of [`Region::each_of`].
    pub(crate) fn union<'a>(regions: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut regions = regions.into_iter();
        let mut all = regions.next()?.clone();
        all.shapes.extend(regions.flat_map(|region| &region.shapes).cloned());
        Some(all)
    }

    /// Whether some place of the cells may lie within a distance, kilometres, of a place, degrees.
    pub(crate) fn is_within(&self, longitude: f64, latitude: f64, distance: f64) -> bool {
        // A chord is at least 2 / pi of its arc, and the arc at least the difference of latitudes.
        let may = |shape: &&Rc<Shape>| {
            let beyond = (shape.latitudes.start - latitude).max(latitude - shape.latitudes.end);
            beyond * (EARTH_RADIUS * TO_RADIANS * 0.63) <= self.reach + distance
        };
        let place = place(longitude, latitude);
        let near = |point: Vector, reach: f64| chord2(point, place) <= (reach + distance) * (reach + distance);
        let parts = self.shapes.iter().filter(may).flat_map(|shape| &shape.parts);
        let parts = parts.filter(|part| near(part.centre, part.reach));
        parts.flat_map(|part| &part.points).any(|&point| near(point, self.reach))
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.shapes.iter().flat_map(|shape| &shape.parts)
    }

    /// Kilometres: every place of the cells has a point that near.
    pub(crate) const fn reach(&self) -> f64 {
        self.reach
    }
}

/// Kilometres from the centre of a cell of an order within which all of it lies.
fn reach(order: Order) -> f64 {
    REACH * SIDE / f64::from(1_u32 << order.get().min(31))
}
