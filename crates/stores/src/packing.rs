//! Numbers that an array stores packed (CF conventions, sections 2.5.1 and 8.1): xarray writes `scale_factor`, `add_offset`
//! and `_FillValue` as attributes, and the stored numbers mean little without them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dggs_zarr::{Column, DataType};
use serde_json::Value;

/// How stored numbers become values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packing {
    scale: f64,
    offset: f64,
    /// Stored numbers that stand for "no value".
    missing: Vec<f64>,
}

impl Packing {
    /// As the attributes of an array say; `None` where the stored numbers are the values.
    pub(crate) fn of(attributes: &Value, stored: DataType) -> Option<Self> {
        let number = |name: &str| attributes[name].as_f64();
        let missing = ["_FillValue", "missing_value"].iter().filter_map(|name| missing(&attributes[*name], stored));
        let missing: Vec<f64> = missing.filter(|value| !value.is_nan()).collect();
        let (scale, offset) = (number("scale_factor").unwrap_or(1.0), number("add_offset").unwrap_or(0.0));
        let plain = scale == 1.0 && offset == 0.0 && missing.is_empty();
        (!plain).then_some(Self { scale, offset, missing })
    }

    /// The values, NaN where there is none.
    pub(crate) fn undo(&self, stored: &Column) -> Column {
        let value = |row| {
            let number = stored.number(row);
            if self.missing.contains(&number) { f64::NAN } else { number * self.scale + self.offset }
        };
        Column::F64((0..stored.len()).map(value).collect())
    }
}

/// A number, or what xarray writes for a float in Zarr v3: base64 of its eight bytes.
fn missing(value: &Value, stored: DataType) -> Option<f64> {
    let coded = || {
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some(f64::from_le_bytes(*bytes.first_chunk().filter(|_| bytes.len() == 8)?))
    };
    value.as_f64().or_else(|| stored.is_float().then(coded).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn packed_numbers_are_unpacked() {
        let packing = Packing::of(&json!({"scale_factor": 0.5, "add_offset": 10, "_FillValue": -1}), DataType::I64);
        let Column::F64(values) = packing.unwrap().undo(&Column::I64(vec![4, -1, 0])) else { panic!("no f64") };
        assert_eq!((values[0], values[2]), (12.0, 10.0));
        assert!(values[1].is_nan());
        assert_eq!(Packing::of(&json!({"units": "m"}), DataType::F32), None);
    }

    /// Python: `base64.b64encode(struct.pack("<d", x))` of NaN and of -9999.
    #[test]
    fn fill_values_of_xarray_are_read() {
        assert_eq!(Packing::of(&json!({"_FillValue": "AAAAAAAA+H8="}), DataType::F32), None);
        let packing = Packing::of(&json!({"_FillValue": "AAAAAICHw8A="}), DataType::F32).unwrap();
        assert_eq!(packing.missing, [-9999.0]);
        assert!(Packing::of(&json!({"_FillValue": "?"}), DataType::F32).is_none());
    }
}
