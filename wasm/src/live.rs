//! The rows so far, for a picture while granules are read.
use aggregate::{Reducer, ReducerLimits, Rows, StatisticTable};
use pipeline::Job;

/// Statistics of the rows that have come so far. They are true of these rows; their last digits may differ from the final
/// result, which is folded in the canonical order.
pub(crate) struct Live {
    reducer: Option<Reducer>,
    rows: u64,
}

impl Live {
    pub(crate) fn new(job: &Job) -> Self {
        Self { reducer: Reducer::new(job.children(), ReducerLimits::default()).ok(), rows: 0 }
    }

    /// Adds the rows of one track. Without room for them the picture stays as it is.
    pub(crate) fn add(&mut self, child: &[u32], value: &[f32], sigma: &[f32]) {
        let (Some(reducer), Ok(rows)) = (&mut self.reducer, Rows::new(child, value, sigma)) else { return };
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
