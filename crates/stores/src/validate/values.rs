//! Values that contradict each other.
use super::finding::Findings;
use aggregate::Statistic;
use dggs_zarr::{Column, Level};
use morton::Cell;
use pipeline::{Product, Weight};

/// A column of a level; empty where it is not stored or of another type.
struct Columns<'a> {
    level: &'a Level,
    product: &'a Product,
    counts: &'a [i32],
}

impl<'a> Columns<'a> {
    fn of(level: &'a Level, product: &'a Product) -> Self {
        let mut columns = Self { level, product, counts: &[] };
        if let Some(Column::I32(counts)) = columns.values(Statistic::Count) {
            columns.counts = counts;
        }
        columns
    }

    fn values(&self, statistic: Statistic) -> Option<&'a Column> {
        let name = self.product.array_name(statistic);
        self.level.variables.iter().find(|variable| variable.name == name).map(|variable| &variable.values)
    }

    fn singles(&self, statistic: Statistic) -> &'a [f32] {
        match self.values(statistic) {
            Some(Column::F32(values)) => values,
            _ => &[],
        }
    }
}

/// Whether every cell with rows has a sigma: rows that lack theirs count unless they are weighed by it.
fn has_sigma(product: &Product) -> bool {
    let optional = product.uncertainty.as_ref().is_some_and(|column| column.optional);
    product.weight == Weight::InverseVariance && !optional
}

/// Checks the values of a level against each other. `path` is what comes before the names of arrays in messages.
pub(crate) fn check(level: &Level, product: &Product, findings: &mut Findings) {
    let columns = Columns::of(level, product);
    let mut report = Report { columns: &columns, findings };
    let counts = columns.counts;
    report.rows("count", Statistic::Count, "a count is below 0", counts.len(), |row| counts[row] < 0);
    for &statistic in product.statistics.iter().filter(|&&statistic| statistic != Statistic::Count) {
        let values = columns.singles(statistic);
        let rows = values.len().min(counts.len());
        let nan = |row: usize| values[row].is_nan();
        report.rows("no-data", statistic, "a value where the count is 0", rows, |row| counts[row] == 0 && !nan(row));
        if statistic != Statistic::WeightedMeanSigma || has_sigma(product) {
            report.rows("no-data", statistic, "no value where there are rows", rows, |row| counts[row] > 0 && nan(row));
        }
        // Squares and sums of values that f32 holds may be beyond it.
        if !matches!(statistic, Statistic::Variance | Statistic::Sum) {
            report.rows("not-finite", statistic, "an infinite value", rows, |row| values[row].is_infinite());
        }
    }
    spans(&mut report);
    deviations(&mut report);
    sums(&mut report);
}

/// What lies between least and greatest.
fn spans(report: &mut Report<'_, '_>) {
    let columns = report.columns;
    let (min, max) = (columns.singles(Statistic::Min), columns.singles(Statistic::Max));
    let rows = min.len().min(max.len());
    report.rows("extremes", Statistic::Min, "the minimum is above the maximum", rows, |row| min[row] > max[row]);
    let outside = |values: &[f32], row: usize| values[row] < min[row] || values[row] > max[row];
    for statistic in [Statistic::WeightedMean, Statistic::UnweightedMean] {
        let mean = columns.singles(statistic);
        let both = rows.min(mean.len());
        report.rows("mean", statistic, "a mean outside of the extremes", both, |row| outside(mean, row));
    }
    let mut lower = (Statistic::Min, min);
    let mut quantiles: Vec<Statistic> = columns.product.statistics.clone();
    quantiles.retain(|statistic| matches!(statistic, Statistic::Quantile(_)));
    quantiles.sort_unstable();
    for statistic in quantiles.into_iter().chain([Statistic::Max]) {
        let values = columns.singles(statistic);
        let rows = values.len().min(lower.1.len());
        let text = format!("a {statistic} below the {}", lower.0);
        report.rows("quantiles", statistic, &text, rows, |row| values[row] < lower.1[row]);
        lower = (statistic, values);
    }
}

