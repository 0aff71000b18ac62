use crate::grouping::Grouping;
use crate::sample::{Columns, Needs, Sample};
use crate::{Error, Floats, Rows, Statistic, StatisticTable, Weighting};
use std::collections::TryReserveError;

/// Bounds on what one reduction may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReducerLimits {
    /// Rows of one parent, at 12 bytes each with an `f32` value and sigma; finishing takes 4 bytes more a row, and 8 a row of
    /// the largest cell. Values above `i32::MAX` act as `i32::MAX`, so that every count fits its column.
    pub max_rows: u32,
    /// Children of one parent; each costs 4 bytes a statistic.
    pub max_children: u32,
}

impl Default for ReducerLimits {
    /// 2^31 - 1 rows and 4^10 children (order 6 to order 16).
    fn default() -> Self {
        Self { max_rows: i32::MAX.unsigned_abs(), max_children: 1 << 20 }
    }
}

/// Collects the rows of one parent cell and reduces them per child.
#[derive(Debug, Clone)]
pub struct Reducer {
    children: u32,
    weighting: Weighting,
    min_count: u32,
    max_rows: u32,
    child: Vec<u32>,
    value: Floats,
    /// As long as `child`, once a batch has had the column.
    sigma: Option<Floats>,
    weight: Option<Floats>,
}

impl Reducer {
    /// A reducer without rows for a parent with `children` children (4096 from order 6 to order 12).
    ///
    /// # Errors
    /// [`Error::Children`] when there are none, or more than the limit.
    pub fn new(children: u32, weighting: Weighting, limits: ReducerLimits) -> Result<Self, Error> {
        if children == 0 || children > limits.max_children {
            return Err(Error::Children { children, limit: limits.max_children });
        }
        let max_rows = limits.max_rows.min(i32::MAX.unsigned_abs());
        let (child, value) = (Vec::new(), Floats::new());
        Ok(Self { children, weighting, min_count: 1, max_rows, child, value, sigma: None, weight: None })
    }

    /// Leaves cells with fewer rows than this empty, of any order by their own rows; [`StatisticTable::sparse`] counts them.
    #[must_use]
    pub fn with_min_count(self, min_count: u32) -> Self {
        Self { min_count, ..self }
    }

    /// Adds rows. Batches come in canonical order (granule, track, row); a batch is taken whole or, on an error, not at
    /// all. Where some batches have a column and others lack it, the rows of these hold NaN. Weights that the weighting has
    /// no use for are not kept.
    ///
    /// # Errors
    /// [`Error::ChildOutOfRange`] for a row outside the parent, [`Error::TooManyRows`] above the limit,
    /// [`Error::OutOfMemory`] when the allocator refuses.
    pub fn fold(&mut self, rows: Rows<'_>) -> Result<(), Error> {
        if let Some(row) = rows.child().iter().position(|&child| child >= self.children) {
            return Err(Error::ChildOutOfRange { row, child: rows.child()[row], children: self.children });
        }
        if rows.len() > self.max_rows as usize - self.child.len() {
            return Err(Error::TooManyRows { limit: self.max_rows });
        }
        let refused = |_| Error::OutOfMemory { rows: rows.len() };
        let weight = rows.weight().filter(|_| self.weighting == Weighting::Given);
        // All room comes first, so that nothing is added in part.
        self.child.try_reserve(rows.len()).map_err(refused)?;
        self.value.make_room(rows.value()).map_err(refused)?;
        for (held, more) in [(&mut self.sigma, rows.sigma()), (&mut self.weight, weight)] {
            make_room(held, more, &self.child, rows.len()).map_err(refused)?;
        }
        self.child.extend_from_slice(rows.child());
        self.value.extend(rows.value()).map_err(refused)?;
        for (held, more) in [(&mut self.sigma, rows.sigma()), (&mut self.weight, weight)] {
            if let (Some(held), Some(more)) = (held.as_mut(), more) {
                held.extend(more).map_err(refused)?;
            }
            if let Some(held) = held {
                held.pad(self.child.len());
            }
        }
        Ok(())
    }

    /// Makes room for `rows` more rows, so that a caller who knows their number avoids growth by doubling.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the allocator refuses.
    pub fn reserve(&mut self, rows: usize) -> Result<(), Error> {
        let reserved = self.child.try_reserve(rows).and_then(|()| self.value.reserve(rows));
        reserved.map_err(|_| Error::OutOfMemory { rows })
    }

