use crate::groups::Groups;
use crate::needs::Needs;
use crate::plan::{Cost, Piece, pieces};
use crate::sample::Sample;
use crate::stream::Stream;
use crate::survey::{Kind, Survey};
use crate::{Batches, Error, Statistic, StatisticTable, Weighting};
use std::ops::Range;

/// Whether more rows than memory holds are reduced; the browser, where size counts, goes without.
const BOUNDED: bool = cfg!(feature = "bounded");

/// Bounds on what one reduction may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReducerLimits {
    /// Children of one parent; each costs 4 bytes a statistic, and 24 while a level is finished.
    pub max_children: u32,
    /// Bytes for rows while a level is finished. A row takes 8 with an `f32` value and sigma, and 4 more in the largest cell
    /// where there are quantiles. What does not fit is read again, part by part, with the same result: below some MiB that
    /// takes many passes, and counters take up to 1 MiB however little this is.
    pub memory: u64,
}

impl Default for ReducerLimits {
    /// 4^10 children (order 6 to order 16), and no bound on memory.
    fn default() -> Self {
        Self { max_children: 1 << 20, memory: u64::MAX }
    }
}

/// Reduces the rows of one parent cell per child. It holds no rows: it goes through them as often as it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reducer {
    children: u32,
    weighting: Weighting,
    min_count: u32,
    memory: u64,
}

impl Reducer {
    /// A reducer for a parent with `children` children (4096 from order 6 to order 12).
    ///
    /// # Errors
    /// [`Error::Children`] when there are none, or more than the limit.
    pub fn new(children: u32, weighting: Weighting, limits: ReducerLimits) -> Result<Self, Error> {
        if children == 0 || children > limits.max_children {
            return Err(Error::Children { children, limit: limits.max_children });
        }
        Ok(Self { children, weighting, min_count: 1, memory: limits.memory })
    }

    /// Leaves cells with fewer rows than this empty, of any order by their own rows; [`StatisticTable::sparse`] counts them.
    #[must_use]
    pub fn with_min_count(self, min_count: u32) -> Self {
        Self { min_count, ..self }
    }

    /// Number of children of the parent.
    #[must_use]
    pub fn children(&self) -> u32 {
        self.children
    }

    /// The statistics of every child. Where some batches have a column and others lack it, the rows of these hold NaN.
    ///
    /// # Errors
    /// [`Error::ChildOutOfRange`] for a row outside the parent, [`Error::Count`] for a cell with more rows than its count holds,
    /// [`Error::OutOfMemory`] when the allocator refuses, [`Error::Unreadable`] when a pass has other rows than the one before,
    /// and what `rows` returns.
    pub fn finish(&self, rows: &(impl Batches + ?Sized), statistics: &[Statistic]) -> Result<StatisticTable, Error> {
        self.finish_at(rows, 0, statistics)
    }

    /// The statistics of every ancestor `shift` orders above the children (`child >> (2 * shift)`), computed from the
    /// rows: identical to those of the same rows with the ancestors' indices.
    ///
    /// # Errors
    /// [`Error::Shift`] when the number of children is not a multiple of `4^shift`, and those of [`finish`](Self::finish).
    pub fn finish_at(
        &self,
        rows: &(impl Batches + ?Sized),
        shift: u8,
        statistics: &[Statistic],
    ) -> Result<StatisticTable, Error> {
        let bits = 2 * u32::from(shift);
        if bits > self.children.trailing_zeros() {
            return Err(Error::Shift { children: self.children, shift });
        }
        let needs = Needs::of(statistics, self.weighting);
        let mut survey = Survey::of(rows, self.children, bits, &needs)?;
        let mut table = StatisticTable::empty(survey.rows.len(), statistics);
        self.count(&mut survey.rows, &mut table)?;
        if !needs.values {
            return Ok(table);
        }
        let row = survey.value.bytes() + survey.sigma.bytes() + survey.weight.bytes();
        let cost = Cost { row, largest: Sample::bytes(&needs, survey.value == Kind::F64) };
        let mut held = Held::new(&survey);
        let memory = if BOUNDED { self.memory } else { u64::MAX };
        for piece in pieces(&survey.rows, cost, memory) {
            match piece {
                Piece::Held(cells) => {
                    let counts = survey.rows.get(cells.clone()).unwrap_or_default();
                    held.groups.fill(rows, bits, cells.clone(), counts)?;
                    held.reduce(cells, counts, &needs, &mut table)?;
                }
                Piece::Alone(cell) if BOUNDED => {
                    // Its memory is for others now.
                    held = Held::new(&survey);
                    let all = survey.rows.get(cell).copied().unwrap_or(0);
                    let stream = Stream { source: rows, bits, cell, rows: all, memory: self.memory };
                    let figures = stream.figures(&needs)?;
                    table.set(cell, |statistic| figures.statistic(statistic, self.weighting));
                }
                // Without a bound everything fits.
                Piece::Alone(_) => {}
            }
        }
        Ok(table)
    }

