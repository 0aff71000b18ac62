//! Areas that the user chooses: boxes, GeoJSON polygons, latitudes, lists of cells.
use crate::Error;
use crate::cover::Cover;
use crate::region::Region;
use morton::{Cell, Latitude, Order};
use serde_json::Value;
use std::collections::BTreeSet;

/// One condition on cells: a cell fulfils it when it touches the area, or is on the list.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Area {
    /// West, south, east and north in geodetic degrees, from west eastwards to east.
    Box([f64; 4]),
    /// GeoJSON: the polygons of a geometry, a feature or a collection. Lines are straight in longitude and latitude
    /// (RFC 7946, 3.1.1), and a polygon is as large as it is drawn, by the rules of [`crate::Rings`].
    GeoJson(Value),
    /// Geodetic latitudes up to this one.
    SouthOf(f64),
    /// Geodetic latitudes from this one.
    NorthOf(f64),
    /// These cells, all of one order, or of coarser ones: all their descendants.
    Cells(Vec<Cell>),
}

impl Area {
    /// Reads `W,S,E,N`.
    ///
    /// # Errors
    /// [`Error::Usage`] with the text.
    pub fn parse_box(text: &str) -> Result<Self, Error> {
        let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        match (numbers.as_slice(), text.split(',').count()) {
            (&[west, south, east, north], 4) => Ok(Self::Box([west, south, east, north])),
            _ => Err(Error::usage(format!("`{text}` is no box: write WEST,SOUTH,EAST,NORTH in degrees"))),
        }
    }

    /// Reads a list of cells in any notation of [`Cell`], between commas or white space, or the keys of a catalog, or a
    /// JSON document with a list `cells` of `parent_morton`.
    ///
    /// # Errors
    /// [`Error::Usage`] naming what is no cell.
    pub fn parse_cells(text: &str) -> Result<Self, Error> {
        let bad = |error: morton::Error| Error::usage(error.to_string());
        if let Ok(document @ Value::Object(_)) = serde_json::from_str::<Value>(text) {
            let listed = document.get("cells").and_then(Value::as_array);
            let cells = match (document.get("catalog").and_then(Value::as_object), listed) {
                (Some(catalog), _) => catalog.keys().map(|key| key.parse().map_err(bad)).collect(),
                (None, Some(cells)) => cells.iter().map(json_cell).collect(),
                (None, None) => Err(Error::usage("the list of cells holds neither `cells` nor `catalog`")),
            };
            return cells.map(Self::Cells);
        }
        if let Ok(Value::Array(cells)) = serde_json::from_str::<Value>(text) {
            return cells.iter().map(json_cell).collect::<Result<_, _>>().map(Self::Cells);
        }
        let words = text.split(|mark: char| mark == ',' || mark.is_whitespace()).filter(|word| !word.is_empty());
        words.map(|word| word.parse().map_err(bad)).collect::<Result<_, _>>().map(Self::Cells)
    }

    /// Nested numbers of the cells of `order` that fulfil it.
    fn cells(&self, order: Order, latitude: Latitude) -> Result<BTreeSet<u64>, Error> {
        let regions = match self {
            Self::Box(bounds) => vec![bounding_box(*bounds, latitude)?],
            Self::SouthOf(lat) => vec![bounding_box([-180.0, -90.0, 180.0, *lat], latitude)?],
            Self::NorthOf(lat) => vec![bounding_box([-180.0, *lat, 180.0, 90.0], latitude)?],
            Self::GeoJson(document) => geojson(document, latitude)?,
            Self::Cells(cells) => return listed(cells, order),
        };
        Ok(Cover::new(order, 0.0, None).touched(&regions))
    }
}

