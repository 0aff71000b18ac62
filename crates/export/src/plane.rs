//! From longitude and latitude to the plane of a coordinate reference system, and back.

use proj4rs::proj::Proj;
use proj4rs::transform::transform;

use crate::Error;
use crate::crs::{GridCrs, Method, SPHERE};

/// The projection of a system.
pub(crate) struct Plane {
    crs: GridCrs,
    /// Degrees on the system's own ellipsoid, and the plane; `None` where the plane is degrees.
    projections: Option<(Proj, Proj)>,
}

impl Plane {
    pub(crate) fn of(crs: GridCrs) -> Result<Self, Error> {
        let definition = crs.definition();
        let (pole, meridian, [east, north]) = (definition.pole, definition.meridian, definition.shift);
        let figure = if definition.is_sphere { format!("+R={SPHERE}") } else { "+ellps=WGS84".to_owned() };
        let method = match definition.method {
            Method::Degrees => return Ok(Self { crs, projections: None }),
            Method::TrueScale(parallel) => format!("stere +lat_0={pole} +lat_ts={parallel} +lon_0={meridian}"),
            Method::PoleScale(scale) => format!("stere +lat_0={pole} +k={scale} +lon_0={meridian}"),
            Method::EqualArea => format!("laea +lat_0={pole} +lon_0={meridian}"),
            // Written out, because `+proj=utm` has its false northing by `+south`.
            Method::Utm(_) => format!("tmerc +lat_0=0 +lon_0={meridian} +k=0.9996"),
        };
        let read =
            |text: &str| Proj::from_proj_string(text).map_err(|error| Error::Projection(crs.code(), error.to_string()));
        let degrees = read(&format!("+proj=longlat {figure} +no_defs"))?;
        let plane = read(&format!("+proj={method} +x_0={east} +y_0={north} {figure} +units=m +no_defs"))?;
        Ok(Self { crs, projections: Some((degrees, plane)) })
    }

    /// Degrees east and north to metres (or the same degrees).
    ///
    /// # Errors
    /// [`Error::Outside`] where the projection has no such place.
    pub(crate) fn forward(&self, lon: f64, lat: f64) -> Result<[f64; 2], Error> {
        let Some((degrees, plane)) = &self.projections else { return Ok([lon, lat]) };
        let mut place = (lon.to_radians(), lat.to_radians(), 0.0);
        match transform(degrees, plane, &mut place) {
            Ok(()) if place.0.is_finite() && place.1.is_finite() => Ok([place.0, place.1]),
            _ => Err(self.outside(lon, lat)),
        }
    }

    /// Metres (or degrees) to degrees east and north; `None` where there is no such place.
    pub(crate) fn inverse(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        let Some((degrees, plane)) = &self.projections else { return Some([x, y]) };
        let mut place = (x, y, 0.0);
        transform(plane, degrees, &mut place).ok()?;
        let [lon, lat] = [place.0.to_degrees(), place.1.to_degrees()];
        (lon.is_finite() && lat.is_finite()).then_some([lon, lat])
    }

    /// Checks that a place comes back from the plane: far from its origin a projection may fold.
    ///
    /// # Errors
    /// [`Error::Outside`].
    pub(crate) fn check(&self, lon: f64, lat: f64) -> Result<(), Error> {
        /// Degrees, a tenth of a metre.
        const NEAR: f64 = 1e-6;
        let [x, y] = self.forward(lon, lat)?;
        let is_back = self.inverse(x, y).is_some_and(|[east, north]| {
            let turn = (east - lon + 180.0).rem_euclid(360.0) - 180.0;
            (turn * lat.to_radians().cos()).abs() < NEAR && (north - lat).abs() < NEAR
        });
        if is_back { Ok(()) } else { Err(self.outside(lon, lat)) }
    }

    fn outside(&self, lon: f64, lat: f64) -> Error {
        Error::Outside { code: self.crs.code(), lon, lat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// pyproj 3.8: `Transformer.from_crs(4326, EPSG, always_xy=True).transform(lon, lat)`, to a tenth of a micrometre.
    const PYPROJ: &str = include_str!("../tests/planes.txt");

    #[test]
    fn every_system_agrees_with_pyproj_within_a_micrometre() {
        let mut lines = 0;
        for line in PYPROJ.lines().filter(|line| !line.starts_with('#')) {
            let numbers: Vec<f64> = line.split(' ').skip(1).map(|number| number.parse().unwrap()).collect();
            let [lon, lat, x, y] = numbers[..] else { panic!("{line}") };
            let plane = Plane::of(line.split(' ').next().unwrap().parse().unwrap()).unwrap();
            let [east, north] = plane.forward(lon, lat).unwrap();
            assert!((east - x).hypot(north - y) < 1e-6, "{line}: {east} {north}");
            plane.check(lon, lat).unwrap();
            lines += 1;
        }
        assert!(lines > 100);
    }

    #[test]
    fn a_place_that_a_projection_lacks_is_an_error_that_says_so() {
        for (code, lon, lat) in [(3413, 0.0, -90.0), (6931, 10.0, -90.0), (32_633, 105.0, 0.0)] {
            let plane = Plane::of(GridCrs::new(code).unwrap()).unwrap();
            assert!(matches!(plane.check(lon, lat), Err(Error::Outside { .. })), "{code} {lon} {lat}");
        }
    }
}
