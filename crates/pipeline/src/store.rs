//! From a result to the objects of a store.
use crate::{CellResult, Column, Error, GranuleEntry, Level, RowCounts, mission_name};
use byte_ranges::Sink;
use dggs_zarr::{CellStore, LatitudeConvention, Object, Values, Variable};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::Latitude;
use serde_json::{Value, json};

/// Objects put at the same time; sinks have limits of their own.
const PUTS_IN_FLIGHT: usize = 32;

/// The objects of a Zarr store in layout `cell`, in the order in which they must be put: data first, what makes them
/// visible last. Equal results give equal bytes.
///
/// # Errors
/// [`Error::Encode`] when the result does not form a store.
pub fn to_objects(result: &CellResult) -> Result<Vec<Object>, Error> {
    let latitude = latitude_of(result.job.latitude);
    let levels = result.levels.iter().map(|level| store_level(result, level)).collect();
    let store = CellStore { latitude, levels, provenance: fates_and_granules(result) };
    store.encode().map_err(|error| Error::Encode(error.to_string()))
}

/// Writes the store of a result: no reader sees it before it is whole.
///
/// # Errors
/// [`Error::Write`] when an object is not taken; what was put so far is not visible as a store.
pub async fn write<K: Sink>(result: &CellResult, sink: &K) -> Result<(), Error> {
    write_objects(to_objects(result)?, sink).await
}

/// Puts objects that stand in write order: chunks at once, then metadata, which makes them visible, in as many steps as
/// it is deep, the root last.
///
/// # Errors
/// [`Error::Write`] when an object is not taken.
pub async fn write_objects<K: Sink>(mut objects: Vec<Object>, sink: &K) -> Result<(), Error> {
    while !objects.is_empty() {
        let now = objects.first().map(step_of);
        let end = objects.iter().position(|object| Some(step_of(object)) != now).unwrap_or(objects.len());
        let puts = objects.drain(..end).map(|object| async move { sink.put(&object.key, object.bytes).await });
        let puts: Vec<_> = puts.collect();
        stream::iter(puts).buffer_unordered(PUTS_IN_FLIGHT).try_collect::<()>().await.map_err(Error::Write)?;
    }
    Ok(())
}

/// Chunks are one step, metadata of each depth another: neighbours of one step may be put in any order.
fn step_of(object: &Object) -> Option<usize> {
    object.key.ends_with("zarr.json").then(|| object.key.matches('/').count())
}

pub(crate) const fn latitude_of(latitude: Latitude) -> LatitudeConvention {
    match latitude {
        Latitude::Authalic => LatitudeConvention::Authalic,
        Latitude::Spherical => LatitudeConvention::Spherical,
    }
}

/// One level as the store's crate takes it.
pub(crate) fn store_level(result: &CellResult, level: &Level) -> dggs_zarr::Level {
    let product = &result.job.product;
    let variables = level.columns.iter().zip(&product.statistics).map(|((name, column), &statistic)| Variable {
        name: name.clone(),
        values: match column {
            Column::Count(counts) => Values::I32(counts.clone()),
            Column::Value(values) => Values::F32(values.clone()),
        },
        attributes: product.quantity.in_store().attributes(statistic, &product.statistics),
    });
    dggs_zarr::Level {
        order: level.order.get(),
        cell_ids: level.cell_ids.clone(),
        morton: level.morton.clone(),
        variables: variables.collect(),
    }
}

/// What was read and how, enough to run it again and get the same bytes. Nothing in it depends on where or when.
pub(crate) fn fates_and_granules(result: &CellResult) -> Value {
    let (job, ledger) = (&result.job, &result.ledger);
    let granules: Vec<Value> = ledger.granules.iter().map(granule).collect();
    json!({
        "engine": format!("icestream {}", env!("CARGO_PKG_VERSION")),
        "product": job.product,
        "parent_morton": job.parent().decimal().ok(),
        "parent_order": job.parent().order().get(),
        "child_order": job.child_order().get(),
        "partial": result.is_partial(),
        "rows": fates(&ledger.totals.rows),
        "granules": granules,
    })
}

/// One granule; why it failed is the ledger's to tell, because that depends on the day.
fn granule(entry: &GranuleEntry) -> Value {
    let name = mission_name(&entry.granule);
    if entry.error.is_some() {
        return json!({ "name": name, "failed": true });
    }
    let mut rows = RowCounts::default();
    entry.tracks.iter().for_each(|track| rows.add(&track.rows));
    json!({ "name": name, "size": entry.size, "tracks": entry.tracks.len(), "rows": fates(&rows) })
}

/// The rows in the parent by fate. How many rows lie outside and were looked at depends on how they were read.
fn fates(rows: &RowCounts) -> Value {
    json!({
        "in_parent": rows.in_parent, "quality": rows.quality, "fill": rows.fill, "not_finite": rows.not_finite,
        "out_of_range": rows.out_of_range, "sigma_not_positive": rows.sigma_not_positive, "used": rows.used,
    })
}
