//! Coordinate systems: reading them, and mapping places.
mod definition;
mod known;
mod proj_string;
mod projjson;
mod stated;
mod wkt;
mod words;

use crate::Error;
use crate::error::short;
use definition::Definition;
use proj4rs::Proj;
use proj4rs::transform::transform;
use serde_json::Value;
use std::fmt;

/// Longitude and latitude on WGS 84.
const DEGREES: &str = "+proj=longlat +datum=WGS84 +no_defs";

/// A coordinate system in which the outline of a region is stated, x (or longitude) first.
///
/// Systems that would be mapped to a wrong place in silence are refused: ellipsoids other than WGS 84, GRS 80 and the
/// authalic spheres without a stated shift to WGS 84, and pseudo-Mercator in the older WKT. NAD83 and ETRS89 are taken as
/// WGS 84, which is right within 2 m.
#[derive(Clone)]
pub struct Crs {
    definition: Definition,
    epsg: Option<u16>,
    /// The plane, and longitude and latitude; none where both are the same.
    projection: Option<Box<(Proj, Proj)>>,
}

impl Crs {
    /// Longitude and latitude on WGS 84 (EPSG:4326).
    #[must_use]
    pub fn degrees() -> Self {
        let definition = known::degrees();
        Self { definition, epsg: Some(4326), projection: None }
    }

    /// Reads `EPSG:3413` (also `urn:ogc:def:crs:EPSG::3413`, `OGC:CRS84`), WKT of either version, PROJJSON, or the notation
    /// of PROJ.
    ///
    /// # Errors
    /// [`Error::Crs`] with the reason why a system is refused, [`Error::Usage`] or [`Error::Format`] where the text states
    /// none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if let Some(number) = number_of(text) {
            return Self::of_number(number);
        }
        if text.starts_with('+') || text.starts_with("proj=") {
            return Self::new(proj_string::read(text)?);
        }
        if text.starts_with('{') {
            let value: Value = serde_json::from_str(text).map_err(|error| Error::format("PROJJSON", error))?;
            return Self::of_json(&value);
        }
        if text.contains(['[', '(']) {
            return Self::new(wkt::read(text)?);
        }
        let text = short(text);
        Err(Error::usage(format!("`{text}` is no coordinate system: write EPSG:NUMBER, WKT, PROJJSON or `+proj=...`")))
    }

    /// Of PROJJSON.
    ///
    /// # Errors
    /// As [`Crs::parse`].
    pub fn of_json(value: &Value) -> Result<Self, Error> {
        Self::new(projjson::read(value)?)
    }

    /// Of a number of EPSG.
    ///
    /// # Errors
    /// [`Error::Crs`], naming the numbers that are known.
    pub fn of_number(number: u32) -> Result<Self, Error> {
        let definition = u16::try_from(number).ok().and_then(known::definition).ok_or_else(|| {
            let next = "others by their WKT or `+proj=...` with --region-crs";
            Error::crs(&format!("EPSG:{number}"), format!("{}; {next}, or {}", known::KNOWN, definition::NEXT))
        })?;
        Self::new(definition)
    }

    fn new(definition: Definition) -> Result<Self, Error> {
        let epsg = known::number(&definition);
        let projection = if definition.is_degrees() && definition.shift.is_none() {
            None
        } else {
            let make = |text: &str| Proj::from_proj_string(text).map_err(|error| Error::crs(&definition.name, error));
            Some(Box::new((make(&definition.proj_string())?, make(DEGREES)?)))
        };
        Ok(Self { definition, epsg, projection })
    }

    /// What the system calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The number of EPSG, where the system agrees with one that is known here, whatever its text says.
    #[must_use]
    pub fn epsg(&self) -> Option<u16> {
        self.epsg
    }

    /// Whether coordinates are longitude and latitude in degrees.
    #[must_use]
    pub fn is_degrees(&self) -> bool {
        self.definition.is_degrees()
    }

    /// Whether both put every place at the same coordinates.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.definition.agrees(&other.definition)
    }

    /// The coordinates `[x, y]` of a place (degrees, geodetic WGS 84); `None` where the map has no place for it.
    #[must_use]
    pub fn forward(&self, lon: f64, lat: f64) -> Option<[f64; 2]> {
        if !(lon.is_finite() && lat.abs() <= 90.0) {
            return None;
        }
        let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
        let Some((plane, degrees)) = self.projection.as_deref() else { return Some([lon, lat]) };
        if self.definition.kind.is_beyond(lon, lat) {
            return None;
        }
        let mut point = (lon.to_radians(), lat.to_radians());
        transform(degrees, plane, &mut point).ok()?;
        let scale = |number: f64| if self.is_degrees() { number.to_degrees() } else { number };
        finite([scale(point.0), scale(point.1)])
    }

    /// The place `[lon, lat]` of coordinates; `None` where there is none.
    #[must_use]
    pub fn inverse(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        let Some((plane, degrees)) = self.projection.as_deref() else {
            return finite([x, y]).filter(|[_, lat]| lat.abs() <= 90.0);
        };
        let scale = |number: f64| if self.is_degrees() { number.to_radians() } else { number };
        let mut point = (scale(x), scale(y));
        transform(plane, degrees, &mut point).ok()?;
        finite([point.0.to_degrees(), point.1.to_degrees().clamp(-90.0, 90.0)])
    }

    /// Attributes of a CF grid mapping, among them `crs_wkt`.
    #[must_use]
    pub fn cf(&self) -> Vec<(String, Value)> {
        words::cf(&self.definition, self.epsg)
    }

    /// WKT of version 2 (2019).
    #[must_use]
    pub fn wkt(&self) -> String {
        words::wkt(&self.definition, self.epsg)
    }
}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crs").field("definition", &self.definition).field("epsg", &self.epsg).finish_non_exhaustive()
    }
}

