//! Typed values of one array.

use std::ops::Range;

/// Bit pattern of every NaN written: the one that Zarr v3 (core specification, fill value `"NaN"`) names.
/// Platforms differ in the sign and payload of the NaNs that arithmetic makes; the store must not.
const NAN_32: u32 = 0x7fc0_0000;
const NAN_64: u64 = 0x7ff8_0000_0000_0000;

/// Element types, named as in Zarr v3 core (`data_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataType {
    /// `uint64`
    U64,
    /// `int64`
    I64,
    /// `int32`
    I32,
    /// `float32`
    F32,
    /// `float64`
    F64,
}

impl DataType {
    /// The name in `zarr.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::I32 => "int32",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// The inverse of [`DataType::name`]; `None` for one that this convention does not use.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::U64, Self::I64, Self::I32, Self::F32, Self::F64].into_iter().find(|held| held.name() == name)
    }

    /// Bytes per element.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether missing elements can be NaN.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// The values of one array, in row order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `uint64`
    U64(Vec<u64>),
    /// `int64`
    I64(Vec<i64>),
    /// `int32`
    I32(Vec<i32>),
    /// `float32`
    F32(Vec<f32>),
    /// `float64`
    F64(Vec<f64>),
}

impl Values {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type.
    #[must_use]
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::U64(_) => DataType::U64,
            Self::I64(_) => DataType::I64,
            Self::I32(_) => DataType::I32,
            Self::F32(_) => DataType::F32,
            Self::F64(_) => DataType::F64,
        }
    }

    /// Appends `rows` as the `bytes` codec (little-endian) stores them. `false`: `rows` lies outside.
    pub(crate) fn append_le(&self, rows: Range<usize>, out: &mut Vec<u8>) -> bool {
        match self {
            Self::U64(v) => append(v.get(rows), out, u64::to_le_bytes),
            Self::I64(v) => append(v.get(rows), out, i64::to_le_bytes),
            Self::I32(v) => append(v.get(rows), out, i32::to_le_bytes),
            Self::F32(v) => append(v.get(rows), out, f32_le),
            Self::F64(v) => append(v.get(rows), out, f64_le),
        }
    }
}

fn append<T: Copy, const N: usize>(rows: Option<&[T]>, out: &mut Vec<u8>, bytes: impl Fn(T) -> [u8; N]) -> bool {
    let Some(rows) = rows else { return false };
    out.reserve(rows.len() * N);
    out.extend(rows.iter().flat_map(|x| bytes(*x)));
    true
}

pub(crate) fn f32_le(x: f32) -> [u8; 4] {
    if x.is_nan() { NAN_32 } else { x.to_bits() }.to_le_bytes()
}

pub(crate) fn f64_le(x: f64) -> [u8; 8] {
    if x.is_nan() { NAN_64 } else { x.to_bits() }.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nan_has_one_bit_pattern() {
        let mut out = Vec::new();
        let odd = [f32::from_bits(0xffc0_0001), f32::from_bits(0x7f80_0001), f32::NAN];
        assert!(Values::F32(odd.to_vec()).append_le(0..3, &mut out));
        assert_eq!(out, [0, 0, 0xc0, 0x7f].repeat(3));
        out.clear();
        assert!(Values::F64(vec![f64::from_bits(u64::MAX)]).append_le(0..1, &mut out));
        assert_eq!(out, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
    }

    #[test]
    fn rows_outside_are_refused() {
        assert!(!Values::I32(vec![1, 2]).append_le(1..3, &mut Vec::new()));
    }
}
