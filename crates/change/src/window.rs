//! Heights of windows of time: h = a_w + b u + c v, one shared plane (or line, or none).

use crate::fit::Fit;
use crate::jackknife::Jackknife;
use crate::joint::{Joint, Scatter, squares, without_each};
use crate::trend::{Overpass, Trend};

/// Height of a cell in one window of time; NaN where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowHeight {
    /// Height of the shared plane at the cell's centre in this window, metres. Where the slope is fitted along a line only, the
    /// line's height at the centre's projection on it.
    pub height: f64,
    /// Its standard error, metres.
    pub se: f64,
}

impl WindowHeight {
    pub(crate) const NONE: Self = Self { height: f64::NAN, se: f64::NAN };
}

/// Rows of one overpass in one window.
struct Part {
    overpass: usize,
    window: usize,
    joint: Joint,
}

/// Covariance of the slopes.
#[derive(Default)]
struct Slopes {
    uu: Jackknife,
    uv: Jackknife,
    vv: Jackknife,
}

/// One height a window, in the frame of the trend: whatever `windows` is, of overpasses that are kept.
pub(crate) fn heights(trend: &Trend, overpasses: &[Overpass<'_>], windows: usize) -> Vec<WindowHeight> {
    let parts = parts(trend, overpasses, windows);
    let mut totals = vec![(Joint::default(), 0.0); windows];
    for part in &parts {
        if let Some((total, seen)) = totals.get_mut(part.window) {
            total.join(&part.joint);
            *seen += 1.0;
        }
    }
    let Some(fit) = pooled(trend, totals.iter().map(|(total, _)| total)) else {
        return vec![WindowHeight::NONE; windows];
    };
    let slopes = slopes(trend, &parts, &totals, &fit);
    let between = between(trend);
    let height = |(total, seen): &(Joint, f64)| {
        if *seen == 0.0 {
            return WindowHeight::NONE;
        }
        let [u, v, ..] = total.mean;
        let variance = slopes.as_ref().map_or(f64::NAN, |slopes| {
            let cross = 2.0 * (u * v * slopes.uv.covariance());
            between / seen + squares(u * u * slopes.uu.covariance() + cross + v * v * slopes.vv.covariance())
        });
        WindowHeight { height: fit.at_origin(total), se: variance.sqrt() }
    };
    totals.iter().map(height).collect()
}

/// Rows by overpass and window; those in no window are left out.
fn parts(trend: &Trend, overpasses: &[Overpass<'_>], windows: usize) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (overpass, records) in overpasses.iter().enumerate() {
        for record in records.iter().filter(|record| record.moments.count > 0.0) {
            let Some(window) = usize::try_from(record.window).ok().filter(|window| *window < windows) else { continue };
            let joint = trend.frame.project(&record.moments);
            match parts.last_mut().filter(|last| (last.overpass, last.window) == (overpass, window)) {
                Some(last) => last.joint.join(&joint),
                None => parts.push(Part { overpass, window, joint }),
            }
        }
    }
    parts
}

/// The shared slopes of windows: from their moments, each about its own means.
fn pooled<'a>(trend: &Trend, windows: impl Iterator<Item = &'a Joint>) -> Option<Fit> {
    let (mut count, mut sums): (f64, Scatter) = (0.0, [0.0; 10]);
    for window in windows {
        count += window.count;
        sums.iter_mut().zip(window.scatter).for_each(|(sum, part)| *sum += part);
    }
    if count == 0.0 {
        return None;
    }
    Fit::solve(&sums, count, trend.frame.used(false))
}

/// Covariance of the slopes by the jackknife over the overpasses that have rows in a window. `None` where they are not
/// determined without one of them.
fn slopes(trend: &Trend, parts: &[Part], totals: &[(Joint, f64)], fit: &Fit) -> Option<Slopes> {
    let slots: Vec<_> = parts.iter().map(|part| (part.window, part.joint)).collect();
    let rests = without_each(&slots, totals.len());
    let mut rests = rests.iter();
    let mut slopes = Slopes::default();
    for overpass in parts.chunk_by(|a, b| a.overpass == b.overpass) {
        let mut windows: Vec<&Joint> = totals.iter().map(|(total, _)| total).collect();
        for (part, rest) in overpass.iter().zip(rests.by_ref()) {
            if let Some(window) = windows.get_mut(part.window) {
                *window = rest;
            }
        }
        let other = pooled(trend, windows.into_iter())?;
        let (u, v) = (other.u - fit.u, other.v - fit.v);
        slopes.uu.add(u, u);
        slopes.uv.add(u, v);
        slopes.vv.add(v, v);
    }
    Some(slopes)
}

/// Variance between overpasses about the trend, square metres; NaN of two or fewer.
fn between(trend: &Trend) -> f64 {
    let residuals = trend.residuals();
    let (mut squares, mut free) = (0.0, -2.0);
    for residual in residuals {
        squares += residual * residual;
        free += 1.0;
    }
    if free > 0.0 { squares / free } else { f64::NAN }
}
