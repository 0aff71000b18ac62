//! What a product finds in a granule.
use byte_ranges::thousands;
use pipeline::{GranuleEntry, Product};
use std::collections::BTreeMap;

/// What [`jobs::check`] found, a line each.
#[must_use]
pub fn found_in(entry: &GranuleEntry, product: &Product) -> Vec<String> {
    let mut lines = vec![format!("{} as {}", entry.granule, product.name)];
    let mut conditions: BTreeMap<&str, u64> = BTreeMap::new();
    for track in &entry.tracks {
        let (rows, used) = (thousands(track.rows.rows), thousands(track.rows.used));
        lines.push(format!("  {:<10} {rows:>12} rows, {used:>12} count", track.track));
        lines.extend((!track.chosen.is_empty()).then(|| format!("             reads {}", track.chosen.join(", "))));
        let not_tested = (!track.not_tested.is_empty()).then(|| track.not_tested.join(", "));
        lines.extend(not_tested.map(|names| format!("             has no {names}: not tested")));
        for condition in &track.conditions {
            *conditions.entry(&condition.condition).or_insert(0) += condition.rows;
        }
    }
    for (what, names) in [("absent", &entry.absent), ("left out", &entry.left_out)] {
        lines.extend((!names.is_empty()).then(|| format!("  {what}: {}", names.join(", "))));
    }
    let broken = entry.tracks.iter().filter(|track| !track.link.is_sound());
    lines.extend(broken.map(|track| format!("  {}: the link to its parents is broken: {}", track.track, track.link)));
    let mut rows = pipeline::RowCounts::default();
    entry.tracks.iter().for_each(|track| rows.add(&track.rows));
    lines.push(format!("  {} of {} rows count", thousands(rows.used), thousands(rows.rows)));
    let told = |what: &str, rows: u64| (rows > 0).then(|| format!("  {:>12} dropped: {what}", thousands(rows)));
    lines.extend(conditions.iter().filter_map(|(condition, rows)| told(condition, *rows)));
    lines.extend(
        rows.dropped().iter().filter(|(name, _)| *name != "quality").filter_map(|(name, rows)| told(name, *rows)),
    );
    lines
}
