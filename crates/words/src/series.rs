//! One cell over windows of time, as a table.
use stores::{Series, with_error};

/// Lines of a table: window, value, error, observations; and the trend.
#[must_use]
pub fn series(series: &Series) -> Vec<String> {
    let has_unit = !matches!(series.units.as_str(), "" | "1");
    let unit = if has_unit { format!(" ({})", series.units) } else { String::new() };
    let value = format!("{}{unit}", series.variable);
    let error = series.error.clone().unwrap_or_else(|| "error".to_owned());
    let [wide, side] = [value.len().max(12), error.len().max(9)];
    let mut lines = vec![format!("{:<28} {value:>wide$} {error:>side$} {:>9}", "window", "rows")];
    let smallest = series.windows.iter().filter_map(|window| window.error).fold(f64::INFINITY, f64::min);
    let digits = if smallest < 0.01 { 5 } else { 3 };
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
    for window in &series.windows {
        let (value, error) = (number(window.value), number(window.error));
        let count = window.count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        lines.push(format!("{:<28} {value:>wide$} {error:>side$} {count:>9}", window.place.words()));
    }
    if let Some(rate) = series.trend.as_ref().and_then(|trend| trend.per_year) {
        let error = series.trend.as_ref().and_then(|trend| trend.error);
        let unit = if has_unit { format!("{}/year", series.units) } else { "per year".to_owned() };
        lines.push(format!("trend {} {unit}", with_error(rate, error, " +- ")));
    }
    lines.extend(series.partial.clone());
    lines
}
