//! Cells over windows of time as rows, and as bands.
use crate::Error;
use byte_ranges::data_size;
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

/// Bytes of the rows of a file, roughly: they are in memory with all their columns, and as the file.
const MOST: u64 = 8 << 30;
/// Of a row: its geometry and ids.
const OF_ROW: u64 = 200;
/// Of a value, as it is kept and as it is written.
const OF_VALUE: u64 = 16;

/// Checks that the rows of a cube are not too many to be kept in memory.
///
/// # Errors
/// [`Error::Rows`].
pub(crate) fn check(cube: &Cube, all: bool) -> Result<(), Error> {
    let windows = cube.windows.len();
    let rows = match windows {
        0 => cube.cells.ids.len(),
        _ if all => cube.cells.ids.len().saturating_mul(windows),
        _ => (0..windows).map(|at| cube.timed(at).observed().len()).sum(),
    };
    within(rows as u64, cube.names().count())
}

fn within(rows: u64, columns: usize) -> Result<(), Error> {
    let bytes = rows.saturating_mul((columns as u64).saturating_mul(OF_VALUE).saturating_add(OF_ROW));
    if bytes <= MOST { Ok(()) } else { Err(Error::Rows { rows, columns, size: data_size(bytes) }) }
}

/// Bands of a raster.
pub(crate) struct Bands {
    /// A column a band, called as the band.
    pub(crate) table: Table,
    /// Of each band.
    pub(crate) sources: Vec<Source>,
}

/// Where a band comes from.
pub(crate) struct Source {
    /// Whether it counts something.
    pub(crate) is_count: bool,
    /// The window of time of its values, where there are windows.
    pub(crate) window: Option<Window>,
}

/// One band a window of each variable that has windows, one a variable of the others; a band is called after its window where
/// only one variable has windows. `are_named`: the variables were chosen.
///
/// # Errors
/// [`Error::OneVariable`] where several variables have windows and none was chosen.
pub(crate) fn bands(cube: &Cube, are_named: bool) -> Result<Bands, Error> {
    if cube.windows.len() > 1 && cube.columns.len() > 1 && !are_named {
        let names: Vec<&str> = cube.columns.iter().map(|(variable, _)| variable.name.as_str()).collect();
        return Err(Error::OneVariable(names.join(", ")));
    }
    let mut columns: Vec<(VariableInfo, Column)> = Vec::new();
    let mut sources = Vec::new();
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
            sources.push(Source { is_count: is_count(variable, column), window: Some(window.clone()) });
            columns.push((VariableInfo { name, long_name, ..variable.clone() }, column.clone()));
        }
    }
    for (variable, column) in &cube.cells.columns {
        sources.push(Source { is_count: is_count(variable, column), window: None });
        columns.push((variable.clone(), column.clone()));
    }
    Ok(Bands { table: Table { columns, ..cube.cells.clone() }, sources })
}

fn is_count(variable: &VariableInfo, column: &Column) -> bool {
    column.is_integer() && (variable.name == "count" || variable.name.ends_with("_count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_rows_are_refused_with_what_they_would_take() {
        within(20_000_000, 9).unwrap();
        let error = within(100_000_000, 9).unwrap_err().to_string();
        assert!(error.starts_with("100000000 rows of 9 columns, about 34"), "{error}");
        assert!(within(u64::MAX, usize::MAX).is_err());
    }
}
