use crate::Error;
use crate::quantile::select;
use crate::real::Real;
use std::ops::Range;

/// Memory for counters, bytes, however little there may be for rows.
const COUNTERS: u64 = 1 << 20;

/// Most digits of a counter's number, in bits: counters that stay in the processor's cache.
const DIGITS: u32 = 14;

/// Numbers within bounds: some order statistics are among them.
#[derive(Debug, Clone)]
struct Group {
    /// Keys of the least and the greatest that there may be.
    least: u64,
    greatest: u64,
    /// How many numbers are less than all of these, and how many these are.
    before: u64,
    rows: u64,
    /// The order statistics, as indices of `ranks`.
    wanted: Range<usize>,
    /// Width of a counter in bits of the key.
    shift: u32,
    /// Where its counters, or its numbers, start, and where the next number goes.
    first: usize,
    next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Count,
    Keep,
    Done,
}

/// Exact order statistics of numbers that are handed over again in every pass, in any order, and not held: counters between
/// bounds that get closer, until the numbers between them fit in memory or are all the same.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Ascending, each once.
    ranks: Vec<u64>,
    found: Vec<f64>,
    /// By ascending bounds, which do not overlap.
    groups: Vec<Group>,
    pass: Pass,
    counters: Vec<u64>,
    kept: Vec<u64>,
    memory: u64,
}

impl Selection {
    /// Looks for ascending ranks among that many rows, whose numbers lie within the bounds. `memory` is for numbers, bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the allocator refuses.
    pub(crate) fn new(ranks: Vec<u64>, rows: u64, bounds: [f64; 2], memory: u64) -> Result<Self, Error> {
        // The bits of one NaN say nothing of those of others.
        let [least, greatest] = [(bounds[0], 0), (bounds[1], u64::MAX)]
            .map(|(bound, outermost)| if bound.is_nan() { outermost } else { key(bound) });
        let wanted = 0..ranks.len();
        let whole = Group { least, greatest, before: 0, rows, wanted, shift: 0, first: 0, next: 0 };
        let found = vec![f64::NAN; ranks.len()];
        let (counters, kept) = (Vec::new(), Vec::new());
        let mut new = Self { ranks, found, groups: vec![whole], pass: Pass::Done, counters, kept, memory };
        new.plan()?;
        Ok(new)
    }

    /// Whether no more passes are needed.
    pub(crate) fn is_done(&self) -> bool {
        self.pass == Pass::Done
    }

    /// The ranks and their order statistics.
    pub(crate) fn into_found(self) -> (Vec<u64>, Vec<f64>) {
        (self.ranks, self.found)
    }

    /// Takes some of the numbers of a pass.
    pub(crate) fn take(&mut self, numbers: impl Iterator<Item = f64>) {
        for number in numbers {
            let key = key(number);
            let after = self.groups.partition_point(|group| group.least <= key);
            let group = after.checked_sub(1).and_then(|at| self.groups.get_mut(at));
            let Some(group) = group.filter(|group| key <= group.greatest) else { continue };
            if self.pass == Pass::Count {
                #[expect(clippy::cast_possible_truncation, reason = "below 2^DIGITS")]
                let counter = group.first + ((key - group.least) >> group.shift) as usize;
                if let Some(counter) = self.counters.get_mut(counter) {
                    *counter += 1;
                }
            } else {
                if let Some(place) = self.kept.get_mut(group.next) {
                    *place = key;
                }
                group.next = group.next.saturating_add(1);
            }
        }
    }

    /// Ends a pass.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when its numbers were not those of the pass before, [`Error::OutOfMemory`] when the allocator
    /// refuses.
    pub(crate) fn end_pass(&mut self) -> Result<(), Error> {
        let groups = std::mem::take(&mut self.groups);
        for group in &groups {
            match self.pass {
                Pass::Count => self.narrow(group)?,
                Pass::Keep => self.pick(group)?,
                Pass::Done => {}
            }
        }
        self.plan()
    }

    /// Closer bounds around what is wanted of a group that was counted.
    fn narrow(&mut self, group: &Group) -> Result<(), Error> {
        let last = slot(group.greatest - group.least, group.shift);
        let counters = self.counters.get(group.first..=group.first.saturating_add(last)).unwrap_or_default();
        if counters.iter().sum::<u64>() != group.rows {
            return Err(Error::changed());
        }
        let mut before = group.before;
        let mut rank = group.wanted.start;
        for (number, &rows) in (0_u64..).zip(counters) {
            let from = rank;
            while rank < group.wanted.end && self.ranks.get(rank).is_some_and(|&rank| rank < before + rows) {
                rank += 1;
            }
            if from < rank {
                let least = group.least + (number << group.shift);
                let greatest = group.greatest.min(least.saturating_add((1 << group.shift) - 1));
                self.groups.push(Group { least, greatest, before, rows, wanted: from..rank, ..*group });
            }
            before += rows;
        }
        Ok(())
    }

