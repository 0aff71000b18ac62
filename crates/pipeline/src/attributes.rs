//! CF attributes of the statistics of a product (CF conventions 1.11, sections 3.1 to 3.4 and 7.3).

use crate::product::Weight;
use crate::{Product, Quantity};
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

    fn long_name(&self, statistic: Statistic, weighted: bool) -> String {
        let label = &self.label;
        match statistic {
            Statistic::Count => format!("number of observations of {label}"),
            Statistic::Min => format!("minimum of {label}"),
            Statistic::Max => format!("maximum of {label}"),
            Statistic::WeightedMean if weighted => format!("weighted mean of {label}"),
            Statistic::WeightedMean => format!("mean of {label}"),
            Statistic::WeightedMeanSigma if weighted => format!("formal sigma of the weighted mean of {label}"),
            Statistic::WeightedMeanSigma => format!("formal sigma of the mean of {label}"),
            Statistic::UnweightedMean => format!("unweighted mean of {label}"),
            Statistic::Variance => format!("variance of {label}"),
            Statistic::StandardDeviation => format!("standard deviation of {label}"),
            Statistic::MedianAbsoluteDeviation => format!("median absolute deviation of {label}"),
            Statistic::Sum => format!("sum of {label}"),
            Statistic::Quantile(Permille::Q50) => format!("median of {label}"),
            Statistic::Quantile(permille) => format!("{} % quantile of {label}", f64::from(permille.get()) / 10.0),
        }
    }

    fn units_of(&self, statistic: Statistic) -> String {
        let units = &self.units;
        match statistic {
            Statistic::Count => "1".to_owned(),
            // A square of `m` is `m2`; compound units need parentheses. Of `1` it stays `1`, and unknown stays unknown.
            Statistic::Variance if units == "1" || units.is_empty() => units.clone(),
            Statistic::Variance if units.bytes().all(|b| b.is_ascii_alphabetic()) => format!("{units}2"),
            Statistic::Variance => format!("({units})2"),
            _ => units.clone(),
        }
    }

    /// The standard name stays under `cell_methods` (CF 7.3), also for a variance. The formal sigma gets none: it
    /// is not the quantity, and CF's modifier `standard_error` promises systematic errors, which it leaves out. Neither a
    /// deviation that no cell method names nor a sum over rows is the quantity.
    fn standard_name_of(&self, statistic: Statistic) -> Option<&str> {
        match statistic {
            Statistic::Count => Some("number_of_observations"),
            Statistic::WeightedMeanSigma | Statistic::MedianAbsoluteDeviation | Statistic::Sum => None,
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

impl Product {
    /// The CF attributes of a statistic of the value. `beside` are the statistics in the same group, so that
    /// `ancillary_variables` names none that is absent.
    pub(crate) fn attributes(&self, statistic: Statistic, beside: &[Statistic]) -> Attributes {
        let (quantity, weighted) = (&self.output, !self.weight.is_none());
        let mut attributes = Attributes::new();
        let mut set = |key: &str, value: &str| attributes.insert(key.to_owned(), json!(value));
        set("long_name", &quantity.long_name(statistic, weighted));
        let units = quantity.units_of(statistic);
        if !units.is_empty() {
            set("units", &units);
        }
        if let Some(name) = quantity.standard_name_of(statistic) {
            set("standard_name", name);
        }
        if let Some(method) = self.cell_methods(statistic) {
            set("cell_methods", &method);
        }
        if let Some(comment) = self.comment(statistic) {
            set("comment", &comment);
        }
        let ancillary = quantity.ancillary(statistic, beside);
        if !ancillary.is_empty() {
            set("ancillary_variables", &ancillary);
        }
        attributes
    }

    /// Whether the rows of a cell may weigh the same although the product weighs them by their uncertainty: a granule may
    /// lack it.
    pub(crate) fn may_weigh_equally(&self) -> bool {
        self.weight == Weight::InverseVariance && self.uncertainty.as_ref().is_some_and(|column| column.optional)
    }

    /// CF appendix E knows the median, but no other quantile, no median absolute deviation and no formal sigma.
    fn cell_methods(&self, statistic: Statistic) -> Option<String> {
        let method = match statistic {
            Statistic::Count | Statistic::Sum => "sum",
            Statistic::Min => "minimum",
            Statistic::Max => "maximum",
            Statistic::WeightedMean => match &self.weight {
                Weight::None => "mean",
                Weight::InverseVariance if self.may_weigh_equally() => {
                    "mean (comment: weighted by the inverse square of each sigma where every granule has one)"
                }
                Weight::InverseVariance => "mean (comment: weighted by the inverse square of each sigma)",
                Weight::Column(column) => {
                    return Some(format!("area: time: mean (comment: weighted by {})", column.name()));
                }
            },
            Statistic::UnweightedMean => "mean",
            Statistic::Variance => "variance",
            Statistic::StandardDeviation => "standard_deviation",
            Statistic::Quantile(Permille::Q50) => "median",
            Statistic::WeightedMeanSigma | Statistic::Quantile(_) | Statistic::MedianAbsoluteDeviation => return None,
        };
        Some(format!("area: time: {method}"))
    }

    fn comment(&self, statistic: Statistic) -> Option<String> {
        let words = match statistic {
            Statistic::WeightedMeanSigma => {
                let formula = match &self.weight {
                    Weight::None => "sqrt(sum(sigma^2))/n".to_owned(),
                    Weight::InverseVariance if self.may_weigh_equally() => {
                        "1/sqrt(sum(1/sigma^2)) where every granule has sigma, else sqrt(sum(sigma^2))/n".to_owned()
                    }
                    Weight::InverseVariance => "1/sqrt(sum(1/sigma^2))".to_owned(),
                    Weight::Column(column) => format!("sqrt(sum(w^2 sigma^2))/sum(w) with w = {}", column.name()),
                };
                let what = "propagated from the sigma of each observation; not the spread of the observations";
                return Some(format!("{formula}, {what}"));
            }
            Statistic::Variance => "population variance (ddof = 0), unweighted",
            Statistic::StandardDeviation => "population standard deviation (ddof = 0), unweighted",
            Statistic::MedianAbsoluteDeviation => {
                "median of the absolute deviations from the median, unweighted and unscaled; both medians by linear \
                 interpolation between order statistics"
            }
            Statistic::Sum => "unweighted",
            Statistic::Quantile(_) => "unweighted, linear interpolation between order statistics",
            _ => return None,
        };
        Some(words.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn height(units: &str) -> Product {
        let mut product = crate::product::tests::atl06();
        product.output.units = units.into();
        product.output.label = "land ice height".into();
        product
    }

    #[test]
    fn names_and_units_of_the_table() {
        let product = height("m");
        let names: Vec<String> = Statistic::STANDARD.iter().map(|s| product.array_name(*s)).collect();
        assert_eq!(names, ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"]);
        let units: Vec<_> = Statistic::STANDARD.iter().map(|s| product.attributes(*s, &[])["units"].clone()).collect();
        assert_eq!(units, ["1", "m", "m", "m", "m", "m2", "m", "m", "m"]);
        for (units, squared) in [("m s-1", "(m s-1)2"), ("1", "1"), ("", "")] {
            assert_eq!(height(units).output.units_of(Statistic::Variance), squared);
        }
    }

    #[test]
    fn deviations_and_sums_are_labelled_as_what_they_are() {
        let product = height("m");
        for (name, long, method) in [
            ("std", "standard deviation of land ice height", Some("area: time: standard_deviation")),
            ("mad", "median absolute deviation of land ice height", None),
            ("sum", "sum of land ice height", Some("area: time: sum")),
        ] {
            let statistic: Statistic = name.parse().unwrap();
            let found = product.attributes(statistic, &[Statistic::Count]);
            assert_eq!((found["long_name"].as_str(), found["units"].as_str()), (Some(long), Some("m")));
            assert_eq!(found.get("cell_methods").and_then(|method| method.as_str()), method);
            assert_eq!(found.contains_key("standard_name"), name == "std");
            assert_eq!((found["ancillary_variables"].as_str(), found.contains_key("comment")), (Some("count"), true));
        }
    }

    #[test]
    fn words_of_mean_and_sigma_follow_the_weight() {
        let words = |product: &Product| {
            let of = |statistic, key: &str| product.attributes(statistic, &[])[key].as_str().unwrap().to_owned();
            let (mean, sigma) = (Statistic::WeightedMean, Statistic::WeightedMeanSigma);
            let names = [of(mean, "long_name"), of(sigma, "long_name")];
            assert!(names[1].ends_with(&names[0]), "{names:?}");
            let comment = of(sigma, "comment").split_once(", propagated").unwrap().0.to_owned();
            (names[0].starts_with("weighted mean"), of(mean, "cell_methods"), comment)
        };
        let expect =
            |weighted, method: &str, formula: &str| (weighted, format!("area: time: {method}"), formula.to_owned());
        let mut product = height("m");
        let by_sigma = "mean (comment: weighted by the inverse square of each sigma)";
        assert_eq!(words(&product), expect(true, by_sigma, "1/sqrt(sum(1/sigma^2))"));
        product.weight = Weight::None;
        assert_eq!(words(&product), expect(false, "mean", "sqrt(sum(sigma^2))/n"));
        product.weight = Weight::Column("a/length".parse().unwrap());
        let formula = "sqrt(sum(w^2 sigma^2))/sum(w) with w = a/length";
        assert_eq!(words(&product), expect(true, "mean (comment: weighted by a/length)", formula));
        product.weight = Weight::InverseVariance;
        product.uncertainty.as_mut().unwrap().optional = true;
        let method = "mean (comment: weighted by the inverse square of each sigma where every granule has one)";
        let formula = "1/sqrt(sum(1/sigma^2)) where every granule has sigma, else sqrt(sum(sigma^2))/n";
        assert_eq!(words(&product), expect(true, method, formula));
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
