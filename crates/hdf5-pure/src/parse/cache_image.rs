//! Metadata Cache Image message and block: metadata that the writer kept in one block instead of writing it to its places.
use super::checksum::verify;
use super::primitive::{Parsed, Sizes, bad, defined, length, narrow, signature, skip, take, u8, u16, u32, version};
use bytes::Bytes;

/// Parses the message: address and length of the block.
pub(crate) fn cache_image(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, (u64, u64)> {
    move |input| {
        let (rest, _) = version(0..=0)(input)?;
        let (rest, address) = defined(sizes)(rest)?;
        let (rest, len) = length(sizes)(rest)?;
        Ok((rest, (address, len)))
    }
}

/// Parses the block: structures by address.
pub(crate) fn cached_structures(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Vec<(u64, Bytes)>> {
    move |input| {
        let (_, body) = verify(input)?;
        let (rest, ()) = signature(b"MDCI")(body)?;
        let (rest, _) = version(0..=0)(rest)?;
        let (rest, _flags) = u8(rest)?;
        let (rest, _len) = length(sizes)(rest)?;
        let (mut rest, count) = u32(rest)?;
        let mut found = Vec::new();
        for _ in 0..count {
            let (next, entry) = entry(sizes)(rest)?;
            found.push(entry);
            rest = next;
        }
        if rest.is_empty() { Ok((rest, found)) } else { bad(rest, "bytes are left behind the last entry") }
    }
}

fn entry(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, (u64, Bytes)> {
    move |input| {
        // Type, flags, ring, age; numbers of children, of dirty children and of parents; rank.
        let (rest, ()) = skip(input, 4 + 2 + 2)?;
        let (rest, parents) = u16(rest)?;
        let (rest, ()) = skip(rest, 4)?;
        let (rest, address) = defined(sizes)(rest)?;
        let (rest, size) = length(sizes)(rest)?;
        let (rest, ()) = skip(rest, usize::from(parents) * usize::from(sizes.offset))?;
        let (rest, size) = narrow(rest, size)?;
        let (rest, image) = take(size)(rest)?;
        Ok((rest, (address, Bytes::copy_from_slice(image))))
    }
}