    /// Number of rows folded so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.child.len()
    }

    /// Number of children of the parent.
    #[must_use]
    pub fn children(&self) -> u32 {
        self.children
    }

    /// The statistics of every child. The rows stay: more may follow, and other orders may be asked for.
    #[must_use]
    pub fn finish(&self, statistics: &[Statistic]) -> StatisticTable {
        self.reduce(0, self.children as usize, statistics)
    }

    /// The statistics of every ancestor `shift` orders above the children (`child >> (2 * shift)`), computed from the
    /// rows: identical to folding the same rows with the ancestors' indices.
    ///
    /// # Errors
    /// [`Error::Shift`] when the number of children is not a multiple of `4^shift`.
    pub fn finish_at(&self, shift: u8, statistics: &[Statistic]) -> Result<StatisticTable, Error> {
        let wrong = Error::Shift { children: self.children, shift };
        let bits = 2 * u32::from(shift);
        if bits > self.children.trailing_zeros() {
            return Err(wrong);
        }
        Ok(self.reduce(bits, (self.children >> bits) as usize, statistics))
    }

    fn reduce(&self, bits: u32, cells: usize, statistics: &[Statistic]) -> StatisticTable {
        let mut table = StatisticTable::empty(cells, statistics);
        let needs = Needs::of(statistics, self.weighting);
        let columns = Columns { value: &self.value, sigma: self.sigma.as_ref(), weight: self.weight.as_ref() };
        let mut sample = Sample::default();
        for (cell, rows) in Grouping::new(&self.child, bits, cells).cells() {
            // The limit on rows keeps every count within i32.
            let Ok(count @ 1..) = i32::try_from(rows.len()) else { continue };
            if count.unsigned_abs() < self.min_count {
                table.skip(rows.len());
                continue;
            }
            sample.gather(rows, columns, needs);
            table.set(cell, count, |statistic| sample.statistic(statistic));
        }
        table
    }
}

