//! One granule: locate, select rows by coordinates, gather their columns, filter.
use crate::bodies::Bodies;
use crate::budget::Budget;
use crate::filter::TrackRows;
use crate::locate;
use crate::planned::{self, Region};
use crate::select::{self, Group, Selected};
use crate::sidecar::{Sidecar, Unusable};
use crate::track::Track;
use crate::{GranuleError, Job, Orbit, Reading, RowCounts, TrackEntry, Tuning, filter, gather};
use byte_ranges::{ByteMap, ByteRange, Source, SourceErrorKind};
use hdf5_pure::{File, Limits};

/// What was made of a granule.
#[derive(Default)]
pub(crate) struct Tracks {
    /// An entry and the rows of each track.
    pub(crate) tracks: Vec<(TrackEntry, TrackRows)>,
    /// Tracks that are left out, by their beams.
    pub(crate) left_out: Vec<String>,
}

/// Reads one granule of that name. All tracks are located in one go; at most `tuning.tracks_in_flight` of them are read at
/// once.
pub(crate) async fn read<S: Source>(
    name: &str,
    source: &S,
    job: &Job,
    tuning: &Tuning,
    region: Option<&Region>,
    budget: &Budget,
) -> Result<(Tracks, Reading), GranuleError> {
    let mut file = File::new(Limits::default());
    let located = locate::tracks(name, &mut file, source, job.product()).await?;
    let (tracks, left_out) = (located.tracks, located.left_out);
    let plan = plan(job, tuning, region, located.label.doubt(name, job.product()));
    let mut bodies = Bodies::new(source, file.arrived().clone());
    drop(file);
    let mut done = Vec::with_capacity(tracks.len());
    let mut reading = Reading::Planned;
    for batch in tracks.chunks(tuning.tracks_in_flight.max(1)) {
        let (selected, read) = select(batch, job, &plan, &mut bodies, budget).await?;
        if read != Reading::Planned {
            reading = read;
        }
        done.extend(keep(job, batch, selected, &bodies, budget).await?);
    }
    Ok((Tracks { tracks: done, left_out }, reading))
}

/// Reads one granule by its index: all that is needed in one round. [`Refused::Index`] when the index turns out not to be
/// of this file.
pub(crate) async fn read_indexed<S: Source>(
    source: &S,
    sidecar: &Sidecar,
    job: &Job,
    budget: &Budget,
) -> Result<Tracks, Refused> {
    let stale = || Refused::Index(Unusable::new("it is of another version of the granule"));
    if sidecar.is_of(source) == Some(false) {
        return Err(stale());
    }
    let (tracks, left_out) = sidecar.tracks(job.product())?;
    let wanted =
        |(index, track): (usize, &Track)| sidecar.pieces(&track.name, job).map(move |piece| (index, piece)).collect();
    let wanted: Vec<(usize, usize)> = tracks.iter().enumerate().flat_map(|pair| -> Vec<_> { wanted(pair) }).collect();
    let groups: Vec<Group<'_>> =
        wanted.iter().filter_map(|&(track, piece)| Group::new(track, tracks.get(track)?, piece)).collect();
    let mut wants: Vec<ByteRange> = groups.iter().flat_map(Group::ranges).collect();
    wants.extend(wanted.iter().filter_map(|&(track, piece)| Some(tracks.get(track)?.value_ranges(piece))).flatten());
    if wants.is_empty() {
        wants.extend(ByteRange::at(0, 1)); // any byte will do to learn which version the file is of
    }
    let mut bodies = Bodies::new(source, ByteMap::new());
    bodies.prefetch(&wants).await?;
    if sidecar.is_of(source) != Some(true) {
        return Err(stale());
    }
    let classify = |group: &Group<'_>, longitude: &[f64], latitude: &[f64]| group.classify(job, longitude, latitude);
    let found = select::read(&groups, &bodies, classify).await?;
    if sidecar.is_exact_for(job) && found.iter().any(|found| found.selected.rows.is_empty()) {
        return Err(Refused::Index(Unusable::new("a chunk does not have the rows that it says")));
    }
    let selected = select::join(found, tracks.len());
    let tracks = keep(job, &tracks, selected, &bodies, budget).await?;
    Ok(Tracks { tracks, left_out })
}

