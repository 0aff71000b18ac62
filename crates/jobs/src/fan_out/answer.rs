//! What a run would take, and what it took, as JSON: the names are those of docs/json.md, which differ from the report's.
use super::drive::RunOutcome;
use super::estimate::Estimate;
use super::plan::RunPlan;
use super::report::{CellReport, CellState};
use super::spent::Spent;
use super::totals::RunTotals;
use crate::Usage;
use serde::Serialize;
use serde_json::{Value, json};

/// What attempts have taken.
#[derive(Serialize)]
struct Taken<'a> {
    requests: u64,
    bytes_read: u64,
    usage: &'a Usage,
    unbilled_calls: u64,
}

impl<'a> From<&'a Spent> for Taken<'a> {
    fn from(spent: &'a Spent) -> Self {
        let Spent { requests, bytes, usage, unbilled_calls } = spent;
        Self { requests: *requests, bytes_read: *bytes, usage, unbilled_calls: *unbilled_calls }
    }
}

/// The end of a cell.
#[derive(Serialize)]
struct End<'a> {
    parent_morton: i64,
    state: CellState,
    error_type: Option<&'a str>,
    error: Option<&'a str>,
    partial: bool,
    cells_with_data: u64,
    total_obs: u64,
    granule_count: u64,
    files_failed: u64,
    attempts: u32,
    duration_s: f64,
    #[serde(flatten)]
    taken: Taken<'a>,
    cost_usd: f64,
    zarr_path: Option<&'a str>,
    warnings: &'a [String],
    key: &'a str,
}

impl<'a> From<&'a CellReport> for End<'a> {
    fn from(ended: &'a CellReport) -> Self {
        Self {
            parent_morton: ended.cell,
            state: ended.state,
            error_type: ended.error_type.as_deref(),
            error: ended.error.as_deref(),
            partial: ended.partial,
            cells_with_data: ended.cells_with_data,
            total_obs: ended.observations,
            granule_count: ended.granules,
            files_failed: ended.granules_failed,
            attempts: ended.attempts,
            duration_s: ended.seconds,
            taken: Taken::from(&ended.spent),
            cost_usd: ended.cost_usd,
            zarr_path: ended.zarr_path.as_deref(),
            warnings: &ended.warnings,
            key: &ended.key,
        }
    }
}

impl RunPlan {
    /// What the run would take, by the names of docs/json.md (`icestream run --dry-run --json`).
    #[must_use]
    pub fn estimate_answer(&self, estimate: &Estimate) -> Value {
        json!({
            "out": self.shape().out,
            "layout": self.layout().to_string(),
            "report": self.report.display().to_string(),
            "finished_earlier": self.finished.len(),
            "estimate": {
                "cells": estimate.cells,
                "pairs": estimate.granules,
                "requests": estimate.requests,
                "bytes_read": estimate.bytes,
                "duration_s": estimate.seconds,
                "cell_duration_s": estimate.cell_seconds,
                "gb_seconds": estimate.gb_seconds,
                "cost_usd": estimate.dollars,
            },
            "max_cost_usd": self.options.max_cost,
            "within_max_cost": self.options.max_cost.is_none_or(|most| estimate.dollars <= most),
        })
    }

    /// What the run took, with every cell that was chosen, by the names of docs/json.md (`icestream run --json`).
    #[must_use]
    pub fn answer(&self, outcome: &RunOutcome, totals: &RunTotals) -> Value {
        let mut cells: Vec<&CellReport> = self.finished.iter().chain(&outcome.ended).collect();
        cells.sort_by_key(|ended| ended.cell);
        let ends: Vec<End<'_>> = cells.into_iter().map(End::from).collect();
        let taken = Taken::from(&totals.spent);
        json!({
            "out": self.shape().out,
            "layout": self.layout().to_string(),
            "report": self.report.display().to_string(),
            "cells": self.cells(),
            "totals": {
                "with_data": totals.with_data,
                "empty": totals.empty,
                "failed": totals.failed,
                "partial_cells": totals.partial,
                "not_run": totals.not_run,
                "finished_earlier": totals.finished_earlier,
                "total_obs": totals.observations,
                "attempts": totals.attempts,
                "requests": taken.requests,
                "bytes_read": taken.bytes_read,
                "usage": taken.usage,
                "unbilled_calls": taken.unbilled_calls,
                "cost_usd": totals.cost_usd,
            },
            "this_run": {
                "cells": outcome.ended.len(),
                "duration_s": (outcome.elapsed.as_secs_f64() * 1e3).round() / 1e3,
                "cost_usd": outcome.ended.iter().map(|ended| ended.cost_usd).sum::<f64>(),
                "throttled": outcome.throttled,
                "retries": outcome.retries,
                "credential_renewals": outcome.renewals,
            },
            "interrupted": outcome.interrupted,
            "stopped": outcome.stopped.as_ref().map(ToString::to_string),
            "architecture": self.options.architecture,
            "each": ends,
        })
    }
}
