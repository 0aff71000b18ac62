//! The columns of the selected rows: only the pieces that hold some of them are read.
use crate::GranuleError;
use crate::bodies::Bodies;
use crate::pieces::Column;
use crate::select::Selected;
use crate::track::Track;
use byte_ranges::{ByteRange, Source};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Range;

/// What was read of one track: of each of its columns one stored number a selected row.
pub(crate) type Gathered = Vec<Vec<f64>>;

/// One piece of one column, and the selected rows that it holds.
struct Item<'a> {
    track: usize,
    slot: usize,
    column: &'a Column,
    piece: usize,
    range: Option<ByteRange>,
    rows: &'a [u64],
    target: Range<usize>,
}

/// Reads the columns other than coordinates of the selected rows of every track.
pub(crate) async fn columns<S: Source>(
    tracks: &[Track],
    selected: &[Selected],
    bodies: &Bodies<'_, S>,
) -> Result<Vec<Gathered>, GranuleError> {
    let mut columns: Vec<Gathered> = Vec::with_capacity(tracks.len());
    let mut items: Vec<Item<'_>> = Vec::new();
    for (index, (track, selected)) in tracks.iter().zip(selected).enumerate() {
        columns.push(vec![vec![f64::NAN; selected.rows.len()]; track.columns.len()]);
        for (slot, held) in track.columns.iter().enumerate() {
            items.extend(pieces(index, slot, &held.column, &selected.rows));
        }
    }
    let (unwritten, stored): (Vec<Item<'_>>, Vec<Item<'_>>) = items.into_iter().partition(|item| item.range.is_none());
    for item in unwritten {
        item.fill_in(&[], &mut columns)?;
    }
    // Columns that take different numbers of one dataset share its chunks.
    let mut sharing: BTreeMap<ByteRange, Vec<Item<'_>>> = BTreeMap::new();
    for item in stored {
        if let Some(range) = item.range {
            sharing.entry(range).or_default().push(item);
        }
    }
    let wants: Vec<ByteRange> = sharing.keys().copied().collect();
    let fill_in = |index: usize, bytes: Bytes| {
        let items = wants.get(index).and_then(|want| sharing.get(want));
        items.into_iter().flatten().try_for_each(|item| item.fill_in(&bytes, &mut columns))
    };
    bodies.each(&wants, fill_in).await?;
    Ok(columns)
}

impl Item<'_> {
    /// Decodes the piece and puts the values of the selected rows where they belong.
    fn fill_in(&self, bytes: &[u8], columns: &mut [Gathered]) -> Result<(), GranuleError> {
        let target = columns.get_mut(self.track).and_then(|slots| slots.get_mut(self.slot));
        let Some(target) = target.and_then(|column| column.get_mut(self.target.clone())) else { return Ok(()) };
        self.column.pick(self.piece, bytes, self.rows, target)
    }
}

/// The pieces of a column that hold selected rows (`rows` ascends, as pieces do).
fn pieces<'a>(track: usize, slot: usize, column: &'a Column, rows: &'a [u64]) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for (piece, held) in column.pieces().iter().enumerate() {
        let target =
            rows.partition_point(|&row| row < held.rows.start)..rows.partition_point(|&row| row < held.rows.end);
        if let Some(rows) = rows.get(target.clone()).filter(|rows| !rows.is_empty()) {
            items.push(Item { track, slot, column, piece, range: held.range(), rows, target });
        }
    }
    items
}
