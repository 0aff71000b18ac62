//! A granule as a search finds it.
use crate::Error;
use byte_ranges::{file_name, s3_link};
use footprint::Footprint;
use pipeline::{GranuleName, Product};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Buckets of NSIDC's cloud archive.
const CLOUD_BUCKETS: &str = "s3://nsidc-cumulus-";

/// A granule: its name, its links, and where its data may be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// `ATL06_20231219171439_00132211_007_01.h5`.
    pub name: String,
    /// `s3://` link, if it is in a bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
    /// `https://` link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// Path on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where its data may be.
    pub footprint: Footprint,
}

/// A record of a search that makes no sense, and is left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Odd {
    /// The granule's name, if the record contains one.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

/// Which link of a granule goes into the lists of a catalog.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum LinkKind {
    /// `s3://`, as in catalogs of the reference system; usable from us-west-2.
    #[default]
    S3,
    /// `https://`, usable from everywhere.
    Https,
}

impl std::str::FromStr for LinkKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "s3" => Ok(Self::S3),
            "https" => Ok(Self::Https),
            _ => Err(Error::usage(format!("`{text}` is no kind of link: use `s3` or `https`"))),
        }
    }
}

impl Record {
    /// A granule at a place, with the links that follow from it: an object in a bucket of NSIDC's cloud
    /// also has an `https` link on `data_host`, and the other way round.
    #[must_use]
    pub fn at(place: &str, data_host: &str) -> Self {
        let name = file_name(place);
        let mut record =
            Self { name: name.to_owned(), s3: None, https: None, file: None, footprint: Footprint::default() };
        if place.starts_with("s3://") {
            record.s3 = Some(place.to_owned());
            record.https = place.starts_with(CLOUD_BUCKETS).then(|| https_link(place, data_host)).flatten();
        } else if place.starts_with("https://") || place.starts_with("http://") {
            record.s3 = s3_link(place);
            record.https = Some(place.to_owned());
        } else {
            record.file = Some(place.to_owned());
        }
        record
    }

    /// The link of a kind, or another where there is none.
    #[must_use]
    pub fn link(&self, kind: LinkKind) -> Option<&str> {
        let (s3, https) = (self.s3.as_deref(), self.https.as_deref());
        let link = match kind {
            LinkKind::S3 => s3.or(https),
            LinkKind::Https => https.or(s3),
        };
        link.or(self.file.as_deref())
    }
}

/// The `https` link, on a data host such as `data.nsidc.earthdatacloud.nasa.gov`, of an object in a bucket.
#[must_use]
pub fn https_link(s3: &str, host: &str) -> Option<String> {
    let path = s3.strip_prefix("s3://").filter(|path| path.contains('/'))?;
    Some(format!("https://{host}/{path}"))
}

/// Keeps the newest release and version of each granule of a product, in order of name, and says which were left out for which. Files of
/// one version stay side by side: which of them is whole only they themselves know. Each record stays once.
#[must_use]
pub fn newest(records: Vec<Record>, product: &Product) -> (Vec<Record>, Vec<(String, String)>) {
    let mut granules: BTreeMap<String, Vec<(Option<GranuleName>, Record)>> = BTreeMap::new();
    for record in records {
        let name = product.named(&record.name);
        let identity = name.as_ref().map_or_else(|| record.name.clone(), |name| name.identity.clone());
        granules.entry(identity).or_default().push((name, record));
    }
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for mut versions in granules.into_values() {
        versions.sort_by(|(a, first), (b, second)| a.cmp(b).then_with(|| first.name.cmp(&second.name)));
        let Some((newest, newer)) = versions.last().map(|(name, record)| (name.clone(), record.name.clone())) else {
            continue;
        };
        let mut same: Vec<Record> = Vec::new();
        for (name, record) in versions {
            if name != newest {
                dropped.push((record.name, newer.clone()));
            } else if !same.contains(&record) {
                same.push(record);
            }
        }
        kept.extend(same);
    }
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    (kept, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str) -> Record {
        Record::at(name, "data.example.org")
    }

    #[test]
    fn only_links_on_data_hosts_have_one_of_the_other_kind() {
        let https = "https://data.nsidc.earthdatacloud.nasa.gov/bucket/a/b.h5";
        assert_eq!(https_link("s3://bucket/a/b.h5", "data.nsidc.earthdatacloud.nasa.gov").as_deref(), Some(https));
        let cloud = Record::at("s3://nsidc-cumulus-prod-protected/ATLAS/x.h5", "data.example.org");
        assert_eq!(cloud.https.as_deref(), Some("https://data.example.org/nsidc-cumulus-prod-protected/ATLAS/x.h5"));
        assert_eq!((cloud.name.as_str(), Record::at("s3://mine/x.h5", "h").https), ("x.h5", None));
        assert_eq!(Record::at(https, "h").s3.as_deref(), Some("s3://bucket/a/b.h5"));
        let file = Record::at("data/x.h5", "h");
        assert_eq!((file.link(LinkKind::S3), file.name.as_str()), (Some("data/x.h5"), "x.h5"));
    }

    #[test]
    fn the_newest_version_of_a_granule_stays() {
        let names = [
            "ATL06_20231219171439_00132211_007_01.h5",
            "ATL06_20231219171439_00132211_006_02.h5",
            "ATL06_20231219171439_00132211_007_02.h5",
            "ATL06_20231219171439_00132212_007_01.h5",
            "ATL06_20231219171439_00132212_007_01.h5",
            "odd.h5",
        ];
        let (kept, dropped) =
            newest(names.iter().map(|name| record(name)).collect(), &products::built_in("ATL06").unwrap());
        let kept: Vec<&str> = kept.iter().map(|record| record.name.as_str()).collect();
        assert_eq!(kept, [names[2], names[3], names[5]]);
        assert_eq!(dropped, [(names[1].to_owned(), names[2].to_owned()), (names[0].to_owned(), names[2].to_owned())]);
    }

    #[test]
    fn files_of_one_version_and_of_one_name_stay() {
        let places = [
            "a/ATL06_20231219171439_00132211_007_01.h5",
            "b/processed_ATL06_20231219171439_00132211_007_01.h5",
            "a/odd.h5",
            "b/odd.h5",
            "b/odd.h5",
        ];
        let (kept, dropped) =
            newest(places.iter().map(|place| record(place)).collect(), &products::built_in("ATL06").unwrap());
        let kept: Vec<&str> = kept.iter().filter_map(|record| record.file.as_deref()).collect();
        assert_eq!((kept, dropped), (vec![places[0], places[2], places[3], places[1]], Vec::new()));
    }
}
