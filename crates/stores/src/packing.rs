//! Numbers that an array stores packed (CF conventions, sections 2.5.1 and 8.1; for `_Unsigned` the NetCDF user's guide):
//! xarray writes `scale_factor`, `add_offset` and `_FillValue` as attributes, and the stored numbers mean little without them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dggs_zarr::Column;
use serde_json::Value;

use crate::element::Element;

/// How stored numbers become values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Packing {
    scale: f64,
    offset: f64,
    /// Stored numbers that stand for "no value", of an array of integers.
    integers: Vec<i128>,
    /// The same, of an array of floats.
    floats: Vec<f64>,
}

impl Packing {
    /// As the attributes of an array say; `None` where the stored numbers are the values. `stored` is what
    /// [`as_declared`] makes of the type of the elements.
    ///
    /// # Errors
    /// The attribute that is there and cannot be read.
    pub(crate) fn of(attributes: &Value, stored: Element) -> Result<Option<Self>, String> {
        let factor = |name: &str, usual: f64| match list(&attributes[name]) {
            [] if attributes[name].is_null() => Ok(usual),
            [value] => number(value).filter(|value| value.is_finite()).ok_or_else(|| unread(name, attributes)),
            _ => Err(unread(name, attributes)),
        };
        let (scale, offset) = (factor("scale_factor", 1.0)?, factor("add_offset", 0.0)?);
        let (mut integers, mut floats) = (Vec::new(), Vec::new());
        for name in ["_FillValue", "missing_value"] {
            for value in list(&attributes[name]) {
                let read = if stored.is_float() {
                    float(value).map(|value| floats.extend(stored.nearest(value)))
                } else {
                    integer(value).map(|value| integers.extend(value.map(|value| stored.wrapped(value))))
                };
                read.ok_or_else(|| unread(name, attributes))?;
            }
        }
        let plain = scale == 1.0 && offset == 0.0 && integers.is_empty() && floats.is_empty();
        Ok((!plain).then_some(Self { scale, offset, integers, floats }))
    }

    /// The values, NaN where there is none.
    pub(crate) fn undo(&self, stored: &Column) -> Column {
        let value = |row| {
            let number = stored.number(row);
            if self.is_missing(stored, row, number) { f64::NAN } else { number * self.scale + self.offset }
        };
        Column::F64((0..stored.len()).map(value).collect())
    }

    fn is_missing(&self, stored: &Column, row: usize, number: f64) -> bool {
        let exact = match stored {
            Column::I64(values) => values.get(row).map(|&value| i128::from(value)),
            Column::U64(values) => values.get(row).map(|&value| i128::from(value)),
            _ => return self.floats.contains(&number),
        };
        exact.is_some_and(|exact| self.integers.contains(&exact))
    }
}

/// The type of the elements where `_Unsigned` says that signed integers are unsigned, or unsigned ones signed.
///
/// # Errors
/// `_Unsigned` is there, and neither true nor false.
pub(crate) fn as_declared(attributes: &Value, stored: Element) -> Result<Element, String> {
    let unsigned = match list(&attributes["_Unsigned"]) {
        [] if attributes["_Unsigned"].is_null() => return Ok(stored),
        [Value::Bool(unsigned)] => Some(*unsigned),
        [Value::String(text)] => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    let unsigned = unsigned.ok_or_else(|| unread("_Unsigned", attributes))?;
    Ok(if unsigned { stored.unsigned() } else { stored.signed() })
}

fn unread(name: &str, attributes: &Value) -> String {
    let value: String = attributes[name].to_string().chars().take(60).collect();
    format!("its attribute `{name}` is {value}, which cannot be read: write a number")
}

/// The values of an attribute: some writers make a list of every one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        value => std::slice::from_ref(value),
    }
}

/// A number, or one as text: JSON has none for NaN and infinities.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A number, or what xarray writes for a float in Zarr v3: base64 of its eight bytes.
fn float(value: &Value) -> Option<f64> {
    let coded = || {
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some(f64::from_le_bytes(*bytes.first_chunk().filter(|_| bytes.len() == 8)?))
    };
    number(value).or_else(coded)
}

