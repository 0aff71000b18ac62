//! Filter 32026, Blosc2: per HDF5 chunk one contiguous Blosc2 frame that holds one or more Blosc2 chunks, whose values
//! may be tiled (metalayer "b2nd"). Layouts after Blosc2's chunk, cframe and b2nd format descriptions.

use super::bitshuffle::bit_unshuffle;
use super::blosc::decode_stream;
use super::cursor::{Cursor, to_usize};
use super::shuffle::unshuffle_into;
use super::{Fault, zstd};

/// Bytes of a chunk header with its extension.
const CHUNK_HEADER: usize = 32;
/// Fixed part of a frame header, up to the metalayers.
const FRAME_HEADER: usize = 87;
/// Dimensions a tiled chunk may have.
const MAX_DIMS: usize = 8;
/// Tiles at the edges are padded; decoded tiles may exceed the chunk by this factor.
const MAX_PADDING: usize = 8;

// Chunk header flags (byte 2) and extended flags (byte 31).
const EXTENDED: u8 = 0x05;
const STORED: u8 = 0x02;
const DONT_SPLIT: u8 = 0x10;
const DICTIONARY: u8 = 0x01;

// Filters of a chunk.
const DELTA: u8 = 3;
const INT_TRUNC: u8 = 36;

/// Undoes the filter; all it needs is in the frame.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let frame = Frame::read(data)?;
    let bound = if frame.tiles.is_some() { limit.saturating_mul(MAX_PADDING).saturating_add(4096) } else { limit };
    let mut out = Vec::new();
    for &offset in &frame.offsets {
        let room = bound - out.len();
        if offset < 0 {
            // A chunk that is not stored: its kind is in the top byte; 1 stands for zeros.
            if offset >> 56 & 0x7f != 1 {
                return Err(Fault::Unsupported("a special chunk"));
            }
            let n = frame.chunk_size.min(frame.total.saturating_sub(out.len()));
            if n > room {
                return Err(Fault::TooLarge);
            }
            out.resize(out.len() + n, 0);
        } else {
            let start = frame.header.checked_add(to_usize(offset)?).ok_or(Fault::truncated())?;
            let chunk = decode_chunk(data.get(start..).ok_or(Fault::truncated())?, room)?;
            out.extend_from_slice(&chunk);
        }
    }
    match &frame.tiles {
        Some(tiles) => tiles.untile(&out, limit),
        None => Ok(out),
    }
}

struct Frame {
    header: usize,
    total: usize,
    chunk_size: usize,
    /// Where each chunk begins behind the header, or what it is made of.
    offsets: Vec<i64>,
    tiles: Option<Tiles>,
}

impl Frame {
    /// The header is MessagePack with fields at fixed places, big-endian.
    fn read(data: &[u8]) -> Result<Self, Fault> {
        let mut input = Cursor::new(data.get(..FRAME_HEADER).ok_or(Fault::truncated())?);
        let magic = input.array::<11>()?;
        if magic.get(1..10) != Some(b"\xa8b2frame\0") {
            return Err(Fault::corrupt("not a Blosc2 frame"));
        }
        let header = input.len_be()?;
        input.take(1)?;
        if input.u64_be()? > data.len() as u64 {
            return Err(Fault::truncated());
        }
        input.take(1 + 4 + 1)?;
        let total = to_usize(input.u64_be()?)?;
        input.take(1)?;
        let stored = to_usize(input.u64_be()?)?;
        input.take(1)?;
        let type_size = input.len_be()?;
        input.take(1 + 4 + 1)?;
        let chunk_size = input.len_be()?;
        let metalayers = data.get(FRAME_HEADER..header).ok_or(Fault::truncated())?;
        let tiles = Tiles::find(metalayers, type_size)?;
        if total > 0 && chunk_size == 0 {
            return Err(Fault::corrupt("chunk size is zero"));
        }
        // One more chunk follows them: the offsets as i64.
        let count = total.checked_div(chunk_size).unwrap_or(0) + usize::from(chunk_size > 0 && total % chunk_size > 0);
        let index = header.checked_add(stored).and_then(|at| data.get(at..)).ok_or(Fault::truncated())?;
        if count > data.len() {
            return Err(Fault::truncated());
        }
        let bytes = decode_chunk(index, count * 8)?;
        let offsets = bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect::<Vec<_>>();
        if offsets.len() != count {
            return Err(Fault::corrupt("the chunk index is incomplete"));
        }
        Ok(Self { header, total, chunk_size, offsets, tiles })
    }
}

