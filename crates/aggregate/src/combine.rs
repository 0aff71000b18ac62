use crate::{NO_DATA, Permille, Statistic, Weighting};

/// Points that stand for the values of one cell at most, before cells are combined.
const POINTS_PER_CELL: u64 = 64;

/// What a store holds of one cell. A statistic that is not stored is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stored<'a> {
    /// Rows, at least 1.
    pub count: u32,
    /// Least value.
    pub min: f32,
    /// Greatest value.
    pub max: f32,
    /// Mean by the weighting.
    pub mean: f32,
    /// Formal sigma of that mean.
    pub sigma: f32,
    /// Unweighted mean.
    pub unweighted_mean: f32,
    /// Population variance.
    pub variance: f32,
    /// Standard deviation.
    pub std: f32,
    /// Sum of the values.
    pub sum: f32,
    /// Quantiles by ascending probability.
    pub quantiles: &'a [(Permille, f32)],
}

/// Statistics of a cell from the stored statistics of the cells in it, in `f64`.
///
/// | statistic | how | exact except for the rounding of what is stored |
/// |---|---|---|
/// | count, min, max, sum | sum, least, greatest, sum | yes |
/// | mean, sigma of [`Weighting::InverseVariance`] | `w = 1 / sigma^2`: `sum(w mean) / sum(w)`, `1 / sqrt(sum(w))` | yes |
/// | of [`Weighting::Equal`] | `sum(n mean) / sum(n)`, `sqrt(sum((n sigma)^2)) / sum(n)` | yes |
/// | of [`Weighting::Given`] | none: the cells' sums of weights are not stored | |
/// | unweighted mean, variance, standard deviation | parts within and between cells (Chan, Golub, LeVeque 1979) | where unweighted means are stored, under any name, or sums; else estimated from the quantiles (without quantiles, from the weighted means) |
/// | quantiles, median absolute deviation | of the count-weighted mixture of the cells' distributions, each linear between its stored quantiles | no: an estimate |
///
/// The result depends on the order in which cells are added, by rounding only: callers add in nested order.
#[derive(Debug, Clone, Default)]
pub struct Combiner {
    weighting: Weighting,
    count: u64,
    extremes: Option<(f32, f32)>,
    weight: f64,
    mean: f64,
    /// Sum of the squares of count times sigma.
    errors: f64,
    sum: f64,
    centre: f64,
    /// Sum of squared distances from `centre`.
    spread: f64,
    /// Values with the number of rows that each stands for.
    points: Vec<(f32, u32)>,
}

impl Combiner {
    /// A cell without rows. `weighting` is the one that the stored means were made by.
    #[must_use]
    pub fn new(weighting: Weighting) -> Self {
        Self { weighting, ..Self::default() }
    }

    /// Rows so far.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Adds a cell; one without rows adds nothing.
    pub fn add(&mut self, cell: &Stored<'_>) {
        if cell.count == 0 {
            return;
        }
        let rows = f64::from(cell.count);
        let (mean, sigma, sum) = (f64::from(cell.mean), f64::from(cell.sigma), f64::from(cell.sum));
        let weight = match self.weighting {
            Weighting::InverseVariance => 1.0 / (sigma * sigma),
            Weighting::Given => f64::NAN,
            Weighting::Equal => rows,
        };
        let points = points(cell);
        let plain = if self.weighting == Weighting::Equal { mean } else { f64::NAN };
        let exact = [f64::from(cell.unweighted_mean), plain, sum / rows].into_iter().find(|mean| mean.is_finite());
        let centre = exact.unwrap_or_else(|| if points.is_empty() { mean } else { centre(&points) });
        let variance = match f64::from(cell.variance) {
            stored if stored.is_finite() => stored,
            _ => f64::from(cell.std) * f64::from(cell.std),
        };
        self.join(&Self {
            weighting: self.weighting,
            count: u64::from(cell.count),
            extremes: Some((cell.min, cell.max)),
            weight,
            mean,
            errors: rows * sigma * (rows * sigma),
            sum,
            centre,
            spread: variance * rows,
            points,
        });
    }

