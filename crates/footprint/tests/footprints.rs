//! Cells of footprints against an exhaustive interior test that shares nothing with this crate (make_footprints.py).
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use footprint::{CellFinder, Footprint, MARGIN_KM, OrbitArc};
use morton::{Latitude, Order};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    polygons: Vec<Vec<Vec<[f64; 2]>>>,
    #[serde(default)]
    boxes: Vec<[f64; 4]>,
    spherical: BTreeSet<u64>,
    authalic: BTreeSet<u64>,
}

impl Case {
    fn footprint(&self) -> Footprint {
        Footprint { polygons: self.polygons.clone(), boxes: self.boxes.clone(), ..Footprint::default() }
    }
}

/// A piece of an orbit and the cells that its six beams cross (make_orbits.py).
#[derive(Deserialize)]
struct Piece {
    name: String,
    /// Pointed beside the track.
    beside: bool,
    orbit: OrbitArc,
    spherical: BTreeSet<u64>,
    authalic: BTreeSet<u64>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/footprints.json")).unwrap()
}

#[test]
fn no_pair_is_missing_and_few_are_too_many() {
    let order = Order::new(6).unwrap();
    let cases = cases();
    assert_eq!(cases.len(), 59 + 11);
    for latitude in [Latitude::Spherical, Latitude::Authalic] {
        let mut finder = CellFinder::new(order, latitude, MARGIN_KM, None);
        let (mut real, mut real_extra, mut all, mut all_extra) = (0, 0, 0, 0);
        for case in &cases {
            let expected = if latitude == Latitude::Spherical { &case.spherical } else { &case.authalic };
            let (cells, known) = finder.cells(&case.footprint());
            assert!(known, "{}", case.name);
            let found: BTreeSet<u64> = cells.iter().map(|cell| cell.nested()).collect();
            let missing: Vec<&u64> = expected.difference(&found).collect();
            assert!(missing.is_empty(), "{} {latitude}: {missing:?} are missing", case.name);
            let extra = found.difference(expected).count();
            all += expected.len();
            all_extra += extra;
            if case.name.starts_with("ATL03") {
                real += expected.len();
                real_extra += extra;
            } else {
                println!("{latitude:9} {:50} {:5} cells, {extra} more", case.name, expected.len());
            }
        }
        println!("{latitude}: {real} real pairs, {real_extra} more; {all} pairs in all, {all_extra} more");
        assert!(real > 2500 && real_extra * 20 < real, "{real_extra} of {real}");
        assert!(all_extra * 20 < all, "{all_extra} of {all}");
    }
}

#[test]
fn orbits_list_every_cell_of_the_six_beams_and_few_others() {
    let order = Order::new(6).unwrap();
    let pieces: Vec<Piece> = serde_json::from_str(include_str!("fixtures/orbits.json")).unwrap();
    assert_eq!(pieces.len(), 2 + 6 * 12 + 8);
    for latitude in [Latitude::Spherical, Latitude::Authalic] {
        let mut finder = CellFinder::new(order, latitude, MARGIN_KM, None);
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (at, piece) in pieces.iter().enumerate() {
            let expected = if latitude == Latitude::Spherical { &piece.spherical } else { &piece.authalic };
            let (cells, known) =
                finder.cells(&Footprint { orbit: Some((piece.orbit.clone(), None)), ..Footprint::default() });
            assert!(known, "{}", piece.name);
            let found: BTreeSet<u64> = cells.iter().map(|cell| cell.nested()).collect();
            let missing: Vec<&u64> = expected.difference(&found).collect();
            assert!(missing.is_empty(), "{} {latitude}: {missing:?} are missing", piece.name);
            let extra = found.difference(expected).count();
            // The two real records on their own; the others in sum, for a piece has some 35 cells.
            assert!(at > 1 || extra * 10 < expected.len(), "{} {latitude}: {extra} of {}", piece.name, expected.len());
            let region = piece.name.split(" from").next().unwrap();
            for kind in [region, if piece.beside { "beside land" } else { "polar" }] {
                let (all, more) = counts.entry(kind.to_owned()).or_default();
                (*all, *more) = (*all + expected.len(), *more + extra);
            }
        }
        println!("{latitude}: cells of the beams, and others, by kind: {counts:?}");
        let (all, more) = counts["polar"];
        assert!(all > 2500 && more * 10 < all, "{more} of {all}");
    }
}

#[test]
fn a_wider_margin_only_adds_and_a_list_of_cells_only_takes_away() {
    let order = Order::new(7).unwrap();
    let wanted: BTreeSet<u64> = (0..order.cells()).step_by(3).collect();
    let mut none = CellFinder::new(order, Latitude::Spherical, 0.0, None);
    let mut wide = CellFinder::new(order, Latitude::Spherical, 20.0, None);
    let mut some = CellFinder::new(order, Latitude::Spherical, 0.0, Some(&wanted));
    let mut added = 0;
    for case in cases().iter().skip(50) {
        let footprint = case.footprint();
        let narrow: BTreeSet<_> = none.cells(&footprint).0.into_iter().collect();
        let wide: BTreeSet<_> = wide.cells(&footprint).0.into_iter().collect();
        assert!(narrow.is_subset(&wide), "{}", case.name);
        added += wide.len() - narrow.len();
        let expected: Vec<_> = narrow.iter().copied().filter(|cell| wanted.contains(&cell.nested())).collect();
        assert_eq!(some.cells(&footprint).0, expected, "{}", case.name);
    }
    assert!(added > 500, "{added}");
}

#[test]
fn an_unknown_extent_may_be_anywhere() {
    let order = Order::new(2).unwrap();
    let mut finder = CellFinder::new(order, Latitude::Spherical, MARGIN_KM, None);
    let (cells, known) = finder.cells(&Footprint::default());
    assert_eq!((cells.len(), known), (192, false));
    let half = vec![vec![vec![[0.0, 0.0], [120.0, 1.0], [240.0, -1.0]]]];
    let (cells, known) = finder.cells(&Footprint { polygons: half, ..Footprint::default() });
    assert_eq!((cells.len(), known), (192, false));
    // Two corners are a line, one a point: both are somewhere.
    let line = vec![vec![vec![[10.0, 10.0], [10.2, 10.1], [10.0, 10.0]]]];
    assert_eq!(finder.cells(&Footprint { polygons: line, ..Footprint::default() }).0.len(), 1);
    assert_eq!(finder.cells(&Footprint { lines: vec![vec![[10.0, 10.0]]], ..Footprint::default() }).0.len(), 1);
}
