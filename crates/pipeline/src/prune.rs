//! Reading coordinates only where rows can lie in the parent cell (design note 0006 has the argument).
//!
//! A track is known by the pieces that were read. Between them it follows its orbit, so every stretch that was not read is
//! either too far from the cell to hold a row of it, or some of its pieces are read next. That ends when no stretch can matter.
//! Wherever the assumption shows to be wrong, the whole track is read.
use crate::bodies::Bodies;
use crate::locate::Track;
use crate::orbit::{EARTH_RADIUS, Orbit, Ray, distance};
use crate::region::Region;
use crate::select::{self, Found, Group, Selected};
use crate::track_shape::{End, Line, Shape};
use crate::{GranuleError, Job};
use byte_ranges::{ByteRange, Source};
use std::collections::BTreeMap;
use std::ops::Range;

/// Kilometres that a track may lie beside its predicted course at the place it is predicted from...
const MARGIN: f64 = 1.0;
/// ...and for each kilometre further.
const GROWTH: f64 = 0.0075;
/// A track may be longer than its rows without gaps by this factor and so many kilometres.
const LONGER: (f64, f64) = (1.5, 500.0);
/// Tracks of at most so many pieces are read at once: there is little to leave out.
const FEW: usize = 2;

/// One track while it is explored.
struct Explored<'a> {
    columns: &'a Track,
    /// Pieces that were read.
    known: BTreeMap<usize, Known>,
    /// Something is not as it should be: read everything.
    exhaustive: bool,
}

/// A piece that was read.
struct Known {
    shape: Shape,
    /// First and last row in the cell, if any.
    rows: Option<(u64, u64)>,
}

/// Pieces to read next: coordinates, and with `values` the other columns of the same rows in the same go.
struct Next {
    track: usize,
    piece: usize,
    values: bool,
}

/// A stretch of a track that was not read: its rows, and the courses on which it may run.
struct Stretch {
    pieces: Range<usize>,
    ray: Ray,
    /// Kilometres of the ray on which its rows lie.
    length: f64,
    /// Row at the beginning of the ray, and rows a kilometre; negative backwards.
    rows: (f64, f64),
}

/// Selects the rows of all tracks of a granule.
pub(crate) async fn selected<S: Source>(
    tracks: &[Track],
    job: &Job,
    orbit: &Orbit,
    bodies: &mut Bodies<'_, S>,
) -> Result<Option<Vec<Selected>>, GranuleError> {
    let Some(region) = Region::of(job) else { return Ok(None) };
    let new = |columns| Explored { columns, known: BTreeMap::new(), exhaustive: false };
    let mut explored: Vec<Explored<'_>> = tracks.iter().map(new).collect();
    let mut found: Vec<Found> = Vec::new();
    loop {
        let next = plan(&explored, &region, orbit);
        for &track in &next.distrusted {
            if let Some(explored) = explored.get_mut(track) {
                explored.exhaustive = true;
            }
        }
        if next.pieces.is_empty() && next.distrusted.is_empty() {
            return Ok(Some(select::join(found, tracks.len())));
        }
        let groups: Vec<Group<'_>> =
            next.pieces.iter().filter_map(|next| Group::new(next.track, tracks.get(next.track)?, next.piece)).collect();
        let mut wants: Vec<ByteRange> = groups.iter().flat_map(Group::ranges).collect();
        for next in next.pieces.iter().filter(|next| next.values) {
            wants.extend(tracks.get(next.track).into_iter().flat_map(|track| track.value_ranges(next.piece)));
        }
        bodies.prefetch(&wants).await?;
        for new in select::read(&groups, job, bodies).await? {
            if let Some(explored) = explored.get_mut(new.track) {
                let rows = new.selected.rows.first().copied().zip(new.selected.rows.last().copied());
                explored.known.insert(new.piece, Known { shape: new.shape, rows });
                explored.exhaustive |= matches!(new.shape, Shape::Unknown);
            }
            found.push(new);
        }
    }
}

#[derive(Default)]
struct Plan {
    pieces: Vec<Next>,
    /// Tracks that do not run as the orbit says.
    distrusted: Vec<usize>,
}