    /// Adds all that another one holds.
    pub fn join(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        let least = |a: f32, b: f32| if b.total_cmp(&a).is_lt() { b } else { a };
        let greatest = |a: f32, b: f32| if b.total_cmp(&a).is_gt() { b } else { a };
        self.extremes = match (self.extremes, other.extremes) {
            (Some(a), Some(b)) => Some((least(a.0, b.0), greatest(a.1, b.1))),
            (a, b) => a.or(b),
        };
        let weight = self.weight + other.weight;
        self.mean += (other.mean - self.mean) * (other.weight / weight);
        self.weight = weight;
        self.errors += other.errors;
        self.sum += other.sum;
        let (ours, theirs) = (float(self.count), float(other.count));
        let apart = other.centre - self.centre;
        self.spread += other.spread + apart * apart * (ours * theirs / (ours + theirs));
        self.centre += apart * (theirs / (ours + theirs));
        self.count += other.count;
        self.points.extend_from_slice(&other.points);
    }

    /// Keeps at most `most` points: a rank is then off by no more than `1 / (2 most)` of the rows.
    pub fn compress(&mut self, most: u32) {
        if self.points.len() <= most as usize {
            return;
        }
        self.points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (rows, most) = (rows(&self.points), u64::from(most));
        let bound = |k: u64| u64::try_from(u128::from(k) * u128::from(rows) / u128::from(most)).unwrap_or(rows);
        let groups = (0..most).map(|k| (bound(k), bound(k + 1))).filter(|(from, to)| from < to);
        let mut kept = Vec::new();
        let (mut at, mut before) = (0, 0);
        for (from, to) in groups {
            let middle = from + (to - from) / 2;
            while let Some(&(_, held)) = self.points.get(at).filter(|&&(_, held)| before + u64::from(held) <= middle) {
                before += u64::from(held);
                at += 1;
            }
            let value = self.points.get(at).map_or(NO_DATA, |&(value, _)| value);
            kept.push((value, u32::try_from(to - from).unwrap_or(u32::MAX)));
        }
        self.points = kept;
    }

    /// The statistics in the order asked for, NaN without rows or where what they need is not stored. Sorts the points.
    pub fn finish(&mut self, statistics: &[Statistic]) -> Vec<f64> {
        self.points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        statistics.iter().map(|&statistic| self.statistic(statistic)).collect()
    }

    fn statistic(&self, statistic: Statistic) -> f64 {
        if self.count == 0 {
            return if statistic == Statistic::Count { 0.0 } else { f64::NAN };
        }
        match statistic {
            Statistic::Count => float(self.count),
            Statistic::Min => self.extremes.map_or(f64::NAN, |(min, _)| f64::from(min)),
            Statistic::Max => self.extremes.map_or(f64::NAN, |(_, max)| f64::from(max)),
            Statistic::WeightedMean if self.weighting == Weighting::Given => f64::NAN,
            Statistic::WeightedMean => self.mean,
            Statistic::WeightedMeanSigma => match self.weighting {
                Weighting::InverseVariance => 1.0 / self.weight.sqrt(),
                Weighting::Given => f64::NAN,
                Weighting::Equal => self.errors.sqrt() / self.weight,
            },
            Statistic::UnweightedMean => self.centre,
            Statistic::Variance => self.spread / float(self.count),
            Statistic::Quantile(permille) => quantile(&self.points, permille),
            Statistic::StandardDeviation => (self.spread / float(self.count)).sqrt(),
            Statistic::MedianAbsoluteDeviation => self.median_absolute_deviation(),
            Statistic::Sum => self.sum,
        }
    }

    /// Of the rows that the sorted points stand for.
    fn median_absolute_deviation(&self) -> f64 {
        let median = quantile(&self.points, Permille::Q50);
        #[expect(clippy::cast_possible_truncation, reason = "points are estimates")]
        let apart = |value: f32| (f64::from(value) - median).abs() as f32;
        let mut deviations: Vec<(f32, u32)> = self.points.iter().map(|&(value, rows)| (apart(value), rows)).collect();
        deviations.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        quantile(&deviations, Permille::Q50)
    }
}

fn rows(points: &[(f32, u32)]) -> u64 {
    points.iter().map(|&(_, rows)| u64::from(rows)).sum()
}

/// Type 7, as of the rows that sorted points stand for.
fn quantile(points: &[(f32, u32)], permille: Permille) -> f64 {
    let last = rows(points).saturating_sub(1);
    let position = u128::from(last) * u128::from(permille.get());
    let lower = u64::try_from(position / 1000).unwrap_or(last);
    #[expect(clippy::cast_precision_loss, reason = "below 1000")]
    let fraction = (position % 1000) as f64 / 1000.0;
    let (a, b) = (value_at(points, lower), value_at(points, (lower + 1).min(last)));
    a + (b - a) * fraction
}

