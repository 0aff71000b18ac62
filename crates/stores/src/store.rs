use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use tracing::warn;

use crate::axis::Axis;
use crate::documents::Documents;
use crate::grid::Scheme;
use crate::ids::CellRows;
use crate::level::Rows;
use crate::marks::Marks;
use crate::part::Part;
use crate::rows::Spans;
use crate::{ArrayInfo, Column, Cube, Error, LevelInfo, OWN, Objects, Partial, Pick, Table, VariableInfo, Window};

/// Objects asked for at the same time.
const AT_ONCE: usize = 16;
/// Bytes of the largest table that is read, as it is held in memory: 2 GiB.
const MAX_TABLE: u64 = 1 << 31;
/// An array of another project with at most this many objects is read one by one; of a larger one, those that exist are listed.
const MAX_ASKED: u64 = 64;
/// The same limit where the place cannot list, as over HTTP.
const MAX_UNLISTED: u64 = 1 << 14;

/// A store that was opened.
#[derive(Debug)]
pub struct Store<O> {
    objects: O,
    /// What keys begin with.
    base: String,
    name: String,
    levels: Vec<LevelInfo>,
    /// The commit stamp of a leaf that `zagg` wrote.
    stamp: Option<Value>,
    /// The cell that the store is named after, if it is a leaf.
    leaf: Option<Cell>,
    /// What a store of layout `sphere` says of the making of the parent cells that were read.
    cells: RefCell<BTreeMap<Cell, Value>>,
}

impl<O: Objects> Store<O> {
    /// Reads the metadata: one object, the root's `zarr.json`, if it has consolidated metadata. `name` is the last component
    /// of the store's place; errors name it, and a leaf of `zagg` is named after its cell.
    ///
    /// # Errors
    /// [`Error::NoStore`], or what is wrong with the metadata.
    pub async fn open(objects: O, name: &str) -> Result<Self, Error> {
        Self::open_at(objects, "", name, None).await
    }

    /// Opens the store whose keys begin with `base`; `keys` are all of them, where they are known.
    pub(crate) async fn open_at(objects: O, base: &str, name: &str, keys: Option<&[String]>) -> Result<Self, Error> {
        let Documents { base, members, stamp } = Documents::read(&objects, base, name, keys).await?;
        let leaf = leaf(name);
        let (mut levels, mut lack) = (Vec::new(), None);
        for (path, meta) in members.iter().filter(|(_, meta)| meta["node_type"] == "group") {
            match LevelInfo::parse(path, meta, &members, leaf) {
                Ok(level) => levels.extend(level),
                Err(error) if meta["attributes"][OWN].is_object() => return Err(error),
                Err(error) => lack = lack.or(Some(error)),
            }
        }
        if levels.is_empty() {
            let nothing =
                "no group of HEALPix cells: no group has the attribute `dggs`, no array of ids has `grid_name`";
            return Err(lack.unwrap_or_else(|| Error::corrupt("zarr.json", nothing)));
        }
        // The stamp is the last that `zagg` writes to a leaf.
        let a_leaf = |level: &LevelInfo| level.grid.scheme == Scheme::Morton && !level.is_own();
        if stamp.is_none() && leaf.is_some() && levels.iter().any(a_leaf) {
            return Err(Error::Unfinished(name.to_owned()));
        }
        levels.sort_by_key(|level| std::cmp::Reverse(level.order));
        Ok(Self { objects, base, name: name.to_owned(), levels, stamp, leaf, cells: RefCell::default() })
    }

    /// The orders, finest first.
    #[must_use]
    pub fn levels(&self) -> &[LevelInfo] {
        &self.levels
    }

    /// The level of an order; `None`: the finest.
    ///
    /// # Errors
    /// [`Error::NoOrder`] with those there are; [`Error::Refused`] where several groups are of that order.
    pub fn level(&self, order: Option<u8>) -> Result<&LevelInfo, Error> {
        let found = self.levels.iter().find(|level| order.is_none_or(|order| level.order.get() == order));
        let found = found.ok_or_else(|| {
            let held: Vec<String> = self.levels.iter().map(|level| level.order.to_string()).collect();
            Error::NoOrder { order: order.unwrap_or_default(), held: held.join(", ") }
        })?;
        let same = self.levels.iter().filter(|level| level.order == found.order);
        let same: Vec<String> = same.map(|level| format!("`/{}`", level.path)).collect();
        if same.len() > 1 {
            let (groups, order) = (same.join(" and "), found.order);
            let next = "name the folder of one of them instead of the whole store";
            return Err(Error::refused(&self.name, format!("the groups {groups} are all of order {order}: {next}")));
        }
        Ok(found)
    }