/// Room for the numbers of a batch of `rows` rows in a column that need not be there, after the rows before. The column grows
/// with that of the children.
fn make_room(
    held: &mut Option<Floats>,
    more: Option<&Floats>,
    child: &Vec<u32>,
    rows: usize,
) -> Result<(), TryReserveError> {
    match (held.as_mut(), more) {
        (Some(held), Some(more)) => held.make_room(more),
        (Some(held), None) => held.reserve(rows),
        (None, Some(more)) if !more.is_empty() => {
            let mut new = Floats::new();
            new.make_room(more)?;
            new.reserve(child.capacity())?;
            new.pad(child.len());
            *held = Some(new);
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reducer(children: u32, max_rows: u32) -> Reducer {
        let limits = ReducerLimits { max_rows, ..ReducerLimits::default() };
        Reducer::new(children, Weighting::InverseVariance, limits).unwrap()
    }

    #[test]
    fn a_row_outside_the_parent_is_refused_and_nothing_kept() {
        let mut reducer = reducer(4, 10);
        let value = Floats::F32(vec![1.0, 2.0]);
        let rows = Rows::new(&[0, 4], &value, Some(&value), None).unwrap();
        assert_eq!(reducer.fold(rows), Err(Error::ChildOutOfRange { row: 1, child: 4, children: 4 }));
        assert_eq!(reducer.rows(), 0);
    }

    #[test]
    fn limits_hold() {
        let of = |children| Reducer::new(children, Weighting::default(), ReducerLimits::default());
        assert_eq!(of(0).unwrap_err(), Error::Children { children: 0, limit: 1 << 20 });
        assert!(of((1 << 20) + 1).is_err());
        let mut reducer = reducer(4, 3);
        let value = Floats::F32(vec![1.0, 2.0]);
        let two = Rows::new(&[0, 1], &value, Some(&value), None).unwrap();
        reducer.fold(two).unwrap();
        assert_eq!(reducer.fold(two), Err(Error::TooManyRows { limit: 3 }));
        assert_eq!(reducer.rows(), 2);
    }

    #[test]
    fn only_whole_ancestors_are_reduced() {
        let reducer = reducer(16, 10);
        assert_eq!(reducer.finish_at(2, &[]).unwrap().counts().len(), 1);
        assert_eq!(reducer.finish_at(3, &[]).unwrap_err(), Error::Shift { children: 16, shift: 3 });
        assert_eq!(reducer.finish_at(255, &[]).unwrap_err(), Error::Shift { children: 16, shift: 255 });
    }

    #[test]
    fn without_rows_everything_is_empty() {
        let table = reducer(16, 10).finish(&Statistic::STANDARD);
        assert_eq!((table.cells_with_data(), table.total_rows(), table.columns().len()), (0, 0, 8));
        assert!(table.columns().iter().flat_map(|(_, values)| values).all(|v| v.to_bits() == 0x7fc0_0000));
    }

    #[test]
    fn broken_preconditions_stay_in_their_cell() {
        let mut reducer = reducer(4, 10);
        let child = [0, 0, 1, 1, 2, 3];
        let value = Floats::F32(vec![f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY, 7.0, 8.0]);
        let sigma = Floats::F32(vec![1.0, 1.0, 1.0, 1.0, 0.0, 2.0]);
        reducer.fold(Rows::new(&child, &value, Some(&sigma), None).unwrap()).unwrap();
        let table = reducer.finish(&Statistic::STANDARD);
        for (statistic, values) in table.columns() {
            let nans = values.iter().filter(|v| v.is_nan());
            assert!(nans.into_iter().all(|v| v.to_bits() == 0x7fc0_0000), "{statistic:?}");
            assert!(values[3].is_finite(), "{statistic:?}");
        }
        assert_eq!(table.require(Statistic::WeightedMeanSigma).unwrap()[3].to_bits(), 2.0_f32.to_bits());
    }
    const SIGMA: Statistic = Statistic::WeightedMeanSigma;

    #[test]
    fn a_column_that_some_batches_lack_is_nan_in_their_rows_and_one_that_all_lack_is_not_kept() {
        let two = Floats::F32(vec![1.0, 3.0]);
        let limits = ReducerLimits::default();
        let mut reducer = Reducer::new(4, Weighting::Equal, limits).unwrap();
        let fold = |reducer: &mut Reducer, child: [u32; 2], sigma| {
            reducer.fold(Rows::new(&child, &two, sigma, Some(&two)).unwrap()).unwrap();
        };
        fold(&mut reducer, [0, 0], None);
        assert_eq!((reducer.sigma.as_ref(), reducer.weight.as_ref()), (None, None));
        assert!(reducer.finish(&[SIGMA]).require(SIGMA).unwrap()[0].is_nan());
        fold(&mut reducer, [1, 1], Some(&two));
        fold(&mut reducer, [1, 2], None);
        assert!(matches!(&reducer.sigma, Some(Floats::F32(sigma)) if sigma.len() == 6), "12 bytes a row");
        let table = reducer.finish(&[SIGMA, Statistic::WeightedMean]);
        assert!(table.require(SIGMA).unwrap()[..3].iter().all(|sigma| sigma.is_nan()));
        assert_eq!(table.require(Statistic::WeightedMean).unwrap()[..3], [2.0, 5.0 / 3.0, 3.0]);
    }

    #[test]
    fn one_number_that_is_no_f32_makes_its_column_wide_and_no_other() {
        let mut reducer = reducer(1, 10);
        let (narrow, wide) = (Floats::F32(vec![0.5]), Floats::F64(vec![0.1]));
        for value in [&narrow, &wide, &narrow] {
            reducer.fold(Rows::new(&[0], value, Some(&narrow), None).unwrap()).unwrap();
        }
        assert_eq!(reducer.value, Floats::F64(vec![0.5, 0.1, 0.5]));
        assert_eq!(reducer.sigma, Some(Floats::F32(vec![0.5; 3])));
    }

    #[test]
    fn cells_with_too_few_rows_are_empty_at_each_order_by_their_own_count() {
        let value = Floats::F32(vec![1.0; 5]);
        let mut all = reducer(16, 10).with_min_count(2);
        all.fold(Rows::new(&[0, 1, 1, 2, 15], &value, Some(&value), None).unwrap()).unwrap();
        let table = all.finish(&Statistic::STANDARD);
        assert_eq!((table.counts()[..3].to_vec(), table.counts()[15]), (vec![0, 2, 0], 0));
        assert_eq!((table.sparse(), table.sparse_rows(), table.total_rows(), table.cells_with_data()), (3, 3, 2, 1));
        assert!(table.columns().iter().all(|(_, values)| values[0].to_bits() == 0x7fc0_0000 && !values[1].is_nan()));
        let table = all.finish_at(1, &[]).unwrap();
        assert_eq!((table.counts(), table.sparse()), (&[4, 0, 0, 0][..], 1));
        for min_count in [0, 1] {
            assert_eq!(all.clone().with_min_count(min_count).finish(&[]).sparse(), 0);
        }
    }
}