/// The header of one Blosc2 chunk.
struct Chunk {
    flags: u8,
    type_size: usize,
    codec: u8,
    /// Filters of the pipeline in the order of writing, with a parameter each.
    filters: [(u8, u8); 6],
    block: usize,
}

/// Decodes the chunk at the start of `data`.
fn decode_chunk(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let header = data.get(..CHUNK_HEADER).ok_or(Fault::truncated())?;
    let mut input = Cursor::new(data);
    let [_version, _codec_version, flags, type_size] = input.array()?;
    let (total, block, stored) = (input.len_le()?, input.len_le()?, input.len_le()?);
    let filters = input.array::<6>()?;
    input.take(2)?;
    let parameters = input.array::<6>()?;
    let [_, extended] = input.array()?;
    if flags & EXTENDED != EXTENDED {
        return Err(Fault::Unsupported("a chunk without extended header"));
    }
    if total > limit {
        return Err(Fault::TooLarge);
    }
    let data = data.get(..stored.max(header.len())).ok_or(Fault::truncated())?;
    let special = extended >> 4 & 7;
    if special != 0 {
        return special_chunk(special, data, total, usize::from(type_size));
    }
    if flags & STORED != 0 {
        return input.take(total).map(<[u8]>::to_vec);
    }
    if extended & DICTIONARY != 0 {
        return Err(Fault::Unsupported("dictionaries"));
    }
    let mut pairs = [(0, 0); 6];
    for (pair, both) in pairs.iter_mut().zip(filters.into_iter().zip(parameters)) {
        *pair = both;
    }
    let chunk = Chunk { flags, type_size: usize::from(type_size), codec: flags >> 5, filters: pairs, block };
    chunk.decode_blocks(data, total)
}

/// Chunks of one value: 1 zeros, 2 NaN, 3 a value that follows the header, 4 uninitialised.
fn special_chunk(kind: u8, data: &[u8], total: usize, type_size: usize) -> Result<Vec<u8>, Fault> {
    let value = match (kind, type_size) {
        (1, _) => &[0][..],
        (2, 4) => &f32::NAN.to_le_bytes(),
        (2, 8) => &f64::NAN.to_le_bytes(),
        (3, _) => data.get(CHUNK_HEADER..CHUNK_HEADER + type_size).ok_or(Fault::truncated())?,
        _ => return Err(Fault::Unsupported("a special chunk")),
    };
    Ok(value.iter().copied().cycle().take(total).collect())
}

impl Chunk {
    fn decode_blocks(&self, data: &[u8], total: usize) -> Result<Vec<u8>, Fault> {
        if total == 0 {
            return Ok(Vec::new());
        }
        if self.block == 0 || self.type_size == 0 {
            return Err(Fault::corrupt("block or type size is zero"));
        }
        let mut starts = Cursor::new(data.get(CHUNK_HEADER..).unwrap_or_default());
        if total.div_ceil(self.block).saturating_mul(4) > starts.rest().len() {
            return Err(Fault::truncated());
        }
        let mut out = vec![0; total];
        let (mut work, mut scratch) = (vec![0; self.block.min(total)], Vec::new());
        let (first, others) = out.split_at_mut(self.block.min(total));
        let mut reference: Option<&[u8]> = None;
        for part in std::iter::once(first).chain(others.chunks_mut(self.block)) {
            let stored = data.get(starts.len_le()?..).ok_or(Fault::truncated())?;
            self.streams(Cursor::new(stored), part)?;
            let work = work.get_mut(..part.len()).unwrap_or_default();
            for (place, &(filter, parameter)) in self.filters.iter().enumerate().rev() {
                match filter {
                    DELTA if self.filters.iter().take(place).any(|&(before, _)| before != 0) => {
                        return Err(Fault::Unsupported("delta behind another of its filters"));
                    }
                    DELTA => self.undo_delta(reference, part),
                    _ => self.undo_filter(filter, parameter, part, work, &mut scratch)?,
                }
            }
            reference = reference.or(Some(part));
        }
        Ok(out)
    }

