//! The result of a cell.
use byte_ranges::{data_size, thousands};
use dggs_zarr::{Column, Level};
use pipeline::{CellResult, Ledger};
use stores::Partial;

/// The main numbers of a result.
#[must_use]
pub fn table(result: &CellResult) -> String {
    let mut lines = Vec::new();
    let rows = &result.ledger.totals.rows;
    let (parent, order) = (result.job.parent(), result.job.child_order());
    let name = parent.decimal().map_or_else(|_| parent.nested().to_string(), |id| id.to_string());
    lines.push(format!("cell {name}  {} latitude, children of order {order}", result.job.latitude()));
    lines.extend(partial(result).map(|words| format!("  {words}")));
    lines.push(format!(
        "  cells with data  {:>12}  of {}",
        thousands(result.cells_with_data() as u64),
        thousands(u64::from(result.job.children()))
    ));
    lines.push(format!("  rows used        {:>12}", thousands(rows.used)));
    lines.push(format!("  rows in the cell {:>12}  {}", thousands(rows.in_parent), dropped(&result.ledger)));
    if let Some(level) = result.children() {
        lines.extend(ranges(level));
    }
    lines.push(reading(&result.ledger));
    lines.extend(notes(&result.ledger));
    if let Some(because) = result.empty_because() {
        lines.push(format!("  {because}"));
    }
    lines.join("\n")
}

/// That granules are missing from a result, if some are.
#[must_use]
pub fn partial(result: &CellResult) -> Option<Partial> {
    let granules = result.ledger.failed().map(|entry| entry.granule.clone()).collect();
    result.is_partial().then_some(Partial { cells: 1, granules })
}

/// Failures and warnings, a line each.
#[must_use]
pub fn notes(ledger: &Ledger) -> Vec<String> {
    let warnings = ledger.warnings.iter().map(|warning| format!("  warning: {warning}"));
    let failures = ledger.failed().filter_map(|entry| {
        let failure = entry.error.as_ref()?;
        Some(format!("  failed: {} [{}] {}", entry.granule, failure.class, failure.message))
    });
    warnings.chain(failures).collect()
}

fn dropped(ledger: &Ledger) -> String {
    let reasons = ledger.totals.rows.dropped();
    let told: Vec<String> = reasons
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {}", thousands(*count)))
        .collect();
    if told.is_empty() { "dropped: none".into() } else { format!("dropped: {}", told.join(", ")) }
}

/// The range of every statistic over the cells with data.
fn ranges(level: &Level) -> Vec<String> {
    let values = level.variables.iter().filter_map(|variable| {
        let Column::F32(values) = &variable.values else { return None };
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let least = finite().fold(f32::INFINITY, f32::min);
        let most = finite().fold(f32::NEG_INFINITY, f32::max);
        (least <= most).then(|| format!("  {:<16} {least:>12.4}  to {most:.4}", variable.name))
    });
    values.collect()
}

fn reading(ledger: &Ledger) -> String {
    let totals = &ledger.totals;
    let granules = if totals.granules == 1 { "granule" } else { "granules" };
    let absent = if totals.tracks_absent > 0 { format!(" ({} absent)", totals.tracks_absent) } else { String::new() };
    format!(
        "  read             {:>12}  of {} in {} requests, {} {granules}, {} tracks{absent}",
        data_size(totals.bytes),
        data_size(totals.granule_bytes),
        thousands(totals.requests),
        totals.granules,
        totals.tracks
    )
}
