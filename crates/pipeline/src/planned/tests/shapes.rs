//! Shapes of granules that planned reading once lost rows of, and what each guard watches.
use super::*;

#[test]
fn little_is_read_of_an_ordinary_granule() {
    let extent = |begins: f64| Extent {
        begins,
        length: 2300.0,
        chunk: 1000,
        gaps: vec![(0.3, 40.0), (0.7, 12.0)],
        thinned: 1,
        lost: 0.05,
        edges: 0,
    };
    let pointing = Pointing { from: 0.0, shift: 0.0, at: 0.0, slope: 0.1 };
    let tracks: Vec<Extent> = [40.0, 10.0, 0.0, 55.0, 20.0, 33.0].map(extent).to_vec();
    let granule = Granule { start: 1.4 * PI, node: 1.0, tracks, pointing, seed: 7 };
    let tracks = granule.tracks();
    let (longitude, latitude) = granule.place(800.0, 10.0);
    let job = job(longitude, latitude, 6, Latitude::Spherical);
    let planned = planned(std::slice::from_ref(&job), &tracks);
    assert_eq!(planned.rows.unwrap(), exhaustive(std::slice::from_ref(&job), &tracks));
    let all: usize = tracks.iter().map(|track| track.latitude.len().div_ceil(track.chunk)).sum();
    assert!(planned.read.len() * 4 < all, "{} of {all} chunks", planned.read.len());
    assert!(planned.steps <= 4, "{} steps", planned.steps);
}

/// One granule over Antarctica, six tracks of 1,500 km in chunks of 150 km.
fn plain() -> Granule {
    let extent =
        |begins: f64| Extent { begins, length: 1500.0, chunk: 750, gaps: Vec::new(), thinned: 1, lost: 0.0, edges: 0 };
    let pointing = Pointing { from: 0.0, shift: 0.0, at: 0.0, slope: 0.1 };
    let tracks = [0.0, 20.0, 5.0, 40.0, 10.0, 30.0].map(extent).to_vec();
    Granule { start: 1.38 * PI, node: 0.4, tracks, pointing, seed: 3 }
}

/// Holds planned against exhaustive reading on cells all along a granule and beside it.
fn assert_sound(granule: &Granule, tracks: &[Track]) {
    let mut hits = 0;
    for kilometre in (-100..2400).step_by(40) {
        for beside in [-60.0, -12.0, 0.0, 9.0, 55.0] {
            let (longitude, latitude) = granule.place(f64::from(kilometre), beside);
            let job = job(longitude, latitude, 6, Latitude::Spherical);
            let all = exhaustive(std::slice::from_ref(&job), tracks);
            hits += usize::from(!all.is_empty());
            match planned(std::slice::from_ref(&job), tracks).rows {
                Ok(rows) => assert_eq!(rows, all, "at {kilometre} km, {beside} beside"),
                Err(doubt) => panic!("{doubt} at {kilometre} km"),
            }
        }
    }
    assert!(hits > 50, "{hits} cells with rows");
}

fn assert_given_up(tracks: &[Track], granule: &Granule, expected: fn(String) -> Doubt) {
    let (longitude, latitude) = granule.place(700.0, 0.0);
    let doubt = planned(&[job(longitude, latitude, 6, Latitude::Spherical)], tracks).rows.unwrap_err();
    let name = ["track 0", "track 1", "track 2", "track 3", "track 4", "track 5"].map(String::from).map(expected);
    assert!(name.contains(&doubt), "{doubt:?}");
}

#[test]
fn tracks_may_begin_and_end_anywhere() {
    let mut granule = plain();
    granule.tracks[0] = Extent { begins: 400.0, length: 200.0, ..granule.tracks[0].clone() };
    granule.tracks[3] = Extent { begins: 0.0, length: 2300.0, chunk: 40, ..granule.tracks[3].clone() };
    granule.tracks[5] = Extent { begins: 900.0, length: 0.0, ..granule.tracks[5].clone() };
    assert_sound(&granule, &granule.tracks());
}

#[test]
fn the_pattern_may_be_pointed_aside_within_a_granule() {
    for (shift, at, slope) in [(44.0, 600.0, 0.9), (-44.0, 300.0, 0.3), (30.0, 1000.0, 0.05), (44.0, 60.0, 0.95)] {
        let granule = Granule { pointing: Pointing { from: -3.0, shift, at, slope }, ..plain() };
        assert_sound(&granule, &granule.tracks());
    }
}

#[test]
fn gaps_may_be_of_any_length() {
    let mut granule = plain();
    for (extent, gap) in granule.tracks.iter_mut().zip([0.0, 300.0, 700.0, 50.0, 400.0, 10.0]) {
        extent.gaps = vec![(0.5, gap)];
    }
    assert_sound(&granule, &granule.tracks());
}

