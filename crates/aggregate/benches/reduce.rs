//! A dense cell: rows over 4096 children, all nine statistics.
#![expect(missing_docs, reason = "criterion's macros make undocumented items")]
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a bench may stop; rounding to f32 is meant")]

use std::hint::black_box;

use aggregate::{Batch, Floats, Reducer, ReducerLimits, Statistic, Weighting};
use criterion::{Criterion, criterion_group, criterion_main};

const BATCH: usize = 3_300;

/// Heights near 3500 m; `run` rows after one another in one child, as along a ground track.
fn batches(rows: u32, run: u32) -> Vec<Batch> {
    let mut x = 1_u32;
    let (mut child, mut value, mut sigma) = (Vec::new(), Vec::new(), Vec::new());
    let mut cell = 0;
    for row in 0..rows {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if row % run == 0 {
            cell = x >> 20;
        }
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        child.push(cell);
        value.push((3500.0 + f64::from(x >> 16) / 65536.0) as f32);
        sigma.push((f64::from(10 + (x >> 8 & 0xff)) / 1024.0) as f32);
    }
    let rows = child.chunks(BATCH).zip(value.chunks(BATCH).zip(sigma.chunks(BATCH)));
    let single = |numbers: &[f32]| Floats::F32(numbers.to_vec());
    let batch = |child: &[u32], value: &[f32], sigma: &[f32]| Batch {
        child: child.to_vec(),
        value: single(value),
        sigma: Some(single(sigma)),
        weight: None,
    };
    rows.map(|(child, (value, sigma))| batch(child, value, sigma)).collect()
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("finish");
    group.sample_size(10);
    let reducer = |memory| {
        let limits = ReducerLimits { memory, ..ReducerLimits::default() };
        Reducer::new(4096, Weighting::InverseVariance, limits).unwrap()
    };
    let (held, bounded) = (reducer(u64::MAX), reducer(16 << 20));
    let cases = [("430k along tracks", 430_000, 50), ("8M along tracks", 8_000_000, 50), ("8M random", 8_000_000, 1)];
    for (name, rows, run) in cases {
        let batches = batches(rows, run);
        for (memory, reducer) in [("", &held), (", 16 MiB", &bounded)] {
            for (cells, shift) in [("4096 children", 0), ("1 cell", 6)] {
                group.bench_function(format!("{name}, {cells}{memory}"), |b| {
                    b.iter(|| reducer.finish_at(black_box(&batches[..]), shift, &Statistic::STANDARD).unwrap());
                });
            }
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