/// Why reading by an index stopped.
pub(crate) enum Refused {
    /// The index is at fault, or may be: the granule is read without it.
    Index(Unusable),
    /// The granule cannot be read in any way.
    Granule(GranuleError),
}

impl From<Unusable> for Refused {
    fn from(why: Unusable) -> Self {
        Self::Index(why)
    }
}

impl From<GranuleError> for Refused {
    fn from(error: GranuleError) -> Self {
        let of_index = match &error {
            GranuleError::Hdf5 { .. }
            | GranuleError::Product { .. }
            | GranuleError::NoTracks { .. }
            | GranuleError::Attribute { .. } => true,
            GranuleError::Source(error) => {
                matches!(error.kind, SourceErrorKind::BadAnswer | SourceErrorKind::Truncated)
            }
        };
        if of_index { Self::Index(Unusable::new(error.to_string())) } else { Self::Granule(error) }
    }
}

/// Reads the other columns of the selected rows and keeps those that count.
async fn keep<S: Source>(
    job: &Job,
    tracks: &[Track],
    selected: Vec<Selected>,
    bodies: &Bodies<'_, S>,
    budget: &Budget,
) -> Result<Vec<(TrackEntry, TrackRows)>, GranuleError> {
    let gathered = gather::columns(tracks, &selected, bodies, budget).await?;
    let kept = tracks.iter().zip(selected).zip(gathered).map(|((track, selected), columns)| {
        let mut rows = RowCounts {
            rows: track.rows,
            rows_read: selected.rows_read,
            bad_coordinate: selected.bad_coordinate + track.unwritten(),
            in_parent: selected.rows.len() as u64,
            ..RowCounts::default()
        };
        let (kept, conditions) = filter::keep(job.product(), track, &selected, &columns, &mut rows);
        let (name, chosen, missing) = (track.name.clone(), track.found.chosen.clone(), track.found.missing.clone());
        (TrackEntry { track: name, rows, conditions, chosen, not_tested: missing }, kept)
    });
    Ok(kept.collect())
}

/// By what reading is planned; the error says why it cannot be.
type Plan<'a> = Result<(&'a Region, &'a Orbit), String>;

/// `doubt`: why the granule is perhaps not what it seems.
fn plan<'a>(job: &'a Job, tuning: &Tuning, region: Option<&'a Region>, doubt: Option<String>) -> Plan<'a> {
    if tuning.exhaustive {
        return Err("asked for".into());
    }
    let orbit = job.product().orbit.as_ref().ok_or("nothing is known of the product's orbit")?;
    let region = region.ok_or("the cell is too small to plan for")?;
    doubt.map_or(Ok((region, orbit)), Err)
}

/// Rows of the tracks inside the parent: by as few coordinates as will do where that can be planned, else by all of them.
async fn select<S: Source>(
    tracks: &[Track],
    job: &Job,
    plan: &Plan<'_>,
    bodies: &mut Bodies<'_, S>,
    budget: &Budget,
) -> Result<(Vec<Selected>, Reading), GranuleError> {
    let why = match plan {
        Ok(known) if planned::worthwhile(tracks) => match planned::selected(tracks, job, *known, bodies).await? {
            Ok(selected) => return Ok((selected, Reading::Planned)),
            Err(doubt) => doubt.to_string(),
        },
        Ok(_) => "no track has more than two chunks".into(),
        Err(why) => why.clone(),
    };
    Ok((select::exhaustive(tracks, job, bodies, budget).await?, Reading::Exhaustive(why)))
}
