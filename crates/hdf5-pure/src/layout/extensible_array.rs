//! Chunks in extensible arrays (VII.D).
use super::fixed_array::Elements;
use super::grid;
use super::question::{Question, number};
use crate::parse::{EaBlock, EaHeader, EaPlace, Element, elements, run};
use crate::walk::{Stop, Walk, Walked};
use crate::{Chunk, Error};
use std::sync::Arc;

const NAME: &str = "extensible array";

/// The index block of an array, as a type of its own for the memo.
struct Index(EaBlock);
/// A super block.
struct Super(EaBlock);

/// The chunks that the selection meets. Numbers of chunks run over the maximum dimensions, with the unlimited one moved
/// to the front.
pub(super) fn chunks(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    let sizes = walk.format()?.sizes;
    let address = question.address;
    let header: Arc<EaHeader> = walk.once(address, |walk| {
        let bytes = walk.bytes(NAME, address, EaHeader::len(sizes))?;
        let offset = walk.offset(NAME, address)?;
        Ok(run(NAME, offset, &bytes, EaHeader::parse(sizes))?)
    })?;
    let Some(block) = header.index_block else {
        return Ok(Vec::new());
    };
    let index = walk.once(block, |walk| {
        const NAME: &str = "extensible array index block";
        let bytes = walk.bytes(NAME, block, header.index_len(sizes))?;
        let offset = walk.offset(NAME, block)?;
        Ok(Index(run(NAME, offset, &bytes, header.index(sizes))?))
    })?;
    let array = Array { header: &header, index: &index.0, address };
    let mut max = question.max_chunks();
    let unlimited = max.iter().position(Option::is_none).unwrap_or(0);
    to_front(&mut max, unlimited);
    let touched = question.touched_few(walk)?;
    let mut chunks = Vec::new();
    let mut missing = false;
    grid::for_each(&touched, |scaled| {
        let mut turned = scaled.to_vec();
        to_front(&mut turned, unlimited);
        let number =
            number(&turned, &max).ok_or_else(|| Error::corrupt(NAME, address, "several unlimited dimensions"))?;
        match array.element(walk, number) {
            Err(Stop::Missing) => missing = true,
            Err(stop) => return Err(stop),
            Ok(Some(Element { address: Some(address), filtered })) => {
                chunks.push(question.chunk(scaled, address, filtered)?);
            }
            Ok(_) => {}
        }
        Ok(())
    })?;
    if missing { Err(Stop::Missing) } else { Ok(chunks) }
}

fn to_front<T>(values: &mut [T], at: usize) {
    if let Some(front) = values.get_mut(..=at) {
        front.rotate_right(1);
    }
}

struct Array<'a> {
    header: &'a EaHeader,
    index: &'a EaBlock,
    address: u64,
}

impl Array<'_> {
    /// The element of a number; `None` where no block was ever written.
    fn element(&self, walk: &mut Walk<'_>, number: u64) -> Walked<Option<Element>> {
        if number < self.header.in_index {
            return Ok(usize::try_from(number).ok().and_then(|at| self.index.elements.get(at)).copied());
        }
        let place = self.header.place(number).ok_or_else(|| self.corrupt("a chunk past its end"))?;
        match place.super_block.checked_sub(self.header.super_blocks_in_index()) {
            None => self.in_index(walk, place),
            Some(at) => match self.index.super_blocks.get(at as usize).copied().flatten() {
                None => Ok(None),
                Some(address) => self.in_super_block(walk, address, place),
            },
        }
    }

    /// An element of a data block whose address is in the index block.
    fn in_index(&self, walk: &mut Walk<'_>, place: EaPlace) -> Walked<Option<Element>> {
        let first = self.header.first_data_block(place.super_block).unwrap_or(u64::MAX);
        let at = usize::try_from(first.saturating_add(place.data_block)).unwrap_or(usize::MAX);
        let Some(address) = self.index.data_blocks.get(at).copied().flatten() else {
            return Ok(None);
        };
        if self.header.pages(place.super_block).is_some() {
            let feature = "extensible array with pages in its first data blocks";
            return Err(Error::unsupported(feature, self.address).into());
        }
        self.in_data_block(walk, address, place)
    }

    fn in_super_block(&self, walk: &mut Walk<'_>, address: u64, place: EaPlace) -> Walked<Option<Element>> {
        const NAME: &str = "extensible array super block";
        let sizes = walk.format()?.sizes;
        let len = self.header.super_len(sizes, place.super_block).ok_or_else(|| self.corrupt("too large"))?;
        let block = walk.once(address, |walk| {
            let bytes = walk.bytes(NAME, address, len)?;
            let offset = walk.offset(NAME, address)?;
            Ok(Super(run(NAME, offset, &bytes, self.header.super_block(sizes, place.super_block))?))
        })?;
        let at = usize::try_from(place.data_block).unwrap_or(usize::MAX);
        let Some(data) = block.0.data_blocks.get(at).copied().flatten() else {
            return Ok(None);
        };
        let Some(pages) = self.header.pages(place.super_block) else {
            return self.in_data_block(walk, data, place);
        };
        let page = place.element / self.header.page;
        if !block.0.has_page(place.data_block, pages, page) {
            return Ok(None);
        }
        self.in_page(walk, data, page, place.element % self.header.page)
    }

    fn in_data_block(&self, walk: &mut Walk<'_>, address: u64, place: EaPlace) -> Walked<Option<Element>> {
        const NAME: &str = "extensible array data block";
        let sizes = walk.format()?.sizes;
        let count = self.header.data_len(place.super_block).ok_or_else(|| self.corrupt("too large"))?;
        let len =
            count.saturating_mul(u64::from(self.header.shape.size)).saturating_add(self.header.data_prefix(sizes));
        let block = walk.once(address, |walk| {
            let bytes = walk.bytes(NAME, address, len)?;
            let offset = walk.offset(NAME, address)?;
            Ok(Elements(run(NAME, offset, &bytes, self.header.data_block(sizes, count))?.elements))
        })?;
        Ok(block.get(place.element))
    }

    fn in_page(&self, walk: &mut Walk<'_>, block: u64, page: u64, element: u64) -> Walked<Option<Element>> {
        const NAME: &str = "extensible array page";
        let sizes = walk.format()?.sizes;
        let (count, shape) = (self.header.page, self.header.shape);
        let len = count.saturating_mul(u64::from(shape.size)).saturating_add(4);
        let before = page.checked_mul(len).and_then(|n| n.checked_add(self.header.data_prefix(sizes)));
        let at = before.and_then(|n| n.checked_add(block)).ok_or_else(|| self.corrupt("too large"))?;
        let page = walk.once(at, |walk| {
            let bytes = walk.bytes(NAME, at, len)?;
            let offset = walk.offset(NAME, at)?;
            Ok(Elements(run(NAME, offset, &bytes, elements(sizes, shape, count))?))
        })?;
        Ok(page.get(element))
    }

    fn corrupt(&self, why: &str) -> Error {
        Error::corrupt(NAME, self.address, why)
    }
}
