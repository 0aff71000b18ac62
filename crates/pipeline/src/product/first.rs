//! Products of stores of version 1, which knew one uncertainty and conditions of one kind.
use super::{ColumnSpec, Keep, NamePattern, Product, Quantity, Test, TimeOf, Weight, by_name};
use crate::Orbit;
use aggregate::Statistic;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

#[derive(Deserialize)]
struct First {
    short_name: String,
    tracks: Vec<String>,
    group: String,
    latitude: String,
    longitude: String,
    value: String,
    sigma: String,
    filters: Vec<Filter>,
    orbit: Option<Orbit>,
    quantity: Quantity,
    #[serde(with = "by_name")]
    statistics: Vec<Statistic>,
}

#[derive(Deserialize)]
struct Filter {
    column: String,
    keep: i64,
}

impl Product {
    /// A product as a store has it, of this version or an earlier one.
    ///
    /// # Errors
    /// What is missing or does not go together, in words.
    pub fn from_store(stored: Value) -> Result<Self, String> {
        let read = if stored.get("short_name").is_some() {
            First::deserialize(stored).map(Self::try_from).map_err(|error| error.to_string())?
        } else {
            Self::deserialize(stored).map_err(|error| error.to_string())
        };
        let product = read?;
        product.check().map_err(|error| error.to_string())?;
        Ok(product)
    }
}

/// [`Product::from_store`] for fields.
pub(crate) fn of_any_version<'de, D: Deserializer<'de>>(input: D) -> Result<Product, D::Error> {
    Product::from_store(Value::deserialize(input)?).map_err(D::Error::custom)
}

impl TryFrom<First> for Product {
    type Error = String;

    fn try_from(first: First) -> Result<Self, String> {
        let First { short_name: name, tracks, group, orbit, quantity, statistics, .. } = first;
        let pattern = format!("{name}_{{time:14}}_{{rgt:4}}{{cycle:2}}{{region:2}}_{{release:3}}_{{version:2}}");
        let column = |path: String| ColumnSpec { column: vec![path], ..ColumnSpec::default() };
        #[expect(clippy::cast_precision_loss, reason = "flags are small integers")]
        let keep = |filter: Filter| Keep { column: column(filter.column), test: Test::Is(vec![filter.keep as f64]) };
        Ok(Self {
            short_names: vec![name.clone()],
            names: vec![NamePattern::try_from(pattern)?],
            name,
            title: String::new(),
            notes: String::new(),
            collections: Vec::new(),
            tracks,
            group: vec![group],
            latitude: column(first.latitude),
            longitude: column(first.longitude),
            value: column(first.value).into(),
            uncertainty: Some(column(first.sigma)),
            weight: Weight::InverseVariance,
            beams: super::Beams::All,
            direction: None,
            min_count: 1,
            statistics,
            output: quantity,
            keep: first.filters.into_iter().map(keep).collect(),
            values: Vec::new(),
            link: None,
            time: TimeOf::Granule,
            points: None,
            orbit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;

    const FIRST: &str = r#"{"short_name":"ATL06","tracks":["gt1l","gt1r","gt2l","gt2r","gt3l","gt3r"],
        "group":"land_ice_segments","latitude":"latitude","longitude":"longitude","value":"h_li","sigma":"h_li_sigma",
        "filters":[{"column":"atl06_quality_summary","keep":0}],
        "orbit":{"period":5668.637346791636,"inclination":92.0,"spacing":0.02,"spread":7.5,"pointing":50.0},
        "quantity":{"prefix":"h","label":"land ice height above the WGS84 ellipsoid",
            "standard_name":"height_above_reference_ellipsoid","units":"m"},
        "statistics":["count","min","max","mean","sigma","variance","q25","q50","q75"]}"#;

    #[test]
    fn the_product_of_old_stores_is_todays() {
        #[derive(Deserialize)]
        struct Store {
            #[serde(deserialize_with = "of_any_version")]
            product: Product,
        }
        let read =
            |product: &str| serde_json::from_str::<Store>(&format!(r#"{{"product":{product}}}"#)).unwrap().product;
        let first = read(FIRST);
        assert_eq!(first, atl06().deciding());
        assert_eq!(read(&serde_json::to_string(&first).unwrap()), first);
    }
}
