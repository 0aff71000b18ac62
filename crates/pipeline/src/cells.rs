//! The parent cells that one reading is for, all of one order: whichever holds a row has it.
use crate::{Job, KeptArea};
use morton::{INVALID, nested_of};

/// Jobs that differ in their cells alone.
#[derive(Clone, Debug)]
pub(crate) struct Cells<'a> {
    job: &'a Job,
    /// Nested number and slot of each cell, ascending.
    sorted: Vec<(u64, u32)>,
    /// The region of each slot, which may be cut to its cell.
    areas: Vec<Option<&'a KeptArea>>,
    /// Bits of a child's nested number below its parent's.
    levels: u32,
}

/// Where a place lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lies {
    /// In the cell of this slot, in this child of it, which has this nested number.
    Inside(u32, u32, u64),
    /// In none of the cells.
    Outside,
    /// It is no place on Earth.
    Nowhere,
}

impl<'a> Cells<'a> {
    /// The cells of some jobs, at least one; each has the slot of its number in the list.
    pub(crate) fn new(first: &'a Job, others: impl IntoIterator<Item = &'a Job>) -> Self {
        let jobs: Vec<&Job> = std::iter::once(first).chain(others).collect();
        let mut sorted: Vec<(u64, u32)> = jobs.iter().map(|job| job.parent().nested()).zip(0..).collect();
        sorted.sort_unstable();
        let areas = jobs.iter().map(|job| job.spec().area.as_ref()).collect();
        let levels = u32::from(first.child_order().get() - first.parent().order().get());
        Self { job: first, sorted, areas, levels: 2 * levels }
    }

    /// One of the jobs: all that is not of its cell is of every job.
    pub(crate) const fn job(&self) -> &'a Job {
        self.job
    }

    /// The region of interest, as the job of a slot has it.
    pub(crate) fn area(&self, slot: u32) -> Option<&'a KeptArea> {
        self.areas.get(slot as usize).copied().flatten()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether a cell of any order lies in one of these, or one of these in it.
    pub(crate) fn touch(&self, nested: u64, order: u8) -> bool {
        let own = self.job.parent().order().get();
        let (coarser, finer) = (2 * order.saturating_sub(own), 2 * own.saturating_sub(order));
        let (first, last) = ((nested >> coarser) << finer, ((nested >> coarser) << finer) + ((1 << finer) - 1));
        let next = self.sorted.partition_point(|(cell, _)| *cell < first);
        self.sorted.get(next).is_some_and(|(cell, _)| *cell <= last)
    }

    /// Tells of each place, degrees, where it lies.
    pub(crate) fn find(
        &self,
        longitude: &[f64],
        latitude: &[f64],
        mut tell: impl FnMut(usize, Lies),
    ) -> Result<(), morton::Error> {
        let job = self.job;
        let mut children = vec![0; latitude.len()];
        nested_of(job.child_order(), job.latitude(), longitude, latitude, &mut children)?;
        // Rows of one cell mostly follow each other.
        let mut last = self.sorted.first().copied().unwrap_or_default();
        for (row, &nested) in children.iter().enumerate() {
            if nested == INVALID {
                tell(row, Lies::Nowhere);
                continue;
            }
            let parent = nested >> self.levels;
            if parent != last.0 {
                let Ok(at) = self.sorted.binary_search_by_key(&parent, |(cell, _)| *cell) else {
                    tell(row, Lies::Outside);
                    continue;
                };
                last = self.sorted.get(at).copied().unwrap_or_default();
            }
            #[expect(clippy::cast_possible_truncation, reason = "children are 4^10 at the most")]
            let child = (nested - (parent << self.levels)) as u32;
            tell(row, Lies::Inside(last.1, child, nested));
        }
        Ok(())
    }
}
