//! A run: what it would take, and what it took.
use byte_ranges::{data_size, thousands};
use jobs::fan_out::{CellReport, Estimate, RunOutcome, RunPlan, RunTotals};
use std::collections::BTreeSet;
use std::time::Duration;

/// Warnings that people are shown; the report has all.
const MAX_WARNINGS: usize = 5;

/// What a run would take, a line each.
#[must_use]
pub fn estimate(plan: &RunPlan, estimate: &Estimate) -> Vec<String> {
    let mut lines = Vec::new();
    let each = estimate.dollars / (estimate.cells.max(1)) as f64;
    lines.push(format!(
        "to run       {:>14}  cells, {} finished earlier",
        thousands(estimate.cells),
        thousands(plan.finished.len() as u64)
    ));
    lines.push(format!("granules     {:>14}  each counted once a cell", thousands(estimate.granules)));
    lines.push(format!("requests     {:>14}", thousands(estimate.requests)));
    lines.push(format!("to read      {:>14}", data_size(estimate.bytes)));
    lines.push(format!(
        "time         {:>14}  ({} one after the other)",
        time(estimate.seconds),
        time(estimate.cell_seconds)
    ));
    lines.push(format!(
        "cost         {:>14}  {:.0} GB-seconds, ${each:.5} a cell",
        format!("${:.4}", estimate.dollars),
        estimate.gb_seconds
    ));
    lines.push("An estimate from the number of granules: 44 requests and 2.4 MB for each that crosses its cell; less where one only grazes it.".to_owned());
    lines
}

/// How a run ended, a line each.
#[must_use]
pub fn people(plan: &RunPlan, outcome: &RunOutcome, totals: &RunTotals) -> Vec<String> {
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

/// Seconds as people read them: `41 s`, `4 m`, `1 h 20 m`.
#[must_use]
pub fn time(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX).as_secs();
    match whole {
        0..2 => format!("{seconds:.1} s"),
        2..120 => format!("{whole} s"),
        120..7_200 => format!("{} m", whole / 60),
        _ => format!("{} h {} m", whole / 3_600, whole / 60 % 60),
    }
}