    /// What is wanted of a group that was kept.
    fn pick(&mut self, group: &Group) -> Result<(), Error> {
        let rows = usize::try_from(group.rows).unwrap_or(usize::MAX);
        let keys = self.kept.get_mut(group.first..group.first.saturating_add(rows));
        let found = self.found.get_mut(group.wanted.clone());
        match (keys, self.ranks.get(group.wanted.clone()), found) {
            (Some(keys), Some(ranks), Some(found)) if group.next == group.first.saturating_add(rows) => {
                select(keys, group.before, ranks, found, number);
                Ok(())
            }
            _ => Err(Error::changed()),
        }
    }

    /// Takes out the groups whose numbers are all the same, and makes room for the others' pass.
    fn plan(&mut self) -> Result<(), Error> {
        let found = &mut self.found;
        self.groups.retain(|group| {
            let same = group.least == group.greatest;
            if same && let Some(found) = found.get_mut(group.wanted.clone()) {
                found.fill(number(group.least));
            }
            !same && !group.wanted.is_empty()
        });
        if self.groups.is_empty() {
            self.pass = Pass::Done;
            (self.counters, self.kept) = (Vec::new(), Vec::new());
            return Ok(());
        }
        let rows = self.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.rows));
        if rows.saturating_mul(8) <= self.memory { self.plan_keeping(rows) } else { self.plan_counting(rows) }
    }

    fn plan_keeping(&mut self, rows: u64) -> Result<(), Error> {
        self.pass = Pass::Keep;
        self.counters = Vec::new();
        let refused = Error::OutOfMemory { rows };
        let Ok(len) = usize::try_from(rows) else { return Err(refused) };
        self.kept.try_reserve_exact(len).map_err(|_| refused)?;
        self.kept.resize(len, 0);
        let mut first = 0_usize;
        for group in &mut self.groups {
            (group.first, group.next) = (first, first);
            first = first.saturating_add(usize::try_from(group.rows).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    fn plan_counting(&mut self, rows: u64) -> Result<(), Error> {
        self.pass = Pass::Count;
        let each = self.memory.max(COUNTERS) / (8 * self.groups.len() as u64);
        let digits = each.checked_ilog2().unwrap_or(1).clamp(1, DIGITS);
        let mut first = 0_usize;
        for group in &mut self.groups {
            let width = group.greatest - group.least;
            group.shift = (u64::BITS - width.leading_zeros()).saturating_sub(digits);
            group.first = first;
            first = first.saturating_add(slot(width, group.shift)).saturating_add(1);
        }
        self.counters.clear();
        self.counters.try_reserve_exact(first).map_err(|_| Error::OutOfMemory { rows })?;
        self.counters.resize(first, 0);
        Ok(())
    }
}

/// The counter of a number that far above the least.
#[expect(clippy::cast_possible_truncation, reason = "below 2^DIGITS")]
const fn slot(above: u64, shift: u32) -> usize {
    (above >> shift) as usize
}

/// Ascends with the number, from 0.
fn key(number: f64) -> u64 {
    number.key().cast_unsigned() ^ (1 << 63)
}

fn number(key: u64) -> f64 {
    f64::of((key ^ (1 << 63)).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order statistics, and the number of passes.
    fn selected(numbers: &[f64], ranks: &[u64], memory: u64) -> (Vec<f64>, u32) {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let bounds = [sorted[0], sorted[sorted.len() - 1]];
        let mut selection = Selection::new(ranks.to_vec(), numbers.len() as u64, bounds, memory).unwrap();
        let mut passes = 0;
        while !selection.is_done() {
            numbers.chunks(7).for_each(|part| selection.take(part.iter().copied()));
            selection.end_pass().unwrap();
            passes += 1;
        }
        let (_, found) = selection.into_found();
        let expected = ranks.iter().map(|&rank| sorted[usize::try_from(rank).unwrap()]);
        let bits = |v: f64| if v.is_nan() { 1 } else { v.to_bits() };
        assert!(found.iter().copied().map(bits).eq(expected.map(bits)), "{found:?}");
        (found, passes)
    }

    #[test]
    fn any_memory_finds_the_same() {
        let mut numbers: Vec<f64> = (0..999).map(|i| f64::from(i * 7919 % 1000) * 0.1 - 20.0).collect();
        let ranks = [0, 1, 249, 250, 500, 750, 997, 998];
        let passes = [u64::MAX, 8 * 999, 2000, 0].map(|memory| selected(&numbers, &ranks, memory).1);
        assert_eq!(passes[..2], [1, 1]);
        assert!(passes[2] <= passes[3] && passes[3] <= 5, "{passes:?}");
        numbers.extend([f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, 5e-324]);
        selected(&numbers, &ranks, 0);
        selected(&numbers, &[0, 1, 2, 1003, 1004, 1005], 0);
        assert_eq!(selected(&[3.0; 50], &[0, 49], 0).1, 0, "all the same: nothing to look for");
    }

    #[test]
    fn numbers_of_another_pass_are_told() {
        for memory in [0, 1000] {
            let mut selection = Selection::new(vec![2], 5, [1.0, 9.0], memory).unwrap();
            selection.take([1.0, 9.0, 2.0, 3.0].into_iter());
            assert_eq!(selection.end_pass(), Err(Error::changed()));
        }
    }
}
