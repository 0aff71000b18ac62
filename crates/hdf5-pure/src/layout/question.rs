//! What the indexes of chunks are asked, and what they have in common.
use super::grid;
use crate::walk::Walk;
use crate::{Chunk, Chunked, Dataset, Error, Selection};

/// What an index is asked.
pub(super) struct Question<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) layout: &'a Chunked,
    pub(super) selection: &'a Selection,
    /// Where the index is.
    pub(super) address: u64,
}

impl Question<'_> {
    /// Chunk coordinates that the selection meets.
    pub(super) fn touched(&self) -> Vec<(u64, u64)> {
        grid::touched(&self.selection.start, &self.selection.count, &self.layout.chunk_shape)
    }

    /// As [`Self::touched`], if these are not too many to look at one by one.
    pub(super) fn touched_few(&self, walk: &Walk<'_>) -> Result<Vec<(u64, u64)>, Error> {
        let (touched, limit) = (self.touched(), walk.limits.chunks);
        match grid::points(&touched) {
            Some(n) if n <= limit => Ok(touched),
            _ => Err(Error::Limit { what: "the number of chunks of a selection", limit }),
        }
    }

    /// Number of chunks in each dimension at its maximum size: numbers of chunks in arrays run over these. `None` where
    /// unlimited.
    pub(super) fn max_chunks(&self) -> Vec<Option<u64>> {
        let dims = self.dataset.max_shape.iter().zip(&self.layout.chunk_shape);
        dims.map(|(max, &chunk)| max.map(|max| max.div_ceil(chunk.max(1)))).collect()
    }

    /// The chunk at chunk coordinates `scaled`, stored at an address relative to the base address. `stored`: size and filter
    /// mask where there are filters.
    pub(super) fn chunk(&self, scaled: &[u64], address: u64, stored: Option<(u64, u32)>) -> Result<Chunk, Error> {
        let (size, filter_mask) = match stored {
            Some(stored) => stored,
            None => (self.dataset.chunk_len()? as u64, 0),
        };
        let origin: Option<Vec<u64>> =
            scaled.iter().zip(&self.layout.chunk_shape).map(|(&at, &len)| at.checked_mul(len)).collect();
        let place = self.dataset.base.checked_add(address).filter(|place| place.checked_add(size).is_some());
        match (origin, place) {
            (Some(origin), Some(address)) => Ok(Chunk { origin, address, size, filter_mask }),
            _ => Err(Error::corrupt("chunk index", address, "a chunk lies beyond 64 bits")),
        }
    }
}

/// Says which stored chunks, each an address and a size, share bytes: no writer stores two in one place.
pub(super) fn check_apart(stored: impl Iterator<Item = (u64, u64)>) -> Result<(), String> {
    let mut stored: Vec<(u64, u64)> = stored.collect();
    stored.sort_unstable();
    match stored.windows(2).find(|pair| matches!(pair, [a, b] if a.0.saturating_add(a.1) > b.0)) {
        Some([a, b]) => {
            Err(format!("the chunks of {} bytes at {} and of {} bytes at {} share bytes", a.1, a.0, b.1, b.0))
        }
        _ => Ok(()),
    }
}

/// Number of the chunk at chunk coordinates `scaled` when `max` chunks fit in each dimension (the first does not matter).
pub(super) fn number(scaled: &[u64], max: &[Option<u64>]) -> Option<u64> {
    scaled.iter().zip(max).enumerate().try_fold(0u64, |number, (dim, (&at, &max))| match (dim, max) {
        (0, _) => Some(at),
        (_, Some(max)) => number.checked_mul(max)?.checked_add(at),
        (_, None) => None,
    })
}
