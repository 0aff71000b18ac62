//! The kernel behind [`crate::nested_of`]: many points to nested numbers at once.
//!
//! The kernel is free of branches and works on blocks of [`LANES`] points in separate arrays, so the compiler turns it
//! into vector code for whatever registers there are. It computes the two edge-line coordinates of a point through one
//! polynomial for the sine in both zones (in the polar caps of half the distance to the pole, which there replaces the
//! square root), with errors below [`GUARD`] / 10 in sides of a base cell. Where a coordinate is nearer than the guard to
//! the border of a cell, or the input is unusual or invalid, the lane is left to the exact path in `healpix.rs`; elsewhere
//! both must agree. So the result is that of [`crate::nested_of_exact`], whatever the machine.

use crate::{Latitude, Order, healpix};

/// The nested number given to a point that is not finite or whose latitude is beyond +-90.
pub const INVALID: u64 = u64::MAX;

/// Points a block.
const LANES: usize = 64;
/// Distance to a border, in sides of a base cell, within which the exact path decides: 2^-43. The reference formulas,
/// which the exact path follows, are themselves off by up to 1e-14 near the poles, where 1 - cos loses digits.
const GUARD: f64 = 1.0 / (1u64 << 43) as f64;
/// Longitudes beyond this many degrees go to the exact path: their rounding grows towards the guard.
const FAR: f64 = 1080.0;
/// Latitude, degrees, whose sine is 2/3: the zones' common parallel, where both formulas agree.
const TRANSITION: f64 = 41.810_314_895_778_596;
/// 1.5 * 2^52: adding it rounds to an integer, which is then in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// sqrt(6) / 2
const HALF_SQRT_6: f64 = 1.224_744_871_391_589;

/// sin(x degrees) = x * polynomial in x^2 for 0 <= x <= 42, within 1.4e-15 (tests/make_polynomials.py).
const SINE: [f64; 6] = [
    0.017_453_292_519_943_264,
    -8.860_961_556_999_636e-7,
    1.349_601_622_280_520_1e-11,
    -9.788_382_725_693_306e-17,
    4.141_033_727_724_771e-22,
    -1.135_026_129_422_631_2e-27,
];
/// Authalic less geodetic latitude, degrees, for w = (|lat| - 45) / 45: EVEN(w^2) + w * ODD(w^2), within 1.2e-14.
const EVEN: [f64; 8] = [
    -0.128_297_126_565_945_72,
    0.158_278_788_408_880_43,
    -0.032_542_093_289_552_21,
    0.002_674_497_740_565_347,
    -0.000_117_055_078_038_768_91,
    3.016_915_113_415_831_7e-6,
    -2.584_227_071_038_710_8e-8,
    -2.288_760_278_649_496_4e-9,
];
const ODD: [f64; 8] = [
    -0.000_383_553_703_622_492_86,
    0.000_630_914_566_769_546_9,
    -0.000_311_332_036_448_394_3,
    7.314_894_158_745_664e-5,
    -1.002_082_415_693_009e-5,
    8.965_279_835_344_722e-7,
    -5.570_806_368_669_054_5e-8,
    2.235_953_187_669_996_7e-9,
];

/// What the kernel works on; the slices have one length.
pub(crate) struct Points<'a> {
    pub(crate) order: Order,
    pub(crate) lon: &'a [f64],
    pub(crate) lat: &'a [f64],
    pub(crate) out: &'a mut [u64],
}

/// The whole of `points` in blocks. Inlined into functions compiled for different instruction sets.
#[inline(always)]
pub(crate) fn blocks<const AUTHALIC: bool>(points: Points<'_>) {
    let Points { order, lon, lat, out } = points;
    let (lon_blocks, lon_rest) = lon.as_chunks::<LANES>();
    let (lat_blocks, lat_rest) = lat.as_chunks::<LANES>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<LANES>();
    for ((lon, lat), out) in lon_blocks.iter().zip(lat_blocks).zip(out_blocks) {
        if block::<AUTHALIC>(order, lon, lat, out) {
            repair::<AUTHALIC>(order, lon, lat, out);
        }
    }
    let rest = out_rest.len();
    let (mut lon, mut lat, mut out) = ([0.5; LANES], [0.5; LANES], [0; LANES]);
    lon[..rest].copy_from_slice(lon_rest);
    lat[..rest].copy_from_slice(lat_rest);
    if rest > 0 && block::<AUTHALIC>(order, &lon, &lat, &mut out) {
        repair::<AUTHALIC>(order, &lon, &lat, &mut out);
    }
    out_rest.copy_from_slice(&out[..rest]);
}

