//! What a product finds in a granule, all over the globe.
use crate::{Error, Opener, TemporaryFile};
use morton::Cell;
use pipeline::{Granule, GranuleEntry, Job, Product, Tuning};
use storage::{Clients, Location};

/// Reads a granule as a product says, in these cells of order 0, which all its rows lie in: its tracks, and how many rows count or
/// do not, and why.
///
/// # Errors
/// What reading the granule answers; a granule of another product.
pub async fn check(
    product: &Product,
    location: &Location,
    cells: impl IntoIterator<Item = Cell>,
    clients: &Clients,
) -> Result<GranuleEntry, Error> {
    let granules = [Granule::new(location.unsigned(), Opener::new(clients.clone(), location.clone()))];
    let tuning = Tuning { exhaustive: true, ..Tuning::default() };
    let mut found: Option<GranuleEntry> = None;
    for cell in cells {
        let job = Job::new(product.clone(), cell, cell.order())?;
        let result = crate::compute(&granules, &job, &tuning, Some(&TemporaryFile::default()), &()).await?;
        let Some(entry) = result.ledger.granules.into_iter().next() else { continue };
        match &mut found {
            None => found = Some(entry),
            Some(found) => add(found, &entry),
        }
    }
    found.ok_or_else(|| Error::bad_event("there is no cell"))
}

/// Adds the rows of another cell. Rows, and those without a place, are those of the whole track in each.
fn add(found: &mut GranuleEntry, more: &GranuleEntry) {
    for (track, more) in found.tracks.iter_mut().zip(&more.tracks) {
        let (rows, rows_read, bad_coordinate) = (track.rows.rows, track.rows.rows_read, track.rows.bad_coordinate);
        track.rows.add(&more.rows);
        (track.rows.rows, track.rows.rows_read, track.rows.bad_coordinate) = (rows, rows_read, bad_coordinate);
        for (condition, more) in track.conditions.iter_mut().zip(&more.conditions) {
            condition.rows += more.rows;
        }
    }
}
