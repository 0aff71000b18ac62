use crate::floats::{Numbers, with};
use crate::needs::Needs;
use crate::real::Real;
use crate::{Floats, Rows, Weighting};
use std::iter;
use std::ops::Range;

/// Rows of one cell, one after the other, or all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) value: Numbers<'a>,
    /// NaN in every row where there are none.
    pub(crate) sigma: Option<Numbers<'a>>,
    pub(crate) weight: Option<Numbers<'a>>,
}

impl<'a> Part<'a> {
    /// Some rows of a batch, which has them.
    pub(crate) fn of(rows: Rows<'a>, range: Range<usize>) -> Self {
        let part = |column: &'a Floats| column.part(range.clone());
        Self { value: part(rows.value()), sigma: rows.sigma().map(part), weight: rows.weight().map(part) }
    }
}

/// Sums over the rows of a cell in row order, which may come in parts: the additions are the same, however they are split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    /// Least and greatest value as keys of `f64`, in which -0.0 < 0.0.
    keys: [i64; 2],
    /// `sum(w)`.
    weight: f64,
    /// `sum(w v)`.
    weighted: f64,
    /// Sum of the squared sigmas, each times the row's weight.
    errors: f64,
    /// `sum(v)` as it comes.
    plain: f64,
    sum: Sum,
    mean: f64,
    /// Of the deviations from the mean.
    squares: f64,
    residue: f64,
    variance: f64,
}

impl Default for Moments {
    /// Without rows.
    fn default() -> Self {
        let [weight, weighted, errors, plain, mean, squares, residue, variance] = [0.0; 8];
        let (keys, sum) = ([i64::MAX, i64::MIN], Sum::default());
        Self { keys, weight, weighted, errors, plain, sum, mean, squares, residue, variance }
    }
}

impl Moments {
    /// The first pass: all but the variance.
    pub(crate) fn take(&mut self, part: Part<'_>, needs: &Needs) {
        with!(part.value, values => self.take_values(values, part, needs));
        if needs.errors {
            let rows = part.value.len();
            let sigmas = floats(part.sigma, rows);
            self.errors = match needs.weighting {
                Weighting::Given => {
                    squares(self.errors, sigmas.zip(floats(part.weight, rows)).map(|(sigma, weight)| sigma * weight))
                }
                Weighting::InverseVariance | Weighting::Equal => squares(self.errors, sigmas),
            };
        }
    }

