//! Stores of the sphere whose time axis grows: more windows, and change computed again from what was seen in all of them.
use crate::{Error, OwnStore, overviews};
use byte_ranges::{SourceError, SourceErrorKind, Storage};
use dggs_zarr::StoreObject;
use morton::Cell;
use pipeline::{Day, Layout, TimeAxis, TimeWindow, WindowProvenance};
use storage::{Clients, Location};

/// What became of a time axis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extended {
    /// Windows that the store had.
    pub before: usize,
    /// All windows that it has now.
    pub windows: Vec<TimeWindow>,
}

/// Adds windows to a store of the sphere, up to the one before `to`: metadata only, no window is computed. Done again, or after it was
/// stopped anywhere, it ends the same; a reader sees the old axis or the new one. Levels above the parents are composed again, with the
/// new axis; meanwhile the store is the one without them.
///
/// # Errors
/// [`Error::Refused`] for a store that cannot grow; [`Error::Write`], and what is wrong with the store.
pub async fn extend(root: &str, to: Day, clients: &Clients) -> Result<Extended, Error> {
    let store = OwnStore::open(root, clients).await?;
    check_sphere(&store, root)?;
    let refused = |why: String| Error::refused(root, why);
    let axis = store.recipe.time.as_ref().ok_or_else(|| refused("it has no time axis".into()))?;
    if store.recipe.change.is_some_and(|change| !change.moments) {
        let why = "its change is of the windows that it has, and without moments it cannot be computed of more: make it with --change --moments";
        return Err(refused(why.into()));
    }
    let before = axis.windows().len();
    let longer = axis.extended(to).map_err(&refused)?;
    let windows = longer.windows().to_vec();
    if windows.len() == before {
        // Where an attempt was stopped, the root names no level above the parents any more.
        if store.recipe.above.is_empty() {
            overviews::compose_again(&store, clients).await?;
        }
        return Ok(Extended { before, windows });
    }
    let mut recipe = store.recipe.clone();
    recipe.time = Some(longer);
    let any = Cell::new(recipe.parent_order, 0)?;
    let job = recipe.job(any).map_err(&refused)?;
    let sink = clients.sink(&Location::parse(root)?)?;
    // Chunks of the axis come first, then arrays, groups and the root, which readers see last.
    for object in pipeline::sphere_template(&job).map_err(Error::Job)? {
        put(&sink, object).await.map_err(|error| Error::Write(pipeline::Error::Write(error)))?;
    }
    overviews::compose_again(&store, clients).await?;
    Ok(Extended { before, windows })
}

/// Only stores of the sphere grow: each window of a cell has a mark of its own there.
fn check_sphere(store: &OwnStore, root: &str) -> Result<(), Error> {
    let what = match store.recipe.layout {
        Layout::Sphere => return Ok(()),
        Layout::Cell => "of one cell",
        Layout::Region => "of a region",
    };
    let next = "compute it again with all windows, or make a store of the sphere (--layout sphere), which grows";
    Err(Error::refused(root, format!("this is a store {what}: {next}")))
}

/// Puts an object in the place of what is there.
async fn put(storage: &impl Storage, object: StoreObject) -> Result<(), SourceError> {
    let held = storage.get(&object.key).await?;
    if held.as_ref().is_some_and(|(bytes, _)| *bytes == object.bytes) {
        return Ok(());
    }
    if storage.put_if(&object.key, object.bytes, held.as_ref().map(|(_, tag)| tag)).await? {
        return Ok(());
    }
    let why = "another writer is at it: run the command again";
    Err(SourceError::new(SourceErrorKind::Other, storage.shown(&object.key), why))
}

/// Cells whose change was computed again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rechanged {
    /// Cells.
    pub cells: usize,
    /// Records that it was computed from.
    pub records: u64,
    /// Cells that lack some window.
    pub incomplete: usize,
}

/// Computes the change of every cell of a store of the sphere again, from the moments of all windows that are there; then the levels
/// above the parents, where there are some.
///
/// # Errors
/// [`Error::Refused`] for a store of one cell, without change, or without moments; [`Error::Write`], and what is wrong with it.
pub async fn rechange(root: &str, clients: &Clients) -> Result<Rechanged, Error> {
    let store = OwnStore::open(root, clients).await?;
    check_sphere(&store, root)?;
    let axis = store.recipe.time.clone().ok_or_else(|| Error::refused(root, "it has no time axis"))?;
    if !store.recipe.change.is_some_and(|change| change.moments) {
        let why = "it has no moments: compute it with --change --moments";
        return Err(Error::refused(root, why));
    }
    let sink = clients.sink(&Location::parse(root)?)?;
    let mut all = Rechanged { cells: 0, records: 0, incomplete: 0 };
    for cell in store.cells().await? {
        let job = store.recipe.job(cell).map_err(|why| Error::refused(root, why))?;
        let there = store.windows_there(cell).await?;
        let tables = store.records(cell).await?;
        all.cells += 1;
        all.records += tables.iter().map(|table| table.child.len() as u64).sum::<u64>();
        all.incomplete += usize::from(there.len() < axis.windows().len());
        let names: Vec<String> = there.iter().map(|(window, _)| window.name()).collect();
        let objects = pipeline::sphere_change(&job, &tables, names).map_err(Error::Job)?;
        pipeline::write_sphere_objects(objects, &sink).await.map_err(Error::Write)?;
    }
    overviews::compose_again(&store, clients).await?;
    Ok(all)
}

impl OwnStore {
    /// The windows of a cell of a store of the sphere that are there, whole, with what was used in each.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a mark that is none; [`Error::Source`].
    pub async fn windows_there(&self, cell: Cell) -> Result<Vec<(TimeWindow, WindowProvenance)>, Error> {
        let mut there = Vec::new();
        for window in self.recipe.time.as_ref().map_or(&[][..], TimeAxis::windows) {
            let Some(own) = self.mark(cell, &window.name()).await? else { continue };
            let own = serde_json::from_value(own);
            there.push((*window, own.map_err(|error| self.bad(format!("cell {cell}, {window}: {error}")))?));
        }
        Ok(there)
    }
}
