use std::fmt::Write as _;
use stores::{Column, Table};

/// One line a cell: `morton` (empty above order 18), `cell_ids` (nested), `lon` and `lat` of the centre in degrees, and the
/// variables, floats in the shortest form that reads back the same (`NaN` for no data). Where granules are missing, the first
/// line says so behind a `#`.
#[must_use]
pub fn csv(table: &Table) -> String {
    let mut text = table.partial.as_ref().map_or_else(String::new, |partial| format!("# {partial}\n"));
    text.push_str("morton,cell_ids,lon,lat");
    for (variable, _) in &table.columns {
        text.push(',');
        text.push_str(&variable.name);
    }
    text.push('\n');
    for (row, cell) in table.cells().enumerate() {
        let centre = cell.centre_in(table.latitude);
        if let Ok(decimal) = cell.decimal() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{decimal}");
        }
        let _ = write!(text, ",{},{:.7},{:.7}", cell.nested(), centre.lon(), centre.lat());
        for (_, column) in &table.columns {
            let _ = match column {
                Column::I64(values) => write!(text, ",{}", values.get(row).copied().unwrap_or_default()),
                Column::I32(values) => write!(text, ",{}", values.get(row).copied().unwrap_or_default()),
                Column::F32(values) => write!(text, ",{:?}", values.get(row).copied().unwrap_or(f32::NAN)),
                other => write!(text, ",{:?}", other.number(row)),
            };
        }
        text.push('\n');
    }
    text
}
