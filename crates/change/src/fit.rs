//! Ordinary least squares from joint moments.

use crate::joint::{Joint, Scatter, squares};

/// A variable is a combination of those before it where less than this part of its variance remains without them.
const MIN_PIVOT: f64 = 1e-12;
/// ... or less than this spread: metres, a thousandth of what flag 8 asks for, yet far above the rounding of positions.
const MIN_METRES: f64 = 1e-6;
/// ... years: five minutes. The rows of one overpass differ by less and know nothing of a trend.
const MIN_YEARS: f64 = 1e-5;

/// Which of u, v and t have a coefficient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) u: bool,
    pub(crate) v: bool,
    pub(crate) t: bool,
}

/// h = a + u U + v V + t T. Coefficients that are not used are 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// m/m.
    pub(crate) u: f64,
    /// m/m.
    pub(crate) v: f64,
    /// m per year.
    pub(crate) t: f64,
    /// Sum of the squared residuals of all rows, square metres.
    pub(crate) squares: f64,
}

impl Fit {
    /// The fit of `count` rows with these sums; `None` where their coefficients are not determined.
    pub(crate) fn solve(scatter: &Scatter, count: f64, used: Used) -> Option<Self> {
        // Elimination in the order u, v, t (Cholesky without square roots): rounding is that of variables scaled to
        // standard deviation 1, and each pivot is what remains of a variable without those before it.
        let [uu, uv, ut, uh, vv, vt, vh, tt, th, hh] = *scatter;
        let per_u = inverse(uu, uu, count, (used.u, MIN_METRES))?;
        let (v_u, t_u, h_u) = (uv * per_u, ut * per_u, uh * per_u);
        let (vv_1, vt_1, vh_1) = (vv - v_u * uv, vt - v_u * ut, vh - v_u * uh);
        let (tt_1, th_1, hh_1) = (tt - t_u * ut, th - t_u * uh, hh - h_u * uh);
        let per_v = inverse(vv_1, vv, count, (used.v, MIN_METRES))?;
        let (t_v, h_v) = (vt_1 * per_v, vh_1 * per_v);
        let (tt_2, th_2, hh_2) = (tt_1 - t_v * vt_1, th_1 - t_v * vh_1, hh_1 - h_v * vh_1);
        let t = th_2 * inverse(tt_2, tt, count, (used.t, MIN_YEARS))?;
        let v = h_v - t_v * t;
        let u = h_u - v_u * v - t_u * t;
        Some(Self { u, v, t, squares: squares(hh_2 - t * th_2) })
    }

    /// Height of the fit at u = v = t = 0 that passes through the means, metres.
    pub(crate) fn at_origin(&self, rows: &Joint) -> f64 {
        let [u, v, t, h] = rows.mean;
        h - self.u * u - self.v * v - self.t * t
    }
}

/// 1 / pivot, 0 of a variable that is not used, `None` where too little of it remains.
fn inverse(pivot: f64, whole: f64, count: f64, (used, least): (bool, f64)) -> Option<f64> {
    if !used {
        return Some(0.0);
    }
    (pivot >= MIN_PIVOT * whole && pivot >= least * least * count && pivot.is_finite()).then(|| 1.0 / pivot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Used = Used { u: true, v: true, t: true };

    fn rows(rows: &[[f64; 4]]) -> Joint {
        Joint::of(rows.iter().map(|mean| Joint { count: 1.0, mean: *mean, scatter: [0.0; 10] }))
    }

    fn corners(height: impl Fn(f64, f64, f64) -> f64) -> Vec<[f64; 4]> {
        let places = [(0.0, 0.0, 0.0), (800.0, 1.0, 1.0), (3.0, 500.0, 2.5), (-700.0, -90.0, 3.0), (9.0, 8.0, 5.0)];
        places.map(|(u, v, t)| [u, v, t, height(u, v, t)]).to_vec()
    }

    #[test]
    fn an_exact_plane_with_a_trend_comes_back() {
        let joint = rows(&corners(|u, v, t| 1e3 + 0.25 * u - 3.0 * v - 1.5 * t));
        let fit = Fit::solve(&joint.scatter, joint.count, ALL).unwrap();
        let found = [fit.u, fit.v, fit.t, fit.at_origin(&joint)];
        assert!(found.iter().zip([0.25, -3.0, -1.5, 1e3]).all(|(a, b)| (a - b).abs() < 1e-10 * b.abs()), "{found:?}");
        assert!(fit.squares < 1e-6);
    }

    #[test]
    fn rounding_makes_no_sum_of_squares_negative() {
        for i in 0..200_u32 {
            let slope = f64::from(i) / 7.0 - 9.0;
            let joint = rows(&corners(|u, v, t| slope * u + 0.3 * v - slope * slope * t));
            assert!(Fit::solve(&joint.scatter, joint.count, ALL).unwrap().squares >= 0.0);
        }
    }

    #[test]
    fn what_is_not_used_is_as_if_it_was_not_there() {
        let joint = rows(&corners(|u, v, t| u * v * 1e-4 + t * t));
        let fit = Fit::solve(&joint.scatter, joint.count, Used { v: false, ..ALL }).unwrap();
        let flat = rows(
            &corners(|u, v, t| u * v * 1e-4 + t * t).iter().map(|[u, _, t, h]| [*u, 0.0, *t, *h]).collect::<Vec<_>>(),
        );
        assert_eq!(Fit::solve(&flat.scatter, flat.count, Used { v: false, ..ALL }), Some(fit));
        assert_eq!(fit.v, 0.0);
        let mean = Fit::solve(&joint.scatter, joint.count, Used { u: false, v: false, t: false }).unwrap();
        assert_eq!(mean, Fit { u: 0.0, v: 0.0, t: 0.0, squares: joint.scatter[9] });
    }

    #[test]
    fn what_rows_do_not_determine_is_refused() {
        let refused = |change: fn(f64, f64, f64) -> [f64; 3]| {
            let changed: Vec<_> = corners(|u, v, t| u + v + t)
                .into_iter()
                .map(|[u, v, t, h]| {
                    let [u, v, t] = change(u, v, t);
                    [u, v, t, h]
                })
                .collect();
            let joint = rows(&changed);
            Fit::solve(&joint.scatter, joint.count, ALL).is_none()
        };
        assert!(!refused(|u, v, t| [u, v, t]));
        assert!(refused(|u, _, t| [u, 2.0 * u, t]), "a line");
        assert!(refused(|_, v, t| [5.0, v, t]), "one easting");
        assert!(refused(|u, v, _| [u, v, 0.25 * u + v]), "time that follows the place");
        assert!(refused(|u, v, t| [u, v, t * 1e-6]), "times of one overpass");
        assert!(refused(|u, v, t| [f64::NAN * u, v, t]), "no numbers");
        assert!(Fit::solve(&[0.0; 10], 0.0, ALL).is_none(), "no rows");
    }
}