    /// Stores the counts. Cells that are to stay empty have no rows from here on.
    fn count(&self, rows: &mut [u64], table: &mut StatisticTable) -> Result<(), Error> {
        for (cell, rows) in rows.iter_mut().enumerate().filter(|(_, rows)| **rows > 0) {
            if *rows < u64::from(self.min_count) {
                table.skip(*rows);
                *rows = 0;
            } else {
                table.count(cell, *rows)?;
            }
        }
        Ok(())
    }
}

/// Rows in memory, and what reduces them cell by cell.
struct Held {
    groups: Groups,
    sample: Sample,
}

impl Held {
    fn new(survey: &Survey) -> Self {
        Self { groups: Groups::new(survey), sample: Sample::default() }
    }

    fn reduce(
        &mut self,
        cells: Range<usize>,
        rows: &[u64],
        needs: &Needs,
        table: &mut StatisticTable,
    ) -> Result<(), Error> {
        for (cell, _) in cells.zip(rows).filter(|&(_, &rows)| rows > 0) {
            let figures = self.sample.figures(self.groups.part(cell), needs)?;
            table.set(cell, |statistic| figures.statistic(statistic, needs.weighting));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, Floats};

    const SIGMA: Statistic = Statistic::WeightedMeanSigma;

    fn reducer(children: u32) -> Reducer {
        Reducer::new(children, Weighting::InverseVariance, ReducerLimits::default()).unwrap()
    }

    fn batch(child: &[u32], value: &[f32], sigma: Option<&[f32]>) -> Batch {
        let column = |numbers: &[f32]| Floats::F32(numbers.to_vec());
        Batch { child: child.to_vec(), value: column(value), sigma: sigma.map(column), weight: None }
    }

    #[test]
    fn a_row_outside_the_parent_is_refused() {
        let rows = [batch(&[0], &[1.0], None), batch(&[0, 4], &[1.0, 2.0], None)];
        let found = reducer(4).finish(&rows[..], &[]);
        assert_eq!(found.unwrap_err(), Error::ChildOutOfRange { row: 1, child: 4, children: 4 });
    }

    #[test]
    fn limits_hold() {
        let of = |children| Reducer::new(children, Weighting::default(), ReducerLimits::default());
        assert_eq!(of(0).unwrap_err(), Error::Children { children: 0, limit: 1 << 20 });
        assert!(of((1 << 20) + 1).is_err());
    }

    #[test]
    fn only_whole_ancestors_are_reduced() {
        let (reducer, none) = (reducer(16), &[][..] as &[Batch]);
        assert_eq!(reducer.finish_at(none, 2, &[]).unwrap().counts().len(), 1);
        let wrong = |shift| reducer.finish_at(none, shift, &[]).unwrap_err();
        assert_eq!(wrong(3), Error::Shift { children: 16, shift: 3 });
        assert_eq!(wrong(255), Error::Shift { children: 16, shift: 255 });
    }

    #[test]
    fn without_rows_everything_is_empty() {
        for rows in [&[][..], &[Batch::default()]] {
            let table = reducer(16).finish(rows, &Statistic::STANDARD).unwrap();
            assert_eq!((table.cells_with_data(), table.total_rows(), table.columns().len()), (0, 0, 8));
            assert!(table.columns().iter().flat_map(|(_, values)| values).all(|v| v.to_bits() == 0x7fc0_0000));
        }
    }

    #[test]
    fn broken_preconditions_stay_in_their_cell() {
        let value = [f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY, 7.0, 8.0];
        let rows = [batch(&[0, 0, 1, 1, 2, 3], &value, Some(&[1.0, 1.0, 1.0, 1.0, 0.0, 2.0]))];
        let table = reducer(4).finish(&rows[..], &Statistic::STANDARD).unwrap();
        for (statistic, values) in table.columns() {
            let nans = values.iter().filter(|v| v.is_nan());
            assert!(nans.into_iter().all(|v| v.to_bits() == 0x7fc0_0000), "{statistic:?}");
            assert!(values[3].is_finite(), "{statistic:?}");
        }
        assert_eq!(table.require(SIGMA).unwrap()[3].to_bits(), 2.0_f32.to_bits());
    }

    #[test]
    fn a_column_that_some_batches_lack_is_nan_in_their_rows_and_one_that_all_lack_is_absent() {
        let two = [1.0, 3.0];
        let mut rows = vec![batch(&[0, 0], &two, None)];
        rows.push(batch(&[], &[], Some(&[])));
        let equal = Reducer::new(4, Weighting::Equal, ReducerLimits::default()).unwrap();
        let needs = Needs::of(&[SIGMA], Weighting::Equal);
        assert_eq!(Survey::of(&rows[..], 4, 0, &needs).unwrap().sigma, Kind::Absent);
        assert!(equal.finish(&rows[..], &[SIGMA]).unwrap().require(SIGMA).unwrap()[0].is_nan());
        rows.extend([batch(&[1, 1], &two, Some(&two)), batch(&[1, 2], &two, None)]);
        let table = equal.finish(&rows[..], &[SIGMA, Statistic::WeightedMean]).unwrap();
        assert!(table.require(SIGMA).unwrap()[..3].iter().all(|sigma| sigma.is_nan()));
        assert_eq!(table.require(Statistic::WeightedMean).unwrap()[..3], [2.0, 5.0 / 3.0, 3.0]);
    }

    #[test]
    fn one_number_that_is_no_f32_makes_its_column_wide_and_no_other() {
        let one = batch(&[0], &[0.5], Some(&[0.5]));
        let wide = Batch { value: Floats::F64(vec![0.1]), weight: Some(Floats::F64(vec![0.1])), ..one.clone() };
        let needs = Needs::of(&Statistic::STANDARD, Weighting::InverseVariance);
        let survey = Survey::of(&[one.clone(), wide, one][..], 1, 0, &needs).unwrap();
        assert_eq!((survey.value, survey.sigma, survey.weight), (Kind::F64, Kind::F32, Kind::Absent));
    }

    #[test]
    fn cells_with_too_few_rows_are_empty_at_each_order_by_their_own_count() {
        let ones = [1.0; 5];
        let rows = [batch(&[0, 1, 1, 2, 15], &ones, Some(&ones))];
        for memory in [u64::MAX, 0] {
            let limits = ReducerLimits { memory, ..ReducerLimits::default() };
            let all = Reducer::new(16, Weighting::InverseVariance, limits).unwrap().with_min_count(2);
            let table = all.finish(&rows[..], &Statistic::STANDARD).unwrap();
            assert_eq!((table.counts()[..3].to_vec(), table.counts()[15]), (vec![0, 2, 0], 0));
            let totals = (table.sparse(), table.sparse_rows(), table.total_rows(), table.cells_with_data());
            assert_eq!(totals, (3, 3, 2, 1));
            assert!(
                table.columns().iter().all(|(_, values)| values[0].to_bits() == 0x7fc0_0000 && !values[1].is_nan())
            );
            let table = all.finish_at(&rows[..], 1, &[]).unwrap();
            assert_eq!((table.counts(), table.sparse()), (&[4, 0, 0, 0][..], 1));
            for min_count in [0, 1] {
                assert_eq!(all.with_min_count(min_count).finish(&rows[..], &[]).unwrap().sparse(), 0);
            }
        }
    }
}
