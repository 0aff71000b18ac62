//! Small tables from healpy and mortie (make_fixtures.py), for clones without the shared vectors.

use morton::{Cell, Compass, Latitude, LonLat, Order, geodetic_to_authalic, nested_of, nested_of_exact};

fn table(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

#[test]
fn points() {
    let rows = table(include_str!("data/points.csv"));
    let column = |i: usize| rows.iter().map(|r| r[i].parse::<f64>().unwrap()).collect::<Vec<_>>();
    let (lon, lat, authalic) = (column(0), column(1), column(4));
    let mut compared = 0;
    for (order, column) in [(18, 2), (29, 3)] {
        let order = Order::new(order).unwrap();
        let (mut fast, mut exact) = (vec![0; rows.len()], vec![0; rows.len()]);
        nested_of(order, Latitude::Spherical, &lon, &lat, &mut fast).unwrap();
        nested_of_exact(order, Latitude::Spherical, &lon, &lat, &mut exact).unwrap();
        for (i, row) in rows.iter().enumerate() {
            let expected: u64 = row[column].parse().unwrap();
            let one = Cell::at(LonLat::degrees(lon[i], lat[i]).unwrap(), order, Latitude::Spherical).unwrap();
            assert_eq!([fast[i], exact[i], one.nested()], [expected; 3], "order {order}: {row:?}");
            compared += 1;
        }
    }
    for i in 0..rows.len() {
        let ulp = authalic[i].abs().next_up() - authalic[i].abs();
        assert!((geodetic_to_authalic(lat[i]) - authalic[i]).abs() <= 3.0 * ulp, "{:?}", rows[i]);
    }
    assert_eq!(compared, 2 * 176);
}

/// healpy's own positions carry errors of a few 1e-15 of z = sin(latitude), so towards a pole the tolerance grows.
#[test]
fn centres_and_outlines() {
    let rows = table(include_str!("data/outlines.csv"));
    let mut compared = 0;
    for row in &rows {
        let order = Order::new(row[0].parse().unwrap()).unwrap();
        let cell = Cell::new(order, row[1].parse().unwrap()).unwrap();
        let ours = std::iter::once(cell.centre()).chain(cell.boundary(3, Latitude::Spherical));
        let numbers: Vec<f64> = row[2..].iter().map(|v| v.parse().unwrap()).collect();
        for (p, expected) in ours.zip(numbers.chunks_exact(2)) {
            let parallel = p.lat().to_radians().cos();
            assert!((p.lat() - expected[1]).abs() < 1e-12 + 1e-13 / parallel.max(1e-3), "{row:?} {p:?}");
            let turn = (p.lon() - expected[0] + 540.0).rem_euclid(360.0) - 180.0;
            assert!(turn.abs() * parallel < 1e-12, "{row:?} {p:?}");
            compared += 1;
        }
        // the same outline on the Earth lies in the same cell
        for p in cell.boundary(3, Latitude::Authalic) {
            let inwards = |a: f64, b: f64| a + (b - a) * 1e-3;
            let c = cell.centre_in(Latitude::Authalic);
            let p = LonLat::degrees(inwards(p.lon(), c.lon()), inwards(p.lat(), c.lat())).unwrap();
            if order.get() > 2 && order.get() < 20 {
                assert_eq!(Cell::at(p, order, Latitude::Authalic), Ok(cell));
            }
        }
    }
    assert_eq!(compared, 13 * 60);
}

#[test]
fn neighbours() {
    let mut compared = 0;
    for row in table(include_str!("data/neighbours.csv")) {
        let order = Order::new(row[0].parse().unwrap()).unwrap();
        let cell = Cell::new(order, row[1].parse().unwrap()).unwrap();
        let found = Compass::ALL.map(|to| cell.neighbour(to).map_or(-1, |cell| i64::try_from(cell.nested()).unwrap()));
        let expected: Vec<i64> = row[2..].iter().map(|number| number.parse().unwrap()).collect();
        assert_eq!(found.as_slice(), expected, "{row:?}");
        assert_eq!(cell.neighbours().count(), expected.iter().filter(|number| **number >= 0).count());
        compared += 1;
    }
    assert!(compared > 600, "{compared}");
}
