use crate::long::Long;
use std::fmt::Write as _;
use stores::{Column, Cube};

/// One line a cell, or a window of time and a cell, which then begins with `time` (when the window begins) and where there are
/// such with `cycle`: `morton` (empty above order 18), `cell_ids` (nested), `lon` and `lat` of the centre in degrees, and the
/// variables, floats in the shortest form that reads back the same (`NaN` for no data). Where granules are missing, the first
/// line says so behind a `#`.
#[must_use]
pub fn csv(cube: &Cube, all: bool) -> String {
    let long = Long::of(cube, all);
    let (table, cycles) = (&long.table, long.cycles());
    let mut text = table.partial.as_ref().map_or_else(String::new, |partial| format!("# {partial}\n"));
    if long.windows.is_some() {
        text.push_str(if cycles.is_some() { "time,cycle," } else { "time," });
    }
    text.push_str("morton,cell_ids,lon,lat");
    for (variable, _) in &table.columns {
        text.push(',');
        text.push_str(&variable.name);
    }
    text.push('\n');
    for (row, cell) in table.cells().enumerate() {
        let centre = cell.centre_in(table.latitude);
        if let Some(window) = long.windows.as_ref().and_then(|windows| windows.get(row)) {
            let _ = write!(text, "{},", stores::moment_text(window.start));
        }
        if let Some(cycle) = cycles.as_ref().and_then(|cycles| cycles.get(row)) {
            let _ = write!(text, "{cycle},");
        }
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
