//! Hyperslabs.
use super::grid::dims;
use crate::{Dataset, Error};

/// A hyperslab with stride 1: a box of elements.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Selection {
    /// First element in each dimension.
    pub start: Vec<u64>,
    /// Number of elements in each dimension.
    pub count: Vec<u64>,
}

impl Selection {
    /// Every element of `dataset`.
    #[must_use]
    pub fn all(dataset: &Dataset) -> Self {
        Self { start: vec![0; dataset.shape.len()], count: dataset.shape.clone() }
    }

    /// `count` rows (indices of the first dimension) of `dataset` from `start`, whole in the other dimensions.
    #[must_use]
    pub fn rows(dataset: &Dataset, start: u64, count: u64) -> Self {
        let mut all = Self::all(dataset);
        if let (Some(first), Some(rows)) = (all.start.first_mut(), all.count.first_mut()) {
            (*first, *rows) = (start, count);
        }
        all
    }

    /// Number of elements; `None` when it does not fit in 64 bits.
    #[must_use]
    pub fn elements(&self) -> Option<u64> {
        self.count.iter().try_fold(1u64, |n, &c| n.checked_mul(c))
    }

    /// Whether nothing is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count.contains(&0)
    }

    /// Checks that the selection lies inside of `shape`.
    pub(crate) fn check(&self, shape: &[u64]) -> Result<(), Error> {
        let fits = self.start.len() == shape.len()
            && self.count.len() == shape.len()
            && self
                .dims()
                .zip(shape)
                .all(|((start, count), &dim)| start.checked_add(count).is_some_and(|end| end <= dim));
        if fits {
            return Ok(());
        }
        let (count, whole) = (dims(&self.count), dims(shape));
        Err(Error::Usage(format!("{count} elements from {:?} on do not lie inside of {whole}", self.start)))
    }

    /// `(start, count)` of each dimension.
    pub(crate) fn dims(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.start.iter().copied().zip(self.count.iter().copied())
    }
}
