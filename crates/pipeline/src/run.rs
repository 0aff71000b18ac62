//! The job: many granules at once, folded in one canonical order.
use crate::budget::Budget;
use crate::granule::{self, Refused, TrackRows};
use crate::metered::Metered;
use crate::name::file_name;
use crate::planned::Region;
use crate::{
    CellResult, Error, Event, Failure, GranuleEntry, Job, Ledger, Observer, Reading, Sidecar, Tuning, Unusable, result,
    verify,
};
use aggregate::{Limits, Reducer, Rows};
use byte_ranges::{Source, SourceError};
use futures_util::{FutureExt as _, StreamExt as _};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Whether granules are read by their indexes; the browser, where size counts, goes without.
const INDEXES: bool = cfg!(feature = "indexes");

/// A granule to read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Granule {
    name: String,
    location: String,
    index: Option<String>,
}

impl Granule {
    /// A granule at a path or URL. Its name, the last component, is its identity where it is a NASA granule name
    /// (`ATL06_20190416093911_02770303_002_01.h5`): the same granule in two places is one granule. Any other file is
    /// identified by its whole location.
    #[must_use]
    pub fn at(location: &str) -> Self {
        Self { name: file_name(location).into(), location: location.into(), index: None }
    }

    /// The same granule with the path or URL of its index, see [`crate::Sidecar`].
    #[must_use]
    pub fn with_index(self, location: &str) -> Self {
        Self { index: Some(location.into()), ..self }
    }

    /// The file name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Path or URL.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    fn identity(&self) -> &str {
        if is_granule_name(&self.name) { &self.name } else { &self.location }
    }
}

/// `ATLnn_` and a time stamp of 14 digits, wherever a subsetter's prefix ends.
fn is_granule_name(name: &str) -> bool {
    name.match_indices("ATL").any(|(at, _)| {
        let rest = name.as_bytes().get(at + 3..).unwrap_or_default();
        let digits = |range: std::ops::Range<usize>| rest.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
        digits(0..2) && rest.get(2) == Some(&b'_') && digits(3..17)
    })
}

/// Reads the granules, keeps the rows inside the parent, and reduces them to the statistics of its children.
///
/// `open` gives the source of a location, of a granule or of its index, without any IO of its own. The result does not depend on the order of
/// `granules`, on `tuning`, or on the order in which bytes arrive.
///
/// # Errors
/// [`Error::Unreadable`] with the ledger when a granule cannot be read and the job does not allow partial results;
/// [`Error::Differs`] when the job was to be verified and is found wrong; [`Error::Config`] when the job makes no sense.
pub async fn run_cell<S: Source, O: Observer + ?Sized>(
    granules: &[Granule],
    job: &Job,
    tuning: &Tuning,
    open: impl Fn(&Granule) -> Result<S, SourceError>,
    observer: &O,
) -> Result<CellResult, Error> {
    let result = compute(granules, job, tuning, &open, observer).await?;
    if tuning.verify {
        let exhaustive = Tuning { exhaustive: true, ..*tuning };
        // Behind a pointer: a future of that size would be carried through every job.
        let whole = Box::pin(compute(granules, job, &exhaustive, &open, &())).await?;
        verify::same(&result, &whole)?;
    }
    Ok(result)
}

async fn compute<S: Source, O: Observer + ?Sized>(
    granules: &[Granule],
    job: &Job,
    tuning: &Tuning,
    open: impl Fn(&Granule) -> Result<S, SourceError>,
    observer: &O,
) -> Result<CellResult, Error> {
    let (granules, warnings) = canonical(granules);
    observer.event(Event::Planned { granules: granules.len() });
    let region = if tuning.exhaustive { None } else { Region::of(job) };
    let budget = Budget::new(tuning.memory);
    let reader = Reader { job, tuning, region, budget, stopped: Cell::new(false), open, observer };
    let at_once = tuning.tracks_in_flight.div_ceil(job.product.tracks.len().max(1)).max(1);
    let mut read: Vec<(usize, Outcome)> = futures_util::stream::iter(granules.iter().enumerate())
        .map(|(index, granule)| {
            let reader = &reader;
            async move { (index, reader.read(granule).await) }
        })
        .buffer_unordered(at_once)
        .collect()
        .await;
    read.sort_unstable_by_key(|(index, _)| *index);
    let (entries, rows): (Vec<_>, Vec<_>) = read.into_iter().map(|(_, outcome)| (outcome.entry, outcome.rows)).unzip();
    let ledger = Ledger::new(entries, warnings);
    if ledger.totals.granules_failed > 0 && !job.allow_partial {
        return Err(Error::Unreadable { ledger: Box::new(ledger) });
    }
    let reducer = fold(job, rows.into_iter().flatten())?;
    Ok(CellResult { job: job.clone(), levels: result::levels(job, &reducer)?, ledger })
}

/// Each granule once, by name, then location; and a warning for each that was given more than once.
fn canonical(given: &[Granule]) -> (Vec<Granule>, Vec<String>) {
    let mut by_identity: BTreeMap<&str, Vec<&Granule>> = BTreeMap::new();
    for granule in given {
        by_identity.entry(granule.identity()).or_default().push(granule);
    }
    let mut granules = Vec::with_capacity(by_identity.len());
    let mut warnings = Vec::new();
    for same in by_identity.into_values() {
        let Some(&first) = same.first() else { continue };
        if same.len() > 1 {
            let times = same.len();
            warnings.push(format!(
                "granule {} was given {times} times and counts once, from {}",
                first.name, first.location
            ));
        }
        granules.push(first.clone());
    }
    granules.sort_unstable();
    (granules, warnings)
}

