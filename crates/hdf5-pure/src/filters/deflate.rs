//! Filter 1, deflate: one zlib stream (RFC 1950) per chunk.
//!
//! Measured over the 445 chunks (22 MB, zlib level 6, Adler-32 checked) that hold the typical cell's rows, best of nine on one
//! x86-64 core, and with the browser's profile in a WebAssembly engine:
//!
//! | decoder        | native, ms | wasm, ms | wasm with simd128, ms |
//! |----------------|-----------:|---------:|----------------------:|
//! | `zlib-rs`      |         54 |       77 |                    69 |
//! | `fdeflate`     |         61 |       79 |                    65 |
//! | `zune-inflate` |         61 |          |                       |
//! | `miniz_oxide`  |         71 |          |                       |
//! | libdeflate (C) |         44 |          |                       |
//!
//! `zlib-rs` is chosen for processors: the fastest (a twentieth of a cell's CPU time against `fdeflate`), well kept, without
//! dependencies. In a browser `fdeflate` is as fast and its code much smaller: `zlib-rs` brings 9 KB of CRC tables for gzip, which
//! no compression makes smaller. Both write into our buffer, so the bound on the output is ours, and a deflate bomb costs
//! nothing. A test gives both the same streams, sound and broken, and wants the same answers.

#[cfg(not(feature = "deflate"))]
mod absent;
#[cfg(all(feature = "deflate", any(test, target_arch = "wasm32")))]
mod fdeflate;
#[cfg(all(feature = "deflate", not(target_arch = "wasm32")))]
mod zlib_rs;

use super::Fault;
#[cfg(not(feature = "deflate"))]
use absent as decoder;
#[cfg(all(feature = "deflate", target_arch = "wasm32"))]
use fdeflate as decoder;
#[cfg(all(feature = "deflate", not(target_arch = "wasm32")))]
use zlib_rs as decoder;

/// Deflate cannot expand by more than this (RFC 1951: 258 bytes from two bits).
const MAX_RATIO: usize = 1032;

/// Inflates one zlib stream to at most `max_len` bytes, verifying its checksum. Bytes behind the stream are ignored,
/// as zlib ignores them.
///
/// # Errors
/// If the stream is damaged, ends early, fails its checksum or is longer than `max_len`.
pub(crate) fn inflate_zlib(input: &[u8], max_len: usize) -> Result<Vec<u8>, Fault> {
    decoder::inflate(input, room(input, max_len), max_len)
}

/// What a stream can decode to at most.
fn room(input: &[u8], max_len: usize) -> usize {
    max_len.min(input.len().saturating_mul(MAX_RATIO))
}

#[cfg(all(test, feature = "deflate"))]
mod tests {
    use super::*;
    use ::zlib_rs::{DeflateConfig, ReturnCode, compress_bound, compress_slice};

    fn deflated(data: &[u8], level: i32) -> Vec<u8> {
        let mut room = vec![0; compress_bound(data.len())];
        let (stream, code) = compress_slice(&mut room, data, DeflateConfig::new(level));
        assert_eq!(code, ReturnCode::Ok);
        stream.to_vec()
    }

    /// Both decoders on one stream: the same content, or no content from both.
    fn check(stream: &[u8], max_len: usize) -> Option<Vec<u8>> {
        let room = room(stream, max_len);
        let (one, other) =
            (zlib_rs::inflate(stream, room, max_len).ok(), fdeflate::inflate(stream, room, max_len).ok());
        assert_eq!(one, other, "{} bytes, at most {max_len}", stream.len());
        one
    }

    #[test]
    fn processors_and_browsers_inflate_alike() {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for len in [0, 1, 2, 3, 257, 258, 259, 4_000, 70_000] {
            let noise: Vec<u8> = (0..len).map(|_| next().to_le_bytes()[0]).collect();
            let steps: Vec<u8> = (0..len).map(|row| u8::try_from(row / 7 % 200).unwrap()).collect();
            for data in [noise, steps, vec![0; len]] {
                for level in [0, 1, 6, 9] {
                    let stream = deflated(&data, level);
                    assert_eq!(check(&stream, len).as_deref(), Some(&*data));
                    assert_eq!(check(&stream, len + 1).as_deref(), Some(&*data));
                    assert_eq!(check(&[&*stream, b"behind"].concat(), len).as_deref(), Some(&*data));
                    assert_eq!(len.checked_sub(1).and_then(|less| check(&stream, less)), None);
                    for _ in 0..40 {
                        let at = next() as usize % stream.len();
                        check(&stream[..at], len);
                        let mut broken = stream.clone();
                        broken[at] ^= 1 << (next() % 8);
                        check(&broken, len);
                    }
                }
            }
        }
    }
}
