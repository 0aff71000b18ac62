//! How stored numbers become values, as the CF conventions say: missing data (2.5.1) and packed data (8.1).
use crate::GranuleError;
use hdf5_pure::datatype::Datatype;
use hdf5_pure::{Attribute, Dataset};
use serde::{Deserialize, Serialize};

/// The attributes that decide.
pub(crate) const ATTRIBUTES: [&str; 5] = ["_FillValue", "missing_value", "scale_factor", "add_offset", UNSIGNED];
/// Says that a signed integer is to be read as unsigned (NetCDF Users Guide, appendix B).
const UNSIGNED: &str = "_Unsigned";

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Coordinates, value, uncertainty: the fill value of the dataset itself counts where the writer chose it. One of 0 does not:
    /// it is what makers of files put where they mean none, and 0 is a place on Earth.
    Quantity,
    /// A condition on rows: only attributes say what is missing. NASA's files give flags, where 0 is data, any fill value.
    Condition,
}

/// How the stored numbers of one column become values.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Decoding {
    /// Stored numbers that stand for "no value".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fills: Vec<Number>,
    /// The same of type `f32` beside wider numbers, which are compared after rounding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fills_f32: Vec<Number>,
    /// A value is the stored number times this...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<Number>,
    /// ...plus this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<Number>,
    /// What is read where nothing was written: a stored number, NaN for "no value".
    pub(crate) unwritten: Number,
}

/// A number that is text in JSON, whose numbers need not come back to the bit.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Number(pub(crate) f64);

impl From<Number> for String {
    fn from(number: Number) -> Self {
        format!("{:e}", number.0)
    }
}

