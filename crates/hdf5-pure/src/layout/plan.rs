//! From a layout and a selection to a chunk map.

use super::question::{Question, check_apart, number};
use super::{btree1, btree2, extensible_array, fixed_array, grid};
use crate::walk::{Walk, Walked};
use crate::{Chunk, ChunkIndex, ChunkMap, DataLayout, Dataset, Error, Selection, filters};

/// What filters may need beside twice the size of a chunk: frames, tables, checksums.
const SLACK: u64 = 64 << 10;

/// Where the chunks lie that the selection meets.
pub(crate) fn chunk_map(walk: &mut Walk<'_>, dataset: &Dataset, selection: &Selection) -> Walked<ChunkMap> {
    dataset.readable()?;
    selection.check(&dataset.shape)?;
    let chunk_shape = dataset.chunk_shape();
    if selection.is_empty() {
        return Ok(ChunkMap { chunk_shape, chunks: Vec::new() });
    }
    let mut chunks = match &dataset.layout {
        DataLayout::Contiguous { address: None } => Vec::new(),
        DataLayout::Contiguous { address: Some(address) } => slabs(walk, (dataset, selection), *address, &chunk_shape)?,
        DataLayout::Compact { offset, .. } => {
            let size = dataset.elements().and_then(|n| n.checked_mul(dataset.element_size())).unwrap_or(0);
            vec![Chunk { origin: vec![0; chunk_shape.len()], address: *offset, size, filter_mask: 0 }]
        }
        DataLayout::Chunked(layout) => match layout.address {
            None => Vec::new(),
            Some(address) => indexed(walk, &Question { dataset, layout, selection, address })?,
        },
        DataLayout::External | DataLayout::Virtual => Vec::new(),
    };
    chunks.sort();
    if !chunks.is_empty() && matches!(dataset.layout, DataLayout::Chunked(_)) {
        let most = 2 * dataset.chunk_len()? as u64 + SLACK;
        check_chunks(&chunks, most).map_err(|why| Error::corrupt("chunk index", dataset.address, why))?;
        check_filters(dataset, &chunks)?;
    }
    Ok(ChunkMap { chunk_shape, chunks })
}

/// Says what is wrong with chunks of one dataset, given in the order of their origins. None takes more than `most` bytes.
fn check_chunks(chunks: &[Chunk], most: u64) -> Result<(), String> {
    if let Some([twice, _]) = chunks.windows(2).find(|pair| matches!(pair, [a, b] if a.origin == b.origin)) {
        return Err(format!("the chunk at {:?} occurs twice", twice.origin));
    }
    if let Some(empty) = chunks.iter().find(|chunk| chunk.size == 0) {
        return Err(format!("the chunk at {:?} is stored in 0 bytes", empty.origin));
    }
    if let Some(large) = chunks.iter().find(|chunk| chunk.size > most) {
        return Err(format!(
            "the chunk at {:?} is stored in {} bytes, more than filters can need",
            large.origin, large.size
        ));
    }
    check_apart(chunks.iter().map(|chunk| (chunk.address, chunk.size)))
}

/// A filter without a decoder matters only where a chunk went through it: optional ones may have been skipped.
fn check_filters(dataset: &Dataset, chunks: &[Chunk]) -> Result<(), Error> {
    for (position, filter) in dataset.filters.iter().enumerate() {
        let Err(error) = filters::is_supported(filter) else { continue };
        let applied = |chunk: &&Chunk| !filters::is_skipped(chunk.filter_mask, position) && !dataset.is_plain(chunk);
        if let Some(chunk) = chunks.iter().find(applied) {
            return Err(Error::Filter { offset: chunk.address, error });
        }
    }
    Ok(())
}

fn indexed(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    question.dataset.chunk_len()?;
    match question.layout.index {
        ChunkIndex::BTree1 => btree1::chunks(walk, question),
        ChunkIndex::BTree2 => btree2::chunks(walk, question),
        ChunkIndex::FixedArray => fixed_array::chunks(walk, question),
        ChunkIndex::ExtensibleArray => extensible_array::chunks(walk, question),
        ChunkIndex::Implicit => implicit(walk, question),
        ChunkIndex::Single { filtered } => {
            let origin = vec![0; question.layout.chunk_shape.len()];
            Ok(vec![question.chunk(&origin, question.address, filtered)?])
        }
    }
}

