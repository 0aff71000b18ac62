//! Which tracks are of strong beams: by the observatory's orientation, or by what the tracks say of themselves.
use crate::label::text;
use crate::{GranuleError, axis};
use byte_ranges::{Source, Step};
use hdf5_pure::{Metadata, Object};
use serde::{Deserialize, Serialize};

/// ICESat-2: 0 flies backward, and the left beam of each pair is strong; 1 forward, the right; 2 is on its way between them.
const ORIENTATION: &str = "/orbit_info/sc_orient";
/// Attributes of a track's group that say it: of ICESat-2, and of GEDI.
const KINDS: [&str; 2] = ["atlas_beam_type", "description"];

/// What a beam is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Beam {
    /// Strong; of GEDI of full power.
    Strong,
    /// Weak; of GEDI a coverage beam.
    Weak,
    /// The observatory turned during the granule: which rows are of a strong beam is unknown.
    Neither,
}

/// The beam of each track.
///
/// # Errors
/// [`GranuleError::Product`] when the file does not say what they are.
pub(crate) async fn of<S: Source>(
    file: &mut Metadata,
    source: &S,
    tracks: &[String],
) -> Result<Vec<Beam>, GranuleError> {
    let pair = |track: &String| track.starts_with("gt") && (track.ends_with('l') || track.ends_with('r'));
    if tracks.iter().all(pair) {
        let orientation = hdf5_pure::drive(file, source, |file| file.find(&[ORIENTATION])).await?;
        let orientation = orientation.into_iter().next().transpose().map_err(GranuleError::at(ORIENTATION))?.flatten();
        if let Some(Object::Dataset(dataset)) = orientation {
            let numbers = axis::numbers(file, source, dataset).await?;
            let all = |wanted: f64| numbers.iter().all(|number| *number == wanted);
            let strong_end = if all(0.0) {
                Some('l')
            } else if all(1.0) {
                Some('r')
            } else {
                None
            };
            let of = |track: &String| match strong_end {
                None => Beam::Neither,
                Some(end) if track.ends_with(end) => Beam::Strong,
                Some(_) => Beam::Weak,
            };
            if !numbers.is_empty() {
                return Ok(tracks.iter().map(of).collect());
            }
        }
    }
    let paths: Vec<String> = tracks.iter().map(|track| format!("/{track}")).collect();
    let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
    let groups = hdf5_pure::drive(file, source, |file| file.find(&asked)).await?;
    let mut beams = Vec::with_capacity(tracks.len());
    for (path, group) in paths.iter().zip(groups) {
        let beam = match group.map_err(GranuleError::at(path))? {
            Some(group) => kind(file, source, &group).await.map_err(GranuleError::at(path))?,
            None => None,
        };
        let some = tracks.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(",");
        let why = format!("does not say whether its beam is strong or weak: name tracks with --beams, like {some}");
        beams.push(beam.ok_or_else(|| GranuleError::product(path, why))?);
    }
    Ok(beams)
}

/// The beam of a group, as far as its attributes say it.
async fn kind<S: Source>(file: &mut Metadata, source: &S, group: &Object) -> Result<Option<Beam>, hdf5_pure::Error> {
    let words = hdf5_pure::drive(file, source, |file| {
        let attributes = match file.attributes_in_heap(group, &KINDS)? {
            Step::Need(needed) => return Ok(Step::Need(needed)),
            Step::Done(attributes) => attributes,
        };
        Step::all(attributes.iter().map(|attribute| text(file, attribute)))
    });
    let words = words.await?.join(" ").to_ascii_lowercase();
    let says = |word: &str| words.contains(word);
    Ok(match () {
        () if says("strong") || says("full power") => Some(Beam::Strong),
        () if says("weak") || says("coverage") => Some(Beam::Weak),
        () => None,
    })
}
