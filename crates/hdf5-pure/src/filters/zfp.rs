//! Filter 32013, ZFP, as H5Z-ZFP writes it: the chunk is a bare zfp stream (codec version 5), its header is in the
//! client data from word 1 on: "zfp" and the version, 52 bits of type and shape, 12 or 64 bits of mode.
//!
//! The array is cut into blocks of 4^d values. Each block: a common exponent, a decorrelating transform in integers,
//! and the bit planes of the coefficients (negabinary, most significant first) with group tests. All bits are least
//! significant first.

use super::Fault;
use super::cursor::to_usize;
use super::zfp_order::{ORDER_1, ORDER_2, ORDER_3, ORDER_4};

/// Words "z", "f", "p", 5.
const MAGIC: u32 = 0x0570_667a;
/// Most bits a block can take.
const MAX_BITS: u32 = 16_658;
/// Smallest exponent of a double; one less stands for lossless coding.
const MIN_EXP: i32 = -1074;
const MAX_PRECISION: u32 = 64;

/// Undoes the filter.
///
/// The stream is the same on every machine. A big-endian one reads the words of the header from the same bytes in its own
/// order, though, and hands out elements in it: the datatype says so, too.
pub(crate) fn decode(words: &[u32], data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let words = words.get(1..).unwrap_or_default();
    if words.first() != Some(&MAGIC.swap_bytes()) {
        return decode_native(words, data, limit);
    }
    let words: Vec<u32> = words.iter().map(|word| word.swap_bytes()).collect();
    let mut out = decode_native(&words, data, limit)?;
    let size = Header::read(&words)?.element_size();
    out.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    Ok(out)
}

/// The elements in little-endian order.
fn decode_native(words: &[u32], data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let header = Header::read(words)?;
    let values = header.shape.iter().try_fold(1_usize, |n, &m| n.checked_mul(m)).ok_or(Fault::TooLarge)?;
    let total = values.checked_mul(header.element_size()).filter(|&n| n <= limit).ok_or(Fault::TooLarge)?;
    // Every block takes at least one bit.
    let blocks = header.shape.iter().fold(1_usize, |n, m| n.saturating_mul(m.div_ceil(4)));
    if blocks > data.len().saturating_mul(8) {
        return Err(Fault::truncated());
    }
    let mut out = vec![0; total];
    match header.kind {
        0 => header.blocks::<i32>(data, &mut out, Header::integers)?,
        1 => header.blocks::<i64>(data, &mut out, Header::integers)?,
        2 => header.blocks::<i32>(data, &mut out, Header::floats)?,
        _ => header.blocks::<i64>(data, &mut out, Header::floats)?,
    }
    Ok(out)
}

/// The stream's header.
struct Header {
    /// 0, 1: 32- and 64-bit integers; 2, 3: 32- and 64-bit floating point.
    kind: u32,
    dims: u32,
    /// Extents, fastest first; unused ones are 1.
    shape: [usize; 4],
    min_bits: u32,
    max_bits: u32,
    max_precision: u32,
    min_exponent: i32,
}

impl Header {
    fn read(words: &[u32]) -> Result<Self, Fault> {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let mut bits = Bits::new(&bytes);
        if bits.read(32)? != u64::from(MAGIC) {
            return Err(Fault::Unsupported("another version of the codec"));
        }
        let kind = low32(bits.read(2)?);
        let dims = low32(bits.read(2)?) + 1;
        let mut shape = [1_usize; 4];
        let width = 48 / dims;
        for extent in shape.iter_mut().take(dims as usize) {
            *extent = to_usize(bits.read(width)?)?.saturating_add(1);
        }
        let mut header = Self {
            kind,
            dims,
            shape,
            min_bits: 1,
            max_bits: MAX_BITS,
            max_precision: MAX_PRECISION,
            min_exponent: MIN_EXP,
        };
        header.read_mode(&mut bits)?;
        Ok(header)
    }

