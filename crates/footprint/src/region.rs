//! Areas on the sphere: footprints of granules, and areas that the user chooses.
use crate::border::Border;
use crate::rings::Rings;
use crate::vector::{Arc, Vector, chord2, cross, dot, lon_lat, of_degrees, to_cells, unit};
use morton::Latitude;

/// Edges along great circles are cut into pieces of about 20 km.
const STEP: f64 = 20.0 / 6371.0;
/// Degrees between the points at which a line that is straight on a map of longitude and latitude is cut: the great
/// circles between them leave the line by at most 8 m.
const MAP_STEP: f64 = 0.25;
/// Those 8 m, as a chord.
const MAP_BULGE: f64 = 8e-3 / 6371.0;
/// Chord of an angle a little below 90 degrees: what is within it of some point is smaller than a hemisphere.
const NEARLY_HEMISPHERE: f64 = 1.41;

/// How two positions of an outline are joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edges {
    /// By the great circle: the CMR's geodetic polygons.
    GreatCircle,
    /// By a line that is straight in longitude and latitude: GeoJSON (RFC 7946, 3.1.1).
    Map,
}

/// One area, on the sphere of the cells.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// Its outline, holes included. What is within its reach belongs to the area.
    pub(crate) border: Border,
    inside: Inside,
}

#[derive(Clone, Debug)]
enum Inside {
    /// The outline is all there is.
    Nothing,
    All,
    /// Within the outer ring and in no hole; `middle` distinguishes the polygon from its antipodes.
    Rings {
        middle: Vector,
        outer: Vec<Arc>,
        holes: Vec<Vec<Arc>>,
    },
    /// On a map, geodetic.
    Map {
        rings: Box<Rings>,
        latitude: Latitude,
    },
    /// Latitudes on the sphere; the west end and the width, up to 360; all in degrees.
    Box {
        south: f64,
        north: f64,
        west: f64,
        width: f64,
    },
}

impl Region {
    /// The whole sphere.
    pub(crate) fn everywhere() -> Self {
        Self { border: Border::default(), inside: Inside::All }
    }

    /// A polygon with edges along great circles, smaller than a hemisphere: its rings as longitude and latitude in degrees,
    /// the first the outer one; each closed or not, in either direction. `None` when it is no such polygon.
    pub(crate) fn polygon(rings: &[Vec<[f64; 2]>], latitude: Latitude) -> Option<Self> {
        let mut rings = outlines(rings, Edges::GreatCircle, latitude)?.into_iter();
        let outer = rings.next()?;
        let holes: Vec<Vec<Arc>> = rings.collect();
        let middle = middle(&outer)?;
        let edges = outer.iter().chain(holes.iter().flatten()).copied().collect();
        Some(Self { border: Border { edges, reach: 0.0 }, inside: Inside::Rings { middle, outer, holes } })
    }

    /// A polygon with edges that are straight in longitude and latitude, by the rules of [`Rings`]; `None` when a ring has
    /// fewer than three corners or leaves the map.
    pub(crate) fn map_polygon(rings: &[Vec<[f64; 2]>], latitude: Latitude) -> Option<Self> {
        let edges = outlines(rings, Edges::Map, latitude)?.into_iter().flatten().collect();
        let rings = Box::new(Rings::in_degrees(&[rings.to_vec()])?);
        Some(Self { border: Border { edges, reach: MAP_BULGE }, inside: Inside::Map { rings, latitude } })
    }

    /// What is within the chord `reach` of a line of great circles through `points`, longitude and latitude in degrees.
    pub(crate) fn line(points: &[[f64; 2]], reach: f64, latitude: Latitude) -> Option<Self> {
        let edges = match points {
            [] => return None,
            [one] => outline(&[*one, *one], false, Edges::GreatCircle, latitude)?,
            many => outline(many, false, Edges::GreatCircle, latitude)?,
        };
        Some(Self { border: Border { edges, reach }, inside: Inside::Nothing })
    }

    /// Between two parallels and two meridians, geodetic degrees; from west eastwards to east, across 180 where east is
    /// below west, all around where they are 360 apart.
    pub(crate) fn bounding_box([west, south, east, north]: [f64; 4], latitude: Latitude) -> Option<Self> {
        let in_range = [west, east].iter().all(|lon| (-360.0..=360.0).contains(lon))
            && (-90.0..=90.0).contains(&south)
            && (south..=90.0).contains(&north);
        if !in_range {
            return None;
        }
        let width = if east - west >= 360.0 { 360.0 } else { (east - west).rem_euclid(360.0) };
        let mut edges = Vec::new();
        for lat in [south, north].into_iter().filter(|lat| lat.abs() < 90.0) {
            edges.extend(outline(&map_line([west, lat], [west + width, lat]), false, Edges::GreatCircle, latitude)?);
        }
        if width < 360.0 {
            for lon in [west, west + width] {
                edges.extend(outline(&map_line([lon, south], [lon, north]), false, Edges::GreatCircle, latitude)?);
            }
        }
        let (south, north) = (latitude.to_sphere(south), latitude.to_sphere(north));
        Some(Self { border: Border { edges, reach: MAP_BULGE }, inside: Inside::Box { south, north, west, width } })
    }

