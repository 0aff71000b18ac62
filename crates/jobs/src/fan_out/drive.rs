//! The run itself: cells begin as the pace allows, are tried again as their failures allow, and end once.
use super::attempt::{Attempt, AttemptClass, AttemptFailure};
use super::error::RunError;
use super::journal::Journal;
use super::keys::ReadingKeys;
use super::lambda::Lambda;
use super::local::Local;
use super::observer::RunObserver;
use super::pace::Pace;
use super::plan::RunPlan;
use super::report::CellReport;
use super::spent::Spent;
use super::work::CellWork;
use crate::ErrorType;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};
use storage::{Credentials, StoreSink, retry};

/// Throttled attempts of one cell at the most: with waits of up to a minute, a quarter of an hour.
const MAX_THROTTLES: u32 = 40;
/// A crash or a timeout is usually followed by another.
const MAX_CRASHES: u32 = 2;
/// Renewals of credentials for one cell.
const MAX_RENEWALS: u32 = 5;
/// Fatal failures that a run bears at the least, and their share of the cells in percent.
const MAX_FATAL: usize = 3;
const MAX_FATAL_PERCENT: usize = 2;
/// No wait of our own is longer.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// How often the observer is called.
const TICK: Duration = Duration::from_millis(250);

/// What runs cells.
pub(super) enum Backend {
    /// Threads of this process.
    Local(Box<Local>),
    /// Calls of a function.
    Lambda(Box<Lambda>),
}

/// A run under way.
pub(super) struct Drive<'a> {
    pub(super) backend: Backend,
    /// Where cells are written, if this process writes them.
    pub(super) output: Option<StoreSink>,
    pub(super) keys: ReadingKeys,
    pub(super) plan: &'a RunPlan,
    /// Dollars that one cell may take.
    pub(super) per_cell: f64,
    pub(super) observer: &'a dyn RunObserver,
}

/// What came of a run.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct RunOutcome {
    /// Cells that ended in this run, in the order in which they did.
    pub ended: Vec<CellReport>,
    /// [`RunObserver::interrupt`] has come.
    pub interrupted: bool,
    /// Why cells were left.
    pub stopped: Option<EarlyStop>,
    /// Attempts that were throttled.
    pub throttled: u64,
    /// Attempts beyond the first of a cell, without those.
    pub retries: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Earthdata logins beyond the first.
    pub renewals: u64,
}

/// Why a run stopped before its last cell.
#[derive(Clone, PartialEq, Debug)]
pub enum EarlyStop {
    /// Another cell could exceed the ceiling.
    Cost {
        /// Dollars spent.
        spent: f64,
        /// The ceiling in dollars.
        max: f64,
    },
    /// Cells failed in a way in which every other cell would fail.
    Fatal {
        /// How many did.
        cells: usize,
        /// The type of the last failure.
        kind: String,
        /// That failure in words.
        message: String,
    },
}

impl fmt::Display for EarlyStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost { spent, max } => {
                write!(f, "${spent:.4} are spent, and another cell could exceed --max-cost ${max}")
            }
            Self::Fatal { cells, kind, message } => {
                let who = if *cells == 1 { "a cell".to_owned() } else { format!("{cells} cells") };
                write!(f, "{who} met what every other cell would meet: {kind} ({message})")
            }
        }
    }
}

enum Happened {
    Ended(Box<CellReport>, usize),
    Tick,
    Interrupt,
}

/// What all cells of a run share while it is under way.
struct Shared {
    pace: RefCell<Pace>,
    in_flight: Cell<usize>,
    stopping: Cell<bool>,
    throttled: Cell<u64>,
    retries: Cell<u64>,
}

/// How often one cell failed in which way.
#[derive(Default)]
struct Tries {
    throttles: u32,
    crashes: u32,
    renewals: u32,
    others: u32,
}

