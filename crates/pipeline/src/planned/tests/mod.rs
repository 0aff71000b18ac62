//! Planned reads against exhaustive ones, on granules flown with the formulas of an ephemeris.
//!
//! Family 1 keeps the premises and is hostile in everything else: planned reading must find every row, without giving up.
//! Family 2 breaks them: planned reading must give up, or find every row all the same.
//! `PLANNER_CASES` sets how many of each are tried (`./test full`: 100,000).
mod shapes;

use super::{Doubt, Known, Region, Survey, Trace};
use crate::orbit::ICESAT2;
use crate::product::tests::atl06;
use crate::vector::{EARTH_RADIUS, Vector, angle};
use crate::{Job, JobSpec, Orbit};
use morton::{Cell, Latitude, LonLat, Order};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};

/// ICESat-2, but for fewer rows to the kilometre.
const ORBIT: Orbit = Orbit { spacing: 0.2, ..ICESAT2 };
/// A solar day to a revolution, as the reference tracks have it; the planner assumes a sidereal one.
const EARTH_RATE: f64 = TAU / 86_400.0;
const ACROSS: [f64; 6] = [-3.345, -3.255, -0.045, 0.045, 3.255, 3.345];

/// Coordinates of one track, degrees, and how they are stored.
#[derive(Clone, Debug)]
struct Track {
    longitude: Vec<f64>,
    latitude: Vec<f64>,
    /// Kilometres along the orbit, by which a break of the order is known.
    flown: Vec<f64>,
    chunk: usize,
}

/// A track to be: where it begins and ends, kilometres along the orbit, and what it lacks.
#[derive(Clone, Debug)]
struct Extent {
    begins: f64,
    length: f64,
    /// Rows to a chunk.
    chunk: usize,
    /// Gaps: where, as a share of the length, and kilometres without rows.
    gaps: Vec<(f64, f64)>,
    /// One of this number of rows is there.
    thinned: usize,
    /// Share of the rows that are lost at random.
    lost: f64,
    /// Rows without a place at both ends of each chunk.
    edges: usize,
}

/// How the pattern of tracks is pointed beside the reference track.
#[derive(Clone, Debug)]
struct Pointing {
    /// Kilometres beside it before, and by how much it moves.
    from: f64,
    shift: f64,
    /// Kilometre where it begins to move, and kilometres sideways for each flown.
    at: f64,
    slope: f64,
}

#[derive(Clone, Debug)]
struct Granule {
    /// Argument of latitude where it begins, and longitude of the node, radians.
    start: f64,
    node: f64,
    tracks: Vec<Extent>,
    pointing: Pointing,
    seed: u64,
}

impl Pointing {
    fn beside(&self, kilometre: f64) -> f64 {
        let moved = ((kilometre - self.at) * self.slope).clamp(0.0, self.shift.abs());
        self.from + moved.copysign(self.shift)
    }
}

impl Granule {
    /// Longitude and latitude in degrees: a circular orbit over a turning sphere.
    fn place(&self, kilometre: f64, across: f64) -> (f64, f64) {
        let tilt = ORBIT.inclination.to_radians();
        let flown = kilometre / EARTH_RADIUS;
        let (u, beside) = (self.start + flown, (across + self.pointing.beside(kilometre)) / EARTH_RADIUS);
        let along = [u.cos(), u.sin() * tilt.cos(), u.sin() * tilt.sin()];
        let normal = [0.0, -tilt.sin(), tilt.cos()];
        let [x, y, z]: Vector = std::array::from_fn(|axis| along[axis] * beside.cos() + normal[axis] * beside.sin());
        let longitude = angle(y, x) + self.node - EARTH_RATE * flown * ORBIT.period / TAU;
        ((longitude.to_degrees() + 540.0).rem_euclid(360.0) - 180.0, z.clamp(-1.0, 1.0).asin().to_degrees())
    }

    fn tracks(&self) -> Vec<Track> {
        let mut random = Random(self.seed);
        self.tracks.iter().zip(ACROSS).map(|(extent, across)| self.track(extent, across, &mut random)).collect()
    }

