//! Where a granule's data may be, according to the CMR (UMM-G, `SpatialExtent`).
use crate::orbit::OrbitArc;
use crate::region::Region;
use morton::Latitude;
use serde::{Deserialize, Serialize};

/// A footprint: all that a record names, together. Positions are longitude and latitude in degrees.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Footprint {
    /// `GPolygons`: for each the outer ring, then its holes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub polygons: Vec<Vec<Vec<[f64; 2]>>>,
    /// `BoundingRectangles`: west, south, east, north.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<[f64; 4]>,
    /// `Lines`, and `Points` as lines of one point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Vec<[f64; 2]>>,
    /// `Orbit`, and the seconds from its equator crossing to the start of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orbit: Option<(OrbitArc, Option<f64>)>,
}

impl Footprint {
    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.polygons.is_empty() && self.boxes.is_empty() && self.lines.is_empty() && self.orbit.is_none()
    }

    /// Whether it says where the data is: it is not empty, and all of it makes sense.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.regions(Latitude::Spherical).1
    }

    /// The areas. A footprint that is empty or that makes no sense may be anywhere, which the second value says.
    pub(crate) fn regions(&self, latitude: Latitude) -> (Vec<Region>, bool) {
        match self.known(latitude) {
            Some(regions) if !regions.is_empty() => (regions, true),
            _ => (vec![Region::everywhere()], false),
        }
    }

    fn known(&self, latitude: Latitude) -> Option<Vec<Region>> {
        let polygons = self.polygons.iter().map(|rings| {
            // Two points are no polygon, but they are a place.
            let outer = rings.first()?;
            Region::polygon(rings, latitude)
                .or_else(|| if distinct(outer) < 3 { Region::line(outer, 0.0, latitude) } else { None })
        });
        let boxes = self.boxes.iter().map(|bounds| Region::bounding_box(*bounds, latitude));
        let lines = self.lines.iter().map(|line| Region::line(line, 0.0, latitude));
        if self.orbit.as_ref().is_some_and(|(orbit, _)| !orbit.is_possible()) {
            return None;
        }
        let swath = self.orbit.iter().flat_map(|(orbit, after)| orbit.swath(*after));
        let orbit = swath.map(|ring| Region::polygon(&[ring], latitude));
        polygons.chain(boxes).chain(lines).chain(orbit).collect()
    }
}

fn distinct(ring: &[[f64; 2]]) -> usize {
    (0..ring.len()).filter(|&at| !ring.iter().take(at).any(|point| Some(point) == ring.get(at))).count()
}
