//! Against NumPy in f64 (fixture by `make_numpy.py`): counts, extremes and quantiles to the bit, the others within one ulp.
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may stop; rounding to f32 is meant")]

use aggregate::{Reducer, ReducerLimits, Rows, Statistic};

struct Case {
    name: String,
    value: Vec<f32>,
    sigma: Vec<f32>,
    count: i32,
    expected: Vec<f32>,
}

fn floats(text: &str) -> Vec<f32> {
    text.split_whitespace().map(|word| f32::from_bits(u32::from_str_radix(word, 16).unwrap())).collect()
}

/// The generator's `lcg`, step by step.
fn lcg(seed: u32, n: usize) -> (Vec<f32>, Vec<f32>) {
    let mut x = seed;
    let mut next = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let height = 3500.0 + f64::from(x >> 16) / 65536.0 * 0.007_812_5;
        (height as f32, (f64::from(10 + (x >> 8 & 0xff)) / 1024.0) as f32)
    };
    (0..n).map(|_| next()).unzip()
}

fn case(line: &str) -> Case {
    let fields: Vec<&str> = line.split('|').collect();
    let (value, sigma) = match fields[1].strip_prefix("lcg ").and_then(|rest| rest.split_once(' ')) {
        Some((seed, n)) => lcg(seed.parse().unwrap(), n.parse().unwrap()),
        None => (floats(fields[1]), floats(fields[2])),
    };
    let (count, expected) = fields[3].split_once(' ').unwrap();
    Case { name: fields[0].into(), value, sigma, count: count.parse().unwrap(), expected: floats(expected) }
}

/// Distance in units in the last place; values of one sign, or equal.
fn ulps(a: f32, b: f32) -> u32 {
    if a == b { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
}

#[test]
fn all_statistics_match_numpy() {
    let cases: Vec<Case> = include_str!("numpy.txt").lines().map(case).collect();
    assert_eq!(cases.len(), 31);
    let mut reducer = Reducer::new(u32::try_from(cases.len()).unwrap(), ReducerLimits::default()).unwrap();
    for (child, case) in (0..).zip(&cases) {
        let child = vec![child; case.value.len()];
        reducer.fold(Rows::new(&child, &case.value, &case.sigma).unwrap()).unwrap();
    }
    let table = reducer.finish(&Statistic::STANDARD);
    let mut worst = 0;
    for (child, case) in cases.iter().enumerate() {
        assert_eq!(table.counts()[child], case.count, "{}", case.name);
        for ((statistic, values), &expected) in table.columns().iter().zip(&case.expected) {
            let distance = ulps(values[child], expected);
            let exact = matches!(statistic, Statistic::Min | Statistic::Max | Statistic::Quantile(_));
            let allowed = u32::from(!exact);
            let got = values[child];
            assert!(distance <= allowed, "{}: {statistic:?} is {got}, NumPy has {expected}", case.name);
            worst = worst.max(distance);
        }
    }
    println!("worst distance: {worst} ulp over {} samples", cases.len());
}