/// `EPSG:3413`, or its number where there is one.
impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epsg {
            Some(number) => write!(f, "EPSG:{number}"),
            None => f.pad(&short(self.name())),
        }
    }
}

fn finite(point: [f64; 2]) -> Option<[f64; 2]> {
    point.iter().all(|number| number.is_finite()).then_some(point)
}

/// The number in `EPSG:3413` and its relatives.
fn number_of(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    if upper.ends_with("CRS84") && upper.contains("OGC") {
        return Some(4326);
    }
    let short = upper.strip_prefix("EPSG:");
    let name = upper.strip_prefix("URN:").filter(|rest| rest.contains(":EPSG:"));
    let link = upper.split_once("OPENGIS.NET/DEF/CRS/EPSG/").map(|(_, rest)| rest);
    let number = short.or_else(|| name?.rsplit(':').next()).or_else(|| link?.rsplit('/').next())?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// pyproj 3.8, EPSG:4326 to the system, to a micrometre.
    const PYPROJ: [(u32, [f64; 2], [f64; 2]); 6] = [
        (3031, [40.5, -80.25], [689_598.074_073, 807_415.605_821]),
        (3413, [100.0, 88.0], [124_280.106_716, 177_490.386_684]),
        (6931, [-120.5, 75.25], [-1_415_294.702_092, 833_672.291_034]),
        (32624, [-37.5, 68.75], [560_666.970_830, 7_627_226.614_668]),
        (3857, [33.0, -61.5], [3_673_543.196_178, -8_741_545.435_836]),
        (5938, [-20.0, 81.0], [2_225_218.949_810, 1_024_469.552_467]),
    ];

    #[test]
    fn places_are_where_pyproj_has_them() {
        for (number, [lon, lat], expected) in PYPROJ {
            let crs = Crs::of_number(number).unwrap();
            let [x, y] = crs.forward(lon, lat).unwrap();
            assert!((x - expected[0]).hypot(y - expected[1]) < 1e-6, "{number}: {x} {y}");
            let [lon_again, lat_again] = crs.inverse(x, y).unwrap();
            assert!((lon_again - lon).abs() < 1e-10 && (lat_again - lat).abs() < 1e-10, "{number}");
        }
        assert_eq!(Crs::degrees().forward(190.0, 5.0), Some([-170.0, 5.0]));
        let metres = Crs::of_number(3413).unwrap();
        assert_eq!((metres.forward(0.0, f64::NAN), metres.forward(0.0, 91.0)), (None, None));
    }

    #[test]
    fn every_notation_says_the_same() {
        let esri = r#"PROJCS["WGS_1984_NSIDC",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,
            298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Stereographic_North_Pole"],
            PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-45.0],
            PARAMETER["Standard_Parallel_1",70.0],UNIT["Meter",1.0]]"#;
        let known = Crs::parse("EPSG:3413").unwrap();
        for text in [
            "epsg:3413",
            "urn:ogc:def:crs:EPSG::3413",
            "http://www.opengis.net/def/crs/EPSG/0/3413",
            "+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs",
            esri,
            &esri.replace('[', "(").replace(']', ")"),
            &known.wkt(),
        ] {
            let crs = Crs::parse(text).unwrap();
            assert_eq!((crs.epsg(), crs.agrees(&known)), (Some(3413), true), "{text}");
        }
        assert_eq!(Crs::parse("urn:ogc:def:crs:OGC:1.3:CRS84").unwrap().epsg(), Some(4326));
        for number in ["EPSG:4326", "EPSG:3857", "EPSG:32724", "EPSG:5042", "EPSG:3408"] {
            let crs = Crs::parse(number).unwrap();
            assert_eq!(Crs::parse(&crs.wkt()).unwrap().to_string(), number);
        }
    }

    #[test]
    fn what_would_be_mapped_wrongly_is_refused_with_the_reason() {
        let datum = |spheroid: &str, more: &str| {
            format!(
                r#"GEOGCS["x",DATUM["x",SPHEROID["x",{spheroid}]{more}],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]"#
            )
        };
        let clarke = datum("6378206.4,294.978698213898", "");
        let pseudo = r#"PROJCS["WGS 84 / Pseudo-Mercator",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]]],
            PROJECTION["Mercator_1SP"],PARAMETER["central_meridian",0],UNIT["metre",1],EXTENSION["PROJ4","+proj=merc +a=6378137"]]"#;
        for (text, word) in [
            (clarke.as_str(), "states no shift to WGS 84"),
            (pseudo, "pseudo-Mercator"),
            ("EPSG:27700", "known by their number are EPSG:4326"),
            ("EPSG:70000", "known by their number"),
            ("+proj=longlat +datum=NAD27", "its datum `NAD27`"),
            ("+proj=longlat +ellps=intl", "states no shift"),
            ("+proj=longlat +nadgrids=conus", "file of differences"),
            ("+proj=tmerc +pm=paris", "Greenwich"),
            ("+proj=ortho", "`ortho` is not known"),
            ("+proj=lcc", "`+lat_1` is missing"),
            ("+proj=lcc +lat_1=30 +lat_2=-30", "numbers are not those of a map"),
            ("+proj=utm +zone=61", "1 to 60"),
            ("+proj=laea +lat_0=91", "numbers are not those of a map"),
            ("+proj=tmerc +gamma=3", "`+gamma` is not known"),
            (&clarke.replace("\"Greenwich\",0", "\"Paris\",2.33"), "Greenwich"),
            (r#"LOCAL_CS["x",UNIT["metre",1]]"#, "neither geographic nor projected"),
        ] {
            let said = Crs::parse(text).unwrap_err().to_string();
            assert!(said.contains("refused") && said.contains(word), "{text}: {said}");
        }
        // With a shift, or on an ellipsoid like that of WGS 84, they are sound.
        let shifted = datum("6378206.4,294.978698213898", ",TOWGS84[-8,160,176]");
        let place = Crs::parse(&shifted).unwrap().forward(-100.0, 40.0).unwrap();
        assert!(
            (place[0] + 100.0).abs() < 1e-3 && (place[1] - 40.0).abs() < 1e-3 && place != [-100.0, 40.0],
            "{place:?}"
        );
        assert_eq!(Crs::parse(&datum("6378137,298.257222101", "")).unwrap().epsg(), Some(4326));
        for text in ["", "3413", "nonsense", "EPSG:", "{", "{}", "GEOGCS[", "PROJCS[\"x\"", "+proj"] {
            assert!(Crs::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn damaged_texts_are_errors_or_systems_and_never_a_panic() {
        let whole = [Crs::of_number(3413).unwrap().wkt(), Crs::of_number(32624).unwrap().wkt()];
        let mut seed = 7_u64;
        for text in whole.iter().cycle().take(2000) {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
                bytes[at] = b"[]\",-9.e0"[usize::try_from(seed >> 60).unwrap() % 9];
            }
            if let Ok(crs) = Crs::parse(&String::from_utf8_lossy(&bytes)) {
                let _ = crs.forward(10.0, 70.0).map(|[x, y]| crs.inverse(x, y));
                let _ = (crs.inverse(1e300, -1e300), crs.inverse(f64::NAN, 0.0), crs.wkt(), crs.cf());
            }
        }
        let deep = "A[".repeat(100_000);
        assert!(Crs::parse(&deep).is_err() && Crs::parse(&deep.replace("A[", "PROJCS(\"x\",")).is_err());
    }
}
