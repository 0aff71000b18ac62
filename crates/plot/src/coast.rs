//! The coastline: Natural Earth's land at 1:50m (public domain; `assets/make_coast.py` names the origin and the format).

use crate::clip::clip;
use crate::layout::Rect;
use crate::projection::Projection;
use crate::svg::{PathData, Px, Svg};
use crate::view::View;

const COAST: &[u8] = include_bytes!("../assets/coast.bin");
/// Degrees a step of the file.
const UNIT: f64 = 0.002;
/// Water and land without data, and the line between them. Lighter than any hatching or data.
pub(crate) const WATER: &str = "#e3edf5";
pub(crate) const LAND: &str = "#faf8f3";
const SHORE: &str = "#6b7a87";

/// The coastline in a view, as closed shapes in pixels that may overhang the frame by a hair.
pub(crate) struct Coast {
    path: PathData,
}

impl Coast {
    pub(crate) fn new(view: &View) -> Self {
        let margin = 4.0;
        let frame = Rect {
            left: view.frame.left - margin,
            top: view.frame.top - margin,
            right: view.frame.right + margin,
            bottom: view.frame.bottom + margin,
        };
        let mut path = PathData::default();
        for ring in rings() {
            for pixels in shapes(view, &ring) {
                // A simplified coast seen from afar: points closer than half a pixel say nothing.
                let shape = thin(&clip(&pixels, frame));
                if shape.len() >= 3 {
                    path.chain(shape, true);
                }
            }
        }
        Self { path }
    }

    /// Land on water, to be drawn below everything, clipped to the frame by the caller.
    pub(crate) fn ground(&self, svg: &mut Svg, frame: Rect) {
        let [x, y, width, height] = [frame.left, frame.top, frame.width(), frame.height()].map(Px);
        svg.leaf("rect", &[("x", &x), ("y", &y), ("width", &width), ("height", &height), ("fill", &WATER)]);
        if !self.path.is_empty() {
            svg.leaf("path", &[("d", &self.path), ("fill", &LAND), ("fill-rule", &"evenodd")]);
        }
    }

    /// The line, to be drawn over cells.
    pub(crate) fn shore(&self, svg: &mut Svg, width: f64) {
        if !self.path.is_empty() {
            let width = Px(width);
            let join = ("stroke-linejoin", &"round" as &dyn std::fmt::Display);
            svg.leaf(
                "path",
                &[("d", &self.path), ("fill", &"none"), ("stroke", &SHORE), ("stroke-width", &width), join],
            );
        }
    }
}

/// The rings as continuous longitudes and latitudes.
fn rings() -> Vec<Vec<[f64; 2]>> {
    let mut bytes = COAST.iter().copied();
    let mut rings = Vec::new();
    while let Some(points) = number(&mut bytes) {
        let (mut lon, mut lat) = (0, 0);
        let mut ring = Vec::new();
        for _ in 0..unzigzag(points) {
            let (Some(dx), Some(dy)) = (number(&mut bytes), number(&mut bytes)) else { return rings };
            lon += unzigzag(dx);
            lat += unzigzag(dy);
            #[expect(clippy::cast_precision_loss, reason = "steps within a few turns of the globe")]
            ring.push([lon as f64 * UNIT, lat as f64 * UNIT]);
        }
        rings.push(ring);
    }
    rings
}

/// LEB128; `None` at the end.
fn number(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 || shift >= 56 {
            return Some(value);
        }
        shift += 7;
    }
}

fn unzigzag(value: u64) -> i64 {
    let half = i64::try_from(value >> 1).unwrap_or_default();
    if value & 1 == 0 { half } else { -half - 1 }
}

