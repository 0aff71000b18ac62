//! Computing all again from the granules that a store names.
use super::objects::Checker;
use crate::own::Made;
use crate::{Error, OWN, Objects as _, Recipe};
use dggs_zarr::{ChunkEncoder, PutStep, Region, StoreObject};
use morton::Cell;
use pipeline::{CellResult, Job, KeptArea, Layout, Product};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use storage::{Clients, Location};

/// Computes every cell again and compares every byte; returns how many could be.
pub(crate) async fn check(
    checker: &mut Checker,
    granules: &[String],
    compute: impl AsyncFn(&Job, &[Location]) -> Result<CellResult, pipeline::Error>,
    clients: &Clients,
) -> Result<usize, Error> {
    let Some(recipe) = checker.recipe.clone() else { return Ok(0) };
    let is_cut = recipe.kept.is_some() && recipe.layout != Layout::Region;
    if is_cut || recipe.kept.as_ref().is_some_and(|kept| kept.clip == "rows") {
        let what = "not computed again: which rows are in the region, the store does not say";
        checker.findings.warning("rerun", "zarr.json", what);
        return Ok(0);
    }
    let mut found: BTreeMap<String, Vec<Location>> = BTreeMap::new();
    for location in clients.expand_all(granules).await? {
        found.entry(recipe.product.mission_name(&location.name())).or_default().push(location);
    }
    let mut done = 0;
    for parent in checker.parents.clone() {
        let key = match recipe.parent {
            Some(_) => format!("{}/zarr.json", recipe.orders.first().map(ToString::to_string).unwrap_or_default()),
            None => pipeline::sphere_mark(parent).map_err(Error::Job)?,
        };
        let bytes = checker.place.get(&key).await?.unwrap_or_default();
        let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let own = &document["attributes"][OWN];
        let made = checker.made(&recipe, parent, own).await?;
        let windows: Vec<&Value> = made.windows.iter().map(|(_, window)| window).collect();
        let parts = if recipe.time.is_some() { windows } else { vec![own] };
        if parts.iter().any(|part| part["partial"] == true) {
            checker.findings.warning("partial", &key, "not computed again: granules were missing at that time");
            continue;
        }
        if recipe.layout == Layout::Region
            && recipe.time.as_ref().is_some_and(|axis| axis.windows().len() > made.windows.len())
        {
            checker.findings.warning("rerun", &key, "not computed again: some of its windows were not computed");
            continue;
        }
        let Some(locations) = locate(checker, &recipe.product, &parts, &key, &found) else { continue };
        let job = recipe.job(parent).map_err(Error::Recipe)?;
        // Rows outside of the region were left out, or cells of whole stores were chosen.
        let left_out = checker.region.as_ref().filter(|_| own["kept"].is_object());
        let job = within(&job, left_out).map_err(Error::Job)?;
        let marks: BTreeSet<String> = checker.known.iter().filter(|key| key.starts_with("cells/")).cloned().collect();
        // A window that nobody computed is not there to be compared.
        let is_made = |part: &Vec<StoreObject>| part.last().is_some_and(|mark| marks.contains(&mark.key));
        let result = compute(&job, &locations).await;
        let objects = match (result, recipe.layout) {
            (Err(error), _) => Err(error),
            (Ok(result), Layout::Cell) => pipeline::to_objects(&result),
            (Ok(result), Layout::Region) => rows_of(checker, &recipe, &result, left_out.is_some()).await?,
            (Ok(result), Layout::Sphere) => pipeline::sphere_objects(&result).map(|parts| {
                parts.into_iter().filter(is_made).flat_map(|part| due(checker, &job, &made, part)).collect()
            }),
        };
        match objects {
            Ok(objects) => {
                compare(checker, parent, &objects).await?;
                done += 1;
            }
            Err(error) => checker.findings.error("rerun", key, format!("cannot be computed again: {error}")),
        }
    }
    Ok(done)
}