/// Sigmas, and spreads that the extremes allow.
fn deviations(report: &mut Report<'_, '_>) {
    let columns = report.columns;
    let sigma = columns.singles(Statistic::WeightedMeanSigma);
    let zero = !has_sigma(columns.product);
    report.rows("sigma", Statistic::WeightedMeanSigma, "a sigma that is not above 0", sigma.len(), |row| {
        sigma[row] < 0.0 || sigma[row] == 0.0 && !zero
    });
    let (min, max) = (columns.singles(Statistic::Min), columns.singles(Statistic::Max));
    // With room for the rounding of what is stored.
    let range = |row: usize| {
        let (min, max) = (f64::from(min[row]), f64::from(max[row]));
        (max - min) * 1.000_001 + (max.abs() + min.abs()) * f64::from(f32::EPSILON)
    };
    // Popoviciu's inequality: no standard deviation is above half of the range.
    for (statistic, power, share) in [
        (Statistic::Variance, 2, 0.5),
        (Statistic::StandardDeviation, 1, 0.5),
        (Statistic::MedianAbsoluteDeviation, 1, 1.0),
    ] {
        let values = columns.singles(statistic);
        let text = format!("a {statistic} below 0");
        report.rows("variance", statistic, &text, values.len(), |row| values[row] < 0.0);
        let rows = values.len().min(min.len()).min(max.len());
        let text = format!("a {statistic} larger than the extremes allow");
        report
            .rows("variance", statistic, &text, rows, |row| f64::from(values[row]) > (share * range(row)).powi(power));
    }
    let (variance, std) = (columns.singles(Statistic::Variance), columns.singles(Statistic::StandardDeviation));
    let differs = |row: usize| {
        let (variance, std) = (f64::from(variance[row]), f64::from(std[row]));
        variance.is_finite() && (std * std - variance).abs() > variance * 1e-6 + f64::from(f32::MIN_POSITIVE)
    };
    let rows = variance.len().min(std.len());
    let text = "a std that is not the root of the variance";
    report.rows("variance", Statistic::StandardDeviation, text, rows, differs);
}

/// Sums are counts times unweighted means.
fn sums(report: &mut Report<'_, '_>) {
    let columns = report.columns;
    let (sum, counts) = (columns.singles(Statistic::Sum), columns.counts);
    let (min, max) = (columns.singles(Statistic::Min), columns.singles(Statistic::Max));
    let equal = columns.product.weight == Weight::None;
    let means = [Statistic::UnweightedMean, Statistic::WeightedMean];
    for &statistic in if equal { &means[..] } else { &means[..1] } {
        let mean = columns.singles(statistic);
        let differs = |row: usize| {
            let rows = f64::from(counts[row]);
            let room = rows * f64::from(min[row].abs().max(max[row].abs())) * 1e-6 + f64::from(f32::MIN_POSITIVE);
            sum[row].is_finite() && (f64::from(sum[row]) - rows * f64::from(mean[row])).abs() > room
        };
        let rows = [sum.len(), mean.len(), min.len(), max.len()].into_iter().fold(counts.len(), usize::min);
        let text = format!("a sum that is not the count times the {statistic}");
        report.rows("sum", Statistic::Sum, &text, rows, differs);
    }
}

/// Checks a coarser level against the children: counts and extremes compose exactly, unless cells with
/// few rows are left empty: their rows are still in the coarser level.
pub(crate) fn check_levels(fine: &Level, coarse: &Level, product: &Product, findings: &mut Findings) {
    let shift = 2 * u32::from(fine.order.get().saturating_sub(coarse.order.get()));
    let (below, above) = (Columns::of(fine, product), Columns::of(coarse, product));
    let group = |row: usize| row << shift..(row + 1) << shift;
    let sum = |row: usize| below.counts.get(group(row)).map(|counts| counts.iter().map(|&n| i64::from(n)).sum::<i64>());
    let mut report = Report { columns: &above, findings };
    let whole = product.min_count <= 1;
    let text = format!("a count that is not the sum of those of order {}", fine.order);
    let rows = above.counts.len();
    report.rows("levels", Statistic::Count, &text, rows, |row| {
        sum(row).is_some_and(|sum| sum > i64::from(above.counts[row]) || whole && sum != i64::from(above.counts[row]))
    });
    for (statistic, takes_less) in [(Statistic::Min, true), (Statistic::Max, false)] {
        let (children, parents) = (below.singles(statistic), above.singles(statistic));
        let extreme = |row: usize| {
            let values = children.get(group(row))?.iter().copied().filter(|value| !value.is_nan());
            values.reduce(|a, b| if (b < a) == takes_less { b } else { a })
        };
        let text = format!("a {statistic} that is not that of order {}", fine.order);
        report.rows("levels", statistic, &text, parents.len(), |row| {
            let inside = |extreme: f32| if takes_less { parents[row] > extreme } else { parents[row] < extreme };
            extreme(row).is_some_and(|extreme| inside(extreme) || whole && extreme != parents[row])
        });
    }
}