    fn track(&self, extent: &Extent, across: f64, random: &mut Random) -> Track {
        let mut track = Track { longitude: Vec::new(), latitude: Vec::new(), flown: Vec::new(), chunk: extent.chunk };
        let rows = (extent.length / ORBIT.spacing) as usize + 1;
        for row in (0..rows).step_by(extent.thinned) {
            let mut kilometre = row as f64 * ORBIT.spacing;
            let before = extent.gaps.iter().filter(|(share, _)| kilometre > share * extent.length);
            kilometre += extent.begins + before.map(|(_, gap)| gap).sum::<f64>();
            if random.next() < extent.lost {
                continue;
            }
            let (longitude, latitude) = self.place(kilometre, across + 0.02 * (kilometre / 90.0).sin());
            track.longitude.push(longitude);
            track.latitude.push(latitude);
            track.flown.push(kilometre);
        }
        let count = track.latitude.len();
        for row in 0..count {
            let from_edge = (row % extent.chunk).min(extent.chunk - 1 - row % extent.chunk).min(count - 1 - row);
            if from_edge < extent.edges {
                track.latitude[row] = f64::NAN;
            }
        }
        track
    }
}

/// A small generator of numbers from 0 to 1 (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Track and row.
type Places = BTreeSet<(usize, u64)>;

/// What planned reading found, or why it gave up; and which chunks it read.
struct Planned {
    rows: Result<Places, Doubt>,
    read: BTreeSet<(usize, usize)>,
    steps: usize,
}

fn inside(jobs: &[Job], track: &Track, rows: std::ops::Range<usize>) -> Vec<u64> {
    let (longitude, latitude) = (&track.longitude[rows.clone()], &track.latitude[rows.clone()]);
    let mut child = vec![0; latitude.len()];
    let mut inside = BTreeSet::new();
    for job in jobs {
        morton::children_of(job.parent(), job.child_order(), job.latitude(), longitude, latitude, &mut child).unwrap();
        let own = rows.clone().zip(&child).filter(|(_, child)| **child < job.children());
        inside.extend(own.map(|(row, _)| row as u64));
    }
    inside.into_iter().collect()
}

fn exhaustive(jobs: &[Job], tracks: &[Track]) -> Places {
    let all = tracks.iter().enumerate();
    all.flat_map(|(index, track)| inside(jobs, track, 0..track.latitude.len()).into_iter().map(move |row| (index, row)))
        .collect()
}

fn planned(jobs: &[Job], tracks: &[Track]) -> Planned {
    let region = Region::union(&Region::each_of(jobs.iter()).unwrap()).unwrap();
    let chunk =
        |track: &Track, chunk: usize| chunk * track.chunk..((chunk + 1) * track.chunk).min(track.latitude.len());
    let known = |track: &Track| {
        let count = track.latitude.len().div_ceil(track.chunk);
        Known::new((0..count).map(|index| chunk(track, index)).map(|rows| rows.start as u64..rows.end as u64).collect())
    };
    let named = tracks.iter().enumerate().map(|(index, track)| (format!("track {index}"), known(track)));
    let mut survey = Survey::new(named.collect(), &region, ORBIT);
    let (mut rows, mut read, mut steps) = (Places::new(), BTreeSet::new(), 0);
    loop {
        let next = match survey.next() {
            Ok(next) if next.is_empty() => return Planned { rows: Ok(rows), read, steps },
            Ok(next) => next,
            Err(doubt) => return Planned { rows: Err(doubt), read, steps },
        };
        steps += 1;
        assert!(steps <= 60, "still reading after 60 steps");
        for next in next {
            assert!(read.insert((next.track, next.chunk)), "a chunk was read twice");
            let track = &tracks[next.track];
            let range = chunk(track, next.chunk);
            let hits = inside(jobs, track, range.clone());
            let (longitude, latitude) = (&track.longitude[range.clone()], &track.latitude[range.clone()]);
            let trace = Trace::of(range.start as u64, longitude, latitude, ORBIT.spacing);
            let hit = hits.first().copied().zip(hits.last().copied());
            rows.extend(hits.into_iter().map(|row| (next.track, row)));
            if let Err(doubt) = survey.learn(next.track, next.chunk, trace, hit) {
                return Planned { rows: Err(doubt), read, steps };
            }
        }
    }
}

