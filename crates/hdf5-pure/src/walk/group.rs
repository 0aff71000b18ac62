//! Links of groups, wherever they are stored.
use super::btree2::{self, Place, records};
use super::memo::{Stop, Walk, Walked};
use super::messages::Header;
use super::old_group;
use crate::parse::{DenseRecord, LinkInfo, LinkMessage, Message, SymbolTable, kind, lookup3, run};
use crate::{Error, Link, LinkTarget};
use std::sync::Arc;

/// Where the links of a group are.
pub(super) enum Storage {
    /// Version 1 B-tree and local heap.
    Old(SymbolTable),
    /// Fractal heap and version 2 B-tree: their addresses.
    Dense(u64, u64),
    /// Messages of the header.
    Compact,
}

/// Whether the header is one of a group. A link may be seen before the Link Info message, which may be in a later
/// continuation.
pub(super) fn is_group(messages: &[Message]) -> bool {
    messages.iter().any(|m| matches!(m.kind, kind::SYMBOL_TABLE | kind::LINK_INFO | kind::LINK))
}

/// All links of the group whose header is at `address`, by name.
pub(crate) fn links(walk: &mut Walk<'_>, address: u64) -> Walked<Vec<Link>> {
    let header = walk.whole_header(address)?;
    let mut found = match storage(walk, &header, address)? {
        Storage::Old(table) => old_group::list(walk, table)?,
        Storage::Dense(heap, names) => dense(walk, heap, names, None)?,
        Storage::Compact => compact(walk, &header)?,
    };
    let limit = walk.limits.links;
    if found.len() > limit {
        return Err(Error::Limit { what: "the number of links of a group", limit: limit as u64 }.into());
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let link = |found: LinkMessage| Link { name: text(&found.name), target: found.target };
    Ok(found.into_iter().map(link).collect())
}

/// The link of a name; `None` when there is none, or when the object is not a group.
pub(super) fn lookup(walk: &mut Walk<'_>, address: u64, name: &[u8]) -> Walked<Option<LinkTarget>> {
    let key = (address, name.to_vec());
    if let Some(known) = walk.memo.links.get(&key) {
        return Ok(known.clone());
    }
    let sizes = walk.format()?.sizes;
    let settled = |messages: &[Message]| {
        messages.iter().any(|m| match m.kind {
            kind::SYMBOL_TABLE => true,
            kind::LINK_INFO => run("", 0, &m.body, LinkInfo::parse(sizes)).is_ok_and(|info| info.heap.is_some()),
            kind::LINK => run("", 0, &m.body, LinkMessage::parse(sizes)).is_ok_and(|link| link.name == name),
            _ => false,
        })
    };
    let header = walk.header(address, settled)?;
    if !is_group(&header.messages) {
        return Ok(None);
    }
    let found = match storage(walk, &header, address)? {
        Storage::Old(table) => old_group::lookup(walk, table, name)?,
        Storage::Dense(heap, names) => one(dense(walk, heap, names, Some(name))?, name),
        Storage::Compact => one(compact(walk, &header)?, name),
    };
    walk.memo.links.insert(key, found.clone());
    Ok(found)
}

fn one(links: Vec<LinkMessage>, name: &[u8]) -> Option<LinkTarget> {
    links.into_iter().find(|link| link.name == name).map(|link| link.target)
}

fn storage(walk: &mut Walk<'_>, header: &Arc<Header>, address: u64) -> Walked<Storage> {
    let sizes = walk.format()?.sizes;
    if let Some(message) = header.first(kind::LINK_INFO) {
        let info = run("link info message", message.at, &message.body, LinkInfo::parse(sizes))?;
        return match (info.heap, info.names) {
            (Some(heap), Some(names)) => Ok(Storage::Dense(heap, names)),
            (Some(_), None) => Err(Error::corrupt("link info message", message.at, "no name index").into()),
            (None, _) => Ok(Storage::Compact),
        };
    }
    match header.first(kind::SYMBOL_TABLE) {
        Some(m) => Ok(Storage::Old(run("symbol table message", m.at, &m.body, SymbolTable::parse(sizes))?)),
        None if is_group(&header.messages) => Ok(Storage::Compact),
        None => Err(Error::corrupt("object header", address, "not the header of a group").into()),
    }
}

fn compact(walk: &mut Walk<'_>, header: &Header) -> Walked<Vec<LinkMessage>> {
    let sizes = walk.format()?.sizes;
    let mut found = Vec::new();
    for message in header.messages.iter().filter(|m| m.kind == kind::LINK) {
        found.push(run("link message", message.at, &message.body, LinkMessage::parse(sizes))?);
    }
    Ok(found)
}

/// The links of the hash of a name (there may be others than the one of the name), or all.
fn dense(walk: &mut Walk<'_>, heap: u64, names: u64, name: Option<&[u8]>) -> Walked<Vec<LinkMessage>> {
    let sizes = walk.format()?.sizes;
    let heap_here = walk.heap(heap).map(|_| ());
    let index_here = btree2::header(walk, names).map(|_| ());
    heap_here.and(index_here)?;
    let span = name.map_or(0..=u32::MAX, |name| lookup3(name)..=lookup3(name));
    let found = records(walk, names, DenseRecord::LINK_NAMES, |at, record| {
        let record = run("link name record", at, record, DenseRecord::parse(DenseRecord::LINK_NAMES))?;
        Ok((Place::of(&record.hash, &span), record))
    });
    if matches!(found, Err(Stop::Missing)) {
        // Whatever the index will say, the way to the link begins at the root of the heap.
        let _ = walk.heap_root(heap);
    }
    let found = found?;
    let limit = walk.limits.links;
    if found.len() > limit {
        return Err(Stop::Failed(Error::Limit { what: "the number of links of a group", limit: limit as u64 }));
    }
    let at = walk.offset("fractal heap", heap)?;
    walk.all(&found, |walk, record| {
        let bytes = walk.heap_bytes(heap, &record.id)?;
        if name.is_none() {
            walk.answer(bytes.len())?;
        }
        Ok(run("link message", at, &bytes, LinkMessage::parse(sizes))?)
    })
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
