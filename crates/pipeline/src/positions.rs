//! Where all rows of a granule are.
use crate::axis::Cycles;
use crate::bodies::Bodies;
use crate::locate::{self, Located};
use crate::metered::Metered;
use crate::product::{TimeOf, Weight};
use crate::select::{self, Group};
use crate::track::Track;
use crate::{GranuleError, Product, fetch};
use byte_ranges::Source;
use hdf5_pure::{Limits, Metadata};

/// Stored bytes of coordinates that are read at the same time.
const WAVE: u64 = 16 << 20;

/// Reads all coordinates of a file of that name. `take` gets them in row order, several rows of one track at a time: the
/// track's place in the product, longitudes and latitudes in degrees, NaN where there is none. Returns the rows of each track
/// of the product, 0 for one that is absent.
///
/// # Errors
/// What reading the file answers; [`GranuleError::NoTracks`] for a file of another product.
pub async fn positions<S: Source>(
    name: &str,
    source: S,
    product: &Product,
    mut take: impl FnMut(usize, &[f64], &[f64]),
) -> Result<Vec<u64>, GranuleError> {
    // Counted as in a job, so that both share their code: the page, where size counts, has both.
    let source = &Metered::new(source, name, &());
    let mut file = Metadata::new(Limits::default());
    let Located { tracks, .. } =
        locate::tracks(name, &mut file, source, &places_alone(product), Cycles::Chosen).await?;
    let bodies = Bodies::new(source, file.arrived().clone());
    drop(file);
    let place = |track: &Track| product.tracks.iter().position(|name| *name == track.name).unwrap_or_default();
    let groups = tracks
        .iter()
        .flat_map(|track| (0..track.pieces()).filter_map(move |piece| Group::new(place(track), track, piece)));
    for (_, wave) in fetch::waves(groups.collect(), WAVE, Group::bytes) {
        let read = select::read(&wave, &bodies, |group, longitude, latitude| {
            Ok((group.track(), group.piece(), longitude.to_vec(), latitude.to_vec()))
        });
        let mut read = read.await?;
        read.sort_unstable_by_key(|(track, piece, ..)| (*track, *piece));
        read.iter().for_each(|(track, _, longitude, latitude)| take(*track, longitude, latitude));
    }
    let mut rows = vec![0; product.tracks.len()];
    for track in &tracks {
        if let Some(rows) = rows.get_mut(place(track)) {
            *rows = track.rows;
        }
    }
    Ok(rows)
}

/// A product whose only columns are its coordinates: the others are not looked for.
fn places_alone(product: &Product) -> Product {
    let value = product.latitude.clone().into();
    let (uncertainty, keep, link, orbit) = (None, Vec::new(), None, None);
    let time = TimeOf::Granule;
    Product { value, uncertainty, weight: Weight::None, keep, link, orbit, time, ..product.clone() }
}
