//! Attribute message (IV.A.2.m) and Attribute Info message (IV.A.2.v).
use super::primitive::{Parsed, Sizes, address, skip, take, u8, u16, until_nul, version};

/// An attribute as stored: its parts are still bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AttributeMessage<'a> {
    pub(crate) name: &'a [u8],
    /// Datatype message, or a Shared Message that leads to it.
    pub(crate) datatype: &'a [u8],
    pub(crate) datatype_shared: bool,
    /// Dataspace message, or a Shared Message that leads to it.
    pub(crate) dataspace: &'a [u8],
    pub(crate) dataspace_shared: bool,
    /// Everything behind: the value and whatever pads it.
    pub(crate) data: &'a [u8],
}

/// Where dense attributes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AttributeInfo {
    /// Fractal heap with the attributes; `None`: they are messages of the header.
    pub(crate) heap: Option<u64>,
    /// Version 2 B-tree over names.
    pub(crate) names: Option<u64>,
}

impl<'a> AttributeMessage<'a> {
    /// Parses an attribute message of version 1 to 3.
    pub(crate) fn parse(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, version) = version(1..=3)(input)?;
        let (rest, flags) = u8(rest)?;
        let flags = if version == 1 { 0 } else { flags };
        let (rest, name_len) = u16(rest)?;
        let (rest, type_len) = u16(rest)?;
        let (rest, space_len) = u16(rest)?;
        // Version 3 contains the character set of the name; version 1 pads each part to a multiple of eight bytes.
        let (rest, ()) = skip(rest, usize::from(version == 3))?;
        let part = |input: &'a [u8], len: u16| {
            let len = usize::from(len);
            let (rest, bytes) = take(len)(input)?;
            let padding = if version == 1 { len.next_multiple_of(8) - len } else { 0 };
            skip(rest, padding.min(rest.len())).map(|(rest, ())| (rest, bytes))
        };
        let (rest, name) = part(rest, name_len)?;
        let (rest, datatype) = part(rest, type_len)?;
        let (data, dataspace) = part(rest, space_len)?;
        let (_, name) = until_nul(name)?;
        let (datatype_shared, dataspace_shared) = (flags & 0x01 != 0, flags & 0x02 != 0);
        Ok((&[], Self { name, datatype, datatype_shared, dataspace, dataspace_shared, data }))
    }
}

impl AttributeInfo {
    /// Parses an attribute info message.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, _) = version(0..=0)(input)?;
            let (rest, flags) = u8(rest)?;
            let (rest, ()) = skip(rest, if flags & 0x01 != 0 { 2 } else { 0 })?;
            let (rest, heap) = address(sizes)(rest)?;
            let (rest, names) = address(sizes)(rest)?;
            Ok((rest, Self { heap, names }))
        }
    }
}
