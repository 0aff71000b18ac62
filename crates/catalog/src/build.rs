//! From granules with footprints to a catalog.
use crate::file::{Catalog, Links};
use earthdata::{LinkKind, Record};
use morton::Cell;

/// Records that no catalog can hold.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Remarks {
    /// Granules of unknown extent.
    pub unknown_extent: Vec<String>,
    /// Granules without a link.
    pub without_link: Vec<String>,
}

/// The records that have a link and a footprint, and the names of the others.
pub(crate) fn usable(records: Vec<Record>) -> (Vec<Record>, Remarks) {
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
pub(crate) fn assemble(
    records: &[Record],
    kind: LinkKind,
    mut extents: impl FnMut(&Record) -> Vec<Cell>,
) -> (Catalog, usize) {
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
