//! Attempts that are stopped before and after every operation, and attempts that overlap in any order.
use super::*;
use byte_ranges::{MemorySink, Sink};
use dggs_zarr::PutStep;
use futures_util::FutureExt as _;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Objects = BTreeMap<String, Bytes>;

/// How operations go.
pub(crate) enum Mode {
    /// Stops after this number of moments; each operation has one before it and one after it.
    Stop(usize),
    /// The operation of this number fails with this kind.
    Fail(usize, SourceErrorKind),
    /// Each moment waits until it is let on.
    Wait(Rc<Cell<bool>>),
    /// Deleting, or listing, is not allowed.
    Refuse { delete: bool, list: bool },
}

pub(crate) struct Stepped<'a> {
    inner: &'a MemorySink,
    mode: Mode,
    at: Cell<usize>,
}

impl<'a> Stepped<'a> {
    pub(crate) fn new(inner: &'a MemorySink, mode: Mode) -> Self {
        Self { inner, mode, at: Cell::new(0) }
    }

    async fn moment(&self) {
        match &self.mode {
            Mode::Stop(end) if self.at.get() == *end => pending().await,
            Mode::Wait(granted) => {
                poll_fn(|context| {
                    context.waker().wake_by_ref();
                    if granted.replace(false) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
            _ => {}
        }
        self.at.set(self.at.get() + 1);
    }

    async fn around<T>(&self, act: impl Future<Output = Result<T, SourceError>>) -> Result<T, SourceError> {
        let number = self.at.get() / 2;
        self.moment().await;
        if let Mode::Fail(at, kind) = self.mode
            && at == number
        {
            self.at.set(self.at.get() + 1);
            return Err(SourceError::new(kind, "memory", "injected"));
        }
        let done = act.await;
        self.moment().await;
        done
    }
}

impl Sink for Stepped<'_> {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), SourceError> {
        self.around(self.inner.put(key, bytes)).await
    }
}

impl Storage for Stepped<'_> {
    async fn get(&self, key: &str) -> Result<Option<(Bytes, Tag)>, SourceError> {
        self.around(self.inner.get(key)).await
    }

    async fn put_if(&self, key: &str, bytes: Bytes, seen: Option<&Tag>) -> Result<bool, SourceError> {
        self.around(self.inner.put_if(key, bytes, seen)).await
    }

    async fn delete(&self, key: &str, seen: &Tag) -> Result<(), SourceError> {
        if matches!(self.mode, Mode::Refuse { delete: true, .. }) {
            return Err(SourceError::new(SourceErrorKind::Denied, key, "deleting is not allowed"));
        }
        self.around(self.inner.delete(key, seen)).await
    }

    async fn list(&self, prefix: &str, most: usize) -> Result<Vec<String>, SourceError> {
        if matches!(self.mode, Mode::Refuse { list: true, .. }) {
            return Err(SourceError::new(SourceErrorKind::Denied, prefix, "listing is not allowed"));
        }
        self.around(self.inner.list(prefix, most)).await
    }

    async fn settle(&self) -> Result<(), SourceError> {
        self.around(self.inner.settle()).await
    }

    fn shown(&self, key: &str) -> String {
        self.inner.shown(key)
    }
}

/// A store of one cell with some levels; every object names the job.
fn store(job: &str, levels: &[u8]) -> Replacement {
    let mut keys: Vec<String> = Vec::new();
    for level in levels {
        keys.extend([format!("{level}/a/c/0"), format!("{level}/a/c/1"), format!("{level}/b/c/0")]);
    }
    keys.extend(levels.iter().flat_map(|level| [format!("{level}/a/zarr.json"), format!("{level}/b/zarr.json")]));
    keys.extend(levels.iter().map(|level| format!("{level}/zarr.json")));
    let object = |key: String| {
        let depth = key.matches('/').count();
        let step = match key.ends_with("zarr.json") {
            true => [PutStep::Marker, PutStep::Group, PutStep::Array][depth],
            false => PutStep::Chunk,
        };
        StoreObject { bytes: format!("{key} of {job}").into(), key, step }
    };
    let marker = object("zarr.json".into());
    let objects = keys.into_iter().map(object).collect();
    Replacement { marker, placeholder: None, objects, own: vec![String::new()], yields: false }
}

