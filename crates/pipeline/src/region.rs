//! Layout `region`: the children in a region in one store, which one writer fills parent by parent (docs/store-format.md).
use crate::replace::{self, Outcome, Replacement};
use crate::sphere::{sphere_of, sphere_root, write_sphere_objects};
use crate::store::{ROOT, Standing, provenance_of, standing};
use crate::{CellResult, Error, Job, KeptProvenance, Layout, SharedProvenance, trend};
use aggregate::Statistic;
use byte_ranges::{SourceError, SourceErrorKind, Storage};
use dggs_zarr::{ChunkEncoder, KeptCells, Region, RegionCell, RegionLevel, RegionPatch};
use futures_util::future::try_join_all;

/// Chunks that are read, changed and put at the same time.
const CHUNKS_AT_ONCE: usize = 16;

/// The store of a region as `dggs-zarr` understands it, of the job of any of its parents. `kept` are the children in the region; of
/// coarser orders, the cells that some of them lie in.
///
/// # Errors
/// [`Error::Config`] for cells of another order than the children's, and [`Error::Encode`].
pub fn region_of(job: &Job, kept: &KeptCells, said: &KeptProvenance) -> Result<Region, Error> {
    if kept.order() != job.child_order() {
        let (found, due) = (kept.order(), job.child_order());
        return Err(Error::Config(format!("the region has cells of order {found}, the job children of order {due}")));
    }
    let sphere = sphere_of(job);
    let encode = |error: &dyn std::fmt::Display| Error::Encode(error.to_string());
    let shared = SharedProvenance { layout: Layout::Region, kept: Some(said.clone()), ..SharedProvenance::of(job) };
    let shared = serde_json::to_value(shared).map_err(|error| encode(&error))?;
    let mut levels = Vec::new();
    for level in sphere.levels {
        let cells = kept.parents(level.order).map_err(|error| encode(&error))?;
        levels.push(RegionLevel { cells, variables: level.variables, provenance: shared.clone() });
    }
    let count = job.product().array_name(Statistic::Count);
    Ok(Region { latitude: job.latitude(), parent_order: job.parent().order(), levels, time: sphere.time, count })
}

/// What a result puts into the store of a region.
///
/// # Errors
/// [`Error::Encode`].
pub fn region_cell(result: &CellResult) -> Result<RegionCell, Error> {
    Ok(RegionCell {
        parent: result.job.parent(),
        levels: result.levels.clone(),
        provenance: provenance_of(result)?,
        records: trend::table(&result.job, &result.passes, None),
    })
}

/// Puts all but the values, unless it is there: after a writer was stopped, the next one goes on. What an earlier attempt left that
/// has no root is deleted first, so that no mark is there without its values.
///
/// # Errors
/// [`Error::Config`] where something else is in the place, [`Error::Write`] when an object is not taken.
pub async fn begin_region<S: Storage>(region: &Region, storage: &S) -> Result<(), Error> {
    let mut objects = region.template().map_err(|error| Error::Encode(error.to_string()))?;
    let marker = objects.pop().ok_or_else(|| Error::Encode("a template without objects".into()))?;
    let other = "the store of another job or region is there: name another place, or delete it";
    match sphere_root(storage).await.map_err(Error::Write)? {
        Some(root) if root == marker.bytes => return Ok(()),
        Some(_) => return Err(Error::Config(other.into())),
        None => {}
    }
    match standing(storage).await.map_err(Error::Write)? {
        Standing::Empty | Standing::Unfinished => clear_store(storage).await?,
        Standing::Whole => return Err(Error::Config(other.into())),
        Standing::Foreign => return Err(Error::Config("there is something else than a Zarr store".into())),
    }
    let whole = marker.bytes.clone();
    let new = Replacement { marker, placeholder: None, objects, own: Vec::new(), yields: true };
    match replace::replace(storage, &new).await.map_err(Error::Write)? {
        Outcome::Held(root) if root != whole => Err(Error::Config(other.into())),
        _ => Ok(()),
    }
}

/// Deletes a store, whole or not: its root first, so that no reader sees a part of it.
///
/// # Errors
/// [`Error::Write`] when it cannot be deleted.
pub async fn clear_store<S: Storage>(storage: &S) -> Result<(), Error> {
    replace::remove(storage, ROOT, &[String::new()], &[]).await.map_err(Error::Write)
}

