//! The parent cell as points that a track may come near.
use crate::Job;
use crate::vector::{EARTH_RADIUS, Vector, chord2, place};
use morton::{Cell, Order};
use std::ops::Range;

/// Orders below the parent at which its shape is sampled: 16 parts of 64 points.
const COARSE: u8 = 2;
const FINE: u8 = 5;
/// Side of a square of the area of an order-0 cell, kilometres: sqrt(4 pi / 12) radians.
const SIDE: f64 = 1.023_326_707_946_488_5 * EARTH_RADIUS;
/// A HEALPix cell reaches at most 1.0446 sides from its centre, at every order (healpy's `max_pixrad`); geodetic latitudes
/// stretch it by less than another 0.5 %.
const REACH: f64 = 1.05;
const TO_RADIANS: f64 = std::f64::consts::PI / 180.0;

/// The parent cell: points all over it, and how far from the nearest of them a place inside can be.
#[derive(Debug)]
pub(crate) struct Region {
    parts: Vec<Part>,
    reach: f64,
    /// Degrees of the latitudes of all points.
    latitudes: Range<f64>,
}

/// A sixteenth of the cell.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) centre: Vector,
    /// Kilometres from the centre within which all of the part lies.
    pub(crate) reach: f64,
    pub(crate) points: Vec<Vector>,
}

impl Region {
    /// The region of a job; `None` at orders too fine to be sampled.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let parent = job.parent();
        let order = |levels| Order::new(parent.order().get() + levels).ok();
        let (coarse, fine) = (order(COARSE)?, order(FINE)?);
        let reach = |order: Order| REACH * SIDE / f64::from(1_u32 << order.get().min(31));
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
        Some(Self { parts, reach: reach(fine), latitudes })
    }

    /// Whether some place of the cell may lie within a distance, kilometres, of a place, degrees.
    pub(crate) fn is_within(&self, longitude: f64, latitude: f64, distance: f64) -> bool {
        // A chord is at least 2 / pi of its arc, and the arc at least the difference of latitudes.
        let beyond = (self.latitudes.start - latitude).max(latitude - self.latitudes.end);
        if beyond * (EARTH_RADIUS * TO_RADIANS * 0.63) > self.reach + distance {
            return false;
        }
        let place = place(longitude, latitude);
        let near = |point: Vector, reach: f64| chord2(point, place) <= (reach + distance) * (reach + distance);
        let parts = self.parts.iter().filter(|part| near(part.centre, part.reach));
        parts.flat_map(|part| &part.points).any(|&point| near(point, self.reach))
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Kilometres: every place of the cell has a point that near.
    pub(crate) const fn reach(&self) -> f64 {
        self.reach
    }
}
