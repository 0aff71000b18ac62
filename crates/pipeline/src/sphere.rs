//! Layout `sphere`: many cells in one store, each written by the process that computed it (design note 0007).
use crate::replace::{self, Outcome, Replacement};
use crate::store::{ROOT, Standing, provenance_of, standing};
use crate::{CellResult, Error, Job, SharedProvenance};
use aggregate::Statistic;
use byte_ranges::{SourceError, Storage};
use bytes::Bytes;
use dggs_zarr::{DataType, Sphere, SphereCell, SphereLevel, StoreObject, TemplateVariable};
use morton::Cell;
use serde_json::Value;

/// What all cells of a sphere store share. Equal jobs, the parent cell apart, give equal templates, so any number of
/// writers may put it at any time.
///
/// # Errors
/// [`Error::Encode`] when the job does not form a store.
pub fn sphere_template(job: &Job) -> Result<Vec<StoreObject>, Error> {
    sphere_of(job).template().map_err(|error| Error::Encode(error.to_string()))
}

/// The objects that one cell adds, its mark last. No other cell has any of these keys.
///
/// # Errors
/// [`Error::Encode`] when the result does not form a part of a store.
pub fn sphere_objects(result: &CellResult) -> Result<Vec<StoreObject>, Error> {
    let cell =
        SphereCell { parent: result.job.parent(), levels: result.levels.clone(), provenance: provenance_of(result)? };
    sphere_of(&result.job).cell(&cell).map_err(|error| Error::Encode(error.to_string()))
}

/// Key of the object that says that a cell is in a sphere store, whole, and need not be computed again. It holds the
/// cell's provenance.
///
/// # Errors
/// [`Error::Config`] for a cell without a decimal id (above order 18).
pub fn sphere_mark(cell: Cell) -> Result<String, Error> {
    dggs_zarr::mark_key(cell).map_err(|error| Error::Config(error.to_string()))
}

/// The root of the sphere store that is in a place, if its template is there, whole.
///
/// # Errors
/// [`SourceError`] when that cannot be found out.
pub async fn sphere_root<S: Storage>(storage: &S) -> Result<Option<Bytes>, SourceError> {
    let root = storage.get(ROOT).await?.map(|(root, _)| root);
    Ok(root.filter(|root| !dggs_zarr::is_tombstone(root)))
}

/// What is in the place of a store of the sphere, for the cells of one job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SphereStanding {
    /// No template: it is put before the first cell.
    New,
    /// The template of this job, whole.
    Begun,
    /// Something that these cells may not go into, and why not.
    Other(String),
}

/// Looks at what is in the place of a store of the sphere.
///
/// # Errors
/// [`SourceError`] when that cannot be found out.
pub async fn sphere_standing<S: Storage>(job: &Job, storage: &S) -> Result<SphereStanding, SourceError> {
    let mut root = sphere_root(storage).await?;
    if root.is_none() {
        if standing(storage).await? != Standing::Foreign {
            return Ok(SphereStanding::New);
        }
        // Chunks come after the root: where they are another writer's, it is there by now.
        root = sphere_root(storage).await?;
    }
    let fits = root.ok_or_else(|| "there is something else than a sphere store".to_owned());
    Ok(match fits.and_then(|root| sphere_accepts(job, &root)) {
        Ok(()) => SphereStanding::Begun,
        Err(why) => SphereStanding::Other(why),
    })
}

/// Puts the template, once before the cells of a run or by every writer, unless it is there. A template that was begun and
/// not ended is replaced.
///
/// # Errors
/// [`Error::Config`] where the store of another job is there, [`Error::Write`] when an object is not taken.
pub async fn write_template<S: Storage>(job: &Job, storage: &S) -> Result<(), Error> {
    if let Some(root) = sphere_root(storage).await.map_err(Error::Write)? {
        return sphere_accepts(job, &root).map_err(Error::Config);
    }
    let mut objects = sphere_template(job)?;
    let marker = objects.pop().ok_or_else(|| Error::Encode("a template without objects".into()))?;
    let new = Replacement { marker, placeholder: None, objects, own: Vec::new(), yields: true };
    match replace::replace(storage, &new).await.map_err(Error::Write)? {
        Outcome::Whole => Ok(()),
        Outcome::Held(root) => sphere_accepts(job, &root).map_err(Error::Config),
    }
}

