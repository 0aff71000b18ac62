//! Conditions on rows.
use super::column::{Axis, ColumnSpec};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Keep the rows whose number in a column passes a test. A number that stands for "no value", and NaN, pass none.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Keep {
    /// The column, decoded by CF; where it is optional and a granule lacks it, the condition is not tested.
    pub column: ColumnSpec,
    /// What its numbers must be.
    pub test: Test,
}

/// What a number must be.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    /// One of these.
    Is(Vec<f64>),
    /// None of these.
    Not(Vec<f64>),
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
    /// More.
    Above(f64),
    /// Less.
    Below(f64),
    /// Within, ends included.
    Between(f64, f64),
    /// A whole number with all of these bits set; negative ones are in two's complement.
    BitsAll(u64),
    /// A whole number with none of these bits set.
    BitsNone(u64),
}

/// A condition as a description writes it.
#[derive(Clone, Default, Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    above: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    below: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    between: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bits_all: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bits_none: Option<u64>,
}

/// What a condition may ask, in words.
const ONE_TEST: &str = "write one of is, not, at_least, at_most, above, below, between, bits_all, bits_none";

impl TryFrom<Table> for Keep {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let Table { column, index, axis, fill, optional, .. } = table.clone();
        let column = ColumnSpec::of(&column, index, axis, fill, optional)?;
        let tests = [
            table.is.map(Test::Is),
            table.not.map(Test::Not),
            table.at_least.map(Test::AtLeast),
            table.at_most.map(Test::AtMost),
            table.above.map(Test::Above),
            table.below.map(Test::Below),
            table.between.map(|[from, to]| Test::Between(from, to)),
            table.bits_all.map(Test::BitsAll),
            table.bits_none.map(Test::BitsNone),
        ];
        let mut tests = tests.into_iter().flatten();
        let name = column.name();
        let test = match (tests.next(), tests.next()) {
            (Some(test), None) => test,
            (None, _) => return Err(format!("the condition on {name} asks nothing: {ONE_TEST}")),
            (Some(_), Some(_)) => {
                return Err(format!(
                    "the condition on {name} asks twice: {ONE_TEST}; two conditions may be on one column"
                ));
            }
        };
        test.check().map_err(|why| format!("the condition on {name} {why}"))?;
        Ok(Self { column, test })
    }
}

impl From<Keep> for Table {
    fn from(keep: Keep) -> Self {
        let (column, index, axis) = keep.column.parts();
        let mut table =
            Self { column, index, axis, fill: keep.column.fill, optional: keep.column.optional, ..Self::default() };
        match keep.test {
            Test::Is(numbers) => table.is = Some(numbers),
            Test::Not(numbers) => table.not = Some(numbers),
            Test::AtLeast(number) => table.at_least = Some(number),
            Test::AtMost(number) => table.at_most = Some(number),
            Test::Above(number) => table.above = Some(number),
            Test::Below(number) => table.below = Some(number),
            Test::Between(from, to) => table.between = Some([from, to]),
            Test::BitsAll(mask) => table.bits_all = Some(mask),
            Test::BitsNone(mask) => table.bits_none = Some(mask),
        }
        table
    }
}

impl Test {
    fn check(&self) -> Result<(), String> {
        let numbers: &[f64] = match self {
            Self::Is(numbers) | Self::Not(numbers) if numbers.is_empty() => return Err("has an empty list".into()),
            Self::Between(from, to) if from > to => {
                return Err(format!("asks for numbers between {from} and {to}: write the smaller one first"));
            }
            Self::BitsAll(0) | Self::BitsNone(0) => return Err("asks for no bit: the mask is 0".into()),
            Self::Is(numbers) | Self::Not(numbers) => numbers,
            Self::Between(from, to) => &[*from, *to],
            Self::AtLeast(number) | Self::AtMost(number) | Self::Above(number) | Self::Below(number) => &[*number],
            Self::BitsAll(_) | Self::BitsNone(_) => &[],
        };
        match numbers.iter().find(|number| !number.is_finite()) {
            Some(number) => Err(format!("compares with {number}: write finite numbers")),
            None => Ok(()),
        }
    }

