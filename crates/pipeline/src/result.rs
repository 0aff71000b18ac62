//! What a job computes.
use crate::{Error, Job, Ledger};
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
        let counts = self.children().into_iter().flat_map(|level| &level.variables);
        let counts = counts.filter_map(|variable| match &variable.values {
            Column::I32(counts) => Some(counts),
            _ => None,
        });
        counts.take(1).flatten().filter(|&&count| count > 0).count()
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

/// Reduces the folded rows to the children and to every overview; and the children that have too few rows.
pub(crate) fn levels(job: &Job, reducer: &Reducer, rows: &dyn Batches) -> Result<(Vec<Level>, u64), Error> {
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

fn level(job: &Job, reducer: &Reducer, rows: &dyn Batches, order: Order) -> Result<(Level, u64), Error> {
    let config = |error: &dyn std::fmt::Display| Error::Config(error.to_string());
    let shift = job.child_order().get() - order.get();
    let table = reducer.finish_at(rows, shift, &job.product().statistics);
    let table = table.map_err(|error| match error {
        aggregate::Error::Unreadable(why) => Error::Scratch(why),
        error => config(&error),
    })?;
    let ids = job.parent().children(order).map_err(|e| config(&e))?;
    let cell_ids: Vec<u64> = ids.collect();
    let morton: Result<Vec<i64>, _> = cell_ids.iter().map(|&id| Cell::new(order, id)?.decimal()).collect();
    let morton = morton.map_err(|e| config(&e))?;
    let sparse = table.sparse() as u64;
    Ok((Level { order, cell_ids, morton, variables: variables(job, table) }, sparse))
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
            Some(Variable { name: product.array_name(statistic), values, attributes })
        })
        .collect()
}
