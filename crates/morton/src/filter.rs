//! Which child of one parent cell each point falls into.

use crate::{Cell, Error, INVALID, Latitude, Order, nested_of};

/// Child number of a point that lies outside the parent.
pub const OUTSIDE: u32 = u32::MAX;
/// Child number of a point whose coordinates are not finite or out of range.
pub const BAD: u32 = u32::MAX - 1;

/// Points a pass: the nested numbers stay in the first-level cache.
const PASS: usize = 512;

/// Writes for each point the number of its cell of order `child` among the children of `parent`
/// (0..4^(child - parent), in nested order), [`OUTSIDE`] or [`BAD`].
///
/// `lon` and `lat` are degrees, taken as [`nested_of`] does.
///
/// # Errors
/// [`Error::Relation`] if `child` is coarser than the parent, [`Error::TooDeep`] if it is more than 15 levels finer,
/// [`Error::Length`] if the slices differ in length.
pub fn children_of(
    parent: Cell,
    child: Order,
    latitude: Latitude,
    lon: &[f64],
    lat: &[f64],
    out: &mut [u32],
) -> Result<(), Error> {
    let range = parent.children(child)?;
    let (start, count) = (range.start, range.end - range.start);
    if count > 1 << 30 {
        return Err(Error::TooDeep { parent: parent.order().get(), child: child.get() });
    }
    if lon.len() != out.len() || lat.len() != out.len() {
        return Err(Error::Length { lon: lon.len(), lat: lat.len(), out: out.len() });
    }
    let mut nested = [0; PASS];
    for ((lon, lat), out) in lon.chunks(PASS).zip(lat.chunks(PASS)).zip(out.chunks_mut(PASS)) {
        let nested = &mut nested[..out.len()];
        nested_of(child, latitude, lon, lat, nested)?;
        for (out, &nested) in out.iter_mut().zip(&*nested) {
            let number = nested.wrapping_sub(start);
            let missed = if nested == INVALID { BAD } else { OUTSIDE };
            #[expect(clippy::cast_possible_truncation, reason = "number < count <= 2^30 where it is used")]
            let inside = number as u32;
            *out = if number < count { inside } else { missed };
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_numbered_in_nested_order() {
        let parent = Cell::from_decimal(-6_134_114).unwrap();
        let child = Order::new(8).unwrap();
        let range = parent.children(child).unwrap();
        for latitude in [Latitude::Spherical, Latitude::Authalic] {
            let centres: Vec<_> =
                (range.start - 3..range.end + 3).map(|p| Cell::new(child, p).unwrap().centre_in(latitude)).collect();
            let mut lon: Vec<f64> = centres.iter().map(|c| c.lon()).collect();
            let mut lat: Vec<f64> = centres.iter().map(|c| c.lat()).collect();
            lon.extend([f64::NAN, 0.0, 0.0, f64::INFINITY]);
            lat.extend([-72.0, f64::NAN, 91.0, 0.0]);
            let mut out = vec![7; lon.len()];
            children_of(parent, child, latitude, &lon, &lat, &mut out).unwrap();
            let mut expected = vec![OUTSIDE; 3];
            expected.extend(0..16);
            expected.extend([OUTSIDE; 3]);
            expected.extend([BAD; 4]);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn impossible_requests_are_refused() {
        let parent = Cell::from_decimal(-6_134_114).unwrap();
        let ask = |child, n: usize| {
            children_of(parent, Order::new(child).unwrap(), Latitude::Spherical, &[0.0; 2], &[0.0; 2], &mut vec![0; n])
        };
        assert!(matches!(ask(5, 2), Err(Error::Relation { .. })));
        assert!(matches!(ask(22, 2), Err(Error::TooDeep { .. })));
        assert!(matches!(ask(12, 3), Err(Error::Length { .. })));
        assert_eq!(ask(21, 2), Ok(()));
    }
}
