//! Values of variable length: from references into the global heap to what they refer to.
use crate::datatype::Datatype;
use crate::values::{Lookup, Stop, Values, build};
use crate::{Error, HeapId, Limits, Metadata, ReadStats, drive_counted};
use byte_ranges::Source;
use bytes::Bytes;
use std::borrow::Cow;

/// Bytes of heap objects that are asked for at once.
const PART: u64 = 8 << 20;
/// Least bytes of a collection of heap objects that the library makes: all of it is read for one object.
const COLLECTION: u64 = 4096;
/// Bytes of the file that are kept between parts.
const KEPT: u64 = 64 << 20;
/// Bytes of sequences that a file may have, beside four times its size.
const MIN_SEQUENCES: u64 = 64 << 20;

/// Elements as stored.
pub(super) struct Stored<'a> {
    pub(super) datatype: &'a Datatype,
    /// Dimensions, without those of elements that are arrays.
    pub(super) shape: Vec<u64>,
    pub(super) raw: Cow<'a, [u8]>,
}

/// The values of elements as stored, with what all of them name in the heap: what they miss is asked for together. `file` is a
/// memory of the file for this alone, made where it is needed.
pub(super) async fn resolved<S: Source>(
    file: impl FnOnce() -> Metadata,
    source: &S,
    stats: &mut ReadStats,
    stored: Vec<Stored<'_>>,
    limits: Limits,
) -> Result<Vec<Result<Values, Error>>, Error> {
    let mut lookup = Lookup::default();
    let mut found: Vec<Option<Result<Values, Error>>> =
        stored.iter().map(|stored| attempt(stored, &mut lookup, 0)).collect();
    if found.iter().all(Option::is_some) {
        return Ok(found.into_iter().flatten().collect());
    }
    let mut file = file();
    let size = file.arrived().file_size().unwrap_or(0);
    let most = size.saturating_mul(4).saturating_add(MIN_SEQUENCES).min(limits.selection_bytes);
    // Sequences within sequences show only when those around them are read.
    loop {
        let missing = lookup.take_missing();
        if missing.is_empty() {
            return Err(Error::Usage("values lack heap objects and cannot name them".into()));
        }
        for ids in parts(&missing) {
            let objects = drive_counted(&mut file, source, stats, |file| file.resolve(&ids)).await?;
            ids.iter().zip(objects).for_each(|(id, object): (_, Result<Bytes, Error>)| lookup.add(*id, object));
            if file.arrived().held() > KEPT {
                file.release();
            }
        }
        for (found, stored) in found.iter_mut().zip(&stored).filter(|(found, _)| found.is_none()) {
            *found = attempt(stored, &mut lookup, most);
        }
        if found.iter().all(Option::is_some) {
            return Ok(found.into_iter().flatten().collect());
        }
    }
}

/// The values; `None` where heap objects are missing.
fn attempt(stored: &Stored<'_>, lookup: &mut Lookup, most: u64) -> Option<Result<Values, Error>> {
    lookup.allow(most);
    match build(stored.datatype, stored.shape.clone(), Cow::Borrowed(&stored.raw), lookup) {
        Ok(values) => Some(Ok(values)),
        Err(Stop::Failed(error)) => Some(Err(error)),
        Err(Stop::Missing) => None,
    }
}

/// The ids in parts of about [`PART`] bytes.
fn parts(missing: &[(HeapId, u64)]) -> Vec<Vec<HeapId>> {
    let (mut parts, mut cost, mut collection) = (Vec::new(), u64::MAX, None);
    for (id, bytes) in missing {
        let added = bytes.saturating_add(if collection == Some(id.collection) { 0 } else { COLLECTION });
        collection = Some(id.collection);
        cost = cost.saturating_add(added);
        if cost > PART {
            parts.push(Vec::new());
            cost = added;
        }
        if let Some(part) = parts.last_mut() {
            part.push(*id);
        }
    }
    parts
}
