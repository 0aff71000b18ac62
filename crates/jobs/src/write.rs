//! The last step of a task: its store, or its part of one.
use crate::{Error, ErrorType, Layout, Task};
use pipeline::{CellResult, Standing};
use storage::StoreSink;

/// Puts the result in its place as its task says; a result without data takes away what is there.
pub(crate) async fn write(task: &Task, sink: &StoreSink, result: &CellResult) -> Result<(), Error> {
    match task.layout {
        Layout::Cell => cell(task, sink, result).await,
        Layout::Sphere => sphere(task, sink, result).await,
    }
}

/// A store of its own.
async fn cell(task: &Task, sink: &StoreSink, result: &CellResult) -> Result<(), Error> {
    // A folder may hold other files; a prefix that ends with CELL.zarr does not.
    let local = task.out.as_path().is_some();
    if local && pipeline::standing(sink).await.map_err(|error| Error::of_output(&error))? == Standing::Foreign {
        let message = format!("Failed to write zarr: {}: there is something else than a Zarr store", task.out);
        return Err(Error::new(ErrorType::OutputDenied, message));
    }
    Ok(pipeline::write(result, sink).await?)
}

/// Chunks of this cell in a store of many, and its mark; the template too where nobody has written it. A store of another
/// job is left alone.
async fn sphere(task: &Task, sink: &StoreSink, result: &CellResult) -> Result<(), Error> {
    if result.empty_because().is_none() {
        pipeline::write_template(&result.job, sink).await.map_err(|error| match error {
            pipeline::Error::Config(why) => Error::bad_event(format!("layout `sphere`: {}: {why}", task.out)),
            error => error.into(),
        })?;
    }
    Ok(pipeline::write_sphere(result, sink).await?)
}
