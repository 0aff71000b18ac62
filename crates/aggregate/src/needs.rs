use crate::{Permille, Statistic, Weighting};

/// Which passes over a cell's rows the wanted statistics call for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) weighting: Weighting,
    /// Any numbers at all: more than counts.
    pub(crate) values: bool,
    pub(crate) extremes: bool,
    /// Sums of weights.
    pub(crate) weights: bool,
    /// The sum of squared sigmas, each times the row's weight.
    pub(crate) errors: bool,
    /// Mean and variance.
    pub(crate) spread: bool,
    pub(crate) sum: bool,
    /// The median absolute deviation.
    pub(crate) deviation: bool,
    /// Ascending, each once; the median is among them where deviations from it are needed.
    pub(crate) quantiles: Vec<Permille>,
}

impl Needs {
    pub(crate) fn of(statistics: &[Statistic], weighting: Weighting) -> Self {
        let mut needs = Self { weighting, ..Self::default() };
        for statistic in statistics {
            needs.values |= *statistic != Statistic::Count;
            match (statistic, weighting) {
                (Statistic::Count, _) => {}
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
                (Statistic::Quantile(permille), _) => needs.quantiles.push(*permille),
                (Statistic::MedianAbsoluteDeviation, _) => {
                    needs.deviation = true;
                    needs.quantiles.push(Permille::Q50);
                }
            }
        }
        needs.quantiles.sort_unstable();
        needs.quantiles.dedup();
        needs
    }

    /// Whether sigmas are looked at.
    pub(crate) fn sigmas(&self) -> bool {
        self.errors || (self.weights && self.weighting == Weighting::InverseVariance)
    }

    /// Whether given weights are.
    pub(crate) fn given(&self) -> bool {
        self.weights && self.weighting == Weighting::Given
    }
}
