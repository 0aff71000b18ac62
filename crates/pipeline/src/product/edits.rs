//! Changes to a product that need no description of one's own: flags of the command, keys of an event.
use super::column::{ColumnSpec, Second};
use super::{Beams, Heading, Keep, Product, ProductError, Quantity, Value, Weight};
use aggregate::Statistic;
use serde::{Deserialize, Serialize};

/// What to change of a product.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Edits {
    /// Conditions, `PATH OP VALUE`: each replaces those of the product on the same path, whatever the index; `PATH any` takes
    /// them away, `none` takes all away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<String>,
    /// Another value: one that the product names, the path of a column, or `count` for the rows themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The statistics, in place of the product's; the count comes first in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<String>,
    /// More statistics, after those there are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The repeat cycle, for columns that have one number a cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<u32>,
    /// `strong`, `weak`, or names of tracks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beams: Option<String>,
    /// `ascending` or `descending`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Rows that a cell has at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_count: Option<u32>,
}

impl Edits {
    /// These, and those of `other` where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |own: Vec<String>, other| if own.is_empty() { other } else { own };
        Self {
            keep: list(self.keep, other.keep),
            value: self.value.or(other.value),
            statistics: list(self.statistics, other.statistics),
            also: list(self.also, other.also),
            cycle: self.cycle.or(other.cycle),
            beams: self.beams.or(other.beams),
            direction: self.direction.or(other.direction),
            min_count: self.min_count.or(other.min_count),
        }
    }

    /// Changes a product.
    ///
    /// # Errors
    /// [`ProductError`] names the edit that cannot be made.
    pub fn apply(&self, product: &mut Product) -> Result<(), ProductError> {
        let error = |key: &str| {
            let key = key.to_owned();
            move |why: String| ProductError { key, why }
        };
        if let Some(value) = &self.value {
            product.choose_value(value).map_err(error("value"))?;
        }
        product.edit_conditions(&self.keep).map_err(error("keep"))?;
        if let Some(cycle) = self.cycle {
            product.choose_cycle(cycle).map_err(error("cycle"))?;
        }
        if let Some(beams) = &self.beams {
            product.beams = beams.parse::<Beams>().map_err(error("beams"))?;
        }
        if let Some(direction) = &self.direction {
            product.direction = Some(direction.parse::<Heading>().map_err(error("direction"))?);
        }
        product.min_count = self.min_count.unwrap_or(product.min_count);
        let parse = |names: &[String]| -> Result<Vec<Statistic>, String> {
            names.iter().map(|name| name.trim().parse().map_err(|why: aggregate::Error| why.to_string())).collect()
        };
        if !self.statistics.is_empty() {
            product.statistics = vec![Statistic::Count];
            for statistic in parse(&self.statistics).map_err(error("statistics"))? {
                if !product.statistics.contains(&statistic) {
                    product.statistics.push(statistic);
                }
            }
        }
        product.add_statistics(&parse(&self.also).map_err(error("also"))?);
        product.check()
    }
}

impl Product {
    /// Takes another value: one of [`Product::values`], or any column; of that the unit is not known, and no uncertainty. `count`:
    /// the rows themselves.
    fn choose_value(&mut self, text: &str) -> Result<(), String> {
        if text == "count" {
            (self.value, self.uncertainty, self.weight) = (Value::Rows, None, Weight::None);
            self.statistics = vec![Statistic::Count];
            return Ok(());
        }
        let mut column: ColumnSpec = text.parse()?;
        let others = self.values.iter().filter_map(|other| other.value.column());
        column.take_second_of(self.columns().chain(others));
        let is_it =
            |value: &Value| value.minus().is_none() && value.column().is_some_and(|own| own.is_same_place(&column));
        if is_it(&self.value) {
            return Ok(());
        }
        if let Some(known) = self.values.iter().find(|known| is_it(&known.value)).cloned() {
            (self.value, self.uncertainty, self.weight) = (known.value, known.uncertainty, known.weight);
            self.output = known.output;
        } else {
            (self.uncertainty, self.weight) = (None, Weight::None);
            self.output = Quantity::of_column(&column);
            self.value = column.into();
        }
        if self.uncertainty.is_none() {
            self.statistics.retain(|statistic| *statistic != Statistic::WeightedMeanSigma);
        }
        Ok(())
    }

