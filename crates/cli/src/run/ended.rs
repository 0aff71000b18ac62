//! How an attempt went, and how a cell ended.
use super::plan::{CellWork, RunShape};
use jobs::{Answer, Architecture, Body, ErrorType, Usage};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a failure means for another attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AttemptClass {
    /// Too many calls at once: later, and fewer.
    Throttled,
    /// The service that runs functions did not answer properly.
    Service,
    /// A store of granules or outputs did not answer.
    Source,
    /// The program ended, or answered nonsense.
    Crash,
    /// Time ran out.
    Timeout,
    /// The credentials for reading have ended.
    Expired,
    /// Every other cell would fail likewise.
    Fatal,
    /// This cell would fail again.
    Permanent,
}

/// A failed attempt. Holds no secret.
#[derive(Clone, Debug)]
pub(super) struct AttemptFailure {
    pub(super) class: AttemptClass,
    /// Type in the words of the function's contract, or of the service.
    pub(super) kind: String,
    pub(super) message: String,
    /// The least wait that was asked for.
    pub(super) least: Duration,
}

/// One attempt.
pub(super) struct Attempt {
    pub(super) outcome: Result<Box<Body>, AttemptFailure>,
    pub(super) spent: Spent,
}

/// What attempts have taken.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Spent {
    /// Range requests for granules.
    pub(super) requests: u64,
    /// Bytes of granules.
    pub(super) bytes: u64,
    /// What is billed.
    #[serde(flatten)]
    pub(super) usage: Usage,
    /// Calls whose bill was not told: their part of `gb_seconds` follows from the clock and `--memory-size`.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) unbilled_calls: u64,
}

/// How a cell ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CellState {
    /// A store was written.
    Data,
    /// There was nothing to write.
    Empty,
    /// No attempt succeeded.
    Failed,
}

/// The end of a cell: its line of the report.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct CellReport {
    /// Decimal id.
    pub(super) cell: i64,
    pub(super) state: CellState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Granules are missing, as was allowed.
    #[serde(default)]
    pub(super) partial: bool,
    #[serde(default)]
    pub(super) cells_with_data: u64,
    #[serde(default)]
    pub(super) observations: u64,
    #[serde(default)]
    pub(super) granules: u64,
    #[serde(default)]
    pub(super) granules_failed: u64,
    /// Attempts, throttled ones included.
    #[serde(default)]
    pub(super) attempts: u32,
    /// From the first attempt to the end.
    #[serde(default)]
    pub(super) seconds: f64,
    /// Of all attempts.
    #[serde(flatten)]
    pub(super) spent: Spent,
    #[serde(default)]
    pub(super) cost_usd: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zarr_path: Option<String>,
    /// What people should know although nothing failed: granules given twice, older versions, mixed cycles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
    /// Of granules and options.
    pub(super) key: String,
    /// Every other cell would fail likewise.
    #[serde(skip)]
    pub(super) fatal: bool,
}

impl CellReport {
    pub(super) fn new(work: &CellWork, outcome: Result<Box<Body>, AttemptFailure>) -> Self {
        let failure = outcome.as_ref().err().cloned();
        let body = outcome.map_or_else(|_| Body::default(), |body| *body);
        let state = match &failure {
            Some(_) => CellState::Failed,
            None if body.zarr_path.is_some() => CellState::Data,
            None => CellState::Empty,
        };
        Self {
            cell: work.name,
            state,
            error_type: failure.as_ref().map(|failure| failure.kind.clone()),
            fatal: failure.as_ref().is_some_and(|failure| failure.class == AttemptClass::Fatal),
            error: failure.map(|failure| failure.message).or(body.error),
            partial: body.partial,
            cells_with_data: body.cells_with_data,
            observations: body.total_obs,
            granules: work.granules.len() as u64,
            granules_failed: body.files_failed,
            attempts: 0,
            seconds: 0.0,
            spent: Spent::default(),
            cost_usd: 0.0,
            zarr_path: body.zarr_path,
            warnings: body.ledger.map_or_else(Vec::new, |ledger| ledger.warnings),
            key: work.key.clone(),
        }
    }

    /// What it took.
    pub(super) fn after(self, attempts: u32, elapsed: Duration, spent: Spent, architecture: Architecture) -> Self {
        let round = |value: f64, digits: f64| (value * digits).round() / digits;
        let cost_usd = round(spent.usage.dollars(architecture), 1e9);
        Self { attempts, seconds: round(elapsed.as_secs_f64(), 1e3), spent, cost_usd, ..self }
    }

    /// Whether there is nothing left to do for it.
    pub(super) fn is_good(&self) -> bool {
        self.state != CellState::Failed
    }

    pub(super) fn has_data(&self) -> bool {
        self.state == CellState::Data
    }
}

impl Spent {
    pub(super) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.usage.add(&other.usage);
        self.unbilled_calls += other.unbilled_calls;
    }

    /// Of an answer.
    pub(super) fn of(body: &Body) -> Self {
        Self { requests: body.requests, bytes: body.bytes_read, usage: body.usage, unbilled_calls: 0 }
    }
}

impl AttemptFailure {
    pub(super) fn new(class: AttemptClass, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, kind: kind.into(), message: message.into(), least: Duration::ZERO }
    }

    /// A failure of the function or of the engine.
    pub(super) fn of(kind: ErrorType, message: impl Into<String>) -> Self {
        let class = match kind {
            ErrorType::BadEvent | ErrorType::CredentialsRefused | ErrorType::OutputDenied => AttemptClass::Fatal,
            ErrorType::CredentialsExpired => AttemptClass::Expired,
            ErrorType::SourceUnavailable | ErrorType::OutputFailed => AttemptClass::Source,
            ErrorType::Timeout => AttemptClass::Timeout,
            ErrorType::GranuleUnreadable | ErrorType::OutOfBudget => AttemptClass::Permanent,
            _ => AttemptClass::Crash,
        };
        Self::new(class, kind.name(), message)
    }

    /// The same after at least this wait.
    pub(super) fn not_before(self, least: Duration) -> Self {
        Self { least, ..self }
    }
}

/// Takes an answer apart; one that is not about this cell and its store is a failure.
pub(super) fn judge(work: &CellWork, shape: &RunShape, answer: Answer) -> Result<Box<Body>, AttemptFailure> {
    if let Some((kind, message)) = answer.failure() {
        return Err(AttemptFailure::of(kind, message));
    }
    let body = answer.body;
    if body.parent_morton != Some(work.name) {
        let message = format!("asked for cell {}, the answer is about {:?}", work.name, body.parent_morton);
        return Err(AttemptFailure::new(AttemptClass::Crash, "WrongCell", message));
    }
    let store = shape.store(work.name);
    if body.zarr_path.as_ref().is_some_and(|path| *path != store) {
        let message = format!("the store should be {store}, the answer says {:?}", body.zarr_path);
        return Err(AttemptFailure::new(AttemptClass::Crash, "WrongCell", message));
    }
    if answer.status_code != 200 {
        let message = format!("status {}: {}", answer.status_code, body.error.unwrap_or_default());
        return Err(AttemptFailure::new(AttemptClass::Crash, ErrorType::Internal.name(), message));
    }
    Ok(Box::new(body))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
