//! The job: many granules at once, folded in one canonical order.
use crate::budget::Budget;
use crate::clock::Clock;
use crate::copies::{self, File, Outcome};
use crate::granule::{self, Refused, Room, TrackRows};
use crate::kept::{Full, InOrder, Kept};
use crate::metered::Metered;
use crate::planned::Region;
use crate::product::Weight;
use crate::{
    CellResult, Error, Failure, FailureClass, Granule, GranuleEntry, Job, JobEvent, Ledger, Observer, Open, Reading,
    Scratch, Sidecar, Tuning, Unusable, WindowUsed, result, trend, verify,
};
use aggregate::{Batch, Reducer, ReducerLimits, Weighting};
use byte_ranges::{Source, SourceError, SourceErrorKind, unsigned};
use futures_util::{FutureExt as _, StreamExt as _};
use std::cell::Cell;

/// Whether granules are read by their indexes, and jobs verified; the browser, where size counts, goes without.
const INDEXES: bool = cfg!(feature = "indexes");

/// Reads the granules, keeps the rows inside the parent, and reduces them to the statistics of its children.
///
/// The result does not depend on the order of `granules`, on `tuning`, or on the order in which bytes arrive. Rows that memory
/// has no room for go to `scratch`; without one there is an end to how many can count.
///
/// # Errors
/// [`Error::Unreadable`] with the ledger when a granule cannot be read and the job does not allow partial results;
/// [`Error::Differs`] when the job was to be verified and is found wrong; [`Error::NoRoom`] and [`Error::Scratch`] when rows cannot be kept;
/// [`Error::Config`] when the job makes no sense.
pub async fn run_cell<O: Open>(
    granules: &[Granule<O>],
    job: &Job,
    tuning: &Tuning,
    scratch: Option<&dyn Scratch>,
    observer: &dyn Observer,
) -> Result<CellResult, Error> {
    let result = compute(granules, job, tuning, scratch, observer).await?;
    // The browser, where size counts, goes without: all of reading would be compiled a second time.
    if INDEXES && tuning.verify {
        let exhaustive = Tuning { exhaustive: true, ..*tuning };
        // Behind a pointer: a future of that size would be carried through every job.
        let whole = Box::pin(compute(granules, job, &exhaustive, scratch, &())).await?;
        verify::same(&result, &whole)?;
    }
    Ok(result)
}

async fn compute<O: Open>(
    granules: &[Granule<O>],
    job: &Job,
    tuning: &Tuning,
    scratch: Option<&dyn Scratch>,
    observer: &dyn Observer,
) -> Result<CellResult, Error> {
    let given: Vec<File> = granules.iter().zip(0..).map(|(granule, at)| File::at(&granule.location, at)).collect();
    let (files, mut warnings) = copies::copies(&given, job);
    observer.event(JobEvent::Planned { granules: files.len() });
    let region = if tuning.exhaustive { None } else { Region::of(job) };
    let shares = Shares::of(tuning.memory, scratch.is_some());
    let kept = Kept::new(scratch, shares.kept);
    let room = Room { budget: Budget::new(shares.under_way), parents: Budget::new(shares.parents), kept };
    let (stopped, finished) = (Cell::new(false), Cell::new(0));
    let reader = Reader { job, tuning, region, room: &room, stopped, finished, granules, observer };
    let at_once = tuning.tracks_in_flight.div_ceil(job.product().tracks.len().max(1)).max(1);
    let mut read: Vec<(usize, (Outcome, Vec<Outcome>))> = futures_util::stream::iter(files.iter().enumerate())
        .map(|(index, files)| {
            let reader = &reader;
            async move { (index, reader.read(files).await) }
        })
        .buffer_unordered(at_once)
        .collect()
        .await;
    match room.kept.stopped() {
        Some(Full::Memory { rows }) => {
            let (read, granules, memory) = (reader.finished.get(), files.len(), tuning.memory);
            return Err(Error::NoRoom { rows, read, granules, memory });
        }
        Some(Full::Scratch(why)) => return Err(Error::Scratch(why)),
        None => {}
    }
    read.sort_unstable_by_key(|(index, _)| *index);
    let mut entries = Vec::with_capacity(read.len());
    let mut rows = Vec::with_capacity(read.len());
    for outcome in read.into_iter().flat_map(|(_, (chosen, failed))| std::iter::once(chosen).chain(failed)) {
        entries.push(outcome.entry);
        rows.push(outcome.rows);
        warnings.extend(outcome.warnings);
    }
    let mut ledger = Ledger::new(entries, warnings);
    if ledger.totals.granules_failed > 0 && !job.spec().allow_partial {
        return Err(Error::Unreadable { ledger: Box::new(ledger) });
    }
    let used = WindowUsed::of_all(job, &ledger.granules, &rows);
    let mut tracks: Vec<TrackRows> = rows.into_iter().flatten().collect();
    let passes = trend::joined(tracks.iter_mut().flat_map(|rows| std::mem::take(&mut rows.passes)).collect());
    let weighting = weighting(job, &tracks, &mut ledger.warnings);
    ledger.warnings.extend(links(&ledger.granules));
    let config = |error: aggregate::Error| Error::Config(error.to_string());
    let limits = ReducerLimits { memory: shares.finishing, ..ReducerLimits::default() };
    let reducer = Reducer::new(job.children(), weighting, limits).map_err(config)?;
    let reducer = reducer.with_min_count(job.product().min_count);
    let in_window = |window: u32| {
        let all = tracks.iter().flat_map(|rows| &rows.tickets).filter(|(own, _)| *own == window);
        InOrder { kept: &room.kept, tickets: all.map(|(_, ticket)| *ticket).collect() }
    };
    let steps = if job.spec().time.is_some() { job.steps().iter().map(|(at, _)| *at).collect() } else { vec![0] };
    let windows: Vec<InOrder<'_>> = steps.into_iter().map(in_window).collect();
    let (mut levels, sparse) = result::levels(job, &reducer, &windows)?;
    trend::put(job, &passes, &mut levels)?;
    ledger.sparse_cells = sparse;
    Ok(CellResult { job: job.clone(), levels, passes, windows: used, ledger })
}

