//! A sphere store to write cells into.
use crate::exit::{self, Failure};
use pipeline::{Job, Standing};
use storage::{Clients, Location, StoreSink};

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
        let sink = clients.sink(&Location::parse(out)?)?;
        let usage = |what: &str| Failure::new(exit::USAGE, format!("{out}: {what}")).hint("--out writes elsewhere");
        let root = pipeline::sphere_root(&sink).await?;
        match &root {
            Some(root) => pipeline::sphere_accepts(job, root).map_err(|why| usage(&why))?,
            None if pipeline::standing(&sink).await? == Standing::Foreign => {
                // Chunks come after the root: where they are another writer's, it is there by now.
                let root = pipeline::sphere_root(&sink).await?;
                let root = root.ok_or_else(|| usage("there is something else than a sphere store"))?;
                pipeline::sphere_accepts(job, &root).map_err(|why| usage(&why))?;
            }
            None => {}
        }
        let begun = root.is_some();
        Ok(Self { sink, begun })
    }

    /// Finds out whether it can be written.
    pub(crate) async fn probe(&self) -> Result<(), Failure> {
        Ok(self.sink.probe().await?)
    }

    /// Whether the cell of the job is there, whole.
    pub(crate) async fn holds(&self, job: &Job) -> Result<bool, Failure> {
        let mark = pipeline::sphere_mark(job.parent()).map_err(Failure::usage)?;
        Ok(pipeline::holds(&self.sink, &mark).await?)
    }

    /// Puts the objects of a cell in their place, its mark last.
    pub(crate) async fn put(&self, job: &Job, objects: Vec<dggs_zarr::Object>) -> Result<(), pipeline::Error> {
        self.begin(job).await?;
        pipeline::write_sphere_objects(objects, &self.sink).await
    }

    /// Puts what all cells share, unless it is there.
    pub(crate) async fn begin(&self, job: &Job) -> Result<(), pipeline::Error> {
        if self.begun { Ok(()) } else { pipeline::write_template(job, &self.sink).await }
    }
}
