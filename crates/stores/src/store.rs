use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Latitude, Order};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::{ArrayInfo, Column, Error, Objects, Partial, Table, VariableInfo};

/// Objects asked for at the same time.
const AT_ONCE: usize = 16;

/// Names of the arrays that say which cell a row is.
const CELL_IDS: &str = "cell_ids";
const MORTON: &str = "morton";

/// One order of a store: its group, without values.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelInfo {
    /// Order of the cells.
    pub order: Order,
    /// What the ids were computed from.
    pub latitude: Latitude,
    /// Attributes of the group, an object.
    pub attributes: Value,
    /// Arrays by name, the id arrays included.
    pub arrays: BTreeMap<String, ArrayInfo>,
}

impl LevelInfo {
    /// The data variables, ids left out, by name but `count` first.
    #[must_use]
    pub fn variables(&self) -> Vec<VariableInfo> {
        let data = self.arrays.iter().filter(|(name, _)| !matches!(name.as_str(), CELL_IDS | MORTON));
        let mut variables: Vec<VariableInfo> = data.map(|(name, array)| VariableInfo::of(name, array)).collect();
        variables.sort_by_key(|variable| (rank(&variable.name), variable.name.clone()));
        variables
    }

    /// Whether the position of a row is its id (layout `sphere`).
    #[must_use]
    pub fn is_full_domain(&self) -> bool {
        self.arrays.iter().any(|(name, array)| name != CELL_IDS && array.rows == self.order.cells())
    }

    /// Order of the parents that were processed one by one: as the store says (layout `cell`), or as chunks divide the
    /// sphere (layout `sphere`); `None` if neither does.
    #[must_use]
    pub fn parent_order(&self) -> Option<Order> {
        let stated = self.attributes["icestream"]["parent_order"].as_u64().and_then(|order| u8::try_from(order).ok());
        let chunked = || {
            let array =
                self.arrays.iter().find(|(name, array)| *name != CELL_IDS && array.rows == self.order.cells())?.1;
            let rows = array.rows_per_object;
            let steps = u8::try_from(rows.trailing_zeros() / 2).ok()?;
            (rows == 1 << (2 * steps)).then(|| self.order.get().checked_sub(steps)).flatten()
        };
        stated.or_else(chunked).filter(|&order| order <= self.order.get()).and_then(|order| Order::new(order).ok())
    }

