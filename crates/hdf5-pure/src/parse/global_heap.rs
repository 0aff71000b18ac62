//! Global heap collections (III.E).
use super::primitive::{Parsed, Sizes, bad, length, narrow, signature, skip, take, u16, version};
use std::collections::BTreeMap;
use std::ops::Range;

/// A collection: where in it the objects lie, by index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct GlobalHeap {
    pub(crate) objects: BTreeMap<u16, Range<usize>>,
}

impl GlobalHeap {
    /// Length of the prefix that contains the size of the collection.
    pub(crate) fn prefix(sizes: Sizes) -> u64 {
        8 + u64::from(sizes.length)
    }

    /// Size in bytes of the collection that begins with these bytes.
    pub(crate) fn total(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, u64> {
        move |input| {
            let (rest, ()) = signature(b"GCOL")(input)?;
            let (rest, _) = version(1..=1)(rest)?;
            let (rest, ()) = skip(rest, 3)?;
            let (rest, size) = length(sizes)(rest)?;
            if size < Self::prefix(sizes) { bad(rest, "the size is too small") } else { Ok((rest, size)) }
        }
    }

    /// Parses a collection.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (mut rest, _) = Self::total(sizes)(input)?;
            let mut objects = BTreeMap::new();
            let head = 8 + usize::from(sizes.length);
            let mut found = 0_u32;
            while rest.len() >= head {
                found += 1;
                if found > u32::from(u16::MAX) + 1 {
                    return bad(rest, "more objects than there are indexes");
                }
                let (next, index) = u16(rest)?;
                let (next, ()) = skip(next, 6)?;
                let (next, size) = length(sizes)(next)?;
                // Index 0 is the free space at the end; what follows is not in use.
                if index == 0 {
                    break;
                }
                let (next, size) = narrow(next, size)?;
                let begin = input.len() - next.len();
                let (next, _) = take(size)(next)?;
                objects.insert(index, begin..begin + size);
                let padding = size.next_multiple_of(8) - size;
                rest = next.get(padding..).unwrap_or_default();
            }
            Ok((rest, Self { objects }))
        }
    }
}
