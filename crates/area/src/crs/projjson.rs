//! Coordinate systems as PROJJSON, which GeoParquet holds.
use super::definition::{Definition, Ellipsoid};
use super::stated::{NEITHER, Stated, plain};
use super::wkt::in_degrees;
use crate::Error;
use serde_json::Value;

/// Reads a coordinate system from its PROJJSON.
pub(super) fn read(value: &Value) -> Result<Definition, Error> {
    stated(value, 0)?.definition()
}

fn stated(value: &Value, depth: u8) -> Result<Stated, Error> {
    let name = text(value, "name").unwrap_or("unnamed").to_owned();
    let refuse = |why: &str| Error::crs(&name, why);
    if depth > 4 {
        return Err(refuse("it is nested too deeply"));
    }
    match text(value, "type").unwrap_or_default() {
        "ProjectedCRS" => {
            let conversion = value.get("conversion").unwrap_or(&Value::Null);
            let method =
                conversion.get("method").and_then(|method| text(method, "name")).unwrap_or_default().to_owned();
            let parameters = parameters(conversion).map(|(name, value, unit)| match unit {
                Unit::Radians(factor) => (name.to_owned(), value * in_degrees(factor)),
                Unit::Metres(factor) | Unit::Ratio(factor) => (name.to_owned(), value * factor),
            });
            let mut stated = Stated {
                name: name.clone(),
                method: Some(method),
                parameters: parameters.collect(),
                ..Stated::default()
            };
            base(value.get("base_crs").unwrap_or(&Value::Null), &mut stated);
            if axes(value, &mut stated) {
                return Err(refuse("its unit is not a length"));
            }
            Ok(stated)
        }
        "GeographicCRS" | "GeodeticCRS" => {
            let system = value.get("coordinate_system").and_then(|system| text(system, "subtype"));
            if system.is_some_and(|subtype| subtype != "ellipsoidal") {
                return Err(refuse(NEITHER));
            }
            let mut stated = Stated { name: name.clone(), ..Stated::default() };
            base(value, &mut stated);
            if !axes(value, &mut stated) {
                return Err(refuse("its unit is not an angle"));
            }
            Ok(stated)
        }
        "CompoundCRS" => {
            let first = value.get("components").and_then(|parts| parts.get(0));
            stated(first.ok_or_else(|| refuse("it is compound, of nothing"))?, depth + 1)
        }
        "BoundCRS" => bound(value, &name, depth),
        _ => Err(refuse(NEITHER)),
    }
}

fn bound(value: &Value, name: &str, depth: u8) -> Result<Stated, Error> {
    let refuse = |why: &str| Error::crs(name, why);
    let part = |key: &str| value.get(key).ok_or_else(|| refuse("its parts are missing"));
    let mut source = stated(part("source_crs")?, depth + 1)?;
    let target = stated(part("target_crs")?, depth + 1)?;
    let transformation = part("transformation")?;
    let method = transformation.get("method").and_then(|method| text(method, "name")).map(plain).unwrap_or_default();
    let modern = target.ellipsoid.is_some_and(Ellipsoid::is_modern) && target.method.is_none();
    if !modern || !(method.contains("positionvector") || method.contains("geocentrictranslation")) {
        return Err(refuse(
            "its shift is not one of three or seven numbers to WGS 84; write the region in EPSG:4326 first",
        ));
    }
    let mut shift = [0.0; 7];
    for (name, value, unit) in parameters(transformation) {
        let name = plain(name);
        let axis = ["xaxis", "yaxis", "zaxis"].iter().position(|axis| name.starts_with(axis));
        let (at, value) = match (axis, unit) {
            (Some(axis), Unit::Radians(factor)) => (axis + 3, value * factor.to_degrees() * 3600.0),
            (Some(axis), Unit::Metres(factor)) => (axis, value * factor),
            (None, Unit::Ratio(1.0)) => (6, (value - 1.0) * 1e6),
            (None, Unit::Ratio(factor)) => (6, value * factor * 1e6),
            _ => return Err(refuse("the units of its shift make no sense")),
        };
        if let Some(number) = shift.get_mut(at) {
            *number = value;
        }
    }
    source.shift = Some(shift);
    Ok(source)
}

