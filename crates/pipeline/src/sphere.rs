//! Layout `sphere`: many cells in one store, each written by the process that computed it (design note 0007).
use crate::replace::{self, Outcome, Replacement};
use crate::store::{ROOT, Standing, provenance_of, standing};
use crate::{
    CellResult, ChangeProvenance, Error, Job, SharedProvenance, TimeAxis, TimedProvenance, WindowProvenance, trend,
};
use aggregate::Statistic;
use byte_ranges::{SourceError, Storage};
use bytes::Bytes;
use dggs_zarr::{CellWindow, DataType, RecordTable, Sphere, SphereCell, SphereLevel, StoreObject, TemplateVariable};
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

/// The objects that one cell adds, in parts that are each whole with their last object, a mark: one, or where there is a time axis
/// one for each window and one for what is of all windows. No other cell has any of these keys, but for the group above the
/// windows of this one.
///
/// # Errors
/// [`Error::Encode`] when the result does not form a part of a store.
pub fn sphere_objects(result: &CellResult) -> Result<Vec<Vec<StoreObject>>, Error> {
    let json =
        |value: &dyn Fn() -> serde_json::Result<Value>| value().map_err(|error| Error::Encode(error.to_string()));
    let (job, mut windows) = (&result.job, Vec::new());
    for ((step, _), used) in job.steps().iter().zip(&result.windows) {
        let provenance = json(&|| serde_json::to_value(WindowProvenance::of(used)))?;
        let records = trend::table(job, &result.passes, Some(*step));
        windows.push(CellWindow { step: u64::from(*step), name: used.window.name(), provenance, records });
    }
    let names = windows.iter().map(|window| window.name.clone()).collect();
    let provenance = if windows.is_empty() {
        provenance_of(result)?
    } else {
        json(&|| serde_json::to_value(TimedProvenance::of(job)))?
    };
    let cell = SphereCell {
        parent: job.parent(),
        levels: result.levels.clone(),
        provenance,
        records: trend::table(job, &result.passes, None),
        windows,
        change: if job.spec().only.is_empty() { change_of(job, names)? } else { None },
    };
    sphere_of(job).cell(&cell).map_err(|error| Error::Encode(error.to_string()))
}

/// What a cell says of its arrays over all windows, where it has windows and such arrays.
fn change_of(job: &Job, windows: Vec<String>) -> Result<Option<Value>, Error> {
    let (Some(_), Some(_)) = (job.spec().change, &job.spec().time) else { return Ok(None) };
    let said = serde_json::to_value(ChangeProvenance::of(windows));
    said.map(Some).map_err(|error| Error::Encode(error.to_string()))
}

/// The arrays over all windows of a job's cell, computed again from the moments of the windows of these names, as objects: a part like those of
/// [`sphere_objects`], its mark last.
///
/// # Errors
/// [`Error::Config`] for a job without windows or change, and for tables that are none of this cell; [`Error::Encode`].
pub fn sphere_change(job: &Job, tables: &[RecordTable], windows: Vec<String>) -> Result<Vec<StoreObject>, Error> {
    let config = |error: &dyn std::fmt::Display| Error::Config(error.to_string());
    let Some(change) = change_of(job, windows)? else {
        return Err(config(&"the store has no time axis, or no change"));
    };
    let passes = tables.iter().map(|table| trend::passes(job, table)).collect::<Result<Vec<_>, _>>()?;
    let passes = trend::joined(passes.concat());
    let mut levels = Vec::new();
    for order in crate::result::orders(job) {
        levels.push(crate::result::empty(job, order)?);
    }
    trend::put(job, &passes, &mut levels)?;
    let (parent, provenance, change) = (job.parent(), Value::Null, Some(change));
    let cell = SphereCell { parent, levels, provenance, records: None, windows: Vec::new(), change };
    let parts = sphere_of(job).cell(&cell).map_err(|error| Error::Encode(error.to_string()))?;
    Ok(parts.concat())
}

/// Key of the object that says that a cell is in a sphere store, whole, and need not be computed again. It holds the
/// cell's provenance; where there is a time axis, each window has a key of its own ([`sphere_last_mark`]).
///
/// # Errors
/// [`Error::Config`] for a cell without a decimal id (above order 18).
pub fn sphere_mark(cell: Cell) -> Result<String, Error> {
    dggs_zarr::mark_key(cell).map_err(|error| Error::Config(error.to_string()))
}

/// Key of the last object of a job's cell in a sphere store: a reader that finds it finds all of the cell.
///
/// # Errors
/// [`Error::Config`] for a cell without a decimal id (above order 18).
pub fn sphere_last_mark(job: &Job) -> Result<String, Error> {
    let steps = job.steps();
    let Some((_, window)) = steps.last() else { return sphere_mark(job.parent()) };
    dggs_zarr::window_key(job.parent(), &window.name()).map_err(|error| Error::Config(error.to_string()))
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
    let parts = sphere_objects(result)?;
    if result.empty_because().is_none() {
        for objects in parts {
            write_sphere_objects(objects, storage).await?;
        }
        return Ok(());
    }
    // What could not be read may have had the data.
    if result.is_partial() {
        return Ok(());
    }
    for mut objects in parts {
        let mark = objects.pop().map(|mark| mark.key).unwrap_or_default();
        replace::remove(storage, &mark, &[], &objects).await.map_err(Error::Write)?;
    }
    Ok(())
}

/// Puts the objects of one cell, its mark last, as [`sphere_objects`] gives them.
///
/// # Errors
/// [`Error::Write`], as [`write_sphere`].
pub async fn write_sphere_objects<S: Storage>(mut objects: Vec<StoreObject>, storage: &S) -> Result<(), Error> {
    let marker = objects.pop().ok_or_else(|| Error::Encode("a cell without objects".into()))?;
    // What was seen in it lies below its mark: records of another length leave none of the old ones.
    let below = marker.key.trim_end_matches("zarr.json").to_owned();
    let has_records = objects.iter().any(|object| object.key.starts_with(&below));
    let own = if has_records { vec![below] } else { Vec::new() };
    let new = Replacement { marker, placeholder: None, objects, own, yields: false };
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
        _ => format!(
            "{key}/zarr.json differs: another product, latitude convention, order, time axis or way of change made the store"
        ),
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
            timed: job.spec().time.is_some(),
            together: false,
        })
        .chain(trend::variables(job))
        .collect();
    let level =
        |order: morton::Order| SphereLevel { order, variables: variables.clone(), provenance: shared_provenance(job) };
    Sphere {
        latitude: job.latitude(),
        parent_order: job.parent().order(),
        levels: crate::result::orders(job).into_iter().map(level).collect(),
        time: job.spec().time.as_ref().map(TimeAxis::coordinate),
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
        let none: Vec<aggregate::Batch> = Vec::new();
        let (levels, _) = crate::result::levels(&job, &reducer, &[none]).unwrap();
        CellResult { job, levels, passes: Vec::new(), windows: Vec::new(), ledger: Ledger::default() }
    }

    #[test]
    fn every_cell_has_the_same_template_and_no_key_in_common() {
        let (a, b) = (result(45_763), result(45_761));
        assert_eq!(sphere_template(&a.job).unwrap(), sphere_template(&b.job).unwrap());
        let keys =
            |result| sphere_objects(result).unwrap().concat().into_iter().map(|object| object.key).collect::<Vec<_>>();
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
        let own = sphere_objects(&result).map(|parts| parts.concat());
        for objects in [crate::to_objects(&result), own, sphere_template(&result.job)] {
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
