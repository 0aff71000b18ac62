//! From a task to its answer, within limits of time and memory.
use crate::guard::{Stopped, guarded};
use crate::watch::Watch;
use crate::{Answer, Architecture, Body, Error, ErrorType, Opener, Task, TemporaryFile, Usage, memory, output};
use futures_util::stream::{self, StreamExt as _};
use pipeline::{CellResult, CellWanted, CellsRead, Granule, Job, Observer, Open, Scratch, Tuning};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, pending};
use std::pin::pin;
use std::time::{Duration, Instant};
use storage::{Billed, Clients, Location, StoreSink};
use tracing::{Instrument as _, info_span};

/// What a task runs on. Nothing here changes a byte of the output.
pub struct Host<'a, S> {
    /// How to go about it.
    pub tuning: Tuning,
    /// Memory of the function in MiB; `None` sets no limit and no price.
    pub memory_mib: Option<u64>,
    /// Time until the host ends the call; `None` sets no limit.
    pub remaining: Option<Duration>,
    /// Waits.
    pub sleep: S,
    /// Receives what happens, and has the clock of the ledger.
    pub observer: &'a dyn Observer,
    /// Time that starting took, where this call is billed for it.
    pub init: Duration,
    /// An endpoint in place of the services that keep credentials.
    pub secrets_endpoint: Option<String>,
}

/// What is kept free before the limit: for cleaning up and answering.
fn margin(remaining: Duration) -> Duration {
    (remaining / 20).clamp(Duration::from_millis(500), Duration::from_secs(5))
}

/// Stores that are written at the same time, where they are small.
const WRITES: usize = 4;

/// How a task ended.
#[derive(Debug)]
pub struct Ended {
    /// The answer of the function, which every door gives.
    pub answer: Answer,
    /// The result that was written, or why there is none.
    pub outcome: Result<CellResult, Error>,
}

/// The result of one cell, for whoever has its granules in hand: [`pipeline::run_cell`].
///
/// # Errors
/// As that of the pipeline.
pub async fn compute<O: Open>(
    granules: &[Granule<O>],
    job: &Job,
    tuning: &Tuning,
    scratch: Option<&dyn Scratch>,
    observer: &dyn Observer,
) -> Result<CellResult, pipeline::Error> {
    pipeline::run_cell(granules, job, tuning, scratch, observer).await
}

/// The results of many cells from one reading of their granules, for whoever has them in hand: [`pipeline::read_cells`].
///
/// # Errors
/// As that of the pipeline.
pub async fn compute_cells<'a, O: Open>(
    granules: &[Granule<O>],
    wanted: &'a [CellWanted],
    tuning: &Tuning,
    scratch: Option<&'a dyn Scratch>,
    observer: &dyn Observer,
) -> Result<CellsRead<'a>, pipeline::Error> {
    pipeline::read_cells(granules, wanted, tuning, scratch, observer).await
}

/// Computes a job from all coordinates: a check that planned its reading would agree with a loss.
///
/// # Errors
/// As that of the pipeline.
pub async fn exhaustively(job: &Job, granules: &[Location], clients: &Clients) -> Result<CellResult, pipeline::Error> {
    let tuning = Tuning { exhaustive: true, ..Tuning::default() };
    let opener = |location: &Location| Opener::new(clients.clone(), location.clone());
    let granules: Vec<_> = granules.iter().map(|at| Granule::new(at.unsigned(), opener(at))).collect();
    compute(&granules, job, &tuning, Some(&TemporaryFile::default()), &()).await
}

/// Runs a task: reads, reduces, writes. A failure has an answer too; nothing half-written is visible as a store.
pub async fn run<S, F>(task: &Task, host: &Host<'_, S>) -> Ended
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    let mut only = None;
    run_together(std::slice::from_ref(task), host, &mut |_, ended| only = Some(ended)).await;
    only.unwrap_or_else(|| {
        let error = Error::new(ErrorType::Internal, "the task has not ended");
        Ended { answer: Answer::failed(Some(task.cell), &error, 0.0), outcome: Err(error) }
    })
}

