//! Moments of rows: what an overpass leaves behind.

use crate::joint::join;

/// Most rows that an `f64` counts one by one.
const MAX_ROWS: f64 = 9_007_199_254_740_992.0;

/// Count, means and centred second moments of the earth-fixed position (x, y, z in metres), the time (years of 365.25 days from
/// an epoch) and the height (metres) of rows. No rows: all zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub(crate) count: f64,
    /// Of x, y, z, t, h.
    pub(crate) mean: [f64; 5],
    /// Sums of products of deviations from the means: xx xy xz xt xh, yy yz yt yh, zz zt zh, tt th, hh.
    pub(crate) scatter: [f64; 15],
}

impl Moments {
    /// Numbers in [`Moments::to_array`].
    pub const NUMBERS: usize = 21;

    /// Number of rows.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in 0..=2^53")]
    pub fn count(&self) -> u64 {
        self.count as u64
    }

    /// Mean time of the rows, years from the epoch; 0 without rows.
    #[must_use]
    pub fn mean_time(&self) -> f64 {
        let [_, _, _, time, _] = self.mean;
        time
    }

    /// Mean height of the rows, metres; 0 without rows.
    #[must_use]
    pub fn mean_height(&self) -> f64 {
        let [.., height] = self.mean;
        height
    }

    /// Population variance of the heights, square metres; NaN without rows.
    #[must_use]
    pub fn height_variance(&self) -> f64 {
        let [.., squares] = self.scatter;
        squares / self.count
    }

    /// Makes these the moments of both sets of rows (Chan, Golub, LeVeque 1979). Equal joins in equal order give equal bits.
    pub fn join(&mut self, other: &Self) {
        join((&mut self.count, &mut self.mean, &mut self.scatter), (other.count, &other.mean, &other.scatter));
    }

    /// The numbers as a store keeps them: the count; the means of x, y, z (m), t (years), h (m); then the sums of products of
    /// deviations from the means, upper triangle by rows: xx xy xz xt xh yy yz yt yh zz zt zh tt th hh.
    #[must_use]
    pub fn to_array(&self) -> [f64; Self::NUMBERS] {
        let mut numbers = [0.0; Self::NUMBERS];
        let all = [self.count].into_iter().chain(self.mean).chain(self.scatter);
        numbers.iter_mut().zip(all).for_each(|(number, value)| *number = value);
        numbers
    }

    /// The opposite of [`Moments::to_array`], to the bit. `None` where the numbers are no moments: a count that is not a whole
    /// number of rows, a number that is not finite, or a negative sum of squares.
    #[must_use]
    pub fn from_array(numbers: &[f64; Self::NUMBERS]) -> Option<Self> {
        let mut moments = Self::default();
        let mut rest = numbers.iter().copied();
        moments.count = rest.next()?;
        moments.mean.iter_mut().zip(rest.by_ref()).for_each(|(mean, number)| *mean = number);
        moments.scatter.iter_mut().zip(rest).for_each(|(sum, number)| *sum = number);
        let [xx, _, _, _, _, yy, _, _, _, zz, _, _, tt, _, hh] = moments.scatter;
        let whole = (0.0..=MAX_ROWS).contains(&moments.count) && moments.count.fract() == 0.0;
        let squares = [xx, yy, zz, tt, hh].iter().all(|sum| *sum >= 0.0);
        (whole && squares && numbers.iter().all(|number| number.is_finite())).then_some(moments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: f64) -> Moments {
        let mut moments = Moments { count, mean: [1.0, 2.0, 3.0, 4.0, 5.0], ..Moments::default() };
        moments.scatter.iter_mut().zip(1_u8..).for_each(|(sum, i)| *sum = f64::from(i));
        moments
    }

    #[test]
    fn an_array_keeps_every_bit_and_its_order() {
        let array = some(7.0).to_array();
        let expected = (0..21).map(|i| [7.0, 1.0, 2.0, 3.0, 4.0, 5.0].get(i).copied().unwrap_or(i as f64 - 5.0));
        assert!(array.iter().copied().eq(expected));
        assert_eq!(Moments::from_array(&array), Some(some(7.0)));
        assert_eq!(Moments::from_array(&[0.0; 21]), Some(Moments::default()));
    }

    #[test]
    fn numbers_that_are_no_moments_are_refused() {
        for (place, number) in
            [(0, -1.0), (0, 1.5), (0, f64::NAN), (0, 1e16), (3, f64::INFINITY), (6, -1.0), (20, -1e-300)]
        {
            let mut array = some(7.0).to_array();
            array[place] = number;
            assert_eq!(Moments::from_array(&array), None, "{number} at {place}");
        }
    }

    #[test]
    fn no_rows_change_nothing() {
        let (mut left, mut right) = (some(3.0), Moments::default());
        left.join(&Moments::default());
        right.join(&some(3.0));
        assert_eq!((left, right), (some(3.0), some(3.0)));
        assert!(Moments::default().height_variance().is_nan());
    }
}
