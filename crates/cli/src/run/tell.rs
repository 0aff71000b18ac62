//! What a run would take, and what it took.
use super::RunArgs;
use crate::exit::{self, CommandError};
use crate::json::print;
use crate::out::{note, say};
use byte_ranges::thousands;
use jobs::fan_out::{Estimate, RunEnd, RunOutcome, RunPlan, RunTotals};

pub(super) fn estimate(args: &RunArgs, plan: &RunPlan, estimate: &Estimate) -> Result<(), CommandError> {
    if args.json {
        return print(&plan.estimate_answer(estimate));
    }
    words::estimate(plan, estimate).iter().for_each(|line| say!("{line}"));
    if let Some(most) = args.max_cost.filter(|most| estimate.dollars > *most) {
        say!("--max-cost ${most} would not let it start.");
    }
    Ok(())
}

/// Reports the end; the exit code says how it was.
pub(super) fn done(args: &RunArgs, plan: &RunPlan, outcome: &RunOutcome) -> Result<u8, CommandError> {
    let totals = RunTotals::of(plan, outcome);
    if args.json {
        print(&plan.answer(outcome, &totals))?;
    }
    if !args.quiet && !args.json {
        words::people(plan, outcome, &totals).iter().for_each(|line| note!("{line}"));
    } else if totals.failed > 0 {
        let (failed, causes) = (thousands(totals.failed), outcome.causes());
        note!("error: {failed} cells failed: {causes}; the reasons are in {}", plan.report.display());
    }
    if let Some(stop) = &outcome.stopped {
        note!("stopped early: {stop}");
    }
    Ok(match totals.end(outcome) {
        RunEnd::Interrupted => exit::INTERRUPTED,
        RunEnd::Refused => exit::CREDENTIALS,
        RunEnd::Failed => exit::FAILED,
        RunEnd::Partial => exit::PARTIAL,
        RunEnd::Done => exit::DONE,
    })
}
