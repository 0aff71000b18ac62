//! Which files of a job are the same granule, and which of them counts.
use crate::granule::{Room, TrackRows};
use crate::kept::Ticket;
use crate::points::POINTS;
use crate::{Failure, FailureClass, GranuleEntry, GranuleName, Job, PointBatch, Product};
use aggregate::{Batch, Floats};
use byte_ranges::{file_name, s3_link, unsigned};
use std::collections::{BTreeMap, BTreeSet};

/// A file that was handed in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct File {
    name: String,
    location: String,
    /// Its number among those handed in.
    pub(crate) number: usize,
}

impl File {
    /// The file at a location, of this number.
    pub(crate) fn at(location: &str, number: usize) -> Self {
        Self { name: file_name(location).into(), location: location.into(), number }
    }

    /// The file name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Path or URL.
    pub(crate) fn location(&self) -> &str {
        &self.location
    }

    /// Equal for one file, however its link is signed and whether it leads to the bucket or to the bucket's host.
    fn place(&self) -> String {
        s3_link(&self.location).unwrap_or_else(|| unsigned(&self.location).into_owned())
    }
}

/// A file and what its name says.
type NamedFile = (Option<GranuleName>, File);

/// The files of each granule that may count, granules in canonical order; and what people should know. Of one granule only
/// the newest release and version stays. Its files are in order, those with the mission's own name first.
pub(crate) fn copies(given: &[File], job: &Job) -> (Vec<Vec<File>>, Vec<String>) {
    let product = job.product();
    let mut warnings = Vec::new();
    let mut granules: BTreeMap<(String, String), Vec<NamedFile>> = BTreeMap::new();
    for granule in each_once(given, &mut warnings) {
        let name = product.named(&granule.name);
        let key = match &name {
            Some(name) => (name.identity.clone(), String::new()),
            None => (granule.name.clone(), granule.location.clone()),
        };
        granules.entry(key).or_default().push((name, granule));
    }
    let together = job.spec().time.is_none() && job.spec().change.is_none();
    let mixed = mixed_cycles(granules.values().flatten().filter_map(|(name, _)| name.as_ref()));
    warnings.extend(mixed.filter(|_| together));
    let mut newest: Vec<_> = granules.into_values().map(|same| newest(same, product, &mut warnings)).collect();
    newest.sort_by_cached_key(|same| {
        same.first().map(|first| (product.mission_name(&first.name), first.location.clone()))
    });
    (newest, warnings)
}

/// Each place once, and a warning for each that was given more often.
fn each_once(given: &[File], warnings: &mut Vec<String>) -> Vec<File> {
    let mut places: BTreeMap<String, Vec<&File>> = BTreeMap::new();
    for granule in given {
        places.entry(granule.place()).or_default().push(granule);
    }
    let mut granules = Vec::with_capacity(places.len());
    for same in places.into_values() {
        let Some(&first) = same.first() else { continue };
        if same.len() > 1 {
            let (name, times, place) = (&first.name, same.len(), unsigned(&first.location));
            warnings.push(format!("granule {name} was given {times} times and counts once, from {place}"));
        }
        granules.push(first.clone());
    }
    granules
}

/// Of the files of one granule those of its newest release and version.
fn newest(mut same: Vec<NamedFile>, product: &Product, warnings: &mut Vec<String>) -> Vec<File> {
    let newest = same.iter().map(|(name, _)| name.clone()).max().flatten();
    let own_name = |granule: &File| product.mission_name(&granule.name) == granule.name;
    same.sort_by(|(_, a), (_, b)| (!own_name(a), a).cmp(&(!own_name(b), b)));
    let (kept, older): (Vec<_>, Vec<_>) = same.into_iter().partition(|(name, _)| *name == newest);
    let kept: Vec<File> = kept.into_iter().map(|(_, granule)| granule).collect();
    for (_, older) in older {
        let newer = kept.first().map_or("", File::name);
        warnings.push(format!("granule {} is left out: {newer} is a newer version of it", older.name));
    }
    kept
}

