//! A track that is known in parts, and what its unread stretches can hold.
use crate::locate::Track;
use crate::orbit::{EARTH_RADIUS, Orbit, Ray, distance};
use crate::region::{Course, Region};
use crate::select::Found;
use crate::track_shape::{End, Line, Shape};
use std::collections::BTreeMap;
use std::ops::Range;

/// Kilometres that a track may lie beside its predicted course at the place it is predicted from...
const MARGIN: f64 = 1.0;
/// ...and for each kilometre further.
const GROWTH: f64 = 0.0075;
/// A track may be longer than its rows without gaps by this factor and so many kilometres.
const LONGER: (f64, f64) = (1.5, 500.0);
/// Share of the rows that are there, for want of better knowledge: clouds and slopes cost a track every twentieth row. It only
/// tells where to look first.
const DENSITY: f64 = 0.95;
/// Rows that the last piece should have to tell a course.
const TELLING: u64 = 400;

/// How the rows of a track are cut into pieces: they follow each other without gaps.
#[derive(Clone, Debug)]
pub(crate) struct Pieces(Vec<Range<u64>>);

impl Pieces {
    /// The pieces of a track's latitude, by which its rows are read.
    pub(crate) fn of(track: &Track) -> Self {
        Self::new(track.latitude.pieces().iter().map(|piece| piece.rows.clone()).collect())
    }

    /// Pieces by their rows.
    pub(crate) const fn new(rows: Vec<Range<u64>>) -> Self {
        Self(rows)
    }

    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    fn total(&self) -> u64 {
        self.0.last().map_or(0, |rows| rows.end)
    }

    /// Pieces that hold the rows from `first` to `last`, both brought inside the track.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    fn holding(&self, first: f64, last: f64) -> Range<usize> {
        let index = |row: f64| {
            let row = (row.max(0.0) as u64).min(self.total().saturating_sub(1));
            self.0.partition_point(|rows| rows.end <= row)
        };
        let end = if self.total() == 0 { 0 } else { index(last) + 1 };
        index(first).min(end)..end
    }
}

/// One track while it is explored.
pub(crate) struct Explored {
    pieces: Pieces,
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

/// A stretch of a track that was not read: its rows, and the courses on which it may run.
struct Stretch {
    pieces: Range<usize>,
    ray: Ray,
    /// The part of the ray on which its rows lie.
    course: Course,
    /// Row at the beginning of the ray, and rows a kilometre; negative backwards.
    rows: (f64, f64),
}

impl Explored {
    pub(crate) const fn new(pieces: Pieces) -> Self {
        Self { pieces, known: BTreeMap::new(), exhaustive: false }
    }

    pub(crate) const fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    /// Pieces that were read.
    pub(crate) fn knows(&self) -> usize {
        self.known.len()
    }

    /// Known pieces that hold rows of the cell.
    pub(crate) fn hits(&self) -> impl Iterator<Item = usize> {
        self.known.iter().filter(|(_, known)| known.rows.is_some()).map(|(&piece, _)| piece)
    }

    pub(crate) fn unread(&self) -> impl Iterator<Item = usize> {
        (0..self.pieces.count()).filter(|piece| !self.known.contains_key(piece))
    }

    /// Takes note of a piece that was read. One that does not run as tracks do spoils the trust in all of the track.
    pub(crate) fn learn(&mut self, found: &Found) {
        let rows = found.selected.rows.first().copied().zip(found.selected.rows.last().copied());
        self.known.insert(found.piece, Known { shape: found.shape, rows });
        self.exhaustive |= matches!(found.shape, Shape::Unknown);
    }

    /// Unread pieces of this track that can hold rows of the cell, judged by its own known pieces; `true` where their values
    /// are worth reading along. `None`: it does not run as the orbit says, all of it must be read.
    pub(crate) fn own(&self, region: &Region, orbit: &Orbit) -> Option<Vec<(usize, bool)>> {
        let mut wanted = Vec::new();
        for stretch in self.stretches(orbit).filter(|_| !self.exhaustive)? {
            wanted.extend(self.crossed(&stretch, region, 0.0).into_iter().map(|piece| (piece, true)));
        }
        Some(wanted)
    }

    /// Where a track of which only the beginning is known should cross the cell: a piece to look at before its siblings.
    pub(crate) fn probe(&self, region: &Region, orbit: &Orbit) -> Option<usize> {
        if self.known.len() != 1 || self.hits().next().is_some() {
            return None;
        }
        let stretches = self.stretches(orbit)?;
        let stretch = stretches.last()?;
        let (from, to) = self.rows_crossed(stretch, region, 0.0)?;
        let piece = self.pieces.holding((from + to) / 2.0, (from + to) / 2.0).start;
        Some(piece.clamp(stretch.pieces.start, stretch.pieces.end.saturating_sub(1)))
    }

    /// The far end, unread, of a track whose course comes near the cell *before* its first row: rows that do not begin where
    /// the flight began would show there.
    pub(crate) fn doubted(&self, region: &Region, orbit: &Orbit) -> Option<usize> {
        let end = self.pieces.0.iter().rposition(|rows| rows.end - rows.start >= TELLING)?;
        let (_, line) = self.lines().next()?;
        let rows = self.pieces.total();
        let before = End { row: rows, ..line.first };
        let stretch = self.open_ended(0..0, &before, false, orbit);
        let near = stretch.is_none_or(|stretch| self.rows_crossed(&stretch, region, orbit.spread).is_some());
        (near && !self.known.contains_key(&end)).then_some(end)
    }

