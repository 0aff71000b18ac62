//! Stores of one cell each into a store of the sphere.
use crate::{Error, Objects as _, OwnStore, Place, records};
use dggs_zarr::{CellWindow, RECORDS, SphereCell, StoreObject};
use morton::Cell;
use pipeline::{Layout, SphereStanding, TimeWindow};
use serde_json::{Value, json};
use std::path::Path;
use storage::{Clients, Location, StoreSink};

/// A store of the sphere that other stores are merged into.
pub struct Merge<'a> {
    pub(crate) out: &'a str,
    /// The same place for reading,
    target: Place,
    /// and for writing.
    sink: StoreSink,
    /// Whether cells that are there with other values are replaced.
    pub(crate) overwrite: bool,
    pub(crate) clients: &'a Clients,
}

/// The stores that inputs name.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Sources {
    /// Whole stores, in the order of the inputs, those of one folder by name.
    pub stores: Vec<String>,
    /// Stores in folders that a writer is at, or was stopped at: they are left out.
    pub unfinished: Vec<String>,
}

/// What a merge did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Merged {
    /// Stores that were read.
    pub stores: usize,
    /// Cells that were written.
    pub written: usize,
    /// Cells that were there already with the same bytes.
    pub same: usize,
    /// Of both, those that lack granules.
    pub partial: usize,
}

impl<'a> Merge<'a> {
    /// A merge into the store at `out`, which is made unless it is there. Nothing is read yet.
    ///
    /// # Errors
    /// As [`Place::new`]; a place that takes no objects.
    pub fn new(out: &'a str, overwrite: bool, clients: &'a Clients) -> Result<Self, Error> {
        let target = Place::new(out, clients.clone())?;
        let sink = clients.sink(&Location::parse(out)?)?;
        Ok(Self { out, target, sink, overwrite, clients })
    }

    /// The stores of inputs: themselves, or those right below folders and prefixes.
    ///
    /// # Errors
    /// [`Error::NoStores`] for an input that is neither, [`Error::Unreadable`], [`Error::Source`].
    pub async fn sources(&self, inputs: &[String]) -> Result<Sources, Error> {
        let Sources { mut stores, mut unfinished } = Sources::default();
        for input in inputs {
            let place = Place::new(input, self.clients.clone())?;
            if place.get("zarr.json").await?.is_some() {
                stores.push(input.clone());
                continue;
            }
            let mut below = below(input.trim_end_matches('/'), self.clients).await?;
            if below.is_empty() {
                return Err(Error::NoStores(input.clone()));
            }
            below.sort();
            for root in below {
                match Place::new(&root, self.clients.clone())?.get("zarr.json").await? {
                    Some(document) if dggs_zarr::is_removed(&document) => {}
                    Some(document) if dggs_zarr::is_tombstone(&document) => unfinished.push(root),
                    _ => stores.push(root),
                }
            }
        }
        Ok(Sources { stores, unfinished })
    }

    /// Adds every cell of some stores, one after the other. Cells that were added before an error stay.
    ///
    /// # Errors
    /// [`Error::Twice`] where two of the stores hold a cell, [`Error::OtherValues`] where the target does,
    /// [`Error::Occupied`] where the target is of another job, [`Error::Write`], and what is wrong with a store.
    pub async fn add(&self, stores: Vec<String>) -> Result<Merged, Error> {
        let mut merged = Merged::default();
        let mut seen: Vec<(Cell, String)> = Vec::new();
        for root in stores {
            let store = OwnStore::open(&root, self.clients).await?;
            if store.recipe.layout == Layout::Region {
                let why = "this is a store of a region, which has not all children of its cells: merge the stores that it was made from";
                return Err(Error::refused(&root, why));
            }
            merged.stores += 1;
            for cell in store.cells().await? {
                if let Some((_, other)) = seen.iter().find(|(held, _)| *held == cell) {
                    return Err(Error::Twice { store: root, cell, other: other.clone() });
                }
                let is_first = seen.is_empty();
                seen.push((cell, root.clone()));
                merged.partial += usize::from(store.is_partial(cell).await?);
                if self.add_cell(&store, cell, is_first).await? {
                    merged.written += 1;
                } else {
                    merged.same += 1;
                }
            }
        }
        Ok(merged)
    }

    /// Adds one cell, and before the first one finds out whether the target can be written; `false`: it is there with the
    /// same bytes.
    async fn add_cell(&self, store: &OwnStore, cell: Cell, is_first: bool) -> Result<bool, Error> {
        let job = store.recipe.job(cell).map_err(|why| Error::unreadable(&store.name, why))?;
        let standing = pipeline::sphere_standing(&job, &self.sink).await?;
        if let SphereStanding::Other(why) = standing {
            return Err(Error::Occupied { place: self.out.to_owned(), why });
        }
        if is_first {
            self.sink.probe().await?;
        }
        let mut written = false;
        for objects in parts(store, cell).await? {
            if standing == SphereStanding::New && !written {
                pipeline::write_template(&job, &self.sink).await.map_err(Error::Write)?;
            }
            written |= self.add_part(store, cell, objects).await?;
        }
        Ok(written)
    }

