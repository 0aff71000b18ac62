//! The rows so far, for a picture while granules are read.
use aggregate::{Batch, Batches, Floats, Reducer, ReducerLimits, StatisticTable, Weighting};
use pipeline::{Job, Weight};

/// Bytes of rows that are drawn at most: of more the picture shows the first.
const MOST: u64 = 64 << 20;

/// Statistics of the rows that have come so far. They are true of these rows; their last digits may differ from the final
/// result, which is folded in the canonical order. Means weigh all rows the same where the weight is a column of its own or
/// the uncertainty may be absent from a granule.
pub(crate) struct Live {
    reducer: Option<Reducer>,
    batches: Vec<Batch>,
    bytes: u64,
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
        let reducer = reducer.map(|reducer| reducer.with_min_count(product.min_count));
        Self { reducer, batches: Vec::new(), bytes: 0, rows: 0 }
    }

    /// Adds rows. Without room for them the picture stays as it is.
    pub(crate) fn add(&mut self, child: &[u32], value: &Floats, sigma: Option<&Floats>) {
        let batch = Batch { child: child.to_vec(), value: value.clone(), sigma: sigma.cloned(), weight: None };
        if self.reducer.is_some() && self.bytes + batch.bytes() <= MOST {
            self.bytes += batch.bytes();
            self.rows += child.len() as u64;
            self.batches.push(batch);
        }
    }

    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The statistics of the job's product.
    pub(crate) fn table(&self, job: &Job) -> Option<StatisticTable> {
        self.reducer.as_ref()?.finish(&self.batches as &dyn Batches, &job.product().statistics).ok()
    }

    /// Gives the memory back.
    pub(crate) fn clear(&mut self) {
        (self.reducer, self.batches, self.bytes) = (None, Vec::new(), 0);
    }
}