    /// Reads variables of a level (none named: all that can be read), with the ids of all cells that were processed.
    ///
    /// # Errors
    /// As [`Store::cube`]; [`Error::Windows`] where variables have several windows of time.
    pub async fn table(&self, order: Option<u8>, names: &[&str]) -> Result<Table, Error> {
        self.cube(order, names, &Pick::default()).await?.into_table()
    }

    /// Reads a part of the variables of a level (none named: all that can be read), in each window of time where there are some.
    /// Windows that nobody computed have the fill value.
    ///
    /// # Errors
    /// [`Error::NoOrder`], [`Error::NoVariable`], [`Error::NoWindow`], or what is wrong with a chunk.
    pub async fn cube(&self, order: Option<u8>, names: &[&str], pick: &Pick<'_>) -> Result<Cube, Error> {
        let level = self.level(order)?;
        let wanted = self.wanted(level, names)?;
        let arrays: Vec<&ArrayInfo> = wanted.iter().filter_map(|variable| level.arrays.get(&variable.name)).collect();
        let all = match &level.axis {
            Some(axis) => self.windows(level, axis).await?,
            None => Vec::new(),
        };
        let steps = Window::pick(&all, pick.windows)?;
        let marks = match level.attributes[OWN]["cells"].as_str() {
            Some(group) => Some(Marks::read(&self.objects, group, pick.cell_of(level.parent_order())?).await?),
            None => None,
        };
        // Of a region an object holds rows of many parents.
        let by_object = marks.as_ref().filter(|_| level.is_full_domain());
        let part = Part::new(level, &all, &steps, by_object, pick.cell)?;
        let (ids, columns) = match &level.rows {
            Rows::Position => {
                let (spans, columns) = self.existing(level, &arrays, &part).await?;
                // A position is a nested number in every scheme but one.
                let of_row = |row: u64| match level.grid.scheme {
                    Scheme::Ring => Scheme::Ring.cell(level.order, row).map_or(row, Cell::nested),
                    _ => row,
                };
                (spans.rows().map(of_row).collect(), columns)
            }
            Rows::Ids(name) => self.dense(level, name, &arrays, &part).await?,
            Rows::Children(leaf) => {
                let first = leaf.children(level.order)?.start;
                let (spans, columns) = self.existing(level, &arrays, &part).await?;
                (spans.rows().map(|row| first.saturating_add(row)).collect(), columns)
            }
        };
        let windows: Vec<Window> = steps.iter().filter_map(|&step| all.get(step).cloned()).collect();
        let partial = match &marks {
            Some(marks) => Partial::of(marks.cells.values(), &windows),
            None => Partial::of([&level.attributes[OWN]], &windows),
        };
        let whole = marks.as_ref().filter(|_| level.is_region()).map(|marks| marks.cells.keys().copied().collect());
        let mut said = marks.map(|marks| marks.cells).unwrap_or_default();
        said.values_mut().for_each(|own| keep_windows(own, &windows));
        self.cells.borrow_mut().extend(said);
        let mut provenance = self.provenance(level);
        keep_windows(&mut provenance, &windows);
        let is_timed = |name: &str| level.arrays.get(name).is_some_and(|array| array.leading.is_some());
        let (timed, plain) = wanted.into_iter().zip(columns).partition(|(variable, _)| is_timed(&variable.name));
        let cells = Table {
            partial,
            order: level.order,
            latitude: level.latitude,
            parent: level.parent_order().or_else(|| self.order_of_leaf(level)),
            ids,
            columns: plain,
            provenance,
        };
        let cube = Cube { cells, windows, columns: timed };
        let ids = at(&level.path, if let Rows::Ids(name) = &level.rows { name } else { "cell_ids" });
        let cube = if level.is_own() { cube } else { in_order(cube, &ids)? };
        let cube = match &whole {
            Some(whole) => computed(cube, whole),
            None => cube,
        };
        let table = &cube.cells;
        if !table.ids.is_sorted_by(|a, b| a < b) || table.ids.last().is_some_and(|&id| id >= level.order.cells()) {
            return Err(Error::corrupt(&ids, "ids must ascend and exist"));
        }
        Ok(match pick.cell {
            Some(cell) => {
                let row = cube.cells.ids.binary_search(&cell.nested()).ok();
                cube.select(row.as_slice())
            }
            None => cube,
        })
    }

