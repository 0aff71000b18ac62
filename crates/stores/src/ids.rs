//! The cells of the rows of a level that has an array of ids.

use dggs_zarr::Column;

use crate::level::LevelInfo;
use crate::rows::Spans;
use crate::{ArrayInfo, Error};

/// What an array of ids says, taken chunk by chunk in the order of rows.
pub(crate) struct CellRows<'a> {
    level: &'a LevelInfo,
    ids: &'a ArrayInfo,
    /// The first row that was not seen yet.
    next: u64,
    /// Whether any chunk is there.
    any: bool,
    spans: Spans,
    cells: Vec<u64>,
}

impl<'a> CellRows<'a> {
    pub(crate) const fn new(level: &'a LevelInfo, ids: &'a ArrayInfo) -> Self {
        Self { level, ids, next: 0, any: false, spans: Spans::EMPTY, cells: Vec::new() }
    }

    /// The next chunk that is there: its first row, and its ids.
    pub(crate) fn take(&mut self, first: u64, part: &Column) -> Result<(), Error> {
        self.fill_until(first)?;
        self.any = true;
        self.next = first.saturating_add(part.len() as u64);
        if self.level.is_own() {
            let Column::U64(part) = part else {
                return Err(Error::unsupported(&self.ids.path, "ids that are not uint64"));
            };
            self.spans.push(first, part.len());
            self.cells.extend(part);
            return Ok(());
        }
        let filler = self.ids.fill(1);
        let is_filler = |place: usize| match (part, &filler) {
            (Column::U64(ids), Column::U64(filler)) => ids.get(place) == filler.first(),
            (Column::I64(ids), Column::I64(filler)) => ids.get(place) == filler.first(),
            _ => false,
        };
        for ((row, place), nested) in (first..).zip(0..).zip(self.nested(part)?) {
            match nested {
                Some(nested) => {
                    self.spans.push(row, 1);
                    self.cells.push(nested);
                }
                // A row without a cell.
                None if is_filler(place) => {}
                None => {
                    let (order, id) = (self.level.order, part.select(&[place]));
                    return Err(self.corrupt(format!("row {row} is no cell of order {order}: {id:?}")));
                }
            }
        }
        Ok(())
    }

    /// The rows that are cells, and the cells, when all chunks were taken.
    pub(crate) fn finish(mut self) -> Result<(Spans, Vec<u64>), Error> {
        self.fill_until(self.ids.rows)?;
        if self.cells.is_empty() && !self.any && self.ids.rows > 0 {
            return Err(self.corrupt("none of its chunks is there, so no row is a cell: copy the store again".into()));
        }
        Ok((self.spans, self.cells))
    }

    /// Rows whose chunks are missing hold the fill value: no cell, or one cell; of more rows, all would be that cell.
    fn fill_until(&mut self, end: u64) -> Result<(), Error> {
        let first = self.next;
        if end <= first {
            return Ok(());
        }
        if self.level.is_own() {
            return Err(self.corrupt(format!("the chunk of row {first} is missing: make the store again")));
        }
        let Some(nested) = self.nested(&self.ids.fill(1))?.next().flatten() else { return Ok(()) };
        if end - first > 1 {
            let last = end - 1;
            let why =
                format!("the chunks of the rows {first} to {last} are missing, so all of these have the fill value");
            return Err(self.corrupt(format!("{why}, which is one cell ({nested}): copy the store again")));
        }
        self.spans.push(first, 1);
        self.cells.push(nested);
        Ok(())
    }

    fn nested<'b>(&self, ids: &'b Column) -> Result<Box<dyn Iterator<Item = Option<u64>> + 'b>, Error> {
        let no_integers = || Error::unsupported(&self.ids.path, "ids that are not integers");
        self.level.grid.nested(ids).ok_or_else(no_integers)
    }

    fn corrupt(&self, why: String) -> Error {
        Error::corrupt(&self.ids.path, why)
    }
}