    /// Delta: the first block holds differences (by exclusive or) from one value to the next, the others differences to it.
    fn undo_delta(&self, reference: Option<&[u8]>, part: &mut [u8]) {
        let width = match self.type_size {
            size @ (1 | 2 | 4 | 8) => size,
            size if size % 8 == 0 => 8,
            _ => 1,
        };
        let whole = part.len() / width * width;
        let (values, _) = part.split_at_mut(whole);
        match reference {
            Some(reference) => values.iter_mut().zip(reference).for_each(|(to, from)| *to ^= from),
            None => {
                let mut before = [0; 8];
                for value in values.chunks_exact_mut(width) {
                    for (to, before) in value.iter_mut().zip(&mut before) {
                        *to ^= *before;
                        *before = *to;
                    }
                }
            }
        }
    }

    /// One stream, or one per byte of the type; a length of zero stands for zeros, a negative one for a repeated byte.
    fn streams(&self, mut stored: Cursor<'_>, out: &mut [u8]) -> Result<(), Fault> {
        let split = self.flags & DONT_SPLIT == 0 && out.len() == self.block;
        let count = if split { self.type_size } else { 1 };
        if !out.len().is_multiple_of(count) {
            return Err(Fault::corrupt("a split block is no multiple of the type size"));
        }
        for part in out.chunks_mut((out.len() / count).max(1)) {
            let len = stored.u32_le()?.cast_signed();
            if len == 0 {
                part.fill(0);
            } else if let Ok(len) = usize::try_from(len) {
                let bytes = stored.take(len)?;
                match self.codec {
                    _ if len == part.len() => part.copy_from_slice(bytes),
                    4 => zstd::decode_exact(bytes, part)?,
                    codec => decode_stream(codec, bytes, part)?,
                }
            } else {
                let value = u8::try_from(len.unsigned_abs()).map_err(|_| Fault::corrupt("stream length"))?;
                if stored.u8()? & 1 == 0 {
                    return Err(Fault::corrupt("unknown stream token"));
                }
                part.fill(value);
            }
        }
        Ok(())
    }

    /// Filters: 0 none, 1 byte shuffle, 2 bit shuffle, 4 reduced precision (nothing to undo); of the plugins, whose numbers
    /// begin at 32, 36 is integers of reduced precision.
    fn undo_filter(
        &self,
        filter: u8,
        parameter: u8,
        part: &mut [u8],
        work: &mut [u8],
        scratch: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match filter {
            0 | 4 | INT_TRUNC => return Ok(()),
            1 => {
                let size = if parameter == 0 { self.type_size } else { usize::from(parameter) };
                unshuffle_into(part, size, work);
            }
            2 => {
                // Whole groups of eight elements; the rest stays as it is.
                let body = part.len() / self.type_size / 8 * 8 * self.type_size;
                let (shuffled, rest) = part.split_at(body);
                let (to, to_rest) = work.split_at_mut(body);
                bit_unshuffle(shuffled, self.type_size, to, scratch);
                to_rest.copy_from_slice(rest);
            }
            32 => return Err(Fault::Unsupported("its filter ndcell")),
            33 => return Err(Fault::Unsupported("its filter ndmean")),
            34 | 35 => return Err(Fault::Unsupported("its filter bytedelta")),
            _ => return Err(Fault::Unsupported("a filter defined by its user")),
        }
        part.copy_from_slice(work);
        Ok(())
    }
}

