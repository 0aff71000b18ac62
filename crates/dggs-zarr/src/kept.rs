//! Which cells of an order a store holds, where they are not all children of its parents.
use std::ops::Range;

use morton::Order;

use crate::Error;

/// Some cells of one order in ascending order of their nested ids: each is a row, the first one row 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCells {
    order: Order,
    /// Ascending, with gaps between them.
    ranges: Vec<Range<u64>>,
    /// The row of the first cell of each range.
    rows: Vec<u64>,
    len: u64,
}

impl KeptCells {
    /// The cells whose nested ids are in ascending ranges that do not overlap.
    ///
    /// # Errors
    /// [`Error::Empty`] without cells, [`Error::CellId`] for a range that is empty, out of order, or beyond the last cell.
    pub fn new(order: Order, ranges: impl IntoIterator<Item = Range<u64>>) -> Result<Self, Error> {
        let mut kept = Self { order, ranges: Vec::new(), rows: Vec::new(), len: 0 };
        for range in ranges {
            let wrong = |reason| {
                let row = usize::try_from(kept.len).unwrap_or(usize::MAX);
                Err(Error::CellId { order, id: range.start, row, reason })
            };
            let end = kept.ranges.last().map_or(0, |last| last.end);
            if range.start < end || range.is_empty() {
                return wrong("does not ascend");
            }
            if range.end > order.cells() {
                return wrong("is no cell of that order, or one after it");
            }
            kept.push(range);
        }
        if kept.len == 0 {
            return Err(Error::Empty { what: format!("order {order}") });
        }
        Ok(kept)
    }

    /// The cells with these nested ids, which ascend.
    ///
    /// # Errors
    /// As [`KeptCells::new`].
    pub fn of_ids(order: Order, ids: impl IntoIterator<Item = u64>) -> Result<Self, Error> {
        Self::new(order, ids.into_iter().map(|id| id..id.saturating_add(1)))
    }

    /// Appends cells beyond the last.
    fn push(&mut self, range: Range<u64>) {
        let cells = range.end - range.start;
        match self.ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => {
                self.rows.push(self.len);
                self.ranges.push(range);
            }
        }
        self.len += cells;
    }

    /// The order of the cells.
    #[must_use]
    pub const fn order(&self) -> Order {
        self.order
    }

    /// Number of cells, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always a cell")]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// The ranges of nested ids, as few as there can be.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }

    /// The nested ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.ranges.iter().cloned().flatten()
    }

    /// Whether a cell is among them, by its nested id.
    #[must_use]
    pub fn has(&self, id: u64) -> bool {
        self.before(id.saturating_add(1)) > self.before(id)
    }

    /// The cells of a coarser order (or the same) that some cell lies in.
    ///
    /// # Errors
    /// [`Error::Order`] for a finer order.
    pub fn parents(&self, order: Order) -> Result<Self, Error> {
        let finer = Error::Order { order, reason: "is finer than the cells" };
        let shift = 2 * u32::from(self.order.get().checked_sub(order.get()).ok_or(finer)?);
        let mut kept = Self { order, ranges: Vec::new(), rows: Vec::new(), len: 0 };
        for range in &self.ranges {
            let (first, last) = (range.start >> shift, (range.end - 1) >> shift);
            // The parent of the cells before may be that of the first of these.
            let first = first.max(kept.ranges.last().map_or(0, |last| last.end));
            if first <= last {
                kept.push(first..last + 1);
            }
        }
        Ok(kept)
    }

    /// The rows of the cells with ids in a range: as many as there are, from 0 to all of them.
    #[must_use]
    pub fn rows_of(&self, ids: Range<u64>) -> Range<u64> {
        self.before(ids.start)..self.before(ids.end.max(ids.start))
    }

    /// The ids in a range that are kept, ascending.
    pub fn ids_of(&self, ids: Range<u64>) -> impl Iterator<Item = u64> {
        let from = self.ranges.partition_point(|range| range.end <= ids.start);
        let parts = self.ranges.iter().skip(from).take_while({
            let end = ids.end;
            move |range| range.start < end
        });
        parts.flat_map(move |range| range.start.max(ids.start)..range.end.min(ids.end))
    }

    /// How many cells have smaller ids.
    fn before(&self, id: u64) -> u64 {
        let at = self.ranges.partition_point(|range| range.start < id);
        let Some(last) = at.checked_sub(1) else { return 0 };
        match (self.ranges.get(last), self.rows.get(last)) {
            (Some(range), Some(row)) => row + (id.min(range.end) - range.start),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(order: u8) -> Order {
        Order::new(order).unwrap()
    }

    #[test]
    fn rows_are_the_places_of_the_ids() {
        let kept = KeptCells::new(order(3), [2..5, 5..6, 9..10, 700..768]).unwrap();
        assert_eq!((kept.ranges(), kept.len()), (&[2..6, 9..10, 700..768][..], 73));
        let ids: Vec<u64> = kept.ids().collect();
        for start in (0..12).chain([699, 700, 767, 768, u64::MAX]) {
            for end in (start..start.saturating_add(9)).chain([768]) {
                let wanted: Vec<u64> = ids.iter().copied().filter(|id| (start..end).contains(id)).collect();
                let rows = kept.rows_of(start..end);
                assert_eq!(rows.end - rows.start, wanted.len() as u64, "{start}..{end}");
                assert!(
                    wanted
                        .first()
                        .is_none_or(|id| ids.iter().position(|held| held == id) == usize::try_from(rows.start).ok())
                );
                assert_eq!(kept.ids_of(start..end).collect::<Vec<_>>(), wanted);
            }
            assert_eq!(kept.has(start), ids.contains(&start));
        }
    }

    #[test]
    fn parents_are_those_of_the_ids_each_once() {
        let kept = KeptCells::new(order(3), [2..3, 5..6, 7..9, 11..12, 700..768]).unwrap();
        for coarser in [3, 2, 1, 0] {
            let parents = kept.parents(order(coarser)).unwrap();
            let mut wanted: Vec<u64> = kept.ids().map(|id| id >> (2 * (3 - coarser))).collect();
            wanted.dedup();
            assert_eq!(parents.ids().collect::<Vec<_>>(), wanted);
            assert_eq!(parents.len(), wanted.len() as u64);
        }
        assert!(kept.parents(order(4)).is_err());
    }

    #[test]
    fn ranges_that_are_none_are_errors() {
        let of = |ranges: &[[u64; 2]]| KeptCells::new(order(0), ranges.iter().map(|[start, end]| *start..*end));
        assert!(matches!(of(&[]), Err(Error::Empty { .. })));
        for wrong in [&[[3, 3]][..], &[[5, 3]], &[[3, 5], [4, 6]], &[[7, 8], [3, 4]], &[[11, 13]], &[[0, u64::MAX]]] {
            assert!(matches!(of(wrong), Err(Error::CellId { .. })), "{wrong:?}");
        }
        assert_eq!(of(&[[0, 12]]).unwrap().len(), 12);
    }
}
