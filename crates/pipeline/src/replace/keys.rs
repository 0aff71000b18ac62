//! What the keys of a store are, whole or not.
use bytes::Bytes;
use dggs_zarr::Tombstone;
use serde_json::Value;
use std::collections::BTreeSet;

/// Documents by which readers of some version of Zarr open a group or an array.
const DOCUMENTS: [&str; 5] = ["zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata"];

fn name_of(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

pub(super) fn is_document(key: &str) -> bool {
    DOCUMENTS.contains(&name_of(key))
}

/// Whether readers may open what this document describes without looking at the root.
pub(super) fn is_door(key: &str) -> bool {
    is_document(key) && key.matches('/').count() <= 1
}

/// The group, or the folder, that a key is in.
pub(super) fn group_of(key: &str) -> &str {
    key.split('/').next().unwrap_or(key)
}

/// The documents of the groups that a root names.
pub(super) fn doors_of(root: Option<&Bytes>) -> Vec<String> {
    let document = root.and_then(|root| serde_json::from_slice::<Value>(root).ok()).unwrap_or_default();
    let members = document["consolidated_metadata"]["metadata"].as_object();
    let names = members.into_iter().flat_map(serde_json::Map::keys).filter(|name| !name.contains('/'));
    names.map(|name| format!("{name}/zarr.json")).collect()
}

/// The groups that a root names, or that the job may have begun whose tombstone is in its place.
pub(super) fn groups_of(root: Option<&Bytes>) -> BTreeSet<String> {
    let begun = root.and_then(|root| Tombstone::parse(root)).into_iter().flat_map(|job| job.groups);
    begun.chain(doors_of(root).iter().map(|door| group_of(door).to_owned())).collect()
}

/// Whether a key is one that a Zarr store has. What is below a NAME.zarr is another store, and any other file is not ours.
pub(super) fn is_zarr_key(key: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = key.split('/').collect();
    let Some((name, folders)) = parts.split_last() else { return false };
    if folders.iter().any(|folder| folder.ends_with(".zarr")) {
        return false;
    }
    let chunk = || match folders.iter().rposition(|&folder| folder == "c") {
        Some(at) => folders.iter().skip(at + 1).all(|part| digits(part)) && digits(name),
        None => !folders.is_empty() && name.split('.').all(digits),
    };
    DOCUMENTS.contains(name) || chunk()
}

/// Whether a key is one that only a store of ours has, whole or not: a level by its order, or the cells of a sphere.
pub(crate) fn is_own_key(key: &str) -> bool {
    let ours = |first: &str| {
        [dggs_zarr::CELLS, dggs_zarr::RECORDS].contains(&first) || first.parse::<u8>().is_ok_and(|order| order <= 29)
    };
    is_zarr_key(key) && key.split_once('/').is_some_and(|(first, _)| ours(first))
}
