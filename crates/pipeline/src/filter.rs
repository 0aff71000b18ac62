//! Which of the selected rows count; every other one is counted by its reason.
use crate::RowCounts;
use crate::gather::Gathered;
use crate::granule::TrackRows;
use crate::locate::Track;
use crate::select::Selected;

/// Keeps the rows that count and records the fate of the others. The first reason that applies is the one recorded:
/// quality, fill, not finite, sigma not positive.
pub(crate) fn keep(track: &Track, selected: &Selected, columns: &Gathered, counts: &mut RowCounts) -> TrackRows {
    let mut kept = TrackRows::default();
    let rows = selected.child.iter().zip(columns.value.iter().zip(&columns.sigma));
    for (index, (&child, (&value, &sigma))) in rows.enumerate() {
        let mut filters = track.filters.iter().zip(&columns.filters);
        let reason = if !filters.all(|((_, keep), flags)| passes(flags.get(index), *keep)) {
            &mut counts.quality
        } else if track.value.is_fill(value) || track.sigma.is_fill(sigma) {
            &mut counts.fill
        } else if !as_f32(value).is_finite() || !as_f32(sigma).is_finite() {
            &mut counts.not_finite
        } else if as_f32(sigma) <= 0.0 {
            &mut counts.sigma_not_positive
        } else {
            kept.child.push(child);
            kept.value.push(as_f32(value));
            kept.sigma.push(as_f32(sigma));
            &mut counts.used
        };
        *reason += 1;
    }
    kept
}

#[expect(clippy::cast_precision_loss, reason = "flags are small integers")]
fn passes(flag: Option<&f64>, keep: i64) -> bool {
    flag.is_some_and(|&flag| flag == keep as f64)
}

/// Values are reduced as `f32`, the type of the product's columns; a wider column is rounded to nearest.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is meant")]
const fn as_f32(value: f64) -> f32 {
    value as f32
}
