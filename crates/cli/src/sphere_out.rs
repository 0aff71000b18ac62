//! A sphere store to write cells into.
use crate::exit::{self, Failure};
use pipeline::{CellResult, Job};
use sources::{Clients, Location, StoreSink, StoreState};
use store_reader::{Objects as _, Place};

/// A sphere store that cells of one job may go into; any number of processes may hold it at the same time.
pub(crate) struct SphereOut {
    sink: StoreSink,
    /// The template is there.
    begun: bool,
}

impl SphereOut {
    /// Looks at what is there. Nothing is written yet.
    ///
    /// # Errors
    /// Something else than a store of the same job, the parent cell apart.
    pub(crate) async fn open(out: &str, job: &Job, clients: &Clients) -> Result<Self, Failure> {
        let place = Place::new(out, clients.clone())?;
        let sink = clients.sink(&Location::parse(out)?)?;
        let usage = |what: &str| Failure::new(exit::USAGE, format!("{out}: {what}")).hint("--out writes elsewhere");
        let mut root = place.get("zarr.json").await?;
        if root.is_none() && sink.state().await? == StoreState::Other && !only_template(&place, job).await? {
            // Chunks come after the root: where they are another writer's, it is there by now.
            root = place.get("zarr.json").await?;
            if root.is_none() {
                return Err(usage("there is something else than a sphere store"));
            }
        }
        if let Some(root) = &root {
            pipeline::sphere_accepts(job, root).map_err(|why| usage(&why))?;
        }
        let begun = root.is_some();
        Ok(Self { sink, begun })
    }

    /// Whether the cell of the job is there, whole.
    pub(crate) async fn holds(&self, job: &Job) -> Result<bool, Failure> {
        let mark = pipeline::sphere_mark(job.parent()).map_err(Failure::usage)?;
        Ok(self.sink.exists(&mark).await?)
    }

    /// Writes a cell; nothing is taken back when that fails: what lies there may be another attempt's result.
    pub(crate) async fn write(&self, result: &CellResult) -> Result<(), pipeline::Error> {
        self.put(&result.job, pipeline::sphere_objects(result)?).await
    }

    /// Writes the objects of a cell, its mark last.
    pub(crate) async fn put(&self, job: &Job, objects: Vec<dggs_zarr::Object>) -> Result<(), pipeline::Error> {
        if !self.begun {
            pipeline::write_template(job, &self.sink).await?;
        }
        pipeline::write_objects(objects, &self.sink).await
    }
}

/// Whether what is there may be another writer at its template: its keys are those that this one will put.
async fn only_template(place: &Place, job: &Job) -> Result<bool, Failure> {
    let ours = pipeline::sphere_template(job).map_err(Failure::usage)?;
    let keys = place.list("").await?;
    Ok(keys.iter().map(|key| key.trim_start_matches('/')).all(|key| {
        let temporary = key.ends_with(".tmp") && key.contains("zarr.json.");
        temporary || ours.iter().any(|object| object.key == key)
    }))
}
