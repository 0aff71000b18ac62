//! Map projections on the WGS 84 ellipsoid (J. P. Snyder, Map Projections: A Working Manual, USGS PP 1395, 1987).

use std::f64::consts::FRAC_PI_2;

/// Semi-major axis of WGS 84, metres.
const A: f64 = 6_378_137.0;
/// First eccentricity of WGS 84 (flattening 1 / 298.257223563).
const E: f64 = 0.081_819_190_842_621_49;

/// From longitude and latitude to a plane, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Projection {
    /// EPSG:3031, polar stereographic: true scale at 71° S, 0° E upwards.
    PolarSouth,
    /// EPSG:3413, polar stereographic: true scale at 70° N, 45° W downwards.
    PolarNorth,
    /// Equirectangular on a sphere of the semi-major axis, true scale along one parallel. Made for areas up to a few
    /// degrees; longitudes are taken within 180° of the centre, so that an area may lie across the antimeridian.
    Plain {
        /// Longitude of the centre, degrees east.
        lon: f64,
        /// Latitude of the centre and of true scale, degrees north.
        lat: f64,
    },
}

impl Projection {
    /// The projection for an area around a point (degrees): polar beyond 60° of latitude, else plain with that centre.
    #[must_use]
    pub fn for_point(lon: f64, lat: f64) -> Self {
        match lat {
            _ if lat <= -60.0 => Self::PolarSouth,
            _ if lat >= 60.0 => Self::PolarNorth,
            _ => Self::Plain { lon, lat },
        }
    }

    /// [`for_point`](Self::for_point) at longitude 0: for areas whose longitude does not matter (polar) or is small.
    #[must_use]
    pub fn for_latitude(lat: f64) -> Self {
        Self::for_point(0.0, lat)
    }

    /// What to call it on a map.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PolarSouth => "EPSG:3031",
            Self::PolarNorth => "EPSG:3413",
            Self::Plain { .. } => "equirectangular",
        }
    }

    /// Degrees east and north to metres `[x, y]`. The opposite pole of a polar projection is at infinity.
    #[must_use]
    pub fn forward(self, lon: f64, lat: f64) -> [f64; 2] {
        match self {
            Self::Plain { lon: lon0, lat: lat0 } => {
                [A * wrap(lon - lon0).to_radians() * lat0.to_radians().cos(), A * (lat - lat0).to_radians()]
            }
            Self::PolarSouth => SOUTH.forward(lon, lat),
            Self::PolarNorth => NORTH.forward(lon, lat),
        }
    }

    /// [`forward`](Self::forward) for longitudes that are continuous: on the plain projection they may lie turns away.
    pub(crate) fn forward_unwrapped(self, lon: f64, lat: f64) -> [f64; 2] {
        match self {
            Self::Plain { lon: lon0, lat: lat0 } => {
                [A * (lon - lon0).to_radians() * lat0.to_radians().cos(), A * (lat - lat0).to_radians()]
            }
            polar => polar.forward(lon, lat),
        }
    }

    /// Metres to degrees `[lon, lat]`, longitude within -180 to 180.
    #[must_use]
    pub fn inverse(self, x: f64, y: f64) -> [f64; 2] {
        match self {
            Self::Plain { lon, lat } => {
                [wrap(lon + (x / (A * lat.to_radians().cos())).to_degrees()), lat + (y / A).to_degrees()]
            }
            Self::PolarSouth => SOUTH.inverse(x, y),
            Self::PolarNorth => NORTH.inverse(x, y),
        }
    }

    /// Metres on the plane for a metre on the ground, at a latitude (along the parallel if directions differ).
    #[must_use]
    pub fn scale_factor(self, lat: f64) -> f64 {
        match self {
            Self::Plain { lat: lat0, .. } => lat0.to_radians().cos() / lat.to_radians().cos(),
            Self::PolarSouth => SOUTH.scale_factor(lat),
            Self::PolarNorth => NORTH.scale_factor(lat),
        }
    }

    /// Latitude of the pole at the origin, if this is a polar projection.
    pub(crate) fn pole(self) -> Option<f64> {
        match self {
            Self::PolarSouth => Some(-90.0),
            Self::PolarNorth => Some(90.0),
            Self::Plain { .. } => None,
        }
    }
}

