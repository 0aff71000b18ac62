//! Filter 32000, LZF (LibLZF as h5py stores it): one raw LZF stream per chunk.

use super::Fault;
use super::cursor::Cursor;
use super::output::Output;

/// Decompresses a raw LZF stream. The chunk size that h5py keeps in the client data is only a hint there and not needed.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Cursor::new(data);
    let mut out = Output::new(limit, data.len().saturating_mul(4));
    while !input.is_empty() {
        let control = usize::from(input.u8()?);
        // Three high bits: 0 = a literal run of up to 32 bytes, else the length of a back-reference less two.
        if control < 32 {
            out.extend(input.take(control + 1)?)?;
            continue;
        }
        let mut len = control >> 5;
        if len == 7 {
            len += usize::from(input.u8()?);
        }
        let distance = (control & 0x1f) << 8 | usize::from(input.u8()?);
        out.copy_back(distance + 1, len + 2)?;
    }
    Ok(out.into_bytes())
}