#[test]
fn a_pass_may_meet_a_cell_twice() {
    // Nested 40970 at order 6 lies at 88 degrees, where a pass bends round the pole.
    let cell = Cell::new(Order::new(6).unwrap(), 40970).unwrap();
    let job = Job::new(crate::product::tests::atl06(), cell, Order::new(8).unwrap()).unwrap();
    let mut twice = 0;
    for step in 0..720 {
        let extent = Extent { chunk: 60, ..plain().tracks[0].clone() };
        let granule =
            Granule { start: 1.5 * PI - 0.12, node: f64::from(step) * TAU / 720.0, tracks: vec![extent; 6], ..plain() };
        let tracks = granule.tracks();
        let all = exhaustive(std::slice::from_ref(&job), &tracks);
        let rows: Vec<u64> = all.iter().filter(|(track, _)| *track == 2).map(|(_, row)| *row).collect();
        twice += usize::from(rows.windows(2).any(|pair| pair[1] - pair[0] > 60));
        assert_eq!(planned(std::slice::from_ref(&job), &tracks).rows.unwrap(), all, "{step}");
    }
    assert!(twice > 0, "no pass met it twice");
}

#[test]
fn every_guard_gives_up_what_it_watches() {
    let granule = plain();
    let sound = granule.tracks();
    // A row out of order in the chunk that is read first.
    let mut tracks = sound.clone();
    tracks[0].latitude.swap(100, 140);
    tracks[0].longitude.swap(100, 140);
    assert_given_up(&tracks, &granule, Doubt::Order);
    // Two halves in the wrong order: the last chunk shows it.
    let mut tracks = sound.clone();
    for track in &mut tracks {
        let half = track.latitude.len() / 2;
        track.latitude.rotate_left(half);
        track.longitude.rotate_left(half);
    }
    assert_given_up(&tracks, &granule, Doubt::Order);
    // Rows in reverse.
    let mut tracks = sound.clone();
    for track in &mut tracks {
        track.latitude.reverse();
        track.longitude.reverse();
    }
    assert_given_up(&tracks, &granule, Doubt::Course);
    // The same pass twice over.
    let mut tracks = sound.clone();
    for track in &mut tracks {
        let middle = track.latitude.len() / 2;
        let (latitude, longitude) = (track.latitude[..middle].to_vec(), track.longitude[..middle].to_vec());
        track.latitude.splice(middle..middle, latitude);
        track.longitude.splice(middle..middle, longitude);
    }
    assert_given_up(&tracks, &granule, Doubt::Rows);
    // A sibling of another pass.
    let other = Granule { node: granule.node + 0.3, ..granule.clone() }.tracks();
    let mut tracks = sound.clone();
    tracks[4] = other[4].clone();
    let (longitude, latitude) = granule.place(700.0, 0.0);
    let doubt = planned(&[job(longitude, latitude, 6, Latitude::Spherical)], &tracks).rows.unwrap_err();
    assert!(matches!(doubt, Doubt::Apart(_) | Doubt::Course(_)), "{doubt:?}");
    // A sibling that runs beside the others, too far away.
    let far = Granule { pointing: Pointing { from: 20.0, ..granule.pointing.clone() }, ..granule.clone() }.tracks();
    let mut tracks = sound.clone();
    tracks[4] = far[4].clone();
    assert_given_up(&tracks, &granule, Doubt::Apart);
    // A track that jumps aside.
    let aside = Granule { pointing: Pointing { from: 0.0, shift: 40.0, at: 60.0, slope: 50.0 }, ..granule.clone() };
    assert_given_up(&aside.tracks(), &aside, Doubt::Apart);
}

#[test]
fn chunks_without_places_close_no_bracket() {
    let granule = plain();
    let mut tracks = granule.tracks();
    for track in &mut tracks {
        for chunk in [0, 3, 4, 5, 9] {
            let end = track.latitude.len().min((chunk + 1) * track.chunk);
            track.latitude[(chunk * track.chunk).min(end)..end].fill(f64::NAN);
        }
        track.chunk = 250;
    }
    assert_sound(&granule, &tracks);
}

#[test]
fn a_sibling_tells_the_course_where_the_leader_has_no_place() {
    let granule = plain();
    let mut tracks = granule.tracks();
    tracks.truncate(2);
    tracks[0].latitude.fill(f64::NAN);
    // Of each chunk of the sibling only the row in the middle has a place, of the last one none.
    tracks[1].chunk = 11;
    for (row, latitude) in tracks[1].latitude.iter_mut().enumerate() {
        if row % 11 != 5 {
            *latitude = f64::NAN;
        }
    }
    assert!(tracks[0].latitude.len() >= tracks[1].latitude.len());
    assert_sound(&granule, &tracks);
}

#[test]
fn short_tracks_in_reverse_are_given_up_or_followed_both_ways() {
    // The only track that can be read in part is short, and its sibling lies far ahead.
    let extent = |begins: f64, length: f64, chunk: usize| Extent { begins, length, chunk, ..plain().tracks[0].clone() };
    for step in 0..48 {
        let start = f64::from(step) / 48.0 * TAU;
        let granule = Granule { start, tracks: vec![extent(0.0, 25.0, 1), extent(1900.0, 18.0, 90)], ..plain() };
        let mut tracks = granule.tracks();
        for track in &mut tracks {
            track.latitude.reverse();
            track.longitude.reverse();
        }
        for kilometre in [-100, 0, 12, 24, 500, 1900, 1910, 1920] {
            let (longitude, latitude) = granule.place(f64::from(kilometre), 0.0);
            let job = job(longitude, latitude, 6, Latitude::Spherical);
            if let Ok(rows) = planned(std::slice::from_ref(&job), &tracks).rows {
                assert_eq!(rows, exhaustive(std::slice::from_ref(&job), &tracks), "{step}, at {kilometre} km");
            }
        }
    }
}
