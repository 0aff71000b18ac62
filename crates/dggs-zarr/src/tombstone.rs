//! What is in the place of a completion marker while a store is not whole: a document that no Zarr reader opens.

use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::convention::OWN_KEY;

/// How every tombstone begins. The documents of groups begin with another key.
const BEGINS: &[u8] = b"{\"icestream\":{\"store\":\"";
const REMOVED: &[u8] = b"removed";
/// What a root says while levels above its parents are replaced.
const OVERVIEWS: &str = "overviews";
const COMPOSED: &str = "being composed";
/// A `node_type` and a `zarr_format` that no version of Zarr has.
const ENDS: &str = "\"node_type\":\"tombstone\",\"zarr_format\":0}";

/// The content of a tombstone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tombstone {
    /// Identifies the job.
    pub job: String,
    /// Groups that this job, and those that it has taken over from, may have begun.
    pub groups: BTreeSet<String>,
}

impl Tombstone {
    /// As a document.
    #[must_use]
    pub fn document(&self) -> Bytes {
        let (job, groups) = (json!(self.job), json!(self.groups));
        format!(
            "{}being replaced\",\"next\":\"not whole: wait for its writer, or run the job again\",\"job\":{job},\"groups\":{groups}}},{ENDS}",
            String::from_utf8_lossy(BEGINS)
        )
        .into()
    }

    /// As the root of a sphere store while a job replaces the levels above its parents: `root`, which is without them.
    /// Readers and writers of cells open it as before.
    #[must_use]
    pub fn root(&self, root: &Value) -> Bytes {
        let mut root = root.clone();
        if let Some(root) = root.as_object_mut() {
            let own = json!({ OVERVIEWS: COMPOSED, "job": self.job, "groups": self.groups });
            root.insert("attributes".to_owned(), json!({ OWN_KEY: own }));
        }
        root.to_string().into()
    }

    /// From a document, or from a root that holds it; `None` if it is another one.
    #[must_use]
    pub fn parse(document: &[u8]) -> Option<Self> {
        let parsed: Value = serde_json::from_slice(document).ok()?;
        let own = match &parsed {
            root if is_marked_root(root) => &root["attributes"][OWN_KEY],
            tombstone if is_tombstone(document) => &tombstone[OWN_KEY],
            _ => return None,
        };
        let groups = own["groups"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Some(Self { job: own["job"].as_str().unwrap_or_default().into(), groups: groups.map(Into::into).collect() })
    }
}

/// The tombstone of a store that has no data any more, where it could not be deleted.
#[must_use]
pub fn removed() -> Bytes {
    format!("{}removed\"}},{ENDS}", String::from_utf8_lossy(BEGINS)).into()
}

/// Whether a root is one that [`Tombstone::root`] made.
#[must_use]
pub fn is_marked_root(root: &Value) -> bool {
    root["attributes"][OWN_KEY][OVERVIEWS] == COMPOSED
}

/// Whether the document that begins with these bytes is a tombstone: there is no whole store.
#[must_use]
pub fn is_tombstone(document: &[u8]) -> bool {
    document.starts_with(BEGINS)
}

/// Whether it says that nothing is there on purpose.
#[must_use]
pub fn is_removed(document: &[u8]) -> bool {
    document.strip_prefix(BEGINS).is_some_and(|rest| rest.starts_with(REMOVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tombstones_are_json_that_is_no_zarr_and_are_told_apart() {
        let of = |job: &str| Tombstone { job: job.into(), groups: ["12".into(), "a \"b".into()].into() };
        for (tombstone, gone) in [(of("7").document(), false), (removed(), true)] {
            let document: Value = serde_json::from_slice(&tombstone).unwrap();
            assert_eq!((&document["zarr_format"], &document["node_type"]), (&0.into(), &"tombstone".into()));
            assert!(is_tombstone(&tombstone) && is_removed(&tombstone) == gone);
        }
        assert_ne!(of("7").document(), of("8").document());
        let root = json!({"node_type": "group", "consolidated_metadata": {"metadata": {}}});
        for document in [of("7").document(), of("7").root(&root)] {
            assert_eq!(Tombstone::parse(&document), Some(of("7")));
        }
        assert!(!is_tombstone(&of("7").root(&root)) && Tombstone::parse(root.to_string().as_bytes()).is_none());
        let group = br#"{"attributes":{"icestream":{"store":"x"}},"node_type":"group","zarr_format":3}"#;
        assert!(!is_tombstone(group) && !is_removed(group) && Tombstone::parse(group).is_none());
    }
}