/// Puts one cell into a sphere store in the place of what is there of it, or, where the result has no data, takes that
/// away. The template is [`write_template`]'s. A writer that dies leaves a cell without a mark; running the cell again
/// makes it whole.
///
/// # Errors
/// [`Error::Write`] when an object is not taken, or another job has begun to write the cell.
pub async fn write_sphere<S: Storage>(result: &CellResult, storage: &S) -> Result<(), Error> {
    let mut objects = sphere_objects(result)?;
    if result.empty_because().is_none() {
        return write_sphere_objects(objects, storage).await;
    }
    // What could not be read may have had the data.
    if result.is_partial() {
        return Ok(());
    }
    let mark = objects.pop().map(|mark| mark.key).unwrap_or_default();
    replace::remove(storage, &mark, &[], &objects).await.map_err(Error::Write)
}

/// Puts the objects of one cell, its mark last, as [`sphere_objects`] gives them.
///
/// # Errors
/// [`Error::Write`], as [`write_sphere`].
pub async fn write_sphere_objects<S: Storage>(mut objects: Vec<StoreObject>, storage: &S) -> Result<(), Error> {
    let marker = objects.pop().ok_or_else(|| Error::Encode("a cell without objects".into()))?;
    let new = Replacement { marker, placeholder: None, objects, own: Vec::new(), yields: false };
    replace::replace(storage, &new).await.map(drop).map_err(Error::Write)
}

/// Whether cells of a job may be written into the store whose root `zarr.json` this is: every level of the parents' order
/// and finer is the job's, to the byte. Coarser levels are of no concern.
///
/// # Errors
/// What differs, in words.
pub fn sphere_accepts(job: &Job, root: &[u8]) -> Result<(), String> {
    let members = |root: &[u8]| -> Option<serde_json::Map<String, Value>> {
        let mut root: Value = serde_json::from_slice(root).ok()?;
        serde_json::from_value(root.get_mut("consolidated_metadata")?.get_mut("metadata")?.take()).ok()
    };
    let parents = job.parent().order().get();
    let order_of = |key: &str| key.split('/').next().and_then(|order| order.parse::<u8>().ok());
    let template = sphere_template(job).map_err(|error| error.to_string())?;
    let wanted = template.last().and_then(|object| members(&object.bytes)).unwrap_or_default();
    let found = members(root).ok_or("there is no root of a sphere store")?;
    let differs = |held: Option<&Value>, key: &str| match held {
        None if !key.contains('/') => format!("only one of store and job has order {key}"),
        _ => format!("{key}/zarr.json differs: another product, latitude convention or order made the store"),
    };
    for (key, value) in &wanted {
        if found.get(key) != Some(value) {
            return Err(differs(found.get(key), key));
        }
    }
    let beyond = found.keys().filter(|key| !wanted.contains_key(*key));
    match beyond.into_iter().find(|key| order_of(key).is_none_or(|order| order >= parents)) {
        Some(key) => Err(differs(None, key)),
        None => Ok(()),
    }
}

/// The template of a job as `dggs-zarr` understands it.
#[must_use]
pub fn sphere_of(job: &Job) -> Sphere {
    let product = job.product();
    let variables: Vec<TemplateVariable> = product
        .statistics
        .iter()
        .map(|&statistic| TemplateVariable {
            name: product.array_name(statistic),
            data_type: if statistic == Statistic::Count { DataType::I32 } else { DataType::F32 },
            attributes: product.attributes(statistic, &product.statistics),
        })
        .collect();
    let level =
        |order: morton::Order| SphereLevel { order, variables: variables.clone(), provenance: shared_provenance(job) };
    Sphere {
        latitude: job.latitude(),
        parent_order: job.parent().order(),
        levels: crate::result::orders(job).into_iter().map(level).collect(),
    }
}

