//! Records of what was seen in the cells of a store: the moments that change is computed from.
use crate::{Error, Objects as _, OwnStore, Place};
use bytes::Bytes;
use dggs_zarr::RecordTable;
use morton::Cell;
use serde_json::Value;
use std::collections::BTreeMap;

/// The table whose group is at a path; `None` where there is none.
///
/// # Errors
/// [`Error::Corrupt`] for a table that cannot be read, [`Error::Source`].
pub(crate) async fn read(place: &Place, group: &str) -> Result<Option<RecordTable>, Error> {
    let document = async |name: &str| {
        let key = format!("{group}/{name}/zarr.json");
        let Some(bytes) = place.get(&key).await? else { return Ok::<_, Error>(None) };
        serde_json::from_slice::<Value>(&bytes).map(Some).map_err(|error| Error::corrupt(&key, error.to_string()))
    };
    let (Some(child), Some(moments)) = (document("child").await?, document("moments").await?) else { return Ok(None) };
    let none = || Error::corrupt(group, "these are no records of moments");
    let (records, width) = (child["shape"][0].as_u64(), pipeline::RECORD_NUMBERS);
    let records = records.filter(|records| *records < 1 << 32).ok_or_else(none)?;
    let mut objects: BTreeMap<String, Bytes> = BTreeMap::new();
    for key in RecordTable::keys(records, width, group) {
        if let Some(bytes) = place.get(&key).await? {
            objects.insert(key, bytes);
        }
    }
    let table = RecordTable::read(records, width, group, |key| objects.get(key).cloned());
    let words = moments["attributes"]["long_name"].as_str().unwrap_or_default().to_owned();
    let table = table.map_err(|error| Error::corrupt(group, error.to_string()))?;
    Ok(Some(RecordTable { words, ..table }))
}

impl OwnStore {
    /// The records of a cell of a store of the sphere: of each window that is there a table, or where there is no time axis one.
    ///
    /// # Errors
    /// [`Error::Damaged`] where they are missing, and as [`read`].
    pub(crate) async fn records(&self, cell: Cell) -> Result<Vec<RecordTable>, Error> {
        let mut marks = Vec::new();
        if self.recipe.time.is_none() {
            marks.push(dggs_zarr::mark_key(cell));
        }
        for (window, _) in self.windows_there(cell).await? {
            marks.push(dggs_zarr::window_key(cell, &window.name()));
        }
        let mut tables = Vec::new();
        for mark in marks {
            let mark = mark.map_err(|error| self.bad(error))?;
            let group = mark.trim_end_matches("/zarr.json");
            let table = read(&self.place, group).await?;
            tables.push(table.ok_or_else(|| self.bad(format!("{group}: its moments are missing")))?);
        }
        Ok(tables)
    }
}

/// The records of one window.
pub(crate) fn of_window(table: &RecordTable, window: u64) -> RecordTable {
    let mut part = RecordTable { width: table.width, words: table.words.clone(), ..RecordTable::default() };
    let numbers = table.moments.chunks(usize::try_from(table.width).unwrap_or(1).max(1));
    let rows = table.child.iter().zip(&table.overpass).zip(&table.window).zip(numbers);
    for (((child, overpass), own), numbers) in rows.filter(|((_, own), _)| u64::try_from(**own) == Ok(window)) {
        part.child.push(*child);
        part.overpass.push(*overpass);
        part.window.push(*own);
        part.moments.extend(numbers);
    }
    part
}
