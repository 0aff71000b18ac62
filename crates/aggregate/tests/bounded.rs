//! Bounded memory: the same tables to the bit, however little there is, and rows that are nowhere held.
#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may stop; rounding to f32 is meant")]

use std::cell::Cell;

use aggregate::{Batch, Batches, Error, Floats, Reducer, ReducerLimits, Rows, Statistic, StatisticTable, Weighting};
use proptest::prelude::*;

const CHILDREN: u32 = 16;

/// Counts how often the rows are gone through.
struct Counted<'a> {
    rows: &'a [Batch],
    passes: Cell<u32>,
}

impl Batches for Counted<'_> {
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.passes.set(self.passes.get() + 1);
        self.rows.each(take)
    }
}

fn all() -> Vec<Statistic> {
    let others = ["q2.5", "unweighted_mean", "std", "mad", "sum", "q00", "q99.9", "q100"];
    Statistic::STANDARD.into_iter().chain(others.map(|name| name.parse().unwrap())).collect()
}

/// The table, and the number of passes that it took.
fn finish(reducer: Reducer, rows: &[Batch], shift: u8, statistics: &[Statistic]) -> (StatisticTable, u32) {
    let counted = Counted { rows, passes: Cell::new(0) };
    let table = reducer.finish_at(&counted, shift, statistics).unwrap();
    (table, counted.passes.get())
}

fn reducer(children: u32, weighting: Weighting, memory: u64) -> Reducer {
    Reducer::new(children, weighting, ReducerLimits { memory, ..ReducerLimits::default() }).unwrap()
}

/// Everything in a table, to the bit.
fn bits(table: &StatisticTable) -> (Vec<i32>, Vec<Vec<u32>>, usize, u64) {
    let columns = table.columns().iter().map(|(_, values)| values.iter().map(|v| v.to_bits()).collect());
    (table.counts().to_vec(), columns.collect(), table.sparse(), table.sparse_rows())
}

/// Numbers that are alike, far apart, equal, zeros of both signs, and none.
fn number() -> impl Strategy<Value = f64> {
    let odd = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e-324, 0.1];
    prop_oneof![
        6 => (-100.0..4000.0).prop_map(|v: f64| f64::from(v as f32)),
        3 => 3500.0..3501.0,
        4 => Just(3500.25),
        1 => prop::sample::select(odd.to_vec()),
        1 => any::<u32>().prop_map(|bits| f64::from(f32::from_bits(bits))),
    ]
}

fn narrow() -> impl Strategy<Value = f32> {
    number().prop_map(|v| v as f32)
}

fn column(rows: usize) -> impl Strategy<Value = Floats> {
    prop_oneof![
        3 => prop::collection::vec(narrow(), rows).prop_map(Floats::F32),
        1 => prop::collection::vec(number(), rows).prop_map(Floats::F64),
    ]
}

fn batch() -> impl Strategy<Value = Batch> {
    (0_usize..60, 1_u32..=CHILDREN).prop_flat_map(|(rows, children)| {
        let child = prop::collection::vec(0..children, rows);
        let (sigma, weight) = (prop::option::of(column(rows)), prop::option::of(column(rows)));
        (child, column(rows), sigma, weight).prop_map(|(child, value, sigma, weight)| Batch {
            child,
            value,
            sigma,
            weight,
        })
    })
}

fn weighting() -> impl Strategy<Value = Weighting> {
    prop::sample::select(vec![Weighting::InverseVariance, Weighting::Given, Weighting::Equal])
}

proptest! {
    #[test]
    fn memory_does_not_matter(
        rows in prop::collection::vec(batch(), 0..6),
        weighting in weighting(),
        memory in prop_oneof![Just(0), 0_u64..4000],
        shift in 0_u8..=2,
        min_count in 0_u32..4,
    ) {
        let of = |memory| {
            finish(reducer(CHILDREN, weighting, memory).with_min_count(min_count), &rows, shift, &all())
        };
        let ((held, two), (table, passes)) = (of(u64::MAX), of(memory));
        prop_assert_eq!(bits(&table), bits(&held));
        prop_assert_eq!(two, 1 + u32::from(held.cells_with_data() > 0));
        if memory == 0 {
            // Sums, deviations, and distances from the median of each cell.
            prop_assert!(passes as usize > 2 * held.cells_with_data(), "{} passes", passes);
        }
        // As few statistics as need other passes.
        for statistic in all() {
            let few = |memory| finish(reducer(CHILDREN, weighting, memory), &rows, shift, &[statistic]).0;
            prop_assert_eq!(bits(&few(memory)), bits(&few(u64::MAX)), "{}", statistic);
        }
    }

    #[test]
    fn numbers_of_either_type_have_the_same_statistics(rows in prop::collection::vec(batch(), 0..4)) {
        let wide = |column: &Floats| Floats::F64(column.iter().collect());
        let widened: Vec<Batch> = rows
            .iter()
            .map(|batch| Batch { value: wide(&batch.value), sigma: batch.sigma.as_ref().map(wide), ..batch.clone() })
            .collect();
        let of = |rows: &[Batch], memory| finish(reducer(CHILDREN, Weighting::Equal, memory), rows, 0, &all()).0;
        prop_assert_eq!(bits(&of(&rows, u64::MAX)), bits(&of(&widened, u64::MAX)));
        prop_assert_eq!(bits(&of(&rows, 0)), bits(&of(&widened, 100)));
    }
}

