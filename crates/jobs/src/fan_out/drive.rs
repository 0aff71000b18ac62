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
use crate::{Body, ErrorType};
use futures_util::FutureExt as _;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::pin::pin;
use std::time::{Duration, Instant};
use storage::{Credentials, StoreSink, retry};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

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
    /// A cell has.
    Ended(Box<CellReport>),
    /// All cells of the call of this slot have.
    Free(usize),
    Tick,
    Interrupt,
}

/// What all cells of a run share while it is under way.
struct Shared {
    ends: UnboundedSender<Box<CellReport>>,
    pace: RefCell<Pace>,
    /// Cells under way.
    in_flight: Cell<usize>,
    /// Calls, of one cell or several.
    calls: Cell<usize>,
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

/// A cell that has not ended.
struct Pending {
    work: CellWork,
    tries: Tries,
    attempts: u32,
    spent: Spent,
}

impl Pending {
    fn new(work: &CellWork) -> Self {
        Self { work: work.clone(), tries: Tries::default(), attempts: 0, spent: Spent::default() }
    }
}

impl Drive<'_> {
    /// Runs every cell of the plan, or stops early and says why. Every cell that began is in the journal.
    pub(super) async fn run(&self, journal: &mut Journal) -> Result<RunOutcome, RunError> {
        let (most, gentle) = match &self.backend {
            Backend::Local(local) => (local.at_once(), false),
            Backend::Lambda(lambda) => (lambda.at_once(), true),
        };
        let (ends, mut ended) = unbounded_channel();
        let shared = Shared {
            ends,
            pace: RefCell::new(Pace::new(most, gentle)),
            in_flight: Cell::new(0),
            calls: Cell::new(0),
            stopping: Cell::new(false),
            throttled: Cell::new(0),
            retries: Cell::new(0),
        };
        let mut outcome = RunOutcome::default();
        self.observer.started();
        let mut slots: BTreeSet<usize> = (0..most).collect();
        let calls = self.plan.calls();
        let together = calls.iter().any(|works| works.len() > 1);
        let mut queue = calls.into_iter();
        let mut happening: FuturesUnordered<LocalBoxFuture<'_, Happened>> = FuturesUnordered::new();
        happening.push(Box::pin(self.interrupt()));
        // It is listened for before the first cell begins.
        if let Some(Some(Happened::Interrupt)) = happening.next().now_or_never() {
            outcome.interrupted = true;
            shared.stopping.set(true);
        }
        happening.push(Box::pin(tick()));
        let (mut spent, mut dearest) = (0.0, self.per_cell);
        loop {
            while !shared.stopping.get() && shared.calls.get() < shared.pace.borrow().window() {
                let next = queue.as_slice().first().map_or(0, |works| works.len());
                outcome.stopped = self.too_dear(spent, dearest, shared.in_flight.get() + next.max(1));
                if outcome.stopped.is_some() && queue.len() > 0 {
                    shared.stopping.set(true);
                    break;
                }
                outcome.stopped = None;
                let (Some(works), Some(slot)) = (queue.next(), slots.pop_first()) else { break };
                works.iter().try_for_each(|work| journal.begun(work.name))?;
                shared.in_flight.set(shared.in_flight.get() + works.len());
                shared.calls.set(shared.calls.get() + 1);
                happening.push(Box::pin(self.call(works, slot, &shared)));
            }
            // What a call has told of its cells comes before its end.
            let happened = match ended.try_recv() {
                Ok(ended) => Some(Happened::Ended(ended)),
                Err(_) if shared.calls.get() == 0 => break,
                Err(_) => match select(pin!(ended.recv()), happening.next()).await {
                    Either::Left((ended, _)) => ended.map(Happened::Ended),
                    Either::Right((happened, _)) => happened,
                },
            };
            match happened {
                Some(Happened::Ended(ended)) => {
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
                Some(Happened::Free(slot)) => {
                    slots.insert(slot);
                    shared.calls.set(shared.calls.get() - 1);
                }
                Some(Happened::Tick) => {
                    self.observer.tick(shared.in_flight.get(), shared.throttled.get());
                    happening.push(Box::pin(tick()));
                }
                Some(Happened::Interrupt) if outcome.interrupted => break,
                Some(Happened::Interrupt) => {
                    outcome.interrupted = true;
                    shared.stopping.set(true);
                    let is_dropped = matches!(self.backend, Backend::Local(_)) && together;
                    self.observer.interrupted(if is_dropped { 0 } else { shared.in_flight.get() });
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
        let under_way = f64::from(u32::try_from(in_flight).unwrap_or(u32::MAX)) * dearest;
        (spent + under_way > max).then_some(EarlyStop::Cost { spent, max })
    }

    /// The cells of a call to their ends. Those that another attempt may help are tried again together, or one by one where
    /// they may have been too many.
    async fn call(&self, works: &[CellWork], slot: usize, shared: &Shared) -> Happened {
        let began = Instant::now();
        let mut left: Vec<Pending> = works.iter().map(Pending::new).collect();
        let mut apart = false;
        while !left.is_empty() {
            let mut again = Vec::new();
            if apart {
                for pending in left {
                    again.extend(self.round(vec![pending], slot, (shared, began)).await);
                }
            } else {
                again = self.round(left, slot, (shared, began)).await;
            }
            apart |= again.iter().any(|(_, _, wait)| wait.is_none());
            let wait = again.iter().filter_map(|(_, _, wait)| *wait).max().unwrap_or_default();
            let is_over = !again.is_empty() && !sleep(wait, shared).await;
            left = Vec::with_capacity(again.len());
            for (pending, failure, _) in again {
                if is_over {
                    self.tell(pending, Err(failure), (shared, began));
                    continue;
                }
                shared.retries.set(shared.retries.get() + u64::from(failure.class != AttemptClass::Throttled));
                left.push(pending);
            }
        }
        Happened::Free(slot)
    }

    /// One attempt at some cells: those that are to be tried again, with their failures, and after which wait; none where they
    /// were too many for one call.
    async fn round(
        &self,
        mut cells: Vec<Pending>,
        slot: usize,
        (shared, began): (&Shared, Instant),
    ) -> Vec<(Pending, AttemptFailure, Option<Duration>)> {
        let keys = match self.keys.get().await {
            Ok(keys) => keys,
            Err(failure) => {
                let fail = |pending| self.tell(pending, Err(failure.clone()), (shared, began));
                cells.into_iter().for_each(fail);
                return Vec::new();
            }
        };
        let works: Vec<CellWork> = cells.iter().map(|pending| pending.work.clone()).collect();
        cells.iter_mut().for_each(|pending| pending.attempts += 1);
        let mut cells: Vec<Option<Pending>> = cells.into_iter().map(Some).collect();
        let mut failed = Vec::new();
        let ended = |at: usize, Attempt { outcome, spent }| {
            let Some(mut pending) = cells.get_mut(at).and_then(Option::take) else { return };
            pending.spent.add(&spent);
            match outcome {
                Ok(body) => self.tell(pending, Ok(body), (shared, began)),
                Err(failure) => failed.push((pending, failure)),
            }
        };
        let attempt = self.attempt(&works, keys.clone(), slot, ended);
        if works.len() > 1 && matches!(self.backend, Backend::Local(_)) {
            // Many cells take long: what has ended is in the report, the others are left.
            select(pin!(attempt), pin!(stopping(shared))).await;
        } else {
            attempt.await;
        }
        if failed.len() < works.len() {
            shared.pace.borrow_mut().succeeded();
        }
        if failed.iter().any(|(_, failure)| failure.class == AttemptClass::Throttled) {
            shared.throttled.set(shared.throttled.get() + 1);
            shared.pace.borrow_mut().throttled(shared.calls.get(), Instant::now());
        }
        let mut again = Vec::new();
        for (mut pending, failure) in failed {
            let were_many = works.len() > 1 && failure.is_of_size();
            match self.again(failure.clone(), keys.as_ref(), &mut pending.tries).await {
                _ if were_many => again.push((pending, failure, None)),
                Ok((failure, wait)) => again.push((pending, failure, Some(wait))),
                Err(failure) => self.tell(pending, Err(failure), (shared, began)),
            }
        }
        again
    }

    fn tell(&self, pending: Pending, outcome: Result<Box<Body>, AttemptFailure>, (shared, began): (&Shared, Instant)) {
        let Pending { work, attempts, spent, .. } = pending;
        let ended = CellReport::new(&work, outcome);
        let ended = ended.after(attempts, began.elapsed(), spent, self.plan.options.architecture);
        // The run listens until its calls have ended.
        let _ = shared.ends.send(Box::new(ended));
    }

    async fn attempt(
        &self,
        works: &[CellWork],
        keys: Option<Credentials>,
        slot: usize,
        ended: impl FnMut(usize, Attempt),
    ) {
        match &self.backend {
            Backend::Local(local) => local.attempt(works, keys, ended).await,
            Backend::Lambda(lambda) => lambda.attempt(works, (keys, &self.keys), slot, ended).await,
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

/// Waits until the run is being ended.
async fn stopping(shared: &Shared) {
    while !shared.stopping.get() {
        tokio::time::sleep(TICK).await;
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