/// Nested numbers of the cells of `order` that fulfil all conditions; `None`, which means all cells, without conditions.
///
/// # Errors
/// [`Error::Usage`] or [`Error::Format`] naming what makes no sense.
pub fn select(areas: &[Area], order: Order, latitude: Latitude) -> Result<Option<BTreeSet<u64>>, Error> {
    let mut selected: Option<BTreeSet<u64>> = None;
    for area in areas {
        let cells = area.cells(order, latitude)?;
        selected = Some(match selected {
            Some(before) => before.intersection(&cells).copied().collect(),
            None => cells,
        });
    }
    Ok(selected)
}

fn json_cell(value: &Value) -> Result<Cell, Error> {
    let value = value.get("parent_morton").unwrap_or(value);
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().map_err(|error: morton::Error| Error::usage(error.to_string()))
}

fn listed(cells: &[Cell], order: Order) -> Result<BTreeSet<u64>, Error> {
    let mut found = BTreeSet::new();
    for cell in cells {
        let below = cell.children(order).map_err(|_| {
            let (finer, order) = (cell.order(), order.get());
            Error::usage(format!("cell {cell} is of order {finer}, finer than the catalog's order {order}"))
        })?;
        found.extend(below);
    }
    Ok(found)
}

fn bounding_box(bounds: [f64; 4], latitude: Latitude) -> Result<Region, Error> {
    Region::bounding_box(bounds, latitude).ok_or_else(|| {
        let [west, south, east, north] = bounds;
        Error::usage(format!(
            "no box from {south} to {north} N and {west} to {east} E: latitudes rise within -90..90, longitudes are within -360..360"
        ))
    })
}

fn geojson(value: &Value, latitude: Latitude) -> Result<Vec<Region>, Error> {
    let mut regions = Vec::new();
    collect(value, latitude, &mut regions)?;
    if regions.is_empty() {
        return Err(Error::format("GeoJSON", "it holds no polygon"));
    }
    Ok(regions)
}

fn collect(value: &Value, latitude: Latitude, regions: &mut Vec<Region>) -> Result<(), Error> {
    let bad = |why: &str| Error::format("GeoJSON", why);
    let many =
        |name: &str| value.get(name).and_then(Value::as_array).ok_or_else(|| bad(&format!("`{name}` is no list")));
    match value.get("type").and_then(Value::as_str) {
        Some("FeatureCollection") => many("features")?.iter().try_for_each(|one| collect(one, latitude, regions)),
        Some("GeometryCollection") => many("geometries")?.iter().try_for_each(|one| collect(one, latitude, regions)),
        Some("Feature") => match value.get("geometry") {
            None | Some(Value::Null) => Ok(()),
            Some(geometry) => collect(geometry, latitude, regions),
        },
        Some("Polygon") => {
            regions.push(polygon(many("coordinates")?, latitude)?);
            Ok(())
        }
        Some("MultiPolygon") => {
            for rings in many("coordinates")? {
                let rings = rings.as_array().ok_or_else(|| bad("a polygon is no list of rings"))?;
                regions.push(polygon(rings, latitude)?);
            }
            Ok(())
        }
        Some(other) => Err(bad(&format!("a {other} encloses no area: give polygons"))),
        None => Err(bad("`type` is missing")),
    }
}

