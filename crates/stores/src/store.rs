use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use tracing::warn;

use crate::documents::{Documents, json as parsed};
use crate::grid::Scheme;
use crate::ids::CellRows;
use crate::level::Rows;
use crate::rows::Spans;
use crate::{ArrayInfo, Column, Error, LevelInfo, OWN, Objects, Partial, Table, VariableInfo};

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
    /// What a store of layout `sphere` says of the making of its parent cells.
    cells: OnceCell<BTreeMap<Cell, Value>>,
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
        Ok(Self { objects, base, name: name.to_owned(), levels, stamp, leaf, cells: OnceCell::new() })
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
    /// [`Error::NoOrder`], [`Error::NoVariable`], or what is wrong with a chunk.
    pub async fn table(&self, order: Option<u8>, names: &[&str]) -> Result<Table, Error> {
        let level = self.level(order)?;
        let wanted = self.wanted(level, names)?;
        let arrays: Vec<&ArrayInfo> = wanted.iter().filter_map(|variable| level.arrays.get(&variable.name)).collect();
        let cells = self.cells(level).await?;
        let (ids, columns) = match &level.rows {
            Rows::Position => {
                let (spans, columns) = self.existing(level, &arrays, wholes(level, cells).as_ref()).await?;
                // A position is a nested number in every scheme but one.
                let of_row = |row: u64| match level.grid.scheme {
                    Scheme::Ring => Scheme::Ring.cell(level.order, row).map_or(row, Cell::nested),
                    _ => row,
                };
                (spans.rows().map(of_row).collect(), columns)
            }
            Rows::Ids(name) => self.dense(level, name, &arrays).await?,
            Rows::Children(leaf) => {
                let first = leaf.children(level.order)?.start;
                let (spans, columns) = self.existing(level, &arrays, None).await?;
                (spans.rows().map(|row| first.saturating_add(row)).collect(), columns)
            }
        };
        let partial = match cells {
            Some(cells) => Partial::of(cells.values()),
            None => Partial::of([&level.attributes[OWN]]),
        };
        let table = Table {
            partial,
            order: level.order,
            latitude: level.latitude,
            parent: level.parent_order().or_else(|| self.order_of_leaf(level)),
            ids,
            columns: wanted.into_iter().zip(columns).collect(),
            provenance: self.provenance(level),
        };
        let ids = at(&level.path, if let Rows::Ids(name) = &level.rows { name } else { "cell_ids" });
        let table = if level.is_own() { table } else { in_order(table, &ids)? };
        match table.ids.is_sorted_by(|a, b| a < b) && table.ids.last().is_none_or(|&id| id < level.order.cells()) {
            true => Ok(table),
            false => Err(Error::corrupt(&ids, "ids must ascend and exist")),
        }
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
        let cells = self.cells.get();
        table.parents().iter().filter_map(|parent| cells?.get(parent).cloned()).collect()
    }

    /// The cells of a store of ours of layout `sphere` that are whole, with what it says of their making; `None` for another
    /// store.
    async fn cells(&self, level: &LevelInfo) -> Result<Option<&BTreeMap<Cell, Value>>, Error> {
        let Some(group) = level.attributes[OWN]["cells"].as_str() else { return Ok(None) };
        if let Some(cells) = self.cells.get() {
            return Ok(Some(cells));
        }
        let prefix = format!("{group}/");
        let keys = self.objects.list(&prefix).await?;
        let read = async |key: String| {
            let id = key.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix("/zarr.json"));
            let cell = id.and_then(|id| Cell::from_decimal(id.parse().ok()?).ok());
            let Some(cell) = cell else { return Ok::<_, Error>(None) };
            let Some(document) = self.objects.get(&key).await? else { return Ok(None) };
            if dggs_zarr::is_tombstone(&document) {
                return Ok(None);
            }
            Ok(Some((cell, parsed(&key, &document)?["attributes"][OWN].take())))
        };
        let reads = stream::iter(keys.into_iter().map(read)).buffer_unordered(AT_ONCE);
        let cells = reads.try_filter_map(async |found| Ok(found)).try_collect().await?;
        Ok(Some(self.cells.get_or_init(|| cells)))
    }

    /// Ids from their array, and the rows of all that are cells.
    async fn dense(
        &self,
        level: &LevelInfo,
        name: &str,
        arrays: &[&ArrayInfo],
    ) -> Result<(Vec<u64>, Vec<Column>), Error> {
        let missing = || Error::corrupt(&level.path, format!("no array `{name}`"));
        let ids = level.arrays.get(name).ok_or_else(missing)?.raw();
        if let Some(other) = arrays.iter().find(|array| array.rows != ids.rows) {
            return Err(Error::corrupt(&other.path, format!("{} rows, but {} ids", other.rows, ids.rows)));
        }
        self.fits(ids.rows, arrays)?;
        let mut rows = CellRows::new(level, &ids);
        let all = if level.is_own() { Box::new(0..ids.objects()) } else { self.likely(level, &ids).await? };
        let mut found = pin!(self.found(level, &ids, all));
        while let Some((index, bytes)) = found.try_next().await? {
            ids.decode(index, &bytes, |first, part| rows.take(first, &part))?;
        }
        let (spans, cells) = rows.finish()?;
        let mut columns = Vec::new();
        for array in arrays {
            let mut column = array.fill(spans.len());
            let mut found = pin!(self.found(level, array, spans.objects(array)));
            while let Some((index, bytes)) = found.try_next().await? {
                array.decode(index, &bytes, |first, part| {
                    spans.put(&mut column, first, &part);
                    Ok(())
                })?;
            }
            columns.push(column);
        }
        Ok((cells, columns))
    }

    /// The rows of chunks that exist of any of the arrays, and are among `wholes`, with their values; a variable without a
    /// chunk there has the fill value. What is decoded is known to fit before it is.
    async fn existing(
        &self,
        level: &LevelInfo,
        arrays: &[&ArrayInfo],
        wholes: Option<&BTreeSet<u64>>,
    ) -> Result<(Spans, Vec<Column>), Error> {
        let (mut objects, mut extents) = (Vec::new(), Vec::new());
        for array in arrays {
            let whole = |index: &u64| wholes.is_none_or(|wholes| wholes.contains(index));
            let mut found = pin!(self.found(level, array, self.likely(level, array).await?.filter(whole)));
            let (mut held, mut rows) = (Vec::new(), 0_u64);
            while let Some((index, bytes)) = found.try_next().await? {
                for extent in array.extents(index, &bytes)? {
                    rows = rows.saturating_add(extent.1 as u64);
                    extents.push(extent);
                }
                self.fits(rows, arrays)?;
                held.push((index, bytes));
            }
            objects.push(held);
        }
        let spans = Spans::union(extents);
        self.fits(spans.len() as u64, arrays)?;
        let mut columns = Vec::new();
        for (array, held) in arrays.iter().zip(objects) {
            let mut column = array.fill(spans.len());
            for (index, bytes) in held {
                array.decode(index, &bytes, |first, part| {
                    spans.put(&mut column, first, &part);
                    Ok(())
                })?;
            }
            columns.push(column);
        }
        Ok((spans, columns))
    }

    /// Refuses a table of `rows` rows of these arrays that would not fit in [`MAX_TABLE`].
    fn fits(&self, rows: u64, arrays: &[&ArrayInfo]) -> Result<(), Error> {
        table_fits(&self.name, rows.saturating_mul(bytes_of_row(arrays)))
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
        let mut prefix = format!("{}{}", self.base, array.key(0));
        prefix.truncate(prefix.rfind('/').map_or(0, |slash| slash + 1));
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
        let own = level.is_own();
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
    arrays.iter().fold(8, |sum, array| sum + array.data_type.size() as u64)
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

/// The rows in the order of their cells: other projects write them in any.
fn in_order(table: Table, key: &str) -> Result<Table, Error> {
    let mut rows: Vec<usize> = (0..table.ids.len()).collect();
    rows.sort_by_key(|&row| table.ids.get(row).copied());
    let table = if table.ids.is_sorted() { table } else { table.select(&rows) };
    match table.ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let cell = Cell::new(table.order, pair[0])?;
            Err(Error::corrupt(key, format!("cell {cell} is there twice: only one row a cell is read")))
        }
        None => Ok(table),
    }
}

/// The objects of a level that hold whole cells; `None` where an object holds several, above the parents.
fn wholes(level: &LevelInfo, cells: Option<&BTreeMap<Cell, Value>>) -> Option<BTreeSet<u64>> {
    let parent = level.parent_order().filter(|&parent| parent <= level.order)?;
    Some(cells?.keys().filter(|cell| cell.order() == parent).map(|cell| cell.nested()).collect())
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
