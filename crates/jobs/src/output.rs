//! The place of a result: looked at before anything is read, and written when all is.
use crate::{Error, ErrorType, Look, Output, Task};
use pipeline::{CellResult, FailureClass, Job, Layout, SphereStanding, Standing};
use storage::StoreSink;

/// Opens the place, and finds out whether the result may go there as far as the task asks to know it now.
pub(crate) async fn open(task: &Task) -> Result<Option<StoreSink>, Error> {
    let Some(output) = &task.output else { return Ok(None) };
    not_a_region(&task.job)?;
    let sink = output.clients.sink(&output.place).map_err(Error::of_output)?;
    if let Look::First { replace } = output.look {
        match task.job.spec().layout {
            Layout::Cell => cell_fits(output, &sink, replace).await?,
            Layout::Sphere | Layout::Region => sphere_fits(output, &sink, &task.job, replace).await?,
        }
        sink.probe().await.map_err(Error::of_place)?;
    }
    Ok(Some(sink))
}

/// Puts what all cells of a store of the sphere share, unless it is there.
///
/// # Errors
/// A place that is another job's, or cannot be written.
pub async fn begin_sphere(output: &Output, job: &Job) -> Result<(), Error> {
    not_a_region(job)?;
    let sink = output.clients.sink(&output.place).map_err(Error::of_place)?;
    sphere_fits(output, &sink, job, true).await?;
    Ok(pipeline::write_template(job, &sink).await?)
}

/// Puts the result in its place; a result without data takes away what is there.
pub(crate) async fn write(task: &Task, sink: &StoreSink, result: &CellResult) -> Result<(), Error> {
    let Some(output) = &task.output else { return Ok(()) };
    match task.job.spec().layout {
        Layout::Cell => {
            // A folder may hold other files; a prefix that ends with CELL.zarr does not.
            if output.look == Look::Late && output.place.as_path().is_some() {
                let standing = pipeline::standing(sink).await.map_err(Error::of_output)?;
                if standing == Standing::Foreign {
                    let why = "there is something else than a Zarr store";
                    return Err(foreign(format!("Failed to write zarr: {}: {why}", output.place)));
                }
            }
            Ok(pipeline::write(result, sink).await?)
        }
        Layout::Sphere | Layout::Region => {
            // The template too, where it is not there yet. A store of another job is left alone.
            if result.empty_because().is_none() {
                pipeline::write_template(&result.job, sink).await.map_err(|error| match error {
                    pipeline::Error::Config(why) => {
                        Error::bad_event(format!("layout `sphere`: {}: {why}", output.place))
                    }
                    error => error.into(),
                })?;
            }
            Ok(pipeline::write_sphere(result, sink).await?)
        }
    }
}

/// The store of a region has one writer, which no job of one cell is.
fn not_a_region(job: &Job) -> Result<(), Error> {
    if job.spec().layout != Layout::Region {
        return Ok(());
    }
    let why = "layout `region`: a store of a region has one writer for all its cells, and this job computes one cell";
    let next = "use layout `cell` or `sphere`, then `icestream merge --layout region`";
    Err(Error::bad_event(format!("{why}: {next}")))
}

/// Whether a store of one cell may go there.
async fn cell_fits(output: &Output, sink: &StoreSink, replace: bool) -> Result<(), Error> {
    match pipeline::standing(sink).await.map_err(Error::of_place)? {
        Standing::Whole if !replace => Err(exists(format!("{}: there is a store already", output.place))),
        Standing::Foreign => Err(foreign(format!("{}: there is something else than a Zarr store", output.place))),
        _ => Ok(()),
    }
}

/// Whether a cell may go into the store of the sphere there.
async fn sphere_fits(output: &Output, sink: &StoreSink, job: &Job, replace: bool) -> Result<(), Error> {
    if let SphereStanding::Other(why) = pipeline::sphere_standing(job, sink).await.map_err(Error::of_place)? {
        return Err(foreign(format!("{}: {why}", output.place)));
    }
    let mark = pipeline::sphere_last_mark(job)?;
    if !replace && pipeline::holds(sink, &mark).await.map_err(Error::of_place)? {
        return Err(exists(format!("{}: cell {} is there already", output.place, job.parent())));
    }
    Ok(())
}

fn exists(message: String) -> Error {
    Error { class: FailureClass::Exists, ..Error::new(ErrorType::OutputDenied, message) }
}

fn foreign(message: String) -> Error {
    Error { class: FailureClass::Foreign, ..Error::new(ErrorType::OutputDenied, message) }
}
