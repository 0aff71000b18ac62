//! The cells that a granule's own coordinates lie in.
use byte_ranges::Source;
use hdf5_pure::{AsyncFile, Error, Object, Selection};
use morton::{Cell, Latitude, Order};
use std::collections::BTreeMap;

/// Where the coordinates of one track are in a granule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackPaths {
    /// Dataset of latitudes, degrees.
    pub latitude: String,
    /// Dataset of longitudes, degrees.
    pub longitude: String,
}

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

/// The cells that the tracks of a granule cross; `None` when it has none of the tracks.
///
/// # Errors
/// What the reader of the file meets.
pub async fn crossed_cells<S: Source>(
    file: &mut AsyncFile<S>,
    tracks: &[TrackPaths],
    order: Order,
    latitude: Latitude,
) -> Result<Option<Extent>, Error> {
    let mut extent = Extent { cells: BTreeMap::new(), rows: Vec::with_capacity(tracks.len()) };
    let mut seen = false;
    for track in tracks {
        let found = file.query(|file| file.find(&[&track.latitude, &track.longitude])).await?;
        let mut degrees = Vec::new();
        for object in found {
            if let Some(Object::Dataset(dataset)) = object? {
                let raw = file.read(&dataset, &Selection::all(&dataset)).await?;
                degrees.push(dataset.datatype.decode::<f64>(&raw).map_err(Error::from)?);
            }
        }
        let [lat, lon] = degrees.as_slice() else {
            extent.rows.push(0);
            continue;
        };
        seen = true;
        // A file may lie about one of the two: rows are those that both have.
        let rows = lat.len().min(lon.len());
        extent.rows.push(rows as u64);
        let (lat, lon) = (lat.get(..rows).unwrap_or_default(), lon.get(..rows).unwrap_or_default());
        let mut ids = vec![morton::INVALID; rows];
        if morton::nested_of(order, latitude, lon, lat, &mut ids).is_err() {
            continue;
        }
        for id in ids {
            if let Ok(cell) = Cell::new(order, id) {
                *extent.cells.entry(cell).or_insert(0) += 1;
            }
        }
    }
    Ok(seen.then_some(extent))
}