    /// The test as it is of numbers that were stored as `f32`: what they are compared with is rounded as they were.
    pub(crate) fn of_f32(&self) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "rounding is what is meant")]
        let round = |number: &f64| f64::from(*number as f32);
        let all = |numbers: &[f64]| numbers.iter().map(round).collect();
        match self {
            Self::Is(numbers) => Self::Is(all(numbers)),
            Self::Not(numbers) => Self::Not(all(numbers)),
            Self::AtLeast(number) => Self::AtLeast(round(number)),
            Self::AtMost(number) => Self::AtMost(round(number)),
            Self::Above(number) => Self::Above(round(number)),
            Self::Below(number) => Self::Below(round(number)),
            Self::Between(from, to) => Self::Between(round(from), round(to)),
            Self::BitsAll(mask) => Self::BitsAll(*mask),
            Self::BitsNone(mask) => Self::BitsNone(*mask),
        }
    }

    /// Whether a number passes; NaN does not.
    #[must_use]
    #[inline]
    #[expect(clippy::float_cmp, reason = "flags and codes are exact")]
    pub fn passes(&self, number: f64) -> bool {
        match self {
            Self::Is(numbers) => numbers.contains(&number),
            Self::Not(numbers) => !number.is_nan() && numbers.iter().all(|unwanted| *unwanted != number),
            Self::AtLeast(least) => number >= *least,
            Self::AtMost(most) => number <= *most,
            Self::Above(least) => number > *least,
            Self::Below(most) => number < *most,
            Self::Between(from, to) => *from <= number && number <= *to,
            Self::BitsAll(mask) => bits(number).is_some_and(|bits| bits & mask == *mask),
            Self::BitsNone(mask) => bits(number).is_some_and(|bits| bits & mask == 0),
        }
    }
}

/// The bits of a whole number; a negative one is in two's complement of 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and in range, and wrapping is meant"
)]
fn bits(number: f64) -> Option<u64> {
    let whole = number.fract() == 0.0;
    match number {
        _ if !whole => None,
        number if (0.0..18_446_744_073_709_551_616.0).contains(&number) => Some(number as u64),
        number if (-9_223_372_036_854_775_808.0..0.0).contains(&number) => Some(number as i64 as u64),
        _ => None,
    }
}

/// As the command line and the ledger write it: `atl06_quality_summary = 0`.
impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |numbers: &[f64]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        write!(f, "{} ", self.column.name())?;
        match &self.test {
            Test::Is(numbers) => match numbers.as_slice() {
                [number] => write!(f, "= {number}"),
                numbers => write!(f, "in {}", list(numbers)),
            },
            Test::Not(numbers) => write!(f, "!= {}", list(numbers)),
            Test::AtLeast(number) => write!(f, ">= {number}"),
            Test::AtMost(number) => write!(f, "<= {number}"),
            Test::Above(number) => write!(f, "> {number}"),
            Test::Below(number) => write!(f, "< {number}"),
            Test::Between(from, to) => write!(f, "between {from} and {to}"),
            Test::BitsAll(mask) => write!(f, "with all bits of {mask}"),
            Test::BitsNone(mask) => write!(f, "without the bits of {mask}"),
        }
    }
}

/// `PATH[i] OP VALUE`, with OP one of `= != >= <= > < in`; the values of `in` and `!=` are separated by commas.
impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage = || {
            format!(
                "{text:?} is not a condition: write PATH OP VALUE, OP one of = != >= <= > < in, like 'h_li_sigma <= 0.5'"
            )
        };
        let (path, operator, values) = operator(text).ok_or_else(usage)?;
        let numbers = values.split(',').map(|value| value.trim().parse::<f64>());
        let numbers = numbers.collect::<Result<Vec<f64>, _>>().map_err(|_| usage())?;
        let column: ColumnSpec = path.parse()?;
        let test = match (operator, numbers.as_slice()) {
            ("=" | "==" | "in", _) => Test::Is(numbers),
            ("!=", _) => Test::Not(numbers),
            (">=", [number]) => Test::AtLeast(*number),
            ("<=", [number]) => Test::AtMost(*number),
            (">", [number]) => Test::Above(*number),
            ("<", [number]) => Test::Below(*number),
            _ => return Err(usage()),
        };
        test.check().map_err(|why| format!("the condition {text:?} {why}"))?;
        Ok(Self { column, test })
    }
}

