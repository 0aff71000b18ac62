//! The columns of `f32` rows weighted by their inverse variance, to the bit: `unchanged.txt` holds hashes of those of the first
//! version of this crate, which knew no other rows. A line an order: how many orders up, counts, then the columns.
#![expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]

use aggregate::{Batch, Floats, Permille, Reducer, ReducerLimits, Statistic, Weighting};

/// FNV-1a.
fn hash(words: impl Iterator<Item = u32>) -> String {
    let bytes = words.flat_map(u32::to_le_bytes);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

/// Rough ground: some children have many rows, others none.
fn rows() -> (Vec<u32>, Vec<f32>, Vec<f32>) {
    let (mut child, mut value, mut sigma) = (Vec::new(), Vec::new(), Vec::new());
    let mut x = 1_u32;
    for _ in 0..40_000 {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let cell = (x >> 20) & (x >> 8);
        child.push(cell & 0xfff);
        value.push((f64::from(cell & 0xff) * 13.7 - 400.0 + f64::from(x >> 16) / 65536.0) as f32);
        sigma.push((f64::from(10 + (x >> 8 & 0xff)) / 1024.0) as f32);
    }
    (child, value, sigma)
}

#[test]
fn f32_rows_have_the_statistics_that_they_always_had() {
    let (child, value, sigma) = rows();
    let widened = |column: &[f32]| Floats::F64(column.iter().copied().map(f64::from).collect());
    let wide = (widened(&value), widened(&sigma));
    let mut statistics = Statistic::STANDARD.to_vec();
    statistics.push(Statistic::UnweightedMean);
    statistics.extend([25, 950].map(|permille| Statistic::Quantile(Permille::new(permille).unwrap())));
    for (value, sigma) in [(Floats::F32(value), Floats::F32(sigma)), wide] {
        let reducer = Reducer::new(4096, Weighting::InverseVariance, ReducerLimits::default()).unwrap();
        let rows = [Batch { child: child.clone(), value, sigma: Some(sigma), weight: None }];
        for (shift, expected) in (0..=6).zip(include_str!("unchanged.txt").lines()) {
            let table = reducer.finish_at(&rows[..], shift, &statistics).unwrap();
            let counts = hash(table.counts().iter().map(|count| count.unsigned_abs()));
            let columns = table.columns().iter().map(|(_, values)| hash(values.iter().map(|v| v.to_bits())));
            let found: Vec<String> = [shift.to_string(), counts].into_iter().chain(columns).collect();
            assert_eq!(found.join(" "), expected);
        }
    }
}
