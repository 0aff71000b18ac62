//! What a cell's records say of its change.

use crate::edit::edit;
use crate::frame::{Frame, Surface};
use crate::trend::{Overpass, Trend};
use crate::window::heights;
use crate::{ChangeRules, OverpassMoments, WindowHeight};
use morton::LonLat;

/// Height change of a cell. What the flag does not allow is NaN. Everything is of the overpasses that editing kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Trend, metres a year of 365.25 days.
    pub dhdt: f64,
    /// Standard error of the trend by the jackknife over overpasses, metres a year.
    pub dhdt_se: f64,
    /// Height of the fitted plane at the cell's centre at the epoch, metres.
    pub h_ref: f64,
    /// Repeatability of `h_ref` by the jackknife, metres. It says nothing about ground that no row has
    /// sampled: see `rmse`.
    pub h_ref_se: f64,
    /// Slope of the ground towards east, metres a metre.
    pub slope_east: f64,
    /// Slope of the ground towards north, metres a metre.
    pub slope_north: f64,
    /// Root mean square of the residuals of the rows, metres; NaN only where there is no fit at all.
    pub rmse: f64,
    /// Years between the mean times of the first and the last overpass; NaN without any.
    pub span: f64,
    /// Overpasses that are kept.
    pub overpasses: u32,
    /// Overpasses that were dropped.
    pub edited: u32,
    /// Bits [`Change::FEW`], [`Change::SHORT`], [`Change::ROUGH`], [`Change::LINE`]; 0: good.
    pub flag: u8,
    /// One for each window.
    pub windows: Vec<WindowHeight>,
}

impl Change {
    /// Fewer overpasses than asked for, or none. Nothing is given but rmse, span and counts.
    pub const FEW: u8 = 1;
    /// A span shorter than asked for, a trend that hangs on one overpass (without it there is no fit), or no fit at all.
    /// Nothing is given but rmse, span and counts.
    pub const SHORT: u8 = 2;
    /// A greater rmse than asked for. Nothing is given but rmse, span and counts.
    pub const ROUGH: u8 = 4;
    /// Rows spread less than 1 m across a line (square root of the smaller eigenvalue of their covariance): the slope is fitted
    /// along it only, or, where they spread less than 1 m along it too, not at all. There are no `slope_*` and no `h_ref*`.
    pub const LINE: u8 = 8;
}

/// Estimates the height change of the cell with this centre (geodetic) from its records, which ascend by (overpass, window).
/// Records of one overpass in several windows are one overpass. `windows` is how many windows have a height: with 0, none.
/// A record whose window is not below it is part of the trend, and of no window.
#[must_use]
pub fn estimate(centre: LonLat, records: &[OverpassMoments], windows: usize, rules: &ChangeRules) -> Change {
    let plane = Frame::plane(centre);
    let mut overpasses: Vec<Overpass<'_>> = records.chunk_by(|a, b| a.overpass == b.overpass).collect();
    overpasses.retain(|records| records.iter().any(|record| record.moments.count > 0.0));
    let all = overpasses.len();
    let trend = if rules.edit { edit(&plane, &mut overpasses) } else { Trend::of(&plane, &overpasses) };
    let errors = trend.errors();

    let mut change = Change {
        rmse: trend.rmse(),
        span: trend.span(),
        overpasses: u32::try_from(overpasses.len()).unwrap_or(u32::MAX),
        edited: u32::try_from(all - overpasses.len()).unwrap_or(u32::MAX),
        ..nothing(windows)
    };
    if change.overpasses < rules.min_overpasses.max(1) {
        change.flag |= Change::FEW;
    }
    if change.span.is_nan() || change.span < rules.min_span || errors.is_none() {
        change.flag |= Change::SHORT;
    }
    if rules.max_rmse.is_some_and(|most| change.rmse > most) {
        change.flag |= Change::ROUGH;
    }
    if trend.frame.surface != Surface::Plane && all > 0 {
        change.flag |= Change::LINE;
    }
    let (Some(fit), Some(errors)) = (trend.fit, errors) else { return change };
    if change.flag & !Change::LINE != 0 {
        return change;
    }
    (change.dhdt, change.dhdt_se) = (fit.t, errors.t);
    if change.flag == 0 {
        (change.h_ref, change.h_ref_se) = (fit.at_origin(&trend.whole), errors.origin);
        (change.slope_east, change.slope_north) = (fit.u, fit.v);
    }
    if windows > 0 {
        change.windows = heights(&trend, &overpasses, windows);
    }
    change
}

/// All NaN.
fn nothing(windows: usize) -> Change {
    Change {
        dhdt: f64::NAN,
        dhdt_se: f64::NAN,
        h_ref: f64::NAN,
        h_ref_se: f64::NAN,
        slope_east: f64::NAN,
        slope_north: f64::NAN,
        rmse: f64::NAN,
        span: f64::NAN,
        overpasses: 0,
        edited: 0,
        flag: 0,
        windows: vec![WindowHeight::NONE; windows],
    }
}
