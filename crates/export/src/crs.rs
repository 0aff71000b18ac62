//! The coordinate reference systems in which regular grids are written.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A coordinate reference system in which grids are written, by its EPSG code: longitude and latitude (4326), polar
/// stereographic (3031, 3413, 3976, 3995, 3996, 5041, 5042, 5938), equal-area around a pole (3408, 3409, 6931, 6932), and UTM on
/// WGS 84 (32601 to 32660, 32701 to 32760). Read from `EPSG:3413` or `3413`, and printed as the former.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GridCrs(u16);

/// How a system is projected, with what differs between systems of a kind.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Method {
    /// Not at all.
    Degrees,
    /// Stereographic around a pole, with true scale at a parallel (degrees).
    TrueScale(f64),
    /// Stereographic around a pole, with a scale at the pole.
    PoleScale(f64),
    /// Lambert's azimuthal equal-area projection around a pole.
    EqualArea,
    /// Universal transverse Mercator, by zone.
    Utm(u16),
}

/// What is known of a system.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// Latitude of the pole at the origin, degrees; of UTM, 90 in the north and -90 in the south.
    pub(crate) pole: f64,
    /// Longitude of the central meridian, degrees.
    pub(crate) meridian: f64,
    /// False easting and northing, metres.
    pub(crate) shift: [f64; 2],
    /// Whether latitudes are taken as those of [`SPHERE`], not of WGS 84.
    pub(crate) is_sphere: bool,
}

/// Radius of the sphere of the first EASE grids, metres.
pub(crate) const SPHERE: f64 = 6_371_228.0;

const fn polar(name: &'static str, method: Method, pole: f64, meridian: f64) -> Definition {
    Definition { name, method, pole, meridian, shift: [0.0; 2], is_sphere: false }
}

const fn shifted(name: &'static str, pole: f64, meridian: f64) -> Definition {
    Definition { shift: [2_000_000.0; 2], ..polar(name, Method::PoleScale(0.994), pole, meridian) }
}

const fn ease(name: &'static str, pole: f64) -> Definition {
    Definition { is_sphere: true, ..polar(name, Method::EqualArea, pole, 0.0) }
}

/// As the EPSG registry has them.
const KNOWN: [(u16, Definition); 13] = [
    (3031, polar("WGS 84 / Antarctic Polar Stereographic", Method::TrueScale(-71.0), -90.0, 0.0)),
    (3408, ease("NSIDC EASE-Grid North", 90.0)),
    (3409, ease("NSIDC EASE-Grid South", -90.0)),
    (3413, polar("WGS 84 / NSIDC Sea Ice Polar Stereographic North", Method::TrueScale(70.0), 90.0, -45.0)),
    (3976, polar("WGS 84 / NSIDC Sea Ice Polar Stereographic South", Method::TrueScale(-70.0), -90.0, 0.0)),
    (3995, polar("WGS 84 / Arctic Polar Stereographic", Method::TrueScale(71.0), 90.0, 0.0)),
    (3996, polar("WGS 84 / IBCAO Polar Stereographic", Method::TrueScale(75.0), 90.0, 0.0)),
    (4326, polar("WGS 84", Method::Degrees, 90.0, 0.0)),
    (5041, shifted("WGS 84 / UPS North (E,N)", 90.0, 0.0)),
    (5042, shifted("WGS 84 / UPS South (E,N)", -90.0, 0.0)),
    (5938, shifted("WGS 84 / EPSG Greenland Polar Stereographic", 90.0, -33.0)),
    (6931, polar("WGS 84 / NSIDC EASE-Grid 2.0 North", Method::EqualArea, 90.0, 0.0)),
    (6932, polar("WGS 84 / NSIDC EASE-Grid 2.0 South", Method::EqualArea, -90.0, 0.0)),
];

impl GridCrs {
    /// Longitude and latitude on WGS 84.
    pub const DEGREES: Self = Self(4326);
    /// Polar stereographic around the north pole.
    pub const NORTH: Self = Self(3413);
    /// Polar stereographic around the south pole.
    pub const SOUTH: Self = Self(3031);

    /// The system of a code.
    ///
    /// # Errors
    /// [`Error::Crs`] for any other than those above.
    pub fn new(code: u16) -> Result<Self, Error> {
        match code {
            32_601..=32_660 | 32_701..=32_760 => Ok(Self(code)),
            code if KNOWN.iter().any(|(known, _)| *known == code) => Ok(Self(code)),
            code => Err(Error::Crs(format!("EPSG:{code}"))),
        }
    }

    /// The UTM zone that holds a place, by six degrees of longitude each; without the exceptions around Norway.
    pub(crate) fn utm(lon: f64, lat: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 59")]
        let zone = ((lon + 180.0).rem_euclid(360.0) / 6.0).clamp(0.0, 59.0) as u16 + 1;
        Self(if lat < 0.0 { 32_700 } else { 32_600 } + zone)
    }

    /// The EPSG code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    pub(crate) fn is_degrees(self) -> bool {
        self == Self::DEGREES
    }

    pub(crate) fn definition(self) -> Definition {
        if let Some((_, definition)) = KNOWN.iter().find(|(code, _)| *code == self.0) {
            return *definition;
        }
        let (zone, is_south) = (self.0 % 100, self.0 > 32_700);
        Definition {
            name: "WGS 84 / UTM zone",
            method: Method::Utm(zone),
            pole: if is_south { -90.0 } else { 90.0 },
            meridian: f64::from(zone) * 6.0 - 183.0,
            shift: [500_000.0, if is_south { 10_000_000.0 } else { 0.0 }],
            is_sphere: false,
        }
    }
}

impl FromStr for GridCrs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = match text.get(..5) {
            Some(prefix) if prefix.eq_ignore_ascii_case("epsg:") => text.get(5..).unwrap_or_default(),
            _ => text,
        };
        number.trim().parse().map_err(|_| Error::Crs(text.to_owned())).and_then(Self::new)
    }
}

impl fmt::Display for GridCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EPSG:{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_read_by_code_and_others_are_refused() {
        for text in ["EPSG:3413", "epsg:3413", "3413"] {
            assert_eq!(text.parse::<GridCrs>().unwrap(), GridCrs::NORTH);
        }
        for text in ["EPSG:32633", "EPSG:32760", "EPSG:4326", "EPSG:6932"] {
            assert_eq!(text.parse::<GridCrs>().unwrap().to_string(), text);
        }
        for text in ["EPSG:3857", "EPSG:32600", "EPSG:32661", "EPSG:70000", "EPSG:", "", "north", "EPSG:−1", "éééé"]
        {
            assert!(matches!(text.parse::<GridCrs>(), Err(Error::Crs(_))), "{text}");
        }
    }

    #[test]
    fn a_zone_is_six_degrees_wide_and_has_its_hemisphere() {
        for (lon, lat, code) in [
            (0.0, 1.0, 32_631),
            (-180.0, -1.0, 32_701),
            (179.9, 0.0, 32_660),
            (180.0, 10.0, 32_601),
            (15.0, -45.0, 32_733),
        ] {
            assert_eq!(GridCrs::utm(lon, lat).code(), code, "{lon} {lat}");
        }
        assert_eq!(GridCrs::new(32_733).unwrap().definition().meridian, 15.0);
    }
}