/// A ring in pixels: once on a polar map, up to three times (for each turn of the globe) on a plain one.
fn shapes(view: &View, ring: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    let Projection::Plain { lon: centre, .. } = view.projection else {
        // Beyond the equator a polar map has no use, and far from it points run off to infinity.
        let Some(pole) = view.projection.pole() else { return Vec::new() };
        if !ring.iter().any(|[_, lat]| lat * pole > 0.0) {
            return Vec::new();
        }
        let limit = |lat: f64| if pole > 0.0 { lat.max(-60.0) } else { lat.min(60.0) };
        return vec![ring.iter().map(|&[lon, lat]| view.pixel([lon, limit(lat)])).collect()];
    };
    let mut ring = ring.to_vec();
    if let (Some(&[first, _]), Some(&[last, lat])) = (ring.first(), ring.last())
        && (last - first).abs() > 180.0
    {
        let pole = 90.0_f64.copysign(lat);
        ring.extend([[first + 360.0_f64.copysign(last - first), lat], [last, pole], [first, pole]]);
    }
    let turn = ring.first().map_or(0.0, |&[lon, _]| 360.0 * ((centre - lon) / 360.0).round());
    let turned = |more: f64| ring.iter().map(|&[lon, lat]| view.pixel_unwrapped([lon + turn + more, lat])).collect();
    [-360.0, 0.0, 360.0].map(turned).to_vec()
}

/// Without points that lie within half a pixel of the one before.
fn thin(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::new();
    for &point in points {
        if kept.last().is_none_or(|last| (last[0] - point[0]).abs().max((last[1] - point[1]).abs()) > 0.5) {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { left: 0.0, top: 0.0, right: 1000.0, bottom: 1000.0 };

    /// Whether a place is land, by counting crossings of a ray through pixels.
    fn land(projection: Projection, around: [f64; 2], place: [f64; 2]) -> bool {
        let [lon, lat] = around;
        let corners = [[lon, lat - 4.0], [lon, lat + 4.0], [lon - 9.0, lat], [lon + 9.0, lat]];
        let view = View::fit(projection, FRAME, corners.iter()).unwrap();
        let [x, y] = view.pixel(place);
        let mut inside = false;
        for ring in rings() {
            for shape in shapes(&view, &ring) {
                let shape = clip(&shape, FRAME);
                for (a, b) in shape.iter().zip(shape.iter().cycle().skip(1)) {
                    if (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
                        inside = !inside;
                    }
                }
            }
        }
        inside
    }

    #[test]
    fn land_is_where_land_is() {
        let plain = |lon, lat| Projection::for_point(lon, lat);
        for (projection, place, expected) in [
            (Projection::PolarSouth, [106.8, -78.5], true),  // Vostok
            (Projection::PolarSouth, [0.0, -66.0], false),   // Lazarev Sea
            (Projection::PolarSouth, [-120.0, -80.0], true), // Marie Byrd Land
            (Projection::PolarSouth, [-64.0, -74.0], true),  // Palmer Land
            (Projection::PolarNorth, [-38.5, 72.6], true),   // Summit
            (Projection::PolarNorth, [-62.0, 73.0], false),  // Baffin Bay
            (Projection::PolarNorth, [15.0, 84.0], false),   // Arctic Ocean
            (Projection::PolarNorth, [23.0, 79.8], true),    // Svalbard
            (plain(8.0, 46.5), [8.0, 46.5], true),           // Alps
            (plain(-30.0, 40.0), [-30.0, 42.0], false),      // Atlantic
            (plain(179.9, -40.0), [176.0, -39.0], true),     // New Zealand
            (plain(179.9, -40.0), [-177.0, -40.0], false),   // Pacific
        ] {
            assert_eq!(land(projection, place, place), expected, "{place:?}");
        }
    }

    #[test]
    fn the_file_is_whole() {
        let rings = rings();
        let points: usize = rings.iter().map(Vec::len).sum();
        assert!(points > 20_000 && rings.iter().all(|ring| ring.len() >= 3), "{points}");
        assert!(rings.iter().flatten().all(|&[lon, lat]| lon.abs() < 541.0 && lat.abs() < 90.0));
    }
}
