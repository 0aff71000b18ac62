//! The last step of a task: its store, or its part of one.
use crate::{Error, ErrorType, Layout, Task};
use pipeline::CellResult;
use sources::{StoreSink, StoreState};
use store_reader::{Objects as _, Place};

/// How the requests for writing are billed.
#[derive(Default)]
pub(crate) struct Written {
    /// GET and HEAD.
    pub(crate) gets: u64,
    /// PUT and LIST.
    pub(crate) puts: u64,
}

/// Writes the result as its task says.
pub(crate) async fn write(
    task: &Task,
    sink: &StoreSink,
    result: &CellResult,
    written: &mut Written,
) -> Result<(), Error> {
    match task.layout {
        Layout::Cell => cell(sink, result, written).await,
        Layout::Sphere => sphere(task, sink, result, written).await,
    }
}

/// A store of its own; one that is there is removed first, so that nothing of another shape stays beside it.
async fn cell(sink: &StoreSink, result: &CellResult, written: &mut Written) -> Result<(), Error> {
    let state = sink.state().await.map_err(|error| Error::of_output(&error))?;
    if state == StoreState::Zarr {
        sink.remove_all().await.map_err(|error| Error::of_output(&error))?;
    }
    // The first look is a listing, which is billed as a PUT is.
    let looks = sink.counts().requests;
    written.gets = looks.saturating_sub(1);
    let outcome = pipeline::write(result, sink).await;
    written.puts = sink.counts().requests - looks + 1;
    Ok(outcome?)
}

/// Chunks of this cell in a store of many, and its mark; the template too where nobody has written it. A store of another
/// job is left alone.
async fn sphere(task: &Task, sink: &StoreSink, result: &CellResult, written: &mut Written) -> Result<(), Error> {
    let read = |error: store_reader::Error| match error {
        store_reader::Error::Source(error) => Error::of_output(&error),
        error => Error::new(ErrorType::OutputFailed, format!("Failed to write zarr: {error}")),
    };
    let place = Place::new(&task.out.to_string(), task.writing.clone()).map_err(read)?;
    written.gets = 1;
    match place.get("zarr.json").await.map_err(read)? {
        Some(root) => pipeline::sphere_accepts(&result.job, &root)
            .map_err(|why| Error::bad_event(format!("layout `sphere`: {}: {why}", task.out)))?,
        None => pipeline::write_template(&result.job, sink).await?,
    }
    let outcome = pipeline::write_sphere(result, sink).await;
    written.puts = sink.counts().requests;
    Ok(outcome?)
}