    /// Whether a point that is not near the outline is inside.
    pub(crate) fn contains(&self, p: Vector) -> bool {
        match &self.inside {
            Inside::Nothing => false,
            Inside::All => true,
            Inside::Rings { middle, outer, holes } => {
                dot(p, *middle) > 0.0 && is_around(p, outer) && !holes.iter().any(|hole| is_around(p, hole))
            }
            Inside::Map { rings, latitude } => {
                let (lon, lat) = lon_lat(p);
                rings.contains([lon, latitude.from_sphere(lat)])
            }
            Inside::Box { south, north, west, width } => {
                let (lon, lat) = lon_lat(p);
                (*south..=*north).contains(&lat) && (lon - west).rem_euclid(360.0) <= *width
            }
        }
    }
}

/// Whether the ring winds around `p`, or around its antipode: the angles under which its edges are seen from `p` then sum
/// to a full turn, and to nothing otherwise.
fn is_around(p: Vector, ring: &[Arc]) -> bool {
    let turn: f64 =
        ring.iter().map(|arc| libm::atan2(dot(p, cross(arc.a, arc.b)), dot(cross(arc.a, p), cross(arc.b, p)))).sum();
    turn.abs() > std::f64::consts::PI
}

/// A point within less than 90 degrees of all of the ring: the mean of its corners, or a pole.
fn middle(ring: &[Arc]) -> Option<Vector> {
    let sum = ring.iter().fold([0.0; 3], |sum, arc| [sum[0] + arc.a[0], sum[1] + arc.a[1], sum[2] + arc.a[2]]);
    let candidates = [unit(sum), Some([0.0, 0.0, 1.0]), Some([0.0, 0.0, -1.0])];
    let farthest = |c: Vector| ring.iter().map(|arc| chord2(arc.a, c)).fold(0.0, f64::max);
    let best = candidates.into_iter().flatten().min_by(|a, b| farthest(*a).total_cmp(&farthest(*b)))?;
    (farthest(best) < NEARLY_HEMISPHERE * NEARLY_HEMISPHERE).then_some(best)
}

/// The pieces of the outlines of rings; `None` without rings, or when one has fewer than three corners.
fn outlines(rings: &[Vec<[f64; 2]>], edges: Edges, latitude: Latitude) -> Option<Vec<Vec<Arc>>> {
    let rings = rings.iter().map(|ring| {
        let closed = ring.len() > 1 && ring.first() == ring.last();
        let ring = ring.get(..ring.len() - usize::from(closed))?;
        (ring.len() > 2).then(|| outline(ring, true, edges, latitude)).flatten()
    });
    rings.collect::<Option<Vec<_>>>().filter(|rings| !rings.is_empty())
}

/// The pieces of an outline, on the sphere of the cells.
fn outline(points: &[[f64; 2]], closed: bool, edges: Edges, latitude: Latitude) -> Option<Vec<Arc>> {
    let next = points.iter().skip(1).chain(points.first().filter(|_| closed));
    let mut arcs = Vec::new();
    for (&from, &to) in points.iter().zip(next) {
        let fine = match edges {
            Edges::Map => map_line(from, to),
            Edges::GreatCircle => vec![from, to],
        };
        for pair in fine.windows(2) {
            let &[[lon, lat], [to_lon, to_lat]] = pair else { continue };
            let line = great_circle(of_degrees(lon, lat)?, of_degrees(to_lon, to_lat)?)?;
            let line: Vec<Vector> = line.into_iter().map(|point| to_cells(point, latitude)).collect();
            arcs.extend(line.windows(2).filter_map(|ends| match ends {
                &[a, b] if a != b || points.len() == 2 => Some(Arc::new(a, b)),
                _ => None,
            }));
        }
    }
    (!arcs.is_empty()).then_some(arcs)
}

/// Points of a line that is straight in longitude and latitude. It goes the short way round, but all around where the
/// longitudes are 360 degrees apart.
fn map_line(from: [f64; 2], to: [f64; 2]) -> Vec<[f64; 2]> {
    let across = to[0] - from[0];
    let across =
        if across.abs() > 180.0 && across.abs() < 360.0 { across - 360.0_f64.copysign(across) } else { across };
    let up = to[1] - from[1];
    let pieces = count(across.abs().max(up.abs()) / MAP_STEP);
    (0..=pieces)
        .map(|at| {
            let part = f64::from(at) / f64::from(pieces);
            // The last one exactly: a sum may leave -90..90 by its rounding.
            if at == pieces { [from[0] + across, to[1]] } else { [from[0] + part * across, from[1] + part * up] }
        })
        .collect()
}