    fn read_mode(&mut self, bits: &mut Bits<'_>) -> Result<(), Fault> {
        match low32(bits.read(12)?) {
            rate @ 0..2048 => (self.min_bits, self.max_bits) = (rate + 1, rate + 1),
            precision @ 2048..2176 => self.max_precision = precision - 2047,
            2176 => self.min_exponent = MIN_EXP - 1,
            accuracy @ 2177..4095 => self.min_exponent = low32(u64::from(accuracy)).cast_signed() - 2177 + MIN_EXP,
            _ => {
                self.min_bits = low32(bits.read(15)?) + 1;
                self.max_bits = low32(bits.read(15)?) + 1;
                self.max_precision = low32(bits.read(7)?) + 1;
                self.min_exponent = low32(bits.read(15)?).cast_signed() - 16_495;
            }
        }
        Ok(())
    }

    const fn element_size(&self) -> usize {
        if self.kind & 1 == 0 { 4 } else { 8 }
    }

    const fn lossless(&self) -> bool {
        self.min_exponent < MIN_EXP
    }

    fn order(&self) -> &'static [u8] {
        match self.dims {
            1 => &ORDER_1,
            2 => &ORDER_2,
            3 => &ORDER_3,
            _ => &ORDER_4,
        }
    }

    /// Decodes all blocks with `one` and scatters their values; blocks at the upper edges are partly padding.
    fn blocks<L: Lane>(
        &self,
        data: &[u8],
        out: &mut [u8],
        one: impl Fn(&Self, &mut Bits<'_>, &mut [L]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut bits = Bits::new(data);
        let mut store = [L::default(); 256];
        let block = store.get_mut(..self.order().len()).unwrap_or_default();
        let [nx, ny, nz, nw] = self.shape;
        for w in (0..nw).step_by(4) {
            for z in (0..nz).step_by(4) {
                for y in (0..ny).step_by(4) {
                    for x in (0..nx).step_by(4) {
                        one(self, &mut bits, block)?;
                        self.scatter(block, [x, y, z, w], out);
                    }
                }
            }
        }
        Ok(())
    }

    fn scatter<L: Lane>(&self, block: &[L], [x, y, z, w]: [usize; 4], out: &mut [u8]) {
        let [nx, ny, nz, nw] = self.shape;
        let width = (nx - x).min(4);
        for (line, values) in block.chunks_exact(4).enumerate() {
            let (y, z, w) = (y + line % 4, z + line / 4 % 4, w + line / 16);
            if y >= ny || z >= nz || w >= nw {
                continue;
            }
            let start = (x + nx * (y + ny * (z + nz * w))) * L::BYTES;
            let to = out.get_mut(start..).unwrap_or_default();
            for (bytes, value) in to.chunks_exact_mut(L::BYTES).zip(values.iter().take(width)) {
                value.store(bytes);
            }
        }
    }

    /// A block of an integer array.
    fn integers<L: Lane>(&self, bits: &mut Bits<'_>, block: &mut [L]) -> Result<(), Fault> {
        self.coefficients(bits, 0, self.max_precision, block)
    }

    /// A block of a floating-point array; the values are left as bit patterns.
    fn floats<L: Lane>(&self, bits: &mut Bits<'_>, block: &mut [L]) -> Result<(), Fault> {
        if bits.read(1)? == 0 {
            block.fill(L::default());
            bits.skip(self.min_bits.saturating_sub(1));
            return Ok(());
        }
        let mut used = 1;
        // Lossless blocks whose values do not survive a common exponent hold the values' own bits.
        if self.lossless() {
            used += 1;
            if bits.read(1)? == 1 {
                self.coefficients(bits, used, self.max_precision, block)?;
                block.iter_mut().for_each(|value| *value = value.sign_magnitude());
                return Ok(());
            }
        }
        let exponent = low32(bits.read(L::EXPONENT_BITS)?).cast_signed() - L::EXPONENT_BIAS;
        used += L::EXPONENT_BITS;
        let needed = exponent.saturating_sub(self.min_exponent).saturating_add(2 * self.dims.cast_signed() + 2);
        let precision = self.max_precision.min(u32::try_from(needed).unwrap_or(0));
        self.coefficients(bits, used, precision, block)?;
        block.iter_mut().for_each(|value| *value = value.scaled(exponent));
        Ok(())
    }

    /// Bit planes, then the inverse transform. `used` bits of the block's budget are gone.
    fn coefficients<L: Lane>(
        &self,
        bits: &mut Bits<'_>,
        mut used: u32,
        precision: u32,
        block: &mut [L],
    ) -> Result<(), Fault> {
        let mut planes = [0_u64; 256];
        let planes = planes.get_mut(..block.len()).unwrap_or_default();
        let mut precision = precision;
        if self.lossless() {
            used += L::PRECISION_BITS;
            precision = low32(bits.read(L::PRECISION_BITS)?) + 1;
        }
        used += read_planes(bits, self.max_bits.saturating_sub(used), precision, L::BITS, planes)?;
        bits.skip(self.min_bits.saturating_sub(used));
        for (&place, &plane) in self.order().iter().zip(planes.iter()) {
            if let Some(value) = block.get_mut(usize::from(place)) {
                *value = L::from_negabinary(plane);
            }
        }
        let lift = if self.lossless() { lift_lossless::<L> } else { lift::<L> };
        for axis in (0..self.dims).rev() {
            along_axis(block, 1 << (2 * axis), lift);
        }
        Ok(())
    }
}

