//! A granule's files, opened and read for the cells that want them.
use crate::cells::Cells;
use crate::clock::Clock;
use crate::copies::{self, File, Outcome};
use crate::granule::{self, OfCell, Refused, Room, Target, Tracks};
use crate::metered::Metered;
use crate::planned::Region;
use crate::{
    Failure, FailureClass, Granule, GranuleEntry, GranuleError, Job, JobEvent, Observer, Open, Sidecar, Tuning,
    Unusable,
};
use aggregate::Batch;
use byte_ranges::{Source, SourceError, SourceErrorKind, unsigned};
use futures_util::FutureExt as _;
use std::cell::{Cell, RefCell};

/// Whether granules are read by their indexes; the browser, where size counts, goes without.
const INDEXES: bool = cfg!(feature = "indexes");

/// One of the cells that granules are read for.
#[derive(Clone, Debug)]
pub struct CellWanted {
    /// What is computed of it.
    pub job: Job,
    /// The numbers of its granules in the list of all. `None`: whichever have rows in it, and those that cannot be read.
    pub granules: Option<Vec<usize>>,
}

/// The files of one granule, and the cells that they are read for, each with the granule's place in its canonical order.
pub(crate) struct Portion {
    pub(crate) files: Vec<File>,
    pub(crate) cells: Vec<(usize, usize)>,
}

/// What a granule gives a cell: the cell, the granule's place in its order, and the file that counts with those that could not be
/// read.
pub(crate) type Chosen = (usize, (usize, (Outcome, Vec<Outcome>)));

/// The number of no cell.
const NONE: usize = usize::MAX;

/// What all granules of a reading share.
pub(crate) struct Reader<'a, O> {
    pub(crate) wanted: &'a [CellWanted],
    /// The shape of each cell, where shapes are of use.
    pub(crate) regions: Vec<Region>,
    pub(crate) tuning: &'a Tuning,
    pub(crate) room: &'a Room<'a>,
    /// Set of a cell by the first failure that fails it: later granules are not read for it.
    pub(crate) stopped: RefCell<Vec<bool>>,
    /// Granules that were read.
    pub(crate) finished: Cell<usize>,
    pub(crate) granules: &'a [Granule<O>],
    pub(crate) observer: &'a dyn Observer,
}