fn plan(explored: &[Explored<'_>], region: &Region, orbit: &Orbit) -> Plan {
    let mut plan = Plan::default();
    let longest = explored.iter().enumerate().max_by_key(|(_, track)| track.columns.rows);
    let Some((longest, reference)) = longest else { return plan };
    if explored.iter().all(|track| track.known.is_empty()) {
        plan.pieces = opening(explored, longest);
        return plan;
    }
    for (index, track) in explored.iter().enumerate() {
        let wanted = if track.exhaustive {
            Some(track.unread().map(|piece| (piece, false)).collect())
        } else if track.known.is_empty() {
            track.like(reference, region, orbit)
        } else {
            track.own(region, orbit)
        };
        match wanted {
            Some(pieces) => {
                let next = |(piece, values)| Next { track: index, piece, values };
                plan.pieces.extend(pieces.into_iter().map(next));
            }
            None => plan.distrusted.push(index),
        }
    }
    plan
}

/// What is read when nothing is known: both ends of the longest track, or everything where that is not much more.
fn opening(explored: &[Explored<'_>], longest: usize) -> Vec<Next> {
    let most = explored.iter().map(|track| track.columns.pieces()).max().unwrap_or(0);
    let all = |track: usize, pieces: usize| (0..pieces).map(move |piece| Next { track, piece, values: false });
    if most <= FEW {
        return explored.iter().enumerate().flat_map(|(index, track)| all(index, track.columns.pieces())).collect();
    }
    let last = explored.get(longest).map_or(0, |track| track.columns.pieces().saturating_sub(1));
    [0, last].into_iter().map(|piece| Next { track: longest, piece, values: false }).collect()
}

impl Explored<'_> {
    fn unread(&self) -> impl Iterator<Item = usize> {
        (0..self.columns.pieces()).filter(|piece| !self.known.contains_key(piece))
    }

    /// Pieces of this track that can hold rows of the cell, judged by its own known pieces. `None`: it does not run as the
    /// orbit says.
    fn own(&self, region: &Region, orbit: &Orbit) -> Option<Vec<(usize, bool)>> {
        let mut wanted = Vec::new();
        for stretch in self.stretches(orbit)? {
            wanted.extend(self.crossed(&stretch, region, 0.0).into_iter().map(|piece| (piece, true)));
        }
        Some(wanted)
    }

    /// The same for a track of which nothing is known, judged by a sibling that runs beside it.
    fn like(&self, sibling: &Self, region: &Region, orbit: &Orbit) -> Option<Vec<(usize, bool)>> {
        let Some(stretches) = sibling.stretches(orbit).filter(|_| !sibling.exhaustive) else {
            return Some(self.unread().map(|piece| (piece, false)).collect());
        };
        let share = count(self.columns.rows) / count(sibling.columns.rows.max(1));
        let mut wanted: BTreeMap<usize, bool> = BTreeMap::new();
        for (piece, line) in sibling.lines() {
            let rows = sibling.known.get(&piece).and_then(|known| known.rows);
            let whole = sibling.columns.piece_rows(piece);
            let (from, to) = rows.unwrap_or((whole.start, whole.end.saturating_sub(1)));
            if rows.is_some() || passes(&line, region, orbit) {
                let pieces = self.columns.pieces_of(count(from) * share, count(to) * share);
                wanted.extend(pieces.map(|piece| (piece, rows.is_some())));
            }
        }
        for stretch in &stretches {
            let probable = sibling.rows_crossed(stretch, region, 0.0);
            let possible = sibling.rows_crossed(stretch, region, orbit.spread);
            if let Some((from, to)) = probable.or(possible) {
                let pieces = self.columns.pieces_of(from * share, to * share);
                wanted.extend(pieces.map(|piece| (piece, probable.is_some())));
            }
        }
        Some(wanted.into_iter().collect())
    }

    fn lines(&self) -> impl Iterator<Item = (usize, Line)> {
        self.known.iter().filter_map(|(&piece, known)| match known.shape {
            Shape::Line(line) => Some((piece, line)),
            Shape::Unknown => None,
        })
    }

    /// The stretches that were not read. `None` when two known pieces do not lie on one course.
    fn stretches(&self, orbit: &Orbit) -> Option<Vec<Stretch>> {
        let mut stretches = Vec::new();
        let mut before: Option<(usize, Line)> = None;
        for (piece, line) in self.lines() {
            match before {
                None if piece > 0 => stretches.push(self.open_ended(0..piece, &line.first, false, orbit)?),
                Some((last, from)) if piece > last + 1 => {
                    stretches.push(self.between(last + 1..piece, &from.last, &line.first, orbit)?);
                }
                _ => {}
            }
            before = Some((piece, line));
        }
        let (last, line) = before?;
        let end = self.columns.pieces();
        if last + 1 < end {
            stretches.push(self.open_ended(last + 1..end, &line.last, true, orbit)?);
        }
        Some(stretches)
    }

    /// A stretch with one known end.
    fn open_ended(&self, pieces: Range<usize>, end: &End, forward: bool, orbit: &Orbit) -> Option<Stretch> {
        let beyond = subtract_twice(end);
        let ray = Ray::through(end.place, beyond, forward, orbit)?;
        let rows = count(if forward { self.columns.rows.saturating_sub(end.row) } else { end.row });
        let length = (rows * orbit.spacing * LONGER.0 + LONGER.1).min(EARTH_RADIUS * std::f64::consts::PI);
        let sign = if forward { 1.0 } else { -1.0 };
        Some(Stretch { pieces, ray, length, rows: (count(end.row), sign / orbit.spacing) })
    }

    /// A stretch between two known ends; `None` when no course leads from one to the other.
    fn between(&self, pieces: Range<usize>, from: &End, to: &End, orbit: &Orbit) -> Option<Stretch> {
        let ray = Ray::through(from.place, subtract_twice(from), true, orbit)?;
        let straight = distance(from.place, to.place) / EARTH_RADIUS;
        // An arc over its chord, to third order; the ground runs up to a tenth faster or slower than the flight.
        let arc =
            EARTH_RADIUS * straight * (1.0 + straight * straight / 24.0 * (1.0 + straight * straight * 27.0 / 40.0));
        let (mut low, mut high) = (0.85 * arc, 1.15 * arc);
        for _ in 0..40 {
            let third = (high - low) / 3.0;
            if distance(ray.at(low + third), to.place) < distance(ray.at(high - third), to.place) {
                high -= third;
            } else {
                low += third;
            }
        }
        let on_course = distance(ray.at(low), to.place) <= 2.0 * (MARGIN + GROWTH * low);
        let rows = count(to.row.checked_sub(from.row).filter(|&rows| rows > 0)?);
        // Rows stand at least nearly a spacing apart: more of them than fit would mean that the track went to and fro.
        let fits = rows * orbit.spacing * 0.9 <= low + 1.0;
        (on_course && fits).then_some(Stretch {
            pieces,
            ray,
            length: low,
            rows: (count(from.row), rows / low.max(1e-3)),
        })
    }

    /// Unread pieces of a stretch where the course comes within `margin` kilometres of the cell.
    fn crossed(&self, stretch: &Stretch, region: &Region, margin: f64) -> Vec<usize> {
        let Some((from, to)) = self.rows_crossed(stretch, region, margin) else { return Vec::new() };
        let Range { start, end } = stretch.pieces;
        let inside = |piece: usize| piece.clamp(start, end.saturating_sub(1));
        let pieces = self.columns.pieces_of(from, to);
        (inside(pieces.start)..inside(pieces.end.saturating_sub(1)) + 1).collect()
    }

    /// First and last row where the course of a stretch comes within `margin` kilometres of the cell, as predicted.
    fn rows_crossed(&self, stretch: &Stretch, region: &Region, margin: f64) -> Option<(f64, f64)> {
        let (from, to) = region.crossing(&stretch.ray, stretch.length, margin + MARGIN, GROWTH)?;
        let (row, rate) = stretch.rows;
        let (a, b) = (row + from * rate, row + to * rate);
        Some((a.min(b), a.max(b)))
    }
}

/// Whether a piece that has no row in the cell passes so near that a sibling beside it may have some.
fn passes(line: &Line, region: &Region, orbit: &Orbit) -> bool {
    let margin = orbit.spread + MARGIN;
    // The ground may run a tenth slower than the flight.
    let length = 1.1 * distance(line.first.place, line.last.place);
    let ray = Ray::through(line.first.place, line.first.inside, true, orbit);
    ray.is_none_or(|ray| region.crossing(&ray, length, margin, GROWTH).is_some())
}

/// Row numbers as positions along a track.
#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^53, and positions are predictions")]
fn count(rows: u64) -> f64 {
    rows as f64
}

/// The place beyond an end, as far as `inside` lies before it.
fn subtract_twice(end: &End) -> [f64; 3] {
    std::array::from_fn(|axis| 2.0 * end.place.get(axis).unwrap_or(&0.0) - end.inside.get(axis).unwrap_or(&0.0))
}
