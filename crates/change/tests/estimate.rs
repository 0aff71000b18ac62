//! Estimates from records of made-up overpasses: what is given, what is not, and that bits do not depend on the way.
//! Numbers against other software: tests/python/change.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use change::{Change, ChangeRules, MomentSums, OverpassMoments, compose, estimate, on_ellipsoid};
use morton::LonLat;

const LON: f64 = -49.5;
const LAT: f64 = 69.25;

fn centre() -> LonLat {
    LonLat::degrees(LON, LAT).unwrap()
}

/// Numbers in -1..1 that look random, the same in every run.
fn noise(seed: u64) -> f64 {
    let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    f64::from((mixed >> 40) as u32) / f64::from(1_u32 << 23) - 1.0
}

/// An overpass of 30 rows along a line at this many metres across from the centre.
#[derive(Clone, Copy)]
struct Pass {
    overpass: i64,
    window: u32,
    across: f64,
    years: f64,
    bias: f64,
}

impl Pass {
    /// On ground that tilts by 0.02 and -0.01 m/m (by degrees) and sinks by 1.25 m a year, with 1 cm of noise.
    fn record(self) -> OverpassMoments {
        let mut sums = MomentSums::default();
        for i in 0..30_u32 {
            let seed = self.overpass.unsigned_abs() * 1000 + u64::from(i);
            let along = f64::from(i) * 40.0 - 600.0;
            let across = self.across + 0.1 * noise(seed + 500);
            let (lon, lat) = (LON + (across + 0.2 * along) / 39_500.0, LAT + along / 111_500.0);
            let h = 1500.0 + 0.02 * across - 0.01 * along - 1.25 * self.years + self.bias + 0.01 * noise(seed);
            sums.add(on_ellipsoid(LonLat::degrees(lon, lat).unwrap()), self.years, h);
        }
        OverpassMoments { overpass: self.overpass, window: self.window, moments: sums.finish() }
    }
}

/// Twelve overpasses.
fn passes() -> Vec<Pass> {
    many(12)
}

/// Overpasses, three a year, on two tracks 90 m apart; a window a year.
fn many(count: u32) -> Vec<Pass> {
    let pass = |i: u32| Pass {
        overpass: i64::from(i) - 4,
        window: i / 3,
        across: f64::from(i % 2) * 90.0,
        years: f64::from(i) / 3.0 + 0.01,
        bias: 0.02 * noise(u64::from(i) + 77),
    };
    (0..count).map(pass).collect()
}

fn records(passes: &[Pass]) -> Vec<OverpassMoments> {
    passes.iter().map(|pass| pass.record()).collect()
}

fn of(passes: &[Pass], windows: usize, rules: &ChangeRules) -> Change {
    estimate(centre(), &records(passes), windows, rules)
}

fn rules() -> ChangeRules {
    ChangeRules::default()
}

/// All that flags 1, 2 and 4 take away.
fn is_bare(change: &Change) -> bool {
    let numbers = [change.dhdt, change.dhdt_se, change.h_ref, change.h_ref_se, change.slope_east, change.slope_north];
    numbers.iter().all(|number| number.is_nan()) && change.windows.iter().all(|w| w.height.is_nan() && w.se.is_nan())
}

#[test]
fn a_known_trend_is_found_within_its_error() {
    let change = of(&passes(), 4, &rules());
    assert_eq!((change.flag, change.overpasses, change.edited), (0, 12, 0));
    assert!((change.dhdt + 1.25).abs() < 3.0 * change.dhdt_se && change.dhdt_se < 0.01, "{change:?}");
    assert!((change.h_ref - 1500.0).abs() < 0.05 && change.h_ref_se < 0.02, "{change:?}");
    assert!((change.span - 11.0 / 3.0).abs() < 1e-12);
    assert!(change.rmse > 0.005 && change.rmse < 0.03);
    for (window, years) in change.windows.iter().zip([0.0, 1.0, 2.0, 3.0]) {
        let truth = 1500.0 - 1.25 * (years + 1.0 / 3.0 + 0.01);
        assert!((window.height - truth).abs() < 4.0 * window.se && window.se < 0.2, "{window:?} {truth}");
    }
}