impl<O: Open> Reader<'_, O> {
    /// Reads a granule: for each of its cells the file that counts of those that it is in, and those that could not be read,
    /// with the granule's place in the cell's order.
    pub(crate) async fn read(&self, portion: &Portion) -> Vec<Chosen> {
        let mut read: Vec<Vec<Outcome>> = portion.cells.iter().map(|_| Vec::new()).collect();
        for file in &portion.files {
            let outcomes = self.read_file(file, &portion.cells).await;
            read.iter_mut().zip(outcomes).for_each(|(all, outcome)| all.push(outcome));
        }
        let mut is_read = true;
        let mut chosen = Vec::with_capacity(read.len());
        for (&(cell, place), read) in portion.cells.iter().zip(read) {
            let allows_partial = self.wanted.get(cell).is_some_and(|wanted| wanted.job.spec().allow_partial);
            let (outcome, failed) = copies::choose(read, allows_partial, self.room);
            let is_lost = outcome.entry.error.is_some() && !allows_partial;
            if let Some(stopped) = self.stopped.borrow_mut().get_mut(cell) {
                *stopped |= is_lost;
            }
            is_read &= outcome.entry.error.is_none();
            self.show(&outcome);
            chosen.push((cell, (place, (outcome, failed))));
        }
        self.finished.set(self.finished.get() + usize::from(is_read));
        let mut chosen = self.only_of_use(chosen);
        if let Some((_, (_, (outcome, _)))) = chosen.first() {
            self.observer.event(JobEvent::Finished(&outcome.entry));
        }
        chosen.retain(|(cell, _)| *cell != NONE);
        chosen
    }

    /// Leaves a granule out of the cells that take whichever have rows in them, where it has none. What it took goes to the first
    /// that is left; if there is none, the entry is for the observer alone.
    fn only_of_use(&self, mut chosen: Vec<Chosen>) -> Vec<Chosen> {
        let of_use = |(cell, (_, (outcome, failed))): &Chosen| {
            let takes_all = self.wanted.get(*cell).is_some_and(|wanted| wanted.granules.is_none());
            let has_rows = outcome.entry.tracks.iter().any(|track| track.rows.in_parent > 0);
            !takes_all || has_rows || outcome.entry.error.is_some() || !failed.is_empty()
        };
        let sum = |of: fn(&GranuleEntry) -> u64| chosen.iter().map(|(_, (_, (outcome, _)))| of(&outcome.entry)).sum();
        let taken: [u64; 3] = [sum(|entry| entry.requests), sum(|entry| entry.bytes), sum(|entry| entry.milliseconds)];
        let at = chosen.iter().position(of_use);
        match at {
            Some(_) => chosen.retain(of_use),
            None => {
                chosen.truncate(1);
                chosen.iter_mut().for_each(|(cell, _)| *cell = NONE);
            }
        }
        for (at, (_, (_, (outcome, _)))) in chosen.iter_mut().enumerate() {
            let taken = if at == 0 { taken } else { [0; 3] };
            [outcome.entry.requests, outcome.entry.bytes, outcome.entry.milliseconds] = taken;
        }
        chosen
    }

    /// Shows the rows that count of one cell.
    fn show(&self, outcome: &Outcome) {
        for (track, rows) in outcome.entry.tracks.iter().zip(&outcome.rows) {
            let (granule, track) = (&outcome.entry.granule, &track.track);
            rows.tickets.iter().for_each(|(_, ticket)| {
                self.room.kept.show(*ticket, |batch| {
                    let Batch { child, value, sigma, .. } = batch;
                    self.observer.event(JobEvent::Rows { granule, track, child, value, sigma: sigma.as_ref() });
                });
            });
        }
    }

    /// Reads a file for those of the cells that have not failed; an outcome each.
    async fn read_file(&self, file: &File, cells: &[(usize, usize)]) -> Vec<Outcome> {
        let entry = GranuleEntry {
            granule: file.name().to_owned(),
            location: unsigned(file.location()).into_owned(),
            ..GranuleEntry::default()
        };
        let of_all = |entry: GranuleEntry| cells.iter().map(|_| Outcome::of(entry.clone())).collect::<Vec<_>>();
        let is_full = self.room.kept.stopped().is_some() || self.room.points.stopped().is_some();
        let is_stopped =
            |&(cell, _): &(usize, usize)| is_full || self.stopped.borrow().get(cell).is_none_or(|stopped| *stopped);
        let running: Vec<bool> = cells.iter().map(|cell| !is_stopped(cell)).collect();
        let not_read = || {
            let message = "not read: another granule had failed".into();
            Failure { class: FailureClass::NotRead, place: None, message }
        };
        let target = |(cell, _): &(usize, usize)| {
            Some(Target { job: &self.wanted.get(*cell)?.job, region: self.regions.get(*cell) })
        };
        let still = cells.iter().zip(&running).filter(|(_, running)| **running).filter_map(|(cell, _)| target(cell));
        let targets: Vec<Target<'_>> = still.collect();
        let Some(Target { job, .. }) = targets.first() else {
            return of_all(GranuleEntry { error: Some(not_read()), ..entry });
        };
        if Clock::of(job, file.name()).is_outside() {
            return of_all(GranuleEntry { outside_windows: true, ..entry });
        }
        self.observer.event(JobEvent::Opened { granule: file.name() });
        let began = self.observer.now();
        let (mut entry, read) = self.read_targets(file, &targets, entry).await;
        entry.milliseconds = self.observer.now().saturating_sub(began);
        let mut read = read.into_iter();
        let mut outcomes = Vec::with_capacity(cells.len());
        for running in running {
            let mut outcome = Outcome::of(entry.clone());
            match if running { read.next() } else { None } {
                Some(Ok(of_cell)) => {
                    (outcome.entry.tracks, outcome.rows) = of_cell.tracks.into_iter().unzip();
                    outcome.entry.reading = of_cell.reading;
                    let (tracks, left_out) = (&outcome.entry.tracks, &outcome.entry.left_out);
                    let there = |name: &String| tracks.iter().any(|track| track.track == *name);
                    let gone = |name: &&String| !there(name) && !left_out.contains(name);
                    outcome.entry.absent = job.product().tracks.iter().filter(gone).cloned().collect();
                }
                Some(Err(error)) => outcome.entry.error = Some(error.failure()),
                None => outcome.entry.error = Some(not_read()),
            }
            if running {
                // What it took is told once.
                (entry.requests, entry.bytes, entry.milliseconds) = (0, 0, 0);
            } else {
                (outcome.entry.requests, outcome.entry.bytes, outcome.entry.milliseconds) = (0, 0, 0);
            }
            outcomes.push(outcome);
        }
        outcomes
    }

    /// Reads a file for some cells; the entry gets what is the same for all of them.
    async fn read_targets(
        &self,
        file: &File,
        targets: &[Target<'_>],
        mut entry: GranuleEntry,
    ) -> (GranuleEntry, Vec<Result<OfCell, GranuleError>>) {
        let of_all = |error: &GranuleError| targets.iter().map(|_| Err(error.clone())).collect();
        let granule = self.granules.get(file.number);
        let unknown = || SourceError::new(SourceErrorKind::Config, file.location(), "not a granule of this job");
        let source = match granule.ok_or_else(unknown).and_then(|granule| granule.opener.open()) {
            Ok(source) => Metered::new(source, file.name(), self.observer),
            Err(error) => return (entry, of_all(&GranuleError::Source(error))),
        };
        let index = granule.and_then(|granule| granule.index.as_ref());
        // Behind a pointer: where indexes are left out, nothing of them is linked.
        let indexed = if INDEXES && index.is_some() {
            self.read_indexed(file, (index, targets), &source, &mut entry).boxed_local().await
        } else {
            None
        };
        let read = match indexed {
            Some(read) => read,
            None => granule::read(file.name(), &source, targets, self.tuning, self.room).await,
        };
        entry.size = source.file_size();
        entry.requests += source.requests();
        entry.bytes += source.bytes();
        match read {
            Ok(Tracks { cells, left_out }) => {
                entry.left_out = left_out;
                (entry, cells)
            }
            Err(error) => (entry, of_all(&error)),
        }
    }

    /// Reads a granule by its index, if it has one that is of use; the entry records it.
    async fn read_indexed(
        &self,
        file: &File,
        (index, targets): (Option<&O>, &[Target<'_>]),
        source: &impl Source,
        entry: &mut GranuleEntry,
    ) -> Option<Result<Tracks, GranuleError>> {
        let index = index.filter(|_| !self.tuning.exhaustive)?;
        let mut jobs = targets.iter().map(|target| target.job);
        let cells = Cells::new(jobs.next()?, jobs);
        let name = |file: &str| cells.job().product().mission_name(file);
        let refused = match index.open() {
            Err(error) => Refused::from(Sidecar::unreachable(&error)),
            Ok(opened) => {
                let opened = Metered::new(opened, file.name(), self.observer);
                let sidecar = Sidecar::fetch(&opened).await;
                entry.requests += opened.requests();
                entry.bytes += opened.bytes();
                match sidecar {
                    Err(why) => Refused::from(why),
                    Ok(sidecar) if name(&sidecar.granule) != name(file.name()) => {
                        Refused::from(Unusable::new("it is of another granule"))
                    }
                    Ok(sidecar) => match granule::read_indexed(source, &sidecar, &cells, self.room).await {
                        Err(refused) => refused,
                        Ok(tracks) => {
                            entry.index = Some("used".into());
                            return Some(Ok(tracks));
                        }
                    },
                }
            }
        };
        match refused {
            Refused::Granule(error) => Some(Err(error)),
            Refused::Index(why) => {
                entry.index = Some(format!("not used: {why}"));
                None
            }
        }
    }
}
