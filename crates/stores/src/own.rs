//! A store that this engine wrote, as a whole: what it was made from, which cells are in it, and the values of a cell.
use crate::{Error, OWN, Objects as _, Place, Recipe};
use aggregate::Statistic;
use dggs_zarr::{ArrayMeta, CHANGE, Column, Level, TemplateVariable, TimeCoordinate, Variable};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Order};
use pipeline::{Layout, TimeAxis, TimeWindow};
use serde_json::Value;
use std::fmt::Display;
use storage::Clients;

/// Marks that are read at the same time.
const READS_IN_FLIGHT: usize = 32;

/// What a store has of a cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    /// The windows that were computed, by their place on the time axis, with what is said of each; none where there is no axis.
    pub(crate) windows: Vec<(u64, Value)>,
    /// What is said of the arrays over all windows, where they were computed.
    pub(crate) change: Option<Value>,
}

/// A store that this engine wrote, and its recipe.
pub struct OwnStore {
    pub(crate) place: Place,
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

    pub(crate) fn bad(&self, what: impl Display) -> Error {
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
        let key = match self.recipe.parent {
            Some(_) => self.key_of_group(),
            None => pipeline::sphere_mark(cell).map_err(|error| self.bad(error))?,
        };
        self.said(&key, &self.object(&key).await?)
    }

    /// Key of the document that holds the provenance of a store of one cell.
    fn key_of_group(&self) -> String {
        format!("{}/zarr.json", self.recipe.orders.first().map(ToString::to_string).unwrap_or_default())
    }

    fn said(&self, key: &str, document: &[u8]) -> Result<Value, Error> {
        let mut document: Value = serde_json::from_slice(document).map_err(|error| self.bad(error))?;
        match document["attributes"][OWN].take() {
            own @ Value::Object(_) => Ok(own),
            _ => Err(self.bad(format!("{key}: no provenance"))),
        }
    }

    /// Which windows of a cell are there, whole.
    ///
    /// # Errors
    /// As [`OwnStore::provenance`].
    pub(crate) async fn made(&self, cell: Cell) -> Result<Made, Error> {
        let Some(axis) = &self.recipe.time else { return Ok(Made::default()) };
        if self.recipe.layout != Layout::Sphere {
            let own = self.provenance(cell).await?;
            return Ok(Made::of_cell(axis, &own));
        }
        let mut made = Made::default();
        let names = axis.windows().iter().map(TimeWindow::name);
        for (name, step) in names.zip(0..).chain([(CHANGE.to_owned(), u64::MAX)]) {
            match self.mark(cell, &name).await? {
                Some(own) if name == CHANGE => made.change = Some(own),
                Some(own) => made.windows.push((step, own)),
                None => {}
            }
        }
        Ok(made)
    }

    /// What the mark of a window says, or that of the arrays over all windows; `None` where there is none.
    pub(crate) async fn mark(&self, cell: Cell, window: &str) -> Result<Option<Value>, Error> {
        let key = dggs_zarr::window_key(cell, window).map_err(|error| self.bad(error))?;
        let document = self.place.get(&key).await?.filter(|document| !dggs_zarr::is_tombstone(document));
        document.map(|document| self.said(&key, &document)).transpose()
    }

    /// Whether granules are missing from the values of a cell.
    ///
    /// # Errors
    /// As [`OwnStore::provenance`].
    pub(crate) async fn is_partial(&self, cell: Cell) -> Result<bool, Error> {
        let of_cell = self.provenance(cell).await?["partial"] == true;
        Ok(of_cell || self.made(cell).await?.windows.iter().any(|(_, own)| own["partial"] == true))
    }

    pub(crate) async fn object(&self, key: &str) -> Result<bytes::Bytes, Error> {
        let found = self.place.get(key).await?;
        found.ok_or_else(|| self.bad(format!("{key} is missing")))
    }

    /// All children of a parent at one order: of timed variables the values in the windows that were made, one after the other.
    pub(crate) async fn level(&self, cell: Cell, order: Order, made: &Made) -> Result<Level, Error> {
        self.read(cell, order, made, |_| true).await
    }

    /// The values of timed variables in each window that was made, with its place on the axis; without an axis all at 0.
    pub(crate) async fn levels(&self, cell: Cell, order: Order) -> Result<Vec<(u64, Level)>, Error> {
        let made = self.made(cell).await?;
        let is_plain = self.recipe.time.is_none();
        let level = self.read(cell, order, &made, |name| is_plain || !self.recipe.is_together(name)).await?;
        if is_plain {
            return Ok(vec![(0, level)]);
        }
        Ok(made.windows.iter().zip(0..).map(|((step, _), at)| (*step, window_of(&level, at))).collect())
    }

