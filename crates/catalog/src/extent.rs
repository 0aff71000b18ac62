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

/// The cells that the tracks of a granule cross, with their rows; `None` when it has none of the tracks. Rows without a
/// position lie nowhere.
///
/// # Errors
/// What the reader of the file meets.
pub async fn crossed_cells<S: Source>(
    file: &mut AsyncFile<S>,
    tracks: &[TrackPaths],
    order: Order,
    latitude: Latitude,
) -> Result<Option<BTreeMap<Cell, u64>>, Error> {
    let mut crossed: BTreeMap<Cell, u64> = BTreeMap::new();
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
        let [lat, lon] = degrees.as_slice() else { continue };
        seen = true;
        // A file may lie about one of the two: rows are those that both have.
        let rows = lat.len().min(lon.len());
        let (lat, lon) = (lat.get(..rows).unwrap_or_default(), lon.get(..rows).unwrap_or_default());
        let mut ids = vec![morton::INVALID; rows];
        if morton::nested_of(order, latitude, lon, lat, &mut ids).is_err() {
            continue;
        }
        for id in ids {
            if let Ok(cell) = Cell::new(order, id) {
                *crossed.entry(cell).or_insert(0) += 1;
            }
        }
    }
    Ok(seen.then_some(crossed))
}