/// What a job's memory is for, in bytes.
struct Shares {
    under_way: u64,
    parents: u64,
    kept: u64,
    finishing: u64,
}

impl Shares {
    /// With a scratch place there is no need to keep much in memory, and statistics are finished in fewer passes.
    const fn of(memory: u64, scratch: bool) -> Self {
        let eighth = memory / 8;
        let (kept, finishing) = if scratch { (2 * eighth, 3 * eighth) } else { (3 * eighth, 2 * eighth) };
        Self { under_way: 2 * eighth, parents: eighth, kept, finishing }
    }
}

/// How rows are weighed. Where an uncertainty is optional and a granule lacks it, no row is weighed by it.
fn weighting(job: &Job, tracks: &[TrackRows], warnings: &mut Vec<String>) -> Weighting {
    let product = job.product();
    let unweighted = product.weight == Weight::InverseVariance && tracks.iter().any(|track| !track.has_sigma);
    if let Some(uncertainty) = product.uncertainty.as_ref().filter(|_| unweighted) {
        warnings.push(format!("a granule has no {}: all rows weigh the same in the means", uncertainty.name()));
    }
    match product.weight {
        Weight::InverseVariance if !unweighted => Weighting::InverseVariance,
        Weight::InverseVariance | Weight::None => Weighting::Equal,
        Weight::Column(_) => Weighting::Given,
    }
}

/// Links to parents that are broken, in words.
fn links(granules: &[GranuleEntry]) -> Vec<String> {
    let tracks = granules.iter().flat_map(|entry| entry.tracks.iter().map(move |track| (entry, track)));
    let broken = tracks.filter(|(_, track)| !track.link.is_sound());
    broken
        .map(|(entry, track)| {
            format!("{}, {}: the link to its parents is broken: {}", entry.granule, track.track, track.link)
        })
        .collect()
}

/// What all granules of a job share.
struct Reader<'a, O> {
    job: &'a Job,
    tuning: &'a Tuning,
    /// The parent's shape, where one is of use.
    region: Option<Region>,
    room: &'a Room<'a>,
    /// Set by the first failure that fails the job: later granules are not opened.
    stopped: Cell<bool>,
    /// Granules that were read.
    finished: Cell<usize>,
    granules: &'a [Granule<O>],
    observer: &'a dyn Observer,
}

