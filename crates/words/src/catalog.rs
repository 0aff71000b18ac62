//! What a catalog leaves out.
use catalog::{Catalog, Gathered, LeftOut};

/// Names of each kind that are shown.
const MAX_NAMES: usize = 5;

/// What was left out and why, a line each: nothing is left out silently.
#[must_use]
pub fn remarks(report: &Gathered) -> Vec<String> {
    let mut lines = Vec::new();
    for LeftOut { what, names } in report.left_out() {
        lines.push(format!("{} {what}:", names.len()));
        lines.extend(names.iter().take(MAX_NAMES).map(|name| format!("  {name}")));
        let more = names.len().saturating_sub(MAX_NAMES);
        lines.extend((more > 0).then(|| format!("  and {more} more (--json lists all)")));
    }
    let many = |count: usize, what: &str| (count > 0).then(|| format!("{count} granules {what}"));
    lines.extend(many(report.other_names, "are of another cycle, region or date by their names"));
    lines.extend(many(report.elsewhere, "touch none of the cells"));
    lines
}

/// A warning for a catalog of several cycles: they may be mixed by mistake if nobody asked for them.
#[must_use]
pub fn mixed_cycles(catalog: &Catalog) -> Option<String> {
    let cycles = catalog.cycles();
    let list: Vec<String> = cycles.iter().map(ToString::to_string).collect();
    (cycles.len() > 1).then(|| {
        format!(
            "the granules are of {} cycles ({}): --cycle chooses, and --by cycle of `run` tells them apart",
            cycles.len(),
            list.join(", ")
        )
    })
}