fn job(longitude: f64, latitude: f64, order: u8, mode: Latitude) -> Job {
    let cell = Cell::at(LonLat::degrees(longitude, latitude).unwrap(), Order::new(order).unwrap(), mode).unwrap();
    let spec = JobSpec::new(atl06(), Vec::new(), Order::new(order + 2).unwrap());
    JobSpec { latitude: mode, ..spec }.job(cell).unwrap()
}

fn extent() -> impl Strategy<Value = Extent> {
    let length = prop_oneof![1 => Just(0.0), 1 => 0.0..30.0, 6 => 30.0..900.0];
    let chunk = prop_oneof![1 => 1_usize..20, 3 => 20_usize..300, 3 => 300_usize..1200, 1 => Just(100_000)];
    let gaps = prop::collection::vec((0.0..1.0, prop_oneof![0.0..50.0, 50.0..2000.0]), 0..4);
    let lost = prop_oneof![3 => Just(0.0), 1 => 0.0..0.6];
    (
        0.0..900.0,
        length,
        chunk,
        gaps,
        prop_oneof![4 => Just(1_usize), 1 => 2_usize..12],
        lost,
        prop_oneof![3 => Just(0_usize), 1 => 1_usize..6],
    )
        .prop_map(|(begins, length, chunk, gaps, thinned, lost, edges)| Extent {
            begins,
            length,
            chunk,
            gaps,
            thinned,
            lost,
            edges,
        })
}

fn pointing() -> impl Strategy<Value = Pointing> {
    let shift = prop_oneof![2 => Just(0.0), 1 => 1.0..44.0, 1 => -44.0..-1.0];
    (prop_oneof![3 => Just(0.0), 1 => -4.0..4.0], shift, -100.0..1500.0, prop_oneof![0.02..0.2, 0.2..0.95])
        .prop_map(|(from, shift, at, slope)| Pointing { from, shift, at, slope })
}

fn granule() -> impl Strategy<Value = Granule> {
    // Anywhere, and often over a turn, where courses are hardest to find.
    let start = prop_oneof![3 => 0.0..TAU, 1 => 0.44 * PI..0.52 * PI, 1 => 1.44 * PI..1.52 * PI];
    (start, -PI..PI, prop::collection::vec(extent(), 1..=6), pointing(), any::<u64>())
        .prop_map(|(start, node, tracks, pointing, seed)| Granule { start, node, tracks, pointing, seed })
}

/// A place on the granule or beside it: which track, how far along it, and kilometres beside.
fn target(granule: &Granule, tracks: &[Track], at: f64, beside: f64) -> (f64, f64) {
    let index = ((at * 97.0).fract() * tracks.len() as f64) as usize;
    let extent = &granule.tracks[index.min(tracks.len() - 1)];
    let gaps: f64 = extent.gaps.iter().map(|(_, gap)| gap).sum();
    granule.place(extent.begins + (1.2 * at - 0.1) * (extent.length + gaps), beside)
}

/// Kilometres from the first to the last place of the longest track.
fn longest(tracks: &[Track]) -> f64 {
    let place = |track: &Track, row: usize| crate::vector::place(track.longitude[row], track.latitude[row]);
    let length = |track: &Track| {
        let valid = |row: &usize| !track.latitude[*row].is_nan();
        let ends = (0..track.latitude.len()).find(valid).zip((0..track.latitude.len()).rfind(valid));
        ends.map_or(0.0, |(first, last)| crate::vector::distance(place(track, first), place(track, last)))
    };
    tracks.iter().map(length).fold(0.0, f64::max)
}

fn mode(authalic: bool) -> Latitude {
    if authalic { Latitude::Authalic } else { Latitude::Spherical }
}