fn mixed_cycles<'a>(names: impl Iterator<Item = &'a GranuleName>) -> Option<String> {
    let cycles: BTreeSet<u64> = names.filter_map(|name| name.number("cycle")).collect();
    let list = cycles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (cycles.len() > 1)
        .then(|| format!("the granules are of {} cycles ({list}), which are reduced together", cycles.len()))
}

/// What reading one file gave.
pub(crate) struct Outcome {
    pub(crate) entry: GranuleEntry,
    /// The rows of its tracks that count, a track each.
    pub(crate) rows: Vec<TrackRows>,
    /// What people should know of other files of the granule.
    pub(crate) warnings: Vec<String>,
}

impl Outcome {
    /// An outcome without rows.
    pub(crate) const fn of(entry: GranuleEntry) -> Self {
        Self { entry, rows: Vec::new(), warnings: Vec::new() }
    }
}

/// Of the files of one granule the one that counts: the first that has all that each other one has. What reading the others
/// took is added to its entry. A file that cannot be read may be the whole one: it fails the granule. Where partial
/// results are allowed, it is listed beside the one that counts, and the result is partial. If no file is whole, the granule fails
/// too.
pub(crate) fn choose(read: Vec<Outcome>, allow_partial: bool, room: &Room<'_>) -> (Outcome, Vec<Outcome>) {
    let sum = |count: fn(&GranuleEntry) -> u64| read.iter().map(|one| count(&one.entry)).sum();
    let (requests, bytes, milliseconds) = (sum(|e| e.requests), sum(|e| e.bytes), sum(|e| e.milliseconds));
    let (mut sound, mut failed): (Vec<_>, Vec<_>) = read.into_iter().partition(|one| one.entry.error.is_none());
    let at = sound.iter().position(|one| sound.iter().all(|other| holds(one, other, room)));
    let mut chosen = match at {
        _ if !failed.is_empty() && (!allow_partial || sound.is_empty()) => {
            failed.drain(..).next().unwrap_or_else(|| different(&sound, room))
        }
        Some(at) => whole(sound.remove(at), &sound, &failed),
        None => different(&sound, room),
    };
    // Of files that do not count no row is kept.
    sound.iter().flat_map(|other| &other.rows).for_each(|rows| rows.forget(room));
    (chosen.entry.requests, chosen.entry.bytes, chosen.entry.milliseconds) = (requests, bytes, milliseconds);
    for other in &mut failed {
        (other.entry.requests, other.entry.bytes, other.entry.milliseconds) = (0, 0, 0);
    }
    (chosen, failed)
}

/// The file that counts, with a warning for each that does not.
fn whole(mut chosen: Outcome, others: &[Outcome], failed: &[Outcome]) -> Outcome {
    let place = &chosen.entry.location;
    let left_out = others.iter().map(|other| {
        format!(
            "{} is left out: {place} is the same granule and has all of its rows that are asked for",
            other.entry.location
        )
    });
    let unread = failed.iter().filter_map(|other| Some((&other.entry.location, other.entry.error.as_ref()?)));
    let unread =
        unread.map(|(other, error)| format!("{other} is left out for {place}, the same granule: {}", error.message));
    chosen.warnings = left_out.chain(unread).collect();
    chosen
}

/// The failure of a granule whose files are different parts of it.
fn different(read: &[Outcome], room: &Room<'_>) -> Outcome {
    let pairs = read.iter().enumerate().flat_map(|(at, one)| read.iter().skip(at + 1).map(move |other| (one, other)));
    let mut apart = pairs.filter(|(one, other)| !holds(one, other, room) && !holds(other, one, room));
    let mut entry = read.first().map_or_else(GranuleEntry::default, |one| GranuleEntry {
        granule: one.entry.granule.clone(),
        location: one.entry.location.clone(),
        size: one.entry.size,
        ..GranuleEntry::default()
    });
    let (one, other) = apart.next().map_or(("", ""), |(one, other)| (&one.entry.location, &other.entry.location));
    let message = format!(
        "{one} and {other} are different parts or versions of one granule, neither with all rows of the other: give the whole granule, or one of them"
    );
    entry.error = Some(Failure { class: FailureClass::Product, place: None, message });
    Outcome { entry, rows: Vec::new(), warnings: Vec::new() }
}

