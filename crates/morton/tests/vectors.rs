//! The reference vectors of `shared/data/cells/vectors.csv` (healpy, mortie 0.5.2 and mortie 1.0.0), every row and
//! every column.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use morton::{Cell, Latitude, LonLat, Order, geodetic_to_authalic, nested_of, nested_of_exact};
use std::{collections::HashMap, fmt::Debug, str::FromStr};

const ROWS: usize = 5004;
/// Degrees (0.2 mm) by which a position is moved to see whether it lies on a border.
const NUDGE: f64 = 2e-9;

struct Vectors {
    column: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Vectors {
    fn load(test: &str) -> Option<Self> {
        let text = std::fs::read_to_string(testing::shared("data/cells/vectors.csv", test)?).unwrap();
        let mut rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let column = rows.next().unwrap().into_iter().enumerate().map(|(i, name)| (name, i)).collect();
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), ROWS);
        Some(Self { column, rows })
    }

    fn column<T: FromStr<Err: Debug>>(&self, name: &str) -> Vec<T> {
        let i = self.column[name];
        self.rows.iter().map(|row| row[i].parse().unwrap()).collect()
    }
}

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn cell(at: u8, nested: u64) -> Cell {
    Cell::new(order(at), nested).unwrap()
}

#[test]
fn healpy_cells_on_every_row() {
    let Some(v) = Vectors::load("healpy_cells_on_every_row") else { return };
    let (lon, lat) = (v.column::<f64>("lon"), v.column::<f64>("lat"));
    let mut compared = 0;
    for (at, name) in [(18, "nested18_healpy"), (29, "nested29_healpy")] {
        let expected = v.column::<u64>(name);
        let (mut fast, mut exact) = (vec![0; ROWS], vec![0; ROWS]);
        nested_of(order(at), Latitude::Spherical, &lon, &lat, &mut fast).unwrap();
        nested_of_exact(order(at), Latitude::Spherical, &lon, &lat, &mut exact).unwrap();
        for i in 0..ROWS {
            assert_eq!((fast[i], exact[i]), (expected[i], expected[i]), "order {at}: {:?}", &v.rows[i][..3]);
            compared += 1;
        }
    }
    assert_eq!(compared, 2 * ROWS);
}

#[test]
fn labels_on_every_row() {
    let Some(v) = Vectors::load("labels_on_every_row") else { return };
    let (n18, n29) = (v.column::<u64>("nested18_healpy"), v.column::<u64>("nested29_healpy"));
    let (d18, d12, d6) = (
        v.column::<i64>("decimal18_mortie052"),
        v.column::<i64>("decimal12_mortie052"),
        v.column::<i64>("decimal6_mortie052"),
    );
    let p29 = v.column::<u64>("packed29_area_of_healpy_nested29");
    for i in 0..ROWS {
        let fine = cell(18, n18[i]);
        for (at, id) in [(18, d18[i]), (12, d12[i]), (6, d6[i])] {
            let cell = fine.parent(order(at)).unwrap();
            assert_eq!(cell.decimal(), Ok(id));
            assert_eq!(Cell::from_decimal(id), Ok(cell));
        }
        assert_eq!(cell(29, n29[i]).packed(), p29[i]);
        assert_eq!(Cell::from_packed(p29[i]), Ok(cell(29, n29[i])));
    }
}

