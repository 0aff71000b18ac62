//! Names of granules: `ATL06_YYYYMMDDhhmmss_ttttccnn_rrr_vv.h5` (lambda.md, "The catalog"), whatever a subsetter, a browser or
//! a person put before and after.
use byte_ranges::file_name;
use std::fmt;

/// Endings of files that hold data; anything else beside a granule's name (`.iso.xml`, `.dmrpp`, `.jpg`) is no granule.
const DATA_ENDINGS: [&str; 7] = ["h5", "hdf5", "hdf", "he5", "nc", "nc4", "cdf"];
/// After the version: a browse file, which is HDF5 too, but holds pictures.
const BROWSE: &[u8] = b"_BRW";
/// Ground tracks of ICESat-2.
const LAST_RGT: u16 = 1387;
/// Regions of an orbit.
const LAST_REGION: u8 = 14;

/// What a granule's name says.
///
/// Product, time, track, cycle and region identify a granule; release and version order it. They are compared last, so that
/// versions of one granule are neighbours, the newest last.
///
/// ```
/// use pipeline::GranuleName;
/// let name = GranuleName::parse("s3://bucket/processed_ATL06_20231219171439_00132211_007_01_clipped (1).HDF5").unwrap();
/// assert_eq!((name.rgt, name.cycle, name.region, name.release, name.version), (13, 22, 11, 7, 1));
/// assert_eq!(name.to_string(), "ATL06_20231219171439_00132211_007_01");
/// assert!(GranuleName::parse("heights.h5").is_none());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GranuleName {
    /// `ATL06`.
    pub product: String,
    /// Hemisphere of a sea-ice product: 1 (north) or 2 (south), as in `ATL10-01`.
    pub hemisphere: Option<u8>,
    /// Start of the data, `YYYYMMDDhhmmss`.
    pub start: String,
    /// Reference ground track, 1..=1387.
    pub rgt: u16,
    /// Repeat cycle; it follows from the name alone, not from the dates.
    pub cycle: u8,
    /// Region of the orbit, 1..=14; 10, 11 and 12 hold Antarctica.
    pub region: u8,
    /// Data release, `007`.
    pub release: u16,
    /// Version within the release.
    pub version: u8,
}

impl GranuleName {
    /// Reads the name of a file, alone or at the end of a path or URL; `None` when it is not the name of a granule.
    ///
    /// What precedes the name and ends in a character that is neither letter nor digit does not count (`processed_`), nor
    /// what follows it and begins with one (`_subsetted`, ` (1)`, `-1`), nor which of the endings of HDF5 and netCDF it has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = file_name(text).as_bytes();
        (0..name.len()).filter(|&at| begins_word(name, at)).find_map(|at| Self::read(name.get(at..)?))
    }

    /// What identifies the granule, in whatever release and version: `ATL06_20231219171439_00132211`.
    #[must_use]
    pub fn identity(&self) -> String {
        let Self { product, hemisphere, start, rgt, cycle, region, .. } = self;
        let hemisphere = hemisphere.map_or_else(String::new, |number| format!("-{number:02}"));
        format!("{product}{hemisphere}_{start}_{rgt:04}{cycle:02}{region:02}")
    }

    /// Whether two names are of one granule, in whatever release and version.
    #[must_use]
    pub fn is_same_granule(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    fn read(text: &[u8]) -> Option<Self> {
        let mut rest = Rest(text);
        let product = rest.product()?;
        let hemisphere = match rest.0.first() {
            Some(b'-') => Some(rest.after(b'-')?.number(2)?),
            _ => None,
        };
        let start = rest.after(b'_')?.digits(14)?.to_owned();
        let rgt = rest.after(b'_')?.number(4)?;
        let (cycle, region) = (rest.number(2)?, rest.number(2)?);
        let release = rest.after(b'_')?.number(3)?;
        let version = rest.after(b'_')?.number(2)?;
        let fits = (1..=LAST_RGT).contains(&rgt) && (1..=LAST_REGION).contains(&region) && rest.is_suffix();
        fits.then_some(Self { product, hemisphere, start, rgt, cycle, region, release, version })
    }
}

/// The name as the mission writes it, without an ending.
impl fmt::Display for GranuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{:03}_{:02}", self.identity(), self.release, self.version)
    }
}

/// The product that the name of a file begins with, prefixes removed: `ATL03`, `GEDI02_A`.
#[must_use]
pub fn product_in_name(text: &str) -> Option<String> {
    let name = file_name(text).as_bytes();
    (0..name.len()).filter(|&at| begins_word(name, at)).find_map(|at| {
        let mut rest = Rest(name.get(at..)?);
        let product = rest.product()?;
        rest.0.first().is_none_or(|next| !next.is_ascii_alphanumeric()).then_some(product)
    })
}

