//! Filter 5, n-bit: only the significant bits of every element, most significant first, without gaps.
//!
//! Client data: word count, "stored as is" flag, element count, then the datatype as a tree: 1 = atomic (size, byte
//! order, precision, offset), 2 = array (size, base), 3 = compound (size, member count, then offset and type of each),
//! 4 = bytes kept whole (size).

use std::borrow::Cow;

use super::Fault;
use super::bit_reader::BitReader;
use super::cursor::to_usize;

/// Nesting of arrays and compounds beyond which client data are taken for damaged.
const MAX_DEPTH: u32 = 32;

/// What of one element is in the bit stream.
enum Kind {
    Atomic(Atomic),
    Array { base: Box<Kind>, base_size: usize, count: usize },
    Compound(Vec<(usize, Kind)>),
    Whole,
}

/// A number of `precision` bits at `offset`, the rest of its `size` bytes being zero.
struct Atomic {
    big_endian: bool,
    precision: u32,
    offset: u32,
}

/// Undoes the filter.
pub(crate) fn decode<'a>(
    words: &[u32],
    data: Cow<'a, [u8]>,
    limit: usize,
    element_size: usize,
) -> Result<Cow<'a, [u8]>, Fault> {
    let [_, stored_as_is, count, tree @ ..] = words else { return Err(Fault::corrupt("too few client data words")) };
    if *stored_as_is != 0 {
        return Ok(data);
    }
    let (kind, size) = Parser { words: tree }.kind(0)?;
    if element_size != 0 && size != element_size {
        return Err(Fault::corrupt("element size differs from the datatype's"));
    }
    // Every element takes at least one bit, so the element count is bounded by the input.
    let count = to_usize(*count)?;
    if count > data.len().saturating_mul(8) {
        return Err(Fault::truncated());
    }
    let total = count.checked_mul(size).filter(|&n| n <= limit).ok_or(Fault::TooLarge)?;
    let mut out = vec![0; total];
    let mut bits = BitReader::new(&data);
    for element in out.chunks_exact_mut(size) {
        unpack(&kind, &mut bits, element)?;
    }
    Ok(Cow::Owned(out))
}

struct Parser<'a> {
    words: &'a [u32],
}

impl Parser<'_> {
    fn word(&mut self) -> Result<u32, Fault> {
        let (&word, rest) = self.words.split_first().ok_or(Fault::corrupt("the datatype ends early"))?;
        self.words = rest;
        Ok(word)
    }

    fn size(&mut self) -> Result<usize, Fault> {
        match to_usize(self.word()?)? {
            0 => Err(Fault::corrupt("a size of zero")),
            size => Ok(size),
        }
    }

    /// The next type and its size in bytes.
    fn kind(&mut self, depth: u32) -> Result<(Kind, usize), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::corrupt("types nest too deeply"));
        }
        let class = self.word()?;
        let size = self.size()?;
        let kind = match class {
            1 => Kind::Atomic(self.atomic(size)?),
            2 => {
                let (base, base_size) = self.kind(depth + 1)?;
                // Whole bytes declare their size again; the array's counts.
                match base {
                    Kind::Whole => Kind::Whole,
                    base if size % base_size == 0 => {
                        Kind::Array { base: Box::new(base), base_size, count: size / base_size }
                    }
                    _ => return Err(Fault::corrupt("an array is no multiple of its element")),
                }
            }
            3 => self.compound(size, depth)?,
            4 => Kind::Whole,
            _ => return Err(Fault::corrupt("unknown type class")),
        };
        Ok((kind, size))
    }

    fn atomic(&mut self, size: usize) -> Result<Atomic, Fault> {
        let big_endian = match self.word()? {
            0 => false,
            1 => true,
            _ => return Err(Fault::corrupt("unknown byte order")),
        };
        let (precision, offset) = (self.word()?, self.word()?);
        let fits = u64::from(precision) + u64::from(offset) <= size as u64 * 8;
        if precision == 0 || !fits {
            return Err(Fault::corrupt("precision does not fit the type"));
        }
        Ok(Atomic { big_endian, precision, offset })
    }

    fn compound(&mut self, size: usize, depth: u32) -> Result<Kind, Fault> {
        let count = to_usize(self.word()?)?;
        let mut members = Vec::new();
        for _ in 0..count {
            let offset = to_usize(self.word()?)?;
            let (kind, member_size) = self.kind(depth + 1)?;
            if offset.checked_add(member_size).is_none_or(|end| end > size) {
                return Err(Fault::corrupt("a member lies outside its compound"));
            }
            // The slice of a member is cut when unpacking; its length is remembered through the kind.
            members.push((offset, Kind::sized(kind, member_size)));
        }
        if members.is_empty() {
            return Err(Fault::corrupt("a compound without members"));
        }
        Ok(Kind::Compound(members))
    }
}