/// The tiling of a chunk: tiles in C order, values in C order within each, padded at the upper edges.
struct Tiles {
    chunk: Vec<usize>,
    tile: Vec<usize>,
    type_size: usize,
}

impl Tiles {
    /// Looks for the metalayer: a map of names to offsets into the header (only order and names matter here), then the
    /// contents as binaries. The name occurs once, the content is the binary that parses as a tiling.
    fn find(metalayers: &[u8], type_size: usize) -> Result<Option<Self>, Fault> {
        let name = b"\xa4b2nd";
        let Some(at) = metalayers.windows(name.len()).position(|w| w == name) else { return Ok(None) };
        // The name is followed by 0xd2 and the content's offset in the frame header; there 0xc6 and a u32 length.
        let mut entry = Cursor::new(metalayers.get(at + name.len() + 1..).unwrap_or_default());
        let offset = entry.len_be()?.checked_sub(FRAME_HEADER).ok_or(Fault::corrupt("metalayer offset"))?;
        let mut content = Cursor::new(metalayers.get(offset..).ok_or(Fault::truncated())?);
        content.take(5)?;
        let [_, _version, dims] = content.array()?;
        let dims = usize::from(dims);
        if !(1..=MAX_DIMS).contains(&dims) || type_size == 0 {
            return Err(Fault::corrupt("number of dimensions"));
        }
        // Three arrays: shape as 0xd3 and i64, chunk and tile shape as 0xd2 and i32.
        content.take(1 + dims * 9)?;
        let mut shape = || -> Result<Vec<usize>, Fault> {
            content.take(1)?;
            (0..dims).map(|_| content.u8().and_then(|_| content.len_be())).collect()
        };
        let (chunk, tile) = (shape()?, shape()?);
        if tile.contains(&0) || chunk.contains(&0) {
            return Err(Fault::corrupt("an extent of zero"));
        }
        Ok(Some(Self { chunk, tile, type_size }))
    }

    fn untile(&self, tiled: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
        let product = |shape: &[usize]| shape.iter().try_fold(self.type_size, |n, &m| n.checked_mul(m));
        let total = product(&self.chunk).filter(|&n| n <= limit).ok_or(Fault::TooLarge)?;
        let tile_bytes = product(&self.tile).ok_or(Fault::TooLarge)?;
        let grid: Vec<usize> = self.chunk.iter().zip(&self.tile).map(|(&c, &t)| c.div_ceil(t)).collect();
        let count = grid.iter().product::<usize>();
        if count.checked_mul(tile_bytes) != Some(tiled.len()) {
            return Err(Fault::corrupt("tiles do not make up the chunk"));
        }
        let mut out = vec![0; total];
        for (number, tile) in tiled.chunks_exact(tile_bytes).enumerate() {
            self.place(&unravel(number, &grid), tile, &mut out);
        }
        Ok(out)
    }

    /// Copies a tile row by row, leaving out its padding.
    fn place(&self, position: &[usize], tile: &[u8], out: &mut [u8]) {
        let Some((&row, outer)) = self.tile.split_last() else { return };
        for (number, values) in tile.chunks_exact(row * self.type_size).enumerate() {
            let mut within = unravel(number, outer);
            within.push(0);
            let mut index = Some(0_usize);
            let mut room = row;
            for ((&place, &inner), (&tile, &chunk)) in
                position.iter().zip(&within).zip(self.tile.iter().zip(&self.chunk))
            {
                let coordinate = place * tile + inner;
                index = index.filter(|_| coordinate < chunk).map(|i| i * chunk + coordinate);
                room = row.min(chunk.saturating_sub(coordinate));
            }
            let Some(start) = index.map(|i| i * self.type_size) else { continue };
            let n = room * self.type_size;
            if let (Some(to), Some(from)) = (out.get_mut(start..start + n), values.get(..n)) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// The coordinates of element `number` of an array in C order.
fn unravel(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut coordinates: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&extent| {
            let coordinate = number % extent;
            number /= extent;
            coordinate
        })
        .collect();
    coordinates.reverse();
    coordinates
}