/// Whether a word may begin here: at the start, after what is neither letter nor digit, or after `%20` and its like.
fn begins_word(name: &[u8], at: usize) -> bool {
    let before = name.get(..at).unwrap_or_default();
    let escaped = matches!(before, [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    escaped || before.last().is_none_or(|last| !last.is_ascii_alphanumeric())
}

/// What is left of a name that is read from its front.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        std::str::from_utf8(taken).ok()
    }

    fn digits(&mut self, count: usize) -> Option<&'a str> {
        self.take(count).filter(|taken| taken.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn number<N: std::str::FromStr>(&mut self, count: usize) -> Option<N> {
        self.digits(count)?.parse().ok()
    }

    fn after(&mut self, separator: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[separator])?;
        Some(self)
    }

    /// `ATL06` or `GEDI02_A`, in capitals.
    fn product(&mut self) -> Option<String> {
        let begins =
            |word: &str| self.0.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()));
        let word = ["ATL", "GEDI"].into_iter().find(|word| begins(word))?;
        self.take(word.len())?;
        let mut product = format!("{word}{}", self.digits(2)?);
        if word == "GEDI" {
            let level =
                self.after(b'_')?.take(1).filter(|level| level.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
            product = format!("{product}_{}", level.to_ascii_uppercase());
        }
        Some(product)
    }

    /// Whether this may follow a granule's name: nothing, or what does not go on with its last word and has no ending but one
    /// of data files. An ending begins with a dot and a letter.
    fn is_suffix(&self) -> bool {
        let browse = self.0.get(..BROWSE.len()).is_some_and(|text| text.eq_ignore_ascii_case(BROWSE));
        if browse || self.0.first().is_some_and(u8::is_ascii_alphanumeric) {
            return false;
        }
        let ending =
            self.0.split(|&byte| byte == b'.').skip(1).filter(|part| part.first().is_some_and(u8::is_ascii_alphabetic));
        ending.last().is_none_or(|part| {
            let end = part.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(part.len());
            let ending = part.get(..end).unwrap_or(part);
            DATA_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known.as_bytes()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ATL06_20231219171439_00132211_007_01";

    #[test]
    fn a_name_tells_track_cycle_region_release_and_version() {
        let name = GranuleName::parse(&format!("{NAME}.h5")).unwrap();
        assert_eq!((name.rgt, name.cycle, name.region, name.release, name.version), (13, 22, 11, 7, 1));
        assert_eq!((name.product.as_str(), name.start.as_str()), ("ATL06", "20231219171439"));
        let older = GranuleName::parse("processed_ATL06_20231219171439_00132211_006_02").unwrap();
        assert!(name.is_same_granule(&older) && older < name);
        let other = GranuleName::parse("ATL06_20231219171439_00132212_007_01").unwrap();
        assert!(!name.is_same_granule(&other));
        let sea_ice = GranuleName::parse("ATL10-02_20220103200708_01921401_006_01.h5").unwrap();
        assert_eq!((sea_ice.product.as_str(), sea_ice.hemisphere), ("ATL10", Some(2)));
        assert_eq!(sea_ice.to_string(), "ATL10-02_20220103200708_01921401_006_01");
    }

    #[test]
    fn prefixes_and_suffixes_are_seen_through() {
        let plain = GranuleName::parse(NAME).unwrap();
        for (before, after) in [
            ("", ".h5"),
            ("processed_", ".h5"),
            ("", "_subsetted.h5"),
            ("", "_clipped.HDF5"),
            ("", " (1).h5"),
            ("", "(1).H5"),
            ("", "-1.h5"),
            ("", ".h5.1"),
            ("", ".h5 (2)"),
            ("", ".hdf"),
            ("", ".nc"),
            ("", ".h5.nc4"),
            ("", ".h5.dap.nc4"),
            ("", "_v1.2.h5"),
            ("", " - Kopie.h5"),
            ("", "_äußere.h5"),
            ("20240101-", ".h5"),
            ("sub.", ".h5"),
            ("ATL03_vs_", ".h5"),
            ("s3://bucket/a#b/", ".h5"),
            ("data/", "#2.h5"),
            ("C:\\data\\", ".h5"),
            ("https://host/a/", ".h5?X-Amz-Signature=a/b"),
            ("https://host/a/processed%20", "%20(1).h5"),
        ] {
            let text = format!("{before}{NAME}{after}");
            assert_eq!(GranuleName::parse(&text).as_ref(), Some(&plain), "{text}");
            let small = format!("{before}{}{after}", NAME.to_lowercase());
            assert_eq!(GranuleName::parse(&small).as_ref(), Some(&plain), "{small}");
        }
    }

    #[test]
    fn what_is_no_granule_has_no_name() {
        for bad in [
            "",
            "ATL06.h5",
            "ATL06_20231219171439_00132211_007_01.iso.xml",
            "ATL06_20231219171439_00132211_007_01.h5.dmrpp",
            "ATL06_20231219171439_00132211_007_01.h5.icx",
            "ATL06_20231219171439_00132211_007_01_BRW.h5",
            "ATL06_20231219171439_00132211_007_01_BRW.default.default1.jpg",
            "ATL06_20231219171439_00132211_007_011.h5",
            "ATL06_20231219171439_00132211_007_01x.h5",
            "xATL06_20231219171439_00132211_007_01.h5",
            "ATL06_2023121917143_00132211_007_01.h5",
            "ATL06_20231219171439_00002211_007_01.h5",
            "ATL06_20231219171439_13882211_007_01.h5",
            "ATL06_20231219171439_00132215_007_01.h5",
            "ATLxx_20231219171439_00132211_007_01.h5",
            "ATL06_20231219171439_0013221é_007_01.h5",
            "ATL06_20231219171439_00132211_007_01.h5/store.zarr",
        ] {
            assert_eq!(GranuleName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn products_are_told_by_the_front_of_a_name() {
        for (name, product) in [
            ("ATL03_gt1l.h5", Some("ATL03")),
            ("processed_ATL10-01_20220103200708_01921401_006_01.h5", Some("ATL10")),
            ("ATL11_078805_0304_02_v002.h5", Some("ATL11")),
            ("GEDI02_A_2019162222610_O02812_04_T01244_02_003_01_V002.h5", Some("GEDI02_A")),
            ("ATLAS.h5", None),
            ("GEDI.h5", None),
            ("MATL06_1.h5", None),
        ] {
            assert_eq!(product_in_name(name).as_deref(), product, "{name}");
        }
    }
}
