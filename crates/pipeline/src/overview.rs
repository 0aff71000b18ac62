//! Levels above the parents of a sphere store, from what its cells hold (design note 0007).
use crate::product::Weight;
use crate::replace::{self, Replacement};
use crate::sphere::{sphere_of, sphere_template};
use crate::trend::{self, Above, Values};
use crate::{Error, Job};
use aggregate::{Combiner, NO_DATA, Permille, Statistic, Stored, Weighting};
use byte_ranges::Storage;
use dggs_zarr::{
    ArrayMeta, Attributes, ChunkEncoder, Column, DataType, Level, PutStep, RecordTable, Sphere, SphereLevel,
    StoreObject, TemplateVariable,
};
use morton::{Cell, Order};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Points that stand for the values of one parent cell: a rank is off by less than 1 / 2048 of its rows.
const POINTS_PER_PARENT: u32 = 1024;

/// Composes levels coarser than the parents from the children of all parents. Parents may come in any order. Where there is a time
/// axis, each window is composed by itself.
///
/// Where the job keeps moments ([`Overviews::add_records`]), the number of rows, their unweighted mean, sum and variance are those of
/// the rows, and there are the arrays of height change.
pub struct Overviews {
    job: Job,
    coarsest: Order,
    /// What moments say, where they are kept.
    above: Option<Above>,
    /// What there is of each parent in each window; all is in window 0 where there is no time axis.
    parents: BTreeMap<(u64, u64), Combiner>,
}

impl Overviews {
    /// Levels from the one above the parents of `job` to `coarsest`. Which of its parents `job` names is of no concern.
    ///
    /// # Errors
    /// [`Error::Config`] where `coarsest` is not coarser than the parents, or the product does not count.
    pub fn new(job: &Job, coarsest: Order) -> Result<Self, Error> {
        let parents = job.parent().order();
        if coarsest >= parents {
            return Err(Error::Config(format!(
                "order {coarsest} is not above the parents' {parents}: those levels come with the cells (--overviews)"
            )));
        }
        if !job.product().statistics.contains(&Statistic::Count) {
            return Err(Error::Config("the product has no count: nothing can be weighted".into()));
        }
        let mut overviews = Self { job: job.clone(), coarsest, above: None, parents: BTreeMap::new() };
        overviews.above = Above::new(job, overviews.orders());
        Ok(overviews)
    }

    /// Whether the moments of every parent are wanted too.
    #[must_use]
    pub const fn wants_records(&self) -> bool {
        self.above.is_some()
    }

    /// Adds the moments of a parent, as they are stored: of each of its windows a table. Parents come in nested order, each once;
    /// where moments are not kept, this does nothing.
    ///
    /// # Errors
    /// [`Error::Config`] for a parent out of order, and for tables that are none of it.
    pub fn add_records(&mut self, parent: Cell, tables: &[RecordTable]) -> Result<(), Error> {
        self.above.as_mut().map_or(Ok(()), |above| above.add(parent, tables))
    }

