//! How a cell ended, and what its attempts have taken.
use super::attempt::{AttemptClass, AttemptFailure};
use super::plan::CellWork;
use crate::{Architecture, Body, Usage};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What attempts have taken.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Range requests for granules.
    pub requests: u64,
    /// Bytes of granules.
    pub bytes: u64,
    /// What is billed.
    #[serde(flatten)]
    pub usage: Usage,
    /// Calls whose bill is unknown: their part of `gb_seconds` follows from the clock and the memory of the function.
    #[serde(skip_serializing_if = "is_zero")]
    pub unbilled_calls: u64,
}

/// How a cell ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellState {
    /// A store was written.
    Data,
    /// There was nothing to write.
    Empty,
    /// No attempt succeeded.
    Failed,
}

/// The end of a cell: its line of the report.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CellReport {
    /// Decimal id.
    pub cell: i64,
    /// What came of it.
    pub state: CellState,
    /// Type of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// That failure in words, or why there is no store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Granules are missing, as was allowed.
    #[serde(default)]
    pub partial: bool,
    /// Children with at least one observation.
    #[serde(default)]
    pub cells_with_data: u64,
    /// Observations that count.
    #[serde(default)]
    pub observations: u64,
    /// Granules of the cell.
    #[serde(default)]
    pub granules: u64,
    /// Granules that could not be read.
    #[serde(default)]
    pub granules_failed: u64,
    /// Attempts, throttled ones included.
    #[serde(default)]
    pub attempts: u32,
    /// Seconds from the first attempt to the end.
    #[serde(default)]
    pub seconds: f64,
    /// Of all attempts.
    #[serde(flatten)]
    pub spent: Spent,
    /// Dollars.
    #[serde(default)]
    pub cost_usd: f64,
    /// The store; `None` where none was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zarr_path: Option<String>,
    /// What people should know although nothing failed: granules given twice, older versions, mixed cycles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// A hash of granules and options: whether a later run asks for the same.
    pub key: String,
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

    /// The same with what it took.
    pub(super) fn after(self, attempts: u32, elapsed: Duration, spent: Spent, architecture: Architecture) -> Self {
        let round = |value: f64, digits: f64| (value * digits).round() / digits;
        let cost_usd = round(spent.usage.dollars(architecture), 1e9);
        Self { attempts, seconds: round(elapsed.as_secs_f64(), 1e3), spent, cost_usd, ..self }
    }

    /// Whether there is nothing left to do for it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.state != CellState::Failed
    }

    pub(super) fn has_data(&self) -> bool {
        self.state == CellState::Data
    }
}

impl Spent {
    /// Adds what others have taken.
    pub fn add(&mut self, other: &Self) {
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
