//! The cells that a granule's own coordinates lie in.
use byte_ranges::Source;
use morton::{Cell, INVALID, Latitude, Order};
use pipeline::{GranuleError, Product};
use std::collections::BTreeMap;

/// Where the rows of a file are.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Extent {
    /// The cells that its tracks cross, with their rows. Rows without a position lie nowhere.
    pub cells: BTreeMap<Cell, u64>,
    /// Rows of each track; 0 where it is absent.
    pub rows: Vec<u64>,
}

impl Extent {
    /// Whether each track has at least as many rows as the other's, and each cell too.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        let rows = |cell: &Cell| self.cells.get(cell).copied().unwrap_or(0);
        self.rows.len() == other.rows.len()
            && self.rows.iter().zip(&other.rows).all(|(own, other)| own >= other)
            && other.cells.iter().all(|(cell, count)| rows(cell) >= *count)
    }

    /// The cells of a coarser order.
    #[must_use]
    pub fn coarser(&self, order: Order) -> BTreeMap<Cell, u64> {
        let mut coarser = BTreeMap::new();
        for (cell, rows) in &self.cells {
            *coarser.entry(cell.parent(order).unwrap_or(*cell)).or_insert(0) += rows;
        }
        coarser
    }
}

/// The cells that the tracks of a granule cross.
///
/// # Errors
/// As [`pipeline::positions`].
pub async fn crossed_cells<S: Source>(
    name: &str,
    source: &S,
    product: &Product,
    order: Order,
    latitude: Latitude,
) -> Result<Extent, GranuleError> {
    let mut cells: BTreeMap<Cell, u64> = BTreeMap::new();
    let mut ids = Vec::new();
    let take = |_: usize, lon: &[f64], lat: &[f64]| {
        ids.clear();
        ids.resize(lat.len(), INVALID);
        if morton::nested_of(order, latitude, lon, lat, &mut ids).is_ok() {
            for cell in ids.iter().filter_map(|&id| Cell::new(order, id).ok()) {
                *cells.entry(cell).or_insert(0) += 1;
            }
        }
    };
    let rows = pipeline::positions(name, source, product, take).await?;
    Ok(Extent { cells, rows })
}
