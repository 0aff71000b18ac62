//! Packed words (docs/cells.md, "Packed word"): base cell + 1 in the top four bits, two bits a level below it, and a
//! six-bit suffix for the order, which also holds the last levels where 58 bits do not reach.

use crate::{Error, Order};

/// The finest order whose levels all fit above the suffix.
const WHOLE: u8 = 27;
const AREA_28: u64 = 28;
const POINT: u64 = 48;

pub(crate) fn encode(order: Order, nested: u64) -> u64 {
    match order.get() {
        28 => above(nested >> 2) | (AREA_28 + 5 * (nested & 3)),
        29 => above(nested >> 4) | (AREA_28 + 1 + 5 * (nested >> 2 & 3) + (nested & 3)),
        whole => (nested + (1 << order.bits())) << (60 - order.bits()) | u64::from(whole),
    }
}

pub(crate) fn encode_point(nested29: u64) -> u64 {
    above(nested29 >> 4) | (POINT + (nested29 & 15))
}

/// Order, nested number and whether the word is a point.
pub(crate) fn decode(word: u64) -> Result<(Order, u64, bool), Error> {
    let (suffix, head) = (word & 63, word >> 6);
    if !(1..=12).contains(&(word >> 60)) {
        return Err(Error::Packed { word, why: "the top four bits (base cell + 1) are not in 1..12" });
    }
    let (order, nested) = match suffix {
        ..AREA_28 => {
            let spare = 2 * (u64::from(WHOLE) - suffix);
            if head & ((1 << spare) - 1) != 0 {
                return Err(Error::Packed { word, why: "bits are set below the order its suffix names" });
            }
            (suffix, (head >> spare) - (1 << (2 * suffix)))
        }
        AREA_28..POINT => {
            let (t28, t29) = ((suffix - AREA_28) / 5, (suffix - AREA_28) % 5);
            let nested28 = (head - (1 << 54)) << 2 | t28;
            if t29 == 0 { (28, nested28) } else { (29, nested28 << 2 | (t29 - 1)) }
        }
        _ => (29, (head - (1 << 54)) << 4 | (suffix - POINT)),
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 29 by the arms above")]
    let order = Order::new(order as u8)?;
    Ok((order, nested, suffix >= POINT))
}

/// The levels down to 27 with the base cell above them, in place above the suffix.
fn above(nested27: u64) -> u64 {
    (nested27 + (1 << (2 * WHOLE))) << 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_at_every_order() {
        for order in 0..=29 {
            let order = Order::new(order).unwrap();
            let step = (order.cells() / 1013).max(1);
            for nested in (0..order.cells()).step_by(usize::try_from(step).unwrap()).chain([order.cells() - 1]) {
                assert_eq!(decode(encode(order, nested)), Ok((order, nested, false)));
                if order == Order::MAX {
                    assert_eq!(decode(encode_point(nested)), Ok((order, nested, true)));
                }
            }
        }
    }

    #[test]
    fn words_of_no_cell_are_refused() {
        let shard = encode(Order::new(6).unwrap(), 45763);
        for word in [0, 6, 13 << 60, u64::MAX, shard | 1 << 6, shard | 1 << 47, shard - 1] {
            assert!(matches!(decode(word), Err(Error::Packed { .. })), "{word:x}");
        }
        let words = (0..64u64).filter_map(|suffix| decode(1 << 60 | suffix).ok());
        assert_eq!(words.count(), 64);
    }
}
