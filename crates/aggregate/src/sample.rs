use crate::figures::Figures;
use crate::floats::{Numbers, with};
use crate::moments::Part;
use crate::needs::Needs;
use crate::quantile::{deviation, quantile, ranks, select};
use crate::real::Real;
use crate::{Error, Permille};

/// The figures of a cell whose rows are all at hand; its buffers are used again for the next cell.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    narrow: Vec<i32>,
    wide: Vec<i64>,
    /// The order statistics on either side of the median deviation.
    ranks: Vec<u64>,
    ordered: Vec<f64>,
    figures: Figures,
}

impl Sample {
    /// Bytes a row that the buffers take, beside the columns.
    pub(crate) fn bytes(needs: &Needs, wide: bool) -> u64 {
        match (needs.quantiles.is_empty(), wide, needs.deviation) {
            (true, ..) => 0,
            (false, true, _) => 8,
            (false, false, false) => 4,
            (false, false, true) => 12,
        }
    }

    /// What the rows of a cell amount to; it has at least one.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the allocator refuses the buffers.
    pub(crate) fn figures(&mut self, all: Part<'_>, needs: &Needs) -> Result<&Figures, Error> {
        self.figures.rows = all.value.len() as u64;
        self.figures.take(all, needs);
        if !needs.quantiles.is_empty() {
            let Figures { rows, ranks: order, ordered: found, .. } = &mut self.figures;
            ranks(&needs.quantiles, *rows, order);
            match all.value {
                Numbers::F64(values) => pick(values.iter().copied(), &mut self.wide, order, found)?,
                Numbers::F32(values) => pick(values.iter().copied(), &mut self.narrow, order, found)?,
                Numbers::First(values) => pick(values.iter().map(|pair| pair[0]), &mut self.narrow, order, found)?,
                Numbers::Second(values) => pick(values.iter().map(|pair| pair[1]), &mut self.narrow, order, found)?,
            }
        }
        if needs.deviation {
            let (rows, median) = (self.figures.rows, self.figures.quantile(Permille::Q50));
            ranks(&[Permille::Q50], rows, &mut self.ranks);
            with!(all.value, values => {
                let apart = values.map(|value| deviation(value.float(), median));
                pick(apart, &mut self.wide, &self.ranks, &mut self.ordered)?;
            });
            self.figures.deviation = quantile(Permille::Q50, rows, &self.ranks, &self.ordered);
        }
        Ok(&self.figures)
    }
}

/// The order statistics of these ranks.
fn pick<V: Real>(
    values: impl ExactSizeIterator<Item = V>,
    keys: &mut Vec<V::Key>,
    ranks: &[u64],
    found: &mut Vec<f64>,
) -> Result<(), Error> {
    keys.clear();
    let rows = values.len();
    keys.try_reserve_exact(rows).map_err(|_| Error::OutOfMemory { rows: rows as u64 })?;
    keys.extend(values.map(Real::key));
    found.clear();
    found.resize(ranks.len(), f64::NAN);
    select(keys, 0, ranks, found, |key| V::of(key).float());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Statistic, Weighting};

    const ALL: [Statistic; 4] =
        [Statistic::Min, Statistic::WeightedMean, Statistic::WeightedMeanSigma, Statistic::UnweightedMean];

    fn sample(values: &[f32]) -> Figures {
        weighed(values, &vec![1.0; values.len()])
    }

    fn weighed(value: &[f32], sigma: &[f32]) -> Figures {
        let part = Part { value: Numbers::F32(value), sigma: Some(Numbers::F32(sigma)), weight: None };
        Sample::default().figures(part, &Needs::of(&ALL, Weighting::InverseVariance)).unwrap().clone()
    }

    fn of(figures: &Figures, statistic: Statistic) -> f64 {
        figures.statistic(statistic, Weighting::InverseVariance)
    }

    #[test]
    fn zeros_are_ordered_whatever_the_row_order() {
        for values in [[0.0, -0.0], [-0.0, 0.0]] {
            let [min, max] = sample(&values).moments.extremes();
            assert!(min.is_sign_negative() && max.is_sign_positive());
        }
    }

    #[test]
    fn the_unweighted_mean_is_exact() {
        // Multiples of 1/4096 near 3000: their mean is 3000 + 50/4096.
        let values: Vec<f32> = (0_u16..101).map(|i| 3000.0 + f32::from(i) / 4096.0).collect();
        assert_eq!(of(&sample(&values), Statistic::UnweightedMean), 3000.0 + 50.0 / 4096.0);
    }

    #[test]
    fn moments_survive_the_extremes_of_f32() {
        assert_eq!(of(&sample(&[f32::MAX, f32::MIN]), Statistic::WeightedMean), 0.0);
        let one = |sigma: f32| weighed(&[f32::MAX], &[sigma]);
        assert_eq!(of(&one(f32::from_bits(1)), Statistic::WeightedMean), f64::from(f32::MAX));
        assert_eq!(of(&one(f32::MAX), Statistic::WeightedMeanSigma), f64::from(f32::MAX));
    }
}