#[test]
fn the_error_is_that_of_leaving_out_overpasses() {
    let all = passes();
    let whole = of(&all, 0, &rules());
    let (mut trend, mut height) = (0.0, 0.0);
    for i in 0..all.len() {
        let rest: Vec<_> = all.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, pass)| *pass).collect();
        let rest = of(&rest, 0, &rules());
        trend += (rest.dhdt - whole.dhdt) * (rest.dhdt - whole.dhdt);
        height += (rest.h_ref - whole.h_ref) * (rest.h_ref - whole.h_ref);
    }
    for (found, sum) in [(whole.dhdt_se, trend), (whole.h_ref_se, height)] {
        let expected = (sum * 11.0 / 12.0).sqrt();
        assert!((found - expected).abs() < 1e-9 * expected, "{found} {expected}");
    }
}

#[test]
fn blunders_are_dropped_and_everything_is_of_the_rest() {
    let mut blundered = many(36);
    for (i, bias) in [(2, 40.0), (21, -15.0)] {
        blundered[i].bias = bias;
    }
    let rest: Vec<_> = blundered.iter().filter(|pass| pass.bias.abs() < 1.0).copied().collect();
    let (edited, clean) = (of(&blundered, 4, &rules()), of(&rest, 4, &rules()));
    assert_eq!(edited, Change { edited: 2, ..clean });
    let raw = of(&blundered, 4, &ChangeRules { edit: false, ..rules() });
    assert_eq!((raw.edited, raw.overpasses), (0, 36));
    assert!(raw.rmse > 5.0);
}

#[test]
fn editing_leaves_enough_for_a_fit() {
    let mut passes = passes();
    for pass in &mut passes {
        pass.years = 0.5;
    }
    for (i, bias) in [(3, 50.0), (9, -50.0)] {
        (passes[i].years, passes[i].bias) = (3.0, bias);
    }
    let change = of(&passes, 0, &rules());
    assert_eq!((change.edited, change.overpasses, change.flag), (0, 12, 0), "without the two all times are equal");
    assert!(change.rmse > 10.0 && change.dhdt_se > 5.0);
}

#[test]
fn a_line_and_a_place_have_a_trend_and_no_slope() {
    let line: Vec<_> = passes().into_iter().map(|pass| Pass { across: 300.0, ..pass }).collect();
    let change = of(&line, 4, &rules());
    assert_eq!(change.flag, Change::LINE);
    assert!((change.dhdt + 1.25).abs() < 3.0 * change.dhdt_se);
    assert!(
        [change.h_ref, change.h_ref_se, change.slope_east, change.slope_north].iter().all(|number| number.is_nan())
    );
    assert!(change.windows.iter().all(|window| window.height.is_finite() && window.se < 0.1));

    let place = |i: u32| {
        let mut sums = MomentSums::default();
        for j in 0..5 {
            sums.add(on_ellipsoid(centre()), f64::from(i), f64::from(i) * 2.0 + noise(u64::from(i * 5 + j)));
        }
        OverpassMoments { overpass: i.into(), window: i, moments: sums.finish() }
    };
    let change = estimate(centre(), &(0..8).map(place).collect::<Vec<_>>(), 8, &rules());
    assert_eq!(change.flag, Change::LINE);
    assert!((change.dhdt - 2.0).abs() < 3.0 * change.dhdt_se);
    assert!(
        change.windows.iter().zip(0..8_u32).all(|(w, i)| (w.height - 2.0 * f64::from(i)).abs() < 1.0 && w.se < 1.0)
    );
}

#[test]
fn flags_say_what_is_missing_and_keep_the_rest() {
    let few = of(&passes()[..4], 2, &rules());
    assert_eq!((few.flag, few.overpasses), (Change::FEW, 4));
    assert!(is_bare(&few) && few.rmse < 0.1 && few.span == 1.0, "{few:?}");
    let short = of(&passes(), 2, &ChangeRules { min_span: 5.0, ..rules() });
    assert!(short.flag == Change::SHORT && is_bare(&short) && short.rmse < 0.1);
    let rough = of(&passes(), 2, &ChangeRules { max_rmse: Some(0.001), ..rules() });
    assert!(rough.flag == Change::ROUGH && is_bare(&rough) && rough.rmse > 0.001);
    assert_eq!(of(&passes(), 2, &ChangeRules { max_rmse: Some(1.0), ..rules() }).flag, 0);
}

