//! What a store of ours was made from.
use crate::OWN;
use dggs_zarr::Sphere;
use morton::{Cell, Latitude, Order};
use pipeline::{ChangeSpec, Job, JobSpec, KeptArea, KeptProvenance, Layout, Product, TimeAxis};
use serde_json::Value;

/// What a store says it was made from.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The product, with its statistics.
    pub product: Product,
    /// What the ids were computed from.
    pub latitude: Latitude,
    /// Order of the parent cells.
    pub parent_order: Order,
    /// Orders from the children's to the parents', finest first.
    pub orders: Vec<Order>,
    /// Orders above the parents', finest first (layout `sphere`).
    pub above: Vec<Order>,
    /// The windows of time, where there are some.
    pub time: Option<TimeAxis>,
    /// How height change was estimated, where it was.
    pub change: Option<ChangeSpec>,
    /// How it is laid out.
    pub layout: Layout,
    /// The parent (layout `cell`); `None` for a store of the sphere or of a region.
    pub parent: Option<Cell>,
    /// Which children belong to the region, where there is one.
    pub kept: Option<KeptProvenance>,
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
        let product = Product::from_store(own["product"].clone()).map_err(|error| format!("product: {error}"))?;
        let latitude = own["latitude_convention"].as_str().ok_or("no latitude convention")?;
        let latitude = latitude.parse().map_err(|error: morton::Error| error.to_string())?;
        let parent_order = own["parent_order"].as_u64().and_then(|order| u8::try_from(order).ok());
        let parent_order = parent_order.and_then(|order| Order::new(order).ok()).ok_or("no parent order")?;
        let parent = match own["parent_morton"].as_i64() {
            Some(id) => Some(Cell::from_decimal(id).map_err(|error| error.to_string())?),
            None if own["layout"] == "sphere" || own["layout"] == "region" => None,
            None => return Err("neither a parent cell nor layout `sphere` or `region`".into()),
        };
        if parent.is_some_and(|parent| parent.order() != parent_order) {
            return Err("the parent cell is of another order than the parent order".into());
        }
        let (orders, above) = orders.into_iter().partition(|&order| order >= parent_order);
        let time = optional(&own["time"]).map_err(|error| format!("time: {error}"))?;
        let change = optional(&own["change"]).map_err(|error| format!("change: {error}"))?;
        let kept = optional(&own["kept"]).map_err(|error| format!("kept: {error}"))?;
        let layout =
            own["layout"].as_str().map_or(Ok(Layout::Cell), str::parse).map_err(|why| format!("layout: {why}"))?;
        if layout == Layout::Region && kept.is_none() {
            return Err("layout `region` without its kept cells".into());
        }
        Ok(Self { product, latitude, parent_order, orders, above, time, change, layout, parent, kept })
    }

    /// The job of one parent cell.
    ///
    /// # Errors
    /// Orders that no job can have.
    pub(crate) fn job(&self, parent: Cell) -> Result<Job, String> {
        let finest = self.orders.first().copied().ok_or("no order as fine as the parents")?;
        let spec = JobSpec {
            latitude: self.latitude,
            overviews: self.orders.clone(),
            time: self.time.clone(),
            change: self.change,
            area: self.kept.clone().map(KeptArea::stated),
            ..JobSpec::new(self.product.clone(), Vec::new(), finest)
        };
        spec.job(parent).map_err(|error| error.to_string())
    }

    /// Whether a variable is of all windows together: there is one value a cell, or all windows were computed at once.
    pub(crate) fn is_together(&self, name: &str) -> bool {
        let sphere = self.sphere().ok();
        let level = sphere.as_ref().and_then(|sphere| sphere.levels.first());
        level
            .is_some_and(|level| level.variables.iter().any(|held| held.name == name && (held.together || !held.timed)))
    }

    /// The name of a window, by its place on the time axis.
    pub(crate) fn window_name(&self, step: u64) -> Option<String> {
        self.time.as_ref()?.windows().get(usize::try_from(step).ok()?).map(pipeline::TimeWindow::name)
    }

    /// The template of a sphere store of this recipe, without levels above the parents.
    pub(crate) fn sphere(&self) -> Result<Sphere, String> {
        let any = Cell::new(self.parent_order, 0).map_err(|error| error.to_string())?;
        Ok(pipeline::sphere_of(&self.job(any)?))
    }
}

fn optional<T: serde::de::DeserializeOwned>(value: &Value) -> Result<Option<T>, serde_json::Error> {
    if value.is_null() { Ok(None) } else { serde_json::from_value(value.clone()).map(Some) }
}
