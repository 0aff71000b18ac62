//! The raw Snappy format, as Blosc may contain it.
use super::Fault;
#[cfg(feature = "blosc")]
use snap::raw::{Decoder, decompress_len};

/// Snappy cannot expand by more than this: 64 bytes from a tag of three.
#[cfg(feature = "blosc")]
const MAX_RATIO: usize = 32;

/// Decompresses a raw Snappy stream to at most `limit` bytes.
#[cfg(feature = "blosc")]
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let corrupt = |error: snap::Error| Fault::Corrupt(error.to_string().into());
    let total = decompress_len(data).map_err(corrupt)?;
    if total > limit {
        return Err(Fault::TooLarge);
    }
    // What a few bytes claim is not set aside.
    if total > data.len().saturating_mul(MAX_RATIO) {
        return Err(Fault::corrupt("a Snappy block is not of its declared length"));
    }
    Decoder::new().decompress_vec(data).map_err(corrupt)
}

/// Not compiled in.
#[cfg(not(feature = "blosc"))]
pub(crate) const fn decode(_data: &[u8], _limit: usize) -> Result<Vec<u8>, Fault> {
    Err(Fault::Unsupported("which is not compiled in"))
}

#[cfg(all(test, feature = "blosc"))]
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
