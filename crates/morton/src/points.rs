//! Points to nested numbers, many at once.
use crate::kernel::{Points, exact};
use crate::{Error, InstructionSet, Latitude, Order};

/// Writes the nested number at `order` of each point, or [`crate::INVALID`].
///
/// `lon` and `lat` are degrees; any finite longitude is taken modulo 360. The cells are those of [`nested_of_exact`], by
/// the fastest means this machine has.
///
/// # Errors
/// [`Error::Length`] if the slices differ in length; nothing is written then.
pub fn nested_of(order: Order, latitude: Latitude, lon: &[f64], lat: &[f64], out: &mut [u64]) -> Result<(), Error> {
    nested_of_at(InstructionSet::detect(), order, latitude, (lon, lat), out)
}

/// [`nested_of`] with the instructions of one level, for tests and measurements; the portable ones where the machine
/// lacks them. `lonlat` is the longitudes and the latitudes.
///
/// # Errors
/// As [`nested_of`].
pub fn nested_of_at(
    level: InstructionSet,
    order: Order,
    latitude: Latitude,
    lonlat: (&[f64], &[f64]),
    out: &mut [u64],
) -> Result<(), Error> {
    let (lon, lat) = lonlat;
    check(lon, lat, out)?;
    let points = Points { order, lon, lat, out };
    match latitude {
        Latitude::Spherical => run::<false>(level, points),
        Latitude::Authalic => run::<true>(level, points),
    }
    Ok(())
}

/// The definition of [`nested_of`], point by point: the formulas of Gorski et al. 2005 in the reference
/// implementation's sequence of operations, with this crate's own sine and cosine.
///
/// # Errors
/// As [`nested_of`].
pub fn nested_of_exact(
    order: Order,
    latitude: Latitude,
    lon: &[f64],
    lat: &[f64],
    out: &mut [u64],
) -> Result<(), Error> {
    check(lon, lat, out)?;
    for ((lon, lat), out) in lon.iter().zip(lat).zip(out) {
        *out = exact(order, latitude, *lon, *lat);
    }
    Ok(())
}

fn run<const AUTHALIC: bool>(level: InstructionSet, points: Points<'_>) {
    #[cfg(target_arch = "x86_64")]
    crate::x86::run::<AUTHALIC>(level, points);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _only_one = level;
        crate::kernel::blocks::<AUTHALIC>(points);
    }
}

fn check(lon: &[f64], lat: &[f64], out: &[u64]) -> Result<(), Error> {
    if lon.len() == out.len() && lat.len() == out.len() {
        Ok(())
    } else {
        Err(Error::Length { lon: lon.len(), lat: lat.len(), out: out.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::INVALID;

    #[test]
    fn lengths_and_bad_rows() {
        let order = Order::new(18).unwrap();
        let lon = [f64::NAN, f64::INFINITY, 0.0, 0.0, 0.0, 0.0, 1e300];
        let lat = [0.0, 0.0, f64::NAN, f64::NEG_INFINITY, 90.000_000_1, 90.0, 10.0];
        let mut out = [0; 7];
        nested_of(order, Latitude::Spherical, &lon, &lat, &mut out).unwrap();
        assert_eq!(out[..5], [INVALID; 5]);
        assert!(out[5..].iter().all(|p| *p < order.cells()));
        let error = nested_of(order, Latitude::Spherical, &lon[..6], &lat, &mut out);
        assert_eq!(error, Err(Error::Length { lon: 6, lat: 7, out: 7 }));
    }
}
