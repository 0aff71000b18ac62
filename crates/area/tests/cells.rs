//! The cells of hostile regions, against every centre of the sphere.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test may stop; an index into a short list"
)]

use area::{Clip, Crs, Interest, ranges_of};
use morton::{Cell, Latitude, Order};
use std::collections::BTreeSet;

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.next()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() * from.len() as f64) as usize]
    }

    /// A star, a sliver or a tangle around a point.
    fn ring(&mut self, [x, y]: [f64; 2], size: f64) -> Vec<[f64; 2]> {
        let corners = self.pick(&[3, 4, 7, 30]);
        let (flat, turn) = (self.pick(&[1.0, 1.0, 0.3, 1e-3]), self.between(0.0, 6.3));
        let tangled = self.next() < 0.2;
        let mut ring: Vec<[f64; 2]> = (0..corners)
            .map(|corner| {
                let share = f64::from(corner) / f64::from(corners);
                let angle = std::f64::consts::TAU * if tangled { self.next() } else { share };
                let radius = size * self.between(0.5, 1.0);
                let (u, v) = (radius * angle.cos(), flat * radius * angle.sin());
                [x + u * turn.cos() - v * turn.sin(), y + u * turn.sin() + v * turn.cos()]
            })
            .collect();
        if self.next() < 0.5 {
            ring.reverse();
        }
        if self.next() < 0.5 {
            ring.push(ring[0]);
        }
        ring
    }

    /// Polygons with holes, islands in them and others that overlap.
    fn parts(&mut self, centre: [f64; 2], size: f64) -> Vec<Vec<Vec<[f64; 2]>>> {
        let mut parts = vec![vec![self.ring(centre, size)]];
        if self.next() < 0.5 {
            parts[0].push(self.ring(centre, size * 0.4));
            parts.push(vec![self.ring(centre, size * 0.15)]);
        }
        if self.next() < 0.3 {
            parts.push(vec![self.ring([centre[0] + size * 0.7, centre[1]], size * 0.5)]);
        }
        parts
    }
}

fn region(parts: &[Vec<Vec<[f64; 2]>>], crs: &str) -> Result<Interest, area::Error> {
    let ring = |ring: &Vec<[f64; 2]>| {
        let points: Vec<String> = ring.iter().map(|[x, y]| format!("{x} {y}")).collect();
        format!("({})", points.join(","))
    };
    let polygon = |rings: &Vec<Vec<[f64; 2]>>| format!("({})", rings.iter().map(ring).collect::<Vec<_>>().join(","));
    let polygons: Vec<String> = parts.iter().map(polygon).collect();
    Interest::parse(&format!("MULTIPOLYGON({})", polygons.join(",")), Some(crs))
}

/// Regions over poles, 180 and the equator, as large as half the Earth and as small as a cell.
fn hostile(random: &mut Random) -> (String, Vec<Vec<Vec<[f64; 2]>>>) {
    let crs = random.pick(&[
        "EPSG:4326",
        "EPSG:4326",
        "EPSG:3031",
        "EPSG:3413",
        "EPSG:5938",
        "EPSG:6931",
        "EPSG:3409",
        "EPSG:3857",
        "EPSG:32624",
        "+proj=lcc +lat_1=30 +lat_2=60 +lon_0=10 +ellps=GRS80",
        "+proj=aea +lat_1=-20 +lat_2=-60 +lon_0=170 +ellps=WGS84",
        "+proj=utm +zone=33 +ellps=intl +towgs84=-87,-98,-121",
    ]);
    let parts = if crs == "EPSG:4326" {
        match random.pick(&[0, 1, 2, 3]) {
            // Around a pole, in steps that go the short way round.
            0 => {
                let (side, steps) = (random.pick(&[1.0, -1.0]), random.pick(&[3, 5, 20]));
                let (begin, direction) = (random.between(-180.0, 180.0), random.pick(&[1.0, -1.0]));
                let mut ring: Vec<[f64; 2]> = (0..steps)
                    .map(|step| {
                        let lon = begin + direction * f64::from(step) * 360.0 / f64::from(steps);
                        [(lon + 180.0_f64).rem_euclid(360.0) - 180.0, side * random.between(2.0, 89.9)]
                    })
                    .collect();
                ring.push(ring[0]);
                vec![vec![ring]]
            }
            // Cut at 180, down to the pole.
            1 => {
                let top = random.between(-80.0, 80.0);
                let middle = random.between(-100.0, 100.0);
                let ring = vec![
                    [-180.0, -90.0],
                    [180.0, -90.0],
                    [180.0, top],
                    [middle, random.between(-60.0, 85.0)],
                    [-180.0, top],
                ];
                vec![vec![ring]]
            }
            _ => {
                let size = random.pick(&[0.5, 5.0, 30.0, 80.0]);
                let lat = random.between(size - 90.0, 90.0 - size).clamp(-89.0, 89.0);
                let lon = random.pick(&[0.0, 179.9, -180.0, 55.0, 400.0]);
                random.parts([lon, lat], size)
            }
        }
    } else {
        let system = Crs::parse(crs).unwrap();
        let lat = random.pick(&[-89.0, -75.0, -40.0, 5.0, 50.0, 72.0, 89.9]);
        let centre = system.forward(random.between(-180.0, 180.0), lat).unwrap_or([0.0, 0.0]);
        random_size(random, centre)
    };
    (crs.to_owned(), parts)
}

