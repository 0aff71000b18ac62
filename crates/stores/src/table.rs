use morton::{Cell, Latitude, Order};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

use crate::{ArrayInfo, Error, Window};
use dggs_zarr::Column;

/// A data variable of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableInfo {
    /// Name of the array: `h_mean`.
    pub name: String,
    /// CF `units`: `m`, `m2`, `1`; empty if not stated.
    pub units: String,
    /// CF `long_name`; the name if not stated.
    pub long_name: String,
}

impl VariableInfo {
    /// A variable known by its name alone (a CSV): heights in metres, their variance in square metres, counts.
    #[must_use]
    pub fn guessed(name: &str) -> Self {
        let units = match name {
            "count" => "1",
            name if name.ends_with("variance") => "m2",
            name if name.starts_with("h_") => "m",
            _ => "",
        };
        Self { name: name.to_owned(), units: units.to_owned(), long_name: name.to_owned() }
    }

    pub(crate) fn of(name: &str, array: &ArrayInfo) -> Self {
        let text = |key: &str| array.attributes[key].as_str().map(str::to_owned);
        Self {
            name: name.to_owned(),
            units: text("units").unwrap_or_default(),
            long_name: text("long_name").unwrap_or_else(|| name.to_owned()),
        }
    }
}

/// The cells of one order with their values.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Order of the cells.
    pub order: Order,
    /// What the ids were computed from.
    pub latitude: Latitude,
    /// Order of the parents that were processed one by one, where the source says it.
    pub parent: Option<Order>,
    /// Nested ids, strictly ascending.
    pub ids: Vec<u64>,
    /// Variables, each as long as `ids`; the id arrays are not among them.
    pub columns: Vec<(VariableInfo, Column)>,
    /// What the store says of its making (`icestream` in the group's attributes); null for a CSV.
    pub provenance: Value,
    /// What is missing from the values, where granules were left out.
    pub partial: Option<Partial>,
}

/// Granules that were left out of values, as was allowed. It is shown with every picture, table and file of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Partial {
    /// Parent cells that lack some.
    pub cells: usize,
    /// The granules by name, as far as they are known.
    pub granules: BTreeSet<String>,
}

impl Partial {
    /// Of what stores say of the making of their parent cells, in some windows of time where there are some; `None` where
    /// nothing is missing.
    pub(crate) fn of<'a>(provenance: impl IntoIterator<Item = &'a Value>, windows: &[Window]) -> Option<Self> {
        let mut all: Option<Self> = None;
        let names: Vec<String> = windows.iter().map(Window::name).collect();
        let is_read = |part: &&Value| {
            let name = part["window"].as_str().and_then(|window| window.split('/').next());
            name.is_some_and(|name| names.iter().any(|read| read == name))
        };
        for own in provenance {
            let parts: Vec<&Value> = match own["windows"].as_array() {
                Some(parts) => parts.iter().filter(is_read).filter(|part| part["partial"] == true).collect(),
                None => Some(own).into_iter().filter(|own| own["partial"] == true).collect(),
            };
            if parts.is_empty() {
                continue;
            }
            let partial = all.get_or_insert_default();
            partial.cells += 1;
            let granules = parts.into_iter().filter_map(|part| part["granules"].as_array()).flatten();
            let missing = granules.filter(|granule| granule["failed"] == true);
            partial.granules.extend(missing.filter_map(|granule| granule["name"].as_str().map(str::to_owned)));
        }
        all
    }

    /// Both.
    #[must_use]
    pub fn and(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (Some(mut one), Some(other)) = (one.clone(), other.clone()) else { return one.or(other) };
        one.cells += other.cells;
        one.granules.extend(other.granules);
        Some(one)
    }
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.granules.len() {
            0 => write!(f, "PARTIAL: granules are missing")?,
            1 => write!(f, "PARTIAL: 1 granule is missing")?,
            many => write!(f, "PARTIAL: {many} granules are missing")?,
        }
        if self.cells > 1 { write!(f, " from {} cells", self.cells) } else { Ok(()) }
    }
}

impl Table {
    /// The column of a name.
    ///
    /// # Errors
    /// [`Error::NoVariable`] with those there are.
    pub fn column(&self, name: &str) -> Result<&(VariableInfo, Column), Error> {
        self.columns.iter().find(|(variable, _)| variable.name == name).ok_or_else(|| {
            let held: Vec<&str> = self.columns.iter().map(|(variable, _)| variable.name.as_str()).collect();
            Error::NoVariable { name: name.to_owned(), held: held.join(", ") }
        })
    }

    /// The cells in row order.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        self.ids.iter().filter_map(|&id| Cell::new(self.order, id).ok())
    }

    /// Rows with at least one observation: where `count` is above 0, or without a `count`, where any value is finite. Whole
    /// numbers, which are always finite, say nothing next to others.
    #[must_use]
    pub fn observed(&self) -> Vec<usize> {
        let count = self.columns.iter().find(|(variable, _)| variable.name == "count");
        let has_floats = self.columns.iter().any(|(_, column)| !column.is_integer());
        let telling = |column: &Column| !(has_floats && column.is_integer());
        (0..self.ids.len())
            .filter(|&row| match count {
                Some((_, count)) => count.number(row) > 0.0,
                None => self.columns.iter().any(|(_, column)| telling(column) && column.number(row).is_finite()),
            })
            .collect()
    }

    /// The parents of the cells, ascending; empty where the source does not state their order.
    #[must_use]
    pub fn parents(&self) -> Vec<Cell> {
        let mut parents: Vec<Cell> = self.cells().filter_map(|cell| cell.parent(self.parent?).ok()).collect();
        parents.dedup();
        parents
    }

    /// The rows with these numbers, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            ids: rows.iter().filter_map(|&row| self.ids.get(row).copied()).collect(),
            columns: self.columns.iter().map(|(variable, column)| (variable.clone(), column.select(rows))).collect(),
            provenance: self.provenance.clone(),
            partial: self.partial.clone(),
            ..*self
        }
    }

    /// Several tables of the same order, latitude convention and variables as one, in ascending order of ids.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when they differ, when a cell is in two of them, or when there is none.
    pub fn join(tables: Vec<Self>) -> Result<Self, Error> {
        let differ = |what: &str| Error::corrupt("stores", format!("they differ in {what}: use them one by one"));
        let mut tables = tables;
        tables.sort_by_key(|table| table.ids.first().copied());
        let mut tables = tables.into_iter();
        let mut all = tables.next().ok_or_else(|| Error::corrupt("stores", "there is none"))?;
        let mut provenance = vec![all.provenance.clone()];
        for table in tables {
            if (table.order, table.latitude) != (all.order, all.latitude) {
                return Err(differ("order or latitude convention"));
            }
            let names = |table: &Self| table.columns.iter().map(|(v, _)| v.name.clone()).collect::<Vec<_>>();
            if names(&table) != names(&all) {
                return Err(differ("variables"));
            }
            all.ids.extend_from_slice(&table.ids);
            for ((_, column), (_, more)) in all.columns.iter_mut().zip(&table.columns) {
                column.append(more);
            }
            provenance.push(table.provenance);
            all.partial = Partial::and(all.partial, table.partial);
        }
        if provenance.len() > 1 {
            all.provenance = Value::Array(provenance);
        }
        let mut rows: Vec<usize> = (0..all.ids.len()).collect();
        if all.ids.is_sorted_by(|a, b| a < b) {
            return Ok(all);
        }
        rows.sort_by_key(|&row| all.ids.get(row).copied());
        let all = all.select(&rows);
        if all.ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(differ("nothing, but a cell is in two of them"));
        }
        Ok(all)
    }
}
