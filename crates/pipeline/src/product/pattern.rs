//! Names of files as data: which part of a granule's name is what.
use crate::name::{begins_word, is_suffix};
use byte_ranges::file_name;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Parts of a name that distinguish issues of one granule, the one that decides first at the front. The others identify it.
const ISSUE: [&str; 5] = ["collection", "ppds", "release", "version", "last_cycle"];
/// Parts whose numbers have a range: ICESat-2's reference ground tracks and regions of an orbit.
const RANGES: [(&str, u64, u64); 2] = [("rgt", 1, 1387), ("region", 1, 14)];

/// The pattern of a file name: text, and fields of digits as `{name:digits}`, such as
/// `ATL06_{time:14}_{rgt:4}{cycle:2}{region:2}_{release:3}_{version:2}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Field { name: String, digits: usize },
}

/// What the name of a granule says. Ordered by issue, of one granule the newest last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GranuleName {
    /// By which release, version and the like.
    issue: Vec<u64>,
    /// Equal for all issues of one granule.
    pub identity: String,
    /// The name as its makers write it, without an ending.
    pub name: String,
    /// The fields of the pattern, with their digits.
    fields: Vec<(String, String)>,
}

impl GranuleName {
    /// The digits of a field of the pattern: `time`, `rgt`.
    #[must_use]
    pub fn digits(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, digits)| digits.as_str())
    }

    /// The number in a field of the pattern: `cycle`, `region`.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<u64> {
        self.digits(field)?.parse().ok()
    }
}

