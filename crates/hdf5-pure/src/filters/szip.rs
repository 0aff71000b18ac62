//! Filter 4, szip: CCSDS 121.0-B extended Rice coding, as the SZIP library and libaec's szip interface write it.
//!
//! Chunk: u32 little-endian decoded size, then the bit stream. The chunk is cut into scan lines, each padded to whole
//! blocks and coded on its own (a "reference sample interval"). Pixels of 32 and 64 bits are coded as 8-bit samples,
//! byte planes one after the other.

use super::Fault;
use super::bit_reader::BitReader;
use super::cursor::{Cursor, to_usize};
use super::shuffle::unshuffle;

// Options mask (client data word 0).
const MSB_FIRST: u32 = 16;
const NEAREST_NEIGHBOUR: u32 = 32;

/// Bounds of the coder; HDF5 allows 32 pixels a block and 4,096 a scan line.
const MAX_BLOCK: usize = 64;
const MAX_LINE: usize = 1 << 18;
/// A zero-block run code that stands for "the rest of the segment".
const REST_OF_SEGMENT: u32 = 4;
/// Blocks per segment.
const SEGMENT: usize = 64;
/// Largest code of a pair of small samples (second extension option).
const MAX_PAIR_CODE: u32 = 90;

/// Undoes the filter. Client data: options mask, pixels per block, bits per pixel, pixels per scan line.
pub(crate) fn decode(words: &[u32], data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let &[mask, block, pixel_bits, line, ..] = words else { return Err(Fault::corrupt("too few client data words")) };
    let (block, line) = (to_usize(block)?, to_usize(line)?);
    let mut input = Cursor::new(data);
    let total = input.len_le()?;
    if total > limit {
        return Err(Fault::TooLarge);
    }
    if block == 0 || block > MAX_BLOCK || line == 0 || line > MAX_LINE {
        return Err(Fault::corrupt("pixels per block or scan line"));
    }
    let planes = match pixel_bits {
        32 => 4,
        64 => 8,
        1..=24 => 1,
        _ => return Err(Fault::corrupt("bits per pixel")),
    };
    let bits = if planes == 1 { pixel_bits } else { 8 };
    let format = Format {
        bits,
        id_bits: if bits > 16 {
            5
        } else if bits > 8 {
            4
        } else {
            3
        },
        bytes: if bits > 16 {
            4
        } else if bits > 8 {
            2
        } else {
            1
        },
        big_endian: mask & MSB_FIRST != 0,
        predicted: mask & NEAREST_NEIGHBOUR != 0,
        block,
        blocks: line.div_ceil(block),
        line,
    };
    if total % format.bytes != 0 || total % planes != 0 {
        return Err(Fault::corrupt("the decoded size is no multiple of the pixel"));
    }
    let out = format.decode(input.rest(), total)?;
    Ok(if planes > 1 { unshuffle(&out, planes) } else { out })
}

struct Format {
    /// Bits per sample.
    bits: u32,
    /// Bits of a block's option id.
    id_bits: u32,
    /// Bytes per sample in the output.
    bytes: usize,
    big_endian: bool,
    /// Samples are differences to the one before, folded to non-negative numbers.
    predicted: bool,
    /// Samples per block.
    block: usize,
    /// Blocks per scan line.
    blocks: usize,
    /// Samples per scan line, without padding.
    line: usize,
}

impl Format {
    fn decode(&self, data: &[u8], total: usize) -> Result<Vec<u8>, Fault> {
        let mut bits = BitReader::new(data);
        let mut out = Vec::with_capacity(total.min(data.len().saturating_mul(64)));
        let mut samples = Vec::new();
        while out.len() < total {
            let wanted = self.line.min((total - out.len()) / self.bytes);
            self.decode_line(&mut bits, &mut samples, wanted)?;
            let line = samples.get(..wanted).ok_or(Fault::truncated())?;
            match (self.bytes, self.big_endian) {
                (1, _) => out.extend(line.iter().map(|s| s.to_le_bytes()[0])),
                (2, false) => out.extend(line.iter().flat_map(|s| low_half(*s).to_le_bytes())),
                (2, true) => out.extend(line.iter().flat_map(|s| low_half(*s).to_be_bytes())),
                (_, false) => out.extend(line.iter().flat_map(|s| s.to_le_bytes())),
                (_, true) => out.extend(line.iter().flat_map(|s| s.to_be_bytes())),
            }
        }
        Ok(out)
    }

