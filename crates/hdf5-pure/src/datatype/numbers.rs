//! Raw elements to native numbers.

use super::class::Datatype;
use super::error::DatatypeError;
use super::float_bits::{F32, F64, Format, convert};
use super::number::{ByteOrder, FixedPoint, FloatingPoint};
use super::sample::{Rounded, Sample};

/// Native numbers of the type that holds every value of a datatype.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers {
    /// Signed, 8 bits.
    I8(Vec<i8>),
    /// Signed, 9 to 16 bits.
    I16(Vec<i16>),
    /// Signed, 17 to 32 bits.
    I32(Vec<i32>),
    /// Signed, 33 to 64 bits.
    I64(Vec<i64>),
    /// Unsigned, 8 bits; bit fields too.
    U8(Vec<u8>),
    /// Unsigned, 9 to 16 bits.
    U16(Vec<u16>),
    /// Unsigned, 17 to 32 bits.
    U32(Vec<u32>),
    /// Unsigned, 33 to 64 bits.
    U64(Vec<u64>),
    /// Floating-point within binary32, so binary16 and bfloat16 too.
    F32(Vec<f32>),
    /// Any other floating-point.
    F64(Vec<f64>),
}

impl Numbers {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::I8(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// True if there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The number that elements consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Integer(FixedPoint),
    Float(FloatingPoint),
}

impl Number {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Integer(t) => t.size as usize,
            Self::Float(t) => t.size as usize,
        }
    }
}

impl Datatype {
    /// The number an element consists of, one or more of it: integers, floats, bit fields, enumerations, arrays and
    /// complex numbers.
    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::FixedPoint(t) => Some(Number::Integer(*t)),
            Self::FloatingPoint(t) => Some(Number::Float(*t)),
            Self::BitField(t) => Some(Number::Integer(t.as_unsigned())),
            Self::Enumeration(t) => Some(Number::Integer(t.base)),
            Self::Array(t) => t.base.number(),
            Self::Complex(t) => Some(Number::Float(t.part)),
            _ => None,
        }
    }

    /// True if [`Datatype::decode_column`] applies: numbers, bit fields, enumerations, complex numbers and arrays of
    /// these.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        self.number().is_some()
    }

    /// How many numbers an element is: several for arrays and complex numbers.
    ///
    /// # Errors
    /// [`DatatypeError::WrongClass`] for types that hold no numbers.
    pub(crate) fn numbers_an_element(&self) -> Result<usize, DatatypeError> {
        let number = self.number().ok_or_else(|| self.wrong_class("numbers"))?;
        Ok(self.size().checked_div(number.size()).unwrap_or(0))
    }

    /// Decode elements to the smallest [`Numbers`] that holds all values of the type. Array items follow each other in
    /// C order, complex parts alternate, so that there may be several values an element. Floats wider than binary64
    /// become [`Numbers::F64`] as far as they are exact.
    ///
    /// # Errors
    /// [`DatatypeError::WrongClass`] for types that hold no numbers, [`DatatypeError::Unconvertible`] for VAX floats
    /// and integers over 16 bytes, [`DatatypeError::Ragged`] for a broken last element, [`DatatypeError::Inexact`].
    pub fn decode_column(&self, raw: &[u8]) -> Result<Numbers, DatatypeError> {
        let number = self.number().ok_or_else(|| self.wrong_class("numbers"))?;
        Ok(match number {
            Number::Integer(t) => match (t.size, t.signed) {
                (1, true) => Numbers::I8(self.decode(raw)?),
                (2, true) => Numbers::I16(self.decode(raw)?),
                (3..=4, true) => Numbers::I32(self.decode(raw)?),
                (_, true) => Numbers::I64(self.decode(raw)?),
                (1, false) => Numbers::U8(self.decode(raw)?),
                (2, false) => Numbers::U16(self.decode(raw)?),
                (3..=4, false) => Numbers::U32(self.decode(raw)?),
                (_, false) => Numbers::U64(self.decode(raw)?),
            },
            Number::Float(t) => match Format::holding(&t) {
                Some(format) if format != F64 => Numbers::F32(self.decode(raw)?),
                _ => Numbers::F64(self.decode(raw)?),
            },
        })
    }

    /// Decode elements to numbers of one type, as [`Datatype::decode_into`] does.
    ///
    /// # Errors
    /// As [`Datatype::decode_into`].
    pub fn decode<T: Sample>(&self, raw: &[u8]) -> Result<Vec<T>, DatatypeError> {
        let mut out = Vec::new();
        self.decode_into(raw, &mut out)?;
        Ok(out)
    }

    /// Decode elements to the nearest `f64`: exact but for integers beyond 2^53.
    ///
    /// # Errors
    /// As [`Datatype::decode_into`], and [`DatatypeError::Inexact`] for integers of more than 64 bits.
    pub fn decode_rounded(&self, raw: &[u8]) -> Result<Vec<f64>, DatatypeError> {
        Ok(self.decode::<Rounded>(raw)?.into_iter().map(|rounded| rounded.0).collect())
    }

    /// Append the numbers of the elements in `raw` to `out`, which keeps its length on failure.
    ///
    /// Values that `T` does not hold exactly are refused, NaN and negative zero aside.
    ///
    /// # Errors
    /// As [`Datatype::decode_column`].
    pub fn decode_into<T: Sample>(&self, raw: &[u8], out: &mut Vec<T>) -> Result<(), DatatypeError> {
        let number = self.number().ok_or_else(|| self.wrong_class("numbers"))?;
        for size in [self.size(), number.size()] {
            if size == 0 || !raw.len().is_multiple_of(size) {
                return Err(DatatypeError::Ragged { len: raw.len(), size });
            }
        }
        let start = out.len();
        let outcome = match number {
            Number::Integer(t) if t.is_standard() => Ok(standard_integers(t, raw, out)),
            Number::Float(t) if t.is_ieee() && t.size > 2 => Ok(standard_floats(t, raw, out)),
            Number::Integer(t) => odd_integers(t, raw, out),
            Number::Float(t) => odd_floats(&t, raw, out),
        };
        let error = match outcome {
            Ok(None) => return Ok(()),
            Ok(Some(index)) => DatatypeError::Inexact { index, dtype: self.describe(), target: T::NAME },
            Err(why) => DatatypeError::Unconvertible { dtype: self.describe(), why },
        };
        out.truncate(start);
        Err(error)
    }

    pub(crate) fn wrong_class(&self, wanted: &'static str) -> DatatypeError {
        DatatypeError::WrongClass { dtype: self.describe(), wanted }
    }
}

