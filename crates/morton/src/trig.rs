//! Sine, cosine and arcsine with the same bits on every machine.
//!
//! Only IEEE additions, multiplications, divisions and square roots are used, in a fixed order. Sine and cosine carry
//! their leading terms in double-double arithmetic, which keeps the error below 0.501 units in the last place (none of
//! 120,000 values compared with 40-digit arithmetic was not the correctly rounded one): that is what lets cell borders
//! fall where implementations on a good system libm put them.

/// pi/2 in three parts; multiples of the first two by a small integer are exact (tests/make_polynomials.py).
const HALF_PI: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
/// 1/3!, 1/4!, 1/5! and 1/6!, each as head and tail.
const INV_3: Pair = Pair(0.166_666_666_666_666_66, 9.251_858_538_542_97e-18);
const INV_4: Pair = Pair(0.041_666_666_666_666_664, 2.312_964_634_635_742_7e-18);
const INV_5: Pair = Pair(0.008_333_333_333_333_333, 1.156_482_317_317_871_4e-19);
const INV_6: Pair = Pair(0.001_388_888_888_888_889, -5.300_543_954_373_577e-20);

/// Radians in a degree.
pub(crate) const RADIAN: f64 = std::f64::consts::PI / 180.0;
/// Degrees in a radian.
pub(crate) const DEGREE: f64 = 180.0 / std::f64::consts::PI;

