//! Filter 305, LZO, as PyTables writes it: an LZO1X stream, then (since format 2.0 of its tables) the Adler-32 and the
//! length of the decoded bytes, both u32 little-endian.

use super::Fault;
use super::cursor::{Cursor, to_usize};
use super::output::Output;

/// Base of the farthest match class; a match at exactly this distance marks the end.
const FAR: usize = 16_384;
/// "State" after a literal run: the next short code means a distant match.
const AFTER_RUN: usize = 4;

/// Decompresses the stream and verifies the trailer, if there is one.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Cursor::new(data);
    let mut out = Output::new(limit, data.len().saturating_mul(4));
    // What the code before left: 0 = no literals, 1-3 = that many, 4 = a run.
    let mut state = 0;
    if let Some(&first) = data.first().filter(|&&b| b > 17) {
        input.u8()?;
        let run = usize::from(first) - 17;
        out.extend(input.take(run)?)?;
        state = run.min(AFTER_RUN);
    }
    loop {
        let code = usize::from(input.u8()?);
        let (len, distance, literals) = match code {
            0..16 if state == 0 => {
                let run = 3 + extended(code, 15, &mut input)?;
                out.extend(input.take(run)?)?;
                state = AFTER_RUN;
                continue;
            }
            0..16 => {
                let (base, len) = if state == AFTER_RUN { (2049, 3) } else { (1, 2) };
                (len, usize::from(input.u8()?) * 4 + (code >> 2) + base, code & 3)
            }
            16..32 => {
                let len = 2 + extended(code & 7, 7, &mut input)?;
                let word = little_endian(&mut input)?;
                let distance = FAR + ((code & 8) << 11) + (word >> 2);
                if distance == FAR {
                    break;
                }
                (len, distance, word & 3)
            }
            32..64 => {
                let len = 2 + extended(code & 31, 31, &mut input)?;
                let word = little_endian(&mut input)?;
                (len, (word >> 2) + 1, word & 3)
            }
            _ => {
                let len = if code < 128 { 3 + (code >> 5 & 1) } else { 5 + (code >> 5 & 3) };
                (len, usize::from(input.u8()?) * 8 + (code >> 2 & 7) + 1, code & 3)
            }
        };
        out.copy_back(distance, len)?;
        out.extend(input.take(literals)?)?;
        state = literals;
    }
    verify(input, out.into_bytes())
}

/// A length that does not fit its field: zero bytes stand for 255 each, the first other byte ends it.
fn extended(field: usize, full: usize, input: &mut Cursor<'_>) -> Result<usize, Fault> {
    if field != 0 {
        return Ok(field);
    }
    let mut len = full;
    loop {
        match input.u8()? {
            0 => len = len.saturating_add(255),
            last => return Ok(len.saturating_add(usize::from(last))),
        }
    }
}

fn little_endian(input: &mut Cursor<'_>) -> Result<usize, Fault> {
    Ok(usize::from(u16::from_le_bytes(input.array()?)))
}

fn verify(mut trailer: Cursor<'_>, out: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if trailer.is_empty() {
        return Ok(out);
    }
    let (sum, len) = (trailer.u32_le()?, to_usize(trailer.u32_le()?)?);
    if len != out.len() || sum != adler32(&out) {
        return Err(Fault::corrupt("checksum or length differs"));
    }
    Ok(out)
}

/// Adler-32 (RFC 1950).
fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1_u32, 0_u32);
    // 5,552 bytes are the most whose sums stay below 2^32.
    for block in data.chunks(5552) {
        for &byte in block {
            a += u32::from(byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adler_of_a_known_string() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn a_literal_run_a_match_and_the_end() {
        // 17 + 4 literals, match of 3 + 0 at distance 4 followed by one literal, end mark.
        let data = [21, b'a', b'b', b'c', b'd', 0b0100_1101, 0, b'!', 0x11, 0, 0];
        assert_eq!(decode(&data, 8).unwrap(), b"abcdabc!");
        assert_eq!(decode(&data, 7), Err(Fault::TooLarge));
        assert!(decode(&data[..9], 8).is_err());
    }
}
