//! A coordinate system as numbers, in whichever notation it was written.
use crate::Error;
use std::fmt::Write;

/// What is done when a system is refused.
pub(super) const NEXT: &str =
    "write the region in another one first, for example `ogr2ogr -t_srs EPSG:4326 region.geojson FILE`";
/// Spheres on which latitudes are taken as they are: of the first EASE grids, and with the area of GRS 80.
const SPHERES: [f64; 3] = [6_371_228.0, 6_371_007.0, 6_371_007.181];
const EQUATOR: f64 = 6_378_137.0;

/// A coordinate system. Angles are degrees, lengths metres.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) ellipsoid: Ellipsoid,
    /// Position vector to WGS 84: metres, arc seconds, parts per million.
    pub(crate) shift: Option<[f64; 7]>,
    /// Metres in a unit of the coordinates.
    pub(crate) unit: f64,
    pub(crate) false_easting: f64,
    pub(crate) false_northing: f64,
}

/// The projections that are known to be sound.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// Longitude and latitude in degrees.
    Degrees,
    /// Polar stereographic, true to scale at a parallel: its hemisphere is the map's.
    PolarByParallel {
        parallel: f64,
        lon: f64,
    },
    /// Polar stereographic with a scale at the pole (latitude 90 or -90).
    PolarByScale {
        pole: f64,
        lon: f64,
        scale: f64,
    },
    /// Lambert's azimuthal equal-area projection.
    EqualArea {
        lat: f64,
        lon: f64,
    },
    TransverseMercator {
        lat: f64,
        lon: f64,
        scale: f64,
    },
    /// Lambert's conformal conic projection.
    Conformal {
        lat: f64,
        lon: f64,
        parallels: [f64; 2],
        scale: f64,
    },
    /// Albers' equal-area conic projection.
    Albers {
        lat: f64,
        lon: f64,
        parallels: [f64; 2],
    },
    Mercator {
        lon: f64,
        parallel: f64,
        scale: f64,
    },
    /// Mercator's formulas for a sphere, with latitudes of the ellipsoid (EPSG:3857).
    WebMercator {
        lon: f64,
    },
}

/// An ellipsoid; a sphere has an inverse flattening of 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ellipsoid {
    pub(crate) semi_major: f64,
    pub(crate) inverse_flattening: f64,
}

impl Ellipsoid {
    pub(crate) const WGS_84: Self = Self { semi_major: EQUATOR, inverse_flattening: 298.257_223_563 };
    pub(crate) const GRS_80: Self = Self { semi_major: EQUATOR, inverse_flattening: 298.257_222_101 };

    /// With a semi-minor axis instead of the flattening.
    pub(crate) fn of_axes(semi_major: f64, semi_minor: f64) -> Self {
        let difference = semi_major - semi_minor;
        let inverse_flattening = if difference.abs() < 1e-6 { 0.0 } else { semi_major / difference };
        Self { semi_major, inverse_flattening }
    }

    /// WGS 84 or GRS 80, which are 0.1 mm apart.
    pub(crate) fn is_modern(self) -> bool {
        (self.semi_major - EQUATOR).abs() < 1e-3 && (298.257_222..298.257_224).contains(&self.inverse_flattening)
    }

    fn is_authalic_sphere(self) -> bool {
        self.inverse_flattening == 0.0 && SPHERES.iter().any(|radius| (self.semi_major - radius).abs() < 1e-3)
    }
}

impl Definition {
    pub(crate) fn is_degrees(&self) -> bool {
        self.kind == Kind::Degrees
    }

    /// Refuses what would be mapped to a wrong place in silence.
    pub(super) fn checked(mut self) -> Result<Self, Error> {
        let refuse = |why: String| Err(Error::crs(&self.name, format!("{why}; {NEXT}")));
        let Ellipsoid { semi_major, inverse_flattening } = self.ellipsoid;
        let possible = (6.3e6..6.4e6).contains(&semi_major)
            && (inverse_flattening == 0.0 || (280.0..320.0).contains(&inverse_flattening))
            && self.unit > 1e-4
            && self.unit < 1e5
            && [self.false_easting, self.false_northing].iter().all(|length| length.abs() < 1e9)
            && self.shift.is_none_or(|shift| shift.iter().all(|number| number.abs() < 1e5))
            && self.kind.is_possible();
        if !possible {
            return refuse("its numbers are not those of a map of the Earth".to_owned());
        }
        let sound = self.ellipsoid.is_modern()
            || self.ellipsoid.is_authalic_sphere()
            || self.shift.is_some()
            || (matches!(self.kind, Kind::WebMercator { .. }) && semi_major == EQUATOR);
        if !sound {
            return refuse(format!(
                "its ellipsoid ({semi_major} m, 1/{inverse_flattening}) is neither WGS 84 nor GRS 80 nor an authalic sphere, \
                 and it states no shift to WGS 84, so places would be tens to hundreds of metres off"
            ));
        }
        if matches!(self.kind, Kind::WebMercator { .. }) {
            self.ellipsoid = Ellipsoid::WGS_84;
        }
        Ok(self)
    }

