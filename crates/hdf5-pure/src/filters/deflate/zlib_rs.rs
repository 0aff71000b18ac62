//! By `zlib-rs`.
use crate::filters::Fault;
use ::zlib_rs::{Inflate, InflateFlush, Status};

/// The largest window there is, as a power of two.
const WINDOW_BITS: u8 = 15;

/// One stream that decodes to at most `room` bytes, and may decode to `max_len`.
///
/// # Errors
/// If the stream is damaged, ends early, fails its checksum or is longer than `max_len`.
pub(crate) fn inflate(input: &[u8], room: usize, max_len: usize) -> Result<Vec<u8>, Fault> {
    let mut output = vec![0; room];
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
