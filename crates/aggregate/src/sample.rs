use crate::ordered::{Ordered, count};
use crate::{Floats, Permille, Statistic, Weighting};

/// Which passes over a cell's rows the wanted statistics call for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    weighting: Weighting,
    extremes: bool,
    weights: bool,
    errors: bool,
    spread: bool,
    sum: bool,
}

impl Needs {
    pub(crate) fn of(statistics: &[Statistic], weighting: Weighting) -> Self {
        let mut needs = Self { weighting, ..Self::default() };
        for statistic in statistics {
            match (statistic, weighting) {
                (Statistic::Min | Statistic::Max, _) => needs.extremes = true,
                (Statistic::WeightedMean, Weighting::InverseVariance | Weighting::Given)
                | (Statistic::WeightedMeanSigma, Weighting::InverseVariance) => needs.weights = true,
                (Statistic::WeightedMeanSigma, Weighting::Given) => {
                    needs.weights = true;
                    needs.errors = true;
                }
                (Statistic::WeightedMeanSigma, Weighting::Equal) => needs.errors = true,
                (Statistic::WeightedMean, Weighting::Equal)
                | (Statistic::UnweightedMean | Statistic::Variance | Statistic::StandardDeviation, _) => {
                    needs.spread = true;
                }
                (Statistic::Sum, _) => needs.sum = true,
                (Statistic::Count | Statistic::Quantile(_) | Statistic::MedianAbsoluteDeviation, _) => {}
            }
        }
        needs
    }
}

/// The numbers of all rows of a parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) value: &'a Floats,
    pub(crate) sigma: Option<&'a Floats>,
    pub(crate) weight: Option<&'a Floats>,
}

/// The rows of one cell and their moments; its buffers are used again for the next cell.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    weighting: Weighting,
    /// In row order at first. Quantiles reorder it, so the sums are taken before.
    values: Ordered,
    /// Their distances from the median, where these are asked for.
    deviations: Ordered,
    sigmas: Vec<f64>,
    weights: Vec<f64>,
    extremes: [f64; 2],
    weight: f64,
    weighted: f64,
    /// Sum of the squared sigmas, each times the row's weight.
    errors: f64,
    mean: f64,
    variance: f64,
    sum: f64,
}

impl Sample {
    /// Takes the values of a cell with at least one row, and the moments that are needed.
    pub(crate) fn gather(&mut self, rows: &[u32], columns: Columns<'_>, needs: Needs) {
        self.weighting = needs.weighting;
        self.values.fill(|values| columns.value.gather(rows, values));
        let values = self.values.values();
        if needs.extremes {
            self.extremes = extremes(values);
        }
        if needs.weights {
            (self.weight, self.weighted) = match (needs.weighting, columns.sigma) {
                (Weighting::InverseVariance, Some(Floats::F32(sigma))) => {
                    weighted_sums(values, rows.iter().map(|&row| inverse_square(f64::from(sigma[row as usize]))))
                }
                (Weighting::InverseVariance, Some(Floats::F64(sigma))) => {
                    weighted_sums(values, rows.iter().map(|&row| inverse_square(sigma[row as usize])))
                }
                (Weighting::InverseVariance, None) => (f64::NAN, f64::NAN),
                (Weighting::Given | Weighting::Equal, _) => {
                    gather(rows, columns.weight, &mut self.weights);
                    weighted_sums(values, self.weights.iter().copied())
                }
            };
        }
        if needs.errors {
            gather(rows, columns.sigma, &mut self.sigmas);
            self.errors = match needs.weighting {
                Weighting::Given => {
                    squares(self.sigmas.iter().zip(&self.weights).map(|(sigma, weight)| sigma * weight))
                }
                Weighting::InverseVariance | Weighting::Equal => squares(self.sigmas.iter().copied()),
            };
        }
        if needs.spread {
            (self.mean, self.variance) = mean_and_variance(values);
        }
        if needs.sum {
            self.sum = sum(values);
        }
    }

    /// A statistic that was announced to [`gather`](Self::gather), before rounding to `f32`.
    pub(crate) fn statistic(&mut self, statistic: Statistic) -> f64 {
        let rows = count(self.values.values().len());
        match statistic {
            Statistic::Count => rows,
            Statistic::Min => self.extremes[0],
            Statistic::Max => self.extremes[1],
            Statistic::WeightedMean => match self.weighting {
                Weighting::InverseVariance | Weighting::Given => self.weighted / self.weight,
                Weighting::Equal => self.mean,
            },
            Statistic::WeightedMeanSigma => match self.weighting {
                Weighting::InverseVariance => 1.0 / self.weight.sqrt(),
                Weighting::Given => self.errors.sqrt() / self.weight,
                Weighting::Equal => self.errors.sqrt() / rows,
            },
            Statistic::UnweightedMean => self.mean,
            Statistic::Variance => self.variance,
            Statistic::Quantile(permille) => self.values.quantile(permille),
            Statistic::StandardDeviation => self.variance.sqrt(),
            Statistic::MedianAbsoluteDeviation => self.median_absolute_deviation(),
            Statistic::Sum => self.sum,
        }
    }

