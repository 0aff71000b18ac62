//! One cell of a run.
use morton::Cell;
use pipeline::TimeWindow;

/// One cell.
#[derive(Clone, Debug)]
pub struct CellWork {
    /// Which one.
    pub cell: Cell,
    /// Its decimal id, which names it.
    pub name: i64,
    /// Links to its granules.
    pub granules: Vec<String>,
    /// Windows of a store of the sphere that remain to be computed; empty for all.
    pub(super) only: Vec<TimeWindow>,
    /// Shows whether an earlier end is of the same granules and options.
    pub(super) key: String,
    /// The report knows it: what is there is ours.
    pub(super) known: bool,
    /// It is asked for although it ended well.
    pub(super) again: bool,
}
