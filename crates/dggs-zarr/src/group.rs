//! Metadata of groups, with the metadata of everything below them inline.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{ArrayMeta, Attributes, Error, PutStep, StoreObject, object::canonical_json};

/// A member of a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An array.
    Array(ArrayMeta),
    /// A group below.
    Group(GroupMeta),
}

/// A group and its members. Its document carries the metadata of all members inline, in the form that
/// zarr-python 3 writes (`consolidated_metadata`, kind `inline`), so that opening it is one request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupMeta {
    /// Attributes of the group itself.
    pub attributes: Attributes,
    /// Members by name.
    pub members: Vec<(String, Node)>,
}

impl GroupMeta {
    /// The content of `zarr.json`.
    ///
    /// # Errors
    /// See [`ArrayMeta::to_value`].
    pub fn document(&self) -> Result<Bytes, Error> {
        let mut below = Attributes::new();
        self.flatten("", &mut below)?;
        canonical_json(self.to_value(&below))
    }

    /// All metadata objects of the hierarchy in write order: arrays, groups, and this group last.
    ///
    /// # Errors
    /// [`Error::Name`] for names that Zarr v3 does not allow or that occur twice; see also [`ArrayMeta::to_value`].
    pub fn objects(&self) -> Result<Vec<StoreObject>, Error> {
        let (mut arrays, mut groups) = (Vec::new(), Vec::new());
        self.collect("", &mut arrays, &mut groups)?;
        arrays.append(&mut groups);
        Ok(arrays)
    }

    /// Depth first, so that a group follows everything in it.
    fn collect(&self, prefix: &str, arrays: &mut Vec<StoreObject>, groups: &mut Vec<StoreObject>) -> Result<(), Error> {
        for (at, (name, node)) in self.members.iter().enumerate() {
            check_name(name)?;
            if self.members.iter().take(at).any(|(other, _)| other == name) {
                return Err(Error::Name { name: name.clone(), reason: "occurs twice" });
            }
            let path = format!("{prefix}{name}/");
            match node {
                Node::Array(meta) => {
                    let key = format!("{path}zarr.json");
                    arrays.push(StoreObject { key, bytes: meta.document()?, step: PutStep::Array });
                }
                Node::Group(group) => group.collect(&path, arrays, groups)?,
            }
        }
        let step = if prefix.is_empty() { PutStep::Marker } else { PutStep::Group };
        groups.push(StoreObject { key: format!("{prefix}zarr.json"), bytes: self.document()?, step });
        Ok(())
    }

    /// Consolidated metadata is flat: paths of all depths as keys of one map; groups inside it have an empty one.
    fn flatten(&self, prefix: &str, into: &mut Attributes) -> Result<(), Error> {
        for (name, node) in &self.members {
            let path = format!("{prefix}{name}");
            match node {
                Node::Array(meta) => into.insert(path, meta.to_value()?),
                Node::Group(group) => {
                    group.flatten(&format!("{path}/"), into)?;
                    into.insert(path, group.to_value(&Attributes::new()))
                }
            };
        }
        Ok(())
    }

    fn to_value(&self, below: &Attributes) -> Value {
        json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": self.attributes,
            "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": below},
        })
    }
}

/// Zarr v3 core, "node names", and the chunk directory of the default key encoding.
fn check_name(name: &str) -> Result<(), Error> {
    let reason = if name.is_empty() || name.bytes().all(|b| b == b'.') {
        "empty, or only dots"
    } else if name.starts_with("__") || name == "zarr.json" {
        "reserved by Zarr"
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        "may hold a-z A-Z 0-9 _ - . only"
    } else {
        return Ok(());
    };
    Err(Error::Name { name: name.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataType;

    fn with(names: &[&str]) -> GroupMeta {
        let array = || Node::Array(ArrayMeta::new(4, DataType::I32, Attributes::new()));
        GroupMeta { attributes: Attributes::new(), members: names.iter().map(|n| ((*n).to_owned(), array())).collect() }
    }

    #[test]
    fn names_are_checked() {
        for bad in ["", "..", "__x", "zarr.json", "a/b", "a b", "h\u{e9}"] {
            assert!(matches!(with(&[bad]).objects(), Err(Error::Name { .. })), "{bad:?}");
        }
        assert!(matches!(with(&["a", "a"]).objects(), Err(Error::Name { .. })));
        assert!(with(&["h_q25", "x.y-z", "12"]).objects().is_ok());
    }

    #[test]
    fn nested_groups_are_flat_in_the_root_and_own_in_themselves() {
        let root =
            GroupMeta { attributes: Attributes::new(), members: vec![("12".to_owned(), Node::Group(with(&["a"])))] };
        let objects = root.objects().unwrap();
        let keys: Vec<&str> = objects.iter().map(|o| o.key.as_str()).collect();
        assert_eq!(keys, ["12/a/zarr.json", "12/zarr.json", "zarr.json"]);
        let parsed: Vec<Value> = objects.iter().map(|o| serde_json::from_slice(&o.bytes).unwrap()).collect();
        let inline = |at: usize| parsed[at]["consolidated_metadata"]["metadata"].clone();
        assert_eq!(inline(1), json!({"a": parsed[0]}));
        let mut inner = parsed[1].clone();
        inner["consolidated_metadata"]["metadata"] = json!({});
        assert_eq!(inline(2), json!({"12": inner, "12/a": parsed[0]}));
    }
}