/// What the geographic part states.
fn base(value: &Value, stated: &mut Stated) {
    let datum = value.get("datum").or_else(|| value.get("datum_ensemble")).unwrap_or(&Value::Null);
    let ellipsoid = datum.get("ellipsoid").unwrap_or(&Value::Null);
    let length = |key: &str| ellipsoid.get(key).and_then(metres);
    stated.ellipsoid = match (length("radius"), length("semi_major_axis"), length("semi_minor_axis")) {
        (Some(semi_major), ..) => Some(Ellipsoid { semi_major, inverse_flattening: 0.0 }),
        (None, Some(semi_major), Some(semi_minor)) => Some(Ellipsoid::of_axes(semi_major, semi_minor)),
        (None, Some(semi_major), None) => ellipsoid
            .get("inverse_flattening")
            .and_then(Value::as_f64)
            .map(|inverse_flattening| Ellipsoid { semi_major, inverse_flattening }),
        (None, None, _) => None,
    };
    let meridian = datum.get("prime_meridian").and_then(|meridian| meridian.get("longitude"));
    let number = |one: &Value| one.as_f64().or_else(|| one.get("value").and_then(Value::as_f64));
    // One that is there but unreadable is none of Greenwich.
    stated.meridian = meridian.map_or(0.0, |one| number(one).unwrap_or(f64::INFINITY));
}

/// The directions and the unit of the axes; returns whether it is an angle, which it is where nothing is stated.
fn axes(value: &Value, stated: &mut Stated) -> bool {
    let axes = value.get("coordinate_system").and_then(|system| system.get("axis")).and_then(Value::as_array);
    let axes = axes.map(Vec::as_slice).unwrap_or_default();
    stated.axes = axes.iter().filter_map(|axis| text(axis, "direction")).map(str::to_lowercase).collect();
    let (unit, angle) = match axes.first().map(|axis| unit(axis.get("unit"))) {
        Some(Unit::Metres(factor)) => (factor, false),
        Some(Unit::Radians(factor)) => (in_degrees(factor), true),
        Some(Unit::Ratio(_)) => (0.0, true),
        None => (1.0, stated.method.is_none()),
    };
    stated.unit = unit;
    angle
}

#[derive(Clone, Copy)]
enum Unit {
    Radians(f64),
    Metres(f64),
    Ratio(f64),
}

fn unit(value: Option<&Value>) -> Unit {
    let Some(value) = value else { return Unit::Ratio(1.0) };
    match (value.as_str(), text(value, "type"), value.get("conversion_factor").and_then(Value::as_f64)) {
        (Some("degree"), ..) => Unit::Radians(1.0_f64.to_radians()),
        (Some("metre"), ..) => Unit::Metres(1.0),
        (None, Some("AngularUnit"), Some(factor)) => Unit::Radians(factor),
        (None, Some("LinearUnit"), Some(factor)) => Unit::Metres(factor),
        (None, Some("ScaleUnit"), Some(factor)) => Unit::Ratio(factor),
        _ => Unit::Ratio(1.0),
    }
}

fn parameters(value: &Value) -> impl Iterator<Item = (&str, f64, Unit)> {
    let list = value.get("parameters").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|one| Some((text(one, "name")?, one.get("value")?.as_f64()?, unit(one.get("unit")))))
}

fn metres(value: &Value) -> Option<f64> {
    let Unit::Metres(factor) = value.get("unit").map_or(Unit::Metres(1.0), |one| unit(Some(one))) else { return None };
    Some(value.as_f64().or_else(|| value.get("value")?.as_f64())? * factor)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
