//! The vector kernel gives the cells of the exact path: pseudo-random positions, and positions within a few units in the
//! last place of borders of cells, meridians, the transition latitude and the poles.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use morton::{Cell, InstructionSet, Latitude, LonLat, Order, nested_of_at, nested_of_exact};

const ORDERS: [u8; 7] = [0, 6, 12, 18, 23, 27, 29];

struct XorShift(u64);

impl XorShift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Compares all levels of this machine with the exact path and returns the number of comparisons.
fn compare(order: Order, lon: &[f64], lat: &[f64]) -> usize {
    let mut compared = 0;
    let (mut exact, mut fast) = (vec![0; lon.len()], vec![0; lon.len()]);
    for latitude in [Latitude::Spherical, Latitude::Authalic] {
        nested_of_exact(order, latitude, lon, lat, &mut exact).unwrap();
        for level in [InstructionSet::Portable, InstructionSet::Avx2, InstructionSet::Avx512]
            .into_iter()
            .filter(|l| l.is_available())
        {
            nested_of_at(level, order, latitude, (lon, lat), &mut fast).unwrap();
            for i in 0..lon.len() {
                assert_eq!(fast[i], exact[i], "{level:?} {latitude} order {order}: {:?} {:?}", lon[i], lat[i]);
            }
            compared += lon.len();
        }
    }
    compared
}

#[test]
fn on_random_positions() {
    let mut random = XorShift(0x9E37_79B9_7F4A_7C15);
    let (mut points, mut compared) = (0, 0);
    for order in ORDERS {
        let n = 300_001;
        let lon: Vec<_> = (0..n).map(|_| random.unit() * 1080.0 - 540.0).collect();
        let lat: Vec<_> = (0..n).map(|i| latitude(i, &mut random)).collect();
        compared += compare(Order::new(order).unwrap(), &lon, &lat);
        points += n;
    }
    assert!(points > 2_000_000 && compared >= 2 * points, "{points} {compared}");
}

/// Uniform in degrees, with every third near the equator or a pole.
fn latitude(i: usize, random: &mut XorShift) -> f64 {
    let lat = (2.0 * random.unit() - 1.0) * 90.0;
    match i % 6 {
        0 => lat * 1e-3,
        1 => (90.0 - lat.abs() * 0.02).copysign(lat),
        _ => lat,
    }
}

#[test]
fn on_and_around_borders() {
    let mut random = XorShift(0xD1B5_4A32_D192_ED03);
    let mut points = 0;
    for order in ORDERS {
        let order = Order::new(order).unwrap();
        let (mut lon, mut lat) = (Vec::new(), Vec::new());
        for _ in 0..700 {
            let cell = Cell::new(order, random.next() % order.cells()).unwrap();
            let latitude = if random.next().is_multiple_of(2) { Latitude::Spherical } else { Latitude::Authalic };
            for p in cell.boundary(3, latitude) {
                around(p, &mut random, &mut lon, &mut lat);
            }
        }
        for step in 0..=48 {
            for at in [0.0, 41.810_314_895_778_596, 41.937_853_904_844_985, 90.0, 89.427_042_204_869_18, 30.0] {
                for at in [at, -at] {
                    around(
                        LonLat::degrees(f64::from(step) * 22.5 - 540.0, at).unwrap(),
                        &mut random,
                        &mut lon,
                        &mut lat,
                    );
                }
            }
        }
        points += lon.len();
        compare(order, &lon, &lat);
    }
    assert!(points > 400_000, "{points}");
}

/// Positions from none to about a thousand units in the last place off `p`, and at offsets up to 1e-9 degrees.
fn around(p: LonLat, random: &mut XorShift, lon: &mut Vec<f64>, lat: &mut Vec<f64>) {
    for scale in [0.0, 1.5e-14, 3e-14, 1e-13, 1e-12, 1e-11, 1e-9] {
        lon.push(p.lon() + (2.0 * random.unit() - 1.0) * scale);
        lat.push((p.lat() + (2.0 * random.unit() - 1.0) * scale).clamp(-90.0, 90.0));
    }
}
