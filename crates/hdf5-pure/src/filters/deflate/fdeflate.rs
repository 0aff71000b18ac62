//! By `fdeflate`, in browsers.
use crate::filters::Fault;
use ::fdeflate::{DecompressionError, Decompressor};

/// As the other decoder does.
///
/// # Errors
/// As the other decoder.
pub(crate) fn inflate(input: &[u8], room: usize, max_len: usize) -> Result<Vec<u8>, Fault> {
    // A byte more than may come: the end of the stream is then met before the end of the buffer.
    let mut output = vec![0; room.saturating_add(1)];
    let mut decoder = Decompressor::new();
    match decoder.read(input, &mut output, 0, true) {
        Ok((_, filled)) if filled > max_len => Err(Fault::TooLarge),
        Ok((_, filled)) if decoder.is_done() => {
            output.truncate(filled);
            Ok(output)
        }
        Ok(_) | Err(DecompressionError::InsufficientInput) => Err(Fault::truncated()),
        Err(error) => Err(Fault::Corrupt(format!("{error:?}").into())),
    }
}
