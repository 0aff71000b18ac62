//! What is wrong with a store.
use stores::{Severity, Validation};

/// Findings of one kind that are shown in full.
const SHOWN: usize = 5;

/// A line a finding, the first few of each kind, and the verdict.
#[must_use]
pub fn validation(report: &Validation) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = ("", 0);
    for finding in &report.findings {
        last = if last.0 == finding.code { (last.0, last.1 + 1) } else { (finding.code, 1) };
        if last.1 == SHOWN + 1 {
            let all = report.findings.iter().filter(|other| other.code == finding.code).count();
            lines.push(format!("         {}: {} more (--json lists them)", finding.code, all - SHOWN));
        }
        if last.1 <= SHOWN {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            lines.push(format!("{severity:<8} {}: {}: {}", finding.code, finding.key, finding.what));
        }
    }
    let orders: Vec<String> = report.orders.iter().map(ToString::to_string).collect();
    let partial = report.findings.iter().any(|finding| finding.code == "partial");
    let partial = if partial { "; PARTIAL: granules are missing" } else { "" };
    let again = if report.recomputed > 0 { format!(", {} computed again", report.recomputed) } else { String::new() };
    lines.push(format!(
        "{}: {}: layout {}, orders {}, {} cells{again}, {} objects; {} errors, {} warnings{partial}",
        report.zarr_path,
        if report.valid { "valid" } else { "NOT valid" },
        report.layout.unwrap_or("unknown"),
        orders.join(" "),
        report.cells,
        report.objects,
        report.errors,
        report.warnings
    ));
    lines
}