/// Points of the great circle between two, both included; `None` between antipodes.
fn great_circle(a: Vector, b: Vector) -> Option<Vec<Vector>> {
    let angle = libm::atan2(unit(cross(a, b)).map_or(0.0, |n| dot(n, cross(a, b))), dot(a, b));
    if angle > std::f64::consts::PI - 1e-9 {
        return None;
    }
    let pieces = count(angle / STEP);
    if pieces == 1 {
        return Some(vec![a, b]);
    }
    let inner = (1..pieces).filter_map(|at| {
        let part = f64::from(at) / f64::from(pieces);
        let (s, t) = (libm::sin((1.0 - part) * angle), libm::sin(part * angle));
        unit([s * a[0] + t * b[0], s * a[1] + t * b[1], s * a[2] + t * b[2]])
    });
    Some(std::iter::once(a).chain(inner).chain(std::iter::once(b)).collect())
}

/// Whole pieces, at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=1e6")]
fn count(pieces: f64) -> u32 {
    pieces.ceil().clamp(1.0, 1e6) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> Vector {
        of_degrees(lon, lat).unwrap()
    }

    fn polygon(rings: &[&[[f64; 2]]], edges: Edges) -> Region {
        let rings: Vec<Vec<[f64; 2]>> = rings.iter().map(|ring| ring.to_vec()).collect();
        let make = if edges == Edges::Map { Region::map_polygon } else { Region::polygon };
        make(&rings, Latitude::Spherical).unwrap()
    }

    #[test]
    fn a_polygon_over_the_pole_holds_the_pole_and_not_its_antipodes() {
        let ring = [[0.0, -80.0], [90.0, -80.0], [180.0, -80.0], [-90.0, -80.0]];
        let hole = [[0.0, -88.0], [120.0, -88.0], [240.0, -88.0]];
        let cap = polygon(&[&ring], Edges::GreatCircle);
        assert!(cap.contains(at(0.0, -90.0)) && cap.contains(at(33.0, -84.0)));
        // The great circle between two corners leaves the parallel towards the pole.
        assert!(!cap.contains(at(45.0, -81.0)) && cap.contains(at(45.0, -83.5)));
        assert!(!cap.contains(at(0.0, 90.0)) && !cap.contains(at(33.0, 84.0)));
        let ring = polygon(&[&ring, &hole], Edges::GreatCircle);
        assert!(!ring.contains(at(0.0, -90.0)) && ring.contains(at(33.0, -86.0)));
    }

    #[test]
    fn on_a_map_the_lines_are_parallels_and_the_seam_disappears() {
        let south = [[-180.0, -90.0], [180.0, -90.0], [180.0, -60.0], [-180.0, -60.0], [-180.0, -90.0]];
        let south = polygon(&[&south], Edges::Map);
        assert!(south.contains(at(45.0, -60.1)) && !south.contains(at(45.0, -59.9)) && south.contains(at(10.0, -89.9)));
        let across = polygon(&[&[[170.0, 60.0], [-170.0, 60.0], [-170.0, 70.0], [170.0, 70.0]]], Edges::Map);
        assert!(
            across.contains(at(180.0, 65.0)) && across.contains(at(-171.0, 65.0)) && !across.contains(at(0.0, 65.0))
        );
    }

    #[test]
    fn boxes_go_eastwards_and_half_spheres_are_no_polygons() {
        let across = Region::bounding_box([170.0, -80.0, -170.0, -70.0], Latitude::Spherical).unwrap();
        assert!(across.contains(at(180.0, -75.0)) && !across.contains(at(160.0, -75.0)));
        let south = Region::bounding_box([-180.0, -90.0, 180.0, -60.0], Latitude::Authalic).unwrap();
        assert!(south.contains(at(179.9, -89.0)) && !south.contains(at(0.0, -59.0)));
        // Geodetic 60 S is 59.89 S on the authalic sphere.
        assert!(south.contains(at(0.0, -59.95)));
        assert!(Region::bounding_box([0.0, 10.0, 5.0, -10.0], Latitude::Spherical).is_none());
        let half: Vec<Vec<[f64; 2]>> = vec![vec![[0.0, 0.0], [120.0, 1.0], [240.0, -1.0]]];
        assert!(Region::polygon(&half, Latitude::Spherical).is_none());
    }
}
