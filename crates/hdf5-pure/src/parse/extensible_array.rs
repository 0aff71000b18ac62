//! Extensible arrays (VII.D).
use super::checksum::verify;
use super::fixed_array::{Element, ElementShape, bit, element};
use super::primitive::{Parsed, Sizes, address, bad, length, narrow, repeat, signature, skip, take, u8, version};

/// A header, with what follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EaHeader {
    pub(crate) shape: ElementShape,
    /// Elements that the index block holds itself.
    pub(crate) in_index: u64,
    /// Elements of the smallest data block.
    min_data: u64,
    /// Smallest number of data block addresses in a super block.
    min_pointers: u64,
    /// Elements of a page of a data block.
    pub(crate) page: u64,
    /// Bytes of a block offset.
    offset_width: usize,
    super_blocks: u32,
    pub(crate) index_block: Option<u64>,
}

/// Where an element is: the data block that holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EaPlace {
    /// Number of the super block.
    pub(crate) super_block: u32,
    /// Number of the data block, in the super block.
    pub(crate) data_block: u64,
    /// Number of the element, in the data block.
    pub(crate) element: u64,
}

/// An index block, a super block or a data block that is not paged: whatever it holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct EaBlock {
    pub(crate) elements: Vec<Element>,
    /// Addresses of data blocks.
    pub(crate) data_blocks: Vec<Option<u64>>,
    /// Addresses of super blocks.
    pub(crate) super_blocks: Vec<Option<u64>>,
    /// Super blocks: which pages of their data blocks hold anything.
    pages: Vec<u8>,
}

impl EaHeader {
    /// Size in bytes.
    pub(crate) fn len(sizes: Sizes) -> u64 {
        16 + 6 * u64::from(sizes.length) + u64::from(sizes.offset)
    }

