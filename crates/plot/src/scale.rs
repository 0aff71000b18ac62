use crate::Error;
use std::str::FromStr;

/// How a value becomes a place on the colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scale {
    /// In proportion to the value.
    #[default]
    Linear,
    /// In proportion to its logarithm; zero and below count as no data.
    Log,
}

/// The values at the two ends of the colour bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueRange {
    low: f64,
    high: f64,
}

impl Scale {
    /// Place of a value between the limits, 0 to 1, values beyond them at the nearer end; `None` for a value that
    /// has no place (not finite, or not positive on a logarithmic scale).
    #[must_use]
    pub fn position(self, limits: ValueRange, value: f64) -> Option<f64> {
        if !self.shows(value) {
            return None;
        }
        let [low, high, value] = [limits.low, limits.high, value].map(|v| self.stretch(v));
        Some(((value - low) / (high - low)).clamp(0.0, 1.0))
    }

    /// Whether a value has a place on this scale.
    #[must_use]
    pub fn shows(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }

    /// Limits that this scale can span: a lower limit of zero or less, on a logarithmic scale, is replaced by a
    /// thousandth of the upper one.
    #[must_use]
    pub fn admit(self, limits: ValueRange) -> ValueRange {
        if self.shows(limits.low) {
            return limits;
        }
        let high = if limits.high > 0.0 { limits.high } else { 1.0 };
        ValueRange { low: high / 1000.0, high }
    }

    fn stretch(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}

impl FromStr for ValueRange {
    type Err = Error;

    /// From the lower and the upper limit: `1200,1350.5`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::LimitsText(text.to_owned());
        let (low, high) = text.split_once(',').ok_or_else(wrong)?;
        let [low, high] = [low, high].map(|end| end.trim().parse().map_err(|_| wrong()));
        Self::new(low?, high?)
    }
}

impl ValueRange {
    /// Limits as given.
    ///
    /// # Errors
    /// [`Error::Limits`] unless both are finite and `low < high`.
    pub fn new(low: f64, high: f64) -> Result<Self, Error> {
        if low.is_finite() && high.is_finite() && low < high {
            Ok(Self { low, high })
        } else {
            Err(Error::Limits { low, high })
        }
    }

    /// From the 2nd to the 98th percentile of the values that the scale shows: a few outliers do not wash out the
    /// rest. Where there is no spread (or no value) a small one is made.
    #[must_use]
    pub fn robust(values: &[f32], scale: Scale) -> Self {
        Self::percentiles(values, scale, 0.02)
    }

    /// From the least to the greatest of the values that the scale shows.
    #[must_use]
    pub fn full(values: &[f32], scale: Scale) -> Self {
        Self::percentiles(values, scale, 0.0)
    }

    /// Equal distances on both sides of zero, for differences: up to the 98th percentile of the magnitude.
    #[must_use]
    pub fn symmetric(values: &[f32]) -> Self {
        let magnitudes: Vec<f32> = values.iter().map(|value| value.abs()).collect();
        let high = Self::robust(&magnitudes, Scale::Linear).high;
        Self { low: -high, high }
    }

    /// Value at the lower end.
    #[must_use]
    pub fn low(self) -> f64 {
        self.low
    }

    /// Value at the upper end.
    #[must_use]
    pub fn high(self) -> f64 {
        self.high
    }

    fn percentiles(values: &[f32], scale: Scale, tail: f64) -> Self {
        let mut shown: Vec<f64> = values.iter().map(|&v| f64::from(v)).filter(|&v| scale.shows(v)).collect();
        shown.sort_unstable_by(f64::total_cmp);
        let (Some(low), Some(high)) = (percentile(&shown, tail), percentile(&shown, 1.0 - tail)) else {
            return Self { low: 0.1, high: 1.0 };
        };
        // Narrower than this, f32 values are not distinct.
        let margin = high.abs().max(low.abs()) * 1e-6;
        if high - low > margin {
            return Self { low, high };
        }
        match scale {
            Scale::Linear => {
                let half = if margin > 0.0 { margin.max(0.5_f64.min(high.abs() / 2.0)) } else { 0.5 };
                Self { low: low - half, high: high + half }
            }
            Scale::Log => Self { low: low / 2.0, high: high * 2.0 },
        }
    }
}

/// Linear between order statistics; `None` when there are none.
fn percentile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of cells")]
    let place = fraction * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= place <= last")]
    let below = place.floor() as usize;
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    Some(a + (b - a) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robust_limits_ignore_outliers_and_gaps() {
        let mut values: Vec<f32> = (0_u8..=100).map(f32::from).collect();
        values.extend([f32::NAN, f32::INFINITY]);
        let limits = ValueRange::robust(&values, Scale::Linear);
        assert!((limits.low() - 2.0).abs() < 1e-9 && (limits.high() - 98.0).abs() < 1e-9, "{limits:?}");
        values[100] = 1e9;
        assert!(ValueRange::robust(&values, Scale::Linear).high() < 100.0);
        assert!(ValueRange::full(&values, Scale::Linear).high() > 9e8);
        assert!((ValueRange::full(&values, Scale::Log).low() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn there_are_always_limits() {
        for values in [&[][..], &[f32::NAN], &[0.0], &[3500.0; 9], &[-3.0, -3.0], &[f32::MAX, f32::MIN]] {
            for scale in [Scale::Linear, Scale::Log] {
                let limits = ValueRange::robust(values, scale);
                assert!(ValueRange::new(limits.low(), limits.high()).is_ok(), "{values:?} {scale:?} {limits:?}");
            }
            let limits = ValueRange::symmetric(values);
            assert!((limits.low() + limits.high()).abs() < 1e-30 && limits.high() > 0.0);
        }
        assert!(ValueRange::new(1.0, 1.0).is_err() && ValueRange::new(f64::NAN, 1.0).is_err());
    }

    #[test]
    fn positions() {
        let limits = ValueRange::new(1.0, 100.0).unwrap();
        assert_eq!(Scale::Log.position(limits, 10.0), Some(0.5));
        assert_eq!(Scale::Log.position(limits, 0.0), None);
        assert_eq!(Scale::Linear.position(limits, 1000.0), Some(1.0));
        assert_eq!(Scale::Linear.position(limits, f64::NAN), None);
        let admitted = Scale::Log.admit(ValueRange::new(0.0, 50.0).unwrap());
        assert!((admitted.low() - 0.05).abs() < 1e-12);
    }
}