/// An integer, exactly; `Some(None)` for a number that no integer is equal to.
fn integer(value: &Value) -> Option<Option<i128>> {
    let exact = match value {
        Value::Number(number) => number.as_i128(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(value) => Some(i128::from(*value)),
        _ => None,
    };
    if exact.is_some() {
        return Some(exact);
    }
    #[expect(clippy::cast_possible_truncation, reason = "integers far beyond 64 bits are equal to none that is stored")]
    let whole = |number: f64| (number.fract() == 0.0).then_some(number as i128);
    float(value).map(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn packing(attributes: &Value, stored: &str) -> Result<Option<Packing>, String> {
        let stored = Element::parse(stored).unwrap();
        Packing::of(attributes, as_declared(attributes, stored)?)
    }

    /// Values of stored bytes (of the machine's order).
    fn values(attributes: &Value, stored: &str, raw: &[u8]) -> Vec<f64> {
        let element = as_declared(attributes, Element::parse(stored).unwrap()).unwrap();
        let column = element.column(raw);
        let column = Packing::of(attributes, element).unwrap().map_or(column.clone(), |packing| packing.undo(&column));
        (0..column.len()).map(|row| column.number(row)).collect()
    }

    /// Whether each is NaN.
    fn gone(values: &[f64]) -> Vec<bool> {
        values.iter().map(|value| value.is_nan()).collect()
    }

    #[test]
    fn packed_numbers_are_unpacked() {
        for attributes in [
            json!({"scale_factor": 0.5, "add_offset": 10, "_FillValue": -1}),
            json!({"scale_factor": [0.5], "add_offset": [10], "_FillValue": [-1]}),
            json!({"scale_factor": "0.5", "add_offset": "1e1", "missing_value": "-1"}),
            json!({"scale_factor": 0.5, "add_offset": 10.0, "missing_value": [-1.0, 2, "NaN", 7.5], "_FillValue": null}),
        ] {
            let values = values(&attributes, "int8", &[4, 255, 0]);
            assert_eq!((values[0], values[2]), (12.0, 10.0), "{attributes}");
            assert!(values[1].is_nan(), "{attributes}");
        }
        assert_eq!(packing(&json!({"units": "m", "missing_value": []}), "float32"), Ok(None));
        assert_eq!(
            gone(&values(&json!({"missing_value": [1, 2]}), "uint8", &[0, 1, 2, 3])),
            [false, true, true, false]
        );
        assert_eq!(gone(&values(&json!({"_FillValue": true}), "bool", &[0, 1])), [false, true]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (name, value) in [
            ("scale_factor", json!("half")),
            ("scale_factor", json!([0.5, 0.25])),
            ("scale_factor", json!([])),
            ("scale_factor", json!("NaN")),
            ("add_offset", json!({"value": 1})),
            ("_FillValue", json!("?")),
            ("missing_value", json!([1, "many"])),
            ("missing_value", json!([[1]])),
            ("_Unsigned", json!("yes")),
            ("_Unsigned", json!(1)),
        ] {
            for stored in ["int16", "float32"] {
                let why = packing(&json!({name: value}), stored).unwrap_err();
                assert!(why.contains(&format!("`{name}`")) && why.contains("write a number"), "{why}");
            }
        }
    }

    /// Python: `base64.b64encode(struct.pack("<d", x))` of NaN and of -9999.
    #[test]
    fn fill_values_of_xarray_are_read() {
        assert_eq!(packing(&json!({"_FillValue": "AAAAAAAA+H8="}), "float32"), Ok(None));
        for coded in [json!("AAAAAICHw8A="), json!(["AAAAAICHw8A="])] {
            assert_eq!(packing(&json!({"_FillValue": coded}), "float32").unwrap().unwrap().floats, [-9999.0]);
        }
    }

    #[test]
    fn fill_values_are_rounded_as_the_values_were() {
        let raw = |values: &[f32]| values.iter().flat_map(|value| value.to_ne_bytes()).collect::<Vec<u8>>();
        let values32 = |attributes| gone(&values(&attributes, "float32", &raw(&[-9999.9, 1e20, 1.0, f32::INFINITY])));
        assert_eq!(values32(json!({"_FillValue": -9999.9})), [true, false, false, false]);
        assert_eq!(values32(json!({"missing_value": 1e20})), [false, true, false, false]);
        assert_eq!(values32(json!({"missing_value": [1e20, "Infinity"]})), [false, true, false, true]);
        // Beyond float32: no stored value was it.
        assert_eq!(values32(json!({"missing_value": 1e300})), [false; 4]);
        let half = half::f16::from_f64(-99.9).to_ne_bytes();
        assert_eq!(gone(&values(&json!({"_FillValue": -99.9}), "float16", &half)), [true]);
        assert_eq!(gone(&values(&json!({"_FillValue": -99.9}), "float64", &(-99.9_f64).to_ne_bytes())), [true]);
    }

    #[test]
    fn large_integers_are_compared_exactly() {
        let raw = [i64::MIN, i64::MIN + 1, (1 << 53) + 1].map(i64::to_ne_bytes).concat();
        let of = |attributes| gone(&values(&attributes, "int64", &raw));
        assert_eq!(of(json!({"_FillValue": i64::MIN})), [true, false, false]);
        assert_eq!(of(json!({"_FillValue": 1_i64 << 53})), [false; 3]);
        assert_eq!(of(json!({"_FillValue": "9007199254740993"})), [false, false, true]);
        let raw = [u64::MAX, u64::MAX - 1].map(u64::to_ne_bytes).concat();
        assert_eq!(gone(&values(&json!({"_FillValue": u64::MAX}), "uint64", &raw)), [true, false]);
    }

    #[test]
    fn integers_are_what_unsigned_says() {
        for unsigned in [json!("true"), json!("True"), json!(true), json!(["true"])] {
            assert_eq!(values(&json!({"_Unsigned": unsigned}), "int8", &[0, 0x80, 0xff]), [0.0, 128.0, 255.0]);
        }
        assert_eq!(values(&json!({"_Unsigned": "true"}), "int64", &[0xff; 8]), [u64::MAX as f64]);
        assert_eq!(values(&json!({"_Unsigned": "false"}), "uint16", &[0xff; 2]), [-1.0]);
        assert_eq!(values(&json!({"_Unsigned": "true"}), "float32", &1.5_f32.to_ne_bytes()), [1.5]);
        // The fill value may be written as either.
        for fill in [-1, 255] {
            let attributes = json!({"_Unsigned": "true", "_FillValue": fill, "scale_factor": 2});
            let values = values(&attributes, "int8", &[0xfe, 0xff]);
            assert_eq!((values[0], values[1].is_nan()), (508.0, true));
        }
        let signed = json!({"_Unsigned": "false", "_FillValue": 255});
        assert_eq!(gone(&values(&signed, "uint8", &[0xfe, 0xff])), [false, true]);
    }
}