    /// The same for a track of which nothing is known, judged by a sibling that runs beside it.
    pub(crate) fn like(&self, sibling: &Self, region: &Region, orbit: &Orbit) -> Option<Vec<(usize, bool)>> {
        let stretches = sibling.stretches(orbit).filter(|_| !sibling.exhaustive)?;
        let share = count(self.pieces.total()) / count(sibling.pieces.total().max(1));
        let mut wanted: BTreeMap<usize, bool> = BTreeMap::new();
        for (piece, line) in sibling.lines() {
            let rows = sibling.known.get(&piece).and_then(|known| known.rows);
            let whole = sibling.pieces.0.get(piece).cloned().unwrap_or(0..0);
            let (from, to) = rows.unwrap_or((whole.start, whole.end.saturating_sub(1)));
            if rows.is_some() || passes(&line, region, orbit) {
                let pieces = self.pieces.holding(count(from) * share, count(to) * share);
                wanted.extend(pieces.map(|piece| (piece, rows.is_some())));
            }
        }
        for stretch in &stretches {
            let probable = Self::rows_expected(stretch, region).or(sibling.rows_crossed(stretch, region, 0.0));
            let possible = sibling.rows_crossed(stretch, region, orbit.spread);
            if let Some((from, to)) = probable.or(possible) {
                let pieces = self.pieces.holding(from * share, to * share);
                wanted.extend(pieces.map(|piece| (piece, probable.is_some())));
            }
        }
        Some(wanted.into_iter().collect())
    }

    fn lines(&self) -> impl Iterator<Item = (usize, Line)> {
        self.known.iter().filter_map(|(&piece, known)| match known.shape {
            Shape::Line(line) => Some((piece, line)),
            Shape::Short | Shape::Unknown => None,
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
        let end = self.pieces.count();
        if last + 1 < end {
            stretches.push(self.open_ended(last + 1..end, &line.last, true, orbit)?);
        }
        Some(stretches)
    }

    /// A stretch with one known end.
    fn open_ended(&self, pieces: Range<usize>, end: &End, forward: bool, orbit: &Orbit) -> Option<Stretch> {
        let beyond = subtract_twice(end);
        let ray = Ray::through(end.place, beyond, forward, orbit)?;
        let rows = count(if forward { self.pieces.total().saturating_sub(end.row) } else { end.row });
        let length = (rows * orbit.spacing * LONGER.0 + LONGER.1).min(EARTH_RADIUS * std::f64::consts::PI);
        let sign = if forward { 1.0 } else { -1.0 };
        let course = Course { length, miss: None };
        Some(Stretch { pieces, ray, course, rows: (count(end.row), sign * DENSITY / orbit.spacing) })
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
        let miss = distance(ray.at(low), to.place);
        let on_course = miss <= 2.0 * (MARGIN + GROWTH * low);
        let rows = count(to.row.checked_sub(from.row).filter(|&rows| rows > 0)?);
        // Rows stand at least nearly a spacing apart: more of them than fit would mean that the track went to and fro.
        let fits = rows * orbit.spacing * 0.9 <= low + 1.0;
        (on_course && fits).then_some(Stretch {
            pieces,
            ray,
            course: Course { length: low, miss: Some(miss) },
            rows: (count(from.row), rows / low.max(1e-3)),
        })
    }

    /// Unread pieces of a stretch where the course should cross the cell; if there are none, those where it comes within
    /// `margin` kilometres of it.
    fn crossed(&self, stretch: &Stretch, region: &Region, margin: f64) -> Vec<usize> {
        let Some(possible) = self.rows_crossed(stretch, region, margin) else { return Vec::new() };
        let Range { start, end } = stretch.pieces;
        let inside = |piece: usize| piece.clamp(start, end.saturating_sub(1));
        let unread = |(from, to): (f64, f64)| {
            let pieces = self.pieces.holding(from, to);
            let pieces = inside(pieces.start)..inside(pieces.end.saturating_sub(1)) + 1;
            pieces.filter(|piece| !self.known.contains_key(piece)).collect::<Vec<_>>()
        };
        let expected = Self::rows_expected(stretch, region).map(unread).unwrap_or_default();
        if expected.is_empty() { unread(possible) } else { expected }
    }

    /// First and last row where the course of a stretch crosses the cell, if all goes as predicted.
    fn rows_expected(stretch: &Stretch, region: &Region) -> Option<(f64, f64)> {
        let (from, to) = region.crossing(&stretch.ray, stretch.course, 0.0, 0.0)?;
        Some(stretch.rows_between(from, to))
    }

    /// First and last row where the course of a stretch comes within `margin` kilometres of the cell, as predicted.
    fn rows_crossed(&self, stretch: &Stretch, region: &Region, margin: f64) -> Option<(f64, f64)> {
        let (from, to) = region.crossing(&stretch.ray, stretch.course, margin + MARGIN, GROWTH)?;
        Some(stretch.rows_between(from, to))
    }
}

impl Stretch {
    /// First and last row between two kilometres of the ray.
    fn rows_between(&self, from: f64, to: f64) -> (f64, f64) {
        let (row, rate) = self.rows;
        let (a, b) = (row + from * rate, row + to * rate);
        (a.min(b), a.max(b))
    }
}

/// Whether a piece that has no row in the cell passes so near that a sibling beside it may have some.
fn passes(line: &Line, region: &Region, orbit: &Orbit) -> bool {
    let margin = orbit.spread + MARGIN;
    // The ground may run a tenth slower than the flight.
    let course = Course { length: 1.1 * distance(line.first.place, line.last.place), miss: None };
    let ray = Ray::through(line.first.place, line.first.inside, true, orbit);
    ray.is_none_or(|ray| region.crossing(&ray, course, margin, GROWTH).is_some())
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