impl<O: Open> Reader<'_, O> {
    /// Reads a granule: the file that counts of those that it is in, and those that could not be read.
    async fn read(&self, files: &[File]) -> (Outcome, Vec<Outcome>) {
        let mut read = Vec::with_capacity(files.len());
        for file in files {
            read.push(self.read_file(file).await);
        }
        let (outcome, failed) = copies::choose(read, self.job.spec().allow_partial, &self.room.kept);
        let entry = &outcome.entry;
        if entry.error.is_some() && !self.job.spec().allow_partial || self.room.kept.stopped().is_some() {
            self.stopped.set(true);
        }
        self.finished.set(self.finished.get() + usize::from(entry.error.is_none()));
        for (track, rows) in entry.tracks.iter().zip(&outcome.rows) {
            let (granule, track) = (&entry.granule, &track.track);
            rows.tickets.iter().for_each(|(_, ticket)| {
                self.room.kept.show(*ticket, |batch| {
                    let Batch { child, value, sigma, .. } = batch;
                    self.observer.event(JobEvent::Rows { granule, track, child, value, sigma: sigma.as_ref() });
                });
            });
        }
        self.observer.event(JobEvent::Finished(entry));
        (outcome, failed)
    }

    /// Whether an index is of a file's granule.
    fn is_of(&self, sidecar: &Sidecar, file: &File) -> bool {
        let name = |file: &str| self.job.product().mission_name(file);
        name(&sidecar.granule) == name(file.name())
    }

    async fn read_file(&self, file: &File) -> Outcome {
        let mut entry = GranuleEntry {
            granule: file.name().to_owned(),
            location: unsigned(file.location()).into_owned(),
            ..GranuleEntry::default()
        };
        let mut rows = Vec::new();
        if self.stopped.get() {
            let message = "not read: another granule had failed".into();
            entry.error = Some(Failure { class: FailureClass::NotRead, place: None, message });
            return Outcome { entry, rows, warnings: Vec::new() };
        }
        if Clock::of(self.job, file.name()).is_outside() {
            entry.outside_windows = true;
            return Outcome { entry, rows, warnings: Vec::new() };
        }
        self.observer.event(JobEvent::Opened { granule: file.name() });
        let began = self.observer.now();
        let granule = self.granules.get(file.number);
        let unknown = || SourceError::new(SourceErrorKind::Config, file.location(), "not a granule of this job");
        match granule.ok_or_else(unknown).and_then(|granule| granule.opener.open()) {
            Ok(source) => {
                let index = granule.and_then(|granule| granule.index.as_ref());
                let source = Metered::new(source, file.name(), self.observer);
                // Behind a pointer: where indexes are left out, nothing of them is linked.
                let indexed = if INDEXES && index.is_some() {
                    self.read_indexed(file, index, &source, &mut entry).boxed_local().await
                } else {
                    None
                };
                let read = match indexed {
                    Some(read) => read.map(|tracks| (tracks, Reading::Indexed)),
                    None => {
                        granule::read(file.name(), &source, self.job, self.tuning, self.region.as_ref(), self.room)
                            .await
                    }
                };
                match read {
                    Ok((tracks, reading)) => {
                        (entry.tracks, rows) = tracks.tracks.into_iter().unzip();
                        (entry.reading, entry.left_out) = (Some(reading), tracks.left_out);
                        let there = |name: &String| entry.tracks.iter().any(|track| track.track == *name);
                        let gone = |name: &&String| !there(name) && !entry.left_out.contains(name);
                        entry.absent = self.job.product().tracks.iter().filter(gone).cloned().collect();
                    }
                    Err(error) => entry.error = Some(error.failure()),
                }
                entry.size = source.file_size();
                entry.requests += source.requests();
                entry.bytes += source.bytes();
            }
            Err(error) => entry.error = Some(crate::GranuleError::Source(error).failure()),
        }
        entry.milliseconds = self.observer.now().saturating_sub(began);
        Outcome { entry, rows, warnings: Vec::new() }
    }

    /// Reads a granule by its index, if it has one that is of use; the entry records it.
    async fn read_indexed(
        &self,
        file: &File,
        index: Option<&O>,
        source: &impl Source,
        entry: &mut GranuleEntry,
    ) -> Option<Result<granule::Tracks, crate::GranuleError>> {
        let index = index.filter(|_| !self.tuning.exhaustive)?;
        let refused = match index.open() {
            Err(error) => Refused::from(Sidecar::unreachable(&error)),
            Ok(opened) => {
                let opened = Metered::new(opened, file.name(), self.observer);
                let sidecar = Sidecar::fetch(&opened).await;
                entry.requests += opened.requests();
                entry.bytes += opened.bytes();
                match sidecar {
                    Err(why) => Refused::from(why),
                    Ok(sidecar) if !self.is_of(&sidecar, file) => {
                        Refused::from(Unusable::new("it is of another granule"))
                    }
                    Ok(sidecar) => match granule::read_indexed(source, &sidecar, self.job, self.room).await {
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

#[cfg(test)]
mod tests;
