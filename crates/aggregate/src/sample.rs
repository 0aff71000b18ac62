use crate::{Permille, Statistic};

/// Which passes over a cell's rows the wanted statistics call for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    extremes: bool,
    weights: bool,
    spread: bool,
}

impl Needs {
    pub(crate) fn of(statistics: &[Statistic]) -> Self {
        let mut needs = Self::default();
        for statistic in statistics {
            match statistic {
                Statistic::Min | Statistic::Max => needs.extremes = true,
                Statistic::WeightedMean | Statistic::WeightedMeanSigma => needs.weights = true,
                Statistic::UnweightedMean | Statistic::Variance => needs.spread = true,
                Statistic::Count | Statistic::Quantile(_) => {}
            }
        }
        needs
    }
}

/// The rows of one cell and their moments; its buffer is used again for the next cell.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// In row order at first. Quantiles reorder it, so the sums are taken before.
    values: Vec<f32>,
    /// Everything before this index is no greater than anything from it on.
    settled: usize,
    extremes: [f32; 2],
    weight: f64,
    weighted: f64,
    mean: f64,
    variance: f64,
}

impl Sample {
    /// Takes the values of a cell with at least one row, and the moments that are needed.
    pub(crate) fn gather(&mut self, rows: &[u32], value: &[f32], sigma: &[f32], needs: Needs) {
        self.values.clear();
        self.values.extend(rows.iter().map(|&row| value[row as usize]));
        self.settled = 0;
        if needs.extremes {
            self.extremes = extremes(&self.values);
        }
        if needs.weights {
            let sigmas = rows.iter().map(|&row| sigma[row as usize]);
            (self.weight, self.weighted) = weighted_sums(&self.values, sigmas);
        }
        if needs.spread {
            (self.mean, self.variance) = mean_and_variance(&self.values);
        }
    }

    /// A statistic that was announced to [`gather`](Self::gather), before rounding to `f32`.
    pub(crate) fn statistic(&mut self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Count => count(self.values.len()),
            Statistic::Min => f64::from(self.extremes[0]),
            Statistic::Max => f64::from(self.extremes[1]),
            Statistic::WeightedMean => self.weighted / self.weight,
            Statistic::WeightedMeanSigma => 1.0 / self.weight.sqrt(),
            Statistic::UnweightedMean => self.mean,
            Statistic::Variance => self.variance,
            Statistic::Quantile(permille) => self.quantile(permille),
        }
    }

    /// Type 7: the position is `q (n - 1)`, between the order statistics on either side of it.
    fn quantile(&mut self, permille: Permille) -> f64 {
        let last = self.values.len() - 1;
        let position = permille.probability() * count(last);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position <= last")]
        let below = position.floor() as usize;
        let low = self.select(below);
        // `select` leaves everything after `below` no less than `low`.
        let above = self.values[below + 1..].iter().copied().min_by(f32::total_cmp);
        lerp(f64::from(low), f64::from(above.unwrap_or(low)), position - position.floor())
    }

    /// The order statistic `index`, counted from 0. Quantiles asked for in ascending order cost less: what lies below
    /// the last one is not looked at again.
    fn select(&mut self, index: usize) -> f32 {
        let from = if index >= self.settled { self.settled } else { 0 };
        let (_, &mut found, _) = self.values[from..].select_nth_unstable_by(index - from, f32::total_cmp);
        self.settled = index;
        found
    }
}

/// Least and greatest in total order, in which -0.0 < 0.0.
fn extremes(values: &[f32]) -> [f32; 2] {
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

/// `sum(1 / s^2)` and `sum(v / s^2)`. No f32 input overflows them: they stay within 1e-77 n and 1e129 n.
fn weighted_sums(values: &[f32], sigmas: impl Iterator<Item = f32>) -> (f64, f64) {
    let (mut weight, mut weighted) = (0.0, 0.0);
    for (&value, sigma) in values.iter().zip(sigmas) {
        let sigma = f64::from(sigma);
        let w = 1.0 / (sigma * sigma);
        weight += w;
        weighted += f64::from(value) * w;
    }
    (weight, weighted)
}

/// Mean first, then squared deviations from it. The deviations' own sum would be zero if the mean were exact; what it is
/// instead corrects both for the mean's rounding.
fn mean_and_variance(values: &[f32]) -> (f64, f64) {
    let n = count(values.len());
    let mut sum = 0.0;
    for &value in values {
        sum += f64::from(value);
    }
    let mean = sum / n;
    let (mut squares, mut residue) = (0.0, 0.0);
    for &value in values {
        let deviation = f64::from(value) - mean;
        squares += deviation * deviation;
        residue += deviation;
    }
    (mean + residue / n, (squares - residue * residue / n) / n)
}

/// Linear interpolation as NumPy rounds it: from the nearer end.
fn lerp(a: f64, b: f64, t: f64) -> f64 {
    let step = b - a;
    if t >= 0.5 { b - step * (1.0 - t) } else { a + step * t }
}

/// A number of rows as a float: exact, since there are fewer than 2^31.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f32]) -> Sample {
        let rows: Vec<u32> = (0..).take(values.len()).collect();
        let mut sample = Sample::default();
        let all = Needs { extremes: true, weights: true, spread: true };
        sample.gather(&rows, values, &vec![1.0; values.len()], all);
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
    fn quantiles_may_be_asked_for_in_any_order() {
        let values: Vec<f32> = (0_u16..101).map(|i| f32::from(i * 37 % 101)).collect();
        let mut sample = sample(&values);
        for permille in [750, 10, 500, 500, 0, 1000, 990, 250] {
            let quantile = sample.statistic(Statistic::Quantile(Permille::new(permille).unwrap()));
            assert_eq!(quantile, f64::from(permille) / 10.0);
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
        let mut sample = sample(&[f32::MAX, f32::MIN]);
        assert_eq!(sample.statistic(Statistic::WeightedMean), 0.0);
        let mut tiny = Sample::default();
        let needs = Needs::of(&[Statistic::WeightedMean]);
        tiny.gather(&[0], &[f32::MAX], &[f32::from_bits(1)], needs);
        assert_eq!(tiny.statistic(Statistic::WeightedMean), f64::from(f32::MAX));
        tiny.gather(&[0], &[f32::MAX], &[f32::MAX], needs);
        assert_eq!(tiny.statistic(Statistic::WeightedMeanSigma), f64::from(f32::MAX));
    }
}
