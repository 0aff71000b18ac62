//! What an aggregated value is.
use super::{ColumnSpec, ProductError, Second};
use serde::{Deserialize, Serialize};

/// What the aggregated value is, in CF terms.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// Prefix of the output arrays: `h` makes `h_mean`.
    pub prefix: String,
    /// In words, for `long_name`.
    pub label: String,
    /// CF `standard_name`, where one is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_name: Option<String>,
    /// Unit of the value (UDUNITS); empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub units: String,
    /// The magnitude beyond which no value is one; without it, 1e5 where the unit is a metre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

/// Metres beyond which no value is one of a height, a depth or a width.
const ABSURD_METRES: f64 = 1e5;

impl Quantity {
    /// The quantity of a column, by its path alone: `rh[98]` has the prefix `rh98`, `canopy/h_canopy` has `h_canopy`.
    pub(super) fn of_column(column: &ColumnSpec) -> Self {
        let path = column.column.first().map_or("", String::as_str);
        let last = path.rsplit('/').next().unwrap_or(path);
        let mut prefix: String =
            last.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
        if let Second::Index(index) = column.second {
            prefix.push_str(&index.to_string());
        }
        if !prefix.starts_with(|first: char| first.is_ascii_alphabetic()) {
            prefix.insert(0, 'v');
        }
        Self { prefix, label: column.name(), standard_name: None, units: String::new(), limit: None }
    }

    /// The magnitude beyond which values are absurd, if there is one.
    pub(crate) fn limit(&self) -> Option<f64> {
        let metres = ["m", "metre", "metres", "meter", "meters"].contains(&self.units.as_str());
        self.limit.or(metres.then_some(ABSURD_METRES))
    }

    pub(super) fn check(&self) -> Result<(), ProductError> {
        let wrong = |key: &str, why: String| Err(ProductError { key: format!("output.{key}"), why });
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let Self { prefix, limit, .. } = self;
        if !prefix.starts_with(|first: char| first.is_ascii_alphabetic()) || !prefix.chars().all(word) {
            let why =
                format!("{prefix:?} cannot begin the names of arrays: write a letter, then letters, digits and _");
            return wrong("prefix", why);
        }
        match limit {
            Some(limit) if !(limit.is_finite() && *limit > 0.0) => wrong("limit", format!("{limit} is not above 0")),
            _ => Ok(()),
        }
    }
}
