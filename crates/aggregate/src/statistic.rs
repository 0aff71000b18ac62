use crate::Error;
use std::fmt;
use std::str::FromStr;

/// One statistic of a cell with values `v` and `n` rows (docs/store-format.md, "Arrays").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statistic {
    /// `n`.
    Count,
    /// Least value; -0.0 is less than 0.0.
    Min,
    /// Greatest value; -0.0 is less than 0.0.
    Max,
    /// Mean of `v` by the [`Weighting`](crate::Weighting).
    WeightedMean,
    /// The formal sigma of that mean, from those of the rows: not a spread of the values.
    WeightedMeanSigma,
    /// `sum(v) / n`.
    UnweightedMean,
    /// Population variance of `v` (`ddof = 0`), unweighted. The square of the value's unit.
    Variance,
    /// Quantile of `v`, linear between order statistics (type 7 of Hyndman and Fan, NumPy's default).
    Quantile(Permille),
    /// Square root of the variance.
    StandardDeviation,
    /// Median of the absolute deviations of `v` from its median, both medians of type 7, unscaled.
    MedianAbsoluteDeviation,
    /// `sum(v)`.
    Sum,
}

impl Statistic {
    /// The nine statistics that every store has, in the order of its arrays.
    pub const STANDARD: [Self; 9] = [
        Self::Count,
        Self::Min,
        Self::Max,
        Self::WeightedMean,
        Self::WeightedMeanSigma,
        Self::Variance,
        Self::Quantile(Permille::Q25),
        Self::Quantile(Permille::Q50),
        Self::Quantile(Permille::Q75),
    ];
}

/// A probability in thousandths, 0 to 1000: an integer, so that statistics can be compared and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permille(u16);

impl Permille {
    /// Lower quartile.
    pub const Q25: Self = Self(250);
    /// Median.
    pub const Q50: Self = Self(500);
    /// Upper quartile.
    pub const Q75: Self = Self(750);

    /// Checks a probability given in thousandths.
    ///
    /// # Errors
    /// [`Error::Permille`] above 1000.
    pub fn new(permille: u16) -> Result<Self, Error> {
        if permille > 1000 { Err(Error::Permille(permille)) } else { Ok(Self(permille)) }
    }

    /// The thousandths, 0 to 1000.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// The probability, 0 to 1: the `f64` nearest to the decimal fraction, as a reader of `0.025` would make it.
    #[must_use]
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Display for Statistic {
    /// `count`, `min`, `max`, `mean`, `sigma`, `unweighted_mean`, `variance`, `std`, `mad`, `sum`, `q25` (per cent;
    /// `q2.5` for thousandths).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::WeightedMean => f.write_str("mean"),
            Self::WeightedMeanSigma => f.write_str("sigma"),
            Self::UnweightedMean => f.write_str("unweighted_mean"),
            Self::Variance => f.write_str("variance"),
            Self::StandardDeviation => f.write_str("std"),
            Self::MedianAbsoluteDeviation => f.write_str("mad"),
            Self::Sum => f.write_str("sum"),
            Self::Quantile(Permille(p)) if p % 10 == 0 => write!(f, "q{:02}", p / 10),
            Self::Quantile(Permille(p)) => write!(f, "q{}.{}", p / 10, p % 10),
        }
    }
}

impl FromStr for Statistic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::Name(text.to_owned());
        Ok(match text {
            "count" => Self::Count,
            "min" => Self::Min,
            "max" => Self::Max,
            "mean" => Self::WeightedMean,
            "sigma" => Self::WeightedMeanSigma,
            "unweighted_mean" => Self::UnweightedMean,
            "variance" => Self::Variance,
            "std" => Self::StandardDeviation,
            "mad" => Self::MedianAbsoluteDeviation,
            "sum" => Self::Sum,
            _ => {
                let (percent, tenth) =
                    text.strip_prefix('q').map(|q| q.split_once('.').unwrap_or((q, "0"))).ok_or_else(unknown)?;
                let digit = |text: &str| text.parse::<u16>().map_err(|_| unknown());
                let tenth = if tenth.len() == 1 { digit(tenth)? } else { return Err(unknown()) };
                let permille =
                    digit(percent)?.checked_mul(10).and_then(|p| p.checked_add(tenth)).ok_or_else(unknown)?;
                Self::Quantile(Permille::new(permille)?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let odd = Statistic::Quantile(Permille::new(25).unwrap());
        let others = ["unweighted_mean", "std", "mad", "sum"].map(|name| name.parse().unwrap());
        for statistic in Statistic::STANDARD.into_iter().chain(others).chain([odd]) {
            assert_eq!(statistic.to_string().parse::<Statistic>().unwrap(), statistic);
        }
        assert_eq!(odd.to_string(), "q2.5");
        for wrong in ["q", "q101", "q1.25", "median", ""] {
            assert!(wrong.parse::<Statistic>().is_err(), "{wrong}");
        }
    }
}
