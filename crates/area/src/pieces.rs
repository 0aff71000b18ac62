//! The outline of a region in pieces that are short on the ground.
use crate::{Crs, Error};

/// Pieces at most.
const MAX_PIECES: usize = 4_000_000;
/// Halvings of an edge at most: a piece is then shorter than its numbers can say.
const MAX_DEPTH: u32 = 50;
/// Chord on the unit sphere of a metre on the ground.
const METRE: f64 = 1.0 / 6_371_007.0;
/// The great circle between the ends of a piece is this near to the edge, metres.
const NEAR: f64 = 0.25;
/// Pieces are at most this long, km: [`footprint::Border`] wants no longer ones.
const MAX_KM: f64 = 20.0;

type Vector = [f64; 3];

/// How far the true outline may be from the great circles of the pieces, km.
///
/// An edge is a smooth curve on the ground, halved until its points at a quarter, a half and three quarters are within
/// [`NEAR`] of the great circle: what a smooth curve does beyond that between them is less than as much again. The rest is
/// for the rounding of the projection, which is far less than a millimetre.
pub(crate) const REACH_KM: f64 = 2.0 * NEAR / 1000.0 + 5e-4;

/// A point of an edge: its place in degrees, and on the unit sphere.
#[derive(Clone, Copy)]
struct Point {
    place: [f64; 2],
    vector: Vector,
}

/// The edges of each ring, in a coordinate system, as places in degrees: for each ring its pieces, one after another, none
/// longer than `km`. Longitudes may leave -180..180.
///
/// # Errors
/// [`Error::Usage`] where an edge leaves the part of the Earth that the system maps, or the outline is too long.
pub(crate) fn cut(rings: &[Vec<[[f64; 2]; 2]>], crs: &Crs, km: f64) -> Result<Vec<Vec<[[f64; 2]; 2]>>, Error> {
    let longest = km.clamp(0.01, MAX_KM) * 1000.0 * METRE;
    let mut left = MAX_PIECES;
    let mut cut = Vec::with_capacity(rings.len());
    for ring in rings {
        let mut pieces = Vec::with_capacity(ring.len());
        for &edge in ring {
            halve(crs, edge, longest, &mut |piece| {
                left = left.saturating_sub(1);
                pieces.push(piece);
                left > 0
            })?;
        }
        cut.push(pieces);
    }
    Ok(cut)
}

fn halve(
    crs: &Crs,
    [from, to]: [[f64; 2]; 2],
    longest: f64,
    take: &mut dyn FnMut([[f64; 2]; 2]) -> bool,
) -> Result<(), Error> {
    let at = |part: f64| {
        // The ends exactly: neighbouring edges meet there.
        let between = |axis: usize| from[axis] + part * (to[axis] - from[axis]);
        let [x, y] = if part == 1.0 { to } else { [between(0), between(1)] };
        point(crs, x, y).ok_or_else(|| {
            Error::usage(format!(
                "the outline of the region leaves the part of the Earth that {crs} maps, at {x},{y}: \
                 write the region in another coordinate system, or check which one its numbers are in"
            ))
        })
    };
    let mut todo = vec![(0.0, at(0.0)?, 1.0, at(1.0)?, 0)];
    while let Some((begin, first, end, last, depth)) = todo.pop() {
        let middle = f64::midpoint(begin, end);
        let half = at(middle)?;
        let quarters = [at(f64::midpoint(begin, middle))?, half, at(f64::midpoint(middle, end))?];
        let length = chord(first.vector, last.vector);
        let straight = quarters.iter().all(|quarter| {
            let farthest = chord(quarter.vector, first.vector).max(chord(quarter.vector, last.vector));
            farthest <= length + NEAR * METRE && aside(quarter.vector, first.vector, last.vector) <= NEAR * METRE
        });
        if straight && length <= longest {
            if !take([first.place, last.place]) {
                return Err(Error::usage(format!(
                    "the outline of the region is longer than {MAX_PIECES} pieces of a few kilometres: simplify it"
                )));
            }
        } else if depth == MAX_DEPTH {
            return Err(Error::usage(format!(
                "the outline of the region crosses a line along which {crs} is torn: write the region in another \
                 coordinate system"
            )));
        } else {
            todo.push((middle, half, end, last, depth + 1));
            todo.push((begin, first, middle, half, depth + 1));
        }
    }
    Ok(())
}

/// The place of coordinates, if it is mapped to them again: beyond its limits a projection gives places that are not.
fn point(crs: &Crs, x: f64, y: f64) -> Option<Point> {
    let place = crs.inverse(x, y)?;
    if !crs.is_degrees() {
        let [again_x, again_y] = crs.forward(place[0], place[1])?;
        let off = (again_x - x).abs().max((again_y - y).abs());
        if off > 1e-3_f64.max(1e-8 * x.abs().max(y.abs())) {
            return None;
        }
    }
    let vector = morton::LonLat::degrees(place[0], place[1]).ok()?.unit_vector();
    Some(Point { place, vector })
}

/// The length of a piece, radians.
pub(crate) fn length(&[from, to]: &[[f64; 2]; 2]) -> f64 {
    let vector = |[lon, lat]: [f64; 2]| morton::LonLat::degrees(lon, lat).map(morton::LonLat::unit_vector);
    vector(from).and_then(|from| Ok(chord(from, vector(to)?))).unwrap_or(0.0)
}

fn chord(a: Vector, b: Vector) -> f64 {
    let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    (x * x + y * y + z * z).sqrt()
}

/// How far a point is beside the great circle through two others; nothing where those are the same.
fn aside(point: Vector, a: Vector, b: Vector) -> f64 {
    let normal = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let length = chord(normal, [0.0; 3]);
    let off = point[0] * normal[0] + point[1] * normal[1] + point[2] * normal[2];
    if length < 1e-12 { 0.0 } else { (off / length).abs() }
}
