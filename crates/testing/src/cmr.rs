//! Answers of the CMR composed for tests, in the shape of the recorded ones (earthaccess_atl06_umm.json of the shared
//! data). No answer of release 007 with `GPolygons` was to be had: those here are composed too, around real footprints.
use serde_json::{Value, json};

const BUCKET: &str = "nsidc-cumulus-prod-protected/ATLAS/ATL06/007/2023/12/19";
const HOST: &str = "https://data.nsidc.earthdatacloud.nasa.gov";

/// A granule with a spatial domain.
pub fn item(name: &str, domain: &Value) -> Value {
    json!({
        "meta": { "concept-type": "granule", "native-id": name, "provider-id": "NSIDC_CPRD" },
        "umm": {
            "GranuleUR": name,
            "TemporalExtent": { "RangeDateTime": {
                "BeginningDateTime": "2023-12-19T17:14:39.425Z", "EndingDateTime": "2023-12-19T17:20:23.189Z" } },
            "SpatialExtent": { "HorizontalSpatialDomain": domain },
            "RelatedUrls": [
                { "URL": format!("{HOST}/{BUCKET}/{name}"), "Type": "GET DATA" },
                { "URL": format!("s3://{BUCKET}/{name}"), "Type": "GET DATA VIA DIRECT ACCESS" },
                { "URL": format!("{HOST}/{BUCKET}/{}_BRW.jpg", name), "Type": "GET RELATED VISUALIZATION" },
                { "URL": format!("{HOST}/s3credentials"), "Type": "VIEW RELATED INFORMATION" },
            ],
            "CollectionReference": { "ShortName": "ATL06", "Version": "007" },
            "MetadataSpecification": { "Name": "UMM-G", "Version": "1.6.6" },
        }
    })
}

/// A spatial domain of one polygon: the outer ring, then holes.
pub fn polygon(rings: &[Vec<[f64; 2]>]) -> Value {
    let points = |ring: &Vec<[f64; 2]>| -> Value {
        json!({ "Points": ring.iter().map(|[lon, lat]| json!({ "Longitude": lon, "Latitude": lat })).collect::<Vec<_>>() })
    };
    let mut polygon = json!({ "Boundary": points(&rings[0]) });
    if rings.len() > 1 {
        polygon["ExclusiveZone"] = json!({ "Boundaries": rings[1..].iter().map(points).collect::<Vec<_>>() });
    }
    json!({ "Geometry": { "GPolygons": [polygon] } })
}

/// A page of granules.
pub fn page(items: &[Value]) -> Vec<u8> {
    json!({ "hits": items.len(), "took": 1, "items": items }).to_string().into_bytes()
}
