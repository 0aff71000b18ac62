//! Filter 3, fletcher32: the chunk followed by its Fletcher checksum, little-endian.

use std::borrow::Cow;

use super::Fault;

/// Words whose weighted sum fits 32 bits: `BLOCK * (BLOCK + 1) / 2 * 0xffff < 2^32`.
const BLOCK: u32 = 256;

/// Verifies and removes the checksum.
pub(crate) fn decode(data: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, Fault> {
    let (body, stored) = data.split_last_chunk::<4>().ok_or(Fault::truncated())?;
    let (stored, sum, len) = (u32::from_le_bytes(*stored), checksum(body), body.len());
    if stored != sum && stored != byte_swapped_halves(sum) {
        return Err(Fault::Corrupt(format!("checksum is {sum:08x}, stored is {stored:08x}").into()));
    }
    Ok(match data {
        Cow::Borrowed(slice) => Cow::Borrowed(slice.get(..len).unwrap_or_default()),
        Cow::Owned(mut bytes) => {
            bytes.truncate(len);
            Cow::Owned(bytes)
        }
    })
}

/// HDF5 up to 1.6.2 summed words in the machine's byte order; such sums have the bytes of each half exchanged, and the
/// library still accepts them.
const fn byte_swapped_halves(sum: u32) -> u32 {
    (sum & 0x00ff_00ff) << 8 | (sum >> 8) & 0x00ff_00ff
}

/// Fletcher-32 over big-endian 16-bit words, a last odd byte being the high half of a word. Both sums are kept modulo
/// 65,535 in the one's-complement way: only an all-zero sum is 0, every other multiple is 65,535.
#[expect(clippy::cast_possible_truncation, reason = "folded sums have 16 bits")]
fn checksum(data: &[u8]) -> u32 {
    let (words, odd) = data.as_chunks::<2>();
    let (mut sum1, mut sum2) = (0_u64, 0_u64);
    for block in words.chunks(BLOCK as usize) {
        let (mut plain, mut weighted) = (0_u32, 0_u32);
        // The first of n words counts n times, the last once: BLOCK times and so on, less the words missing from the block.
        for (word, weight) in block.iter().zip((1..=BLOCK).rev()) {
            let word = u32::from(u16::from_be_bytes(*word));
            plain += word;
            weighted += word * weight;
        }
        let (len, missing) = (block.len() as u64, u64::from(BLOCK) - block.len() as u64);
        sum2 = fold(sum2 + sum1 * len + u64::from(weighted) - missing * u64::from(plain));
        sum1 = fold(sum1 + u64::from(plain));
    }
    if let [last] = odd {
        sum1 = fold(sum1 + (u64::from(*last) << 8));
        sum2 = fold(sum2 + sum1);
    }
    (sum2 as u32) << 16 | sum1 as u32
}

/// One's-complement reduction to 16 bits.
const fn fold(sum: u64) -> u64 {
    if sum == 0 { 0 } else { (sum - 1) % 0xffff + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        // Fletcher-32 of "abcde" and "abcdef" as big-endian words, worked out by hand from the definition.
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum(&[0; 9]), 0);
        assert_eq!(checksum(b"ab"), 0x6162_6162);
        assert_eq!(checksum(b"a"), 0x6100_6100);
        assert_eq!(checksum(b"abcd"), (0x6162_u32 * 2 + 0x6364 - 0xffff) << 16 | (0x6162 + 0x6364));
        assert_eq!(checksum(&[0xff; 4000]), 0xffff_ffff);
    }

    #[test]
    fn either_byte_order_passes_and_a_flip_fails() {
        let body: Vec<u8> = (0..3001_u32).map(|i| u8::try_from(i * i % 253).unwrap()).collect();
        let sum = checksum(&body);
        for stored in [sum, byte_swapped_halves(sum)] {
            let mut data = body.clone();
            data.extend(stored.to_le_bytes());
            assert_eq!(decode(Cow::Borrowed(&data)).unwrap(), body);
            assert_eq!(decode(Cow::Owned(data.clone())).unwrap(), body);
            data[1717] ^= 0x10;
            assert!(decode(Cow::Borrowed(&data)).is_err());
        }
        assert!(decode(Cow::Borrowed(&[0; 3])).is_err());
    }
}
