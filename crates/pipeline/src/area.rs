//! The part of cells that a job is about: children that are kept, and rows that count.
use morton::{Cell, Order};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Which children the store of a region holds. Neither the region nor where it came from is part of it: equal cells give equal stores.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptProvenance {
    /// How the region cut its border: `centre` (children whose centre is inside), `touch` (that touch it), `rows` (those of which
    /// only rows inside count), `none` (all children of the parents).
    pub clip: String,
    /// Number of the children.
    pub cells: u64,
    /// SHA-256 of their nested ids, ascending, each as 8 bytes, little-endian; in hexadecimal digits.
    pub sha256: String,
}

/// A region of interest, as children of cells: nothing outside of it comes out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptArea {
    /// What identifies them; equal for the parts of one region.
    #[serde(flatten)]
    pub kept: KeptProvenance,
    /// Nested ids of the children, as half-open ranges that ascend: from, to.
    #[serde(with = "shared")]
    ranges: Arc<Vec<[u64; 2]>>,
    /// Which rows count, where the clip is `rows`.
    #[serde(skip)]
    rows: Option<RowTest>,
}

/// Whether the row at a longitude and latitude, degrees, counts.
#[derive(Clone)]
pub struct RowTest(pub Arc<dyn Fn(f64, f64) -> bool + Send + Sync>);

impl fmt::Debug for RowTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowTest")
    }
}

/// Equal where the region is: parts of it are cut by cells.
impl PartialEq for KeptArea {
    fn eq(&self, other: &Self) -> bool {
        self.kept == other.kept
    }
}

/// The clip of which rows are tested one by one.
const ROWS: &str = "rows";

impl KeptArea {
    /// These children, as half-open ranges of nested ids that ascend; `rows` decides which of their rows count.
    #[must_use]
    pub fn new(kept: KeptProvenance, ranges: impl IntoIterator<Item = [u64; 2]>, rows: Option<RowTest>) -> Self {
        Self { kept, ranges: Arc::new(ranges.into_iter().collect()), rows }
    }

    /// What a store states of a region, whose cells are not known: for documents, not for rows.
    #[must_use]
    pub fn stated(kept: KeptProvenance) -> Self {
        Self::new(kept, [], Some(RowTest(Arc::new(|_, _| false))))
    }

    /// Those of them that lie in a cell, where children are of an order.
    #[must_use]
    pub fn within(&self, cell: Cell, order: Order) -> Self {
        let children = cell.children(order).unwrap_or(0..0);
        let first = self.ranges.partition_point(|[_, to]| *to <= children.start);
        let meeting = self.ranges.iter().skip(first).take_while(|[from, _]| *from < children.end);
        let cut = meeting.map(|[from, to]| [(*from).max(children.start), (*to).min(children.end)]);
        Self { ranges: Arc::new(cut.collect()), ..self.clone() }
    }

    /// Those of them that lie in some cells.
    #[must_use]
    pub fn within_all(&self, cells: impl IntoIterator<Item = Cell>, order: Order) -> Self {
        let mut ranges: Vec<[u64; 2]> =
            cells.into_iter().flat_map(|cell| self.within(cell, order).ranges().to_vec()).collect();
        ranges.sort_unstable();
        ranges.dedup();
        Self { ranges: Arc::new(ranges), ..self.clone() }
    }

    /// What identifies the region alone.
    #[must_use]
    pub fn named(&self) -> Self {
        Self { ranges: Arc::default(), rows: None, ..self.clone() }
    }

    /// Nested ids of the children, as half-open ranges that ascend.
    #[must_use]
    pub fn ranges(&self) -> &[[u64; 2]] {
        &self.ranges
    }

    /// Whether a row in a child, at a longitude and latitude in degrees, counts.
    pub(crate) fn holds(&self, child: u64, longitude: f64, latitude: f64) -> bool {
        let at = self.ranges.partition_point(|[_, to]| *to <= child);
        let is_kept = self.ranges.get(at).is_some_and(|[from, _]| *from <= child);
        is_kept && self.rows.as_ref().is_none_or(|rows| rows.0(longitude, latitude))
    }

    /// Why a job cannot be of them.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let ascend = self.ranges.iter().all(|[from, to]| from < to) && self.ranges.is_sorted_by(|a, b| a[1] <= b[0]);
        if !ascend {
            return Some("the children of a region are ranges that ascend");
        }
        let untested = self.kept.clip == ROWS && self.rows.is_none();
        untested.then_some("clip `rows` tests rows against the region itself, which only a run on this machine has")
    }
}

/// A list that is shared, as the list.
mod shared {
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};
    use std::sync::Arc;

    pub(super) fn serialize<S: Serializer>(ranges: &Arc<Vec<[u64; 2]>>, out: S) -> Result<S::Ok, S::Error> {
        ranges.as_slice().serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Arc<Vec<[u64; 2]>>, D::Error> {
        Vec::deserialize(input).map(Arc::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_kept_by_their_ranges_and_cut_by_cells() {
        let kept = KeptProvenance { clip: "centre".into(), cells: 24, sha256: "x".into() };
        let all = KeptArea::new(kept, [[3, 5], [14, 34], [40, 42]], None);
        let held: Vec<u64> = (0..50).filter(|child| all.holds(*child, 0.0, 0.0)).collect();
        assert_eq!(held, [vec![3, 4], (14..34).collect(), vec![40, 41]].concat());
        let (cell, order) = (Cell::new(Order::new(1).unwrap(), 1).unwrap(), Order::new(3).unwrap());
        assert_eq!(all.within(cell, order).ranges(), [[16, 32]]);
        assert_eq!(all.within(cell, order), all, "the same region");
        assert_eq!(all.named().ranges().len(), 0);
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<KeptArea>(&text).unwrap().ranges(), all.ranges());
    }

    #[test]
    fn ranges_that_go_back_and_rows_that_cannot_be_tested_are_refused() {
        let kept = |clip: &str| KeptProvenance { clip: clip.into(), cells: 1, sha256: String::new() };
        for ranges in [vec![[3, 3]], vec![[5, 4]], vec![[0, 4], [3, 9]]] {
            assert!(KeptArea::new(kept("touch"), ranges, None).fault().is_some());
        }
        assert!(KeptArea::new(kept("rows"), [[0, 4]], None).fault().is_some());
        let test = RowTest(Arc::new(|longitude, _| longitude > 1.0));
        let rows = KeptArea::new(kept("rows"), [[0, 4]], Some(test));
        assert_eq!((rows.fault(), rows.holds(2, 2.0, 0.0), rows.holds(2, 1.0, 0.0)), (None, true, false));
    }
}
