//! Reading both ways: the usual one, and all coordinates; the two must agree to the byte.
use crate::{CellResult, Error, GranuleEntry, Reading};

/// Fails where what planned reading or an index led to is not what all coordinates give.
///
/// # Errors
/// [`Error::Differs`] with the first track that has other rows.
pub fn same_result(usual: &CellResult, whole: &CellResult) -> Result<(), Error> {
    let (objects, expected) = (crate::to_objects(usual)?, crate::to_objects(whole)?);
    if objects == expected {
        return Ok(());
    }
    let pairs = || usual.ledger.granules.iter().zip(&whole.ledger.granules);
    let what = pairs().find_map(|(a, b)| difference(a, b));
    Err(Error::Differs(what.unwrap_or_else(|| "the stores differ".into())))
}

/// The first track of a granule whose rows are not the same.
fn difference(usual: &GranuleEntry, whole: &GranuleEntry) -> Option<String> {
    let rows = |entry: &GranuleEntry| -> Vec<(String, u64, u64)> {
        entry.tracks.iter().map(|track| (track.track.clone(), track.rows.in_parent, track.rows.used)).collect()
    };
    let (found, expected) = (rows(usual), rows(whole));
    let ((track, inside, used), (_, all, usable)) = found.into_iter().zip(expected).find(|(a, b)| a != b)?;
    let reading = usual.reading.clone().unwrap_or(Reading::Planned);
    let granule = &usual.granule;
    Some(format!(
        "{granule}, {track}: {inside} rows in the cell and {used} used ({reading}), {all} and {usable} in all"
    ))
}