/// One block; lanes it cannot be sure of get [`INVALID`]. Whether there are any.
#[inline(always)]
fn block<const AUTHALIC: bool>(order: Order, lon: &[f64; LANES], lat: &[f64; LANES], out: &mut [u64; LANES]) -> bool {
    let side = order.side_f64();
    let mask = order.side() - 1;
    let (shift, bits) = (u32::from(order.get()), order.bits());
    let sure = 0.5 - GUARD * side;
    let mut unsure = 0u64;
    for i in 0..LANES {
        let (along, height) = plane::<AUTHALIC>(lon[i], lat[i]);
        let (ascending, a) = floor(side * (along + 0.5 - height));
        let (descending, d) = floor(side * (along + 0.5 + height));
        let good = (a.abs() < sure) & (d.abs() < sure) & (lat[i].abs() <= 90.0) & (lon[i].abs() <= FAR);

        // row of base cells: 0 if the ascending line's number is below the descending one's, 1 if equal, 2 if above
        let row = (ascending >> shift).wrapping_sub(descending >> shift).wrapping_add(1);
        let column = (ascending >> shift).wrapping_sub(row >> 1) & 3;
        let base = (row << 2).wrapping_add(column);
        let within = interleave((descending & mask) | ((!ascending & mask) << 32));
        out[i] = if good { (base << bits) | within } else { INVALID };
        unsure |= u64::from(!good);
    }
    unsure != 0
}

/// Position in the HEALPix plane: quarter turns of longitude (drawn towards the middle meridian of the base cell in the
/// polar caps) and height, 1 at the north pole, 1/2 at the transition.
#[inline(always)]
fn plane<const AUTHALIC: bool>(lon: f64, lat: f64) -> (f64, f64) {
    let away = lat.abs() + if AUTHALIC { authalic_correction(lat.abs()) } else { 0.0 };
    let polar = away > TRANSITION;
    // (90 - |lat|) / 2 in the caps
    let x = if polar { 45.0 - 0.5 * away } else { away };
    let u = x * x;
    let sine = x * (SINE[0] + u * (SINE[1] + u * (SINE[2] + u * (SINE[3] + u * (SINE[4] + u * SINE[5])))));
    let scaled = sine * if polar { HALF_SQRT_6 } else { 0.75 };
    let height = if polar { 1.0 - scaled } else { scaled };
    let narrowing = if polar { 2.0 * scaled } else { 1.0 };

    let turn = lon * (1.0 / 90.0);
    let middle = ((turn - 0.5) + ROUND) - ROUND + 0.5;
    (middle + (turn - middle) * narrowing, height.copysign(lat))
}

/// Authalic less geodetic latitude, degrees, for 0 <= lat <= 90.
#[inline(always)]
fn authalic_correction(lat: f64) -> f64 {
    let w = lat * (1.0 / 45.0) - 1.0;
    let u = w * w;
    let [e0, e1, e2, e3, e4, e5, e6, e7] = EVEN;
    let [o0, o1, o2, o3, o4, o5, o6, o7] = ODD;
    let even = e0 + u * (e1 + u * (e2 + u * (e3 + u * (e4 + u * (e5 + u * (e6 + u * e7))))));
    let odd = o0 + u * (o1 + u * (o2 + u * (o3 + u * (o4 + u * (o5 + u * (o6 + u * o7))))));
    even + w * odd
}

/// The integer below `x` in the low bits of the first result, and how far `x` is past the middle to the next, -0.5..=0.5:
/// near either end, the integer is not to be trusted. |x| below 2^40.
#[inline(always)]
fn floor(x: f64) -> (u64, f64) {
    let y = x - 0.5;
    let rounded = y + ROUND;
    (rounded.to_bits(), y - (rounded - ROUND))
}

/// Interleaves the low and the high half of `w`: bit i to bit 2i, bit 32 + i to bit 2i + 1.
#[inline(always)]
fn interleave(w: u64) -> u64 {
    let w = swap(w, 16, 0x0000_0000_FFFF_0000);
    let w = swap(w, 8, 0x0000_FF00_0000_FF00);
    let w = swap(w, 4, 0x00F0_00F0_00F0_00F0);
    let w = swap(w, 2, 0x0C0C_0C0C_0C0C_0C0C);
    swap(w, 1, 0x2222_2222_2222_2222)
}

/// Exchanges the bits of `w` under `mask` with those `shift` places above.
#[inline(always)]
fn swap(w: u64, shift: u32, mask: u64) -> u64 {
    let t = (w ^ (w >> shift)) & mask;
    w ^ t ^ (t << shift)
}

#[cold]
#[inline(never)]
fn repair<const AUTHALIC: bool>(order: Order, lon: &[f64; LANES], lat: &[f64; LANES], out: &mut [u64; LANES]) {
    let latitude = if AUTHALIC { Latitude::Authalic } else { Latitude::Spherical };
    for ((lon, lat), out) in lon.iter().zip(lat).zip(out).filter(|(_, out)| **out == INVALID) {
        *out = exact(order, latitude, *lon, *lat);
    }
}

/// One point by the definition.
pub(crate) fn exact(order: Order, latitude: Latitude, lon: f64, lat: f64) -> u64 {
    if lon.is_finite() && lat.abs() <= 90.0 { healpix::nested(order, lon, latitude.to_sphere(lat)) } else { INVALID }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geodetic_to_authalic;

    #[test]
    fn the_correction_is_the_series() {
        for i in 0..=90_000 {
            let lat = f64::from(i) * 0.001;
            let fast = lat + authalic_correction(lat);
            assert!((fast - geodetic_to_authalic(lat)).abs() < 5e-14, "{lat} {fast}");
        }
    }
}
