//! What to compute, as flags, events, catalogs, the page and provenance say it.
use crate::axis::Cycles;
use crate::{ChangeSpec, Error, KeptArea, Period, Product, TimeAxis, TimeOf, TimeWindow};
use morton::{Cell, Latitude, Order};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Orders that a child may be finer than its parent; 4^10 children are about a million cells.
const MAX_LEVELS: u8 = 10;

/// How the output is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A store for each parent cell.
    #[default]
    Cell,
    /// One store of the sphere that all cells write their own chunks of.
    Sphere,
    /// One store of the children in a region, which one writer fills. A job of one cell cannot write it.
    Region,
}

/// What to compute: all that decides the result, for one parent cell or many, and nothing else. Where granules are, where
/// the output goes and how fast it is made are not part of it.
///
/// ```
/// use pipeline::{JobSpec, Product};
/// let product: Product = toml::from_str(include_str!("../../products/built-in/ATL06.toml")).unwrap();
/// let mut spec = JobSpec::new(product, vec!["-6134114".parse().unwrap()], morton::Order::new(12).unwrap());
/// spec.allow_partial = true;
/// let text = serde_json::to_string(&spec).unwrap();
/// assert_eq!(serde_json::from_str::<JobSpec>(&text).unwrap(), spec);
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JobSpec {
    /// What is read and reduced.
    pub product: Product,
    /// The parent cells, by decimal ids.
    #[serde(with = "as_text")]
    pub cells: Vec<Cell>,
    /// Order of the children.
    #[serde(with = "as_number")]
    pub child_order: Order,
    /// Orders between parents and children that are written too, exact from the observations.
    #[serde(with = "as_numbers")]
    pub overviews: Vec<Order>,
    /// Which latitude the cell ids are computed from.
    #[serde(with = "as_word")]
    pub latitude: Latitude,
    /// How the output is laid out.
    #[serde(default)]
    pub layout: Layout,
    /// The windows of time; `None` for all rows together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeAxis>,
    /// Windows that are computed, those that are there already left out; empty for all. For stores of the sphere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<TimeWindow>,
    /// How height change is estimated, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeSpec>,
    /// The region of interest; `None` for whole cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<KeptArea>,
    /// Turn unreadable granules into a partial result instead of a failure.
    #[serde(default)]
    pub allow_partial: bool,
    /// Refuse granules whose rows do not hang on their parents as they should.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// What to compute for one parent cell: a [`JobSpec`] whose orders fit the cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    parent: Cell,
    spec: JobSpec,
}

impl JobSpec {
    /// The usual settings: spherical latitude, no overviews, a store for each cell, all granules or nothing.
    #[must_use]
    pub fn new(product: Product, cells: Vec<Cell>, child_order: Order) -> Self {
        Self {
            product,
            cells,
            child_order,
            overviews: Vec::new(),
            latitude: Latitude::default(),
            layout: Layout::default(),
            time: None,
            only: Vec::new(),
            change: None,
            area: None,
            allow_partial: false,
            strict: false,
        }
    }

    /// The job of one parent cell.
    ///
    /// # Errors
    /// [`Error::Config`] for orders that do not fit the cell.
    pub fn job(&self, cell: Cell) -> Result<Job, Error> {
        Job::of(Self { cells: vec![cell], ..self.clone() })
    }

    /// The bytes that identify the result: equal for two specs that ask for the same, whatever the order of their lists.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let area = self.area.as_ref().map(KeptArea::named);
        let mut spec = Self { product: self.product.deciding(), area, ..self.clone() };
        spec.overviews.sort_unstable();
        spec.overviews.dedup();
        spec.cells.sort_unstable();
        spec.cells.dedup();
        // Neither numbers nor keys of this document can fail to be written.
        serde_json::to_vec(&spec).unwrap_or_default()
    }
}

impl Job {
    /// A job with the usual settings ([`JobSpec::new`]).
    ///
    /// # Errors
    /// [`Error::Config`] when `child_order` is coarser than the parent or more than ten orders finer.
    pub fn new(product: Product, parent: Cell, child_order: Order) -> Result<Self, Error> {
        JobSpec::new(product, Vec::new(), child_order).job(parent)
    }

    /// The job of a spec with one cell.
    fn of(mut spec: JobSpec) -> Result<Self, Error> {
        if spec.time.is_none() && spec.change.is_none() {
            // When rows were taken decides nothing.
            spec.product.time = TimeOf::Granule;
        }
        let [parent] = *spec.cells else { return Err(Error::Config("a job has one cell".into())) };
        Self::fits(parent, spec.child_order)?;
        spec.change.as_ref().map_or(Ok(()), ChangeSpec::check).map_err(Error::Config)?;
        spec.area.as_ref().and_then(KeptArea::fault).map_or(Ok(()), |why| Err(Error::Config(why.into())))?;
        let is_on_axis = |window| spec.time.as_ref().is_some_and(|axis| axis.windows().contains(window));
        if spec.layout != Layout::Sphere && !spec.only.is_empty() || !spec.only.iter().all(is_on_axis) {
            return Err(Error::Config("windows one by one are those of the axis of a store of the sphere".into()));
        }
        spec.product.check().map_err(|error| Error::Config(format!("product {}: {error}", spec.product.name)))?;
        Ok(Self { parent, spec })
    }

