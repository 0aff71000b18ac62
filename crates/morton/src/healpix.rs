//! Position to nested cell and back (Gorski et al. 2005, sections 5.2 and 5.3 and appendix), one point at a time.
//!
//! The forward direction defines the cell ids of this crate. It evaluates the formulas in the sequence of f64
//! operations that the reference implementation has made the standard, because on a border between cells the last bit
//! decides: colatitude in radians, z = cos, within 0.01 of a pole also sin; then coordinates along the two families of
//! cell edges, truncated to integers.
//!
//! What remains is the system libm of a given build of the reference: where its cosine is not the correctly rounded one
//! (glibc at 32.79716829582365 N, by 0.00007 of a unit in the last place), a point exactly on a border can fall on the
//! other side. That was 29 of 2.2 million points made to lie on and beside borders, and none of the reference vectors.

use crate::{
    Order,
    trig::{DEGREE, RADIAN, asin, sin_cos},
};

const HALF_PI: f64 = std::f64::consts::FRAC_PI_2;
/// Colatitudes below the first or above the second use the sine as well. The second is 0.01 less than 3.14159, which is
/// not quite pi: that is part of the border rules.
const NEAR_NORTH: f64 = 0.01;
#[expect(clippy::approx_constant, reason = "the reference implementation's constant, with its six digits")]
const NEAR_SOUTH: f64 = 3.14159 - 0.01;
const SQRT_6: f64 = 2.449_489_742_783_178;

/// The nested number at `order` of a finite longitude and a latitude on the sphere in -90..=90, degrees.
pub(crate) fn nested(order: Order, lon: f64, lat: f64) -> u64 {
    let theta = HALF_PI - lat * RADIAN;
    let (sine, z) = sin_cos(theta);
    let turn = quarter_turns(lon * RADIAN);
    if z.abs() <= 2.0 / 3.0 { equatorial(order, z, turn) } else { polar(order, theta, (sine, z), turn) }
}

/// Radians to quarter turns in 0.0..4.0: first reduced modulo 2 pi, then scaled.
fn quarter_turns(phi: f64) -> f64 {
    const TURN: f64 = std::f64::consts::TAU;
    let within = phi % TURN;
    let within = if within < 0.0 { within + TURN } else { within };
    if within == TURN { 0.0 } else { within * std::f64::consts::FRAC_2_PI % 4.0 }
}

fn equatorial(order: Order, z: f64, turn: f64) -> u64 {
    let side = order.side_f64();
    let (along, across) = (side * (0.5 + turn), side * (z * 0.75));
    // numbers of the ascending and the descending edge line
    let (ascending, descending) = (truncate(along - across), truncate(along + across));
    let (fa, fd) = (ascending >> order.get(), descending >> order.get());
    let base = match fa.cmp(&fd) {
        std::cmp::Ordering::Equal => fa | 4,
        std::cmp::Ordering::Less => fa,
        std::cmp::Ordering::Greater => fd + 8,
    };
    let mask = order.side() - 1;
    join(order, base, descending & mask, mask - (ascending & mask))
}

fn polar(order: Order, theta: f64, (sine, z): (f64, f64), turn: f64) -> u64 {
    let (side, mask) = (order.side_f64(), order.side() - 1);
    let za = z.abs();
    let base = truncate(turn).min(3);
    #[expect(clippy::cast_precision_loss, reason = "0..=3")]
    let within = turn - base as f64;
    let use_sine = !(NEAR_NORTH..=NEAR_SOUTH).contains(&theta);
    let distance =
        if za < 0.99 || !use_sine { side * (3.0 * (1.0 - za)).sqrt() } else { side * sine / ((1.0 + za) / 3.0).sqrt() };
    let increasing = truncate(within * distance).min(mask);
    let decreasing = truncate((1.0 - within) * distance).min(mask);
    if z >= 0.0 {
        join(order, base, mask - decreasing, mask - increasing)
    } else {
        join(order, base + 8, increasing, decreasing)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "values are in 0..2^32; the cast saturates"
)]
fn truncate(x: f64) -> u64 {
    x as u64
}

