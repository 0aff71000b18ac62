//! What a run would take, and what it took.
use super::RunArgs;
use super::progress::time;
use crate::exit::{self, Failure};
use crate::json::print;
use crate::out::{note, say};
use byte_ranges::{data_size, thousands};
use jobs::fan_out::{CellReport, Estimate, RunEnd, RunOutcome, RunPlan, RunTotals};
use std::collections::BTreeSet;

/// Warnings that people are shown; the report has all.
const MAX_WARNINGS: usize = 5;

pub(super) fn estimate(args: &RunArgs, plan: &RunPlan, estimate: &Estimate) -> Result<(), Failure> {
    if args.json {
        return print(&plan.estimate_answer(estimate));
    }
    let each = estimate.dollars / (estimate.cells.max(1)) as f64;
    say!(
        "to run       {:>14}  cells, {} finished earlier",
        thousands(estimate.cells),
        thousands(plan.finished.len() as u64)
    );
    say!("granules     {:>14}  each counted once a cell", thousands(estimate.granules));
    say!("requests     {:>14}", thousands(estimate.requests));
    say!("to read      {:>14}", data_size(estimate.bytes));
    say!("time         {:>14}  ({} one after the other)", time(estimate.seconds), time(estimate.cell_seconds));
    say!(
        "cost         {:>14}  {:.0} GB-seconds, ${each:.5} a cell",
        format!("${:.4}", estimate.dollars),
        estimate.gb_seconds
    );
    say!(
        "An estimate from the number of granules: 44 requests and 2.4 MB for each that crosses its cell; less where one only grazes it."
    );
    if let Some(most) = args.max_cost.filter(|most| estimate.dollars > *most) {
        say!("--max-cost ${most} would not let it start.");
    }
    Ok(())
}

/// Reports the end; the exit code says how it was.
pub(super) fn done(args: &RunArgs, plan: &RunPlan, outcome: &RunOutcome) -> Result<u8, Failure> {
    let totals = RunTotals::of(plan, outcome);
    if args.json {
        print(&plan.answer(outcome, &totals))?;
    }
    if !args.quiet && !args.json {
        people(plan, outcome, &totals).iter().for_each(|line| note!("{line}"));
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

fn people(plan: &RunPlan, outcome: &RunOutcome, totals: &RunTotals) -> Vec<String> {
    let line = |what: &str, number: u64, more: &str| format!("  {what:<14} {:>14}  {more}", thousands(number));
    let mut lines = vec![format!(
        "{} cells to {} in {}",
        thousands(totals.cells()),
        plan.shape().out,
        time(outcome.elapsed.as_secs_f64())
    )];
    let earlier = match totals.finished_earlier {
        0 => String::new(),
        some => format!("{} of data and empty from earlier runs", thousands(some)),
    };
    lines.push(line("with data", totals.with_data, &earlier));
    lines.push(line("empty", totals.empty, ""));
    lines.push(line("failed", totals.failed, &outcome.causes()));
    if totals.partial > 0 {
        lines.push(line("PARTIAL", totals.partial, "cells with data that lack granules"));
    }
    if totals.not_run > 0 {
        lines.push(line("not run", totals.not_run, "the same command goes on with them"));
    }
    lines.push(line("observations", totals.observations, ""));
    let retried = format!("{} attempts, {} throttled", thousands(totals.attempts), thousands(outcome.throttled));
    lines.push(line("requests", totals.spent.requests, &format!("{} read; {retried}", data_size(totals.spent.bytes))));
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    let each = totals.cost_usd / (totals.with_data + totals.empty + totals.failed).max(1) as f64;
    let told = match totals.spent.unbilled_calls {
        0 => String::new(),
        calls => format!("; {} calls reckoned by the clock", thousands(calls)),
    };
    let (seconds, calls) = (totals.spent.usage.gb_seconds, thousands(totals.spent.usage.invocations));
    lines.push(format!(
        "  {:<14} {:>14}  {seconds:.1} GB-seconds, {calls} calls; ${each:.6} a cell{told}",
        "cost",
        format!("${:.4}", totals.cost_usd),
    ));
    lines.push(format!("  report         {}", plan.report.display()));
    lines.extend(warnings(&outcome.ended));
    if totals.failed > 0 {
        lines.push(format!("  run the failed ones again with --failed-of {}", plan.report.display()));
    }
    if totals.partial > 0 {
        lines.push(format!("  run the partial ones again with --partial-of {}", plan.report.display()));
    }
    lines
}

/// What cells warned of, each once.
fn warnings(ended: &[CellReport]) -> Vec<String> {
    let all: BTreeSet<&str> = ended.iter().flat_map(|ended| &ended.warnings).map(String::as_str).collect();
    let mut lines: Vec<String> = all.iter().take(MAX_WARNINGS).map(|warning| format!("  warning: {warning}")).collect();
    if all.len() > MAX_WARNINGS {
        lines.push(format!("  and {} more warnings, in the report", all.len() - MAX_WARNINGS));
    }
    lines
}
