//! Against NumPy in f64 (fixture by `make_numpy.py`): counts, extremes, quantiles and their like to the bit, the others within
//! one ulp.
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may stop; rounding to f32 is meant")]

use aggregate::{Batch, Floats, Reducer, ReducerLimits, Statistic, Weighting};

struct Case {
    name: String,
    value: Floats,
    sigma: Floats,
    weight: Floats,
    count: i32,
    expected: Vec<f32>,
}

fn singles(text: &str) -> Vec<f32> {
    text.split_whitespace().map(|word| f32::from_bits(u32::from_str_radix(word, 16).unwrap())).collect()
}

fn doubles(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|word| f64::from_bits(u64::from_str_radix(word, 16).unwrap())).collect()
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
    let column = |at: usize| match fields[1] {
        "f4" => Floats::F32(singles(fields[at])),
        _ => Floats::F64(doubles(fields[at])),
    };
    let (value, sigma, weight) = match fields[2].strip_prefix("lcg ").and_then(|rest| rest.split_once(' ')) {
        Some((seed, n)) => {
            let (value, sigma) = lcg(seed.parse().unwrap(), n.parse().unwrap());
            (Floats::F32(value), Floats::F32(sigma.clone()), Floats::F32(sigma))
        }
        None => (column(2), column(3), column(4)),
    };
    let (count, expected) = fields[5].split_once(' ').unwrap();
    Case { name: fields[0].into(), value, sigma, weight, count: count.parse().unwrap(), expected: singles(expected) }
}

/// Distance in units in the last place; values of one sign, or equal.
fn ulps(a: f32, b: f32) -> u32 {
    if a == b { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
}

/// Compares what the cases have from the column `from` on.
fn compare(cases: &[Case], weighting: Weighting, statistics: &[Statistic], from: usize) -> u32 {
    let children = u32::try_from(cases.len()).unwrap();
    let batch = |(child, case): (u32, &Case)| Batch {
        child: vec![child; case.value.len()],
        value: case.value.clone(),
        sigma: Some(case.sigma.clone()),
        weight: Some(case.weight.clone()),
    };
    let rows: Vec<Batch> = (0..).zip(cases).map(batch).collect();
    let reducer = Reducer::new(children, weighting, ReducerLimits::default()).unwrap();
    let table = reducer.finish(&rows[..], statistics).unwrap();
    let mut worst = 0;
    for (child, case) in cases.iter().enumerate() {
        assert_eq!(table.counts()[child], case.count, "{}", case.name);
        for ((statistic, values), &expected) in table.columns().iter().zip(&case.expected[from..]) {
            let distance = ulps(values[child], expected);
            let exact = matches!(
                statistic,
                Statistic::Min | Statistic::Max | Statistic::Quantile(_) | Statistic::MedianAbsoluteDeviation
            );
            let allowed = u32::from(!exact);
            let got = values[child];
            assert!(distance <= allowed, "{}: {statistic:?} is {got}, NumPy has {expected}", case.name);
            worst = worst.max(distance);
        }
    }
    worst
}

#[test]
fn all_statistics_match_numpy() {
    let cases: Vec<Case> = include_str!("numpy.txt").lines().map(case).collect();
    assert_eq!(cases.len(), 41);
    let mut all = Statistic::STANDARD.to_vec();
    all.extend(["unweighted_mean", "std", "mad", "sum"].map(|name| name.parse::<Statistic>().unwrap()));
    let means = [Statistic::WeightedMean, Statistic::WeightedMeanSigma];
    // Narrow columns beside wide ones are wide, and those alone stay narrow: the same numbers either way.
    let narrow = cases.iter().take_while(|case| matches!(case.value, Floats::F32(_))).count();
    for cases in [&cases[..], &cases[..narrow]] {
        let worst = compare(cases, Weighting::InverseVariance, &all, 0)
            .max(compare(cases, Weighting::Given, &means, 12))
            .max(compare(cases, Weighting::Equal, &means, 14));
        println!("worst distance: {worst} ulp over {} samples", cases.len());
    }
}

#[test]
fn a_row_without_its_sigma_leaves_its_cell_without_that_of_the_mean() {
    let (value, sigma) = (Floats::F64(vec![0.1, 0.3, 0.5]), Floats::F32(vec![0.5, f32::NAN, 0.25]));
    let ones = Floats::F32(vec![1.0; 3]);
    let rows = [Batch { child: vec![0, 0, 1], value, sigma: Some(sigma), weight: Some(ones) }];
    for weighting in [Weighting::Given, Weighting::Equal] {
        let reducer = Reducer::new(2, weighting, ReducerLimits::default()).unwrap();
        let table = reducer.finish(&rows[..], &Statistic::STANDARD).unwrap();
        let column = |statistic| table.require(statistic).unwrap();
        assert_eq!(column(Statistic::WeightedMean), [0.2, 0.5]);
        assert_eq!(column(Statistic::WeightedMeanSigma)[0].to_bits(), 0x7fc0_0000);
        assert_eq!(column(Statistic::WeightedMeanSigma)[1], 0.25);
    }
}
