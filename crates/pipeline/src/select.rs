//! Which rows of a track lie inside the parent cells: reading coordinates and classifying them.
use crate::GranuleError;
use crate::bodies::Bodies;
use crate::cells::{Cells, Lies};
use crate::pieces::Column;
use crate::track::Track;
use byte_ranges::{ByteRange, Source};
use bytes::Bytes;
use std::ops::Range;

/// Rows of one track that lie inside a parent cell, ascending, with the child that holds each.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Selected {
    /// Row numbers.
    pub(crate) rows: Vec<u64>,
    /// Slot of the cell that holds each row.
    pub(crate) cell: Vec<u32>,
    /// Child index of each row within its cell.
    pub(crate) child: Vec<u32>,
    /// Whether each row lies in the region of interest. Empty unless the job has one.
    pub(crate) inside: Vec<bool>,
    /// Whether the satellite flew northwards over each row; `None` where no neighbour has another latitude. Empty unless the job
    /// asks.
    pub(crate) northwards: Vec<Option<bool>>,
    /// The parent of each row, `NO_PARENT` where it has none or several. Empty unless rows take something of their parents.
    pub(crate) parents: Vec<u32>,
    /// Longitude and latitude of each row, degrees. Empty unless the job asks.
    pub(crate) places: Vec<[f64; 2]>,
    /// What was looked at.
    pub(crate) seen: Seen,
}

/// Rows of a track whose coordinates were read.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(crate) struct Seen {
    pub(crate) rows: u64,
    /// Of those, rows whose coordinates were written and are no place on Earth.
    pub(crate) bad_coordinate: u64,
}

/// What was found in the coordinates of one piece.
#[derive(Debug)]
pub(crate) struct Found {
    /// Index of the track.
    pub(crate) track: usize,
    /// Index of the piece of its latitude.
    pub(crate) piece: usize,
    /// Rows inside the cells.
    pub(crate) selected: Selected,
}

/// Rows that are looked at together: one piece of latitude, and the pieces of longitude that hold the same rows.
pub(crate) struct Group<'a> {
    track: usize,
    piece: usize,
    rows: Range<u64>,
    parts: Vec<Part<'a>>,
}

/// One piece of one coordinate column.
struct Part<'a> {
    column: &'a Column,
    piece: usize,
    range: Option<ByteRange>,
}

impl Seen {
    pub(crate) const fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.bad_coordinate += other.bad_coordinate;
    }
}

/// What was found in each track, in row order.
pub(crate) fn join(mut found: Vec<Found>, tracks: usize) -> Vec<Selected> {
    found.sort_unstable_by_key(|found| (found.track, found.piece));
    let mut joined = vec![Selected::default(); tracks];
    for Found { track, selected, .. } in found {
        if let Some(all) = joined.get_mut(track) {
            all.rows.extend(selected.rows);
            all.cell.extend(selected.cell);
            all.child.extend(selected.child);
            all.inside.extend(selected.inside);
            all.northwards.extend(selected.northwards);
            all.places.extend(selected.places);
            all.seen.add(selected.seen);
        }
    }
    joined
}