    /// Takes one cycle of the columns that have a number for each.
    fn choose_cycle(&mut self, cycle: u32) -> Result<(), String> {
        let mut found = false;
        for column in self.columns_mut() {
            if let Second::Axis(axis) = &mut column.second
                && axis.is_cycles()
            {
                axis.value.get_or_insert(f64::from(cycle));
                found = true;
            }
        }
        if found { Ok(()) } else { Err(format!("{} has no column with one number a cycle", self.name)) }
    }

    fn edit_conditions(&mut self, texts: &[String]) -> Result<(), String> {
        let mut edits = texts.iter().map(|text| Edit::parse(text)).collect::<Result<Vec<_>, _>>()?;
        for edit in &mut edits {
            if let Edit::Keep(keep) = edit {
                let conditions = self.keep.iter().map(|keep| &keep.column);
                keep.column.take_second_of(conditions.chain(self.columns()));
            }
        }
        if edits.contains(&Edit::None) {
            self.keep.clear();
        }
        for column in edits.iter().filter_map(Edit::any) {
            if !self.keep.iter().any(|keep| keep.column.shares_path(column)) {
                let names: Vec<String> = self.keep.iter().map(ToString::to_string).collect();
                let held = if names.is_empty() { "there is none at all".into() } else { names.join(", ") };
                return Err(format!("there is no condition on {}: {held}", column.name()));
            }
        }
        let mut kept: Vec<Keep> = Vec::new();
        let mut placed = vec![false; edits.len()];
        for held in std::mem::take(&mut self.keep) {
            let on_it = |edit: &Edit| edit.column().is_some_and(|column| held.column.shares_path(column));
            if !edits.iter().any(on_it) {
                kept.push(held);
                continue;
            }
            for (edit, placed) in edits.iter().zip(&mut placed).filter(|(edit, placed)| on_it(edit) && !**placed) {
                *placed = true;
                kept.extend(edit.keep(Some(&held)));
            }
        }
        kept.extend(edits.iter().zip(&placed).filter(|(_, placed)| !**placed).filter_map(|(edit, _)| edit.keep(None)));
        self.keep = kept;
        Ok(())
    }
}

/// One edit of conditions.
#[derive(PartialEq)]
enum Edit {
    /// `none`: those of the product do not count.
    None,
    /// `PATH any`: those on a path do not count.
    Any(ColumnSpec),
    /// `PATH OP VALUE`.
    Keep(Keep),
}

