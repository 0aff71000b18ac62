//! Areas on the sphere: footprints of granules, and places that people choose.
use crate::vector::{Arc, Vector, chord2, cross, dot, lon_lat, of_degrees, to_cells, unit};
use morton::Latitude;

/// Edges are cut into pieces of at most this chord, 20 km.
const STEP: f64 = 20.0 / 6371.0;
/// Lines that are straight on a map of longitude and latitude are cut every so many degrees: the great circles between
/// leave them by at most 8 m.
const MAP_STEP: f64 = 0.25;
/// Those 8 m, as a chord.
const MAP_BULGE: f64 = 8e-3 / 6371.0;

/// How two positions of an outline are joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Edges {
    /// By the great circle: the CMR's geodetic polygons.
    GreatCircle,
    /// By a line that is straight in longitude and latitude: GeoJSON (RFC 7946, 3.1.1).
    Map,
}

/// One connected area, on the sphere of the cells.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// Its outline, holes included.
    pub(crate) edges: Vec<Arc>,
    /// What lies farther from the outline than this, as a chord, is inside or outside as `inside` says.
    pub(crate) reach: f64,
    inside: Inside,
}

#[derive(Clone, Debug)]
enum Inside {
    /// The outline is all there is.
    Nothing,
    All,
    /// Within the outer ring and in no hole; `middle` tells the polygon from its antipodes.
    Rings { middle: Vector, outer: Vec<Arc>, holes: Vec<Vec<Arc>> },
    /// Latitudes on the sphere, degrees; the west end and the width, up to 360.
    Box { south: f64, north: f64, west: f64, width: f64 },
}

impl Region {
    /// The whole sphere.
    pub(crate) fn everywhere() -> Self {
        Self { edges: Vec::new(), reach: 0.0, inside: Inside::All }
    }

    /// A polygon smaller than a hemisphere, its rings as longitude and latitude in degrees, the first the outer one, each
    /// closed or not, in either direction. `None` when it is no such polygon.
    pub(crate) fn polygon(rings: &[Vec<[f64; 2]>], edges: Edges, latitude: Latitude) -> Option<Self> {
        let mut rings = rings.iter().map(|ring| {
            let mut ring = ring.clone();
            if ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            if ring.len() < 3 { None } else { outline(&ring, true, edges, latitude) }
        });
        let outer = rings.next()??;
        let holes = rings.collect::<Option<Vec<_>>>()?;
        let middle = middle(&outer)?;
        let edges = outer.iter().chain(holes.iter().flatten()).copied().collect();
        Some(Self { edges, reach: bulge(edges_kind(edges_of(&outer), &outer)), inside: Inside::Rings { middle, outer, holes } })
    }
}