#[test]
fn mortie_words_on_every_row() {
    let Some(v) = Vectors::load("mortie_words_on_every_row") else { return };
    let n18 = v.column::<u64>("nested18_mortie1_spherical");
    let w18 = v.column::<u64>("packed18_area_mortie1_spherical");
    let w29 = v.column::<u64>("packed29_area_mortie1_spherical");
    let points = v.column::<u64>("packed29_point_mortie1_spherical");
    let authalic = v.column::<u64>("packed29_point_mortie1_authalic");
    let (w12, w6) =
        (v.column::<u64>("packed12_area_mortie1_authalic"), v.column::<u64>("packed6_area_mortie1_authalic"));
    let text = v.column::<String>("decimal_string_packed12_authalic");
    for i in 0..ROWS {
        assert_eq!(cell(18, n18[i]).packed(), w18[i]);
        let fine = Cell::from_packed(w29[i]).unwrap();
        assert_eq!(fine.parent(order(18)).unwrap().nested(), n18[i]);
        assert_eq!(Cell::packed_point(fine.nested()), Ok(points[i]));
        assert_eq!(Cell::from_packed_point(points[i]), Ok(fine));
        assert!(Cell::from_packed(points[i]).is_err() && Cell::from_packed_point(w29[i]).is_err());
        let point = Cell::from_packed_point(authalic[i]).unwrap();
        for (at, word) in [(12, w12[i]), (6, w6[i])] {
            assert_eq!(Cell::from_packed(word), point.parent(order(at)));
            assert_eq!(format!("packed:{word}").parse(), point.parent(order(at)));
        }
        assert_eq!(text[i].parse(), Cell::from_packed(w12[i]));
        assert_eq!(Cell::from_packed(w12[i]).unwrap().to_string(), text[i]);
    }
}

#[test]
fn authalic_latitude_and_cells() {
    let Some(v) = Vectors::load("authalic_latitude_and_cells") else { return };
    let (lon, lat) = (v.column::<f64>("lon"), v.column::<f64>("lat"));
    let beta = v.column::<f64>("authalic_lat_mortie1");
    let words = [
        (12, v.column::<u64>("packed12_area_mortie1_authalic")),
        (6, v.column::<u64>("packed6_area_mortie1_authalic")),
    ];
    let (mut equal, mut on_borders) = (0, 0);
    for i in 0..ROWS {
        let ulp = beta[i].abs().next_up() - beta[i].abs();
        let ours = geodetic_to_authalic(lat[i]);
        assert!((ours - beta[i]).abs() <= 2.0 * ulp, "{} {ours} {}", lat[i], beta[i]);
        for (at, words) in &words {
            let at = Cell::at(LonLat::degrees(lon[i], lat[i]).unwrap(), order(*at), Latitude::Authalic).unwrap();
            if at.packed() == words[i] {
                equal += 1;
            } else {
                assert!(on_border(lon[i], lat[i], at.order(), Latitude::Authalic), "{:?}", &v.rows[i][..3]);
                on_borders += 1;
            }
        }
    }
    // mortie's border rules are its own
    assert_eq!((equal, on_borders), (9612, 396));
}

/// mortie 1.0.0 and healpy differ at borders and, at order 29, by mortie's truncated constant; not elsewhere.
#[test]
fn mortie_spherical_cells_off_borders() {
    let Some(v) = Vectors::load("mortie_spherical_cells_off_borders") else { return };
    let (lon, lat) = (v.column::<f64>("lon"), v.column::<f64>("lat"));
    let expected = v.column::<u64>("nested18_mortie1_spherical");
    let mut out = vec![0; ROWS];
    nested_of(order(18), Latitude::Spherical, &lon, &lat, &mut out).unwrap();
    let differ: Vec<_> = (0..ROWS).filter(|&i| out[i] != expected[i]).collect();
    assert_eq!(differ.len(), 1288);
    for i in differ {
        assert!(on_border(lon[i], lat[i], order(18), Latitude::Spherical), "{:?}", &v.rows[i][..3]);
    }
}

/// Whether a cell other than that of the position is within [`NUDGE`] of it.
fn on_border(lon: f64, lat: f64, order: Order, latitude: Latitude) -> bool {
    let mut lons = Vec::new();
    let mut lats = Vec::new();
    for dx in [-NUDGE, 0.0, NUDGE] {
        for dy in [-NUDGE, 0.0, NUDGE] {
            lons.push(lon + dx);
            lats.push((lat + dy).clamp(-90.0, 90.0));
        }
    }
    let mut out = [0; 9];
    nested_of_exact(order, latitude, &lons, &lats, &mut out).unwrap();
    out.iter().any(|p| *p != out[0])
}
