//! The sums of a run, and why it stopped.
use jobs::fan_out::{CellState, EarlyStop, RunOutcome, RunPlan, Spent};

/// Sums over all cells that were chosen, those that had ended before included.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) with_data: u64,
    pub(super) empty: u64,
    pub(super) failed: u64,
    pub(super) partial: u64,
    pub(super) not_run: u64,
    pub(super) finished_earlier: u64,
    pub(super) observations: u64,
    pub(super) attempts: u64,
    pub(super) spent: Spent,
    pub(super) cost_usd: f64,
}

impl Totals {
    pub(super) fn of(plan: &RunPlan, outcome: &RunOutcome) -> Self {
        let mut totals = Self { finished_earlier: plan.finished.len() as u64, ..Self::default() };
        for ended in plan.finished.iter().chain(&outcome.ended) {
            let counter = match ended.state {
                CellState::Data => &mut totals.with_data,
                CellState::Empty => &mut totals.empty,
                CellState::Failed => &mut totals.failed,
            };
            *counter += 1;
            totals.partial += u64::from(ended.partial);
            totals.observations += ended.observations;
            totals.attempts += u64::from(ended.attempts);
            totals.spent.add(&ended.spent);
            totals.cost_usd += ended.cost_usd;
        }
        totals.not_run = (plan.work.len() - outcome.ended.len()) as u64;
        totals.cost_usd = (totals.cost_usd * 1e9).round() / 1e9;
        totals
    }

    pub(super) const fn cells(&self) -> u64 {
        self.with_data + self.empty + self.failed + self.not_run
    }
}

/// Why a run stopped before its last cell.
pub(super) fn why(stop: &EarlyStop) -> String {
    match stop {
        EarlyStop::Cost { spent, max } => {
            format!("${spent:.4} are spent, and another cell could exceed --max-cost ${max}")
        }
        EarlyStop::Fatal { cells, kind, message } => {
            let who = if *cells == 1 { "a cell".to_owned() } else { format!("{cells} cells") };
            format!("{who} met what every other cell would meet: {kind} ({message})")
        }
    }
}
