//! Conversion between floating-point layouts by bit fields, integers only: the same bits on every platform.

use super::number::{FloatingPoint, Normalisation, load};

/// An IEEE 754 interchange format as the target of a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// Bytes.
    pub(crate) size: usize,
    /// Stored mantissa bits.
    mantissa: u32,
    /// Largest exponent of a finite number, also the bias.
    largest: i64,
}

/// binary16.
pub(crate) const F16: Format = Format { size: 2, mantissa: 10, largest: 15 };
/// binary32.
pub(crate) const F32: Format = Format { size: 4, mantissa: 23, largest: 127 };
/// binary64.
pub(crate) const F64: Format = Format { size: 8, mantissa: 52, largest: 1023 };

impl Format {
    /// The smallest format at least as large as the element that holds all its numbers, subnormal ones aside; `None`
    /// for x87 extended, binary128 and the like.
    ///
    /// This is h5py's choice of NumPy type.
    pub(crate) fn holding(float: &FloatingPoint) -> Option<Self> {
        let bias = i64::from(float.exponent_bias);
        let top = 1_i64.checked_shl(u32::from(float.exponent_size)).filter(|_| float.exponent_size < 32)?;
        [F16, F32, F64].into_iter().find(|format| {
            format.size >= float.size as usize
                && u32::from(float.mantissa_size) <= format.mantissa
                && top - 2 - bias <= format.largest
                && 1 - bias > -format.largest
        })
    }

    fn infinity(self) -> u64 {
        (2 * self.largest.cast_unsigned() + 1) << self.mantissa
    }

    fn sign(self, negative: bool) -> u64 {
        u64::from(negative) << (8 * self.size - 1)
    }

    /// Bits of `significand * 2^exponent`, `None` if inexact.
    fn assemble(self, negative: bool, significand: u128, exponent: i64) -> Option<u64> {
        let sign = self.sign(negative);
        if significand == 0 {
            return Some(sign);
        }
        // Make the significand odd: then it is representable or not, whatever the shift.
        let zeros = significand.trailing_zeros();
        let odd = significand >> zeros;
        let exponent = exponent + i64::from(zeros);
        let leading = exponent + i64::from(odd.ilog2());
        if leading > self.largest || odd.ilog2() > self.mantissa {
            return None;
        }
        let smallest = 1 - self.largest;
        let unit = leading.max(smallest) - i64::from(self.mantissa);
        let shift = u32::try_from(exponent - unit).ok()?;
        let digits = u64::try_from(odd.checked_shl(shift)?).ok()?;
        // A normal number's leading bit, dropped from the mantissa, adds one to the exponent field.
        let field = (leading - smallest).max(0).cast_unsigned();
        Some(sign | ((field << self.mantissa) + digits))
    }
}

