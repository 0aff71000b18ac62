//! From granules with footprints to a catalog.
use crate::cover::Cover;
use crate::file::{Catalog, Links};
use crate::footprint::Footprint;
use crate::record::{LinkKind, Record};
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

/// Records that no catalog can hold.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Remarks {
    /// Granules of unknown extent.
    pub unknown_extent: Vec<String>,
    /// Granules without a link.
    pub without_link: Vec<String>,
}

/// The records that have a link and a footprint, and the names of the others.
#[must_use]
pub fn usable(records: Vec<Record>) -> (Vec<Record>, Remarks) {
    let mut remarks = Remarks::default();
    let usable = records.into_iter().filter(|record| {
        let missing = match (record.link(LinkKind::S3), record.footprint.is_known()) {
            (None, _) => &mut remarks.without_link,
            (_, false) => &mut remarks.unknown_extent,
            _ => return true,
        };
        missing.push(record.name.clone());
        false
    });
    let usable = usable.collect();
    (usable, remarks)
}

/// Sorts granules into the cells that they touch, and counts those that touch none. `extents` gives the cells of each.
pub fn assemble(records: &[Record], kind: LinkKind, mut extents: impl FnMut(&Record) -> Vec<Cell>) -> (Catalog, usize) {
    let mut catalog = Catalog::default();
    let mut elsewhere = 0;
    for record in records {
        let cells = extents(record);
        let Some(link) = record.link(kind).filter(|_| !cells.is_empty()) else {
            elsewhere += 1;
            continue;
        };
        for cell in cells {
            catalog.cells.entry(cell).or_default().push(link.to_owned());
        }
        let Record { name, s3, https, file, .. } = record.clone();
        catalog.granules.push(Links { name, s3, https, file });
    }
    (catalog, elsewhere)
}
