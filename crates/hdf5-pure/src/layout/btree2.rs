//! Chunks in B-trees of version 2 (III.A.2).
use super::grid::is_inside;
use super::question::Question;
use crate::Chunk;
use crate::parse::{ChunkRecord, run};
use crate::walk::{Place, Walk, Walked, records};

/// Chunks of a version 2 B-tree.
pub(super) fn chunks(walk: &mut Walk<'_>, question: &Question<'_>) -> Walked<Vec<Chunk>> {
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