/// Checks arrays of height change against each other, where a level has them: a flag says what must be missing.
pub(crate) fn check_change(level: &Level, findings: &mut Findings) {
    let named = |name: &str| level.variables.iter().find(|variable| variable.name == name);
    let Some(Column::I32(flags)) = named("change_flag").map(|variable| &variable.values) else { return };
    let mut report = |name: &str, what: &str, holds: &dyn Fn(usize) -> bool| {
        let mut wrong = (0..flags.len()).filter(|&row| holds(row));
        let Some(first) = wrong.next() else { return };
        let cell = level.cell_ids.get(first).and_then(|&id| Cell::new(level.order, id).ok());
        let cell = cell.map_or_else(|| format!("row {first}"), |cell| cell.to_string());
        let text = format!("{what}: {} cells, the first {cell}", 1 + wrong.count());
        findings.error("change", format!("{}/{name}", level.order), text);
    };
    let beyond = |row: usize| !(0..16).contains(&flags[row]) && flags[row] != i32::MIN;
    report("change_flag", "a flag that does not exist", &beyond);
    for variable in &level.variables {
        let Column::F32(values) = &variable.values else { continue };
        let name = variable.name.as_str();
        let value = |row: usize| values.get(row).copied().unwrap_or(f32::NAN);
        let is_error = name.ends_with("_se") || matches!(name, "change_rmse" | "change_span");
        if is_error {
            report(name, "a value below 0", &|row| value(row) < 0.0);
        }
        let is_trend = matches!(name, "dhdt" | "dhdt_se") || name.ends_with("_trend") || name.ends_with("_trend_se");
        if is_trend {
            report(name, "a value where the flag says that there is none", &|row| {
                flags[row] & 7 != 0 && !value(row).is_nan()
            });
        }
        if is_trend && !is_error {
            report(name, "no value where the flag is good", &|row| flags[row] == 0 && value(row).is_nan());
        }
        if matches!(name, "slope_east" | "slope_north") {
            report(name, "a value where the flag says that there is none", &|row| {
                flags[row] != 0 && !value(row).is_nan()
            });
        }
    }
}

/// The sum of all counts of a level.
pub(crate) fn total(level: &Level, product: &Product) -> i64 {
    Columns::of(level, product).counts.iter().map(|&count| i64::from(count)).sum()
}

struct Report<'a, 'f> {
    columns: &'a Columns<'a>,
    findings: &'f mut Findings,
}

impl Report<'_, '_> {
    /// Reports rows for which something holds: how many, and the first.
    fn rows(
        &mut self,
        code: &'static str,
        statistic: Statistic,
        what: &str,
        rows: usize,
        holds: impl Fn(usize) -> bool,
    ) {
        let mut wrong = (0..rows).filter(|&row| holds(row));
        let Some(first) = wrong.next() else { return };
        let count = 1 + wrong.count();
        let level = self.columns.level;
        let cell = level.cell_ids.get(first).and_then(|&id| Cell::new(level.order, id).ok());
        let cell = cell.map_or_else(|| format!("row {first}"), |cell| cell.to_string());
        let key = format!("{}/{}", level.order, self.columns.product.array_name(statistic));
        self.findings.error(code, key, format!("{what}: {count} cells, the first {cell}"));
    }
}
