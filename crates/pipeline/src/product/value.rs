//! What is aggregated, and by which weight.
use super::column::{Axis, ColumnSpec};
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What is aggregated.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// The rows themselves; there is nothing but their count.
    Rows,
    /// The numbers of a column, less those of another one where one is named.
    Column {
        /// The column.
        column: ColumnSpec,
        /// What is subtracted.
        minus: Option<ColumnSpec>,
    },
}

/// A value as a table writes it.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, with = "super::one_or_many", skip_serializing_if = "Vec::is_empty")]
    column: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axis: Option<Axis>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fill: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minus: Option<ColumnSpec>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    count: bool,
}

impl Value {
    /// The column, where there is one.
    #[must_use]
    pub const fn column(&self) -> Option<&ColumnSpec> {
        match self {
            Self::Rows => None,
            Self::Column { column, .. } => Some(column),
        }
    }

    /// What is subtracted from it.
    #[must_use]
    pub const fn minus(&self) -> Option<&ColumnSpec> {
        match self {
            Self::Rows => None,
            Self::Column { minus, .. } => minus.as_ref(),
        }
    }
}

impl From<ColumnSpec> for Value {
    fn from(column: ColumnSpec) -> Self {
        Self::Column { column, minus: None }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Rows => Table { count: true, ..Table::default() }.serialize(out),
            Self::Column { column, minus: None } => column.serialize(out),
            Self::Column { column, minus } => {
                let (minus, fill, (column, index, axis)) = (minus.clone(), column.fill.clone(), column.parts());
                Table { column, index, axis, fill, minus, count: false }.serialize(out)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a dataset, a table with `column`, or { count = true }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                text.parse::<ColumnSpec>().map(Value::from).map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Value, A::Error> {
                ColumnSpec::deserialize(de::value::SeqAccessDeserializer::new(list)).map(Value::from)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Value, A::Error> {
                let table = Table::deserialize(MapAccessDeserializer::new(table))?;
                match table {
                    Table { count: true, column, minus: None, .. } if column.is_empty() => Ok(Value::Rows),
                    Table { count: true, .. } => {
                        Err(de::Error::custom("count = true allows no other key: rows have no column"))
                    }
                    Table { column, index, axis, fill, minus, .. } => {
                        let column = ColumnSpec::of(&column, index, axis, fill, false).map_err(de::Error::custom)?;
                        Ok(Value::Column { column, minus })
                    }
                }
            }
        }

        input.deserialize_any(Any)
    }
}

/// What a row weighs in the mean and its sigma.
#[derive(Clone, PartialEq, Default, Debug)]
pub enum Weight {
    /// Nothing: all rows weigh the same.
    #[default]
    None,
    /// 1 / uncertainty^2.
    InverseVariance,
    /// The number in a column, above 0.
    Column(ColumnSpec),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightTable {
    column: ColumnSpec,
}

impl Weight {
    /// Whether rows are weighed at all.
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => out.serialize_str("none"),
            Self::InverseVariance => out.serialize_str("inverse_variance"),
            Self::Column(column) => WeightTable { column: column.clone() }.serialize(out),
        }
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Weight;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`inverse_variance`, `none` or { column = \"PATH\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Weight, E> {
                match text {
                    "none" => Ok(Weight::None),
                    "inverse_variance" => Ok(Weight::InverseVariance),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Weight, A::Error> {
                WeightTable::deserialize(MapAccessDeserializer::new(table)).map(|table| Weight::Column(table.column))
            }
        }

        input.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_weights_come_back_as_they_were_written() {
        for json in [
            r#""h_li""#,
            r#""rh[98]""#,
            r#"{"column":["a","b"],"fill":[-9999.0]}"#,
            r#"{"column":"h","minus":"geoid"}"#,
            r#"{"count":true}"#,
        ] {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
        for json in [r#""none""#, r#""inverse_variance""#, r#"{"column":"heights/length"}"#] {
            let weight: Weight = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&weight).unwrap(), json);
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for json in [r#"{"count":false}"#, r#"{"count":true,"column":"h"}"#, r#"{"colum":"h"}"#, "7"] {
            assert!(serde_json::from_str::<Value>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Weight>(r#""inverse""#).unwrap_err().to_string().contains("inverse_variance"));
    }
}
