//! Records of moments against the bytes that they are written as, and the rows that they are of.
use super::objects::Checker;
use crate::own::Made;
use crate::{Error, Objects as _, Recipe, records};
use dggs_zarr::RecordTable;
use morton::Cell;
use pipeline::Layout;
use serde_json::Value;

/// The group of records of a store of one cell.
const OF_A_CELL: &str = dggs_zarr::RECORDS;

impl Checker {
    /// Checks the records of a cell, where they are kept; `used` are the rows used in each window that was made, or in all.
    pub(super) async fn records(
        &mut self,
        recipe: &Recipe,
        parent: Cell,
        made: &Made,
        used: &[Option<u64>],
    ) -> Result<(), Error> {
        if !recipe.change.is_some_and(|change| change.moments) {
            return Ok(());
        }
        let all = used.iter().copied().sum::<Option<u64>>();
        match recipe.layout {
            Layout::Cell => {
                self.known.insert(format!("{OF_A_CELL}/zarr.json"));
                return self.table(recipe, parent, OF_A_CELL, all).await;
            }
            Layout::Region => {
                let mark = dggs_zarr::mark_key(parent).map_err(|error| Error::Recipe(error.to_string()))?;
                return self.table(recipe, parent, mark.trim_end_matches("/zarr.json"), all).await;
            }
            Layout::Sphere => {}
        }
        for (group, used) in groups(recipe, parent, made)?.iter().zip(used) {
            self.table(recipe, parent, group, *used).await?;
        }
        Ok(())
    }

    /// The records of a cell of a store of the sphere that can be read; what is wrong is reported by [`Checker::records`].
    pub(super) async fn tables(&self, recipe: &Recipe, parent: Cell, made: &Made) -> Result<Vec<RecordTable>, Error> {
        let mut tables = Vec::new();
        for group in groups(recipe, parent, made)? {
            match records::read(&self.place, &group).await {
                Err(error @ Error::Source(_)) => return Err(error),
                table => tables.extend(table.ok().flatten()),
            }
        }
        Ok(tables)
    }

    async fn table(&mut self, recipe: &Recipe, parent: Cell, group: &str, used: Option<u64>) -> Result<(), Error> {
        let table = match records::read(&self.place, group).await {
            Ok(Some(table)) => table,
            Ok(None) => {
                self.findings.error("records", group, "there are no records of moments, though the provenance says so");
                return Ok(());
            }
            Err(error @ Error::Source(_)) => return Err(error),
            Err(error) => {
                let own = format!("{group}/");
                self.known.extend(self.keys.iter().filter(|key| key.starts_with(&own)).cloned());
                self.findings.error("records", group, format!("records of moments cannot be read: {error}"));
                return Ok(());
            }
        };
        for object in table.objects(group).map_err(|error| Error::corrupt(group, error.to_string()))? {
            self.known.insert(object.key.clone());
            if self.place.get(&object.key).await?.is_none_or(|held| held != object.bytes) {
                self.findings.error("records", object.key, "not the bytes that this engine writes for these records");
            }
        }
        let finest = recipe.orders.first().copied().unwrap_or(parent.order());
        let children = parent.children(finest)?;
        let placed: Vec<(u64, i64)> = table.child.iter().copied().zip(table.overpass.iter().copied()).collect();
        if !placed.iter().all(|(child, _)| children.contains(child)) || !placed.is_sorted() {
            let what = "records are not of the children of the parent, in the order of children and overpasses";
            self.findings.error("records", group, what);
        }
        let width = usize::try_from(table.width).unwrap_or(1).max(1);
        let rows: f64 = table.moments.chunks(width).filter_map(|numbers| numbers.first()).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
        let differs = used.is_some_and(|used| rows > used as f64);
        if differs {
            let what = format!("records of {rows} rows, the provenance says {} were used", used.unwrap_or_default());
            self.findings.error("records", group, what);
        }
        Ok(())
    }
}

/// Groups of the records of a cell of a store of the sphere: of each window that was made, or the one of all.
fn groups(recipe: &Recipe, parent: Cell, made: &Made) -> Result<Vec<String>, Error> {
    let of_window = |(step, _): &(u64, Value)| recipe.window_name(*step).unwrap_or_default();
    let marks: Vec<_> = match &recipe.time {
        None => vec![dggs_zarr::mark_key(parent)],
        Some(_) => made.windows.iter().map(|window| dggs_zarr::window_key(parent, &of_window(window))).collect(),
    };
    let group = |mark: Result<String, dggs_zarr::Error>| match mark {
        Ok(mark) => Ok(mark.trim_end_matches("/zarr.json").to_owned()),
        Err(error) => Err(Error::Recipe(error.to_string())),
    };
    marks.into_iter().map(group).collect()
}
