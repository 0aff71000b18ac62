//! From a task to its answer, within limits of time and memory.
use crate::guard::{Stopped, guarded};
use crate::watch::Watch;
use crate::{Answer, Architecture, Body, Error, ErrorType, Opener, Task, TemporaryFile, Usage, memory, output};
use pipeline::{CellResult, Granule, Job, Observer, Open, Scratch, Tuning};
use std::future::{Future, pending};
use std::pin::pin;
use std::time::{Duration, Instant};
use storage::{Billed, Clients, Location};
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

/// How a task ended.
#[derive(Debug)]
pub struct Ended {
    /// The answer of the function, which every door gives.
    pub answer: Answer,
    /// The result that was written, or why there is none.
    pub outcome: Result<CellResult, Error>,
}

/// The one way from granules to a result outside the browser: [`pipeline::run_cell`].
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

/// Computes a job from all coordinates: a check that planned its reading would agree with a loss.
///
/// # Errors
/// As that of the pipeline.
pub async fn exhaustively(job: &Job, granules: &[Location], clients: &Clients) -> Result<CellResult, pipeline::Error> {
    let granule =
        |location: &Location| Granule::new(location.unsigned(), Opener::new(clients.clone(), location.clone()));
    let granules: Vec<_> = granules.iter().map(granule).collect();
    let tuning = Tuning { exhaustive: true, ..Tuning::default() };
    compute(&granules, job, &tuning, Some(&TemporaryFile::default()), &()).await
}

/// Runs a task: reads, reduces, writes. A failure has an answer too; nothing half-written is visible as a store.
pub async fn run<S, F>(task: &Task, host: &Host<'_, S>) -> Ended
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    run_task(task, host).instrument(info_span!("job", cell = task.cell)).await
}

async fn run_task<S, F>(task: &Task, host: &Host<'_, S>) -> Ended
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    let began = Instant::now();
    let watch = Watch::new(host.observer, host.memory_mib);
    let mut written = Billed::default();
    let outcome = attempt(task, host, &watch, &mut written).await;
    let (cell, seconds) = (Some(task.cell), began.elapsed().as_secs_f64());
    let mut answer = match &outcome {
        Ok(result) => {
            let out = task.output.as_ref().filter(|_| result.empty_because().is_none());
            let out = out.map(|output| output.place.to_string());
            Answer::done(Body::new(cell, Ok(result), out.as_deref(), seconds))
        }
        Err(error) => Answer::failed(cell, error, seconds),
    };
    let body = &mut answer.body;
    let (requests, bytes) = watch.received();
    (body.requests, body.bytes_read) = (body.requests.max(requests), body.bytes_read.max(bytes));
    body.granule_count = body.granule_count.max(watch.planned() as u64);
    body.usage = host.memory_mib.map_or_else(Usage::default, |mib| Usage::call(mib, host.init + began.elapsed()));
    if task.output.as_ref().is_some_and(|output| output.place.is_s3()) {
        (body.usage.gets, body.usage.puts) = (written.gets, written.puts);
    }
    if task.granules.iter().any(storage::Location::is_s3) {
        body.usage.gets += body.requests;
    }
    body.cost_usd = host.memory_mib.map(|_| (body.usage.dollars(Architecture::HERE) * 1e9).round() / 1e9);
    Ended { answer, outcome }
}

async fn attempt<S, F>(
    task: &Task,
    host: &Host<'_, S>,
    watch: &Watch<'_>,
    written: &mut Billed,
) -> Result<CellResult, Error>
where
    S: Fn(Duration) -> F,
    F: Future<Output = ()>,
{
    check_memory(task, host.memory_mib)?;
    let mut stop = pin!(async {
        match host.remaining {
            Some(remaining) => (host.sleep)(remaining.saturating_sub(margin(remaining))).await,
            None => pending().await,
        }
    });
    let stopped = |stopped, during| self::stopped(stopped, during, host.remaining, watch);
    let sink = guarded(output::open(task), stop.as_mut(), watch).await.map_err(|why| stopped(why, "opening"))??;
    let reading = guarded(read(task, host, watch), stop.as_mut(), watch).await;
    let result = reading.map_err(|why| stopped(why, "reading"))??;
    let with_ledger = |error: Error| error.with_ledger(result.ledger.clone());
    let Some(sink) = sink else { return Ok(result) };
    let writing = guarded(output::write(task, &sink, &result), stop.as_mut(), watch).await;
    *written = sink.billed();
    // What a failed attempt leaves is no whole store, and it may be another attempt's work: the next one continues from it.
    match writing {
        Ok(Ok(())) => Ok(result),
        Ok(Err(error)) => Err(with_ledger(error)),
        Err(why) => Err(with_ledger(stopped(why, "writing"))),
    }
}

async fn read<S>(task: &Task, host: &Host<'_, S>, watch: &Watch<'_>) -> Result<CellResult, Error> {
    let tuning = Tuning { verify: task.verify, ..host.tuning };
    let file = TemporaryFile::default();
    // Functions have little of a disk: what they cannot hold is an error.
    let scratch = host.memory_mib.is_none().then_some(&file as &dyn Scratch);
    Ok(compute(&task.granules(), &task.job, &tuning, scratch, watch).await?)
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
