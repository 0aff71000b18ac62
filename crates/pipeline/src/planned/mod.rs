//! Planned reading: coordinates only where rows can lie in the parent cells (design note 0006 is the proof).
//!
//! Chunks that were read give places ([`trace`]), places give the course of the granule ([`course`]) and between which of
//! them unread rows lie ([`bracket`]); the cell and the course say where rows in the cell may lie ([`certificate`]). A
//! track is done when the two do not meet; until then [`guess`] says where to look next. What was read is held against the
//! premises ([`premise`]): where one fails, all coordinates are read.
mod bracket;
mod certificate;
mod course;
mod guess;
mod premise;
mod region;
mod trace;

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]
mod tests;

pub(crate) use premise::Doubt;
pub(crate) use region::Region;
pub(crate) use trace::Trace;

use crate::bodies::Bodies;
use crate::cells::Cells;
use crate::pieces::{is_long, leader};
use crate::select::{self, Found, Group};
use crate::track::Track;
use crate::{GranuleError, Orbit, vector};
use bracket::Known;
use byte_ranges::{ByteRange, Source};
use certificate::Field;
use course::{Course, NoCourse, Spot};
use trace::Mark;

/// A chunk of a track to read next: its coordinates, and with `values` the other columns of its rows in the same go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Next {
    track: usize,
    chunk: usize,
    values: bool,
}

/// Finds the rows of all tracks of a granule, by pieces; the inner error says why that cannot be planned.
pub(crate) async fn selected<S: Source>(
    tracks: &[Track],
    cells: &Cells<'_>,
    (region, orbit): (&Region, &Orbit),
    bodies: &mut Bodies<'_, S>,
) -> Result<Result<Vec<Found>, Doubt>, GranuleError> {
    let named = tracks.iter().map(|track| (track.name.clone(), Known::of(track)));
    let mut survey = Survey::new(named.collect(), region, *orbit);
    let mut found: Vec<Found> = Vec::new();
    loop {
        let next = match survey.next() {
            Ok(next) if next.is_empty() => return Ok(Ok(found)),
            Ok(next) => next,
            Err(doubt) => return Ok(Err(doubt)),
        };
        let group = |next: &Next| Group::new(next.track, tracks.get(next.track)?, next.chunk);
        let groups: Vec<Group<'_>> = next.iter().filter_map(group).collect();
        let mut wants: Vec<ByteRange> = groups.iter().flat_map(Group::ranges).collect();
        for next in next.iter().filter(|next| next.values) {
            wants.extend(tracks.get(next.track).into_iter().flat_map(|track| track.value_ranges(next.chunk)));
        }
        // Where rows of the cell were found before, their values travel along.
        for (track, known) in tracks.iter().zip(survey.tracks()) {
            wants.extend(known.hits().flat_map(|(chunk, _)| track.value_ranges(chunk)));
        }
        bodies.prefetch(&wants).await?;
        let classify = |group: &Group<'_>, longitude: &[f64], latitude: &[f64]| {
            let trace = Trace::of(group.rows().start, longitude, latitude, orbit.spacing);
            Ok((group.classify(cells, longitude, latitude)?, trace))
        };
        for (new, trace) in select::read(&groups, bodies, classify).await? {
            let rows = &new.selected.rows;
            if let Err(doubt) =
                survey.learn(new.track, new.piece, trace, rows.first().copied().zip(rows.last().copied()))
            {
                return Ok(Err(doubt));
            }
            found.push(new);
        }
    }
}

/// What is known of a granule's tracks, and what follows.
struct Survey<'a> {
    names: Vec<String>,
    tracks: Vec<Known>,
    region: &'a Region,
    orbit: Orbit,
    /// The track that is read first.
    leader: usize,
}

/// Whether coordinates of any track lie in enough chunks that some may be left unread.
pub(crate) fn worthwhile(tracks: &[Track]) -> bool {
    tracks.iter().any(|track| is_long(track.pieces() as u64))
}

impl<'a> Survey<'a> {
    fn new(named: Vec<(String, Known)>, region: &'a Region, orbit: Orbit) -> Self {
        let (names, tracks): (Vec<String>, Vec<Known>) = named.into_iter().unzip();
        let leader = leader(tracks.iter().map(|track| (track.rows(), track.chunks().len() as u64)));
        Self { names, tracks, region, orbit, leader }
    }

    fn tracks(&self) -> &[Known] {
        &self.tracks
    }

    /// Records a chunk that was read. `trace`: none where its rows do not follow each other.
    fn learn(
        &mut self,
        track: usize,
        chunk: usize,
        trace: Option<Trace>,
        hit: Option<(u64, u64)>,
    ) -> Result<(), Doubt> {
        let name = self.names.get(track).cloned().unwrap_or_default();
        let trace = trace.ok_or(Doubt::Order(name))?;
        if let Some(known) = self.tracks.get_mut(track) {
            known.learn(chunk, trace, hit);
        }
        Ok(())
    }

