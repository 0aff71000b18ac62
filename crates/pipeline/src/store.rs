//! From a result to the objects of a store.
use crate::replace::{self, Replacement};
use crate::{CellResult, Error, Provenance, TimeAxis, trend};
use byte_ranges::{PROBE, SourceError, SourceErrorKind, Storage};
use dggs_zarr::{CellStore, StoreObject};
use serde_json::Value;

/// Keys by which a place is judged.
const LOOKED_AT: usize = 1000;
/// Roots of stores of format 2.
const OTHER_ROOTS: [&str; 3] = [".zgroup", ".zarray", ".zmetadata"];

/// The objects of a Zarr store in layout `cell`, in the order in which they must be put: data first, what makes them
/// visible last. Equal results give equal bytes.
///
/// # Errors
/// [`Error::Encode`] when the result does not form a store.
pub fn to_objects(result: &CellResult) -> Result<Vec<StoreObject>, Error> {
    let (latitude, levels) = (result.job.latitude(), result.levels.clone());
    let time = result.job.spec().time.as_ref().map(TimeAxis::coordinate);
    let records = trend::table(&result.job, &result.passes, None);
    let store = CellStore { latitude, levels, time, records, provenance: provenance_of(result)? };
    store.encode().map_err(|error| Error::Encode(error.to_string()))
}

/// Key of the object that says that a store of one cell is there, whole.
pub const ROOT: &str = "zarr.json";

/// Puts the store of a result in the place of whatever is there, or, where the result has no data, takes that away.
/// Attempts may overlap and stop anywhere: no reader sees half a store, and the same job again ends as it should.
///
/// # Errors
/// [`Error::Write`] when an object is not taken, or another job has begun to write there; what is there is not whole then
/// unless it is untouched.
pub async fn write<S: Storage>(result: &CellResult, storage: &S) -> Result<(), Error> {
    let own = vec![String::new()];
    if result.empty_because().is_some() {
        // What could not be read may have had the data.
        if result.is_partial() {
            return Ok(());
        }
        return replace::remove(storage, ROOT, &own, &[]).await.map_err(Error::Write);
    }
    let mut objects = to_objects(result)?;
    let marker = objects.pop().ok_or_else(|| Error::Encode("a store without objects".into()))?;
    let new = Replacement { marker, placeholder: None, objects, own, yields: false };
    replace::replace(storage, &new).await.map(drop).map_err(Error::Write)
}

/// Whether the completion marker `key` is there: what it stands for is whole.
///
/// # Errors
/// [`SourceError`] when that cannot be found out.
pub async fn holds<S: Storage>(storage: &S, key: &str) -> Result<bool, SourceError> {
    Ok(storage.get(key).await?.is_some_and(|(document, _)| !dggs_zarr::is_tombstone(&document)))
}

/// What is in the place of a store of one cell, or of the sphere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing.
    Empty,
    /// A whole Zarr store, of whatever kind.
    Whole,
    /// A store of ours whose writer is at it or was stopped: any job may write there.
    Unfinished,
    /// Something else.
    Foreign,
}

/// Looks at what is in the place of a store.
///
/// # Errors
/// [`SourceError`] when that cannot be found out.
pub async fn standing<S: Storage>(storage: &S) -> Result<Standing, SourceError> {
    if let Some((root, _)) = storage.get(ROOT).await? {
        return Ok(match dggs_zarr::is_tombstone(&root) {
            true if dggs_zarr::is_removed(&root) => Standing::Empty,
            true => Standing::Unfinished,
            false => Standing::Whole,
        });
    }
    let mut keys = match storage.list("", LOOKED_AT).await {
        // Who may write and not list finds nothing; what is there is seen when it is to be replaced.
        Err(error) if error.kind == SourceErrorKind::Denied => Vec::new(),
        keys => keys?,
    };
    keys.retain(|key| key != PROBE);
    Ok(match () {
        () if keys.is_empty() => Standing::Empty,
        () if keys.iter().any(|key| OTHER_ROOTS.contains(&key.as_str())) => Standing::Whole,
        () if keys.iter().all(|key| replace::is_own_key(key)) => Standing::Unfinished,
        () => Standing::Foreign,
    })
}

/// The provenance of a result as a store holds it.
pub(crate) fn provenance_of(result: &CellResult) -> Result<Value, Error> {
    serde_json::to_value(Provenance::of(result)).map_err(|error| Error::Encode(error.to_string()))
}
