use crate::columns::{Columns, Move};
use crate::moments::Part;
use crate::survey::Survey;
use crate::{Batches, Error, Rows};
use std::ops::Range;

/// Runs of rows whose places are worked out before their numbers are put there.
const STRIDE: usize = 128;

/// A place that no row has: beyond all columns.
const NOWHERE: usize = usize::MAX;

/// The numbers of the rows of some cells, ordered by cell; within a cell, in row order (a stable counting sort).
#[derive(Debug)]
pub(crate) struct Groups {
    columns: Columns,
    /// The cells that it holds, each one's rows from `starts[c]` to `starts[c + 1]` where `c` counts from the first of them.
    cells: Range<usize>,
    starts: Vec<usize>,
    /// Where the next row of each goes.
    next: Vec<usize>,
    moves: Vec<Move>,
}

impl Groups {
    /// Empty, with the columns that the survey found.
    pub(crate) fn new(survey: &Survey) -> Self {
        let (starts, next, moves) = (Vec::new(), Vec::new(), Vec::with_capacity(STRIDE));
        Self { columns: Columns::new(survey), cells: 0..0, starts, next, moves }
    }

    /// Takes the rows of other cells, as many as were counted in each, in one pass.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the allocator refuses the columns, [`Error::Unreadable`] when the rows are not those that were
    /// counted, and what the source returns.
    pub(crate) fn fill(
        &mut self,
        source: &(impl Batches + ?Sized),
        bits: u32,
        cells: Range<usize>,
        rows: &[u64],
    ) -> Result<(), Error> {
        self.make_room(cells, rows)?;
        source.each(&mut |rows| self.take(rows, bits))?;
        // A cell without rows is skipped, so it may have any number of them.
        let ends = self.starts.iter().skip(1);
        let full = self.next.iter().zip(ends).all(|(&next, &end)| next == end || next == NOWHERE);
        if full { Ok(()) } else { Err(Error::changed()) }
    }

    /// The rows of a cell among those that were asked for.
    pub(crate) fn part(&self, cell: usize) -> Part<'_> {
        let at = cell.wrapping_sub(self.cells.start);
        let bound = |at: usize| self.starts.get(at).copied().unwrap_or(0);
        self.columns.part(bound(at)..bound(at.wrapping_add(1)))
    }

    fn make_room(&mut self, cells: Range<usize>, rows: &[u64]) -> Result<(), Error> {
        let all = rows.iter().fold(0, |sum: u64, rows| sum.saturating_add(*rows));
        let len = usize::try_from(all).map_err(|_| Error::OutOfMemory { rows: all })?;
        self.columns.zero(len).map_err(|_| Error::OutOfMemory { rows: all })?;
        self.cells = cells;
        self.starts.clear();
        self.next.clear();
        let mut start = 0;
        self.starts.push(start);
        for &rows in rows {
            self.next.push(if rows == 0 { NOWHERE } else { start });
            // No more than `len`, which is a `usize`.
            start = start.saturating_add(usize::try_from(rows).unwrap_or(usize::MAX));
            self.starts.push(start);
        }
        Ok(())
    }

    fn take(&mut self, rows: Rows<'_>, bits: u32) -> Result<(), Error> {
        let mut runs = rows.runs(bits);
        loop {
            self.moves.clear();
            let mut done = true;
            for (cell, run) in runs.by_ref().take(STRIDE) {
                done = false;
                if let Some(next) = self.next.get_mut(cell.wrapping_sub(self.cells.start))
                    && *next != NOWHERE
                {
                    let place = *next;
                    *next = place.saturating_add(run.len());
                    self.moves.push((run, place));
                }
            }
            if done {
                return Ok(());
            }
            self.columns.put(rows, &self.moves)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::needs::Needs;
    use crate::survey::Kind;
    use crate::{Batch, Floats, Statistic, Weighting};

    const CHILD: [u32; 6] = [5, 0, 5, 7, 0, 5];

    fn batches() -> [Batch; 2] {
        let batch = |rows: Range<usize>, sigma| {
            let value = rows.clone().map(|row| f32::from(u8::try_from(row).unwrap())).collect();
            Batch { child: CHILD[rows].to_vec(), value: Floats::F32(value), sigma, weight: None }
        };
        [batch(0..4, None), batch(4..6, Some(Floats::F64(vec![0.5, 0.1])))]
    }

    fn groups(bits: u32, cells: Range<usize>) -> (Groups, Vec<u64>) {
        let needs = Needs::of(&Statistic::STANDARD, Weighting::InverseVariance);
        let survey = Survey::of(&batches()[..], 8, bits, &needs).unwrap();
        assert_eq!((survey.value, survey.sigma, survey.weight), (Kind::F32, Kind::F64, Kind::Absent));
        let mut groups = Groups::new(&survey);
        groups.fill(&batches()[..], bits, cells.clone(), &survey.rows[cells]).unwrap();
        (groups, survey.rows)
    }

    fn values(groups: &Groups, cell: usize) -> Vec<f64> {
        groups.part(cell).value.iter().collect()
    }

    #[test]
    fn groups_are_stable_and_complete() {
        let (all, rows) = groups(0, 0..8);
        assert_eq!(rows, [2, 0, 0, 0, 0, 3, 0, 1]);
        assert_eq!(
            (values(&all, 0), values(&all, 5), values(&all, 7)),
            (vec![1.0, 4.0], vec![0.0, 2.0, 5.0], vec![3.0])
        );
        assert!(values(&all, 1).is_empty() && values(&all, 8).is_empty());
        let sigma: Vec<f64> = all.part(5).sigma.unwrap().iter().collect();
        assert!(sigma[0].is_nan() && sigma[1].is_nan() && sigma[2] == 0.1);
        let (coarse, _) = groups(2, 0..2);
        assert_eq!((values(&coarse, 0), values(&coarse, 1)), (vec![1.0, 4.0], vec![0.0, 2.0, 3.0, 5.0]));
    }

    #[test]
    fn only_the_cells_asked_for_are_held() {
        let (some, _) = groups(0, 5..7);
        assert_eq!((some.columns.part(0..3).value.len(), values(&some, 5)), (3, vec![0.0, 2.0, 5.0]));
        assert!(values(&some, 0).is_empty() && values(&some, 7).is_empty());
    }

    #[test]
    fn other_rows_than_were_counted_are_told() {
        let (mut groups, mut rows) = groups(0, 0..8);
        for (cell, other) in [(0, 1), (0, 3), (5, 2), (7, 2)] {
            let right = std::mem::replace(&mut rows[cell], other);
            assert_eq!(groups.fill(&batches()[..], 0, 0..8, &rows), Err(Error::changed()), "{cell} {other}");
            rows[cell] = right;
        }
        let (value, sigma, weight) = (Floats::F64(Vec::new()), Some(Floats::F32(Vec::new())), None);
        groups.columns = Columns::Apart { value, sigma, weight };
        assert_eq!(groups.fill(&batches()[..], 0, 0..8, &rows), Err(Error::changed()), "a column of another type");
    }
}