#[test]
fn a_trend_that_hangs_on_one_overpass_is_none() {
    let mut hanging = passes();
    for pass in &mut hanging[..11] {
        pass.years = 0.5;
    }
    let change = of(&hanging, 0, &rules());
    assert_eq!(change.flag, Change::SHORT);
    assert!(is_bare(&change) && change.rmse < 0.1 && change.span > 3.0);
    for pass in &mut hanging {
        pass.years = 0.5;
    }
    let change = of(&hanging, 0, &ChangeRules { min_span: 0.0, ..rules() });
    assert!(change.flag == Change::SHORT && change.rmse.is_nan() && change.span == 0.0);
}

#[test]
fn nothing_comes_of_nothing() {
    let change = estimate(centre(), &[], 3, &ChangeRules { min_overpasses: 0, min_span: 0.0, ..rules() });
    assert_eq!((change.flag, change.overpasses, change.edited), (Change::FEW | Change::SHORT, 0, 0));
    assert!(is_bare(&change) && change.rmse.is_nan() && change.span.is_nan() && change.windows.len() == 3);
    let mut records = records(&passes());
    records[3].moments = MomentSums::default().finish();
    let change = estimate(centre(), &records, 4, &rules());
    assert_eq!((change.flag, change.overpasses), (0, 11), "a record without rows is no overpass");
}

#[test]
fn an_overpass_in_two_windows_is_one() {
    let (mut parts, mut whole) = (Vec::new(), Vec::new());
    for pass in passes() {
        let (first, second) =
            (pass.record(), Pass { window: pass.window + 1, across: pass.across + 1.0, ..pass }.record());
        let mut both = first.moments;
        both.join(&second.moments);
        whole.push(OverpassMoments { moments: both, ..first });
        parts.extend([first, second]);
    }
    let (parts, whole) = (estimate(centre(), &parts, 5, &rules()), estimate(centre(), &whole, 5, &rules()));
    assert_eq!((parts.overpasses, parts.flag), (12, 0));
    for (a, b) in [(parts.dhdt, whole.dhdt), (parts.dhdt_se, whole.dhdt_se), (parts.h_ref_se, whole.h_ref_se)] {
        assert!((a - b).abs() < 1e-9 * b.abs(), "{a} {b}");
    }
    assert!(parts.windows.iter().all(|window| window.height.is_finite()));
    assert!(whole.windows.last().unwrap().height.is_nan(), "no rows in the last window");
}

#[test]
fn rows_in_no_window_are_in_the_trend_only() {
    let mut passes = passes();
    let all = of(&passes, 4, &rules());
    passes[11].window = 9;
    let less = of(&passes, 4, &rules());
    assert_eq!((less.dhdt.to_bits(), less.overpasses), (all.dhdt.to_bits(), 12));
    let without = of(&passes[..11], 4, &rules());
    assert!((less.windows[3].height - without.windows[3].height).abs() < 1e-9);
    assert!((less.windows[3].height - all.windows[3].height).abs() > 1e-6);
    assert_eq!(of(&passes, 0, &rules()).windows, []);
}

#[test]
fn coarser_cells_equal_their_rows() {
    let all = passes();
    let children: Vec<Vec<_>> = (0..4)
        .map(|child| {
            let mine = |pass: &Pass| Pass { across: pass.across + f64::from(child) * 700.0, bias: 0.0, ..*pass };
            all.iter().map(mine).map(Pass::record).collect()
        })
        .collect();
    let slices: Vec<&[_]> = children.iter().map(Vec::as_slice).collect();
    let composed = compose(&slices);
    assert_eq!((composed.len(), composed[0].moments.count()), (12, 120));
    let change = estimate(centre(), &composed, 4, &rules());
    assert!((change.dhdt + 1.25).abs() < 0.01 && change.flag == 0);
    let twice = estimate(centre(), &compose(&slices), 4, &rules());
    assert_eq!(change, twice);
}

#[test]
fn no_numbers_make_no_panic() {
    for bad in [f64::NAN, f64::INFINITY, 1e308, -1e200] {
        for place in 0..3 {
            let mut sums = MomentSums::default();
            let mut row = [6e6, 1.0, 1000.0];
            row[place] = bad;
            for i in 0..3_u32 {
                sums.add([row[0], f64::from(i), 0.0], row[1] + f64::from(i), row[2]);
            }
            let mut records = records(&passes());
            records[5].moments = sums.finish();
            let change = estimate(centre(), &records, 4, &rules());
            assert!(change.dhdt.is_nan() || change.dhdt.is_finite());
        }
    }
}