/// Bits of one element in `format`: `Ok(None)` if inexact, `Err` with the reason if the layout cannot be read.
///
/// As in the HDF5 library, a NaN keeps its sign only: the mantissa becomes all ones.
pub(crate) fn convert(float: &FloatingPoint, element: &[u8], format: Format) -> Result<Option<u64>, &'static str> {
    let word = load(element, float.order).ok_or("VAX byte order, or more than 16 bytes")?;
    let field = |location: u8, size: u8| {
        let mask = 1_u128.checked_shl(u32::from(size)).map_or(u128::MAX, |top| top - 1);
        word.checked_shr(u32::from(location)).unwrap_or(0) & mask
    };
    if float.exponent_size > 31 {
        return Err("exponent of more than 31 bits");
    }
    if float.exponent_size == 0 || float.mantissa_size == 0 || float.mantissa_size > 126 {
        return Err("no exponent or mantissa of a known size");
    }
    let negative = field(float.sign_location, 1) == 1;
    let exponent = i64::try_from(field(float.exponent_location, float.exponent_size)).unwrap_or(i64::MAX);
    let mantissa = field(float.mantissa_location, float.mantissa_size);
    let mantissa_size = i64::from(float.mantissa_size);
    let implied = float.normalisation == Normalisation::Implied;
    if exponent == (1_i64 << float.exponent_size) - 1 {
        // A stored leading bit says nothing about infinity.
        let fraction = if implied { mantissa } else { mantissa & !(1_u128 << (mantissa_size - 1)) };
        let nan = if fraction == 0 { 0 } else { (1_u64 << format.mantissa) - 1 };
        return Ok(Some(format.sign(negative) | format.infinity() | nan));
    }
    let scale = exponent.max(1) - i64::from(float.exponent_bias);
    let (significand, digits) = match (implied, exponent) {
        (true, 0) => (mantissa, mantissa_size),
        (true, _) => (mantissa | (1_u128 << mantissa_size), mantissa_size),
        (false, _) => (mantissa, mantissa_size - 1),
    };
    Ok(format.assemble(negative, significand, scale - digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datatype::number::ByteOrder;

    fn read(t: &FloatingPoint, element: &[u8]) -> f64 {
        f64::from_bits(convert(t, element, F64).expect("convertible").expect("exact"))
    }

    // Reference: the definition of each format by the standard, through f64 arithmetic.
    #[test]
    fn half_precision_exhaustively() {
        let half = FloatingPoint::ieee(2, ByteOrder::Little).expect("a layout");
        for bits in 0..=u16::MAX {
            let got = read(&half, &bits.to_le_bytes());
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            let (e, m) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
            let want = match e {
                31 if m == 0.0 => sign * f64::INFINITY,
                31 => f64::NAN,
                0 => sign * m * 2_f64.powi(-24),
                _ => sign * (1024.0 + m) * 2_f64.powi(e - 25),
            };
            assert!(got == want && got.is_sign_negative() == (bits >> 15 == 1) || got.is_nan() && want.is_nan());
            let back = convert(&half, &bits.to_le_bytes(), F16).expect("convertible").expect("exact");
            assert!(back == u64::from(bits) || want.is_nan());
        }
    }

    #[test]
    fn singles_and_doubles_are_themselves() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let single = FloatingPoint::ieee(4, order).expect("a layout");
            let double = FloatingPoint::ieee(8, order).expect("a layout");
            let mut word = 0x9e37_79b9_7f4a_7c15_u64;
            for _ in 0..10_000 {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let bytes = if order == ByteOrder::Big { word.to_be_bytes() } else { word.to_le_bytes() };
                let got = read(&double, &bytes);
                assert!(got.to_bits() == word || got.is_nan() && f64::from_bits(word).is_nan());
                let short = (word >> 32) as u32;
                let bytes = if order == ByteOrder::Big { short.to_be_bytes() } else { short.to_le_bytes() };
                let want = f64::from(f32::from_bits(short));
                let got = read(&single, &bytes);
                assert!(got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan());
            }
        }
    }

    #[test]
    fn what_a_double_cannot_hold_is_refused() {
        // x87 extended: 1.0 fits, 1 + 2^-63 does not.
        let x87 = FloatingPoint {
            size: 16,
            precision: 80,
            sign_location: 79,
            exponent_location: 64,
            exponent_size: 15,
            exponent_bias: 16383,
            mantissa_size: 64,
            normalisation: Normalisation::None,
            ..FloatingPoint::ieee(8, ByteOrder::Little).expect("a layout")
        };
        assert_eq!(Format::holding(&x87), None);
        let mut element = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f, 9, 9, 9, 9, 9, 9];
        assert_eq!(read(&x87, &element), 1.0);
        element[0] = 1;
        assert_eq!(convert(&x87, &element, F64), Ok(None));
        let huge = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x7f, 0, 0, 0, 0, 0, 0];
        assert_eq!(convert(&x87, &huge, F64), Ok(None));
        let infinite = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xff, 0, 0, 0, 0, 0, 0];
        assert_eq!(read(&x87, &infinite), f64::NEG_INFINITY);
        let vax = FloatingPoint { order: ByteOrder::Vax, ..x87 };
        assert!(convert(&vax, &element, F64).is_err());
    }
}
