//! Throughput of the filters on chunks as ICESat-2 granules have them: `cargo bench -p hdf5-pure --bench filters`.
//!
//! The chunks are the deflate and shuffle fixtures' kin made here: a latitude track as f64 and heights as f32, 10,000
//! elements each. Real chunks, if ../shared is there, are read by the tests; here only speed counts.

#![expect(clippy::expect_used, reason = "a bench may stop")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hdf5_pure::filters::{Context, Filter, decode};

/// Best of several rounds, in MB/s of decoded bytes.
fn measure(label: &str, filters: &[Filter], stored: &[u8], decoded_len: usize) {
    let context = Context { max_output: decoded_len, element_size: 0 };
    let mut best = f64::MAX;
    for _ in 0..7 {
        let (start, mut runs) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_millis(100) {
            black_box(decode(black_box(filters), 0, black_box(stored), &context).expect("a valid chunk"));
            runs += 1;
        }
        best = best.min(start.elapsed().as_secs_f64() / f64::from(runs));
    }
    println!("{label:28} {:8.0} MB/s", decoded_len as f64 / best / 1e6);
}

fn filter(id: u16, client_data: &[u32]) -> Filter {
    Filter { id, name: None, flags: 0, client_data: client_data.to_vec() }
}

/// A stored zlib stream of the bytes (no compression), to see the cost of the checksum alone.
fn stored_zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut parts = data.chunks(65_535).peekable();
    while let Some(part) = parts.next() {
        let len = u16::try_from(part.len()).expect("a short block");
        out.push(u8::from(parts.peek().is_none()));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(part);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), &x| {
        let a = (a + u32::from(x)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn main() {
    let track: Vec<u8> = (0..10_000_u32)
        .map(|i| -70.0 - f64::from(i) * 1.78e-4 + f64::from(i.wrapping_mul(2_654_435_761) >> 20) * 1e-11)
        .flat_map(f64::to_le_bytes)
        .collect();
    for size in [2, 3, 4, 8, 12, 16] {
        let len = track.len() / size as usize * size as usize;
        measure(&format!("unshuffle, {size}-byte elements"), &[filter(2, &[size])], &track[..len], len);
    }
    measure("bit unshuffle, 8 bytes", &[filter(32008, &[0, 3, 8, 0, 0])], &track, track.len());
    measure("inflate, stored blocks", &[filter(1, &[])], &stored_zlib(&track), track.len());
    for path in std::env::args().skip(1).filter(|a| !a.starts_with("--")) {
        bench_fixture(&path);
    }
}

/// Any zlib stream given on the command line.
fn bench_fixture(path: &str) {
    let stored = std::fs::read(path).expect("a readable file");
    let context = Context { max_output: 1 << 30, element_size: 0 };
    let deflate = [filter(1, &[])];
    let len = decode(&deflate, 0, &stored, &context).expect("a zlib stream").len();
    measure(path, &deflate, &stored, len);
}
