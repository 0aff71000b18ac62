//! CF attributes of the statistics of a product (CF conventions 1.11, sections 3.1 to 3.4 and 7.3).

use crate::Quantity;
use aggregate::{Permille, Statistic};
use dggs_zarr::Attributes;
use serde_json::json;

impl Quantity {
    /// Name of the array of a statistic: `count`, `h_min`, `h_q25`.
    pub(crate) fn array_name(&self, statistic: Statistic) -> String {
        match statistic {
            Statistic::Count => statistic.to_string(),
            _ => format!("{}_{statistic}", self.prefix),
        }
    }

    /// The CF attributes of a statistic of the quantity. `beside` are the statistics in the same group, so that
    /// `ancillary_variables` names none that is absent.
    pub(crate) fn attributes(&self, statistic: Statistic, beside: &[Statistic]) -> Attributes {
        let mut attributes = Attributes::new();
        let mut set = |key: &str, value: &str| attributes.insert(key.to_owned(), json!(value));
        set("long_name", &self.long_name(statistic));
        set("units", &self.units_of(statistic));
        if let Some(name) = self.standard_name_of(statistic) {
            set("standard_name", name);
        }
        if let Some(method) = cell_methods(statistic) {
            set("cell_methods", method);
        }
        if let Some(comment) = comment(statistic) {
            set("comment", comment);
        }
        let ancillary = self.ancillary(statistic, beside);
        if !ancillary.is_empty() {
            set("ancillary_variables", &ancillary);
        }
        attributes
    }

    fn long_name(&self, statistic: Statistic) -> String {
        let label = &self.label;
        match statistic {
            Statistic::Count => format!("number of observations of {label}"),
            Statistic::Min => format!("minimum of {label}"),
            Statistic::Max => format!("maximum of {label}"),
            Statistic::WeightedMean => format!("weighted mean of {label}"),
            Statistic::WeightedMeanSigma => format!("formal sigma of the weighted mean of {label}"),
            Statistic::UnweightedMean => format!("unweighted mean of {label}"),
            Statistic::Variance => format!("variance of {label}"),
            Statistic::Quantile(Permille::Q50) => format!("median of {label}"),
            Statistic::Quantile(permille) => format!("{} % quantile of {label}", f64::from(permille.get()) / 10.0),
        }
    }

    fn units_of(&self, statistic: Statistic) -> String {
        let units = &self.units;
        match statistic {
            Statistic::Count => "1".to_owned(),
            // A square of `m` is `m2`; compound units need parentheses. Of `1` it stays `1`.
            Statistic::Variance if units == "1" => units.clone(),
            Statistic::Variance if units.bytes().all(|b| b.is_ascii_alphabetic()) => format!("{units}2"),
            Statistic::Variance => format!("({units})2"),
            _ => units.clone(),
        }
    }

    /// The standard name stays under `cell_methods` (CF 7.3), also for a variance. The formal sigma gets none: it
    /// is not the quantity, and CF's modifier `standard_error` promises systematic errors, which it leaves out.
    fn standard_name_of(&self, statistic: Statistic) -> Option<&str> {
        match statistic {
            Statistic::Count => Some("number_of_observations"),
            Statistic::WeightedMeanSigma => None,
            _ => self.standard_name.as_deref(),
        }
    }

    fn ancillary(&self, statistic: Statistic, beside: &[Statistic]) -> String {
        let wanted: &[Statistic] = match statistic {
            Statistic::Count => &[],
            Statistic::WeightedMean => &[Statistic::WeightedMeanSigma, Statistic::Count],
            _ => &[Statistic::Count],
        };
        let names: Vec<String> = wanted.iter().filter(|s| beside.contains(s)).map(|&s| self.array_name(s)).collect();
        names.join(" ")
    }
}

/// CF appendix E knows the median, but no other quantile and no formal sigma.
const fn cell_methods(statistic: Statistic) -> Option<&'static str> {
    match statistic {
        Statistic::Count => Some("area: time: sum"),
        Statistic::Min => Some("area: time: minimum"),
        Statistic::Max => Some("area: time: maximum"),
        Statistic::WeightedMean => Some("area: time: mean (comment: weighted by the inverse square of each sigma)"),
        Statistic::UnweightedMean => Some("area: time: mean"),
        Statistic::Variance => Some("area: time: variance"),
        Statistic::Quantile(Permille::Q50) => Some("area: time: median"),
        Statistic::WeightedMeanSigma | Statistic::Quantile(_) => None,
    }
}

const fn comment(statistic: Statistic) -> Option<&'static str> {
    match statistic {
        Statistic::WeightedMeanSigma => Some(
            "1/sqrt(sum(1/sigma^2)), propagated from the sigma of each observation; not the spread of the observations",
        ),
        Statistic::Variance => Some("population variance (ddof = 0), unweighted"),
        Statistic::Quantile(_) => Some("unweighted, linear interpolation between order statistics"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn height(units: &str) -> Quantity {
        Quantity {
            prefix: "h".into(),
            label: "land ice height".into(),
            units: units.into(),
            standard_name: Some("height_above_reference_ellipsoid".into()),
        }
    }

    #[test]
    fn names_and_units_of_the_table() {
        let names: Vec<String> = Statistic::STANDARD.iter().map(|s| height("m").array_name(*s)).collect();
        assert_eq!(names, ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"]);
        let units: Vec<_> =
            Statistic::STANDARD.iter().map(|s| height("m").attributes(*s, &[])["units"].clone()).collect();
        assert_eq!(units, ["1", "m", "m", "m", "m", "m2", "m", "m", "m"]);
        assert_eq!(height("m s-1").units_of(Statistic::Variance), "(m s-1)2");
    }

    #[test]
    fn sigma_is_labelled_as_what_it_is() {
        let sigma = height("m").attributes(Statistic::WeightedMeanSigma, &Statistic::STANDARD);
        assert_eq!(sigma["long_name"], "formal sigma of the weighted mean of land ice height");
        assert!(!sigma.contains_key("standard_name"));
        assert!(!sigma.contains_key("cell_methods"));
    }

    #[test]
    fn ancillary_variables_exist() {
        let mean = |beside: &[Statistic]| {
            height("m").attributes(Statistic::WeightedMean, beside).get("ancillary_variables").cloned()
        };
        assert_eq!(mean(&Statistic::STANDARD), Some(json!("h_sigma count")));
        assert_eq!(mean(&[Statistic::WeightedMean, Statistic::Count]), Some(json!("count")));
        assert_eq!(mean(&[Statistic::WeightedMean]), None);
    }
}
