//! What a chunk that was read says of its track: places along it, and that its rows are in the order of one passage.
//!
//! *Lemma.* If [`Trace::of`] accepts a chunk, every row with a place lies between two consecutive [`Mark`]s of its own in
//! row order, at most [`STEP`] from the first of them, and the rows between two marks advance from the one to the other.
//! Whatever holds for the order of the marks holds for all rows of the chunk. Every row is looked at.
use crate::vector::{Vector, chord2, dot, is_place, place, subtract};

/// Kilometres between two marks, but for gaps between rows.
pub(crate) const STEP: f64 = 5.0;

/// A row and its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Mark {
    /// Row of the track.
    pub(crate) row: u64,
    /// Where it lies: a unit vector.
    pub(crate) place: Vector,
}

/// The marks of one chunk, in row order: its first and its last row with a place, and enough of those between.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Trace(Vec<Mark>);

impl Trace {
    /// The trace of rows that begin at row `start`; degrees, NaN where there is no place. `spacing` is the distance of
    /// consecutive rows, kilometres. `None` when a row goes back by more than half of that: nothing can be concluded from
    /// rows that do not follow each other.
    pub(crate) fn of(start: u64, longitude: &[f64], latitude: &[f64], spacing: f64) -> Option<Self> {
        let places: Vec<Vector> = longitude.iter().zip(latitude).map(|(&lon, &lat)| place(lon, lat)).collect();
        let marks = marks(&places);
        let onward = marks.windows(2).all(|pair| match *pair {
            [from, to] => advances(places.get(from..=to).unwrap_or_default(), 0.5 * spacing),
            _ => true,
        });
        let mark = |index: usize| places.get(index).map(|&place| Mark { row: start + index as u64, place });
        onward.then(|| Self(marks.into_iter().filter_map(mark).collect()))
    }

    /// The marks in row order; none where no row has a place.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.0
    }
}

/// Indices of the rows that become marks.
fn marks(places: &[Vector]) -> Vec<usize> {
    let far = |a: Vector, b: Vector| chord2(a, b) > STEP * STEP;
    let mut marks = Vec::new();
    let mut known: Option<((usize, Vector), (usize, Vector))> = None; // the last mark, the row before
    for (index, &place) in places.iter().enumerate().filter(|(_, place)| is_place(**place)) {
        let here = (index, place);
        let Some((mark, before)) = known else {
            marks.push(index);
            known = Some((here, here));
            continue;
        };
        let mut last = mark;
        if far(last.1, place) && before.0 != last.0 {
            last = before;
            marks.push(last.0);
        }
        if far(last.1, place) {
            last = here;
            marks.push(last.0);
        }
        known = Some((last, here));
    }
    // The last row is a mark in any case.
    if let Some((_, (last, _))) = known.filter(|(mark, last)| mark.0 != last.0) {
        marks.push(last);
    }
    marks
}

/// Whether rows advance from the first to the last, never going back by more than `tolerance` kilometres.
fn advances(rows: &[Vector], tolerance: f64) -> bool {
    let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { return true };
    let towards = subtract(last, first);
    let length = dot(towards, towards);
    let back = tolerance / crate::vector::EARTH_RADIUS * length.sqrt();
    let mut reached = 0.0;
    rows.iter().filter(|row| is_place(**row)).all(|&row| {
        let gone = dot(subtract(row, first), towards);
        let onward = gone >= reached - back && gone <= length + back;
        reached = gone.max(reached);
        onward
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::distance;

    const SPACING: f64 = 0.02;

    fn track(rows: usize) -> (Vec<f64>, Vec<f64>) {
        (0..rows).map(|row| (10.0 + 1e-4 * row as f64, -75.0 - 1.8e-4 * row as f64)).unzip()
    }

    fn trace((longitude, latitude): &(Vec<f64>, Vec<f64>)) -> Option<Trace> {
        Trace::of(5000, longitude, latitude, SPACING)
    }

    #[test]
    fn the_outermost_places_are_marks_and_no_step_is_long() {
        let mut track = track(1000);
        track.1[0] = f64::NAN;
        track.1[998..].fill(f64::NAN);
        let trace = trace(&track).unwrap();
        let marks = trace.marks();
        assert_eq!((marks[0].row, marks[marks.len() - 1].row), (5001, 5997));
        assert!(marks.windows(2).all(|pair| distance(pair[0].place, pair[1].place) <= STEP));
        assert!(marks.len() < 10);
    }

    #[test]
    fn both_sides_of_a_gap_are_marks() {
        let mut track = track(1000);
        track.1[400..].iter_mut().for_each(|latitude| *latitude -= 1.0);
        let trace = trace(&track).unwrap();
        let rows: Vec<u64> = trace.marks().iter().map(|mark| mark.row).collect();
        assert!(rows.contains(&5399) && rows.contains(&5400), "{rows:?}");
    }

    #[test]
    fn a_single_row_that_goes_back_is_seen() {
        for at in [1, 37, 500, 998] {
            let mut track = track(1000);
            track.0.swap(at, at - 1);
            track.1.swap(at, at - 1);
            assert_eq!(trace(&track), None, "{at}");
        }
    }

    #[test]
    fn nothing_is_told_where_no_row_has_a_place() {
        let nothing = (vec![f64::NAN; 9], vec![1.0; 9]);
        assert_eq!(trace(&nothing), Some(Trace::default()));
        let one = (vec![1.0], vec![2.0]);
        assert_eq!(trace(&one).unwrap().marks().len(), 1);
    }
}