    fn parse(path: &str, group: &Value, members: &BTreeMap<String, Value>) -> Result<Option<Self>, Error> {
        let attributes = group["attributes"].clone();
        let dggs = &attributes["dggs"];
        let Some(order) = dggs["refinement_level"].as_u64() else { return Ok(None) };
        let key = format!("{path}/zarr.json");
        if dggs["name"] != "healpix" || dggs["indexing_scheme"] != "nested" {
            return Err(Error::unsupported(&key, "another grid than nested HEALPix"));
        }
        let order = u8::try_from(order).ok().and_then(|order| Order::new(order).ok());
        let order = order.ok_or_else(|| Error::corrupt(&key, "no such refinement level"))?;
        // xdggs' rule: the ids are authalic where an ellipsoid is declared.
        let latitude = if dggs["ellipsoid"].is_null() { Latitude::Spherical } else { Latitude::Authalic };
        let prefix = format!("{path}/");
        let mut arrays = BTreeMap::new();
        for (member, meta) in members {
            let Some(name) = member.strip_prefix(&prefix).filter(|name| !name.contains('/')) else { continue };
            if meta["node_type"] == "array" {
                arrays.insert(name.to_owned(), ArrayInfo::parse(member, meta)?);
            }
        }
        Ok(Some(Self { order, latitude, attributes, arrays }))
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

/// A store that was opened.
#[derive(Debug)]
pub struct Store<O> {
    objects: O,
    levels: Vec<LevelInfo>,
    /// What a store of layout `sphere` says of the making of its parent cells.
    cells: OnceCell<BTreeMap<Cell, Value>>,
}

impl<O: Objects> Store<O> {
    /// Reads the metadata: one object, the root's `zarr.json`. `name` is what errors call the store.
    ///
    /// # Errors
    /// [`Error::NoStore`], or what is wrong with the metadata.
    pub async fn open(objects: O, name: &str) -> Result<Self, Error> {
        let root = objects.get("zarr.json").await?.ok_or_else(|| Error::NoStore(name.to_owned()))?;
        if dggs_zarr::is_removed(&root) {
            return Err(Error::NoStore(name.to_owned()));
        }
        if dggs_zarr::is_tombstone(&root) {
            return Err(Error::Unfinished(name.to_owned()));
        }
        let root: Value = json("zarr.json", &root)?;
        let members = root["consolidated_metadata"]["metadata"].as_object();
        let members = members.ok_or_else(|| Error::corrupt("zarr.json", "no consolidated metadata"))?;
        let members: BTreeMap<String, Value> = members.iter().map(|(key, meta)| (key.clone(), meta.clone())).collect();
        let mut levels = Vec::new();
        for (path, meta) in members.iter().filter(|(_, meta)| meta["node_type"] == "group") {
            levels.extend(LevelInfo::parse(path, meta, &members)?);
        }
        if levels.is_empty() {
            return Err(Error::corrupt("zarr.json", "no group of HEALPix cells"));
        }
        levels.sort_by_key(|level| std::cmp::Reverse(level.order));
        Ok(Self { objects, levels, cells: OnceCell::new() })
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

    /// Reads variables of a level (none named: all), with the ids of all cells that were processed.
    ///
    /// # Errors
    /// [`Error::NoOrder`], [`Error::NoVariable`], or what is wrong with a chunk.
    pub async fn table(&self, order: Option<u8>, names: &[&str]) -> Result<Table, Error> {
        let level = self.level(order)?;
        let all = level.variables();
        let mut wanted = Vec::new();
        for name in names {
            wanted.push(all.iter().find(|variable| variable.name == *name).cloned().ok_or_else(|| {
                Error::NoVariable {
                    name: (*name).to_owned(),
                    held: all.iter().map(|variable| variable.name.as_str()).collect::<Vec<_>>().join(", "),
                }
            })?);
        }
        if names.is_empty() {
            wanted = all;
        }
        let arrays: Vec<&ArrayInfo> = wanted.iter().filter_map(|variable| level.arrays.get(&variable.name)).collect();
        let cells = self.cells(level).await?;
        let (ids, columns) = if level.is_full_domain() {
            self.sparse(&arrays, wholes(level, cells).as_ref()).await?
        } else {
            self.dense(level, &arrays).await?
        };
        let partial = match cells {
            Some(cells) => Partial::of(cells.values()),
            None => Partial::of([&level.attributes["icestream"]]),
        };
        let table = Table {
            partial,
            order: level.order,
            latitude: level.latitude,
            parent: level.parent_order(),
            ids,
            columns: wanted.into_iter().zip(columns).collect(),
            provenance: level.attributes["icestream"].clone(),
        };
        match table.ids.is_sorted_by(|a, b| a < b) && table.ids.last().is_none_or(|&id| id < level.order.cells()) {
            true => Ok(table),
            false => Err(Error::corrupt(&format!("{}/{CELL_IDS}", level.order), "ids must ascend and exist")),
        }
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
        let Some(group) = level.attributes["icestream"]["cells"].as_str() else { return Ok(None) };
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
            Ok(Some((cell, json(&key, &document)?["attributes"]["icestream"].take())))
        };
        let reads = stream::iter(keys.into_iter().map(read)).buffer_unordered(AT_ONCE);
        let cells = reads.try_filter_map(async |found| Ok(found)).try_collect().await?;
        Ok(Some(self.cells.get_or_init(|| cells)))
    }

    /// Layout `cell`: every chunk, and ids from their array.
    async fn dense(&self, level: &LevelInfo, arrays: &[&ArrayInfo]) -> Result<(Vec<u64>, Vec<Column>), Error> {
        let path = level.order.to_string();
        let ids = level.arrays.get(CELL_IDS).ok_or_else(|| Error::corrupt(&path, format!("no array `{CELL_IDS}`")))?;
        let Column::U64(rows) = self.whole(ids).await? else {
            return Err(Error::unsupported(&ids.path, "ids that are not uint64"));
        };
        let mut columns = Vec::new();
        for array in arrays {
            if array.rows != ids.rows {
                return Err(Error::corrupt(&array.path, format!("{} rows, but {} ids", array.rows, ids.rows)));
            }
            columns.push(self.whole(array).await?);
        }
        Ok((rows, columns))
    }

    /// Objects of an array, several at a time, in the order of their indices.
    async fn fetch(&self, array: &ArrayInfo, indices: &[u64]) -> Result<Vec<(u64, Bytes)>, Error> {
        let one = async |index: u64| {
            let key = array.key(index);
            let bytes = self.objects.get(&key).await?;
            Ok((index, bytes.ok_or_else(|| Error::corrupt(&key, "the chunk is missing"))?))
        };
        stream::iter(indices.iter().map(|&index| one(index))).buffered(AT_ONCE).try_collect().await
    }

    async fn whole(&self, array: &ArrayInfo) -> Result<Column, Error> {
        let mut column: Option<Column> = None;
        let indices: Vec<u64> = (0..array.objects()).collect();
        for (index, bytes) in self.fetch(array, &indices).await? {
            for (_, part) in array.decode(index, &bytes)? {
                match &mut column {
                    Some(column) => column.append(&part),
                    None => column = Some(part),
                }
            }
        }
        let rows = column.as_ref().map_or(0, |column| column.len() as u64);
        match column {
            Some(column) if rows == array.rows => Ok(column),
            _ => Err(Error::corrupt(&array.path, format!("{rows} of {} rows", array.rows))),
        }
    }

    /// Layout `sphere`: the chunks that exist of any of the arrays, and are among `wholes`; a variable without one there has
    /// no data there.
    async fn sparse(
        &self,
        arrays: &[&ArrayInfo],
        wholes: Option<&BTreeSet<u64>>,
    ) -> Result<(Vec<u64>, Vec<Column>), Error> {
        let mut parts: Vec<BTreeMap<u64, Column>> = Vec::new();
        let mut spans: BTreeMap<u64, usize> = BTreeMap::new();
        for array in arrays {
            let prefix = format!("{}/c/", array.path);
            let keys = self.objects.list(&prefix).await?;
            let indices: BTreeSet<u64> =
                keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.parse().ok()).collect();
            let whole = |index: u64| wholes.is_none_or(|wholes| wholes.contains(&index));
            let indices: Vec<u64> =
                indices.into_iter().filter(|&index| index < array.objects() && whole(index)).collect();
            let mut chunks = BTreeMap::new();
            for (index, bytes) in self.fetch(array, &indices).await? {
                for (first, part) in array.decode(index, &bytes)? {
                    let span = spans.entry(first).or_default();
                    *span = part.len().max(*span);
                    chunks.insert(first, part);
                }
            }
            parts.push(chunks);
        }
        let ids: Vec<u64> = spans.iter().flat_map(|(&first, &rows)| first..first.saturating_add(rows as u64)).collect();
        let mut columns = Vec::new();
        for (array, chunks) in arrays.iter().zip(&parts) {
            let kind = if array.data_type.is_float() { Column::F32(Vec::new()) } else { Column::I64(Vec::new()) };
            let mut column = chunks.values().next().unwrap_or(&kind).missing(ids.len());
            let mut row = 0;
            for (first, rows) in &spans {
                if let Some(part) = chunks.get(first) {
                    column.put(row, part);
                }
                row += rows;
            }
            columns.push(column);
        }
        Ok((ids, columns))
    }
}

/// The objects of a level that hold whole cells; `None` where an object holds several, above the parents.
fn wholes(level: &LevelInfo, cells: Option<&BTreeMap<Cell, Value>>) -> Option<BTreeSet<u64>> {
    let parent = level.parent_order().filter(|&parent| parent <= level.order)?;
    Some(cells?.keys().filter(|cell| cell.order() == parent).map(|cell| cell.nested()).collect())
}

fn json(key: &str, bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::corrupt(key, error.to_string()))
}
