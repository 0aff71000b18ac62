//! Errors from leaving out one overpass at a time.

/// Standard error of an estimate from those without each of the overpasses: (G - 1) / G times the sum of the squared differences.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Jackknife {
    count: f64,
    sum: f64,
}

impl Jackknife {
    /// Adds the product of how two estimates (or twice the same) change without an overpass.
    pub(crate) fn add(&mut self, one: f64, other: f64) {
        self.count += 1.0;
        self.sum += one * other;
    }

    /// Variance or covariance; NaN without overpasses.
    pub(crate) fn covariance(&self) -> f64 {
        (self.count - 1.0) / self.count * self.sum
    }
}
