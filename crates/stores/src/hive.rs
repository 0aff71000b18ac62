//! A hive, as `zagg` writes it: a tree of folders, one digit of the cell a level, with a store at the end of each branch.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::Cell;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tracing::warn;

use crate::documents::json;
use crate::store::{leaf, table_fits};
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
    left_out: Vec<String>,
}

impl<'a, O: Objects> Hive<'a, O> {
    /// Lists the place and reads the metadata of every leaf; `None` where there is no hive. Leaves without a commit stamp are
    /// not whole: the log names them and all others that are left out ([`Hive::left_out`]). Overviews, which are made from
    /// leaves, are not read.
    ///
    /// # Errors
    /// [`Error::Unfinished`] where no leaf is whole; [`Error::Corrupt`] where none is where the manifest says;
    /// [`Error::Input`] with the leaf whose metadata is wrong; [`Error::Source`].
    pub async fn open(objects: &'a O, name: &str) -> Result<Option<Self>, Error> {
        let Some(manifest) = objects.get(MANIFEST).await? else { return Ok(None) };
        let manifest = json(MANIFEST, &manifest)?;
        if !manifest["spec"].as_str().is_some_and(|spec| spec.starts_with(SPEC)) {
            return Err(Error::unsupported(MANIFEST, format!("the specification {}", manifest["spec"])));
        }
        let mut keys = objects.list("").await?;
        keys.sort_unstable();
        let folders: BTreeSet<&str> = keys.iter().filter_map(|key| folder_of_leaf(key)).collect();
        let (mut roots, mut left_out) = (Vec::new(), Vec::new());
        for base in folders {
            match cell_of_leaf(base, &manifest) {
                Ok(cell) => roots.push((cell, base)),
                Err(why) => left_out.push(format!("the leaf {base} {why}")),
            }
        }
        if let (true, Some(first)) = (roots.is_empty(), left_out.first()) {
            let order = &manifest["shard_order"];
            let why =
                format!("no leaf is where this manifest says (`shard_order` {order}); of {} leaves", left_out.len());
            return Err(Error::corrupt(
                MANIFEST,
                format!("{why} the first: {first}: correct the manifest, or the folders"),
            ));
        }
        let open = async |(cell, base): (Cell, &str)| {
            let begin = keys.partition_point(|key| key.as_str() < base);
            let keys = keys.get(begin..).unwrap_or_default();
            let keys = keys.get(..keys.partition_point(|key| key.starts_with(base))).unwrap_or_default();
            let leaf = last(base);
            match Store::open_at(objects, base, leaf, Some(keys)).await {
                Ok(store) => Ok(Ok((cell, leaf.to_owned(), store))),
                Err(Error::Unfinished(_) | Error::NoStore(_)) => {
                    Ok(Err(format!("the leaf {base} is not whole (its run did not end)")))
                }
                Err(error) => Err(of_leaf(leaf, error)),
            }
        };
        let mut leaves = Vec::new();
        let opened = stream::iter(roots.into_iter().map(open)).buffered(AT_ONCE);
        for leaf in opened.try_collect::<Vec<_>>().await? {
            match leaf {
                Ok(leaf) => leaves.push(leaf),
                Err(why) => left_out.push(why),
            }
        }
        for why in &left_out {
            warn!("{name}: {why} and is left out");
        }
        if leaves.is_empty() {
            return Err(Error::Unfinished(name.to_owned()));
        }
        Ok(Some(Self { name: name.to_owned(), leaves, left_out }))
    }

    /// The leaves that are not read, with the reason of each.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
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
        let mut bytes = 0_u64;
        for (_, leaf, store) in &leaves {
            bytes = bytes.saturating_add(store.size(wanted, names).map_err(|error| of_leaf(leaf, error))?);
        }
        table_fits(&self.name, bytes)?;
        let many = leaves.len() > MAX_PROVENANCE;
        let read = async |(cell, leaf, store): &(Cell, String, Store<&'a O>)| {
            let table = store.table(Some(wanted.get()), names).await;
            let mut table = table.map_err(|error| of_leaf(leaf, error))?;
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

/// The folder that a key is in, if it is named as a leaf is: `4/4/4/1/3/2/1/4441321.zarr/` of what is below it.
fn folder_of_leaf(key: &str) -> Option<&str> {
    let end = key.find(".zarr/")? + ".zarr/".len();
    key.get(..end).filter(|base| leaf(last(base)).is_some())
}

/// The cell of a leaf in this folder, or why it is none of the hive.
fn cell_of_leaf(base: &str, manifest: &Value) -> Result<Cell, String> {
    let name = last(base);
    let above = base.strip_suffix('/').and_then(|base| base.strip_suffix(name)).unwrap_or_default();
    let cell = leaf(name).ok_or("is not named after a cell")?;
    let (order, shard) = (cell.order().get(), &manifest["shard_order"]);
    if shard.as_u64().is_some_and(|shard| shard != u64::from(order)) {
        return Err(format!("is of order {order}, where {MANIFEST} says {shard},"));
    }
    let id = cell.decimal().map_err(|error| error.to_string())?.to_string();
    if above.split('/').collect::<String>() == id {
        Ok(cell)
    } else {
        Err(format!("is not in the folder of its id {id}"))
    }
}

/// What is wrong with one leaf.
fn of_leaf(leaf: &str, error: Error) -> Error {
    Error::Input { input: leaf.to_owned(), error: Box::new(error) }
}

/// The last folder of a path that ends with a slash.
fn last(base: &str) -> &str {
    base.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}
