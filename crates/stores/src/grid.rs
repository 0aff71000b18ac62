//! Which cells the rows of a group are: as the DGGS convention says it, as `xdggs` does on the array of ids, or as CF does.

use dggs_zarr::Column;
use morton::{Cell, Latitude, Order};
use serde_json::Value;
use std::collections::BTreeMap;

/// Usual names of the array of ids, where nothing names it.
const USUAL: [&str; 3] = ["cell_ids", "cell", "healpix_index"];
/// Inverse flattening up to which an ellipsoid is the Earth's: WGS 84 and GRS 80 have 298.257.
const EARTH: std::ops::Range<f64> = 297.0..300.0;

/// The grid of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    pub(crate) order: Order,
    pub(crate) latitude: Latitude,
    pub(crate) scheme: Scheme,
    /// Name of the array of ids; `None`: nothing names one.
    pub(crate) ids: Option<String>,
}

/// How cells are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// HEALPix nested numbers.
    Nested,
    /// HEALPix ring numbers.
    Ring,
    /// Nested numbers that hold their order.
    Zuniq,
    /// Packed morton words, or decimal morton ids where they are signed (the grid `morton`).
    Morton,
}

impl Grid {
    /// The grid of a group with these attributes, and arrays whose attributes are given by name. `Ok(None)`: it says nothing
    /// of cells.
    ///
    /// # Errors
    /// What it lacks, or uses that is not supported.
    pub(crate) fn of(group: &Value, arrays: &BTreeMap<&str, &Value>) -> Result<Option<Self>, Lack> {
        if group["dggs"].is_object() {
            return Self::of_convention(&group["dggs"], arrays).map(Some);
        }
        let with = |key: &str, value: &str| arrays.iter().find(|(_, attributes)| attributes[key] == value);
        let usual = USUAL.iter().find(|name| arrays.contains_key(*name)).map(|&name| name.to_owned());
        if let Some((&name, attributes)) = with("grid_name", "healpix") {
            let scheme = Scheme::of(attributes).unwrap_or(Ok(Scheme::Nested))?;
            let order =
                order(attributes)?.ok_or_else(|| Lack::missing(format!("the array `{name}` has no `level`")))?;
            let latitude = latitude(&attributes["ellipsoid"])?;
            return Ok(Some(Self { order, latitude, scheme, ids: Some(name.to_owned()) }));
        }
        let Some((&name, attributes)) = with("grid_mapping_name", "healpix") else { return Ok(None) };
        let lacks = |what: &str| Lack::missing(format!("the grid mapping `{name}` has no {what}"));
        let scheme = Scheme::of(attributes).unwrap_or_else(|| Err(lacks("`indexing_scheme`")))?;
        let order = order(attributes)?.ok_or_else(|| lacks("`refinement_level`"))?;
        let ids = with("standard_name", "healpix_index").map(|(&name, _)| name.to_owned()).or(usual);
        // CF writes an ellipsoid's parameters on the grid mapping itself.
        let mapped = if attributes["inverse_flattening"].is_number() { attributes } else { &Value::Null };
        Ok(Some(Self { order, latitude: latitude(mapped)?, scheme, ids }))
    }

    fn of_convention(dggs: &Value, arrays: &BTreeMap<&str, &Value>) -> Result<Self, Lack> {
        let scheme = match dggs["name"].as_str() {
            Some("healpix") => {
                let lacks = || Err(Lack::missing("`dggs` has no `indexing_scheme` (nested, ring or zuniq)".to_owned()));
                Scheme::of(dggs).unwrap_or_else(lacks)?
            }
            Some("morton") => Scheme::Morton,
            Some(name) => return Err(Lack::unsupported(format!("the grid `{name}`"))),
            None => return Err(Lack::missing("`dggs` has no `name`".to_owned())),
        };
        let order = order(dggs)?.ok_or_else(|| Lack::missing("`dggs` has no `refinement_level`".to_owned()))?;
        match &dggs["compression"] {
            Value::Null => {}
            Value::String(none) if none == "none" => {}
            other => return Err(Lack::unsupported(format!("compression {other} of the ids"))),
        }
        let named = dggs["coordinate"].as_str().map(str::to_owned);
        let usual = || USUAL.iter().find(|name| arrays.contains_key(*name)).map(|&name| name.to_owned());
        Ok(Self { order, latitude: latitude(&dggs["ellipsoid"])?, scheme, ids: named.or_else(usual) })
    }

