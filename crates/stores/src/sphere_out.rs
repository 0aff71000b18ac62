//! A store of the sphere to write cells into.
use crate::Error;
use pipeline::{CellResult, Job, Standing};
use storage::{Clients, Location, StoreSink};

/// A store of the sphere that takes the cells of one job; any number of processes may hold it at the same time.
pub struct SphereOut {
    sink: StoreSink,
    /// The template is there.
    begun: bool,
}

impl SphereOut {
    /// Looks at what is there. Nothing is written yet.
    ///
    /// # Errors
    /// [`Error::Occupied`] for anything but a store of the same job, the parent cell apart; [`Error::Source`].
    pub async fn open(out: &str, job: &Job, clients: &Clients) -> Result<Self, Error> {
        let sink = clients.sink(&Location::parse(out)?)?;
        let occupied = |why: String| Error::Occupied { place: out.to_owned(), why };
        let root = pipeline::sphere_root(&sink).await?;
        match &root {
            Some(root) => pipeline::sphere_accepts(job, root).map_err(occupied)?,
            None if pipeline::standing(&sink).await? == Standing::Foreign => {
                // Chunks come after the root: where they are another writer's, it is there by now.
                let root = pipeline::sphere_root(&sink).await?;
                let root = root.ok_or_else(|| occupied("there is something else than a sphere store".into()))?;
                pipeline::sphere_accepts(job, &root).map_err(occupied)?;
            }
            None => {}
        }
        let begun = root.is_some();
        Ok(Self { sink, begun })
    }

    /// Finds out whether it can be written.
    ///
    /// # Errors
    /// [`Error::Source`] when it cannot.
    pub async fn probe(&self) -> Result<(), Error> {
        Ok(self.sink.probe().await?)
    }

    /// Whether the cell of the job is there, whole.
    ///
    /// # Errors
    /// [`Error::Job`] for a cell without a decimal id, [`Error::Source`].
    pub async fn holds(&self, job: &Job) -> Result<bool, Error> {
        let mark = pipeline::sphere_mark(job.parent()).map_err(Error::Job)?;
        Ok(pipeline::holds(&self.sink, &mark).await?)
    }

    /// Puts a cell in its place; one without data is taken away.
    ///
    /// # Errors
    /// As [`pipeline::write_template`] and [`pipeline::write_sphere`].
    pub async fn write(&self, result: &CellResult) -> Result<(), pipeline::Error> {
        if result.empty_because().is_none() {
            self.begin(&result.job).await?;
        }
        pipeline::write_sphere(result, &self.sink).await
    }

    /// Puts the objects of a cell in their place, its mark last.
    ///
    /// # Errors
    /// As [`pipeline::write_template`] and [`pipeline::write_sphere_objects`].
    pub async fn put(&self, job: &Job, objects: Vec<dggs_zarr::StoreObject>) -> Result<(), pipeline::Error> {
        self.begin(job).await?;
        pipeline::write_sphere_objects(objects, &self.sink).await
    }

    /// Puts what all cells share, unless it is there.
    ///
    /// # Errors
    /// As [`pipeline::write_template`].
    pub async fn begin(&self, job: &Job) -> Result<(), pipeline::Error> {
        if self.begun { Ok(()) } else { pipeline::write_template(job, &self.sink).await }
    }
}
