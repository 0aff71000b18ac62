//! Numbers of other projects as columns of ours.

use dggs_zarr::{Column, DataType};

/// Type of the elements of an array, by its name in Zarr v3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

impl Element {
    /// The type of a name; `None` for one that is no number.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Bool,
            "int8" => Self::I8,
            "int16" => Self::I16,
            "int32" => Self::I32,
            "int64" => Self::I64,
            "uint8" => Self::U8,
            "uint16" => Self::U16,
            "uint32" => Self::U32,
            "uint64" => Self::U64,
            "float16" => Self::F16,
            "float32" => Self::F32,
            "float64" => Self::F64,
            _ => return None,
        })
    }

    /// Whether they are floats.
    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }

    /// Unsigned integers of the same width; other types stay what they are.
    pub(crate) const fn unsigned(self) -> Self {
        match self {
            Self::I8 => Self::U8,
            Self::I16 => Self::U16,
            Self::I32 => Self::U32,
            Self::I64 => Self::U64,
            other => other,
        }
    }

    /// Signed integers of the same width; other types stay what they are.
    pub(crate) const fn signed(self) -> Self {
        match self {
            Self::U8 => Self::I8,
            Self::U16 => Self::I16,
            Self::U32 => Self::I32,
            Self::U64 => Self::I64,
            other => other,
        }
    }

    /// The integer that has the same bits: -1 is 255 in eight bits without a sign. What does not fit stays what it is.
    pub(crate) const fn wrapped(self, value: i128) -> i128 {
        let all = 1_i128 << (8 * self.size());
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 if value < 0 && value >= -(all >> 1) => value + all,
            Self::I8 | Self::I16 | Self::I32 | Self::I64 if value >= all >> 1 && value < all => value - all,
            _ => value,
        }
    }

    /// A number as the nearest of this type of floats; `None` for NaN, and for a number beyond all of them.
    pub(crate) fn nearest(self, value: f64) -> Option<f64> {
        #[expect(clippy::cast_possible_truncation, reason = "rounded on purpose")]
        let rounded = match self {
            Self::F16 => half::f16::from_f64(value).to_f64(),
            Self::F32 => f64::from(value as f32),
            _ => value,
        };
        (!value.is_nan() && rounded.is_finite() == value.is_finite()).then_some(rounded)
    }

    /// Bytes of one.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// The type of the column that holds them: narrow integers as 64 bits wide ones, which a column of a CSV can follow.
    pub(crate) const fn column_type(self) -> DataType {
        match self {
            Self::U64 => DataType::U64,
            Self::F16 | Self::F32 => DataType::F32,
            Self::F64 => DataType::F64,
            _ => DataType::I64,
        }
    }

    /// Values in the byte order of the machine, as `zarrs` decodes them.
    pub(crate) fn column(self, raw: &[u8]) -> Column {
        fn each<T, const N: usize>(raw: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
            raw.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
        }
        match self {
            Self::Bool | Self::U8 => Column::I64(raw.iter().map(|&value| i64::from(value)).collect()),
            Self::I8 => Column::I64(each(raw, |bytes| i64::from(i8::from_ne_bytes(bytes)))),
            Self::I16 => Column::I64(each(raw, |bytes| i64::from(i16::from_ne_bytes(bytes)))),
            Self::I32 => Column::I64(each(raw, |bytes| i64::from(i32::from_ne_bytes(bytes)))),
            Self::I64 => Column::I64(each(raw, i64::from_ne_bytes)),
            Self::U16 => Column::I64(each(raw, |bytes| i64::from(u16::from_ne_bytes(bytes)))),
            Self::U32 => Column::I64(each(raw, |bytes| i64::from(u32::from_ne_bytes(bytes)))),
            Self::U64 => Column::U64(each(raw, u64::from_ne_bytes)),
            Self::F16 => Column::F32(each(raw, |bytes| half::f16::from_ne_bytes(bytes).to_f32())),
            Self::F32 => Column::F32(each(raw, f32::from_ne_bytes)),
            Self::F64 => Column::F64(each(raw, f64::from_ne_bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_numbers_widen() {
        let column = |name: &str, raw: &[u8]| Element::parse(name).unwrap().column(raw);
        assert_eq!(column("int8", &[1, 0xff]), Column::I64(vec![1, -1]));
        assert_eq!(column("uint8", &[255]), Column::I64(vec![255]));
        assert_eq!(column("int16", &(-2i16).to_ne_bytes()), Column::I64(vec![-2]));
        assert_eq!(column("uint32", &u32::MAX.to_ne_bytes()), Column::I64(vec![4_294_967_295]));
        assert_eq!(column("float16", &0x3e00_u16.to_ne_bytes()), Column::F32(vec![1.5]));
        for name in ["bool", "int8", "uint16", "int32", "uint64", "int64", "float16", "float32", "float64"] {
            let element = Element::parse(name).unwrap();
            assert_eq!(element.column(&[0; 16]).len(), 16 / element.size());
            assert_eq!(element.column(&[0; 16]).data_type(), element.column_type());
        }
        assert_eq!(Element::parse("complex64"), None);
    }
}
