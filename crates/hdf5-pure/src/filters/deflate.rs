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
//! `zlib-rs` is chosen: the fastest (a twentieth of a cell's CPU time against `fdeflate`), well kept, without dependencies. It
//! writes into our buffer, so the bound on the output is ours, and a deflate bomb costs nothing.

use super::Fault;
use zlib_rs::{Inflate, InflateFlush, Status};

/// Deflate cannot expand by more than this (RFC 1951: 258 bytes from two bits).
const MAX_RATIO: usize = 1032;
/// The largest window there is, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Inflates one zlib stream to at most `max_len` bytes, verifying its checksum. Bytes behind the stream are ignored,
/// as zlib ignores them.
///
/// # Errors
/// If the stream is damaged, ends early, fails its checksum or is longer than `max_len`.
pub(crate) fn inflate_zlib(input: &[u8], max_len: usize) -> Result<Vec<u8>, Fault> {
    let mut output = vec![0; max_len.min(input.len().saturating_mul(MAX_RATIO))];
    let mut decoder = Inflate::new(true, WINDOW_BITS);
    let status = decoder
        .decompress(input, &mut output, InflateFlush::Finish)
        .map_err(|error| Fault::Corrupt(decoder.error_message().unwrap_or(error.as_str()).into()))?;
    let filled = usize::try_from(decoder.total_out()).unwrap_or(usize::MAX);
    match status {
        Status::StreamEnd => {
            output.truncate(filled);
            Ok(output)
        }
        Status::Ok | Status::BufError if filled < max_len => Err(Fault::truncated()),
        Status::Ok | Status::BufError => Err(Fault::TooLarge),
    }
}