impl Drive<'_> {
    /// Runs every cell of the plan, or stops early and says why. Every cell that began is in the journal.
    pub(super) async fn run(&self, journal: &mut Journal) -> Result<RunOutcome, RunError> {
        let (most, gentle) = match &self.backend {
            Backend::Local(local) => (local.at_once(), false),
            Backend::Lambda(lambda) => (lambda.at_once(), true),
        };
        let shared = Shared {
            pace: RefCell::new(Pace::new(most, gentle)),
            in_flight: Cell::new(0),
            stopping: Cell::new(false),
            throttled: Cell::new(0),
            retries: Cell::new(0),
        };
        let mut outcome = RunOutcome::default();
        self.observer.started();
        let mut slots: BTreeSet<usize> = (0..most).collect();
        let mut queue = self.plan.work.iter();
        let mut happening: FuturesUnordered<LocalBoxFuture<'_, Happened>> = FuturesUnordered::new();
        happening.push(Box::pin(tick()));
        happening.push(Box::pin(self.interrupt()));
        let (mut spent, mut dearest) = (0.0, self.per_cell);
        loop {
            while !shared.stopping.get() && shared.in_flight.get() < shared.pace.borrow().window() {
                outcome.stopped = self.too_dear(spent, dearest, shared.in_flight.get());
                if outcome.stopped.is_some() && queue.len() > 0 {
                    shared.stopping.set(true);
                    break;
                }
                outcome.stopped = None;
                let (Some(work), Some(slot)) = (queue.next(), slots.pop_first()) else { break };
                journal.begun(work.name)?;
                shared.in_flight.set(shared.in_flight.get() + 1);
                happening.push(Box::pin(self.cell(work, slot, &shared)));
            }
            if shared.in_flight.get() == 0 {
                break;
            }
            match happening.next().await {
                Some(Happened::Ended(ended, slot)) => {
                    slots.insert(slot);
                    shared.in_flight.set(shared.in_flight.get() - 1);
                    spent += ended.cost_usd;
                    dearest = ended.cost_usd.max(dearest);
                    journal.ended(&ended)?;
                    self.observer.ended(&ended);
                    let refused = ended.error_type.as_deref() == Some(ErrorType::OutputDenied.name());
                    outcome.ended.push(*ended);
                    if !shared.stopping.get() {
                        let refused = refused && self.output_refuses().await;
                        outcome.stopped = fatal_cause(&outcome.ended, self.plan.work.len(), refused);
                        shared.stopping.set(outcome.stopped.is_some());
                    }
                }
                Some(Happened::Tick) => {
                    self.observer.tick(shared.in_flight.get(), shared.throttled.get());
                    happening.push(Box::pin(tick()));
                }
                Some(Happened::Interrupt) if outcome.interrupted => break,
                Some(Happened::Interrupt) => {
                    outcome.interrupted = true;
                    shared.stopping.set(true);
                    self.observer.interrupted(shared.in_flight.get());
                    happening.push(Box::pin(self.interrupt()));
                }
                None => break,
            }
        }
        self.observer.finished();
        (outcome.throttled, outcome.retries) = (shared.throttled.get(), shared.retries.get());
        Ok(outcome)
    }

    async fn interrupt(&self) -> Happened {
        self.observer.interrupt().await;
        Happened::Interrupt
    }

    /// Whether no cell can be written, after one could not. What a function may write is not known here: it is believed.
    async fn output_refuses(&self) -> bool {
        match &self.output {
            Some(output) => output.probe().await.is_err(),
            None => true,
        }
    }

    /// Why no further cell may begin, if what is spent and under way comes near the ceiling: each cell under way may cost
    /// as much as the dearest so far.
    fn too_dear(&self, spent: f64, dearest: f64, in_flight: usize) -> Option<EarlyStop> {
        let max = self.plan.options.max_cost?;
        let under_way = f64::from(u32::try_from(in_flight + 1).unwrap_or(u32::MAX)) * dearest;
        (spent + under_way > max).then_some(EarlyStop::Cost { spent, max })
    }

    /// One cell to its end.
    async fn cell(&self, work: &CellWork, slot: usize, shared: &Shared) -> Happened {
        let began = Instant::now();
        let (mut attempts, mut spent, mut tries) = (0, Spent::default(), Tries::default());
        let outcome = loop {
            attempts += 1;
            let keys = match self.keys.get().await {
                Ok(keys) => keys,
                Err(failure) => break Err(failure),
            };
            let Attempt { outcome, spent: taken } = self.attempt(work, keys.clone(), slot).await;
            spent.add(&taken);
            let failure = match outcome {
                Ok(body) => {
                    shared.pace.borrow_mut().succeeded();
                    break Ok(body);
                }
                Err(failure) => failure,
            };
            if failure.class == AttemptClass::Throttled {
                shared.throttled.set(shared.throttled.get() + 1);
                shared.pace.borrow_mut().throttled(shared.in_flight.get(), Instant::now());
            }
            let (failure, wait) = match self.again(failure, keys.as_ref(), &mut tries).await {
                Ok(again) => again,
                Err(failure) => break Err(failure),
            };
            if !sleep(wait, shared).await {
                break Err(failure);
            }
            shared.retries.set(shared.retries.get() + u64::from(failure.class != AttemptClass::Throttled));
        };
        let ended =
            CellReport::new(work, outcome).after(attempts, began.elapsed(), spent, self.plan.options.architecture);
        Happened::Ended(Box::new(ended), slot)
    }

    async fn attempt(&self, work: &CellWork, keys: Option<Credentials>, slot: usize) -> Attempt {
        match &self.backend {
            Backend::Local(local) => local.attempt(work, keys).await,
            Backend::Lambda(lambda) => lambda.attempt(work, keys, &self.keys, slot).await,
        }
    }

    /// The wait before another attempt, or the failure that is the cell's last.
    async fn again(
        &self,
        failure: AttemptFailure,
        keys: Option<&Credentials>,
        tries: &mut Tries,
    ) -> Result<(AttemptFailure, Duration), AttemptFailure> {
        let failure =
            if failure.class == AttemptClass::Expired { self.keys.renew(keys, failure).await? } else { failure };
        let (counter, most) = match failure.class {
            AttemptClass::Throttled => (&mut tries.throttles, MAX_THROTTLES),
            AttemptClass::Crash | AttemptClass::Timeout => {
                (&mut tries.crashes, MAX_CRASHES.min(self.plan.options.tries))
            }
            AttemptClass::Expired => (&mut tries.renewals, MAX_RENEWALS.min(self.plan.options.tries)),
            AttemptClass::Service | AttemptClass::Source => (&mut tries.others, self.plan.options.tries),
            AttemptClass::Fatal | AttemptClass::Permanent => return Err(failure),
        };
        *counter += 1;
        if *counter >= most {
            return Err(failure);
        }
        let first = if failure.class == AttemptClass::Expired { Duration::ZERO } else { self.plan.options.backoff };
        let wait = retry::backoff(first, MAX_BACKOFF, *counter).max(failure.least);
        Ok((failure, wait))
    }
}

/// Waits, in steps; false when the run is being ended meanwhile.
async fn sleep(wait: Duration, shared: &Shared) -> bool {
    let until = Instant::now() + wait;
    loop {
        if shared.stopping.get() {
            return false;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        tokio::time::sleep(left.min(TICK)).await;
    }
}

async fn tick() -> Happened {
    tokio::time::sleep(TICK).await;
    Happened::Tick
}

/// Why the remaining cells would fail too, if enough cells have shown it, or one has shown that the output is `refused`.
fn fatal_cause(ended: &[CellReport], cells: usize, refused: bool) -> Option<EarlyStop> {
    let mut same = ended.iter().filter(|ended| ended.fatal);
    let count = same.clone().count();
    if !refused && count <= MAX_FATAL.max(cells * MAX_FATAL_PERCENT / 100) {
        return None;
    }
    let (kind, message) = same.next_back().map(|last| (last.error_type.clone(), last.error.clone()))?;
    Some(EarlyStop::Fatal { cells: count, kind: kind?, message: message? })
}
