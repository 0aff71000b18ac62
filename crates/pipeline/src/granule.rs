//! One granule: locate, select rows by coordinates, gather their columns, filter.
use crate::budget::Budget;
use crate::locate;
use crate::{GranuleError, Job, RowCounts, TrackEntry, Tuning, filter, gather, select};
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
    drop(file);
    let mut done = Vec::with_capacity(tracks.len());
    for batch in tracks.chunks(tuning.tracks_in_flight.max(1)) {
        let selected = select::exhaustive(batch, job, source, budget).await?;
        let gathered = gather::columns(batch, &selected, source, budget).await?;
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
