//! The rows so far, for a picture while granules are read.
use aggregate::{Floats, Reducer, ReducerLimits, Rows, StatisticTable, Weighting};
use pipeline::{Job, Weight};

/// Statistics of the rows that have come so far. They are true of these rows; their last digits may differ from the final
/// result, which is folded in the canonical order. Means weigh all rows the same where the weight is a column of its own or
/// the uncertainty may be absent from a granule.
pub(crate) struct Live {
    reducer: Option<Reducer>,
    rows: u64,
}

impl Live {
    pub(crate) fn new(job: &Job) -> Self {
        let product = job.product();
        let certain = product.uncertainty.as_ref().is_some_and(|uncertainty| !uncertainty.optional);
        let weighting = match product.weight {
            Weight::InverseVariance if certain => Weighting::InverseVariance,
            _ => Weighting::Equal,
        };
        let reducer = Reducer::new(job.children(), weighting, ReducerLimits::default()).ok();
        Self { reducer: reducer.map(|reducer| reducer.with_min_count(product.min_count)), rows: 0 }
    }

    /// Adds the rows of one track. Without room for them the picture stays as it is.
    pub(crate) fn add(&mut self, child: &[u32], value: &Floats, sigma: Option<&Floats>) {
        let (Some(reducer), Ok(rows)) = (&mut self.reducer, Rows::new(child, value, sigma, None)) else { return };
        if reducer.fold(rows).is_ok() {
            self.rows += child.len() as u64;
        }
    }

    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The statistics of the job's product.
    pub(crate) fn table(&self, job: &Job) -> Option<StatisticTable> {
        self.reducer.as_ref().map(|reducer| reducer.finish(&job.product().statistics))
    }

    /// Gives the memory back.
    pub(crate) fn clear(&mut self) {
        self.reducer = None;
    }
}
