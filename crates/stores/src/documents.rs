//! The documents of a store: what groups and arrays there are.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::array::is_v3;
use crate::objects::is_key;
use crate::place::LEAVES;
use crate::{Error, Objects};

/// Documents that are read at the same time.
const AT_ONCE: usize = 16;
/// Documents of a store without consolidated metadata beyond which it is not read.
const MAX_DOCUMENTS: usize = 4096;
/// Attribute of the root of a leaf that `zagg` wrote: its commit stamp.
pub(crate) const STAMP: &str = "morton_hive_commit";
/// What names of the runs of a leaf begin with.
const RUN: &str = "run-";

/// The metadata of a store.
pub(crate) struct Documents {
    /// What keys begin with: nothing, or the folder of a run in a leaf, with a slash.
    pub(crate) base: String,
    /// Groups and arrays by their path below the base; the root has an empty one.
    pub(crate) members: BTreeMap<String, Value>,
    /// The commit stamp of a leaf that `zagg` wrote.
    pub(crate) stamp: Option<Value>,
}

impl Documents {
    /// Reads those of the store `name`, whose keys begin with `base`. `keys` are the keys that begin so, where they are known.
    pub(crate) async fn read<O: Objects>(
        objects: &O,
        base: &str,
        name: &str,
        keys: Option<&[String]>,
    ) -> Result<Self, Error> {
        let mut base = base.to_owned();
        let root = objects.get(&format!("{base}zarr.json")).await?;
        let root = root.filter(|root| !dggs_zarr::is_removed(root)).ok_or_else(|| Error::NoStore(name.to_owned()))?;
        if dggs_zarr::is_tombstone(&root) {
            return Err(Error::Unfinished(name.to_owned()));
        }
        let mut root = json("zarr.json", &root)?;
        let unfinished = |root: &Value| root["attributes"][STAMP]["complete"] == false;
        if unfinished(&root) {
            return Err(Error::Unfinished(name.to_owned()));
        }
        if !is_v3(&root) {
            return Err(Error::unsupported("zarr.json", format!("`zarr_format` {}", root["zarr_format"])));
        }
        if root["node_type"] == "array" {
            return Err(Error::corrupt("zarr.json", "this is one array: name the group that holds it and its ids"));
        }
        // A leaf names the run that is valid; one that is being written, or whose run is gone, is not whole.
        if let Some(run) = root["attributes"][STAMP].get("current").cloned() {
            let run = run.as_str().filter(|run| run.starts_with(RUN) && !run.contains('/'));
            let run = run.ok_or_else(|| Error::corrupt("zarr.json", format!("{STAMP}.current names no run")))?;
            base = format!("{base}{run}/");
            let inner = objects.get(&format!("{base}zarr.json")).await?;
            root = json("zarr.json", &inner.ok_or_else(|| Error::Unfinished(name.to_owned()))?)?;
            if !root["attributes"][STAMP].is_object() || unfinished(&root) {
                return Err(Error::Unfinished(name.to_owned()));
            }
        }
        let mut members = match root["consolidated_metadata"]["metadata"].as_object() {
            Some(members) => {
                if let Some(path) = members.keys().find(|path| !path.is_empty() && !is_key(path)) {
                    return Err(Error::corrupt(
                        "zarr.json",
                        format!("its consolidated metadata has `{path}`: {LEAVES}"),
                    ));
                }
                members.iter().map(|(path, meta)| (path.clone(), meta.clone())).collect()
            }
            None => discovered(objects, &base, name, keys).await?,
        };
        let stamp = Some(root["attributes"][STAMP].clone()).filter(Value::is_object);
        members.insert(String::new(), root);
        Ok(Self { base, members, stamp })
    }
}

/// Every document below the root, found by listing.
async fn discovered<O: Objects>(
    objects: &O,
    base: &str,
    name: &str,
    keys: Option<&[String]>,
) -> Result<BTreeMap<String, Value>, Error> {
    let listed;
    let keys = match keys {
        Some(keys) => keys,
        None => {
            listed = objects.list(base).await.map_err(|error| {
                let why = "it has no consolidated metadata, and what it holds cannot be listed";
                let next = "zarr.consolidate_metadata writes what is missing";
                Error::unreadable(name, format!("{why} ({error}); {next}"))
            })?;
            &listed
        }
    };
    let paths = keys.iter().filter_map(|key| {
        let path = key.strip_prefix(base)?.strip_suffix("/zarr.json")?;
        (!path.is_empty()).then(|| path.to_owned())
    });
    let paths: Vec<String> = paths.take(MAX_DOCUMENTS + 1).collect();
    if paths.len() > MAX_DOCUMENTS {
        let why = format!("more than {MAX_DOCUMENTS} groups and arrays without consolidated metadata");
        return Err(Error::unreadable(name, format!("{why}; zarr.consolidate_metadata writes it")));
    }
    let read = async |path: String| {
        let key = format!("{base}{path}/zarr.json");
        let document = objects.get(&key).await?.ok_or_else(|| Error::corrupt(&key, "it is gone"))?;
        Ok::<_, Error>((path, json(&key, &document)?))
    };
    stream::iter(paths.into_iter().map(read)).buffer_unordered(AT_ONCE).try_collect().await
}

/// A document as JSON.
pub(crate) fn json(key: &str, bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::corrupt(key, error.to_string()))
}
