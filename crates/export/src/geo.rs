//! What GeoParquet 1.1.0 says of a column of geometries.

use serde_json::{Value as Json, json};

use crate::wkb;

/// A column of well-known binary in longitude and latitude (OGC:CRS84), the only one of its file.
#[derive(Clone, PartialEq, Debug)]
pub struct GeoColumn {
    /// Its name.
    pub name: String,
    /// `Point`, `Polygon` or `MultiPolygon`.
    pub kind: &'static str,
    /// West, south, east, north of all geometries, degrees.
    pub bounds: [f64; 4],
    /// The name of the column with the box of each geometry, where there is one: a group of `xmin`, `ymin`, `xmax`, `ymax`, floats or
    /// doubles that contain the geometry.
    pub covering: Option<String>,
}

impl GeoColumn {
    /// The key of the file's metadata under which [`key`](Self::key) belongs.
    pub const KEY: &'static str = "geo";

    /// The value of the key ("File metadata"), with sorted names. Without `crs` the system is OGC:CRS84.
    #[must_use]
    pub fn key(&self) -> String {
        let mut column =
            json!({ "encoding": "WKB", "edges": "planar", "bbox": self.bounds, "geometry_types": [self.kind] });
        if self.kind != "Point" {
            column["orientation"] = json!("counterclockwise");
        }
        if let Some(boxes) = &self.covering {
            let side = |side: &str| json!([boxes, side]);
            let sides =
                json!({ "xmin": side("xmin"), "ymin": side("ymin"), "xmax": side("xmax"), "ymax": side("ymax") });
            column["covering"] = json!({ "bbox": sides });
        }
        let name = &self.name;
        in_order(json!({ "version": "1.1.0", "primary_column": name, "columns": { name: column } }))
    }

    /// Metadata of the field in an Arrow schema, without which `GeoDataFrame.from_arrow` finds no geometry (GeoArrow 0.2).
    #[must_use]
    pub fn of_field() -> [(&'static str, &'static str); 2] {
        let system = r#"{"crs":"OGC:CRS84","crs_type":"authority_code"}"#;
        [("ARROW:extension:name", "geoarrow.wkb"), ("ARROW:extension:metadata", system)]
    }

    /// The geometry of a place, degrees.
    #[must_use]
    pub fn point(lon: f64, lat: f64) -> Vec<u8> {
        wkb::point([lon, lat])
    }
}

/// As text with sorted names: whether `serde_json` sorts them depends on a feature that any crate may enable.
pub(crate) fn in_order(mut value: Json) -> String {
    value.sort_all_objects();
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covering_names_the_sides_of_its_boxes() {
        let mut column =
            GeoColumn { name: "g".into(), kind: "Point", bounds: [-1.0, 2.0, 3.0, 4.0], covering: Some("bbox".into()) };
        let key: Json = serde_json::from_str(&column.key()).unwrap();
        assert_eq!(key["columns"]["g"]["covering"]["bbox"]["ymax"], json!(["bbox", "ymax"]));
        assert_eq!(key["columns"]["g"]["bbox"], json!([-1.0, 2.0, 3.0, 4.0]));
        column.covering = None;
        assert!(!column.key().contains("covering"));
    }
}