/// Position of the first value that was refused.
type Refused = Option<usize>;

/// Append what `convert` makes of each value; one pass without branches where conversion cannot fail.
fn extend<T: Sample, V>(
    out: &mut Vec<T>,
    values: impl ExactSizeIterator<Item = V>,
    to: impl Fn(V) -> Option<T>,
) -> Refused {
    let mut refused = None;
    out.extend(values.enumerate().map(|(index, value)| {
        to(value).unwrap_or_else(|| {
            refused.get_or_insert(index);
            T::ZERO
        })
    }));
    refused
}

/// Read elements of a native type: bit for bit if `T` is that type, through 64 bits else.
macro_rules! native {
    ($type:ident via $wide:ident $from:ident, $order:expr, $raw:expr, $out:expr) => {{
        let (elements, _) = $raw.as_chunks::<{ size_of::<$type>() }>();
        match ($order, T::NAME == stringify!($type)) {
            (ByteOrder::Big, true) => {
                T::extend_be($raw, $out);
                None
            }
            (_, true) => {
                T::extend_le($raw, $out);
                None
            }
            (ByteOrder::Big, false) => {
                extend($out, elements.iter(), |e| T::$from($wide::from($type::from_be_bytes(*e))))
            }
            (_, false) => extend($out, elements.iter(), |e| T::$from($wide::from($type::from_le_bytes(*e)))),
        }
    }};
}

fn standard_integers<T: Sample>(t: FixedPoint, raw: &[u8], out: &mut Vec<T>) -> Refused {
    match (t.size, t.signed) {
        (1, true) => native!(i8 via i64 from_i64, t.order, raw, out),
        (2, true) => native!(i16 via i64 from_i64, t.order, raw, out),
        (4, true) => native!(i32 via i64 from_i64, t.order, raw, out),
        (_, true) => native!(i64 via i64 from_i64, t.order, raw, out),
        (1, false) => native!(u8 via u64 from_u64, t.order, raw, out),
        (2, false) => native!(u16 via u64 from_u64, t.order, raw, out),
        (4, false) => native!(u32 via u64 from_u64, t.order, raw, out),
        (_, false) => native!(u64 via u64 from_u64, t.order, raw, out),
    }
}

fn standard_floats<T: Sample>(t: FloatingPoint, raw: &[u8], out: &mut Vec<T>) -> Refused {
    if t.size == 4 {
        native!(f32 via f64 from_f64, t.order, raw, out)
    } else {
        native!(f64 via f64 from_f64, t.order, raw, out)
    }
}

fn odd_integers<T: Sample>(t: FixedPoint, raw: &[u8], out: &mut Vec<T>) -> Result<Refused, &'static str> {
    if t.size > 16 || t.precision > 127 {
        return Err("integer of more than 16 bytes or 127 bits");
    }
    Ok(extend(out, raw.chunks_exact(t.size as usize), |element| {
        let value = t.value(element)?;
        match u64::try_from(value) {
            Ok(value) => T::from_u64(value),
            Err(_) => T::from_i64(i64::try_from(value).ok()?),
        }
    }))
}

