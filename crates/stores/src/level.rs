use morton::{Cell, Latitude, Order};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::array::is_v3;
use crate::axis::Axis;
use crate::grid::{Grid, Lack, Scheme};
use crate::{ArrayInfo, Error, OWN, VariableInfo};

/// Names of the arrays that say which cell a row is.
const CELL_IDS: &str = "cell_ids";
const MORTON: &str = "morton";

/// One order of a store: its group, without values.
#[derive(Debug, Clone)]
pub struct LevelInfo {
    /// Order of the cells.
    pub order: Order,
    /// What the ids were computed from.
    pub latitude: Latitude,
    /// Attributes of the group, an object.
    pub attributes: Value,
    /// Arrays by name, the id arrays included.
    pub arrays: BTreeMap<String, ArrayInfo>,
    /// Arrays that cannot be read, with the reason.
    pub unread: BTreeMap<String, String>,
    /// Path of the group in the store: `12`, or nothing.
    pub(crate) path: String,
    pub(crate) grid: Grid,
    pub(crate) rows: Rows,
    /// When the windows are, where arrays have them.
    pub(crate) axis: Option<Axis>,
}

/// How the cells of the rows are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rows {
    /// The row is the number of the cell; there is one for each cell of the sphere.
    Position,
    /// An array of this name holds ids.
    Ids(String),
    /// The rows are the children of this cell, in order.
    Children(Cell),
}

impl LevelInfo {
    /// The data variables that can be read, ids left out, by name but `count` first.
    #[must_use]
    pub fn variables(&self) -> Vec<VariableInfo> {
        let data = self.arrays.iter().filter(|(name, _)| !self.is_id(name));
        let mut variables: Vec<VariableInfo> = data.map(|(name, array)| VariableInfo::of(name, array)).collect();
        variables.sort_by_key(|variable| (rank(&variable.name), variable.name.clone()));
        variables
    }

    /// Whether variables have a value in each of several windows of time.
    #[must_use]
    pub fn has_windows(&self) -> bool {
        self.axis.is_some()
    }

    fn is_id(&self, name: &str) -> bool {
        matches!(name, CELL_IDS | MORTON) || matches!(&self.rows, Rows::Ids(ids) if ids == name)
    }

    /// Whether the position of a row is its id (layout `sphere`).
    #[must_use]
    pub fn is_full_domain(&self) -> bool {
        self.rows == Rows::Position
    }

    /// Whether rows are those of the children in a region, of which some may not be computed yet (layout `region`).
    pub(crate) fn is_region(&self) -> bool {
        self.attributes[OWN]["layout"] == "region"
    }

    /// Whether an array is that of the ids.
    pub(crate) fn is_ids(&self, array: &ArrayInfo) -> bool {
        matches!(&self.rows, Rows::Ids(name) if self.arrays.get(name).is_some_and(|ids| ids.path == array.path))
    }

    /// Whether this engine wrote it.
    pub(crate) fn is_own(&self) -> bool {
        self.attributes[OWN].is_object()
    }

    /// Order of the parents that were processed one by one: as the store says (layout `cell`), or as chunks divide the
    /// sphere (layout `sphere`), or the leaf that the store is; `None` if nothing says it.
    #[must_use]
    pub fn parent_order(&self) -> Option<Order> {
        let stated = self.attributes[OWN]["parent_order"].as_u64().and_then(|order| u8::try_from(order).ok());
        let chunked = || {
            let array = whole_sphere(&self.arrays, self.order)?;
            let rows = array.rows_per_object;
            let steps = u8::try_from(rows.trailing_zeros() / 2).ok()?;
            (rows == 1 << (2 * steps)).then(|| self.order.get().checked_sub(steps)).flatten()
        };
        stated.or_else(chunked).filter(|&order| order <= self.order.get()).and_then(|order| Order::new(order).ok())
    }

    /// The level of the group at `path`, if it is one; `leaf` is the cell that the store is named after.
    pub(crate) fn parse(
        path: &str,
        group: &Value,
        members: &BTreeMap<String, Value>,
        leaf: Option<Cell>,
    ) -> Result<Option<Self>, Error> {
        let attributes = group["attributes"].clone();
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let key = format!("{prefix}zarr.json");
        let metas: BTreeMap<&str, &Value> = members
            .iter()
            .filter(|(_, meta)| meta["node_type"] == "array")
            .filter_map(|(member, meta)| Some((member.strip_prefix(&prefix)?, meta)))
            .filter(|(name, _)| !name.contains('/'))
            .collect();
        let of_arrays = metas.iter().map(|(&name, meta)| (name, &meta["attributes"])).collect();
        let grid = Grid::of(&attributes, &of_arrays).map_err(|lack| lacking(&key, lack))?;
        let Some(grid) = grid else { return Ok(None) };
        if !is_v3(group) {
            return Err(Error::unsupported(&key, format!("`zarr_format` {}", group["zarr_format"])));
        }
        let own = attributes[OWN].is_object();
        if own && path.is_empty() {
            return Err(Error::corrupt(&key, "this is one order of a store: name the folder that holds it"));
        }
        let (mut arrays, mut unread) = (BTreeMap::new(), BTreeMap::new());
        for (name, meta) in metas {
            match ArrayInfo::parse(&format!("{prefix}{name}"), meta) {
                Ok(array) => _ = arrays.insert(name.to_owned(), array),
                Err(error) if own => return Err(error),
                Err(error) => _ = unread.insert(name.to_owned(), reason(error)),
            }
        }
        let axis = Axis::take(&mut arrays, &mut unread);
        if let Some(axis) = &axis {
            axis.check()?;
        }
        let rows = if own { rows_of_ours(&grid, &arrays) } else { rows(&grid, &arrays, &unread, leaf, &key)? };
        let mut level = Self {
            order: grid.order,
            latitude: grid.latitude,
            attributes,
            arrays,
            unread,
            path: path.to_owned(),
            grid,
            rows,
            axis,
        };
        if !own {
            level.keep_columns();
        }
        Ok(Some(level))
    }