/// The value of a rank.
fn value_at(points: &[(f32, u32)], rank: u64) -> f64 {
    let mut before = 0;
    for &(value, rows) in points {
        before += u64::from(rows);
        if rank < before {
            return f64::from(value);
        }
    }
    f64::NAN
}

/// The values of a cell, estimated from its stored quantiles: its order statistics, where it has few rows, else points
/// in the middle of equal shares.
fn points(cell: &Stored<'_>) -> Vec<(f32, u32)> {
    if cell.quantiles.is_empty() {
        return Vec::new();
    }
    let inner = cell.quantiles.iter().map(|&(permille, value)| (permille.probability(), value));
    let ends = [(0.0, cell.min), (1.0, cell.max)];
    let mut knots: Vec<(f64, f32)> = inner.chain(ends).filter(|(_, value)| !value.is_nan()).collect();
    knots.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = u64::from(cell.count);
    let shares = count.min(POINTS_PER_CELL);
    let share = |k: u64| {
        let (from, to) = (k * count / shares, (k + 1) * count / shares);
        let rank = float(from) + float(to - from - 1) / 2.0;
        let probability = if count > 1 { rank / float(count - 1) } else { 0.5 };
        (along(&knots, probability), u32::try_from(to - from).unwrap_or(u32::MAX))
    };
    (0..shares).map(share).collect()
}

/// Mean of the points of a cell. The least of them is taken off first: heights need their millimetres.
fn centre(points: &[(f32, u32)]) -> f64 {
    let base = points.first().map_or(0.0, |&(value, _)| f64::from(value));
    let sum: f64 = points.iter().map(|&(value, rows)| (f64::from(value) - base) * f64::from(rows)).sum();
    base + sum / float(rows(points))
}