/// A cell of a store of the sphere.
fn cell(job: &str) -> Replacement {
    let object = |key: &str| StoreObject {
        bytes: format!("{key} of {job}").into(),
        key: key.into(),
        step: if key.starts_with("cells") { PutStep::Marker } else { PutStep::Chunk },
    };
    let objects = ["12/a/c/7", "12/b/c/7", "11/a/c/7"].map(object).to_vec();
    Replacement { marker: object("cells/-61/zarr.json"), placeholder: None, objects, own: Vec::new(), yields: false }
}

fn objects_of(new: &Replacement) -> Objects {
    let all = new.objects.iter().chain([&new.marker]);
    all.map(|object| (object.key.clone(), object.bytes.clone())).collect()
}

fn put_all(sink: &MemorySink, objects: &Objects) {
    for (key, bytes) in objects {
        sink.put(key, bytes.clone()).now_or_never().unwrap().unwrap();
    }
}

/// What a reader may open is whole: with the marker everything, with a group's document all of that group.
fn nothing_half_made(held: &Objects, jobs: &[&Replacement], context: &str) {
    for job in jobs {
        if held.get(&job.marker.key) == Some(&job.marker.bytes) {
            for object in &job.objects {
                assert_eq!(held.get(&object.key), Some(&object.bytes), "{context}: under the marker, {}", object.key);
            }
        }
        for door in job.objects.iter().filter(|object| is_door(&object.key)) {
            if held.get(&door.key) == Some(&door.bytes) {
                let folder = door.key.trim_end_matches("zarr.json");
                for object in job.objects.iter().filter(|object| object.key.starts_with(folder)) {
                    let found = held.get(&object.key);
                    assert_eq!(found, Some(&object.bytes), "{context}: under {}, {}", door.key, object.key);
                }
            }
        }
    }
}

fn write(storage: &impl Storage, new: &Replacement) -> Option<Result<Outcome, SourceError>> {
    replace(storage, new).now_or_never()
}

/// What may be there before: nothing, the same, others, what a killed writer of an older version left, what is not ours.
fn befores() -> Vec<(&'static str, Replacement, Objects)> {
    let mut headless = objects_of(&store("old", &[12, 11]));
    headless.remove("zarr.json");
    let mut damaged = objects_of(&store("new", &[12, 10]));
    damaged.insert("12/a/c/1".into(), "damaged".into());
    damaged.remove("10/b/c/0");
    vec![
        ("nothing", store("none", &[]), Objects::new()),
        ("the same", store("new", &[12, 10]), objects_of(&store("new", &[12, 10]))),
        ("another", store("old", &[12, 11, 8]), objects_of(&store("old", &[12, 11, 8]))),
        ("without a root", store("old", &[12, 11]), headless),
        ("damaged", store("new", &[12, 10]), damaged),
    ]
}

#[test]
fn stopped_anywhere_nothing_half_made_is_seen_and_a_rerun_makes_it_whole() {
    let (new, mut stops) = (store("new", &[12, 10]), 0);
    for (what, old, before) in befores() {
        for stop in 0.. {
            let sink = MemorySink::new();
            put_all(&sink, &before);
            put_all(
                &sink,
                &Objects::from([("notes.txt".into(), "mine".into()), ("sub.zarr/zarr.json".into(), "mine".into())]),
            );
            let first = write(&Stepped::new(&sink, Mode::Stop(stop)), &new);
            stops += 1;
            let context = format!("over {what}, stopped at {stop}");
            if what != "damaged" {
                nothing_half_made(&sink.objects(), &[&old, &new], &context);
            }
            // The rerun is stopped too, where it has come half as far.
            let _ = write(&Stepped::new(&sink, Mode::Stop(stop / 2)), &new);
            if what != "damaged" {
                nothing_half_made(&sink.objects(), &[&old, &new], &format!("{context}, then at {}", stop / 2));
            }
            assert_eq!(write(&sink, &new).unwrap().unwrap(), Outcome::Whole, "{context}");
            let mut expected = objects_of(&new);
            expected.insert("notes.txt".into(), "mine".into());
            expected.insert("sub.zarr/zarr.json".into(), "mine".into());
            assert_eq!(sink.objects(), expected, "{context}");
            if first.is_some() {
                break;
            }
        }
    }
    assert!(stops > 300, "{stops}");
}

