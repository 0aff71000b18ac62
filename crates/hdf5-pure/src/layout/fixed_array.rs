//! Chunks in fixed arrays (VII.C).
use super::grid;
use super::question::{Question, number};
use crate::parse::{Element, FaHeader, FaPrefix, elements, run};
use crate::walk::{Stop, Walk, Walked};
use crate::{Chunk, Error};
use std::sync::Arc;

const NAME: &str = "fixed array";

/// Elements of a data block, or of a page.
pub(super) struct Elements(pub(super) Vec<Element>);

impl Elements {
    /// The element of a number.
    pub(super) fn get(&self, at: u64) -> Option<Element> {
        usize::try_from(at).ok().and_then(|at| self.0.get(at)).copied()
    }
}

/// The chunks that the selection meets.
pub(super) fn chunks(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    let sizes = walk.format()?.sizes;
    let header: Arc<FaHeader> = walk.once(question.address, |walk| {
        let bytes = walk.bytes(NAME, question.address, FaHeader::len(sizes))?;
        let offset = walk.offset(NAME, question.address)?;
        Ok(run(NAME, offset, &bytes, FaHeader::parse(sizes))?)
    })?;
    let Some(block) = header.data_block else {
        return Ok(Vec::new());
    };
    let max = question.max_chunks();
    let touched = question.touched_few(walk)?;
    let mut chunks = Vec::new();
    let mut missing = false;
    grid::for_each(&touched, |scaled| {
        let number = number(scaled, &max).filter(|&n| n < header.elements);
        let number = number.ok_or_else(|| Error::corrupt(NAME, question.address, "a chunk past its end"))?;
        match element(walk, &header, block, number) {
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

fn element(walk: &mut Walk<'_>, header: &FaHeader, block: u64, number: u64) -> Walked<Option<Element>> {
    const NAME: &str = "fixed array data block";
    let sizes = walk.format()?.sizes;
    let len = header.prefix_len(sizes).ok_or_else(|| Error::corrupt(NAME, block, "too large"))?;
    if !header.is_paged() {
        let all = walk.once(block, |walk| {
            let bytes = walk.bytes(NAME, block, len)?;
            let offset = walk.offset(NAME, block)?;
            Ok(Elements(run(NAME, offset, &bytes, header.block(sizes))?))
        })?;
        return Ok(all.get(number));
    }
    let prefix: Arc<FaPrefix> = walk.once(block, |walk| {
        let bytes = walk.bytes(NAME, block, len)?;
        let offset = walk.offset(NAME, block)?;
        Ok(run(NAME, offset, &bytes, FaPrefix::parse(sizes))?)
    })?;
    let page = number / header.page;
    if !prefix.has(page) {
        return Ok(None);
    }
    let full = header.page.checked_mul(u64::from(header.shape.size)).and_then(|n| n.checked_add(4));
    let at = full.and_then(|full| full.checked_mul(page)?.checked_add(len)?.checked_add(block));
    let at = at.ok_or_else(|| Error::corrupt(NAME, block, "too large"))?;
    let count = header.page.min(header.elements.saturating_sub(page.saturating_mul(header.page)));
    let page = walk.once(at, |walk| {
        const NAME: &str = "fixed array page";
        let bytes = walk.bytes(NAME, at, count.saturating_mul(u64::from(header.shape.size)).saturating_add(4))?;
        let offset = walk.offset(NAME, at)?;
        Ok(Elements(run(NAME, offset, &bytes, elements(sizes, header.shape, count))?))
    })?;
    Ok(page.get(number % header.page))
}