    /// The row of a cell, where it follows from its number; `None` where an array of ids tells it.
    pub(crate) fn row_of(&self, cell: Cell) -> Result<Option<Range<u64>>, Error> {
        let first = match &self.rows {
            Rows::Position if self.grid.scheme != Scheme::Ring => 0,
            Rows::Children(leaf) => leaf.children(self.order)?.start,
            _ => return Ok(None),
        };
        Ok(cell.nested().checked_sub(first).map(|row| row..row + 1).or(Some(0..0)))
    }

    /// Number of rows; `None` where the array of ids is missing.
    pub(crate) fn len(&self) -> Option<u64> {
        match &self.rows {
            Rows::Position => Some(self.order.cells()),
            Rows::Ids(name) => self.arrays.get(name).map(|ids| ids.rows),
            Rows::Children(cell) => cell.children(self.order).ok().map(|children| children.end - children.start),
        }
    }

    /// Arrays of another length, or of other windows, are no variables of the cells, nor are those whose numbers may mean anything.
    fn keep_columns(&mut self) {
        let Some(rows) = self.len() else { return };
        for (name, array) in std::mem::take(&mut self.arrays) {
            let other = || format!("{} rows, where there are {rows} cells", array.rows);
            let windows = self.axis.as_ref().map(|axis| axis.times.rows);
            let steps = array.leading.as_ref().map(|leading| leading.steps);
            let others = || format!("{} windows, where the axis has another number", steps.unwrap_or_default());
            let why = (array.rows != rows).then(other).or_else(|| (steps.is_some() && steps != windows).then(others));
            let why = why.or_else(|| array.unclear.clone().filter(|_| !self.is_id(&name)));
            match why {
                None => _ = self.arrays.insert(name, array),
                Some(why) => _ = self.unread.insert(name, why),
            }
        }
    }
}

fn whole_sphere(arrays: &BTreeMap<String, ArrayInfo>, order: Order) -> Option<&ArrayInfo> {
    arrays.iter().find(|(name, array)| *name != CELL_IDS && array.rows == order.cells()).map(|(_, array)| array)
}

fn rows_of_ours(grid: &Grid, arrays: &BTreeMap<String, ArrayInfo>) -> Rows {
    match whole_sphere(arrays, grid.order) {
        Some(_) => Rows::Position,
        None => Rows::Ids(CELL_IDS.to_owned()),
    }
}

/// How the rows of another project's group are known.
fn rows(
    grid: &Grid,
    arrays: &BTreeMap<String, ArrayInfo>,
    unread: &BTreeMap<String, String>,
    leaf: Option<Cell>,
    key: &str,
) -> Result<Rows, Error> {
    if let Some(name) = &grid.ids {
        if arrays.contains_key(name) {
            return Ok(Rows::Ids(name.clone()));
        }
        if let Some(why) = unread.get(name) {
            return Err(Error::unsupported(key, format!("the array of ids `{name}`: {why}")));
        }
    } else if whole_sphere(arrays, grid.order).is_some() {
        return Ok(Rows::Position);
    }
    let children = leaf.and_then(|leaf| leaf.children(grid.order).ok()).map(|children| children.end - children.start);
    match (leaf, &grid.ids) {
        (Some(leaf), _) if arrays.values().any(|array| Some(array.rows) == children) => Ok(Rows::Children(leaf)),
        (_, Some(name)) => Err(Error::corrupt(key, format!("the array of ids `{name}` is missing"))),
        (_, None) => Err(Error::corrupt(
            key,
            "nothing says which cells the rows are: `dggs` names no `coordinate`, and no array covers the sphere",
        )),
    }
}

fn lacking(key: &str, lack: Lack) -> Error {
    if lack.unsupported {
        return Error::unsupported(key, lack.what);
    }
    Error::corrupt(key, format!("{}: add what is missing to the attributes of this group", lack.what))
}

/// Why an array cannot be read, without its key.
fn reason(error: Error) -> String {
    match error {
        Error::Unsupported { what, .. } => format!("{what} is not supported"),
        Error::Corrupt { why, .. } => why,
        other => other.to_string(),
    }
}

/// The usual order of statistics; others follow by name.
fn rank(name: &str) -> usize {
    let suffixes = ["count", "min", "max", "mean", "sigma", "variance", "q25", "q50", "q75"];
    suffixes
        .iter()
        .position(|suffix| name == *suffix || name.ends_with(&format!("_{suffix}")))
        .unwrap_or(suffixes.len())
}
