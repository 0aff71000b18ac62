//! The order (refinement level) of a cell.

use crate::Error;
use std::fmt;

/// HEALPix order 0..=29: each base cell is divided into 4^order cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(u8);

impl Order {
    /// The finest order, 29: cells of about 12 mm.
    pub const MAX: Self = Self(29);

    /// Checks that `order` is in 0..=29.
    ///
    /// # Errors
    /// [`Error::Order`] above 29.
    pub const fn new(order: u8) -> Result<Self, Error> {
        if order <= Self::MAX.0 { Ok(Self(order)) } else { Err(Error::Order(order as u32)) }
    }

    /// The order as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// How many cells the sphere has at this order: 12 * 4^order.
    #[must_use]
    pub const fn cells(self) -> u64 {
        12 << self.bits()
    }

    /// Number of bits of a nested number below its base cell: 2 * order.
    pub(crate) const fn bits(self) -> u32 {
        2 * self.0 as u32
    }

    /// Cells along one side of a base cell: 2^order.
    pub(crate) const fn side(self) -> u64 {
        1 << self.0
    }

    /// [`Order::side`] as a float, exact.
    pub(crate) const fn side_f64(self) -> f64 {
        self.side() as f64
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_end_at_29() {
        assert_eq!(Order::new(29).unwrap().cells(), 3_458_764_513_820_540_928);
        assert_eq!(Order::new(0).unwrap().cells(), 12);
        assert_eq!(Order::new(30), Err(Error::Order(30)));
        assert_eq!(Order::new(12).unwrap().to_string(), "12");
    }
}
