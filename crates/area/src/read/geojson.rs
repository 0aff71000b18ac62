//! GeoJSON (RFC 7946), with the member `crs` of the older edition.
use super::{Outlines, Parts, system};
use crate::error::short;
use crate::{Crs, Error};
use serde_json::Value;

/// Collections within collections, at most.
const MAX_DEPTH: usize = 16;

pub(super) fn read(bytes: &[u8], asked: Option<&str>) -> Result<Outlines, Error> {
    let value: Value = serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|error| Error::format("GeoJSON", error))?;
    let mut parts = Vec::new();
    collect(&value, &mut parts, 0)?;
    let stated = match value.get("crs") {
        None | Some(Value::Null) => None,
        Some(stated) => {
            let name = stated.get("properties").and_then(|properties| properties.get("name")).and_then(Value::as_str);
            let why = "its member `crs` has no name: write the name, or leave `crs` out and add --region-crs";
            Some(Crs::parse(name.ok_or_else(|| Error::format("GeoJSON", why))?)?)
        }
    };
    Ok(Outlines { parts, crs: system(stated, asked, Some(Crs::degrees))? })
}

fn collect(value: &Value, parts: &mut Parts, depth: usize) -> Result<(), Error> {
    let bad = |why: &str| Error::format("GeoJSON", why);
    let many =
        |name: &str| value.get(name).and_then(Value::as_array).ok_or_else(|| bad(&format!("`{name}` is no list")));
    if depth > MAX_DEPTH {
        return Err(bad("collections are nested too deeply"));
    }
    match value.get("type").and_then(Value::as_str) {
        Some("FeatureCollection") => many("features")?.iter().try_for_each(|one| collect(one, parts, depth + 1)),
        Some("GeometryCollection") => many("geometries")?.iter().try_for_each(|one| collect(one, parts, depth + 1)),
        Some("Feature") => match value.get("geometry") {
            None | Some(Value::Null) => Ok(()),
            Some(geometry) => collect(geometry, parts, depth + 1),
        },
        Some("Polygon") => {
            parts.push(polygon(many("coordinates")?)?);
            Ok(())
        }
        Some("MultiPolygon") => {
            for rings in many("coordinates")? {
                parts.push(polygon(rings.as_array().ok_or_else(|| bad("a polygon is no list of rings"))?)?);
            }
            Ok(())
        }
        Some(other) => Err(bad(&format!("a {} encloses no area: give polygons", short(other)))),
        None => Err(bad("`type` is missing")),
    }
}

fn polygon(rings: &[Value]) -> Result<Vec<Vec<[f64; 2]>>, Error> {
    let position = |value: &Value| Some([value.get(0)?.as_f64()?, value.get(1)?.as_f64()?]);
    let ring = |value: &Value| value.as_array()?.iter().map(position).collect::<Option<Vec<_>>>();
    let rings: Option<Vec<_>> = rings.iter().map(ring).collect();
    rings.ok_or_else(|| Error::format("GeoJSON", "a position is no list of two numbers"))
}
