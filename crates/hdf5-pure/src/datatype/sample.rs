//! Native number types that elements are decoded to.

/// Native number: the items of a [`Numbers`](super::Numbers). Sealed.
///
/// Conversions are exact or refused.
pub trait Sample:
    Copy + Default + PartialEq + Send + Sync + std::fmt::Debug + Sized + private::Sealed + 'static
{
    /// Name, as Rust spells it.
    const NAME: &'static str;
    /// The same number, if this type holds it exactly.
    fn from_i64(value: i64) -> Option<Self>;
    /// The same number, if this type holds it exactly.
    fn from_u64(value: u64) -> Option<Self>;
    /// The same number, if this type holds it exactly; NaN is one NaN in floating-point types.
    fn from_f64(value: f64) -> Option<Self>;
}

mod private {
    /// Keeps the set of samples closed, and reads what is stored natively except for the byte order.
    pub trait Sealed: Sized {
        /// Replaces a value that turned out inexact until the error is reported.
        const ZERO: Self;
        /// Append little-endian elements, bit for bit; a remainder is ignored.
        fn extend_le(raw: &[u8], out: &mut Vec<Self>);
        /// Append big-endian elements, bit for bit; a remainder is ignored.
        fn extend_be(raw: &[u8], out: &mut Vec<Self>);
    }
}

macro_rules! sealed {
    ($($type:ident $zero:literal)*) => { $(
        impl private::Sealed for $type {
            const ZERO: Self = $zero;
            fn extend_le(raw: &[u8], out: &mut Vec<Self>) {
                let (elements, _) = raw.as_chunks::<{ size_of::<$type>() }>();
                out.extend(elements.iter().map(|e| Self::from_le_bytes(*e)));
            }
            fn extend_be(raw: &[u8], out: &mut Vec<Self>) {
                let (elements, _) = raw.as_chunks::<{ size_of::<$type>() }>();
                out.extend(elements.iter().map(|e| Self::from_be_bytes(*e)));
            }
        }
    )* };
}
sealed!(i8 0 i16 0 i32 0 i64 0 u8 0 u16 0 u32 0 u64 0 f32 0.0 f64 0.0);

macro_rules! integer_sample {
    ($($type:ident)*) => { $(
        impl Sample for $type {
            const NAME: &'static str = stringify!($type);
            #[inline]
            fn from_i64(value: i64) -> Option<Self> {
                Self::try_from(value).ok()
            }
            #[inline]
            fn from_u64(value: u64) -> Option<Self> {
                Self::try_from(value).ok()
            }
            #[inline]
            fn from_f64(value: f64) -> Option<Self> {
                Self::try_from(whole(value)?).ok()
            }
        }
    )* };
}
integer_sample!(i8 i16 i32 i64 u8 u16 u32 u64);

/// Integer value of a float below 2^64 in magnitude without a fraction; negative zero counts as zero.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the range and the fraction are checked before")]
fn whole(value: f64) -> Option<i128> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    (value > -LIMIT && value < LIMIT && value.trunc() == value).then_some(value as i128)
}

/// Integers up to this magnitude are all binary64 numbers.
const EXACT: u64 = 1 << 53;

impl Sample for f64 {
    const NAME: &'static str = "f64";
    #[inline]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked by converting back")]
    fn from_i64(value: i64) -> Option<Self> {
        let float = value as f64;
        // The first test alone decides for narrow integers, at compile time.
        (value.unsigned_abs() <= EXACT || float as i128 == i128::from(value)).then_some(float)
    }
    #[inline]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked by converting back")]
    fn from_u64(value: u64) -> Option<Self> {
        let float = value as f64;
        (value <= EXACT || float as i128 == i128::from(value)).then_some(float)
    }
    #[inline]
    fn from_f64(value: f64) -> Option<Self> {
        Some(value)
    }
}

impl Sample for f32 {
    const NAME: &'static str = "f32";
    #[inline]
    fn from_i64(value: i64) -> Option<Self> {
        Self::from_f64(f64::from_i64(value)?)
    }
    #[inline]
    fn from_u64(value: u64) -> Option<Self> {
        Self::from_f64(f64::from_u64(value)?)
    }
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "checked by converting back")]
    fn from_f64(value: f64) -> Option<Self> {
        let float = value as f32;
        (f64::from(float) == value || value.is_nan()).then_some(float)
    }
}

/// A number rounded to the nearest `f64`, which only integers beyond 2^53 are not already.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Rounded(pub(crate) f64);

impl private::Sealed for Rounded {
    const ZERO: Self = Self(0.0);
    fn extend_le(raw: &[u8], out: &mut Vec<Self>) {
        let (elements, _) = raw.as_chunks();
        out.extend(elements.iter().map(|element| Self(f64::from_le_bytes(*element))));
    }
    fn extend_be(raw: &[u8], out: &mut Vec<Self>) {
        let (elements, _) = raw.as_chunks();
        out.extend(elements.iter().map(|element| Self(f64::from_be_bytes(*element))));
    }
}

impl Sample for Rounded {
    const NAME: &'static str = f64::NAME;
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "rounding is what is meant")]
    fn from_i64(value: i64) -> Option<Self> {
        Some(Self(value as f64))
    }
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "rounding is what is meant")]
    fn from_u64(value: u64) -> Option<Self> {
        Some(Self(value as f64))
    }
    #[inline]
    fn from_f64(value: f64) -> Option<Self> {
        Some(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_or_refused() {
        assert_eq!(i8::from_f64(-128.0), Some(-128));
        assert_eq!(i8::from_f64(128.0), None);
        assert_eq!(i64::from_f64(0.5), None);
        assert_eq!(i64::from_f64(f64::NAN), None);
        assert_eq!(i64::from_f64(9_223_372_036_854_775_808.0), None);
        assert_eq!(u64::from_f64(9_223_372_036_854_775_808.0), Some(1 << 63));
        assert_eq!(u64::from_f64(18_446_744_073_709_551_616.0), None);
        assert_eq!(f64::from_i64((1 << 53) + 1), None);
        assert_eq!(f64::from_i64(i64::MIN), Some(-9_223_372_036_854_775_808.0));
        assert_eq!(f64::from_i64(i64::MAX), None);
        assert_eq!(f64::from_u64(u64::MAX), None);
        assert_eq!(f32::from_f64(0.1), None);
        assert_eq!(f32::from_f64(f64::from(f32::MAX)), Some(f32::MAX));
        assert_eq!(f32::from_f64(1e300), None);
        assert!(f32::from_f64(f64::NAN).is_some_and(f32::is_nan));
        assert_eq!(f32::from_i64(16_777_217), None);
        assert_eq!(u8::from_i64(-1), None);
    }
}
