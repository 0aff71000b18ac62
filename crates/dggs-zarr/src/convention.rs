//! The Zarr DGGS convention (v1): attributes that make a group a HEALPix dataset.

use morton::{Latitude, Order};
use serde_json::{Value, json};

use crate::{Attributes, Error};

/// Name of the only dimension of every array.
pub const DIMENSION: &str = "cells";
/// Name of the array of nested ids; the name that xdggs looks for.
pub(crate) const CELL_IDS: &str = "cell_ids";
/// Name of the array of decimal ids.
pub(crate) const MORTON: &str = "morton";
/// The one namespaced key of this engine in the group attributes.
pub(crate) const OWN_KEY: &str = "icestream";
/// Under [`OWN_KEY`]: the latitude convention, always.
const LATITUDE_KEY: &str = "latitude_convention";

/// The ellipsoid that a group declares: WGS84 where it is part of the definition of the ids. For geodetic latitudes taken as
/// spherical none is declared, because a reader that is given one would convert and draw the cells kilometres off.
fn ellipsoid(latitude: Latitude) -> Option<Value> {
    match latitude {
        Latitude::Spherical => None,
        Latitude::Authalic => {
            Some(json!({"name": "WGS84", "semimajor_axis": 6_378_137.0, "inverse_flattening": 298.257_223_563}))
        }
    }
}

/// How a reader of a group learns which cell a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// From the array `cell_ids` (layout `cell`).
    CellIds,
    /// From the position: the group covers all 12 * 4^order cells (layout `sphere`).
    FullDomain,
}

/// Attributes of a group of cells of `order`: `zarr_conventions`, `dggs`, and `provenance` with the latitude
/// convention under the key `icestream`.
///
/// # Errors
/// [`Error::Provenance`] unless `provenance` is an object (or null) that does not contradict `latitude`.
pub fn group_attributes(
    order: Order,
    latitude: Latitude,
    coordinate: Coordinate,
    provenance: &Value,
) -> Result<Attributes, Error> {
    // xdggs refuses a block with any key that it does not know: nothing of ours goes in here.
    let mut dggs = json!({
        "name": "healpix",
        "refinement_level": order.get(),
        "indexing_scheme": "nested",
        "spatial_dimension": DIMENSION,
    });
    if coordinate == Coordinate::CellIds {
        dggs["coordinate"] = json!(CELL_IDS);
        dggs["compression"] = json!("none");
    }
    if let Some(ellipsoid) = ellipsoid(latitude) {
        dggs["ellipsoid"] = ellipsoid;
    }
    let mut attributes = Attributes::new();
    attributes.insert("zarr_conventions".to_owned(), json!([declaration()]));
    attributes.insert("dggs".to_owned(), dggs);
    attributes.insert(OWN_KEY.to_owned(), own(latitude, provenance)?);
    Ok(attributes)
}

/// Attributes of `cell_ids`: exactly what xdggs' default decoder takes as the grid, and not one key more.
pub(crate) fn cell_ids_attributes(order: Order, latitude: Latitude) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("grid_name".to_owned(), json!("healpix"));
    attributes.insert("level".to_owned(), json!(order.get()));
    attributes.insert("indexing_scheme".to_owned(), json!("nested"));
    if let Some(ellipsoid) = ellipsoid(latitude) {
        attributes.insert("ellipsoid".to_owned(), ellipsoid);
    }
    attributes
}

/// Attributes of `morton`.
pub(crate) fn morton_attributes() -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("long_name".to_owned(), json!("HEALPix cell as a signed decimal morton id"));
    attributes.insert("units".to_owned(), json!("1"));
    attributes
}

/// The entry of `zarr_conventions`, as the convention prescribes it.
fn declaration() -> Value {
    json!({
        "schema_url": "https://raw.githubusercontent.com/zarr-conventions/dggs/refs/tags/v1/schema.json",
        "spec_url": "https://github.com/zarr-conventions/dggs/blob/v1/README.md",
        "uuid": "7b255807-140c-42ca-97f6-7a1cfecdbc38",
        "name": "dggs",
        "description": "Discrete Global Grid Systems convention for zarr",
    })
}

pub(crate) fn own(latitude: Latitude, provenance: &Value) -> Result<Value, Error> {
    let mut own = match provenance {
        Value::Null => Attributes::new(),
        Value::Object(map) => map.clone(),
        _ => return Err(Error::Provenance("not a JSON object")),
    };
    let name = json!(latitude.to_string());
    match own.get(LATITUDE_KEY) {
        Some(given) if *given != name => {
            return Err(Error::Provenance("names another latitude convention than the ids"));
        }
        _ => own.insert(LATITUDE_KEY.to_owned(), name),
    };
    Ok(Value::Object(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    #[test]
    fn only_authalic_ids_declare_an_ellipsoid() {
        for (latitude, there) in [(Latitude::Spherical, false), (Latitude::Authalic, true)] {
            let group = group_attributes(order(12), latitude, Coordinate::CellIds, &Value::Null).unwrap();
            let ids = cell_ids_attributes(order(12), latitude);
            assert_eq!(group["dggs"].get("ellipsoid").is_some(), there);
            assert_eq!(group["dggs"].get("ellipsoid"), ids.get("ellipsoid"));
            assert_eq!(group[OWN_KEY], json!({"latitude_convention": latitude.to_string()}));
        }
    }

    #[test]
    fn provenance_is_an_object_that_agrees() {
        let attributes = |p: Value| group_attributes(order(12), Latitude::Authalic, Coordinate::FullDomain, &p);
        assert!(attributes(json!({"latitude_convention": "authalic", "product": "atl06"})).is_ok());
        assert!(matches!(attributes(json!({"latitude_convention": "spherical"})), Err(Error::Provenance(_))));
        assert!(matches!(attributes(json!(["atl06"])), Err(Error::Provenance(_))));
        assert!(attributes(Value::Null).unwrap()["dggs"].get("coordinate").is_none());
    }
}