    /// Adds a parent in a window (0 where there is no time axis): its children as they are stored. Added twice, the second counts.
    ///
    /// # Errors
    /// [`Error::Config`] where columns are missing or of another length.
    pub fn add(&mut self, parent: Cell, window: u64, children: &Level) -> Result<(), Error> {
        let missing = |name: &str| Error::Config(format!("cell {parent}: no values of {name}"));
        let column = |statistic: Statistic| {
            let name = self.job.product().array_name(statistic);
            let found = children.variables.iter().find(|variable| variable.name == name);
            found.map(|variable| &variable.values).ok_or_else(|| missing(&name))
        };
        let statistics = &self.job.product().statistics;
        let singles = |statistic: Statistic| match statistics.contains(&statistic) {
            false => Ok(&[][..]),
            true => match column(statistic)? {
                Column::F32(values) => Ok(values.as_slice()),
                _ => Err(missing(&self.job.product().array_name(statistic))),
            },
        };
        let Column::I32(counts) = column(Statistic::Count)? else { return Err(missing("count")) };
        let (min, max) = (singles(Statistic::Min)?, singles(Statistic::Max)?);
        let (mean, sigma) = (singles(Statistic::WeightedMean)?, singles(Statistic::WeightedMeanSigma)?);
        let (unweighted_mean, variance) = (singles(Statistic::UnweightedMean)?, singles(Statistic::Variance)?);
        let (std, sum) = (singles(Statistic::StandardDeviation)?, singles(Statistic::Sum)?);
        let quantiles = quantiles(statistics).into_iter();
        let quantiles = quantiles.map(|permille| Ok((permille, singles(Statistic::Quantile(permille))?)));
        let quantiles: Vec<(Permille, &[f32])> = quantiles.collect::<Result<_, Error>>()?;
        let at = |values: &[f32], row: usize| values.get(row).copied().unwrap_or(NO_DATA);
        let mut all = Combiner::new(self.weighting());
        let mut here = Vec::with_capacity(quantiles.len());
        for (row, &count) in counts.iter().enumerate() {
            let Ok(count @ 1..) = u32::try_from(count) else { continue };
            here.clear();
            here.extend(quantiles.iter().map(|&(permille, values)| (permille, at(values, row))));
            all.add(&Stored {
                count,
                min: at(min, row),
                max: at(max, row),
                mean: at(mean, row),
                sigma: at(sigma, row),
                unweighted_mean: at(unweighted_mean, row),
                variance: at(variance, row),
                std: at(std, row),
                sum: at(sum, row),
                quantiles: &here,
            });
        }
        all.compress(POINTS_PER_PARENT);
        self.parents.insert((window, parent.nested()), all);
        Ok(())
    }

    /// The job whose cells are composed.
    pub(crate) const fn job(&self) -> &Job {
        &self.job
    }

    /// The new levels' part of the template.
    #[must_use]
    pub fn levels(&self) -> Vec<SphereLevel> {
        let sphere = sphere_of(&self.job);
        self.orders().map(|order| self.template(order, &sphere)).collect()
    }

    /// The new levels' orders, finest first.
    fn orders(&self) -> impl Iterator<Item = Order> {
        let orders = (self.coarsest.get()..self.job.parent().order().get()).rev();
        orders.filter_map(|order| Order::new(order).ok())
    }

    /// The template with the new levels, and their chunks; only those chunks that some parent lies in.
    ///
    /// # Errors
    /// [`Error::Encode`].
    pub fn finish(mut self) -> Result<(Sphere, Vec<StoreObject>), Error> {
        self.above.as_mut().map_or(Ok(()), Above::end)?;
        let mut sphere = sphere_of(&self.job);
        let mut chunks = Vec::new();
        let mut encoder = ChunkEncoder::new();
        for order in self.orders() {
            let level = self.template(order, &sphere);
            let rows = self.rows(order);
            for (&statistic, variable) in self.statistics().iter().zip(&level.variables) {
                let meta = sphere.array(order, variable);
                for (index, values) in self.columns(&rows, statistic, &meta) {
                    let bytes = encoder.encode(&values, 0..values.len(), &meta);
                    let bytes = bytes.map_err(|error| Error::Encode(error.to_string()))?;
                    let key = meta.key(&format!("{order}/{}", variable.name), index);
                    chunks.push(StoreObject { key, bytes, step: PutStep::Chunk });
                }
            }
            if let Some(above) = &self.above {
                chunks.extend(above.chunks(order, &sphere, &mut encoder)?);
            }
            sphere.levels.push(level);
        }
        Ok((sphere, chunks))
    }

    /// How the stored means were weighed. Where a granule may lack its uncertainty, a store does not say: as with a column of
    /// weights, means do not compose.
    fn weighting(&self) -> Weighting {
        match self.job.product().weight {
            Weight::InverseVariance if self.job.product().may_weigh_equally() => Weighting::Given,
            Weight::InverseVariance => Weighting::InverseVariance,
            Weight::Column(_) => Weighting::Given,
            Weight::None => Weighting::Equal,
        }
    }