fn odd_floats<T: Sample>(t: &FloatingPoint, raw: &[u8], out: &mut Vec<T>) -> Result<Refused, &'static str> {
    // The layout decides, not the values: ask once with a zero.
    convert(t, raw.get(..t.size as usize).unwrap_or_default(), F32)?;
    Ok(extend(out, raw.chunks_exact(t.size as usize), |element| {
        T::from_f64(f64::from_bits(convert(t, element, F64).ok()??))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(size: u32, signed: bool, order: ByteOrder) -> Datatype {
        let precision = u16::try_from(8 * size).expect("small");
        Datatype::FixedPoint(FixedPoint { size, order, signed, bit_offset: 0, precision })
    }

    fn float(size: u32, order: ByteOrder) -> Datatype {
        Datatype::FloatingPoint(FloatingPoint::ieee(size, order).expect("a layout"))
    }

    #[test]
    fn byte_orders_and_signs() {
        let raw = [0x80, 0x01, 0x00, 0xff];
        assert_eq!(int(2, true, ByteOrder::Big).decode_column(&raw), Ok(Numbers::I16(vec![-32767, 255])));
        assert_eq!(int(2, false, ByteOrder::Little).decode_column(&raw), Ok(Numbers::U16(vec![384, 65280])));
        assert_eq!(int(1, true, ByteOrder::Big).decode_column(&raw), Ok(Numbers::I8(vec![-128, 1, 0, -1])));
        assert_eq!(int(4, false, ByteOrder::Big).decode::<f64>(&raw), Ok(vec![2_147_549_439.0]));
    }

    #[test]
    fn same_type_keeps_every_bit() {
        let signalling = 0x7fa0_1234_u32;
        let got = float(4, ByteOrder::Big).decode::<f32>(&signalling.to_be_bytes()).expect("decodes");
        assert_eq!(got.first().map(|v| v.to_bits()), Some(signalling));
        assert_eq!(float(4, ByteOrder::Little).decode::<f64>(&1.5_f32.to_le_bytes()), Ok(vec![1.5]));
    }

    #[test]
    fn loss_is_refused_and_leaves_the_target_alone() {
        let mut out = vec![7_i8];
        let raw: Vec<u8> = [1_i16, 300].iter().flat_map(|v| v.to_le_bytes()).collect();
        let error = int(2, true, ByteOrder::Little).decode_into(&raw, &mut out).expect_err("300 is no i8");
        assert_eq!(error, DatatypeError::Inexact { index: 1, dtype: "<i2".into(), target: "i8" });
        assert_eq!(out, [7]);
        let ragged = float(8, ByteOrder::Little).decode::<f64>(&[0; 9]);
        assert_eq!(ragged, Err(DatatypeError::Ragged { len: 9, size: 8 }));
        assert!(float(8, ByteOrder::Little).decode::<f32>(&0.1_f64.to_le_bytes()).is_err());
    }

    #[test]
    fn integers_beyond_what_floats_hold_are_rounded_when_asked() {
        let beyond = (1_u64 << 53) + 1;
        let unsigned = int(8, false, ByteOrder::Big);
        assert!(unsigned.decode::<f64>(&beyond.to_be_bytes()).is_err());
        assert_eq!(unsigned.decode_rounded(&beyond.to_be_bytes()), Ok(vec![9_007_199_254_740_992.0]));
        assert_eq!(unsigned.decode_rounded(&u64::MAX.to_be_bytes()), Ok(vec![18_446_744_073_709_551_616.0]));
        let signed = int(8, true, ByteOrder::Little);
        assert_eq!(signed.decode_rounded(&i64::MIN.to_le_bytes()), Ok(vec![-9_223_372_036_854_775_808.0]));
        assert_eq!(float(8, ByteOrder::Big).decode_rounded(&0.1_f64.to_be_bytes()), Ok(vec![0.1]));
        let wide = int(16, false, ByteOrder::Little);
        assert_eq!(wide.decode_rounded(&7_u128.to_le_bytes()).ok(), None, "128 bits are too many");
        assert!(int(12, false, ByteOrder::Little).decode_rounded(&[0xff; 12]).is_err());
    }

    #[test]
    fn hand_made_types_fail_softly() {
        let zero = FixedPoint { size: 0, order: ByteOrder::Little, signed: true, bit_offset: 0, precision: 0 };
        assert!(Datatype::FixedPoint(zero).decode_column(&[]).is_err());
        let wide = FixedPoint { size: 40, precision: 320, ..zero };
        assert!(Datatype::FixedPoint(wide).decode_column(&[0; 40]).is_err());
    }
}
