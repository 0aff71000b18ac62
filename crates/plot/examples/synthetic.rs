//! Writes maps of made-up values over real cell shapes, for judging the look:
//! `cargo run -p plot --example synthetic -- FOLDER`.

#![expect(clippy::cast_possible_truncation, reason = "made-up values")]

use std::error::Error;
use std::path::Path;

use plot::{ColourMap, Map, Patch, Scale, Size};

/// Children across a parent: order 6 to order 12.
const SIDE: u16 = 64;

/// HEALPix around a pole (Gorski et al. 2005, equations 4, 5 and 9 in the limit of infinite resolution): from the place
/// `(x, y)` in a base cell, measured from the pole, to degrees.
fn polar(quarter: f64, [x, y]: [f64; 2], sign: f64) -> [f64; 2] {
    let ring = x + y;
    [90.0 * quarter + 45.0 * (1.0 + (x - y) / ring), sign * (1.0 - ring * ring / 3.0).asin().to_degrees()]
}

struct Parent {
    quarter: f64,
    sign: f64,
    /// Index of the order-6 cell in its base cell, from the pole.
    index: [f64; 2],
}

impl Parent {
    fn at(&self, u: f64, v: f64) -> [f64; 2] {
        polar(self.quarter, [(self.index[0] + u) / 64.0, (self.index[1] + v) / 64.0], self.sign)
    }

    fn outline(&self) -> Vec<[f64; 2]> {
        let along = |f: &dyn Fn(f64) -> [f64; 2]| (0..32).map(|i| f(f64::from(i) / 32.0)).collect::<Vec<_>>();
        let sides = [
            along(&|t| self.at(t, 0.0)),
            along(&|t| self.at(1.0, t)),
            along(&|t| self.at(1.0 - t, 1.0)),
            along(&|t| self.at(0.0, 1.0 - t)),
        ];
        sides.concat()
    }

    fn cells(&self, value: impl Fn(f64, f64) -> f32) -> Vec<Patch> {
        let edge = |i: u16| f64::from(i) / f64::from(SIDE);
        let cell = |i: u16, j: u16| {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            let polygon = corners.map(|(a, b)| self.at(edge(a), edge(b))).to_vec();
            Patch { polygon, value: value(edge(i), edge(j)) }
        };
        (0..SIDE).flat_map(|i| (0..SIDE).map(move |j| (i, j))).map(|(i, j)| cell(i, j)).collect()
    }
}

/// Distance to the nearest of some slanted lines, like ground tracks.
fn off_track(u: f64, v: f64) -> f64 {
    let rising = ((u * 0.94 + v * 0.34) * 9.0).fract() - 0.5;
    let falling = ((u * 0.30 - v * 0.95) * 7.0 + 20.0).fract() - 0.5;
    rising.abs().min(falling.abs())
}

fn height(u: f64, v: f64) -> f32 {
    let value = 2480.0 + 45.0 * u - 30.0 * v + 6.0 * (9.0 * u).sin() * (7.0 * v).cos() + 2.0 * (40.0 * (u + v)).sin();
    if off_track(u, v) < 0.22 { value as f32 } else { f32::NAN }
}

fn count(u: f64, v: f64) -> f32 {
    let off = off_track(u, v);
    if off < 0.22 {
        (1.0 + 140.0 * (-18.0 * off).exp() * (1.0 + (u * 31.0 + v * 17.0).sin()).abs()).floor() as f32
    } else {
        0.0
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let south = Parent { quarter: 0.0, sign: -1.0, index: [8.0, 5.0] };
    let north = Parent { quarter: 3.0, sign: 1.0, index: [14.0, 12.0] };
    let footer =
        "ATL06 v006, 12 granules, 211,034 rows used of 214,990; made-up values for judging the layout of this map.";

    let mut antarctic = Map::new("Surface height, cell −4113311", "Weighted mean height", "m", south.cells(height));
    antarctic.subtitle = "ICESat-2 ATL06, HEALPix order 6 in children of order 12, 2,431 of 4,096 with data".to_owned();
    antarctic.outlines = vec![south.outline()];
    antarctic.footer = footer.to_owned();

    let mut greenland = Map::new("Rows per cell, cell 4441321", "Rows", "count", north.cells(count));
    greenland.subtitle = "ICESat-2 ATL06, HEALPix order 6 in children of order 12".to_owned();
    greenland.outlines = vec![north.outline()];
    greenland.scale = Scale::Log;
    greenland.footer = footer.to_owned();

    let difference = |u: f64, v: f64| (height(u, v) - height(v, u)) * 1e-4;
    let mut diverging = Map::new("Difference of two reductions", "Height difference", "m", south.cells(difference));
    diverging.outlines = vec![south.outline()];
    diverging.colours = ColourMap::Diverging;

    let square = |lon: f64, lat: f64, side: f64, value: f32| {
        let polygon = vec![[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side]];
        Patch { polygon, value }
    };
    let cap = (0_u8..36).flat_map(|i| (0_u8..5).map(move |j| (f64::from(i), f64::from(j))));
    let cap = cap.map(|(i, j)| square(i * 10.0 - 180.0, -90.0 + j * 5.0, 10.0, ((i * 17.0 + j) % 36.0) as f32 * 1e-5));
    let cap = Map::new("Variance around the pole", "Variance of height", "m²", cap.collect());
    let plain = (0_u8..100).map(|i| (f64::from(i % 10) * 0.1, f64::from(i / 10) * 0.1));
    let plain = plain.map(|(x, y)| square(179.5 + x, -44.0 + y, 0.1, (20_000.0 * x * y) as f32));
    let mut plain = Map::new("Across the antimeridian", "Rows", "", plain.collect());
    plain.footer = footer.to_owned() + " " + footer + " " + footer;

    for (name, map) in
        [("cap", &cap), ("plain", &plain), ("south", &antarctic), ("north", &greenland), ("difference", &diverging)]
    {
        for (width, height) in [(1200, 1000), (640, 520)] {
            let size = Size::new(width, height)?;
            std::fs::write(Path::new(&folder).join(format!("{name}-{width}.png")), map.to_png(size)?)?;
            std::fs::write(Path::new(&folder).join(format!("{name}-{width}.svg")), map.to_svg(size))?;
        }
    }
    Ok(())
}