    fn held(&self, statistic: Statistic) -> bool {
        self.job.product().statistics.contains(&statistic)
    }

    /// What can be composed ([`Combiner`] has the table): a mean by inverse variance needs its sigma as weight, a variance
    /// moments, a mean or a sum, quantiles and the median absolute deviation something to lie between.
    fn statistics(&self) -> Vec<Statistic> {
        let weighting = self.weighting();
        let statistics = &self.job.product().statistics;
        let composes = |statistic: &Statistic| match statistic {
            Statistic::WeightedMean => match weighting {
                Weighting::InverseVariance => self.held(Statistic::WeightedMeanSigma),
                Weighting::Given => false,
                Weighting::Equal => true,
            },
            Statistic::WeightedMeanSigma => weighting != Weighting::Given,
            Statistic::Variance | Statistic::StandardDeviation => {
                self.above.is_some()
                    || [Statistic::WeightedMean, Statistic::UnweightedMean, Statistic::Sum]
                        .into_iter()
                        .any(|s| self.held(s))
            }
            Statistic::MedianAbsoluteDeviation => !quantiles(statistics).is_empty(),
            _ => true,
        };
        statistics.iter().copied().filter(composes).collect()
    }

    /// Whether the cells' unweighted means are stored: in moments, under any name, or as sums.
    fn holds_means(&self) -> bool {
        let equal = self.weighting() == Weighting::Equal && self.held(Statistic::WeightedMean);
        self.above.is_some() || equal || self.held(Statistic::UnweightedMean) || self.held(Statistic::Sum)
    }

    /// The cells of an order that have rows in a window, by window and cell, and the statistics of each.
    fn rows(&self, order: Order) -> BTreeMap<(u64, u64), Vec<f64>> {
        let shift = 2 * u32::from(self.job.parent().order().get() - order.get());
        let mut cells: BTreeMap<(u64, u64), Combiner> = BTreeMap::new();
        for (&(window, parent), all) in &self.parents {
            cells.entry((window, parent >> shift)).or_insert_with(|| Combiner::new(self.weighting())).join(all);
        }
        let statistics = self.statistics();
        let finish = |((window, cell), mut all): ((u64, u64), Combiner)| {
            let mut values = all.finish(&statistics);
            let known = self.above.as_ref().and_then(|above| above.values((order, window, cell)));
            // Moments may lack rows of damaged records only.
            if let Some(known) = known.filter(|known| known.rows >= all.count()) {
                self.correct(&mut values, &statistics, known);
            }
            ((window, cell), values)
        };
        cells.into_iter().map(finish).collect()
    }

    /// Puts what moments say in the place of what was composed from the cells' statistics.
    fn correct(&self, values: &mut [f64], statistics: &[Statistic], known: Values) {
        let rows = float(known.rows);
        let is_sparse = known.rows < u64::from(self.job.product().min_count);
        for (value, statistic) in values.iter_mut().zip(statistics) {
            *value = match statistic {
                Statistic::Count if is_sparse => 0.0,
                _ if is_sparse => f64::NAN,
                Statistic::Count => rows,
                Statistic::UnweightedMean => known.mean,
                Statistic::WeightedMean if self.weighting() == Weighting::Equal => known.mean,
                Statistic::Variance => known.variance,
                Statistic::StandardDeviation => known.variance.sqrt(),
                Statistic::Sum => known.mean * rows,
                _ => continue,
            };
        }
    }

