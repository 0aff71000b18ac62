//! Real granules.
use crate::{block_on, shared};
use catalog::crossed_cells;
use footprint::{CellFinder, Direction, Footprint, MARGIN_KM, OrbitArc};
use hdf5_pure::AsyncFile;
use morton::{Latitude, LonLat, Order};
use pipeline::{GranuleName, NamePattern};
use std::collections::BTreeSet;
use storage::{Clients, Options};

/// The arcs of an orbit by the number in the name (ATL06's users' guide): latitude and direction at start and end.
fn arc_of(region: u8, crossing: f64) -> OrbitArc {
    use Direction::{Ascending as A, Descending as D};
    let ((start_latitude, start_direction), (end_latitude, end_direction)) = match region {
        2 => ((27.0, A), (59.5, A)),
        3 => ((59.5, A), (80.0, A)),
        5 => ((80.0, D), (59.5, D)),
        6 => ((59.5, D), (27.0, D)),
        11 => ((-79.0, D), (-79.0, A)),
        other => panic!("region {other}"),
    };
    OrbitArc { ascending_crossing: crossing, start_latitude, start_direction, end_latitude, end_direction }
}

/// Crossing of a reference ground track, from that of the two recorded answers: 23.6 degrees less for every revolution.
/// What the name of a granule of ATL03, which its tests are of, says.
fn named(file: &str) -> Option<GranuleName> {
    let pattern = "ATL03_{time:14}_{rgt:4}{cycle:2}{region:2}_{release:3}_{version:2}".to_owned();
    NamePattern::try_from(pattern).unwrap().read(file)
}

/// A number in a granule's name.
fn number<N: TryFrom<u64>>(name: &GranuleName, field: &str) -> N {
    name.number(field).and_then(|number| N::try_from(number).ok()).unwrap()
}

fn crossing(rgt: u16) -> f64 {
    -0.1274 - f64::from(rgt - 1) * 360.0 * 91.0 / 1387.0
}

#[test]
fn rows_of_real_granules_lie_in_the_cells_of_their_orbits() {
    let Some(data) = shared("rows_of_real_granules_lie_in_the_cells_of_their_orbits") else { return };
    let clients = Clients::new(Options::default());
    let product = products::built_in("ATL06").unwrap();
    let granules = block_on(clients.expand(data.join("atl06").to_str().unwrap())).unwrap();
    assert_eq!(granules.len(), 5);
    let mut pairs = 0;
    for granule in granules {
        let name = products::granule_name(&granule.name()).unwrap();
        let file = block_on(AsyncFile::open(clients.open(&granule).unwrap())).unwrap();
        let lan = block_on(node(&file));
        assert!(
            (lan - crossing(number(&name, "rgt")))
                .rem_euclid(360.0)
                .min((crossing(number(&name, "rgt")) - lan).rem_euclid(360.0))
                < 0.05
        );
        for order in [6, 9] {
            let order = Order::new(order).unwrap();
            let source = clients.open(&granule).unwrap();
            let crossed = block_on(crossed_cells(&granule.name(), &source, &product, order, Latitude::Spherical));
            let crossed = crossed.unwrap().cells;
            let mut finder = CellFinder::new(order, Latitude::Spherical, MARGIN_KM, None);
            let orbit = Some((arc_of(number(&name, "region"), lan), None));
            let cells = finder.cells(&Footprint { orbit, ..Footprint::default() }).0;
            let cells: BTreeSet<_> = cells.into_iter().collect();
            pairs += crossed.len();
            assert!(crossed.keys().all(|cell| cells.contains(cell)), "{} {order}", granule.name());
        }
    }
    assert!(pairs > 100, "{pairs}");
}

/// `/orbit_info/lan`: longitude of the ascending node.
async fn node<S: byte_ranges::Source>(file: &AsyncFile<S>) -> f64 {
    file.dataset("/orbit_info/lan").await.unwrap().read::<f64>().await.unwrap()[0]
}

/// The 213 real granules that someone found at one busy place at 88 S, by name alone: all of their ground tracks turn
/// within a few tens of kilometres of one another there.
#[test]
fn the_granules_of_a_busy_place_turn_there() {
    let Some(data) = shared("the_granules_of_a_busy_place_turn_there") else { return };
    let text = std::fs::read(data.join("catalog/atl03_88S_cycle22_granules.json")).unwrap();
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    let place = LonLat::degrees(140.0, -87.9).unwrap().unit_vector();
    let mut near = 0;
    for granule in &listed {
        let name = named(granule["id"].as_str().unwrap()).unwrap();
        assert_eq!((name.number("cycle"), name.number("region")), (Some(22), Some(11)));
        let distance = |point: &[f64; 2]| {
            let at = LonLat::degrees(point[0], point[1]).unwrap().unit_vector();
            6371.0 * (0..3).map(|i| (at[i] - place[i]).powi(2)).sum::<f64>().sqrt()
        };
        let track = arc_of(11, crossing(number(&name, "rgt"))).track(None);
        near += usize::from(track.iter().map(distance).fold(f64::INFINITY, f64::min) < 45.0);
    }
    assert_eq!((near, listed.len()), (213, 213));
}

/// Orbits made up from the names of 59 real footprints hold those: the formula, and the pointing of seven years at middle
/// latitudes. The footprints reach 6.25 km to either side and the beams 3.35 km: a footprint may touch a cell that no beam
/// does, so that much is added to the orbits here.
#[test]
fn orbits_hold_the_real_footprints_of_their_tracks() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../footprint/tests/fixtures/footprints.json")).unwrap();
    let order = Order::new(6).unwrap();
    let mut drawn = CellFinder::new(order, Latitude::Spherical, MARGIN_KM, None);
    let mut flown = CellFinder::new(order, Latitude::Spherical, MARGIN_KM + 2.9, None);
    let (mut pairs, mut lost) = (0, 0);
    for case in &cases {
        let Some(name) = named(case["name"].as_str().unwrap()) else { continue };
        let polygons = serde_json::from_value(case["polygons"].clone()).unwrap();
        let own: BTreeSet<_> = drawn.cells(&Footprint { polygons, ..Footprint::default() }).0.into_iter().collect();
        let orbit = Some((arc_of(number(&name, "region"), crossing(number(&name, "rgt"))), None));
        let cells: BTreeSet<_> = flown.cells(&Footprint { orbit, ..Footprint::default() }).0.into_iter().collect();
        pairs += own.len();
        lost += own.difference(&cells).count();
    }
    assert!(pairs > 2500 && lost == 0, "{lost} of {pairs}");
}
