//! The sums of a run, and how it ended.
use super::drive::RunOutcome;
use super::plan::RunPlan;
use super::report::{CellReport, CellState};
use super::spent::Spent;
use std::collections::BTreeMap;

/// Sums over all cells that were chosen, those that had ended before included.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct RunTotals {
    /// Cells with a store.
    pub with_data: u64,
    /// Cells without data.
    pub empty: u64,
    /// Cells that failed.
    pub failed: u64,
    /// Cells that lack granules, as was allowed.
    pub partial: u64,
    /// Cells that were left when the run stopped.
    pub not_run: u64,
    /// Cells that had ended well before this run.
    pub finished_earlier: u64,
    /// Observations that count.
    pub observations: u64,
    /// Attempts, throttled ones included.
    pub attempts: u64,
    /// What all attempts have taken.
    pub spent: Spent,
    /// Dollars, to a billionth.
    pub cost_usd: f64,
}

/// How a run ended, from the worst to the best.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunEnd {
    /// [`super::RunObserver::interrupt`] came.
    Interrupted,
    /// Every cell that failed did so because credentials or the output were refused.
    Refused,
    /// Cells failed, and none ended well.
    Failed,
    /// Cells failed, were left or lack granules.
    Partial,
    /// Every cell ended well.
    Done,
}

impl RunOutcome {
    /// Types of the failures of this run with their numbers: `GranuleUnreadable 2, SourceUnavailable 1`.
    #[must_use]
    pub fn causes(&self) -> String {
        let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
        for kind in self.ended.iter().filter_map(|ended| ended.error_type.as_deref()) {
            *causes.entry(kind).or_default() += 1;
        }
        causes.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
    }
}

impl RunTotals {
    /// The sums of a plan and what came of it.
    #[must_use]
    pub fn of(plan: &RunPlan, outcome: &RunOutcome) -> Self {
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

    /// All cells that were chosen.
    #[must_use]
    pub const fn cells(&self) -> u64 {
        self.with_data + self.empty + self.failed + self.not_run
    }

    /// How the run ended whose sums these are.
    #[must_use]
    pub fn end(&self, outcome: &RunOutcome) -> RunEnd {
        let good = self.with_data + self.empty;
        let credentials =
            ["CredentialsExpired", "CredentialsRefused", "AccessDeniedException", "ExpiredTokenException"];
        // A folder with other files is refused as well, but fails its own cell only.
        let of_output = |kind: &str| kind == "OutputDenied" && outcome.stopped.is_some();
        let is_refusal = |kind: &str| credentials.contains(&kind) || of_output(kind);
        let refused = |ended: &CellReport| ended.error_type.as_deref().is_some_and(is_refusal);
        match () {
            () if outcome.interrupted => RunEnd::Interrupted,
            () if self.failed > 0 && outcome.ended.iter().filter(|ended| !ended.is_good()).all(refused) => {
                RunEnd::Refused
            }
            () if self.failed > 0 && good == 0 => RunEnd::Failed,
            () if self.failed > 0 || self.not_run > 0 || self.partial > 0 => RunEnd::Partial,
            () => RunEnd::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::drive::EarlyStop;
    use super::*;
    use serde_json::json;

    fn outcome(kinds: &[Option<&str>]) -> RunOutcome {
        let report = |kind: &Option<&str>| {
            let state = if kind.is_some() { "failed" } else { "data" };
            serde_json::from_value(json!({ "cell": -6_134_114, "state": state, "error_type": kind, "key": "" }))
                .unwrap()
        };
        RunOutcome { ended: kinds.iter().map(report).collect(), ..RunOutcome::default() }
    }

    #[test]
    fn a_run_ends_as_its_worst_cells_do() {
        let (good, failed) = (RunTotals { with_data: 1, ..RunTotals::default() }, |failed, with_data| RunTotals {
            failed,
            with_data,
            ..RunTotals::default()
        });
        assert_eq!(good.end(&outcome(&[None])), RunEnd::Done);
        for left in [RunTotals { partial: 1, ..good }, RunTotals { not_run: 1, ..good }] {
            assert_eq!(left.end(&outcome(&[None])), RunEnd::Partial);
        }
        assert_eq!(failed(1, 1).end(&outcome(&[None, Some("GranuleUnreadable")])), RunEnd::Partial);
        assert_eq!(failed(1, 0).end(&outcome(&[Some("GranuleUnreadable")])), RunEnd::Failed);
        assert_eq!(failed(1, 1).end(&outcome(&[None, Some("CredentialsExpired")])), RunEnd::Refused);
        let refused = outcome(&[Some("OutputDenied")]);
        assert_eq!(failed(1, 0).end(&refused), RunEnd::Failed);
        let stopped = RunOutcome { stopped: Some(EarlyStop::Cost { spent: 1.0, max: 2.0 }), ..refused };
        assert_eq!(failed(1, 0).end(&stopped), RunEnd::Refused);
        assert_eq!(failed(1, 0).end(&RunOutcome { interrupted: true, ..stopped }), RunEnd::Interrupted);
    }

    #[test]
    fn causes_are_counted_by_type() {
        let outcome = outcome(&[Some("B"), None, Some("A"), Some("B")]);
        assert_eq!(outcome.causes(), "A 1, B 2");
        let stop = EarlyStop::Fatal { cells: 2, kind: "A".to_owned(), message: "why".to_owned() };
        assert_eq!(stop.to_string(), "2 cells met what every other cell would meet: A (why)");
    }
}
