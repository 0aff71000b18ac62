//! A store of ours as the commands see it that work on whole stores: what it was made from, which cells are in it, and
//! the values of a cell.
use crate::exit::{self, Failure};
use aggregate::Statistic;
use dggs_zarr::{ArrayMeta, Level, Sphere, TemplateVariable, Values, Variable};
use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::{Cell, Latitude, Order};
use pipeline::{Job, JobSpec, Product};
use serde_json::{Map, Value};
use std::ops::Range;
use storage::Clients;
use stores::{Objects as _, Place};

/// Marks that are read at the same time.
const READS_IN_FLIGHT: usize = 32;

/// Name of our key in the attributes of groups.
pub(crate) const OWN: &str = "icestream";

/// What a store says it was made from.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) product: Product,
    pub(crate) latitude: Latitude,
    pub(crate) parent_order: Order,
    /// Orders from the children's to the parents', finest first.
    pub(crate) orders: Vec<Order>,
    /// Orders above the parents', finest first (layout `sphere`).
    pub(crate) above: Vec<Order>,
    /// The parent (layout `cell`); `None` for a store of the sphere.
    pub(crate) parent: Option<Cell>,
}

/// A store and its recipe.
pub(crate) struct Stored {
    pub(crate) place: Place,
    /// The store as the user named it.
    pub(crate) shown: String,
    pub(crate) recipe: Recipe,
}

impl Recipe {
    /// From the root's document.
    ///
    /// # Errors
    /// What is missing or contradicts itself, in words.
    pub(crate) fn of(root: &Value) -> Result<Self, String> {
        let members = root["consolidated_metadata"]["metadata"].as_object().ok_or("no consolidated metadata")?;
        let mut orders: Vec<Order> = members.keys().filter_map(|key| Order::new(key.parse().ok()?).ok()).collect();
        orders.sort_unstable_by(|a, b| b.cmp(a));
        let finest = orders.first().ok_or("no group of an order")?;
        let own = &members[&finest.to_string()]["attributes"][OWN];
        if !own.is_object() {
            return Err(format!("group {finest} has no provenance (`{OWN}`)"));
        }
        let product = serde_json::from_value(own["product"].clone()).map_err(|error| format!("product: {error}"))?;
        let latitude = own["latitude_convention"].as_str().ok_or("no latitude convention")?;
        let latitude = latitude.parse().map_err(|error: morton::Error| error.to_string())?;
        let parent_order = own["parent_order"].as_u64().and_then(|order| u8::try_from(order).ok());
        let parent_order = parent_order.and_then(|order| Order::new(order).ok()).ok_or("no parent order")?;
        let parent = match own["parent_morton"].as_i64() {
            Some(id) => Some(Cell::from_decimal(id).map_err(|error| error.to_string())?),
            None if own["layout"] == "sphere" => None,
            None => return Err("neither a parent cell nor layout `sphere`".into()),
        };
        if parent.is_some_and(|parent| parent.order() != parent_order) {
            return Err("the parent cell is of another order than the parent order".into());
        }
        let (orders, above) = orders.into_iter().partition(|&order| order >= parent_order);
        Ok(Self { product, latitude, parent_order, orders, above, parent })
    }

    /// The job of one parent cell.
    ///
    /// # Errors
    /// Orders that no job can have.
    pub(crate) fn job(&self, parent: Cell) -> Result<Job, String> {
        let finest = self.orders.first().copied().ok_or("no order as fine as the parents")?;
        let spec = JobSpec {
            product: self.product.clone(),
            latitude: self.latitude,
            overviews: self.orders.clone(),
            ..JobSpec::new(Vec::new(), finest)
        };
        spec.job(parent).map_err(|error| error.to_string())
    }

    /// The template of a sphere store of this recipe, without levels above the parents.
    pub(crate) fn sphere(&self) -> Result<Sphere, String> {
        let any = Cell::new(self.parent_order, 0).map_err(|error| error.to_string())?;
        Ok(pipeline::sphere_of(&self.job(any)?))
    }
}

impl Stored {
    pub(crate) async fn open(root: &str, clients: &Clients) -> Result<Self, Failure> {
        let place = Place::new(root, clients.clone())?;
        let bad = |what: &str| Failure::new(exit::BAD_INPUT, format!("{root}: {what}"));
        let document = place.get("zarr.json").await?;
        let document = document.filter(|document| !dggs_zarr::is_removed(document));
        let document = document.ok_or_else(|| bad("no Zarr store here (there is no zarr.json)"))?;
        if dggs_zarr::is_tombstone(&document) {
            return Err(stores::Error::Unfinished(root.to_owned()).into());
        }
        let document: Value = serde_json::from_slice(&document).map_err(|error| bad(&format!("zarr.json: {error}")))?;
        let recipe = Recipe::of(&document).map_err(|why| {
            bad(&format!("not a store of this engine: {why}")).hint("`icestream validate` tells all that is wrong")
        })?;
        Ok(Self { place, shown: root.to_owned(), recipe })
    }

    fn bad(&self, what: impl std::fmt::Display) -> Failure {
        Failure::new(exit::BAD_INPUT, format!("{}: {what}", self.shown))
            .hint("`icestream validate` tells all that is wrong")
    }

