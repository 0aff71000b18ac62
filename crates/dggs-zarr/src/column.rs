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

    /// A column without elements.
    #[must_use]
    pub const fn empty(self) -> Column {
        match self {
            Self::U64 => Column::U64(Vec::new()),
            Self::I64 => Column::I64(Vec::new()),
            Self::I32 => Column::I32(Vec::new()),
            Self::F32 => Column::F32(Vec::new()),
            Self::F64 => Column::F64(Vec::new()),
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
pub enum Column {
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

impl Column {
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

    /// Values as the `bytes` codec (little-endian) stores them; bytes beyond the last whole value are left out.
    #[must_use]
    pub fn from_le(raw: &[u8], data_type: DataType) -> Self {
        fn each<T, const N: usize>(raw: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
            raw.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
        }
        match data_type {
            DataType::U64 => Self::U64(each(raw, u64::from_le_bytes)),
            DataType::I64 => Self::I64(each(raw, i64::from_le_bytes)),
            DataType::I32 => Self::I32(each(raw, i32::from_le_bytes)),
            DataType::F32 => Self::F32(each(raw, f32::from_le_bytes)),
            DataType::F64 => Self::F64(each(raw, f64::from_le_bytes)),
        }
    }

    /// Whether values are integers (counts, ids); a count of 0 stands for "no observation".
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        !self.data_type().is_float()
    }

    /// The value of a row as `f64`; NaN past the end. Integers beyond 2^53 lose digits: ids are read from the column itself.
    #[must_use]
    pub fn number(&self, row: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "documented")]
        let value = match self {
            Self::U64(values) => values.get(row).map(|&value| value as f64),
            Self::I64(values) => values.get(row).map(|&value| value as f64),
            Self::I32(values) => values.get(row).map(|&value| f64::from(value)),
            Self::F32(values) => values.get(row).map(|&value| f64::from(value)),
            Self::F64(values) => values.get(row).copied(),
        };
        value.unwrap_or(f64::NAN)
    }

    /// A column of the same type with `rows` missing values: 0, or NaN.
    #[must_use]
    pub fn missing(&self, rows: usize) -> Self {
        match self {
            Self::U64(_) => Self::U64(vec![0; rows]),
            Self::I64(_) => Self::I64(vec![0; rows]),
            Self::I32(_) => Self::I32(vec![0; rows]),
            Self::F32(_) => Self::F32(vec![f32::NAN; rows]),
            Self::F64(_) => Self::F64(vec![f64::NAN; rows]),
        }
    }

    /// Puts `part` at a row; what does not fit or is of another type is left out.
    pub fn put(&mut self, row: usize, part: &Self) {
        fn copy<T: Copy>(into: &mut [T], row: usize, part: &[T]) {
            if let Some(into) = into.get_mut(row..row.saturating_add(part.len())) {
                into.copy_from_slice(part);
            }
        }
        match (self, part) {
            (Self::U64(into), Self::U64(part)) => copy(into, row, part),
            (Self::I64(into), Self::I64(part)) => copy(into, row, part),
            (Self::I32(into), Self::I32(part)) => copy(into, row, part),
            (Self::F32(into), Self::F32(part)) => copy(into, row, part),
            (Self::F64(into), Self::F64(part)) => copy(into, row, part),
            _ => {}
        }
    }

    /// Appends another column; of another type, as `f64`.
    pub fn append(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::U64(into), Self::U64(part)) => into.extend_from_slice(part),
            (Self::I64(into), Self::I64(part)) => into.extend_from_slice(part),
            (Self::I32(into), Self::I32(part)) => into.extend_from_slice(part),
            (Self::F32(into), Self::F32(part)) => into.extend_from_slice(part),
            (Self::F64(into), Self::F64(part)) => into.extend_from_slice(part),
            (this, other) => {
                let all = (0..this.len()).map(|row| this.number(row));
                *this = Self::F64(all.chain((0..other.len()).map(|row| other.number(row))).collect());
            }
        }
    }

    /// The rows with these numbers, in that order; rows past the end are left out.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().filter_map(|&row| values.get(row).copied()).collect()
        }
        match self {
            Self::U64(values) => Self::U64(pick(values, rows)),
            Self::I64(values) => Self::I64(pick(values, rows)),
            Self::I32(values) => Self::I32(pick(values, rows)),
            Self::F32(values) => Self::F32(pick(values, rows)),
            Self::F64(values) => Self::F64(pick(values, rows)),
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
        assert!(Column::F32(odd.to_vec()).append_le(0..3, &mut out));
        assert_eq!(out, [0, 0, 0xc0, 0x7f].repeat(3));
        out.clear();
        assert!(Column::F64(vec![f64::from_bits(u64::MAX)]).append_le(0..1, &mut out));
        assert_eq!(out, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
    }

    #[test]
    fn rows_outside_are_refused() {
        assert!(!Column::I32(vec![1, 2]).append_le(1..3, &mut Vec::new()));
    }
}
