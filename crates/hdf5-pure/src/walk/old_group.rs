//! Old-style groups: version 1 B-tree, symbol table nodes, local heap (III.A.1, III.B, III.D).
use super::btree1::{Edges, Keys, Seek, descend, node};
use super::memo::{Walk, Walked};
use crate::parse::{LinkMessage, LocalHeap, Parsed, Snod, SymbolTable, length, run};
use crate::{Error, LinkTarget};
use bytes::Bytes;
use std::sync::Arc;

/// Key of a group node: offset of a name in the local heap.
type Key = u64;

/// Bytes of a name: a heap without a NUL would make each of its names as long as itself.
const MAX_NAME: usize = 1 << 20;

/// The names of a group.
struct Names {
    at: u64,
    bytes: Bytes,
}

impl Names {
    /// The NUL-terminated text at an offset.
    fn get(&self, offset: u64) -> Result<&[u8], Error> {
        let rest = self.from(offset)?;
        match rest.iter().take(MAX_NAME + 1).position(|&b| b == 0) {
            Some(len) => Ok(rest.get(..len).unwrap_or_default()),
            None if rest.len() <= MAX_NAME => Ok(rest),
            None => Err(Error::Limit { what: "the length of the name of a link in bytes", limit: MAX_NAME as u64 }),
        }
    }

    /// Whether a name is the text at an offset.
    fn is(&self, offset: u64, name: &[u8]) -> Result<bool, Error> {
        let rest = self.from(offset)?.strip_prefix(name);
        Ok(rest.is_some_and(|rest| rest.first().is_none_or(|&next| next == 0)))
    }

    fn from(&self, offset: u64) -> Result<&[u8], Error> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..));
        rest.ok_or_else(|| Error::corrupt("local heap", self.at, format!("no name at {offset}")))
    }
}

/// All links.
pub(super) fn list(walk: &mut Walk<'_>, table: SymbolTable) -> Walked<Vec<LinkMessage>> {
    let names = names_and_root(walk, table)?;
    let mut search = Search { names: &names, name: None, keyed: false, found: Vec::new(), left_out: false };
    let keys = keys(walk)?;
    descend(walk, table.btree, keys, &mut search)?;
    Ok(search.found)
}

/// The link of a name.
pub(super) fn lookup(walk: &mut Walk<'_>, table: SymbolTable, name: &[u8]) -> Walked<Option<LinkTarget>> {
    let names = names_and_root(walk, table)?;
    let mut search = Search { names: &names, name: Some(name), keyed: true, found: Vec::new(), left_out: false };
    let keys = keys(walk)?;
    descend(walk, table.btree, keys, &mut search)?;
    if search.found.is_empty() && search.left_out {
        // No checksum guards the keys, so a link is certainly absent only when all links have been seen.
        search.keyed = false;
        descend(walk, table.btree, keys, &mut search)?;
        if !search.found.is_empty() {
            let why = format!("its keys lead away from the link {}", String::from_utf8_lossy(name));
            let at = walk.offset("version 1 B-tree", table.btree)?;
            return Err(Error::corrupt("version 1 B-tree", at, why).into());
        }
    }
    Ok(search.found.pop().map(|link| link.target))
}

/// A search for one name, or for all.
struct Search<'a> {
    names: &'a Names,
    name: Option<&'a [u8]>,
    /// Whether the keys say where the name is.
    keyed: bool,
    found: Vec<LinkMessage>,
    /// Whether keys left anything out.
    left_out: bool,
}

impl Seek<Key> for Search<'_> {
    /// A child holds the names behind its left key, up to and with its right key.
    fn wants(&mut self, edges: Edges<'_, Key>) -> Result<bool, Error> {
        let Some(name) = self.name.filter(|_| self.keyed) else { return Ok(true) };
        let left = edges.left.map(|key| self.names.get(*key)).transpose()?;
        let right = edges.right.map(|key| self.names.get(*key)).transpose()?;
        let inside = left.is_none_or(|left| left < name) && right.is_none_or(|right| name <= right);
        self.left_out |= !inside;
        Ok(inside)
    }

    fn visit(&mut self, walk: &mut Walk<'_>, _: &Key, child: u64) -> Walked<()> {
        let snod = snod(walk, child)?;
        for entry in &snod.entries {
            if let Some(wanted) = self.name
                && !self.names.is(entry.name, wanted)?
            {
                continue;
            }
            let name = self.names.get(entry.name)?;
            walk.answer(name.len())?;
            let target = target(self.names, entry.header, entry.soft)?;
            self.found.push(LinkMessage { name: name.to_vec(), target });
        }
        let limit = walk.limits.links;
        let full = self.found.len() > limit;
        if full {
            Err(Error::Limit { what: "the number of links of a group", limit: limit as u64 }.into())
        } else {
            Ok(())
        }
    }
}

fn target(names: &Names, header: Option<u64>, soft: Option<u32>) -> Result<LinkTarget, Error> {
    match (soft, header) {
        (Some(value), _) => Ok(LinkTarget::Soft(String::from_utf8_lossy(names.get(u64::from(value))?).into_owned())),
        (None, Some(address)) => Ok(LinkTarget::Hard(address)),
        (None, None) => Err(Error::corrupt("symbol table entry", names.at, "it leads nowhere")),
    }
}

/// The local heap, and on the side the root of the B-tree, so that both are asked for together.
fn names_and_root(walk: &mut Walk<'_>, table: SymbolTable) -> Walked<Arc<Names>> {
    let keys = keys(walk)?;
    let root = node::<Key, _>(walk, table.btree, keys).map(|_| ());
    let names = names(walk, table.heap)?;
    root.map(|()| names)
}

fn names(walk: &mut Walk<'_>, address: u64) -> Walked<Arc<Names>> {
    const NAME: &str = "local heap";
    let sizes = walk.format()?.sizes;
    walk.once(address, |walk| {
        let head = walk.bytes(NAME, address, LocalHeap::len(sizes))?;
        let at = walk.offset(NAME, address)?;
        let heap = run(NAME, at, &head, LocalHeap::parse(sizes))?;
        let bytes = walk.bytes(NAME, heap.address, heap.size)?;
        Ok(Names { at, bytes: Bytes::copy_from_slice(&bytes) })
    })
}

fn snod(walk: &mut Walk<'_>, address: u64) -> Walked<Arc<Snod>> {
    const NAME: &str = "symbol table node";
    let format = walk.format()?;
    let sizes = format.sizes;
    let guess = Snod::PREFIX + 2 * u64::from(format.k.first().copied().unwrap_or(4)) * Snod::entry_len(sizes);
    walk.once(address, |walk| {
        let at = walk.offset(NAME, address)?;
        let bytes =
            walk.growing(NAME, address, (Snod::PREFIX, guess), |head| run(NAME, at, head, Snod::total(sizes)))?;
        Ok(run(NAME, at, &bytes, Snod::parse(sizes))?)
    })
}

fn keys(walk: &mut Walk<'_>) -> Walked<Keys<impl for<'b> Fn(&'b [u8]) -> Parsed<'b, Key> + Copy + use<>>> {
    let format = walk.format()?;
    let sizes = format.sizes;
    let guess = 2 * u64::from(format.k.get(1).copied().unwrap_or(16));
    Ok(Keys { kind: 0, len: u64::from(sizes.length), guess, parse: length(sizes) })
}