    /// What to read next: nothing when no unread row can lie in the cell.
    fn next(&self) -> Result<Vec<Next>, Doubt> {
        let leader = self.leader;
        let Some(ahead) = self.tracks.get(leader) else { return Ok(Vec::new()) };
        let of_leader = |chunk| Next { track: leader, chunk, values: false };
        if ahead.nothing_read() && !ahead.chunks().is_empty() {
            return Ok(vec![of_leader(0)]); // `locate` has brought it along
        }
        let Some(courses) = self.courses()? else {
            let more = self.more();
            return if more.is_empty() { Err(Doubt::Unclear) } else { Ok(more) };
        };
        let mut next = Vec::new();
        for course in &courses {
            next.extend(self.open(course, ahead));
        }
        // Rows that are not on one passage show at the far end.
        let last = ahead.chunks().len().checked_sub(1);
        next.extend(last.filter(|&last| !ahead.has_read(last)).map(of_leader));
        next.sort_unstable();
        next.dedup_by(|next, before| {
            let same = (next.track, next.chunk) == (before.track, before.chunk);
            before.values |= same && next.values;
            same
        });
        Ok(next)
    }

    /// Chunks that may hold rows in the cell, if the granule was flown on a course.
    fn open(&self, course: &Course, ahead: &Known) -> Vec<Next> {
        let spots = |track| bracket::spots(track, course).map(|(_, spot)| spot).collect::<Vec<Spot>>();
        let own: Vec<Vec<Spot>> = self.tracks.iter().map(spots).collect();
        let mut known = own.concat();
        known.sort_unstable_by(|a, b| a.along.total_cmp(&b.along));
        let field = Field::of(self.region, course, &known, self.orbit.spread);
        let spacing = self.orbit.spacing;
        // The leader goes ahead to where the cell should be: what it finds there settles most for its siblings.
        let alone = ahead.traces().count() == 1 && ahead.hits().next().is_none();
        let probe = if alone {
            guess::probe(ahead, course, &field.stretches(&known, &known), spacing)
        } else {
            guess::Guess::new()
        };
        let chosen = |(track, (tracked, own)): (usize, (&Known, &Vec<Spot>))| {
            let guess = match () {
                () if probe.is_empty() => guess::chunks(tracked, ahead, course, &field.stretches(own, &known), spacing),
                () if track == self.leader => probe.clone(),
                () => guess::Guess::new(),
            };
            guess.into_iter().map(move |(chunk, values)| Next { track, chunk, values })
        };
        self.tracks.iter().zip(&own).enumerate().flat_map(chosen).collect()
    }

    /// The courses that all known places allow: that of rows in flight order, and where the places are too close together to
    /// exclude it, that of rows in reverse. `None` when too little of the leader is known yet.
    fn courses(&self) -> Result<Option<Vec<Course>>, Doubt> {
        let tracks: Vec<Vec<Mark>> = self.tracks.iter().map(few).collect();
        let length = |marks: &Vec<Mark>| {
            marks.first().zip(marks.last()).map_or(0.0, |(first, last)| vector::distance(first.place, last.place))
        };
        let longest = tracks.iter().max_by(|a, b| length(a).total_cmp(&length(b)));
        let (marks, others) = (longest.cloned().unwrap_or_default(), tracks.concat());
        let fit = |onward| Course::fit(&marks, &others, onward, &self.orbit);
        let name = |track: usize| self.names.get(track).cloned().unwrap_or_default();
        let (course, reverse) = match (fit(true), fit(false)) {
            (Err(NoCourse::Impossible), _) => return Err(Doubt::Course(name(self.leader))),
            (Err(NoCourse::Unclear), _) | (_, Err(NoCourse::Unclear)) => return Ok(None),
            (Ok(course), reverse) => (course, reverse.ok()),
        };
        let tracks: Vec<(&str, &Known)> = self.names.iter().map(String::as_str).zip(&self.tracks).collect();
        premise::check(&tracks, &course, &self.orbit)?;
        Ok(Some(std::iter::once(course).chain(reverse).collect()))
    }

    /// More chunks while the course is unclear: the last of the leader, then an end of a sibling, then what is left of the leader
    /// and of each sibling, twice as much each time.
    fn more(&self) -> Vec<Next> {
        let next = |track: usize, chunk: usize| Next { track, chunk, values: false };
        let outermost = |(track, known): (usize, &Known)| {
            let ends = [known.chunks().len().checked_sub(1)?, 0];
            Some(next(track, ends.into_iter().find(|&chunk| !known.has_read(chunk))?))
        };
        let Some(leader) = self.tracks.get(self.leader) else { return Vec::new() };
        if let Some(end) =
            outermost((self.leader, leader)).or_else(|| self.tracks.iter().enumerate().find_map(outermost))
        {
            return vec![end];
        }
        let siblings = self.tracks.iter().enumerate().filter(|(track, _)| *track != self.leader);
        let mut in_order = std::iter::once((self.leader, leader)).chain(siblings);
        let Some((track, known)) = in_order.find(|(_, known)| known.unread().next().is_some()) else {
            return Vec::new();
        };
        let unread: Vec<usize> = known.unread().collect();
        let read = known.chunks().len().saturating_sub(unread.len());
        let step = (unread.len() / read.max(1)).max(1);
        unread.into_iter().skip(step / 2).step_by(step).map(|chunk| next(track, chunk)).collect()
    }
}

/// This number of a track's marks gives a course as well as all, its outermost among them.
const FEW: usize = 24;

/// A few marks all over what is known of a track, in row order.
fn few(known: &Known) -> Vec<Mark> {
    let marks: Vec<Mark> = known.traces().flat_map(|(_, marks)| marks).copied().collect();
    let Some(last) = marks.len().checked_sub(1) else { return marks };
    (0..=last.min(FEW)).filter_map(|step| marks.get(step * last / last.clamp(1, FEW))).copied().collect()
}
