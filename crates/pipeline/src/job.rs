//! One job: one parent cell, one product, and how to go about it.
use crate::{Error, Product};
use morton::{Cell, Latitude, Order};
use serde::{Deserialize, Serialize};

/// Orders that a child may be finer than its parent; 4^10 children are about a million cells.
const MOST_LEVELS: u8 = 10;

/// What to compute. Everything here shapes the result.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    parent: Cell,
    child_order: Order,
    /// Which latitude the cell ids are computed from.
    pub latitude: Latitude,
    /// What is read and reduced.
    pub product: Product,
    /// Orders between parent and child that are written too, exact from the observations.
    pub overviews: Vec<Order>,
    /// Turn unreadable granules into a partial result instead of a failure.
    pub allow_partial: bool,
}

/// How to go about it. Nothing here changes a byte of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tuning {
    /// Tracks read at the same time, over all granules.
    pub tracks_in_flight: usize,
    /// Read all coordinates, also where rows cannot lie in the cell.
    pub exhaustive: bool,
    /// Compute the job a second time, from all coordinates, and fail where the results differ.
    #[serde(default)]
    pub verify: bool,
    /// Bytes of fetched and decoded data held at the same time, over all granules.
    pub memory: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { tracks_in_flight: 48, exhaustive: false, verify: false, memory: 64 << 20 }
    }
}

impl Job {
    /// A job with the usual settings: spherical latitude, ATL06, no overviews, all granules or nothing.
    ///
    /// # Errors
    /// [`Error::Config`] when `child_order` is coarser than the parent or more than ten orders finer.
    pub fn new(parent: Cell, child_order: Order) -> Result<Self, Error> {
        let (from, to) = (parent.order().get(), child_order.get());
        if to < from || to - from > MOST_LEVELS {
            let most = from + MOST_LEVELS;
            return Err(Error::Config(format!(
                "child order {to} is not within {from}..={most} for a parent of order {from}"
            )));
        }
        let (latitude, product) = (Latitude::default(), Product::atl06());
        Ok(Self { parent, child_order, latitude, product, overviews: Vec::new(), allow_partial: false })
    }

    /// The parent cell.
    #[must_use]
    pub const fn parent(&self) -> Cell {
        self.parent
    }

    /// Order of the children.
    #[must_use]
    pub const fn child_order(&self) -> Order {
        self.child_order
    }

    /// Number of children: 4^(child order - parent order).
    #[must_use]
    pub fn children(&self) -> u32 {
        1 << (2 * u32::from(self.child_order.get() - self.parent.order().get()))
    }
}
