//! Answers of the CMR in `umm_json` (UMM-G 1.6).
use crate::date;
use crate::record::{Odd, Record};
use byte_ranges::s3_link;
use footprint::{Footprint, OrbitArc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Endings of HDF5 files, as HDF-EOS and NSIDC use them.
const ENDINGS: [&str; 3] = [".h5", ".hdf5", ".he5"];

/// A page of an answer.
#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// A granule of an answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Identifies it.
    pub(crate) id: String,
    pub(crate) granule: Result<Record, Odd>,
}

/// Fields that are not needed are not read.
#[derive(Deserialize)]
struct Item {
    meta: Option<Meta>,
    umm: Umm,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    concept_id: Option<String>,
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
    orbit: Option<OrbitArc>,
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

impl Page<'_> {
    /// Its granules, in order. One that makes no sense fails alone.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.items.iter().map(|item| Entry::of(item.get())).collect()
    }
}

impl Entry {
    fn of(text: &str) -> Self {
        match serde_json::from_str::<Item>(text) {
            Ok(item) => {
                let concept = item.meta.as_ref().and_then(|meta| meta.concept_id.as_deref()).unwrap_or_default();
                Self { id: format!("{concept} {}", item.umm.granule_ur), granule: Ok(item.into_record()) }
            }
            Err(error) => {
                let value: Value = serde_json::from_str(text).unwrap_or_default();
                Self { id: text.to_owned(), granule: Err(Odd { name: any_name(&value), why: fault(value, &error) }) }
            }
        }
    }
}

/// A name for a record that makes no sense: a granule's name from anywhere in it, else the archive's id.
fn any_name(value: &Value) -> String {
    let texts = strings(value);
    let names = texts.iter().filter_map(|text| text.rsplit('/').next());
    let mut names = names.filter(|name| products::granule_name(name).is_some());
    let archive = ["/umm/GranuleUR", "/meta/native-id", "/meta/concept-id"];
    let called = || archive.iter().find_map(|path| value.pointer(path)?.as_str());
    names.next().or_else(called).unwrap_or("a record without a name").to_owned()
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::Object(map) => map.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// Why a record makes no sense: the field without which it would, and the error.
fn fault(mut value: Value, error: &serde_json::Error) -> String {
    let error = error.to_string();
    let error = error.split(" at line ").next().unwrap_or_default();
    let fields: Vec<String> = value["umm"].as_object().into_iter().flat_map(|umm| umm.keys().cloned()).collect();
    let guilty = fields.iter().find(|field| {
        let Some(umm) = value.get_mut("umm").and_then(Value::as_object_mut) else { return false };
        let Some(content) = umm.remove(*field) else { return false };
        let fits = Item::deserialize(&value).is_ok();
        value["umm"][field.as_str()] = content;
        fits
    });
    guilty.map_or_else(|| error.to_owned(), |field| format!("{field}: {error}"))
}

/// The last component of a URL's path.
fn file_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// Whether a link leads to an HDF5 file that is no browse image: indexes (`.h5.dmrpp`) and images (`_BRW.h5`) are listed
/// beside the granule.
fn is_granule(url: &str) -> bool {
    let name = file_name(url).to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending)) && !name.contains("_brw")
}

impl Item {
    /// What a catalog needs of it.
    fn into_record(self) -> Record {
        let umm = self.umm;
        let footprint = umm.footprint();
        let data = |schemes: &[&str]| {
            let fits = |related: &&RelatedUrl| {
                related.kind.starts_with("GET DATA")
                    && schemes.iter().any(|scheme| related.url.starts_with(scheme))
                    && is_granule(&related.url)
            };
            umm.related_urls.iter().find(fits).map(|related| related.url.clone())
        };
        let https = data(&["https://", "http://"]);
        let s3 = data(&["s3://"]).or_else(|| https.as_deref().and_then(s3_link));
        let identifiers = umm.data_granule.iter().flat_map(|granule| &granule.identifiers);
        let produced = identifiers
            .filter(|identifier| identifier.identifier_type == "ProducerGranuleId")
            .map(|identifier| identifier.identifier.clone())
            .next();
        // Of the name's three places the first that holds one: UR and id may be database keys.
        let linked = s3.as_deref().or(https.as_deref()).map(|url| file_name(url).to_owned());
        let candidates = [produced, Some(umm.granule_ur.clone()), linked];
        let name = candidates.into_iter().flatten().find(|name| products::granule_name(name).is_some());
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
    fn after_crossing(&self, orbit: &OrbitArc) -> Option<f64> {
        let begins = &self.temporal_extent.as_ref()?.range_date_time.as_ref()?.beginning_date_time;
        let same = |domain: &&CalculatedDomain| {
            domain.equator_crossing_longitude.is_some_and(|at| (at - orbit.ascending_crossing).abs() < 1e-3)
        };
        let crossing = self.orbit_calculated_spatial_domains.iter().find(same)?.equator_crossing_date_time.as_ref()?;
        date::seconds_between(crossing, begins)
    }
}