    /// The nested numbers of some ids, one after the other; `None` for an id that is no cell of this order. `None` for all:
    /// these are no integers.
    pub(crate) fn nested<'a>(&self, ids: &'a Column) -> Option<Box<dyn Iterator<Item = Option<u64>> + 'a>> {
        let (order, scheme) = (self.order, self.scheme);
        let nested = move |cell: Option<Cell>| cell.filter(|cell| cell.order() == order).map(Cell::nested);
        let unsigned = move |id: u64| nested(scheme.cell(order, id));
        Some(match ids {
            Column::U64(ids) => Box::new(ids.iter().map(move |&id| unsigned(id))),
            Column::I64(ids) if scheme == Scheme::Morton => {
                Box::new(ids.iter().map(move |&id| nested(Cell::from_decimal(id).ok())))
            }
            Column::I64(ids) => Box::new(ids.iter().map(move |&id| u64::try_from(id).ok().and_then(unsigned))),
            _ => return None,
        })
    }
}

impl Scheme {
    /// What attributes say, under the names that are in use; `None` if they say nothing.
    fn of(attributes: &Value) -> Option<Result<Self, Lack>> {
        let said = ["indexing_scheme", "healpix_order"].iter().find_map(|key| attributes[*key].as_str());
        let said = said.or_else(|| attributes["nest"].as_bool().map(|nest| if nest { "nested" } else { "ring" }))?;
        Some(match said {
            "nested" | "nest" => Ok(Self::Nested),
            "ring" => Ok(Self::Ring),
            "zuniq" => Ok(Self::Zuniq),
            other => Err(Lack::unsupported(format!("the indexing scheme `{other}`"))),
        })
    }

    pub(crate) fn cell(self, order: Order, id: u64) -> Option<Cell> {
        match self {
            Self::Nested => Cell::new(order, id),
            Self::Ring => Cell::from_ring(order, id),
            Self::Zuniq => Cell::from_zuniq(id),
            Self::Morton => Cell::from_packed(id),
        }
        .ok()
    }
}

/// What keeps a group from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) what: String,
    /// Something is there that cannot be read; else something is not there.
    pub(crate) unsupported: bool,
}

impl Lack {
    fn missing(what: String) -> Self {
        Self { what, unsupported: false }
    }

    fn unsupported(what: String) -> Self {
        Self { what, unsupported: true }
    }
}

/// The order under the names that are in use; `None` if nothing says it.
fn order(attributes: &Value) -> Result<Option<Order>, Lack> {
    let level = ["refinement_level", "level", "order", "resolution", "depth"].iter();
    let level = level.map(|key| &attributes[*key]).find(|value| !value.is_null());
    let side = ["nside", "healpix_nside"].iter().map(|key| &attributes[*key]).find(|value| !value.is_null());
    let order = match (level, side) {
        (Some(level), _) => level.as_u64().and_then(|level| u8::try_from(level).ok()),
        (None, Some(side)) => side.as_u64().filter(|side| side.is_power_of_two()).map(side_order),
        (None, None) => return Ok(None),
    };
    let order = order.and_then(|order| Order::new(order).ok());
    order.map(Some).ok_or_else(|| Lack::missing("no such refinement level".to_owned()))
}

#[expect(clippy::cast_possible_truncation, reason = "below 64")]
fn side_order(side: u64) -> u8 {
    side.trailing_zeros() as u8
}

