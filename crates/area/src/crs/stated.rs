//! What WKT and PROJJSON have in common: a method by its name, and parameters by theirs.
use super::definition::{Definition, Ellipsoid, Kind, NEXT};
use crate::Error;
use crate::error::short;

/// Of systems of other kinds: geocentric, local, vertical.
pub(super) const NEITHER: &str = "it is neither geographic nor projected; write the region in EPSG:4326 first";

/// A coordinate system as a document states it. Angles are degrees, lengths metres.
#[derive(Clone, Debug, Default)]
pub(super) struct Stated {
    pub(super) name: String,
    /// The projection; none for longitude and latitude.
    pub(super) method: Option<String>,
    pub(super) parameters: Vec<(String, f64)>,
    pub(super) ellipsoid: Option<Ellipsoid>,
    /// The prime meridian, degrees.
    pub(super) meridian: f64,
    pub(super) shift: Option<[f64; 7]>,
    /// Metres, or degrees, in a unit of the coordinates.
    pub(super) unit: f64,
    /// Directions of the axes, in small letters.
    pub(super) axes: Vec<String>,
    /// WKT before its version 2.
    pub(super) old_wkt: bool,
}

const LAT: &[&str] = &[
    "latitudeoforigin",
    "latitudeofnaturalorigin",
    "latitudeofcenter",
    "latitudeofcentre",
    "latitudeoffalseorigin",
    "latitudeofprojectioncentre",
];
const LON: &[&str] = &[
    "centralmeridian",
    "longitudeofnaturalorigin",
    "longitudeoforigin",
    "longitudeofcenter",
    "longitudeofcentre",
    "longitudeoffalseorigin",
    "longitudeofprojectioncentre",
];
const SCALE: &[&str] = &["scalefactor", "scalefactoratnaturalorigin"];
const FIRST: &[&str] = &["standardparallel1", "latitudeof1ststandardparallel", "latitudeofstandardparallel"];
const SECOND: &[&str] = &["standardparallel2", "latitudeof2ndstandardparallel"];
const EAST: &[&str] = &["falseeasting", "eastingatfalseorigin"];
const NORTH: &[&str] = &["falsenorthing", "northingatfalseorigin"];
/// Of ESRI's pseudo-Mercator, which is refused by its method.
const OTHERS: &[&str] = &["auxiliaryspheretype"];

impl Stated {
    pub(super) fn definition(self) -> Result<Definition, Error> {
        let refuse = |why: String| Error::crs(&self.name, format!("{why}; {NEXT}"));
        if self.meridian.abs() > 1e-9 {
            return Err(refuse("its prime meridian is not Greenwich".to_owned()));
        }
        let ellipsoid = self.ellipsoid.ok_or_else(|| refuse("it states no ellipsoid".to_owned()))?;
        let all = [LAT, LON, SCALE, FIRST, SECOND, EAST, NORTH, OTHERS];
        let unknown =
            self.parameters.iter().find(|(name, _)| !all.iter().any(|names| names.contains(&plain(name).as_str())));
        if let Some((name, _)) = unknown {
            return Err(refuse(format!("its parameter `{}` is not known here", short(name))));
        }
        let kind = match &self.method {
            None if (self.unit - 1.0).abs() > 1e-9 => return Err(refuse("its unit is not the degree".to_owned())),
            None => Kind::Degrees,
            Some(method) => self.kind(method).map_err(&refuse)?,
        };
        let polar = matches!(kind, Kind::PolarByParallel { .. } | Kind::PolarByScale { .. } | Kind::EqualArea { .. });
        // A polar map states the meridian along which an axis runs north or south; elsewhere, south is south.
        if !polar && self.axes.iter().any(|axis| axis == "south" || axis == "west") {
            return Err(refuse("its axes run to the south or the west".to_owned()));
        }
        Definition {
            false_easting: self.parameter(EAST).unwrap_or(0.0),
            false_northing: self.parameter(NORTH).unwrap_or(0.0),
            name: self.name,
            kind,
            ellipsoid,
            shift: self.shift,
            unit: self.unit,
        }
        .checked()
    }

