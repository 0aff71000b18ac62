//! Columns that are asked for where rows themselves are, in place of statistics.
use super::column::ColumnSpec;
use super::moment::TimeOf;
use super::{Product, ProductError};

/// The column that has the time of a row, in products of ICESat-2 and GEDI whose description names none.
const TIME: &str = "delta_time";

/// What is read of each row that counts, beside its place.
#[derive(Clone, PartialEq, Debug)]
pub struct PointColumns {
    /// The columns.
    pub columns: Vec<ColumnSpec>,
    /// When a row was taken.
    pub(crate) time: TimeOf,
}

impl Product {
    /// Asks for rows with some columns, in place of statistics: by the names that the product has for them, by paths inside its
    /// group, or by the names of datasets beside its value or in the group. None: its value and uncertainty.
    ///
    /// # Errors
    /// [`ProductError`] for a name that is no path.
    pub fn ask_for_points(&mut self, names: &[String]) -> Result<(), ProductError> {
        if self.has_open_cycles() {
            let why = "rows have numbers of several repeat cycles: choose one with --cycle".into();
            return Err(ProductError { key: "columns".into(), why });
        }
        let own: Vec<ColumnSpec> = self.value.column().into_iter().chain(self.uncertainty.as_ref()).cloned().collect();
        let wrong = |why| ProductError { key: "columns".into(), why };
        let column = |name: &String| -> Result<ColumnSpec, ProductError> {
            let is_it = |own: &str| own == name || is_last(own.split('[').next().unwrap_or_default(), name);
            if let Some(own) = self.columns().find(|column| is_it(&column.name())) {
                return Ok(own.clone());
            }
            let mut asked: ColumnSpec = name.parse().map_err(wrong)?;
            // Beside the value, which may lie in a group of the group, or in the group itself.
            let value = self.value.column().map(ColumnSpec::name).unwrap_or_default();
            if let Some((group, _)) = value.rsplit_once('/').filter(|_| !name.contains('/')) {
                let beside: Vec<String> = asked.column.iter().map(|path| format!("{group}/{path}")).collect();
                asked.column.splice(0..0, beside);
            }
            Ok(asked)
        };
        let columns = if names.is_empty() { own } else { names.iter().map(column).collect::<Result<_, _>>()? };
        let delta_time = || ColumnSpec::of(&[TIME.to_owned()], None, None, Vec::new(), true).ok();
        let time = match (&self.time, delta_time()) {
            (TimeOf::Granule, Some(column)) => TimeOf::Column { column, epoch: None },
            (time, _) => time.clone(),
        };
        self.points = Some(PointColumns { columns, time });
        Ok(())
    }
}

fn is_last(path: &str, name: &str) -> bool {
    path.rsplit('/').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::tests::atl06;

    #[test]
    fn columns_are_those_of_the_product_or_lie_beside_its_value() {
        let mut product = atl06();
        product.ask_for_points(&["h_li", "dem/dem_h", "segment_id"].map(str::to_owned)).unwrap();
        let paths = |product: &Product| -> Vec<Vec<String>> {
            product.points.iter().flat_map(|points| &points.columns).map(|column| column.column.clone()).collect()
        };
        assert_eq!(paths(&product), [["h_li"], ["dem/dem_h"], ["segment_id"]]);
        product.value = "terrain/h".parse::<ColumnSpec>().unwrap().into();
        product.ask_for_points(&["h", "flag", "rh[3]"].map(str::to_owned)).unwrap();
        assert_eq!(paths(&product), [&["terrain/h"][..], &["terrain/flag", "flag"], &["terrain/rh", "rh"]]);
        product.ask_for_points(&[]).unwrap();
        assert_eq!(paths(&product), [["terrain/h"], ["h_li_sigma"]]);
        assert!(product.ask_for_points(&["a[".to_owned()]).is_err());
    }
}
