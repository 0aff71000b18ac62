//! Parts of datasets, with strides.
use super::grid::dims;
use crate::{Dataset, Error, Selection};
use std::ops::{Bound, RangeBounds};

/// A part of a dataset: in each dimension `count` elements from `start` on, `stride` apart.
///
/// ```
/// # let file = hdf5_pure::File::from_bytes(std::fs::read("tests/fixtures/btree1.h5")?)?;
/// use hdf5_pure::Hyperslab;
///
/// let dataset = file.dataset("/filtered")?;
/// // Rows 100, 110, ... 190.
/// let part = Hyperslab::rows(&dataset, 100..200).every(0, 10);
/// assert_eq!(part.count[0], 10);
/// let values = file.read::<f64>(&dataset, &part)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Whether the part lies inside of the dataset is checked where it is read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hyperslab {
    /// First element in each dimension, slowest first.
    pub start: Vec<u64>,
    /// Number of elements in each dimension.
    pub count: Vec<u64>,
    /// Distance of the elements in each dimension, 1 for neighbours; never 0.
    pub stride: Vec<u64>,
}

impl Hyperslab {
    /// Every element of `dataset`.
    #[must_use]
    pub fn all(dataset: &Dataset) -> Self {
        Selection::all(dataset).into()
    }

    /// Rows (indices of the first dimension) of `dataset`, whole in the other dimensions.
    #[must_use]
    pub fn rows(dataset: &Dataset, rows: impl RangeBounds<u64>) -> Self {
        Self::all(dataset).along(0, rows)
    }

    /// The same, but these indices of a dimension, counted from the beginning of the dataset.
    #[must_use]
    pub fn along(mut self, dimension: usize, indices: impl RangeBounds<u64>) -> Self {
        let Some((start, count, stride)) = self.dimension(dimension) else {
            return self;
        };
        let end = start.saturating_add(extent(*count, *stride));
        let first = match indices.start_bound() {
            Bound::Included(&at) => at,
            Bound::Excluded(&at) => at.saturating_add(1),
            Bound::Unbounded => *start,
        };
        let behind = match indices.end_bound() {
            Bound::Included(&at) => at.saturating_add(1),
            Bound::Excluded(&at) => at,
            Bound::Unbounded => end,
        };
        (*start, *count) = (first, behind.saturating_sub(first).div_ceil((*stride).max(1)));
        self
    }

    /// The same, but only every `stride`th of the indices of a dimension, beginning with the first.
    #[must_use]
    pub fn every(mut self, dimension: usize, stride: u64) -> Self {
        if let Some((_, count, apart)) = self.dimension(dimension) {
            *count = extent(*count, *apart).div_ceil(stride.max(1));
            *apart = stride;
        }
        self
    }

    /// Number of elements; `None` when it does not fit in 64 bits.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        self.count.iter().try_fold(1u64, |n, &count| n.checked_mul(count))
    }

    /// Start, count and stride of a dimension. One that does not exist makes the part one of more dimensions than the
    /// dataset has, which reading refuses.
    fn dimension(&mut self, at: usize) -> Option<(&mut u64, &mut u64, &mut u64)> {
        if at >= self.start.len() {
            for all in [&mut self.start, &mut self.count, &mut self.stride] {
                all.push(1);
            }
            return None;
        }
        Some((self.start.get_mut(at)?, self.count.get_mut(at)?, self.stride.get_mut(at)?))
    }

    /// The smallest box that holds the part.
    pub(crate) fn hull(&self) -> Selection {
        let count = self.count.iter().zip(&self.stride).map(|(&count, &stride)| extent(count, stride)).collect();
        Selection { start: self.start.clone(), count }
    }

    /// Checks that the part lies inside of `shape`.
    pub(crate) fn check(&self, shape: &[u64]) -> Result<(), Error> {
        let refused = |why: String| Err(Error::Usage(why));
        if [self.start.len(), self.count.len(), self.stride.len()] != [shape.len(); 3] {
            return refused(format!("a part of {} dimensions of a dataset of {}", self.start.len(), shape.len()));
        }
        if self.stride.contains(&0) {
            return refused("a part with the stride 0: the least is 1".into());
        }
        let inside = |((&start, &count), (&stride, &dim)): ((&u64, &u64), (&u64, &u64))| {
            count.checked_sub(1).map_or(start <= dim, |last| {
                last.checked_mul(stride).and_then(|far| far.checked_add(start)).is_some_and(|last| last < dim)
            })
        };
        let all = self.start.iter().zip(&self.count).zip(self.stride.iter().zip(shape));
        if all.clone().all(inside) {
            return Ok(());
        }
        let (count, whole) = (dims(&self.count), dims(shape));
        refused(format!(
            "{count} elements from {:?} on, {:?} apart, do not lie inside of {whole}",
            self.start, self.stride
        ))
    }

    /// What this part shares with the chunk of the shape `chunk` at `origin`; `None` when it is nothing.
    pub(crate) fn overlap(&self, origin: &[u64], chunk: &[u64]) -> Option<Overlap> {
        let mut overlap = Overlap::default();
        let part = self.start.iter().zip(&self.count).zip(&self.stride);
        for (((&start, &count), &stride), (&at, &len)) in part.zip(origin.iter().zip(chunk)) {
            let before = |index: u64| index.saturating_sub(start).div_ceil(stride.max(1)).min(count);
            let (first, end) = (before(at), before(at.saturating_add(len)));
            if first >= end {
                return None;
            }
            overlap.count.push(end - first);
            overlap.from.push(start + first * stride - at);
            overlap.to.push(first);
        }
        Some(overlap)
    }
}

