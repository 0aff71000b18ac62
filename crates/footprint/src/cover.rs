//! Which cells an area touches: from the twelve base cells down, dropping what is too far away.
//!
//! For every cell on the way, the edges of the area that may come near it are kept; a cell with none left is inside as a
//! whole or outside as a whole, which its centre decides. At the order asked for, a cell with edges left is touched when its
//! outline comes within the margin of one of them, when it holds a corner, or when its centre is inside. All tests err
//! to the safe side.
use crate::region::Region;
use crate::vector::{Arc, Vector, chord_of_km};
use morton::{Cell, Latitude, LonLat, Order};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Outlines kept at most; a new batch begins when there are more.
const MAX_SHAPES: usize = 60_000;

/// Finds the cells of one order; keeps what it learns about their shapes.
#[derive(Debug)]
pub(crate) struct Cover {
    order: Order,
    margin: f64,
    /// Sorted nested numbers that are wanted; all when `None`.
    wanted: Option<Vec<u64>>,
    shapes: HashMap<(u8, u64), Shape>,
}

#[derive(Clone, Debug)]
struct Shape {
    centre: Vector,
    radius: f64,
    /// The outline, at the last order only.
    outline: Vec<Arc>,
    /// How far the true outline may be from it, as a chord.
    slack: f64,
}

impl Cover {
    /// For cells of `order` within `margin_km` of an area.
    pub(crate) fn new(order: Order, margin_km: f64, wanted: Option<&BTreeSet<u64>>) -> Self {
        let wanted = wanted.map(|cells| cells.iter().copied().collect());
        Self { order, margin: chord_of_km(margin_km), wanted, shapes: HashMap::new() }
    }

    /// Nested numbers of the cells that any of the areas touches.
    pub(crate) fn touched(&mut self, regions: &[Region]) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        for region in regions {
            let corners = self.corners(region);
            let near: Vec<&Arc> = region.edges.iter().collect();
            let mut search = Search { region, corners, found: &mut found };
            for base in 0..12 {
                self.descend(&mut search, (0, base), &near);
            }
        }
        found
    }

    fn descend(&mut self, search: &mut Search<'_>, cell: (u8, u64), near: &[&Arc]) {
        let Some(leaves) = self.leaves(cell) else { return };
        let margin = self.margin + search.region.reach;
        let last = cell.0 == self.order.get();
        let Some(shape) = self.shape(cell) else { return };
        let (centre, radius) = (shape.centre, shape.radius);
        let near: Vec<&Arc> = near.iter().copied().filter(|arc| arc.may_reach(centre, radius + margin)).collect();
        if near.is_empty() {
            if search.region.contains(centre) {
                self.take(search.found, leaves);
            }
        } else if last {
            let close = margin + shape.slack;
            let touched = search.corners.contains(&cell.1)
                || shape.outline.iter().any(|side| near.iter().any(|arc| side.reaches(arc, close)))
                || search.region.contains(centre);
            if touched {
                search.found.insert(cell.1);
            }
        } else {
            for child in 4 * cell.1..4 * cell.1 + 4 {
                self.descend(search, (cell.0 + 1, child), &near);
            }
        }
    }

    /// Cells of the last order below one; `None` when none of them is wanted.
    fn leaves(&self, (order, nested): (u8, u64)) -> Option<Range<u64>> {
        let shift = 2 * u32::from(self.order.get() - order);
        let range = nested << shift..(nested + 1) << shift;
        match &self.wanted {
            Some(wanted) => {
                let at = wanted.partition_point(|&id| id < range.start);
                wanted.get(at).is_some_and(|&id| id < range.end).then_some(range)
            }
            None => Some(range),
        }
    }

    fn take(&self, found: &mut BTreeSet<u64>, range: Range<u64>) {
        match &self.wanted {
            Some(wanted) => {
                let from = wanted.partition_point(|&id| id < range.start);
                let to = wanted.partition_point(|&id| id < range.end);
                found.extend(wanted.get(from..to).unwrap_or_default());
            }
            None => found.extend(range),
        }
    }

    /// Cells of the last order that hold an end of an edge.
    fn corners(&self, region: &Region) -> BTreeSet<u64> {
        let (lon, lat): (Vec<f64>, Vec<f64>) =
            region.edges.iter().flat_map(|arc| [arc.a, arc.b]).map(crate::vector::lon_lat).unzip();
        let mut ids = vec![morton::INVALID; lon.len()];
        // The slices are equally long, so this cannot fail; the positions are on the sphere already.
        let _ = morton::nested_of(self.order, Latitude::Spherical, &lon, &lat, &mut ids);
        ids.into_iter().filter(|&id| id != morton::INVALID).collect()
    }

    fn shape(&mut self, key: (u8, u64)) -> Option<&Shape> {
        if self.shapes.len() > MAX_SHAPES {
            self.shapes.clear();
        }
        if !self.shapes.contains_key(&key) {
            let cell = Cell::new(Order::new(key.0).ok()?, key.1).ok()?;
            self.shapes.insert(key, Shape::of(cell, key.0 == self.order.get()));
        }
        self.shapes.get(&key)
    }
}

struct Search<'a> {
    region: &'a Region,
    corners: BTreeSet<u64>,
    found: &'a mut BTreeSet<u64>,
}

impl Shape {
    fn of(cell: Cell, with_outline: bool) -> Self {
        let cap = cell.bounding_cap(Latitude::Spherical);
        let (outline, slack) = if with_outline { outline(cell) } else { (Vec::new(), 0.0) };
        // A chord is shorter than its angle.
        Self { centre: cap.centre(), radius: cap.radius(), outline, slack }
    }
}

/// The outline in pieces, and how far the true one may be from them: no farther than the points between the ends of
/// pieces of twice the length are from those.
fn outline(cell: Cell) -> (Vec<Arc>, f64) {
    // Pieces of some 6 km, but never fewer than 16 a side.
    let per_edge = usize::try_from(1024_u32 >> cell.order().get().min(6)).unwrap_or(16);
    let points: Vec<Vector> =
        cell.boundary(per_edge, Latitude::Spherical).into_iter().map(LonLat::unit_vector).collect();
    let around = |step: usize| {
        let next = points.iter().step_by(step).skip(1).chain(points.first());
        points.iter().step_by(step).zip(next).map(|(&a, &b)| Arc::new(a, b)).collect::<Vec<Arc>>()
    };
    let coarse = around(2);
    let between = points.iter().skip(1).step_by(2);
    let slack = coarse.iter().zip(between).map(|(arc, &p)| arc.distance2(p)).fold(0.0, f64::max).sqrt();
    (around(1), slack + 1e-12)
}
