//! The cells that footprints touch.
use crate::cover::Cover;
use crate::footprint::Footprint;
use morton::{Cell, Latitude, Order};
use std::collections::BTreeSet;

/// Added around every footprint, km, when nothing else is asked for: four times what the great circles between the corners
/// of a footprint are off the curved ground track at worst (design/0005).
pub const MARGIN_KM: f64 = 1.0;

/// Finds the cells that footprints touch.
#[derive(Debug)]
pub struct CellFinder {
    cover: Cover,
    order: Order,
    latitude: Latitude,
}

impl CellFinder {
    /// For cells of `order` under a convention of latitude, within `margin_km` of a footprint; only those in `wanted`
    /// (nested numbers), if it is given.
    #[must_use]
    pub fn new(order: Order, latitude: Latitude, margin_km: f64, wanted: Option<&BTreeSet<u64>>) -> Self {
        Self { cover: Cover::new(order, margin_km, wanted), order, latitude }
    }

    /// The cells of a footprint, in order, and whether it is known at all: one that says nothing, or that is larger than a
    /// hemisphere, may touch every cell.
    pub fn cells(&mut self, footprint: &Footprint) -> (Vec<Cell>, bool) {
        let (regions, known) = footprint.regions(self.latitude);
        let found = self.cover.touched(&regions);
        (found.into_iter().filter_map(|id| Cell::new(self.order, id).ok()).collect(), known)
    }
}
