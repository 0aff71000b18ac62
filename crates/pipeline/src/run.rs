//! The job: many granules at once, folded in one canonical order.
use crate::budget::Budget;
use crate::copies::{self, File, Outcome};
use crate::granule::{Room, TrackRows};
use crate::kept::{Full, InOrder, Kept};
use crate::planned::Region;
use crate::points::{POINTS, common};
use crate::product::Weight;
use crate::reader::{CellWanted, Portion, Reader};
use crate::{
    CellResult, Error, Granule, GranuleEntry, Job, JobEvent, JobSpec, Ledger, Observer, Open, PointBatch, PointKind,
    PointRows, Scratch, Tuning, WindowUsed, result, trend,
};
use aggregate::{Reducer, ReducerLimits, Weighting};
use futures_util::StreamExt as _;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Reads the granules, keeps the rows inside the parent, and reduces them to the statistics of its children.
///
/// The result does not depend on the order of `granules`, on `tuning`, or on the order in which bytes arrive. Rows that memory
/// has no room for go to `scratch`; without one there is an end to how many can count.
///
/// # Errors
/// [`Error::Unreadable`] with the ledger when a granule cannot be read and the job does not allow partial results;
/// [`Error::NoRoom`] and [`Error::Scratch`] when rows cannot be kept;
/// [`Error::Config`] when the job makes no sense.
pub async fn run_cell<O: Open>(
    granules: &[Granule<O>],
    job: &Job,
    tuning: &Tuning,
    scratch: Option<&dyn Scratch>,
    observer: &dyn Observer,
) -> Result<CellResult, Error> {
    let wanted = [CellWanted { job: job.clone(), granules: Some((0..granules.len()).collect()) }];
    let mut read = read_cells(granules, &wanted, tuning, scratch, observer).await?;
    read.next().unwrap_or_else(|| Err(Error::Config("a job has one cell".into())))
}

/// Reads granules once for many cells; the answer gives the result of each, in their order.
///
/// Each result is that of [`run_cell`] with the cell's own granules. What reading a granule took is in the ledger of the first
/// of its cells.
///
/// # Errors
/// [`Error::NoRoom`] and [`Error::Scratch`] when rows cannot be kept; [`Error::Config`] when the jobs differ in more than their
/// cells. What is wrong with one cell is in its own result.
pub async fn read_cells<'a, O: Open>(
    granules: &[Granule<O>],
    wanted: &'a [CellWanted],
    tuning: &Tuning,
    scratch: Option<&'a dyn Scratch>,
    observer: &dyn Observer,
) -> Result<CellsRead<'a>, Error> {
    let spec = |job: &Job| JobSpec { cells: Vec::new(), ..job.spec().clone() };
    let order = |job: &Job| job.parent().order();
    let mut jobs = wanted.iter().map(|wanted| &wanted.job);
    let is_one_kind = match jobs.next() {
        Some(first) => jobs.all(|job| order(job) == order(first) && spec(job) == spec(first)),
        None => true,
    };
    if !POINTS && wanted.iter().any(|wanted| wanted.job.product().points.is_some()) {
        return Err(Error::Config("rows themselves take the feature `points` of the pipeline".into()));
    }
    if !is_one_kind {
        return Err(Error::Config("cells that are read together differ in nothing else".into()));
    }
    let (portions, warnings) = portions(granules, wanted);
    observer.event(JobEvent::Planned { granules: portions.len() });
    let shares = Shares::of(tuning.memory, scratch.is_some());
    let room = Room {
        budget: Budget::new(shares.under_way),
        parents: Budget::new(shares.parents),
        kept: Kept::new(scratch, shares.kept),
        points: Kept::new(scratch, shares.kept),
    };
    let regions = if tuning.exhaustive { None } else { Region::each_of(wanted.iter().map(|wanted| &wanted.job)) };
    let reader = Reader {
        wanted,
        regions: regions.unwrap_or_default(),
        tuning,
        room: &room,
        stopped: RefCell::new(vec![false; wanted.len()]),
        finished: Cell::new(0),
        granules,
        observer,
    };
    let tracks = wanted.first().map_or(1, |wanted| wanted.job.product().tracks.len().max(1));
    let at_once = tuning.tracks_in_flight.div_ceil(tracks).max(1);
    let mut cells: Vec<CellRead> =
        warnings.into_iter().map(|warnings| CellRead { read: Vec::new(), warnings }).collect();
    {
        let read = futures_util::stream::iter(&portions).map(|portion| reader.read(portion));
        let mut read = std::pin::pin!(read.buffer_unordered(at_once));
        while let Some(read) = read.next().await {
            for (cell, outcome) in read {
                if let Some(cell) = cells.get_mut(cell) {
                    cell.read.push(outcome);
                }
            }
        }
    }
    match room.kept.stopped().or_else(|| room.points.stopped()) {
        Some(Full::Memory { rows }) => {
            let (read, granules, memory) = (reader.finished.get(), portions.len(), tuning.memory);
            return Err(Error::NoRoom { rows, read, granules, memory });
        }
        Some(Full::Scratch(why)) => return Err(Error::Scratch(why)),
        None => {}
    }
    let cells = cells.into_iter();
    let (kept, points) = (room.kept, room.points);
    Ok(CellsRead { wanted: wanted.iter(), cells, kept, points, finishing: shares.finishing })
}