/// The nested number of column `x`, row `y` of a base cell.
pub(crate) fn join(order: Order, base: u64, x: u64, y: u64) -> u64 {
    (base << order.bits()) | spread(x) | (spread(y) << 1)
}

/// Base cell, column and row in it of a nested number.
pub(crate) fn split(order: Order, nested: u64) -> (u64, u64, u64) {
    let within = nested & ((1 << order.bits()) - 1);
    (nested >> order.bits(), gather(within), gather(within >> 1))
}

/// Moves bit i of a 32-bit number to bit 2i.
fn spread(mut x: u64) -> u64 {
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555u64),
    ] {
        x = (x | (x << shift)) & mask;
    }
    x
}

/// Moves bit 2i to bit i, dropping the odd bits.
fn gather(mut x: u64) -> u64 {
    x &= 0x5555_5555_5555_5555;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0F0F_0F0F_0F0F_0F0F),
        (4, 0x00FF_00FF_00FF_00FF),
        (8, 0x0000_FFFF_0000_FFFF),
        (16, 0x0000_0000_FFFF_FFFFu64),
    ] {
        x = (x | (x >> shift)) & mask;
    }
    x
}

/// A cell as a square in its base cell, whose corners are south (0, 0), east (1, 0), north (1, 1) and west (0, 1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Square {
    base: u64,
    /// The cell's southern corner.
    x: f64,
    y: f64,
    side: f64,
}

impl Square {
    pub(crate) fn of(order: Order, nested: u64) -> Self {
        let (base, x, y) = split(order, nested);
        let side = 1.0 / order.side_f64();
        #[expect(clippy::cast_precision_loss, reason = "below 2^29")]
        let (x, y) = (x as f64 * side, y as f64 * side);
        Self { base, x, y, side }
    }

    /// Longitude (degrees, unwrapped from the base cell's middle meridian) and latitude on the sphere of the point at
    /// fractions `u`, `v` of the cell's sides. A pole gets the base cell's middle meridian.
    pub(crate) fn position(&self, u: f64, v: f64) -> (f64, f64) {
        let (x, y) = (self.x + u * self.side, self.y + v * self.side);
        let (row, column) = (self.base / 4, self.base % 4);
        #[expect(clippy::cast_precision_loss, reason = "0..=3")]
        let middle = column as f64 + if row == 1 { 0.0 } else { 0.5 };
        // height above the equator in base-cell diagonals: 1 at the north pole, 1/2 at the zones' common parallel
        #[expect(clippy::cast_precision_loss, reason = "0..=2")]
        let height = (x + y - row as f64) * 0.5;
        let aside = (x - y) * 0.5;
        if height.abs() <= 0.5 {
            return ((middle + aside) * 90.0, DEGREE * asin(height * (4.0 / 3.0)));
        }
        let narrowing = 2.0 - 2.0 * height.abs();
        let lon = if narrowing > 0.0 { middle + aside / narrowing } else { middle };
        let lat = 90.0 - 2.0 * DEGREE * asin(narrowing / SQRT_6);
        (lon * 90.0, lat.copysign(height))
    }

    /// Length of the cell's side, in sides of a base cell: 2^-order.
    pub(crate) fn side(&self) -> f64 {
        self.side
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_spread_and_gather() {
        for x in [0, 1, 2, 0x1555_5555, 0x1FFF_FFFF, 0x0123_4567] {
            let by_hand = (0..32).filter(|i| x >> i & 1 == 1).fold(0u64, |a, i| a | 1 << (2 * i));
            assert_eq!(spread(x), by_hand);
            assert_eq!(gather(by_hand | 0xAAAA_AAAA_AAAA_AAAA), x);
        }
    }

    #[test]
    fn every_cell_of_the_coarse_orders_is_found_at_its_centre() {
        let mut cells = 0;
        for order in 0..=6 {
            let order = Order::new(order).unwrap();
            for p in 0..order.cells() {
                let (lon, lat) = Square::of(order, p).position(0.5, 0.5);
                assert_eq!(nested(order, lon, lat), p, "order {order}");
                cells += 1;
            }
        }
        assert_eq!(cells, 65_532);
    }
}
