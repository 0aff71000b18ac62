use crate::Permille;

/// Numbers for quantiles; looking for one reorders them.
#[derive(Debug, Default)]
pub(crate) struct Ordered {
    values: Vec<f64>,
    /// Everything before this index is no greater than anything from it on.
    settled: usize,
}

impl Ordered {
    /// The numbers, in the order in which they were filled in until the first quantile is asked for.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Other numbers.
    pub(crate) fn fill(&mut self, fill: impl FnOnce(&mut Vec<f64>)) {
        fill(&mut self.values);
        self.settled = 0;
    }

    /// Type 7: the position is `q (n - 1)`, between the order statistics on either side of it. There must be a number.
    pub(crate) fn quantile(&mut self, permille: Permille) -> f64 {
        let last = self.values.len() - 1;
        let position = permille.probability() * count(last);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= position <= last")]
        let below = position.floor() as usize;
        let fraction = position - position.floor();
        let low = self.select(below);
        // `select` leaves everything after `below` no less than `low`. On an order statistic the next one does not matter.
        let after = if fraction > 0.0 { &self.values[below + 1..] } else { &[] };
        let above = after.iter().copied().min_by(f64::total_cmp);
        lerp(low, above.unwrap_or(low), fraction)
    }

    /// The order statistic `index`, counted from 0. Quantiles asked for in ascending order cost less: what lies below
    /// the last one is not looked at again.
    fn select(&mut self, index: usize) -> f64 {
        let from = if index >= self.settled { self.settled } else { 0 };
        let (_, &mut found, _) = self.values[from..].select_nth_unstable_by(index - from, f64::total_cmp);
        self.settled = index;
        found
    }
}

/// Linear interpolation as NumPy rounds it: from the nearer end.
fn lerp(a: f64, b: f64, t: f64) -> f64 {
    let step = b - a;
    if t >= 0.5 { b - step * (1.0 - t) } else { a + step * t }
}

/// A number of rows as a float: exact, since there are fewer than 2^31.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
pub(crate) const fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_may_be_asked_for_in_any_order() {
        let mut ordered = Ordered::default();
        ordered.fill(|values| values.extend((0_u16..101).map(|i| f64::from(i * 37 % 101))));
        for permille in [750, 10, 500, 500, 0, 1000, 990, 250] {
            assert_eq!(ordered.quantile(Permille::new(permille).unwrap()), f64::from(permille) / 10.0);
        }
    }
}