    /// One statistic, as the chunks that are not all fill.
    fn columns(
        &self,
        rows: &BTreeMap<(u64, u64), Vec<f64>>,
        statistic: Statistic,
        meta: &ArrayMeta,
    ) -> Vec<(u64, Column)> {
        let at = self.statistics().iter().position(|&held| held == statistic).unwrap_or(0);
        let mut chunks: BTreeMap<u64, Vec<(usize, f64)>> = BTreeMap::new();
        for (&(window, id), values) in rows {
            let row = usize::try_from(id % meta.chunk_shape).unwrap_or(usize::MAX);
            let value = values.get(at).copied().unwrap_or(f64::NAN);
            let index = window.saturating_mul(meta.chunks_along()).saturating_add(id / meta.chunk_shape);
            chunks.entry(index).or_default().push((row, value));
        }
        let size = usize::try_from(meta.chunk_shape).unwrap_or(0);
        let fill = |held: Vec<(usize, f64)>| match statistic {
            Statistic::Count => Column::I32(spread(size, 0, held, count)),
            _ => Column::F32(spread(size, NO_DATA, held, narrow)),
        };
        chunks.into_iter().map(|(index, held)| (index, fill(held))).collect()
    }

    fn template(&self, order: Order, sphere: &Sphere) -> SphereLevel {
        let (product, statistics) = (self.job.product(), self.statistics());
        let variables = statistics.iter().map(|&statistic| TemplateVariable {
            name: product.array_name(statistic),
            data_type: if statistic == Statistic::Count { DataType::I32 } else { DataType::F32 },
            attributes: self.attributes(product.attributes(statistic, &statistics), statistic),
            timed: self.job.spec().time.is_some(),
            together: false,
        });
        let own = sphere.levels.first().map_or(Value::Null, |level| level.provenance.clone());
        let changes = self.above.iter().flat_map(|_| trend::variables(&self.job));
        let variables = variables.chain(changes);
        let mut provenance = own;
        provenance["composed_from"] = json!(self.job.child_order().get());
        let parents: BTreeSet<u64> = self.parents.keys().map(|&(_, parent)| parent).collect();
        provenance["parents"] = json!(parents.len());
        SphereLevel { order, variables: variables.collect(), provenance }
    }

    /// Says what a number is that was not computed from the observations.
    fn attributes(&self, mut attributes: Attributes, statistic: Statistic) -> Attributes {
        let children = self.job.child_order();
        let comment = match statistic {
            Statistic::Quantile(_) => format!(
                "estimate from the stored quantiles of the cells of order {children}: type-7 quantile of their \
                 distributions, each linear between min, quantiles and max, weighted by their counts; measured on ATL06, \
                 it is off by less than 2 % of the interquartile range"
            ),
            Statistic::MedianAbsoluteDeviation => format!(
                "estimate from the stored quantiles of the cells of order {children}: median absolute deviation of their \
                 distributions, each linear between min, quantiles and max, weighted by their counts; unscaled"
            ),
            Statistic::Variance | Statistic::StandardDeviation if !self.holds_means() => {
                let name = if statistic == Statistic::Variance { "variance" } else { "standard deviation" };
                let from =
                    if quantiles(&self.job.product().statistics).is_empty() { "weighted means" } else { "quantiles" };
                format!(
                    "population {name} (ddof = 0), unweighted, composed from the cells of order {children}; their \
                     unweighted means, which are not stored, are estimated from their {from}"
                )
            }
            _ => return attributes,
        };
        if let Some(Value::String(name)) = attributes.get("long_name").cloned() {
            attributes.insert("long_name".into(), json!(format!("estimate of the {name}")));
        }
        attributes.insert("comment".into(), json!(comment));
        attributes
    }
}

fn quantiles(statistics: &[Statistic]) -> Vec<Permille> {
    let of = |statistic: &Statistic| match statistic {
        Statistic::Quantile(permille) => Some(*permille),
        _ => None,
    };
    let mut quantiles: Vec<Permille> = statistics.iter().filter_map(of).collect();
    quantiles.sort_unstable();
    quantiles
}

