//! What to read and what to make of it, as data.
//!
//! A [`Product`] is read from a description (crate `products` has those that are built in) and is part of a job and of a
//! store's provenance. The engine knows no product: another one is another value of this type, not other code.
mod asked;
mod choice;
mod column;
mod edits;
mod first;
mod keep;
mod link;
mod moment;
mod one_or_many;
mod pattern;
mod quantity;
mod value;

pub use asked::PointColumns;
pub use choice::{Beams, Heading};
pub use column::{Axis, ColumnSpec, Second};
pub use edits::Edits;
pub(crate) use first::of_any_version;
pub use keep::{Keep, Test};
pub use link::ParentLink;
pub use moment::TimeOf;
pub use pattern::{GranuleName, NamePattern};
pub use quantity::Quantity;
pub use value::{Value, Weight};

use crate::Orbit;
use aggregate::Statistic;
use serde::{Deserialize, Serialize};

/// A point product: where its columns are, which rows count, which statistics come out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// What it is called: `ATL06`, `ATL08-canopy`.
    pub name: String,
    /// What it is, in a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What a user should know of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// What granules call themselves, in the root attributes `short_name` or `identifier_product_type`.
    pub short_names: Vec<String>,
    /// Patterns of their file names; without one, every file is a granule of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<NamePattern>,
    /// Its collections in NASA's catalog (CMR); the first is searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<CmrCollection>,
    /// Groups that each hold one track; any may be absent. A product without tracks has one empty name.
    pub tracks: Vec<String>,
    /// Group inside a track that holds the columns, empty where the track does; the first that has the columns counts. A track without
    /// it counts as absent.
    #[serde(default = "no_group", with = "one_or_many")]
    pub group: Vec<String>,
    /// Latitude, geodetic degrees.
    pub latitude: ColumnSpec,
    /// Longitude, degrees.
    pub longitude: ColumnSpec,
    /// What is aggregated.
    pub value: Value,
    /// Its one-sigma uncertainty, in the unit of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<ColumnSpec>,
    /// What a row weighs in the mean and its sigma.
    #[serde(default, skip_serializing_if = "Weight::is_none")]
    pub weight: Weight,
    /// Which tracks count.
    #[serde(default, skip_serializing_if = "Beams::is_all")]
    pub beams: Beams,
    /// Which way the satellite flew over the rows that count; `None` for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Heading>,
    /// Rows that a cell has at least; one with fewer is as one without.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub min_count: u32,
    /// Output arrays, in order; the count is among them.
    #[serde(with = "by_name")]
    pub statistics: Vec<Statistic>,
    /// What the value is, for the output's names and attributes.
    pub output: Quantity,
    /// Conditions that decide which rows count, tested in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Keep>,
    /// Other values of the same rows, for `--value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<OtherValue>,
    /// When a row was taken.
    #[serde(default, skip_serializing_if = "TimeOf::is_granule")]
    pub time: TimeOf,
    /// How rows hang on parents that have columns of their own: photons on segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<ParentLink>,
    /// What is read of rows where they are asked for in place of statistics.
    #[serde(skip)]
    pub points: Option<PointColumns>,
    /// How tracks run, where they are those of one satellite: lets coordinates be read in part. Without it all are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orbit: Option<Orbit>,
}

/// A collection in NASA's Common Metadata Repository.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CmrCollection {
    /// `ATL06`.
    pub short_name: String,
    /// Release, `007`; without one, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who archives it, `NSIDC_CPRD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// Another value of a product's rows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherValue {
    /// As [`Product::value`].
    pub value: Value,
    /// As [`Product::uncertainty`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<ColumnSpec>,
    /// As [`Product::weight`].
    #[serde(default, skip_serializing_if = "Weight::is_none")]
    pub weight: Weight,
    /// As [`Product::output`].
    pub output: Quantity,
}

/// What is wrong with a product.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {why}")]
pub struct ProductError {
    /// The key of the description.
    pub key: String,
    /// What is wrong, and what to write.
    pub why: String,
}

impl Product {
    /// Checks what its type does not: that its parts go together.
    ///
    /// # Errors
    /// [`ProductError`] names the first key that is wrong.
    pub fn check(&self) -> Result<(), ProductError> {
        let wrong = |key: &str, why: &str| Err(ProductError { key: key.into(), why: why.into() });
        if self.name.is_empty() {
            return wrong("name", "is empty: write what the product is called, like ATL06");
        }
        if self.short_names.iter().all(String::is_empty) {
            return wrong("short_names", "is empty: write what its granules call themselves, like [\"ATL06\"]");
        }
        if self.tracks.is_empty() {
            return wrong("tracks", "is empty: write the groups of tracks, or [\"\"] where there are none");
        }
        if let Some(track) = self.tracks.iter().find(|track| track.contains(['*', '?', '['])) {
            return wrong("tracks", &format!("{track:?} is a pattern: write the name of each track"));
        }
        if self.latitude == self.longitude {
            return wrong("longitude", "is the same column as latitude: write its own path");
        }
        if self.orbit.is_some_and(|orbit| !orbit.is_possible()) {
            return wrong("orbit", "has a number that no orbit has: write numbers above 0, or take the table out");
        }
        if let Some(track) = repeated(&self.tracks) {
            return wrong("tracks", &format!("names {track:?} twice: its rows would count twice"));
        }
        if self.tracks.iter().chain(&self.group).any(|group| group.starts_with('/') || group.ends_with('/')) {
            return wrong("group", "begins or ends with a slash: write gt1l and land_ice_segments");
        }
        if self.group.is_empty() {
            return wrong("group", "is an empty list: write the group inside a track, or leave it out");
        }
        self.check_values()
    }