    fn median_absolute_deviation(&mut self) -> f64 {
        let median = self.values.quantile(Permille::Q50);
        let values = self.values.values();
        self.deviations.fill(|deviations| {
            deviations.clear();
            deviations.extend(values.iter().map(|value| (value - median).abs()));
        });
        self.deviations.quantile(Permille::Q50)
    }
}

/// The numbers of the given rows, NaN where the column is absent.
fn gather(rows: &[u32], column: Option<&Floats>, into: &mut Vec<f64>) {
    match column {
        Some(column) => column.gather(rows, into),
        None => {
            into.clear();
            into.resize(rows.len(), f64::NAN);
        }
    }
}

/// Least and greatest in total order, in which -0.0 < 0.0.
fn extremes(values: &[f64]) -> [f64; 2] {
    let mut extremes = [values[0]; 2];
    for value in values {
        if value.total_cmp(&extremes[0]).is_lt() {
            extremes[0] = *value;
        }
        if value.total_cmp(&extremes[1]).is_gt() {
            extremes[1] = *value;
        }
    }
    extremes
}

/// The weight of a row of this sigma. No `f32` makes a sum of them overflow: it stays within 1e-77 n and 1e90 n.
fn inverse_square(sigma: f64) -> f64 {
    1.0 / (sigma * sigma)
}

/// `sum(w)` and `sum(w v)`.
fn weighted_sums(values: &[f64], weights: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut weight, mut weighted) = (0.0, 0.0);
    for (&value, w) in values.iter().zip(weights) {
        weight += w;
        weighted += value * w;
    }
    (weight, weighted)
}

fn squares(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value * value)
}

/// Mean first, then squared deviations from it. The deviations' own sum would be zero if the mean were exact; what it is
/// instead corrects both for the mean's rounding.
fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = count(values.len());
    let mut sum = 0.0;
    for &value in values {
        sum += value;
    }
    let mean = sum / n;
    let (mut squares, mut residue) = (0.0, 0.0);
    for &value in values {
        let deviation = value - mean;
        squares += deviation * deviation;
        residue += deviation;
    }
    (mean + residue / n, (squares - residue * residue / n) / n)
}

/// The sum with what each addition rounds off added at the end (Knuth's two-sum): values may cancel.
fn sum(values: &[f64]) -> f64 {
    let (mut sum, mut rest) = (0.0, 0.0);
    for &value in values {
        let next = sum + value;
        let added = next - sum;
        rest += (sum - (next - added)) + (value - added);
        sum = next;
    }
    // Beyond the range of f64 there is no rest.
    if rest.is_nan() { sum } else { sum + rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Statistic; 4] =
        [Statistic::Min, Statistic::WeightedMean, Statistic::WeightedMeanSigma, Statistic::UnweightedMean];

    fn sample(values: &[f32]) -> Sample {
        weighed(&Floats::F32(values.to_vec()), &Floats::F32(vec![1.0; values.len()]))
    }

    fn weighed(value: &Floats, sigma: &Floats) -> Sample {
        let rows: Vec<u32> = (0..).take(value.len()).collect();
        let mut sample = Sample::default();
        let columns = Columns { value, sigma: Some(sigma), weight: None };
        sample.gather(&rows, columns, Needs::of(&ALL, Weighting::InverseVariance));
        sample
    }

    #[test]
    fn zeros_are_ordered_whatever_the_row_order() {
        for values in [[0.0, -0.0], [-0.0, 0.0]] {
            let [min, max] = sample(&values).extremes;
            assert!(min.is_sign_negative() && max.is_sign_positive());
        }
    }

    #[test]
    fn the_unweighted_mean_is_exact() {
        // Multiples of 1/4096 near 3000: their mean is 3000 + 50/4096.
        let values: Vec<f32> = (0_u16..101).map(|i| 3000.0 + f32::from(i) / 4096.0).collect();
        assert_eq!(sample(&values).statistic(Statistic::UnweightedMean), 3000.0 + 50.0 / 4096.0);
    }

    #[test]
    fn moments_survive_the_extremes_of_f32() {
        assert_eq!(sample(&[f32::MAX, f32::MIN]).statistic(Statistic::WeightedMean), 0.0);
        let one = |sigma: f32| weighed(&Floats::F32(vec![f32::MAX]), &Floats::F32(vec![sigma]));
        assert_eq!(one(f32::from_bits(1)).statistic(Statistic::WeightedMean), f64::from(f32::MAX));
        assert_eq!(one(f32::MAX).statistic(Statistic::WeightedMeanSigma), f64::from(f32::MAX));
    }

    #[test]
    fn a_sum_keeps_what_cancels() {
        assert_eq!(sum(&[1e17, 1.0, -1e17, 0.5]), 1.5);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
    }
}
