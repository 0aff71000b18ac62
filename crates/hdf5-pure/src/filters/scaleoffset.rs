//! Filter 6, scale-offset: integers less their minimum in as few bits as they need; floating point scaled to such
//! integers by a power of ten (D-scaling). All bits set stand for the fill value, if one is defined.
//!
//! Chunk: u32 bits per element, u8 size of the minimum, the minimum (up to 8 bytes), data from byte 21 on.

use std::borrow::Cow;

use super::Fault;
use super::bit_reader::BitReader;
use super::cursor::to_usize;

/// Where the packed elements begin.
const DATA_OFFSET: usize = 21;
/// Number of client data words the library writes and demands.
const WORDS: usize = 20;

/// The client data, words 0-7; the fill value follows, least significant word first.
struct Params {
    scale_type: u32,
    scale_factor: u32,
    count: usize,
    float: bool,
    size: usize,
    big_endian: bool,
    fill: Option<u64>,
}

/// The stored chunk header.
struct Packed<'a> {
    bits: u32,
    minimum: u64,
    data: &'a [u8],
}

/// Undoes the filter.
pub(crate) fn decode<'a>(
    words: &[u32],
    data: Cow<'a, [u8]>,
    limit: usize,
    element_size: usize,
) -> Result<Cow<'a, [u8]>, Fault> {
    let params = Params::read(words)?;
    if element_size != 0 && params.size != element_size {
        return Err(Fault::corrupt("element size differs from the datatype's"));
    }
    let full = u32::try_from(params.size * 8).unwrap_or(u32::MAX);
    // Asked to keep all bits of an integer, the filter leaves the chunk alone.
    if params.scale_type == 2 && params.scale_factor == full {
        return Ok(data);
    }
    let packed = Packed::read(&data)?;
    if packed.bits > full {
        return Err(Fault::corrupt("more bits than the type has"));
    }
    let total = params.count.checked_mul(params.size).filter(|&n| n <= limit).ok_or(Fault::TooLarge)?;
    if packed.bits == full {
        let mut out = packed.data.get(..total).ok_or(Fault::truncated())?.to_vec();
        if params.big_endian {
            out.chunks_exact_mut(params.size).for_each(<[u8]>::reverse);
        }
        return Ok(Cow::Owned(out));
    }
    let bits_needed = (params.count as u64).saturating_mul(u64::from(packed.bits));
    if bits_needed > (packed.data.len() as u64).saturating_mul(8) {
        return Err(Fault::truncated());
    }
    let mut out = vec![0; total];
    unpack(&params, &packed, &mut out)?;
    Ok(Cow::Owned(out))
}

fn unpack(params: &Params, packed: &Packed<'_>, out: &mut [u8]) -> Result<(), Fault> {
    let fill_code = (1_u64 << packed.bits.min(63)) - 1;
    let scale = Scale::new(params, packed.minimum)?;
    let mut bits = BitReader::new(packed.data);
    for element in out.chunks_exact_mut(params.size) {
        let code = bits.bits64(packed.bits)?;
        let value = match params.fill {
            Some(fill) if code == fill_code => fill,
            _ => scale.value(code),
        };
        let bytes = value.to_le_bytes();
        element.copy_from_slice(bytes.get(..params.size).unwrap_or_default());
        if params.big_endian {
            element.reverse();
        }
    }
    Ok(())
}

/// How a code becomes a value.
enum Scale {
    Integer { minimum: u64 },
    Single { minimum: f32, factor: f32 },
    Double { minimum: f64, factor: f64 },
}

impl Scale {
    fn new(params: &Params, minimum: u64) -> Result<Self, Fault> {
        if !params.float {
            return Ok(Self::Integer { minimum });
        }
        // The decimal parser rounds correctly on every machine; a power function need not.
        let exponent = params.scale_factor.cast_signed();
        let text = format!("1e{exponent}");
        let bad = |_| Fault::corrupt("scale factor");
        Ok(if params.size == 4 {
            #[expect(clippy::cast_possible_truncation, reason = "a single keeps its bits in the low half")]
            let minimum = f32::from_bits(minimum as u32);
            Self::Single { minimum, factor: text.parse().map_err(bad)? }
        } else {
            Self::Double { minimum: f64::from_bits(minimum), factor: text.parse().map_err(bad)? }
        })
    }

    /// The bits of the value, in the low bytes.
    #[expect(clippy::cast_possible_truncation, reason = "codes of singles have at most 32 bits")]
    fn value(&self, code: u64) -> u64 {
        match self {
            Self::Integer { minimum } => code.wrapping_add(*minimum),
            Self::Single { minimum, factor } => {
                let scaled = (code as u32).cast_signed() as f32 / factor + minimum;
                u64::from(scaled.to_bits())
            }
            Self::Double { minimum, factor } => (code.cast_signed() as f64 / factor + minimum).to_bits(),
        }
    }
}

impl Params {
    fn read(words: &[u32]) -> Result<Self, Fault> {
        if words.len() != WORDS {
            return Err(Fault::corrupt("wrong number of client data words"));
        }
        let &[scale_type, scale_factor, count, class, size, _sign, order, fill_defined, fill_low, fill_high, ..] =
            words
        else {
            return Err(Fault::corrupt("wrong number of client data words"));
        };
        let size = to_usize(size)?;
        let float = match (class, size, scale_type) {
            (0, 1 | 2 | 4 | 8, 2) => false,
            (1, 4 | 8, 0) => true,
            (1, 4 | 8, 1) => return Err(Fault::Unsupported("E-scaling")),
            _ => return Err(Fault::corrupt("impossible datatype or scale type")),
        };
        let fill = u64::from(fill_high) << 32 | u64::from(fill_low);
        Ok(Self {
            scale_type,
            scale_factor,
            count: to_usize(count)?,
            float,
            size,
            big_endian: order == 1,
            fill: (fill_defined == 1).then_some(fill),
        })
    }
}

impl<'a> Packed<'a> {
    fn read(data: &'a [u8]) -> Result<Self, Fault> {
        let (header, data) = data.split_at_checked(DATA_OFFSET).ok_or(Fault::truncated())?;
        let [a, b, c, d, minimum_size, rest @ ..] = header else { return Err(Fault::truncated()) };
        let bytes = rest.iter().take(usize::from(*minimum_size).min(8));
        let minimum = bytes.rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        Ok(Self { bits: u32::from_le_bytes([*a, *b, *c, *d]), minimum, data })
    }
}
