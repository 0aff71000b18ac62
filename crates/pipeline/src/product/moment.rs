//! When a row was taken.
use super::column::{Axis, ColumnSpec};
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// When a row was taken.
#[derive(Clone, PartialEq, Default, Debug)]
pub enum TimeOf {
    /// When its granule begins, by its name or `/ancillary_data/data_start_utc`: costs nothing to read.
    #[default]
    Granule,
    /// Seconds in a column, after an epoch.
    Column {
        /// The column.
        column: ColumnSpec,
        /// The epoch, `2018-01-01T00:00:00Z`; where there is none, the units of the column state it.
        epoch: Option<String>,
    },
}

/// A time as a table writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(with = "super::one_or_many")]
    column: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axis: Option<Axis>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fill: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
}

impl TimeOf {
    pub(crate) const fn column(&self) -> Option<&ColumnSpec> {
        match self {
            Self::Granule => None,
            Self::Column { column, .. } => Some(column),
        }
    }

    pub(crate) const fn is_granule(&self) -> bool {
        matches!(self, Self::Granule)
    }
}

impl Serialize for TimeOf {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Granule => out.serialize_str("granule"),
            Self::Column { column, epoch } => {
                let (fill, epoch, (column, index, axis)) = (column.fill.clone(), epoch.clone(), column.parts());
                Table { column, index, axis, fill, epoch }.serialize(out)
            }
        }
    }
}

impl<'de> Deserialize<'de> for TimeOf {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = TimeOf;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"granule\", or a table with `column` and `epoch`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeOf, E> {
                if text == "granule" {
                    Ok(TimeOf::Granule)
                } else {
                    Err(E::custom(
                        "write \"granule\", or { column = \"delta_time\", epoch = \"2018-01-01T00:00:00Z\" }",
                    ))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<TimeOf, A::Error> {
                let Table { column, index, axis, fill, epoch } = Table::deserialize(MapAccessDeserializer::new(table))?;
                let column = ColumnSpec::of(&column, index, axis, fill, false).map_err(de::Error::custom)?;
                if let Some(epoch) = epoch.as_ref().filter(|epoch| crate::time::moment(epoch).is_none()) {
                    return Err(de::Error::custom(format!("epoch = {epoch:?}: write 2018-01-01T00:00:00Z")));
                }
                Ok(TimeOf::Column { column, epoch })
            }
        }

        input.deserialize_any(Any)
    }
}