/// Embedded coding: of each bit plane the first `n` bits verbatim, `n` growing with every value that has shown a bit, the
/// rest by group tests. Returns the number of bits read, at most `budget`.
fn read_planes(bits: &mut Bits<'_>, budget: u32, precision: u32, width: u32, planes: &mut [u64]) -> Result<u32, Fault> {
    let last = width.saturating_sub(precision);
    let mut left = budget;
    let mut known = 0_usize;
    let mut plane = width;
    while left > 0 && plane > last {
        plane -= 1;
        let verbatim = known.min(left as usize);
        left -= u32::try_from(verbatim).unwrap_or(left);
        for part in planes.get_mut(..verbatim).unwrap_or_default().chunks_mut(32) {
            let mut word = bits.read(u32::try_from(part.len()).unwrap_or(0))?;
            for value in part {
                *value |= (word & 1) << plane;
                word >>= 1;
            }
        }
        while known < planes.len() && left > 0 {
            left -= 1;
            if bits.read(1)? == 0 {
                break;
            }
            while known + 1 < planes.len() && left > 0 {
                left -= 1;
                if bits.read(1)? == 1 {
                    break;
                }
                known += 1;
            }
            if let Some(value) = planes.get_mut(known) {
                *value |= 1 << plane;
            }
            known += 1;
        }
    }
    Ok(budget - left)
}

/// Applies a transform to every line of four values along one axis of the block.
fn along_axis<L: Lane>(block: &mut [L], stride: usize, lift: fn([L; 4]) -> [L; 4]) {
    for group in block.chunks_exact_mut(4 * stride) {
        let (low, high) = group.split_at_mut(2 * stride);
        let ((a, b), (c, d)) = (low.split_at_mut(stride), high.split_at_mut(stride));
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            [*a, *b, *c, *d] = lift([*a, *b, *c, *d]);
        }
    }
}

/// Inverse of zfp's decorrelating transform.
fn lift<L: Lane>([mut x, mut y, mut z, mut w]: [L; 4]) -> [L; 4] {
    y = y.plus(w.half());
    w = w.minus(y.half());
    y = y.plus(w);
    w = w.plus(w).minus(y);
    z = z.plus(x);
    x = x.plus(x).minus(z);
    y = y.plus(z);
    z = z.plus(z).minus(y);
    w = w.plus(x);
    x = x.plus(x).minus(w);
    [x, y, z, w]
}

