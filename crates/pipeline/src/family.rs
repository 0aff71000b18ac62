//! Parents and children: which parent each row hangs on, and what is wrong with the link.
use crate::vector::{EARTH_RADIUS, place};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// What is wrong with the link of a track: all 0 where parents tile its rows in order.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct LinkFaults {
    /// Rows that no parent has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows_in_none: u64,
    /// Rows that several parents have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows_in_several: u64,
    /// Parents whose rows end beyond the track's last.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beyond_last: u64,
    /// Parents that have rows and do not say where they begin.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub without_begin: u64,
    /// Parents whose rows begin before those of the parent before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub out_of_order: u64,
}

impl LinkFaults {
    /// Whether there is none.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for LinkFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.rows_in_none, "row is in no parent", "rows are in no parent"),
            (self.rows_in_several, "row is in several parents", "rows are in several parents"),
            (self.beyond_last, "parent ends beyond the last row", "parents end beyond the last row"),
            (self.without_begin, "parent has rows and no begin", "parents have rows and no begin"),
            (self.out_of_order, "parent is out of order", "parents are out of order"),
        ];
        let words = kinds.iter().filter(|(count, ..)| *count > 0);
        let words = words.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }));
        f.write_str(&words.collect::<Vec<_>>().join(", "))
    }
}

/// Rows that have one parent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) rows: Range<u64>,
    /// Its number among all parents of the track.
    pub(crate) parent: u32,
}

/// The rows of a track by their parents, in row order; rows in none or in several are in no span. `begin` and `count` are
/// those of each parent, NaN where there is none.
pub(crate) fn spans(begin: &[f64], count: &[f64], base: u64, rows: u64) -> (Vec<Span>, LinkFaults) {
    let mut faults = LinkFaults::default();
    let mut spans: Vec<Span> = Vec::new();
    let (mut before, mut end_of_all, mut apart) = (0, 0, true);
    for (parent, (&begin, &count)) in (0..).zip(begin.iter().zip(count)) {
        let count = whole(count).unwrap_or(0);
        if count == 0 {
            continue;
        }
        let Some(start) = whole(begin).and_then(|begin| begin.checked_sub(base)) else {
            faults.without_begin += 1;
            continue;
        };
        faults.out_of_order += u64::from(start < before);
        before = start;
        let end = start.saturating_add(count);
        faults.beyond_last += u64::from(end > rows);
        let held = start.min(rows)..end.min(rows);
        if !held.is_empty() {
            apart &= held.start >= end_of_all;
            end_of_all = end_of_all.max(held.end);
            spans.push(Span { rows: held, parent });
        }
    }
    if !apart {
        (spans, faults.rows_in_several) = alone(&spans);
    }
    let held: u64 = spans.iter().map(|span| span.rows.end - span.rows.start).sum();
    faults.rows_in_none = rows - held - faults.rows_in_several;
    (spans, faults)
}

/// A count from its number; `None` below 0, and where there is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts saturate; checked for sign")]
fn whole(number: f64) -> Option<u64> {
    (number >= 0.0).then_some(number as u64)
}

/// Of spans that overlap, the parts that belong to one alone; and the rows that belong to several.
fn alone(spans: &[Span]) -> (Vec<Span>, u64) {
    // Where a span begins or ends: the sum of those that are open is the one that is, where there is one.
    let edges = |span: &Span| {
        let parent = i128::from(span.parent);
        [(span.rows.start, 1_i64, parent), (span.rows.end, -1, -parent)]
    };
    let mut edges: Vec<(u64, i64, i128)> = spans.iter().flat_map(edges).collect();
    edges.sort_unstable();
    let (mut single, mut several): (Vec<Span>, u64) = (Vec::new(), 0);
    let (mut from, mut open, mut sum) = (0, 0, 0);
    for (row, step, parent) in edges {
        match open {
            _ if row == from => {}
            0 => {}
            1 => {
                let parent = u32::try_from(sum).unwrap_or(u32::MAX);
                match single.last_mut() {
                    Some(last) if last.parent == parent && last.rows.end == from => last.rows.end = row,
                    _ => single.push(Span { rows: from..row, parent }),
                }
            }
            _ => several += row - from,
        }
        (from, open, sum) = (row, open + step, sum + parent);
    }
    (single, several)
}

/// A place that children lie near, degrees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Home {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

impl Home {
    /// `None` where it is no place on Earth.
    pub(crate) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        (latitude.abs() <= 90.0 && longitude.abs() <= 360.0).then_some(Self { latitude, longitude })
    }
}

/// Kilometres of a degree of a great circle, rounded up.
const DEGREE: f64 = EARTH_RADIUS * 0.017_453_293;

/// Tells how far children lie from their parent's place, without a sine for each.
///
/// *Lemma.* hav(d) = hav(dlat) + cos(lat) cos(lat0) hav(dlon), hav(x) = sin^2(x/2) <= x^2/4, and cos(lat) <= cos(lat0) + |dlat|. So
/// d is at most 2 asin(x/2) with x^2 = dlat^2 + (cos(lat0) + |dlat|) cos(lat0) dlon^2; for x < 0.1 this is below 1.001 x.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    home: Home,
    cosine: f64,
}

impl Near {
    pub(crate) fn new(home: Home) -> Self {
        // The first number of a place at longitude 0 is the cosine of its latitude.
        Self { home, cosine: place(0.0, home.latitude)[0].abs() + 1e-12 }
    }

    /// A bound of the distance, kilometres: at least what it is, where that is below 600. NaN for no place.
    pub(crate) fn bound(&self, latitude: f64, longitude: f64) -> f64 {
        let north = latitude - self.home.latitude;
        let turns = longitude - self.home.longitude;
        let east = turns - 360.0 * (turns / 360.0).round();
        let cosine = self.cosine + north.abs() * 0.017_453_293;
        let squared = north * north + cosine * self.cosine * (east * east);
        1.001 * DEGREE * squared.sqrt()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
