//! Old-style groups: version 1 B-tree, symbol table nodes, local heap (III.A.1, III.B, III.D).
use super::btree1::{Keys, descend, node};
use super::memo::{Walk, Walked};
use crate::parse::{LinkMessage, LocalHeap, Parsed, Snod, SymbolTable, length, run};
use crate::{Error, LinkTarget};
use bytes::Bytes;
use std::sync::Arc;

/// Key of a group node: offset of a name in the local heap.
type Key = u64;

/// The names of a group.
struct Names {
    at: u64,
    bytes: Bytes,
}

impl Names {
    /// The NUL-terminated text at an offset.
    fn get(&self, offset: u64) -> Result<&[u8], Error> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..));
        match rest {
            Some(rest) => Ok(rest.split(|&b| b == 0).next().unwrap_or_default()),
            None => Err(Error::corrupt("local heap", self.at, format!("no name at {offset}"))),
        }
    }
}

/// All links.
pub(super) fn list(walk: &mut Walk<'_>, table: SymbolTable) -> Walked<Vec<LinkMessage>> {
    let names = names_and_root(walk, table)?;
    let mut found = Vec::new();
    search(walk, table, &mut |_, _| true, &mut |walk, snod| {
        for entry in &snod.entries {
            let name = names.get(entry.name)?;
            found.push(LinkMessage { name: name.to_vec(), target: target(&names, entry.header, entry.soft)? });
        }
        let limit = walk.limits.links;
        let full = found.len() > limit;
        if full { Err(Error::Limit { what: "links of a group", limit: limit as u64 }.into()) } else { Ok(()) }
    })?;
    Ok(found)
}

/// The link of a name.
pub(super) fn lookup(walk: &mut Walk<'_>, table: SymbolTable, name: &[u8]) -> Walked<Option<LinkTarget>> {
    let names = names_and_root(walk, table)?;
    let mut failed = None;
    // A child holds the names behind its left key, up to and with its right key.
    let mut wanted = |left: &Key, right: &Key| match (names.get(*left), names.get(*right)) {
        (Ok(left), Ok(right)) => left < name && name <= right,
        (Err(error), _) | (_, Err(error)) => {
            failed.get_or_insert(error);
            false
        }
    };
    let mut found = None;
    search(walk, table, &mut wanted, &mut |_, snod| {
        for entry in &snod.entries {
            if names.get(entry.name)? == name {
                found = Some(target(&names, entry.header, entry.soft)?);
            }
        }
        Ok(())
    })?;
    match failed {
        Some(error) if found.is_none() => Err(error.into()),
        _ => Ok(found),
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

fn search(
    walk: &mut Walk<'_>,
    table: SymbolTable,
    wanted: &mut dyn FnMut(&Key, &Key) -> bool,
    visit: &mut dyn FnMut(&mut Walk<'_>, &Snod) -> Walked<()>,
) -> Walked<()> {
    let keys = keys(walk)?;
    descend(walk, table.btree, keys, wanted, &mut |walk, _, child| {
        let snod = snod(walk, child)?;
        visit(walk, &snod)
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
