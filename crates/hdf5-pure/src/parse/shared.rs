//! Shared Message (IV.A.2, "Shared Message") and Shared Object Header Message Table (III.G).
use super::checksum::verify;
use super::primitive::{Parsed, Sizes, address, bad, defined, signature, skip, take, u8, u16, version};

/// Where a shared message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SharedMessage {
    /// In another object header.
    Header(u64),
    /// In the heap of shared messages, under this id.
    Heap([u8; 8]),
}

/// One index of the table of shared messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SharedIndex {
    /// Bit n: messages of type n are in it.
    pub(crate) kinds: u16,
    /// Fractal heap with the messages.
    pub(crate) heap: Option<u64>,
}

/// The table of shared messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SharedTable {
    pub(crate) indexes: Vec<SharedIndex>,
}

impl SharedMessage {
    /// Parses a shared message of version 1 to 3.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, version) = version(1..=3)(input)?;
            let (rest, kind) = u8(rest)?;
            if version == 1 {
                // Six reserved bytes, then a symbol table entry; only its address is used.
                let (rest, ()) = skip(rest, 6 + usize::from(sizes.length))?;
                return defined(sizes)(rest).map(|(rest, at)| (rest, Self::Header(at)));
            }
            if version == 3 && kind == 1 {
                let (rest, id) = take(8)(rest)?;
                return match id.first_chunk::<8>() {
                    Some(id) => Ok((rest, Self::Heap(*id))),
                    None => bad(rest, "ends too early"),
                };
            }
            defined(sizes)(rest).map(|(rest, at)| (rest, Self::Header(at)))
        }
    }
}

impl SharedTable {
    /// Size of a table in bytes.
    pub(crate) fn len(sizes: Sizes, indexes: u8) -> u64 {
        8 + u64::from(indexes) * (14 + 2 * u64::from(sizes.offset))
    }

    /// Parses a table with `indexes` indexes.
    pub(crate) fn parse(sizes: Sizes, indexes: u8) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (_, body) = verify(input)?;
            let (mut rest, ()) = signature(b"SMTB")(body)?;
            let mut found = Vec::new();
            for _ in 0..indexes {
                let (next, index) = index(sizes)(rest)?;
                found.push(index);
                rest = next;
            }
            Ok((rest, Self { indexes: found }))
        }
    }
}

fn index(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, SharedIndex> {
    move |input| {
        let (rest, _) = version(0..=0)(input)?;
        let (rest, _list_or_tree) = u8(rest)?;
        let (rest, kinds) = u16(rest)?;
        // Minimum message size, two cut-offs, number of messages.
        let (rest, ()) = skip(rest, 4 + 2 + 2 + 2)?;
        let (rest, _index) = address(sizes)(rest)?;
        let (rest, heap) = address(sizes)(rest)?;
        Ok((rest, SharedIndex { kinds, heap }))
    }
}