impl TryFrom<String> for Number {
    type Error = std::num::ParseFloatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl Decoding {
    /// By the [`ATTRIBUTES`] that a dataset has and its own fill value. `named` are more stored numbers that mean "no value".
    ///
    /// # Errors
    /// [`GranuleError::Attribute`] when one of them cannot be applied.
    pub(crate) fn of(
        dataset: &Dataset,
        attributes: &[Attribute],
        role: Role,
        named: &[f64],
    ) -> Result<Self, GranuleError> {
        let refuse = |name: &str, why: String| GranuleError::Attribute {
            place: dataset.path.clone(),
            why: format!("its attribute {name} cannot be applied: {why}"),
        };
        let unwritten = match role {
            Role::Quantity => own_fill(dataset.chosen_fill.as_deref(), dataset)?.filter(|fill| *fill != 0.0),
            Role::Condition => own_fill(dataset.fill_value.as_deref(), dataset)?,
        };
        let chosen = unwritten.filter(|_| role == Role::Quantity);
        let mut decoding = Self {
            fills: chosen.map(Number).into_iter().collect(),
            fills_f32: Vec::new(),
            scale: None,
            offset: None,
            unwritten: Number(unwritten.unwrap_or(f64::NAN)),
        };
        named.iter().for_each(|fill| decoding.add_fill(&dataset.datatype, *fill, true));
        for attribute in attributes {
            let name = attribute.name.as_str();
            let applied = match name {
                UNSIGNED => unsigned(&dataset.datatype, attribute),
                "scale_factor" => one_number(attribute).map(|scale| decoding.scale = Some(Number(scale))),
                "add_offset" => one_number(attribute).map(|offset| decoding.offset = Some(Number(offset))),
                _ => decoding.add_fills(&dataset.datatype, attribute),
            };
            applied.map_err(|why| refuse(name, why))?;
        }
        if decoding.scale == Some(Number(0.0)) {
            return Err(refuse("scale_factor", "it is 0".into()));
        }
        Ok(decoding)
    }

    /// Takes the numbers of an attribute for "no value".
    fn add_fills(&mut self, column: &Datatype, attribute: &Attribute) -> Result<(), String> {
        let single = is_f32(&attribute.datatype);
        all_numbers(attribute)?.into_iter().for_each(|fill| self.add_fill(column, fill, single));
        Ok(())
    }

    /// Takes a number for "no value": as it is, and as it is in the column's own type; `single`: as an `f32` too.
    fn add_fill(&mut self, column: &Datatype, fill: f64, single: bool) {
        self.fills.push(Number(fill));
        match column {
            Datatype::FloatingPoint(float) if float.size <= 4 => {
                let stored = if float.size == 2 { half(fill) } else { rounded(fill) };
                self.fills.extend(Some(stored).filter(|stored| stored.is_finite()).map(Number));
            }
            Datatype::FloatingPoint(_) if single => self.fills_f32.push(Number(rounded(fill))),
            Datatype::FixedPoint(integer) => {
                // The largest integer of a type, rounded to a float, is one too large.
                let bits = i32::from(integer.precision) - i32::from(integer.signed);
                let beyond = (0..bits).fold(1.0, |power, _| 2.0 * power);
                if fill == beyond {
                    self.fills.push(Number(fill - 1.0));
                } else if single {
                    self.fills_f32.push(Number(rounded(fill)));
                }
            }
            _ => {}
        }
    }

    /// Whether a value is the stored number itself.
    pub(crate) const fn is_plain(&self) -> bool {
        self.scale.is_none() && self.offset.is_none()
    }

    /// The value of a stored number; `None` where it stands for "no value".
    #[inline]
    pub(crate) fn value(&self, stored: f64) -> Option<f64> {
        let same = |fill: &Number, stored: f64| fill.0 == stored || fill.0.is_nan() && stored.is_nan();
        let is_fill = self.fills.iter().any(|fill| same(fill, stored))
            || self.fills_f32.iter().any(|fill| same(fill, rounded(stored)));
        (!is_fill).then(|| self.unpacked(stored))
    }

    /// [`Decoding::value`] of many, NaN for "no value": one plain pass for each fill value and each factor.
    pub(crate) fn values(&self, stored: &mut [f64]) {
        for fill in &self.fills {
            stored.iter_mut().filter(|stored| **stored == fill.0).for_each(|stored| *stored = f64::NAN);
        }
        for fill in &self.fills_f32 {
            stored.iter_mut().filter(|stored| rounded(**stored) == fill.0).for_each(|stored| *stored = f64::NAN);
        }
        if self.scale.is_some() || self.offset.is_some() {
            stored.iter_mut().for_each(|stored| *stored = self.unpacked(*stored));
        }
    }

    #[inline]
    fn unpacked(&self, stored: f64) -> f64 {
        let scaled = self.scale.map_or(stored, |scale| stored * scale.0);
        self.offset.map_or(scaled, |offset| scaled + offset.0)
    }
}

fn own_fill(raw: Option<&[u8]>, dataset: &Dataset) -> Result<Option<f64>, GranuleError> {
    let fill = raw.map(|raw| dataset.datatype.decode_rounded(raw)).transpose();
    let fill = fill.map_err(|error| GranuleError::at(&dataset.path)(error.into()))?;
    Ok(fill.and_then(|fill| fill.first().copied()))
}

fn all_numbers(attribute: &Attribute) -> Result<Vec<f64>, String> {
    if attribute.datatype.is_numeric() {
        return attribute.datatype.decode_rounded(&attribute.raw).map_err(|error| error.to_string());
    }
    Err(format!("it is of type {}, not a number", attribute.datatype.describe()))
}

fn one_number(attribute: &Attribute) -> Result<f64, String> {
    match all_numbers(attribute)?.as_slice() {
        [number] if number.is_finite() => Ok(*number),
        [number] => Err(format!("it is {number}")),
        numbers => Err(format!("it has {} numbers where one belongs", numbers.len())),
    }
}

fn unsigned(column: &Datatype, attribute: &Attribute) -> Result<(), String> {
    let says_no = attribute.raw.get(..5).is_some_and(|text| text.eq_ignore_ascii_case(b"false"));
    match column {
        Datatype::FixedPoint(integer) if integer.signed && !says_no => {
            Err("signed integers are not read as unsigned ones".into())
        }
        _ => Ok(()),
    }
}

const fn is_f32(datatype: &Datatype) -> bool {
    matches!(datatype, Datatype::FloatingPoint(float) if float.size <= 4)
}

/// Rounded to `float16`: to 11 significant bits, and to multiples of 2^-24 below its normal numbers.
fn half(number: f64) -> f64 {
    const DROPPED: u32 = 52 - 10;
    const SMALLEST: f64 = 1.0 / 16_777_216.0;
    if !number.is_finite() || number.abs() < 1024.0 * SMALLEST {
        return (number / SMALLEST).round_ties_even() * SMALLEST;
    }
    let bits = number.to_bits();
    let odd = bits >> DROPPED & 1;
    let stored = f64::from_bits((bits + (1 << (DROPPED - 1)) - 1 + odd) >> DROPPED << DROPPED);
    if stored.abs() > 65_504.0 { f64::INFINITY } else { stored }
}

/// Rounded to `f32`.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is meant")]
fn rounded(number: f64) -> f64 {
    f64::from(number as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn halves_have_eleven_bits() {
        for (number, stored) in [
            (-9999.0, -10_000.0),
            (1.0, 1.0),
            (2049.0, 2048.0),
            (2051.0, 2052.0),
            (65_504.0, 65_504.0),
            (0.1, 0.099_975_585_937_5),
        ] {
            assert_eq!(half(number), stored, "{number}");
        }
        assert!(half(1e9).is_infinite() && half(0.0) == 0.0 && half(f64::NAN).is_nan());
    }

    use hdf5_pure::datatype::{CharacterSet, FixedString, StringPadding};
    use hdf5_pure::{Outline, Space};

    const MAX_F32: f64 = 3.402_823_466_385_288_6e38;

    fn dataset(datatype: &str) -> Dataset {
        let outline = Outline {
            shape: vec![4],
            chunk_shape: None,
            datatype: datatype.into(),
            filters: Vec::new(),
            plain_edges: false,
        };
        outline.dataset("/a").unwrap()
    }

    fn attribute(name: &str, datatype: &str, raw: &[u8]) -> Attribute {
        let datatype = dataset(datatype).datatype;
        let shape = vec![(raw.len() / datatype.size()) as u64];
        Attribute { name: name.into(), space: Space::Simple, shape, datatype, raw: Bytes::copy_from_slice(raw) }
    }

    fn text(name: &str, raw: &'static [u8]) -> Attribute {
        let datatype = FixedString { size: 4, padding: StringPadding::NullPad, character_set: CharacterSet::Ascii };
        let datatype = Datatype::String(datatype);
        Attribute { name: name.into(), space: Space::Scalar, shape: Vec::new(), datatype, raw: raw.into() }
    }

    fn decoding(datatype: &str, attributes: &[Attribute]) -> Decoding {
        Decoding::of(&dataset(datatype), attributes, Role::Quantity, &[]).unwrap()
    }

    #[test]
    fn fill_values_count_in_the_type_of_the_attribute_and_in_that_of_the_column() {
        let f32_fill = attribute("_FillValue", "<f4", &f32::MAX.to_le_bytes());
        let f64_fill = attribute("_FillValue", "<f8", &3.402_823_5e38_f64.to_le_bytes());
        for (column, fill) in [("<f8", &f32_fill), ("<f4", &f32_fill), ("<f4", &f64_fill)] {
            let decoding = decoding(column, std::slice::from_ref(fill));
            assert_eq!(decoding.value(MAX_F32), None, "{column}");
            assert_eq!(decoding.value(2.5), Some(2.5), "{column}");
        }
        assert_eq!(decoding("<f8", &[f32_fill]).value(3.402_823_5e38), None, "as decimals write it");
        let largest = attribute("_FillValue", "<f4", &2_147_483_648_f32.to_le_bytes());
        let decoding = decoding("<i4", &[largest]);
        assert_eq!(
            [2_147_483_647.0, 2_147_483_646.0].map(|stored| decoding.value(stored)),
            [None, Some(2_147_483_646.0)]
        );
    }

    #[test]
    fn many_values_are_decoded_as_each_alone() {
        let number = |number: f64| Some(Number(number));
        let stored = [0.0, -0.0, 1.5, -9999.0, f64::NAN, f64::INFINITY, 1e38, f64::from(0.1_f32), 0.1, 7.0, -7.0, 14.0];
        let kinds = [vec![], vec![-9999.0], vec![f64::NAN, 7.0], vec![0.0, 14.0], vec![0.1, -0.0]];
        for (fills, fills_f32) in kinds.iter().flat_map(|fills| kinds.iter().map(move |others| (fills, others))) {
            for (scale, offset) in
                [(None, None), (number(2.0), None), (None, number(-7.0)), (number(-0.5), number(1e-3))]
            {
                let numbers = |all: &[f64]| all.iter().copied().map(Number).collect();
                let (fills, fills_f32) = (numbers(fills), numbers(fills_f32));
                let decoding = Decoding { fills, fills_f32, scale, offset, unwritten: Number(f64::NAN) };
                let mut many = stored;
                decoding.values(&mut many);
                for (many, stored) in many.into_iter().zip(stored) {
                    let one = decoding.value(stored).unwrap_or(f64::NAN);
                    assert!(one.to_bits() == many.to_bits() || one.is_nan() && many.is_nan(), "{stored}: {decoding:?}");
                }
            }
        }
    }

    #[test]
    fn every_kind_of_fill_value_counts_and_zero_is_data_of_a_quantity() {
        let list = [-1_i16, -2].map(i16::to_le_bytes).concat();
        let both = [attribute("_FillValue", "<i2", &(-3_i16).to_le_bytes()), attribute("missing_value", "<i2", &list)];
        let mut own = dataset("<i2");
        own.chosen_fill = Some(Bytes::copy_from_slice(&(-4_i16).to_le_bytes()));
        own.fill_value.clone_from(&own.chosen_fill);
        let stored = [0.0, -1.0, -2.0, -3.0, -4.0];
        let read = |decoding: Decoding| stored.map(|stored| decoding.value(stored).is_some());
        assert_eq!(read(Decoding::of(&own, &both, Role::Quantity, &[]).unwrap()), [true, false, false, false, false]);
        assert_eq!(read(Decoding::of(&own, &both, Role::Condition, &[]).unwrap()), [true, false, false, false, true]);
        own.chosen_fill = Some(Bytes::copy_from_slice(&[0, 0]));
        assert_eq!(read(Decoding::of(&own, &[], Role::Quantity, &[]).unwrap()), [true; 5]);
        let nan = decoding("<f4", &[attribute("_FillValue", "<f4", &f32::NAN.to_le_bytes())]);
        assert_eq!([f64::NAN, 0.0].map(|stored| nan.value(stored)), [None, Some(0.0)]);
    }

    #[test]
    fn packed_numbers_are_scaled_after_their_fill_value_was_looked_for() {
        let packed = [
            attribute("scale_factor", "<f8", &0.001_f64.to_le_bytes()),
            attribute("add_offset", "<i4", &100_i32.to_le_bytes()),
            attribute("_FillValue", "<i4", &100_100_i32.to_le_bytes()),
        ];
        let decoding = decoding("<i4", &packed);
        assert_eq!([2000.0, 100_100.0].map(|stored| decoding.value(stored)), [Some(102.0), None]);
        let json = serde_json::to_string(&decoding).unwrap();
        assert_eq!(json, r#"{"fills":["1.001e5"],"scale":"1e-3","offset":"1e2","unwritten":"NaN"}"#);
        let read: Decoding = serde_json::from_str(&json).unwrap();
        assert_eq!((read.value(2000.0), read.unwritten.0.is_nan()), (Some(102.0), true));
    }

    #[test]
    fn what_cannot_be_applied_is_an_error_that_names_the_attribute() {
        let two = [1.0_f64, 2.0].map(f64::to_le_bytes).concat();
        for (attribute, why) in [
            (text("_FillValue", b"3e38"), "a number"),
            (text("scale_factor", b"0.01"), "a number"),
            (attribute("scale_factor", "<f8", &0_f64.to_le_bytes()), "it is 0"),
            (attribute("scale_factor", "<f8", &f64::NAN.to_le_bytes()), "it is NaN"),
            (attribute("add_offset", "<f8", &two), "it has 2 numbers"),
            (attribute("add_offset", "<f8", &[]), "it has 0 numbers"),
            (text("_Unsigned", b"true"), "signed integers"),
        ] {
            let name = attribute.name.clone();
            let error = Decoding::of(&dataset("<i4"), &[attribute], Role::Condition, &[]).unwrap_err();
            let words = error.to_string();
            assert!(words.starts_with(&format!("/a: its attribute {name} cannot be applied: ")), "{words}");
            assert!(words.contains(why), "{words}");
            assert_eq!(error.failure().class, crate::FailureClass::Attribute);
        }
    }

    #[test]
    fn integers_of_64_bits_are_numbers_whatever_their_size() {
        let raw = [i64::MIN + 2, 5].map(i64::to_le_bytes).concat();
        assert_eq!(dataset("<i8").datatype.decode_rounded(&raw), Ok(vec![-9_223_372_036_854_775_808.0, 5.0]));
        let fill = attribute("_FillValue", "<i8", &(i64::MIN + 2).to_le_bytes());
        assert_eq!(decoding("<i8", &[fill]).value(-9_223_372_036_854_775_808.0), None);
    }
}