fn polygon(rings: &[Value], latitude: Latitude) -> Result<Region, Error> {
    let position = |value: &Value| Some([value.get(0)?.as_f64()?, value.get(1)?.as_f64()?]);
    let ring = |value: &Value| value.as_array()?.iter().map(position).collect::<Option<Vec<_>>>();
    let rings: Option<Vec<_>> = rings.iter().map(ring).collect();
    let rings = rings.ok_or_else(|| Error::format("GeoJSON", "a position is no [longitude, latitude]"))?;
    Region::map_polygon(&rings, latitude).ok_or_else(|| {
        Error::format("GeoJSON", "a ring of a polygon has fewer than three corners, or leaves -90..90 N or -720..720 E")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order() -> Order {
        Order::new(6).unwrap()
    }

    fn count(areas: &[Area]) -> usize {
        select(areas, order(), Latitude::Spherical).unwrap().unwrap().len()
    }

    #[test]
    fn conditions_are_fulfilled_together() {
        // Reference: healpy.query_disc(64, (0, 0, -1), radians(10), inclusive=True, fact=1024, nest=True).size == 420,
        // that is, the cells within 10 degrees of the pole.
        assert_eq!(count(&[Area::SouthOf(-80.0)]), 420);
        // Half of them, and the 14 on the far side of each of the two meridians, which are borders of base cells.
        assert_eq!(count(&[Area::SouthOf(-80.0), Area::Box([0.0, -90.0, 180.0, 90.0])]), 210 + 2 * 14);
        let cells = Area::parse_cells("-4111114 nested:6/36867,-3111111").unwrap();
        assert_eq!(count(std::slice::from_ref(&cells)), 2);
        assert_eq!(count(&[cells, Area::NorthOf(-88.5)]), 1);
        assert_eq!(count(&[Area::parse_cells("-41").unwrap()]), 1024);
        assert!(select(&[], order(), Latitude::Spherical).unwrap().is_none());
    }

    #[test]
    fn a_geojson_rectangle_over_the_pole_is_the_cap() {
        let ring = json!([[[-180.0, -90.0], [180.0, -90.0], [180.0, -80.0], [-180.0, -80.0], [-180.0, -90.0]]]);
        let polygon = json!({ "type": "Polygon", "coordinates": ring });
        assert_eq!(count(&[Area::GeoJson(polygon.clone())]), 420);
        let feature = json!({ "type": "Feature", "properties": null, "geometry": polygon });
        assert_eq!(count(&[Area::GeoJson(json!({ "type": "FeatureCollection", "features": [feature] }))]), 420);
    }

    #[test]
    fn a_polygon_may_be_larger_than_a_hemisphere() {
        let polygon = |ring: Value| Area::GeoJson(json!({ "type": "Polygon", "coordinates": [ring] }));
        assert_eq!(count(&[polygon(json!([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]))]), 49_152);
        // All but the cap of 420 cells around the pole, and but those inside that do not touch its border.
        let rest = polygon(json!([[-180, -80], [180, -80], [180, 90], [-180, 90], [-180, -80]]));
        let border = count(&[rest.clone(), Area::SouthOf(-80.0)]);
        assert!((1..420).contains(&border));
        assert_eq!(count(&[rest]), 49_152 - 420 + border);
        // In either direction around the pole: the smaller side.
        for ring in [json!([[0, -80], [120, -80], [-120, -80]]), json!([[0, -80], [-120, -80], [120, -80]])] {
            assert_eq!(count(&[polygon(ring)]), 420);
        }
    }

    #[test]
    fn nonsense_is_named() {
        let said = |area: Area| select(&[area], order(), Latitude::Spherical).unwrap_err().to_string();
        assert!(said(Area::Box([0.0, 10.0, 5.0, -10.0])).contains("10 to -10"));
        assert!(said(Area::GeoJson(json!({ "type": "Point", "coordinates": [0, 0] }))).contains("Point"));
        assert!(said(Area::GeoJson(json!({}))).contains("type"));
        let beyond = json!([[[-180, -90], [180, -90], [180, 91]]]);
        assert!(said(Area::GeoJson(json!({ "type": "Polygon", "coordinates": beyond }))).contains("leaves -90..90 N"));
        assert!(said(Area::parse_cells("nested:9/5").unwrap()).contains("finer"));
        assert!(Area::parse_box("1,2,3").is_err() && Area::parse_box("1,2,x,3,4").is_err());
        assert!(Area::parse_cells("-7111111").is_err() && Area::parse_cells("{}").is_err());
        let one = Area::parse_cells("-4111114").unwrap();
        for text in [r#"{"cells":[{"parent_morton":-4111114}]}"#, r#"{"catalog":{"-4111114":[]}}"#, "[-4111114]"] {
            assert_eq!(Area::parse_cells(text).unwrap(), one, "{text}");
        }
    }
}
