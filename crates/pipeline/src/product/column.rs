//! Where the numbers of a column are.
use serde::de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer, value::SeqAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A column of a product: a dataset inside the track's group, one number a row. A description writes it as a text (`h_li`,
/// `rh[98]`, `h_corr[cycle_number=7]`), as a list of such texts, whose first that exists counts, or as a table.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct ColumnSpec {
    /// Paths inside the group, at least one; the first that a track has counts.
    pub column: Vec<String>,
    /// Which numbers of a dataset of two dimensions.
    pub second: Second,
    /// Stored numbers that stand for "no value", beside those that the file names.
    pub fill: Vec<f64>,
    /// A granule may lack it.
    pub optional: bool,
}

/// Which numbers of the second axis a column takes.
#[derive(Clone, PartialEq, Default, Debug)]
pub enum Second {
    /// The dataset has one dimension.
    #[default]
    None,
    /// Those at an index, from 0.
    Index(u64),
    /// Those where a coordinate dataset of the second axis has a value.
    Axis(Axis),
}

/// A coordinate of the second axis.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Path of the coordinate dataset inside the group (`cycle_number`).
    pub column: String,
    /// The value wanted; `None` where the job must choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

impl Axis {
    /// Whether its values are repeat cycles.
    pub(crate) fn is_cycles(&self) -> bool {
        self.column.rsplit('/').next() == Some("cycle_number")
    }
}

/// A column as a table writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(with = "super::one_or_many")]
    column: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axis: Option<Axis>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fill: Vec<f64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
}

impl ColumnSpec {
    /// The paths with what is taken of the second axis, as errors and the ledger name them: `rh[98]`.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.column.iter().map(|path| format!("{path}{}", self.second))
    }

    /// The first name.
    #[must_use]
    pub fn name(&self) -> String {
        self.names().next().unwrap_or_default()
    }

    /// Whether both are the same numbers, whatever stands for "no value".
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.column == other.column && self.second == other.second
    }

    /// Whether both have a path in common, whatever they take of the second axis.
    pub(super) fn shares_path(&self, other: &Self) -> bool {
        self.column.iter().any(|path| other.column.contains(path))
    }

    /// Where it says nothing of the second axis: takes what the first of `others` with a path in common takes.
    pub(super) fn take_second_of<'a>(&mut self, mut others: impl Iterator<Item = &'a Self>) {
        if self.second == Second::None
            && let Some(same) = others.find(|other| other.shares_path(self))
        {
            self.second = same.second.clone();
        }
    }

    /// A column by parts that were read apart.
    pub(crate) fn of(
        column: &[String],
        index: Option<u64>,
        axis: Option<Axis>,
        fill: Vec<f64>,
        optional: bool,
    ) -> Result<Self, String> {
        let mut second = match (index, axis) {
            (None, None) => Second::None,
            (Some(index), None) => Second::Index(index),
            (None, Some(axis)) => Second::Axis(axis),
            (Some(_), Some(_)) => return Err("has both index and axis: write one of them".into()),
        };
        let mut paths = Vec::with_capacity(column.len());
        for text in column {
            let (path, own) = split(text)?;
            if own != Second::None {
                if second != Second::None && second != own {
                    return Err(format!("{text} takes other numbers of the second axis than the rest of the column"));
                }
                second = own;
            }
            paths.push(path.to_owned());
        }
        if paths.is_empty() {
            return Err("names no dataset: write its path inside the group".into());
        }
        if let Some(number) = fill.iter().find(|number| !number.is_finite()) {
            return Err(format!("fill = {number}: only finite numbers need to be named"));
        }
        Ok(Self { column: paths, second, fill, optional })
    }

    /// The parts again.
    pub(super) fn parts(&self) -> (Vec<String>, Option<u64>, Option<Axis>) {
        match &self.second {
            Second::None => (self.column.clone(), None, None),
            Second::Index(index) => (self.column.clone(), Some(*index), None),
            Second::Axis(axis) => (self.column.clone(), None, Some(axis.clone())),
        }
    }
}