/// All chunks one after the other, in the order of their numbers.
fn implicit(walk: &Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    let len = question.dataset.chunk_len()? as u64;
    let max = question.max_chunks();
    let chunk = |scaled: &[u64]| {
        let address = number(scaled, &max).and_then(|n| n.checked_mul(len)?.checked_add(question.address));
        let address = address.ok_or_else(|| Error::corrupt("implicit chunk index", question.address, "too large"))?;
        question.chunk(scaled, address, None)
    };
    Ok(one_after_the_other(walk, &question.touched_few(walk)?, chunk)?)
}

/// The chunks at chunk coordinates, which lie in the order of these. The last one is looked at first: a small file cannot
/// make us list what is not in it.
fn one_after_the_other(
    walk: &Walk<'_>,
    touched: &[(u64, u64)],
    chunk: impl Fn(&[u64]) -> Result<Chunk, Error>,
) -> Result<Vec<Chunk>, Error> {
    let last: Vec<u64> = touched.iter().map(|(_, end)| end.saturating_sub(1)).collect();
    walk.check_end("chunk", chunk(&last)?.range())?;
    let mut chunks = Vec::new();
    grid::for_each(touched, |scaled| {
        chunks.push(chunk(scaled)?);
        Ok::<(), Error>(())
    })?;
    Ok(chunks)
}

/// The slabs that the selection meets; those at the edge are cut there.
fn slabs(
    walk: &Walk<'_>,
    (dataset, selection): (&Dataset, &Selection),
    address: u64,
    slab: &[u64],
) -> Result<Vec<Chunk>, Error> {
    let touched = grid::touched(&selection.start, &selection.count, slab);
    let limit = dataset.limits.chunks;
    if grid::points(&touched).is_none_or(|n| n > limit) {
        return Err(Error::Limit { what: "the number of chunks of a selection", limit });
    }
    one_after_the_other(walk, &touched, |scaled| {
        let origin: Option<Vec<u64>> = scaled.iter().zip(slab).map(|(at, len)| at.checked_mul(*len)).collect();
        let chunk = origin.and_then(|origin| slab_chunk(dataset, origin, address, slab));
        chunk.ok_or_else(|| Error::corrupt("contiguous data", address, "they lie beyond 64 bits"))
    })
}

fn slab_chunk(dataset: &Dataset, origin: Vec<u64>, address: u64, slab: &[u64]) -> Option<Chunk> {
    let element = dataset.element_size();
    let mut first = 0u64;
    let mut size = element;
    for ((&at, &len), &dim) in origin.iter().zip(slab).zip(&dataset.shape) {
        first = first.checked_mul(dim)?.checked_add(at)?;
        size = size.checked_mul(len.min(dim.checked_sub(at)?))?;
    }
    let address = dataset.base.checked_add(address)?.checked_add(first.checked_mul(element)?)?;
    address.checked_add(size)?;
    Some(Chunk { origin, address, size, filter_mask: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::slab_shape;

    #[test]
    fn slabs_are_whole_in_the_trailing_dimensions() {
        assert_eq!(slab_shape(&[1000], 8), [1000]);
        assert_eq!(slab_shape(&[100_000], 8), [32_768]);
        assert_eq!(slab_shape(&[5, 1000, 100], 8), [1, 327, 100]);
        assert_eq!(slab_shape(&[3, 1_000_000], 8), [1, 32_768]);
        assert_eq!(slab_shape(&[0, 7], 4), [1, 7]);
        assert_eq!(slab_shape(&[], 4), [0u64; 0]);
        assert_eq!(slab_shape(&[3], 1 << 40), [1]);
    }

    #[test]
    fn numbers_run_over_the_maximum_dimensions() {
        assert_eq!(number(&[2, 1, 3], &[None, Some(4), Some(5)]), Some(2 * 20 + 5 + 3));
        assert_eq!(number(&[2, 1], &[Some(3), None]), None);
        assert_eq!(number(&[], &[]), Some(0));
    }
}