/// Inverse of the lossless one: three rounds of running sums.
fn lift_lossless<L: Lane>([x, mut y, mut z, mut w]: [L; 4]) -> [L; 4] {
    w = w.plus(z);
    z = z.plus(y);
    w = w.plus(z);
    y = y.plus(x);
    z = z.plus(y);
    w = w.plus(z);
    [x, y, z, w]
}

/// The signed integers in which a block is computed, and the floating-point type of the same size.
trait Lane: Copy + Default {
    const BYTES: usize;
    const BITS: u32;
    const EXPONENT_BITS: u32;
    const EXPONENT_BIAS: i32;
    /// Bits that hold the precision of a lossless block.
    const PRECISION_BITS: u32;
    fn from_negabinary(value: u64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn half(self) -> Self;
    /// The bit pattern of the float whose two's complement order this is.
    fn sign_magnitude(self) -> Self;
    /// The bit pattern of this times `2^(exponent - BITS + 2)`.
    fn scaled(self, exponent: i32) -> Self;
    fn store(self, bytes: &mut [u8]);
}

macro_rules! lane {
    ($int:ty, $uint:ty, $float:ty, $mantissa:literal, $exponent_bits:literal, $bias:literal, $precision_bits:literal) => {
        impl Lane for $int {
            const BYTES: usize = size_of::<$int>();
            const BITS: u32 = <$int>::BITS;
            const EXPONENT_BITS: u32 = $exponent_bits;
            const EXPONENT_BIAS: i32 = $bias;
            const PRECISION_BITS: u32 = $precision_bits;

            fn from_negabinary(value: u64) -> Self {
                const MASK: $uint = <$uint>::MAX / 3 * 2;
                let low = value.to_le_bytes().first_chunk().map_or(0, |bytes| <$uint>::from_le_bytes(*bytes));
                (low ^ MASK).wrapping_sub(MASK).cast_signed()
            }

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            fn half(self) -> Self {
                self >> 1
            }

            fn sign_magnitude(self) -> Self {
                if self < 0 { self ^ <$int>::MAX } else { self }
            }

            fn scaled(self, exponent: i32) -> Self {
                // The format converts to the float type, rounding, before it scales.
                // A power of two from its bits: normal, subnormal, or too small.
                let power = exponent - (<$int>::BITS.cast_signed() - 2);
                let factor = if power >= 1 - $bias {
                    <$float>::from_bits(((power + $bias).cast_unsigned() as $uint) << $mantissa)
                } else {
                    let shift = u32::try_from(power + $bias - 1 + $mantissa).ok();
                    <$float>::from_bits(shift.and_then(|s| <$uint>::checked_shl(1, s)).unwrap_or(0))
                };
                (factor * self as $float).to_bits().cast_signed()
            }

            fn store(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    };
}

lane!(i32, u32, f32, 23, 8, 127, 5);
lane!(i64, u64, f64, 52, 11, 1023, 6);

/// Bits of a stream, least significant first.
struct Bits<'a> {
    data: &'a [u8],
    /// Position in bits.
    at: usize,
}

impl<'a> Bits<'a> {
    const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The next `n` bits (at most 56), the first one lowest.
    fn read(&mut self, n: u32) -> Result<u64, Fault> {
        let (byte, shift) = (self.at / 8, self.at % 8);
        let end = self.at + n as usize;
        if end > self.data.len() * 8 {
            return Err(Fault::truncated());
        }
        let rest = self.data.get(byte..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => rest.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b)),
        };
        self.at = end;
        Ok(word >> shift & ((1 << n) - 1))
    }

    /// Passes over padding; it may be cut off at the end of the stream.
    const fn skip(&mut self, n: u32) {
        self.at = self.at.saturating_add(n as usize);
    }
}

/// The low half of a word of at most 32 significant bits.
#[expect(clippy::cast_possible_truncation, reason = "callers read at most 32 bits")]
const fn low32(value: u64) -> u32 {
    value as u32
}