/// A path, and what brackets behind it take of the second axis.
fn split(text: &str) -> Result<(&str, Second), String> {
    let (path, second) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        None => (text, Second::None),
        Some((path, inside)) => match (inside.parse(), inside.split_once('=')) {
            (Ok(index), _) => (path, Second::Index(index)),
            (Err(_), Some((column, value))) => {
                let value = value.trim().parse().map_err(|_| format!("{text}: {value} is not a number"))?;
                (path, Second::Axis(Axis { column: column.trim().into(), value: Some(value) }))
            }
            (Err(_), None) => return Err(format!("{text}: write an index in the brackets, or coordinate=value")),
        },
    };
    let bad = path.is_empty()
        || path.starts_with('/')
        || path.ends_with('/')
        || path.contains(['[', ']'])
        || path.split('/').any(|part| part.is_empty() || part == "." || part == "..");
    if bad { Err(format!("{text:?} is not a path inside the group, like canopy/h_canopy")) } else { Ok((path, second)) }
}

impl FromStr for ColumnSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::of(&[text.to_owned()], None, None, Vec::new(), false)
    }
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Axis(Axis { column, value: Some(value) }) => write!(f, "[{column}={value}]"),
            Self::Axis(Axis { column, value: None }) => write!(f, "[{column}]"),
        }
    }
}

impl Serialize for ColumnSpec {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let closed = !matches!(&self.second, Second::Axis(axis) if axis.value.is_none());
        if self.column.len() == 1 && self.fill.is_empty() && !self.optional && closed {
            return out.serialize_str(&self.name());
        }
        let (column, index, axis) = self.parts();
        Table { column, index, axis, fill: self.fill.clone(), optional: self.optional }.serialize(out)
    }
}

impl<'de> Deserialize<'de> for ColumnSpec {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = ColumnSpec;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a dataset, a list of paths, or a table with `column`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ColumnSpec, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<ColumnSpec, A::Error> {
                let column = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                ColumnSpec::of(&column, None, None, Vec::new(), false).map_err(de::Error::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<ColumnSpec, A::Error> {
                let Table { column, index, axis, fill, optional } =
                    Table::deserialize(MapAccessDeserializer::new(table))?;
                ColumnSpec::of(&column, index, axis, fill, optional).map_err(de::Error::custom)
            }
        }

        input.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ColumnSpec, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_column_is_a_text_a_list_or_a_table_and_comes_back() {
        for (json, name) in [
            (r#""h_li""#, "h_li"),
            (r#""rh[98]""#, "rh[98]"),
            (r#""h_corr[cycle_number=7]""#, "h_corr[cycle_number=7]"),
            (r#"{"column":["a","b"]}"#, "a"),
            (r#"{"column":"agbd","fill":[-9999.0]}"#, "agbd"),
            (r#"{"column":"h","axis":{"column":"cycle_number"},"optional":true}"#, "h[cycle_number]"),
        ] {
            let column = read(json).unwrap();
            assert_eq!((column.name().as_str(), serde_json::to_string(&column).unwrap().as_str()), (name, json));
        }
        assert_eq!(read(r#"["a[2]","b[2]"]"#).unwrap(), read(r#"{"column":["a","b"],"index":2}"#).unwrap());
    }

    #[test]
    fn what_names_no_column_is_refused() {
        for (json, why) in [
            (r#""""#, "not a path"),
            (r#""/gt1l/h""#, "not a path"),
            (r#""a//b""#, "not a path"),
            (r#""../h""#, "not a path"),
            (r#""rh[x]""#, "write an index"),
            (r#""rh[c=x]""#, "not a number"),
            ("[]", "names no dataset"),
            (r#"{"column":"h","index":1,"axis":{"column":"c"}}"#, "both index and axis"),
            (r#"["a[1]","b[2]"]"#, "other numbers"),
            (r#"{"column":"h","fills":[1]}"#, "unknown field `fills`"),
            ("3", "the path of a dataset"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
    }
}
