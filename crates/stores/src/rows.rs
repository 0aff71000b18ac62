//! Rows of arrays that were read in parts, put together.

use dggs_zarr::Column;

use crate::ArrayInfo;

/// Rows of a level that are wanted, as spans of consecutive ones in ascending order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<Span>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// Row of the array.
    first: u64,
    rows: usize,
    /// Row of the table.
    at: usize,
}

impl Span {
    fn end(self) -> u64 {
        self.first.saturating_add(self.rows as u64)
    }
}

impl Spans {
    pub(crate) const EMPTY: Self = Self(Vec::new());

    /// Rows that any of some ranges hold: first row and number of each.
    pub(crate) fn union(ranges: impl IntoIterator<Item = (u64, usize)>) -> Self {
        let mut ranges: Vec<(u64, usize)> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut spans = Self::default();
        for (first, rows) in ranges {
            let begin = spans.0.last().map_or(first, |last| last.end().max(first));
            let beyond = first.saturating_add(rows as u64).saturating_sub(begin);
            spans.push(begin, usize::try_from(beyond).unwrap_or(usize::MAX));
        }
        spans
    }

    /// Adds rows after those that are there.
    pub(crate) fn push(&mut self, first: u64, rows: usize) {
        let at = self.len();
        match self.0.last_mut() {
            _ if rows == 0 => {}
            Some(last) if last.end() == first => last.rows += rows,
            _ => self.0.push(Span { first, rows, at }),
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| last.at + last.rows)
    }

    /// The rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|span| span.first..span.end())
    }

    /// The objects of an array's first step that hold some of the rows, ascending.
    pub(crate) fn objects(&self, array: &ArrayInfo) -> impl Iterator<Item = u64> {
        let (rows, objects) = (array.rows_per_object, array.objects_along());
        let ranges = self.0.iter().scan(0, move |next: &mut u64, span| {
            let first = (span.first / rows).max(*next);
            let end = (span.end().saturating_sub(1) / rows).saturating_add(1).min(objects);
            *next = end.max(*next);
            Some(first..end)
        });
        ranges.flatten()
    }

    /// Puts what of a part of an array belongs to the rows into their column, where they begin at `base`; `first` is the first row
    /// of the part.
    pub(crate) fn put(&self, column: &mut Column, base: usize, first: u64, part: &Column) {
        let end = first.saturating_add(part.len() as u64);
        let begin = self.0.partition_point(|span| span.end() <= first);
        for span in self.0.iter().skip(begin).take_while(|span| span.first < end) {
            let (from, to) = (span.first.max(first), span.end().min(end));
            let length = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
            let at = base + span.at + length(from - span.first);
            if (from, to) == (first, end) {
                column.put(at, part);
            } else {
                let rows: Vec<usize> = (length(from - first)..length(to - first)).collect();
                column.put(at, &part.select(&rows));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn array(rows: u64, chunk: u64) -> ArrayInfo {
        let meta = json!({
            "shape": [rows], "data_type": "int16", "fill_value": -7,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [chunk]}},
            "chunk_key_encoding": {"name": "default"}, "codecs": [{"name": "bytes", "configuration": {"endian": "big"}}],
        });
        ArrayInfo::parse("a", &meta).unwrap()
    }

    #[test]
    fn parts_of_other_chunks_fill_the_rows() {
        let spans = Spans::union([(8, 4), (0, 4), (2, 4), (8, 4), (20, 1)]);
        assert_eq!(spans.rows().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 20]);
        assert_eq!(spans.len(), 11);
        let array = array(21, 5);
        assert_eq!(spans.objects(&array).collect::<Vec<_>>(), [0, 1, 2, 4]);
        let part = |first: i64, rows: i64| Column::I64((first..first + rows).collect());
        let mut column = array.fill(spans.len());
        for (first, part) in [(0, part(0, 5)), (5, part(5, 5)), (20, part(20, 1))] {
            spans.put(&mut column, 0, first, &part);
        }
        assert_eq!(column, Column::I64(vec![0, 1, 2, 3, 4, 5, 8, 9, -7, -7, 20]));
    }
}
