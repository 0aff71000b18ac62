//! What a job computes.
use crate::{Error, Job, Ledger};
use aggregate::{Reducer, Statistic, Table};
use morton::{Cell, Order};

/// The statistics of one parent cell, and the ledger of how they came about.
#[derive(Clone, Debug)]
pub struct CellResult {
    /// The job.
    pub job: Job,
    /// One table an order, the children first, then the overviews from fine to coarse.
    pub levels: Vec<Level>,
    /// What was read, used and dropped.
    pub ledger: Ledger,
}

/// The cells of one order inside the parent, in nested order.
#[derive(Clone, Debug)]
pub struct Level {
    /// Their order.
    pub order: Order,
    /// Nested ids, contiguous and ascending.
    pub cell_ids: Vec<u64>,
    /// Decimal morton ids of the same cells.
    pub morton: Vec<i64>,
    /// The product's statistics by array name, in its order.
    pub columns: Vec<(String, Column)>,
}

/// One statistic of every cell of a level.
#[derive(Clone, Debug)]
pub enum Column {
    /// Numbers of rows.
    Count(Vec<i32>),
    /// Values; NaN where there is no row.
    Value(Vec<f32>),
}

impl CellResult {
    /// The children.
    #[must_use]
    pub fn children(&self) -> Option<&Level> {
        self.levels.first()
    }

    /// Children with at least one row.
    #[must_use]
    pub fn cells_with_data(&self) -> usize {
        self.children().map_or(0, Level::cells_with_data)
    }

    /// Rows that count.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.ledger.totals.rows.used
    }

    /// Whether some granule is missing from the numbers.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.ledger.totals.granules_failed > 0
    }

    /// What a person should know of a result without data; `None` when there is data.
    #[must_use]
    pub const fn empty_because(&self) -> Option<&'static str> {
        match (self.ledger.totals.granules, self.ledger.totals.rows.used) {
            (0, _) => Some("No granules found"),
            (_, 0) => Some("No data after filtering"),
            _ => None,
        }
    }
}

impl Level {
    /// Cells with at least one row.
    #[must_use]
    pub fn cells_with_data(&self) -> usize {
        self.counts().map_or(0, |counts| counts.iter().filter(|&&count| count > 0).count())
    }

    /// A column of values by name.
    #[must_use]
    pub fn values(&self, name: &str) -> Option<&[f32]> {
        self.columns.iter().find_map(|(held, column)| match column {
            Column::Value(values) if held == name => Some(values.as_slice()),
            _ => None,
        })
    }

    /// The number of rows in each cell, if the product counts.
    #[must_use]
    pub fn counts(&self) -> Option<&[i32]> {
        self.columns.iter().find_map(|(_, column)| match column {
            Column::Count(counts) => Some(counts.as_slice()),
            Column::Value(_) => None,
        })
    }
}

/// The orders of a result: the children's, then those of the overviews from fine to coarse.
pub(crate) fn orders(job: &Job) -> Vec<Order> {
    let mut orders = job.spec().overviews.clone();
    orders.retain(|order| (job.parent().order()..job.child_order()).contains(order));
    orders.push(job.child_order());
    orders.sort_unstable_by(|a, b| b.cmp(a));
    orders.dedup();
    orders
}

/// Reduces the folded rows to the children and to every overview.
pub(crate) fn levels(job: &Job, reducer: &Reducer) -> Result<Vec<Level>, Error> {
    orders(job).into_iter().map(|order| level(job, reducer, order)).collect()
}

fn level(job: &Job, reducer: &Reducer, order: Order) -> Result<Level, Error> {
    let config = |error: &dyn std::fmt::Display| Error::Config(error.to_string());
    let shift = job.child_order().get() - order.get();
    let table = reducer.finish_at(shift, &job.product().statistics).map_err(|e| config(&e))?;
    let ids = job.parent().children(order).map_err(|e| config(&e))?;
    let cell_ids: Vec<u64> = ids.collect();
    let morton: Result<Vec<i64>, _> = cell_ids.iter().map(|&id| Cell::new(order, id)?.decimal()).collect();
    let morton = morton.map_err(|e| config(&e))?;
    Ok(Level { order, cell_ids, morton, columns: columns(job, table) })
}

fn columns(job: &Job, table: Table) -> Vec<(String, Column)> {
    let (counts, values) = table.into_parts();
    let mut values = values.into_iter();
    let outputs = job.product().statistics.iter();
    outputs
        .filter_map(|&statistic| {
            let column = match statistic {
                Statistic::Count => Column::Count(counts.clone()),
                _ => Column::Value(values.next()?.1),
            };
            Some((job.product().array_name(statistic), column))
        })
        .collect()
}
