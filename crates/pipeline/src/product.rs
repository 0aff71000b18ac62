//! What to read and what to make of it, as data.
use crate::Orbit;
use aggregate::Statistic;
use serde::{Deserialize, Serialize};

/// A point product: where its columns are, which rows count, which statistics come out. Another product is another value
/// of this type, not other code.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Product {
    /// Short name, as in the granules' file names (`ATL06`).
    pub short_name: String,
    /// Groups that each hold one track; any of them may be absent from a granule.
    pub tracks: Vec<String>,
    /// Group inside a track that holds the columns; a track without it counts as absent.
    pub group: String,
    /// Latitude column, geodetic degrees.
    pub latitude: String,
    /// Longitude column, degrees.
    pub longitude: String,
    /// The value that is aggregated.
    pub value: String,
    /// Its one-sigma uncertainty, in the unit of the value.
    pub sigma: String,
    /// Columns that decide which rows count, tested in this order.
    pub filters: Vec<RowFilter>,
    /// How tracks run, where they are those of one satellite: lets coordinates be read in part. Without it all are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orbit: Option<Orbit>,
    /// What the value is, for the output's names and attributes.
    pub quantity: Quantity,
    /// Output arrays, in order.
    #[serde(with = "by_name")]
    pub statistics: Vec<Statistic>,
}

/// Keep a row where an integer column holds `keep`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RowFilter {
    /// Column, an integer dataset.
    pub column: String,
    /// The value to keep.
    pub keep: i64,
}

/// What the aggregated value is, in CF terms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quantity {
    /// Prefix of the output arrays: `h` makes `h_mean`.
    pub prefix: String,
    /// In words, for `long_name`.
    pub label: String,
    /// CF `standard_name`, where one is true.
    pub standard_name: Option<String>,
    /// Unit of the value (UDUNITS).
    pub units: String,
}

/// Metres beyond which no value is one of a height, a depth or a width.
const ABSURD_METRES: f64 = 1e5;

impl Quantity {
    /// The magnitude beyond which values are absurd, where the unit gives one.
    pub(crate) fn limit(&self) -> Option<f64> {
        ["m", "metre", "metres", "meter", "meters"].contains(&self.units.as_str()).then_some(ABSURD_METRES)
    }
}

impl Product {
    /// ICESat-2 ATL06 land-ice heights: six ground tracks, best-quality segments only.
    #[must_use]
    pub fn atl06() -> Self {
        Self {
            short_name: "ATL06".into(),
            tracks: ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"].map(String::from).into(),
            group: "land_ice_segments".into(),
            latitude: "latitude".into(),
            longitude: "longitude".into(),
            value: "h_li".into(),
            sigma: "h_li_sigma".into(),
            filters: vec![RowFilter { column: "atl06_quality_summary".into(), keep: 0 }],
            orbit: Some(Orbit::ICESAT2_ATL06),
            quantity: Quantity {
                prefix: "h".into(),
                label: "land ice height above the WGS84 ellipsoid".into(),
                standard_name: Some("height_above_reference_ellipsoid".into()),
                units: "m".into(),
            },
            statistics: Statistic::STANDARD.into(),
        }
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
        self.quantity.array_name(statistic)
    }
}

/// Statistics are written by name in a product file.
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
mod tests {
    use super::*;

    #[test]
    fn a_product_is_data() {
        let product = Product::atl06();
        let text = serde_json::to_string(&product).unwrap();
        assert_eq!(serde_json::from_str::<Product>(&text).unwrap(), product);
        assert_eq!(product.array_name(Statistic::STANDARD[6]), "h_q25");
    }

    #[test]
    fn more_statistics_come_once_and_in_one_order() {
        let parse = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<Statistic>>();
        let mut product = Product::atl06();
        product.add_statistics(&parse(&["q95", "count", "unweighted_mean", "q05", "q95"]));
        let names: Vec<String> = product.statistics.iter().skip(9).map(|added| product.array_name(*added)).collect();
        assert_eq!(names, ["h_unweighted_mean", "h_q05", "h_q95"]);
    }
}
