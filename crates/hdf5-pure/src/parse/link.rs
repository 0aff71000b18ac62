//! Link Info message (IV.A.2.c) and Link message (IV.A.2.g).
use super::primitive::{Parsed, Sizes, address, defined, narrow, skip, take, u8, u16, uint, until_nul, version};
use crate::object::LinkTarget;

/// Where dense links are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LinkInfo {
    /// Fractal heap with the links; `None`: they are messages of the header.
    pub(crate) heap: Option<u64>,
    /// Version 2 B-tree over names.
    pub(crate) names: Option<u64>,
}

/// A link as stored: its name are bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LinkMessage {
    pub(crate) name: Vec<u8>,
    pub(crate) target: LinkTarget,
}

impl LinkInfo {
    /// Parses a link info message.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, _) = version(0..=0)(input)?;
            let (rest, flags) = u8(rest)?;
            let (rest, ()) = skip(rest, if flags & 0x01 != 0 { 8 } else { 0 })?;
            let (rest, heap) = address(sizes)(rest)?;
            let (rest, names) = address(sizes)(rest)?;
            Ok((rest, Self { heap, names }))
        }
    }
}

impl LinkMessage {
    /// Parses a link message.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, _) = version(1..=1)(input)?;
            let (rest, flags) = u8(rest)?;
            let (rest, class) = if flags & 0x08 != 0 { u8(rest)? } else { (rest, 0) };
            // Bit 2: creation order; bit 4: character set of the name.
            let (rest, ()) = skip(rest, if flags & 0x04 != 0 { 8 } else { 0 })?;
            let (rest, ()) = skip(rest, usize::from(flags & 0x10 != 0))?;
            let (rest, len) = uint(1 << (flags & 0x03))(rest)?;
            let (rest, len) = narrow(rest, len)?;
            let (rest, name) = take(len)(rest)?;
            let (rest, target) = target(sizes, class, rest)?;
            Ok((rest, Self { name: name.to_vec(), target }))
        }
    }
}

fn target(sizes: Sizes, class: u8, input: &[u8]) -> Parsed<'_, LinkTarget> {
    if class == 0 {
        let (rest, at) = defined(sizes)(input)?;
        return Ok((rest, LinkTarget::Hard(at)));
    }
    let (rest, len) = u16(input)?;
    let (rest, value) = take(usize::from(len))(rest)?;
    let target = match class {
        1 => LinkTarget::Soft(text(value)),
        // External: a byte of version and flags, file name, object path, each ended by NUL.
        64 => {
            let (names, _) = u8(value)?;
            let (names, file) = until_nul(names)?;
            let (_, object) = until_nul(names)?;
            LinkTarget::External { file: text(file), object: text(object) }
        }
        other => LinkTarget::UserDefined(other),
    };
    Ok((rest, target))
}

/// A name as text; bytes that are not UTF-8 are replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
