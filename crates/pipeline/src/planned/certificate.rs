//! Where along the course an unread row may lie in the cell.
//!
//! *Lemma.* Let the premises of [`super::course`] hold; let the pattern of tracks move sideways by no more than it flies
//! (`Course::slew`), and tracks at the same place along the course lie within `Orbit::spread`. A row in the cell that was not
//! read lies within the region's reach of one of its points, and at most that much farther from the course and from every
//! known row than the point does. So its place along the course lies in one of the stretches of [`stretches`], whatever its
//! track; and a track is done when no bracket of its unread chunks meets one.
use super::course::{Course, SLACK, Spot};
use super::region::Region;
use crate::vector::Vector;
use std::ops::Range;

/// Kilometres along the course by which rows in order may seem out of it.
const OVERLAP: f64 = 1.0;

/// A stretch of the course where rows in the cell may lie.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Stretch {
    /// Kilometres along the course.
    pub(crate) along: Range<f64>,
    /// The part where the cell lies on the line of the nearest known rows, if any: where rows are most likely.
    pub(crate) likely: Option<Range<f64>>,
}

/// The stretches, in the order of the course. `known` are the spots of all rows read of any track, ascending.
pub(crate) fn stretches(region: &Region, course: &Course, known: &[Spot], spread: f64) -> Vec<Stretch> {
    let view = View { course, known, spread };
    let mut met: Vec<(f64, bool)> = Vec::new();
    for part in region.parts().iter().filter(|part| view.meets(part.centre, part.reach).is_some()) {
        met.extend(part.points.iter().filter_map(|&point| view.meets(point, region.reach())));
    }
    met.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut stretches: Vec<Stretch> = Vec::new();
    for (along, likely) in met {
        let reach = region.reach() + OVERLAP;
        let likely = likely.then(|| along - region.reach()..along + region.reach());
        match stretches.last_mut() {
            Some(last) if along - reach <= last.along.end => {
                last.along.end = along + reach;
                last.likely = joined(last.likely.take(), likely);
            }
            _ => stretches.push(Stretch { along: along - reach..along + reach, likely }),
        }
    }
    stretches
}

fn joined(a: Option<Range<f64>>, b: Option<Range<f64>>) -> Option<Range<f64>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.start..b.end),
        (a, b) => a.or(b),
    }
}

struct View<'a> {
    course: &'a Course,
    known: &'a [Spot],
    spread: f64,
}

impl View<'_> {
    /// Whether a row within `reach` kilometres of a place may exist: its kilometre along the course, and whether it is likely.
    fn meets(&self, place: Vector, reach: f64) -> Option<(f64, bool)> {
        let spot = self.course.spot(place);
        let next = self.known.partition_point(|known| known.along < spot.along);
        let near = [next.checked_sub(1).and_then(|before| self.known.get(before)), self.known.get(next)];
        let slew = self.course.slew();
        let off = |near: &Spot| (near.beside - spot.beside).abs();
        let far = |near: &Spot| (near.along - spot.along).abs();
        let allowed = |near: &Spot| slew * (far(near) + reach) + self.spread + SLACK + reach;
        if near.into_iter().flatten().any(|near| off(near) > allowed(near)) {
            return None;
        }
        let nearest = near.into_iter().flatten().min_by(|a, b| far(a).total_cmp(&far(b)));
        let likely = nearest.is_some_and(|near| off(near) <= reach);
        self.course.may_pass(place, spot.along, reach).then_some((spot.along, likely))
    }
}
