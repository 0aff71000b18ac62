//! Version 2 B-trees (III.A.2).
use super::memo::{Stop, Walk, Walked};
use crate::Error;
use crate::parse::{BTree2Header, BTree2Node, run};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

const NAME: &str = "version 2 B-tree";

/// Where a record is relative to the wanted ones, in the order of the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Before: so is everything left of it.
    Before,
    /// In the span that holds what is looked for, but not wanted itself.
    Beside,
    /// Wanted.
    Inside,
    /// Behind: so is everything right of it.
    Behind,
}

impl Place {
    /// Where a key is relative to a span of keys.
    pub(crate) fn of<K: Ord>(key: &K, span: &RangeInclusive<K>) -> Self {
        if key < span.start() {
            Self::Before
        } else if key > span.end() {
            Self::Behind
        } else {
            Self::Inside
        }
    }
}

/// The wanted records of a tree whose records have the type `kind`, in the order of the tree. `look` parses a record (given with
/// the file offset of the tree) and returns its [`Place`]; nodes that can hold no wanted record are not read.
pub(crate) fn records<T>(
    walk: &mut Walk<'_>,
    address: u64,
    kind: u8,
    look: impl Fn(u64, &[u8]) -> Result<(Place, T), Error>,
) -> Walked<Vec<T>> {
    let header = header(walk, address)?;
    let at = walk.offset(NAME, address)?;
    if header.kind != kind {
        return Err(Error::corrupt(NAME, at, format!("type {} where {kind} should be", header.kind)).into());
    }
    let mut search = Search { header, at, look, seen: BTreeSet::new(), found: Vec::new(), missing: false };
    if let (Some(root), true) = (search.header.root, search.header.root_records > 0) {
        let (level, count) = (search.header.depth, search.header.root_records);
        search.node(walk, root, level, count)?;
    }
    if search.missing { Err(Stop::Missing) } else { Ok(search.found) }
}

/// The header of the tree at an address; on its own it lets a caller ask for it beside other things.
pub(crate) fn header(walk: &mut Walk<'_>, address: u64) -> Walked<Arc<BTree2Header>> {
    let sizes = walk.format()?.sizes;
    walk.once(address, |walk| {
        let bytes = walk.bytes(NAME, address, BTree2Header::len(sizes))?;
        let offset = walk.offset(NAME, address)?;
        Ok(run(NAME, offset, &bytes, BTree2Header::parse(sizes))?)
    })
}

struct Search<T, F: Fn(u64, &[u8]) -> Result<(Place, T), Error>> {
    header: Arc<BTree2Header>,
    at: u64,
    look: F,
    /// Nodes visited: a tree visits none twice.
    seen: BTreeSet<u64>,
    found: Vec<T>,
    missing: bool,
}

impl<T, F: Fn(u64, &[u8]) -> Result<(Place, T), Error>> Search<T, F> {
    /// Recursion ends: the level falls by one each time, and the header's parser bounds the depth.
    fn node(&mut self, walk: &mut Walk<'_>, address: u64, level: u16, count: u16) -> Walked<()> {
        if !self.seen.insert(address) {
            return Err(Error::corrupt(NAME, self.at, format!("the node at {address} occurs twice")).into());
        }
        let node = match read(walk, &self.header, address, level, count) {
            Err(Stop::Missing) => {
                self.missing = true;
                return Ok(());
            }
            other => other?,
        };
        let mut looked = Vec::new();
        for record in node.records() {
            looked.push((self.look)(self.at, record)?);
        }
        let places: Vec<Place> = looked.iter().map(|(place, _)| *place).collect();
        let mut wanted = looked.into_iter();
        for i in 0..=places.len() {
            let after = i.checked_sub(1).and_then(|i| places.get(i));
            let prune = after == Some(&Place::Behind) || places.get(i) == Some(&Place::Before);
            if let (Some(&(child, count)), false) = (node.children.get(i), prune) {
                let below =
                    level.checked_sub(1).ok_or_else(|| Error::corrupt(NAME, self.at, "a leaf with children"))?;
                self.node(walk, child, below, count)?;
            }
            match wanted.next() {
                Some((Place::Inside, record)) => self.keep(walk, record)?,
                _ => continue,
            }
        }
        Ok(())
    }

    fn keep(&mut self, walk: &Walk<'_>, record: T) -> Walked<()> {
        let limit = walk.limits.chunks;
        if self.found.len() as u64 >= limit {
            return Err(Error::Limit { what: "the number of records of a B-tree", limit }.into());
        }
        self.found.push(record);
        Ok(())
    }
}

fn read(walk: &mut Walk<'_>, header: &BTree2Header, address: u64, level: u16, count: u16) -> Walked<Arc<BTree2Node>> {
    const NAME: &str = "version 2 B-tree node";
    let sizes = walk.format()?.sizes;
    walk.once(address, |walk| {
        let bytes = walk.bytes(NAME, address, header.node_len(sizes, level, count))?;
        let offset = walk.offset(NAME, address)?;
        Ok(run(NAME, offset, &bytes, BTree2Node::parse(sizes, header, level, count))?)
    })
}
