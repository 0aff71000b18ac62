//! What a job computes.
use crate::trend::Pass;
use crate::{Error, Job, Ledger, WindowUsed};
use aggregate::{Batches, Reducer, Statistic, StatisticTable};
use dggs_zarr::{Column, Level, Variable};
use morton::{Cell, Order};

/// The statistics of one parent cell, and the ledger of how they came about.
#[derive(Clone, Debug)]
pub struct CellResult {
    /// The job.
    pub job: Job,
    /// One level an order, the children first, then the overviews from fine to coarse. Of each, the cells in nested order, and
    /// the product's statistics in its order: counts as `i32`, the others as `f32`, NaN where there is no row.
    pub levels: Vec<Level>,
    /// The moments of all passes, where they are kept.
    pub(crate) passes: Vec<Pass>,
    /// What was used in each window, where there is a time axis.
    pub windows: Vec<WindowUsed>,
    /// What was read, used and dropped.
    pub ledger: Ledger,
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
        let Some(level) = self.children() else { return 0 };
        let name = self.job.product().array_name(Statistic::Count);
        let Some(Column::I32(counts)) = level.variables.iter().find(|held| held.name == name).map(|held| &held.values)
        else {
            return 0;
        };
        let cells = level.cell_ids.len().max(1);
        (0..cells).filter(|cell| counts.iter().skip(*cell).step_by(cells).any(|count| *count > 0)).count()
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

/// The orders of a result: the children's, then those of the overviews from fine to coarse.
pub(crate) fn orders(job: &Job) -> Vec<Order> {
    let mut orders = job.spec().overviews.clone();
    orders.retain(|order| (job.parent().order()..job.child_order()).contains(order));
    orders.push(job.child_order());
    orders.sort_unstable_by(|a, b| b.cmp(a));
    orders.dedup();
    orders
}

/// Reduces the folded rows of each window to the children and to every overview; and the children that have too few rows.
pub(crate) fn levels(job: &Job, reducer: &Reducer, rows: &[impl Batches]) -> Result<(Vec<Level>, u64), Error> {
    let mut sparse = 0;
    let mut levels = Vec::new();
    for order in orders(job) {
        let (level, emptied) = level(job, reducer, rows, order)?;
        if order == job.child_order() {
            sparse = emptied;
        }
        levels.push(level);
    }
    Ok((levels, sparse))
}

fn level(job: &Job, reducer: &Reducer, rows: &[impl Batches], order: Order) -> Result<(Level, u64), Error> {
    let config = |error: &dyn std::fmt::Display| Error::Config(error.to_string());
    let shift = job.child_order().get() - order.get();
    let (mut sparse, mut variables): (u64, Vec<Variable>) = (0, Vec::new());
    for window in rows {
        let table = reducer.finish_at(window, shift, &job.product().statistics);
        let table = table.map_err(|error| match error {
            aggregate::Error::Unreadable(why) => Error::Scratch(why),
            error => config(&error),
        })?;
        sparse += table.sparse() as u64;
        let own = self::variables(job, table);
        if variables.is_empty() {
            variables = own;
            continue;
        }
        variables.iter_mut().zip(&own).for_each(|(all, own)| all.values.append(&own.values));
    }
    Ok((Level { variables, ..empty(job, order)? }, sparse))
}

/// The cells of a level, without variables.
pub(crate) fn empty(job: &Job, order: Order) -> Result<Level, Error> {
    let config = |error: morton::Error| Error::Config(error.to_string());
    let cell_ids: Vec<u64> = job.parent().children(order).map_err(config)?.collect();
    let morton: Result<Vec<i64>, _> = cell_ids.iter().map(|&id| Cell::new(order, id)?.decimal()).collect();
    Ok(Level { order, cell_ids, morton: morton.map_err(config)?, variables: Vec::new() })
}

fn variables(job: &Job, table: StatisticTable) -> Vec<Variable> {
    let product = job.product();
    let (counts, values) = table.into_parts();
    let mut values = values.into_iter();
    let outputs = product.statistics.iter();
    outputs
        .filter_map(|&statistic| {
            let values = match statistic {
                Statistic::Count => Column::I32(counts.clone()),
                _ => Column::F32(values.next()?.1),
            };
            let attributes = product.attributes(statistic, &product.statistics);
            Some(Variable { name: product.array_name(statistic), values, attributes, timed: job.spec().time.is_some() })
        })
        .collect()
}