/// Degrees of longitude brought into -180 (included) to 180.
pub(crate) fn wrap(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

const SOUTH: Stereographic = Stereographic { sign: -1.0, true_scale: 71.0, meridian: 0.0 };
const NORTH: Stereographic = Stereographic { sign: 1.0, true_scale: 70.0, meridian: -45.0 };

/// Polar stereographic (Snyder, chapter 21), with the pole at the origin.
struct Stereographic {
    /// 1 for the north pole, -1 for the south pole.
    sign: f64,
    /// Latitude of true scale, degrees from the equator towards the pole.
    true_scale: f64,
    /// Longitude of the axis, degrees.
    meridian: f64,
}

impl Stereographic {
    /// Equations 21-33 and 21-34, with 21-34 for the radius.
    fn forward(&self, lon: f64, lat: f64) -> [f64; 2] {
        let radius = self.radius(lat);
        let angle = (lon - self.meridian).to_radians();
        [radius * angle.sin(), -self.sign * radius * angle.cos()]
    }

    fn inverse(&self, x: f64, y: f64) -> [f64; 2] {
        let t = x.hypot(y) * half_angle(self.true_scale.to_radians()) / (A * parallel(self.true_scale.to_radians()));
        // Equation 7-9, iterated from 7-13's first term; the ellipsoid is so round that this is exact after six steps.
        let mut phi = FRAC_PI_2 - 2.0 * t.atan();
        for _ in 0..8 {
            let es = E * phi.sin();
            phi = FRAC_PI_2 - 2.0 * (t * ((1.0 - es) / (1.0 + es)).powf(E / 2.0)).atan();
        }
        [wrap(self.meridian + x.atan2(-self.sign * y).to_degrees()), self.sign * phi.to_degrees()]
    }

    /// Equation 21-32 away from the pole, its limit at the pole.
    fn scale_factor(&self, lat: f64) -> f64 {
        let phi = (self.sign * lat).to_radians().min(89.999_f64.to_radians());
        self.radius(self.sign * phi.to_degrees()) / (A * parallel(phi))
    }

    fn radius(&self, lat: f64) -> f64 {
        let true_scale = self.true_scale.to_radians();
        A * parallel(true_scale) * half_angle((self.sign * lat).to_radians()) / half_angle(true_scale)
    }
}

/// Equation 15-9: the tangent of half the colatitude, on the conformal sphere.
fn half_angle(phi: f64) -> f64 {
    let es = E * phi.sin();
    ((FRAC_PI_2 - phi) / 2.0).tan() / ((1.0 - es) / (1.0 + es)).powf(E / 2.0)
}

/// Equation 14-15: the radius of a parallel over the semi-major axis.
fn parallel(phi: f64) -> f64 {
    let es = E * phi.sin();
    phi.cos() / (1.0 - es * es).sqrt()
}

#[cfg(test)]
mod tests {
    use super::Projection::{self, PolarNorth, PolarSouth};

    /// pyproj 3.8: `Transformer.from_crs(4326, EPSG, always_xy=True).transform(lon, lat)`, to a micrometre.
    const PYPROJ: [(Projection, [f64; 2], [f64; 2]); 8] = [
        (PolarSouth, [0.0, -71.0], [0.0, 2_082_760.108_543]),
        (PolarSouth, [40.5, -80.25], [689_598.074_073, 807_415.605_821]),
        (PolarSouth, [-135.0, -89.5], [-38_414.673_280, -38_414.673_280]),
        (PolarSouth, [179.5, -66.0], [23_081.051_695, -2_644_826.557_292]),
        (PolarNorth, [-45.0, 70.0], [0.0, -2_187_927.649_279]),
        (PolarNorth, [-40.25, 72.5], [158_164.403_770, -1_903_448.864_015]),
        (PolarNorth, [100.0, 88.0], [124_280.106_716, 177_490.386_684]),
        (PolarNorth, [179.0, 60.0], [-2_308_461.098_378, 2_390_481.445_576]),
    ];

    #[test]
    fn forward_matches_pyproj_within_ten_micrometres() {
        for (projection, [lon, lat], [x, y]) in PYPROJ {
            let [px, py] = projection.forward(lon, lat);
            assert!((px - x).hypot(py - y) < 1e-5, "{projection:?} {lon} {lat}: {px} {py}");
        }
    }

    #[test]
    fn inverse_undoes_forward() {
        let plain = Projection::Plain { lon: 179.0, lat: -44.0 };
        for (projection, [lon, lat], _) in PYPROJ.into_iter().chain([(plain, [-179.5, -43.0], [0.0; 2])]) {
            let [x, y] = projection.forward(lon, lat);
            let [lon2, lat2] = projection.inverse(x, y);
            assert!((lon2 - lon).abs() < 1e-9 && (lat2 - lat).abs() < 1e-9, "{projection:?}: {lon2} {lat2}");
        }
    }

    /// pyproj 3.8: `Proj(EPSG).get_factors(10, lat).meridional_scale`.
    #[test]
    fn scale_factor_matches_pyproj() {
        for (projection, lat, factor) in [
            (PolarSouth, -71.0, 1.0),
            (PolarSouth, -80.25, 0.979_844_738_828),
            (PolarSouth, -89.5, 0.972_787_533_226),
            (PolarSouth, -90.0, 0.972_769),
            (PolarNorth, 80.0, 0.977_280_983_111),
        ] {
            assert!((projection.scale_factor(lat) - factor).abs() < 1e-6, "{projection:?} {lat}");
        }
    }

    #[test]
    fn the_plain_projection_crosses_the_antimeridian_without_a_jump() {
        let plain = Projection::for_point(179.9, -40.0);
        let [west, _] = plain.forward(179.5, -40.0);
        let [east, _] = plain.forward(-179.5, -40.0);
        assert!((east - west - 85_275.0).abs() < 10.0, "{}", east - west);
    }
}
