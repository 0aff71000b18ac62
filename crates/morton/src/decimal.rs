//! Decimal morton ids (docs/cells.md, "Decimal morton id"): sign and leading digit name the base cell, then one digit 1..4 a
//! level, coarsest first.

use crate::{Error, Order};

/// The finest order whose ids fit in an `i64`.
const FINEST: u8 = 18;

pub(crate) fn encode(order: Order, nested: u64) -> Result<i64, Error> {
    if order.get() > FINEST {
        return Err(Error::TooFineForDecimal(order.get()));
    }
    let base = nested >> order.bits();
    let lead = if base < 6 { base + 1 } else { base - 5 };
    let digits = (0..order.get()).rev().fold(lead, |id, level| id * 10 + (nested >> (2 * level) & 3) + 1);
    // at most 6 * 10^18 + 4.4 * 10^17: within i64
    let id = digits.cast_signed();
    Ok(if base < 6 { id } else { -id })
}

pub(crate) fn decode(id: i64) -> Result<(Order, u64), Error> {
    let refuse = |why| Error::Decimal { id, why };
    let magnitude = id.unsigned_abs();
    let levels = magnitude.checked_ilog10().unwrap_or(0);
    let order = u8::try_from(levels).map_err(|_| Error::Order(levels)).and_then(Order::new)?;
    let mut place = 10u64.pow(levels);
    let lead = magnitude / place;
    if !(1..=6).contains(&lead) {
        return Err(refuse("the leading digit (base cell) is not in 1..6"));
    }
    let mut nested = if id > 0 { lead - 1 } else { lead + 5 };
    while place > 1 {
        place /= 10;
        let digit = magnitude / place % 10;
        if !(1..=4).contains(&digit) {
            return Err(refuse("a digit after the first is not in 1..4"));
        }
        nested = nested << 2 | (digit - 1);
    }
    Ok((order, nested))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_at_every_order() {
        for order in 0..=18 {
            let order = Order::new(order).unwrap();
            let step = (order.cells() / 1009).max(1);
            for nested in (0..order.cells()).step_by(usize::try_from(step).unwrap()).chain([order.cells() - 1]) {
                assert_eq!(decode(encode(order, nested).unwrap()), Ok((order, nested)));
            }
        }
        assert_eq!(encode(Order::new(19).unwrap(), 0), Err(Error::TooFineForDecimal(19)));
    }

    #[test]
    fn bad_ids_are_refused() {
        for id in [0, 7, -7, 10, 15, 6_134_110, -6_034_114, 1_111_511, i64::MAX, i64::MIN] {
            assert!(matches!(decode(id), Err(Error::Decimal { .. })), "{id}");
        }
    }
}