/// A thousand cases, always the same; with `PLANNER_CASES` that number of others, new ones each time.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PLANNER_CASES").ok().map(|cases| cases.parse().expect("PLANNER_CASES is a number"));
    let rng_seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(0x1ce) };
    let cases = asked.unwrap_or(1000);
    ProptestConfig { cases, rng_seed, max_shrink_iters: 300, max_global_rejects: u32::MAX, ..ProptestConfig::default() }
}

fn beside() -> impl Strategy<Value = f64> {
    prop_oneof![2 => -8.0..8.0, 2 => -80.0..80.0, 1 => -300.0..300.0]
}

fn order() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(6_u8), 2 => 0_u8..=13]
}

/// How a sound granule is spoilt; label and name stay.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Spoilt {
    /// Rows in reverse order.
    Reversed,
    /// Rows begin somewhere in the middle, and end before that.
    Rotated(f64),
    /// Two blocks of a track change places.
    Swapped(f64, f64),
    /// Rows in any order, within some distance.
    Shuffled(usize),
    /// A second passage follows the first: turns of the Earth later.
    Merged(f64),
    /// Rows of another place between the others: where, and how many.
    Foreign(f64, usize),
}

fn spoilt() -> impl Strategy<Value = Spoilt> {
    prop_oneof![
        Just(Spoilt::Reversed),
        (0.05..0.95).prop_map(Spoilt::Rotated),
        (0.0..0.45, 0.5..0.9).prop_map(|(a, b)| Spoilt::Swapped(a, b)),
        (2_usize..500).prop_map(Spoilt::Shuffled),
        (1.0..30.0).prop_map(Spoilt::Merged),
        (0.0..1.0, 1_usize..400).prop_map(|(at, rows)| Spoilt::Foreign(at, rows)),
    ]
}