/// Puts the rows of parents into the store of a region: each chunk once, and when all are there, the mark of each parent. A writer
/// that is stopped leaves the parents of this call without a mark, and their rows old, new or both. There is one writer.
///
/// # Errors
/// [`Error::Encode`] for cells of another store, [`Error::Write`] when a chunk is damaged or not taken, or another writer is at it.
pub async fn write_region_cells<S: Storage>(region: &Region, cells: &[RegionCell], storage: &S) -> Result<(), Error> {
    let encode = |error: dggs_zarr::Error| Error::Encode(error.to_string());
    let patches = region.patches(cells).map_err(encode)?;
    let mut encoder = ChunkEncoder::new();
    for patches in patches.chunks(CHUNKS_AT_ONCE) {
        splice(patches, &mut encoder, storage).await.map_err(Error::Write)?;
    }
    storage.settle().await.map_err(Error::Write)?;
    for cell in cells {
        write_sphere_objects(region.mark(cell).map_err(encode)?, storage).await?;
    }
    Ok(())
}

/// Puts rows into some chunks.
async fn splice<S: Storage>(
    patches: &[RegionPatch],
    encoder: &mut ChunkEncoder,
    storage: &S,
) -> Result<(), SourceError> {
    let held = try_join_all(patches.iter().map(|patch| storage.get(&patch.key))).await?;
    let mut puts = Vec::new();
    for (patch, held) in patches.iter().zip(held) {
        let (bytes, tag) = held.unzip();
        let failed = |what: String| SourceError::new(SourceErrorKind::Other, storage.shown(&patch.key), what);
        let new = patch.apply(bytes.as_deref(), encoder);
        let new = new.map_err(|error| failed(format!("{error}: delete the store and compute it again")))?;
        puts.push(async move {
            if storage.put_if(&patch.key, new, tag.as_ref()).await? {
                return Ok(());
            }
            let why = "another writer is at this store, which has one: run again when that one has ended";
            Err(failed(why.to_owned()))
        });
    }
    try_join_all(puts).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replace::tests::{Mode, Stepped};
    use crate::{JobSpec, Ledger};
    use byte_ranges::{MemorySink, Sink};
    use bytes::Bytes;
    use dggs_zarr::{Column, Variable};
    use futures_util::FutureExt as _;
    use morton::{Cell, Order};
    use std::collections::BTreeMap;

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    fn job(parent: u64) -> Job {
        let spec = JobSpec::new(crate::product::tests::atl06(), Vec::new(), order(8));
        let spec = JobSpec { overviews: vec![order(7)], ..spec };
        spec.job(Cell::new(order(6), parent).unwrap()).unwrap()
    }

    /// Parts of three parents.
    fn region() -> Region {
        let kept = KeptCells::new(order(8), [3..10, 12..16, 20..24, 40..41]).unwrap();
        let said = KeptProvenance { clip: "centre".into(), cells: kept.len(), sha256: "0".repeat(64) };
        region_of(&job(0), &kept, &said).unwrap()
    }

    /// A parent with a value of its own in each row.
    fn cell(parent: u64) -> RegionCell {
        let job = job(parent);
        let mut levels = Vec::new();
        for at in [8, 7] {
            let mut level = crate::result::empty(&job, order(at)).unwrap();
            level.variables = sphere_of(&job).levels[0]
                .variables
                .iter()
                .map(|variable| {
                    let values = match variable.name.as_str() {
                        "count" => Column::I32(level.cell_ids.iter().map(|id| i32::try_from(*id).unwrap()).collect()),
                        _ => Column::F32(level.cell_ids.iter().map(|id| *id as f32 / 3.0).collect()),
                    };
                    let (name, attributes) = (variable.name.clone(), variable.attributes.clone());
                    Variable { name, values, attributes, timed: false }
                })
                .collect();
            levels.push(level);
        }
        let result = CellResult { job, levels, passes: Vec::new(), windows: Vec::new(), ledger: Ledger::default() };
        region_cell(&result).unwrap()
    }

    type Objects = BTreeMap<String, Bytes>;

    /// Begins the store and puts the parents that have no mark, in batches.
    async fn fill<S: Storage>(storage: &S, batches: &[&[u64]]) -> Result<(), Error> {
        let region = region();
        begin_region(&region, storage).await?;
        for batch in batches {
            let mut cells: Vec<RegionCell> = Vec::new();
            for parent in *batch {
                let cell = cell(*parent);
                let mark = crate::sphere_mark(cell.parent)?;
                if !crate::holds(storage, &mark).await.map_err(Error::Write)? {
                    cells.push(cell);
                }
            }
            write_region_cells(&region, &cells, storage).await?;
        }
        Ok(())
    }

    fn filled(batches: &[&[u64]]) -> Objects {
        let sink = MemorySink::new();
        fill(&sink, batches).now_or_never().unwrap().unwrap();
        sink.objects()
    }

    /// No store, or one whose marks are true: rows of each parent with a mark are those of the store that is whole.
    fn marks_are_true(held: &Objects, whole: &Objects, context: &str) {
        if held.get("zarr.json").is_none_or(|root| dggs_zarr::is_tombstone(root)) {
            return;
        }
        let region = region();
        for object in region.template().unwrap() {
            assert_eq!(held.get(&object.key), Some(&object.bytes), "{context}: under the root, {}", object.key);
        }
        for cell in [0, 1, 2].map(cell) {
            let mark = region.mark(&cell).unwrap().pop().unwrap();
            if held.get(&mark.key) != Some(&mark.bytes) {
                continue;
            }
            for patch in region.patches(&[cell]).unwrap() {
                // The same rows once more change nothing.
                let again = patch.apply(held.get(&patch.key).map(AsRef::as_ref), &mut ChunkEncoder::new()).unwrap();
                assert_eq!(held.get(&patch.key), Some(&again), "{context}: under {}, {}", mark.key, patch.key);
                assert!(whole.contains_key(&patch.key));
            }
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_order_and_batches() {
        let whole = filled(&[&[0, 1, 2]]);
        for batches in [&[&[2_u64][..], &[0], &[1]][..], &[&[1, 0], &[2]], &[&[2, 1, 0]], &[&[0], &[0, 1], &[2, 1]]] {
            assert_eq!(filled(batches), whole);
        }
        let root = &whole["zarr.json"];
        assert!(serde_json::from_slice::<serde_json::Value>(root).is_ok());
        assert_eq!(whole.keys().filter(|key| key.starts_with("cells/") && key.len() > 15).count(), 3);
    }

    #[test]
    fn stopped_anywhere_marks_are_true_and_a_rerun_makes_it_whole() {
        let whole = filled(&[&[0, 1, 2]]);
        let mut left = Objects::new();
        let other = Region { count: "other".into(), ..region() };
        for object in other.template().unwrap() {
            left.insert(object.key, object.bytes);
        }
        // What another attempt has left without a root: a mark, and chunks of other values.
        left.remove("zarr.json");
        left.insert("8/count/c/0".into(), Bytes::from_static(b"damaged"));
        left.insert(crate::sphere_mark(cell(1).parent).unwrap(), Bytes::from_static(b"{}"));
        for before in [Objects::new(), left] {
            for moment in (0..5000).step_by(3) {
                let sink = MemorySink::new();
                for (key, bytes) in &before {
                    sink.put(key, bytes.clone()).now_or_never().unwrap().unwrap();
                }
                let stepped = Stepped::new(&sink, Mode::Stop(moment));
                let ended = fill(&stepped, &[&[1], &[0, 2]]).now_or_never();
                marks_are_true(&sink.objects(), &whole, &format!("stopped at {moment}"));
                fill(&sink, &[&[0, 1, 2]]).now_or_never().unwrap().unwrap();
                assert_eq!(sink.objects(), whole, "run again after {moment}");
                if ended.is_some() {
                    assert!(moment > 100, "it was stopped often");
                    break;
                }
            }
        }
    }

    #[test]
    fn other_stores_are_left_alone() {
        let sink = MemorySink::new();
        fill(&sink, &[&[1]]).now_or_never().unwrap().unwrap();
        let before = sink.objects();
        let kept = KeptCells::new(order(8), std::iter::once(3..10)).unwrap();
        let said = KeptProvenance { clip: "centre".into(), cells: 7, sha256: "1".repeat(64) };
        let other = region_of(&job(0), &kept, &said).unwrap();
        assert!(matches!(begin_region(&other, &sink).now_or_never().unwrap(), Err(Error::Config(_))));
        assert_eq!(sink.objects(), before);
        clear_store(&sink).now_or_never().unwrap().unwrap();
        assert!(sink.objects().is_empty());
        sink.put("notes.txt", Bytes::from_static(b"mine")).now_or_never().unwrap().unwrap();
        assert!(matches!(begin_region(&other, &sink).now_or_never().unwrap(), Err(Error::Config(_))));
        let coarse = KeptCells::new(order(7), std::iter::once(0..1)).unwrap();
        assert!(region_of(&job(0), &coarse, &said).is_err());
    }
}
