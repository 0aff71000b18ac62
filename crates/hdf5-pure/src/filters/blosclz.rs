//! BloscLZ, Blosc's own LZ77 format (a relative of FastLZ level 2).

use super::Fault;
use super::cursor::Cursor;
use super::output::Output;

/// Distance beyond which a reference carries a 16-bit distance on top of this.
const NEAR: usize = 8191;

/// Decompresses one BloscLZ stream to at most `limit` bytes.
pub(crate) fn decode(data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut input = Cursor::new(data);
    let mut out = Output::new(limit, limit);
    if input.is_empty() {
        return Ok(Vec::new());
    }
    // The first control byte is always a literal run; its high bits mark the format.
    let mut control = usize::from(input.u8()?) & 0x1f;
    loop {
        if control < 32 {
            out.extend(input.take(control + 1)?)?;
        } else {
            let mut len = (control >> 5) + 2;
            if control >> 5 == 7 {
                loop {
                    let more = usize::from(input.u8()?);
                    len = len.saturating_add(more);
                    if more != 255 {
                        break;
                    }
                }
            }
            let (high, low) = (control & 0x1f, usize::from(input.u8()?));
            let distance = if high == 31 && low == 255 { usize::from(input.u16_be()?) + NEAR } else { high << 8 | low };
            out.copy_back(distance + 1, len)?;
        }
        if input.is_empty() {
            return Ok(out.into_bytes());
        }
        control = usize::from(input.u8()?);
    }
}