    fn check_values(&self) -> Result<(), ProductError> {
        let wrong = |key: &str, why: &str| Err(ProductError { key: key.into(), why: why.into() });
        let held = |statistic| self.statistics.contains(&statistic);
        if !held(Statistic::Count) {
            return wrong("statistics", "lacks count, without which cells without rows are not known: add \"count\"");
        }
        if let Some(statistic) = repeated(&self.statistics) {
            return wrong("statistics", &format!("names {statistic} twice"));
        }
        if self.value == Value::Rows
            && (self.statistics.len() > 1 || self.uncertainty.is_some() || !self.weight.is_none())
        {
            return wrong(
                "value",
                "count = true has no numbers: write statistics = [\"count\"], and neither uncertainty nor weight",
            );
        }
        if held(Statistic::WeightedMeanSigma) && self.uncertainty.is_none() {
            return wrong("statistics", "sigma needs an uncertainty, and the product has none: take sigma out");
        }
        if self.weight == Weight::InverseVariance && self.uncertainty.is_none() {
            return wrong("weight", "inverse_variance needs the key uncertainty");
        }
        if self.min_count == 0 {
            return wrong("min_count", "is 0: a cell with data has at least 1 row");
        }
        if let Beams::Named(names) = &self.beams
            && let Some(name) = names.iter().find(|name| !self.tracks.contains(name))
        {
            let tracks = self.tracks.join(", ");
            return wrong("beams", &format!("{name} is none of its tracks: {tracks}, or strong or weak"));
        }
        self.output.check()?;
        self.link.as_ref().map_or(Ok(()), ParentLink::check)?;
        let of_parents = |column: &ColumnSpec| {
            self.link.as_ref().is_some_and(|link| column.column.iter().any(|path| link.is_of_parents(path)))
        };
        if of_parents(&self.latitude) || of_parents(&self.longitude) {
            return wrong("latitude", "is in a group of link.groups: rows have places of their own");
        }
        for column in [&self.latitude, &self.longitude].into_iter().chain(self.columns()) {
            if column.column.is_empty() {
                return wrong("column", "names no dataset");
            }
        }
        Ok(())
    }

