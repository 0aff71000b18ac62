//! Rows into sums: the only code that every row goes through.

use crate::Moments;
use crate::joint::squares;

/// Running sums of rows about the first of them, so that large coordinates cost no digits. Positions are earth-fixed metres,
/// times years of 365.25 days from an epoch, heights metres. Without rows, [`MomentSums::default`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MomentSums {
    count: u64,
    first: [f64; 5],
    /// Of x, y, z, t, h less those of the first row.
    sums: [f64; 5],
    /// Of their products, upper triangle by rows.
    products: [f64; 15],
}

impl MomentSums {
    /// Adds a row: its place (see [`on_ellipsoid`](crate::on_ellipsoid), m), time (years) and height (m), all finite.
    #[inline]
    pub fn add(&mut self, place: [f64; 3], time: f64, height: f64) {
        let [x, y, z] = place;
        let row = [x, y, z, time, height];
        if self.count == 0 {
            self.first = row;
        }
        self.count += 1;
        let [x0, y0, z0, t0, h0] = self.first;
        let row = [x - x0, y - y0, z - z0, time - t0, height - h0];
        let [x, y, z, t, h] = row;
        let products =
            [x * x, x * y, x * z, x * t, x * h, y * y, y * z, y * t, y * h, z * z, z * t, z * h, t * t, t * h, h * h];
        self.sums.iter_mut().zip(row).for_each(|(sum, part)| *sum += part);
        self.products.iter_mut().zip(products).for_each(|(sum, part)| *sum += part);
    }

    /// The moments of the rows so far.
    #[must_use]
    pub fn finish(&self) -> Moments {
        if self.count == 0 {
            return Moments::default();
        }
        let count = self.count as f64;
        let shift = self.sums.map(|sum| sum / count);
        let mut moments = Moments { count, mean: self.first, scatter: self.products };
        let mut scatter = moments.scatter.iter_mut();
        for (i, sum) in self.sums.iter().enumerate() {
            for (j, (mean, product)) in shift.iter().skip(i).zip(scatter.by_ref()).enumerate() {
                *product -= sum * mean;
                if j == 0 {
                    *product = squares(*product);
                }
            }
        }
        moments.mean.iter_mut().zip(shift).for_each(|(mean, part)| *mean += part);
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_rows() {
        let mut sums = MomentSums::default();
        assert_eq!(sums.finish(), Moments::default());
        sums.add([6e6, 1.0, 0.0], 5.0, 1e6);
        assert_eq!(sums.finish().to_array()[..6], [1.0, 6e6, 1.0, 0.0, 5.0, 1e6]);
        assert!(sums.finish().to_array()[6..].iter().all(|sum| *sum == 0.0));
        sums.add([6e6 + 2.0, 3.0, 0.0], 5.0, 1e6 + 1.0);
        sums.add([6e6 + 4.0, 5.0, 0.0], 5.0, 1e6 + 5.0);
        let moments = sums.finish();
        assert_eq!((moments.count(), moments.mean_time(), moments.mean_height()), (3, 5.0, 1e6 + 2.0));
        let expected = [8.0, 8.0, 0.0, 0.0, 10.0, 8.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 14.0];
        assert_eq!(moments.to_array()[6..], expected);
        assert!((moments.height_variance() - 14.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn rows_in_parts_join_to_the_moments_of_all() {
        let rows: Vec<[f64; 5]> = (0..50_u32)
            .map(|i| f64::from(i * 7919 % 101))
            .map(|i| [6e6 + i * 3.0, -2e6 + i * i, 1e6 - 2.0 * i, i / 10.0, 1e3 + i * i / 50.0])
            .collect();
        let of = |rows: &[[f64; 5]]| {
            let mut sums = MomentSums::default();
            rows.iter().for_each(|[x, y, z, t, h]| sums.add([*x, *y, *z], *t, *h));
            sums.finish()
        };
        let whole = of(&rows).to_array();
        for cut in [1, 20, 49] {
            let mut joined = of(&rows[..cut]);
            joined.join(&of(&rows[cut..]));
            let scale = whole.iter().skip(6).fold(0.0, |most: f64, sum| most.max(sum.abs()));
            for (a, b) in joined.to_array().iter().zip(whole) {
                assert!((a - b).abs() <= 1e-12 * b.abs().max(scale), "{a} {b}");
            }
        }
    }
}
