//! Filter 307, bzip2: one bzip2 stream per chunk, decoded here because the pure decoders on offer are unmaintained or
//! carry a C-style interface.
//!
//! Stream: "BZh" and a level digit (block size in 100,000 bytes), blocks, an end mark with the combined checksum. Block:
//! Huffman codes over move-to-front ranks and zero runs of a Burrows-Wheeler transform of run-length coded bytes.

use super::Fault;
use super::bit_reader::BitReader;
use super::cursor::to_usize;
use super::output::Output;

const BLOCK_MARK: u64 = 0x3141_5926_5359;
const END_MARK: u64 = 0x1772_4538_5090;

const MAX_CODE_BITS: u32 = 20;
/// Symbols coded with one table before the next selector applies.
const GROUP: usize = 50;
/// Selectors a block of 900,000 bytes can use; some old writers store more, which are never used.
const MAX_SELECTORS: usize = 18_002;

/// Decompresses one bzip2 stream to at most `limit` bytes, verifying its checksums.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut bits = BitReader::new(data);
    if bits.bits(24)? != 0x42_5a68 {
        return Err(Fault::corrupt("not a bzip2 stream"));
    }
    let level = to_usize(bits.bits(8)?)?.wrapping_sub(usize::from(b'0'));
    if !(1..=9).contains(&level) {
        return Err(Fault::corrupt("block size digit"));
    }
    let mut out = Output::new(limit, data.len().saturating_mul(4));
    let mut combined = 0_u32;
    loop {
        match bits.bits(48)? {
            BLOCK_MARK => {
                let stored = bits.bits32(32)?;
                // Run-length coding makes four equal bytes five, so a legitimate block is hardly longer than its output.
                let room = limit - out.len();
                let bound = (level * 100_000).min(room.saturating_add(room / 4).saturating_add(16));
                let block = Block::read(&mut bits, bound)?;
                let start = out.len();
                block.unwind(&mut out)?;
                let actual = checksum(out.since(start));
                if actual != stored {
                    return Err(Fault::corrupt("block checksum differs"));
                }
                combined = combined.rotate_left(1) ^ actual;
            }
            END_MARK if bits.bits32(32)? == combined => return Ok(out.into_bytes()),
            END_MARK => return Err(Fault::corrupt("stream checksum differs")),
            _ => return Err(Fault::corrupt("neither a block nor the end")),
        }
    }
}

/// A block after entropy decoding: the last column of the sorted rotations.
struct Block {
    /// Low byte: the column's byte; the high 24 bits get the successor's index.
    column: Vec<u32>,
    origin: usize,
}

impl Block {
    fn read(bits: &mut BitReader<'_>, bound: usize) -> Result<Self, Fault> {
        if bits.bit()? {
            return Err(Fault::Unsupported("a randomised block"));
        }
        let origin = to_usize(bits.bits(24)?)?;
        let mut ranks = used_bytes(bits)?;
        let symbols = ranks.len() + 2;
        let tables = to_usize(bits.bits(3)?)?;
        if !(2..=6).contains(&tables) {
            return Err(Fault::corrupt("number of Huffman tables"));
        }
        let selectors = read_selectors(bits, tables)?;
        let codes = (0..tables).map(|_| Code::read(bits, symbols)).collect::<Result<Vec<_>, _>>()?;
        let mut selected = selectors.iter().filter_map(|&i| codes.get(usize::from(i)));

        let mut column = Vec::new();
        let (mut run, mut run_weight) = (0_usize, 1_usize);
        loop {
            let code = selected.next().ok_or(Fault::corrupt("too few selectors"))?;
            for _ in 0..GROUP {
                let symbol = code.next(bits)?;
                if symbol < 2 {
                    // Zero runs are numbers in bijective base 2, least significant digit first.
                    run = run.saturating_add(run_weight << symbol);
                    run_weight = run_weight.saturating_mul(2).min(1 << 30);
                    continue;
                }
                if run > 0 {
                    let first = ranks.first().copied().ok_or(Fault::corrupt("no bytes in use"))?;
                    push(&mut column, first, run, bound)?;
                    (run, run_weight) = (0, 1);
                }
                if symbol == symbols - 1 {
                    return if origin < column.len() {
                        Ok(Self { column, origin })
                    } else {
                        Err(Fault::corrupt("origin pointer"))
                    };
                }
                let front = ranks.get_mut(..symbol).ok_or(Fault::corrupt("rank out of range"))?;
                front.rotate_right(1);
                push(&mut column, front.first().copied().unwrap_or(0), 1, bound)?;
            }
        }
    }