fn spoil(granule: &Granule, tracks: &mut [Track], spoilt: Spoilt) {
    let mut random = Random(granule.seed ^ 1);
    let again = Granule {
        node: granule.node - if let Spoilt::Merged(turn) = spoilt { turn.to_radians() } else { 1.0 },
        ..granule.clone()
    };
    for (track, second) in tracks.iter_mut().zip(again.tracks()) {
        let rows = track.latitude.len();
        let part = |share: f64| (share * rows as f64) as usize;
        let draws: Vec<usize> = (0..rows).map(|row| row + (random.next() * 500.0) as usize).collect();
        let columns = [
            (&mut track.longitude, second.longitude),
            (&mut track.latitude, second.latitude),
            // Near a turn of the orbit a later pass may look like more of the first: what was flown says nothing there.
            (&mut track.flown, vec![f64::NAN; second.flown.len()]),
        ];
        for (column, second) in columns {
            match spoilt {
                Spoilt::Reversed => column.reverse(),
                Spoilt::Rotated(at) => column.rotate_left(part(at)),
                Spoilt::Swapped(a, b) => {
                    let length = part(b - a).min(rows - part(b)).max(1).min(rows / 2);
                    (0..length)
                        .for_each(|row| column.swap((part(a) + row).min(rows - 1), (part(b) + row).min(rows - 1)));
                }
                Spoilt::Shuffled(within) => {
                    (0..rows).for_each(|row| column.swap(row, (row + (draws[row] - row) % within).min(rows - 1)));
                }
                Spoilt::Merged(_) => column.extend(second),
                Spoilt::Foreign(at, count) => {
                    let foreign: Vec<f64> = second.into_iter().take(count).collect();
                    column.splice(part(at)..part(at), foreign);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_row_is_found_and_nothing_given_up_where_the_premises_hold(
        granule in granule(), at in 0.0..1.0, beside in beside(), order in order(), authalic: bool
    ) {
        let tracks = granule.tracks();
        let (longitude, latitude) = target(&granule, &tracks, at, beside);
        let job = job(longitude, latitude, order, mode(authalic));
        let long = |track: &Track| crate::pieces::is_long(track.latitude.len().div_ceil(track.chunk) as u64);
        prop_assume!(tracks.iter().any(long));
        let planned = planned(std::slice::from_ref(&job), &tracks);
        match planned.rows {
            Ok(rows) => prop_assert_eq!(rows, exhaustive(std::slice::from_ref(&job), &tracks)),
            // A granule of some kilometres gives no course where all courses turn.
            Err(doubt) => {
                prop_assert_eq!(doubt, Doubt::Unclear);
                prop_assert!(longest(&tracks) < 200.0, "{} km long", longest(&tracks));
            }
        }
    }

    #[test]
    fn every_row_is_found_of_many_cells_too(
        granule in granule(), targets in prop::collection::vec((0.0..1.0, beside()), 2..14), order in 3_u8..=8, authalic: bool
    ) {
        let tracks = granule.tracks();
        let job = |(at, beside): (f64, f64)| {
            let (longitude, latitude) = target(&granule, &tracks, at, beside);
            job(longitude, latitude, order, mode(authalic))
        };
        let mut jobs: Vec<Job> = targets.into_iter().map(job).collect();
        jobs.sort_by_key(Job::parent);
        jobs.dedup_by_key(|job| job.parent());
        let long = |track: &Track| crate::pieces::is_long(track.latitude.len().div_ceil(track.chunk) as u64);
        prop_assume!(tracks.iter().any(long));
        if let Ok(rows) = planned(&jobs, &tracks).rows {
            prop_assert_eq!(rows, exhaustive(&jobs, &tracks));
        }
    }

    #[test]
    fn rows_are_found_or_planning_is_given_up_where_the_order_is_broken(
        granule in granule(), spoilt in spoilt(), at in 0.0..1.0, beside in -8.0..8.0, authalic: bool
    ) {
        let mut tracks = granule.tracks();
        let (longitude, latitude) = target(&granule, &tracks, at, beside);
        spoil(&granule, &mut tracks, spoilt);
        let job = job(longitude, latitude, 6, mode(authalic));
        let long = |track: &Track| crate::pieces::is_long(track.latitude.len().div_ceil(track.chunk) as u64);
        prop_assume!(tracks.iter().any(long));
        let planned = planned(std::slice::from_ref(&job), &tracks);
        let Ok(rows) = planned.rows else { return Ok(()) };
        if rows == exhaustive(std::slice::from_ref(&job), &tracks) { return Ok(()) }
        // What is left is the stated limit: nothing of the break was read. Tracks in reverse are followed both ways.
        let visible = spoilt == Spoilt::Reversed || broken(&tracks, &planned.read);
        prop_assert!(!visible, "{spoilt:?} was read and not seen");
    }
}

/// Whether the break shows in what was read: rows that go back where others go on, or farther back than a short granule is long,
/// within a chunk or from one known chunk to the next; or more rows between two known ones than fit.
fn broken(tracks: &[Track], read: &BTreeSet<(usize, usize)>) -> bool {
    tracks.iter().enumerate().any(|(index, track)| {
        let chunks = read.iter().filter(|(of, _)| *of == index).map(|(_, chunk)| *chunk);
        let rows = chunks.flat_map(|chunk| chunk * track.chunk..((chunk + 1) * track.chunk).min(track.latitude.len()));
        let known: Vec<usize> = rows.filter(|&row| !track.latitude[row].is_nan()).collect();
        let place = |row: usize| crate::vector::place(track.longitude[row], track.latitude[row]);
        let crowded = known.windows(2).any(|pair| {
            let apart = crate::vector::distance(place(pair[0]), place(pair[1]));
            (pair[1] - pair[0]) as f64 > 1.06 * (apart + 2.0) / ORBIT.spacing + 5.0
        });
        let flown: Vec<f64> = known.windows(2).map(|pair| track.flown[pair[1]] - track.flown[pair[0]]).collect();
        let any = |test: fn(f64) -> bool| flown.iter().any(|flown| test(*flown));
        crowded || any(|flown| flown < -2.0) && any(|flown| flown > 2.0) || any(|flown| flown < -500.0)
    })
}