/// Reads the coordinates of some groups; each goes to `finish` as soon as all of its parts are there: longitudes and latitudes
/// in degrees, NaN where there is none.
pub(crate) async fn read<S: Source, T>(
    groups: &[Group<'_>],
    bodies: &Bodies<'_, S>,
    finish: impl Fn(&Group<'_>, &[f64], &[f64]) -> Result<T, GranuleError>,
) -> Result<Vec<T>, GranuleError> {
    let mut wants: Vec<ByteRange> = Vec::new();
    let mut owners: Vec<(usize, usize)> = Vec::new();
    let mut waiting: Vec<Waiting<'_>> = groups.iter().map(Waiting::new).collect();
    let mut found = Vec::with_capacity(groups.len());
    for (index, group) in waiting.iter_mut().enumerate() {
        for (slot, part) in group.group.parts.iter().enumerate() {
            wants.extend(part.range);
            owners.extend(part.range.map(|_| (index, slot)));
        }
        // A group that was never written has nothing to wait for.
        found.extend(group.complete(&finish)?);
    }
    let arrive = |want: usize, bytes: Bytes| {
        let Some(&(index, slot)) = owners.get(want) else { return Ok(()) };
        let Some(group) = waiting.get_mut(index) else { return Ok(()) };
        if let Some(part) = group.parts.get_mut(slot) {
            *part = Some(bytes);
        }
        found.extend(group.complete(&finish)?);
        Ok(())
    };
    bodies.each(&wants, arrive).await?;
    Ok(found)
}

/// A group whose parts arrive one by one.
struct Waiting<'a> {
    group: &'a Group<'a>,
    parts: Vec<Option<Bytes>>,
}

impl<'a> Waiting<'a> {
    fn new(group: &'a Group<'a>) -> Self {
        Self { group, parts: group.parts.iter().map(|part| part.range.is_none().then(Bytes::new)).collect() }
    }

    /// What `finish` makes of the group, once every part is there.
    fn complete<T>(
        &mut self,
        finish: impl Fn(&Group<'_>, &[f64], &[f64]) -> Result<T, GranuleError>,
    ) -> Result<Option<T>, GranuleError> {
        if self.parts.iter().any(Option::is_none) {
            return Ok(None);
        }
        let (longitude, latitude) = self.group.places(self.parts.drain(..).flatten().collect())?;
        finish(self.group, &longitude, &latitude).map(Some)
    }
}

impl<'a> Group<'a> {
    /// The rows of one piece of a track's latitude; `None` when there is no such piece.
    pub(crate) fn new(track: usize, columns: &'a Track, piece: usize) -> Option<Self> {
        let held = columns.latitude.pieces().get(piece)?;
        let mut parts = vec![Part { column: &columns.latitude, piece, range: held.range() }];
        let rows = held.rows.clone();
        let longitude = columns.longitude.overlapping(&rows);
        parts.extend(longitude.map(|(piece, held)| Part { column: &columns.longitude, piece, range: held.range() }));
        Some(Self { track, piece, rows, parts })
    }

    /// The stored bytes of its coordinates.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = ByteRange> {
        self.parts.iter().filter_map(|part| part.range)
    }

    /// Index of the track.
    pub(crate) const fn track(&self) -> usize {
        self.track
    }

    /// Index of the piece.
    pub(crate) const fn piece(&self) -> usize {
        self.piece
    }

    /// Rows of the track.
    pub(crate) const fn rows(&self) -> &Range<u64> {
        &self.rows
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.ranges().map(ByteRange::len).sum()
    }

    /// Longitudes and latitudes of the group from its parts' bytes.
    fn places(&self, bytes: Vec<Bytes>) -> Result<(Vec<f64>, Vec<f64>), GranuleError> {
        let mut latitude = Vec::new();
        let mut longitude = Vec::new();
        for (index, (part, bytes)) in self.parts.iter().zip(bytes).enumerate() {
            let values = part.column.coordinates(part.piece, &bytes, &self.rows)?;
            if index == 0 { latitude = values } else { longitude.extend(values) }
        }
        // Any angle names a place, but beyond a full turn it is no longitude.
        longitude.iter_mut().filter(|degrees| degrees.abs() > 360.0).for_each(|degrees| *degrees = f64::NAN);
        Ok((longitude, latitude))
    }

    /// Classifies the rows of the group.
    pub(crate) fn classify(
        &self,
        cells: &Cells<'_>,
        longitude: &[f64],
        latitude: &[f64],
    ) -> Result<Found, GranuleError> {
        let job = cells.job();
        let mut selected =
            Selected { seen: Seen { rows: latitude.len() as u64, bad_coordinate: 0 }, ..Selected::default() };
        let tell = |at: usize, lies: Lies| {
            let row = self.rows.start + at as u64;
            match lies {
                Lies::Outside => {}
                Lies::Nowhere => selected.seen.bad_coordinate += u64::from(!self.is_unwritten(row)),
                Lies::Inside(cell, child, nested) => {
                    if let Some(area) = cells.area(cell) {
                        let place = longitude.get(at).zip(latitude.get(at));
                        selected.inside.push(place.is_some_and(|(lon, lat)| area.holds(nested, *lon, *lat)));
                    }
                    selected.rows.push(row);
                    selected.cell.push(cell);
                    selected.child.push(child);
                }
            }
        };
        let found = cells.find(longitude, latitude, tell);
        found.map_err(|error| GranuleError::product(self.place(), error.to_string()))?;
        if job.spec().change.is_some() || job.product().points.is_some() {
            let first = self.rows.start;
            let here = selected.rows.iter().filter_map(|row| usize::try_from(row - first).ok());
            let place = |row: usize| Some([*longitude.get(row)?, *latitude.get(row)?]);
            selected.places = here.filter_map(place).collect();
        }
        if job.product().direction.is_some() && !job.product().turns_by_parents() {
            let first = self.rows.start;
            let here = selected.rows.iter().map(|row| usize::try_from(row - first).unwrap_or(usize::MAX));
            selected.northwards = here.map(|row| northwards(latitude, row)).collect();
        }
        Ok(Found { track: self.track, piece: self.piece, selected })
    }

    /// Whether one of a row's coordinates was never written: [`Track::unwritten`] counts it, however the track is read.
    fn is_unwritten(&self, row: u64) -> bool {
        let mut held = self.parts.iter().filter_map(|part| part.column.pieces().get(part.piece));
        held.any(|held| held.is_unwritten() && held.rows.contains(&row))
    }

    fn place(&self) -> String {
        self.parts.first().map_or_else(String::new, |part| part.column.place().into())
    }
}

/// Whether latitude grows from a row to the next that has one, among rows that are stored together; from the one before where
/// none follows.
fn northwards(latitude: &[f64], row: usize) -> Option<bool> {
    let here = *latitude.get(row)?;
    let differs = |other: &&f64| !other.is_nan() && **other != here;
    let after = latitude.get(row + 1..)?.iter().find(differs).map(|after| *after > here);
    after.or_else(|| latitude.get(..row)?.iter().rev().find(differs).map(|before| here > *before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_flown_towards_the_next_place() {
        let latitude = [1.0, 2.0, f64::NAN, 2.0, 3.0, 2.5, 2.5];
        let all: Vec<_> = (0..latitude.len()).map(|row| northwards(&latitude, row)).collect();
        assert_eq!([0, 1, 3, 4, 5, 6].map(|row| all[row]), [true, true, true, false, false, false].map(Some));
        assert_eq!([northwards(&[1.0], 0), northwards(&[1.0, f64::NAN], 0), northwards(&[], 0)], [None; 3]);
    }
}