fn spread<T: Clone>(size: usize, fill: T, held: Vec<(usize, f64)>, value: impl Fn(f64) -> T) -> Vec<T> {
    let mut values = vec![fill; size];
    for (row, found) in held {
        if let Some(place) = values.get_mut(row) {
            *place = value(found);
        }
    }
    values
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows lie far below 2^53")]
const fn float(rows: u64) -> f64 {
    rows as f64
}

/// Counts beyond the type's range stay at its end: 2^31 rows are more than 20 years of a polar base cell.
#[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
const fn count(value: f64) -> i32 {
    value as i32
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to nearest is what is stored")]
const fn narrow(value: f64) -> f32 {
    let rounded = value as f32;
    if rounded.is_nan() { NO_DATA } else { rounded }
}

/// Puts the levels above the parents in the place of those that are there. Meanwhile the store is the one without them.
///
/// # Errors
/// [`Error::Encode`]; [`Error::Write`] when an object is not taken.
pub async fn write_overviews<S: Storage>(overviews: Overviews, storage: &S) -> Result<usize, Error> {
    let parents = overviews.job().parent().order().get();
    let template = sphere_template(overviews.job())?;
    let (sphere, mut objects) = overviews.finish()?;
    let chunks = objects.len();
    let is_above =
        |key: &str| key.split('/').next().is_some_and(|order| order.parse::<u8>().is_ok_and(|o| o < parents));
    objects.extend(sphere.template().map_err(|error| Error::Encode(error.to_string()))?);
    let marker = objects.pop().ok_or_else(|| Error::Encode("a template without objects".into()))?;
    objects.retain(|object| is_above(&object.key));
    let own = (0..parents).map(|order| format!("{order}/")).collect();
    let root = template.last().map(|root| root.bytes.clone()).unwrap_or_default();
    let placeholder = serde_json::from_slice(&root).map_err(|error| Error::Encode(error.to_string()))?;
    let new = Replacement { marker, placeholder: Some(placeholder), objects, own, yields: false };
    replace::replace(storage, &new).await.map_err(Error::Write)?;
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JobSpec;
    use dggs_zarr::Variable;

    fn job(statistics: &[Statistic]) -> Job {
        let order = |order| Order::new(order).unwrap();
        let mut spec = JobSpec::new(crate::product::tests::atl06(), Vec::new(), order(7));
        spec.product.statistics = statistics.to_vec();
        spec.job(Cell::new(order(6), 45_763).unwrap()).unwrap()
    }

    /// Four children with `counts` rows, all of the same height.
    fn children(job: &Job, counts: [i32; 4], height: f32) -> Level {
        let variables = job.product().statistics.iter().map(|&statistic| Variable {
            name: job.product().array_name(statistic),
            values: match statistic {
                Statistic::Count => Column::I32(counts.to_vec()),
                _ => Column::F32(counts.iter().map(|&n| if n > 0 { height } else { NO_DATA }).collect()),
            },
            attributes: Attributes::new(),
            timed: false,
        });
        Level { order: job.child_order(), cell_ids: vec![0; 4], morton: vec![0; 4], variables: variables.collect() }
    }

    #[test]
    fn cells_lie_where_their_ids_say_and_order_of_parents_does_not_matter() {
        let job = job(&Statistic::STANDARD);
        let parents = [(45_763_u64, [0, 2, 0, 1]), (45_761, [1; 4]), (3, [5, 0, 0, 0])];
        let made = |order: [usize; 3]| {
            let mut overviews = Overviews::new(&job, Order::new(4).unwrap()).unwrap();
            for at in order {
                let (id, counts) = parents[at];
                let parent = Cell::new(Order::new(6).unwrap(), id).unwrap();
                overviews.add(parent, 0, &children(&job, counts, 10.0)).unwrap();
            }
            overviews.finish().unwrap()
        };
        let (sphere, chunks) = made([0, 1, 2]);
        assert_eq!(made([2, 1, 0]).1, chunks);
        assert_eq!(sphere.levels.iter().map(|level| level.order.get()).collect::<Vec<_>>(), [7, 5, 4]);
        let count = chunks.iter().find(|chunk| chunk.key == "5/count/c/0").unwrap();
        let meta = sphere.array(sphere.levels[1].order, &sphere.levels[1].variables[0]);
        let Column::I32(counts) = meta.decode(&count.bytes).unwrap() else { panic!("no counts") };
        assert_eq!((counts[11_440], counts[0], counts.iter().sum::<i32>()), (7, 5, 12));
    }

    fn of(product: crate::Product) -> Job {
        let order = |order| Order::new(order).unwrap();
        JobSpec::new(product, Vec::new(), order(7)).job(Cell::new(order(6), 45_763).unwrap()).unwrap()
    }

    /// ATL06 with these statistics and this weight.
    fn product(statistics: &str, weight: Weight) -> crate::Product {
        let mut product = crate::product::tests::atl06();
        product.statistics = statistics.split(' ').map(|name| name.parse().unwrap()).collect();
        product.weight = weight;
        product
    }

    fn composed(product: crate::Product) -> String {
        let level = Overviews::new(&of(product), Order::new(5).unwrap()).unwrap().levels().pop().unwrap();
        let names: Vec<&str> = level.variables.iter().map(|variable| variable.name.as_str()).collect();
        names.join(" ").replace("h_", "")
    }

    #[test]
    fn what_does_not_compose_is_left_out() {
        let column = || Weight::Column("a/length".parse().unwrap());
        for (statistics, weight, expected) in [
            ("count mean min max", Weight::InverseVariance, "count min max"),
            ("count mean sigma", Weight::InverseVariance, "count mean sigma"),
            ("count mean sigma std sum", column(), "count std sum"),
            ("count mean sigma mad q50", Weight::None, "count mean sigma mad q50"),
            ("count mean", Weight::None, "count mean"),
            ("count std variance mad", Weight::None, "count"),
            ("count std sum", Weight::None, "count std sum"),
        ] {
            assert_eq!(composed(product(statistics, weight)), expected, "{statistics}");
        }
        let mut optional = product("count mean sigma unweighted_mean", Weight::InverseVariance);
        optional.uncertainty.as_mut().unwrap().optional = true;
        assert_eq!(composed(optional), "count unweighted_mean");
        let job = job(&Statistic::STANDARD);
        assert!(Overviews::new(&job, Order::new(6).unwrap()).is_err(), "not above the parents");
    }

    #[test]
    fn a_cell_without_its_sigma_takes_only_the_sigma_from_those_above() {
        let job = of(product("count mean sigma std sum", Weight::None));
        let order = |order| Order::new(order).unwrap();
        let mut overviews = Overviews::new(&job, order(5)).unwrap();
        for (id, sigma) in [(45_763_u64, NO_DATA), (45_761, 0.5)] {
            let mut level = children(&job, [0, 3, 1, 0], 10.0);
            level.variables[2].values = Column::F32(vec![NO_DATA, sigma, sigma, NO_DATA]);
            level.variables[3].values = Column::F32(vec![NO_DATA, 2.0, 2.0, NO_DATA]);
            level.variables[4].values = Column::F32(vec![NO_DATA, 30.0, 10.0, NO_DATA]);
            overviews.add(Cell::new(order(6), id).unwrap(), 0, &level).unwrap();
        }
        let rows = overviews.rows(order(5));
        let values = rows.values().next().unwrap();
        assert_eq!((values[0], values[1], values[3], values[4]), (8.0, 10.0, 2.0, 80.0));
        assert!(values[2].is_nan());
    }

    #[test]
    fn estimates_say_so() {
        for (statistics, exact) in [
            ("count min max mean sigma variance std mad q25 q50", false),
            ("count min max mean sigma variance std mad q25 q50 unweighted_mean", true),
            ("count min max mean sigma variance std mad q25 q50 sum", true),
        ] {
            let job = of(product(statistics, Weight::InverseVariance));
            let level = Overviews::new(&job, Order::new(5).unwrap()).unwrap().levels().pop().unwrap();
            for variable in &level.variables {
                let name = variable.attributes["long_name"].as_str().unwrap();
                let of = |names: &[&str]| names.iter().any(|name| variable.name == format!("h_{name}"));
                let estimate = of(&["q25", "q50", "mad"]) || of(&["variance", "std"]) && !exact;
                assert_eq!(name.starts_with("estimate of"), estimate, "{name}");
            }
        }
    }
}
