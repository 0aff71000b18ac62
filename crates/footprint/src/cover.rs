//! Which cells an area touches: from the twelve base cells down, dropping what is too far away.
//!
//! For every cell on the way, the edges of the area that may come near it are kept; a cell with none left is inside as a
//! whole or outside as a whole, which its centre decides. At the order asked for, a cell with edges left is touched when its
//! outline comes within the margin of one of them, when it holds a corner, or when its centre is inside. All tests err
//! to the safe side.
use crate::border::{Border, Membership};
use crate::region::Region;
use crate::vector::{Arc, Vector, chord_of_km};
use morton::{Cell, Latitude, LonLat, Order};
use std::collections::hash_map::Entry;
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
    cell: Cell,
    centre: Vector,
    radius: f64,
    /// The outline, where it was needed, and how far the true one may be from it, as a chord.
    outline: Option<(Vec<Arc>, f64)>,
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
            self.search(&mut Search {
                border: &region.border,
                inside: &|cell| region.contains(cell.centre().unit_vector()),
                membership: Membership::Touch,
                corners: region.border.corners(self.order),
                budget: u64::MAX,
                take: &mut |cells| found.extend(cells),
            });
        }
        found
    }

    fn search(&mut self, search: &mut Search<'_>) {
        let near: Vec<&Arc> = search.border.edges.iter().collect();
        for base in 0..12 {
            self.descend(search, (0, base), &near);
        }
    }

    fn descend(&mut self, search: &mut Search<'_>, cell: (u8, u64), near: &[&Arc]) {
        let Some(leaves) = self.leaves(cell) else { return };
        let Some(budget) = search.budget.checked_sub(1) else { return };
        search.budget = budget;
        let last = cell.0 == self.order.get();
        if last && search.membership == Membership::Centre {
            // Its centre decides, near a border or not.
            if search.contains(cell) {
                (search.take)(leaves);
            }
            return;
        }
        let margin = self.margin + search.border.reach;
        let Some((centre, radius)) = self.circle(cell, search.membership) else { return };
        let near: Vec<&Arc> = near.iter().copied().filter(|arc| arc.may_reach(centre, radius + margin)).collect();
        if near.is_empty() {
            if search.contains(cell) {
                self.take(search, leaves);
            }
        } else if last {
            // The outline last: it takes longest to make.
            let touched =
                search.corners.contains(&cell.1) || search.contains(cell) || self.reaches(cell, margin, &near);
            if touched {
                (search.take)(leaves);
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

    fn take(&self, search: &mut Search<'_>, range: Range<u64>) {
        match &self.wanted {
            Some(wanted) => {
                let from = wanted.partition_point(|&id| id < range.start);
                let to = wanted.partition_point(|&id| id < range.end);
                for &id in wanted.get(from..to).unwrap_or_default() {
                    (search.take)(id..id + 1);
                }
            }
            None => (search.take)(range),
        }
    }

    /// The middle of a circle around a cell, and its radius, which is greater than the chord.
    fn circle(&mut self, key: (u8, u64), membership: Membership) -> Option<(Vector, f64)> {
        if membership == Membership::Touch {
            return self.shape(key).map(|shape| (shape.centre, shape.radius));
        }
        // A centre is tested faster than a tight circle is made.
        let cap = Cell::new(Order::new(key.0).ok()?, key.1).ok()?.loose_cap(Latitude::Spherical);
        Some((cap.centre(), cap.radius()))
    }

    /// Whether the outline of a cell comes within the margin of an edge.
    fn reaches(&mut self, cell: (u8, u64), margin: f64, near: &[&Arc]) -> bool {
        let Some(shape) = self.shape(cell) else { return false };
        let (outline, slack) = shape.outline.get_or_insert_with(|| outline(shape.cell));
        outline.iter().any(|side| near.iter().any(|arc| side.reaches(arc, margin + *slack)))
    }

    fn shape(&mut self, key: (u8, u64)) -> Option<&mut Shape> {
        if self.shapes.len() > MAX_SHAPES {
            self.shapes.clear();
        }
        Some(match self.shapes.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Shape::of(Cell::new(Order::new(key.0).ok()?, key.1).ok()?)),
        })
    }
}

struct Search<'a> {
    border: &'a Border,
    /// Whether the centre of a cell is inside.
    inside: &'a dyn Fn(Cell) -> bool,
    membership: Membership,
    /// Cells of the last order that hold an end of an edge.
    corners: BTreeSet<u64>,
    /// How many cells may still be looked at.
    budget: u64,
    /// Takes the cells that belong to the area, in ascending order.
    take: &'a mut dyn FnMut(Range<u64>),
}

impl Search<'_> {
    fn contains(&self, (order, nested): (u8, u64)) -> bool {
        Order::new(order).and_then(|order| Cell::new(order, nested)).is_ok_and(self.inside)
    }
}

impl Border {
    /// Nested ids of the cells of `order` that belong to the area: sorted ranges that do not meet. `inside` says whether
    /// the centre of a cell, of any order, is inside.
    ///
    /// A cell that no piece of the border comes near is inside or outside as a whole, and so are all cells within it.
    /// `None` when more than `budget` cells had to be looked at.
    #[must_use]
    pub fn cells(
        &self,
        order: Order,
        membership: Membership,
        budget: u64,
        inside: &dyn Fn(Cell) -> bool,
    ) -> Option<Vec<Range<u64>>> {
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut take = |range: Range<u64>| match found.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => found.push(range),
        };
        let corners = if membership == Membership::Touch { self.corners(order) } else { BTreeSet::new() };
        let mut search = Search { border: self, inside, membership, corners, budget, take: &mut take };
        Cover::new(order, 0.0, None).search(&mut search);
        (search.budget > 0).then_some(found)
    }

    /// Cells of `order` that hold an end of an edge.
    fn corners(&self, order: Order) -> BTreeSet<u64> {
        let (lon, lat): (Vec<f64>, Vec<f64>) =
            self.edges.iter().flat_map(|arc| [arc.a, arc.b]).map(crate::vector::lon_lat).unzip();
        let mut ids = vec![morton::INVALID; lon.len()];
        // The slices are equally long, so this cannot fail; the positions are on the sphere already.
        let _ = morton::nested_of(order, Latitude::Spherical, &lon, &lat, &mut ids);
        ids.into_iter().filter(|&id| id != morton::INVALID).collect()
    }
}

impl Shape {
    fn of(cell: Cell) -> Self {
        let cap = cell.bounding_cap(Latitude::Spherical);
        // A chord is shorter than its angle.
        Self { cell, centre: cap.centre(), radius: cap.radius(), outline: None }
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
