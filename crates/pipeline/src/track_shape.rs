//! How a track runs through a piece: its ends, and whether it runs at all as tracks do.
use crate::orbit::{Vector, distance, dot, subtract};
use morton::LonLat;

/// Places that are looked at in a piece.
const SAMPLES: usize = 33;
/// Kilometres between two places that give a direction, at least.
const BASELINE: f64 = 5.0;
/// Rows from one place to the next that is tried for it: some 320 m.
const STRIDE: usize = 16;
/// Of all steps from row to row, how many may change the sign of the latitude's direction (noise where a track turns).
const RESTLESS: f64 = 0.02;

/// The course of the rows of one piece.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Rows that follow each other along a line.
    Line(Line),
    /// Too few places, or too close together, to tell.
    Short,
    /// Rows that jump to and fro: nothing can be concluded from any of them.
    Unknown,
}

/// A piece that runs as tracks do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// The first row with a place.
    pub(crate) first: End,
    /// The last row with a place.
    pub(crate) last: End,
}

/// One end of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// Row of the track.
    pub(crate) row: u64,
    /// Where it lies: a unit vector.
    pub(crate) place: Vector,
    /// A place further inside the piece, at least [`BASELINE`] away.
    pub(crate) inside: Vector,
}

impl Shape {
    /// The shape of rows that begin at row `start`; degrees, NaN where there is no place.
    pub(crate) fn of(start: u64, longitude: &[f64], latitude: &[f64]) -> Self {
        if restless(latitude) {
            return Self::Unknown;
        }
        let place = |index: usize| {
            let place = LonLat::degrees(*longitude.get(index)?, *latitude.get(index)?).ok()?;
            Some((start + index as u64, place.unit_vector()))
        };
        let count = latitude.len();
        let sampled: Vec<(u64, Vector)> =
            (0..SAMPLES).filter_map(|sample| place(sample * count.saturating_sub(1) / (SAMPLES - 1))).collect();
        if !onward(&sampled) {
            return Self::Unknown;
        }
        let ends = end(0..count, place).zip(end((0..count).rev(), place));
        ends.map_or(Self::Short, |(first, last)| Self::Line(Line { first, last }))
    }
}

/// Whether the latitude changes direction more often than a track does.
fn restless(latitude: &[f64]) -> bool {
    let steps = latitude.windows(2).filter_map(|pair| match pair {
        [a, b] if a.is_finite() && b.is_finite() && a != b => Some(b > a),
        _ => None,
    });
    let (mut turns, mut count, mut last) = (0_u32, 0_u32, None);
    for rising in steps {
        turns += u32::from(last.is_some_and(|last| last != rising));
        last = Some(rising);
        count += 1;
    }
    turns > 2 && f64::from(turns) > RESTLESS * f64::from(count)
}

/// Whether each step between sampled places goes on in the direction of the one before.
fn onward(sampled: &[(u64, Vector)]) -> bool {
    sampled.windows(3).all(|three| match three {
        [(_, a), (_, b), (_, c)] => dot(subtract(*b, *a), subtract(*c, *b)) > 0.0,
        _ => true,
    })
}

/// The first place, and one after it that is far enough away.
fn end(mut rows: impl Iterator<Item = usize>, place: impl Fn(usize) -> Option<(u64, Vector)>) -> Option<End> {
    let (row, first) = rows.find_map(&place)?;
    let (_, inside) = rows.step_by(STRIDE).filter_map(place).find(|(_, other)| distance(first, *other) >= BASELINE)?;
    Some(End { row, place: first, inside })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(rows: usize) -> (Vec<f64>, Vec<f64>) {
        (0..rows).map(|row| (10.0 + 1e-4 * row as f64, -75.0 - 2e-4 * row as f64)).unzip()
    }

    #[test]
    fn a_smooth_piece_has_two_ends() {
        let (longitude, mut latitude) = track(1000);
        latitude[0] = f64::NAN;
        let Shape::Line(line) = Shape::of(5000, &longitude, &latitude) else { panic!("a line") };
        assert_eq!((line.first.row, line.last.row), (5001, 5999));
        assert!(distance(line.first.place, line.first.inside) >= BASELINE);
    }

    #[test]
    fn shuffled_rows_and_jumps_back_are_no_line() {
        let (mut longitude, mut latitude) = track(1000);
        for row in 0..500 {
            longitude.swap(row, (row * 7 + 13) % 1000);
            latitude.swap(row, (row * 7 + 13) % 1000);
        }
        assert!(matches!(Shape::of(0, &longitude, &latitude), Shape::Unknown));
        let (mut longitude, mut latitude) = track(1000);
        longitude.rotate_left(400);
        latitude.rotate_left(400);
        assert!(matches!(Shape::of(0, &longitude, &latitude), Shape::Unknown));
        assert!(matches!(Shape::of(0, &[f64::NAN; 9], &[f64::NAN; 9]), Shape::Short));
    }
}
