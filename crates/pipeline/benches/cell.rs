//! A whole cell job from memory: the four bundled granules, 8,842 rows, 4,096 children; and its result as objects.
#![expect(missing_docs, reason = "criterion's macros make undocumented items")]
#![expect(clippy::unwrap_used, reason = "a bench may stop")]

use byte_ranges::{Cost, MemorySource};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use morton::Order;
use pipeline::{CellResult, Granule, Job, Tuning, run_cell, to_objects};
use std::hint::black_box;

const GRANULES: [(&str, &[u8]); 4] = [
    ("a.h5", include_bytes!("../../cli/demo/ATL06_20240123041319_03392212_990_01.h5")),
    ("b.h5", include_bytes!("../../cli/demo/ATL06_20240207154957_05752210_990_01.h5")),
    ("c.h5", include_bytes!("../../cli/demo/ATL06_20240211155304_06362210_990_01.h5")),
    ("d.h5", include_bytes!("../../cli/demo/ATL06_20240217040910_07202212_990_01.h5")),
];

fn cell(job: &Job) -> CellResult {
    let granules = GRANULES.map(|(name, bytes): (&str, &'static [u8])| {
        Granule::new(name, move || Ok(MemorySource::with_cost(Bytes::from_static(bytes), Cost::LOCAL)))
    });
    run_cell(&granules, job, &Tuning::default(), None, &()).now_or_never().unwrap().unwrap()
}

fn bench(criterion: &mut Criterion) {
    let product = toml::from_str(include_str!("../../products/built-in/ATL06.toml")).unwrap();
    let job = Job::new(product, "-6134114".parse().unwrap(), Order::new(12).unwrap()).unwrap();
    criterion.bench_function("cell job from memory", |b| b.iter(|| cell(black_box(&job))));
    let result = cell(&job);
    assert_eq!(result.ledger.totals.rows.used, 8842);
    criterion.bench_function("encode 4096 children, 11 arrays", |b| b.iter(|| to_objects(black_box(&result)).unwrap()));
}

criterion_group!(benches, bench);
criterion_main!(benches);