fn random_size(random: &mut Random, centre: [f64; 2]) -> Vec<Vec<Vec<[f64; 2]>>> {
    let size = random.pick(&[5e4, 3e5, 2e6, 8e6]);
    random.parts(centre, size)
}

fn every_centre(region: &Interest, order: Order, latitude: Latitude) -> Vec<u64> {
    (0..order.cells())
        .filter(|&id| {
            let centre = Cell::new(order, id).unwrap().centre_in(latitude);
            region.contains(centre.lon(), centre.lat())
        })
        .collect()
}

#[test]
fn the_kept_cells_are_those_whose_centre_is_inside() {
    let cases = std::env::var("AREA_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(120);
    let (order, parent) = (Order::new(5).unwrap(), Order::new(3).unwrap());
    let (mut seen, mut cells) = (0, 0);
    for seed in 0..cases {
        let mut random = Random(seed);
        let (crs, parts) = hostile(&mut random);
        let latitude = random.pick(&[Latitude::Spherical, Latitude::Authalic]);
        // Some leave the part of the Earth that their system maps.
        let Ok(region) = region(&parts, &crs) else { continue };
        let inside = every_centre(&region, order, latitude);
        let kept = |clip| region.kept(order, parent, latitude, clip).unwrap();
        assert_eq!(kept(Clip::Centre), ranges_of(&inside), "seed {seed}, {crs}, {parts:?}");
        let touched: BTreeSet<u64> = kept(Clip::Touch).into_iter().flatten().collect();
        let parents: BTreeSet<u64> = region.touched(parent, latitude).unwrap().into_iter().collect();
        assert!(touched.iter().all(|id| parents.contains(&(id >> 4))), "seed {seed}: a parent is missing");
        // What has a point inside is touched.
        if seed % 4 == 0 {
            let fine = every_centre(&region, Order::new(7).unwrap(), latitude);
            let missing = fine.into_iter().find(|id| !touched.contains(&(id >> 4)));
            assert_eq!(missing, None, "seed {seed}, {crs}, {parts:?}");
        }
        assert_eq!(
            kept(Clip::None),
            ranges_of(&parents.iter().flat_map(|id| id << 4..(id + 1) << 4).collect::<Vec<_>>())
        );
        seen += 1;
        cells += inside.len();
    }
    println!("{seen} regions of {cases}, {cells} cells");
    assert!(seen > cases / 2, "{seen}");
}

#[test]
fn a_cell_that_is_touched_comes_within_metres_of_the_region() {
    // A square in metres around the pole: the cells that its border crosses, and those inside.
    let (order, half) = (Order::new(9).unwrap(), 200e3);
    let crs = Crs::of_number(3031).unwrap();
    let region = Interest::parse(&format!("-{half},-{half},{half},{half}"), Some("EPSG:3031")).unwrap();
    for id in region.touched(order, Latitude::Spherical).unwrap() {
        let outline = Cell::new(order, id).unwrap().boundary(64, Latitude::Spherical);
        let beside = |x: f64, y: f64| (x.abs() - half).max(y.abs() - half);
        let nearest = outline.iter().filter_map(|at| crs.forward(at.lon(), at.lat())).map(|[x, y]| beside(x, y));
        // Between two of the 256 points of an outline there are some 200 m.
        assert!(nearest.fold(f64::INFINITY, f64::min) < 110.0, "{id}");
    }
}

#[test]
fn one_basin_in_two_systems_has_the_same_cells_where_its_corners_are_near_each_other() {
    // 5,000 corners, half a kilometre apart: edges that are straight in one system are 0.1 m beside those of the other.
    let crs = Crs::of_number(3031).unwrap();
    let corner = |turn: i32| {
        let angle = f64::from(turn) * std::f64::consts::TAU / 5000.0;
        let radius = 350e3 * (1.0 + 0.1 * (7.0 * angle).sin());
        [radius * angle.cos() + 20e3, radius * angle.sin()]
    };
    let metres: Vec<[f64; 2]> = (0..5000).map(corner).collect();
    let degrees: Vec<[f64; 2]> = metres.iter().map(|&[x, y]| crs.inverse(x, y).unwrap()).collect();
    let (order, parent) = (Order::new(10).unwrap(), Order::new(6).unwrap());
    for latitude in [Latitude::Spherical, Latitude::Authalic] {
        let [one, other] = [(&metres, "EPSG:3031"), (&degrees, "EPSG:4326")].map(|(ring, crs)| {
            region(&[vec![ring.clone()]], crs).unwrap().kept(order, parent, latitude, Clip::Centre).unwrap()
        });
        assert_eq!(one, other);
    }
}

#[test]
fn too_many_cells_are_an_error() {
    let region = Interest::parse("greenland", None).unwrap();
    let fine = Order::new(29).unwrap();
    for clip in [Clip::Centre, Clip::Touch] {
        let error = region.kept(fine, Order::new(6).unwrap(), Latitude::Spherical, clip).unwrap_err();
        assert!(error.to_string().contains("coarser order"));
    }
    // A pole hut has room for all of its cells.
    let small = Interest::parse("-5,-5,5,5", Some("EPSG:3031")).unwrap();
    let cells = small.kept(Order::new(24).unwrap(), Order::new(18).unwrap(), Latitude::Authalic, Clip::Centre).unwrap();
    let size = 510.07e12 / Order::new(24).unwrap().cells() as f64;
    let area = cells.iter().map(|range| range.end - range.start).sum::<u64>() as f64 * size;
    // True to scale at 71 S, the map shrinks areas by 5 % at the pole.
    assert!((area * 0.9728_f64.powi(2) / 100.0 - 1.0).abs() < 0.01, "{area}");
    let world = Interest::parse("-180,-90,180,90", None).unwrap();
    assert!(world.touched(Order::new(12).unwrap(), Latitude::Spherical).is_err());
    assert!(world.kept(Order::new(3).unwrap(), Order::new(6).unwrap(), Latitude::Spherical, Clip::None).is_err());
}

#[test]
fn a_region_that_leaves_its_map_is_refused() {
    for (crs, ring, word) in [
        // Beyond the disc on which the equal-area map has the whole sphere.
        ("EPSG:6931", vec![[0.0, 0.0], [1.3e7, 0.0], [1.3e7, 1e6]], "leaves the part"),
        ("EPSG:32624", vec![[5e5, 7e6], [1.4e7, 7e6], [5e5, 8e6]], "leaves the part"),
        ("EPSG:3857", vec![[1.9e7, 0.0], [2.1e7, 0.0], [2e7, 1e6]], "leaves the part"),
        // Across the gap between the ends of a rolled-out cone.
        ("+proj=lcc +lat_1=30 +lat_2=60 +ellps=WGS84", vec![[-2e6, 2e7], [2e6, 2e7], [0.0, 2.2e7]], "leaves the part"),
        ("EPSG:3031", vec![[0.0, 0.0], [1e300, 0.0], [0.0, 1e300]], "leaves the part"),
        ("EPSG:3031", vec![[0.0, 0.0], [f64::INFINITY, 0.0], [0.0, 1.0]], "no place in EPSG:3031"),
        ("EPSG:4326", vec![[0.0, 0.0], [800.0, 0.0], [0.0, 1.0]], "longitude comes first"),
    ] {
        let said = region(&[vec![ring]], crs).unwrap_err().to_string();
        assert!(said.contains(word), "{crs}: {said}");
    }
}

#[test]
fn an_outline_is_drawn_in_short_steps_and_closed() {
    let region = Interest::parse("-1000000,-1000000,1000000,1000000", Some("EPSG:3031")).unwrap();
    let [ring] = region.outline(5.0).unwrap().try_into().unwrap();
    assert_eq!(ring.first(), ring.last());
    let vector = |[lon, lat]: [f64; 2]| morton::LonLat::degrees(lon, lat).unwrap().unit_vector();
    let km = |a: [f64; 2], b: [f64; 2]| {
        6371.0 * vector(a).iter().zip(vector(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    assert!(ring.windows(2).all(|pair| km(pair[0], pair[1]) <= 5.001));
    let length: f64 = ring.windows(2).map(|pair| km(pair[0], pair[1])).sum();
    // 8,000 km on a map that is 1.0 to 2.7 % smaller than the ground.
    assert!((8080.0..8230.0).contains(&length), "{length}");
    let around = Interest::parse("antarctica", None).unwrap().outline(20.0).unwrap();
    assert!(around.iter().any(|ring| (ring[0][0] - ring[ring.len() - 1][0]).abs() > 359.0));
}