    /// The parent cells that are there, whole, in nested order.
    pub(crate) async fn cells(&self) -> Result<Vec<Cell>, Failure> {
        if let Some(parent) = self.recipe.parent {
            return Ok(vec![parent]);
        }
        let keys = self.place.list("cells/").await?;
        Ok(whole_cells(&self.place, &keys, self.recipe.parent_order).await?)
    }

    /// What the store says of a cell: granules, rows, engine.
    pub(crate) async fn provenance(&self, cell: Cell) -> Result<Value, Failure> {
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

    async fn object(&self, key: &str) -> Result<bytes::Bytes, Failure> {
        let found = self.place.get(key).await?;
        found.ok_or_else(|| self.bad(format!("{key} is missing")))
    }

    /// All children of a parent at one order.
    pub(crate) async fn level(&self, cell: Cell, order: Order) -> Result<Level, Failure> {
        self.read(cell, order, |_| true).await
    }

    /// The variables of a level whose names are `wanted`.
    async fn read(&self, cell: Cell, order: Order, wanted: impl Fn(&str) -> bool) -> Result<Level, Failure> {
        let ids: Vec<u64> = cell.children(order).map_err(|error| self.bad(error))?.collect();
        let morton: Result<Vec<i64>, _> = ids.iter().map(|&id| Cell::new(order, id)?.decimal()).collect();
        let sphere = self.recipe.sphere().map_err(|why| self.bad(why))?;
        let level = sphere.levels.iter().find(|level| level.order == order.get());
        let read = |variable: TemplateVariable| {
            let (meta, objects) = match self.recipe.parent {
                Some(_) => {
                    let meta = ArrayMeta::new(ids.len() as u64, variable.data_type, variable.attributes.clone());
                    let chunks = meta.chunks();
                    (meta, 0..chunks)
                }
                None => (sphere.array(order.get(), &variable), cell.nested()..cell.nested() + 1),
            };
            self.values(format!("{order}/{}", variable.name), meta, objects, variable)
        };
        let variables = level.iter().flat_map(|level| level.variables.clone());
        let variables = variables.filter(|variable| wanted(&variable.name)).map(read);
        let variables = try_join_all(variables).await?;
        let morton = morton.map_err(|error| self.bad(error))?;
        Ok(Level { order: order.get(), cell_ids: ids, morton, variables })
    }

    /// Children of a cell with at least one row.
    pub(crate) async fn cells_with_data(&self, cell: Cell) -> Result<u64, Failure> {
        let order = self.recipe.orders.first().copied().ok_or_else(|| self.bad("there is no order"))?;
        let level = self.read(cell, order, |name| name == self.recipe.product.array_name(Statistic::Count)).await?;
        let counts = level.variables.into_iter().find_map(|variable| match variable.values {
            Values::I32(counts) => Some(counts),
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
    ) -> Result<Variable, Failure> {
        let mut values: Option<Values> = None;
        for index in objects {
            let key = dggs_zarr::chunk_key(&path, index);
            let part = meta.decode(&self.object(&key).await?);
            let part = part.map_err(|error| self.bad(format!("{key}: {error}")))?;
            values = Some(match values {
                Some(all) => joined(all, &part),
                None => part,
            });
        }
        let values = values.unwrap_or(Values::F32(Vec::new()));
        Ok(Variable { name: variable.name, values, attributes: variable.attributes })
    }
}

/// The cells of an order whose marks are among some keys, and are no tombstones.
pub(crate) async fn whole_cells(
    place: &Place,
    keys: impl IntoIterator<Item = &String>,
    order: Order,
) -> Result<Vec<Cell>, stores::Error> {
    let marks = keys.into_iter().filter_map(|key| Some((key, cell_of_mark(key)?)));
    let marks: Vec<_> = marks.filter(|(_, cell)| cell.order() == order).collect();
    let whole = async |(key, cell): (&String, Cell)| {
        let document = place.get(key).await?;
        Ok::<_, stores::Error>(document.filter(|document| !dggs_zarr::is_tombstone(document)).map(|_| cell))
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

/// Two parts of one array; of different types, the first.
pub(crate) fn joined(all: Values, part: &Values) -> Values {
    match (all, part) {
        (Values::U64(mut all), Values::U64(part)) => {
            all.extend_from_slice(part);
            Values::U64(all)
        }
        (Values::I64(mut all), Values::I64(part)) => {
            all.extend_from_slice(part);
            Values::I64(all)
        }
        (Values::I32(mut all), Values::I32(part)) => {
            all.extend_from_slice(part);
            Values::I32(all)
        }
        (Values::F32(mut all), Values::F32(part)) => {
            all.extend_from_slice(part);
            Values::F32(all)
        }
        (Values::F64(mut all), Values::F64(part)) => {
            all.extend_from_slice(part);
            Values::F64(all)
        }
        (all, _) => all,
    }
}

/// The members of a consolidated root by path.
pub(crate) fn members(root: &Value) -> Option<&Map<String, Value>> {
    root["consolidated_metadata"]["metadata"].as_object()
}
