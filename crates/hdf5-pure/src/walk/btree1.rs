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
    /// Children that a full node has; only a guess, nodes tell what they hold.
    pub(crate) guess: u64,
    pub(crate) parse: P,
}

/// Visits the leaves' entries of the tree at `address`, in order: `visit` gets the key left of it and the child. `wanted`
/// says, for the keys left and right of a child, whether to go there. Everything missing on one level is recorded.
pub(crate) fn descend<K, P>(
    walk: &mut Walk<'_>,
    address: u64,
    keys: Keys<P>,
    wanted: &mut dyn FnMut(&K, &K) -> bool,
    visit: &mut dyn FnMut(&mut Walk<'_>, &K, u64) -> Walked<()>,
) -> Walked<()>
where
    K: Any + Send + Sync,
    P: for<'b> Fn(&'b [u8]) -> Parsed<'b, K> + Copy,
{
    let mut descent = Descent { keys, wanted, visit, seen: BTreeSet::new(), missing: false };
    descent.node(walk, address, None)?;
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
    wanted: &'w mut dyn FnMut(&K, &K) -> bool,
    visit: &'w mut dyn FnMut(&mut Walk<'_>, &K, u64) -> Walked<()>,
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
    fn node(&mut self, walk: &mut Walk<'_>, address: u64, level: Option<u8>) -> Walked<()> {
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
            return Err(Error::corrupt(NAME, at, "a node stands on the wrong level").into());
        }
        for (pair, &child) in node.keys.windows(2).zip(&node.children) {
            let [left, right] = pair else { continue };
            if !(self.wanted)(left, right) {
                continue;
            }
            let done = match node.level.checked_sub(1) {
                Some(below) => self.node(walk, child, Some(below)),
                None => (self.visit)(walk, left, child),
            };
            match done {
                Err(Stop::Missing) => self.missing = true,
                other => other?,
            }
        }
        Ok(())
    }
}
