//! Object headers, versions 1 and 2 (IV.A.1).
use super::message::Message;
use super::primitive::{Parsed, Sizes, bad, defined, length, signature, skip, u8, u16, u32, uint, version};
use bytes::Bytes;

/// What the beginning of an object header says: how long its first chunk is and how its messages look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HeaderPrefix {
    pub(crate) version: u8,
    /// Bytes before the first message.
    pub(crate) prefix: u64,
    /// Bytes of messages in the first chunk.
    pub(crate) chunk0: u64,
    /// Version 2: messages carry their creation order.
    pub(crate) creation_order: bool,
}

impl HeaderPrefix {
    /// Longest prefix in bytes.
    pub(crate) const MAX: u64 = 34;

    /// Parses the beginning of a header.
    pub(crate) fn parse(input: &[u8]) -> Parsed<'_, Self> {
        match u8(input)? {
            (_, b'O') => Self::parse_2(input),
            _ => Self::parse_1(input),
        }
    }

    /// Size of the first chunk with its prefix and checksum, in bytes.
    pub(crate) const fn total(&self) -> u64 {
        let checksum = if self.version == 1 { 0 } else { 4 };
        self.prefix.saturating_add(self.chunk0).saturating_add(checksum)
    }

    fn parse_1(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, version) = version(1..=1)(input)?;
        let (rest, ()) = skip(rest, 1)?;
        let (rest, _messages) = u16(rest)?;
        let (rest, _references) = u32(rest)?;
        let (rest, chunk0) = u32(rest)?;
        let (rest, ()) = skip(rest, 4)?;
        Ok((rest, Self { version, prefix: 16, chunk0: u64::from(chunk0), creation_order: false }))
    }

    fn parse_2(input: &[u8]) -> Parsed<'_, Self> {
        let (rest, ()) = signature(b"OHDR")(input)?;
        let (rest, version) = version(2..=2)(rest)?;
        let (rest, flags) = u8(rest)?;
        // Bit 5: four times of four bytes; bit 4: two attribute phase change values; bits 0-1: width of the size.
        let times = if flags & 0x20 != 0 { 16 } else { 0 };
        let phase = if flags & 0x10 != 0 { 4 } else { 0 };
        let width = 1usize << (flags & 0x03);
        let (rest, ()) = skip(rest, times + phase)?;
        let (rest, chunk0) = uint(width)(rest)?;
        let prefix = (6 + times + phase + width) as u64;
        Ok((rest, Self { version, prefix, chunk0, creation_order: flags & 0x04 != 0 }))
    }
}

/// A message that holds a gap (IV.A.2.a).
const NIL: u16 = 0;

/// Parses the messages of one header chunk, except gaps. `body` holds messages only (no prefix, no checksum), `at` is the file offset
/// of its first byte. A gap at the end, too short for a message header, is left alone.
pub(crate) fn messages<'a>(prefix: &HeaderPrefix, body: &'a [u8], at: u64) -> Parsed<'a, Vec<Message>> {
    let head = if prefix.version == 1 { 8 } else { 4 + 2 * usize::from(prefix.creation_order) };
    let mut found = Vec::new();
    let mut input = body;
    while input.len() >= head {
        let (rest, message) = message(prefix, head, input, body.len(), at)?;
        if message.kind != NIL {
            found.push(message);
        }
        input = rest;
    }
    Ok((input, found))
}

fn message<'a>(prefix: &HeaderPrefix, head: usize, input: &'a [u8], whole: usize, at: u64) -> Parsed<'a, Message> {
    let (rest, kind) = if prefix.version == 1 { u16(input)? } else { u8(input).map(|(r, k)| (r, u16::from(k)))? };
    let (rest, size) = u16(rest)?;
    let (rest, flags) = u8(rest)?;
    let (rest, ()) = skip(rest, if prefix.version == 1 { 3 } else { head - 4 })?;
    if rest.len() < usize::from(size) {
        return bad(rest, format!("a message of type {kind:#x} with {size} bytes reaches over the end of its chunk"));
    }
    let at = at.saturating_add((whole - rest.len()) as u64);
    let (body, rest) = rest.split_at(usize::from(size));
    Ok((rest, Message { kind, flags, at, body: Bytes::copy_from_slice(body) }))
}

/// Object Header Continuation message (IV.A.2.q): address and length of another chunk.
pub(crate) fn continuation(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, (u64, u64)> {
    move |input| {
        let (rest, at) = defined(sizes)(input)?;
        let (rest, len) = length(sizes)(rest)?;
        Ok((rest, (at, len)))
    }
}