#[test]
fn counts_need_one_pass_and_the_rest_two() {
    let rows = [Batch { child: vec![1, 2], value: Floats::F32(vec![1.0, 2.0]), ..Batch::default() }];
    let passes = |statistics: &[Statistic]| finish(reducer(4, Weighting::Equal, u64::MAX), &rows, 0, statistics).1;
    assert_eq!((passes(&[]), passes(&[Statistic::Count]), passes(&all())), (1, 1, 2));
    let few = reducer(4, Weighting::Equal, 0).with_min_count(2);
    assert_eq!(finish(few, &rows, 0, &all()).1, 1, "nothing is needed of cells that stay empty");
}

/// Rows made as they are asked for: heights of 16 mm steps in one cell, and one row in another.
struct Made(u32);

impl Batches for Made {
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error> {
        for first in (0..self.0).step_by(4096) {
            let rows = first..self.0.min(first + 4096);
            let height = |row: u32| (f64::from(row.wrapping_mul(2_654_435_761) >> 8) / 64.0 - 1000.0) as f32;
            let value = Floats::F32(rows.clone().map(height).collect());
            let sigma = Floats::F32(rows.clone().map(|row| (row % 64 + 1) as f32 / 64.0).collect());
            let child: Vec<u32> = rows.map(|row| u32::from(row == 77)).collect();
            take(Rows::new(&child, &value, Some(&sigma), None)?)?;
        }
        Ok(())
    }
}

#[test]
fn rows_that_do_not_fit_are_reduced_all_the_same() {
    let rows = if cfg!(debug_assertions) { 300_000 } else { 20_000_000 };
    let of = |memory| reducer(4, Weighting::InverseVariance, memory).finish(&Made(rows), &all()).unwrap();
    let table = of(1 << 20);
    assert_eq!(table.counts()[..2], [i32::try_from(rows).unwrap() - 1, 1]);
    assert_eq!(bits(&table), bits(&of(u64::MAX)));
}

/// A source whose later passes are not like the first.
struct Changing(Cell<u32>, [Batch; 2]);

impl Batches for Changing {
    fn each(&self, take: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        take(self.1[usize::from(left == 0)].rows()?)
    }
}

#[test]
fn rows_that_change_between_passes_are_an_error() {
    let batch = |child: &[u32], value: Floats| Batch { child: child.to_vec(), value, ..Batch::default() };
    let first = batch(&[0, 1, 1], Floats::F32(vec![1.0, 2.0, 4.0]));
    let others = [
        batch(&[0, 1], Floats::F32(vec![1.0, 2.0])),
        batch(&[0, 0, 1], Floats::F32(vec![1.0, 2.0, 4.0])),
        batch(&[0, 1, 1, 1], Floats::F32(vec![1.0; 4])),
        batch(&[3, 1, 9], Floats::F32(vec![1.0; 3])),
    ];
    for other in others {
        for (memory, passes) in [(u64::MAX, 1), (0, 1), (0, 2), (0, 3)] {
            let source = Changing(Cell::new(passes), [first.clone(), other.clone()]);
            let found = reducer(4, Weighting::Equal, memory).finish(&source, &all());
            assert!(matches!(found, Err(Error::Unreadable(_))), "{memory} {passes} {other:?}: {found:?}");
        }
    }
    // Of another type: an error where it was narrow, or the same numbers.
    let wide = Changing(Cell::new(1), [first, batch(&[0, 1, 1], Floats::F64(vec![1.0, 2.0, 4.0]))]);
    assert!(matches!(reducer(4, Weighting::Equal, u64::MAX).finish(&wide, &all()), Err(Error::Unreadable(_))));
}

/// A file that cannot be read.
struct Broken;

impl Batches for Broken {
    fn each(&self, _: &mut dyn FnMut(Rows<'_>) -> Result<(), Error>) -> Result<(), Error> {
        Err(Error::Unreadable("the disk is gone".to_owned()))
    }
}

#[test]
fn what_the_source_says_is_passed_on() {
    let found = reducer(4, Weighting::Equal, u64::MAX).finish(&Broken, &[]).unwrap_err();
    assert_eq!(found.to_string(), "cannot read the rows again: the disk is gone");
}
