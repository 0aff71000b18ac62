//! The raw Snappy format, as Blosc may contain it.

use super::Fault;
use super::cursor::{Cursor, to_usize};
use super::output::Output;

/// Decompresses a raw Snappy stream to at most `limit` bytes.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Cursor::new(data);
    let total = varint(&mut input)?;
    let mut out = Output::new(limit, total.min(data.len().saturating_mul(32)));
    while !input.is_empty() {
        let tag = usize::from(input.u8()?);
        let upper = tag >> 2;
        match tag & 3 {
            0 => {
                let len = if upper < 60 { upper } else { little_endian(&mut input, upper - 59)? };
                out.extend(input.take(len.saturating_add(1))?)?;
            }
            1 => {
                let distance = (tag >> 5) << 8 | usize::from(input.u8()?);
                out.copy_back(distance, (upper & 7) + 4)?;
            }
            wide => {
                let distance = little_endian(&mut input, if wide == 2 { 2 } else { 4 })?;
                out.copy_back(distance, upper + 1)?;
            }
        }
    }
    if out.len() != total {
        return Err(Fault::corrupt("a Snappy block is not of its declared length"));
    }
    Ok(out.into_bytes())
}

fn little_endian(input: &mut Cursor<'_>, bytes: usize) -> Result<usize, Fault> {
    let value = input.take(bytes)?.iter().rev().fold(0_u32, |v, &b| v << 8 | u32::from(b));
    to_usize(value)
}

fn varint(input: &mut Cursor<'_>) -> Result<usize, Fault> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = input.u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return to_usize(value);
        }
    }
    Err(Fault::corrupt("the Snappy length is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_both_copies() {
        // 17 bytes: "abcd", copy 8 back 4 (1-byte offset), "z", copy 4 back 1 (2-byte offset).
        let data = [17, 3 << 2, b'a', b'b', b'c', b'd', 4 << 2 | 1, 4, 0, b'z', 3 << 2 | 2, 1, 0];
        assert_eq!(decode(&data, 17).unwrap(), b"abcdabcdabcdzzzzz");
        assert_eq!(decode(&data, 16), Err(Fault::TooLarge));
        assert!(decode(&data[..9], 17).is_err());
    }
}
