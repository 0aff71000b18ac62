/// What can be wrong with a reduction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The columns of a batch of rows differ in length.
    #[error("columns of unequal length: {child} children, {rows} {column}")]
    UnequalColumns {
        /// Length of the child column, rows.
        child: usize,
        /// The column that differs from it.
        column: &'static str,
        /// Its length, rows.
        rows: usize,
    },
    /// A row names a child that the parent does not have.
    #[error("row {row} of the batch is in child {child}, but there are {children} children")]
    ChildOutOfRange {
        /// Index of the row within the batch.
        row: usize,
        /// The child it names.
        child: u32,
        /// Number of children of the parent.
        children: u32,
    },
    /// The number of children is zero or above the limit.
    #[error("{children} children asked for, 1 to {limit} allowed")]
    Children {
        /// Number asked for.
        children: u32,
        /// Largest number allowed.
        limit: u32,
    },
    /// More rows in one cell than its count holds.
    #[error("{rows} rows in cell {cell}, {} at most", i32::MAX)]
    Count {
        /// Index of the cell within the parent, of the order that was asked for.
        cell: usize,
        /// Its rows.
        rows: u64,
    },
    /// The rows cannot be had again, or are not those that they were.
    #[error("cannot read the rows again: {0}")]
    Unreadable(String),
    /// The memory for rows could not be had.
    #[error("no memory for {rows} rows")]
    OutOfMemory {
        /// Rows that were to be held.
        rows: u64,
    },
    /// The children do not form whole ancestors that many orders up.
    #[error("{children} children do not form whole cells {shift} orders up")]
    Shift {
        /// Number of children.
        children: u32,
        /// Orders up.
        shift: u8,
    },
    /// A quantile outside 0 to 1000 permille.
    #[error("quantile of {0} permille, 0 to 1000 allowed")]
    Permille(u16),
    /// A column that was not asked for when the table was made.
    #[error("the table has no column {0}")]
    NoColumn(String),
    /// No statistic has this name.
    #[error(
        "{0:?} is no statistic: count, min, max, mean, sigma, unweighted_mean, variance, std, mad, sum, or a quantile such as q25"
    )]
    Name(String),
}

impl Error {
    /// A pass found other rows than the one before it.
    pub(crate) fn changed() -> Self {
        Self::Unreadable("they differ from those of the pass before".to_owned())
    }
}
