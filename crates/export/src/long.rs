//! Cells over windows of time as rows, and as bands.
use crate::Error;
use stores::{Column, Cube, Table, VariableInfo, Window};

/// One row a cell, or a window and a cell; variables that have one value a cell are repeated in its rows.
pub(crate) struct Long {
    /// The rows. Cells may be there several times.
    pub(crate) table: Table,
    /// The window of each row; `None` where there is no time axis.
    pub(crate) windows: Option<Vec<Window>>,
}

impl Long {
    /// Rows with data, or all; windows in their order, and cells in each.
    pub(crate) fn of(cube: &Cube, all: bool) -> Self {
        if cube.columns.is_empty() {
            return Self { table: cube.cells.clone(), windows: None };
        }
        let mut parts = Vec::new();
        let mut windows = Vec::new();
        for (at, window) in cube.windows.iter().enumerate() {
            let table = cube.window(at);
            let rows = if all { (0..table.ids.len()).collect() } else { cube.timed(at).observed() };
            windows.extend(rows.iter().map(|_| window.clone()));
            parts.push(table.select(&rows));
        }
        let mut parts = parts.into_iter();
        let mut table = parts.next().unwrap_or_else(|| cube.cells.select(&[]));
        for part in parts {
            table.ids.extend(part.ids);
            for ((_, column), (_, more)) in table.columns.iter_mut().zip(&part.columns) {
                column.append(more);
            }
        }
        Self { table, windows: Some(windows) }
    }

    /// The repeat cycle of each row, where all windows are those.
    pub(crate) fn cycles(&self) -> Option<Vec<i64>> {
        self.windows.as_ref()?.iter().map(|window| window.cycle).collect()
    }
}

/// One band a window of each variable that has windows, one a variable of the others; a band is called after its window where
/// only one variable has windows. `are_named`: the variables were chosen.
///
/// # Errors
/// [`Error::OneVariable`] where several variables have windows and none was chosen.
pub(crate) fn bands(cube: &Cube, are_named: bool) -> Result<Table, Error> {
    if cube.windows.len() > 1 && cube.columns.len() > 1 && !are_named {
        let names: Vec<&str> = cube.columns.iter().map(|(variable, _)| variable.name.as_str()).collect();
        return Err(Error::OneVariable(names.join(", ")));
    }
    let mut columns: Vec<(VariableInfo, Column)> = Vec::new();
    let tables: Vec<Table> = (0..cube.windows.len()).map(|at| cube.timed(at)).collect();
    for place in 0..cube.columns.len() {
        for (window, table) in cube.windows.iter().zip(&tables) {
            let Some((variable, column)) = table.columns.get(place) else { continue };
            let name = match (cube.windows.len(), cube.columns.len()) {
                (1, _) => variable.name.clone(),
                (_, 1) => window.name(),
                _ => format!("{} {}", variable.name, window.name()),
            };
            let long_name = format!("{}, {}", variable.long_name, window.words());
            columns.push((VariableInfo { name, long_name, ..variable.clone() }, column.clone()));
        }
    }
    columns.extend(cube.cells.columns.iter().cloned());
    Ok(Table { columns, ..cube.cells.clone() })
}