#[test]
fn a_cell_of_the_sphere_stopped_anywhere_has_no_mark_until_it_is_whole() {
    let (new, old) = (cell("new"), cell("old"));
    for before in [Objects::new(), objects_of(&old), objects_of(&new)] {
        for stop in 0.. {
            let sink = MemorySink::new();
            put_all(&sink, &before);
            let first = write(&Stepped::new(&sink, Mode::Stop(stop)), &new);
            nothing_half_made(&sink.objects(), &[&old, &new], &format!("stopped at {stop}"));
            write(&sink, &new).unwrap().unwrap();
            assert_eq!(sink.objects(), objects_of(&new));
            if first.is_some() {
                break;
            }
        }
    }
}

#[test]
fn a_failure_at_any_operation_is_told_and_a_rerun_makes_it_whole() {
    let new = store("new", &[12, 10]);
    for (what, old, before) in befores().into_iter().filter(|(what, ..)| *what != "damaged") {
        for kind in [SourceErrorKind::Unavailable, SourceErrorKind::Denied] {
            for at in 0.. {
                let sink = MemorySink::new();
                put_all(&sink, &before);
                let stepped = Stepped::new(&sink, Mode::Fail(at, kind));
                let outcome = write(&stepped, &new).unwrap();
                let context = format!("over {what}, {kind:?} at {at}");
                nothing_half_made(&sink.objects(), &[&old, &new], &context);
                if outcome.is_ok() {
                    assert_eq!(sink.objects().get("zarr.json"), Some(&new.marker.bytes), "{context}");
                }
                write(&sink, &new).unwrap().unwrap();
                assert_eq!(sink.objects(), objects_of(&new), "{context}");
                if stepped.at.get() / 2 <= at {
                    break;
                }
            }
        }
    }
}

/// Interleavings over each of what may be there before; `./test full` sets more.
fn rounds() -> usize {
    std::env::var("ICESTREAM_KILLS").ok().and_then(|text| text.parse().ok()).map_or(100, |kills: usize| 10 * kills)
}

/// A source of chance with a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Runs two attempts moment by moment in a random order, `stop` moments at the most; returns what each answered.
fn overlap(
    sink: &MemorySink,
    jobs: [&Replacement; 2],
    chance: &mut Chance,
    stop: Option<(usize, u64)>,
    mut look: impl FnMut([bool; 2]),
) -> [Option<Result<Outcome, SourceError>>; 2] {
    let granted: [Rc<Cell<bool>>; 2] = Default::default();
    let storages = granted.clone().map(|granted| Stepped::new(sink, Mode::Wait(granted)));
    let mut first = pin!(replace(&storages[0], jobs[0]));
    let mut second = pin!(replace(&storages[1], jobs[1]));
    let mut answers = [None, None];
    let mut context = Context::from_waker(Waker::noop());
    let mut moments = [0, 0];
    // Long stretches of one of the two are as likely as quick turns.
    let stretch = 1 + chance.below(12);
    let mut who = 0;
    while answers.iter().any(Option::is_none) {
        if chance.below(stretch) == 0 || answers[who].is_some() {
            who = match (answers[0].is_some(), answers[1].is_some()) {
                (true, _) => 1,
                (_, true) => 0,
                _ => usize::from(chance.below(2) == 1),
            };
        }
        if stop.is_some_and(|(stopped, at)| stopped == who && moments[who] >= at) {
            let other = 1 - who;
            if answers[other].is_some() {
                break;
            }
            who = other;
        }
        granted[who].set(true);
        moments[who] += 1;
        let polled = if who == 0 { first.as_mut().poll(&mut context) } else { second.as_mut().poll(&mut context) };
        if let Poll::Ready(answer) = polled {
            answers[who] = Some(answer);
        }
        look([answers[0].as_ref().is_some_and(Result::is_ok), answers[1].as_ref().is_some_and(Result::is_ok)]);
    }
    answers
}

