//! Outlines of cells as polygons of longitude and latitude, whose edges are straight in degrees (planar edges).

use morton::{Cell, Latitude};

/// Degrees of longitude that a straight edge may span before it is given more points.
const WIDE: f64 = 0.5;

/// The outline of a cell as closed rings (first point repeated), counter-clockwise, longitudes within -180..=180: one ring,
/// or two where the cell lies across the antimeridian (RFC 7946, 3.1.9). A cell with a corner on a pole runs along the
/// pole's edge of the map, as wide as it is there.
#[must_use]
pub fn rings(cell: Cell, latitude: Latitude) -> Vec<Vec<[f64; 2]>> {
    let points = closed_at_pole(outline(cell, latitude));
    let (west, east) = points.iter().fold((f64::MAX, f64::MIN), |(w, e), p| (w.min(p[0]), e.max(p[0])));
    if west >= -180.0 && east <= 180.0 {
        return vec![closed(points)];
    }
    // Continuous longitudes leave the map on one side only: the parts on either side of that border.
    let border = if east > 180.0 { 180.0 } else { -180.0 };
    let turn = if east > 180.0 { -360.0 } else { 360.0 };
    let keep = half(&points, border, border > 0.0);
    let moved: Vec<[f64; 2]> = half(&points, border, border < 0.0).iter().map(|p| [p[0] + turn, p[1]]).collect();
    [keep, moved].into_iter().filter(|ring| ring.len() >= 3).map(closed).collect()
}

/// The corners, and as many points between as edges need that are curved in degrees: far north and south, and of large cells.
/// Each edge decides for itself, so that neighbours agree and no gap is between them.
fn outline(cell: Cell, latitude: Latitude) -> Vec<[f64; 2]> {
    let points = |per_edge| -> Vec<[f64; 2]> {
        cell.boundary(per_edge, latitude).iter().map(|point| [point.lon(), point.lat()]).collect()
    };
    let corners = points(1);
    let parts = |(from, to): (&[f64; 2], &[f64; 2])| -> usize {
        let finer = (0..=6).find(|&doubled| (to[0] - from[0]).abs() <= WIDE * f64::from(1_u8 << doubled));
        1 << finer.unwrap_or(6)
    };
    let edges: Vec<usize> = corners.iter().zip(corners.iter().cycle().skip(1)).map(parts).collect();
    let most = edges.iter().copied().max().unwrap_or(1);
    if most == 1 {
        return corners;
    }
    let all = points(most);
    let of_edge = all.chunks(most).zip(edges).flat_map(|(edge, parts)| edge.iter().step_by(most / parts));
    of_edge.copied().collect()
}

/// A corner on a pole becomes two: one at the longitude of each neighbour.
fn closed_at_pole(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let count = points.len();
    let Some(pole) = points.iter().position(|point| point[1].abs() >= 90.0 - 1e-9) else { return points };
    let (before, after) = (points[(pole + count - 1) % count], points[(pole + 1) % count]);
    let mut out = points;
    let lat = out[pole][1].signum() * 90.0;
    out.splice(pole..=pole, [[before[0], lat], [after[0], lat]]);
    out
}

/// The part of a polygon at or west of a meridian, or at or east of it.
fn half(points: &[[f64; 2]], border: f64, west: bool) -> Vec<[f64; 2]> {
    let depth = |p: [f64; 2]| if west { border - p[0] } else { p[0] - border };
    let mut cut = Vec::with_capacity(points.len() + 2);
    for (&from, &to) in points.iter().zip(points.iter().cycle().skip(1)) {
        let (a, b) = (depth(from), depth(to));
        if a >= 0.0 {
            cut.push(from);
        }
        if (a < 0.0) != (b < 0.0) && a != 0.0 && b != 0.0 {
            let t = a / (a - b);
            cut.push([border, from[1] + (to[1] - from[1]) * t]);
        }
    }
    // A corner that only touches the border is no area.
    if cut.iter().all(|p| p[0] == border) { Vec::new() } else { cut }
}