/// Path, operator and values of a condition.
fn operator(text: &str) -> Option<(&str, &str, &str)> {
    // Not inside the path's brackets, which may hold `cycle_number=7`.
    let indexed = text.find('[').is_some_and(|bracket| !text[..bracket].contains([' ', '!', '>', '<', '=']));
    let from = text.find(']').filter(|_| indexed).map_or(0, |bracket| bracket + 1);
    let rest = text.get(from..)?;
    let symbol = ["!=", ">=", "<=", "==", "=", ">", "<"];
    let first = rest.find(['!', '>', '<', '=']);
    let (at, operator) = match first {
        Some(at) => {
            (at, symbol.into_iter().find(|symbol| rest.get(at..).is_some_and(|rest| rest.starts_with(symbol)))?)
        }
        None => (rest.find(" in ").map(|at| at + 1)?, "in"),
    };
    let path = text.get(..from + at)?.trim();
    let values = rest.get(at + operator.len()..)?.trim().trim_matches(['[', ']']);
    Some((path, operator, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_written_as_text_and_as_tables() {
        for (text, json) in [
            ("q = 0", r#"{"column":"q","is":[0.0]}"#),
            ("a/b in 1,5", r#"{"column":"a/b","is":[1.0,5.0]}"#),
            ("q != 2", r#"{"column":"q","not":[2.0]}"#),
            ("h_li_sigma <= 0.5", r#"{"column":"h_li_sigma","at_most":0.5}"#),
            ("conf[3] >= 3", r#"{"column":"conf","index":3,"at_least":3.0}"#),
            ("q[cycle_number=7] > -1", r#"{"column":"q","axis":{"column":"cycle_number","value":7.0},"above":-1.0}"#),
            ("q < 1e3", r#"{"column":"q","below":1000.0}"#),
        ] {
            let keep: Keep = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&keep).unwrap(), json, "{text}");
            assert_eq!(serde_json::from_str::<Keep>(json).unwrap(), keep, "{text}");
            assert_eq!(keep.to_string().replace("1000", "1e3"), text);
        }
        for (text, same) in [("q==0", "q = 0"), ("q in [1, 5]", "q in 1,5"), ("q[2]>1", "q[2] > 1")] {
            assert_eq!(text.parse::<Keep>().unwrap(), same.parse().unwrap());
        }
    }

    #[test]
    fn every_test_has_its_edges() {
        let passing = |json: &str, numbers: &[f64]| -> Vec<f64> {
            let keep: Keep = serde_json::from_str(&format!(r#"{{"column":"q",{json}}}"#)).unwrap();
            numbers.iter().copied().filter(|number| keep.test.passes(*number)).collect()
        };
        let numbers = [f64::NAN, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 7.0, f64::INFINITY];
        assert_eq!(passing(r#""is":[0,2]"#, &numbers), [0.0, 2.0]);
        assert_eq!(passing(r#""not":[0,2]"#, &numbers), [-1.0, 0.5, 1.0, 3.0, 7.0, f64::INFINITY]);
        assert_eq!(passing(r#""at_least":2"#, &numbers), [2.0, 3.0, 7.0, f64::INFINITY]);
        assert_eq!(passing(r#""below":0.5"#, &numbers), [-1.0, 0.0]);
        assert_eq!(passing(r#""between":[0.5,2]"#, &numbers), [0.5, 1.0, 2.0]);
        assert_eq!(passing(r#""bits_all":3"#, &numbers), [-1.0, 3.0, 7.0]);
        assert_eq!(passing(r#""bits_none":1"#, &numbers), [0.0, 2.0]);
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for (text, why) in [
            ("q", "write PATH OP VALUE"),
            ("q = x", "write PATH OP VALUE"),
            ("q >= 1,2", "write PATH OP VALUE"),
            ("= 0", "not a path"),
            ("q > nan", "finite"),
        ] {
            let error = text.parse::<Keep>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        for (json, why) in [
            ("", "asks nothing"),
            (r#","is":[1],"not":[2]"#, "asks twice"),
            (r#","is":[]"#, "an empty list"),
            (r#","between":[2,1]"#, "the smaller one first"),
            (r#","bits_all":0"#, "no bit"),
        ] {
            let error = serde_json::from_str::<Keep>(&format!(r#"{{"column":"q"{json}}}"#)).unwrap_err().to_string();
            assert!(error.contains(why), "{json}: {error}");
        }
    }
}
