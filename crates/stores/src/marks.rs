//! What a store of layout `sphere` or `region` says of its cells, and of their windows: who is not marked is not whole, and is not read.
use crate::documents::json as parsed;
use crate::{Error, OWN, Objects};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use morton::Cell;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Marks that are asked for at the same time.
const AT_ONCE: usize = 16;

/// The marks of cells and windows that are whole.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// What is said of the making of each cell; of one with windows, under `windows` what is said of each.
    pub(crate) cells: BTreeMap<Cell, Value>,
    /// The windows of cells that are whole, by name; [`dggs_zarr::CHANGE`] is among them.
    windows: BTreeSet<(Cell, String)>,
}

impl Marks {
    /// Reads the marks below a group; of one cell where it is given.
    pub(crate) async fn read<O: Objects>(objects: &O, group: &str, cell: Option<Cell>) -> Result<Self, Error> {
        let whole = format!("{group}/");
        let prefix = match cell {
            Some(cell) => format!("{whole}{}/", cell.decimal()?),
            None => whole.clone(),
        };
        let read = async |key: String| {
            let Some((cell, window)) = key.strip_prefix(&whole).and_then(place) else { return Ok::<_, Error>(None) };
            let Some(document) = objects.get(&key).await? else { return Ok(None) };
            if dggs_zarr::is_tombstone(&document) {
                return Ok(None);
            }
            let own = parsed(&key, &document)?["attributes"][OWN].take();
            // Arrays of moments lie beside the windows.
            Ok((window.is_none() || own.is_object()).then_some((cell, window, own)))
        };
        let keys = objects.list(&prefix).await?;
        let reads = stream::iter(keys.into_iter().map(read)).buffer_unordered(AT_ONCE);
        let mut found: Vec<_> = reads.try_filter_map(async |found| Ok(found)).try_collect().await?;
        // A cell comes before its windows.
        found.sort_by(|(a, at, _), (b, other, _)| (a, at).cmp(&(b, other)));
        let mut marks = Self::default();
        for (cell, window, own) in found {
            match window {
                None => _ = marks.cells.insert(cell, own),
                Some(name) => {
                    let of_cell = marks.cells.entry(cell).or_insert_with(|| Value::Object(serde_json::Map::new()));
                    if name == dggs_zarr::CHANGE {
                        of_cell[dggs_zarr::CHANGE] = own;
                    } else if let Value::Array(windows) = &mut of_cell["windows"] {
                        windows.push(own);
                    } else {
                        of_cell["windows"] = Value::Array(vec![own]);
                    }
                    marks.windows.insert((cell, name));
                }
            }
        }
        Ok(marks)
    }

    /// Whether a cell is whole, or a window of it.
    pub(crate) fn has(&self, cell: Cell, window: Option<&str>) -> bool {
        match window {
            Some(name) => self.windows.contains(&(cell, name.to_owned())),
            None => self.cells.contains_key(&cell),
        }
    }
}

/// The cell, and the window, whose mark a key below the group is.
fn place(key: &str) -> Option<(Cell, Option<String>)> {
    let mut parts = key.strip_suffix("/zarr.json")?.split('/');
    let cell = Cell::from_decimal(parts.next()?.parse().ok()?).ok()?;
    let window = parts.next().map(str::to_owned);
    parts.next().is_none().then_some((cell, window))
}