/// What was read for some cells: their results, in their order.
pub struct CellsRead<'a> {
    wanted: std::slice::Iter<'a, CellWanted>,
    cells: std::vec::IntoIter<CellRead>,
    kept: Kept<'a>,
    points: Kept<'a, PointBatch>,
    finishing: u64,
}

/// What was read for one cell.
struct CellRead {
    /// Of each granule, by its place in the canonical order: the file that counts, and those that could not be read.
    read: Vec<(usize, (Outcome, Vec<Outcome>))>,
    warnings: Vec<String>,
}

impl Iterator for CellsRead<'_> {
    type Item = Result<CellResult, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (wanted, read) = (self.wanted.next()?, self.cells.next()?);
        Some(finish(&wanted.job, read, &self.kept, self.finishing))
    }
}

impl CellsRead<'_> {
    /// The kinds of the columns that rows are asked for with.
    #[must_use]
    pub fn kinds(&self) -> Vec<PointKind> {
        let outcomes = self.cells.as_slice().iter().flat_map(|cell| &cell.read);
        common(outcomes.flat_map(|(_, (chosen, _))| &chosen.rows).map(|rows| &rows.points))
    }

    /// Gives the rows of the next cell to `take`, granule by granule in canonical order, track by track, in row order; and what was
    /// read of it.
    pub fn next_points<E: From<Error>>(
        &mut self,
        take: &mut dyn FnMut(&Job, PointRows<'_>) -> Result<(), E>,
    ) -> Option<Result<Ledger, E>> {
        let (wanted, read) = (self.wanted.next()?, self.cells.next()?);
        Some(self.points_of(&wanted.job, read, take))
    }

    fn points_of<E: From<Error>>(
        &self,
        job: &Job,
        read: CellRead,
        take: &mut dyn FnMut(&Job, PointRows<'_>) -> Result<(), E>,
    ) -> Result<Ledger, E> {
        let (ledger, rows) = read.ledger(job)?;
        for (entry, rows) in ledger.granules.iter().zip(&rows) {
            for (track, rows) in entry.tracks.iter().zip(rows) {
                for ticket in &rows.points.tickets {
                    let (granule, track) = (entry.granule.as_str(), track.track.as_str());
                    let taken = self.points.with(*ticket, |batch| take(job, PointRows { granule, track, batch }));
                    taken.map_err(|why| E::from(Error::Scratch(why)))??;
                    self.points.drop(*ticket);
                }
            }
        }
        Ok(ledger)
    }
}

impl CellRead {
    /// What was read, and the rows of each of its granules.
    fn ledger(self, job: &Job) -> Result<(Ledger, Vec<Vec<TrackRows>>), Error> {
        let Self { mut read, mut warnings } = self;
        read.sort_unstable_by_key(|(index, _)| *index);
        let mut entries = Vec::with_capacity(read.len());
        let mut rows = Vec::with_capacity(read.len());
        for outcome in read.into_iter().flat_map(|(_, (chosen, failed))| std::iter::once(chosen).chain(failed)) {
            entries.push(outcome.entry);
            rows.push(outcome.rows);
            warnings.extend(outcome.warnings);
        }
        let ledger = Ledger::new(entries, warnings);
        if ledger.totals.granules_failed > 0 && !job.spec().allow_partial {
            return Err(Error::Unreadable { ledger: Box::new(ledger) });
        }
        Ok((ledger, rows))
    }
}

/// From the rows of one cell to its statistics.
fn finish(job: &Job, read: CellRead, kept: &Kept<'_>, memory: u64) -> Result<CellResult, Error> {
    let (mut ledger, rows) = read.ledger(job)?;
    let used = WindowUsed::of_all(job, &ledger.granules, &rows);
    let mut tracks: Vec<TrackRows> = rows.into_iter().flatten().collect();
    let passes = trend::joined(tracks.iter_mut().flat_map(|rows| std::mem::take(&mut rows.passes)).collect());
    let weighting = weighting(job, &tracks, &mut ledger.warnings);
    ledger.warnings.extend(links(&ledger.granules));
    let config = |error: aggregate::Error| Error::Config(error.to_string());
    let limits = ReducerLimits { memory, ..ReducerLimits::default() };
    let reducer = Reducer::new(job.children(), weighting, limits).map_err(config)?;
    let reducer = reducer.with_min_count(job.product().min_count);
    let in_window = |window: u32| {
        let all = tracks.iter().flat_map(|rows| &rows.tickets).filter(|(own, _)| *own == window);
        InOrder { kept, tickets: all.map(|(_, ticket)| *ticket).collect() }
    };
    let steps = if job.spec().time.is_some() { job.steps().iter().map(|(at, _)| *at).collect() } else { vec![0] };
    let windows: Vec<InOrder<'_>> = steps.into_iter().map(in_window).collect();
    let (mut levels, sparse) = result::levels(job, &reducer, &windows)?;
    trend::put(job, &passes, &mut levels)?;
    ledger.sparse_cells = sparse;
    windows.iter().flat_map(|window| &window.tickets).for_each(|ticket| kept.drop(*ticket));
    Ok(CellResult { job: job.clone(), levels, passes, windows: used, ledger })
}

/// Every granule once with all cells that it is read for; and what people should know of each cell.
fn portions<O>(granules: &[Granule<O>], wanted: &[CellWanted]) -> (Vec<Portion>, Vec<Vec<String>>) {
    let mut portions: Vec<Portion> = Vec::new();
    let mut places: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    let mut all = None;
    let of_cell = |(cell, wanted): (usize, &CellWanted)| {
        let file = |number: usize| Some(File::at(&granules.get(number)?.location, number));
        let of = |given: Vec<File>| copies::copies(&given, &wanted.job);
        let (granules, warnings) = match &wanted.granules {
            Some(numbers) => of(numbers.iter().filter_map(|&number| file(number)).collect()),
            None => all.get_or_insert_with(|| of((0..granules.len()).filter_map(file).collect())).clone(),
        };
        for (place, files) in granules.into_iter().enumerate() {
            let numbers = files.iter().map(|file| file.number).collect();
            let at = *places.entry(numbers).or_insert(portions.len());
            match portions.get_mut(at) {
                Some(portion) => portion.cells.push((cell, place)),
                None => portions.push(Portion { files, cells: vec![(cell, place)] }),
            }
        }
        warnings
    };
    let warnings = wanted.iter().enumerate().map(of_cell).collect();
    (portions, warnings)
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

#[cfg(test)]
mod tests;
