//! Names of granules: `ATL06_YYYYMMDDhhmmss_ttttccnn_rrr_vv.h5` (lambda.md, "The catalog").
use crate::Error;

/// What a granule's name says.
///
/// Ordered by everything but release and version first, so that versions of one granule stand together, the newest last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GranuleName {
    /// `ATL06`.
    pub product: String,
    /// Start of the data, `YYYYMMDDhhmmss`.
    pub start: String,
    /// Reference ground track, 1..=1387.
    pub rgt: u16,
    /// Repeat cycle; its dates are nobody's business but the name's.
    pub cycle: u8,
    /// Piece of the orbit, 1..=14; 10, 11 and 12 hold Antarctica.
    pub region: u8,
    /// Data release, `007`.
    pub release: u16,
    /// Version within the release.
    pub version: u8,
}

impl GranuleName {
    /// Reads a name, with or without `.h5`; what a subsetter puts before `ATL` does not count.
    ///
    /// # Errors
    /// [`Error::Usage`] with the name and its pattern.
    pub fn parse(name: &str) -> Result<Self, Error> {
        Self::read(name).ok_or_else(|| {
            Error::usage(format!("`{name}` is not a granule's name (ATL06_YYYYMMDDhhmmss_ttttccnn_rrr_vv.h5)"))
        })
    }

    fn read(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".h5").unwrap_or(name);
        let stem = stem.get(stem.find("ATL")?..)?;
        let parts: Vec<&str> = stem.split('_').collect();
        let [product, start, track, release, version] = parts.as_slice() else { return None };
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        let product_fits = product.strip_prefix("ATL").is_some_and(|number| digits(number, 2));
        if !product_fits || !digits(start, 14) || !digits(track, 8) || !digits(release, 3) || !digits(version, 2) {
            return None;
        }
        Some(Self {
            product: (*product).to_owned(),
            start: (*start).to_owned(),
            rgt: track.get(..4)?.parse().ok().filter(|rgt| (1..=1387).contains(rgt))?,
            cycle: track.get(4..6)?.parse().ok()?,
            region: track.get(6..)?.parse().ok().filter(|region| (1..=14).contains(region))?,
            release: release.parse().ok()?,
            version: version.parse().ok()?,
        })
    }

    /// Whether two names are of one granule, in whatever release and version.
    #[must_use]
    pub fn is_same_granule(&self, other: &Self) -> bool {
        (&self.product, self.rgt, self.cycle, self.region, &self.start)
            == (&other.product, other.rgt, other.cycle, other.region, &other.start)
    }
}

/// The `readable_granule_name[]` patterns of some cycles and regions of a product; all regions when none is named.
/// `?` stands for one character, `*` for any number.
#[must_use]
pub fn name_patterns(product: &str, cycles: &[u8], regions: &[u8]) -> Vec<String> {
    let regions: Vec<String> = match regions {
        [] => vec!["??".to_owned()],
        some => some.iter().map(|region| format!("{region:02}")).collect(),
    };
    let mut patterns = Vec::new();
    for cycle in cycles {
        patterns.extend(regions.iter().map(|region| format!("{product}_??????????????_????{cycle:02}{region}_*")));
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_track_cycle_region_release_and_version() {
        let name = GranuleName::parse("ATL06_20231219171439_00132211_007_01.h5").unwrap();
        assert_eq!((name.rgt, name.cycle, name.region, name.release, name.version), (13, 22, 11, 7, 1));
        assert_eq!((name.product.as_str(), name.start.as_str()), ("ATL06", "20231219171439"));
        let other = GranuleName::parse("processed_ATL06_20231219171439_00132211_006_02").unwrap();
        assert!(name.is_same_granule(&other) && other < name);
        for bad in [
            "",
            "ATL06.h5",
            "ATL06_20231219171439_00132211_007_01.iso.xml",
            "ATL06_2023121917143_00132211_007_01.h5",
            "ATL06_20231219171439_00002211_007_01.h5",
            "ATL06_20231219171439_13882211_007_01.h5",
            "ATL06_20231219171439_00132215_007_01.h5",
            "ATLxx_20231219171439_00132211_007_01.h5",
            "ATL06_20231219171439_0013221é_007_01.h5",
        ] {
            assert!(GranuleName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_name_cycle_and_region_where_the_name_has_them() {
        assert_eq!(name_patterns("ATL06", &[22], &[]), ["ATL06_??????????????_????22??_*"]);
        assert_eq!(
            name_patterns("ATL06", &[3, 22], &[10, 11]),
            [
                "ATL06_??????????????_????0310_*",
                "ATL06_??????????????_????0311_*",
                "ATL06_??????????????_????2210_*",
                "ATL06_??????????????_????2211_*",
            ]
        );
    }
}