/// The objects of the store of a region with the rows of a result in them. Levels above the children, and what is said of the making,
/// are those of a job that knows the region, where it cut cells.
async fn rows_of(
    checker: &Checker,
    recipe: &Recipe,
    result: &CellResult,
    left_out: bool,
) -> Result<Result<Vec<StoreObject>, pipeline::Error>, Error> {
    let Some(region) = &checker.region else { return Ok(Ok(Vec::new())) };
    let is_whole = left_out || recipe.kept.as_ref().is_some_and(|kept| kept.clip == "none");
    let finest = recipe.orders.first().map(|order| format!("{order}/")).unwrap_or_default();
    let encode = |error: dggs_zarr::Error| pipeline::Error::Encode(error.to_string());
    let cell = match pipeline::region_cell(result) {
        Ok(cell) => cell,
        Err(error) => return Ok(Err(error)),
    };
    let mut objects = Vec::new();
    let (patches, mut encoder) = (region.patches(std::slice::from_ref(&cell)).map_err(encode), ChunkEncoder::new());
    let patches = match patches {
        Ok(patches) => patches,
        Err(error) => return Ok(Err(error)),
    };
    for patch in patches.into_iter().filter(|patch| is_whole || patch.key.starts_with(&finest)) {
        let held = checker.place.get(&patch.key).await?;
        // A chunk that is damaged is reported already.
        if let Ok(bytes) = patch.apply(held.as_deref(), &mut encoder) {
            objects.push(StoreObject { key: patch.key, bytes, step: PutStep::Chunk });
        }
    }
    let mark = if is_whole { region.mark(&cell).map_err(encode) } else { Ok(Vec::new()) };
    Ok(mark.map(|mark| objects.into_iter().chain(mark).collect()))
}

/// The same job, of the rows in a region alone, or of all.
fn within(job: &Job, region: Option<&Region>) -> Result<Job, pipeline::Error> {
    let mut spec = job.spec().clone();
    spec.area = spec.area.zip(region).map(|(area, region)| {
        let ranges = region.levels.first().map(|level| level.cells.ranges()).unwrap_or_default();
        KeptArea::new(area.kept, ranges.iter().map(|range| [range.start, range.end]), None)
    });
    spec.job(job.parent())
}

/// What of a part must be there. Change of fewer windows than the axis has says so in its mark, and need not have heights of the
/// others; change that is older than some window is of other values, which is reported elsewhere.
fn due(checker: &Checker, job: &Job, made: &Made, mut part: Vec<StoreObject>) -> Vec<StoreObject> {
    let steps = job.steps();
    let is_change = part.last().is_some_and(|mark| mark.key.ends_with(&format!("/{}/zarr.json", dggs_zarr::CHANGE)));
    if !is_change || made.windows.len() == steps.len() {
        return part;
    }
    let is_made = |step: &u32| made.windows.iter().any(|(own, _)| *own == u64::from(*step));
    let names: Vec<String> = steps.iter().filter(|(step, _)| is_made(step)).map(|(_, window)| window.name()).collect();
    let said = made.change.as_ref().and_then(|change| change["windows"].as_array()).cloned().unwrap_or_default();
    if said.len() != names.len() {
        return Vec::new();
    }
    part.pop();
    part.retain(|object| checker.keys.contains(&object.key) || object.key.matches('/').count() < 4);
    part
}

/// The granules of a cell; `None` after reporting which are missing.
fn locate(
    checker: &mut Checker,
    product: &Product,
    parts: &[&Value],
    key: &str,
    found: &BTreeMap<String, Vec<Location>>,
) -> Option<Vec<Location>> {
    let granules = parts.iter().filter_map(|part| part["granules"].as_array()).flatten();
    let names = granules.filter_map(|granule| granule["name"].as_str());
    let names: BTreeSet<String> = names.map(|name| product.mission_name(name)).collect();
    let missing: Vec<&str> = names.iter().map(String::as_str).filter(|name| !found.contains_key(*name)).collect();
    if !missing.is_empty() {
        let what = format!("not computed again: {} granules are not at hand: {}", missing.len(), missing.join(", "));
        checker.findings.error("granule-missing", key, what);
        return None;
    }
    Some(names.iter().filter_map(|name| found.get(name)).flatten().cloned().collect())
}

async fn compare(checker: &mut Checker, parent: Cell, objects: &[StoreObject]) -> Result<(), Error> {
    let mut differ = Vec::new();
    for object in objects {
        if checker.place.get(&object.key).await?.is_none_or(|held| held != object.bytes) {
            differ.push(object.key.as_str());
        }
    }
    if let Some(first) = differ.first() {
        let what = format!("computed again, {} of {} objects differ, the first {first}", differ.len(), objects.len());
        checker.findings.error("rerun", format!("cell {parent}"), what);
    }
    Ok(())
}