/// Runs tasks that differ in their cells, granules and places alone: each granule is read once for all of them, with the
/// clients and indexes of the first task. Calls `ended` with the number of each task once it has ended.
pub async fn run_together<S, F>(tasks: &[Task], host: &Host<'_, S>, ended: &mut dyn FnMut(usize, Ended))
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    let Some(first) = tasks.first() else { return };
    let watch = Watch::new(host.observer, host.memory_mib);
    let call = Call { tasks, host, began: Instant::now(), watch, told: Cell::new(false) };
    let cells = (tasks.len() > 1).then_some(tasks.len());
    call.run(ended).instrument(info_span!("job", cell = first.cell, cells)).await;
}

/// Tasks that run together.
struct Call<'a, S> {
    tasks: &'a [Task],
    host: &'a Host<'a, S>,
    began: Instant,
    watch: Watch<'a>,
    /// Whether an answer has told what the call takes: the first one does.
    told: Cell<bool>,
}

impl<S, F> Call<'_, S>
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    async fn run(&self, ended: &mut dyn FnMut(usize, Ended)) {
        let mut stop = pin!(async {
            match self.host.remaining {
                Some(remaining) => (self.host.sleep)(remaining.saturating_sub(margin(remaining))).await,
                None => pending().await,
            }
        });
        let mut end = |at: usize, outcome, written| ended(at, self.ended(at, outcome, written));
        let mut open = Vec::with_capacity(self.tasks.len());
        for (at, task) in self.tasks.iter().enumerate() {
            let opened = guarded(self.open(task), stop.as_mut(), &self.watch).await;
            match opened.map_err(|why| self.stopped(why, "opening")).flatten() {
                Ok(sink) => open.push((at, task, sink)),
                Err(error) => end(at, Err(error), Billed::default()),
            }
        }
        let mut granules: Vec<&Location> = Vec::new();
        let mut numbers: BTreeMap<&Location, usize> = BTreeMap::new();
        let mut number = |location| {
            *numbers.entry(location).or_insert_with(|| {
                granules.push(location);
                granules.len() - 1
            })
        };
        let wanted: Vec<CellWanted> = open
            .iter()
            .map(|(_, task, _)| CellWanted {
                job: task.job.clone(),
                granules: Some(task.granules.iter().map(&mut number).collect()),
            })
            .collect();
        let Some((_, first, _)) = open.first() else { return };
        let granules: Vec<Granule<Opener>> = granules
            .into_iter()
            .map(|location| crate::granule(location, first.index.as_deref(), &first.reading))
            .collect();
        let file = TemporaryFile::default();
        // Functions have little of a disk: what they cannot hold is an error.
        let scratch = self.host.memory_mib.is_none().then_some(&file as &dyn Scratch);
        let reading = pipeline::read_cells(&granules, &wanted, &self.host.tuning, scratch, &self.watch);
        let reading = guarded(reading, stop.as_mut(), &self.watch).await;
        let results = reading.map_err(|why| self.stopped(why, "reading"));
        let results = match results.and_then(|results| results.map_err(Error::from)) {
            Ok(results) => results,
            Err(error) => return open.iter().for_each(|(at, ..)| end(*at, Err(error.clone()), Billed::default())),
        };
        let mut left: BTreeSet<usize> = open.iter().map(|(at, ..)| *at).collect();
        let write = async |((at, task, sink), result): ((usize, &Task, Option<StoreSink>), _)| {
            let outcome = self.written(task, sink.as_ref(), result).await;
            (at, outcome, sink.as_ref().map_or_else(Billed::default, StoreSink::billed))
        };
        let writing = async {
            let writes = stream::iter(open.into_iter().zip(results)).map(write);
            let mut writes = pin!(writes.buffer_unordered(WRITES));
            while let Some((at, outcome, written)) = writes.next().await {
                left.remove(&at);
                end(at, outcome, written);
            }
        };
        if let Err(why) = guarded(writing, stop.as_mut(), &self.watch).await {
            let error = self.stopped(why, "writing");
            left.into_iter().for_each(|at| end(at, Err(error.clone()), Billed::default()));
        }
    }

    async fn open(&self, task: &Task) -> Result<Option<StoreSink>, Error> {
        check_memory(task, self.host.memory_mib)?;
        output::open(task).await
    }

    /// What a failed attempt leaves is no whole store, and it may be another attempt's work: the next one continues from it.
    async fn written(
        &self,
        task: &Task,
        sink: Option<&StoreSink>,
        result: Result<CellResult, pipeline::Error>,
    ) -> Result<CellResult, Error> {
        let result = result?;
        if task.verify {
            let whole = exhaustively(&task.job, &task.granules, &task.reading).await?;
            pipeline::same_result(&result, &whole)?;
        }
        if let Some(sink) = sink {
            let written = output::write(task, sink, &result).await;
            written.map_err(|error| error.with_ledger(result.ledger.clone()))?;
        }
        Ok(result)
    }

    /// The end of a task; the first answer tells what the call takes.
    fn ended(&self, at: usize, outcome: Result<CellResult, Error>, written: Billed) -> Ended {
        let seconds = self.began.elapsed().as_secs_f64();
        let task = self.tasks.get(at);
        let cell = task.map(|task| task.cell);
        let output = task.and_then(|task| task.output.as_ref());
        let mut answer = match &outcome {
            Ok(result) => {
                let out = output.filter(|_| result.empty_because().is_none()).map(|output| output.place.to_string());
                Answer::done(Body::new(cell, Ok(result), out.as_deref(), seconds))
            }
            Err(error) => Answer::failed(cell, error, seconds),
        };
        let body = &mut answer.body;
        let tells = !self.told.replace(true);
        if tells && (outcome.is_err() || self.tasks.len() == 1) {
            let (requests, bytes) = self.watch.received();
            (body.requests, body.bytes_read) = (body.requests.max(requests), body.bytes_read.max(bytes));
            body.granule_count = body.granule_count.max(self.watch.planned() as u64);
        }
        if let Some(mib) = self.host.memory_mib.filter(|_| tells) {
            body.usage = Usage::call(mib, self.host.init + self.began.elapsed());
        }
        if output.is_some_and(|output| output.place.is_s3()) {
            (body.usage.gets, body.usage.puts) = (written.gets, written.puts);
        }
        if task.is_some_and(|task| task.granules.iter().any(Location::is_s3)) {
            body.usage.gets += body.requests;
        }
        body.cost_usd = self.host.memory_mib.map(|_| (body.usage.dollars(Architecture::HERE) * 1e9).round() / 1e9);
        Ended { answer, outcome }
    }

    fn stopped(&self, why: Stopped, during: &str) -> Error {
        stopped(why, during, self.host.remaining, &self.watch)
    }
}

