//! The coordinate systems that are known by a number of EPSG.
use super::definition::{Definition, Ellipsoid, Kind};

/// What to say of a number that is not known.
pub(crate) const KNOWN: &str = "known by their number are EPSG:4326, 4269 and 4258 (degrees), 3031, 3413, 3976, 3995, 3996, \
    5041, 5042, 5938, 6931, 6932, 3408, 3409, 3857, and UTM on WGS 84 (32601 to 32660, 32701 to 32760)";

const NUMBERS: [u16; 17] =
    [4326, 4269, 4258, 3031, 3413, 3976, 3995, 3996, 5041, 5042, 5938, 6931, 6932, 3408, 3409, 3857, 4979];

/// The definition of a number.
pub(crate) fn definition(number: u16) -> Option<Definition> {
    let polar = |name, parallel, lon| plain(name, Kind::PolarByParallel { parallel, lon });
    let by_scale = |name, pole, lon, scale| Definition {
        false_easting: 2e6,
        false_northing: 2e6,
        ..plain(name, Kind::PolarByScale { pole, lon, scale })
    };
    let equal = |name, lat| plain(name, Kind::EqualArea { lat, lon: 0.0 });
    let sphere = Ellipsoid { semi_major: 6_371_228.0, inverse_flattening: 0.0 };
    Some(match number {
        4326 => degrees(),
        4979 => plain("WGS 84 (3D)", Kind::Degrees),
        4269 => Definition { ellipsoid: Ellipsoid::GRS_80, ..plain("NAD83", Kind::Degrees) },
        4258 => Definition { ellipsoid: Ellipsoid::GRS_80, ..plain("ETRS89", Kind::Degrees) },
        3031 => polar("WGS 84 / Antarctic Polar Stereographic", -71.0, 0.0),
        3413 => polar("WGS 84 / NSIDC Sea Ice Polar Stereographic North", 70.0, -45.0),
        3976 => polar("WGS 84 / NSIDC Sea Ice Polar Stereographic South", -70.0, 0.0),
        3995 => polar("WGS 84 / Arctic Polar Stereographic", 71.0, 0.0),
        3996 => polar("WGS 84 / IBCAO Polar Stereographic", 75.0, 0.0),
        5041 => by_scale("WGS 84 / UPS North (E,N)", 90.0, 0.0, 0.994),
        5042 => by_scale("WGS 84 / UPS South (E,N)", -90.0, 0.0, 0.994),
        5938 => by_scale("WGS 84 / EPSG Greenland Polar Stereographic", 90.0, -33.0, 0.994),
        6931 => equal("WGS 84 / NSIDC EASE-Grid 2.0 North", 90.0),
        6932 => equal("WGS 84 / NSIDC EASE-Grid 2.0 South", -90.0),
        3408 => Definition { ellipsoid: sphere, ..equal("NSIDC EASE-Grid North", 90.0) },
        3409 => Definition { ellipsoid: sphere, ..equal("NSIDC EASE-Grid South", -90.0) },
        3857 => plain("WGS 84 / Pseudo-Mercator", Kind::WebMercator { lon: 0.0 }),
        32601..=32660 => utm(number - 32600, true),
        32701..=32760 => utm(number - 32700, false),
        _ => return None,
    })
}

/// Longitude and latitude on WGS 84.
pub(super) fn degrees() -> Definition {
    plain("WGS 84", Kind::Degrees)
}

fn plain(name: &str, kind: Kind) -> Definition {
    Definition {
        name: name.to_owned(),
        kind,
        ellipsoid: Ellipsoid::WGS_84,
        shift: None,
        unit: 1.0,
        false_easting: 0.0,
        false_northing: 0.0,
    }
}

/// A zone of UTM on WGS 84.
pub(super) fn utm(zone: u16, north: bool) -> Definition {
    Definition {
        false_easting: 500_000.0,
        false_northing: if north { 0.0 } else { 1e7 },
        ..plain(
            &format!("WGS 84 / UTM zone {zone}{}", if north { 'N' } else { 'S' }),
            Kind::TransverseMercator { lat: 0.0, lon: f64::from(zone) * 6.0 - 183.0, scale: 0.9996 },
        )
    }
}

/// The number of a definition that agrees with a known one.
pub(crate) fn number(of: &Definition) -> Option<u16> {
    NUMBERS
        .into_iter()
        .chain(32601..=32660)
        .chain(32701..=32760)
        .find(|&number| definition(number).is_some_and(|known| known.agrees(of)))
}
