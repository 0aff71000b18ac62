use crate::moments::{Moments, Part};
use crate::needs::Needs;
use crate::quantile::{count, quantile};
use crate::{Permille, Statistic, Weighting};

/// What the statistics of one cell are made from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) rows: u64,
    pub(crate) moments: Moments,
    /// The ranks of the order statistics that quantiles lie between, ascending, and those.
    pub(crate) ranks: Vec<u64>,
    pub(crate) ordered: Vec<f64>,
    /// Median absolute deviation.
    pub(crate) deviation: f64,
}

impl Figures {
    /// A quantile of the values, from the order statistics in `ranks` and `ordered`.
    pub(crate) fn quantile(&self, permille: Permille) -> f64 {
        quantile(permille, self.rows, &self.ranks, &self.ordered)
    }

    /// Sums of all rows at once.
    pub(crate) fn take(&mut self, all: Part<'_>, needs: &Needs) {
        let rows = count(self.rows);
        self.moments = Moments::default();
        self.moments.take(all, needs);
        if needs.spread {
            self.moments.centre(rows);
            self.moments.take_deviations(all.value);
            self.moments.settle(rows);
        }
    }

    /// A statistic that is among the needs, before rounding to `f32`.
    pub(crate) fn statistic(&self, statistic: Statistic, weighting: Weighting) -> f64 {
        let (rows, moments) = (count(self.rows), &self.moments);
        match statistic {
            Statistic::Count => rows,
            Statistic::Min => moments.extremes()[0],
            Statistic::Max => moments.extremes()[1],
            Statistic::WeightedMean => match weighting {
                Weighting::InverseVariance | Weighting::Given => moments.weighted() / moments.weight(),
                Weighting::Equal => moments.mean(),
            },
            Statistic::WeightedMeanSigma => match weighting {
                Weighting::InverseVariance => 1.0 / moments.weight().sqrt(),
                Weighting::Given => moments.errors().sqrt() / moments.weight(),
                Weighting::Equal => moments.errors().sqrt() / rows,
            },
            Statistic::UnweightedMean => moments.mean(),
            Statistic::Variance => moments.variance(),
            Statistic::Quantile(permille) => self.quantile(permille),
            Statistic::StandardDeviation => moments.variance().sqrt(),
            Statistic::MedianAbsoluteDeviation => self.deviation,
            Statistic::Sum => moments.sum(),
        }
    }
}