impl From<Selection> for Hyperslab {
    fn from(selection: Selection) -> Self {
        let stride = vec![1; selection.start.len()];
        Self { start: selection.start, count: selection.count, stride }
    }
}

/// The elements that a part and a chunk share.
#[derive(PartialEq, Eq, Default, Debug)]
pub(crate) struct Overlap {
    /// How many in each dimension.
    pub(crate) count: Vec<u64>,
    /// The first one's place in the chunk.
    pub(crate) from: Vec<u64>,
    /// The first one's place among the elements of the part.
    pub(crate) to: Vec<u64>,
}

/// Where in an array of the shape `chunk` the bytes of an overlap begin and end.
pub(crate) fn slab_bytes(chunk: &[u64], overlap: &Overlap, stride: &[u64], element: u64) -> Option<(u64, u64)> {
    let (mut first, mut last) = (0u64, 0u64);
    let dims = overlap.count.iter().zip(&overlap.from).zip(stride.iter().zip(chunk));
    for ((&count, &from), (&stride, &dim)) in dims {
        let far = count.checked_sub(1)?.checked_mul(stride)?;
        first = first.checked_mul(dim)?.checked_add(from)?;
        last = last.checked_mul(dim)?.checked_add(from.checked_add(far)?)?;
    }
    Some((first.checked_mul(element)?, last.checked_add(1)?.checked_mul(element)?))
}

/// From the first to one past the last of `count` indices, `stride` apart.
fn extent(count: u64, stride: u64) -> u64 {
    count.checked_sub(1).map_or(0, |last| last.saturating_mul(stride).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slab(start: &[u64], count: &[u64], stride: &[u64]) -> Hyperslab {
        Hyperslab { start: start.into(), count: count.into(), stride: stride.into() }
    }

    #[test]
    fn ranges_and_strides_are_those_of_slices() {
        let all = slab(&[0, 0], &[20, 7], &[1, 1]);
        assert_eq!(all.clone().along(0, 3..=12).every(0, 4), slab(&[3, 0], &[3, 7], &[4, 1]));
        assert_eq!(all.clone().every(0, 4).along(0, 3..13), slab(&[3, 0], &[3, 7], &[4, 1]));
        assert_eq!(all.clone().along(1, 5..).along(0, ..2), slab(&[0, 5], &[2, 2], &[1, 1]));
        assert_eq!(all.clone().every(1, 100), slab(&[0, 0], &[20, 1], &[1, 100]));
        assert!(all.clone().along(0, 5..5).elements() == Some(0));
        assert_eq!(all.every(0, 6).hull(), Selection { start: vec![0, 0], count: vec![19, 7] });
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        let shape = [20, 7];
        let all = slab(&[0, 0], &[20, 7], &[1, 1]);
        let why = |part: Hyperslab| part.check(&shape).unwrap_err().to_string();
        assert_eq!(all.check(&shape), Ok(()));
        assert_eq!(slab(&[20, 0], &[0, 7], &[1, 1]).check(&shape), Ok(()));
        assert!(why(all.clone().along(2, 0..1)).contains("3 dimensions of a dataset of 2"));
        assert!(why(all.clone().every(0, 0)).contains("the least is 1"));
        assert!(why(all.along(1, 0..8)).contains("do not lie inside of 20 x 7"));
        assert!(why(slab(&[1, 0], &[u64::MAX, 7], &[u64::MAX, 1])).contains("do not lie inside"));
    }

    proptest! {
        #[test]
        fn overlaps_are_the_indices_that_both_have(
            start in 0u64..40, count in 0u64..12, stride in 1u64..9, origin in 0u64..60, len in 1u64..20
        ) {
            let part = slab(&[start], &[count], &[stride]);
            let both: Vec<(u64, u64)> = (0..count)
                .map(|k| (k, start + k * stride))
                .filter(|(_, at)| (origin..origin + len).contains(at))
                .map(|(k, at)| (k, at - origin))
                .collect();
            let found = part.overlap(&[origin], &[len]);
            prop_assert_eq!(found.is_some(), !both.is_empty());
            if let Some(Overlap { count, from, to }) = found {
                let said: Vec<_> = (0..count[0]).map(|k| (to[0] + k, from[0] + k * stride)).collect();
                prop_assert_eq!(said, both);
            }
        }
    }
}
