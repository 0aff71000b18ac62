//! Dropping the overpasses that are far off all others: clouds, blunders of the ranging.

use crate::frame::Frame;
use crate::trend::{Overpass, Trend};

/// Most rounds of dropping and fitting again.
const MAX_ROUNDS: usize = 10;
/// Standard deviations of a normal distribution, by the median absolute deviation (1.48 of it), beyond which one is dropped.
const DEVIATIONS: f64 = 5.0 * 1.48;
/// Least difference from the median that is dropped, metres.
const MIN_DIFFERENCE: f64 = 0.5;

/// Drops overpasses, all at once in a round, whose mean residual differs too much from the median of all, and fits the rest.
/// A round that would leave too few for a fit is not made.
pub(crate) fn edit(plane: &Frame, overpasses: &mut Vec<Overpass<'_>>) -> Trend {
    let mut trend = Trend::of(plane, overpasses);
    for _ in 0..MAX_ROUNDS {
        let residuals = trend.residuals();
        let limits = limits(&residuals);
        let mut kept =
            residuals.iter().map(|residual| limits.is_some_and(|(middle, most)| (residual - middle).abs() <= most));
        let mut rest = overpasses.clone();
        rest.retain(|_| kept.next().unwrap_or(true));
        if rest.len() == overpasses.len() {
            break;
        }
        let again = Trend::of(plane, &rest);
        if again.fit.is_none() {
            break;
        }
        (trend, *overpasses) = (again, rest);
    }
    trend
}

/// The median, and how far from it a residual may be.
fn limits(residuals: &[f64]) -> Option<(f64, f64)> {
    let middle = median(residuals.to_vec())?;
    let deviation = median(residuals.iter().map(|residual| (residual - middle).abs()).collect())?;
    Some((middle, (DEVIATIONS * deviation).max(MIN_DIFFERENCE)))
}

/// Of an even number the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(0.5 * (lower + upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, -1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![3.0, -1.0, 2.0, 9.0]), Some(2.5));
    }

    #[test]
    fn limits_follow_the_deviation_and_have_a_floor() {
        assert_eq!(limits(&[1.0, 1.25, 0.75, 40.0]), Some((1.125, 7.4 * 0.25)));
        assert_eq!(limits(&[0.0, 0.01, 0.02]), Some((0.01, 0.5)));
    }
}
