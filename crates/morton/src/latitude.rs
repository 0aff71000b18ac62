//! The two conventions by which a latitude on the Earth becomes a latitude on the sphere.

use crate::{Error, authalic_to_geodetic, geodetic_to_authalic};
use std::{fmt, str::FromStr};

/// How a geodetic latitude is put on the HEALPix sphere (docs/cells.md, "From longitude and latitude").
///
/// The same place has different cells under the two; mixing them is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Latitude {
    /// The geodetic latitude is used as the latitude on the sphere.
    #[default]
    Spherical,
    /// The geodetic WGS84 latitude is converted to authalic latitude first, so that cells have equal areas on the
    /// ellipsoid.
    Authalic,
}

impl Latitude {
    /// Geodetic degrees to degrees on the sphere.
    #[must_use]
    pub fn to_sphere(self, lat: f64) -> f64 {
        match self {
            Self::Spherical => lat,
            Self::Authalic => geodetic_to_authalic(lat),
        }
    }

    /// Degrees on the sphere to geodetic degrees.
    #[must_use]
    pub fn from_sphere(self, lat: f64) -> f64 {
        match self {
            Self::Spherical => lat,
            Self::Authalic => authalic_to_geodetic(lat),
        }
    }
}

impl fmt::Display for Latitude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Spherical => "spherical",
            Self::Authalic => "authalic",
        })
    }
}

impl FromStr for Latitude {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "spherical" => Ok(Self::Spherical),
            "authalic" => Ok(Self::Authalic),
            _ => Err(Error::Latitude(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for latitude in [Latitude::Spherical, Latitude::Authalic] {
            assert_eq!(latitude.to_string().parse(), Ok(latitude));
        }
        assert_eq!(Latitude::default(), Latitude::Spherical);
        let error = "geodetic".parse::<Latitude>().unwrap_err();
        assert!(error.to_string().contains("`geodetic`"), "{error}");
    }
}
