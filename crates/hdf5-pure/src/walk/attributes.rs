//! Attributes, compact and dense.
use super::btree2::{self, Place, records};
use super::memo::{Stop, Walk, Walked};
use super::messages::Header;
use super::shared::Body;
use crate::datatype::Datatype;
use crate::parse::{
    AttributeInfo, AttributeMessage, Dataspace, DenseRecord, HeapHeader, Message, Sizes, kind, lookup3, run,
};
use crate::{Attribute, Error};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;

const NAME: &str = "attribute message";
/// Bytes of a heap that may be read whole rather than through its index.
const SMALL_HEAP: u64 = 64 << 10;

/// The attributes of the object whose header is at `address`, by name; only those in `names` where given.
pub(crate) fn attributes(walk: &mut Walk<'_>, address: u64, names: Option<&[&str]>) -> Walked<Vec<Attribute>> {
    let header = walk.whole_header(address)?;
    let stored: Vec<&Message> = header.messages.iter().filter(|m| m.kind == kind::ATTRIBUTE).collect();
    let compact = walk.all(&stored, |walk, message| {
        let body = walk.body(message)?;
        attribute(walk, &body, names)
    });
    let dense = dense(walk, &header, names);
    let (compact, dense) = (compact?, dense?);
    let mut found: Vec<Attribute> = compact.into_iter().chain(dense).flatten().collect();
    let limit = walk.limits.links;
    if found.len() > limit {
        return Err(Error::Limit { what: "the number of attributes of an object", limit: limit as u64 }.into());
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// As [`attributes`] of `names`, but where all of them are dense, in a small heap, that is read whole and its index is not: of
/// use where the heap is known to be near what is read anyway.
pub(crate) fn attributes_in_heap(walk: &mut Walk<'_>, address: u64, names: &[&str]) -> Walked<Vec<Attribute>> {
    let header = walk.whole_header(address)?;
    if let Some((heap, _)) = dense_places(walk, &header)? {
        let at = walk.offset("fractal heap", heap)?;
        // What is wrong with a heap is for the index to say.
        let all = match stored(walk, heap) {
            Err(Stop::Missing) => return Err(Stop::Missing),
            Err(Stop::Failed(_)) => None,
            Ok(all) => all,
        };
        let found = walk.all(&all.unwrap_or_default(), |walk, bytes| {
            attribute(walk, &Body { at, bytes: bytes.clone() }, Some(names))
        })?;
        let mut found: Vec<Attribute> = found.into_iter().flatten().collect();
        if found.len() == names.len() {
            found.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(found);
        }
    }
    attributes(walk, address, Some(names))
}

/// Heap and index of the dense attributes of an object, where it has some.
fn dense_places(walk: &mut Walk<'_>, header: &Header) -> Walked<Option<(u64, u64)>> {
    let sizes = walk.format()?.sizes;
    let Some(message) = header.first(kind::ATTRIBUTE_INFO) else {
        return Ok(None);
    };
    let info = run("attribute info message", message.at, &message.body, AttributeInfo::parse(sizes))?;
    Ok(info.heap.zip(info.names))
}

/// The attribute messages in the blocks of a small heap, in the order in which they are stored one behind the other: without
/// its index, which a writer may leave far from it. What is wrong with a heap is for the index to say. `None` where they are not as many different ones, and as many bytes, as the
/// heap counts: some were removed since, or changed.
fn stored(walk: &mut Walk<'_>, heap: u64) -> Walked<Option<Vec<Bytes>>> {
    let sizes = walk.format()?.sizes;
    let header = walk.heap(heap)?;
    let Some(expected) = (header.space() <= SMALL_HEAP).then(|| header.managed_len(sizes)).flatten() else {
        return Ok(None);
    };
    let Some(blocks) = walk.heap_contents(heap)? else { return Ok(None) };
    let (mut names, mut messages, mut bytes) = (BTreeSet::new(), Vec::new(), 0);
    for mut rest in blocks {
        while let Some((name, len)) = message_len(&rest, sizes) {
            if !names.insert(name) {
                return Ok(None);
            }
            bytes += len as u64;
            messages.push(rest.split_to(len));
        }
    }
    Ok((messages.len() as u64 == header.managed && bytes == expected).then_some(messages))
}

/// Name and bytes of the attribute message that `bytes` begin with. Those of version 1 are padded and never in a heap.
fn message_len(bytes: &[u8], sizes: Sizes) -> Option<(Vec<u8>, usize)> {
    let message = run(NAME, 0, bytes, AttributeMessage::parse).ok().filter(|_| bytes.first() != Some(&1))?;
    if message.datatype_shared || message.dataspace_shared {
        return None;
    }
    let (datatype, _) = Datatype::parse(message.datatype, 0).ok()?;
    let space = run("dataspace message", 0, message.dataspace, Dataspace::parse(sizes)).ok()?;
    let value = usize::try_from(space.elements()?.checked_mul(datatype.size() as u64)?).ok()?;
    let len = bytes.len().checked_sub(message.data.len())?.checked_add(value)?;
    (len <= bytes.len()).then(|| (message.name.to_vec(), len))
}

fn dense(walk: &mut Walk<'_>, header: &Arc<Header>, names: Option<&[&str]>) -> Walked<Vec<Option<Attribute>>> {
    let Some((heap, index)) = dense_places(walk, header)? else {
        return Ok(Vec::new());
    };
    let heap_here: Walked<Arc<HeapHeader>> = walk.heap(heap);
    let index_here = btree2::header(walk, index).map(|_| ());
    heap_here.map(|_| ()).and(index_here)?;
    let hashes: Option<Vec<u32>> = names.map(|names| names.iter().map(|name| lookup3(name.as_bytes())).collect());
    let span = hashes.as_ref().map_or(0..=u32::MAX, |hashes| {
        hashes.iter().min().copied().unwrap_or(u32::MAX)..=hashes.iter().max().copied().unwrap_or(0)
    });
    let found = records(walk, index, DenseRecord::ATTRIBUTE_NAMES, |at, record| {
        let record = run("attribute name record", at, record, DenseRecord::parse(DenseRecord::ATTRIBUTE_NAMES))?;
        let place = match Place::of(&record.hash, &span) {
            Place::Inside if hashes.as_ref().is_some_and(|hashes| !hashes.contains(&record.hash)) => Place::Beside,
            place => place,
        };
        Ok((place, record))
    })?;
    let at = walk.offset("fractal heap", heap)?;
    walk.all(&found, |walk, record| {
        let bytes = if record.shared {
            walk.shared_heap(kind::ATTRIBUTE, at, &record.id)?
        } else {
            walk.heap_bytes(heap, &record.id)?
        };
        attribute(walk, &Body { at, bytes }, names)
    })
}

/// One attribute from its message; `None` when its name is not wanted.
fn attribute(walk: &mut Walk<'_>, body: &Body, names: Option<&[&str]>) -> Walked<Option<Attribute>> {
    let message = run(NAME, body.at, &body.bytes, AttributeMessage::parse)?;
    if names.is_some_and(|names| !names.iter().any(|name| name.as_bytes() == message.name)) {
        return Ok(None);
    }
    let sizes = walk.format()?.sizes;
    let plain = |bytes: &[u8]| Ok(Body { at: body.at, bytes: body.bytes.slice_ref(bytes) });
    let datatype = if message.datatype_shared {
        walk.shared_body(kind::DATATYPE, body.at, message.datatype)
    } else {
        plain(message.datatype)
    };
    let space = if message.dataspace_shared {
        walk.shared_body(kind::DATASPACE, body.at, message.dataspace)
    } else {
        plain(message.dataspace)
    };
    let (datatype, space) = (datatype?, space?);
    walk.answer(body.bytes.len().saturating_add(datatype.bytes.len()))?;
    let (datatype, _) = Datatype::parse(&datatype.bytes, datatype.at).map_err(Error::from)?;
    let space = run("dataspace message", space.at, &space.bytes, Dataspace::parse(sizes))?;
    let len = space.elements().and_then(|n| n.checked_mul(datatype.size() as u64));
    let data = len.and_then(|len| usize::try_from(len).ok()).and_then(|len| message.data.get(..len));
    let Some(data) = data else {
        return Err(Error::corrupt(NAME, body.at, "the value is too short").into());
    };
    Ok(Some(Attribute {
        name: String::from_utf8_lossy(message.name).into_owned(),
        space: space.space,
        shape: space.shape,
        datatype,
        raw: body.bytes.slice_ref(data),
    }))
}