impl NamePattern {
    /// Reads the name of a file, alone or at the end of a path or URL; `None` when the pattern does not fit.
    ///
    /// What precedes the name and ends in a character that is neither letter nor digit does not count (`processed_`), nor
    /// what follows it and begins with one (`_subsetted`, ` (1)`, `-1`), nor which of the endings of HDF5 and netCDF it has.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<GranuleName> {
        let name = file_name(text);
        let starts = (0..name.len()).filter(|&at| begins_word(name.as_bytes(), at));
        starts.filter_map(|at| name.get(at..)).find_map(|rest| self.read_here(rest))
    }

    /// The pattern with `?` for a character and `*` for any number of them: fields that `chosen` knows with these numbers,
    /// and any issue.
    #[must_use]
    pub fn wildcard(&self, chosen: impl Fn(&str) -> Option<u64>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Field { name, .. } if ISSUE.contains(&name.as_str()) => return text + "*",
                Part::Field { name, digits } => match chosen(name) {
                    Some(number) => text.push_str(&format!("{number:0digits$}")),
                    None => text.push_str(&"?".repeat(*digits)),
                },
            }
        }
        text + "*"
    }

    /// Whether names of the pattern have a field.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Field { name, .. } if name == field))
    }

    fn read_here(&self, text: &str) -> Option<GranuleName> {
        let mut rest = text;
        let (mut name, mut identity, mut fields) = (String::new(), String::new(), Vec::<(String, String)>::new());
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    rest = rest
                        .get(..text.len())
                        .filter(|held| held.eq_ignore_ascii_case(text))
                        .and(rest.get(text.len()..))?;
                    name.push_str(text);
                    identity.push_str(text);
                }
                Part::Field { name: field, digits } => {
                    let held = rest.get(..*digits).filter(|held| held.bytes().all(|byte| byte.is_ascii_digit()))?;
                    let number: u64 = held.parse().ok()?;
                    let range = RANGES.iter().find(|(name, ..)| name == field);
                    range.is_none_or(|(_, from, to)| (*from..=*to).contains(&number)).then_some(())?;
                    rest = rest.get(*digits..)?;
                    name.push_str(held);
                    if ISSUE.contains(&field.as_str()) {
                        identity.push('*');
                    } else {
                        identity.push_str(held);
                    }
                    fields.push((field.clone(), held.to_owned()));
                }
            }
        }
        is_suffix(rest.as_bytes()).then_some(())?;
        let named = GranuleName { issue: Vec::new(), identity, name, fields };
        let issue = ISSUE.iter().map(|field| named.number(field).unwrap_or(0)).collect();
        Some(GranuleName { issue, ..named })
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            if before.len() == rest.len() {
                break;
            }
            let field = after.split_once('}').and_then(|(field, after)| Some((field.split_once(':')?, after)));
            let Some(((name, digits), after)) = field else {
                return Err(format!("{text:?}: write fields as {{name:digits}}, like {{rgt:4}}"));
            };
            let digits = digits.parse().ok().filter(|digits| (1..=18).contains(digits));
            let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let Some(digits) = digits.filter(|_| is_word) else {
                return Err(format!("{text:?}: a field has a name and 1 to 18 digits, like {{rgt:4}}"));
            };
            parts.push(Part::Field { name: name.to_owned(), digits });
            rest = after;
        }
        let has_text = parts.iter().any(|part| matches!(part, Part::Text(text) if text.len() > 2));
        let has_field = parts.iter().any(|part| matches!(part, Part::Field { .. }));
        if has_text && has_field {
            return Ok(Self { text, parts });
        }
        Err(format!("{text:?} fits any name: begin with the product, like ATL06_{{time:14}}_{{rgt:4}}"))
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> NamePattern {
        text.to_owned().try_into().unwrap()
    }

    const ATL06: &str = "ATL06_{time:14}_{rgt:4}{cycle:2}{region:2}_{release:3}_{version:2}";
    const NAME: &str = "ATL06_20231219171439_00132211_007_01";

    #[test]
    fn a_name_tells_its_fields() {
        let name = pattern(ATL06).read(&format!("{NAME}.h5")).unwrap();
        let numbers = ["rgt", "cycle", "region", "release", "version", "orbit"].map(|field| name.number(field));
        assert_eq!(numbers, [Some(13), Some(22), Some(11), Some(7), Some(1), None]);
        assert_eq!((name.name.as_str(), name.digits("time")), (NAME, Some("20231219171439")));
    }

    #[test]
    fn prefixes_and_suffixes_are_seen_through() {
        let atl06 = pattern(ATL06);
        let plain = atl06.read(NAME).unwrap();
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
            assert_eq!(atl06.read(&text).as_ref(), Some(&plain), "{text}");
            let small = format!("{before}{}{after}", NAME.to_lowercase());
            assert_eq!(atl06.read(&small).as_ref(), Some(&plain), "{small}");
        }
    }

    #[test]
    fn what_is_no_granule_has_no_name() {
        let atl06 = pattern(ATL06);
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
            "ATL08_20231219171439_00132211_007_01.h5",
            "äATL06_20231219171439_00132211_007_0",
            "ATLxx_20231219171439_00132211_007_01.h5",
            "ATL06_20231219171439_0013221é_007_01.h5",
            "ATL06_20231219171439_00132211_007_01.h5/store.zarr",
        ] {
            assert_eq!(atl06.read(bad), None, "{bad}");
        }
    }

    #[test]
    fn issues_of_one_granule_are_ordered() {
        let gedi = pattern(
            "GEDI02_A_{time:13}_O{orbit:5}_{part:2}_T{track:5}_{ppds:2}_{release:3}_{version:2}_V{collection:3}",
        );
        let read = |text: &str| gedi.read(text).unwrap();
        let old = read("GEDI02_A_2019162222610_O02812_04_T01244_02_003_01_V002.h5");
        let new = read("GEDI02_A_2019162222610_O02812_04_T01244_02_001_01_V003_sub.h5");
        assert!(old.identity == new.identity && old < new);
        assert!(read("GEDI02_A_2019162222610_O02812_03_T01244_02_003_01_V002.h5").identity != old.identity);
        let atl11 = pattern("ATL11_{rgt:4}{region:2}_{first_cycle:2}{last_cycle:2}_{release:3}_{version:2}");
        let read = |text: &str| atl11.read(text).unwrap();
        let (short, long) = (read("ATL11_005411_0318_006_01.h5"), read("ATL11_005411_0324_006_01.h5"));
        assert!(short.identity == long.identity && short < long);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", "{a:4}", "ATL06", "ATL06_{rgt}", "ATL06_{rgt:0}", "ATL06_{:4}", "ATL06_{rgt:4", "A_{n:99}"] {
            assert!(NamePattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
