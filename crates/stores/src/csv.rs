//! The table that `icestream cell --csv` writes.

use morton::{Cell, Latitude, Order};
use serde_json::Value;

use crate::{Column, Error, Partial, Table, VariableInfo};

impl Table {
    /// Reads a CSV with a header line, a column `morton` (decimal ids) and variables; `cell_ids`, `lon` and `lat` are passed over.
    /// The order is that of the decimal ids, so `morton` must be there. Numbers without a point in every row of `count` are
    /// counts; all else is f32, as written. A CSV does not know its latitude convention: the caller says it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] naming the line.
    pub fn from_csv(text: &str, latitude: Latitude) -> Result<Self, Error> {
        let bad = |line: usize, why: String| Error::corrupt(&format!("line {line}"), why);
        // Lines of words; one that begins with PARTIAL says that granules are missing.
        let words = |line: &str| line.starts_with('#');
        let partial = text.lines().any(|line| words(line) && line.contains("PARTIAL"));
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !words(line));
        let (_, header) = lines.next().ok_or_else(|| bad(1, "the table is empty".into()))?;
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let Some(morton) = names.iter().position(|&name| name == "morton") else {
            return Err(bad(1, "there is no column `morton`".into()));
        };
        let mut cells: Vec<Cell> = Vec::new();
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            if fields.len() != names.len() {
                return Err(bad(number, format!("{} fields where the header has {}", fields.len(), names.len())));
            }
            let id = fields[morton].parse().map_err(|_| bad(number, format!("`{}` is no id", fields[morton])))?;
            let cell = Cell::from_decimal(id).map_err(|error| bad(number, error.to_string()))?;
            if cells.first().is_some_and(|first| first.order() != cell.order()) {
                return Err(bad(number, "the order of the cell is another one than above".into()));
            }
            cells.push(cell);
            for (column, field) in columns.iter_mut().zip(&fields) {
                let value = if field.is_empty() { Ok(f64::NAN) } else { field.parse() };
                column.push(value.map_err(|_| bad(number, format!("`{field}` is no number")))?);
            }
        }
        let order = cells.first().ok_or_else(|| bad(2, "the table has no rows".into()))?.order();
        let named =
            names.iter().zip(columns).filter(|(name, _)| !matches!(**name, "morton" | "cell_ids" | "lon" | "lat"));
        // A whole parent is what `icestream cell` writes: 4^k rows in a block.
        let rows = cells.len() as u64;
        let steps = u8::try_from(rows.trailing_zeros() / 2).unwrap_or_default();
        let parent = (rows == 1 << (2 * steps)).then(|| order.get().checked_sub(steps)).flatten();
        let parent = parent.and_then(|parent| Order::new(parent).ok()).filter(|&parent| {
            let mut above = cells.iter().map(|cell| cell.parent(parent));
            let first = above.next();
            above.all(|other| Some(other) == first)
        });
        let table = Self {
            order,
            parent,
            latitude,
            ids: cells.iter().map(|cell| cell.nested()).collect(),
            columns: named.map(|(name, values)| (VariableInfo::guessed(name), column(name, &values))).collect(),
            provenance: Value::Null,
            partial: partial.then(|| Partial { cells: 1, ..Partial::default() }),
        };
        Self::join(vec![table])
    }
}

fn column(name: &str, values: &[f64]) -> Column {
    if name == "count" && values.iter().all(|value| value.fract() == 0.0) {
        #[expect(clippy::cast_possible_truncation, reason = "a count; a cast saturates")]
        return Column::I64(values.iter().map(|&value| value as i64).collect());
    }
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what was written")]
    Column::F32(values.iter().map(|&value| value as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "morton,cell_ids,count,h_min\n-6134111,183043,3,1866.2823\n-6134112,183042,0,NaN\n";

    #[test]
    fn rows_are_sorted_by_nested_id() {
        let table = Table::from_csv(TABLE, Latitude::Authalic).unwrap();
        assert_eq!(table.order.get(), 6);
        assert!(table.ids[0] < table.ids[1]);
        assert_eq!(table.column("count").unwrap().1, Column::I64(vec![3, 0]));
        assert_eq!(table.column("h_min").unwrap().1.number(0), f64::from(1866.2823_f32));
        assert_eq!(table.column("h_min").unwrap().0.units, "m");
        assert_eq!(table.observed(), [0]);
        let error = table.column("h_max").unwrap_err().to_string();
        assert!(error.contains("count, h_min"), "{error}");
    }

    #[test]
    fn a_table_that_says_that_it_is_partial_is() {
        let text = format!("# PARTIAL: 1 granule is missing\n{TABLE}");
        let table = Table::from_csv(&text, Latitude::Authalic).unwrap();
        assert_eq!(
            (table.ids.len(), table.partial.unwrap().to_string().as_str()),
            (2, "PARTIAL: granules are missing")
        );
        assert_eq!(Table::from_csv(TABLE, Latitude::Authalic).unwrap().partial, None);
    }

    #[test]
    fn faults_name_the_line() {
        for (text, says) in [
            ("", "line 1"),
            ("a,b\n", "no column `morton`"),
            ("morton,count\n", "no rows"),
            ("morton,count\n-6134111\n", "line 2: 1 fields"),
            ("morton,count\nx,1\n", "`x` is no id"),
            ("morton,count\n-6134111,y\n", "`y` is no number"),
            ("morton,count\n-6134111,1\n-613411,1\n", "line 3"),
            ("morton,count\n-6134111,1\n-6134111,1\n", "in two"),
        ] {
            let error = Table::from_csv(text, Latitude::Spherical).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }
}
