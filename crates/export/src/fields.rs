//! Columns of rows that are of a cell, or of a window of time and a cell.

use morton::Cell;
use stores::Column;

use crate::long::Long;

/// A column, called as in files.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) values: Values,
}

/// `None` for no data.
pub(crate) enum Values {
    /// Unsigned, as the signed number of the same bits.
    Unsigned(Vec<i64>),
    Long(Vec<i64>),
    Int(Vec<i32>),
    /// Days since 1970-01-01.
    Date(Vec<i32>),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Time(Vec<i64>),
    Float(Vec<Option<f32>>),
    Double(Vec<Option<f64>>),
}

/// The columns but for the geometry: where there are windows `time` (when the window begins) and perhaps `cycle`; `cell_ids` (nested);
/// `morton` (decimal, where the order has one); the variables.
pub(crate) fn fields(long: &Long) -> Vec<Field> {
    let table = &long.table;
    let mut fields = Vec::new();
    let mut add = |name: &str, values| fields.push(Field { name: name.to_owned(), values });
    if let Some(windows) = &long.windows {
        let days = windows.iter().map(|window| i32::try_from(window.first_day()).ok().filter(|_| window.is_of_days()));
        let micros = || windows.iter().map(|window| window.start.saturating_mul(1_000_000)).collect();
        add("time", days.collect::<Option<Vec<i32>>>().map_or_else(|| Values::Time(micros()), Values::Date));
    }
    if let Some(cycles) = long.cycles() {
        add("cycle", values(&Column::I64(cycles)));
    }
    // The greatest, of order 29, is below 2^62.
    add("cell_ids", Values::Long(table.ids.iter().map(|id| id.cast_signed()).collect()));
    let decimals: Result<Vec<i64>, _> = table.cells().map(Cell::decimal).collect();
    if let Ok(decimals) = decimals {
        add("morton", Values::Long(decimals));
    }
    for (variable, column) in &table.columns {
        add(&variable.name, values(column));
    }
    fields
}

fn values(column: &Column) -> Values {
    match column {
        Column::I64(values) => match values.iter().map(|&value| i32::try_from(value)).collect() {
            Ok(values) => Values::Int(values),
            Err(_) => Values::Long(values.clone()),
        },
        Column::I32(values) => Values::Int(values.clone()),
        Column::U64(values) => Values::Unsigned(values.iter().map(|value| value.cast_signed()).collect()),
        Column::F32(values) => Values::Float(values.iter().map(|&v| (!v.is_nan()).then_some(v)).collect()),
        Column::F64(values) => Values::Double(values.iter().map(|&v| (!v.is_nan()).then_some(v)).collect()),
    }
}
