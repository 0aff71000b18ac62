//! Properties that hold for any rows.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use aggregate::{Batch, Floats, Reducer, ReducerLimits, Statistic, StatisticTable, Weighting};
use proptest::prelude::*;

const CHILDREN: u32 = 64;

type Row = (u32, f32, f32);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![-100.0_f32..4000.0, Just(0.0), Just(-0.0), Just(3500.25)];
    prop::collection::vec((0..CHILDREN, value, 0.001_f32..10.0), 0..400)
}

fn batch(rows: &[Row]) -> Batch {
    let child = rows.iter().map(|row| row.0).collect();
    let value = Floats::F32(rows.iter().map(|row| row.1).collect());
    let sigma = Floats::F32(rows.iter().map(|row| row.2).collect());
    Batch { child, value, sigma: Some(sigma), weight: None }
}

/// Of this number of children, an ancestor that many orders up each.
fn reduced(children: u32, rows: &[Batch], shift: u8, statistics: &[Statistic]) -> StatisticTable {
    let reducer = Reducer::new(children, Weighting::InverseVariance, ReducerLimits::default()).unwrap();
    reducer.finish_at(rows, shift, statistics).unwrap()
}

fn standard(rows: &[Row]) -> StatisticTable {
    reduced(CHILDREN, &[batch(rows)], 0, &Statistic::STANDARD)
}

/// Everything in a table, to the bit.
fn bits(table: &StatisticTable) -> (Vec<i32>, Vec<Vec<u32>>) {
    let columns = table.columns().iter().map(|(_, values)| values.iter().map(|v| v.to_bits()).collect());
    (table.counts().to_vec(), columns.collect())
}

proptest! {
    #[test]
    fn how_rows_are_split_into_batches_does_not_matter(rows in rows(), cuts in prop::collection::vec(0_usize..400, 0..6)) {
        let whole = standard(&rows);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
        cuts.sort_unstable();
        cuts.push(rows.len());
        let mut parts = Vec::new();
        let mut from = 0;
        for cut in cuts {
            parts.push(batch(&rows[from..cut]));
            from = cut;
        }
        prop_assert_eq!(bits(&reduced(CHILDREN, &parts, 0, &Statistic::STANDARD)), bits(&whole));
        prop_assert_eq!(whole.total_rows(), rows.len() as u64);
    }

    #[test]
    fn a_coarser_order_equals_reducing_with_coarser_ids(rows in rows(), shift in 0_u8..=3) {
        let coarse: Vec<Row> = rows.iter().map(|&(child, v, s)| (child >> (2 * shift), v, s)).collect();
        let direct = reduced(CHILDREN >> (2 * shift), &[batch(&coarse)], 0, &Statistic::STANDARD);
        let from_rows = reduced(CHILDREN, &[batch(&rows)], shift, &Statistic::STANDARD);
        prop_assert_eq!(bits(&from_rows), bits(&direct));
    }

    #[test]
    fn a_column_does_not_depend_on_the_others(rows in rows(), pick in 1_usize..9) {
        let statistic = Statistic::STANDARD[pick];
        let all = standard(&rows);
        let alone = reduced(CHILDREN, &[batch(&rows)], 0, &[statistic]);
        let to_bits = |table: &StatisticTable| -> Vec<u32> {
            table.column(statistic).unwrap().iter().map(|v| v.to_bits()).collect()
        };
        prop_assert_eq!(to_bits(&alone), to_bits(&all));
    }

    #[test]
    fn statistics_are_in_order(rows in rows()) {
        let table = standard(&rows);
        let column = |index: usize| &table.columns()[index].1;
        for (cell, &count) in table.counts().iter().enumerate() {
            if count == 0 {
                prop_assert!(table.columns().iter().all(|(_, values)| values[cell].to_bits() == 0x7fc0_0000));
                continue;
            }
            // Columns: min max mean sigma variance q25 q50 q75.
            let ascending = [0, 5, 6, 7, 1].map(|index| column(index)[cell]);
            prop_assert!(ascending.is_sorted(), "{:?}", ascending);
            prop_assert!(column(0)[cell] <= column(2)[cell] && column(2)[cell] <= column(1)[cell]);
            prop_assert!(column(3)[cell] > 0.0 && column(4)[cell] >= 0.0);
        }
    }

    #[test]
    fn any_bits_are_survived(rows in prop::collection::vec((0..CHILDREN, any::<u32>(), any::<u32>()), 0..100)) {
        let rows: Vec<Row> =
            rows.into_iter().map(|(child, v, s)| (child, f32::from_bits(v), f32::from_bits(s))).collect();
        let table = standard(&rows);
        let mut values = table.columns().iter().flat_map(|(_, values)| values);
        prop_assert!(values.all(|v| !v.is_nan() || v.to_bits() == 0x7fc0_0000));
    }
}
