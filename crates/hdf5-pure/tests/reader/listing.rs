//! What is in a file, for people.
use crate::support::fixture;
use byte_ranges::MemorySource;
use futures_util::FutureExt as _;
use hdf5_pure::listing::{self, TreeNode, TreeNodeKind};
use hdf5_pure::{AsyncFile, Object};

fn open(name: &str) -> AsyncFile<MemorySource> {
    AsyncFile::open(MemorySource::new(fixture(name))).now_or_never().unwrap().unwrap()
}

fn tree(file: &AsyncFile<MemorySource>, path: &str) -> Vec<TreeNode> {
    let Some(Object::Group(top)) = listing::top(file, path).now_or_never().unwrap().unwrap() else {
        panic!("{path}: no group")
    };
    listing::tree(file, top).now_or_never().unwrap().unwrap()
}

#[test]
fn every_object_is_listed_once_with_links_and_other_names() {
    for name in ["links_new.h5", "links_old.h5"] {
        let file = open(name);
        let nodes = tree(&file, "");
        let kind = |path: &str| &nodes.iter().find(|node| node.path == path).unwrap_or_else(|| panic!("{path}")).kind;
        assert!(matches!(kind("/data/values"), TreeNodeKind::Object(Ok(Object::Dataset(_)))), "{name}");
        assert!(matches!(kind("/data/self"), TreeNodeKind::Again), "{name}");
        assert!(matches!(kind("/dangling"), TreeNodeKind::Link(to) if to == "soft link to /no/where"), "{name}");
        assert!(nodes.iter().all(|node| node.depth == node.path.matches('/').count() - 1), "{name}");
        let objects = nodes.iter().filter(|node| matches!(node.kind, TreeNodeKind::Object(_))).count();
        let all = file.query(hdf5_pure::Metadata::tree).now_or_never().unwrap().unwrap();
        assert_eq!(objects, all.len(), "{name}");
        let below = tree(&file, "data/");
        assert!(below.iter().all(|node| node.path.starts_with("/data/")) && !below.is_empty(), "{name}");
        assert!(listing::top(&file, "/nothing").now_or_never().unwrap().unwrap().is_none());
    }
}

#[test]
fn datasets_and_attributes_are_words() {
    let file = open("btree1.h5");
    let dataset = file.dataset("/filtered").now_or_never().unwrap().unwrap();
    let words = dataset.describe();
    assert!(words.starts_with(&dataset.datatype.name()) && words.contains(" chunks "), "{words}");
    assert!(words.contains("shuffle, deflate("), "{words}");
    let file = open("attributes.h5");
    let nodes = tree(&file, "/");
    let mut shown = Vec::new();
    for node in &nodes {
        if let TreeNodeKind::Object(Ok(object)) = &node.kind {
            shown.extend(listing::attributes(&file, object).now_or_never().unwrap());
        }
    }
    assert!(!shown.is_empty() && shown.iter().all(|(_, value)| !value.contains("cannot be read")), "{shown:?}");
}