fn fold(job: &Job, tracks: impl Iterator<Item = TrackRows>) -> Result<Reducer, Error> {
    let config = |error: aggregate::Error| Error::Config(error.to_string());
    let mut reducer = Reducer::new(job.children(), Limits::default()).map_err(config)?;
    for track in tracks {
        let rows = Rows::new(&track.child, &track.value, &track.sigma).map_err(config)?;
        reducer.fold(rows).map_err(config)?;
    }
    Ok(reducer)
}

/// What all granules of a job share.
struct Reader<'a, F, O: ?Sized> {
    job: &'a Job,
    tuning: &'a Tuning,
    /// The parent's shape, where one is of use.
    region: Option<Region>,
    budget: Budget,
    /// Set by the first failure that fails the job: later granules are not opened.
    stopped: Cell<bool>,
    open: F,
    observer: &'a O,
}

struct Outcome {
    entry: GranuleEntry,
    rows: Vec<TrackRows>,
}

impl<S: Source, F: Fn(&Granule) -> Result<S, SourceError>, O: Observer + ?Sized> Reader<'_, F, O> {
    async fn read(&self, granule: &Granule) -> Outcome {
        let mut entry = GranuleEntry {
            granule: granule.name.clone(),
            location: granule.location.clone(),
            ..GranuleEntry::default()
        };
        let mut rows = Vec::new();
        if self.stopped.get() {
            let message = "not read: another granule had failed".into();
            entry.error = Some(Failure { class: "not_read".into(), place: None, message });
            return Outcome { entry, rows };
        }
        self.observer.event(Event::Opened { granule: &granule.name });
        let began = self.observer.now();
        match (self.open)(granule) {
            Ok(source) => {
                let source = Metered::new(source, &granule.name, self.observer);
                // Behind a pointer: where indexes are left out, nothing of them is linked.
                let indexed = if INDEXES && granule.index.is_some() {
                    self.read_indexed(granule, &source, &mut entry).boxed_local().await
                } else {
                    None
                };
                let read = match indexed {
                    Some(read) => read.map(|tracks| (tracks, Reading::Indexed)),
                    None => {
                        granule::read(&granule.name, &source, self.job, self.tuning, self.region.as_ref(), &self.budget)
                            .await
                    }
                };
                match read {
                    Ok((tracks, reading)) => {
                        (entry.tracks, rows) = tracks.into_iter().unzip();
                        entry.reading = Some(reading);
                    }
                    Err(error) => entry.error = Some(error.failure()),
                }
                entry.size = source.file_size();
                entry.requests += source.requests();
                entry.bytes += source.bytes();
            }
            Err(error) => entry.error = Some(crate::GranuleError::Source(error).failure()),
        }
        entry.milliseconds = self.observer.now().saturating_sub(began);
        if entry.error.is_some() && !self.job.allow_partial {
            self.stopped.set(true);
        }
        for (track, rows) in entry.tracks.iter().zip(&rows) {
            let TrackRows { child, value, sigma } = rows;
            self.observer.event(Event::Rows { granule: &granule.name, track: &track.track, child, value, sigma });
        }
        self.observer.event(Event::Finished(&entry));
        Outcome { entry, rows }
    }

    /// Reads a granule by its index, if it has one that is of use; the entry takes note.
    async fn read_indexed(
        &self,
        granule: &Granule,
        source: &impl Source,
        entry: &mut GranuleEntry,
    ) -> Option<Result<granule::Tracks, crate::GranuleError>> {
        let index = granule.index.as_ref().filter(|_| !self.tuning.exhaustive)?;
        let refused = match (self.open)(&Granule::at(index)) {
            Err(error) => Refused::from(Sidecar::unreachable(&error)),
            Ok(opened) => {
                let opened = Metered::new(opened, &granule.name, self.observer);
                let sidecar = Sidecar::fetch(&opened).await;
                entry.requests += opened.requests();
                entry.bytes += opened.bytes();
                match sidecar {
                    Err(why) => Refused::from(why),
                    Ok(sidecar) if sidecar.granule != granule.name => {
                        Refused::from(Unusable::new("it is of another granule"))
                    }
                    Ok(sidecar) => match granule::read_indexed(source, &sidecar, self.job, &self.budget).await {
                        Err(refused) => refused,
                        Ok(tracks) => {
                            entry.index = Some("used".into());
                            return Some(Ok(tracks));
                        }
                    },
                }
            }
        };
        match refused {
            Refused::Granule(error) => Some(Err(error)),
            Refused::Index(why) => {
                entry.index = Some(format!("not used: {why}"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_granule_in_two_places_is_one_and_other_files_are_not() {
        let name = "ATL06_20190416093911_02770303_002_01.h5";
        let given = [
            Granule::at(&format!("s3://bucket/{name}")),
            Granule::at("b/data.h5"),
            Granule::at(&format!("https://host/{name}?sig=1")),
            Granule::at("a/data.h5"),
        ];
        let (granules, warnings) = canonical(&given);
        let locations: Vec<&str> = granules.iter().map(Granule::location).collect();
        assert_eq!(locations, [&format!("s3://bucket/{name}"), "a/data.h5", "b/data.h5"]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("2 times"), "{warnings:?}");
    }

    #[test]
    fn subsetters_prefixes_are_seen_through() {
        assert!(is_granule_name("processed_ATL06_20190416093911_02770303_002_01.h5"));
        assert!(!is_granule_name("ATLAS.h5"));
        assert!(!is_granule_name("ATL06_2019.h5"));
    }
}
