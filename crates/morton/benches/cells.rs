//! Nanoseconds a point of the cell kernel: every level this machine has and the exact path, both latitudes, orders 12
//! and 18. `cargo bench -p morton`; the time printed is for 65,536 points.
#![expect(missing_docs, reason = "criterion's macros make public functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use morton::{InstructionSet, Latitude, Order, children_of, nested_of_at, nested_of_exact};
use std::hint::black_box;

const POINTS: usize = 65_536;

/// Uniform on the sphere, from a fixed xorshift sequence.
fn points() -> (Vec<f64>, Vec<f64>) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut unit = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..POINTS).map(|_| (unit() * 360.0 - 180.0, (2.0 * unit() - 1.0).asin().to_degrees())).unzip()
}

fn cells(c: &mut Criterion) {
    let (lon, lat) = points();
    let mut out = vec![0; POINTS];
    for order in [12, 18] {
        let Ok(order) = Order::new(order) else { continue };
        for latitude in [Latitude::Spherical, Latitude::Authalic] {
            let mut group = c.benchmark_group(format!("{latitude}/{order}"));
            group.throughput(Throughput::Elements(POINTS as u64));
            for level in [InstructionSet::Portable, InstructionSet::Avx2, InstructionSet::Avx512]
                .into_iter()
                .filter(|l| l.is_available())
            {
                group.bench_function(BenchmarkId::from_parameter(format!("{level:?}")), |b| {
                    b.iter(|| nested_of_at(level, order, latitude, (black_box(&lon), black_box(&lat)), &mut out));
                });
            }
            group.bench_function("exact", |b| {
                b.iter(|| nested_of_exact(order, latitude, black_box(&lon), black_box(&lat), &mut out));
            });
        }
    }
}

fn filter(c: &mut Criterion) {
    let (lon, lat) = points();
    let mut out = vec![0; POINTS];
    let (Ok(parent), Ok(child)) = ("-6134114".parse(), Order::new(12)) else { return };
    let mut group = c.benchmark_group("children_of");
    group.throughput(Throughput::Elements(POINTS as u64));
    group.bench_function("12", |b| {
        b.iter(|| children_of(parent, child, Latitude::Spherical, black_box(&lon), black_box(&lat), &mut out));
    });
}

criterion_group!(benches, cells, filter);
criterion_main!(benches);
