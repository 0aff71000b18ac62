use crate::grouping::Grouping;
use crate::sample::{Needs, Sample};
use crate::{Error, Rows, Statistic, StatisticTable};

/// Bounds on what one reduction may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReducerLimits {
    /// Rows of one parent, at 12 bytes each (16 while finishing). Values above `i32::MAX` act as `i32::MAX`, so that
    /// every count fits its column.
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
    max_rows: u32,
    child: Vec<u32>,
    value: Vec<f32>,
    sigma: Vec<f32>,
}

impl Reducer {
    /// A reducer without rows for a parent with `children` children (4096 from order 6 to order 12).
    ///
    /// # Errors
    /// [`Error::Children`] when there are none, or more than the limit.
    pub fn new(children: u32, limits: ReducerLimits) -> Result<Self, Error> {
        if children == 0 || children > limits.max_children {
            return Err(Error::Children { children, limit: limits.max_children });
        }
        let max_rows = limits.max_rows.min(i32::MAX.unsigned_abs());
        Ok(Self { children, max_rows, child: Vec::new(), value: Vec::new(), sigma: Vec::new() })
    }

    /// Adds rows. Batches come in canonical order (granule, track, row); a batch is taken whole or, on an error, not at
    /// all.
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
        self.reserve(rows.len())?;
        self.child.extend_from_slice(rows.child());
        self.value.extend_from_slice(rows.value());
        self.sigma.extend_from_slice(rows.sigma());
        Ok(())
    }

    /// Makes room for `rows` more rows, so that a caller who knows their number avoids growth by doubling.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the allocator refuses.
    pub fn reserve(&mut self, rows: usize) -> Result<(), Error> {
        let reserved = self
            .child
            .try_reserve(rows)
            .and_then(|()| self.value.try_reserve(rows))
            .and_then(|()| self.sigma.try_reserve(rows));
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
        let needs = Needs::of(statistics);
        let mut sample = Sample::default();
        for (cell, rows) in Grouping::new(&self.child, bits, cells).cells() {
            // The limit on rows keeps every count within i32.
            let Ok(count @ 1..) = i32::try_from(rows.len()) else { continue };
            sample.gather(rows, &self.value, &self.sigma, needs);
            table.set(cell, count, |statistic| sample.statistic(statistic));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reducer(children: u32, max_rows: u32) -> Reducer {
        Reducer::new(children, ReducerLimits { max_rows, ..ReducerLimits::default() }).unwrap()
    }

    #[test]
    fn a_row_outside_the_parent_is_refused_and_nothing_kept() {
        let mut reducer = reducer(4, 10);
        let rows = Rows::new(&[0, 4], &[1.0, 2.0], &[1.0, 1.0]).unwrap();
        assert_eq!(reducer.fold(rows), Err(Error::ChildOutOfRange { row: 1, child: 4, children: 4 }));
        assert_eq!(reducer.rows(), 0);
    }

    #[test]
    fn limits_hold() {
        assert_eq!(
            Reducer::new(0, ReducerLimits::default()).unwrap_err(),
            Error::Children { children: 0, limit: 1 << 20 }
        );
        assert!(Reducer::new((1 << 20) + 1, ReducerLimits::default()).is_err());
        let mut reducer = reducer(4, 3);
        let two = Rows::new(&[0, 1], &[1.0, 2.0], &[1.0, 1.0]).unwrap();
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
        let value = [f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY, 7.0, 8.0];
        reducer.fold(Rows::new(&child, &value, &[1.0, 1.0, 1.0, 1.0, 0.0, 2.0]).unwrap()).unwrap();
        let table = reducer.finish(&Statistic::STANDARD);
        for (statistic, values) in table.columns() {
            let nans = values.iter().filter(|v| v.is_nan());
            assert!(nans.into_iter().all(|v| v.to_bits() == 0x7fc0_0000), "{statistic:?}");
            assert!(values[3].is_finite(), "{statistic:?}");
        }
        assert_eq!(table.require(Statistic::WeightedMeanSigma).unwrap()[3].to_bits(), 2.0_f32.to_bits());
    }
}