    /// Whether a parent can have children of an order.
    ///
    /// # Errors
    /// [`Error::Config`] when `child_order` is coarser than the parent or more than ten orders finer.
    pub fn fits(parent: Cell, child_order: Order) -> Result<(), Error> {
        let (from, to) = (parent.order().get(), child_order.get());
        if to < from || to - from > MAX_LEVELS {
            let most = from + MAX_LEVELS;
            return Err(Error::Config(format!(
                "child order {to} is not within {from}..={most} for a parent of order {from}"
            )));
        }
        Ok(())
    }

    /// What is asked for; its cell is the parent.
    #[must_use]
    pub const fn spec(&self) -> &JobSpec {
        &self.spec
    }

    /// What is read and reduced.
    #[must_use]
    pub const fn product(&self) -> &Product {
        &self.spec.product
    }

    /// Which latitude the cell ids are computed from.
    #[must_use]
    pub const fn latitude(&self) -> Latitude {
        self.spec.latitude
    }

    /// The parent cell.
    #[must_use]
    pub const fn parent(&self) -> Cell {
        self.parent
    }

    /// Order of the children.
    #[must_use]
    pub const fn child_order(&self) -> Order {
        self.spec.child_order
    }

    /// The windows that are computed, with their places on the time axis; none where there is no axis.
    #[must_use]
    pub fn steps(&self) -> Vec<(u32, TimeWindow)> {
        let windows = self.spec.time.as_ref().map_or(&[][..], TimeAxis::windows);
        let wanted = |window: &TimeWindow| self.spec.only.is_empty() || self.spec.only.contains(window);
        (0..).zip(windows).filter(|(_, window)| wanted(window)).map(|(at, window)| (at, *window)).collect()
    }

    /// Which repeat cycles are taken of columns that have a number for each.
    pub(crate) fn cycles(&self) -> Cycles<'_> {
        match (&self.spec.time, &self.spec.change) {
            (None, None) => Cycles::Chosen,
            (Some(axis), _) if axis.by() == Some(Period::Cycle) => Cycles::On(axis),
            _ => Cycles::All,
        }
    }

    /// Number of children: 4^(child order - parent order).
    #[must_use]
    pub fn children(&self) -> u32 {
        1 << (2 * u32::from(self.spec.child_order.get() - self.parent.order().get()))
    }
}

impl FromStr for Layout {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "cell" => Ok(Self::Cell),
            "sphere" => Ok(Self::Sphere),
            "region" => Ok(Self::Region),
            _ => Err("write `cell`, `sphere` or `region`"),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cell => "cell",
            Self::Sphere => "sphere",
            Self::Region => "region",
        })
    }
}

/// Cells as texts: any notation is read, the shortest is written.
mod as_text {
    use morton::Cell;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(cells: &[Cell], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(cells.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Cell>, D::Error> {
        let texts: Vec<String> = Vec::deserialize(input)?;
        texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
    }
}

mod as_number {
    use morton::Order;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(order: &Order, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u8(order.get())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Order, D::Error> {
        Order::new(u8::deserialize(input)?).map_err(D::Error::custom)
    }
}

mod as_numbers {
    use morton::Order;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(orders: &[Order], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(orders.iter().map(|order| order.get()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Order>, D::Error> {
        let orders: Vec<u8> = Vec::deserialize(input)?;
        orders.into_iter().map(|order| Order::new(order).map_err(D::Error::custom)).collect()
    }
}

mod as_word {
    use morton::Latitude;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(latitude: &Latitude, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(latitude)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Latitude, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;
    use aggregate::Statistic;

    fn spec() -> JobSpec {
        let order = |order| Order::new(order).unwrap();
        let mut spec =
            JobSpec::new(atl06(), vec!["-6134114".parse().unwrap(), "nested:6/7".parse().unwrap()], order(12));
        spec.overviews = vec![order(9), order(8), order(9)];
        spec
    }

    #[test]
    fn the_canonical_bytes_are_of_what_is_asked_for_and_not_of_how() {
        let mut other = spec();
        other.cells.reverse();
        other.overviews = vec![Order::new(8).unwrap(), Order::new(9).unwrap()];
        assert_eq!(spec().canonical(), other.canonical());
        assert_eq!(serde_json::from_slice::<JobSpec>(&other.canonical()).unwrap().canonical(), other.canonical());
        let changes: [fn(&mut JobSpec); 6] = [
            |spec| spec.latitude = Latitude::Authalic,
            |spec| spec.layout = Layout::Sphere,
            |spec| spec.allow_partial = true,
            |spec| spec.child_order = Order::new(11).unwrap(),
            |spec| spec.product.add_statistics(&[Statistic::UnweightedMean]),
            |spec| spec.cells.truncate(1),
        ];
        for change in changes {
            let mut changed = spec();
            change(&mut changed);
            assert_ne!(changed.canonical(), spec().canonical());
        }
    }

    #[test]
    fn a_spec_is_read_back_and_nonsense_is_not() {
        let text = serde_json::to_string(&spec()).unwrap();
        assert_eq!(serde_json::from_str::<JobSpec>(&text).unwrap(), spec());
        for (from, to) in
            [("\"-6134114\"", "\"-6134119\""), (":12", ":30"), ("spherical", "flat"), ("\"cell\"", "\"x\"")]
        {
            let wrong = text.replacen(from, to, 1);
            assert!(wrong != text && serde_json::from_str::<JobSpec>(&wrong).is_err(), "{to}");
        }
    }
}