    /// Parses a header.
    pub(crate) fn parse(sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, Self> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = signature(b"EAHD")(body)?;
            let (rest, _) = version(0..=0)(rest)?;
            let (rest, shape) = ElementShape::parse(sizes)(rest)?;
            let (rest, max_bits) = u8(rest)?;
            let (rest, in_index) = u8(rest)?;
            let (rest, min_data) = u8(rest)?;
            let (rest, min_pointers) = u8(rest)?;
            let (rest, page_bits) = u8(rest)?;
            // Six statistics that reading does not need.
            let (rest, _) = repeat(6, length(sizes))(rest)?;
            let (rest, index_block) = address(sizes)(rest)?;
            let powers = min_data.is_power_of_two() && min_pointers.is_power_of_two() && min_pointers > 1;
            let blocks = u32::from(max_bits).checked_sub(min_data.checked_ilog2().unwrap_or(0));
            let (Some(blocks), true, true) = (blocks, powers && max_bits <= 64, page_bits < 48) else {
                return bad(rest, format!("2^{max_bits} elements in blocks of {min_data}, {min_pointers} pointers"));
            };
            let header = Self {
                shape,
                in_index: u64::from(in_index),
                min_data: u64::from(min_data),
                min_pointers: u64::from(min_pointers),
                page: 1 << page_bits,
                offset_width: usize::from(max_bits).div_ceil(8),
                super_blocks: blocks + 1,
                index_block,
            };
            Ok((rest, header))
        }
    }

    /// Super blocks that exist only as data block addresses in the index block.
    pub(crate) const fn super_blocks_in_index(&self) -> u32 {
        2 * self.min_pointers.ilog2()
    }

    /// Number of data blocks whose addresses are in the index block.
    const fn data_blocks_in_index(&self) -> u64 {
        2 * (self.min_pointers - 1)
    }

    /// Data blocks of a super block; both grow by powers of two in turn. `None` when that does not fit in 64 bits.
    pub(crate) fn data_blocks(&self, super_block: u32) -> Option<u64> {
        1u64.checked_shl(super_block / 2)
    }

    /// Elements of each data block of a super block.
    pub(crate) fn data_len(&self, super_block: u32) -> Option<u64> {
        1u64.checked_shl(super_block.div_ceil(2)).and_then(|n| n.checked_mul(self.min_data))
    }

    /// Number of the first data block of a super block, counted from the first of all.
    pub(crate) fn first_data_block(&self, super_block: u32) -> Option<u64> {
        (0..super_block).try_fold(0u64, |n, s| n.checked_add(self.data_blocks(s)?))
    }

    /// Where element `index` is; it must not be one that the index block holds. `None` past the end of the array.
    pub(crate) fn place(&self, index: u64) -> Option<EaPlace> {
        let mut left = index.checked_sub(self.in_index)?;
        for super_block in 0..self.super_blocks {
            let len = self.data_len(super_block)?;
            let all = len.checked_mul(self.data_blocks(super_block)?)?;
            if left < all {
                return Some(EaPlace { super_block, data_block: left / len, element: left % len });
            }
            left -= all;
        }
        None
    }

    /// Size in bytes of the index block.
    pub(crate) fn index_len(&self, sizes: Sizes) -> u64 {
        let blocks = u64::from(self.super_blocks.saturating_sub(self.super_blocks_in_index()));
        let offset = u64::from(sizes.offset);
        10 + offset + self.in_index * u64::from(self.shape.size) + (self.data_blocks_in_index() + blocks) * offset
    }

    /// Parses the index block.
    pub(crate) fn index(&self, sizes: Sizes) -> impl Fn(&[u8]) -> Parsed<'_, EaBlock> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = head(sizes, b"EAIB", body)?;
            let (rest, count) = narrow(rest, self.in_index)?;
            let (rest, elements) = repeat(count, element(sizes, self.shape))(rest)?;
            let (rest, count) = narrow(rest, self.data_blocks_in_index())?;
            let (rest, data_blocks) = repeat(count, address(sizes))(rest)?;
            let count = rest.len() / usize::from(sizes.offset.max(1));
            let (rest, super_blocks) = repeat(count, address(sizes))(rest)?;
            Ok((rest, EaBlock { elements, data_blocks, super_blocks, pages: Vec::new() }))
        }
    }

    /// Pages of each data block of a super block; `None` when they have none.
    pub(crate) fn pages(&self, super_block: u32) -> Option<u64> {
        self.data_len(super_block).filter(|&len| len > self.page).map(|len| len / self.page)
    }

    /// Bytes of the bitmap of pages in a super block.
    fn bitmap_len(&self, super_block: u32) -> Option<u64> {
        let Some(pages) = self.pages(super_block) else {
            return Some(0);
        };
        pages.div_ceil(8).checked_mul(self.data_blocks(super_block)?)
    }

    /// Size in bytes of a super block.
    pub(crate) fn super_len(&self, sizes: Sizes, super_block: u32) -> Option<u64> {
        let offset = u64::from(sizes.offset);
        let addresses = self.data_blocks(super_block)?.checked_mul(offset)?;
        let fixed = 10 + offset + self.offset_width as u64;
        fixed.checked_add(addresses)?.checked_add(self.bitmap_len(super_block)?)
    }

    /// Parses a super block.
    pub(crate) fn super_block(&self, sizes: Sizes, number: u32) -> impl Fn(&[u8]) -> Parsed<'_, EaBlock> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = head(sizes, b"EASB", body)?;
            let (rest, ()) = skip(rest, self.offset_width)?;
            let (rest, bitmap) = narrow(rest, self.bitmap_len(number).unwrap_or(u64::MAX))?;
            let (rest, pages) = take(bitmap)(rest)?;
            let (rest, count) = narrow(rest, self.data_blocks(number).unwrap_or(u64::MAX))?;
            let (rest, data_blocks) = repeat(count, address(sizes))(rest)?;
            Ok((rest, EaBlock { data_blocks, pages: pages.to_vec(), ..EaBlock::default() }))
        }
    }

    /// Bytes of a data block before its elements or pages, with the checksum that ends them where there are pages.
    pub(crate) fn data_prefix(&self, sizes: Sizes) -> u64 {
        10 + u64::from(sizes.offset) + self.offset_width as u64
    }

    /// Parses a data block that is not paged and holds `count` elements.
    pub(crate) fn data_block(&self, sizes: Sizes, count: u64) -> impl Fn(&[u8]) -> Parsed<'_, EaBlock> {
        move |input| {
            let (_, body) = verify(input)?;
            let (rest, ()) = head(sizes, b"EADB", body)?;
            let (rest, ()) = skip(rest, self.offset_width)?;
            let (rest, count) = narrow(rest, count)?;
            let (rest, elements) = repeat(count, element(sizes, self.shape))(rest)?;
            Ok((rest, EaBlock { elements, ..EaBlock::default() }))
        }
    }
}

impl EaBlock {
    /// Super blocks: whether page `page` of data block `block`, of `pages` each, was ever written.
    pub(crate) fn has_page(&self, block: u64, pages: u64, page: u64) -> bool {
        block.checked_mul(pages).and_then(|n| n.checked_add(page)).is_some_and(|at| bit(&self.pages, at))
    }
}

fn head<'a>(sizes: Sizes, magic: &'static [u8; 4], input: &'a [u8]) -> Parsed<'a, ()> {
    let (rest, ()) = signature(magic)(input)?;
    let (rest, _) = version(0..=0)(rest)?;
    let (rest, _client) = u8(rest)?;
    skip(rest, usize::from(sizes.offset))
}
