//! How two tables differ, as a table.
use stores::Comparison;

/// A line a variable, and what only one of the two has.
#[must_use]
pub fn comparison(comparison: &Comparison) -> Vec<String> {
    let width = comparison.variables.iter().map(|variable| variable.name.len()).max().unwrap_or(0).max(12);
    let [different, beyond, largest, ulps, typical] = ["different", "beyond", "largest", "ulps", "typical"];
    let mut lines =
        vec![format!("{:<width$} {different:>9} {beyond:>9} {largest:>12} {ulps:>6} {typical:>12}  where (A, B)", "")];
    for variable in &comparison.variables {
        let number = |value: Option<f64>| value.map_or_else(|| "NaN".to_owned(), |value| format!("{value}"));
        let place = variable.at.as_ref().map_or_else(String::new, |at| {
            format!("{at} ({}, {}) {}", number(variable.a), number(variable.b), variable.units)
        });
        let largest = variable.largest.map_or_else(|| "NaN".to_owned(), |largest| format!("{largest:.3e}"));
        let ulps = variable.largest_ulps.map_or_else(|| "-".to_owned(), |ulps| ulps.to_string());
        let line = format!(
            "{:<width$} {:>9} {:>9} {largest:>12} {ulps:>6} {:>12.3e}  {place}",
            variable.name, variable.different, variable.beyond, variable.typical
        );
        lines.push(line.trim_end().to_owned());
    }
    for (side, partial) in [("A", &comparison.partial_a), ("B", &comparison.partial_b)] {
        lines.extend(partial.as_ref().map(|partial| format!("{side}: {partial}")));
    }
    for (side, only) in [("A", &comparison.only_in_a), ("B", &comparison.only_in_b)] {
        if only.cells > 0 {
            lines.push(format!("only in {side}: {} cells: {}", only.cells, only.first.join(", ")));
        }
    }
    let only = [
        ("A", "", &comparison.variables_only_in_a),
        ("B", "", &comparison.variables_only_in_b),
        ("A", "windows ", &comparison.windows_only_in_a),
        ("B", "windows ", &comparison.windows_only_in_b),
    ];
    for (side, what, names) in only.into_iter().filter(|(.., names)| !names.is_empty()) {
        lines.push(format!("only in {side}: {what}{}", names.join(", ")));
    }
    let verdict = if comparison.equal { "equal" } else { "not equal" };
    lines.push(format!("order {}: {} cells with data in both; {verdict}", comparison.order, comparison.cells_in_both));
    lines
}
