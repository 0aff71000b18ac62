//! A dense cell: 430 thousand rows along tracks over 4096 children, all nine statistics.
#![expect(missing_docs, reason = "criterion's macros make undocumented items")]
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a bench may stop; rounding to f32 is meant")]

use std::hint::black_box;

use aggregate::{Floats, Reducer, ReducerLimits, Rows, Statistic, Weighting};
use criterion::{Criterion, criterion_group, criterion_main};

const ROWS: u32 = 430_000;
const BATCH: usize = 3_300;

type Batch = (Vec<u32>, Floats, Floats);

/// Children in runs, as along a ground track; heights near 3500 m.
fn batches() -> Vec<Batch> {
    let mut x = 1_u32;
    let (mut child, mut value, mut sigma) = (Vec::new(), Vec::new(), Vec::new());
    let mut cell = 0;
    for row in 0..ROWS {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if row % 50 == 0 {
            cell = x >> 20;
        }
        child.push(cell);
        value.push((3500.0 + f64::from(x >> 16) / 65536.0) as f32);
        sigma.push((f64::from(10 + (x >> 8 & 0xff)) / 1024.0) as f32);
    }
    let single = |rows: &[f32]| Floats::F32(rows.to_vec());
    let rows = child.chunks(BATCH).zip(value.chunks(BATCH).zip(sigma.chunks(BATCH)));
    rows.map(|(child, (value, sigma))| (child.to_vec(), single(value), single(sigma))).collect()
}

fn folded(batches: &[Batch]) -> Reducer {
    let mut reducer = Reducer::new(4096, Weighting::InverseVariance, ReducerLimits::default()).unwrap();
    for (child, value, sigma) in batches {
        reducer.fold(Rows::new(child, value, Some(sigma), None).unwrap()).unwrap();
    }
    reducer
}

fn bench(criterion: &mut Criterion) {
    let batches = batches();
    criterion.bench_function("fold 430k rows", |b| b.iter(|| folded(black_box(&batches))));
    let reducer = folded(&batches);
    criterion.bench_function("finish 430k rows, 4096 children", |b| {
        b.iter(|| black_box(&reducer).finish(&Statistic::STANDARD));
    });
    criterion.bench_function("finish_at 430k rows, 1 cell", |b| {
        b.iter(|| black_box(&reducer).finish_at(6, &Statistic::STANDARD));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
