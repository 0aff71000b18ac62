//! A level with a time axis: cells, windows, and a value of each in each.
use crate::{Column, Error, Partial, Table, VariableInfo, Window};

/// The cells of one order over windows of time. Without windows it is a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Cube {
    /// The cells, with the variables that have one value a cell.
    pub cells: Table,
    /// The windows, ascending; none where there is no time axis.
    pub windows: Vec<Window>,
    /// Variables with a value in each window: those of all cells in the first window, then those in the second, and so on.
    pub columns: Vec<(VariableInfo, Column)>,
}

impl From<Table> for Cube {
    fn from(cells: Table) -> Self {
        Self { cells, windows: Vec::new(), columns: Vec::new() }
    }
}

impl Cube {
    /// Names of all variables, those with windows first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables().map(|variable| variable.name.as_str())
    }

    /// All variables, those with windows first.
    pub fn variables(&self) -> impl Iterator<Item = &VariableInfo> {
        self.columns.iter().chain(&self.cells.columns).map(|(variable, _)| variable)
    }

    /// Whether a variable has a value in each window.
    #[must_use]
    pub fn is_timed(&self, name: &str) -> bool {
        self.columns.iter().any(|(variable, _)| variable.name == name)
    }

    /// Keeps the variables of these names, in their order; all where none is named.
    ///
    /// # Errors
    /// [`Error::NoVariable`] with those there are.
    pub fn choose(mut self, names: &[&str]) -> Result<Self, Error> {
        if names.is_empty() {
            return Ok(self);
        }
        let (mut timed, mut plain) = (Vec::new(), Vec::new());
        for &name in names {
            if let Some(column) = self.columns.iter().find(|(variable, _)| variable.name == name) {
                timed.push(column.clone());
            } else if let Some(column) = self.cells.columns.iter().find(|(variable, _)| variable.name == name) {
                plain.push(column.clone());
            } else {
                let held: Vec<&str> = self.names().collect();
                return Err(Error::NoVariable { name: name.to_owned(), held: held.join(", ") });
            }
        }
        (self.columns, self.cells.columns) = (timed, plain);
        if self.columns.is_empty() {
            self.windows.clear();
        }
        Ok(self)
    }

    /// The values in one window, and after them those of all windows, as a table.
    #[must_use]
    pub fn window(&self, at: usize) -> Table {
        let rows: Vec<usize> = (at * self.cells.ids.len()..(at + 1) * self.cells.ids.len()).collect();
        let timed = self.columns.iter().map(|(variable, column)| (variable.clone(), column.select(&rows)));
        Table { columns: timed.chain(self.cells.columns.iter().cloned()).collect(), ..self.cells.clone() }
    }

    /// The one table there is: without windows, or of one window.
    ///
    /// # Errors
    /// [`Error::Windows`] where there are several.
    pub fn into_table(self) -> Result<Table, Error> {
        match self.windows.len() {
            _ if self.columns.is_empty() => Ok(self.cells),
            1 => Ok(self.window(0)),
            _ => Err(Error::Windows(self.windows.iter().map(Window::name).collect::<Vec<_>>().join(", "))),
        }
    }

    /// The cells with these rows, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let cells = self.cells.ids.len();
        let all: Vec<usize> =
            (0..self.windows.len()).flat_map(|at| rows.iter().map(move |row| at * cells + row)).collect();
        let columns = self.columns.iter().map(|(variable, column)| (variable.clone(), column.select(&all)));
        Self { cells: self.cells.select(rows), windows: self.windows.clone(), columns: columns.collect() }
    }

    /// Rows of the cells that have data in some window, or a value that is of all windows.
    #[must_use]
    pub fn observed(&self) -> Vec<usize> {
        if self.columns.is_empty() {
            return self.cells.observed();
        }
        let mut seen = vec![false; self.cells.ids.len()];
        let tables = (0..self.windows.len()).map(|at| self.timed(at));
        for table in tables.chain((!self.cells.columns.is_empty()).then(|| self.cells.clone())) {
            for row in table.observed() {
                seen[row] = true;
            }
        }
        (0..seen.len()).filter(|&row| seen[row]).collect()
    }

    /// The values in one window alone.
    #[must_use]
    pub fn timed(&self, at: usize) -> Table {
        let without = Table { columns: Vec::new(), ..self.cells.clone() };
        Self { cells: without, windows: self.windows.clone(), columns: self.columns.clone() }.window(at)
    }

    /// Several cubes of the same order, latitude convention and variables as one: cells in ascending order, and the windows of
    /// all; a cube has no data in the windows of others.
    ///
    /// # Errors
    /// As [`Table::join`]; [`Error::Corrupt`] where windows overlap.
    pub fn join(cubes: Vec<Self>) -> Result<Self, Error> {
        let mut windows: Vec<Window> = cubes.iter().flat_map(|cube| cube.windows.clone()).collect();
        windows.sort_unstable();
        windows.dedup();
        if windows.windows(2).any(|pair| pair[0].end.is_some_and(|end| end > pair[1].start)) {
            return Err(Error::corrupt("stores", "their windows of time overlap: use them one by one"));
        }
        let names = |cube: &Self| cube.columns.iter().map(|(variable, _)| variable.name.clone()).collect::<Vec<_>>();
        let first = cubes.first().map(names).unwrap_or_default();
        if cubes.iter().any(|cube| names(cube) != first) {
            return Err(Error::corrupt("stores", "they differ in variables: use them one by one"));
        }
        let variables: Vec<VariableInfo> = cubes
            .first()
            .map(|cube| cube.columns.iter().map(|(variable, _)| variable.clone()).collect())
            .unwrap_or_default();
        // One table a window, joined as tables are, which sorts the cells of each in the same way.
        let mut columns: Vec<Option<Column>> = vec![None; variables.len()];
        for window in &windows {
            let part = |cube: &Self| match cube.windows.iter().position(|own| own == window) {
                Some(at) => cube.timed(at),
                None => cube.without_data(),
            };
            let table = Table::join(cubes.iter().map(part).collect())?;
            for (all, (_, column)) in columns.iter_mut().zip(&table.columns) {
                match all {
                    Some(all) => all.append(column),
                    None => *all = Some(column.clone()),
                }
            }
        }
        let columns = variables.into_iter().zip(columns).filter_map(|(variable, column)| Some((variable, column?)));
        let columns = columns.collect();
        Ok(Self { cells: Table::join(cubes.into_iter().map(|cube| cube.cells).collect())?, windows, columns })
    }

    /// The cells as in a window of which there is nothing.
    fn without_data(&self) -> Table {
        let rows = self.cells.ids.len();
        let columns = self.columns.iter().map(|(variable, column)| (variable.clone(), column.missing(rows)));
        Table { columns: columns.collect(), ..self.cells.clone() }
    }

    /// The values of a variable of a cell, window by window; `None` where there is no such variable with windows, or no such cell.
    #[must_use]
    pub fn series(&self, name: &str, id: u64) -> Option<Vec<f64>> {
        let row = self.cells.ids.binary_search(&id).ok()?;
        let (_, column) = self.columns.iter().find(|(variable, _)| variable.name == name)?;
        Some((0..self.windows.len()).map(|at| column.number(at * self.cells.ids.len() + row)).collect())
    }

    /// What is missing from the values.
    #[must_use]
    pub const fn partial(&self) -> Option<&Partial> {
        self.cells.partial.as_ref()
    }

    /// The cells with one variable: the sums of `count` over all windows, or where there is none, 1 for a cell with data.
    #[must_use]
    pub fn counted(&self) -> Table {
        let mut counts = vec![0_i64; self.cells.ids.len()];
        let column = self.columns.iter().find(|(variable, _)| variable.name == "count").map(|(_, column)| column);
        if let Some(column) = column {
            for at in 0..column.len() {
                #[expect(clippy::cast_possible_truncation, reason = "counts")]
                let count = column.number(at) as i64;
                counts[at % self.cells.ids.len()] += count;
            }
        } else {
            self.observed().into_iter().for_each(|row| counts[row] = 1);
        }
        let variable = VariableInfo::guessed(if column.is_some() { "count" } else { "seen" });
        Table { columns: vec![(variable, Column::I64(counts))], ..self.cells.clone() }
    }
}