/// Metres by which a value may differ that was packed, or written anew in another type.
const REWRITTEN: f64 = 0.01;

/// Whether a file has every track of another with at least as many rows, and every row of it that counts here; of a track
/// with as many rows, these and no others.
fn holds(whole: &Outcome, part: &Outcome, room: &Room<'_>) -> bool {
    part.entry.tracks.iter().zip(&part.rows).all(|(track, rows)| {
        let mut tracks = whole.entry.tracks.iter().zip(&whole.rows);
        tracks.find(|(other, _)| other.track == track.track).is_some_and(|(other, held)| {
            let fits = other.rows.rows > track.rows.rows || other.rows.used == track.rows.used;
            other.rows.rows >= track.rows.rows && fits && is_subsequence(rows, held, room)
        })
    })
}

/// Whether the rows of one track are rows of another, in the same order.
fn is_subsequence(part: &TrackRows, whole: &TrackRows, room: &Room<'_>) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= REWRITTEN || a.is_nan() && b.is_nan();
    let same = |a: (u32, [f64; 3]), b: (u32, [f64; 3])| a.0 == b.0 && a.1.into_iter().zip(b.1).all(|(a, b)| near(a, b));
    let windows: BTreeSet<u32> = part.tickets.iter().map(|(window, _)| *window).collect();
    let near_all = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| near(*a, *b));
    let mut held = points(whole, room);
    let has_points =
        !POINTS || points(part, room).all(|row| held.any(|held| held.0 == row.0 && near_all(&held.1, &row.1)));
    has_points
        && windows.into_iter().all(|window| {
            let mut held = numbers(whole, window, room);
            numbers(part, window, room).all(|row| held.any(|held| same(held, row)))
        })
}

/// The rows of a track that are asked for: child; place and columns. As [`numbers`].
fn points(rows: &TrackRows, room: &Room<'_>) -> impl Iterator<Item = (u32, Vec<f64>)> {
    let batch = |ticket: &Ticket| room.points.with(*ticket, PointBatch::clone).unwrap_or_default();
    let of_batch = |batch: PointBatch| {
        let row = move |row: usize| {
            let numbers = [&batch.longitude, &batch.latitude].into_iter().chain(&batch.columns);
            Some((*batch.child.get(row)?, numbers.map(|column| column.get(row).copied().unwrap_or(f64::NAN)).collect()))
        };
        (0..).map_while(row)
    };
    rows.points.tickets.iter().map(batch).flat_map(of_batch)
}

