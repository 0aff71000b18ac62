//! From stored chunks to the elements of a selection.
use super::copy::BoxCopy;
use crate::filters::{self, Context};
use crate::{Chunk, ChunkMap, DataLayout, Dataset, Error, Selection};
use bytes::Bytes;
use std::borrow::Cow;

impl Dataset {
    /// Undoes the filters of one chunk: all its elements as stored, also those beyond the edge of the dataset. `raw` are
    /// the `chunk.size` bytes at `chunk.address`.
    ///
    /// # Errors
    /// [`Error::Filter`] when the pipeline fails, [`Error::Corrupt`] when the length is not that of a chunk.
    pub fn decode_chunk(&self, chunk: &Chunk, raw: &[u8]) -> Result<Vec<u8>, Error> {
        self.decoded(chunk, raw).map(Cow::into_owned)
    }

    /// [`Dataset::decode_chunk`] without a copy where nothing is filtered.
    pub(crate) fn decoded<'a>(&self, chunk: &Chunk, raw: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
        let corrupt = |why: String| Error::corrupt("chunk", chunk.address, why);
        if raw.len() as u64 != chunk.size {
            return Err(corrupt(format!("{} bytes given for a chunk of {} bytes", raw.len(), chunk.size)));
        }
        if !matches!(self.layout, DataLayout::Chunked(_)) {
            return Ok(Cow::Borrowed(raw));
        }
        let expected = self.chunk_len()?;
        let decoded = if self.is_plain(chunk) {
            Cow::Borrowed(raw)
        } else {
            let context = Context { max_output: expected, element_size: narrow(self.element_size())? };
            let decoded = filters::decode(&self.filters, chunk.filter_mask, raw, &context);
            Cow::Owned(decoded.map_err(|error| Error::Filter { offset: chunk.address, error })?)
        };
        if decoded.len() == expected {
            Ok(decoded)
        } else {
            Err(corrupt(format!("{} bytes after decoding, {expected} expected", decoded.len())))
        }
    }

    /// The elements of `selection` as stored, in C order, with the fill value (zeros where undefined) wherever `map` has
    /// no chunk. `fetch` brings the stored bytes of a chunk; it is called once for each chunk of the map that meets the
    /// selection, in the order of the map, and not at all for compact data.
    ///
    /// # Errors
    /// What `fetch` answers, what [`Dataset::decode_chunk`] answers, [`Error::Limit`] for a selection that is too large,
    /// [`Error::Unsupported`] for external and virtual data.
    pub fn assemble(
        &self,
        selection: &Selection,
        map: &ChunkMap,
        mut fetch: impl FnMut(&Chunk) -> Result<Bytes, Error>,
    ) -> Result<Vec<u8>, Error> {
        let mut out = self.blank(selection)?;
        if let DataLayout::Compact { data, .. } = &self.layout {
            let whole =
                Chunk { origin: vec![0; self.shape.len()], address: 0, size: data.len() as u64, filter_mask: 0 };
            self.place(selection, &whole, data, &mut out)?;
            return Ok(out);
        }
        if map.chunk_shape != self.chunk_shape() {
            return Err(Error::Usage(format!("the chunk map is not one of {}", self.path)));
        }
        for chunk in &map.chunks {
            if self.overlap(selection, &chunk.origin)?.is_some() {
                let raw = fetch(chunk)?;
                self.place(selection, chunk, &self.decoded(chunk, &raw)?, &mut out)?;
            }
        }
        Ok(out)
    }

    /// The output of a selection before any chunk is placed: the fill value, or zeros where that is undefined.
    ///
    /// # Errors
    /// [`Error::Usage`] when the selection reaches over the edge, [`Error::Limit`] when it is too large,
    /// [`Error::Unsupported`] for external and virtual data.
    pub fn blank(&self, selection: &Selection) -> Result<Vec<u8>, Error> {
        let len = self.output_len(selection)?;
        let mut out = Vec::new();
        out.try_reserve_exact(len).map_err(|_| self.too_large())?;
        match &self.fill_value {
            Some(fill) if fill.iter().any(|&b| b != 0) => {
                out.extend_from_slice(fill);
                while out.len() < len {
                    out.extend_from_within(..out.len().min(len - out.len()));
                }
                out.truncate(len);
            }
            _ => out.resize(len, 0),
        }
        Ok(out)
    }

    /// Length in bytes of the output of a selection; fails as [`Dataset::blank`] does.
    pub(crate) fn output_len(&self, selection: &Selection) -> Result<usize, Error> {
        self.readable()?;
        selection.check(&self.shape)?;
        selection
            .elements()
            .and_then(|n| n.checked_mul(self.element_size()))
            .filter(|&len| len <= self.limits.selection_bytes)
            .and_then(|len| usize::try_from(len).ok())
            .ok_or_else(|| self.too_large())
    }

    const fn too_large(&self) -> Error {
        Error::Limit { what: "the size of a selection in bytes", limit: self.limits.selection_bytes }
    }

    /// Copies the elements of a decoded chunk that lie in the selection to their places in `out`, the bytes of the
    /// selection in C order.
    ///
    /// # Errors
    /// [`Error::Usage`] when lengths do not fit the selection or the chunk.
    pub fn place(&self, selection: &Selection, chunk: &Chunk, decoded: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let Some(overlap) = self.overlap(selection, &chunk.origin)? else {
            return Ok(());
        };
        let chunk_shape = self.chunk_shape();
        let offset = |from: &[u64]| overlap.start.iter().zip(from).map(|(at, from)| at - from).collect::<Vec<_>>();
        let copy = BoxCopy {
            count: &overlap.count,
            from: (&chunk_shape, &offset(&chunk.origin)),
            stride: None,
            to: (&selection.count, &offset(&selection.start)),
            element: self.element_size(),
            skip: 0,
        };
        copy.run(decoded, out).ok_or_else(|| Error::Usage(format!("a chunk of {} does not fit its place", self.path)))
    }

    /// Says that external and virtual data cannot be read here.
    pub(crate) fn readable(&self) -> Result<(), Error> {
        let feature = match &self.layout {
            DataLayout::External => "external data files",
            DataLayout::Virtual => "virtual dataset",
            _ => return Ok(()),
        };
        Err(Error::Unsupported { feature: format!("{feature} ({})", self.path), offset: None })
    }

    /// Size of a whole decoded chunk in bytes.
    pub(crate) fn chunk_len(&self) -> Result<usize, Error> {
        let limit = self.limits.chunk_bytes;
        self.chunk_shape()
            .iter()
            .try_fold(self.element_size(), |n, &d| n.checked_mul(d))
            .filter(|&len| len <= limit)
            .and_then(|len| usize::try_from(len).ok())
            .ok_or(Error::Limit { what: "the size of a chunk in bytes", limit })
    }

    /// Whether a chunk was stored without any filter: there are none, or it reaches over the edge of a dataset that leaves
    /// such chunks alone.
    pub(crate) fn is_plain(&self, chunk: &Chunk) -> bool {
        let DataLayout::Chunked(layout) = &self.layout else { return true };
        let mut dims = chunk.origin.iter().zip(&layout.chunk_shape).zip(&self.shape);
        self.filters.is_empty() || (layout.plain_edges && dims.any(|((&at, &len), &dim)| at.saturating_add(len) > dim))
    }

    /// The elements that the chunk at `origin`, the dataset and the selection share.
    fn overlap(&self, selection: &Selection, origin: &[u64]) -> Result<Option<Selection>, Error> {
        if origin.len() != self.shape.len() {
            return Err(Error::Usage(format!("a chunk with the origin {origin:?} is not one of {}", self.path)));
        }
        let chunk_shape = self.chunk_shape();
        let mut overlap = Selection { start: Vec::new(), count: Vec::new() };
        for ((&at, &len), (start, count)) in origin.iter().zip(&chunk_shape).zip(selection.dims()) {
            let first = at.max(start);
            let end = at.saturating_add(len).min(start.saturating_add(count));
            if end <= first {
                return Ok(None);
            }
            overlap.start.push(first);
            overlap.count.push(end - first);
        }
        Ok(Some(overlap))
    }
}

fn narrow(value: u64) -> Result<usize, Error> {
    usize::try_from(value)
        .map_err(|_| Error::Limit { what: "the size of an element in bytes", limit: usize::MAX as u64 })
}