    fn parameter(&self, names: &[&str]) -> Option<f64> {
        self.parameters.iter().find(|(name, _)| names.contains(&plain(name).as_str())).map(|(_, value)| *value)
    }

    fn kind(&self, method: &str) -> Result<Kind, String> {
        let number = |names: &[&str], what: &str| {
            self.parameter(names).ok_or_else(|| format!("the {what} of its projection is missing"))
        };
        let lat = || number(LAT, "latitude of origin");
        let lon = self.parameter(LON).unwrap_or(0.0);
        let scale = self.parameter(SCALE).unwrap_or(1.0);
        let first = || number(FIRST, "standard parallel");
        let name = plain(method);
        if self.old_wkt && (name == "mercatorauxiliarysphere" || plain(&self.name).contains("pseudomercator")) {
            return Err(
                "the older WKT cannot state pseudo-Mercator (EPSG:3857), and readers differ by up to 14 km: state it \
                        by --region-crs EPSG:3857, for a file without .prj"
                    .to_owned(),
            );
        }
        Ok(match name.as_str() {
            "polarstereographic"
            | "polarstereographic(varianta)"
            | "polarstereographicvarianta"
            | "polarstereographic(variantb)"
            | "polarstereographicvariantb" => {
                // The older WKT puts the parallel that is true to scale into the latitude of origin.
                match (self.parameter(FIRST), self.parameter(LAT)) {
                    (Some(parallel), _) => Kind::PolarByParallel { parallel, lon },
                    (None, Some(lat)) if lat.abs() == 90.0 => Kind::PolarByScale { pole: lat, lon, scale },
                    (None, Some(parallel)) if scale == 1.0 => Kind::PolarByParallel { parallel, lon },
                    _ => return Err("it states neither a standard parallel nor a scale at the pole".to_owned()),
                }
            }
            "stereographicnorthpole" => Kind::PolarByParallel { parallel: first()?.abs(), lon },
            "stereographicsouthpole" => Kind::PolarByParallel { parallel: -first()?.abs(), lon },
            "stereographic" if self.parameter(LAT).is_some_and(|lat| lat.abs() == 90.0) => {
                Kind::PolarByScale { pole: lat()?, lon, scale }
            }
            "lambertazimuthalequalarea" | "lambertazimuthalequalarea(spherical)" => {
                Kind::EqualArea { lat: lat()?, lon }
            }
            "transversemercator" | "gausskruger" => Kind::TransverseMercator { lat: lat()?, lon, scale },
            "lambertconformalconic2sp"
            | "lambertconicconformal(2sp)"
            | "lambertconformalconic"
            | "lambertconformalconic1sp"
            | "lambertconicconformal(1sp)" => {
                let first = self.parameter(FIRST).map_or_else(lat, Ok)?;
                let second = self.parameter(SECOND).unwrap_or(first);
                Kind::Conformal { lat: lat()?, lon, parallels: [first, second], scale }
            }
            "albersconicequalarea" | "albersequalarea" | "albers" => {
                let second = number(SECOND, "second standard parallel")?;
                Kind::Albers { lat: lat()?, lon, parallels: [first()?, second] }
            }
            name if name.starts_with("mercator") && self.parameter(LAT).is_some_and(|lat| lat != 0.0) => {
                return Err("its latitude of origin is not the equator".to_owned());
            }
            "mercator1sp" | "mercator2sp" | "mercator(varianta)" | "mercator(variantb)" | "mercator" => {
                Kind::Mercator { lon, parallel: self.parameter(FIRST).unwrap_or(0.0), scale }
            }
            "popularvisualisationpseudomercator" => Kind::WebMercator { lon },
            _ => return Err(format!("the projection `{}` is not known here", short(method))),
        })
    }
}

/// A name without its spaces, underscores and capitals.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|mark| !matches!(mark, ' ' | '_' | '-')).flat_map(char::to_lowercase).collect()
}
