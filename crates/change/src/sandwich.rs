//! The cluster-robust covariance (CR1), a test of the machinery: other software computes the same from rows.

use crate::OverpassMoments;
use crate::fit::Fit;
use crate::frame::{Frame, Surface};
use crate::trend::Trend;
use morton::LonLat;

/// Coefficients a, b, c, d of the plane with a trend and their covariance with errors clustered by overpass, with the
/// small-sample correction G / (G - 1) (N - 1) / (N - 4). `None` where there is no such fit.
#[doc(hidden)]
#[must_use]
pub fn sandwich(centre: LonLat, records: &[OverpassMoments]) -> Option<([f64; 4], [[f64; 4]; 4])> {
    let overpasses: Vec<_> = records.chunk_by(|a, b| a.overpass == b.overpass).collect();
    let trend = Trend::of(&Frame::plane(centre), &overpasses);
    if trend.frame.surface != Surface::Plane {
        return None;
    }
    let (fit, rows) = (trend.fit?, trend.whole);
    let [u0, v0, t0, _] = rows.mean;
    let mut covariance = [[0.0; 4]; 4];
    for (part, residual) in trend.parts.iter().zip(trend.residuals()) {
        let [u, v, t, _] = part.mean;
        let [uu, uv, ut, uh, vv, vt, vh, tt, th, _] = part.scatter;
        let sum = part.count * residual;
        // Sums of residuals times u, v and t less their means in all rows.
        let by_u = (uh - fit.u * uu - fit.v * uv - fit.t * ut) + sum * (u - u0);
        let by_v = (vh - fit.u * uv - fit.v * vv - fit.t * vt) + sum * (v - v0);
        let by_t = (th - fit.u * ut - fit.v * vt - fit.t * tt) + sum * (t - t0);
        // What these residuals add to each coefficient: least squares with them in the place of the heights.
        let mut scatter = rows.scatter;
        let [_, _, _, uh, _, _, vh, _, th, _] = &mut scatter;
        (*uh, *vh, *th) = (by_u, by_v, by_t);
        let part = Fit::solve(&scatter, rows.count, trend.frame.used(true))?;
        let origin = sum / rows.count - part.u * u0 - part.v * v0 - part.t * t0;
        let parts = [origin, part.u, part.v, part.t];
        for (row, one) in covariance.iter_mut().zip(parts) {
            row.iter_mut().zip(parts).for_each(|(cell, other)| *cell += one * other);
        }
    }
    let clusters = trend.parts.iter().fold(0.0, |count, _| count + 1.0);
    let correction = clusters / (clusters - 1.0) * ((rows.count - 1.0) / (rows.count - 4.0));
    Some(([fit.at_origin(&rows), fit.u, fit.v, fit.t], covariance.map(|row| row.map(|cell| cell * correction))))
}