impl Kind {
    /// A member as an array of one, so that unpacking knows its length.
    fn sized(kind: Self, size: usize) -> Self {
        match kind {
            Self::Array { .. } => kind,
            other => Self::Array { base: Box::new(other), base_size: size, count: 1 },
        }
    }
}

/// Fills `out`, one value of the given kind, from the bit stream.
fn unpack(kind: &Kind, bits: &mut BitReader<'_>, out: &mut [u8]) -> Result<(), Fault> {
    match kind {
        Kind::Atomic(atomic) => unpack_atomic(atomic, bits, out),
        Kind::Array { base, base_size, count } => {
            for element in out.chunks_exact_mut(*base_size).take(*count) {
                unpack(base, bits, element)?;
            }
            Ok(())
        }
        Kind::Compound(members) => {
            for (offset, member) in members {
                unpack(member, bits, out.get_mut(*offset..).unwrap_or_default())?;
            }
            Ok(())
        }
        Kind::Whole => {
            for byte in out {
                *byte = u8::try_from(bits.bits(8)?).unwrap_or(0);
            }
            Ok(())
        }
    }
}

fn unpack_atomic(atomic: &Atomic, bits: &mut BitReader<'_>, out: &mut [u8]) -> Result<(), Fault> {
    if out.len() <= 8 {
        let value = bits.bits64(atomic.precision)?.checked_shl(atomic.offset).unwrap_or(0);
        if atomic.big_endian {
            let start = 8 - out.len();
            out.copy_from_slice(value.to_be_bytes().get(start..).unwrap_or_default());
        } else {
            let end = out.len();
            out.copy_from_slice(value.to_le_bytes().get(..end).unwrap_or_default());
        }
        return Ok(());
    }
    // Wider than a word: bit by bit, from the most significant one down.
    let len = out.len();
    out.fill(0);
    for place in (atomic.offset..atomic.offset + atomic.precision).rev() {
        let significance = (place / 8) as usize;
        let at = if atomic.big_endian { len - 1 - significance } else { significance };
        if bits.bit()?
            && let Some(byte) = out.get_mut(at)
        {
            *byte |= 1 << (place % 8);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_bits_in_either_byte_order() {
        // Two 12-bit numbers at offset 2: 0xabc and 0x123.
        let data: &[u8] = &[0xab, 0xc1, 0x23];
        let le = decode(&[8, 0, 2, 1, 2, 0, 12, 2], Cow::Borrowed(data), 4, 2).unwrap();
        assert_eq!(
            le,
            (0xabc_u16 << 2).to_le_bytes().into_iter().chain((0x123_u16 << 2).to_le_bytes()).collect::<Vec<_>>()
        );
        let be = decode(&[8, 0, 2, 1, 2, 1, 12, 2], Cow::Borrowed(data), 4, 2).unwrap();
        assert_eq!(
            be,
            (0xabc_u16 << 2).to_be_bytes().into_iter().chain((0x123_u16 << 2).to_be_bytes()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn sixteen_byte_numbers() {
        let data: Vec<u8> = (1..=10).collect();
        let le = decode(&[8, 0, 1, 1, 16, 0, 80, 8], Cow::Borrowed(&data), 16, 16).unwrap();
        let mut want = vec![0; 16];
        for (i, byte) in data.iter().rev().enumerate() {
            want[1 + i] = *byte;
        }
        assert_eq!(le, want);
    }

    #[test]
    fn damaged_client_data_are_refused() {
        let all: &[u8] = &[0xff; 64];
        for words in [
            &[][..],
            &[8, 0, 1, 1, 4, 0, 33, 0],
            &[8, 0, 1, 1, 4, 0, 30, 3],
            &[8, 0, 1, 1, 4, 2, 30, 0],
            &[8, 0, 1, 1, 0, 0, 1, 0],
            &[8, 0, 1, 1, 4, 0, 0, 0],
            &[8, 0, 1, 3, 4, 1, 2, 1, 4, 0, 8, 0],
            &[8, 0, 1, 3, 4, 0],
            &[8, 0, 600, 1, 4, 0, 8, 0],
        ] {
            assert!(decode(words, Cow::Borrowed(all), 1 << 20, 0).is_err(), "{words:?}");
        }
        let deep: Vec<u32> = [8, 0, 1].into_iter().chain([2, 4].repeat(1000)).collect();
        assert!(decode(&deep, Cow::Borrowed(all), 1 << 20, 0).is_err());
        assert_eq!(decode(&[8, 0, 60, 1, 4, 0, 1, 0], Cow::Borrowed(all), 100, 0), Err(Fault::TooLarge));
    }
}
