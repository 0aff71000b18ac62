//! From a plan to its outcome: what is checked before the first cell begins, and the report around the run.
use super::drive::{Backend, Drive, RunOutcome};
use super::error::RunError;
use super::journal::Journal;
use super::keys::ReadingKeys;
use super::lambda::Lambda;
use super::local::Local;
use super::observer::RunObserver;
use super::options::{RunOn, threads};
use super::plan::RunPlan;
use super::report::CellReport;
use crate::{Look, Output};
use pipeline::Layout;
use std::time::Instant;
use storage::{Clients, Location, StoreSink};

impl RunPlan {
    /// Runs the cells of the plan. The report has a line for every cell that ended, and first those of `resumed`, which
    /// [`RunPlan::look`] found in the output.
    ///
    /// # Errors
    /// What would fail every cell, as far as that shows before the first one begins; and a report that cannot be written.
    pub async fn run(&self, resumed: &[CellReport], observer: &dyn RunObserver) -> Result<RunOutcome, RunError> {
        let mut journal = Journal::open(&self.report, &self.shape().out, self.layout().to_string())?;
        resumed.iter().try_for_each(|report| journal.ended(report))?;
        let began = Instant::now();
        if self.work.is_empty() {
            if let Some(output) = self.output()? {
                output.forget_probe().await;
            }
            return Ok(RunOutcome { elapsed: began.elapsed(), ..RunOutcome::default() });
        }
        let keys = ReadingKeys::of(self)?;
        // Before a long run starts: whether it could end well.
        keys.check().await?;
        if self.options.lambda().is_some() {
            self.options.storage.s3.access.credentials().await?;
        }
        let output = self.output()?;
        if let Some(output) = &output {
            output.probe().await?;
        }
        self.begin_sphere().await?;
        let drive = Drive {
            backend: self.backend(observer)?,
            output,
            keys,
            plan: self,
            per_cell: self.estimate().dollars / self.work.len().max(1) as f64,
            observer,
        };
        let outcome = drive.run(&mut journal).await?;
        journal.finish()?;
        Ok(RunOutcome { elapsed: began.elapsed(), renewals: drive.keys.renewals(), ..outcome })
    }

    /// Fresh clients: connections belong to the runtime that they were made in.
    pub(super) fn clients(&self) -> Clients {
        Clients::new(self.options.storage.clone())
    }

    /// A store of many cells: what all share is written once, and a store of another job is refused before anything runs.
    async fn begin_sphere(&self) -> Result<(), RunError> {
        let Some(first) = self.work.first().filter(|_| self.layout() != Layout::Cell) else { return Ok(()) };
        let job = self.shape().spec.job(first.cell).map_err(RunError::usage)?;
        let (place, clients) = (Location::parse(&self.shape().out)?, self.clients());
        Ok(crate::begin_sphere(&Output { place, clients, look: Look::First { replace: true } }, &job).await?)
    }

    /// The place of all cells, if this process writes it.
    fn output(&self) -> Result<Option<StoreSink>, RunError> {
        match self.options.on {
            RunOn::Local => Ok(Some(self.clients().sink(&Location::parse(&self.shape().out)?)?)),
            RunOn::Lambda(_) => Ok(None),
        }
    }

    fn backend(&self, observer: &dyn RunObserver) -> Result<Backend, RunError> {
        let options = &self.options;
        match &options.on {
            RunOn::Local => {
                let most = options.concurrency.unwrap_or_else(threads).min(self.calls().len().max(1));
                Ok(Backend::Local(Box::new(Local::start(&options.storage, self.shape(), most)?)))
            }
            RunOn::Lambda(lambda) => Ok(Backend::Lambda(Box::new(Lambda::new(lambda, self, observer)?))),
        }
    }
}
