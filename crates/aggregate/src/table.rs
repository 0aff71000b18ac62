use crate::{Error, Statistic};

/// What a cell without rows holds in every column but the count: the quiet NaN with bits `0x7fc0_0000`.
pub const NO_DATA: f32 = f32::from_bits(0x7fc0_0000);

/// Statistics of every child of one parent, a column each; index = child.
#[derive(Debug, Clone)]
pub struct StatisticTable {
    counts: Vec<i32>,
    columns: Vec<(Statistic, Vec<f32>)>,
    sparse: usize,
    sparse_rows: u64,
}

impl StatisticTable {
    /// Rows in each child, 0 where they are fewer than was asked for; the length is the number of children.
    #[must_use]
    pub fn counts(&self) -> &[i32] {
        &self.counts
    }

    /// The columns other than the count, in the order in which they were asked for, each as long as
    /// [`counts`](Self::counts). A child without rows holds [`NO_DATA`].
    #[must_use]
    pub fn columns(&self) -> &[(Statistic, Vec<f32>)] {
        &self.columns
    }

    /// One column; `None` when it was not asked for or is [`Statistic::Count`] (see [`counts`](Self::counts)).
    #[must_use]
    pub fn column(&self, statistic: Statistic) -> Option<&[f32]> {
        self.columns.iter().find(|(held, _)| *held == statistic).map(|(_, values)| values.as_slice())
    }

    /// One column, for callers to whom its absence is a failure.
    ///
    /// # Errors
    /// [`Error::NoColumn`] when [`column`](Self::column) has none.
    pub fn require(&self, statistic: Statistic) -> Result<&[f32], Error> {
        self.column(statistic).ok_or_else(|| Error::NoColumn(format!("{statistic:?}")))
    }

    /// Gives up the columns: counts, and the others in the order of [`columns`](Self::columns).
    #[must_use]
    pub fn into_parts(self) -> (Vec<i32>, Vec<(Statistic, Vec<f32>)>) {
        (self.counts, self.columns)
    }

    /// Number of children with at least one row.
    #[must_use]
    pub fn cells_with_data(&self) -> usize {
        self.counts.iter().filter(|&&count| count > 0).count()
    }

    /// Number of children that were emptied because they have fewer rows than was asked for.
    #[must_use]
    pub const fn sparse(&self) -> usize {
        self.sparse
    }

    /// Number of rows in those.
    #[must_use]
    pub const fn sparse_rows(&self) -> u64 {
        self.sparse_rows
    }

    /// Number of rows in all children that were not emptied.
    #[must_use]
    pub fn total_rows(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count.unsigned_abs())).sum()
    }

    /// A table without rows: counts 0, all else [`NO_DATA`]. The count needs no column of its own.
    pub(crate) fn empty(children: usize, statistics: &[Statistic]) -> Self {
        let column = |&statistic| (statistic, vec![NO_DATA; children]);
        let columns = statistics.iter().filter(|&&s| s != Statistic::Count).map(column).collect();
        Self { counts: vec![0; children], columns, sparse: 0, sparse_rows: 0 }
    }

    /// Leaves a cell empty that has too few rows.
    pub(crate) fn skip(&mut self, rows: u64) {
        self.sparse += 1;
        self.sparse_rows += rows;
    }

    /// Stores the number of rows of a cell.
    ///
    /// # Errors
    /// [`Error::Count`] when the count cannot hold it.
    pub(crate) fn count(&mut self, cell: usize, rows: u64) -> Result<(), Error> {
        self.counts[cell] = i32::try_from(rows).map_err(|_| Error::Count { cell, rows })?;
        Ok(())
    }

    /// Stores the statistics of a cell, in the order of the columns.
    pub(crate) fn set(&mut self, cell: usize, statistic: impl Fn(Statistic) -> f64) {
        for (wanted, values) in &mut self.columns {
            values[cell] = narrow(statistic(*wanted));
        }
    }
}

/// Rounds to `f32`. The sign and payload of a NaN differ between processors, so every NaN gets one fixed pattern.
fn narrow(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounding to nearest is the specified result")]
    let rounded = value as f32;
    if rounded.is_nan() { NO_DATA } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_more_rows_than_its_count_holds_is_an_error() {
        let mut table = StatisticTable::empty(2, &[]);
        assert_eq!(table.count(0, 0x7fff_ffff), Ok(()));
        assert_eq!(table.count(1, 0x8000_0000), Err(Error::Count { cell: 1, rows: 0x8000_0000 }));
        assert_eq!(table.counts(), [i32::MAX, 0]);
    }
}