/// Linear between knots, constant beyond the outermost.
fn along(knots: &[(f64, f32)], probability: f64) -> f32 {
    let after = knots.iter().position(|&(p, _)| p >= probability);
    let (Some(&first), Some(&last)) = (knots.first(), knots.last()) else { return NO_DATA };
    match after {
        None => last.1,
        Some(0) => first.1,
        Some(at) => {
            let (low, high) = (knots[at - 1], knots[at]);
            let fraction = (probability - low.0) / (high.0 - low.0);
            let value = f64::from(low.1) + (f64::from(high.1) - f64::from(low.1)) * fraction;
            #[expect(clippy::cast_possible_truncation, reason = "between two values of that type")]
            let value = value as f32;
            value
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows lie far below 2^53")]
const fn float(rows: u64) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, Floats, Reducer, ReducerLimits, StatisticTable};

    /// A rough surface: rows of 64 cells, heights near 3000 m.
    fn sampled(seed: u64, n: u32) -> (Vec<u32>, Floats, Floats) {
        let mut state = seed;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f32::from(u16::try_from(state >> 48).unwrap()) / 65_536.0
        };
        let mut all = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..64")]
            let cell = (random() * random() * 64.0) as u32;
            all.0.push(cell);
            all.1.push(3000.0 + f32::from(u8::try_from(cell).unwrap()) * 4.0 + 20.0 * random());
            all.2.push(0.01 + 0.05 * random());
        }
        (all.0, Floats::F32(all.1), Floats::F32(all.2))
    }

    /// Statistics of those rows, that many orders up.
    fn reduced(shift: u8, statistics: &[Statistic]) -> StatisticTable {
        let (child, value, sigma) = sampled(7, 20_000);
        let rows = [Batch { child, value, sigma: Some(sigma.clone()), weight: Some(sigma) }];
        let reducer = Reducer::new(64, Weighting::InverseVariance, ReducerLimits::default()).unwrap();
        reducer.finish_at(&rows[..], shift, statistics).unwrap()
    }

    /// A cell of one row.
    fn only(value: f32) -> Stored<'static> {
        let (min, max, mean) = (value, value, value);
        let (unweighted_mean, std, sum) = (NO_DATA, NO_DATA, NO_DATA);
        Stored { count: 1, min, max, mean, sigma: 1.0, unweighted_mean, variance: 0.0, std, sum, quantiles: &[] }
    }

    fn combined(points: Option<u32>, stored: &[Statistic]) -> Vec<f64> {
        let table = reduced(0, stored);
        let column = |statistic| table.column(statistic).unwrap_or(&[NO_DATA; 64]);
        let mut all = Combiner::new(Weighting::InverseVariance);
        for (cell, &count) in table.counts().iter().enumerate() {
            let at = |statistic| column(statistic)[cell];
            let quantile = |permille| (permille, at(Statistic::Quantile(permille)));
            let quantiles = [Permille::Q25, Permille::Q50, Permille::Q75].map(quantile);
            all.add(&Stored {
                count: u32::try_from(count).unwrap(),
                min: at(Statistic::Min),
                max: at(Statistic::Max),
                mean: at(Statistic::WeightedMean),
                sigma: at(Statistic::WeightedMeanSigma),
                unweighted_mean: at(Statistic::UnweightedMean),
                variance: at(Statistic::Variance),
                std: at(Statistic::StandardDeviation),
                sum: at(Statistic::Sum),
                quantiles: &quantiles,
            });
        }
        if let Some(points) = points {
            all.compress(points);
        }
        all.finish(stored)
    }

    #[test]
    fn what_composes_equals_the_rows_and_the_rest_is_close() {
        let exact = reduced(3, &Statistic::STANDARD);
        for points in [None, Some(1024)] {
            let found = combined(points, &Statistic::STANDARD);
            assert_eq!(found[0], 20_000.0);
            let truth: Vec<f64> = exact.columns().iter().map(|(_, values)| f64::from(values[0])).collect();
            assert_eq!(found[1..3], truth[..2], "extremes");
            let relative = |at: usize| (found[at] - truth[at - 1]).abs() / truth[at - 1];
            assert!(relative(3) < 2e-7, "mean: {found:?} {truth:?}");
            assert!(relative(4) < 2e-7, "sigma: {found:?} {truth:?}");
            assert!(relative(5) < 1e-3, "variance: {found:?} {truth:?}");
            let spread = truth[7] - truth[5];
            for at in 6..9 {
                assert!((found[at] - truth[at - 1]).abs() < 0.01 * spread, "quantile {at}: {found:?} {truth:?}");
            }
        }
    }

    #[test]
    fn with_stored_means_the_variance_is_exact() {
        let mut stored = Statistic::STANDARD.to_vec();
        stored.push(Statistic::UnweightedMean);
        let exact = reduced(3, &stored);
        let found = combined(Some(1024), &stored);
        for (at, statistic) in [(5, Statistic::Variance), (9, Statistic::UnweightedMean)] {
            let truth = f64::from(exact.column(statistic).unwrap()[0]);
            assert!((found[at] - truth).abs() / truth < 1e-6, "{statistic}: {} {truth}", found[at]);
        }
    }

    #[test]
    fn few_rows_come_back_as_they_were() {
        // NumPy: quantile([1, 2, 4, 8, 16], [.25, .5, .75]) = 2, 4, 8; of one more row, 32: 2.5, 6, 14.
        let quantile = |permille, value| (permille, value);
        let quantiles = [quantile(Permille::Q25, 2.0), quantile(Permille::Q50, 4.0), quantile(Permille::Q75, 8.0)];
        let five = Stored { count: 5, min: 1.0, max: 16.0, variance: 29.76, quantiles: &quantiles, ..only(6.2) };
        let one = [Permille::Q25, Permille::Q50, Permille::Q75].map(|permille| quantile(permille, 32.0));
        let one = Stored { quantiles: &one, ..only(32.0) };
        let mut all = Combiner::new(Weighting::InverseVariance);
        all.add(&five);
        assert_eq!(all.finish(&Statistic::STANDARD)[6..], [2.0, 4.0, 8.0]);
        all.add(&one);
        all.add(&Stored { count: 0, ..one });
        assert_eq!(all.finish(&Statistic::STANDARD)[6..], [2.5, 6.0, 14.0]);
    }

    #[test]
    fn without_rows_there_is_nothing() {
        let found = Combiner::new(Weighting::InverseVariance).finish(&Statistic::STANDARD);
        assert_eq!(found[0], 0.0);
        assert!(found[1..].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn compression_keeps_the_rows_and_bounds_the_ranks() {
        let mut all = Combiner::new(Weighting::InverseVariance);
        for k in 0..5000u16 {
            let value = f32::from(k.wrapping_mul(7919) % 5000);
            let quantiles = [(Permille::Q50, value)];
            all.add(&Stored { count: 3, quantiles: &quantiles, ..only(value) });
        }
        all.compress(100);
        assert!(all.points.len() <= 100);
        assert_eq!(super::rows(&all.points), 15_000);
        let quartiles = all.finish(&[Statistic::Quantile(Permille::Q25), Statistic::Quantile(Permille::Q75)]);
        assert!((quartiles[0] - 1250.0).abs() <= 50.0 && (quartiles[1] - 3750.0).abs() <= 50.0, "{quartiles:?}");
    }
}
