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
    /// hemisphere, touches every cell.
    pub fn cells(&mut self, footprint: &Footprint) -> (Vec<Cell>, bool) {
        let (regions, known) = footprint.regions(self.latitude);
        let found = self.cover.touched(&regions);
        (found.into_iter().filter_map(|id| Cell::new(self.order, id).ok()).collect(), known)
    }
}

/// What [`assemble`] left out or took on trust.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Remarks {
    /// Granules of unknown extent: they stand in every cell.
    pub unknown_extent: Vec<String>,
    /// Granules without a link.
    pub without_link: Vec<String>,
    /// Granules that touch none of the wanted cells.
    pub elsewhere: usize,
}

/// Sorts granules into the cells that they touch. `extents` gives the cells of each record and whether they are known.
pub fn assemble(
    records: &[Record],
    kind: LinkKind,
    mut extents: impl FnMut(&Record) -> (Vec<Cell>, bool),
) -> (Catalog, Remarks) {
    let mut catalog = Catalog::default();
    let mut remarks = Remarks::default();
    for record in records {
        let Some(link) = record.link(kind) else {
            remarks.without_link.push(record.name.clone());
            continue;
        };
        let (cells, known) = extents(record);
        if !known {
            remarks.unknown_extent.push(record.name.clone());
        }
        if cells.is_empty() {
            remarks.elsewhere += 1;
            continue;
        }
        for cell in cells {
            catalog.cells.entry(cell).or_default().push(link.to_owned());
        }
        let Record { name, s3, https, file, .. } = record.clone();
        catalog.granules.push(Links { name, s3, https, file });
    }
    (catalog, remarks)
}