#[test]
fn overlapping_attempts_at_one_job_end_in_one_whole_store_and_unmake_nothing() {
    let new = store("new", &[12, 10]);
    let mut chance = Chance(14);
    for round in 0..rounds() {
        for (what, old, before) in befores().into_iter().filter(|(what, ..)| *what != "damaged") {
            let sink = MemorySink::new();
            put_all(&sink, &before);
            // In every other round one of the two is stopped on its way.
            let stop = (round % 2 == 1).then(|| (usize::from(chance.below(2) == 1), chance.below(120)));
            let context = format!("round {round} over {what}, {stop:?}");
            let look = |answered: [bool; 2]| {
                let held = sink.objects();
                nothing_half_made(&held, &[&old, &new], &context);
                if answered.contains(&true) {
                    assert_eq!(held.get("zarr.json"), Some(&new.marker.bytes), "{context}: unmade");
                    for object in &new.objects {
                        assert_eq!(held.get(&object.key), Some(&object.bytes), "{context}: unmade, {}", object.key);
                    }
                }
            };
            let answers = overlap(&sink, [&new, &new], &mut chance, stop, look);
            for answer in answers.into_iter().flatten() {
                assert_eq!(answer.unwrap(), Outcome::Whole, "{context}");
            }
            if stop.is_none() {
                assert_eq!(sink.objects(), objects_of(&new), "{context}");
            }
        }
    }
}

#[test]
fn overlapping_attempts_at_two_jobs_do_not_mix() {
    let jobs = [store("one", &[12, 10]), store("two", &[12, 9])];
    let mut chance = Chance(41);
    let (mut gave_up, mut both) = (0, 0);
    for round in 0..rounds() {
        for (what, old, before) in befores().into_iter().filter(|(what, ..)| *what != "damaged") {
            let sink = MemorySink::new();
            put_all(&sink, &before);
            let context = format!("round {round} over {what}");
            let look = |_| nothing_half_made(&sink.objects(), &[&old, &jobs[0], &jobs[1]], &context);
            let answers = overlap(&sink, [&jobs[0], &jobs[1]], &mut chance, None, look);
            let good = answers.map(|answer| answer.unwrap().is_ok());
            assert!(good.contains(&true), "{context}: both gave up");
            (gave_up, both) = (gave_up + usize::from(good.contains(&false)), both + usize::from(good == [true, true]));
            let held = sink.objects();
            let winner =
                jobs.iter().zip(good).find(|(job, good)| *good && held.get("zarr.json") == Some(&job.marker.bytes));
            assert!(winner.is_some(), "{context}: nothing whole at the end");
            // The next job leaves nothing of the two.
            write(&sink, &jobs[0]).unwrap().unwrap();
            assert_eq!(sink.objects(), objects_of(&jobs[0]), "{context}");
        }
    }
    assert!(gave_up > 50 && both > 5, "{gave_up} {both}");
}

/// A root that names these groups.
fn root_of(groups: &[u8]) -> Value {
    let groups: BTreeMap<String, Value> = groups.iter().map(|group| (group.to_string(), Value::Null)).collect();
    serde_json::json!({"node_type": "group", "consolidated_metadata": {"metadata": groups}})
}

/// Levels above the parents of a store of the sphere, whose own level is 6.
fn above(job: &str, levels: &[u8]) -> Replacement {
    let mut new = store(job, levels);
    new.marker.bytes = root_of(&[levels, &[6]].concat()).to_string().into();
    Replacement { placeholder: Some(root_of(&[6])), own: (0..6).map(|order| format!("{order}/")).collect(), ..new }
}

#[test]
fn overlapping_jobs_of_other_levels_leave_those_of_one() {
    let sphere = [("6/zarr.json", "level"), ("6/a/c/0", "chunk")].map(|(key, held)| (key.to_owned(), held.into()));
    let plain =
        Objects::from_iter(sphere.clone().into_iter().chain([("zarr.json".into(), root_of(&[6]).to_string().into())]));
    let jobs = [above("one", &[5, 4]), above("two", &[5])];
    let mut chance = Chance(4);
    for round in 0..20 * rounds() {
        let sink = MemorySink::new();
        put_all(&sink, &plain);
        if round % 2 == 1 {
            put_all(&sink, &objects_of(&above("old", &[5, 4, 3])));
        }
        let order = if chance.below(2) == 0 { [&jobs[0], &jobs[1]] } else { [&jobs[1], &jobs[0]] };
        let answers = overlap(&sink, order, &mut chance, None, |_| {});
        let good = answers.map(|answer| answer.unwrap().is_ok());
        let held = sink.objects();
        let winner =
            order.iter().zip(good).find(|(job, good)| *good && held.get("zarr.json") == Some(&job.marker.bytes));
        let mut expected = objects_of(winner.unwrap_or_else(|| panic!("round {round}: nothing whole at the end")).0);
        expected.extend(sphere.clone());
        assert_eq!(held, expected, "round {round}");
    }
}

