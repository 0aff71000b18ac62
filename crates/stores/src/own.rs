//! A store that this engine wrote, as a whole: what it was made from, which cells are in it, and the values of a cell.
use crate::{Error, OWN, Objects as _, Place, Recipe};
use aggregate::Statistic;
use dggs_zarr::{ArrayMeta, Column, Level, TemplateVariable, Variable};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use serde_json::Value;
use std::fmt::Display;
use std::ops::Range;
use storage::Clients;

/// Marks that are read at the same time.
const READS_IN_FLIGHT: usize = 32;

/// A store that this engine wrote, and its recipe.
pub struct OwnStore {
    place: Place,
    /// The store as the caller named it.
    pub name: String,
    /// What it was made from.
    pub recipe: Recipe,
}

impl OwnStore {
    /// Opens a store by its root's `zarr.json`.
    ///
    /// # Errors
    /// [`Error::Unreadable`] where there is none, [`Error::Unfinished`], [`Error::Damaged`] for one of another writer,
    /// [`Error::Source`].
    pub async fn open(root: &str, clients: &Clients) -> Result<Self, Error> {
        let place = Place::new(root, clients.clone())?;
        let document = place.get("zarr.json").await?;
        let document = document.filter(|document| !dggs_zarr::is_removed(document));
        let document = document.ok_or_else(|| Error::unreadable(root, "no Zarr store here (there is no zarr.json)"))?;
        if dggs_zarr::is_tombstone(&document) {
            return Err(Error::Unfinished(root.to_owned()));
        }
        let document = serde_json::from_slice(&document);
        let document: Value = document.map_err(|error| Error::unreadable(root, format!("zarr.json: {error}")))?;
        let recipe = Recipe::of(&document);
        let recipe = recipe.map_err(|why| Error::damaged(root, format!("not a store of this engine: {why}")))?;
        Ok(Self { place, name: root.to_owned(), recipe })
    }

    fn bad(&self, what: impl Display) -> Error {
        Error::damaged(&self.name, what)
    }

    /// The parent cells that are there, whole, in nested order.
    ///
    /// # Errors
    /// [`Error::Source`] where the place cannot be listed or read.
    pub async fn cells(&self) -> Result<Vec<Cell>, Error> {
        if let Some(parent) = self.recipe.parent {
            return Ok(vec![parent]);
        }
        let keys = self.place.list("cells/").await?;
        whole_cells(&self.place, &keys, self.recipe.parent_order).await
    }

    /// What the store says of a cell: granules, rows, engine.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it says nothing, [`Error::Source`].
    pub async fn provenance(&self, cell: Cell) -> Result<Value, Error> {
        let finest = self.recipe.orders.first().map(ToString::to_string).unwrap_or_default();
        let key = match self.recipe.parent {
            Some(_) => format!("{finest}/zarr.json"),
            None => pipeline::sphere_mark(cell).map_err(|error| self.bad(error))?,
        };
        let document: Value = serde_json::from_slice(&self.object(&key).await?).map_err(|error| self.bad(error))?;
        match &document["attributes"][OWN] {
            Value::Object(own) => Ok(Value::Object(own.clone())),
            _ => Err(self.bad(format!("{key}: no provenance"))),
        }
    }

    async fn object(&self, key: &str) -> Result<bytes::Bytes, Error> {
        let found = self.place.get(key).await?;
        found.ok_or_else(|| self.bad(format!("{key} is missing")))
    }

    /// All children of a parent at one order.
    pub(crate) async fn level(&self, cell: Cell, order: Order) -> Result<Level, Error> {
        self.read(cell, order, |_| true).await
    }

    /// The variables of a level whose names are `wanted`.
    async fn read(&self, cell: Cell, order: Order, wanted: impl Fn(&str) -> bool) -> Result<Level, Error> {
        let ids: Vec<u64> = cell.children(order).map_err(|error| self.bad(error))?.collect();
        let morton: Result<Vec<i64>, _> = ids.iter().map(|&id| Cell::new(order, id)?.decimal()).collect();
        let sphere = self.recipe.sphere().map_err(|why| self.bad(why))?;
        let level = sphere.levels.iter().find(|level| level.order == order);
        let read = |variable: TemplateVariable| {
            let (meta, objects) = match self.recipe.parent {
                Some(_) => {
                    let meta = ArrayMeta::new(ids.len() as u64, variable.data_type, variable.attributes.clone());
                    let chunks = meta.chunks();
                    (meta, 0..chunks)
                }
                None => (sphere.array(order, &variable), cell.nested()..cell.nested() + 1),
            };
            self.values(format!("{order}/{}", variable.name), meta, objects, variable)
        };
        let variables = level.iter().flat_map(|level| level.variables.clone());
        let variables = variables.filter(|variable| wanted(&variable.name)).map(read);
        let variables = try_join_all(variables).await?;
        let morton = morton.map_err(|error| self.bad(error))?;
        Ok(Level { order, cell_ids: ids, morton, variables })
    }

    /// Children of a cell with at least one row.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the counts cannot be read, [`Error::Source`].
    pub async fn cells_with_data(&self, cell: Cell) -> Result<u64, Error> {
        let order = self.recipe.orders.first().copied().ok_or_else(|| self.bad("there is no order"))?;
        let level = self.read(cell, order, |name| name == self.recipe.product.array_name(Statistic::Count)).await?;
        let counts = level.variables.into_iter().find_map(|variable| match variable.values {
            Column::I32(counts) => Some(counts),
            _ => None,
        });
        Ok(counts.map_or(0, |counts| counts.iter().filter(|&&count| count > 0).count() as u64))
    }

    /// Some objects of an array, one after the other.
    async fn values(
        &self,
        path: String,
        meta: ArrayMeta,
        objects: Range<u64>,
        variable: TemplateVariable,
    ) -> Result<Variable, Error> {
        let mut values: Option<Column> = None;
        for index in objects {
            let key = dggs_zarr::chunk_key(&path, index);
            let part = meta.decode(&self.object(&key).await?);
            let part = part.map_err(|error| self.bad(format!("{key}: {error}")))?;
            match &mut values {
                Some(values) => values.append(&part),
                None => values = Some(part),
            }
        }
        let values = values.unwrap_or(Column::F32(Vec::new()));
        Ok(Variable { name: variable.name, values, attributes: variable.attributes })
    }
}

/// The cells of an order whose marks are among some keys, and are no tombstones.
pub(crate) async fn whole_cells(
    place: &Place,
    keys: impl IntoIterator<Item = &String>,
    order: Order,
) -> Result<Vec<Cell>, Error> {
    let marks = keys.into_iter().filter_map(|key| Some((key, cell_of_mark(key)?)));
    let marks: Vec<_> = marks.filter(|(_, cell)| cell.order() == order).collect();
    let whole = async |(key, cell): (&String, Cell)| {
        let document = place.get(key).await?;
        Ok::<_, Error>(document.filter(|document| !dggs_zarr::is_tombstone(document)).map(|_| cell))
    };
    let reads = stream::iter(marks.into_iter().map(whole)).buffer_unordered(READS_IN_FLIGHT);
    let mut cells: Vec<Cell> = reads.try_filter_map(async |cell| Ok(cell)).try_collect().await?;
    cells.sort_unstable();
    Ok(cells)
}

/// The cell whose mark a key is.
pub(crate) fn cell_of_mark(key: &str) -> Option<Cell> {
    let id = key.trim_start_matches('/').strip_prefix("cells/")?.strip_suffix("/zarr.json")?;
    Cell::from_decimal(id.parse().ok()?).ok().filter(|cell| cell.decimal().is_ok_and(|back| back.to_string() == id))
}
