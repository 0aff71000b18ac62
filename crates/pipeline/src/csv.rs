//! The table of children as CSV, the text that references are compared with.
use crate::{Column, Level};
use std::fmt::Write as _;

/// The cells of a level in nested order, one line each, empty ones included: `morton,cell_ids` and the product's
/// statistics. Floats in shortest round-trip form (`NaN` for no data), `\n` line ends.
#[must_use]
pub fn to_csv(level: &Level) -> String {
    let mut text = String::from("morton,cell_ids");
    for (name, _) in &level.columns {
        text.push(',');
        text.push_str(name);
    }
    text.push('\n');
    for (row, (id, morton)) in level.cell_ids.iter().zip(&level.morton).enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{morton},{id}");
        for (_, column) in &level.columns {
            let _ = match column {
                Column::Count(counts) => write!(text, ",{}", counts.get(row).copied().unwrap_or_default()),
                Column::Value(values) => write!(text, ",{:?}", values.get(row).copied().unwrap_or(f32::NAN)),
            };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::Order;

    #[test]
    fn floats_round_trip_and_no_data_is_nan() {
        let level = Level {
            order: Order::new(12).unwrap(),
            cell_ids: vec![7, 8],
            morton: vec![-11, -12],
            columns: vec![
                ("count".into(), Column::Count(vec![3, 0])),
                ("h_min".into(), Column::Value(vec![1866.2823, f32::NAN])),
                ("h_sigma".into(), Column::Value(vec![1e-9, f32::NAN])),
            ],
        };
        let text = to_csv(&level);
        assert_eq!(text, "morton,cell_ids,count,h_min,h_sigma\n-11,7,3,1866.2823,1e-9\n-12,8,0,NaN,NaN\n");
    }
}
