//! How a cell ended.
use super::attempt::{AttemptClass, AttemptFailure};
use super::spent::Spent;
use super::work::CellWork;
use crate::{Architecture, Body};
use serde::{Deserialize, Serialize};
use std::time::Duration;

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
    /// Every other cell would fail in the same way.
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
