//! Which rows of a track lie inside the parent cell.
use crate::budget::Budget;
use crate::locate::Track;
use crate::pieces::Column;
use crate::{GranuleError, Job, fetch};
use byte_ranges::{ByteRange, Source};
use bytes::Bytes;
use morton::children_of;
use std::ops::Range;

/// Rows of one track that lie inside the parent, ascending, with the child that holds each.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Selected {
    /// Row numbers.
    pub(crate) rows: Vec<u64>,
    /// Child index of each row within the parent.
    pub(crate) child: Vec<u32>,
    /// Rows whose coordinates were read.
    pub(crate) rows_read: u64,
    /// Of those, rows whose coordinates are no place on Earth.
    pub(crate) bad_coordinate: u64,
}

/// Rows that are looked at together: one piece of latitude, and the pieces of longitude that hold the same rows.
struct Group<'a> {
    track: usize,
    rows: Range<u64>,
    parts: Vec<Part<'a>>,
}

/// One piece of one coordinate column.
struct Part<'a> {
    column: &'a Column,
    piece: usize,
    range: Option<ByteRange>,
}

/// Reads all coordinates of the tracks.
pub(crate) async fn exhaustive<S: Source>(
    tracks: &[Track],
    job: &Job,
    source: &S,
    budget: &Budget,
) -> Result<Vec<Selected>, GranuleError> {
    let groups: Vec<Group<'_>> = tracks.iter().enumerate().flat_map(|(index, track)| groups(index, track)).collect();
    let mut found: Vec<Vec<(u64, Selected)>> = tracks.iter().map(|_| Vec::new()).collect();
    for (bytes, wave) in fetch::waves(groups, budget.wave(), Group::bytes) {
        let _permit = budget.acquire(bytes).await;
        read_wave(&wave, source, |group, bytes| {
            let selected = group.select(job, bytes)?;
            if let Some(found) = found.get_mut(group.track) {
                found.push((group.rows.start, selected));
            }
            Ok(())
        })
        .await?;
    }
    Ok(found.into_iter().map(join).collect())
}

/// Fetches a wave and hands over each group once all of its parts are there.
async fn read_wave<S: Source>(
    wave: &[Group<'_>],
    source: &S,
    mut take: impl FnMut(&Group<'_>, Vec<Bytes>) -> Result<(), GranuleError>,
) -> Result<(), GranuleError> {
    let mut wants: Vec<ByteRange> = Vec::new();
    let mut owners: Vec<(usize, usize)> = Vec::new();
    let mut parts: Vec<Vec<Option<Bytes>>> = Vec::with_capacity(wave.len());
    for (index, group) in wave.iter().enumerate() {
        for (slot, part) in group.parts.iter().enumerate() {
            wants.extend(part.range);
            owners.extend(part.range.map(|_| (index, slot)));
        }
        // A part that was never written has nothing to wait for.
        parts.push(group.parts.iter().map(|part| part.range.is_none().then(Bytes::new)).collect());
    }
    let mut complete = |index: usize, parts: &mut Vec<Vec<Option<Bytes>>>| {
        let Some((group, slots)) = wave.get(index).zip(parts.get_mut(index)) else { return Ok(()) };
        if slots.iter().all(Option::is_some) { take(group, slots.drain(..).flatten().collect()) } else { Ok(()) }
    };
    for index in 0..wave.len() {
        complete(index, &mut parts)?;
    }
    fetch::each(source, &wants, |want, bytes| {
        let Some(&(index, slot)) = owners.get(want) else { return Ok(()) };
        if let Some(waiting) = parts.get_mut(index).and_then(|slots| slots.get_mut(slot)) {
            *waiting = Some(bytes);
        }
        complete(index, &mut parts)
    })
    .await
}

fn groups(index: usize, track: &Track) -> Vec<Group<'_>> {
    let latitude = track.latitude.pieces().iter().enumerate();
    latitude
        .map(|(piece, held)| {
            let mut parts = vec![Part { column: &track.latitude, piece, range: held.range() }];
            let rows = held.rows.clone();
            parts.extend(track.longitude.overlapping(&rows).map(|(piece, held)| Part {
                column: &track.longitude,
                piece,
                range: held.range(),
            }));
            Group { track: index, rows, parts }
        })
        .collect()
}

impl Group<'_> {
    fn bytes(&self) -> u64 {
        self.parts.iter().filter_map(|part| part.range).map(ByteRange::len).sum()
    }

    /// Classifies the rows of the group from its parts' bytes.
    fn select(&self, job: &Job, bytes: Vec<Bytes>) -> Result<Selected, GranuleError> {
        let mut latitude = Vec::new();
        let mut longitude = Vec::new();
        for (index, (part, bytes)) in self.parts.iter().zip(bytes).enumerate() {
            let values = part.column.coordinates(part.piece, &bytes, &self.rows)?;
            if index == 0 { latitude = values } else { longitude.extend(values) }
        }
        // Any angle names a place, but beyond a full turn it is no longitude.
        longitude.iter_mut().filter(|degrees| degrees.abs() > 360.0).for_each(|degrees| *degrees = f64::NAN);
        let mut child = vec![0; latitude.len()];
        children_of(job.parent(), job.child_order(), job.latitude, &longitude, &latitude, &mut child)
            .map_err(|error| GranuleError::product(self.place(), error.to_string()))?;
        let mut selected = Selected { rows_read: latitude.len() as u64, ..Selected::default() };
        for (row, child) in self.rows.clone().zip(child) {
            match child {
                morton::OUTSIDE => {}
                morton::BAD => selected.bad_coordinate += 1,
                child => {
                    selected.rows.push(row);
                    selected.child.push(child);
                }
            }
        }
        Ok(selected)
    }

    fn place(&self) -> String {
        self.parts.first().map_or_else(String::new, |part| part.column.place().into())
    }
}

/// The groups of one track in row order.
fn join(mut groups: Vec<(u64, Selected)>) -> Selected {
    groups.sort_unstable_by_key(|(start, _)| *start);
    let mut all = Selected::default();
    for (_, group) in groups {
        all.rows.extend(group.rows);
        all.child.extend(group.child);
        all.rows_read += group.rows_read;
        all.bad_coordinate += group.bad_coordinate;
    }
    all
}
