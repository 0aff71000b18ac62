//! Fixed arrays (VII.C) and the elements that they share with extensible arrays.
use super::checksum::verify;
use super::primitive::{
    Parsed, Sizes, address, bad, length, narrow, repeat, signature, skip, take, u8, u32, uint, version,
};

/// A header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FaHeader {
    pub(crate) shape: ElementShape,
    /// Elements of a page.
    pub(crate) page: u64,
    /// Elements of the array.
    pub(crate) elements: u64,
    pub(crate) data_block: Option<u64>,
}

/// How elements look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ElementShape {
    /// Client 1: size and filter mask follow the address.
    pub(crate) filtered: bool,
    /// Size of an element in bytes.
    pub(crate) size: u8,
}

/// The beginning of a paged data block: which pages hold anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FaPrefix {
    pages: Vec<u8>,
}

/// A chunk as an array knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Element {
    pub(crate) address: Option<u64>,
    /// Stored size and filter mask; `None` without filters.
    pub(crate) filtered: Option<(u64, u32)>,
}

impl ElementShape {
    /// Parses the client id and the element size, which are adjacent in the headers of both arrays.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (rest, client) = u8(input)?;
            let (rest, size) = u8(rest)?;
            let others = if client == 1 { sizes.offset + 4 } else { sizes.offset };
            match client {
                0 if size == others => Ok((rest, Self { filtered: false, size })),
                1 if size > others => Ok((rest, Self { filtered: true, size })),
                _ => bad(input, format!("elements of {size} bytes for client {client}")),
            }
        }
    }
}

impl FaHeader {
    /// Size in bytes.
    pub(crate) fn len(sizes: Sizes) -> u64 {
        12 + u64::from(sizes.length) + u64::from(sizes.offset)
    }

    /// Parses a header.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = signature(b"FAHD")(body)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, shape) = ElementShape::parse(sizes)(rest)?;
            let (rest, page_bits) = u8(rest)?;
            let (rest, elements) = length(sizes)(rest)?;
            let (rest, data_block) = address(sizes)(rest)?;
            match 1u64.checked_shl(u32::from(page_bits)) {
                Some(page) if page_bits < 48 => Ok((rest, Self { shape, page, elements, data_block })),
                _ => bad(rest, format!("pages of 2^{page_bits} elements")),
            }
        }
    }

    /// Whether the data block is divided in pages.
    pub(crate) const fn is_paged(&self) -> bool {
        self.elements > self.page
    }

    /// Number of pages.
    pub(crate) const fn pages(&self) -> u64 {
        self.elements.div_ceil(self.page)
    }

    /// Size in bytes of the data block up to its first page, or of the whole block when it is not paged; `None` when that
    /// does not fit in 64 bits.
    pub(crate) fn prefix_len(&self, sizes: Sizes) -> Option<u64> {
        let body = if self.is_paged() {
            self.pages().div_ceil(8)
        } else {
            self.elements.checked_mul(u64::from(self.shape.size))?
        };
        body.checked_add(10 + u64::from(sizes.offset))
    }

    /// Parses the elements of a data block that is not paged.
    pub(crate) fn block(&self, sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Vec<Element>> {
        let (shape, count) = (self.shape, self.elements);
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = block_head(sizes, body)?;
            let (rest, count) = narrow(rest, count)?;
            repeat(count, element(sizes, shape))(rest)
        }
    }
}

impl FaPrefix {
    /// Parses the beginning of a paged data block.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = block_head(sizes, body)?;
            let (rest, pages) = take(rest.len())(rest)?;
            Ok((rest, Self { pages: pages.to_vec() }))
        }
    }

    /// Whether a page was ever written.
    pub(crate) fn has(&self, page: u64) -> bool {
        bit(&self.pages, page)
    }
}

/// Bit `at` of a bitmap whose first bit is the highest of its first byte.
pub(crate) fn bit(bitmap: &[u8], at: u64) -> bool {
    let byte = usize::try_from(at / 8).ok().and_then(|i| bitmap.get(i));
    byte.is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
}

/// Parses a page: elements and a checksum, nothing else.
pub(crate) fn elements(sizes: Sizes, shape: ElementShape, count: u64) -> impl Fn(&[u8]) -> Parsed<'_, Vec<Element>> {
    move |input| {
        let (_, body) = verify(input)?;
        let (rest, count) = narrow(body, count)?;
        repeat(count, element(sizes, shape))(rest)
    }
}

/// Parses one element.
pub(crate) fn element(sizes: Sizes, shape: ElementShape) -> impl Fn(&[u8]) -> Parsed<'_, Element> {
    move |input| {
        let (rest, address) = address(sizes)(input)?;
        if !shape.filtered {
            return Ok((rest, Element { address, filtered: None }));
        }
        let width = shape.size.saturating_sub(sizes.offset).saturating_sub(4);
        let (rest, size) = uint(usize::from(width))(rest)?;
        let (rest, mask) = u32(rest)?;
        Ok((rest, Element { address, filtered: Some((size, mask)) }))
    }
}

fn block_head(sizes: Sizes, input: &[u8]) -> Parsed<'_, ()> {
    let (rest, ()) = signature(b"FADB")(input)?;
    let (rest, _) = version(0..=0)(rest)?;
    let (rest, _client) = u8(rest)?;
    skip(rest, usize::from(sizes.offset))
}
