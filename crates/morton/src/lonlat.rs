//! A position on the Earth or the sphere, in degrees.

use crate::{
    Error,
    trig::{RADIAN, sin_cos},
};

/// A longitude and a latitude in degrees, east and north positive. The two cannot be swapped unseen: there is one
/// constructor, and the parts are read by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LonLat {
    lon: f64,
    lat: f64,
}

impl LonLat {
    /// Checks that the latitude is in -90..=90 and the longitude within a million degrees of 0 (any winding).
    ///
    /// # Errors
    /// [`Error::Coordinate`] naming the value that is out of range or not finite.
    pub fn degrees(lon: f64, lat: f64) -> Result<Self, Error> {
        if !(-1e6..=1e6).contains(&lon) {
            return Err(Error::Coordinate { what: "longitude", value: lon });
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(Error::Coordinate { what: "latitude", value: lat });
        }
        Ok(Self { lon, lat })
    }

    /// A position this crate has computed itself and knows to be in range.
    pub(crate) const fn known(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    /// Longitude, degrees east.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }

    /// Latitude, degrees north.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// The unit vector of this position taken on a sphere: x towards (0, 0), y towards 90 E, z north.
    #[must_use]
    pub fn unit_vector(self) -> [f64; 3] {
        let (sin_lon, cos_lon) = sin_cos(self.lon % 360.0 * RADIAN);
        let (sin_lat, cos_lat) = sin_cos(self.lat * RADIAN);
        [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_is_named() {
        assert_eq!(LonLat::degrees(-540.0, 90.0).unwrap().lat(), 90.0);
        for (lon, lat, what) in [
            (f64::NAN, 0.0, "longitude"),
            (1.1e6, 0.0, "longitude"),
            (f64::INFINITY, 0.0, "longitude"),
            (0.0, f64::NAN, "latitude"),
            (0.0, -90.000_001, "latitude"),
        ] {
            let error = LonLat::degrees(lon, lat).unwrap_err().to_string();
            assert!(error.starts_with(what), "{error}");
        }
    }
}
