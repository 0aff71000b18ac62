//! The store of a region, filled group by group of its cells.
use crate::watched::Watched;
use crate::{Before, Chosen, Error, Gatherable, GridObserver, Read, State, Together};
use jobs::TemporaryFile;
use morton::Cell;
use pipeline::{CellWanted, JobSpec, Layout};
use storage::{Clients, Location};
use stores::RegionStore;

/// Children whose results are held before they are put into the store.
const HELD: u64 = 1 << 19;

/// The cells of a region, computed into one store.
pub struct GridJob {
    /// What is computed; cells, region and layout are those of this job.
    pub spec: JobSpec,
    /// The cells.
    pub chosen: Chosen,
    /// The granules.
    pub granules: Gatherable,
    /// Where the store goes: a folder or a bucket's prefix.
    pub store: String,
    /// For writing it.
    pub writing: Clients,
    /// How granules are read.
    pub together: Together,
    /// Replace a store that was made of other granules or with other options.
    pub overwrite: bool,
}

/// What came of it.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Filled {
    /// Parent cells that are done.
    pub parents: usize,
    /// Of those, parents that an earlier run had done.
    pub resumed: usize,
    /// Children with at least one observation, of this run.
    pub cells_with_data: u64,
    /// Observations that count, of this run.
    pub observations: u64,
    /// What reading took.
    pub read: Read,
}

impl GridJob {
    /// What is computed of every cell.
    #[must_use]
    pub fn spec(&self) -> JobSpec {
        JobSpec { layout: Layout::Region, area: Some(self.chosen.area.clone()), cells: Vec::new(), ..self.spec.clone() }
    }

    /// Takes the store for a run, and says what it was asked for before.
    ///
    /// # Errors
    /// [`Error::InUse`] while another run fills it, [`Error::State`] where that cannot be noted.
    pub fn begin(&self) -> Result<(State, Before), Error> {
        let state = State::take(&self.store, &self.spec(), &self.granules)?;
        let before = state.before();
        Ok((state, before))
    }

    /// Fills the store, or goes on filling it. It may be dropped at any moment: what is in the store is whole cell by cell, and
    /// the same job goes on with the rest.
    ///
    /// # Errors
    /// [`Error::Other`] where the store is another's, or of unknown granules; [`Error::Job`] for granules that cannot be read,
    /// when all other cells of the group are in the store; [`Error::Store`].
    pub async fn run(&self, state: &mut State, observer: &dyn GridObserver) -> Result<Filled, Error> {
        let spec = self.spec();
        let first = self.chosen.parents.first().copied().ok_or(Error::Nothing)?;
        let before = state.before();
        if before == Before::Other && !self.overwrite {
            return Err(Error::Other(self.store.clone()));
        }
        if self.overwrite && before != Before::Stopped {
            let sink = self.writing.sink(&Location::parse(&self.store)?)?;
            pipeline::clear_store(&sink).await?;
        }
        let (area, job) = (&self.chosen.area, spec.job(first)?);
        let ranges = area.ranges().iter().map(|[from, to]| *from..*to);
        let mut store = RegionStore::create(&self.store, &job, ranges, &area.kept.clip, &self.writing).await?;
        if before == Before::Nothing && !store.done().is_empty() {
            return Err(Error::Other(self.store.clone()));
        }
        state.begin()?;
        let resumed = store.done().len();
        let watched = Watched::new(observer);
        let mut filled = Filled { resumed, ..Filled::default() };
        let remaining = store.remaining()?;
        for group in remaining.chunks(self.together.cells.max(1)) {
            observer.group(store.done().len(), group.len(), self.chosen.parents.len());
            let ended = self.fill(&spec, group, &mut store, (&watched, observer), &mut filled).await;
            filled.read = watched.read();
            ended?;
        }
        filled.parents = store.done().len();
        Ok(filled)
    }

    /// Fills the cells of a group.
    async fn fill(
        &self,
        spec: &JobSpec,
        group: &[Cell],
        store: &mut RegionStore,
        (watched, observer): (&Watched<'_>, &dyn GridObserver),
        filled: &mut Filled,
    ) -> Result<(), Error> {
        let (granules, own) = self.granules.part(group);
        let granules: Vec<_> = granules.into_iter().map(|location| self.together.granule(location)).collect();
        let wanted = group.iter().zip(own).map(|(cell, granules)| Ok(CellWanted { job: spec.job(*cell)?, granules }));
        let wanted: Vec<CellWanted> = wanted.collect::<Result<_, pipeline::Error>>()?;
        let file = TemporaryFile::default();
        let read = jobs::compute_cells(&granules, &wanted, &self.together.tuning, Some(&file), watched).await?;
        let (mut held, mut children, mut failed) = (Vec::new(), 0, None);
        for result in read {
            match result {
                Ok(result) => {
                    filled.cells_with_data += result.cells_with_data() as u64;
                    filled.observations += result.observations();
                    children += u64::from(result.job.children());
                    held.push(result);
                }
                Err(error) => _ = failed.get_or_insert(error),
            }
            if children >= HELD {
                store.put(&held).await?;
                (children, held) = (0, Vec::new());
                observer.cells(store.done().len(), self.chosen.parents.len());
            }
        }
        store.put(&held).await?;
        observer.cells(store.done().len(), self.chosen.parents.len());
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}
