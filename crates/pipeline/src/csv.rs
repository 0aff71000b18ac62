//! The table of children as CSV, the text that references are compared with.
use crate::TimeAxis;
use dggs_zarr::{Column, Level};
use std::fmt::Write as _;

/// The cells of a level in nested order, one line each, empty ones included: `morton,cell_ids` and the product's
/// statistics; where there is a time axis, that for each window, which `time` begins. Floats in shortest round-trip form (`NaN` for no data), `\n` line ends.
#[must_use]
pub fn to_csv(level: &Level, time: Option<&TimeAxis>) -> String {
    let mut text = String::from(if time.is_some() { "time,morton,cell_ids" } else { "morton,cell_ids" });
    for variable in &level.variables {
        text.push(',');
        text.push_str(&variable.name);
    }
    text.push('\n');
    let (cells, windows) = (level.cell_ids.len(), time.map_or(&[][..], TimeAxis::windows));
    for at in 0..cells * windows.len().max(1) {
        let (window, cell) = (windows.get(at / cells), at % cells);
        let (Some(id), Some(morton)) = (level.cell_ids.get(cell), level.morton.get(cell)) else { continue };
        // Writing to a String cannot fail.
        let _ = window.map_or(Ok(()), |window| write!(text, "{},", window.name()));
        let _ = write!(text, "{morton},{id}");
        for variable in &level.variables {
            let row = if variable.timed { at } else { cell };
            let _ = match &variable.values {
                Column::I32(counts) => write!(text, ",{}", counts.get(row).copied().unwrap_or_default()),
                Column::F32(values) => write!(text, ",{:?}", values.get(row).copied().unwrap_or(f32::NAN)),
                other => write!(text, ",{:?}", other.number(row)),
            };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dggs_zarr::{Attributes, Variable};
    use morton::Order;

    #[test]
    fn floats_round_trip_and_no_data_is_nan() {
        let variable =
            |name: &str, values| Variable { name: name.into(), values, attributes: Attributes::new(), timed: false };
        let level = Level {
            order: Order::new(12).unwrap(),
            cell_ids: vec![7, 8],
            morton: vec![-11, -12],
            variables: vec![
                variable("count", Column::I32(vec![3, 0])),
                variable("h_min", Column::F32(vec![1866.2823, f32::NAN])),
                variable("h_sigma", Column::F32(vec![1e-9, f32::NAN])),
            ],
        };
        let text = to_csv(&level, None);
        assert_eq!(text, "morton,cell_ids,count,h_min,h_sigma\n-11,7,3,1866.2823,1e-9\n-12,8,0,NaN,NaN\n");
    }
}
