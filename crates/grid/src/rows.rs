//! The rows of a region themselves.
use crate::watched::Watched;
use crate::{Chosen, Error, Gatherable, GridObserver, Read, Together};
use jobs::TemporaryFile;
use pipeline::{CellWanted, Job, JobSpec, PointKind, PointRows};

/// The rows of the granules in a region.
pub struct PointsJob {
    /// What is asked for ([`pipeline::Product::ask_for_points`]); cells and region are those of this job.
    pub spec: JobSpec,
    /// The cells.
    pub chosen: Chosen,
    /// The granules.
    pub granules: Gatherable,
    /// How granules are read.
    pub together: Together,
}

/// Takes rows: the kinds of their columns, the job of their cell, the rows.
pub type TakeRows<'a> = &'a mut dyn FnMut(&[PointKind], &Job, PointRows<'_>) -> Result<(), Error>;

impl PointsJob {
    /// Gives all rows to `take`: by parent cell in nested order, then granule in canonical order, track, row.
    ///
    /// # Errors
    /// [`Error::Job`] for granules that cannot be read, and what `take` fails with.
    pub async fn run(&self, take: TakeRows<'_>, observer: &dyn GridObserver) -> Result<(u64, Read), Error> {
        let spec = JobSpec { area: Some(self.chosen.area.clone()), cells: Vec::new(), ..self.spec.clone() };
        let watched = Watched::new(observer);
        let (mut kinds, mut rows, mut done): (Vec<PointKind>, u64, usize) = (Vec::new(), 0, 0);
        for group in self.chosen.parents.chunks(self.together.cells.max(1)) {
            observer.group(done, group.len(), self.chosen.parents.len());
            let (granules, own) = self.granules.part(group);
            let granules: Vec<_> = granules.into_iter().map(|location| self.together.granule(location)).collect();
            let wanted =
                group.iter().zip(own).map(|(cell, granules)| Ok(CellWanted { job: spec.job(*cell)?, granules }));
            let wanted: Vec<CellWanted> = wanted.collect::<Result<_, pipeline::Error>>()?;
            let file = TemporaryFile::default();
            let tuning = &self.together.tuning;
            let mut read = jobs::compute_cells(&granules, &wanted, tuning, Some(&file), &watched).await?;
            let own = read.kinds();
            if kinds.is_empty() {
                kinds = own;
            } else if !own.is_empty() && own != kinds {
                let why = "the granules store a column as numbers of different kinds: ask for it from fewer granules";
                return Err(Error::Rows(why.to_owned()));
            }
            let mut give = |job: &Job, batch: PointRows<'_>| {
                rows += batch.batch.row.len() as u64;
                take(&kinds, job, batch)
            };
            while let Some(ledger) = read.next_points(&mut give) {
                ledger?;
                done += 1;
                observer.cells(done, self.chosen.parents.len());
            }
        }
        Ok((rows, watched.read()))
    }
}