    /// The variables of a level whose names are `wanted`.
    async fn read(&self, cell: Cell, order: Order, made: &Made, wanted: impl Fn(&str) -> bool) -> Result<Level, Error> {
        if self.recipe.layout == Layout::Region {
            return Err(Error::refused(
                &self.name,
                "layout `region` has not all children of its cells: read it as a table",
            ));
        }
        let ids: Vec<u64> = cell.children(order).map_err(|error| self.bad(error))?.collect();
        let morton: Result<Vec<i64>, _> = ids.iter().map(|&id| Cell::new(order, id)?.decimal()).collect();
        let sphere = self.recipe.sphere().map_err(|why| self.bad(why))?;
        let level = sphere.levels.iter().find(|level| level.order == order);
        let rows = ids.len() as u64;
        let read = |variable: TemplateVariable| {
            let meta = match self.recipe.parent {
                Some(_) => ArrayMeta::of(&variable, rows, sphere.time.as_ref().map(TimeCoordinate::len)),
                None => sphere.array(order, &variable),
            };
            let along = meta.chunks_along();
            let of_cell = if self.recipe.parent.is_some() { 0..along } else { cell.nested()..cell.nested() + 1 };
            let steps = match &meta.steps {
                Some(steps) if variable.together => (0..steps.length).collect(),
                Some(_) => made.windows.iter().map(|(step, _)| *step).collect(),
                None => vec![0],
            };
            let objects = steps.into_iter().flat_map(|step| of_cell.clone().map(move |at| step * along + at)).collect();
            self.values(format!("{order}/{}", variable.name), meta, objects, variable)
        };
        let is_made = |variable: &TemplateVariable| {
            variable.timed && !variable.together || sphere.time.is_none() || made.change.is_some()
        };
        let variables = level.iter().flat_map(|level| level.variables.clone()).filter(is_made);
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
        let made = self.made(cell).await?;
        let level =
            self.read(cell, order, &made, |name| name == self.recipe.product.array_name(Statistic::Count)).await?;
        let counts = level.variables.into_iter().find_map(|variable| match variable.values {
            Column::I32(counts) => Some(counts),
            _ => None,
        });
        let (counts, cells) = (counts.unwrap_or_default(), level.cell_ids.len().max(1));
        let has_data = |cell: &usize| counts.iter().skip(*cell).step_by(cells).any(|count| *count > 0);
        Ok((0..cells).filter(has_data).count() as u64)
    }

    /// Some objects of an array, one after the other.
    async fn values(
        &self,
        path: String,
        meta: ArrayMeta,
        objects: Vec<u64>,
        variable: TemplateVariable,
    ) -> Result<Variable, Error> {
        let mut values: Option<Column> = None;
        for index in objects {
            let key = meta.key(&path, index);
            let part = match self.place.get(&key).await? {
                // A window that came after change was computed.
                None if variable.together => {
                    let rows = meta.shard_shape.unwrap_or(meta.chunk_shape);
                    meta.data_type.empty().missing(usize::try_from(rows).unwrap_or_default())
                }
                None => return Err(self.bad(format!("{key} is missing"))),
                Some(bytes) => meta.decode(&bytes).map_err(|error| self.bad(format!("{key}: {error}")))?,
            };
            match &mut values {
                Some(values) => values.append(&part),
                None => values = Some(part),
            }
        }
        let values = values.unwrap_or_else(|| variable.data_type.empty());
        Ok(Variable { name: variable.name, values, attributes: variable.attributes, timed: variable.timed })
    }
}

impl Made {
    /// Of a cell whose provenance names its windows: of its own store, or in the store of a region.
    pub(crate) fn of_cell(axis: &TimeAxis, own: &Value) -> Self {
        let texts: Vec<String> = axis.windows().iter().map(ToString::to_string).collect();
        let step = |text: &str| texts.iter().position(|window| window == text).map(|step| step as u64);
        let parts = own["windows"].as_array().into_iter().flatten();
        let windows = parts.filter_map(|part| Some((step(part["window"].as_str()?)?, part.clone()))).collect();
        Self { windows, change: (!own["change"].is_null()).then(|| own["change"].clone()) }
    }
}

/// The values of timed variables in one of several windows.
pub(crate) fn window_of(level: &Level, at: usize) -> Level {
    let cells = level.cell_ids.len();
    let rows: Vec<usize> = (at * cells..(at + 1) * cells).collect();
    let timed = level.variables.iter().filter(|variable| variable.timed);
    let variables = timed.map(|variable| Variable { values: variable.values.select(&rows), ..variable.clone() });
    Level { variables: variables.collect(), ..level.clone() }
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

/// The cell and the window whose mark a key is.
pub(crate) fn window_of_mark(key: &str) -> Option<(Cell, &str)> {
    let (cell, name) = key.strip_suffix("/zarr.json")?.rsplit_once('/')?;
    Some((cell_of_mark(&format!("{cell}/zarr.json"))?, name))
}
