//! Where to look first. A guess costs bytes and requests when it is wrong, never rows: what was not read is judged by
//! [`super::certificate`] again after each step.
//!
//! A track lacks every twentieth row, and a track of which nothing is known has its rows in the proportion of the one that
//! went ahead. For each open bracket at least one of its chunks is named, so reading ends.
use super::bracket::{Bracket, Known, spots};
use super::certificate::Stretch;
use super::course::Course;
use super::premise::count;
use std::collections::BTreeMap;
use std::ops::Range;

/// Share of the rows that are there, where no more is known: clouds and slopes cost a track every twentieth row.
const DENSITY: f64 = 0.95;
/// Where fewer of the rows are there than this, the rest lie in gaps at unknown places.
const SPARSE: f64 = 0.5;
/// Brackets of more chunks than this are halved too where a guess may be far off.
const MANY: usize = 16;

/// Unread chunks of a track to read next, and whether they probably hold rows of the cell.
pub(crate) type Guess = BTreeMap<usize, bool>;

/// Chunks of `track` that may hold rows in `stretches`, of which one at least in every bracket that meets one. `ahead` is a
/// track of which more is known; nothing, when the track is done.
pub(crate) fn chunks(track: &Known, ahead: &Known, course: &Course, stretches: &[Stretch], spacing: f64) -> Guess {
    let mut guess = Guess::new();
    let guide = Guide { track, ahead, course, spacing };
    for bracket in track.brackets(course) {
        for stretch in stretches {
            let Some(part) = bracket.part(&stretch.along) else { continue };
            let likely = stretch.likely.as_ref().and_then(|likely| bracket.part(likely));
            let probable = likely.is_some();
            for chunk in guide.holding(&bracket, &likely.unwrap_or(part)) {
                *guess.entry(chunk).or_insert(probable) |= probable;
            }
        }
    }
    guess
}

/// The chunk of a track in the middle of where the first stretch should be: a probe before its siblings are read.
pub(crate) fn probe(track: &Known, course: &Course, stretches: &[Stretch], spacing: f64) -> Guess {
    let middle = |range: &Range<f64>| 0.5 * (range.start + range.end);
    let narrow = stretches.iter().map(|stretch| {
        let centre = middle(stretch.likely.as_ref().unwrap_or(&stretch.along));
        let likely = stretch.likely.as_ref().map(|_| centre..centre);
        Stretch { along: centre..centre, likely }
    });
    chunks(track, track, course, &narrow.collect::<Vec<_>>(), spacing)
}

struct Guide<'a> {
    track: &'a Known,
    ahead: &'a Known,
    course: &'a Course,
    spacing: f64,
}

impl Guide<'_> {
    /// Chunks of a bracket where rows of a part of the course should be, at least one.
    fn holding(&self, bracket: &Bracket, part: &Range<f64>) -> Vec<usize> {
        let mut chunks = Vec::new();
        let dense = DENSITY / self.spacing;
        let mut add = |row: &dyn Fn(f64) -> f64| {
            let (a, b) = (row(part.start), row(part.end));
            chunks.extend(self.chunks(bracket, a.min(b), a.max(b)));
        };
        match (bracket.from, bracket.to) {
            (Some((from, start)), Some((to, end))) => {
                let rows = count(to.saturating_sub(from));
                let flown = (end - start).max(1e-3);
                if rows / flown >= SPARSE * dense {
                    add(&|along| count(from) + (along - start) / flown * rows);
                } else {
                    add(&|along| count(from) + (along - start) * dense);
                    add(&|along| count(to) - (end - along) * dense);
                    if bracket.chunks.len() > MANY {
                        chunks.push(bracket.chunks.start + bracket.chunks.len() / 2);
                    }
                }
            }
            (Some((from, start)), None) => add(&|along| count(from) + (along - start) * dense),
            (None, Some((to, end))) => add(&|along| count(to) - (end - along) * dense),
            (None, None) => add(&|along| self.by_proportion(along)),
        }
        chunks.sort_unstable();
        chunks.dedup();
        chunks
    }

    /// Chunks of a bracket that hold the rows from `first` to `last`, both brought inside it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    fn chunks(&self, bracket: &Bracket, first: f64, last: f64) -> Range<usize> {
        let (start, end) = (bracket.chunks.start, bracket.chunks.end.saturating_sub(1));
        let holding = |row: f64| {
            let row = row.max(0.0) as u64;
            self.track.chunks().partition_point(|rows| rows.end <= row).clamp(start, end.max(start))
        };
        // Where chunks gave no place, twice as many are read the next time.
        let more = self.track.silent();
        holding(first).saturating_sub(more).max(start)..(holding(last) + more).min(end.max(start)) + 1
    }

    /// The row at a kilometre of the course, if this track's rows lie as those of the track ahead.
    fn by_proportion(&self, along: f64) -> f64 {
        let share = count(self.track.rows()) / count(self.ahead.rows().max(1));
        let mut before: Option<(f64, f64)> = None;
        for (row, spot) in spots(self.ahead, self.course) {
            let here = (count(row), spot.along);
            if spot.along >= along {
                return share * before.map_or(here.0, |before| between(before, here, along));
            }
            before = Some(here);
        }
        share * before.map_or(0.0, |(row, last)| row + (along - last) * DENSITY / self.spacing)
    }
}

fn between(from: (f64, f64), to: (f64, f64), along: f64) -> f64 {
    let flown = (to.1 - from.1).max(1e-6);
    from.0 + (to.0 - from.0) * (along - from.1) / flown
}