/// What is true of every cell of the store.
fn shared_provenance(job: &Job) -> Value {
    // A product is written as JSON, whatever it holds.
    serde_json::to_value(SharedProvenance::of(job)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobSpec, Ledger};

    use aggregate::Reducer;
    use byte_ranges::MemorySink;
    use dggs_zarr::PutStep;
    use futures_util::FutureExt as _;
    use morton::Order;

    fn result(nested: u64) -> CellResult {
        let order = |order| Order::new(order).unwrap();
        let spec = JobSpec::new(crate::product::tests::atl06(), Vec::new(), order(8));
        let spec = JobSpec { overviews: vec![order(7), order(3), order(7)], ..spec };
        let job = spec.job(Cell::new(order(6), nested).unwrap()).unwrap();
        let reducer =
            Reducer::new(job.children(), aggregate::Weighting::InverseVariance, aggregate::ReducerLimits::default())
                .unwrap();
        let (levels, _) = crate::result::levels(&job, &reducer, &Vec::new()).unwrap();
        CellResult { job, levels, ledger: Ledger::default() }
    }

    #[test]
    fn every_cell_has_the_same_template_and_no_key_in_common() {
        let (a, b) = (result(45_763), result(45_761));
        assert_eq!(sphere_template(&a.job).unwrap(), sphere_template(&b.job).unwrap());
        let keys = |result| sphere_objects(result).unwrap().into_iter().map(|object| object.key).collect::<Vec<_>>();
        assert_eq!(keys(&a).len(), 2 * 9 + 1);
        assert!(keys(&a).iter().all(|key| !keys(&b).contains(key)));
    }

    #[test]
    fn the_mark_comes_last_and_the_root_after_all_it_shows() {
        let (sink, mut result) = (MemorySink::new(), result(45_763));
        // Without data there would be nothing to write.
        result.ledger.totals.granules = 1;
        result.ledger.totals.rows.used = 1;
        write_template(&result.job, &sink).now_or_never().unwrap().unwrap();
        assert_eq!(sink.order().last().unwrap(), "zarr.json");
        write_sphere(&result, &sink).now_or_never().unwrap().unwrap();
        assert_eq!(sink.order().last().unwrap(), &sphere_mark(result.job.parent()).unwrap());
        assert_eq!(sink.objects().len(), 2 * 10 + 2 + 19);
        let cell = MemorySink::new();
        crate::write(&result, &cell).now_or_never().unwrap().unwrap();
        let order = cell.order();
        let first_metadata = order.iter().position(|key| key.ends_with("zarr.json")).unwrap();
        assert_eq!(first_metadata, 2 * 11, "all chunks come before any metadata");
        assert_eq!(order[order.len() - 3..].iter().filter(|key| key.matches('/').count() == 1).count(), 2);
        assert_eq!(order.last().unwrap(), "zarr.json");
        for objects in [crate::to_objects(&result), sphere_objects(&result), sphere_template(&result.job)] {
            let objects = objects.unwrap();
            assert!(objects.is_sorted_by_key(|object| object.step));
            assert_eq!(objects.iter().filter(|object| object.step == PutStep::Marker).count(), 1);
        }
    }

    #[test]
    fn another_job_is_not_accepted_and_coarser_levels_do_no_harm() {
        let job = result(45_763).job;
        let root = |job: &Job| sphere_template(job).unwrap().pop().unwrap().bytes;
        assert_eq!(sphere_accepts(&job, &root(&result(45_761).job)), Ok(()));
        let mut with_coarser = sphere_of(&job);
        with_coarser.levels.push(SphereLevel { order: Order::new(4).unwrap(), ..with_coarser.levels[0].clone() });
        assert_eq!(sphere_accepts(&job, &with_coarser.template().unwrap().pop().unwrap().bytes), Ok(()));
        let (spec, cell) = (job.spec().clone(), job.parent());
        let mut other = JobSpec { latitude: morton::Latitude::Authalic, ..spec.clone() }.job(cell).unwrap();
        assert!(sphere_accepts(&other, &root(&job)).unwrap_err().contains("/zarr.json differs"));
        other = JobSpec { overviews: Vec::new(), ..spec }.job(cell).unwrap();
        assert!(sphere_accepts(&other, &root(&job)).unwrap_err().contains("order 7"));
        assert!(sphere_accepts(&job, &root(&other)).unwrap_err().contains("order 7"));
        assert!(sphere_accepts(&job, b"{}").unwrap_err().contains("no root"));
    }
}