/// `xdggs`' rule: the ids are authalic where an ellipsoid is declared; a sphere is none.
fn latitude(ellipsoid: &Value) -> Result<Latitude, Lack> {
    let name = ellipsoid.as_str().or_else(|| ellipsoid["name"].as_str()).unwrap_or_default().to_ascii_lowercase();
    let flattening = &ellipsoid["inverse_flattening"];
    if ellipsoid.is_null() || name.contains("sphere") || ellipsoid["radius"].is_number() {
        return Ok(Latitude::Spherical);
    }
    match flattening.as_f64() {
        Some(flattening) if EARTH.contains(&flattening) => Ok(Latitude::Authalic),
        None if matches!(name.as_str(), "wgs84" | "grs80") => Ok(Latitude::Authalic),
        _ => Err(Lack::unsupported(format!("the ellipsoid {ellipsoid}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(group: &Value, arrays: &[(&str, Value)]) -> Result<Option<Grid>, Lack> {
        Grid::of(group, &arrays.iter().map(|(name, attributes)| (*name, attributes)).collect())
    }

    #[test]
    fn three_ways_to_say_a_grid() {
        let convention = json!({"dggs": {"name": "healpix", "refinement_level": 4, "indexing_scheme": "ring",
            "coordinate": "id", "compression": "none", "ellipsoid": {"name": "WGS84", "inverse_flattening": 298.25}}});
        let grid = of(&convention, &[]).unwrap().unwrap();
        assert_eq!((grid.order.get(), grid.scheme, grid.latitude), (4, Scheme::Ring, Latitude::Authalic));
        assert_eq!(grid.ids.as_deref(), Some("id"));
        let xdggs = json!({"grid_name": "healpix", "nside": 8, "nest": false});
        let grid = of(&json!({}), &[("cells", xdggs), ("t", json!({}))]).unwrap().unwrap();
        assert_eq!((grid.order.get(), grid.scheme, grid.latitude), (3, Scheme::Ring, Latitude::Spherical));
        assert_eq!(grid.ids.as_deref(), Some("cells"));
        let cf = json!({"grid_mapping_name": "healpix", "healpix_nside": 4, "healpix_order": "nest"});
        let grid =
            of(&json!({}), &[("crs", cf), ("cell", json!({"standard_name": "healpix_index"}))]).unwrap().unwrap();
        assert_eq!((grid.order.get(), grid.scheme, grid.ids.as_deref()), (2, Scheme::Nested, Some("cell")));
        assert_eq!(of(&json!({"title": "x"}), &[("t", json!({}))]), Ok(None));
    }

    #[test]
    fn what_a_grid_lacks_is_named() {
        for (dggs, says) in [
            (json!({}), "no `name`"),
            (json!({"name": "h3", "refinement_level": 4}), "the grid `h3`"),
            (json!({"name": "healpix", "refinement_level": 4}), "no `indexing_scheme`"),
            (json!({"name": "healpix", "indexing_scheme": "nested"}), "no `refinement_level`"),
            (json!({"name": "healpix", "indexing_scheme": "nested", "refinement_level": 30}), "no such refinement"),
            (json!({"name": "healpix", "indexing_scheme": "nested", "refinement_level": -1}), "no such refinement"),
            (json!({"name": "healpix", "indexing_scheme": "peano", "refinement_level": 3}), "scheme `peano`"),
            (json!({"name": "morton", "refinement_level": 3, "compression": "moc"}), "compression \"moc\""),
            (
                json!({"name": "morton", "refinement_level": 3, "ellipsoid": {"name": "moon2000",
                "inverse_flattening": 800.0}}),
                "ellipsoid",
            ),
        ] {
            let lack = of(&json!({"dggs": dggs}), &[]).unwrap_err();
            assert!(lack.what.contains(says), "{lack:?}");
        }
    }

    #[test]
    fn ids_of_every_scheme() {
        let order = Order::new(1).unwrap();
        let nested = |scheme, ids: Column| {
            let grid = Grid { order, latitude: Latitude::Spherical, scheme, ids: None };
            grid.nested(&ids).map(Iterator::collect::<Vec<_>>)
        };
        assert_eq!(nested(Scheme::Nested, Column::I64(vec![3, 48, -1])), Some(vec![Some(3), None, None]));
        assert_eq!(nested(Scheme::Ring, Column::U64(vec![0, 48])), Some(vec![Some(3), None]));
        assert_eq!(nested(Scheme::Zuniq, Column::U64(vec![7 << 56, 7 << 54])), Some(vec![Some(3), None]));
        let cell = Cell::new(order, 40).unwrap();
        assert_eq!(nested(Scheme::Morton, Column::U64(vec![cell.packed(), 0])), Some(vec![Some(40), None]));
        assert_eq!(nested(Scheme::Morton, Column::I64(vec![cell.decimal().unwrap(), 0])), Some(vec![Some(40), None]));
        assert_eq!(nested(Scheme::Nested, Column::F32(vec![1.0])), None);
    }
}