    /// Undoes the Burrows-Wheeler transform and the run-length coding below it.
    fn unwind(mut self, out: &mut Output) -> Result<(), Fault> {
        let mut starts = [0_u32; 256];
        for &entry in &self.column {
            if let Some(count) = starts.get_mut((entry & 0xff) as usize) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        for index in 0..self.column.len() {
            let byte = self.column.get(index).map_or(0, |e| e & 0xff);
            let Some(start) = starts.get_mut(byte as usize) else { continue };
            if let Some(entry) = self.column.get_mut(*start as usize) {
                *entry |= u32::try_from(index).unwrap_or(0) << 8;
            }
            *start += 1;
        }
        let (mut at, mut last, mut repeats) = (self.column.get(self.origin).map_or(0, |e| e >> 8), None, 0_u8);
        for _ in 0..self.column.len() {
            let entry = self.column.get(at as usize).copied().ok_or(Fault::corrupt("broken rotation"))?;
            let [byte, ..] = entry.to_le_bytes();
            at = entry >> 8;
            if repeats == 4 {
                // After four equal bytes comes a count of more.
                out.fill(last.unwrap_or(0), usize::from(byte))?;
                (last, repeats) = (None, 0);
                continue;
            }
            repeats = if last == Some(byte) { repeats + 1 } else { 1 };
            last = Some(byte);
            out.fill(byte, 1)?;
        }
        Ok(())
    }
}

fn push(column: &mut Vec<u32>, byte: u8, n: usize, bound: usize) -> Result<(), Fault> {
    let len = column.len().saturating_add(n);
    if len > bound {
        return Err(Fault::TooLarge);
    }
    column.resize(len, u32::from(byte));
    Ok(())
}

/// The bytes that occur in the block, ascending: a two-level bit map.
fn used_bytes(bits: &mut BitReader<'_>) -> Result<Vec<u8>, Fault> {
    let rows = bits.bits(16)?;
    let mut used = Vec::with_capacity(256);
    for row in 0..16_u8 {
        if rows >> (15 - row) & 1 == 0 {
            continue;
        }
        let columns = bits.bits(16)?;
        used.extend((0..16_u8).filter(|c| columns >> (15 - c) & 1 == 1).map(|c| row << 4 | c));
    }
    Ok(used)
}

/// Which table codes each group of symbols, stored as move-to-front ranks in unary.
fn read_selectors(bits: &mut BitReader<'_>, tables: usize) -> Result<Vec<u8>, Fault> {
    let count = to_usize(bits.bits(15)?)?;
    let mut order = [0_u8, 1, 2, 3, 4, 5];
    let mut selectors = Vec::with_capacity(count.min(MAX_SELECTORS));
    for _ in 0..count {
        let mut rank = 0;
        while bits.bit()? {
            rank += 1;
        }
        let front = order.get_mut(..=rank).filter(|_| rank < tables).ok_or(Fault::corrupt("selector out of range"))?;
        front.rotate_right(1);
        if selectors.len() < MAX_SELECTORS {
            selectors.extend(front.first());
        }
    }
    Ok(selectors)
}

/// A canonical Huffman code.
struct Code {
    shortest: u32,
    /// Per code length: the first code beyond that length (all codes of the length are below) and what to subtract
    /// from a code to get its place among the sorted symbols.
    lengths: [(u32, u32); MAX_CODE_BITS as usize + 1],
    sorted: Vec<u16>,
}

impl Code {
    fn read(bits: &mut BitReader<'_>, symbols: usize) -> Result<Self, Fault> {
        let mut length = bits.bits32(5)?;
        let mut lengths = Vec::with_capacity(symbols);
        for symbol in 0..symbols {
            loop {
                if !(1..=MAX_CODE_BITS).contains(&length) {
                    return Err(Fault::corrupt("Huffman code length"));
                }
                if !bits.bit()? {
                    break;
                }
                if bits.bit()? { length -= 1 } else { length += 1 }
            }
            lengths.push((length, u16::try_from(symbol).unwrap_or(0)));
        }
        lengths.sort_unstable();
        let mut code = Self {
            shortest: lengths.first().map_or(1, |l| l.0),
            lengths: [(0, 0); MAX_CODE_BITS as usize + 1],
            sorted: lengths.iter().map(|l| l.1).collect(),
        };
        let (mut next, mut place) = (0_u32, 0_u32);
        for (length, slot) in (0_u32..).zip(&mut code.lengths) {
            next <<= 1;
            let before = place;
            let count = u32::try_from(lengths.iter().filter(|l| l.0 == length).count()).unwrap_or(0);
            place += count;
            *slot = (next + count, next.wrapping_sub(before));
            next += count;
        }
        Ok(code)
    }

    fn next(&self, bits: &mut BitReader<'_>) -> Result<usize, Fault> {
        let mut code = bits.bits32(self.shortest)?;
        for &(beyond, offset) in self.lengths.iter().skip(self.shortest as usize) {
            if code < beyond {
                let symbol = self.sorted.get(code.wrapping_sub(offset) as usize);
                return symbol.map(|&s| usize::from(s)).ok_or(Fault::corrupt("Huffman code"));
            }
            code = code << 1 | u32::from(bits.bit()?);
        }
        Err(Fault::corrupt("Huffman code"))
    }
}

/// CRC-32 with the polynomial 0x04c11db7, most significant bit first.
#[cfg(feature = "bzip2")]
fn checksum(data: &[u8]) -> u32 {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_BZIP2);
    CRC.checksum(data)
}

/// Not compiled in.
#[cfg(not(feature = "bzip2"))]
const fn checksum(_data: &[u8]) -> u32 {
    0
}

#[cfg(all(test, feature = "bzip2"))]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(checksum(b"123456789"), 0xfc89_1918);
    }
}