    /// Its columns but for the coordinates: value, what is subtracted from it, uncertainty, weight, time, conditions.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &ColumnSpec> {
        let weight = if let Weight::Column(column) = &self.weight { Some(column) } else { None };
        let fixed = [self.value.column(), self.value.minus(), self.uncertainty.as_ref(), weight, self.time.column()];
        fixed.into_iter().flatten().chain(self.keep.iter().map(|keep| &keep.column))
    }

    fn columns_mut(&mut self) -> impl Iterator<Item = &mut ColumnSpec> {
        let (value, minus) = match &mut self.value {
            Value::Rows => (None, None),
            Value::Column { column, minus } => (Some(column), minus.as_mut()),
        };
        let weight = if let Weight::Column(column) = &mut self.weight { Some(column) } else { None };
        let time = if let TimeOf::Column { column, .. } = &mut self.time { Some(column) } else { None };
        let fixed = [value, minus, self.uncertainty.as_mut(), weight, time];
        fixed.into_iter().flatten().chain(self.keep.iter_mut().map(|keep| &mut keep.column))
    }

    /// Whether its columns have a number for each of several repeat cycles.
    #[must_use]
    pub fn has_columns_of_cycles(&self) -> bool {
        self.has_open_cycles() || self.chosen_cycle().is_some()
    }

    /// Whether its granules are of repeat cycles, or have a number for each.
    #[must_use]
    pub fn has_cycles(&self) -> bool {
        self.names.iter().any(|pattern| pattern.has("cycle")) || self.has_open_cycles() || self.chosen_cycle().is_some()
    }

    /// Whether columns have a number for each repeat cycle, and none is chosen.
    pub(crate) fn has_open_cycles(&self) -> bool {
        self.columns()
            .any(|column| matches!(&column.second, Second::Axis(axis) if axis.is_cycles() && axis.value.is_none()))
    }

    /// The repeat cycle that is chosen, where columns have a number for each.
    pub(crate) fn chosen_cycle(&self) -> Option<u32> {
        let chosen = self.columns().find_map(|column| match &column.second {
            Second::Axis(axis) if axis.is_cycles() => axis.value,
            _ => None,
        })?;
        (0..1000).find(|cycle| f64::from(*cycle) == chosen)
    }

    /// Whether the direction of a row is that of its parent.
    pub(crate) fn turns_by_parents(&self) -> bool {
        self.direction.is_some() && self.link.as_ref().is_some_and(|link| link.latitude.is_some())
    }

    /// What of it decides a result: the same product without words for people and without values that were not chosen.
    #[must_use]
    pub fn deciding(&self) -> Self {
        let (title, notes, values, collections) = Default::default();
        Self { title, notes, values, collections, ..self.clone() }
    }

    /// Asks for more statistics, after those there are. Their order does not matter, and one asked for twice counts once.
    pub fn add_statistics(&mut self, more: &[Statistic]) {
        let mut more = more.to_vec();
        more.sort_unstable();
        more.dedup();
        more.retain(|statistic| !self.statistics.contains(statistic));
        self.statistics.extend(more);
    }

    /// Name of the output array of a statistic: `count`, `h_min`, `h_q25`.
    #[must_use]
    pub fn array_name(&self, statistic: Statistic) -> String {
        self.output.array_name(statistic)
    }

    /// Whether a granule's label is one of this product's.
    #[must_use]
    pub fn is_called(&self, label: &str) -> bool {
        self.short_names.iter().any(|name| name == label)
    }

    /// What the name of a file says, by the product's patterns.
    #[must_use]
    pub fn named(&self, file: &str) -> Option<GranuleName> {
        self.names.iter().find_map(|pattern| pattern.read(file))
    }

    /// The name of a granule in provenance and in the order of folding: as its makers write it, whatever the file is called. A
    /// file that has no granule's name keeps its own.
    #[must_use]
    pub fn mission_name(&self, file: &str) -> String {
        self.named(file).map_or_else(|| file.to_owned(), |named| format!("{}.h5", named.name))
    }
}

fn repeated<T: PartialEq>(items: &[T]) -> Option<&T> {
    items
        .iter()
        .enumerate()
        .find(|(at, item)| items.iter().take(*at).any(|before| before == *item))
        .map(|(_, item)| item)
}

fn no_group() -> Vec<String> {
    vec![String::new()]
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(count: &u32) -> bool {
    *count == one()
}

/// Statistics are written by name.
mod by_name {
    use aggregate::Statistic;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(statistics: &[Statistic], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(statistics.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Statistic>, D::Error> {
        let names: Vec<String> = Vec::deserialize(input)?;
        names.iter().map(|name| name.parse().map_err(serde::de::Error::custom)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The built-in product, as its file has it.
    pub(crate) fn atl06() -> Product {
        toml::from_str(include_str!("../../../products/built-in/ATL06.toml")).unwrap()
    }

    #[test]
    fn a_product_is_data() {
        let product = atl06();
        product.check().unwrap();
        let text = serde_json::to_string(&product).unwrap();
        assert_eq!(serde_json::from_str::<Product>(&text).unwrap(), product);
        assert_eq!(product.array_name(Statistic::STANDARD[6]), "h_q25");
        assert_eq!(product.statistics, Statistic::STANDARD);
    }

    #[test]
    fn more_statistics_come_once_and_in_one_order() {
        let parse = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<Statistic>>();
        let mut product = atl06();
        product.add_statistics(&parse(&["q95", "count", "unweighted_mean", "q05", "q95"]));
        let names: Vec<String> = product.statistics.iter().skip(9).map(|added| product.array_name(*added)).collect();
        assert_eq!(names, ["h_unweighted_mean", "h_q05", "h_q95"]);
    }

    #[test]
    fn parts_that_do_not_go_together_are_refused_by_their_key() {
        type Change = fn(&mut Product);
        let changes: [(Change, &str); 10] = [
            (|product| product.name.clear(), "name: "),
            (|product| product.short_names.clear(), "short_names: "),
            (|product| product.tracks.clear(), "tracks: "),
            (|product| product.tracks.push("gt1l".into()), "tracks: names \"gt1l\" twice"),
            (|product| product.group = vec!["/a".into()], "group: "),
            (|product| product.statistics.clear(), "statistics: lacks count"),
            (|product| product.uncertainty = None, "statistics: sigma needs"),
            (|product| product.value = Value::Rows, "value: count = true"),
            (|product| product.output.prefix = "1 h".into(), "output.prefix: "),
            (|product| product.output.limit = Some(-1.0), "output.limit: "),
        ];
        for (change, why) in changes {
            let mut product = atl06();
            change(&mut product);
            let error = product.check().unwrap_err().to_string();
            assert!(error.starts_with(why), "{why}: {error}");
        }
    }
}
