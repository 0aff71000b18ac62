//! Version 1 B-trees (III.A.1).
use super::memo::{Stop, Walk, Walked};
use crate::Error;
use crate::parse::{BTree1Node, BTree1Prefix, Parsed, run};
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

const NAME: &str = "version 1 B-tree";

/// How the keys of a tree look.
#[derive(Clone, Copy)]
pub(crate) struct Keys<P> {
    /// Node type.
    pub(crate) kind: u8,
    /// Size of a key in bytes.
    pub(crate) len: u64,
    /// Children that a full node has; only a guess, for each node contains its own number.
    pub(crate) guess: u64,
    pub(crate) parse: P,
}

/// The keys left and right of something, as the nodes above have them; `None` at the outer edges of the tree, where nothing
/// is left out whatever the outermost keys say: no checksum guards them, and no other key repeats them.
#[derive(Debug)]
pub(crate) struct Edges<'k, K> {
    pub(crate) left: Option<&'k K>,
    pub(crate) right: Option<&'k K>,
}

impl<K> Clone for Edges<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Edges<'_, K> {}

/// What is looked for in a tree.
pub(crate) trait Seek<K> {
    /// Says what is wrong with a node whose parent has the keys `edges` beside it.
    fn check(&mut self, _node: &BTree1Node<K>, _edges: Edges<'_, K>) -> Result<(), String> {
        Ok(())
    }

    /// Whether to go to the child between these keys.
    fn wants(&mut self, edges: Edges<'_, K>) -> Result<bool, Error>;

    /// An entry of a leaf: a child that is wanted, with the key left of it.
    fn visit(&mut self, walk: &mut Walk<'_>, key: &K, child: u64) -> Walked<()>;
}

/// Visits the entries of the leaves of the tree at `address`, in order. Everything missing on one level is recorded.
pub(crate) fn descend<K, P>(walk: &mut Walk<'_>, address: u64, keys: Keys<P>, seek: &mut dyn Seek<K>) -> Walked<()>
where
    K: Any + Send + Sync,
    P: for<'b> Fn(&'b [u8]) -> Parsed<'b, K> + Copy,
{
    let mut descent = Descent { keys, seek, seen: BTreeSet::new(), missing: false };
    descent.node(walk, address, None, Edges { left: None, right: None })?;
    if descent.missing { Err(Stop::Missing) } else { Ok(()) }
}

/// The node at an address.
pub(crate) fn node<K, P>(walk: &mut Walk<'_>, address: u64, keys: Keys<P>) -> Walked<Arc<BTree1Node<K>>>
where
    K: Any + Send + Sync,
    P: for<'b> Fn(&'b [u8]) -> Parsed<'b, K> + Copy,
{
    let sizes = walk.format()?.sizes;
    walk.once(address, |walk| {
        let offset = walk.offset(NAME, address)?;
        let guess = BTree1Prefix::node_len(sizes, keys.guess, keys.len);
        let bytes = walk.growing(NAME, address, (BTree1Prefix::len(sizes), guess), |head| {
            let prefix = run(NAME, offset, head, BTree1Prefix::parse(sizes))?;
            Ok(BTree1Prefix::node_len(sizes, u64::from(prefix.entries), keys.len))
        })?;
        Ok(run(NAME, offset, &bytes, BTree1Node::parse(sizes, keys.kind, keys.parse))?)
    })
}

struct Descent<'w, K, P> {
    keys: Keys<P>,
    seek: &'w mut dyn Seek<K>,
    /// Nodes visited: a tree visits none twice.
    seen: BTreeSet<u64>,
    missing: bool,
}

impl<K, P> Descent<'_, K, P>
where
    K: Any + Send + Sync,
    P: for<'b> Fn(&'b [u8]) -> Parsed<'b, K> + Copy,
{
    /// Recursion ends: levels fall by one each time, from 255 at most.
    fn node(&mut self, walk: &mut Walk<'_>, address: u64, level: Option<u8>, edges: Edges<'_, K>) -> Walked<()> {
        let at = walk.offset(NAME, address)?;
        if !self.seen.insert(address) {
            return Err(Error::corrupt(NAME, at, "a node occurs twice").into());
        }
        let node = match node::<K, P>(walk, address, self.keys) {
            Err(Stop::Missing) => {
                self.missing = true;
                return Ok(());
            }
            other => other?,
        };
        if level.is_some_and(|level| level != node.level) {
            return Err(Error::corrupt(NAME, at, "a node is on the wrong level").into());
        }
        self.seek.check(&node, edges).map_err(|why| Error::corrupt(NAME, at, why))?;
        let last = node.children.len().saturating_sub(1);
        for (i, (pair, &child)) in node.keys.windows(2).zip(&node.children).enumerate() {
            let [left, right] = pair else { continue };
            let beside = Edges {
                left: if i == 0 { edges.left } else { Some(left) },
                right: if i == last { edges.right } else { Some(right) },
            };
            if !self.seek.wants(beside)? {
                continue;
            }
            let done = match node.level.checked_sub(1) {
                Some(below) => self.node(walk, child, Some(below), beside),
                None => self.seek.visit(walk, left, child),
            };
            match done {
                Err(Stop::Missing) => self.missing = true,
                other => other?,
            }
        }
        Ok(())
    }
}
