//! One granule: locate, select rows by coordinates, gather their columns, filter.
use crate::bodies::Bodies;
use crate::budget::Budget;
use crate::locate::{self, Track};
use crate::select::{self, Selected};
use crate::{GranuleError, Job, RowCounts, TrackEntry, Tuning, filter, gather, prune};
use byte_ranges::Source;
use hdf5_pure::{File, Limits};

/// The rows of one track that count, in row order.
#[derive(Default, Debug)]
pub(crate) struct TrackRows {
    /// Child index within the parent.
    pub(crate) child: Vec<u32>,
    /// Value, in the product's unit.
    pub(crate) value: Vec<f32>,
    /// Its one-sigma uncertainty.
    pub(crate) sigma: Vec<f32>,
}

/// Reads one granule. All tracks are located in one go; at most `tuning.tracks_in_flight` of them are read at once.
pub(crate) async fn read<S: Source>(
    source: &S,
    job: &Job,
    tuning: &Tuning,
    budget: &Budget,
) -> Result<Vec<(TrackEntry, TrackRows)>, GranuleError> {
    let mut file = File::new(Limits::default());
    let tracks = locate::tracks(&mut file, source, &job.product).await?;
    let mut bodies = Bodies::new(source, file.arrived().clone());
    drop(file);
    let mut done = Vec::with_capacity(tracks.len());
    for batch in tracks.chunks(tuning.tracks_in_flight.max(1)) {
        let selected = select(batch, job, tuning, &mut bodies, budget).await?;
        let gathered = gather::columns(batch, &selected, &bodies, budget).await?;
        for ((track, selected), columns) in batch.iter().zip(selected).zip(gathered) {
            let mut rows = RowCounts {
                rows: track.rows,
                rows_read: selected.rows_read,
                bad_coordinate: selected.bad_coordinate,
                in_parent: selected.rows.len() as u64,
                ..RowCounts::default()
            };
            let kept = filter::keep(track, &selected, &columns, &mut rows);
            done.push((TrackEntry { track: track.name.clone(), rows }, kept));
        }
    }
    Ok(done)
}

/// Rows of the tracks inside the parent: by as few coordinates as will do, or by all of them.
async fn select<S: Source>(
    tracks: &[Track],
    job: &Job,
    tuning: &Tuning,
    bodies: &mut Bodies<'_, S>,
    budget: &Budget,
) -> Result<Vec<Selected>, GranuleError> {
    if let Some(orbit) = job.product.orbit.as_ref().filter(|_| !tuning.exhaustive)
        && let Some(selected) = prune::selected(tracks, job, orbit, bodies).await?
    {
        return Ok(selected);
    }
    select::exhaustive(tracks, job, bodies, budget).await
}