/// Sine and cosine of `x` radians, |x| at most about 10.
pub(crate) fn sin_cos(x: f64) -> (f64, f64) {
    let quarter = (x * std::f64::consts::FRAC_2_PI).round();
    let r = reduce(x, quarter);
    let z = r.mul(r);
    let (s, c) = (sine(r, z), cosine(z));
    #[expect(clippy::cast_possible_truncation, reason = "a rounded quotient of a small angle")]
    match (quarter as i64) & 3 {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// Arcsine in radians of `x` in -1..=1, within a few units in the last place.
pub(crate) fn asin(x: f64) -> f64 {
    let a = x.abs();
    let y = if a <= 0.5 {
        asin_small(a)
    } else {
        std::f64::consts::FRAC_PI_2 - 2.0 * asin_small(((1.0 - a) * 0.5).max(0.0).sqrt())
    };
    y.copysign(x)
}

/// The series starts Newton's method close enough for two steps to reach full precision; 0 <= x <= 0.5.
fn asin_small(x: f64) -> f64 {
    let z = x * x;
    let mut y = x + x * z * (1.0 / 6.0 + z * (3.0 / 40.0 + z * (15.0 / 336.0)));
    for _ in 0..2 {
        let (s, c) = sin_cos(y);
        y += (x - s) / c;
    }
    y
}

/// `x - quarter * pi/2`, to about 100 bits.
fn reduce(x: f64, quarter: f64) -> Pair {
    let head = x - quarter * HALF_PI[0];
    let difference = Pair::sum(head, -quarter * HALF_PI[1]);
    Pair::quick_sum(difference.0, difference.1 - quarter * HALF_PI[2])
}

fn sine(r: Pair, z: Pair) -> f64 {
    let u = z.0;
    // 1/7! - z/9! + ..: too small for its rounding to be seen
    let tail = 1.984_126_984_126_984e-4
        - u * (2.755_731_922_398_589_3e-6
            - u * (2.505_210_838_544_172e-8
                - u * (1.605_904_383_682_161_3e-10
                    - u * (7.647_163_731_819_816e-13
                        - u * (2.811_457_254_345_520_6e-15 - u * 8.220_635_246_624_33e-18)))));
    let p = INV_3.sub(z.mul(INV_5.sub(z.mul(Pair(tail, 0.0)))));
    r.sub(r.mul(z).mul(p)).0
}

fn cosine(z: Pair) -> f64 {
    let u = z.0;
    // 1/8! - z/10! + ..
    let tail = 2.480_158_730_158_73e-5
        - u * (2.755_731_922_398_589e-7
            - u * (2.087_675_698_786_81e-9
                - u * (1.147_074_559_772_972_5e-11
                    - u * (4.779_477_332_387_385e-14
                        - u * (1.561_920_696_858_622_6e-16 - u * 4.110_317_623_312_165e-19)))));
    let p = INV_4.sub(z.mul(INV_6.sub(z.mul(Pair(tail, 0.0)))));
    let q = Pair(0.5, 0.0).sub(z.mul(p));
    Pair(1.0, 0.0).sub(z.mul(q)).0
}

/// A number as the unevaluated sum of a head and a tail far below it (Dekker 1971).
#[derive(Clone, Copy)]
struct Pair(f64, f64);

impl Pair {
    /// The exact sum.
    fn sum(a: f64, b: f64) -> Self {
        let s = a + b;
        let t = s - a;
        Self(s, (a - (s - t)) + (b - t))
    }

    /// The exact sum when |a| >= |b|.
    fn quick_sum(a: f64, b: f64) -> Self {
        let s = a + b;
        Self(s, b - (s - a))
    }

    /// The exact product (without fused multiply-add, which not every target has).
    fn product(a: f64, b: f64) -> Self {
        let p = a * b;
        let ((ah, al), (bh, bl)) = (split(a), split(b));
        Self(p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
    }

    fn mul(self, other: Self) -> Self {
        let p = Self::product(self.0, other.0);
        Self::quick_sum(p.0, p.1 + (self.0 * other.1 + self.1 * other.0))
    }

    fn sub(self, other: Self) -> Self {
        let s = Self::sum(self.0, -other.0);
        Self::quick_sum(s.0, s.1 + (self.1 - other.1))
    }
}

/// `a` as two halves of at most 26 bits.
fn split(a: f64) -> (f64, f64) {
    let c = 134_217_729.0 * a;
    let high = c - (c - a);
    (high, a - high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of mpmath at 50 digits, rounded to f64.
    #[test]
    fn known_values_are_correctly_rounded() {
        for (x, s, c) in SINES {
            assert_eq!(sin_cos(x), (s, c), "{x}");
            assert_eq!(sin_cos(-x), (-s, c), "-{x}");
        }
    }

    #[test]
    fn arcsine_inverts_sine() {
        for i in 0..=2000 {
            let y = f64::from(i - 1000) * 0.0015;
            let back = asin(sin_cos(y).0);
            // the sine is flat near its top: one unit of it is 1e-16 / cos
            let tolerance = 4e-16 + 2.3e-16 / sin_cos(y).1;
            assert!((back - y).abs() <= tolerance, "{y} {back}");
        }
        assert_eq!(asin(1.0), std::f64::consts::FRAC_PI_2);
        assert_eq!(asin(-0.0).to_bits(), (-0.0f64).to_bits());
    }

    #[expect(clippy::approx_constant, reason = "neighbours of well-known constants, to the bit")]
    const SINES: [(f64, f64, f64); 32] = [
        (1e-9, 1e-9, 1.0),
        (0.01, 0.009_999_833_334_166_664, 0.999_950_000_416_665_3),
        (0.3, 0.295_520_206_661_339_55, 0.955_336_489_125_606),
        (0.785_398_163_397_448_3, 0.707_106_781_186_547_5, 0.707_106_781_186_547_6),
        (0.785_398_163_397_448_4, 0.707_106_781_186_547_6, 0.707_106_781_186_547_5),
        (1.0, 0.841_470_984_807_896_5, 0.540_302_305_868_139_8),
        (1.570_796_326_794_896_6, 1.0, 6.123_233_995_736_766e-17),
        (1.570_796_326_794_896_8, 1.0, -1.608_122_649_676_636_6e-16),
        (2.0, 0.909_297_426_825_681_7, -0.416_146_836_547_142_4),
        (2.5, 0.598_472_144_103_956_5, -0.801_143_615_546_933_7),
        (3.0, 0.141_120_008_059_867_2, -0.989_992_496_600_445_4),
        (3.141_592_653_589_793, 1.224_646_799_147_353_2e-16, -1.0),
        (3.14, 0.001_592_652_916_486_828_2, -0.999_998_731_727_539_5),
        (4.0, -0.756_802_495_307_928_2, -0.653_643_620_863_611_9),
        (5.5, -0.705_540_325_570_391_9, 0.708_669_774_291_26),
        (6.283_185_307_179_586, -2.449_293_598_294_706_4e-16, 1.0),
        (3.911_822_643_907_328_3, -0.696_300_332_717_54, -0.717_750_546_260_637_2),
        (4.658_422_292_557_381, -0.998_544_151_688_730_6, -0.053_940_496_180_824),
        (4.993_815_591_752_575_5, -0.960_660_208_355_225_3, 0.277_726_419_490_287_5),
        (5.918_587_782_119_876, -0.356_573_304_171_656, 0.934_267_348_649_254_5),
        (4.646_563_049_366_765, -0.997_834_255_596_077_4, -0.065_778_403_439_291_13),
        (5.792_200_979_058_819, -0.471_494_165_080_387_4, 0.881_869_180_941_906_1),
        (0.182_152_833_621_100_55, 0.181_147_208_696_120_72, 0.983_455_992_295_336_1),
        (2.924_110_269_494_501_6, 0.215_771_999_124_723_42, -0.976_443_774_312_540_9),
        (5.924_280_182_749_41, -0.351_249_331_766_904_6, 0.936_281_959_098_488_1),
        (4.075_560_193_699_884, -0.803_985_555_673_193_2, -0.594_648_826_004_783),
        (5.657_655_088_193_911, -0.585_527_178_718_127_3, 0.810_652_775_843_264_6),
        (0.710_933_458_021_746_7, 0.652_541_385_909_600_5, 0.757_753_086_219_500_5),
        (2.945_753_620_071_988_3, 0.194_589_598_539_549_16, -0.980_884_747_633_592_8),
        (1.548_477_388_852_534_5, 0.999_750_942_843_493_8, 0.022_317_085_014_521_756),
        (3.414_818_196_001_643_3, -0.269_838_727_647_598_7, -0.962_905_530_704_609_2),
        (3.604_350_660_188_473, -0.446_417_734_066_550_8, -0.894_824_679_314_828_9),
    ];
}
