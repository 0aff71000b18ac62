//! Which of the selected rows count; every other one is counted by its reason.
use crate::RowCounts;
use crate::gather::Gathered;
use crate::locate::Track;
use crate::pieces::Column;
use crate::select::Selected;

/// The rows of one track that count, in row order.
#[derive(Default, Debug)]
pub(crate) struct TrackRows {
    /// Child index within the parent.
    pub(crate) child: Vec<u32>,
    /// Value, in the product's unit.
    pub(crate) value: Vec<f32>,
    /// Its one-sigma uncertainty.
    pub(crate) sigma: Vec<f32>,
}

/// Keeps the rows that count and records the fate of the others. The first reason that applies is the one recorded:
/// quality, fill, not finite, out of range, sigma not positive.
pub(crate) fn keep(track: &Track, selected: &Selected, columns: &Gathered, counts: &mut RowCounts) -> TrackRows {
    let mut kept = TrackRows::default();
    let too_large = |number: f64| track.limit.is_some_and(|limit| number.abs() > limit);
    let rows = selected.child.iter().zip(columns.value.iter().zip(&columns.sigma));
    for (index, (&child, (&value, &sigma))) in rows.enumerate() {
        let mut filters = track.filters.iter().zip(&columns.filters);
        let passed = filters.all(|((column, keep), flags)| passes(column, flags.get(index), *keep));
        let reason = match (track.value.value(value), track.sigma.value(sigma)) {
            _ if !passed => &mut counts.quality,
            (None, _) | (_, None) => &mut counts.fill,
            (Some(value), Some(sigma)) if !value.is_finite() || !sigma.is_finite() => &mut counts.not_finite,
            (Some(value), Some(sigma)) if too_large(value) || too_large(sigma) => &mut counts.out_of_range,
            (Some(value), Some(sigma)) if !as_f32(value).is_finite() || !as_f32(sigma).is_finite() => {
                &mut counts.not_finite
            }
            (_, Some(sigma)) if as_f32(sigma) <= 0.0 => &mut counts.sigma_not_positive,
            (Some(value), Some(sigma)) => {
                kept.child.push(child);
                kept.value.push(as_f32(value));
                kept.sigma.push(as_f32(sigma));
                &mut counts.used
            }
        };
        *reason += 1;
    }
    kept
}

/// Whether the decoded flag is the one to keep. A missing one is not.
#[expect(clippy::cast_precision_loss, reason = "flags are small integers")]
fn passes(column: &Column, stored: Option<&f64>, keep: i64) -> bool {
    stored.and_then(|stored| column.value(*stored)) == Some(keep as f64)
}

/// Values are reduced as `f32`, the type of the product's columns; a wider column is rounded to nearest.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is meant")]
const fn as_f32(value: f64) -> f32 {
    value as f32
}