    /// The windows of a level with a time axis.
    async fn windows(&self, level: &LevelInfo, axis: &Axis) -> Result<Vec<Window>, Error> {
        let values = async |array: &ArrayInfo| {
            let rows = usize::try_from(array.rows).unwrap_or(usize::MAX);
            let mut column = array.fill(rows.saturating_mul(usize::try_from(array.steps()).unwrap_or(usize::MAX)));
            let mut found = pin!(self.found(level, array, 0..array.objects()));
            while let Some((index, bytes)) = found.try_next().await? {
                array.decode(index, &bytes, |step, first, part| {
                    let at = step.saturating_mul(array.rows).saturating_add(first);
                    column.put(usize::try_from(at).unwrap_or(usize::MAX), &part);
                    Ok(())
                })?;
            }
            Ok::<_, Error>(column)
        };
        let maybe = async |array: Option<&ArrayInfo>| match array {
            Some(array) => Ok::<_, Error>(Some(values(array).await?)),
            None => Ok(None),
        };
        let times = values(&axis.times).await?;
        let (bounds, cycles) = (maybe(axis.bounds.as_ref()).await?, maybe(axis.cycles.as_ref()).await?);
        axis.windows(&times, bounds.as_ref(), cycles.as_ref())
    }

    /// Bytes that the table of some variables of an order takes at most, as far as the metadata says it.
    pub(crate) fn size(&self, order: Order, names: &[&str]) -> Result<u64, Error> {
        let level = self.level(Some(order.get()))?;
        let read = |name: &&String| names.is_empty() || names.contains(&name.as_str());
        let variables = level.variables().into_iter().map(|variable| variable.name).collect::<Vec<_>>();
        let arrays = variables.iter().filter(read).filter_map(|name| level.arrays.get(name)).collect::<Vec<_>>();
        // Of the sphere only what exists is read.
        let rows = level.len().filter(|_| !level.is_full_domain());
        Ok(rows.unwrap_or_default().saturating_mul(bytes_of_row(&arrays)))
    }

    /// The variables of these names; all that can be read if none is named, and the log says which cannot.
    fn wanted(&self, level: &LevelInfo, names: &[&str]) -> Result<Vec<VariableInfo>, Error> {
        let all = level.variables();
        if names.is_empty() {
            for (name, why) in &level.unread {
                warn!("{}: the array `{}` is not read: {why}", self.name, at(&level.path, name));
            }
            return Ok(all);
        }
        let of_name = |name: &str| {
            if let Some(why) = level.unread.get(name) {
                return Err(Error::corrupt(&at(&level.path, name), why.clone()));
            }
            all.iter().find(|variable| variable.name == name).cloned().ok_or_else(|| Error::NoVariable {
                name: name.to_owned(),
                held: all.iter().map(|variable| variable.name.as_str()).collect::<Vec<_>>().join(", "),
            })
        };
        names.iter().map(|name| of_name(name)).collect()
    }

    /// What the store says of its making, under the names of this engine.
    fn provenance(&self, level: &LevelInfo) -> Value {
        match &self.stamp {
            Some(stamp) => json!({
                "engine": format!("zagg ({})", stamp["spec"].as_str().unwrap_or("without a specification")),
                "written_at": stamp["written_at"], "granule_count": stamp["granule_count"],
            }),
            None => level.attributes[OWN].clone(),
        }
    }

    fn order_of_leaf(&self, level: &LevelInfo) -> Option<Order> {
        self.stamp.as_ref()?;
        self.leaf.map(Cell::order).filter(|&order| order <= level.order)
    }

    /// What a store of layout `sphere` says of the making of each parent in a table, in their order. A store of layout
    /// `cell` says it in [`Table::provenance`], and nothing here.
    #[must_use]
    pub fn parents_provenance(&self, table: &Table) -> Vec<Value> {
        let cells = self.cells.borrow();
        table.parents().iter().filter_map(|parent| cells.get(parent).cloned()).collect()
    }

