//! Answers of the CMR in `umm_json` (UMM-G 1.6).
use crate::date;
use crate::footprint::Footprint;
use crate::orbit::Orbit;
use crate::record::{Record, s3_twin};
use serde::Deserialize;

/// A page of an answer; fields that are not needed are not read.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
}

#[derive(Deserialize)]
pub(crate) struct Item {
    umm: Umm,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Umm {
    #[serde(rename = "GranuleUR")]
    granule_ur: String,
    #[serde(default)]
    related_urls: Vec<RelatedUrl>,
    data_granule: Option<DataGranule>,
    spatial_extent: Option<SpatialExtent>,
    temporal_extent: Option<TemporalExtent>,
    #[serde(default)]
    orbit_calculated_spatial_domains: Vec<CalculatedDomain>,
}

#[derive(Deserialize)]
struct RelatedUrl {
    #[serde(rename = "URL")]
    url: String,
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataGranule {
    #[serde(default)]
    identifiers: Vec<Identifier>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Identifier {
    identifier: String,
    identifier_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TemporalExtent {
    range_date_time: Option<RangeDateTime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RangeDateTime {
    beginning_date_time: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CalculatedDomain {
    equator_crossing_longitude: Option<f64>,
    equator_crossing_date_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SpatialExtent {
    horizontal_spatial_domain: Option<HorizontalDomain>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HorizontalDomain {
    geometry: Option<Geometry>,
    orbit: Option<Orbit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Geometry {
    #[serde(default, rename = "GPolygons")]
    g_polygons: Vec<GPolygon>,
    #[serde(default)]
    bounding_rectangles: Vec<Rectangle>,
    #[serde(default)]
    lines: Vec<Ring>,
    #[serde(default)]
    points: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GPolygon {
    boundary: Ring,
    exclusive_zone: Option<ExclusiveZone>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExclusiveZone {
    #[serde(default)]
    boundaries: Vec<Ring>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ring {
    points: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Point {
    longitude: f64,
    latitude: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rectangle {
    west_bounding_coordinate: f64,
    south_bounding_coordinate: f64,
    east_bounding_coordinate: f64,
    north_bounding_coordinate: f64,
}

impl Ring {
    fn degrees(&self) -> Vec<[f64; 2]> {
        self.points.iter().map(Point::degrees).collect()
    }
}

impl Point {
    fn degrees(&self) -> [f64; 2] {
        [self.longitude, self.latitude]
    }
}

impl Item {
    /// What a catalog needs of it.
    pub(crate) fn into_record(self) -> Record {
        let umm = self.umm;
        let footprint = umm.footprint();
        let data = |schemes: &[&str]| {
            let fits = |related: &&RelatedUrl| {
                related.kind.starts_with("GET DATA")
                    && schemes.iter().any(|scheme| related.url.starts_with(scheme))
                    && (related.url.ends_with(".h5") || related.kind == "GET DATA VIA DIRECT ACCESS")
            };
            umm.related_urls.iter().find(fits).map(|related| related.url.clone())
        };
        let https = data(&["https://", "http://"]);
        let s3 = data(&["s3://"]).or_else(|| https.as_deref().and_then(s3_twin));
        let identifiers = umm.data_granule.iter().flat_map(|granule| &granule.identifiers);
        let produced = identifiers
            .filter(|identifier| identifier.identifier_type == "ProducerGranuleId")
            .map(|identifier| identifier.identifier.clone())
            .next();
        // Of the name's three places the first that holds one: UR and id may be database keys.
        let linked = s3.as_deref().or(https.as_deref()).and_then(|url| url.rsplit('/').next()).map(str::to_owned);
        let candidates = [produced, Some(umm.granule_ur.clone()), linked];
        let name = candidates.into_iter().flatten().find(|name| pipeline::GranuleName::parse(name).is_some());
        Record { name: name.unwrap_or(umm.granule_ur), s3, https, file: None, footprint }
    }
}

impl Umm {
    fn footprint(&self) -> Footprint {
        let domain = self.spatial_extent.as_ref().and_then(|extent| extent.horizontal_spatial_domain.as_ref());
        let mut footprint = Footprint::default();
        let Some(domain) = domain else { return footprint };
        if let Some(geometry) = &domain.geometry {
            for polygon in &geometry.g_polygons {
                let holes = polygon.exclusive_zone.iter().flat_map(|zone| &zone.boundaries);
                footprint.polygons.push(std::iter::once(&polygon.boundary).chain(holes).map(Ring::degrees).collect());
            }
            let lines = geometry.lines.iter().map(Ring::degrees);
            footprint.lines = lines.chain(geometry.points.iter().map(|point| vec![point.degrees()])).collect();
            let bounds = |r: &Rectangle| {
                [
                    r.west_bounding_coordinate,
                    r.south_bounding_coordinate,
                    r.east_bounding_coordinate,
                    r.north_bounding_coordinate,
                ]
            };
            footprint.boxes = geometry.bounding_rectangles.iter().map(bounds).collect();
        }
        footprint.orbit = domain.orbit.as_ref().map(|orbit| (orbit.clone(), self.after_crossing(orbit)));
        footprint
    }

    /// Seconds from the equator crossing that the orbit names to the start of the data.
    fn after_crossing(&self, orbit: &Orbit) -> Option<f64> {
        let begins = &self.temporal_extent.as_ref()?.range_date_time.as_ref()?.beginning_date_time;
        let same = |domain: &&CalculatedDomain| {
            domain.equator_crossing_longitude.is_some_and(|at| (at - orbit.ascending_crossing).abs() < 1e-3)
        };
        let crossing = self.orbit_calculated_spatial_domains.iter().find(same)?.equator_crossing_date_time.as_ref()?;
        date::seconds_between(crossing, begins)
    }
}
