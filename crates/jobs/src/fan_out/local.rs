//! Cells on this machine: threads, each with a runtime and connections of its own.
use super::attempt::{Attempt, AttemptClass, AttemptFailure, judge};
use super::descriptors;
use super::error::RunError;
use super::options::RunShape;
use super::spent::Spent;
use super::work::CellWork;
use crate::{Answer, Error, ErrorType, Host, Look, Output, Task};
use byte_ranges::SourceError;
use pipeline::{JobEvent, Observer, Tuning};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use storage::{Clients, Credentials, Location, Options};
use tokio::sync::oneshot;

/// The threads. They end with the process, or when this is dropped.
pub(super) struct Local {
    orders: Sender<Order>,
    shape: RunShape,
    most: usize,
}

/// One attempt.
struct Order {
    work: CellWork,
    keys: Option<Credentials>,
    answer: oneshot::Sender<Answer>,
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

    pub(super) async fn attempt(&self, work: &CellWork, keys: Option<Credentials>) -> Attempt {
        let (answer, answered) = oneshot::channel();
        let sent = self.orders.send(Order { work: work.clone(), keys, answer });
        let answer = if sent.is_ok() { answered.await.ok() } else { None };
        match answer {
            Some(answer) => {
                let spent = Spent::of(&answer.body);
                Attempt { outcome: judge(work, &self.shape, answer), spent }
            }
            None => {
                let failure = AttemptFailure::new(
                    AttemptClass::Crash,
                    ErrorType::Internal.name(),
                    "the thread that ran it has ended",
                );
                Attempt { outcome: Err(failure), spent: Spent::default() }
            }
        }
    }
}

/// Runs what comes, one cell after the other.
fn serve(queue: &Mutex<Receiver<Order>>, clients: &Clients, shape: &RunShape) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    loop {
        let order = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Order { work, keys, answer }) = order else { return };
        // After a second interrupt the answer has no receiver.
        let _ = answer.send(runtime.block_on(cell(&work, keys, clients, shape)));
    }
}

async fn cell(work: &CellWork, keys: Option<Credentials>, clients: &Clients, shape: &RunShape) -> Answer {
    let began = Instant::now();
    let failed = |error: &Error| Answer::failed(Some(work.name), error, began.elapsed().as_secs_f64());
    let task = match task(work, keys, clients, shape) {
        Ok(task) => task,
        Err(error) => return failed(&error),
    };
    let host = Host {
        tuning: Tuning::default(),
        memory_mib: None,
        remaining: None,
        sleep: tokio::time::sleep,
        observer: &Clock(began),
        init: Duration::ZERO,
        secrets_endpoint: None,
    };
    crate::run(&task, &host).await.answer
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
