//! Outlines that come with the program: land of Natural Earth at 1:50m, in the public domain; `assets/make_outlines.py`
//! names the origin and the format.
use super::Parts;
use super::bytes::Bytes;

/// The names, in the order of the file.
pub(super) const NAMES: [&str; 2] = ["antarctica", "greenland"];
const OUTLINES: &[u8] = include_bytes!("../../assets/outlines.bin");

/// The polygons of a name, in degrees; `None` for a name that is not known.
pub(super) fn read(name: &str) -> Option<Parts> {
    let wanted = NAMES.iter().position(|known| *known == name)?;
    let file = Bytes(OUTLINES);
    let mut at = 0;
    let mut parts = Vec::new();
    for number in 0..=wanted {
        let rings = file.u16(at)?;
        at += 2;
        for _ in 0..rings {
            let points = file.u16(at)?;
            let bytes = file.slice(at + 2, 4 * points)?;
            if number == wanted {
                let position =
                    |one: &[u8]| Some([degrees(Bytes(one).u16(0)?, 360.0), degrees(Bytes(one).u16(2)?, 180.0)]);
                parts.push(vec![bytes.chunks_exact(4).map(position).collect::<Option<Vec<_>>>()?]);
            }
            at += 2 + bytes.len();
        }
    }
    Some(parts)
}

/// A number from 0 to 65,535 as degrees from the middle of a range.
#[expect(clippy::cast_precision_loss, reason = "at most 65,535")]
fn degrees(number: usize, range: f64) -> f64 {
    (number as f64 / 65535.0 - 0.5) * range
}