#[test]
fn what_may_not_be_deleted_or_listed_is_shut() {
    let (old, new) = (store("old", &[12, 11]), store("new", &[12, 10]));
    for (delete, list) in [(true, false), (false, true), (true, true)] {
        let sink = MemorySink::new();
        // As a real root: what cannot be listed is known from it.
        let mut before = objects_of(&old);
        let root = r#"{"consolidated_metadata":{"metadata":{"11":{},"11/a":{},"12":{}}}}"#;
        before.insert("zarr.json".into(), root.into());
        put_all(&sink, &before);
        write(&Stepped::new(&sink, Mode::Refuse { delete, list }), &new).unwrap().unwrap();
        let held = sink.objects();
        assert!(objects_of(&new).iter().all(|(key, bytes)| held.get(key) == Some(bytes)));
        assert!(is_tombstone(&held["11/zarr.json"]), "{held:?}");
        if !list {
            assert!(dggs_zarr::is_removed(&held["11/a/zarr.json"]), "{held:?}");
        }
    }
}

fn take_away(storage: &impl Storage, new: &Replacement, fills: &[StoreObject]) -> Option<Result<(), SourceError>> {
    remove(storage, &new.marker.key, &new.own, fills).now_or_never()
}

#[test]
fn removing_stopped_anywhere_leaves_nothing_half_made_and_then_nothing() {
    let fill = |key: &str| StoreObject { key: key.into(), bytes: "fill".into(), step: PutStep::Chunk };
    let fills: Vec<StoreObject> = cell("old").objects.iter().map(|object| fill(&object.key)).collect();
    for (old, fills) in [(store("old", &[12, 11]), &[][..]), (cell("old"), &fills)] {
        for stop in 0.. {
            let sink = MemorySink::new();
            put_all(&sink, &objects_of(&old));
            let first = take_away(&Stepped::new(&sink, Mode::Stop(stop)), &old, fills);
            nothing_half_made(&sink.objects(), &[&old], &format!("stopped at {stop}"));
            take_away(&sink, &old, fills).unwrap().unwrap();
            assert_eq!(sink.objects(), Objects::new(), "stopped at {stop}");
            take_away(&sink, &old, fills).unwrap().unwrap();
            if first.is_some() {
                break;
            }
        }
        let sink = MemorySink::new();
        put_all(&sink, &objects_of(&old));
        take_away(&Stepped::new(&sink, Mode::Refuse { delete: true, list: false }), &old, fills).unwrap().unwrap();
        let held = sink.objects();
        assert!(held.iter().filter(|(key, _)| is_document(key)).all(|(_, bytes)| dggs_zarr::is_removed(bytes)));
        assert!(fills.iter().all(|fill| held[&fill.key] == fill.bytes));
        // A later job writes there as if nothing had been.
        write(&sink, &old).unwrap().unwrap();
        assert_eq!(sink.objects(), objects_of(&old));
    }
}

#[test]
fn only_keys_of_the_store_belong_to_it() {
    for key in
        ["12/zarr.json", "12/a/c/0", "cells/-61/zarr.json", "a/c/0/1", ".zgroup", "x/.zarray", "x/0.1", "zarr.json"]
    {
        assert!(is_zarr_key(key), "{key}");
    }
    for key in ["notes.txt", "12/notes.txt", "-61.zarr/zarr.json", "a/b.zarr/12/a/c/0", "0", "c/x", "12/a/c/x", ""] {
        assert!(!is_zarr_key(key), "{key}");
    }
    assert!(is_own_key("12/a/c/0") && is_own_key("cells/zarr.json"));
    assert!(!is_own_key("a/c/0") && !is_own_key("30/zarr.json") && !is_own_key("12/notes.txt"));
}
