//! The cells that a catalog is made for.
use crate::{Catalog, Error};
use footprint::{Area, select};
use morton::{Cell, Latitude, Order};
use std::collections::BTreeSet;

/// Decimal ids, which the keys of catalogs are, end here.
const MAX_ORDER: u8 = 18;

/// Cells of one order, all or some of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    pub(crate) order: Order,
    pub(crate) latitude: Latitude,
    pub(crate) wanted: Option<BTreeSet<u64>>,
}

impl Grid {
    /// All cells of an order, under a convention of latitude.
    ///
    /// # Errors
    /// [`Error::Usage`] for an order whose cells have no decimal ids.
    pub fn new(order: Order, latitude: Latitude) -> Result<Self, Error> {
        if order.get() > MAX_ORDER {
            let message = format!("order {order}: decimal ids, which catalogs use, end at order {MAX_ORDER}");
            return Err(Error::Usage(message));
        }
        Ok(Self { order, latitude, wanted: None })
    }

    /// Those of the cells that fulfil all conditions; all of them without conditions.
    ///
    /// # Errors
    /// As [`footprint::select`].
    pub fn within(mut self, areas: &[Area]) -> Result<Self, Error> {
        self.wanted = select(areas, self.order, self.latitude)?;
        Ok(self)
    }

    /// Takes the cells that do not belong to it out of a catalog.
    pub fn limit(&self, catalog: &mut Catalog) {
        if self.wanted.is_some() {
            catalog.retain(|cell| self.contains(cell));
        }
    }

    pub(crate) fn contains(&self, cell: Cell) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&cell.nested()))
    }
}
