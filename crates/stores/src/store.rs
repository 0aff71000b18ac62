use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use serde_json::{Value, json};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use tracing::warn;

use crate::documents::{Documents, json as parsed};
use crate::grid::Scheme;
use crate::level::Rows;
use crate::rows::Spans;
use crate::{ArrayInfo, Column, Error, LevelInfo, OWN, Objects, Partial, Table, VariableInfo};

/// Objects asked for at the same time.
const AT_ONCE: usize = 16;
/// Rows of a level that is read as a whole beyond which it is taken for broken.
const MAX_ROWS: u64 = 1 << 28;
/// Objects of an array of another project that are asked for one by one; of more, those that exist are listed.
const MAX_ASKED: u64 = 64;

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
    /// [`Error::NoOrder`] with those there are.
    pub fn level(&self, order: Option<u8>) -> Result<&LevelInfo, Error> {
        let found = self.levels.iter().find(|level| order.is_none_or(|order| level.order.get() == order));
        found.ok_or_else(|| {
            let held: Vec<String> = self.levels.iter().map(|level| level.order.to_string()).collect();
            Error::NoOrder { order: order.unwrap_or_default(), held: held.join(", ") }
        })
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
            Rows::Position => self.sparse(level, &arrays, wholes(level, cells).as_ref()).await?,
            Rows::Ids(name) => self.dense(level, name, &arrays).await?,
            Rows::Children(leaf) => self.children(level, *leaf, &arrays).await?,
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
        let ids = at(&level.path, "cell_ids");
        let table = if level.is_own() { table } else { in_order(table, &ids)? };
        match table.ids.is_sorted_by(|a, b| a < b) && table.ids.last().is_none_or(|&id| id < level.order.cells()) {
            true => Ok(table),
            false => Err(Error::corrupt(&ids, "ids must ascend and exist")),
        }
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
        if ids.rows > MAX_ROWS {
            return Err(Error::unsupported(&ids.path, format!("a level of {} rows", ids.rows)));
        }
        if let Some(other) = arrays.iter().find(|array| array.rows != ids.rows) {
            return Err(Error::corrupt(&other.path, format!("{} rows, but {} ids", other.rows, ids.rows)));
        }
        let (mut spans, mut cells) = (Spans::default(), Vec::new());
        let all: Vec<u64> = (0..ids.objects()).collect();
        for (first, part) in self.parts(level, &ids, &all).await? {
            cells_of(level, &ids, first, &part, &mut spans, &mut cells)?;
        }
        let columns = self.columns(level, arrays, &spans).await?;
        Ok((cells, columns))
    }

    /// The children of a cell in order, without an array of ids.
    async fn children(
        &self,
        level: &LevelInfo,
        leaf: Cell,
        arrays: &[&ArrayInfo],
    ) -> Result<(Vec<u64>, Vec<Column>), Error> {
        let mut parts = Vec::new();
        for array in arrays {
            let all: Vec<u64> = (0..array.objects()).collect();
            parts.push(self.parts(level, array, &all).await?);
        }
        let (spans, columns) = together(arrays, &parts);
        let first = leaf.children(level.order)?.start;
        Ok((spans.rows().map(|row| first.saturating_add(row)).collect(), columns))
    }

    /// Layout `sphere`: the chunks that exist of any of the arrays, and are among `wholes`; a variable without one there has
    /// no data there.
    async fn sparse(
        &self,
        level: &LevelInfo,
        arrays: &[&ArrayInfo],
        wholes: Option<&BTreeSet<u64>>,
    ) -> Result<(Vec<u64>, Vec<Column>), Error> {
        let mut parts = Vec::new();
        for array in arrays {
            let indices = self.existing(level, array).await?;
            let whole = |index: &u64| wholes.is_none_or(|wholes| wholes.contains(index));
            let indices: Vec<u64> = indices.into_iter().filter(whole).collect();
            parts.push(self.parts(level, array, &indices).await?);
        }
        let (spans, columns) = together(arrays, &parts);
        // A position is a nested number in every scheme but one.
        let of_row = |row: u64| match level.grid.scheme {
            Scheme::Ring => Scheme::Ring.cell(level.order, row).map_or(row, Cell::nested),
            _ => row,
        };
        Ok((spans.rows().map(of_row).collect(), columns))
    }

    /// Objects of an array of the sphere that may exist.
    async fn existing(&self, level: &LevelInfo, array: &ArrayInfo) -> Result<BTreeSet<u64>, Error> {
        if !level.is_own() && array.objects() <= MAX_ASKED {
            return Ok((0..array.objects()).collect());
        }
        let mut prefix = format!("{}{}", self.base, array.key(0));
        prefix.truncate(prefix.rfind('/').map_or(0, |slash| slash + 1));
        let keys = self.objects.list(&prefix).await?;
        Ok(keys.iter().filter_map(|key| array.index_of(key.strip_prefix(&self.base)?)).collect())
    }

    /// Some rows of arrays.
    async fn columns(&self, level: &LevelInfo, arrays: &[&ArrayInfo], spans: &Spans) -> Result<Vec<Column>, Error> {
        let mut columns = Vec::new();
        for array in arrays {
            let parts = self.parts(level, array, &spans.objects(array)).await?;
            columns.push(spans.gather(array, &parts));
        }
        Ok(columns)
    }

    /// Chunks in some objects of an array, several at a time, in the order of their indices: first row and values of each.
    /// This engine writes every chunk of a cell; other projects leave out those of fill values only.
    async fn parts(&self, level: &LevelInfo, array: &ArrayInfo, indices: &[u64]) -> Result<Vec<(u64, Column)>, Error> {
        let one = async |index: u64| {
            let key = array.key(index);
            let bytes: Option<Bytes> = self.objects.get(&format!("{}{key}", self.base)).await?;
            match bytes {
                Some(bytes) => array.decode(index, &bytes),
                None if level.is_own() => Err(Error::corrupt(&key, "the chunk is missing")),
                None => Ok(Vec::new()),
            }
        };
        let parts = stream::iter(indices.iter().map(|&index| one(index))).buffered(AT_ONCE);
        parts
            .try_fold(Vec::new(), async |mut all, part| {
                all.extend(part);
                Ok(all)
            })
            .await
    }
}