    /// In the notation of PROJ.
    pub(super) fn proj_string(&self) -> String {
        let mut text = match self.kind {
            Kind::Degrees => "+proj=longlat".to_owned(),
            Kind::PolarByParallel { parallel, lon } => {
                format!("+proj=stere +lat_0={} +lat_ts={parallel} +lon_0={lon}", 90.0_f64.copysign(parallel))
            }
            Kind::PolarByScale { pole, lon, scale } => format!("+proj=stere +lat_0={pole} +lon_0={lon} +k_0={scale}"),
            Kind::EqualArea { lat, lon } => format!("+proj=laea +lat_0={lat} +lon_0={lon}"),
            Kind::TransverseMercator { lat, lon, scale } => {
                format!("+proj=tmerc +lat_0={lat} +lon_0={lon} +k_0={scale}")
            }
            Kind::Conformal { lat, lon, parallels: [first, second], scale } => {
                format!("+proj=lcc +lat_0={lat} +lon_0={lon} +lat_1={first} +lat_2={second} +k_0={scale}")
            }
            Kind::Albers { lat, lon, parallels: [first, second] } => {
                format!("+proj=aea +lat_0={lat} +lon_0={lon} +lat_1={first} +lat_2={second}")
            }
            Kind::Mercator { lon, parallel: 0.0, scale } => {
                format!("+proj=merc +lon_0={lon} +k_0={scale}")
            }
            Kind::Mercator { lon, parallel, .. } => format!("+proj=merc +lon_0={lon} +lat_ts={parallel}"),
            Kind::WebMercator { lon } => format!("+proj=merc +lon_0={lon} +R={EQUATOR}"),
        };
        if self.kind != Kind::Degrees {
            // Writing to a string cannot fail.
            let _ = write!(text, " +x_0={} +y_0={} +to_meter={}", self.false_easting, self.false_northing, self.unit);
        }
        if !matches!(self.kind, Kind::WebMercator { .. }) {
            let Ellipsoid { semi_major, inverse_flattening } = self.ellipsoid;
            let _ = match inverse_flattening {
                0.0 => write!(text, " +R={semi_major}"),
                _ => write!(text, " +a={semi_major} +rf={inverse_flattening}"),
            };
        }
        if let Some(shift) = self.shift {
            let numbers: Vec<String> = shift.iter().map(f64::to_string).collect();
            let _ = write!(text, " +towgs84={}", numbers.join(","));
        }
        text + " +no_defs"
    }

    /// Whether both put every place at the same coordinates, within a millimetre or so.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
        let ellipsoids =
            self.ellipsoid == other.ellipsoid || (self.ellipsoid.is_modern() && other.ellipsoid.is_modern());
        let shifts = [self, other].map(|one| one.shift.filter(|shift| shift.iter().any(|number| *number != 0.0)));
        ellipsoids
            && shifts[0] == shifts[1]
            && self.kind.agrees(&other.kind)
            && near(self.unit, other.unit)
            && near(self.false_easting, other.false_easting)
            && near(self.false_northing, other.false_northing)
    }
}

impl Kind {
    /// Its name, and its numbers: latitudes, longitude, scale.
    fn numbers(&self) -> (u8, [f64; 5]) {
        match *self {
            Self::Degrees => (0, [0.0, 0.0, 0.0, 0.0, 1.0]),
            Self::PolarByParallel { parallel, lon } => (1, [parallel, 0.0, 0.0, lon, 1.0]),
            Self::PolarByScale { pole, lon, scale } => (2, [pole, 0.0, 0.0, lon, scale]),
            Self::EqualArea { lat, lon } => (3, [lat, 0.0, 0.0, lon, 1.0]),
            Self::TransverseMercator { lat, lon, scale } => (4, [lat, 0.0, 0.0, lon, scale]),
            Self::Conformal { lat, lon, parallels: [a, b], scale } => (5, [lat, a, b, lon, scale]),
            Self::Albers { lat, lon, parallels: [a, b] } => (6, [lat, a, b, lon, 1.0]),
            Self::Mercator { lon, parallel, scale } => (7, [parallel, 0.0, 0.0, lon, scale]),
            Self::WebMercator { lon } => (8, [0.0, 0.0, 0.0, lon, 1.0]),
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        let ((name, numbers), (its_name, its_numbers)) = (self.numbers(), other.numbers());
        name == its_name && numbers.iter().zip(its_numbers).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    /// Whether a place is where the formulas fail: those of the transverse Mercator projection give two places far from
    /// its meridian the same coordinates, some 89 degrees away; 60 are allowed.
    pub(super) fn is_beyond(&self, to: f64, lat: f64) -> bool {
        let Self::TransverseMercator { lon, .. } = *self else { return false };
        (lat.to_radians().cos() * (to - lon).to_radians().sin()).powi(2) > 0.75
    }

    /// Whether the numbers make a map: latitudes within their range, cones that are none of a plane or a cylinder.
    fn is_possible(&self) -> bool {
        let (_, [lat, first, second, lon, scale]) = self.numbers();
        let ranges = [lat, first, second].iter().all(|lat| lat.abs() <= 90.0) && lon.abs() <= 360.0;
        ranges
            && (0.1..10.0).contains(&scale)
            && match self {
                Self::PolarByParallel { parallel, .. } => parallel.abs() > 1.0,
                Self::PolarByScale { pole, .. } => pole.abs() == 90.0,
                Self::Conformal { .. } | Self::Albers { .. } => {
                    (first + second).abs() > 1.0 && first.abs() < 89.9 && second.abs() < 89.9
                }
                Self::Mercator { parallel, .. } => parallel.abs() < 89.0,
                _ => true,
            }
    }
}
