//! Computing all again from the granules that a store names.
use super::objects::Checker;
use crate::own::Made;
use crate::{Error, OWN, Objects as _};
use dggs_zarr::StoreObject;
use morton::Cell;
use pipeline::{CellResult, Job, Product};
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
        let Some(locations) = locate(checker, &recipe.product, &parts, &key, &found) else { continue };
        let job = recipe.job(parent).map_err(Error::Recipe)?;
        let marks: BTreeSet<String> = checker.known.iter().filter(|key| key.starts_with("cells/")).cloned().collect();
        // A window that nobody computed is not there to be compared.
        let is_made = |part: &Vec<StoreObject>| part.last().is_some_and(|mark| marks.contains(&mark.key));
        let objects = compute(&job, &locations).await.and_then(|result| match recipe.parent {
            Some(_) => pipeline::to_objects(&result),
            None => {
                let parts = pipeline::sphere_objects(&result);
                parts.map(|parts| {
                    parts.into_iter().filter(is_made).flat_map(|part| due(checker, &job, &made, part)).collect()
                })
            }
        });
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
