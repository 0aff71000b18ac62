//! Filter 32015, Zstandard: one frame (RFC 8878) per chunk; also the frames inside Blosc and bitshuffle.

use super::Fault;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Smallest window a frame may declare, and so the smallest bound that makes sense (RFC 8878, 3.1.1.1.2).
const MIN_WINDOW: u64 = 1024;

/// Decompresses the frames in `data` to at most `limit` bytes.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let header = Header::read(data)?;
    if header.content_size.is_some_and(|size| size > limit as u64) {
        return Err(Fault::TooLarge);
    }
    // The decoder keeps a whole window. A frame written as a stream may declare one far beyond its content; shrinking
    // it to the bound changes nothing for content within the bound and stops a bomb there.
    let patched;
    let input = match header.window_for(limit) {
        Some(descriptor) => {
            let mut copy = data.to_vec();
            if let Some(byte) = copy.get_mut(5) {
                *byte = descriptor;
            }
            patched = copy;
            patched.as_slice()
        }
        None => data,
    };
    let room = header.content_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(limit).min(limit);
    let mut out = vec![0; room];
    let len = frames(input, &mut out, (limit as u64).saturating_mul(2).max(MIN_WINDOW))?;
    out.truncate(len);
    Ok(out)
}

/// Decodes frames with a window of at most `window` bytes to the beginning of `out`; returns how many bytes came.
#[cfg(feature = "zstd")]
fn frames(input: &[u8], out: &mut [u8], window: u64) -> Result<usize, Fault> {
    let mut decoder = ruzstd::decoding::FrameDecoder::new();
    decoder.set_max_window_size(window);
    decoder.decode_all(input, out).map_err(|e| match e {
        ruzstd::decoding::errors::FrameDecoderError::TargetTooSmall => Fault::TooLarge,
        other => Fault::Corrupt(format!("{other}").into()),
    })
}

/// Not compiled in.
#[cfg(not(feature = "zstd"))]
const fn frames(_input: &[u8], _out: &mut [u8], _window: u64) -> Result<usize, Fault> {
    Err(Fault::Unsupported("which is not compiled in"))
}

/// Decompresses a frame that must fill `out` exactly.
pub(crate) fn decode_exact(data: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    let bytes = decode(data, out.len())?;
    if bytes.len() != out.len() {
        return Err(Fault::corrupt("a Zstandard block is shorter than declared"));
    }
    out.copy_from_slice(&bytes);
    Ok(())
}

/// The fields of the frame header that bound memory.
struct Header {
    /// Window descriptor byte, absent in single-segment frames (whose window is the content).
    window: Option<u8>,
    content_size: Option<u64>,
}

impl Header {
    fn read(data: &[u8]) -> Result<Self, Fault> {
        let rest = data.strip_prefix(&MAGIC).ok_or(Fault::corrupt("not a Zstandard frame"))?;
        let (&descriptor, mut rest) = rest.split_first().ok_or(Fault::truncated())?;
        let single_segment = descriptor & 0x20 != 0;
        let window = if single_segment {
            None
        } else {
            let (&byte, tail) = rest.split_first().ok_or(Fault::truncated())?;
            rest = tail;
            Some(byte)
        };
        let dictionary_id_len = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied().unwrap_or(0);
        rest = rest.get(dictionary_id_len..).ok_or(Fault::truncated())?;
        let content_size = match (descriptor >> 6, single_segment) {
            (0, false) => None,
            (0, true) => rest.first().map(|&b| u64::from(b)),
            (1, _) => rest.first_chunk().map(|b| u64::from(u16::from_le_bytes(*b)) + 256),
            (2, _) => rest.first_chunk().map(|b| u64::from(u32::from_le_bytes(*b))),
            _ => rest.first_chunk().map(|b| u64::from_le_bytes(*b)),
        };
        Ok(Self { window, content_size })
    }

    /// A smaller window descriptor, if the declared window exceeds what `limit` bytes of output can ever need.
    fn window_for(&self, limit: usize) -> Option<u8> {
        let declared = self.window?;
        // Exponent in the high five bits; the smallest power of two that holds the limit.
        let exponent = (10..41_u8).find(|&e| 1_u64 << e >= limit as u64)? - 10;
        (declared >> 3 > exponent).then_some(exponent << 3)
    }
}

#[cfg(all(test, feature = "zstd"))]
mod tests {
    use super::*;

    /// One RLE block of 100 zero bytes in a frame that declares a 1.75 TiB window and no content size.
    const WIDE: [u8; 10] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf6, 0x23, 0x03, 0x00, 0x07];

    #[test]
    fn a_wide_window_costs_nothing() {
        assert_eq!(decode(&WIDE, 100).unwrap(), [7; 100]);
        assert_eq!(decode(&WIDE, 1000).unwrap(), [7; 100]);
        assert_eq!(decode(&WIDE, 99), Err(Fault::TooLarge));
    }

    #[test]
    fn garbage_is_refused() {
        assert!(decode(b"", 10).is_err());
        assert!(decode(b"abcdefgh", 10).is_err());
        assert!(decode(&WIDE[..8], 1000).is_err());
    }
}
