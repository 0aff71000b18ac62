//! Height change: what is asked for.
use crate::Day;
use serde::{Deserialize, Serialize};

/// How height change is estimated.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeSpec {
    /// The day that heights are referred to.
    #[serde(with = "as_text")]
    pub epoch: Day,
    /// Overpasses that an estimate needs.
    pub min_overpasses: u32,
    /// Years from the first overpass to the last that an estimate needs.
    pub min_span: f64,
    /// Metres that the rows may lie from the plane, as root mean square; `None` for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rmse: Option<f64>,
    /// Whether overpasses that lie apart from the others are dropped.
    pub edit: bool,
    /// Whether the moments are stored, from which change is computed again without the granules.
    pub moments: bool,
}

impl Default for ChangeSpec {
    fn default() -> Self {
        // 2020-01-01.
        Self { epoch: Day::at(18_262), min_overpasses: 5, min_span: 0.5, max_rmse: None, edit: true, moments: false }
    }
}

impl ChangeSpec {
    /// What is wrong with its numbers, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let wrong = |name: &str, what: &str| Err(format!("change, {name}: {what}"));
        if !(self.min_span >= 0.0 && self.min_span.is_finite()) {
            return wrong("min_span", "write years, 0 or more");
        }
        if self.max_rmse.is_some_and(|most| !(most > 0.0 && most.is_finite())) {
            return wrong("max_rmse", "write metres above 0, or leave it out");
        }
        if self.min_overpasses == 0 {
            return wrong("min_overpasses", "write a number from 1");
        }
        Ok(())
    }
}

/// A day as text.
mod as_text {
    use crate::Day;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(day: &Day, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Day, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}
