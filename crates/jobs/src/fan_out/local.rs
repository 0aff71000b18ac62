//! Cells on this machine: threads, each with a runtime and connections of its own.
use super::attempt::{Attempt, AttemptClass, AttemptFailure, judge};
use super::descriptors;
use super::error::RunError;
use super::options::RunShape;
use super::spent::Spent;
use super::work::CellWork;
use crate::{Answer, Ended, Error, ErrorType, Host, Look, Output, Task};
use byte_ranges::SourceError;
use pipeline::{JobEvent, Observer, Tuning};
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use storage::{Clients, Credentials, Location, Options};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// The threads. They end with the process, or when this is dropped.
pub(super) struct Local {
    orders: Sender<Order>,
    shape: RunShape,
    most: usize,
}

/// One attempt at some cells.
struct Order {
    works: Vec<CellWork>,
    keys: Option<Credentials>,
    /// Receives the number of each cell with its answer.
    answers: UnboundedSender<(usize, Answer)>,
}

/// The clock of the ledger.
struct Clock(Instant);

impl Observer for Clock {
    fn event(&self, _: JobEvent<'_>) {}

    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Local {
    pub(super) fn start(options: &Options, shape: &RunShape, most: usize) -> Result<Self, RunError> {
        let (orders, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let mut options = options.clone();
        if let Some(connections) = descriptors::connections(options.max_in_flight.saturating_mul(most)) {
            options.max_in_flight = options.max_in_flight.min(connections / most).max(1);
        }
        for _ in 0..most {
            let (queue, options, shape) = (Arc::clone(&queue), options.clone(), shape.clone());
            let thread = std::thread::Builder::new().name("cell".into());
            let started = thread.spawn(move || serve(&queue, &Clients::new(options), &shape));
            started.map_err(RunError::Thread)?;
        }
        Ok(Self { orders, shape: shape.clone(), most })
    }

    pub(super) const fn at_once(&self) -> usize {
        self.most
    }

    /// One attempt at some cells, from one reading of their granules. Calls `ended` with each as it ends.
    pub(super) async fn attempt(
        &self,
        works: &[CellWork],
        keys: Option<Credentials>,
        mut ended: impl FnMut(usize, Attempt),
    ) {
        let (answers, mut answered) = unbounded_channel();
        let mut left: BTreeSet<usize> = (0..works.len()).collect();
        if self.orders.send(Order { works: works.to_vec(), keys, answers }).is_ok() {
            while let Some((at, answer)) = answered.recv().await {
                let Some(work) = works.get(at).filter(|_| left.remove(&at)) else { continue };
                let spent = Spent::of(&answer.body);
                ended(at, Attempt { outcome: judge(work, &self.shape, answer), spent });
            }
        }
        for at in left {
            let why = "the thread that ran it has ended";
            let failure = AttemptFailure::new(AttemptClass::Crash, ErrorType::Internal.name(), why);
            ended(at, Attempt { outcome: Err(failure), spent: Spent::default() });
        }
    }
}

/// Runs what comes, one order after the other.
fn serve(queue: &Mutex<Receiver<Order>>, clients: &Clients, shape: &RunShape) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    loop {
        let order = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Order { works, keys, answers }) = order else { return };
        // After a second interrupt the answers have no receiver.
        let mut answer = |at, answer| drop(answers.send((at, answer)));
        runtime.block_on(cells(&works, keys.as_ref(), (clients, shape), &mut answer));
    }
}

async fn cells(
    works: &[CellWork],
    keys: Option<&Credentials>,
    (clients, shape): (&Clients, &RunShape),
    answer: &mut dyn FnMut(usize, Answer),
) {
    let began = Instant::now();
    let (mut tasks, mut numbers) = (Vec::with_capacity(works.len()), Vec::with_capacity(works.len()));
    for (at, work) in works.iter().enumerate() {
        match task(work, keys.cloned(), clients, shape) {
            Ok(task) => {
                tasks.push(task);
                numbers.push(at);
            }
            Err(error) => answer(at, Answer::failed(Some(work.name), &error, began.elapsed().as_secs_f64())),
        }
    }
    let host = Host {
        tuning: Tuning::default(),
        memory_mib: None,
        remaining: None,
        sleep: tokio::time::sleep,
        observer: &Clock(began),
        init: Duration::ZERO,
        secrets_endpoint: None,
    };
    let mut ended = |at: usize, ended: Ended| {
        numbers.get(at).into_iter().for_each(|&number| answer(number, ended.answer.clone()));
    };
    crate::run_together(&tasks, &host, &mut ended).await;
}

fn task(work: &CellWork, keys: Option<Credentials>, clients: &Clients, shape: &RunShape) -> Result<Task, Error> {
    let bad = |error: SourceError| Error::new(ErrorType::BadEvent, error.to_string());
    let reading = match keys {
        Some(keys) => {
            let own = clients.options().s3.clone();
            let region = Some(own.region().map_err(bad)?);
            crate::reading(clients, own, keys, region)
        }
        None => clients.clone(),
    };
    let place = Location::parse(&shape.store(work.name)).map_err(bad)?;
    Ok(Task {
        cell: work.name,
        job: shape.spec_of(work).job(work.cell)?,
        verify: shape.audits(work.name),
        granules: work.granules.iter().map(|link| Location::parse(link)).collect::<Result<_, _>>().map_err(bad)?,
        index: shape.index.clone(),
        reading,
        output: Some(Output { place, clients: clients.clone(), look: Look::Late }),
    })
}