/// Adds the cells of some rows, as a part of the array of ids has them.
fn cells_of(
    level: &LevelInfo,
    ids: &ArrayInfo,
    first: u64,
    part: &Column,
    spans: &mut Spans,
    cells: &mut Vec<u64>,
) -> Result<(), Error> {
    let no_integers = || Error::unsupported(&ids.path, "ids that are not integers");
    if level.is_own() {
        let Column::U64(part) = part else { return Err(Error::unsupported(&ids.path, "ids that are not uint64")) };
        spans.push(first, part.len());
        cells.extend(part);
        return Ok(());
    }
    let nested = level.grid.nested(part).ok_or_else(no_integers)?;
    let filler = ids.fill(1);
    for ((row, place), nested) in (first..).zip(0..).zip(nested) {
        match nested {
            Some(nested) => {
                spans.push(row, 1);
                cells.push(nested);
            }
            // A row without a cell.
            None if part.select(&[place]) == filler => {}
            None => {
                let why = format!("row {row} is no cell of order {}: {:?}", level.order, part.select(&[place]));
                return Err(Error::corrupt(&ids.path, why));
            }
        }
    }
    Ok(())
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

/// The rows that are in a part of any array, and the columns of these.
fn together(arrays: &[&ArrayInfo], parts: &[Vec<(u64, Column)>]) -> (Spans, Vec<Column>) {
    let spans = Spans::union(parts.iter().flatten().map(|(first, part)| (*first, part.len())));
    let columns = arrays.iter().zip(parts).map(|(array, parts)| spans.gather(array, parts)).collect();
    (spans, columns)
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
