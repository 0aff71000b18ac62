//! The fit of a plane, a line or a place, with a trend, to the overpasses of a cell.

use crate::OverpassMoments;
use crate::fit::Fit;
use crate::frame::{Frame, Surface};
use crate::jackknife::Jackknife;
use crate::joint::{Joint, without_each};

/// The records of an overpass: one for each window.
pub(crate) type Overpass<'a> = &'a [OverpassMoments];

/// Overpasses, and their fit where they determine one.
#[derive(Clone, Debug)]
pub(crate) struct Trend {
    pub(crate) frame: Frame,
    /// Of all rows.
    pub(crate) whole: Joint,
    /// Of each overpass.
    pub(crate) parts: Vec<Joint>,
    pub(crate) fit: Option<Fit>,
}

/// Standard errors of a trend and of the height at the origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errors {
    /// m per year.
    pub(crate) t: f64,
    /// m.
    pub(crate) origin: f64,
}

impl Trend {
    /// The fit of overpasses in the frame of a plane, or along a line where they spread too little (flag 8).
    pub(crate) fn of(plane: &Frame, overpasses: &[Overpass<'_>]) -> Self {
        let project = |frame: &Frame| -> Vec<Joint> {
            let records =
                |overpass: &Overpass<'_>| Joint::of(overpass.iter().map(|record| frame.project(&record.moments)));
            overpasses.iter().map(records).collect()
        };
        let mut parts = project(plane);
        let mut whole = Joint::of(parts.iter().copied());
        let frame = plane.for_spread(&whole);
        if frame.surface != Surface::Plane {
            parts = project(&frame);
            whole = Joint::of(parts.iter().copied());
        }
        let fit = Fit::solve(&whole.scatter, whole.count, frame.used(true));
        Self { frame, whole, parts, fit }
    }

    /// Mean residual of each overpass, metres. Nothing without a fit.
    pub(crate) fn residuals(&self) -> Vec<f64> {
        let Some(fit) = self.fit else { return Vec::new() };
        let [u0, v0, t0, h0] = self.whole.mean;
        let residual = |part: &Joint| {
            let [u, v, t, h] = part.mean;
            (h - h0) - fit.u * (u - u0) - fit.v * (v - v0) - fit.t * (t - t0)
        };
        self.parts.iter().map(residual).collect()
    }

    /// Root mean square of the residuals of the rows, metres.
    pub(crate) fn rmse(&self) -> f64 {
        self.fit.map_or(f64::NAN, |fit| (fit.squares / self.whole.count).sqrt())
    }

    /// Years between the mean times of the first and the last overpass; NaN without any.
    pub(crate) fn span(&self) -> f64 {
        let mut range: Option<(f64, f64)> = None;
        for part in &self.parts {
            let [_, _, time, _] = part.mean;
            range = Some(range.map_or((time, time), |(first, last)| {
                (if time < first { time } else { first }, if time > last { time } else { last })
            }));
        }
        range.map_or(f64::NAN, |(first, last)| last - first)
    }

    /// Errors by the jackknife: every fit without an overpass has the same coefficients, and the same line. `None` where one
    /// of them is not determined: then the trend hangs on that overpass alone.
    pub(crate) fn errors(&self) -> Option<Errors> {
        let fit = self.fit?;
        let origin = fit.at_origin(&self.whole);
        let (mut of_trend, mut of_origin) = (Jackknife::default(), Jackknife::default());
        let parts: Vec<_> = self.parts.iter().map(|part| (0, *part)).collect();
        for rest in without_each(&parts, 1) {
            let other = Fit::solve(&rest.scatter, rest.count, self.frame.used(true))?;
            let (t, a) = (other.t - fit.t, other.at_origin(&rest) - origin);
            of_trend.add(t, t);
            of_origin.add(a, a);
        }
        Some(Errors { t: of_trend.covariance().sqrt(), origin: of_origin.covariance().sqrt() })
    }
}
