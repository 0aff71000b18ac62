//! Which product a file is of that has none of the job's tracks: by its label, by its groups, by its name.
use crate::label::Label;
use crate::{GranuleError, product_in_name};
use byte_ranges::{Source, Step};
use hdf5_pure::{Error, Limits, Metadata, StepResult};

const GROUND_TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];
const PAIR_TRACKS: [&str; 3] = ["pt1", "pt2", "pt3"];
const PROFILES: [&str; 3] = ["profile_1", "profile_2", "profile_3"];
const BEAMS: [&str; 8] =
    ["BEAM0000", "BEAM0001", "BEAM0010", "BEAM0011", "BEAM0101", "BEAM0110", "BEAM1000", "BEAM1011"];

/// What only one product has in its tracks, from the data dictionaries of ICESat-2 and GEDI; of several that fit the first.
const SIGNS: [(&str, &[&str], &str); 17] = [
    ("ATL03", &GROUND_TRACKS, "heights/h_ph"),
    ("ATL03", &GROUND_TRACKS, "geolocation"),
    ("ATL06", &GROUND_TRACKS, "land_ice_segments"),
    ("ATL07", &GROUND_TRACKS, "sea_ice_segments"),
    ("ATL08", &GROUND_TRACKS, "land_segments"),
    ("ATL10", &GROUND_TRACKS, "freeboard_segment"),
    ("ATL10", &GROUND_TRACKS, "freeboard_beam_segment"),
    ("ATL12", &GROUND_TRACKS, "ssh_segments"),
    ("ATL13", &GROUND_TRACKS, "ht_ortho"),
    ("ATL24", &GROUND_TRACKS, "class_ph"),
    ("ATL24", &GROUND_TRACKS, "ortho_h"),
    ("ATL09", &PROFILES, "high_rate"),
    ("ATL11", &PAIR_TRACKS, "cycle_number"),
    ("GEDI04_A", &BEAMS, "agbd"),
    ("GEDI02_B", &BEAMS, "pai"),
    ("GEDI01_B", &BEAMS, "rxwaveform"),
    ("GEDI02_A", &BEAMS, "rh"),
];

/// The product that a granule is of, by its content or its name: `ATL06`, `GEDI02_A`.
///
/// # Errors
/// What reading the file answers.
pub async fn product_of<S: Source>(name: &str, source: S) -> Result<Option<String>, GranuleError> {
    let mut file = Metadata::new(Limits::default());
    Ok(recognised(&mut file, &source, name).await?)
}

/// The product that a file is of, as far as it follows from its content or its name.
///
/// # Errors
/// What reading the file answers.
pub(crate) async fn recognised<S: Source>(
    file: &mut Metadata,
    source: &S,
    name: &str,
) -> Result<Option<String>, Error> {
    hdf5_pure::drive(file, source, |file| product_in(file, name)).await
}

/// The same as a query of an open file, which reads nothing twice.
///
/// # Errors
/// What reading the file answers.
pub fn product_in(file: &mut Metadata, name: &str) -> StepResult<Option<String>> {
    let label = match Label::read(file) {
        Step::Need(needed) => return Ok(Step::Need(needed)),
        Step::Done(label) => label,
    };
    if let Some(named) = label.product().and_then(in_label) {
        return Ok(Step::Done(Some(named)));
    }
    let paths: Vec<(&str, String)> = SIGNS
        .iter()
        .flat_map(|(product, tracks, sign)| tracks.iter().map(move |track| (*product, format!("/{track}/{sign}"))))
        .collect();
    let asked: Vec<&str> = paths.iter().map(|(_, path)| path.as_str()).collect();
    Ok(file.find(&asked)?.map(|found| {
        let by_group = paths.iter().zip(found).find(|(_, found)| matches!(found, Ok(Some(_))));
        by_group.map(|((product, _), _)| (*product).to_owned()).or_else(|| product_in_name(name))
    }))
}

/// The product that a label names: `GEDI_L2B` is `GEDI02_B`; placeholders of writers, which have no digit, name none.
fn in_label(label: &str) -> Option<String> {
    let level = label.strip_prefix("GEDI_L").map(|level| level.split_at(level.len().min(1)));
    match level {
        Some((level, part)) => Some(format!("GEDI0{level}_{part}")),
        None => label.bytes().any(|byte| byte.is_ascii_digit()).then(|| label.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use byte_ranges::MemorySource;
    use futures_util::FutureExt as _;

    fn recognise(bytes: &[u8], name: &str) -> Option<String> {
        let source = MemorySource::new(bytes.to_vec());
        recognised(&mut Metadata::new(Limits::default()), &source, name).now_or_never().unwrap().unwrap()
    }

    #[test]
    fn label_groups_and_name_tell_the_product_in_this_order() {
        let labelled = include_bytes!("../tests/fixtures/labelled_gedi02_b.h5");
        let grouped = include_bytes!("../tests/fixtures/grouped_atl08.h5");
        let plain = include_bytes!("../tests/fixtures/placeholder.h5");
        assert_eq!(recognise(labelled, "ATL03_1.h5").as_deref(), Some("GEDI02_B"));
        assert_eq!(recognise(grouped, "ATL03_1.h5").as_deref(), Some("ATL08"));
        assert_eq!(recognise(plain, "processed_ATL03_1.h5").as_deref(), Some("ATL03"));
        assert_eq!(recognise(plain, "heights.h5"), None);
    }

    #[test]
    fn real_files_of_other_products_are_recognised() {
        let test = "real_files_of_other_products_are_recognised";
        let Some(folder) = testing::shared("data/products", test) else { return };
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with(".h5") {
                continue;
            }
            let bytes = std::fs::read(&file).unwrap();
            let expected = product_in_name(&name);
            assert_eq!(recognise(&bytes, &name), expected, "{name}");
            // Whole files need no name, but for columns out of their place and a product without a label.
            let bare = ["ATL03_indexbegin", "ATL11", "ATL13", "ATL24"].iter().any(|part| name.contains(part));
            if !bare {
                assert_eq!(recognise(&bytes, "file.h5"), expected, "{name}");
            }
            seen += 1;
        }
        assert!(seen > 10);
    }
}