fn check_memory(task: &Task, memory_mib: Option<u64>) -> Result<(), Error> {
    let least = memory::least_mib(&task.job);
    let Some(mib) = memory_mib.filter(|mib| *mib < least) else { return Ok(()) };
    let children = task.job.children();
    Err(Error::new(
        ErrorType::OutOfBudget,
        format!("{children} children take {least} MiB at the least and the function has {mib}: give it more memory"),
    ))
}

fn stopped(why: Stopped, during: &str, remaining: Option<Duration>, watch: &Watch<'_>) -> Error {
    let progress = watch.progress();
    let error = match why {
        Stopped::Time => {
            let margin = remaining.map_or(0.0, |remaining| margin(remaining).as_secs_f64());
            let message = format!(
                "time is running out: stopped {margin:.1} s before the limit while {during}, with {progress}; give the function more time, or memory, which brings processors"
            );
            Error::new(ErrorType::Timeout, message)
        }
        Stopped::Memory(bytes) => {
            let used = bytes >> 20;
            let message = format!(
                "memory is running out: {used} MiB are in use while {during}, with {progress}; give the function more memory"
            );
            Error::new(ErrorType::OutOfBudget, message)
        }
        Stopped::Panic(words) => {
            Error::new(ErrorType::Internal, format!("the engine panicked while {during}, with {progress}: {words}"))
        }
    };
    error.with_ledger(watch.ledger())
}
