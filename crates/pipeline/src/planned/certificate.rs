//! Where along the course an unread row may lie in the cell.
//!
//! *Lemma.* Let the premises of [`super::course`] hold; let the pattern of tracks move sideways by no more than
//! `Course::slew` allows, and tracks at the same place along the course lie within `Orbit::spread`. A row in the cell lies
//! within the region's reach of one of its points, so the point is at most that much farther from the course, from every
//! known row of its track, and from every known row of its siblings than a row may be. [`Field::of`] keeps all such points,
//! [`Field::stretches`] covers every place along the course that one of them stands for. A track is done when no bracket of
//! its unread chunks meets a stretch.
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

/// Points of the cell that rows of any track may come near, in the order of the course.
#[derive(Debug)]
pub(crate) struct Field {
    points: Vec<Spot>,
    reach: f64,
    slew: f64,
}

impl Field {
    /// `known` are the spots of all rows read of any track, ascending along the course.
    pub(crate) fn of(region: &Region, course: &Course, known: &[Spot], spread: f64) -> Self {
        let slew = course.slew();
        let meets = |place: Vector, reach: f64| {
            let spot = course.spot(place);
            let near = beside(&spot, known, slew, reach, spread) && course.may_pass(place, spot.along, reach);
            near.then_some(spot)
        };
        let reach = region.reach();
        let parts = region.parts().filter(|part| meets(part.centre, part.reach).is_some());
        let mut points: Vec<Spot> =
            parts.flat_map(|part| &part.points).filter_map(|&point| meets(point, reach)).collect();
        points.sort_unstable_by(|a, b| a.along.total_cmp(&b.along));
        Self { points, reach, slew }
    }

    /// The stretches for a track of which the rows at `own` are known; of `guide`, or it, which line is likely.
    pub(crate) fn stretches(&self, own: &[Spot], guide: &[Spot]) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for spot in self.points.iter().filter(|spot| beside(spot, own, self.slew, self.reach, 0.0)) {
            let around = |reach: f64| spot.along - reach..spot.along + reach;
            let line = nearest(spot, if own.is_empty() { guide } else { own });
            let likely = line.is_some_and(|line| (line.beside - spot.beside).abs() <= self.reach);
            let likely = likely.then(|| around(self.reach));
            let along = around(self.reach + OVERLAP);
            match stretches.last_mut() {
                Some(last) if along.start <= last.along.end => {
                    last.along.end = along.end;
                    last.likely = joined(last.likely.take(), likely);
                }
                _ => stretches.push(Stretch { along, likely }),
            }
        }
        stretches
    }
}

fn joined(a: Option<Range<f64>>, b: Option<Range<f64>>) -> Option<Range<f64>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.start..b.end),
        (a, b) => a.or(b),
    }
}

/// The known rows before and behind a place.
fn around<'a>(spot: &Spot, known: &'a [Spot]) -> impl Iterator<Item = &'a Spot> + use<'a> {
    let next = known.partition_point(|known| known.along < spot.along);
    let before = next.checked_sub(1).and_then(|before| known.get(before));
    before.into_iter().chain(known.get(next))
}

fn nearest<'a>(spot: &Spot, known: &'a [Spot]) -> Option<&'a Spot> {
    let far = |near: &Spot| (near.along - spot.along).abs();
    around(spot, known).min_by(|a, b| far(a).total_cmp(&far(b)))
}

/// Whether a row within `reach` of a place may lie beside the known rows before and behind it: no farther than the pattern
/// moves on the way, and `spread` more.
pub(crate) fn beside(spot: &Spot, known: &[Spot], slew: f64, reach: f64, spread: f64) -> bool {
    around(spot, known).all(|near| {
        let flown = (near.along - spot.along).abs() + reach;
        (near.beside - spot.beside).abs() <= slew * flown + spread + SLACK + reach
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(along: f64, beside: f64) -> Spot {
        Spot { along, beside }
    }

    #[test]
    fn every_part_of_the_course_that_meets_the_cell_is_a_stretch() {
        let along = [0.0, 5.0, 100.0, 104.0, 300.0];
        let field = Field { points: along.map(|along| spot(along, 4.0)).to_vec(), reach: 3.0, slew: 0.5 };
        let ranges =
            |own: &[Spot]| field.stretches(own, &[]).into_iter().map(|stretch| stretch.along).collect::<Vec<_>>();
        assert_eq!(ranges(&[]), [-4.0..9.0, 96.0..108.0, 296.0..304.0]);
        // A row that lies 44 km beside the cell: the track cannot come back before a while.
        assert_eq!(ranges(&[spot(102.0, -40.0)]), [-4.0..9.0, 296.0..304.0]);
    }
}
