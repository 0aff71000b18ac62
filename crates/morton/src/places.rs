//! Cells of many points, without reserved numbers.

use crate::{BAD, Cell, Error, INVALID, Latitude, OUTSIDE, Order, children_of, nested_of};

/// Where a point lies as seen from a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inside {
    /// In the child of this number, counted from 0 in nested order.
    Child(u32),
    /// In another cell.
    Outside,
    /// Nowhere: a coordinate that is not finite, or a latitude beyond +-90.
    NoPosition,
}

/// The cell of `order` that holds each point; `None` for one whose coordinates are not finite or whose latitude is beyond
/// +-90. `lon` and `lat` are degrees, any finite longitude is taken modulo 360. On a border the rules of the reference
/// implementation decide.
///
/// ```
/// use morton::{Latitude, Order, cells_of};
///
/// let cells = cells_of(Order::new(6)?, Latitude::Spherical, &[-45.0, f64::NAN], &[70.0, 70.0])?;
/// assert!(cells[0].is_some() && cells[1].is_none());
/// # Ok::<(), morton::Error>(())
/// ```
///
/// # Errors
/// [`Error::Length`] if the slices differ in length.
pub fn cells_of(order: Order, latitude: Latitude, lon: &[f64], lat: &[f64]) -> Result<Vec<Option<Cell>>, Error> {
    let mut nested = vec![INVALID; lon.len()];
    nested_of(order, latitude, lon, lat, &mut nested)?;
    Ok(nested.into_iter().map(|nested| Cell::new(order, nested).ok()).collect())
}

impl Cell {
    /// Which child of order `child` each point falls into. `lon` and `lat` are as in [`cells_of`].
    ///
    /// # Errors
    /// [`Error::Relation`] if `child` is coarser than this cell, [`Error::TooDeep`] if it is more than 15 levels finer,
    /// [`Error::Length`] if the slices differ in length.
    pub fn locate(self, child: Order, latitude: Latitude, lon: &[f64], lat: &[f64]) -> Result<Vec<Inside>, Error> {
        let mut numbers = vec![BAD; lon.len()];
        children_of(self, child, latitude, lon, lat, &mut numbers)?;
        let inside = |number| match number {
            OUTSIDE => Inside::Outside,
            BAD => Inside::NoPosition,
            number => Inside::Child(number),
        };
        Ok(numbers.into_iter().map(inside).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_a_cell_or_none() {
        let cell = Cell::from_decimal(-6_134_114).unwrap();
        let fine = Order::new(8).unwrap();
        let (lon, lat): (Vec<f64>, Vec<f64>) =
            cell.descendants(fine).unwrap().map(|cell| (cell.centre().lon(), cell.centre().lat())).unzip();
        let at = |lon: &[f64], lat: &[f64]| cells_of(fine, Latitude::Spherical, lon, lat).unwrap();
        assert!(at(&lon, &lat).into_iter().eq(cell.descendants(fine).unwrap().map(Some)));
        assert_eq!(at(&[0.0, f64::INFINITY, 0.0], &[91.0, 0.0, f64::NAN]), [None; 3]);
        let located = cell.locate(fine, Latitude::Spherical, &[lon[3], 0.0, 0.0], &[lat[3], 0.0, 91.0]).unwrap();
        assert_eq!(located, [Inside::Child(3), Inside::Outside, Inside::NoPosition]);
        assert!(cells_of(fine, Latitude::Spherical, &lon, &[]).is_err());
    }
}
