//! A hive, as `zagg` writes it: a tree of folders, one digit of the cell a level, with a store at the end of each branch.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::Cell;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tracing::warn;

use crate::documents::json;
use crate::store::leaf;
use crate::{Error, Objects, Store, Table};

/// Object at the root of a hive.
const MANIFEST: &str = "morton_hive.json";
/// What its member `spec` begins with.
const SPEC: &str = "morton-hive/";
/// Leaves that are read at the same time.
const AT_ONCE: usize = 8;
/// Leaves beyond which what they say of their making is not carried into other files.
const MAX_PROVENANCE: usize = 200;

/// A hive that was opened: its leaves, each the [`Store`] of one parent cell.
#[derive(Debug)]
pub struct Hive<'a, O> {
    name: String,
    leaves: Vec<(Cell, String, Store<&'a O>)>,
}

impl<'a, O: Objects> Hive<'a, O> {
    /// Lists the place and reads the metadata of every leaf; `None` where there is no hive. Leaves without a commit stamp are
    /// not whole: the log names them, and they are left out. Overviews, which are made from leaves, are not read.
    ///
    /// # Errors
    /// [`Error::Unfinished`] where no leaf is whole; what is wrong with the metadata of one; [`Error::Source`].
    pub async fn open(objects: &'a O, name: &str) -> Result<Option<Self>, Error> {
        let Some(manifest) = objects.get(MANIFEST).await? else { return Ok(None) };
        let manifest = json(MANIFEST, &manifest)?;
        if !manifest["spec"].as_str().is_some_and(|spec| spec.starts_with(SPEC)) {
            return Err(Error::unsupported(MANIFEST, format!("the specification {}", manifest["spec"])));
        }
        let mut keys = objects.list("").await?;
        keys.sort_unstable();
        let roots: Vec<(Cell, &str)> = keys.iter().filter_map(|key| root_of_leaf(key, &manifest)).collect();
        let open = async |(cell, base): (Cell, &str)| {
            let begin = keys.partition_point(|key| key.as_str() < base);
            let keys = keys.get(begin..).unwrap_or_default();
            let keys = keys.get(..keys.partition_point(|key| key.starts_with(base))).unwrap_or_default();
            let leaf = last(base);
            match Store::open_at(objects, base, leaf, Some(keys)).await {
                Ok(store) => Ok(Some((cell, leaf.to_owned(), store))),
                Err(Error::Unfinished(_) | Error::NoStore(_)) => {
                    warn!("{name}: the leaf {leaf} is not whole (its run did not end) and is left out");
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        };
        let opened = stream::iter(roots.into_iter().map(open)).buffered(AT_ONCE);
        let leaves: Vec<_> = opened.try_filter_map(async |leaf| Ok(leaf)).try_collect().await?;
        if leaves.is_empty() {
            return Err(Error::Unfinished(name.to_owned()));
        }
        Ok(Some(Self { name: name.to_owned(), leaves }))
    }

    /// Reads variables of an order (`None`: the finest) from all leaves that have it, as one table.
    ///
    /// # Errors
    /// [`Error::NoOrder`]; [`Error::Refused`] where leaves are of several windows of time; as [`Store::table`] and
    /// [`Table::join`].
    pub async fn table(&self, order: Option<u8>, names: &[&str]) -> Result<Table, Error> {
        let orders = self.leaves.iter().flat_map(|(_, _, store)| store.levels()).map(|level| level.order);
        let orders: BTreeSet<_> = orders.collect();
        let wanted = orders.iter().rev().find(|held| order.is_none_or(|order| held.get() == order)).copied();
        let wanted = wanted.ok_or_else(|| {
            let held: Vec<String> = orders.iter().rev().map(ToString::to_string).collect();
            Error::NoOrder { order: order.unwrap_or_default(), held: held.join(", ") }
        })?;
        let has = |store: &Store<&'a O>| store.levels().iter().any(|level| level.order == wanted);
        let leaves: Vec<_> = self.leaves.iter().filter(|(_, _, store)| has(store)).collect();
        let mut seen = BTreeMap::new();
        for (cell, leaf, _) in &leaves {
            if let Some(other) = seen.insert(cell, leaf) {
                let why = format!("{other} and {leaf} are of one cell at different times: name the leaves of one time");
                return Err(Error::refused(&self.name, why));
            }
        }
        let many = leaves.len() > MAX_PROVENANCE;
        let read = async |(cell, _, store): &(Cell, String, Store<&'a O>)| {
            let mut table = store.table(Some(wanted.get()), names).await?;
            table.parent = table.parent.or(Some(cell.order()));
            if many {
                table.provenance = Value::Null;
            }
            Ok::<_, Error>(table)
        };
        let tables = stream::iter(leaves.into_iter().map(read)).buffered(AT_ONCE).try_collect().await?;
        let mut table = Table::join(tables)?;
        if many {
            table.provenance = Value::Null;
        }
        Ok(table)
    }
}

/// The cell and the folder of a leaf whose metadata a key is: `4/4/4/1/3/2/1/4441321.zarr/zarr.json`.
fn root_of_leaf<'a>(key: &'a str, manifest: &Value) -> Option<(Cell, &'a str)> {
    let base = key.strip_suffix("zarr.json").filter(|base| base.ends_with(".zarr/"))?;
    let name = last(base);
    let digits: String = base.strip_suffix('/')?.strip_suffix(name)?.split('/').collect();
    let cell = leaf(name)?;
    let shard = manifest["shard_order"].as_u64();
    let at_its_place = cell.decimal().is_ok_and(|id| id.to_string() == digits);
    (at_its_place && shard.is_none_or(|shard| shard == u64::from(cell.order().get()))).then_some((cell, base))
}

/// The last folder of a path that ends with a slash.
fn last(base: &str) -> &str {
    base.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}