    fn take_values<I>(&mut self, values: I, part: Part<'_>, needs: &Needs)
    where
        I: ExactSizeIterator<Item: Real> + Clone,
    {
        if needs.extremes {
            self.take_extremes(values.clone());
        }
        if needs.sum {
            self.sum.add(values.clone());
        }
        if needs.weights {
            match (needs.weighting, part.sigma) {
                (Weighting::InverseVariance, Some(sigma)) => {
                    with!(sigma, sigmas => self.weigh(values, sigmas.map(|sigma| inverse_square(sigma.float()))));
                }
                (Weighting::InverseVariance, None) => self.weigh(values, iter::repeat(f64::NAN)),
                (Weighting::Given | Weighting::Equal, _) => {
                    let rows = values.len();
                    self.weigh(values, floats(part.weight, rows));
                }
            }
        } else if needs.spread {
            self.plain = values.fold(self.plain, |sum, value| sum + value.float());
        }
    }

    /// The plain sum comes along: its additions wait for nothing that those of the weights do not.
    fn weigh(&mut self, values: impl Iterator<Item: Real>, weights: impl Iterator<Item = f64>) {
        let (mut weight, mut weighted, mut plain) = (self.weight, self.weighted, self.plain);
        for (value, w) in values.zip(weights) {
            let value = value.float();
            weight += w;
            weighted += value * w;
            plain += value;
        }
        (self.weight, self.weighted, self.plain) = (weight, weighted, plain);
    }

    fn take_extremes<V: Real>(&mut self, mut values: impl Iterator<Item = V>) {
        let Some(first) = values.next() else { return };
        let (mut least, mut greatest) = (first.key(), first.key());
        for value in values {
            let key = value.key();
            least = least.min(key);
            greatest = greatest.max(key);
        }
        let [least, greatest] = [least, greatest].map(|key| V::of(key).float().key());
        self.keys = [self.keys[0].min(least), self.keys[1].max(greatest)];
    }

    /// After the first pass over this number of rows.
    pub(crate) fn centre(&mut self, rows: f64) {
        self.mean = self.plain / rows;
    }

    /// The second pass: deviations from the mean.
    pub(crate) fn take_deviations(&mut self, values: Numbers<'_>) {
        with!(values, values => self.deviate(values));
    }

    fn deviate(&mut self, values: impl Iterator<Item: Real>) {
        let (mut squares, mut residue) = (self.squares, self.residue);
        for value in values {
            let deviation = value.float() - self.mean;
            squares += deviation * deviation;
            residue += deviation;
        }
        (self.squares, self.residue) = (squares, residue);
    }

    /// After the second pass. The deviations' own sum would be zero if the mean were exact; what it is instead corrects both for
    /// the mean's rounding.
    pub(crate) fn settle(&mut self, rows: f64) {
        self.mean += self.residue / rows;
        self.variance = (self.squares - self.residue * self.residue / rows) / rows;
    }

    /// Least and greatest value.
    pub(crate) fn extremes(&self) -> [f64; 2] {
        self.keys.map(f64::of)
    }

    /// `sum(w)`.
    pub(crate) const fn weight(&self) -> f64 {
        self.weight
    }

    /// `sum(w v)`.
    pub(crate) const fn weighted(&self) -> f64 {
        self.weighted
    }

    /// Sum of the squared sigmas, each times the row's weight.
    pub(crate) const fn errors(&self) -> f64 {
        self.errors
    }

    /// The unweighted mean.
    pub(crate) const fn mean(&self) -> f64 {
        self.mean
    }

    /// The population variance.
    pub(crate) const fn variance(&self) -> f64 {
        self.variance
    }

    /// The compensated sum.
    pub(crate) fn sum(&self) -> f64 {
        self.sum.total()
    }
}

/// The sum with what each addition rounds off added at the end (Knuth's two-sum): values may cancel.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    sum: f64,
    rest: f64,
}

impl Sum {
    fn add(&mut self, values: impl Iterator<Item: Real>) {
        let (mut sum, mut rest) = (self.sum, self.rest);
        for value in values {
            let value = value.float();
            let next = sum + value;
            let added = next - sum;
            rest += (sum - (next - added)) + (value - added);
            sum = next;
        }
        (self.sum, self.rest) = (sum, rest);
    }

    fn total(self) -> f64 {
        // Beyond the range of f64 there is no rest.
        if self.rest.is_nan() { self.sum } else { self.sum + self.rest }
    }
}

/// The weight of a row of this sigma. No `f32` makes a sum of them overflow: it stays within 1e-77 n and 1e90 n.
fn inverse_square(sigma: f64) -> f64 {
    1.0 / (sigma * sigma)
}

fn squares(sum: f64, values: impl Iterator<Item = f64>) -> f64 {
    values.fold(sum, |sum, value| sum + value * value)
}

/// The numbers of a column for this number of rows, NaN where it is absent.
fn floats(column: Option<Numbers<'_>>, rows: usize) -> impl Iterator<Item = f64> {
    let absent = if column.is_none() { rows } else { 0 };
    column.into_iter().flat_map(Numbers::iter).chain(iter::repeat_n(f64::NAN, absent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_cancels() {
        let sum = |values: &[f64]| {
            let mut sum = Sum::default();
            sum.add(values.iter().copied());
            sum.total()
        };
        assert_eq!(sum(&[1e17, 1.0, -1e17, 0.5]), 1.5);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
    }
}