    /// Adds a cell, or a window of one: objects that are whole with the last, a mark; `false`: they are there already.
    async fn add_part(&self, store: &OwnStore, cell: Cell, objects: Vec<StoreObject>) -> Result<bool, Error> {
        let mark = objects.last().map(|mark| mark.key.clone()).unwrap_or_default();
        if pipeline::holds(&self.sink, &mark).await? {
            let mut same = true;
            for object in &objects {
                same &= self.target.get(&object.key).await?.is_some_and(|held| held == object.bytes);
            }
            if same {
                return Ok(false);
            }
            if !self.overwrite {
                return Err(Error::OtherValues { out: self.out.to_owned(), cell, store: store.name.clone() });
            }
        }
        pipeline::write_sphere_objects(objects, &self.sink).await.map_err(Error::Write)?;
        Ok(true)
    }
}

/// The objects that a cell has in a store of the sphere, in parts that are each whole with their last object.
async fn parts(store: &OwnStore, cell: Cell) -> Result<Vec<Vec<StoreObject>>, Error> {
    let unreadable = |why: String| Error::unreadable(&store.name, why);
    let (made, own) = (store.made(cell).await?, store.provenance(cell).await?);
    let mut levels = Vec::new();
    for &order in &store.recipe.orders {
        levels.push(store.level(cell, order, &made).await?);
    }
    let sphere = store.recipe.sphere().map_err(unreadable)?;
    let keeps = store.recipe.change.is_some_and(|change| change.moments);
    let Some(axis) = &store.recipe.time else {
        let mark = dggs_zarr::mark_key(cell).map_err(|error| unreadable(error.to_string()))?;
        let group = if store.recipe.parent.is_some() { RECORDS } else { mark.trim_end_matches("/zarr.json") };
        let records = if keeps { records::read(&store.place, group).await? } else { None };
        let part = SphereCell { parent: cell, levels, provenance: own, records, windows: Vec::new(), change: None };
        return sphere.cell(&part).map_err(|error| unreadable(error.to_string()));
    };
    let names: Vec<String> = axis.windows().iter().map(TimeWindow::name).collect();
    let is_cell = store.recipe.parent.is_some();
    // A store of one cell says of all windows together what one of the sphere says of each.
    let said = |mut part: Value| {
        if is_cell {
            (part["version"], part["engine"]) = (own["version"].clone(), own["engine"].clone());
        }
        part
    };
    let name = |step: u64| usize::try_from(step).ok().and_then(|step| names.get(step).cloned()).unwrap_or_default();
    let all = if is_cell && keeps { records::read(&store.place, RECORDS).await? } else { None };
    let mut windows = Vec::new();
    for (step, part) in &made.windows {
        let group = dggs_zarr::window_key(cell, &name(*step)).map_err(|error| unreadable(error.to_string()))?;
        let records = match &all {
            Some(all) => Some(records::of_window(all, *step)),
            None if keeps => records::read(&store.place, group.trim_end_matches("/zarr.json")).await?,
            None => None,
        };
        windows.push(CellWindow { step: *step, name: name(*step), provenance: said(part.clone()), records });
    }
    let of_all = json!({"windows": made.windows.iter().map(|(step, _)| name(*step)).collect::<Vec<_>>()});
    let change = made.change.map(|change| said(if is_cell { of_all } else { change }));
    let (parent_order, parent_morton) = (cell.order().get(), cell.decimal()?);
    let provenance = json!({"version": own["version"], "parent_order": parent_order, "parent_morton": parent_morton});
    let part = SphereCell { parent: cell, levels, provenance, records: None, windows, change };
    sphere.cell(&part).map_err(|error| unreadable(error.to_string()))
}

/// The stores right below a folder or prefix.
async fn below(root: &str, clients: &Clients) -> Result<Vec<String>, Error> {
    let location = Location::parse(root)?;
    if let Some(path) = location.as_path() {
        let is_store = |path: &Path| path.join("zarr.json").is_file();
        let entries = std::fs::read_dir(path).map_err(|error| Error::unreadable(root, error))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_store(path));
        return Ok(paths.map(|path| path.to_string_lossy().into_owned()).collect());
    }
    let found = clients.expand(&format!("{root}/*/zarr.json")).await?;
    let roots = found.iter().map(|key| key.to_string().trim_end_matches("/zarr.json").to_owned());
    Ok(roots.collect())
}