    /// Decodes a scan line, or as many blocks of it as hold the first `wanted` samples.
    fn decode_line(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>, wanted: usize) -> Result<(), Fault> {
        samples.clear();
        while samples.len() < wanted {
            let reference = usize::from(self.predicted && samples.is_empty());
            let id = bits.bits32(self.id_bits)?;
            if id == (1 << self.id_bits) - 1 {
                for _ in 0..self.block {
                    samples.push(bits.bits32(self.bits)?);
                }
                continue;
            }
            let low_entropy = id == 0;
            let pairs = low_entropy && bits.bit()?;
            if reference == 1 {
                samples.push(bits.bits32(self.bits)?);
            }
            if pairs {
                self.pair_block(bits, samples, reference)?;
            } else if low_entropy {
                self.zero_blocks(bits, samples, reference)?;
            } else {
                self.split_block(bits, samples, self.block - reference, id - 1)?;
            }
        }
        if self.predicted {
            self.integrate(samples);
        }
        Ok(())
    }

    /// Sample splitting: all high parts in unary, then all `k` low bits.
    fn split_block(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>, n: usize, k: u32) -> Result<(), Fault> {
        let start = samples.len();
        for _ in 0..n {
            samples.push(bits.unary()?.checked_shl(k).unwrap_or(0));
        }
        if k > 0 {
            for sample in samples.iter_mut().skip(start) {
                *sample = sample.wrapping_add(bits.bits32(k)?);
            }
        }
        Ok(())
    }

    /// Second extension: two small samples in one unary code, their sum and the second enumerated along diagonals.
    fn pair_block(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>, reference: usize) -> Result<(), Fault> {
        let mut at = reference;
        while at < self.block {
            let code = bits.unary()?;
            if code > MAX_PAIR_CODE {
                return Err(Fault::corrupt("pair code out of range"));
            }
            let mut sum = 0;
            let mut first_of_sum = 0;
            while first_of_sum + sum < code {
                sum += 1;
                first_of_sum += sum;
            }
            let second = code - first_of_sum;
            // The reference sample takes the place of the first half of the first pair.
            if at.is_multiple_of(2) {
                samples.push(sum - second);
                at += 1;
            }
            samples.push(second);
            at += 1;
        }
        Ok(())
    }

    fn zero_blocks(&self, bits: &mut BitReader<'_>, samples: &mut Vec<u32>, reference: usize) -> Result<(), Fault> {
        let done = samples.len() / self.block;
        let left = self.blocks.saturating_sub(done);
        let run = match bits.unary()? {
            REST_OF_SEGMENT => left.min(SEGMENT - done % SEGMENT),
            code if code > REST_OF_SEGMENT => to_usize(code)?,
            code => to_usize(code)? + 1,
        };
        if run > left {
            return Err(Fault::corrupt("a run of zero blocks leaves the scan line"));
        }
        samples.resize(samples.len() + run * self.block - reference, 0);
        Ok(())
    }

    /// Turns folded differences back into samples (unsigned nearest-neighbour prediction).
    fn integrate(&self, samples: &mut [u32]) {
        let max = u32::MAX >> (32 - self.bits);
        let high_half = 1_u32 << (self.bits - 1);
        let mut iter = samples.iter_mut();
        let Some(&mut mut value) = iter.next() else { return };
        for sample in iter {
            let delta = *sample;
            // Room to the nearer end of the range; up to it differences alternate in sign.
            let mirror = if value & high_half == 0 { 0 } else { max };
            let half = (delta >> 1) + (delta & 1);
            value = if half <= mirror ^ value {
                let magnitude = delta >> 1;
                value.wrapping_add(if delta & 1 == 1 { !magnitude } else { magnitude })
            } else {
                mirror ^ delta
            } & max;
            *sample = value;
        }
    }
}

const fn low_half(sample: u32) -> u16 {
    let [a, b, ..] = sample.to_le_bytes();
    u16::from_le_bytes([a, b])
}