impl Edit {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.strip_suffix(" any") {
            _ if text == "none" => Ok(Self::None),
            Some(path) => path.trim().parse().map(Self::Any),
            None => text.parse().map(Self::Keep),
        }
    }

    const fn any(&self) -> Option<&ColumnSpec> {
        if let Self::Any(column) = self { Some(column) } else { None }
    }

    const fn column(&self) -> Option<&ColumnSpec> {
        match self {
            Self::None => None,
            Self::Any(column) => Some(column),
            Self::Keep(keep) => Some(&keep.column),
        }
    }

    /// Its condition, in the place of another one, whose fill it takes.
    fn keep(&self, held: Option<&Keep>) -> Option<Keep> {
        let Self::Keep(keep) = self else { return None };
        let mut keep = keep.clone();
        if let Some(held) = held {
            keep.column.fill.clone_from(&held.column.fill);
        }
        Some(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;

    fn kept(product: &Product) -> Vec<String> {
        product.keep.iter().map(ToString::to_string).collect()
    }

    fn edited(mut product: Product, keep: &[&str]) -> Result<Vec<String>, String> {
        let edits = Edits { keep: keep.iter().map(ToString::to_string).collect(), ..Edits::default() };
        edits.apply(&mut product).map_err(|error| error.to_string())?;
        Ok(kept(&product))
    }

    #[test]
    fn a_condition_replaces_those_on_its_path_and_is_appended_otherwise() {
        let q = "atl06_quality_summary";
        let product = || {
            let mut product = atl06();
            product.keep.push(serde_json::from_str(r#"{"column":"conf","index":3,"at_least":3}"#).unwrap());
            product
        };
        let both = [format!("{q} = 0"), "conf[3] >= 3".to_owned()];
        assert_eq!(edited(product(), &[]).unwrap(), both);
        assert_eq!(edited(product(), &[&format!("{q} any")]).unwrap(), both[1..]);
        assert_eq!(
            edited(product(), &[&format!("{q} in 0,1"), "h_li_sigma <= 0.5"]).unwrap(),
            [&format!("{q} in 0,1"), "conf[3] >= 3", "h_li_sigma <= 0.5"]
        );
        assert_eq!(
            edited(product(), &["conf[1] >= 2", "conf[1] <= 4"]).unwrap()[1..],
            ["conf[1] >= 2", "conf[1] <= 4"]
        );
        assert_eq!(edited(product(), &["conf = 4"]).unwrap()[1], "conf[3] = 4", "the index stays");
        assert_eq!(edited(product(), &["none"]).unwrap(), Vec::<String>::new());
        assert_eq!(edited(product(), &["none", "conf[0] > 0"]).unwrap(), ["conf[0] > 0"]);
        let error = edited(product(), &["x any"]).unwrap_err();
        assert!(error.contains("no condition on x: atl06_quality_summary = 0, conf[3] >= 3"), "{error}");
        assert!(edited(product(), &["x"]).unwrap_err().starts_with("keep: "));
    }

    #[test]
    fn another_value_has_no_uncertainty_but_one_that_the_product_names_has_its_own() {
        let mut product = atl06();
        let value = |value: &str| Edits { value: Some(value.into()), ..Edits::default() };
        value("h_li").apply(&mut product).unwrap();
        assert_eq!(product, atl06());
        value("fit_statistics/h_mean").apply(&mut product).unwrap();
        assert_eq!((product.output.prefix.as_str(), product.uncertainty.is_none()), ("h_mean", true));
        assert!(product.weight == Weight::None && !product.statistics.contains(&Statistic::WeightedMeanSigma));
        let mut known = atl06();
        known.values = vec![serde_json::from_str(
            r#"{"value":"dh","uncertainty":"dh_sigma","weight":"inverse_variance","output":{"prefix":"dh","label":"x","units":"m"}}"#,
        )
        .unwrap()];
        value("dh").apply(&mut known).unwrap();
        assert_eq!((known.output.units.as_str(), known.weight), ("m", Weight::InverseVariance));
    }

    #[test]
    fn the_other_edits_are_checked() {
        let apply = |json: &str| {
            let mut product = atl06();
            let edits: Edits = serde_json::from_str(json).unwrap();
            edits.apply(&mut product).map(|()| product).map_err(|error| error.to_string())
        };
        let product = apply(
            r#"{"statistics":["q50","count"],"also":["q05"],"beams":"strong","direction":"descending","min_count":3}"#,
        )
        .unwrap();
        assert_eq!(product.statistics.iter().map(ToString::to_string).collect::<Vec<_>>(), ["count", "q50", "q05"]);
        assert_eq!(
            (product.beams, product.direction, product.min_count),
            (Beams::Strong, Some(Heading::Descending), 3)
        );
        for (json, why) in [
            (r#"{"cycle":3}"#, "cycle: ATL06 has no column"),
            (r#"{"beams":"gt9l"}"#, "beams: "),
            (r#"{"direction":"up"}"#, "direction: "),
            (r#"{"statistics":["median"]}"#, "statistics: "),
            (r#"{"min_count":0}"#, "min_count: "),
        ] {
            let error = apply(json).unwrap_err();
            assert!(error.starts_with(why), "{json}: {error}");
        }
    }
}