fn closed(mut ring: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    ring.extend(ring.first().copied());
    ring
}

#[cfg(test)]
mod tests {
    use super::*;
    use morton::{LonLat, Order};

    /// Twice the signed area, positive when counter-clockwise.
    fn area(ring: &[[f64; 2]]) -> f64 {
        ring.windows(2).map(|w| w[0][0] * w[1][1] - w[1][0] * w[0][1]).sum()
    }

    fn at(lon: f64, lat: f64, order: u8) -> Cell {
        Cell::at(LonLat::degrees(lon, lat).unwrap(), Order::new(order).unwrap(), Latitude::Spherical).unwrap()
    }

    fn check(cell: Cell, parts: usize) -> f64 {
        let rings = rings(cell, Latitude::Spherical);
        assert_eq!(rings.len(), parts, "{cell}: {rings:?}");
        for ring in &rings {
            assert!(ring.len() >= 4 && ring.first() == ring.last() && area(ring) > 0.0, "{cell}: {ring:?}");
            assert!(ring.iter().all(|p| p[0].abs() <= 180.0 && p[1].abs() <= 90.0));
        }
        rings.iter().map(|ring| area(ring)).sum::<f64>() / 2.0
    }

    #[test]
    fn most_cells_are_one_ring() {
        assert_eq!(rings(at(40.0, -80.0, 12), Latitude::Spherical)[0].len(), 5);
        check(at(40.0, -80.0, 12), 1);
        check(at(-48.0, 71.6, 6), 1);
        check(at(0.0, 0.0, 3), 1);
    }

    #[test]
    fn the_cells_of_an_order_fill_the_map_without_gaps() {
        for order in 0..=5 {
            let order = Order::new(order).unwrap();
            let cells = (0..12 << (2 * order.get())).map(|id| Cell::new(order, id).unwrap());
            let covered: f64 =
                cells.flat_map(|cell| rings(cell, Latitude::Authalic)).map(|ring| area(&ring) / 2.0).sum();
            assert!((covered - 360.0 * 180.0).abs() < 1e-6, "order {order}: {covered}");
        }
    }

    #[test]
    fn cells_across_the_antimeridian_are_two_and_lose_no_area() {
        for (lon, lat) in [(179.999, 10.0), (-179.999, 10.0), (179.99, -75.0)] {
            let cell = at(lon, lat, 5);
            let whole: Vec<[f64; 2]> =
                cell.boundary(64, Latitude::Spherical).iter().map(|p| [p.lon(), p.lat()]).collect();
            let whole = area(&closed(whole)) / 2.0;
            let crossing = whole > 0.0;
            assert!(crossing);
            let parts = check(cell, rings(cell, Latitude::Spherical).len());
            assert!((parts / whole - 1.0).abs() < 0.02, "{parts} {whole}");
        }
        check(at(180.0, 0.01, 3), 2);
    }

    #[test]
    fn the_cells_around_a_pole_cover_it() {
        for (order, lat) in [(3, -89.9), (12, -89.999_9), (6, 89.99)] {
            let mut width = 0.0;
            for lon in [-135.0, -45.0, 45.0, 135.0] {
                let rings = rings(at(lon, lat, order), Latitude::Spherical);
                assert_eq!(rings.len(), 1);
                let on_pole: Vec<f64> = rings[0].iter().filter(|p| p[1].abs() == 90.0).map(|p| p[0]).collect();
                assert!(on_pole.len() >= 2, "{order}: {rings:?}");
                width +=
                    on_pole.iter().fold(f64::MIN, |a, &b| a.max(b)) - on_pole.iter().fold(f64::MAX, |a, &b| a.min(b));
                assert!(area(&rings[0]) > 0.0);
            }
            assert!((width - 360.0).abs() < 1e-6, "{width}");
        }
    }
}