/// The rows of a track in a window: child; value, uncertainty and weight. A batch that cannot be read again ends the job (`Kept::stopped`).
fn numbers(rows: &TrackRows, window: u32, room: &Room<'_>) -> impl Iterator<Item = (u32, [f64; 3])> {
    let batch = |ticket: &Ticket| room.kept.with(*ticket, Batch::clone).unwrap_or_default();
    let of = |numbers: &Option<Floats>, row: usize| numbers.as_ref().map_or(0.0, |numbers| numbers.get(row));
    let numbers = move |batch: Batch| {
        let row = move |row| {
            let child = *batch.child.get(row)?;
            Some((child, [batch.value.get(row), of(&batch.sigma, row), of(&batch.weight, row)]))
        };
        (0..).map_while(row)
    };
    let tickets = rows.tickets.iter().filter(move |(own, _)| *own == window);
    tickets.map(|(_, ticket)| ticket).map(batch).flat_map(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::kept::Kept;
    use crate::product::tests::atl06;
    use crate::{RowCounts, TrackEntry};

    const NAME: &str = "ATL06_20190416093911_02770303_002_01.h5";

    fn job() -> Job {
        Job::new(atl06(), "-6134114".parse().unwrap(), morton::Order::new(12).unwrap()).unwrap()
    }

    fn located(files: &[Vec<File>]) -> Vec<Vec<&str>> {
        files.iter().map(|files| files.iter().map(File::location).collect()).collect()
    }

    #[test]
    fn a_granule_under_several_names_is_one_and_other_files_are_not() {
        let places = [
            format!("https://host/{NAME}?X-Amz-Signature=1"),
            "b/data.h5".into(),
            format!("sub/processed_{NAME}"),
            format!("https://host/{NAME}?X-Amz-Signature=2"),
            "a/data.h5".into(),
            "a/data#1.h5".into(),
            "https://host/get?file=1".into(),
            "https://host/get?file=2&Expires=1".into(),
        ];
        let given: Vec<File> = places.iter().map(|place| File::at(place, 0)).collect();
        let (files, warnings) = copies(&given, &job());
        let expected =
            [&[0, 2][..], &[5], &[4], &[1], &[6], &[7]].map(|at| at.iter().map(|&at| places[at].as_str()).collect());
        assert_eq!(located(&files), Vec::<Vec<&str>>::from(expected));
        assert_eq!(warnings, [format!("granule {NAME} was given 2 times and counts once, from https://host/{NAME}")]);
    }

    #[test]
    fn bucket_and_host_lead_to_one_file() {
        let key = format!("nsidc-cumulus-prod-protected/ATLAS/ATL06/{NAME}");
        let (s3, https) =
            (format!("s3://{key}"), format!("https://data.nsidc.earthdatacloud.nasa.gov/{key}?A-userid=x"));
        let (files, warnings) = copies(&[File::at(&s3, 0), File::at(&https, 1)], &job());
        assert_eq!((located(&files), warnings.len()), (vec![vec![s3.as_str()]], 1));
    }

    #[test]
    fn the_newest_version_counts_and_cycles_are_told() {
        let given = [
            "a/processed_ATL06_20190416093911_02770303_005_02.h5",
            "a/ATL06_20190416093911_02770303_006_01.h5",
            "b/ATL06_20190416093911_02770303_006_01_subsetted.HDF5",
            "a/ATL06_20190416093911_02770403_006_01.h5",
        ];
        let (files, warnings) = copies(&given.map(|place| File::at(place, 0)), &job());
        assert_eq!(located(&files), [vec![given[1], given[2]], vec![given[3]]]);
        assert!(warnings[0].contains("2 cycles (3, 4)"), "{warnings:?}");
        assert!(warnings[1].contains("005_02") && warnings[1].contains("006_01"), "{warnings:?}");
        assert_eq!(warnings.len(), 2);
    }

    #[test]
    fn provenance_knows_granules_by_the_missions_name() {
        assert_eq!(atl06().mission_name(&format!("processed_{NAME}.nc4")), NAME);
        assert_eq!(atl06().mission_name("data.h5"), "data.h5");
    }

    fn floats(numbers: impl Iterator<Item = f64>) -> Floats {
        let mut floats = Floats::new();
        numbers.for_each(|number| floats.push(number));
        floats
    }

    /// The rows of a track, a batch each.
    fn rows(room: &Room<'_>, child: &[u32], value: &[f64]) -> TrackRows {
        let one = |number: f64| floats(std::iter::once(number));
        let batch = |(&child, &value): (&u32, &f64)| Batch {
            child: vec![child],
            value: one(value),
            sigma: Some(one(1.0)),
            weight: None,
        };
        let batches = child.iter().zip(value).map(batch);
        let tickets = batches.map(|batch| (0, room.kept.push(batch).unwrap())).collect();
        TrackRows { tickets, has_sigma: true, ..TrackRows::default() }
    }

    /// Room for all rows of a test.
    fn all() -> Room<'static> {
        let budget = || Budget::new(1);
        Room { budget: budget(), parents: budget(), kept: Kept::new(None, u64::MAX), points: Kept::new(None, u64::MAX) }
    }

    /// A file with tracks of these numbers of rows, and the rows that count.
    fn file(room: &Room<'_>, location: &str, tracks: &[(&str, u64, &[u32])]) -> Outcome {
        let entry = |&(track, rows, child): &(&str, u64, &[u32])| TrackEntry {
            track: track.into(),
            rows: RowCounts { rows, used: child.len() as u64, ..RowCounts::default() },
            ..TrackEntry::default()
        };
        let value = 100.0 + location.len() as f64 / 1000.0;
        let rows = |&(_, _, child): &(&str, u64, &[u32])| rows(room, child, &vec![value; child.len()]);
        let entry = GranuleEntry {
            location: location.into(),
            tracks: tracks.iter().map(entry).collect(),
            requests: 3,
            ..GranuleEntry::default()
        };
        Outcome { entry, rows: tracks.iter().map(rows).collect(), warnings: Vec::new() }
    }

    #[test]
    fn a_whole_granule_beats_its_part_in_either_order() {
        let room = &all();
        let whole = || file(room, "w.h5", &[("gt1l", 9, &[1, 1, 2, 3]), ("gt1r", 9, &[])]);
        let part = || file(room, "p.h5", &[("gt1l", 2, &[1, 3])]);
        for read in [vec![whole(), part()], vec![part(), whole()]] {
            let (chosen, _) = choose(read, false, room);
            assert_eq!((chosen.entry.location.as_str(), chosen.entry.requests), ("w.h5", 6));
            assert!(chosen.warnings[0].contains("p.h5 is left out"), "{:?}", chosen.warnings);
        }
    }

    #[test]
    fn a_file_written_anew_is_the_same_granule() {
        let room = &all();
        let held: (&str, u64, &[u32]) = ("gt1l", 3, &[1, 2]);
        let (chosen, _) = choose(vec![file(room, "w.h5", &[held]), file(room, "packed.h5", &[held])], false, room);
        assert_eq!((chosen.entry.location.as_str(), chosen.warnings.len()), ("w.h5", 1));
        // With other values it is another one, and so it is with more rows that count among as many.
        let mut other = file(room, "other.h5", &[held]);
        other.rows[0] = rows(room, &[1, 2], &[100.004, 150.0]);
        let more = file(room, "more.h5", &[("gt1l", 3, &[1, 2, 2])]);
        for other in [other, more] {
            let (chosen, _) = choose(vec![file(room, "w.h5", &[held]), other], false, room);
            assert!(chosen.entry.error.unwrap().message.contains("different parts or versions"));
        }
    }

    #[test]
    fn different_parts_are_refused_with_both_named() {
        let room = &all();
        for other in [
            file(room, "b.h5", &[("gt1l", 9, &[7])]),
            file(room, "b.h5", &[("gt1l", 3, &[7])]),
            file(room, "b.h5", &[("gt1l", 2, &[1]), ("gt1r", 2, &[1])]),
            file(room, "b.h5", &[("gt1l", 2, &[2, 1])]),
        ] {
            let (chosen, _) = choose(vec![file(room, "a.h5", &[("gt1l", 3, &[1, 2])]), other], false, room);
            let error = chosen.entry.error.unwrap().message;
            assert!(error.contains("a.h5 and b.h5 are different parts"), "{error}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_may_be_the_whole_one() {
        let room = &all();
        let failed = || {
            let mut failed = file(room, "f.h5", &[]);
            failed.entry.error = Some(Failure { class: FailureClass::Denied, place: None, message: "no".into() });
            failed
        };
        let read = || vec![file(room, "a.h5", &[("gt1l", 3, &[1, 2])]), failed()];
        assert_eq!(choose(read(), false, room).0.entry.location, "f.h5");
        let (chosen, failed) = choose(read(), true, room);
        assert!(failed.len() == 1 && failed[0].entry.error.is_some(), "the result is partial");
        assert_eq!((chosen.entry.location.as_str(), chosen.entry.error.is_none()), ("a.h5", true));
        assert!(chosen.warnings[0].contains("f.h5"), "{:?}", chosen.warnings);
    }
}
