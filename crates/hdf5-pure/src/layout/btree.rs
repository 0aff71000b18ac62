//! Chunks in B-trees of version 1 (III.A.1) and 2 (III.A.2).
use super::plan::Question;
use crate::parse::{ChunkKey, ChunkRecord, run};
use crate::walk::{Keys, Place, Walk, Walked, descend, records};
use crate::{Chunk, Error};

/// Chunks of a version 1 B-tree. Keys are sorted by origin, so a node holds nothing of the selection when it ends before
/// the selection's first chunk or begins behind its last one.
pub(super) fn version_1(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    let rank = question.dataset.shape.len();
    let shape = &question.layout.chunk_shape;
    let touched = question.touched();
    let edge = |at: fn(&(u64, u64)) -> u64| -> Vec<u64> {
        touched.iter().zip(shape).map(|(bounds, &len)| at(bounds).saturating_mul(len)).collect()
    };
    let (first, last) = (edge(|(lo, _)| *lo), edge(|(_, hi)| hi.saturating_sub(1)));
    let mut wanted = |left: &ChunkKey, right: &ChunkKey| left.origin <= last && right.origin > first;
    let mut chunks = Vec::new();
    let address = question.address;
    let guess = 2 * walk.format()?.k.get(2).map_or(32, |&k| u64::from(k));
    let keys = Keys { kind: 1, len: ChunkKey::len(rank), guess, parse: ChunkKey::parse(rank) };
    descend(walk, address, keys, &mut wanted, &mut |walk, key, child| {
        let scaled: Option<Vec<u64>> = scaled(&key.origin, shape);
        let scaled = scaled.ok_or_else(|| Error::corrupt("version 1 B-tree", address, "a chunk beside the grid"))?;
        if is_inside(&scaled, &touched) {
            chunks.push(question.chunk(&scaled, child, Some((u64::from(key.size), key.filter_mask)))?);
        }
        let limit = walk.limits.chunks;
        let full = chunks.len() as u64 > limit;
        if full { Err(Error::Limit { what: "chunks of a selection", limit }.into()) } else { Ok(()) }
    })?;
    Ok(chunks)
}

/// Chunks of a version 2 B-tree.
pub(super) fn version_2(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
    let sizes = walk.format()?.sizes;
    let rank = question.dataset.shape.len();
    let filtered = !question.dataset.filters.is_empty();
    let kind = if filtered { ChunkRecord::FILTERED } else { ChunkRecord::PLAIN };
    let touched = question.touched();
    let first: Vec<u64> = touched.iter().map(|(lo, _)| *lo).collect();
    let last: Vec<u64> = touched.iter().map(|(_, hi)| hi.saturating_sub(1)).collect();
    let span = first..=last;
    let found = records(walk, question.address, kind, |at, record| {
        let record = run("chunk record", at, record, ChunkRecord::parse(sizes, kind, rank))?;
        let place = match Place::of(&record.scaled, &span) {
            Place::Inside if !is_inside(&record.scaled, &touched) => Place::Beside,
            place => place,
        };
        Ok((place, record))
    })?;
    let mut chunks = Vec::new();
    for record in found {
        if let Some(address) = record.address {
            chunks.push(question.chunk(&record.scaled, address, record.filtered)?);
        }
    }
    Ok(chunks)
}

/// Chunk coordinates of an origin, if it lies on the grid.
fn scaled(origin: &[u64], shape: &[u64]) -> Option<Vec<u64>> {
    origin.iter().zip(shape).map(|(&at, &len)| (at.checked_rem(len)? == 0).then(|| at / len)).collect()
}

fn is_inside(scaled: &[u64], touched: &[(u64, u64)]) -> bool {
    scaled.iter().zip(touched).all(|(at, (lo, hi))| lo <= at && at < hi)
}