    /// Ids from their array, and the rows of all that are cells.
    async fn dense(
        &self,
        level: &LevelInfo,
        name: &str,
        arrays: &[&ArrayInfo],
        part: &Part<'_>,
    ) -> Result<(Vec<u64>, Vec<Column>), Error> {
        let missing = || Error::corrupt(&level.path, format!("no array `{name}`"));
        let ids = level.arrays.get(name).ok_or_else(missing)?.raw();
        if let Some(other) = arrays.iter().find(|array| array.rows != ids.rows) {
            return Err(Error::corrupt(&other.path, format!("{} rows, but {} ids", other.rows, ids.rows)));
        }
        if ids.leading.is_some() {
            return Err(Error::unsupported(&ids.path, "an array of ids with 2 dimensions"));
        }
        self.fits(ids.rows, arrays, part)?;
        let mut rows = CellRows::new(level, &ids);
        let all = if level.is_own() { Box::new(0..ids.objects()) } else { self.likely(level, &ids).await? };
        let mut found = pin!(self.found(level, &ids, all));
        while let Some((index, bytes)) = found.try_next().await? {
            ids.decode(index, &bytes, |_, first, part| rows.take(first, &part))?;
        }
        let (spans, cells) = rows.finish()?;
        let mut columns = Vec::new();
        for array in arrays {
            let mut column = array.fill(part.rows(array, spans.len()));
            let along = array.objects_along();
            let objects = spans.objects(array).collect::<Vec<_>>();
            let objects =
                (0..array.objects() / along.max(1)).flat_map(|step| objects.iter().map(move |at| step * along + at));
            let mut found = pin!(self.found(level, array, objects.filter(|&index| part.wants(array, index))));
            while let Some((index, bytes)) = found.try_next().await? {
                array.decode(index, &bytes, |step, first, values| {
                    part.put(&spans, &mut column, (array, step, first), &values);
                    Ok(())
                })?;
            }
            columns.push(column);
        }
        Ok((cells, columns))
    }

    /// The rows of chunks that exist of any of the arrays, and belong to a part, with their values; a variable without a
    /// chunk there has the fill value. What is decoded is known to fit before it is.
    async fn existing(
        &self,
        level: &LevelInfo,
        arrays: &[&ArrayInfo],
        part: &Part<'_>,
    ) -> Result<(Spans, Vec<Column>), Error> {
        let (mut objects, mut extents) = (Vec::new(), BTreeSet::new());
        for array in arrays {
            let likely = self.likely(level, array).await?.filter(|&index| part.wants(array, index));
            let mut found = pin!(self.found(level, array, likely));
            let (mut held, mut seen, mut rows) = (Vec::new(), BTreeSet::new(), 0_u64);
            while let Some((index, bytes)) = found.try_next().await? {
                for extent in array.extents(index, &bytes)? {
                    // Windows have the same rows.
                    rows = rows.saturating_add(if seen.insert(extent) { extent.1 as u64 } else { 0 });
                    extents.insert(extent);
                }
                self.fits(rows, arrays, part)?;
                held.push((index, bytes));
            }
            objects.push(held);
        }
        let spans = Spans::union(extents);
        self.fits(spans.len() as u64, arrays, part)?;
        let mut columns = Vec::new();
        for (array, held) in arrays.iter().zip(objects) {
            let mut column = array.fill(part.rows(array, spans.len()));
            for (index, bytes) in held {
                array.decode(index, &bytes, |step, first, values| {
                    part.put(&spans, &mut column, (array, step, first), &values);
                    Ok(())
                })?;
            }
            columns.push(column);
        }
        Ok((spans, columns))
    }

    /// Refuses a table of `rows` rows of these arrays that would not fit in [`MAX_TABLE`].
    fn fits(&self, rows: u64, arrays: &[&ArrayInfo], part: &Part<'_>) -> Result<(), Error> {
        let bytes = arrays.iter().fold(8, |sum, array| sum + part.values(array) * array.data_type.size() as u64);
        table_fits(&self.name, rows.saturating_mul(bytes))
    }

    /// Objects of an array that may exist, ascending.
    async fn likely(
        &self,
        level: &LevelInfo,
        array: &ArrayInfo,
    ) -> Result<Box<dyn Iterator<Item = u64> + Send>, Error> {
        if !level.is_own() && array.objects() <= MAX_ASKED {
            return Ok(Box::new(0..array.objects()));
        }
        let prefix = format!("{}{}/", self.base, array.path);
        let keys = match self.objects.list(&prefix).await {
            Err(_) if !level.is_own() && array.objects() <= MAX_UNLISTED => return Ok(Box::new(0..array.objects())),
            keys => keys?,
        };
        let indices = keys.iter().filter_map(|key| array.index_of(key.strip_prefix(&self.base)?));
        Ok(Box::new(indices.collect::<BTreeSet<u64>>().into_iter()))
    }

    /// Objects of an array that are there, several asked for at a time, in the order of their indices.
    /// This engine writes every chunk of a cell; other projects leave out those of fill values only.
    fn found(
        &self,
        level: &LevelInfo,
        array: &ArrayInfo,
        indices: impl Iterator<Item = u64>,
    ) -> impl Stream<Item = Result<(u64, Bytes), Error>> {
        // Windows that nobody computed have no chunks, nor have rows of a region.
        let own = level.is_own() && array.leading.is_none() && (!level.is_region() || level.is_ids(array));
        let one = move |index: u64| async move {
            let key = array.key(index);
            match self.objects.get(&format!("{}{key}", self.base)).await? {
                None if own => Err(Error::corrupt(&key, "the chunk is missing")),
                found => Ok(found.map(|bytes| (index, bytes))),
            }
        };
        stream::iter(indices.map(one)).buffered(AT_ONCE).try_filter_map(async |found| Ok(found))
    }
}

/// Bytes that a row of a table takes: its id and its values.
fn bytes_of_row(arrays: &[&ArrayInfo]) -> u64 {
    arrays.iter().fold(8, |sum, array| sum + array.steps() * array.data_type.size() as u64)
}

/// Refuses a table of more than [`MAX_TABLE`] bytes.
pub(crate) fn table_fits(name: &str, bytes: u64) -> Result<(), Error> {
    if bytes <= MAX_TABLE {
        return Ok(());
    }
    let (mib, most) = (bytes.div_ceil(1 << 20), MAX_TABLE >> 20);
    let why = format!("the table would take {mib} MiB of memory, and at most {most} MiB are read");
    Err(Error::refused(name, format!("{why}: name fewer variables with --var, or a coarser order with --order")))
}

/// Leaves of what is said of windows that of those that are read.
fn keep_windows(own: &mut Value, windows: &[Window]) {
    let names: Vec<String> = windows.iter().map(Window::name).collect();
    let name = |part: &Value| part["window"].as_str().and_then(|name| name.split('/').next()).map(str::to_owned);
    if let Some(parts) = own.get_mut("windows").and_then(Value::as_array_mut) {
        parts.retain(|part| name(part).is_none_or(|name| names.contains(&name)));
    }
}

/// The rows of the store of a region whose parents are whole; in the others there may be anything.
fn computed(cube: Cube, whole: &BTreeSet<Cell>) -> Cube {
    let table = &cube.cells;
    let is_whole =
        |cell: Cell| table.parent.and_then(|order| cell.parent(order).ok()).is_some_and(|of| whole.contains(&of));
    let rows: Vec<usize> = (0..).zip(table.cells()).filter(|(_, cell)| is_whole(*cell)).map(|(row, _)| row).collect();
    if rows.len() == table.ids.len() { cube } else { cube.select(&rows) }
}

/// The rows in the order of their cells: other projects write them in any.
fn in_order(cube: Cube, key: &str) -> Result<Cube, Error> {
    let ids = &cube.cells.ids;
    let mut rows: Vec<usize> = (0..ids.len()).collect();
    rows.sort_by_key(|&row| ids.get(row).copied());
    let cube = if ids.is_sorted() { cube } else { cube.select(&rows) };
    match cube.cells.ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let cell = Cell::new(cube.cells.order, pair[0])?;
            Err(Error::corrupt(key, format!("cell {cell} is there twice: only one row a cell is read")))
        }
        None => Ok(cube),
    }
}

/// The cell of a leaf that `zagg` wrote: `4441321.zarr`, or `4441321_2019.zarr` for a window of time.
pub(crate) fn leaf(name: &str) -> Option<Cell> {
    let stem = name.strip_suffix(".zarr")?;
    let id = stem.split_once('_').map_or(stem, |(id, _)| id);
    Cell::from_decimal(id.parse().ok()?).ok().filter(|cell| cell.decimal().is_ok_and(|back| back.to_string() == id))
}

fn at(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
